"""Whether a query is allowed now, and under which rule if not (rules D2, D8, D9, D11).

The chain asks these functions when it executes `exchange.query`; a gateway asks the same ones beforehand,
over state values that it holds proofs of. They read through `StateAccess` and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from govchain.crypto import Suite
from govchain.crypto.log_tree import verify_inclusion
from govchain.errors import BadProof, NotPermitted
from govchain.ledger import state
from govchain.ledger.access import StateAccess
from govchain.ledger.kinds.case import CASE, canonical_case_number, find_case, is_named
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.consent import ConsentData
from govchain.ledger.kinds.exchange.fields import ExchangeQuery
from govchain.ledger.kinds.grant.fields import GrantData
from govchain.ledger.kinds.grant.status import grant_status_at
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.validity import licence_status_now
from govchain.ledger.rules.rule import deny
from govchain.ledger.sharing import CALLABLE, day_of
from govchain.ledger.state import RecordState


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, who asks it, when, and the state that answers."""

    query: ExchangeQuery
    requester: str
    at_ms: int
    access: StateAccess
    suite: Suite

    @property
    def item(self) -> CatalogData:
        """Expects that rule D8 was asked."""
        record = self.access.record("catalog", self.query.item)
        assert record is not None
        return record.data_as(CatalogData)

    @property
    def grant(self) -> GrantData:
        """Expects that `d2_grant_is_in_force` was asked."""
        record = self.access.record("grant", self.query.grant)
        assert record is not None
        return record.data_as(GrantData)


def keys_to_judge(query: ExchangeQuery) -> tuple[bytes, ...]:
    """State keys of the records that decide about a query; one that is absent counts as none."""
    named = (
        ("catalog", query.item),
        ("grant", query.grant),
        ("consent", query.consent),
        ("licence", query.licence),
        (CASE, canonical_case_number(query.case_no)),
    )
    return tuple(state.record_key(record_type, number) for record_type, number in named if number)


def judge_query(asked: Asked) -> NotPermitted | None:
    """The rule that a query breaks first, or None when it is allowed."""
    return _first_broken(asked, QUERY_CHECKS)


def judge_answer(asked: Asked) -> NotPermitted | None:
    """The same for a query that the chain let through before: is it still in force when it is answered?"""
    return _first_broken(asked, ANSWER_CHECKS)


def _first_broken(asked: Asked, checks: tuple[Check, ...]) -> NotPermitted | None:
    try:
        for check in checks:
            check(asked)
    except NotPermitted as denial:
        return denial
    return None


def d8_service_is_published(asked: Asked) -> None:
    """Rule D8: only a published item can be called."""
    code = asked.query.item
    record = asked.access.record("catalog", code)
    if record is None or record.state not in CALLABLE:
        raise deny("D8", "E_STATE", f"catalog item {code} is {'unknown' if record is None else record.state}")
    _require_order(asked, record)


def d2_grant_is_in_force(asked: Asked) -> None:
    """Rule D2: the asking department has a grant for this item that runs at this time."""
    query = asked.query
    record = asked.access.record("grant", query.grant) if query.grant else None
    if record is None or record.issuer_org != asked.requester or _item_of(record) != query.item:
        raise deny("D2", "E_NO_GRANT", f"{asked.requester} has no such grant for {query.item}")
    status = grant_status_at(record, asked.at_ms).answer
    if record.state == "REVOKED" or status == "REVOKED":
        raise deny("D2", "E_REVOKED", f"grant {query.grant} is revoked")
    if record.state == "EXPIRED" or status == "EXPIRED":
        raise deny("D2", "E_EXPIRED", f"grant {query.grant} is over")
    if status != "ACTIVE":
        raise deny("D2", "E_NO_GRANT", f"grant {query.grant} is {status}")
    _require_order(asked, record)


def _item_of(record: RecordState) -> str:
    return record.data_as(GrantData).item


def d2_purpose_is_granted(asked: Asked) -> None:
    """Rule D2: the query serves the purpose of the grant."""
    if asked.query.purpose != asked.grant.purpose:
        raise deny(
            "D2", "E_PURPOSE", f"the grant is for {asked.grant.purpose}, not for {asked.query.purpose}"
        )


def d2_fields_are_granted(asked: Asked) -> None:
    """Rule D2: the query asks for no field beyond the grant, nor beyond what the item offers by now."""
    for name in asked.query.fields:
        if name not in asked.grant.fields or asked.item.field(name) is None:
            raise deny("D2", "E_SCOPE_FIELD", f"field {name} is not in grant {asked.query.grant}")


def d9_mode_is_granted(asked: Asked) -> None:
    """Rule D9: nothing is told by value where yes or no was offered or granted."""
    mode = asked.query.mode
    if mode not in asked.grant.modes:
        raise deny(
            "D9", "E_SCOPE_FIELD", f"the grant is for {' or '.join(asked.grant.modes)}, not for {mode}"
        )
    for name in asked.query.fields:
        field = asked.item.field(name)
        if field is None or mode not in field.modes:
            raise deny("D9", "E_SCOPE_FIELD", f"field {name} is not offered as {mode}")


def d2_subject_is_in_scope(asked: Asked) -> None:
    """Rule D2: whom it is about belongs to the subject scope of the grant."""
    scope, query = asked.grant.scope, asked.query
    match scope.kind:
        case "case":
            inside = query.case_no == scope.ref and _is_of_the_case(asked)
        case "licence":
            inside = _holds_licence(asked, scope.ref)
        case "listed":
            inside = _is_listed(asked, bytes.fromhex(scope.ref), scope.size)
        case _:
            inside = True
    if not inside:
        raise deny("D2", "E_NO_GRANT", f"the subject is outside the grant's scope ({scope.kind})")


def d2_licence_is_still_held(asked: Asked) -> None:
    """Rule D2: whom it is about still belongs to a scope that may change; cases and lists do not."""
    scope = asked.grant.scope
    if scope.kind == "licence" and not _holds_licence(asked, scope.ref):
        raise deny("D2", "E_NO_GRANT", "the subject no longer holds a licence of the grant's scope")


def _is_of_the_case(asked: Asked) -> bool:
    """Whether the subject is a party of the named case, and that one is open."""
    case = find_case(asked.access, asked.query.case_no)
    return case is not None and case.state == "OPEN" and is_named(case, asked.query.subject_ref)


def _holds_licence(asked: Asked, type_code: str) -> bool:
    record = asked.access.record("licence", asked.query.licence) if asked.query.licence else None
    if record is None:
        return False
    data = record.data_as(LicenceData)
    is_held = data.type_code == type_code and data.holder_ref == asked.query.subject_ref
    return is_held and licence_status_now(record, asked.at_ms) == "VALID"


def _is_listed(asked: Asked, root: bytes, size: int) -> bool:
    listed = asked.query.listed
    if listed is None:
        return False
    try:
        verify_inclusion(
            asked.suite,
            leaf=asked.query.subject_ref.encode(),
            index=listed.index,
            size=size,
            proof=[bytes.fromhex(node) for node in listed.path],
            root=root,
        )
    except BadProof:
        return False
    return True


def d2_rate_is_kept(asked: Asked) -> None:
    """Rule D2: the query stays within the rate of the day and the uses of the grant."""
    grant = asked.grant
    if asked.at_ms < grant.last_query_ms:
        raise deny("G9", "E_TIME_ORDER", "the claimed time lies before the last query under this grant")
    if grant.max_uses and grant.uses >= grant.max_uses:
        raise deny("D2", "E_CAP", f"all {grant.max_uses} uses of the grant are taken")
    if grant.day == day_of(asked.at_ms) and grant.uses_of_day >= grant.rate_per_day:
        raise deny("D2", "E_CAP", f"the {grant.rate_per_day} queries of {grant.day} are taken")


def d11_person_consents(asked: Asked) -> None:
    """Rule D11: the person's consent is in force and covers audience, purpose, subject and fields."""
    query = asked.query
    if not query.consent and not asked.item.needs_consent:
        return
    record = asked.access.record("consent", query.consent) if query.consent else None
    if record is None:
        raise deny("D11", "E_CONSENT_MISSING", f"{query.item} needs the consent of the person")
    if record.state != "GIVEN":
        raise deny("D11", "E_CONSENT_MISSING", f"consent {query.consent} is revoked")
    data = record.data_as(ConsentData)
    for what, given, wanted in (
        ("audience", data.audience, asked.requester),
        ("purpose", data.purpose, query.purpose),
        ("person", data.subject_ref, query.subject_ref),
    ):
        if given != wanted:
            raise deny("D11", "E_CONSENT_MISSING", f"consent {query.consent} is for another {what}")
    for name in query.fields:
        if f"{query.item}/{name}" not in data.fields:
            raise deny("D11", "E_CONSENT_MISSING", f"the consent does not cover {query.item}/{name}")
    if asked.at_ms >= data.until_ms:
        raise deny("D11", "E_CONSENT_EXPIRED", f"consent {query.consent} is over")
    _require_order(asked, record)


def d11_consent_has_uses_left(asked: Asked) -> None:
    """Rule D11: a consent is used no more often than the person said."""
    query = asked.query
    record = asked.access.record("consent", query.consent) if query.consent else None
    if record is None:
        return
    data = record.data_as(ConsentData)
    if data.count(query.item) >= data.max_uses:
        detail = f"all {data.max_uses} uses of consent {query.consent} are taken (max_uses)"
        raise deny("D11", "E_CONSENT_EXPIRED", detail)


def _require_order(asked: Asked, record: RecordState) -> None:
    """Rule G9: nobody claims a time before the last change of what the query rests on."""
    if asked.at_ms < record.timeline[-1].claimed_time_ms:
        raise deny(
            "G9", "E_TIME_ORDER", f"the claimed time lies before the last change of {record.record_type}"
        )


Check = Callable[[Asked], None]
"""Raises NotPermitted when its rule is broken."""

ANSWER_CHECKS: Final[tuple[Check, ...]] = (
    d8_service_is_published,
    d2_grant_is_in_force,
    d2_fields_are_granted,
    d9_mode_is_granted,
    d2_licence_is_still_held,
    d11_person_consents,
)
QUERY_CHECKS: Final[tuple[Check, ...]] = (
    d8_service_is_published,
    d2_grant_is_in_force,
    d2_purpose_is_granted,
    d2_fields_are_granted,
    d9_mode_is_granted,
    d2_subject_is_in_scope,
    d11_person_consents,
    d11_consent_has_uses_left,
    d2_rate_is_kept,
)
