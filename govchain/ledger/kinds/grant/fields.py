"""What records of requests and grants carry, and what the chain remembers of a grant.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData


class SubjectScope(Part, frozen=True):
    """About whom may be asked (rule D2)."""

    kind: str
    """`any`; `case`: parties of an open one; `licence`: holders of a type; `listed`: those on a list."""
    ref: str = ""
    """Case number, licence type code, or root over the list (hex, RFC 9162 over the pseudonyms)."""
    size: int = 0
    """Length of the list."""


class GrantRequest(Part, frozen=True):
    """`grant.request`: a department asks for data of another one (→ SUBMITTED; what is shared
    unconditionally → ACTIVE at once, rule D6). Object id: number of the request."""

    item: str
    """Code of the catalog item."""
    purpose: str
    """Code of the purpose; queries name the same one."""
    fields: list[str]
    modes: list[str]
    """`yes-no`, `threshold`, `value`; the least that will do (rule D9)."""
    subject_scope: SubjectScope
    valid_from: str
    valid_to: str
    """Last day of the grant."""
    rate_per_day: int
    """Most queries a day (China time)."""
    max_uses: int = 0
    """Most queries altogether; 0 means no limit but the rate."""
    value_need: str = ""
    """Why less will not do; required for the value of a field that can be told by less (rule D9)."""


class GrantAccept(Part, frozen=True):
    """`grant.accept`: the providing department takes a request in hand (SUBMITTED → PENDING)."""


class GrantApprove(Part, frozen=True):
    """`grant.approve`: the provider agrees, or once it is late the data authority (→ ACTIVE)."""

    opinion: str = ""
    connect_later: bool = False
    """True when the data is not connected yet (→ APPROVED, then `grant.activate`)."""


class GrantActivate(Part, frozen=True):
    """`grant.activate`: the data is connected (APPROVED → ACTIVE)."""


class GrantReject(Part, frozen=True):
    """`grant.reject`: the providing department says no in time, and why (→ REJECTED; rules D5, D6)."""

    reason: str


class GrantEscalate(Part, frozen=True):
    """`grant.escalate`: anybody puts on record that the deadline has passed (→ ESCALATED; rule D5)."""


class GrantRevoke(Part, frozen=True):
    """`grant.revoke`: one of the two sides or the data authority ends a grant (→ REVOKED)."""

    reason: str


class GrantExpire(Part, frozen=True):
    """`grant.expire`: anybody puts on record that the grant's last day is over (→ EXPIRED)."""


class ScopeData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Subject scope in the state."""

    kind: str
    ref: str
    size: int


class GrantData(RecordData, frozen=True, tag="govchain.grant-data/1"):
    """What the rules of grants and exchanges need to remember. The requester is the record's `issuer_org`."""

    item: str
    provider: str
    purpose: str
    fields: tuple[str, ...]
    modes: tuple[str, ...]
    scope: ScopeData
    from_ms: int
    until_ms: int
    """The first moment after its last day."""
    rate_per_day: int
    max_uses: int
    decide_until_ms: int
    """Whatever the provider decides at this moment or later is too late (rule D5)."""
    accepted_by: str = ""
    """Pseudonym of who took it in hand (rule G6)."""
    decided_by: str = ""
    """Organisation that approved or rejected; empty for the unconditional class."""
    reason: str = ""
    uses: int = 0
    """Queries under it (rule D2). A query changes these four without being a version of the grant."""
    day: str = ""
    """Of the last query (China time)."""
    uses_of_day: int = 0
    last_query_ms: int = 0
    """Its claimed time: claims under one grant never run back."""
    requested_by: str = ""
    """Pseudonym of who asked for it (rule G6)."""


class ItemRequesters(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.requesters/1"
):
    """Organisations that ever got a grant for an item, in the order of their first (rule D10)."""

    organisations: tuple[str, ...]
