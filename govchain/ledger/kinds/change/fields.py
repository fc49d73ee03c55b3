"""What proposals of members carry, and what the chain remembers of one.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData
from govchain.model.validators import VERIFY


class ValidatorAdd(Part, frozen=True):
    """`validator.add`: proposes a new validator, from a checkpoint on. Object id: number of the change."""

    validator: str
    """Its network name."""
    org: str
    """Organisation that will run it."""
    public_key: str
    """Key of its votes, never used before (hex)."""
    possession: str
    """Signature of that key over chain, name and key (hex; rule I10)."""
    peer_address: str
    """Where other validators reach it: host:port."""


class ValidatorRemove(Part, frozen=True):
    """`validator.remove`: proposes that a validator leaves, from a checkpoint on."""

    validator: str
    reason: str


class ValidatorRotate(Part, frozen=True):
    """`validator.rotate`: proposes another vote key for a validator, from a checkpoint on."""

    validator: str
    public_key: str
    possession: str
    reason: str


class OrganisationAdd(Part, frozen=True):
    """`organisation.add`: proposes a new organisation with its first admin key."""

    org: str
    display_name: str
    roles: list[str]
    accredited_for: list[str]
    """Licence type codes that the root grants it (rules L4 and I7)."""
    public_key: str
    """Of its first admin (hex)."""
    possession: str
    """Signature of that key over chain, organisation and key (hex; rule I10)."""
    person: str
    """Pseudonym of that admin."""
    tier: str = VERIFY
    """observer: reads and uses; verify: also writes records; consensus: may also run validators."""
    org_type: str = ""
    """What it is, for example department, court or firm."""
    area: str = ""
    """Area code of its seat, six digits."""


class OrganisationChange(Part, frozen=True):
    """`organisation.suspend`, `.resume`, `.expel`: its keys may sign no more, again, or never again."""

    org: str
    reason: str


class OrganisationTier(Part, frozen=True):
    """`organisation.tier`: proposes another tier for a member."""

    org: str
    tier: str
    reason: str


class OrganisationUnaccredit(Part, frozen=True):
    """`organisation.unaccredit`: proposes that the root grants it a licence type no more (rule I7)."""

    org: str
    type_code: str
    reason: str


class ChangeApprove(Part, frozen=True):
    """`change.approve`: an organisation with validators approves (→ ADOPTED with the last one needed)."""

    opinion: str = ""


class ChangeWithdraw(Part, frozen=True):
    """`change.withdraw`: the proposing organisation takes its proposal back."""

    reason: str


class ChangeData(RecordData, frozen=True, tag="govchain.change-data/1"):
    """A proposed change of members and who approved it (rule I2)."""

    kind: str
    """For example `validator.add`."""
    fields: bytes
    """Its payload fields as they were signed, canonical JSON."""
    approved_by: tuple[str, ...]
    """Organisations, in order."""
