"""Application forms 办事表单 (records.md 1.4; rule D4): what a department may ask people to fill in.

PUBLISHED → WITHDRAWN; another form is another number. What is in the directory is the business of `catalog`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.access import StateAccess
from govchain.ledger.field_checks import require_code, require_codes, require_text
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.sharing import CALLABLE, NOT_SHARED, REQUESTER, element_key
from govchain.ledger.state import RecordData


class FormField(Part, frozen=True):
    """One thing that the form asks for."""

    label: str
    element: str
    """Code of the datum, as in the directory."""


class FormPublish(Part, frozen=True):
    """`form.publish`: a department publishes a form (→ PUBLISHED). Object id: number of the form."""

    name: str
    service: str
    """Code of the public service."""
    fields: list[FormField]


class FormWithdraw(Part, frozen=True):
    """`form.withdraw`: the form is used no more (PUBLISHED → WITHDRAWN)."""

    reason: str


class FormData(RecordData, frozen=True, tag="govchain.form-data/1"):
    """What the rules of forms need to remember."""

    name: str
    service: str
    elements: tuple[str, ...]


def g1_form_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a form has a name, a service and different fields."""
    fields: FormPublish = attempt.fields
    require_text("name", fields.name)
    require_code("service", fields.service)
    require_codes("fields", [each.element for each in fields.fields])
    for each in fields.fields:
        require_text("fields", each.label)


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: a form is withdrawn with a reason."""
    require_text("reason", attempt.fields.reason)


def i5_form_is_own(attempt: Attempt) -> None:
    """Rule I5: a department withdraws forms of its own."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another department published this form")


def d4_form_asks_for_nothing_shared(attempt: Attempt) -> None:
    """Rule D4: a form does not ask people for what another department shares."""
    elements = tuple(each.element for each in attempt.fields.fields)
    again = find_recollected(attempt.access, attempt.org.id, elements)
    if again:
        element, item = again[0]
        raise deny("D4", "E_RECOLLECT", f"{element} is available by sharing: catalog item {item}")


def find_recollected(access: StateAccess, org: str, elements: tuple[str, ...]) -> list[tuple[str, str]]:
    """Elements that another organisation shares, each with the item that offers it (rule D4).

    Also an answer about a form that was published before the item was.
    """
    found = []
    for element in elements:
        item = access.indexed(element_key(element))
        record = access.record("catalog", item) if item else None
        if record is None or record.state not in CALLABLE or record.issuer_org == org:
            continue
        if record.data_as(CatalogData).sharing != NOT_SHARED:
            found.append((element, item))
    return found


def _publish(attempt: Attempt) -> None:
    fields: FormPublish = attempt.fields
    elements = tuple(each.element for each in fields.fields)
    attempt.create("PUBLISHED", FormData(fields.name, fields.service, elements))


def _withdraw(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "WITHDRAWN")


KIND: Final = RecordKind(
    record_type="form",
    title=Text("Application form", "办事表单"),
    data=FormData,
    states={"PUBLISHED": "已发布", "WITHDRAWN": "已撤下"},
    transitions=(
        Transition(
            verb="form.publish",
            fields=FormPublish,
            sentence=Text("{who} publishes the form {name}", "{who} 发布表单《{name}》"),
            from_states=(),
            to_states=("PUBLISHED",),
            org_roles=(REQUESTER,),
            key_roles=("maker",),
            rules=(
                i5_roles_allow,
                g1_form_is_well_formed,
                g3_object_is_new,
                d4_form_asks_for_nothing_shared,
                g4_version_continues,
            ),
            apply=_publish,
        ),
        Transition(
            verb="form.withdraw",
            fields=FormWithdraw,
            sentence=Text("{who} withdraws form {object} ({reason})", "{who} 撤下表单 {object}（{reason}）"),
            from_states=("PUBLISHED",),
            to_states=("WITHDRAWN",),
            org_roles=(REQUESTER,),
            key_roles=("maker",),
            rules=(
                i5_roles_allow,
                g1_reason_is_given,
                g3_object_exists,
                i5_form_is_own,
                g3_state_allows,
                g4_version_continues,
            ),
            apply=_withdraw,
        ),
    ),
    rules=(
        Rule(
            "D4",
            Text(
                "A form does not ask people again for what is available by sharing",
                "能够通过共享获取的数据，表单不得重复收集",
            ),
            ("sharing-regulations-19",),
            {
                "E_RECOLLECT": Text(
                    "Take the field out of the form and ask for it under a grant for the named item.",
                    "从表单中删除该字段，并申请使用说明中指出的目录项。",
                )
            },
        ),
    ),
    names_zh={
        "name": "表单名称",
        "service": "事项代码",
        "fields": "填写项",
        "label": "填写项名称",
        "element": "数据元代码",
        "reason": "理由",
    },
    texts_zh={
        "One thing that the form asks for.": "表单要求填写的一项。",
        "Code of the datum, as in the directory.": "与目录一致的数据元代码。",
        "`form.publish`: a department publishes a form (→ PUBLISHED). Object id: number of the form.": (
            "`form.publish`：部门发布表单（→ PUBLISHED）。对象编号为表单编号。"
        ),
        "Code of the public service.": "政务服务事项代码。",
        "`form.withdraw`: the form is used no more (PUBLISHED → WITHDRAWN).": (
            "`form.withdraw`：停用表单（PUBLISHED → WITHDRAWN）。"
        ),
    },
)
