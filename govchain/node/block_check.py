"""Is a peer's block what its certificate says? Everything that can be told without executing it.

Nothing is stored, installed or blamed here, and the state is only read through the store, so that blocks can
be checked in other threads while the ones before them are executed: verification leaves the interpreter free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

from govchain.codec import decode
from govchain.crypto import Suite, bulk_verify, verify_finality
from govchain.crypto.block_proof import require_contents, require_parent
from govchain.crypto.bulk_verify import Signed
from govchain.errors import BadProof, MalformedBytes
from govchain.ledger import ProvenBlock
from govchain.ledger.access import decode_stored
from govchain.ledger.ports import Reader
from govchain.ledger.state import KeyState, key_key
from govchain.model import (
    Block,
    FinalityCertificate,
    Genesis,
    Space,
    Transaction,
    TransactionBody,
    ValidatorSet,
)
from govchain.model.validators import validators_key
from govchain.node.wire import BlockParts

STEP: Final = "block"
KEYS_KEPT_MAX: Final = 4096

ValidatorsOf = Callable[[int], ValidatorSet | None]
"""Validator set of an epoch, or None when it is not known here (yet)."""


@dataclass(frozen=True, slots=True)
class CheckedBlock:
    """A block that its certificate proves.

    Attributes:
        unverified: Transactions whose key the state does not know yet: a block before this one brings it.
        below: Blocks right below it without certificate, which its chain of parents proves; rising. Their
            signatures are not checked yet.
        proven: The block with what was worked out on the way, for whoever executes it.
    """

    block: Block
    certificate: FinalityCertificate
    unverified: tuple[Transaction, ...]
    below: tuple[Block, ...] = ()
    proven: ProvenBlock | None = None

    @property
    def first_height(self) -> int:
        return self.block.header.height - len(self.below)


class BlockCheck:
    """Checks blocks of one chain; safe to use from several threads.

    Args:
        state_value: Value of a state key; a signing key that it lacks is looked for again when the block is
            installed.
        validators_of: Who may certify (rule MB-3).
        first_bad: Verifies many signatures; `govchain.crypto.bulk_verify.first_bad` when none is given.
    """

    def __init__(
        self,
        suite: Suite,
        chain_id: bytes,
        *,
        state_value: Callable[[bytes], bytes | None],
        validators_of: ValidatorsOf,
        first_bad: Callable[[Sequence[Signed]], int | None] | None = None,
    ) -> None:
        self._suite = suite
        self._first_bad = first_bad or partial(bulk_verify.first_bad, suite)
        self._chain_id = chain_id
        self._state_value = state_value
        self._validators_of = validators_of
        self._public_keys: dict[bytes, bytes] = {}

    def check(self, parts: BlockParts) -> CheckedBlock:
        """Certificate, batch, transactions, results and signatures (rule CU-2).

        Raises:
            MalformedBytes: The bytes are no block or certificate.
            BadProof: The certificate does not prove it, or it is not what the certificate proves.
        """
        block, certificate = self.certified(parts)
        below = tuple(decode(each, Block) for each in parts.below)
        for each, above in pairwise((*below, block)):
            require_parent(self._suite, each.header, above.header)
        for each in below:
            require_contents(self._suite, each)
        ids = require_contents(self._suite, block)
        bodies = [_decode_body(each) for each in block.transactions]
        unverified = self._verify(block.transactions, bodies)
        return CheckedBlock(
            block, certificate, unverified, below, ProvenBlock(block, parts.block, ids, bodies)
        )

    def certified(self, parts: BlockParts) -> tuple[Block, FinalityCertificate]:
        """A block whose header its certificate proves; nothing is said of the rest.

        Raises:
            MalformedBytes: The bytes are no block or certificate.
            BadProof: It is of another chain or an unknown epoch, or the certificate does not prove it.
        """
        block, certificate = decode(parts.block, Block), decode(parts.certificate, FinalityCertificate)
        if block.header.chain_id != self._chain_id:
            raise BadProof("a block of another chain", step=STEP)
        validators = self._validators_of(certificate.epoch)
        if validators is None:
            raise BadProof(f"validators of epoch {certificate.epoch} are not known here", step=STEP)
        verify_finality(self._suite, validators, certificate, block.header)
        return block, certificate

    def require_signatures(self, transactions: tuple[Transaction, ...]) -> None:
        """Check signatures, which no id covers; needs the state just before the block, or a later one.

        Raises:
            BadProof: A signature was replaced on the way.
        """
        if self._verify(transactions, [_decode_body(each) for each in transactions]):
            raise BadProof("a transaction of a key that the state does not know", step=STEP)

    def _verify(
        self, transactions: Sequence[Transaction], bodies: Sequence[TransactionBody]
    ) -> tuple[Transaction, ...]:
        """Transactions whose key is not known; the signatures of all others are good."""
        unknown, signed = [], []
        for transaction, body in zip(transactions, bodies, strict=True):
            public_key = self._public_key(body.key_id)
            if public_key is None:
                unknown.append(transaction)
            else:
                signed.append((public_key, transaction.body, transaction.signature))
        if (bad := self._first_bad(signed)) is not None:
            raise BadProof(
                f"signature {bad} of {len(signed)}: a transaction's signature was replaced", step=STEP
            )
        return tuple(unknown)

    def _public_key(self, key_id: bytes) -> bytes | None:
        # A key's id is the hash of its public key, so what was read once is true for ever.
        known = self._public_keys.get(key_id)
        if known is None:
            data = self._state_value(key_key(key_id))
            if data is None:
                return None
            if len(self._public_keys) >= KEYS_KEPT_MAX:
                self._public_keys.clear()
            known = self._public_keys[key_id] = decode_stored(data, KeyState).public_key
        return known


def _decode_body(transaction: Transaction) -> TransactionBody:
    try:
        return decode(transaction.body, TransactionBody)
    except MalformedBytes as error:
        raise BadProof(f"a transaction's body cannot be read: {error}", step=STEP) from error


def stored_validators(genesis: Genesis, reader: Reader, epoch: int) -> ValidatorSet | None:
    """The set of an epoch as the store has it, whatever is executed meanwhile (rule MB-2)."""
    if epoch == genesis.validators.epoch:
        return genesis.validators
    data = reader.get(Space.STATE, validators_key(epoch)) if epoch > 0 else None
    return None if data is None else decode_stored(data, ValidatorSet)
