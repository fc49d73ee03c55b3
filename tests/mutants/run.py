"""Plants the mutants one after the other in a copy of the project and demands that their tests fail.

    python -m tests.mutants.run [word …]

Words choose mutants by name, file, rule or situation (`s23`). Exit status 0: all were killed; 1: one survived
or does not apply; 2: the tests fail without any mutant. Nothing in the project itself is changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.mutants.mutant import ROOT, Mutant, find_problem
from tests.mutants.table import MUTANTS

WORKERS: Final = 2
TIMEOUT_S: Final = 240
"""For the tests of one mutant; each test has 40 seconds."""
LEFT_OUT: Final = shutil.ignore_patterns(".*", "__pycache__", "demo", "runs", "benchmarks")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    is_killed: bool
    told: str
    """The first failed test, or why there is none."""


def main(words: Sequence[str]) -> int:
    """Run the chosen mutants; all when no word is given."""
    chosen = [mutant for mutant in MUTANTS if _is_chosen(mutant, words)]
    print(f"{len(chosen)} of {len(MUTANTS)} mutants")
    broken = [(mutant, problem) for mutant in chosen if (problem := find_problem(mutant))]
    for mutant, problem in broken:
        print(f"DOES NOT APPLY  {mutant.name}\n    {problem}")
    chosen = [mutant for mutant in chosen if not find_problem(mutant)]
    if not chosen:
        return 1
    with tempfile.TemporaryDirectory(prefix="govchain-mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(WORKERS):
            copy = Path(folder) / str(number)
            shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
            copies.put(copy)
        if not _passes_without_mutant(Path(folder) / "0", chosen):
            return 2
        verdicts = _run_all(chosen, copies)
    survivors = [verdict for verdict in verdicts if not verdict.is_killed]
    killed = len(verdicts) - len(survivors)
    print(f"{killed} killed, {len(survivors)} survived, {len(broken)} do not apply")
    for verdict in survivors:
        print(f"SURVIVED  {verdict.mutant.name} ({verdict.mutant.path}): {verdict.told}")
    return 1 if survivors or broken else 0


def _is_chosen(mutant: Mutant, words: Sequence[str]) -> bool:
    names = {*mutant.rules, *(f"s{number}" for number in mutant.situations)}
    return not words or any(word in names or word in mutant.name or word in mutant.file for word in words)


def _run_all(mutants: Sequence[Mutant], copies: SimpleQueue[Path]) -> list[Verdict]:
    def judge(mutant: Mutant) -> Verdict:
        copy = copies.get()
        try:
            return _judge(mutant, copy)
        finally:
            copies.put(copy)

    verdicts = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for verdict in pool.map(judge, mutants):
            word = "killed  " if verdict.is_killed else "SURVIVED"
            print(f"{word}  {verdict.mutant.name:<44} {verdict.told}", flush=True)
            verdicts.append(verdict)
    return verdicts


def _judge(mutant: Mutant, copy: Path) -> Verdict:
    path = copy / mutant.path
    original = path.read_text(encoding="utf-8")
    try:
        path.write_text(mutant.apply(original), encoding="utf-8")
        status, output = _run_tests(copy, mutant.tests)
    finally:
        path.write_text(original, encoding="utf-8")
    failed = [line for line in output.splitlines() if line.startswith("FAILED ")]
    if status == 1 and failed:
        return Verdict(mutant, True, failed[0].removeprefix("FAILED ").split(" - ")[0].rsplit("/", 1)[-1])
    if status == 0:
        return Verdict(mutant, False, "every named test passes without the guard")
    last = (output.strip().splitlines() or ["no output"])[-1]
    return Verdict(mutant, False, f"the tests did not run to a failure (status {status}): {last}")


def _passes_without_mutant(copy: Path, mutants: Sequence[Mutant]) -> bool:
    tests = tuple(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    status, output = _run_tests(copy, tests, timeout_s=4 * TIMEOUT_S)
    if status:
        print(f"the tests fail without any mutant:\n{output[-2000:]}")
    return status == 0


def _run_tests(copy: Path, tests: Sequence[str], timeout_s: int = TIMEOUT_S) -> tuple[int, str]:
    """Exit status and output. No byte code is kept: a mutant may be as old and as long as the original."""
    options = ["-x", "-q", "-n0", "-rf", "--tb=no", "--timeout=40"]
    command = [sys.executable, "-B", "-m", "pytest", *options, *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end after {timeout_s} s"
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
