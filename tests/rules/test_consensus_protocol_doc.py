"""docs/protocol.md against the code: rules name functions and tests that exist, code tables are complete.

Its Chinese twin names the same under each rule. The code tables that can be generated are: `python -m
tests.rules.test_consensus_protocol_doc` writes them. How the pages are worded is no matter here.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from govchain.api.reference_zh import REFUSALS
from govchain.consensus import REJECTION_CODES, messages
from govchain.mempool import REJECTIONS
from govchain.model import Attestation

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "protocol.md"
CHINESE_PAGE = ROOT / "docs" / "protocol.zh.md"
GROUPS = {"MS": 1, "RQ": 5, "NC": 8, "CP": 3, "VC": 7, "RC": 4, "CU": 5, "MB": 5, "EV": 2, "RD": 1, "HS": 9}
"""Number of rules in each group."""
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))
RULE_TESTS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py"))
)


def read_rules(page: Path) -> dict[str, str]:
    """Rule id to its text, with line breaks folded."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(
        r"^- \*\*([A-Z]{2}-\d)\*\* (.*?)(?=\n\n|\n- |\n\Z)", text, flags=re.MULTILINE | re.DOTALL
    )
    return {rule: " ".join(body.split()) for rule, body in found}


def resolve(path: str) -> Callable[..., object]:
    """The function that a dotted path names."""
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            value = getattr(value, name)
        assert callable(value)
        return value
    raise AssertionError(f"{path} names nothing")


RULES = read_rules(PAGE)
CHINESE_RULES = read_rules(CHINESE_PAGE)
IMPLEMENTED = [rule for rule, body in RULES.items() if "In `" in body]


@pytest.mark.parametrize("page", [PAGE, CHINESE_PAGE], ids=["en", "zh"])
def test_every_rule_is_on_the_page_once(page: Path) -> None:
    expected = [f"{group}-{number}" for group, count in GROUPS.items() for number in range(1, count + 1)]
    found = re.findall(r"^- \*\*([A-Z]{2}-\d)\*\* ", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_either_implemented_or_planned(rule: str) -> None:
    assert ("*Planned.*" in RULES[rule]) != (rule in IMPLEMENTED)


@pytest.mark.parametrize("rule", IMPLEMENTED)
def test_an_implemented_rule_names_its_function_and_test(rule: str) -> None:
    places = re.findall(r"In `([\w.]+)`; tested by `(test_\w+)`\.", RULES[rule])
    assert len(places) == 1, f"{rule}: one function, one test"
    ((function, test),) = places
    docstring = resolve(function).__doc__
    assert docstring
    module = importlib.import_module(resolve(function).__module__).__doc__ or ""
    assert rule in docstring or _is_in_range(rule, docstring + module), f"{function} does not cite {rule}"
    assert f"def {test}(" in TESTS, f"{rule}: no test {test}"


def test_both_languages_have_the_same_rules_in_the_same_order() -> None:
    only_one = sorted(set(RULES) ^ set(CHINESE_RULES))
    assert not only_one, f"on one of the two pages alone: {only_one}"
    moved = [(one, other) for one, other in zip(RULES, CHINESE_RULES, strict=True) if one != other]
    assert not moved, f"in another order from {moved[0]} on"


@pytest.mark.parametrize("rule", RULES)
def test_the_chinese_rule_names_the_same_function_test_codes_and_rules(rule: str) -> None:
    english, chinese = RULES[rule], CHINESE_RULES.get(rule, "")
    places = re.findall(r"实现于 `([\w.]+)`；由 `(test_\w+)` 测试。", chinese)
    assert places == re.findall(r"In `([\w.]+)`; tested by `(test_\w+)`\.", english), (
        f"{rule}: the function and its test, in protocol.zh.md"
    )
    one, other = named_in(english), named_in(chinese)
    assert one == other, f"{rule}: only English {sorted(one - other)}; only Chinese {sorted(other - one)}"


def named_in(text: str) -> set[str]:
    """What is the same in every language: code, and ids of rules."""
    return set(re.findall(r"`[^`]+`|(?<![A-Z])[A-Z]{1,2}-?\d+", text))


def _is_in_range(rule: str, text: str) -> bool:
    """Whether `NC-2 to NC-6` in a text covers a rule."""
    group, number = rule.split("-")
    ranges = re.findall(rf"{group}-(\d) to {group}-(\d)", text)
    return any(int(first) <= int(number) <= int(last) for first, last in ranges) or rule in text


def rejection_table() -> str:
    """The table of consensus codes as it stands on the page."""
    rows = [f"| `{code}` | {known.rule} | {known.explanation} |" for code, known in REJECTION_CODES.items()]
    return "\n".join(["| code | rule | meaning |", "|---|---|---|", *rows])


def admission_table() -> str:
    """The table of admission codes as it stands on the page."""
    rows = [f"| `{code}` | {explanation} |" for code, explanation in REJECTIONS.items()]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def admission_table_zh() -> str:
    """The same in the words of the HTTP reference."""
    rows = [f"| `{code}` | {REFUSALS[explanation]} |" for code, explanation in REJECTIONS.items()]
    return "\n".join(["| 代码 | 含义 |", "|---|---|", *rows])


def test_the_code_tables_are_on_the_pages_as_they_are_in_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rejection_table() in text
    assert admission_table() in text
    assert admission_table_zh() in CHINESE_PAGE.read_text(encoding="utf-8")


def test_both_languages_list_the_same_codes_of_the_same_rules() -> None:
    english, chinese = (
        re.findall(r"^\| `([a-z-]+)` \| ([A-Z]{2}-\d) \| \S", page.read_text(encoding="utf-8"), re.MULTILINE)
        for page in (PAGE, CHINESE_PAGE)
    )
    differing = sorted(set(english) ^ set(chinese))
    assert not differing, f"on one of the two pages alone: {differing}"
    assert english == chinese, "the order of the codes"


@pytest.mark.parametrize("code", [*REJECTION_CODES, *REJECTIONS])
def test_every_code_is_produced_by_some_test(code: str) -> None:
    assert f'"{code}"' in RULE_TESTS, f"no rules test speaks of {code}"


@pytest.mark.parametrize("code", REJECTION_CODES)
def test_a_code_belongs_to_a_rule_on_the_page(code: str) -> None:
    assert REJECTION_CODES[code].rule in RULES


def test_every_message_is_in_the_table_with_its_tag() -> None:
    text = PAGE.read_text(encoding="utf-8")
    kinds = (messages.Proposal, messages.Prepare, messages.Commit, messages.Progress)
    for kind in (*kinds, messages.ViewChange, messages.NewView, Attestation):
        assert f"| `{kind.__name__}` | `{kind.__struct_config__.tag}` |" in text


def write_tables() -> None:
    """Write each table under its marker."""
    for page, marker, table in (
        (PAGE, "rejection codes", rejection_table()),
        (PAGE, "admission codes", admission_table()),
        (CHINESE_PAGE, "admission codes", admission_table_zh()),
    ):
        below = re.compile(rf"<!-- {marker} -->\n(\n(\|[^\n]*\n)+)?")
        text = page.read_text(encoding="utf-8")
        page.write_text(below.sub(f"<!-- {marker} -->\n\n{table}\n", text), encoding="utf-8")


if __name__ == "__main__":
    write_tables()
