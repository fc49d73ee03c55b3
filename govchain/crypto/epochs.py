"""From the validators of genesis to those of any epoch: each set is proven by the one before it (rule MB-2).

Whoever trusts a genesis can follow the chain of changes offline. Where changes come from is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from govchain.codec import encode
from govchain.crypto.signing import verify_finality
from govchain.crypto.state_map import StateProof, verify_state
from govchain.crypto.suite import Suite
from govchain.errors import BadProof
from govchain.model import BlockHeader, FinalityCertificate, Genesis, ValidatorSet
from govchain.model.validators import validators_key

EPOCHS_MAX: Final = 10_000
"""Longest chain of changes that is followed."""


class ValidatorChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Proof that a block installed a validator set: the old set certified the state that holds the new."""

    header: BlockHeader
    """Of the installing block, in the epoch before that of `validators`."""
    certificate: FinalityCertificate
    """By the validators of that epoch."""
    validators: ValidatorSet
    proof: StateProof
    """Of `validators` under the header's state root."""


def verify_change(
    suite: Suite, chain_id: bytes, before: ValidatorSet, change: ValidatorChange
) -> ValidatorSet:
    """The validator set that a change installs (rules MB-2, MB-3, MB-4).

    Raises:
        BadProof: Step `validators`: it is of another chain or does not follow the epoch of `before`, or its
            proofs do not hold.
    """
    if change.header.chain_id != chain_id:
        # The same keys may run several chains: what they decided there says nothing here.
        raise BadProof("a change of another chain", step="validators")
    epoch = before.epoch + 1
    if (change.header.epoch, change.validators.epoch) != (before.epoch, epoch):
        raise BadProof(
            f"a change from epoch {change.header.epoch} to {change.validators.epoch} "
            f"where {before.epoch} to {epoch} follows",
            step="validators",
        )
    try:
        verify_finality(suite, before, change.certificate, change.header)
        verify_state(
            suite,
            root=change.header.state_root,
            key=validators_key(epoch),
            value=encode(change.validators),
            proof=change.proof,
        )
    except BadProof as error:
        raise BadProof(f"change to epoch {epoch}: {error}", step="validators") from error
    return change.validators


class ValidatorHistory:
    """The validator sets of a chain that are known here, each proven by the one before it.

    Args:
        genesis: The first set, and the only one that is trusted.
    """

    def __init__(self, suite: Suite, genesis: Genesis) -> None:
        self._suite = suite
        self._chain_id = suite.digest(encode(genesis))
        self._sets = [genesis.validators]

    @property
    def latest(self) -> ValidatorSet:
        """The set of the highest known epoch."""
        return self._sets[-1]

    def of(self, epoch: int) -> ValidatorSet:
        """The set of an epoch.

        Raises:
            BadProof: Step `validators`: nothing that was followed proves this epoch.
        """
        if not 0 <= epoch < len(self._sets):
            problem = f"epoch {epoch} is not proven; known are 0 to {len(self._sets) - 1}"
            raise BadProof(problem, step="validators")
        return self._sets[epoch]

    def follow(self, changes: Iterable[ValidatorChange]) -> None:
        """Take changes in order; those of known epochs are passed over.

        Raises:
            BadProof: Step `validators`: one of them does not follow; those before it were taken.
        """
        for change in changes:
            if change.validators.epoch <= self.latest.epoch:
                continue
            if len(self._sets) >= EPOCHS_MAX:
                raise BadProof(f"more than {EPOCHS_MAX} epochs", step="validators")
            self._sets.append(verify_change(self._suite, self._chain_id, self.latest, change))
