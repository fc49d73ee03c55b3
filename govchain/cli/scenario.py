"""`govchain scenario`: check scenario files without running them, print their schema, list what ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.exits import ExitStatus
from govchain.cli.options import Commands
from govchain.cli.terminal import Shown
from govchain.errors import ConfigError
from govchain.scenario import list_scenarios, load_scenario, scenario_schema

app = Commands(help="Check, describe and list scenario files.", no_args_is_help=True)


@app.command()
def check(
    terminal: Shown,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Scenario files.")],
) -> None:
    """Validate without running. Exit status 2 when any file is wrong; each problem names file and line."""
    problems = {}
    for path in files:
        try:
            scenario = load_scenario(path).scenario
        except ConfigError as error:
            problems[str(path)] = str(error)
            terminal.bad(str(error))
        else:
            terminal.good(f"{path}: {terminal.pick(scenario.meta.title, scenario.meta.title_zh)}")
    terminal.result([{"file": str(path), "problem": problems.get(str(path), "")} for path in files])
    if problems:
        raise typer.Exit(ExitStatus.USAGE)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    typer.echo(json.dumps(scenario_schema(), ensure_ascii=False, indent=2))


@app.command("list")
def list_(
    terminal: Shown,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of scenarios.")] = Path("scenarios"),
) -> None:
    """List the scenarios of a folder, one line each. A broken file is listed as such."""
    entries = list_scenarios(folder)
    width = max((len(str(entry.path)) for entry in entries), default=0)
    for entry in entries:
        text = terminal.pick(entry.title, entry.title_zh) or entry.problem
        terminal.say(f"{entry.path!s:<{width}}  {text}")
    terminal.result(
        [
            {
                "file": str(entry.path),
                "title": entry.title,
                "title_zh": entry.title_zh,
                "why": entry.why,
                "why_zh": entry.why_zh,
                "problem": entry.problem,
            }
            for entry in entries
        ]
    )
