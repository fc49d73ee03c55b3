"""`govchain replay`: play a scenario in virtual time, on local processes or on a running network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from govchain.cli.backends import Crypto, ScenarioFile, open_backend
from govchain.cli.connection import run_async
from govchain.cli.narrative import Narrator
from govchain.cli.places import require_folder_place
from govchain.cli.terminal import Shown
from govchain.model.ranges import NUMBER_MAX
from govchain.report import Reporter
from govchain.scenario import load_scenario, run_scenario


def replay(
    terminal: Shown,
    file: ScenarioFile,
    backend: Annotated[
        str,
        typer.Option(
            "--backend", help="sim, local (processes of this machine), or the address of a validator."
        ),
    ] = "sim",
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, max=NUMBER_MAX, help="Instead of the scenario's own.", show_default="of the file"
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Write the run there: page, trace, results, receipts."),
    ] = None,
    url: Annotated[
        list[str] | None,
        typer.Option("--url", help="With an address: further validators of the same network."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            metavar="DIR",
            help="With an address: folder of people's keys.",
            show_default="derived from the seed",
        ),
    ] = None,
    crypto: Annotated[
        Crypto | None,
        typer.Option(
            "--crypto", help="How simulated validators sign; symbolic is faster.", show_default="symbolic"
        ),
    ] = None,
) -> None:
    """Play a scenario and judge it: 0 everything held, 1 something did not, 3 a limit was reached first."""
    loaded = load_scenario(file)
    reporter = None
    if report is not None:
        require_folder_place("--report", report)
        reporter = Reporter(report, loaded.name, loaded.scenario.seed if seed is None else seed)
    with open_backend(backend, urls=url or [], keys=keys, reporter=reporter, crypto=crypto) as chosen:
        result = run_async(
            run_scenario(loaded, chosen, seed=seed, observer=Narrator(terminal), folder=reporter)
        )
    if reporter is not None:
        page = reporter.path / "report.html"
        terminal.say(terminal.pick(f"written; open {page}", f"已写入；请打开 {page}"))
    value: Any = json.loads(result.to_json())
    terminal.result(value)
    raise typer.Exit(result.exit_status)
