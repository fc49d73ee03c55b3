"""Rules and life cycle of the directory of shared data 政务数据目录 (rules D1, G6).

DRAFT → REVIEWED → PUBLISHED → UPDATED → SUSPENDED → RETIRED. Who may ask for an item is for `grant`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from govchain.ledger.field_checks import require_code, require_codes, require_one_of, require_text
from govchain.ledger.kinds.catalog.fields import (
    CatalogChange,
    CatalogData,
    CatalogDraft,
    CatalogField,
    CatalogPublish,
    CatalogReview,
    CatalogUpdate,
)
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    is_expelled,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.sharing import AUTHORITY, CLASSES, MODES, PROVIDER, ItemElement, element_key


def g1_item_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: an item has a code, a name, a class and different fields."""
    fields: CatalogDraft = attempt.fields
    require_code("object_id", attempt.envelope.object_id)
    require_text("name", fields.name)
    require_code("duty_item", fields.duty_item)
    require_one_of("sharing", fields.sharing, CLASSES)
    _require_fields(fields.fields)


def g1_update_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: an update has different fields and a reason."""
    _require_fields(attempt.fields.fields)
    require_text("reason", attempt.fields.reason)


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: a change of the directory has a reason."""
    require_text("reason", attempt.fields.reason)


def _require_fields(fields: Sequence[CatalogField]) -> None:
    require_codes("fields", [field.name for field in fields])
    require_codes("fields", [field.element for field in fields])
    for field in fields:
        require_codes("fields", field.modes)
        for mode in field.modes:
            require_one_of("fields", mode, MODES)


def d1_source_is_the_only_one(attempt: Attempt) -> None:
    """Rule D1: each element has one authoritative source, the item that is published for it."""
    fields = attempt.data.fields if attempt.transition.fields is CatalogPublish else attempt.fields.fields
    for field in fields:
        other = attempt.access.indexed(element_key(field.element))
        if other and other != attempt.envelope.object_id:
            raise deny("D1", "E_NOT_AUTHORITATIVE", f"{field.element} has its source in catalog item {other}")


def g6_drafter_differs(attempt: Attempt) -> None:
    """Rule G6: who described an item neither reviews nor publishes it."""
    if attempt.existing.issuer_org == attempt.org.id and attempt.data.drafted_by == attempt.key.person:
        raise deny("G6", "E_SOD", f"{attempt.key.person} described this item and cannot go on with it")


def i5_item_is_own(attempt: Attempt) -> None:
    """Rule I5: a department looks after its own items; the data authority may suspend any."""
    if attempt.existing.issuer_org == attempt.org.id:
        return
    if AUTHORITY not in attempt.transition.org_roles or not attempt.has_org_role(AUTHORITY):
        raise deny("I5", "E_ROLE", "another department provides this item")


def i5_who_suspended_resumes(attempt: Attempt) -> None:
    """Rule I5: an item is resumed by whoever suspended it; by its provider, when that one is expelled."""
    suspended_by = attempt.data.suspended_by
    if attempt.existing.issuer_org == attempt.org.id and is_expelled(attempt, suspended_by):
        return
    if suspended_by != attempt.org.id:
        raise deny("I5", "E_ROLE", "another organisation suspended this item")


def _draft(attempt: Attempt) -> None:
    fields: CatalogDraft = attempt.fields
    data = CatalogData(
        name=fields.name,
        duty_item=fields.duty_item,
        sharing=fields.sharing,
        fields=_elements(fields.fields),
        needs_consent=fields.needs_consent,
        condition=fields.condition,
        endpoint=fields.endpoint,
        drafted_by=attempt.key.person,
    )
    attempt.create("DRAFT", data)


def _elements(fields: Sequence[CatalogField]) -> tuple[ItemElement, ...]:
    return tuple(ItemElement(field.name, field.element, tuple(field.modes)) for field in fields)


def _review(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "REVIEWED")


def _publish(attempt: Attempt) -> None:
    _index(attempt, attempt.data.fields)
    attempt.advance(attempt.existing, "PUBLISHED")


def _update(attempt: Attempt) -> None:
    data, fields = attempt.data, _elements(attempt.fields.fields)
    _forget(attempt)
    _index(attempt, fields)
    changed = msgspec.structs.replace(data, fields=fields, reason=attempt.fields.reason)
    attempt.advance(attempt.existing, "UPDATED", changed)


def _change(attempt: Attempt) -> None:
    (new_state,) = attempt.transition.to_states
    if new_state == "RETIRED":
        _forget(attempt)
    suspended_by = attempt.org.id if new_state == "SUSPENDED" else ""
    data = msgspec.structs.replace(attempt.data, reason=attempt.fields.reason, suspended_by=suspended_by)
    attempt.advance(attempt.existing, new_state, data)


def _index(attempt: Attempt, fields: Sequence[ItemElement]) -> None:
    for field in fields:
        attempt.set_index(element_key(field.element), attempt.envelope.object_id)


def _forget(attempt: Attempt) -> None:
    """Only its own entries: an item that was never published may name elements of another one."""
    for field in attempt.data.fields:
        if attempt.access.indexed(element_key(field.element)) == attempt.envelope.object_id:
            attempt.clear_index(element_key(field.element))


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], str],
    roles: tuple[tuple[str, ...], str],
    sentence: Text,
    *rules: RuleFunction,
    apply: RuleFunction,
) -> Transition:
    to = (states[0], (states[1],))
    return change_existing(
        f"catalog.{verb}",
        fields,
        to,
        sentence,
        rules=rules,
        apply=apply,
        org_roles=roles[0],
        key_roles=(roles[1],),
    )


_OPEN: Final = ("PUBLISHED", "UPDATED")
_LIVING: Final = ("DRAFT", "REVIEWED", *_OPEN, "SUSPENDED")

TRANSITIONS: Final = (
    Transition(
        verb="catalog.draft",
        fields=CatalogDraft,
        sentence=Text("{who} describes {name} for the directory", "{who} 编制目录项《{name}》"),
        from_states=(),
        to_states=("DRAFT",),
        org_roles=(PROVIDER,),
        key_roles=("maker",),
        rules=(
            i5_roles_allow,
            g1_item_is_well_formed,
            g3_object_is_new,
            d1_source_is_the_only_one,
            g4_version_continues,
        ),
        apply=_draft,
    ),
    _row(
        "review",
        CatalogReview,
        (("DRAFT",), "REVIEWED"),
        ((AUTHORITY,), "checker"),
        Text("{who} reviews catalog item {object}", "{who} 审核目录项 {object}"),
        g6_drafter_differs,
        g3_state_allows,
        apply=_review,
    ),
    _row(
        "publish",
        CatalogPublish,
        (("REVIEWED",), "PUBLISHED"),
        ((PROVIDER,), "checker"),
        Text("{who} publishes catalog item {object}", "{who} 发布目录项 {object}"),
        i5_item_is_own,
        g6_drafter_differs,
        g3_state_allows,
        d1_source_is_the_only_one,
        apply=_publish,
    ),
    _row(
        "update",
        CatalogUpdate,
        (_OPEN, "UPDATED"),
        ((PROVIDER,), "checker"),
        Text("{who} updates catalog item {object} ({reason})", "{who} 更新目录项 {object}（{reason}）"),
        g1_update_is_well_formed,
        i5_item_is_own,
        g3_state_allows,
        d1_source_is_the_only_one,
        apply=_update,
    ),
    _row(
        "suspend",
        CatalogChange,
        (_OPEN, "SUSPENDED"),
        ((PROVIDER, AUTHORITY), "checker"),
        Text("{who} suspends catalog item {object} ({reason})", "{who} 暂停目录项 {object}（{reason}）"),
        g1_reason_is_given,
        i5_item_is_own,
        g3_state_allows,
        apply=_change,
    ),
    _row(
        "resume",
        CatalogChange,
        (("SUSPENDED",), "PUBLISHED"),
        ((PROVIDER, AUTHORITY), "checker"),
        Text("{who} resumes catalog item {object} ({reason})", "{who} 恢复目录项 {object}（{reason}）"),
        g1_reason_is_given,
        g3_state_allows,
        i5_who_suspended_resumes,
        apply=_change,
    ),
    _row(
        "retire",
        CatalogChange,
        (_LIVING, "RETIRED"),
        ((PROVIDER,), "checker"),
        Text("{who} retires catalog item {object} ({reason})", "{who} 撤销目录项 {object}（{reason}）"),
        g1_reason_is_given,
        i5_item_is_own,
        g3_state_allows,
        apply=_change,
    ),
)
