"""How a licence becomes VALID, whichever kind of record issues it (rules L2, L4, L10, I7, N5).

`licence.issue` does it for itself; licences that go with something else, as titles with their unit, are
issued by the records of that. Nothing here reads the fields of a transaction.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.access import StateAccess
from govchain.ledger.identifiers import parse_licence_id
from govchain.ledger.kinds.accreditation.chain import ChainAnswer, accreditation_at
from govchain.ledger.kinds.licence.changes import LICENCE, free_holder, holder_key
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.validity import licence_status_now
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import require_other_person, require_room, require_time_order
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import RecordState, index_key


def issued_with_key(type_code: str, org: str) -> bytes:
    """Index to what an organisation's licences of a type are, where another record issues them (rule N5)."""
    return index_key("licence-issued-with", type_code, org)


def require_issuable(attempt: Attempt, draft: RecordState, *, after: str = "VALID") -> None:
    """Rules G6, I7, L2, L4 and L10 of a draft that another kind of record issues.

    Args:
        after: State in which the version before must be, if there is one.
    """
    data = draft.data_as(LicenceData)
    require_other_person(attempt, data.entered_by)
    require_accredited(attempt, draft.object_id, data.area_code)
    require_predecessor(attempt, draft.object_id, after)
    require_holder_free(attempt, draft.object_id, data.type_code, data.holder_ref)
    require_prerequisites(attempt, data)
    require_time_order(attempt, draft)
    require_room(draft)


def issue(attempt: Attempt, draft: RecordState) -> None:
    """DRAFT → VALID, and a VALID version before → SUPERSEDED. Expects that the rules above were asked."""
    data = draft.data_as(LicenceData)
    predecessor = predecessor_of(attempt.access, draft.object_id)
    if predecessor is not None and predecessor.state == "VALID":
        before = predecessor.data_as(LicenceData)
        superseded = msgspec.structs.replace(before, superseded_by=draft.object_id)
        attempt.advance(predecessor, "SUPERSEDED", superseded)
        free_holder(attempt, predecessor)
    attempt.advance(draft, "VALID", msgspec.structs.replace(data, issued_by=attempt.key.person))
    if not attempt.access.indexed(issued_with_key(data.type_code, attempt.org.id)):
        attempt.set_index(holder_key(data.type_code, data.holder_ref), draft.object_id)


def require_accredited(attempt: Attempt, number: str, area_code: str) -> None:
    """Rule L4: the identifier's issuing organisation writes it, and is accredited for type and area."""
    licence_id = parse_licence_id(number)
    if licence_id.org != attempt.org.id:
        raise deny("L4", "E_NOT_ACCREDITED", "the identifier names another issuing organisation")
    # A claim of the past does not help whoever has lost its accreditation since.
    now_ms = max(attempt.claimed_time_ms, attempt.block_time_ms)
    for at_ms in (attempt.claimed_time_ms, now_ms):
        answer = accreditation_at(attempt.access, attempt.org.id, licence_id.type_code, area_code, at_ms)
        _require_unbroken(attempt, answer)


def _require_unbroken(attempt: Attempt, answer: ChainAnswer) -> None:
    """Rule I7: where somebody accredited the issuer, the chain up to the root holds at the time of issue."""
    if answer.unbroken:
        return
    if answer.known:
        raise deny("I7", "E_NOT_ACCREDITED", answer.broken_at)
    raise deny("L4", "E_NOT_ACCREDITED", f"{attempt.org.id} is not accredited for this type code")


def require_version_before(attempt: Attempt, number: str) -> None:
    """Rule L2: version n+1 follows a version n."""
    version = parse_licence_id(number).version
    if version > 1 and _version(attempt.access, number, version - 1) is None:
        raise deny("L2", "E_VERSION", f"version {version:03d} has no version {version - 1:03d} before it")


def require_predecessor(attempt: Attempt, number: str, state: str = "VALID") -> None:
    """Rule L2: at issue the version before is VALID; of a title that was lost, VOIDED (rule N5)."""
    require_version_before(attempt, number)
    predecessor = predecessor_of(attempt.access, number)
    if predecessor is None:
        return
    if predecessor.state != state:
        found = parse_licence_id(predecessor.object_id).version
        raise deny("L2", "E_STATE", f"version {found:03d} is {predecessor.state}; it must be {state}")
    require_time_order(attempt, predecessor)
    require_room(predecessor)


def require_holder_free(attempt: Attempt, number: str, type_code: str, holder_ref: str) -> None:
    """Rule L2: a holder has one licence of a type in force, but for the version that this one replaces.

    Of licences that go with something else, as titles do, a holder has one for each.
    """
    other = attempt.access.indexed(holder_key(type_code, holder_ref))
    if not other or attempt.access.indexed(issued_with_key(type_code, attempt.org.id)):
        return
    predecessor = predecessor_of(attempt.access, number)
    if predecessor is None or other != predecessor.object_id:
        raise deny("L2", "E_DUP_ID", f"the holder has a licence of this type in force: {other}")


def require_prerequisites(attempt: Attempt, data: LicenceData) -> None:
    """Rule L10: each licence that this one requires is VALID at the time of issue."""
    for required in data.requires:
        record = attempt.access.record(LICENCE, required)
        answer = "unknown" if record is None else licence_status_now(record, attempt.claimed_time_ms)
        if answer != "VALID":
            raise deny("L10", "E_STATE", f"prerequisite {required[:128]} is {answer}")


def predecessor_of(access: StateAccess, number: str) -> RecordState | None:
    """The last version before this one that was more than a draft thrown away."""
    for version in range(parse_licence_id(number).version - 1, 0, -1):
        record = _version(access, number, version)
        if record is None or [entry.state for entry in record.timeline] != ["DRAFT", "VOIDED"]:
            return record
    return None


def _version(access: StateAccess, number: str, version: int) -> RecordState | None:
    return access.record(LICENCE, parse_licence_id(number).with_version(version))
