"""Validators, organisations, keys and the genesis that introduces them.

Values and the arithmetic of quorums; nothing that hashes or signs.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.model.ids import ValidatorIndex, View

OBSERVER: Final = "observer"
"""Tier of organisations that read, verify and use; they write nothing of their own."""
VERIFY: Final = "verify"
"""Tier of organisations that write the records for which they have the roles, and run no validator."""
CONSENSUS: Final = "consensus"
"""Tier of organisations that may run validators and decide on members."""
TIERS: Final = (OBSERVER, VERIFY, CONSENSUS)
"""Tiers of members, the lowest first (rule I5)."""


class Validator(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One member of a validator set."""

    name: str
    """Network name, for example `validator-0`; also in its TLS certificate."""
    org: str
    """Organisation that runs it (USCC)."""
    public_key: bytes
    """Key of its votes, under the chain's suite."""


class ValidatorSet(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.validators/1"
):
    """The members of one epoch, in order. Every count is over distinct members of this set."""

    epoch: int
    members: tuple[Validator, ...]

    @property
    def size(self) -> int:
        return len(self.members)

    @property
    def max_faulty(self) -> int:
        """Byzantine members that the set tolerates: (n-1)//3."""
        return (len(self.members) - 1) // 3

    @property
    def quorum_size(self) -> int:
        """Votes of which two sets always share an honest member: ceil((n + max_faulty + 1) / 2)."""
        return (len(self.members) + self.max_faulty + 2) // 2

    @property
    def weak_quorum_size(self) -> int:
        """Votes among which one is honest: max_faulty + 1."""
        return self.max_faulty + 1

    def primary(self, view: View) -> ValidatorIndex:
        """Member that proposes in a view (rule NC-1)."""
        assert view >= 0
        return ValidatorIndex(view % len(self.members))


class Organisation(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An organisation that the chain knows from genesis on."""

    id: str
    """USCC (GB 32100-2015)."""
    name: str
    roles: tuple[str, ...] = ()
    """Roles of the organisation, for example `licence-issuer`, `court`, `buyer`."""
    accredited_for: tuple[str, ...] = ()
    """Licence type codes that the root grants it (rules L4 and I7)."""
    tier: str = ""
    """One of `TIERS`; empty: consensus for whoever runs a validator of genesis, verify for the others."""
    org_type: str = ""
    """Code of what it is, for example `department`, `court`, `firm`."""
    area: str = ""
    """Area code of its seat (GB/T 2260), six digits; empty when it has none."""


class KeyRecord(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A signing key of one person or service inside one organisation."""

    public_key: bytes
    org: str
    person: str
    """Pseudonym inside the organisation; two keys of one person share it (rule G6)."""
    roles: tuple[str, ...] = ()
    """Roles of the person, for example `maker`, `checker`, `admin`."""


class ProtocolParameters(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Limits that every validator of a chain must share."""

    batch_records_max: int = 512
    batch_bytes_max: int = 2_000_000
    batch_age_ms: int = 20
    pipeline: int = 4
    """Proposals in flight at once (rule NC-7)."""
    checkpoint_interval: int = 128
    """Blocks between stable checkpoints, K of rule CP-2; the window is 2K."""
    view_timeout_ms: int = 2_000
    retransmit_ms: int = 500
    """Interval at which votes of undecided sequence numbers are sent again (rule VC-6)."""
    clock_drift_ms: int = 10_000
    """How far in the future a first proposal's time may lie (rule NC-2)."""
    transaction_bytes_max: int = 65_536
    expiry_window_blocks: int = 10_000
    """How far above the head an expiry height may lie (rule RQ-1)."""
    pool_records_max: int = 50_000
    pool_records_per_org_max: int = 25_000
    approvals_min: int = 0
    """Organisations with validators that must approve a change of members; 0: more than half (rule MB-1)."""


class Genesis(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.genesis/3"
):
    """The first and only thing that must be trusted: its digest is the chain id."""

    name: str
    """For people, for example `rehearsal`; has no meaning to the chain."""
    suite: str
    """Name of the cryptographic suite in `govchain.crypto`'s registry."""
    time_ms: int
    """Unix time of height 0, milliseconds; block times only grow from here."""
    parameters: ProtocolParameters
    validators: ValidatorSet
    organisations: tuple[Organisation, ...]
    keys: tuple[KeyRecord, ...]


def validators_key(epoch: int) -> bytes:
    """State key under which the validator set of an epoch after genesis is proven (rule MB-2)."""
    assert epoch >= 1
    return b"validators/%d" % epoch
