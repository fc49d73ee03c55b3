"""`govchain bench`: measure, and print the machine with the figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from govchain.bench.consensus import ConsensusBench, ConsensusFigures, measure_consensus
from govchain.bench.hotpath import measure_hotpath
from govchain.bench.machine import describe_machine
from govchain.bench.simulation import SimBench, SimFigures, measure_simulation
from govchain.bench.sync import SyncBench, SyncFigures, measure_sync
from govchain.cli.options import Commands
from govchain.cli.terminal import Shown, Terminal
from govchain.fidelity import Row, measure_fidelity

app = Commands(help="Measure this machine.", no_args_is_help=True)


@app.command()
def hotpath(
    terminal: Shown,
    seconds: Annotated[float, typer.Option("--seconds", min=0.01, help="Time for each operation.")] = 1.0,
) -> None:
    """Every operation on a record's path, beside the bare library call for the same work."""
    measurements = measure_hotpath(seconds)
    width = max(len(item.name) for item in measurements)
    terminal.say(f"{'':<{width}}  {'per second':>12}  {'bare library':>12}  {'ratio':>6}", style="bold")
    for item in measurements:
        terminal.say(
            f"{item.name:<{width}}  {item.per_s:>12,.0f}  {item.reference_per_s:>12,.0f}  {item.ratio:>6.2f}"
        )
    machine = describe_machine()
    _say_machine(terminal, machine)
    terminal.result({"operations": msgspec.to_builtins(measurements), "machine": machine})


@app.command()
def consensus(
    terminal: Shown,
    validators: Annotated[int, typer.Option("--validators", "-n", min=1, max=16, help="Processes.")] = 4,
    records: Annotated[int, typer.Option("--records", min=10, help="Records to offer.")] = 20_000,
    batch: Annotated[int, typer.Option("--batch", min=1, max=1_000, help="Records in one request.")] = 100,
    offered_per_s: Annotated[
        float, typer.Option("--offered-per-s", min=0, help="Pace of the offer; 0 is as fast as taken.")
    ] = 0.0,
) -> None:
    """Throughput and latency of validator processes; final means executed, durable, certificate held."""
    bench = ConsensusBench(
        validators=validators, records=records, records_per_request=batch, offered_per_s=offered_per_s
    )
    figures = measure_consensus(bench, describe_machine(), now=datetime.now(UTC), say=terminal.say)
    _say_figures(terminal, figures)
    _say_machine(terminal, figures.machine)
    terminal.result(msgspec.to_builtins(figures))


@app.command()
def sync(
    terminal: Shown,
    validators: Annotated[int, typer.Option("--validators", "-n", min=4, max=16, help="Processes.")] = 4,
    records: Annotated[
        int, typer.Option("--records", min=10, help="Records over which memory is watched.")
    ] = (200_000),
    behind: Annotated[
        int, typer.Option("--behind", min=10, help="Records that one validator misses.")
    ] = 50_000,
    batch: Annotated[int, typer.Option("--batch", min=1, max=1_000, help="Records in one request.")] = 100,
) -> None:
    """Memory over a long run, and how fast a validator that was away comes back: by blocks, by snapshot."""
    bench = SyncBench(validators=validators, records=records, behind=behind, records_per_request=batch)
    figures = measure_sync(bench, describe_machine(), now=datetime.now(UTC), say=terminal.say)
    _say_sync(terminal, figures)
    _say_machine(terminal, figures.machine)
    terminal.result(msgspec.to_builtins(figures))


@app.command()
def sim(
    terminal: Shown,
    validators: Annotated[int, typer.Option("--validators", "-n", min=1, max=256, help="Simulated.")] = 7,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="Virtual seconds of a run.")] = 60.0,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Runs of each kind; the best counts.")] = 3,
    large: Annotated[
        int, typer.Option("--large", min=0, max=256, help="Validators of one large run; 0 leaves it out.")
    ] = 100,
    large_seconds: Annotated[
        float, typer.Option("--large-seconds", min=0.1, help="Virtual seconds of the large run.")
    ] = 10.0,
) -> None:
    """Message deliveries a second of one simulator process, every invariant checked."""
    kinds = [
        SimBench(validators, seconds),
        SimBench(validators, seconds, is_traced=True),
        SimBench(validators, seconds, is_execution_shared=False),
        SimBench(validators, seconds / 10, is_symbolic=False),
    ]
    plans = [(kind, repeats) for kind in kinds]
    if large:
        plans.append((SimBench(large, large_seconds), 1))
    found = []
    for bench, count in plans:
        runs = [measure_simulation(bench) for _ in range(count)]
        found.append(max(runs, key=lambda run: run.deliveries_per_s))
        _say_simulation(terminal, found[-1])
    machine = describe_machine()
    _say_machine(terminal, machine)
    terminal.result({"runs": msgspec.to_builtins(found), "machine": machine})


@app.command()
def fidelity(
    terminal: Shown,
    seconds: Annotated[int, typer.Option("--seconds", min=3, help="Load in each scenario.")] = 6,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often each is played.")] = 3,
) -> None:
    """Five scenarios live and simulated with the costs of this machine: 0 they agree, 1 they do not."""
    figures = measure_fidelity(
        seconds,
        describe_machine(),
        rounds=rounds,
        now=lambda: datetime.now(UTC),
        say=lambda text: terminal.say(text, style="dim"),
    )
    for line in fidelity_table(figures.rows):
        terminal.say(line)
    terminal.say(f"medians of {rounds} rounds; {figures.repeated} live runs were disturbed and made again")
    if figures.is_disturbed:
        terminal.say(
            "others used the machine too, and the simulator knows only govchain: run it again when it is idle"
        )
    _say_machine(terminal, figures.machine)
    rows = [
        {
            **msgspec.to_builtins(row),
            "throughput_ratio": row.throughput_ratio,
            "latency_ratio": row.latency_ratio,
            "holds": row.holds,
        }
        for row in figures.rows
    ]
    terminal.result({**msgspec.to_builtins(figures), "rows": rows})
    if not figures.holds:
        raise typer.Exit(1)


def fidelity_table(rows: Sequence[Row]) -> list[str]:
    """The comparison as lines: each figure simulated, live, and the one over the other."""
    lines = [f"{'':<16}{'records/s':^24}{'p50, ms':^34}{'slowness':>11}{'others':>7}"]
    columns = f"{'simulated':>11}{'live':>7}{'ratio':>6}"
    lines.append(f"{'scenario':<16}{columns}{columns}{'rounds':>10}{'rounds':>11}{'cores':>7}")
    for row in rows:
        sim, live, verdict = row.sim, row.live, "holds" if row.holds else "does not hold"
        ratios, factors = (
            "-".join(f"{each:.2f}" for each in spread) for spread in (row.latency_spread, row.slowness_spread)
        )
        rates = f"{sim.finalised_per_s:>11,.1f}{live.finalised_per_s:>7,.1f}{row.throughput_ratio:>6.2f}"
        medians = f"{sim.p50_ms:>11,.1f}{live.p50_ms:>7,.1f}{row.latency_ratio:>6.2f}{ratios:>10}"
        lines.append(f"{row.scenario:<16}{rates}{medians}{factors:>11}{row.foreign_cores:>7.2f}  {verdict}")
    return lines


def _say_simulation(terminal: Terminal, run: SimFigures) -> None:
    traits = ", ".join(
        [
            "traced" if run.traced else "untraced",
            f"{run.signatures} signatures",
            "execution shared" if run.execution_shared else "each executes",
        ]
    )
    terminal.say(
        f"{run.validators:>4} validators  {run.deliveries_per_s:>10,.0f} deliveries/s  "
        f"{run.simulated_s:g} s in {run.wall_s:.1f} s, {run.blocks:,} blocks; {traits}"
    )


def _say_sync(terminal: Terminal, figures: SyncFigures) -> None:
    for each in figures.memory:
        terminal.say(
            f"{each.validator:<18}  {each.first_mb:,.0f} MB, then {each.last_mb:,.0f} MB, "
            f"{each.slope_mb_per_10k:+.2f} MB for 10,000 records"
        )
    terminal.say(f"{'live':<18}  {figures.live_per_s:,.0f} records/s")
    for name, back in (("catch-up by blocks", figures.catch_up), ("by snapshot", figures.snapshot)):
        terminal.say(
            f"{name:<18}  {back.records:,} records in {back.seconds:.1f} s, "
            f"{back.records_per_s:,.0f} records/s, {back.ratio:.1f} times the live rate"
        )


def _say_figures(terminal: Terminal, figures: ConsensusFigures) -> None:
    latency = figures.latency_ms
    rows = (
        ("finalised", f"{figures.finalised_per_s:,.0f} records/s"),
        ("offered", f"{figures.offered_per_s:,.0f} records/s of {figures.record_bytes} bytes"),
        ("latency", f"p50 {latency['p50']:.0f} ms, p95 {latency['p95']:.0f} ms, p99 {latency['p99']:.0f} ms"),
        (
            "signature ceiling",
            f"{figures.signature_ceiling_per_s:,.0f} records/s, reached {figures.ceiling_ratio:.0%}",
        ),
        ("processor time", f"{figures.cpu_us_per_record_per_validator:,.0f} µs a record and validator"),
        ("peak memory", f"{figures.peak_rss_mb:,.0f} MB a validator"),
        ("state roots", f"equal on {figures.validators} validators"),
        ("sample receipts", f"{figures.receipts_verified} verified offline in another process"),
    )
    for name, text in rows:
        terminal.say(f"{name:<18}  {text}")


def _say_machine(terminal: Terminal, machine: dict[str, Any]) -> None:
    words = ("compiled", "已编译") if machine["compiled"] else ("interpreted", "解释执行")
    hardware = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_mb'] // 1000} GB"
    terminal.say(f"{hardware}, {machine['python']}, {terminal.pick(*words)}", style="dim")
