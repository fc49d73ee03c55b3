"""Writes the reference of records and rules from the code, and says what it should be.

Rewrite the files with `python -m tests.support.ledger_docs`; a test fails while they differ.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from govchain.ledger import KINDS, RULES, RecordKind, Rule, Text
from govchain.ledger.kinds.invoice.totals import TAX_TOLERANCE
from govchain.ledger.payloads import Envelope, Hashes, PayloadRef
from govchain.ledger.rules.attempt import CLOCK_TOLERANCE_MS, Transition
from govchain.ledger.sharing import CORRECTION, DECISION, SUPPLY
from govchain.legal import bases_of
from tests.support.ledger_docs_zh import FIELD_NAMES, TEXTS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PACKAGE = Path(__file__).parents[2] / "govchain"

Names = Mapping[str, str]

WRITTEN_BY = "<!-- Written from the code by `python -m tests.support.ledger_docs`; a test compares them. -->"


@functools.cache
def rule_sources() -> dict[str, list[str]]:
    """Rule id to what cites it in its docstring; for a rule that denies, only what also raises it."""
    found: dict[str, list[str]] = {name: [] for rule in RULES.values() for name in rule.ids}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                cited = _cited(ast.get_docstring(node) or "")
                for rule in RULES.values():
                    if not rule.codes or _raises(node, rule.id):
                        for name in cited.intersection(rule.ids):
                            found[name].append(node.name)
    return found


def _cited(docstring: str) -> set[str]:
    """Ids that stand behind the word rule."""
    sentences = re.findall(r"[Rr]ules? [^.:]*", docstring)
    return set(re.findall(r"\b(?:[A-Z]{2}-\d+|[A-Z]\d+)\b", " ".join(sentences)))


def _raises(node: ast.AST, rule: str) -> bool:
    return any(isinstance(item, ast.Constant) and item.value == rule for item in ast.walk(node))


def render_rules_en() -> str:
    rows = (
        f"| {_ids(rule)} | {_codes(rule.codes)} | {rule.demands.en} | {_origin(rule, zh=False)} |"
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
        "L3 is also the answer of `licence_status_at`; E4 and E5 are statements of `legal_effect_report`.",
        "A rule without code denies nothing: it is an answer, or nothing can break it.",
        "",
        "Where a standard's number or article is not confirmed, the source says so or names no number.",
        "",
        "| rule | codes | what it demands | source |",
        "|---|---|---|---|",
        *rows,
        "",
        "## What would make it allowed",
        "",
        "`govchain explain` and every answer about a denial say this too.",
        "",
        "| rule | code | remedy |",
        "|---|---|---|",
        *(f"| {rule.id} | `{code}` | {text.en} |" for rule, code, text in _remedies()),
        "",
        f"Claimed times (G9) and times of collection (E3) may lie {_TOLERANCE_MIN} minutes after the block.",
        f"Taxes (T2) may differ by {_LINE} a line, and at most {_DOCUMENT} a row of the breakdown",
        f"({TAX_TOLERANCE.source}).",
        f"Working days (D5): {DECISION.workdays} to decide a request, {CORRECTION.workdays} to refute an",
        f"objection, {SUPPLY.workdays} to connect the data (not confirmed).",
    )


def render_rules_zh() -> str:
    rows = (
        f"| {_ids(rule)} | {_codes(rule.codes)} | {rule.demands.zh} | {_origin(rule, zh=True)} |"
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
        "没有代码的规则不产生驳回：它是一种答复，或者无从违反。",
        "",
        "标准编号或条文未经核实者，来源栏注明或不列编号。",
        "",
        "| 规则 | 代码 | 要求 | 来源 |",
        "|---|---|---|---|",
        *rows,
        "",
        "## 如何获准",
        "",
        "`govchain explain` 与每次驳回的答复均给出以下说明。",
        "",
        "| 规则 | 代码 | 如何获准 |",
        "|---|---|---|",
        *(f"| {rule.id} | `{code}` | {text.zh} |" for rule, code, text in _remedies()),
        "",
        f"申报时间（G9）与取证时间（E3）可晚于区块时间 {_TOLERANCE_MIN} 分钟。",
        f"税额（T2）允差：每行 {_LINE}，每个税率行合计至多 {_DOCUMENT}（未经核实）。",
        f"工作日（D5）：答复申请 {DECISION.workdays} 日，认定异议不成立 {CORRECTION.workdays} 日，",
        f"接通数据 {SUPPLY.workdays} 日（未经核实）。",
    )


def _remedies() -> Iterator[tuple[Rule, str, Text]]:
    for rule in RULES.values():
        for code, text in rule.remedies.items():
            yield rule, code, text


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
    return _render_records(head, "| verb | from | to | organisation | key | rules |", zh=False)


def render_records_zh() -> str:
    head = (
        "# 记录",
        "",
        "English: [records.md](records.md)",
        "",
        "载荷为 RFC 8785 规范化 JSON 信封；`fields` 为各业务操作所需的字段。",
        "规则按末列顺序逐条检查，说明见[规则](rules.zh.md)。",
        "",
        "## 信封",
    )
    return _render_records(head, "| 业务操作 | 原状态 | 新状态 | 机构 | 密钥 | 规则 |", zh=True)


def render_roles_en() -> str:
    head = (
        "# Who may do what",
        "",
        "中文：[roles.zh.md](roles.zh.md)",
        "",
        "The role matrix (rule I5): what each verb asks of the organisation and of the key that signs.",
        "An organisation of a higher tier may do all that a lower one may: observers read, use licences and",
        "keep their keys; verify writes records; consensus may also run validators and decide on members.",
        "Rules may ask for more: that an organisation is the holder, the issuer, or runs a validator.",
        "",
        "| verb | tier | organisation | key |",
    )
    return _render_roles(head, zh=False)


def render_roles_zh() -> str:
    head = (
        "# 角色矩阵",
        "",
        "English: [roles.md](roles.md)",
        "",
        "角色矩阵（规则 I5）：每项业务操作对签署机构与密钥的要求。",
        "较高层级可办理较低层级的全部操作：observer 可查询、用证并管理本机构密钥；verify 可写入记录；",
        "consensus 并可运行验证节点、决定成员变更。规则可另有要求：须为持证主体、颁发机构或运行验证节点。",
        "",
        "| 业务操作 | 层级 | 机构 | 密钥 |",
    )
    return _render_roles(head, zh=True)


def _render_roles(head: tuple[str, ...], *, zh: bool) -> str:
    pages = _Pages(zh)
    rows = [pages.roles(row) for kind in KINDS.values() for row in kind.transitions]
    return _lines(WRITTEN_BY, *head, "|---|---|---|---|", *rows)


def _render_records(head: tuple[str, ...], columns: str, *, zh: bool) -> str:
    pages = _Pages(zh)
    parts = [WRITTEN_BY, *head, "", *pages.fields(Envelope, FIELD_NAMES, TEXTS)]
    for struct in (Hashes, PayloadRef):
        parts += pages.struct(struct, FIELD_NAMES, TEXTS)
    for kind in KINDS.values():
        parts += pages.kind(kind, columns)
    return _lines(*parts)


class _Pages:
    """Writes parts of the page of records in one language; what lacks Chinese is a KeyError."""

    def __init__(self, zh: bool) -> None:
        self._zh = zh

    def kind(self, kind: RecordKind, columns: str) -> Iterator[str]:
        names, texts = FIELD_NAMES | dict(kind.names_zh), TEXTS | dict(kind.texts_zh)
        yield from ("", f"## `{kind.record_type}`: {self._pick(kind.title)}", "")
        for state, name in kind.states.items():
            yield f"- `{state}` {name}"
        yield from ("", columns, "|---|---|---|---|---|---|")
        for row in kind.transitions:
            yield self._transition(row)
        for row in kind.transitions:
            yield from ("", f"### {row.verb}", "", self._say(_summary(row.fields), texts), "")
            yield from self.fields(row.fields, names, texts)
        for struct in _parts_of(kind):
            yield from self.struct(struct, names, texts)

    def struct(self, struct: type[msgspec.Struct], names: Names, texts: Names) -> Iterator[str]:
        yield from ("", f"### {struct.__name__}", "", self._say(_summary(struct), texts), "")
        yield from self.fields(struct, names, texts)

    def fields(self, struct: type[msgspec.Struct], names: Names, texts: Names) -> Iterator[str]:
        meanings = _field_texts(struct)
        if self._zh:
            yield from ("| 字段 | 名称 | 类型 | 必填 | 说明 |", "|---|---|---|---|---|")
        else:
            yield from ("| field | type | needed | meaning |", "|---|---|---|---|")
        for field in msgspec.structs.fields(struct):
            name = f"`{field.encode_name}`" + (f" | {names[field.name]}" if self._zh else "")
            kind = _type_name(field.type).replace(" or None", self._say(" or None", TEXTS))
            needed = self._say("yes", TEXTS) if field.required else ""
            yield f"| {name} | {kind} | {needed} | {self._say(meanings.get(field.name, ''), texts)} |"

    def _transition(self, row: Transition) -> str:
        rules = dict.fromkeys(["G2", "G9", "I5", *(rule_of(function) for function in row.rules)])
        say = functools.partial(self._say, texts=TEXTS)
        cells = (
            f"`{row.verb}`",
            say(", ").join(row.from_states) or say("(new)"),
            say(", ").join(row.to_states),
            say(" or ").join(row.org_roles) or say("by rule"),
            say(" or ").join(row.key_roles) or say("any active"),
            " ".join(rules),
        )
        return f"| {' | '.join(cells)} |"

    def roles(self, row: Transition) -> str:
        """Row of the role matrix."""
        say = functools.partial(self._say, texts=TEXTS)
        cells = (
            f"`{row.verb}`",
            row.tier,
            say(" or ").join(row.org_roles) or say("by rule"),
            say(" or ").join(row.key_roles) or say("any active"),
        )
        return f"| {' | '.join(cells)} |"

    def _pick(self, text: Text) -> str:
        return text.zh if self._zh else text.en

    def _say(self, text: str, texts: Names) -> str:
        return texts[text] if self._zh else text


def _parts_of(kind: RecordKind) -> list[type[msgspec.Struct]]:
    """Structs inside the payloads of a kind that are its own, each once."""
    found: dict[type[msgspec.Struct], None] = {}
    for row in kind.transitions:
        for field in msgspec.structs.fields(row.fields):
            for part in (field.type, *typing.get_args(field.type)):
                if isinstance(part, type) and issubclass(part, msgspec.Struct) and part is not Hashes:
                    found[part] = None
    return list(found)


def _type_name(kind: Any) -> str:
    name = str(kind) if getattr(kind, "__args__", None) else getattr(kind, "__name__", str(kind))
    return re.sub(r"\bgovchain(\.\w+)+\.", "", name).replace("|", "or").replace("Raw", "object")


def rule_of(function: Callable[..., Any]) -> str:
    """Rule id of a rule function: the first part of its name."""
    return re.sub(r"^([A-Z]{2})(\d)", r"\1-\2", function.__name__.partition("_")[0].upper())


def _summary(struct: type[msgspec.Struct]) -> str:
    return " ".join((inspect.getdoc(struct) or "").split())


def _field_texts(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Attribute docstrings of a struct."""
    tree = ast.parse(inspect.getsource(sys.modules[struct.__module__]))
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


def _ids(rule: Rule) -> str:
    return ", ".join(rule.ids)


def _codes(codes: tuple[str, ...]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _origin(rule: Rule, *, zh: bool) -> str:
    text = bases_of(rule)
    return text.zh if zh else text.en


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


FILES: dict[str, Callable[[], str]] = {
    "rules.md": render_rules_en,
    "rules.zh.md": render_rules_zh,
    "records.md": render_records_en,
    "records.zh.md": render_records_zh,
    "roles.md": render_roles_en,
    "roles.zh.md": render_roles_zh,
}

if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, render in FILES.items():
        (REFERENCE / name).write_text(render(), encoding="utf-8")
