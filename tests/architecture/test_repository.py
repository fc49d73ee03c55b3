"""The repository tests itself: what documentation promises exists, and no file speaks of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer.main

from govchain.cli.app import build_app
from tests.architecture.sources import ROOT, repository_files, shown, tree_of

CLI_PAGES = ("docs/reference/cli.md", "docs/reference/cli.zh.md")
READMES = ("README.md", "README.zh.md")

# Work folders and package index addresses. Spelled in pieces, so that this file passes too.
MACHINE_TRACES = re.compile(
    "|".join(
        (
            "/ro" + r"ot/\.?\w",
            "/User" + r"s/\w",
            r"(?<![\w.])/wo" + r"rk/\w",
            r"/tmp/\w+/\w",
            "/opt/wh" + "eels",
            "(?<!emit-)index" + "-url",
            "(?<!emit-)trusted" + "-host",
            r"pypi\.or" + "g",
            "pythonhost" + "ed",
        )
    )
)
BINARY_SUFFIXES = {".png", ".ico", ".woff2", ".gz", ".tsr"}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of the tree: its words and the command."""
    waiting = [("govchain", typer.main.get_command(build_app()))]
    while waiting:
        words, command = waiting.pop(0)
        children = getattr(command, "commands", None)
        if children:
            waiting += [(f"{words} {name}", child) for name, child in children.items()]
        else:
            yield words, command


@pytest.mark.parametrize("page", CLI_PAGES)
def test_every_command_and_option_is_documented(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    sections = {part.split("`", 1)[0]: part for part in text.split("\n### `")}
    missing = []
    for words, command in commands():
        section = next(
            (body for title, body in sections.items() if (title + " ").startswith(words + " ")), None
        )
        if section is None:
            missing.append(words)
            continue
        for parameter in command.params:
            if not parameter.name or parameter.name == "help":
                continue
            name = max(parameter.opts, key=len)
            if name.startswith("--") and f"`{name}" not in section and not is_common(name, text):
                missing.append(f"{words} {name}")
    assert not missing, f"{page} does not mention: {', '.join(missing)}"


def is_common(option: str, text: str) -> bool:
    """Options that the page explains once, for all commands."""
    common = text.split("\n## ", 2)[1] if "\n## " in text else ""
    return f"`{option}" in common


@pytest.mark.parametrize("page", CLI_PAGES)
def test_documented_commands_exist(page: str) -> None:
    known = [words for words, _ in commands()]
    titles = re.findall(r"^### `(govchain[^`]*)`", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert titles
    for title in titles:
        assert any((title + " ").startswith(words + " ") for words in known), (
            f"{page}: `{title}` does not exist"
        )


def make_targets(page: str) -> list[str]:
    """Targets that a page names, in its order."""
    return re.findall(r"(?:^|`)make ([a-z0-9-]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_make_targets_named_in_documents_exist_and_are_the_same_in_both_languages(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    named = make_targets(page)
    assert named, f"{page} names no make target"
    assert set(named) <= targets, f"{page} names {sorted(set(named) - targets)}"
    chinese = make_targets(page.replace(".md", ".zh.md"))
    assert chinese == named, f"{page} and its twin do not both name {sorted(set(named) ^ set(chinese))}"


LINKING_PAGES = (
    "CONTRIBUTING.md",
    "CONTRIBUTING.zh.md",
    "docs/architecture.md",
    "docs/adr/README.md",
    "docs/protocol.md",
    "docs/protocol.zh.md",
    "docs/situations.md",
    "docs/situations.zh.md",
    "tests/golden/README.md",
)


@pytest.mark.parametrize("page", [*READMES, *LINKING_PAGES])
def test_links_in_documents_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if not (path.parent / link).exists()]
    assert not missing, f"{page}: {missing}"


def test_every_decision_is_in_the_index_once_under_its_title() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in records]
    rows = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \| (.+) \|$", index, re.MULTILINE)
    assert [(f"# {number} {title}", name) for number, name, title in rows] == [
        (title, path.name) for title, path in zip(titles, records, strict=True)
    ]


def test_R1_every_package_is_placed_in_a_layer() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = project.split("layers = [", 1)[1].split("]", 1)[0]
    for package in (ROOT / "govchain").glob("*/__init__.py"):
        assert re.search(rf"\b{package.parent.name}\b", layers), f"{package.parent.name} is in no layer"


def test_no_file_speaks_of_one_machine() -> None:
    found = []
    for path in repository_files():
        if path.suffix in BINARY_SUFFIXES:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if match := MACHINE_TRACES.search(line):
                found.append(f"{shown(path)}:{number}: {match.group()}")
    assert not found, "\n".join(found[:20])


def test_no_key_is_in_the_repository() -> None:
    keys = [shown(path) for path in repository_files() if path.suffix in {".key", ".pem"}]
    assert not keys


def test_lock_files_pin_every_package_with_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        entries = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        for entry in (each for each in entries if each and not each.startswith("#")):
            assert re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), f"{name}: {entry[:60]}"


def test_every_runtime_dependency_is_imported_by_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {re.split(r"[>=;]", line)[0].strip() for line in project["project"]["dependencies"]}
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "govchain").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", sources, re.MULTILINE))
    used = {
        re.sub(r"[-_.]+", "-", name).lower()
        for module, names in metadata.packages_distributions().items()
        if module in imported
        for name in names
    }
    assert wanted
    assert not wanted - used, "only tests use it, or nobody"


def test_runtime_lock_holds_what_the_project_asks_for() -> None:
    locked = {
        line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line
    }
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(
        r'^  "([a-z0-9-]+)>=', project.split("dependencies = [", 1)[1].split("\n]", 1)[0], re.MULTILINE
    )
    assert wanted
    assert not set(wanted) - locked


def test_compiled_modules_are_such_as_the_compiler_understands() -> None:
    """It says nothing when it drops the keywords of a class, and with them the tag of a message."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]["include"]
    assert included == sorted(included)
    for name in included:
        for node in ast.walk(tree_of(ROOT / name)):
            if isinstance(node, ast.ClassDef):
                assert not node.keywords, f"{name}: class {node.name} has keywords"
                bases = [ast.unparse(base) for base in node.bases]
                assert "msgspec.Struct" not in bases, f"{name}: {node.name} is a Struct"


def test_continuous_integration_runs_check_and_test() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    makes = re.findall(r"\bmake .+", script.read_text(encoding="utf-8"))
    assert makes == ["make check", "make compiled", "make test"]


def test_module_entry_point_prints_the_version() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "govchain", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert re.fullmatch(r"govchain \d+\.\d+\.\d+\S*\n", answer.stdout)


def test_regression_scenarios_are_data_only() -> None:
    assert all(path.suffix != ".py" for path in Path(ROOT / "scenarios").rglob("*"))
