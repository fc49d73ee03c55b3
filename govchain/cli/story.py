"""`govchain story`: play a scenario and tell it as a narrative, with its records, its refusals and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.backends import open_backend
from govchain.cli.connection import run_async
from govchain.cli.terminal import Language, Shown, Terminal
from govchain.report import Line, Tale
from govchain.scenario import load_scenario, run_scenario


def story(
    terminal: Shown,
    file: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file.")],
    backend: Annotated[
        str, typer.Option("--backend", help="sim, or local: processes of this machine.")
    ] = "sim",
) -> None:
    """Tell a scenario: who did what, what became of each record, what was refused and on which basis."""
    loaded = load_scenario(file)
    with open_backend(backend, urls=[], keys=None, reporter=None) as chosen:
        result = run_async(run_scenario(loaded, chosen))
    for line in Tale(loaded, result, chinese=terminal.language is Language.ZH).lines():
        _say(terminal, line)
    terminal.result(json.loads(result.to_json()))
    raise typer.Exit(result.exit_status)


def _say(terminal: Terminal, line: Line) -> None:
    match line.tone:
        case "heading":
            terminal.heading(line.text)
        case "good":
            terminal.good(line.text)
        case "refused":
            terminal.refused(line.text)
        case "bad":
            terminal.bad(line.text)
        case "aside":
            terminal.say(line.text, style="dim")
        case "plain":
            terminal.say(line.text)
