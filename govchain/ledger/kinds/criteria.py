"""Decision criteria 裁量基准 (rule J4): the published formula by which an office decides, run by the chain.

Facts that must be proven, and lines of amounts: each a factor of an input, with a cap. IN_FORCE → WITHDRAWN;
another formula is another number. The decisions themselves are `decision`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.amounts import parse_cents, round_half_up
from govchain.ledger.field_checks import require_code, require_number, require_text
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.payload_check import INTEGER_MAX
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.sharing import CALLABLE, THRESHOLD, YES_NO
from govchain.ledger.state import RecordData

CRITERIA: Final = "criteria"
DECIDER: Final = "decider"
FACTS_MAX: Final = 16
LINES_MAX: Final = 16
DAYS_MAX: Final = 365
FACTOR_DIGITS: Final = 4

_FACTOR: Final = re.compile(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?")


class CriteriaFact(Part, frozen=True):
    """One fact, and the item of the directory that is its source."""

    fact: str
    """The field that tells it; with a word and a dot in front, about one more person."""
    item: str
    """Catalog item of that field; another department's field may be called the same (rule J4)."""
    at_least: int | None = None
    """The bound that the value must reach: asked in mode `threshold`, with just this bound (rule J4)."""


class FormulaLine(Part, frozen=True):
    """One amount: factor times input, rounded half up to the cent, at most the cap."""

    name: str
    of: str
    """Name of the input."""
    factor: str
    """Decimal with at most four decimals; may be negative."""
    cap: str = ""
    """Highest amount; empty means none."""
    is_due: bool = True
    """Whether it is part of what has to be paid; otherwise it is only stated."""


class CriteriaAdopt(Part, frozen=True):
    """`criteria.adopt`: an office publishes how it decides (→ IN_FORCE). Object id: its number."""

    name: str
    facts: list[CriteriaFact]
    """Facts that must all be proven; otherwise it is refused."""
    lines: list[FormulaLine] = []
    signatures: int = 1
    """How many of those who decide must sign (rule J5)."""
    signers: int = 1
    """How many may sign."""
    appeal_days: int = 0
    """Days within which it can be appealed, after that of the decision; 0 means it is in force at once."""
    source: str = ""
    """On what rates and days rest."""


class CriteriaWithdraw(Part, frozen=True):
    """`criteria.withdraw`: it is used no more (IN_FORCE → WITHDRAWN)."""

    reason: str


class FactData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One fact in the state."""

    fact: str
    item: str
    at_least: int | None

    @property
    def mode(self) -> str:
        """How it is asked: a value would tell more than a decision needs."""
        return YES_NO if self.at_least is None else THRESHOLD


class LineData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One line in the state."""

    name: str
    of: str
    factor: str
    cap: str
    is_due: bool


class CriteriaData(RecordData, frozen=True, tag="govchain.criteria-data/3"):
    """What decisions need to know."""

    name: str
    facts: tuple[FactData, ...]
    lines: tuple[LineData, ...]
    signatures: int
    signers: int
    appeal_days: int
    source: str


def compute_line(line: LineData, input_cents: int) -> int:
    """Cents of one line: factor times input, rounded half up, at most the cap."""
    cents = round_half_up(input_cents * _scaled(line.factor), 10**FACTOR_DIGITS)
    return min(cents, parse_cents(line.cap)) if line.cap else cents


def _scaled(factor: str) -> int:
    whole, _, part = factor.lstrip("-").partition(".")
    scaled = int(whole) * 10**FACTOR_DIGITS + int(part.ljust(FACTOR_DIGITS, "0") or "0")
    return -scaled if factor.startswith("-") else scaled


def g1_criteria_are_well_formed(attempt: Attempt) -> None:
    """Rule G1: facts and lines have their form, and not more must sign than may."""
    fields: CriteriaAdopt = attempt.fields
    require_text("name", fields.name)
    if len(fields.facts) > FACTS_MAX or len({each.fact for each in fields.facts}) != len(fields.facts):
        raise deny("G1", "E_PAYLOAD", f"fields.facts: expected at most {FACTS_MAX} different facts")
    for each in fields.facts:
        require_code("facts", each.fact)
        require_code("facts", each.item)
        if each.at_least is not None:
            require_number("at_least", each.at_least, -INTEGER_MAX, INTEGER_MAX)
    if len(fields.lines) > LINES_MAX or len({line.name for line in fields.lines}) != len(fields.lines):
        raise deny("G1", "E_PAYLOAD", f"fields.lines: expected at most {LINES_MAX} different lines")
    for line in fields.lines:
        require_code("lines", line.name)
        require_code("lines", line.of)
        _require_numbers(line)
    require_number("signers", fields.signers, 1, FACTS_MAX)
    require_number("signatures", fields.signatures, 1, fields.signers)
    require_number("appeal_days", fields.appeal_days, 0, DAYS_MAX)
    if fields.source:
        require_text("source", fields.source)


def _require_numbers(line: FormulaLine) -> None:
    """Rule G1: a factor has at most four decimals, a cap is an amount."""
    if not _FACTOR.fullmatch(line.factor):
        raise deny("G1", "E_PAYLOAD", "fields.lines: a factor has at most six digits and four decimals")
    try:
        parse_cents(line.cap or "0")
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.lines: cap: {error}") from error


def j4_facts_have_a_source(attempt: Attempt) -> None:
    """Rule J4: each fact is a field that a published item of the directory offers, in the fact's mode."""
    for each in _facts(attempt.fields):
        record = attempt.access.record("catalog", each.item)
        name = field_of(each.fact)
        field = None
        if record is not None and record.state in CALLABLE:
            field = record.data_as(CatalogData).field(name)
        if field is None or each.mode not in field.modes:
            raise deny("J4", "E_STATE", f"no published item {each.item} offers {name} by {each.mode}")


def field_of(fact: str) -> str:
    """The field that tells a fact: without the word for one more person in front."""
    return fact.rpartition(".")[2]


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: criteria are withdrawn with a reason."""
    require_text("reason", attempt.fields.reason)


def i5_criteria_are_own(attempt: Attempt) -> None:
    """Rule I5: an office withdraws criteria of its own."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another office adopted these criteria")


def _facts(fields: CriteriaAdopt) -> tuple[FactData, ...]:
    return tuple(FactData(each.fact, each.item, each.at_least) for each in fields.facts)


def _adopt(attempt: Attempt) -> None:
    fields: CriteriaAdopt = attempt.fields
    lines = tuple(LineData(each.name, each.of, each.factor, each.cap, each.is_due) for each in fields.lines)
    data = CriteriaData(
        name=fields.name,
        facts=_facts(fields),
        lines=lines,
        signatures=fields.signatures,
        signers=fields.signers,
        appeal_days=fields.appeal_days,
        source=fields.source,
    )
    attempt.create("IN_FORCE", data)


def _withdraw(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "WITHDRAWN")


KIND: Final = RecordKind(
    record_type=CRITERIA,
    title=Text("Criteria", "裁量基准"),
    data=CriteriaData,
    states={"IN_FORCE": "有效", "WITHDRAWN": "已废止"},
    transitions=(
        Transition(
            verb="criteria.adopt",
            fields=CriteriaAdopt,
            sentence=Text("{who} adopts the criteria {name}", "{who} 发布裁量基准《{name}》"),
            from_states=(),
            to_states=("IN_FORCE",),
            org_roles=(DECIDER,),
            key_roles=("approver",),
            rules=(
                i5_roles_allow,
                g1_criteria_are_well_formed,
                g3_object_is_new,
                j4_facts_have_a_source,
                g4_version_continues,
            ),
            apply=_adopt,
        ),
        Transition(
            verb="criteria.withdraw",
            fields=CriteriaWithdraw,
            sentence=Text(
                "{who} withdraws criteria {object} ({reason})", "{who} 废止基准 {object}（{reason}）"
            ),
            from_states=("IN_FORCE",),
            to_states=("WITHDRAWN",),
            org_roles=(DECIDER,),
            key_roles=("approver",),
            rules=(
                i5_roles_allow,
                g1_reason_is_given,
                g3_object_exists,
                i5_criteria_are_own,
                g3_state_allows,
                g4_version_continues,
            ),
            apply=_withdraw,
        ),
    ),
    rules=(),
    names_zh={
        "name": "名称",
        "facts": "须证明的事实",
        "fact": "事实名称",
        "item": "目录项",
        "at_least": "不低于",
        "lines": "金额公式",
        "of": "输入项",
        "factor": "系数",
        "cap": "上限",
        "is_due": "是否应付",
        "signatures": "须签署人数",
        "signers": "可签署人数",
        "appeal_days": "救济期限（日）",
        "source": "依据来源",
        "reason": "理由",
    },
    texts_zh={
        "One fact, and the item of the directory that is its source.": "一项事实及其来源目录项。",
        "The field that tells it; with a word and a dot in front, about one more person.": (
            "告知该事实的字段；前加一词与点号，则为就另一人所问的同一字段。"
        ),
        "Catalog item of that field; another department's field may be called the same (rule J4).": (
            "该字段所属目录项；其他部门的字段可能同名（规则 J4）。"
        ),
        "The bound that the value must reach: asked in mode `threshold`, with just this bound (rule J4).": (
            "该字段的值须达到的界限；以 `threshold` 方式并以此界限查询（规则 J4）。"
        ),
        "One amount: factor times input, rounded half up to the cent, at most the cap.": (
            "一项金额：系数乘以输入值，四舍五入到分，不超过上限。"
        ),
        "Name of the input.": "输入项名称。",
        "Decimal with at most four decimals; may be negative.": "至多四位小数的十进制数，可为负。",
        "Highest amount; empty means none.": "最高金额；空表示无上限。",
        "Whether it is part of what has to be paid; otherwise it is only stated.": (
            "是否计入应付金额；否则仅作列示。"
        ),
        "`criteria.adopt`: an office publishes how it decides (→ IN_FORCE). Object id: its number.": (
            "`criteria.adopt`：部门发布裁量基准（→ IN_FORCE）。对象编号为基准编号。"
        ),
        "Facts that must all be proven; otherwise it is refused.": "须全部得到证明的事实；缺一即决定“不予”。",
        "How many of those who decide must sign (rule J5).": "须签署的裁决人数（规则 J5）。",
        "How many may sign.": "可签署的人数。",
        "Days within which it can be appealed, after that of the decision; 0 means it is in force at once.": (
            "作出决定次日起的救济期限（日）；0 表示立即生效。"
        ),
        "On what rates and days rest.": "费率与期限的依据来源。",
        "`criteria.withdraw`: it is used no more (IN_FORCE → WITHDRAWN).": (
            "`criteria.withdraw`：废止（IN_FORCE → WITHDRAWN）。"
        ),
    },
)
