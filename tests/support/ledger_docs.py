"""Writes the reference of records and rules from the code, and says what it should be.

Rewrite the files with `python -m tests.support.ledger_docs`; a test fails while they differ.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from govchain.ledger import RULES, execution, payload_check, payloads
from govchain.ledger.payloads import PAYLOADS, Envelope, Hashes, PayloadRef, SignedVote, TaxSubtotal
from govchain.ledger.rules import (
    TRANSITIONS,
    common,
    equivocation,
    evidence,
    governance,
    invoice,
    keys,
    licence,
)
from govchain.ledger.rules.amounts import TAX_TOLERANCE
from govchain.ledger.rules.attempt import CLOCK_TOLERANCE_MS, Transition
from tests.support.ledger_docs_zh import FIELD_NAMES, SOURCES, TEXTS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
RULE_MODULES = (common, keys, licence, evidence, invoice, governance, equivocation, execution, payload_check)

WRITTEN_BY = "<!-- Written from the code by `python -m tests.support.ledger_docs`; a test compares them. -->"


def rule_sources() -> dict[str, list[str]]:
    """Rule id to the names of the functions whose docstring cites it, or whose body raises it."""
    found: dict[str, list[str]] = {rule: [] for rule in RULES}
    for module in RULE_MODULES:
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                cited = set(re.findall(r"\b(?:[A-Z]{2}-\d+|[A-Z]\d+)\b", ast.get_docstring(node) or ""))
                for rule in [rule for rule in RULES if rule in cited and _raises(node, rule)]:
                    found[rule].append(node.name)
    return found


def _raises(node: ast.FunctionDef, rule: str) -> bool:
    return any(isinstance(item, ast.Constant) and item.value == rule for item in ast.walk(node))


def render_rules_en() -> str:
    rows = (
        f"| {rule.id} | {_codes(rule.codes)} | {rule.title_en} | {_origin(rule.source)} |"
        for rule in RULES.values()
    )
    return _lines(
        WRITTEN_BY,
        "# Rules",
        "",
        "中文：[rules.zh.md](rules.zh.md)",
        "",
        "Every denial names one of these rules and one of its codes.",
        "A denial is recorded on the chain without the payload (rule G8), uses up its nonce and nothing",
        "else changes; denials of RQ-1, RQ-4 and E_SIG change nothing at all.",
        "L3 is also the answer of `licence_status_at`; E4 and E5 are statements of `legal_effect_report`;",
        "G7 needs no rule, because no document is ever on the chain.",
        "",
        "Where a standard's number or article is not confirmed, the source says so or names no number.",
        "",
        "| rule | codes | what it demands | source |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Claimed times (G9) and times of collection (E3) may lie {_TOLERANCE_MIN} minutes after the block.",
        f"Taxes (T2) may differ by {_LINE} a line, and at most {_DOCUMENT} a row of the breakdown",
        f"({TAX_TOLERANCE.source}).",
    )


def render_rules_zh() -> str:
    rows = (
        f"| {rule.id} | {_codes(rule.codes)} | {rule.title_zh} | {SOURCES[rule.source]} |"
        for rule in RULES.values()
    )
    return _lines(
        WRITTEN_BY,
        "# 规则",
        "",
        "English: [rules.md](rules.md)",
        "",
        "每次驳回都注明规则编号与驳回代码。",
        "驳回本身上链留痕（规则 G8），不含载荷，仅消耗防重放序号，不改变其他状态；",
        "RQ-1、RQ-4 及 E_SIG 的驳回不改变任何状态。",
        "L3 同时是 `licence_status_at` 的答复；E4、E5 见 `legal_effect_report`；",
        "文件原文从不上链，故 G7 无需规则。",
        "",
        "标准编号或条文未经核实者，来源栏注明或不列编号。",
        "",
        "| 规则 | 代码 | 要求 | 来源 |",
        "|---|---|---|---|",
        *rows,
        "",
        f"申报时间（G9）与取证时间（E3）可晚于区块时间 {_TOLERANCE_MIN} 分钟。",
        f"税额（T2）允差：每行 {_LINE}，每个税率行合计至多 {_DOCUMENT}（未经核实）。",
    )


_TOLERANCE_MIN = CLOCK_TOLERANCE_MS // 60_000
_LINE = f"{TAX_TOLERANCE.line_cents / 100:.2f}"
_DOCUMENT = f"{TAX_TOLERANCE.document_cents / 100:.2f}"


def render_records_en() -> str:
    head = (
        "# Records",
        "",
        "中文：[records.zh.md](records.zh.md)",
        "",
        "A payload is an envelope in RFC 8785 canonical JSON; `fields` holds what its kind asks for.",
        "Rules are asked in the order of the last column; [rules.md](rules.md) explains them.",
        "",
        "## Envelope",
    )
    kinds = ("## Kinds", "", "| kind | from | to | organisation | key | rules |")
    return _render_records(head, kinds, zh=False)


def render_records_zh() -> str:
    head = (
        "# 记录",
        "",
        "English: [records.md](records.md)",
        "",
        "载荷为 RFC 8785 规范化 JSON 信封；`fields` 为各业务类型所需的字段。",
        "规则按末列顺序逐条检查，说明见[规则](rules.zh.md)。",
        "",
        "## 信封",
    )
    kinds = ("## 业务类型", "", "| 业务类型 | 原状态 | 新状态 | 机构 | 密钥 | 规则 |")
    return _render_records(head, kinds, zh=True)


def _render_records(head: tuple[str, ...], kinds: tuple[str, ...], *, zh: bool) -> str:
    say = _speaker(zh)
    parts = [WRITTEN_BY, *head, "", *_fields(Envelope, zh=zh)]
    for struct in (Hashes, PayloadRef, TaxSubtotal, SignedVote):
        parts += ["", f"### {struct.__name__}", "", say(_summary(struct)), "", *_fields(struct, zh=zh)]
    parts += ["", *kinds, "|---|---|---|---|---|---|"]
    parts += [_transition(transition, say) for transition in TRANSITIONS.values()]
    for kind, struct in PAYLOADS.items():
        parts += ["", f"### {kind}", "", say(_summary(struct)), "", *_fields(struct, zh=zh)]
    return _lines(*parts)


def _speaker(zh: bool) -> Callable[[str], str]:
    """Says a text in the language of the page; a text without Chinese is a KeyError that names it."""
    return TEXTS.__getitem__ if zh else str


def _transition(row: Transition, say: Callable[[str], str]) -> str:
    rules = dict.fromkeys(["G2", "G9", *(rule_of(function) for function in row.rules)])
    cells = (
        f"`{row.kind}`",
        say(", ").join(row.from_states) or say("(new)"),
        say(", ").join(row.to_states),
        say(" or ").join(row.org_roles) or say("by rule"),
        say(" or ").join(row.key_roles) or say("any active"),
        " ".join(rules),
    )
    return f"| {' | '.join(cells)} |"


def rule_of(function: Callable[..., Any]) -> str:
    """Rule id of a rule function: the first part of its name."""
    return re.sub(r"^([A-Z]{2})(\d)", r"\1-\2", function.__name__.partition("_")[0].upper())


def _fields(struct: type[msgspec.Struct], *, zh: bool) -> Iterator[str]:
    say = _speaker(zh)
    texts = _field_texts(struct)
    yield "| 字段 | 名称 | 类型 | 必填 | 说明 |" if zh else "| field | type | needed | meaning |"
    yield "|---|---|---|---|---|" if zh else "|---|---|---|---|"
    for field in msgspec.structs.fields(struct):
        kind = (
            getattr(field.type, "__name__", str(field.type))
            if not _is_generic(field.type)
            else str(field.type)
        )
        kind = kind.replace("govchain.ledger.payloads.", "").replace("|", "or").replace("Raw", "object")
        kind = kind.replace(" or None", say(" or None"))
        name = f"`{field.encode_name}`" + (f" | {FIELD_NAMES[field.name]}" if zh else "")
        needed, text = say("yes") if field.required else "", say(texts.get(field.name, ""))
        yield f"| {name} | {kind} | {needed} | {text} |"


def _summary(struct: type[msgspec.Struct]) -> str:
    return " ".join((inspect.getdoc(struct) or "").split())


def _is_generic(kind: Any) -> bool:
    return bool(getattr(kind, "__args__", None))


def _field_texts(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Attribute docstrings of a payload struct."""
    tree = ast.parse(inspect.getsource(payloads))
    (body,) = (
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == struct.__name__
    )
    texts = {}
    for item, following in itertools.pairwise(body):
        if isinstance(item, ast.AnnAssign) and isinstance(following, ast.Expr):
            assert isinstance(item.target, ast.Name)
            assert isinstance(following.value, ast.Constant)
            texts[item.target.id] = " ".join(str(following.value.value).split())
    return texts


def _codes(codes: tuple[str, ...]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _origin(source: str) -> str:
    return "rule of this chain" if source == "govchain" else source


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


FILES: dict[str, Callable[[], str]] = {
    "rules.md": render_rules_en,
    "rules.zh.md": render_rules_zh,
    "records.md": render_records_en,
    "records.zh.md": render_records_zh,
}

if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, render in FILES.items():
        (REFERENCE / name).write_text(render(), encoding="utf-8")
