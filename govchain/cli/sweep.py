"""`govchain sweep`: the same scenario under many parameters, and the rate at which it stops keeping up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from govchain.cli.backends import Crypto, JobsOption, ScenarioFile
from govchain.cli.places import require_folder_place
from govchain.cli.terminal import Shown, Terminal
from govchain.model.ranges import NUMBER_MAX
from govchain.report import render_page, write_file
from govchain.scenario import load_scenario
from govchain.sweep import (
    CellResult,
    Estimate,
    MaxRate,
    SweepResult,
    open_engine,
    parse_axis,
    plan_sweep,
    run_sweep,
)

_COLUMNS = ("latency_p50_ms", "latency_p95_ms", "finalised_per_s", "finalised")


def sweep(
    terminal: Shown,
    file: ScenarioFile,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=A,B,…", help="A key of the file and its values; repeatable."),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            "--repeats",
            min=1,
            max=1_000,
            help="Seeds for each combination.",
            show_default="of the file, or 3",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=NUMBER_MAX, help="The first seed.", show_default="of the file"),
    ] = None,
    search: Annotated[
        Literal["max_rate"] | None,
        typer.Option("--search", help="max_rate: the highest rate of the workload that is kept up with."),
    ] = None,
    limit_ms: Annotated[
        float | None,
        typer.Option(
            "--p95-ms",
            min=1,
            help="With --search: what 95 % of latencies may be.",
            show_default="a view timeout",
        ),
    ] = None,
    rate_max: Annotated[
        int, typer.Option("--rate-max", min=1, max=50_000, help="With --search: where it ends, records/s.")
    ] = 50_000,
    jobs: JobsOption = None,
    engine: Annotated[
        Literal["process", "dask", "ray"], typer.Option("--engine", help="Where the runs happen.")
    ] = "process",
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ADDRESS", help="Of the Dask scheduler or Ray cluster.")
    ] = None,
    crypto: Annotated[
        Crypto, typer.Option("--crypto", help="How simulated validators sign; symbolic is faster.")
    ] = "symbolic",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write a page and the results there.")
    ] = None,
) -> None:
    """Every combination of the given values under several seeds, with confidence intervals."""
    base = load_scenario(file)
    axes = [parse_axis(each) for each in settings or []]
    plan = plan_sweep(base, axes, repeats=repeats, seed=seed, is_symbolic=crypto == "symbolic")
    if report is not None:
        require_folder_place("--report", report)
    wanted = MaxRate(limit_ms, rate_max) if search is not None else None
    runs = len(plan.cells) * len(plan.seeds)
    terminal.heading(terminal.pick(base.scenario.meta.title, base.scenario.meta.title_zh))
    terminal.say(
        terminal.pick(
            f"{len(plan.cells)} combinations, {len(plan.seeds)} seeds each, {runs} runs",
            f"共 {len(plan.cells)} 种组合，每种 {len(plan.seeds)} 个种子，合计 {runs} 次运行",
        )
        if wanted is None
        else terminal.pick(
            f"the highest rate for each of {len(plan.cells)} combinations, {len(plan.seeds)} seeds",
            f"对 {len(plan.cells)} 种组合分别查找最高速率，{len(plan.seeds)} 个种子",
        ),
        style="dim",
    )
    widths = _say_head(
        terminal, [axis.key for axis in plan.axes], [axis.values for axis in plan.axes], wanted
    )
    with open_engine(engine, jobs=jobs or os.cpu_count() or 1, cluster=cluster) as spread:
        result = run_sweep(
            plan, spread, search=wanted, on_cell=lambda cell: _say_cell(terminal, cell, widths)
        )
    value: Any = msgspec.to_builtins(result)
    if report is not None:
        folder = report / f"sweep-{result.scenario}"
        write_file(folder / "sweep.json", msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
        write_file(folder / "report.html", render_page("sweep", f"{result.title} · govchain sweep", value))
        page = folder / "report.html"
        terminal.say(terminal.pick(f"written; open {page}", f"已写入；请打开 {page}"))
    _say_problems(terminal, result)
    terminal.result(value)
    raise typer.Exit(result.exit_status)


def _say_head(
    terminal: Terminal, keys: list[str], values: list[tuple[str, ...]], search: MaxRate | None
) -> list[int]:
    """The head of the table; widths of the columns of parameters."""
    widths = [
        max(len(key), *(len(value) for value in known)) for key, known in zip(keys, values, strict=True)
    ]
    rate = f"{'max rate/s':>12}" if search is not None else ""
    parts = [f"{key:<{width}}" for key, width in zip(keys, widths, strict=True)]
    figures = [f"{name:>20}" for name in _COLUMNS]
    terminal.say("  ".join([*parts, f"{'runs':>14}", *([rate] if rate else []), *figures]), style="bold")
    return widths


def _say_cell(terminal: Terminal, cell: CellResult, widths: list[int]) -> None:
    parts = [f"{value:<{width}}" for value, width in zip(cell.settings.values(), widths, strict=True)]
    verdicts = ", ".join(f"{count} {name}" for name, count in cell.verdicts.items()) or "-"
    rate = []
    if cell.max_rate_per_s is not None:
        sign = "" if cell.is_bounded else "≥ "
        rate = [f"{sign + str(cell.max_rate_per_s):>12}"]
    figures = [f"{_shown(cell.figures.get(name)):>20}" for name in _COLUMNS]
    terminal.say("  ".join([*parts, f"{verdicts:>14}", *rate, *figures]))


def _shown(figure: Estimate | None) -> str:
    if figure is None:
        return "-"
    return f"{figure.mean:,.1f}" + ("" if figure.half_width is None else f" ± {figure.half_width:,.1f}")


def _say_problems(terminal: Terminal, result: SweepResult) -> None:
    """What did not hold, each once; of a search only that no rate was found."""
    for cell in result.cells:
        name = ", ".join(f"{key}={value}" for key, value in cell.settings.items()) or result.scenario
        if cell.max_rate_per_s == 0:
            terminal.bad(f"{name}: " + terminal.pick("no rate is kept up with", "没有可持续的速率"))
        for problem in sorted({run.problem for run in cell.runs if run.problem}):
            seeds = [run.seed for run in cell.runs if run.problem == problem]
            terminal.bad(f"{name}, " + terminal.pick("seed", "种子") + f" {seeds[0]}: {problem}")
