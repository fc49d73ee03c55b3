"""What a command shows: lines for people, one JSON value for programs, in the reader's language.

On a terminal there is colour and progress; in a pipe the same lines plainly. With `--json -` standard output
holds the JSON value and nothing else, and what people read goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.text import Text

from govchain.cli.options import From
from govchain.cli.places import require_file_place

STDOUT: Final = "-"


class Language(StrEnum):
    """Languages that people's output comes in."""

    EN = "en"
    ZH = "zh"


JsonOption = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the result as JSON to FILE; - is standard output."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Only errors and the exit status.")]
LanguageOption = Annotated[
    Language | None,
    typer.Option("--lang", help="Language of what people read.", show_default="from the environment"),
]


def language_of(chosen: Language | None, environment: Mapping[str, str] = os.environ) -> Language:
    """The chosen language, or the one that the environment's locale asks for."""
    if chosen is not None:
        return chosen
    locale = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    return Language.ZH if locale.lower().startswith("zh") else Language.EN


class Terminal:
    """Where one command writes."""

    def __init__(
        self, *, json_target: str | None = None, quiet: bool = False, language: Language | None = None
    ) -> None:
        self.json_target = json_target
        self.language = language_of(language)
        stream = sys.stderr if json_target == STDOUT else sys.stdout
        self.console = Console(file=stream, quiet=quiet, highlight=False, soft_wrap=True)

    def say(self, text: str = "", *, style: str = "") -> None:
        """One line for people, taken literally: neither markup nor terminal codes are read from it."""
        self.console.print(Text(_tame(text), style=style))

    def heading(self, text: str) -> None:
        """A line that begins something."""
        self.console.print()
        self.console.print(Text(_tame(text), style="bold"))

    def good(self, text: str) -> None:
        """Something held."""
        self.console.print(Text.assemble(("✓ ", "green"), _tame(text)))

    def refused(self, text: str) -> None:
        """Something was refused, and rightly so."""
        self.console.print(Text.assemble(("⊘ ", "yellow"), _tame(text)))

    def bad(self, text: str) -> None:
        """Something did not hold."""
        self.console.print(Text.assemble(("✗ ", "bold red"), _tame(text)))

    def pick(self, en: str, zh: str) -> str:
        """The text in the reader's language."""
        return zh if self.language is Language.ZH and zh else en

    def result(self, value: Any) -> None:
        """Write the JSON value, if one was asked for."""
        if self.json_target is None:
            return
        text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        if self.json_target == STDOUT:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            Path(self.json_target).write_text(text, encoding="utf-8")


def open_terminal(
    json_target: JsonOption = None, quiet: QuietOption = False, language: LanguageOption = None
) -> Terminal:
    """The terminal of a command that has a result as JSON too; raises ConfigError if it has no place."""
    if json_target is not None and json_target != STDOUT:
        require_file_place("--json", Path(json_target))
    return Terminal(json_target=json_target, quiet=quiet, language=language)


def open_plain_terminal(quiet: QuietOption = False, language: LanguageOption = None) -> Terminal:
    """The terminal of a command whose result is a file, or none."""
    return Terminal(quiet=quiet, language=language)


Shown = Annotated[Terminal, From(open_terminal)]
"""Where a command writes for people, and its result as JSON if that is wanted."""
Said = Annotated[Terminal, From(open_plain_terminal)]
"""Where a command writes for people that has no result as JSON."""

_CODES: Final = {
    code: f"\\u{code:04x}"
    for code in (
        *range(0x09),
        *range(0x0B, 0x20),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    )
}


def _tame(text: str) -> str:
    """Terminal codes and turned writing are written out: much of what is shown, a stranger wrote."""
    return text.translate(_CODES)
