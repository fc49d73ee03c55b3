"""One idea a module, one thought a function: both have a length that they do not outgrow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import package_modules, public_packages, shown, tree_of

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
PUBLIC_NAMES_MAX = 25


@pytest.mark.parametrize("path", package_modules(), ids=shown)
def test_module_is_short_enough_to_hold_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MODULE_LINES_MAX, f"{shown(path)} has {lines} lines; split it by idea"


@pytest.mark.parametrize("path", package_modules(), ids=shown)
def test_functions_are_short_enough_to_read_at_once(path: Path) -> None:
    too_long = [
        f"{node.name} ({_body_lines(node)} lines)"
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and _body_lines(node) > FUNCTION_LINES_MAX
    ]
    assert not too_long, f"{shown(path)}: {', '.join(too_long)}"


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines after the docstring: a long list of documented options is no long thought."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", package_modules(), ids=shown)
def test_module_says_in_its_first_line_what_it_is(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), f"{shown(path)} has no docstring"


@pytest.mark.parametrize("path", public_packages(), ids=shown)
def test_R4_package_has_few_public_names(path: Path) -> None:
    names = _public_names(tree_of(path))
    assert len(names) <= PUBLIC_NAMES_MAX, f"{shown(path)} offers {len(names)} names"
    assert names == sorted(names, key=_export_order), f"{shown(path)}: __all__ is not sorted"


def _public_names(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            names = ast.literal_eval(node.value)
            return [str(name) for name in names]
    return []


def _export_order(name: str) -> tuple[int, str]:
    # CONSTANTS, then Classes, then functions: the order that the linter writes.
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)
