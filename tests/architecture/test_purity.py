"""Rules R2 and R6 in the pure packages, as far as imports do not show them: no clock, no order of a set."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGE, PURE_PACKAGES, shown, tree_of

CLOCK_CALLS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
IMPURE_BUILTINS = {"open", "input", "print", "breakpoint", "hash", "id"}
ORDER_FREE = {"sorted", "len", "any", "all", "sum", "min", "max", "set", "frozenset", "bool"}


def pure_modules() -> list[Path]:
    trees = [PACKAGE / "crypto" / name for name in ("log_tree.py", "history_tree.py", "state_map.py")]
    return sorted(path for package in PURE_PACKAGES for path in (PACKAGE / package).rglob("*.py")) + trees


@pytest.mark.parametrize("path", pure_modules(), ids=shown)
def test_R6_pure_code_reads_no_clock(path: Path) -> None:
    found = [
        f"line {node.lineno}: {node.func.value.id}.{node.func.attr}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in CLOCK_CALLS
    ]
    assert not found, f"{shown(path)}: {found}"


@pytest.mark.parametrize("path", pure_modules(), ids=shown)
def test_R2_pure_code_calls_no_impure_builtin(path: Path) -> None:
    found = [
        f"line {node.lineno}: {node.func.id}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS
    ]
    assert not found, f"{shown(path)}: {found}"


@pytest.mark.parametrize("path", pure_modules(), ids=shown)
def test_R6_pure_code_never_follows_the_order_of_a_set(path: Path) -> None:
    found = sorted(set_iterations(tree_of(path)))
    assert not found, f"{shown(path)}: iteration over a set in lines {found}; sort it, or use a dict"


def set_iterations(tree: ast.Module) -> set[int]:
    """Lines that iterate over what is visibly a set. A heuristic: names are followed inside one function."""
    lines: set[int] = set()
    scopes = [
        n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ]
    for scope in [tree, *scopes]:
        names = _set_names(scope)
        for node in ast.walk(scope):
            for iterated in _iterated(node):
                if _is_set(iterated, names):
                    lines.add(iterated.lineno)
    return lines


def _iterated(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return [node.iter]
    if isinstance(node, (ast.ListComp, ast.DictComp)):
        # A set built from a set has no order to leak; what consumes a generator is judged below.
        return [generator.iter for generator in node.generators]
    if isinstance(node, ast.Call):
        return _iterated_arguments(node)
    return []


def _iterated_arguments(node: ast.Call) -> list[ast.expr]:
    consumer = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if consumer in ORDER_FREE:
        return []
    arguments = (
        list(node.args) if consumer in {"list", "tuple", "iter", "enumerate", "join", "dict", "next"} else []
    )
    for argument in node.args:
        if isinstance(argument, ast.GeneratorExp):
            arguments += [generator.iter for generator in argument.generators]
    return arguments


def _set_names(scope: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(scope):
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and _is_set(node.value, set()):
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign) and _is_set_annotation(node.annotation):
            target = node.target
        elif (
            isinstance(node, ast.arg) and node.annotation is not None and _is_set_annotation(node.annotation)
        ):
            names.add(node.arg)
        if isinstance(target, (ast.Name, ast.Attribute)):
            names.add(ast.unparse(target))
    return names


def _is_set_annotation(annotation: ast.expr) -> bool:
    text = ast.unparse(annotation)
    return text.startswith(("set[", "frozenset[", "Set[", "AbstractSet[")) or text in {"set", "frozenset"}


def _is_set(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"set", "frozenset"}
    ):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)):
        return _is_set(node.left, names) or _is_set(node.right, names)
    return isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node) in names


@pytest.mark.parametrize(
    ("code", "is_caught"),
    [
        ("def f(x: set[int]):\n    for y in x: pass", True),
        ("def f(x):\n    known = {1, 2}\n    return [y for y in known]", True),
        ("def f(x):\n    return list(set(x) - {1})", True),
        ("def f(x):\n    return tuple(y for y in set(x))", True),
        ("def f(x: set[int]):\n    return sorted(x)", False),
        ("def f(x: set[int]):\n    return all(y > 1 for y in x)", False),
        ("def f(x: dict[int, int]):\n    return [y for y in x]", False),
    ],
)
def test_R6_the_heuristic_itself_catches_what_it_should(code: str, is_caught: bool) -> None:
    assert bool(set_iterations(ast.parse(code))) is is_caught
