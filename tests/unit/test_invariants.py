"""Each invariant of the domain is in the code, in tests that allow and deny, and in the reference.

The domain's own list stands here, so that nothing can be forgotten; `NOT_YET` can only become shorter.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from govchain.ledger import RULES
from tests.support.ledger_docs import PACKAGE, REFERENCE, rule_sources

INVARIANTS = (
    *(f"G{number}" for number in range(1, 9)),
    *(f"I{number}" for number in range(1, 8)),
    *(f"L{number}" for number in range(1, 10)),
    *(f"E{number}" for number in range(1, 10)),
    *(f"T{number}" for number in range(1, 11)),
    *(f"D{number}" for number in range(1, 11)),
)
"""Shared rules, identity, e-licence, evidence, tax, directory and sharing (records.md, first wave)."""

NOT_YET: tuple[str, ...] = ()
"""Invariants that no rule stands for so far. Take an id away when its rule, tests and reference are there."""

ALLOWS = ("allows", "answers", "records", "reports", "shows")
DENIES = ("denies", "refuses", "never", "nothing")
"""What the name of a test must hold so that it counts: `test_L3_denies_…`, `test_E4_answers_…`."""

IDS = [name for rule in RULES.values() for name in rule.ids]


@functools.cache
def names_of_tests() -> tuple[str, ...]:
    texts = [
        path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parents[1].rglob("test_*.py"))
    ]
    return tuple(re.findall(r"def (test_\w+)", "\n".join(texts)))


def named_after(rule: str) -> list[str]:
    """Names of tests that carry the id, possibly among others."""
    wanted = re.compile(rf"(?<![A-Za-z0-9]){rule.replace('-', '')}_")
    return [name for name in names_of_tests() if wanted.search(name)]


def test_every_invariant_is_a_rule_or_known_to_be_missing() -> None:
    missing = [name for name in INVARIANTS if name not in IDS]
    assert missing == list(NOT_YET), "take away from NOT_YET what is there; never add to it"


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_is_cited_where_it_is_kept(rule: str) -> None:
    assert rule_sources()[rule], f"nothing both cites and keeps rule {rule}"


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_has_a_test_that_allows_and_one_that_denies(rule: str) -> None:
    names = named_after(rule)
    assert any(word in name for name in names for word in ALLOWS), f"no test_{rule}_…{'|'.join(ALLOWS)}…"
    assert any(word in name for name in names for word in DENIES), f"no test_{rule}_…{'|'.join(DENIES)}…"


@pytest.mark.parametrize("page", ["rules.md", "rules.zh.md"])
@pytest.mark.parametrize("rule", IDS)
def test_every_rule_is_in_the_reference(rule: str, page: str) -> None:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    assert re.search(rf"^\| ([A-Z0-9-]+, )*{rule}[,| ]", text, re.MULTILINE)


def test_every_denial_in_the_code_has_a_rule_with_that_code() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "deny":
                rule, code = (ast.literal_eval(argument) for argument in node.args[:2])
                found.append((rule, code))
                assert rule in RULES, f"{path}: rule {rule} is in no table"
                assert code in RULES[rule].codes, f"{path}: {code} is not a code of rule {rule}"
    unused = {(rule.id, code) for rule in RULES.values() for code in rule.codes} - set(found)
    assert not unused, f"denials that nothing raises: {sorted(unused)}"
