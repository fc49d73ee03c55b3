"""`govchain explain`: what a rule demands, on what it rests, and what would make a refusal an approval.

Also how other commands tell a denial. Looks up, asks no validator.
"""

from __future__ import annotations

from typing import Annotated

import typer

from govchain.cli.terminal import Shown, Terminal
from govchain.codec import to_readable
from govchain.errors import ConfigError
from govchain.legal import Explanation, explain, explain_all


def explain_refusal(
    terminal: Shown,
    name: Annotated[str, typer.Argument(metavar="RULE|CODE", help="For example L2 or E_DUP_ID.")],
) -> None:
    """Say what a rule or a denial code means, its legal basis, and what would make it allowed."""
    found = explain_all(name) or explain_all(name.upper())
    if not found:
        raise ConfigError(
            "no such rule or denial code", found=name, expected="a rule as in docs/reference/rules.md"
        )
    for each in found:
        terminal.heading(f"{each.rule} {each.code}")
        _say(terminal, each)
    terminal.result([to_readable(each) for each in found])


def say_denial(terminal: Terminal, rule: str, code: str) -> None:
    """Tell why; nothing when this version does not know the rule."""
    found = explain(rule, code)
    if found is not None:
        _say(terminal, found)


def _say(terminal: Terminal, found: Explanation) -> None:
    for text in found.lines():
        terminal.say("  " + terminal.pick(text.en, text.zh))
