"""A planted fault: one guard of the product taken out, and the tests that must notice.

Values and the question whether a mutant still applies. Nothing is run here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard, taken out.

    Attributes:
        name: Unique, in words.
        file: Below `govchain`.
        before: Text of the guard; stands in the file exactly once.
        after: What replaces it.
        tests: Test functions of which at least one must fail; `tests/…/test_x.py::test_name`.
        situations: Numbers of docs/situations.md that the guard answers.
        rules: Rule ids of docs/protocol.md that the guard implements.
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    situations: tuple[int, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The file, relative to the project."""
        return Path("govchain") / self.file

    def apply(self, text: str) -> str:
        """The file's text without the guard. Expects `find_problem` to be empty."""
        return text.replace(self.before, self.after)


def find_problem(mutant: Mutant, root: Path = ROOT) -> str:
    """Why a mutant cannot be planted any more, and what to do; empty when it can."""
    path = root / mutant.path
    if not path.exists():
        return f"{mutant.path} does not exist; name the file in which the guard stands now"
    text = path.read_text(encoding="utf-8")
    count = text.count(mutant.before)
    if count != 1:
        first = mutant.before.strip().splitlines()[0]
        reason = "is not there" if count == 0 else f"is there {count} times"
        return (
            f"{mutant.path}: the guard {reason}: {first!r}; copy its new text to `before`, with as much "
            "around it as makes it unique, or remove the mutant if the guard is gone for a reason"
        )
    try:
        compile(mutant.apply(text), str(path), "exec")
    except SyntaxError as error:
        return (
            f"{mutant.path}: without the guard line {error.lineno} is no Python: {error.msg}; correct `after`"
        )
    for test in mutant.tests:
        file, _, name = test.partition("::")
        found = root / file
        if not found.exists() or not re.search(
            rf"def {re.escape(name.split('::')[-1])}\b", found.read_text(encoding="utf-8")
        ):
            return f"no test {test}; name the one that fails without the guard"
    return "" if mutant.tests else "it names no test"
