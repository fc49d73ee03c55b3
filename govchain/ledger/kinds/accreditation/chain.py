"""The question behind every licence: was its issuer accredited, unbroken up to the root (rules I7 and L4)?

A pure function over the state, for any moment, so that a rule, a gateway and an explorer say the same. The
root is the chain's own policy: genesis, or an admission that members approved, grants types to organisations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.ledger.access import StateAccess
from govchain.ledger.identifiers import covers_area, parse_date_ms
from govchain.ledger.kinds.accreditation.fields import (
    ACCREDITATION,
    AccreditationData,
    AccreditationList,
    list_key,
)
from govchain.ledger.kinds.member import MEMBER
from govchain.ledger.state import RecordState, RootGrantEnd, root_grant_end_key

DEPTH_MAX: Final = 8
"""Longest chain of accreditations below the root."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class ChainAnswer:
    """Whether an issuer was accredited at a moment, and by which path."""

    unbroken: bool
    known: bool
    """Whether anybody ever accredited it for the type."""
    path: tuple[str, ...] = ()
    """Organisations from the one with the root's grant down to the issuer."""
    broken_at: str = ""
    """What breaks the last chain that was tried."""


def accreditation_at(access: StateAccess, issuer: str, type_code: str, area: str, at_ms: int) -> ChainAnswer:
    """Whether an organisation was accredited for a type and an area at a moment (rules I7 and L4).

    Args:
        area: Six digits; where it is something else, only an accreditation for the whole country covers it.
        at_ms: A claimed time: periods, revocations and memberships are judged as of then.
    """
    problem = find_root_problem(access, issuer, type_code, at_ms)
    if not problem:
        return ChainAnswer(True, True, (issuer,))
    found = access.value(list_key(type_code, issuer), AccreditationList)
    numbers = () if found is None else found.numbers
    for number in numbers:
        path, problem = follow(access, number, area, at_ms)
        if not problem:
            return ChainAnswer(True, True, path)
    return ChainAnswer(False, bool(numbers), (), problem)


def follow(access: StateAccess, number: str, area: str, at_ms: int) -> tuple[tuple[str, ...], str]:
    """Organisations from the root's grant down to the issuer, and what breaks the chain; empty: nothing."""
    path: tuple[str, ...] = ()
    while True:
        record = access.record(ACCREDITATION, number)
        if record is None or len(path) >= DEPTH_MAX:
            return path, f"there is no accreditation {number[:64]} within {DEPTH_MAX} steps of the issuer"
        data = record.data_as(AccreditationData)
        problem = _find_problem(access, record, data, area, at_ms)
        path = (data.issuer, *path)
        granter = record.issuer_org
        if problem:
            return path, problem
        if not data.under:
            return (granter, *path), find_root_problem(access, granter, data.type_code, at_ms)
        number, area = data.under, data.area


def find_root_problem(access: StateAccess, org: str, type_code: str, at_ms: int) -> str:
    """Why the root's grant does not hold for an organisation at a moment; empty when it does."""
    found = access.organisation(org)
    if found is None or not was_member(access, org, at_ms):
        return f"{org} was no active member"
    if type_code in found.accredited_for:
        return ""
    end = access.value(root_grant_end_key(type_code, org), RootGrantEnd)
    if end is None:
        return f"the root grants {org} no such type"
    return "" if at_ms < end.claimed_time_ms else f"the root's grant to {org} had ended"


def was_member(access: StateAccess, org: str, at_ms: int) -> bool:
    """Whether an organisation was an active member then; one of genesis is, unless something happened."""
    if access.organisation(org) is None:
        return False
    member = access.record(MEMBER, org)
    if member is None:
        return True
    past = [entry.state for entry in member.timeline if entry.claimed_time_ms <= at_ms]
    return past[-1] == "ACTIVE" if past else member.timeline[0].state != "APPLIED"


def _find_problem(
    access: StateAccess, record: RecordState, data: AccreditationData, area: str, at_ms: int
) -> str:
    number = record.object_id[:64]
    past = [entry.state for entry in record.timeline if entry.claimed_time_ms <= at_ms]
    if not past or past[-1] != "ACTIVE":
        return f"accreditation {number} was {past[-1] if past else 'unknown'}"
    if not parse_date_ms(data.from_date) <= at_ms < end_ms(data.to_date):
        return f"accreditation {number} is for {data.from_date} to {data.to_date or 'no end'}"
    if not covers_area(data.area, area):
        return f"accreditation {number} is for area {data.area}"
    if not was_member(access, data.issuer, at_ms):
        return f"{data.issuer} was no active member"
    return ""


def end_ms(to_date: str) -> int:
    """First moment after the last day of a period."""
    return parse_date_ms(to_date) + DAY_MS if to_date else 2**63
