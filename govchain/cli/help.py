"""Help in the reader's language: each text of the command tree in its place.

The tree is written in English; `help_zh` has every text in Chinese. Changes texts, never what a command does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.text import Text
from typer import rich_utils

from govchain.cli.help_zh import HELP_ZH
from govchain.cli.terminal import Language, language_of

TITLES_ZH: Final = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "错误",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
}
"""Words that typer itself writes around the texts."""

_TEXTS: Final = ("help", "short_help", "epilog", "rich_help_panel", "show_default")
"""Attributes of a command or of a parameter that people read."""


HELP_NAMES: Final = ("-h", "--help")


class _Folding(rich_utils.OptionHighlighter):
    """Chinese has no spaces to break a line at: it is folded where the line ends, not cut off."""

    def __call__(self, text: str | Text) -> Text:
        shown = super().__call__(text)
        shown.overflow = "fold"
        return shown


def asked_language(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Language:
    """The language of a command line's help: what `--lang` says, else what the environment does."""
    for name, following in zip(arguments, (*arguments[1:], ""), strict=True):
        value = following if name == "--lang" else name.removeprefix("--lang=")
        if name.startswith("--lang") and value in tuple(Language):
            return Language(value)
    return language_of(None, environment)


def translate(command: Any) -> None:
    """Put the Chinese texts into a command tree, in place."""
    for name, text in TITLES_ZH.items():
        setattr(rich_utils, name, text)
    rich_utils.highlighter = _Folding()
    for holder, attribute, text in help_texts(command):
        setattr(holder, attribute, HELP_ZH.get(text, text))


def help_texts(command: Any) -> Iterator[tuple[Any, str, str]]:
    """Every text of a command tree that people read: who holds it, under which name, and the text."""
    # Made and kept when it is first asked for, so it is there before the help is shown.
    context = command.context_class(command, help_option_names=list(HELP_NAMES))
    for holder in (command, *command.params, command.get_help_option(context)):
        for attribute in _TEXTS:
            text = getattr(holder, attribute, None)
            if isinstance(text, str) and text:
                yield holder, attribute, text
    for child in getattr(command, "commands", {}).values():
        yield from help_texts(child)
