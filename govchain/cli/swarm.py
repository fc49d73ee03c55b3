"""`govchain swarm`: random networks and faults from seeds, until a promise breaks."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import typer

from govchain.cli.backends import JobsOption
from govchain.cli.exits import ExitStatus
from govchain.cli.places import require_folder_place
from govchain.cli.terminal import Shown, Terminal
from govchain.errors import ConfigError
from govchain.report import PROMISES, Reporter, in_chinese
from govchain.scenario import SimBackend, load_scenario, run_scenario
from govchain.swarm import PROGRESS, Progress, SwarmResult, Violation, case_name, run_swarm, write_case
from govchain.sweep import open_engine

REGRESSIONS: Final = Path("scenarios/regressions")
DEFAULT_END: Final = 100


def swarm(
    terminal: Shown,
    seeds: Annotated[
        str | None,
        typer.Option(
            "--seeds",
            metavar="A:B",
            help="From seed A to before B; without B until --minutes are over.",
            show_default="0:100, with --minutes 0:",
        ),
    ] = None,
    protocol: Annotated[
        Literal["pbft", "hotstuff"], typer.Option("--protocol", help="How the validators reach an order.")
    ] = "pbft",
    jobs: JobsOption = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0, help="End after so long, whatever is left.")
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Collect violations instead of stopping at the first.")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where scenarios that reproduce violations go.")
    ] = REGRESSIONS,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write a page for each violation there.")
    ] = None,
) -> None:
    """Random networks, faults and attacks: 0 every promise was kept, 1 one was broken and is written down.

    3: the minutes are over, and some kind of fault never happened.
    """
    first, end = parse_seeds(seeds, is_timed=minutes is not None)
    for option, folder in (("--out", out), ("--report", report)):
        if folder is not None:
            require_folder_place(option, folder)
    began_s = time.monotonic()
    with open_engine("process", jobs=jobs or os.cpu_count() or 1, cluster=None) as spread:
        result = run_swarm(
            first,
            end,
            spread,
            protocol_name=protocol,
            keep_going=keep_going,
            is_over=lambda: minutes is not None and time.monotonic() - began_s >= minutes * 60,
            on_progress=lambda progress: _say_progress(terminal, progress, time.monotonic() - began_s),
        )
    seconds = time.monotonic() - began_s
    files = [write_case(violation.case, out) for violation in result.violations]
    for violation, file in zip(result.violations, files, strict=True):
        _say_violation(terminal, violation, file)
        if report is not None:
            _write_page(terminal, report, file, violation)
    _say_end(terminal, result, seconds)
    terminal.result(_as_json(result, files, seconds))
    is_vacuous = minutes is not None and bool(result.missing)
    raise typer.Exit(result.exit_status or (ExitStatus.UNDECIDED if is_vacuous else ExitStatus.HOLDS))


def parse_seeds(text: str | None, *, is_timed: bool) -> tuple[int, int | None]:
    """The first seed, and the one after the last; None when time alone ends the swarm.

    Raises:
        ConfigError: No range of seeds, or one without an end.
    """
    if text is None:
        return 0, None if is_timed else DEFAULT_END
    match = re.fullmatch(r"([0-9]{1,15}):([0-9]{1,15})?", text)
    if match is None or (match[2] is not None and int(match[2]) <= int(match[1])):
        raise ConfigError("--seeds is no range", found=text, expected="A:B with A below B, for example 0:100")
    if match[2] is None and not is_timed:
        raise ConfigError("--seeds has no end", found=text, expected="A:B, or --minutes")
    return int(match[1]), None if match[2] is None else int(match[2])


def _say_progress(terminal: Terminal, progress: Progress, seconds: float) -> None:
    rate = progress.events / max(seconds, 0.001)
    terminal.say(
        terminal.pick(
            f"{progress.runs} runs, {progress.events:,} events, {rate:,.0f} events/s, "
            f"{progress.violations} violations",
            f"运行 {progress.runs} 次，事件 {progress.events:,} 个，每秒 {rate:,.0f} 个，"
            f"违反 {progress.violations} 种",
        ),
        style="dim",
    )


def _say_violation(terminal: Terminal, violation: Violation, file: Path) -> None:
    seeds = ", ".join(str(seed) for seed in violation.seeds[:5])
    english = f"{violation.invariant}: {violation.problem}"
    terminal.bad(terminal.pick(english, _in_chinese(violation)))
    terminal.say(
        terminal.pick(
            f"  seed {seeds}; of {violation.faults_drawn} faults {violation.faults} are left, "
            f"{violation.validators} validators: govchain replay {file}",
            f"  种子 {seeds}；{violation.faults_drawn} 个故障化简为 {violation.faults} 个，"
            f"{violation.validators} 个验证节点：govchain replay {file}",
        )
    )


def _in_chinese(violation: Violation) -> str:
    if violation.invariant != PROGRESS:
        return f"{PROMISES.get(violation.invariant, violation.invariant)}：{violation.problem}"
    name, _, measured = violation.problem.partition(": ")
    return f"未能推进：{in_chinese(name)}：{in_chinese(measured)}"


def _write_page(terminal: Terminal, folder: Path, file: Path, violation: Violation) -> None:
    seed = int(violation.case["seed"])
    reporter = Reporter(folder, case_name(violation.case), seed)
    backend = SimBackend(listener=reporter.add_event, on_wire=reporter.add_frame)
    try:
        asyncio.run(run_scenario(load_scenario(file), backend, folder=reporter))
    except Exception as error:
        # The program itself stumbled: that is the find, and there is no end of the run to show.
        terminal.say(terminal.pick(f"  no page: {error}", f"  没有页面：{error}"))
        return
    page = reporter.path / "report.html"
    terminal.say(terminal.pick(f"  written; open {page}", f"  已写入；请打开 {page}"))


def _say_end(terminal: Terminal, result: SwarmResult, seconds: float) -> None:
    for name, count in result.coverage.items():
        terminal.say(f"  {name:<14}{count:>10,}")
    rate = result.events / max(seconds, 0.001)
    terminal.say(
        terminal.pick(
            f"{result.events:,} events in {seconds:.0f} s, {rate:,.0f} events/s",
            f"{seconds:.0f} 秒内事件 {result.events:,} 个，每秒 {rate:,.0f} 个",
        )
    )
    if result.missing:
        missing = ", ".join(result.missing)
        terminal.say(terminal.pick(f"never happened: {missing}", f"从未发生：{missing}"), style="yellow")
    if not result.violations:
        terminal.good(
            terminal.pick(
                f"no violation in {result.runs} runs, {seconds:.0f} s",
                f"运行 {result.runs} 次，{seconds:.0f} 秒，没有违反",
            )
        )


def _as_json(result: SwarmResult, files: list[Path], seconds: float) -> Any:
    value: Any = msgspec.to_builtins(result)
    for violation, file in zip(value["violations"], files, strict=True):
        del violation["case"]
        violation["file"] = str(file)
    value["events_per_s"] = round(result.events / seconds) if seconds else 0
    value["duration_s"] = round(seconds, 3)
    return value
