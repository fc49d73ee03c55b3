"""What was looked at, what was found, and what to do about it, in both languages.

Values only; how they are shown is the command line's work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple


class Verdict(StrEnum):
    """How one check ended."""

    OK = "ok"
    MENDED = "mended"
    """It was wrong, could be made again from what is certain, and was."""
    WARNING = "warning"
    """The validator works; somebody should look at it."""
    SKIPPED = "skipped"
    """It could not be looked at."""
    PROBLEM = "problem"


class Text(NamedTuple):
    """One sentence in both languages."""

    en: str
    zh: str


NOTHING: Final = Text("", "")
START_ANEW: Final = Text(
    "keep the directory to look at, set data_dir to an empty one and keep the guard: the validator fetches "
    "the chain from the others, and votes again once it has passed what it signed",
    "保留该目录备查，把 data_dir 指向空目录，并保留签署防护（guard）："
    "节点会从其他节点取得区块，越过已签署的位置后恢复投票",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The end of one check."""

    check: str
    """Stable name."""
    verdict: Verdict
    found: Text
    advice: Text = NOTHING
    """What to do; empty when there is nothing to do."""


@dataclass(slots=True)
class Sheet:
    """Collects findings; mends only when that was asked for.

    Attributes:
        is_in_use: The validator runs, so what it holds could not be looked at.
    """

    may_mend: bool
    findings: list[Finding] = field(default_factory=list)
    is_in_use: bool = False

    def ok(self, check: str, en: str, zh: str) -> None:
        self.findings.append(Finding(check, Verdict.OK, Text(en, zh)))

    def skip(self, check: str, en: str, zh: str) -> None:
        self.findings.append(Finding(check, Verdict.SKIPPED, Text(en, zh)))

    def warn(self, check: str, found: Text, advice: Text) -> None:
        self.findings.append(Finding(check, Verdict.WARNING, found, advice))

    def problem(self, check: str, found: Text, advice: Text) -> None:
        self.findings.append(Finding(check, Verdict.PROBLEM, found, advice))

    def mended(self, check: str, en: str, zh: str) -> None:
        self.findings.append(Finding(check, Verdict.MENDED, Text(en, zh)))

    def derived(self, check: str, found: Text, mend: Callable[[], None]) -> None:
        """Something is wrong that can be made again from what is certain."""
        if self.may_mend:
            mend()
            self.mended(check, *found)
        else:
            advice = Text(
                "run it with --repair: this follows from what is certain",
                "加上 --repair 运行：此项可由确定的内容重建",
            )
            self.problem(check, found, advice)
