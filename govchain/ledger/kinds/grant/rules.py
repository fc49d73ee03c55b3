"""Rules of requests and grants 共享申请与授权 (rules D2, D5, D6, D8, D9).

What a grant lets through is judged in `exchange`; what a record changes is in `lifecycle`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.field_checks import (
    require_code,
    require_codes,
    require_date,
    require_hex,
    require_number,
    require_one_of,
    require_reference,
    require_text,
)
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.grant.fields import (
    GrantRequest,
    ItemRequesters,
    SubjectScope,
)
from govchain.ledger.kinds.grant.status import grant_status_at
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import require_time_order
from govchain.ledger.rules.rule import deny
from govchain.ledger.sharing import (
    AUTHORITY,
    CALLABLE,
    DECISION,
    MODES,
    NOT_SHARED,
    PROVIDER,
    REQUESTER,
    UNCONDITIONAL,
    USES_MAX,
    VALUE,
)
from govchain.ledger.state import index_key

DAY_MS: Final = 86_400_000
REQUESTERS_MAX: Final = 500
"""Organisations that may ever have a grant for one item; a correction looks at each of them (rule D10)."""
SCOPES: Final = ("any", "case", "licence", "listed")


def requesters_key(item: str) -> bytes:
    """Where the organisations stand that ever got a grant for an item."""
    return index_key("grant-requesters", item)


def g1_request_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: item, purpose, fields, modes, scope, days and numbers are such."""
    fields: GrantRequest = attempt.fields
    require_reference("object_id", attempt.envelope.object_id)
    require_code("item", fields.item)
    require_code("purpose", fields.purpose)
    require_codes("fields", fields.fields)
    require_codes("modes", fields.modes)
    for mode in fields.modes:
        require_one_of("modes", mode, MODES)
    _require_scope(fields.subject_scope)
    if require_date("valid_to", fields.valid_to) < require_date("valid_from", fields.valid_from):
        raise deny("G1", "E_PAYLOAD", "fields.valid_to: is before fields.valid_from")
    require_number("rate_per_day", fields.rate_per_day, 1, USES_MAX)
    require_number("max_uses", fields.max_uses, 0, USES_MAX)
    if fields.value_need:
        require_text("value_need", fields.value_need)


def _require_scope(scope: SubjectScope) -> None:
    """Rule G1: the scope says what its kind needs."""
    require_one_of("subject_scope", scope.kind, SCOPES)
    if scope.kind == "listed":
        require_hex("subject_scope", scope.ref)
        require_number("subject_scope", scope.size, 1, USES_MAX)
    elif scope.kind == "any":
        if scope.ref or scope.size:
            raise deny("G1", "E_PAYLOAD", "fields.subject_scope: any has neither ref nor size")
    else:
        require_text("subject_scope", scope.ref)
        require_number("subject_scope", scope.size, 0, 0)


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: a refusal and an end have a reason."""
    require_text("reason", attempt.fields.reason)


def d8_item_is_published(attempt: Attempt) -> None:
    """Rule D8: only a published item can be asked for."""
    record = attempt.access.record("catalog", attempt.fields.item)
    if record is None or record.state not in CALLABLE:
        state = "unknown" if record is None else record.state
        raise deny("D8", "E_STATE", f"catalog item {attempt.fields.item} is {state}")
    # The time to decide would begin before anybody could ask.
    require_time_order(attempt, record)


def d6_class_can_be_shared(attempt: Attempt) -> None:
    """Rule D6: nobody asks for what is not shared."""
    if _item(attempt, attempt.fields.item).sharing == NOT_SHARED:
        raise deny("D6", "E_NO_GRANT", f"catalog item {attempt.fields.item} is not shared")


def d2_item_offers_the_fields(attempt: Attempt) -> None:
    """Rule D2: a request stays within the fields of the item."""
    item = _item(attempt, attempt.fields.item)
    for name in attempt.fields.fields:
        if item.field(name) is None:
            raise deny("D2", "E_SCOPE_FIELD", f"the item has no field {name}")


def d9_least_is_asked_for(attempt: Attempt) -> None:
    """Rule D9: modes are ones that the fields offer; a value is asked for only where less will not do."""
    fields: GrantRequest = attempt.fields
    item = _item(attempt, fields.item)
    for name in fields.fields:
        offered = _offered(item, name)
        if not set(offered).intersection(fields.modes):
            raise deny("D9", "E_SCOPE_FIELD", f"field {name} is offered as {' or '.join(offered)} only")
        if VALUE in fields.modes and len(offered) > 1 and VALUE in offered and not fields.value_need:
            raise deny(
                "D9",
                "E_SCOPE_FIELD",
                f"field {name} can be told by less than its value; say in value_need why not",
            )


def _offered(item: CatalogData, name: str) -> tuple[str, ...]:
    field = item.field(name)
    assert field is not None
    return field.modes


def g3_item_has_room(attempt: Attempt) -> None:
    """Rule G3: an item has a bounded number of organisations with grants."""
    item = attempt.fields.item if attempt.record is None else attempt.data.item
    org = attempt.org.id if attempt.record is None else attempt.record.issuer_org
    known = requesters_of(attempt, item)
    if org not in known and len(known) >= REQUESTERS_MAX:
        raise deny("G3", "E_STATE", f"the item has reached the limit of {REQUESTERS_MAX} organisations")


def i5_side_of_the_grant(attempt: Attempt) -> None:
    """Rule I5: the provider, the requester where the verb is theirs too, or the data authority signs."""
    roles = attempt.transition.org_roles
    sides = {PROVIDER: attempt.data.provider, REQUESTER: attempt.existing.issuer_org}
    if any(role in roles and sides[role] == attempt.org.id for role in sides):
        return
    if AUTHORITY not in roles or not attempt.has_org_role(AUTHORITY):
        raise deny("I5", "E_ROLE", "another organisation is a party to this grant")


def g6_approver_differs(attempt: Attempt) -> None:
    """Rule G6: who asked, or took a request in hand, does not decide it."""
    if attempt.org.id == attempt.data.provider and attempt.key.person == attempt.data.accepted_by:
        raise deny("G6", "E_SOD", f"{attempt.key.person} took this request in hand and cannot decide it")
    # A department may ask for what it provides itself, and the data authority for what others do.
    if attempt.org.id == attempt.existing.issuer_org and attempt.key.person == attempt.data.requested_by:
        raise deny("G6", "E_SOD", f"{attempt.key.person} asked for this grant and cannot decide it")


def d5_who_decides_now(attempt: Attempt) -> None:
    """Rule D5: the provider decides in time; later it can only agree, and the data authority decides too."""
    late = grant_status_at(attempt.existing, attempt.claimed_time_ms).answer == "ESCALATED"
    is_provider = attempt.org.id == attempt.data.provider
    if late and is_provider and attempt.verb == "grant.reject":
        raise deny(
            "D5", "E_DEADLINE", f"the {DECISION.workdays} working days are over; the data authority decides"
        )
    if not late and not is_provider:
        raise deny("D5", "E_DEADLINE", f"the provider's {DECISION.workdays} working days are not over")


def d5_deadline_has_passed(attempt: Attempt) -> None:
    """Rule D5: a request is escalated once its deadline has passed."""
    if attempt.claimed_time_ms < attempt.data.decide_until_ms:
        raise deny("D5", "E_DEADLINE", f"the provider's {DECISION.workdays} working days are not over")


def d6_unconditional_is_not_refused(attempt: Attempt) -> None:
    """Rule D6: what is shared unconditionally is neither rejected nor taken back by its provider."""
    if attempt.org.id != attempt.data.provider or attempt.org.id == attempt.existing.issuer_org:
        return
    if _item(attempt, attempt.data.item).sharing == UNCONDITIONAL:
        raise deny("D6", "E_STATE", f"catalog item {attempt.data.item} is shared unconditionally")


def g3_last_day_is_over(attempt: Attempt) -> None:
    """Rule G3: a grant expires after its last day."""
    if attempt.claimed_time_ms < attempt.data.until_ms:
        raise deny("G3", "E_STATE", "the grant's last day is not over")


def _item(attempt: Attempt, code: str) -> CatalogData:
    record = attempt.access.record("catalog", code)
    assert record is not None
    return record.data_as(CatalogData)


def requesters_of(attempt: Attempt, item: str) -> tuple[str, ...]:
    known = attempt.access.value(requesters_key(item), ItemRequesters)
    return () if known is None else known.organisations
