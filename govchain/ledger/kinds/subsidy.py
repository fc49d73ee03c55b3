"""Subsidy payments 财政补贴 (records.md 1.9, in brief; rules B1, B5, B6, B7).

One record is one policy of one budget line and year, with its awards. PUBLISHED → MATCHED → REVIEWED → NOTICE
→ APPROVED → PAID → AUDITED → CLAWED.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.field_checks import require_amount
from govchain.ledger.identifiers import is_credit_code
from govchain.ledger.kind import RecordKind
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.state import RecordData, index_key
from govchain.ledger.workdays import deadline_ms

AWARDS_MAX: Final = 200
NOTICE_WORKDAYS: Final = 5
"""Source: practice of 免申即享 schemes, unconfirmed."""
DEPARTMENT: Final = "subsidy-department"

_CODE: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class Award(Part, frozen=True):
    """What one project gets."""

    project: str
    payee: str
    amount: str


class SubsidyPublish(Part, frozen=True):
    """`subsidy.publish`: a policy with its budget (→ PUBLISHED). Object id: policy number."""

    policy_kind: str
    budget: str


class SubsidyMatch(Part, frozen=True):
    """`subsidy.match`: projects that qualify (→ MATCHED)."""

    awards: list[Award]


class SubsidyStep(Part, frozen=True):
    """`subsidy.review`, `subsidy.notice`, `subsidy.approve`, `subsidy.audit`: the next step."""


class SubsidyPay(Part, frozen=True):
    """`subsidy.pay` and `subsidy.claw`: money to a project, or back from it."""

    project: str
    amount: str


class AwardData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One award in the state."""

    project: str
    payee: str
    amount: str
    paid: str = "0.00"
    clawed: str = "0.00"


class SubsidyData(RecordData, frozen=True, tag="govchain.subsidy-data/1"):
    """What the rules of subsidies need to remember."""

    policy_kind: str
    budget: str
    signers: tuple[str, ...]
    """Who published, matched, reviewed and approved, without repetition (rule B6)."""
    awards: tuple[AwardData, ...] = ()


def g1_awards_are_well_formed(attempt: Attempt) -> None:
    """Rule G1: awards are of different projects, to firms with a code, of amounts above 0."""
    awards: list[Award] = attempt.fields.awards
    projects = [each.project for each in awards]
    if not 1 <= len(projects) <= AWARDS_MAX or len(set(projects)) != len(projects):
        raise deny("G1", "E_PAYLOAD", f"fields.awards: expected 1 to {AWARDS_MAX} different projects")
    for each in awards:
        _require_code("awards", each.project)
        require_amount("awards", each.amount)
    if not all(is_credit_code(each.payee) for each in awards):
        raise deny("G1", "E_PAYLOAD", "fields.awards: a payee is no unified social credit code")


def g1_policy_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the kind of policy is a code, and the budget above 0."""
    _require_code("policy_kind", attempt.fields.policy_kind)
    require_amount("budget", attempt.fields.budget)


def g1_amount_is_an_amount(attempt: Attempt) -> None:
    """Rule G1: a payment is above 0."""
    require_amount("amount", attempt.fields.amount)


def _require_code(name: str, text: str) -> None:
    if not _CODE.fullmatch(text):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 1 to 64 letters, digits and hyphens")


def i5_department_is_its_own(attempt: Attempt) -> None:
    """Rule I5: the department that published a policy carries it out; auditors audit any."""
    if DEPARTMENT in attempt.transition.org_roles and attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another department published this policy")


def b1_awards_within_budget(attempt: Attempt) -> None:
    """Rule B1: what is awarded is at most the budget of the line and year."""
    total = sum(parse_cents(each.amount) for each in attempt.fields.awards)
    if total > parse_cents(attempt.data.budget):
        raise deny("B1", "E_BUDGET", f"{format_cents(total)} exceeds the budget of {attempt.data.budget}")


def b1_payment_within_award(attempt: Attempt) -> None:
    """Rule B1: what is paid is at most what was approved, and no more comes back than was paid."""
    award, wanted = _award(attempt), parse_cents(attempt.fields.amount)
    paid, back = parse_cents(award.paid), parse_cents(award.clawed)
    left = parse_cents(award.amount) - paid if attempt.verb == "subsidy.pay" else paid - back
    if wanted > left:
        raise deny("B1", "E_BUDGET", f"{format_cents(wanted)} exceeds the {format_cents(left)} that are left")


def b5_project_draws_once(attempt: Attempt) -> None:
    """Rule B5: no project draws one kind of policy twice, whichever department pays."""
    data = attempt.data
    awards = data.awards if attempt.verb == "subsidy.approve" else attempt.fields.awards
    for award in awards:
        other = attempt.access.indexed(_project_key(data, award.project))
        if other:
            raise deny("B5", "E_DOUBLE_USE", f"project {award.project[:64]} draws this kind under {other}")


def b6_another_person_signs(attempt: Attempt) -> None:
    """Rule B6: maker, checker, approver and payer are different persons."""
    if attempt.key.person in attempt.data.signers:
        raise deny("B6", "E_SOD", f"{attempt.key.person} signed an earlier step of this subsidy")


def b7_notice_is_over(attempt: Attempt) -> None:
    """Rule B7: approval waits for five working days of notice."""
    noticed_ms = next(e.claimed_time_ms for e in attempt.existing.timeline if e.state == "NOTICE")
    if attempt.claimed_time_ms < deadline_ms(noticed_ms, NOTICE_WORKDAYS):
        raise deny("B7", "E_STATE", f"the notice of {NOTICE_WORKDAYS} working days is not over")


def _award(attempt: Attempt) -> AwardData:
    data: SubsidyData = attempt.data
    for award in data.awards:
        if award.project == attempt.fields.project:
            return award
    raise deny("B1", "E_BUDGET", "there is no award for this project")


def _project_key(data: SubsidyData, project: str) -> bytes:
    return index_key("subsidy-project", data.policy_kind, project)


def _publish(attempt: Attempt) -> None:
    fields: SubsidyPublish = attempt.fields
    attempt.create("PUBLISHED", SubsidyData(fields.policy_kind, fields.budget, (attempt.key.person,)))


def _step(attempt: Attempt) -> None:
    data = attempt.data
    if attempt.verb == "subsidy.match":
        awards = tuple(AwardData(each.project, each.payee, each.amount) for each in attempt.fields.awards)
        data = msgspec.structs.replace(data, awards=awards)
    elif attempt.verb == "subsidy.approve":
        for award in data.awards:
            attempt.set_index(_project_key(data, award.project), attempt.existing.object_id)
    signers = tuple(dict.fromkeys((*data.signers, attempt.key.person)))
    (new_state,) = attempt.transition.to_states
    attempt.advance(attempt.existing, new_state, msgspec.structs.replace(data, signers=signers))


def _pay(attempt: Attempt) -> None:
    data, award, amount = attempt.data, _award(attempt), parse_cents(attempt.fields.amount)
    name, new_state = "clawed", "CLAWED"
    if attempt.verb == "subsidy.pay":
        due = sum(parse_cents(each.amount) - parse_cents(each.paid) for each in data.awards)
        name, new_state = "paid", "PAID" if amount == due else "APPROVED"
    total = format_cents(parse_cents(getattr(award, name)) + amount)
    changed = msgspec.structs.replace(award, **{name: total})
    awards = tuple(changed if each == award else each for each in data.awards)
    attempt.advance(attempt.existing, new_state, msgspec.structs.replace(data, awards=awards))


_FIRST: Final = (i5_roles_allow, g3_object_exists, i5_department_is_its_own, g3_state_allows)


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    key_role: str,
    sentence: Text,
    *rules: RuleFunction,
    org_role: str = DEPARTMENT,
    apply: RuleFunction = _step,
) -> Transition:
    asked = (i5_department_is_its_own, g3_state_allows, *rules)
    key_roles = (key_role,) if key_role else ()
    return change_existing(
        f"subsidy.{verb}",
        fields,
        states,
        sentence,
        rules=asked,
        apply=apply,
        org_roles=(org_role,),
        key_roles=key_roles,
    )


KIND: Final = RecordKind(
    record_type="subsidy",
    title=Text("Subsidy", "财政补贴"),
    data=SubsidyData,
    states={
        "PUBLISHED": "已发布",
        "MATCHED": "已匹配",
        "REVIEWED": "已审核",
        "NOTICE": "公示中",
        "APPROVED": "已批准",
        "PAID": "已拨付",
        "AUDITED": "已审计",
        "CLAWED": "已追回",
    },
    transitions=(
        Transition(
            verb="subsidy.publish",
            fields=SubsidyPublish,
            sentence=Text(
                "{who} publishes subsidy {object} with a budget of {budget}",
                "{who} 发布补贴政策 {object}，预算 {budget}",
            ),
            from_states=(),
            to_states=("PUBLISHED",),
            org_roles=(DEPARTMENT,),
            key_roles=("maker",),
            rules=(i5_roles_allow, g1_policy_is_well_formed, g3_object_is_new, g4_version_continues),
            apply=_publish,
        ),
        _row(
            "match",
            SubsidyMatch,
            (("PUBLISHED",), ("MATCHED",)),
            "maker",
            Text("{who} matches projects to {object}", "{who} 为 {object} 匹配项目"),
            g1_awards_are_well_formed,
            b1_awards_within_budget,
            b5_project_draws_once,
        ),
        _row(
            "review",
            SubsidyStep,
            (("MATCHED",), ("REVIEWED",)),
            "checker",
            Text("{who} reviews the awards of {object}", "{who} 审核 {object} 的拟补贴名单"),
            b6_another_person_signs,
        ),
        _row(
            "notice",
            SubsidyStep,
            (("REVIEWED",), ("NOTICE",)),
            "",
            Text("{who} puts the awards of {object} on public notice", "{who} 公示 {object} 的拟补贴名单"),
        ),
        _row(
            "approve",
            SubsidyStep,
            (("NOTICE",), ("APPROVED",)),
            "approver",
            Text("{who} approves the awards of {object}", "{who} 批准 {object} 的补贴"),
            b6_another_person_signs,
            b7_notice_is_over,
            b5_project_draws_once,
        ),
        _row(
            "pay",
            SubsidyPay,
            (("APPROVED",), ("APPROVED", "PAID")),
            "payer",
            Text("{who} pays {amount} to {project}", "{who} 向 {project} 拨付 {amount}"),
            g1_amount_is_an_amount,
            b6_another_person_signs,
            b1_payment_within_award,
            apply=_pay,
        ),
        _row(
            "audit",
            SubsidyStep,
            (("PAID",), ("AUDITED",)),
            "",
            Text("{who} audits {object}", "{who} 审计 {object}"),
            org_role="auditor",
        ),
        _row(
            "claw",
            SubsidyPay,
            (("AUDITED", "CLAWED"), ("CLAWED",)),
            "payer",
            Text("{who} claws {amount} back from {project}", "{who} 向 {project} 追回 {amount}"),
            g1_amount_is_an_amount,
            b1_payment_within_award,
            apply=_pay,
        ),
    ),
    rules=(
        Rule(
            "B1",
            Text("Paid is at most approved, approved at most budgeted", "拨付不超过批准，批准不超过预算"),
            ("budget-law",),
            {"E_BUDGET": Text("Lower the amount to what is left.", "将金额降至剩余额度以内。")},
        ),
        Rule(
            "B5",
            Text(
                "A project draws a kind of policy once, across departments",
                "同一项目不得跨部门重复享受同类政策",
            ),
            ("budget-law",),
            {"E_DOUBLE_USE": Text("Leave out the project that drew it.", "剔除已享受该类政策的项目。")},
        ),
        Rule(
            "B6",
            Text(
                "Maker, checker, approver and payer are different persons",
                "经办、复核、审批、拨付须为不同自然人",
            ),
            ("separation-of-duties",),
            {"E_SOD": Text("Let another person sign this step.", "由另一名人员签署该步骤。")},
        ),
        Rule(
            "B7",
            Text("Awards are on public notice for five working days", "拟补贴名单须公示五个工作日"),
            ("subsidy-notice",),
            {"E_STATE": Text("Wait for the end of the notice.", "待公示期满。")},
        ),
    ),
    names_zh={
        "project": "项目编号",
        "payee": "收款单位",
        "amount": "金额",
        "policy_kind": "政策类别",
        "budget": "预算",
        "awards": "拟补贴名单",
    },
    texts_zh={
        "What one project gets.": "一个项目的补贴。",
        "`subsidy.publish`: a policy with its budget (→ PUBLISHED). Object id: policy number.": (
            "`subsidy.publish`：发布政策及预算（→ PUBLISHED）。对象编号为政策文号。"
        ),
        "`subsidy.match`: projects that qualify (→ MATCHED).": "`subsidy.match`：合格项目（→ MATCHED）。",
        "`subsidy.review`, `subsidy.notice`, `subsidy.approve`, `subsidy.audit`: the next step.": (
            "`subsidy.review`（审核）、`subsidy.notice`（公示）、`subsidy.approve`（批准）、`subsidy.audit`（审计）："
            "全部补贴进入下一步。"
        ),
        "`subsidy.pay` and `subsidy.claw`: money to a project, or back from it.": (
            "`subsidy.pay`（拨付）与 `subsidy.claw`（追回）：向项目付款或收回款项。"
        ),
    },
)
