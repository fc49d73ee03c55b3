"""Life cycle of requests and grants 共享申请与授权: what each record changes, and which rules it must pass.

SUBMITTED → (PENDING) → APPROVED | REJECTED | ESCALATED → ACTIVE → EXPIRED | REVOKED. A request for what is
shared unconditionally is ACTIVE at once.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.field_checks import require_date
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.grant.fields import (
    GrantAccept,
    GrantActivate,
    GrantApprove,
    GrantData,
    GrantEscalate,
    GrantExpire,
    GrantReject,
    GrantRequest,
    GrantRevoke,
    ItemRequesters,
    ScopeData,
)
from govchain.ledger.kinds.grant.rules import (
    DAY_MS,
    d2_item_offers_the_fields,
    d5_deadline_has_passed,
    d5_who_decides_now,
    d6_class_can_be_shared,
    d6_unconditional_is_not_refused,
    d8_item_is_published,
    d9_least_is_asked_for,
    g1_reason_is_given,
    g1_request_is_well_formed,
    g3_item_has_room,
    g3_last_day_is_over,
    g6_approver_differs,
    i5_side_of_the_grant,
    requesters_key,
    requesters_of,
)
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Text
from govchain.ledger.sharing import AUTHORITY, DECISION, PROVIDER, REQUESTER, UNCONDITIONAL


def _request(attempt: Attempt) -> None:
    fields: GrantRequest = attempt.fields
    record = attempt.access.record("catalog", fields.item)
    assert record is not None
    scope = fields.subject_scope
    data = GrantData(
        item=fields.item,
        provider=record.issuer_org,
        purpose=fields.purpose,
        fields=tuple(fields.fields),
        modes=tuple(fields.modes),
        scope=ScopeData(scope.kind, scope.ref, scope.size),
        from_ms=require_date("valid_from", fields.valid_from),
        until_ms=require_date("valid_to", fields.valid_to) + DAY_MS,
        rate_per_day=fields.rate_per_day,
        max_uses=fields.max_uses,
        decide_until_ms=DECISION.end_ms(attempt.claimed_time_ms),
        requested_by=attempt.key.person,
    )
    if record.data_as(CatalogData).sharing == UNCONDITIONAL:
        attempt.create("ACTIVE", data)
        _remember(attempt, fields.item, attempt.org.id)
    else:
        attempt.create("SUBMITTED", data)


def _remember(attempt: Attempt, item: str, org: str) -> None:
    known = requesters_of(attempt, item)
    if org not in known:
        attempt.put(requesters_key(item), ItemRequesters((*known, org)))


def _accept(attempt: Attempt) -> None:
    attempt.advance(
        attempt.existing, "PENDING", msgspec.structs.replace(attempt.data, accepted_by=attempt.key.person)
    )


def _approve(attempt: Attempt) -> None:
    data, record = attempt.data, attempt.existing
    _remember(attempt, data.item, record.issuer_org)
    new_state = "APPROVED" if attempt.fields.connect_later else "ACTIVE"
    attempt.advance(record, new_state, msgspec.structs.replace(data, decided_by=attempt.org.id))


def _reject(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, decided_by=attempt.org.id, reason=attempt.fields.reason)
    attempt.advance(attempt.existing, "REJECTED", data)


def _revoke(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, reason=attempt.fields.reason)
    attempt.advance(attempt.existing, "REVOKED", data)


def _step(attempt: Attempt) -> None:
    (new_state,) = attempt.transition.to_states
    attempt.advance(attempt.existing, new_state)


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    roles: tuple[tuple[str, ...], tuple[str, ...]],
    sentence: Text,
    *rules: RuleFunction,
    apply: RuleFunction,
) -> Transition:
    return change_existing(
        f"grant.{verb}",
        fields,
        states,
        sentence,
        rules=rules,
        apply=apply,
        org_roles=roles[0],
        key_roles=roles[1],
    )


_UNDECIDED: Final = ("SUBMITTED", "PENDING", "ESCALATED")
_STANDING: Final = ("APPROVED", "ACTIVE")
_DECIDERS: Final = ((PROVIDER, AUTHORITY), ("approver",))

TRANSITIONS: Final = (
    Transition(
        verb="grant.request",
        fields=GrantRequest,
        sentence=Text(
            "{who} asks for {fields} of {item} for {purpose}", "{who} 为 {purpose} 申请 {item} 的 {fields}"
        ),
        from_states=(),
        to_states=("SUBMITTED", "ACTIVE"),
        org_roles=(REQUESTER,),
        key_roles=("maker",),
        rules=(
            i5_roles_allow,
            g1_request_is_well_formed,
            g3_object_is_new,
            d8_item_is_published,
            d6_class_can_be_shared,
            d2_item_offers_the_fields,
            d9_least_is_asked_for,
            g3_item_has_room,
            g4_version_continues,
        ),
        apply=_request,
    ),
    _row(
        "accept",
        GrantAccept,
        (("SUBMITTED",), ("PENDING",)),
        ((PROVIDER,), ("maker",)),
        Text("{who} takes request {object} in hand", "{who} 受理申请 {object}"),
        i5_side_of_the_grant,
        g3_state_allows,
        apply=_accept,
    ),
    _row(
        "approve",
        GrantApprove,
        (_UNDECIDED, ("ACTIVE", "APPROVED")),
        _DECIDERS,
        Text("{who} approves request {object}", "{who} 同意申请 {object}"),
        i5_side_of_the_grant,
        g3_state_allows,
        d5_who_decides_now,
        g6_approver_differs,
        g3_item_has_room,
        apply=_approve,
    ),
    _row(
        "activate",
        GrantActivate,
        (("APPROVED",), ("ACTIVE",)),
        ((PROVIDER,), ()),
        Text("{who} connects the data of grant {object}", "{who} 接通授权 {object} 的数据"),
        i5_side_of_the_grant,
        g3_state_allows,
        apply=_step,
    ),
    _row(
        "reject",
        GrantReject,
        (_UNDECIDED, ("REJECTED",)),
        _DECIDERS,
        Text("{who} rejects request {object} ({reason})", "{who} 拒绝申请 {object}（{reason}）"),
        g1_reason_is_given,
        i5_side_of_the_grant,
        d6_unconditional_is_not_refused,
        g3_state_allows,
        d5_who_decides_now,
        g6_approver_differs,
        apply=_reject,
    ),
    _row(
        "escalate",
        GrantEscalate,
        (("SUBMITTED", "PENDING"), ("ESCALATED",)),
        ((), ()),
        Text("{who} records that request {object} is overdue", "{who} 登记申请 {object} 逾期未决"),
        g3_state_allows,
        d5_deadline_has_passed,
        apply=_step,
    ),
    _row(
        "revoke",
        GrantRevoke,
        (_STANDING, ("REVOKED",)),
        ((PROVIDER, REQUESTER, AUTHORITY), ("approver",)),
        Text("{who} ends grant {object} ({reason})", "{who} 撤销授权 {object}（{reason}）"),
        g1_reason_is_given,
        i5_side_of_the_grant,
        d6_unconditional_is_not_refused,
        g3_state_allows,
        apply=_revoke,
    ),
    _row(
        "expire",
        GrantExpire,
        (_STANDING, ("EXPIRED",)),
        ((), ()),
        Text("{who} records that grant {object} is over", "{who} 登记授权 {object} 期满"),
        g3_state_allows,
        g3_last_day_is_over,
        apply=_step,
    ),
)
