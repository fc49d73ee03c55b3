"""Every sentence in which a rule says what it found has its Chinese; the chain keeps the English alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from govchain.errors import ConfigError
from govchain.ledger.execution import DETAIL_MAX
from govchain.legal import detail_in_chinese, explain
from govchain.legal.detail import TRANSLATED_MAX, details, read_details, sentence_of
from tests.architecture.sources import PACKAGE, package_modules, shown, tree_of

HAN = re.compile(r"[\u3400-\u9fff]")
ENGLISH_LEFT = re.compile(r"[a-z]{2,} (?:[a-z]{2,}|⟨)")
"""Two words in a row that nobody translated; single ones are names of fields, codes and the like."""
HALF_WIDTH = re.compile(r"[\u3400-\u9fff][,;:?!()]|[,;?!(][\u3400-\u9fff]")

PASSED_ON = {
    "ledger/payload_check.py": "_explain(payload, verb.transition.fields)",
    "ledger/kinds/accreditation/rules.py": "problem",
    "ledger/kinds/change/effects.py": "problem",
    "ledger/kinds/equivocation/rules.py": "str(error)",
    "ledger/kinds/exchange/judgement.py": "detail",
    "ledger/kinds/invoice/rules.py": "str(error)",
    "ledger/kinds/licence/issuing.py": "answer.broken_at",
    "mempool/form.py": "str(error)",
    "mempool/pool.py": "str(error)",
}
"""Where a rule says what another function found; a new place is added here, and that function below."""
RAISING = (
    "ledger/identifiers.py",
    "ledger/amounts.py",
    "ledger/kinds/invoice/totals.py",
    "crypto/evidence.py",
)
"""Modules whose errors become the detail of a denial."""
RETURNING = (
    *("find_root_problem", "follow", "_find_problem", "_find_broken_link"),
    *("_find_mismatch", "_explain", "find_broken_quorum"),
)
"""Functions whose answers become the detail of a denial."""

CLOSED = {
    "consent {0} is for another {1}": (1, ("audience", "purpose", "person")),
    "{0} is {1}; the other side has to confirm first": (1, ("booked", "used")),
    "{0} {1} exceeds the {2} left of the blue invoice": (0, ("net", "tax", "gross")),
    "the lines make a {0} of {1}, not {2}": (0, ("net", "tax")),
}
"""Sentences that have a word of few in one place: which place, which words."""

WORDS = (
    *("unknown", "ABSENT", "no end", "active", "suspended", "expelled", "admitted", "revoked", "rotated"),
    *("no bound", "[withheld]", "this validator", "this organisation", "that organisation"),
    *("realty title", "realty mortgage"),
    *("the seller", "the seller or an organisation with role {0}", "not in the register of taxpayers"),
)
"""What only stands inside a sentence."""


def test_every_detail_of_a_denial_has_its_chinese() -> None:
    found = list(sentences())
    assert len(found) > 400
    wrong = [
        f"{place}: {sample}"
        for place, template in found
        for sample in samples_of(template)
        if not is_translated(detail_in_chinese(sample))
    ]
    assert not wrong, "add these to govchain/legal/details:\n" + "\n".join(wrong)


def is_translated(chinese: str) -> bool:
    rest = re.sub("⟨.⟩", "", chinese)
    # What is nothing but a place and another sentence has no word of its own.
    return (
        not ENGLISH_LEFT.search(chinese)
        and not ENGLISH_LEFT.search(rest)
        and bool(HAN.search(rest) or rest.endswith("："))
    )


def samples_of(template: str) -> list[str]:
    """A sentence with something in every place; with each word, where few are possible."""
    place, words = CLOSED.get(template, (-1, ("",)))
    fixed = template.replace(f"{{{place}}}", "⟨w⟩")
    marked = re.sub(r"\{(\d)\}", r"⟨\1⟩", fixed)
    return [marked.replace("⟨w⟩", word) for word in words]


def test_every_sentence_of_the_table_is_said_somewhere() -> None:
    said = [sample for _, template in sentences() for sample in samples_of(template)]
    said += [sample.partition(": ")[2] for sample in said]
    said += [re.sub(r"(?<=expected )1 to|(?<=pseudonym of )1 to", "⟨0⟩ to", sample) for sample in said]
    assert set(details()) - {sentence_of(sample) for sample in said} == set(WORDS)


def test_chinese_holds_every_value_and_is_chinese() -> None:
    for english, chinese in details().items():
        values = re.findall(r"\{\d\}", english)
        assert sorted(values) == sorted(re.findall(r"\{\d\}", chinese)), english
        assert [int(each[1]) for each in values] == list(range(len(values))), english
        assert HAN.search(chinese) or english == "{0}: {1}", english
        assert not HAN.search(english.replace("（2026）京0491民初99号", "")), english
        assert not HALF_WIDTH.search(chinese), english


def test_values_stand_where_chinese_wants_them() -> None:
    assert detail_in_chinese("psb is the source of psb.person") == "psb.person 的数源部门为 psb"


def test_a_value_that_is_a_sentence_or_a_list_is_translated_too() -> None:
    found = detail_in_chinese("fields.to_date: this day is not in the calendar")
    assert found == "fields.to_date：该日期不存在"
    found = detail_in_chinese("licence.issue needs a key with role checker or approver")
    assert found == "licence.issue 须使用具有 checker 或 approver 角色的密钥"


def test_what_says_most_wins() -> None:
    assert detail_in_chinese("X is paid already, beside the escrow") == "X 已在托管之外支付"
    assert detail_in_chinese("X is paid already") == "X 已支付"


def test_what_the_table_does_not_know_stays_as_it_is() -> None:
    assert detail_in_chinese("a sentence of a later version") == "a sentence of a later version"
    assert detail_in_chinese("") == ""


def test_explanation_of_a_denial_tells_its_detail_in_chinese() -> None:
    found = explain("I1", "E_KEY_REVOKED", "the signing key is revoked")
    assert found is not None
    assert found.detail_zh == "签名密钥已撤销"


@pytest.mark.parametrize("length", [DETAIL_MAX, TRANSLATED_MAX, 100_000])
def test_a_detail_made_by_a_stranger_ends(length: int) -> None:
    """It may repeat the words of a sentence, or hold one sentence in another as deep as it is long."""
    for words in (
        "the " + " exceeds the  left of " * 5_000,
        "x: " * 40_000,
        " or " * 30_000,
        "{0}}{" * 20_000,
    ):
        assert detail_in_chinese(words[:length])


def test_the_table_knows_whatever_a_block_can_hold() -> None:
    assert DETAIL_MAX <= TRANSLATED_MAX


def test_a_whole_detail_fits_into_a_block() -> None:
    """What is cut has no Chinese."""
    assert all(len(english) < DETAIL_MAX - 100 for english in details())


def test_one_sentence_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text('"it is late": "太迟了"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="another file"):
        read_details(tmp_path)


def test_no_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no table"):
        read_details(tmp_path)


def sentences() -> Iterator[tuple[str, str]]:
    """Place and template of everything that may be the detail of a denial or of a refusal by a pool."""
    for path in package_modules():
        name = path.relative_to(PACKAGE).as_posix()
        if name.split("/")[0] not in ("ledger", "mempool", "crypto", "gateway"):
            continue
        for node in ast.walk(tree_of(path)):
            for value in _said(node, name):
                yield f"{shown(path)}:{value.lineno}", _template(value)


def _said(node: ast.AST, name: str) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id="deny" | "reject" | "PoolFull" | "NotPermitted"), args=[*_, said]):
            if _is_text(said):
                yield said
            elif name != "ledger/rules/rule.py":
                passed = ast.unparse(said)
                assert PASSED_ON.get(name) == passed, f"{name}:{node.lineno} passes on {passed}"
        case ast.Call(func=ast.Name(id="ValueError" | "BadProof"), args=[said]) if name in RAISING:
            yield said
        case ast.FunctionDef() if node.name in RETURNING:
            yield from _returned(node)
        case ast.Assign(targets=[ast.Name(id="detail")], value=said) if _is_text(said):
            yield said


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    waiting = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
    while waiting:
        match waiting.pop():
            case ast.Tuple(elts=values) | ast.BoolOp(values=values):
                waiting += values
            case ast.IfExp(body=body, orelse=orelse):
                waiting += [body, orelse]
            case value if _is_text(value):
                yield value


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)
    )


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    text, number = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            text += f"{{{number}}}"
            number += 1
    return text
