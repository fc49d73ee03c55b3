"""The repository's own files, for the tests that read them. No check lives here."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "govchain"
PURE_PACKAGES = (
    *("consensus", "hotstuff", "ledger", "mempool", "reads"),
    *("codec", "model", "receipt", "documents"),
    *("disclosure", "analysis"),
)
SKIPPED_FOLDERS = {".git", ".venv", "__pycache__", "build", "dist", "runs", "demo", "network"} | {
    f".{tool}" for tool in ("hypothesis", "mypy_cache", "ruff_cache", "pytest_cache", "import_linter_cache")
}


def package_modules() -> list[Path]:
    """Every module of the package."""
    return sorted(path for path in PACKAGE.rglob("*.py"))


def public_packages() -> list[Path]:
    """Every `__init__.py` below the package."""
    return sorted(PACKAGE.glob("*/__init__.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """Syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def repository_files() -> tuple[Path, ...]:
    """Files that are, or would be, under version control; without Git, every file outside the caches."""
    answer = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if answer.returncode == 0:
        names = answer.stdout.decode().split("\0")
        return tuple(path for name in sorted(names) if name and (path := ROOT / name).is_file())
    return tuple(
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file() and SKIPPED_FOLDERS.isdisjoint(path.relative_to(ROOT).parts)
    )


def shown(path: Path) -> str:
    """A path as messages name it."""
    return path.relative_to(ROOT).as_posix()
