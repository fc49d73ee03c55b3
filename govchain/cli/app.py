"""The command tree: which group holds which command, in the order in which a newcomer needs them.

What a command does is in the module of its group.
"""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer
import typer.main
from rich.console import Console

import govchain
from govchain.cli import (
    bench,
    demo,
    doctor,
    evidence_bundles,
    explain,
    gateway,
    invoices,
    key,
    licences,
    members,
    node,
    queries,
    receipts,
    records,
    replay,
    scenario,
    story,
    swarm,
    sweep,
    testnet,
)
from govchain.cli.exits import ExitStatus, run_bounded
from govchain.cli.help import HELP_NAMES, asked_language, translate
from govchain.cli.options import Commands
from govchain.cli.terminal import Language

START: Final = "Start here"
NETWORK: Final = "Networks and validators"
RECORDS: Final = "Records and evidence"
REHEARSE: Final = "Rehearse and measure"


def build_app() -> typer.Typer:
    """The whole command tree."""
    app = Commands(
        name="govchain",
        help="A permissioned chain for government records that can be rehearsed, broken and measured "
        "before it is trusted. 政务链",
        epilog="Exit status, everywhere: 0 it holds · 1 it does not · 2 bad usage or input · "
        "3 undecided · 4 the environment is at fault.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": list(HELP_NAMES)},
    )
    app.callback()(_top)
    app.command("demo", rich_help_panel=START)(demo.demo)
    app.add_typer(testnet.app, name="testnet", rich_help_panel=NETWORK)
    app.add_typer(node.app, name="node", rich_help_panel=NETWORK)
    app.add_typer(gateway.app, name="gateway", rich_help_panel=NETWORK)
    app.command("doctor", rich_help_panel=NETWORK)(doctor.doctor)
    app.add_typer(members.app, name="members", rich_help_panel=NETWORK)
    app.add_typer(key.app, name="key", rich_help_panel=RECORDS)
    app.command("anchor", rich_help_panel=RECORDS)(records.anchor)
    app.command("submit", rich_help_panel=RECORDS)(records.submit)
    app.add_typer(queries.app, name="query", rich_help_panel=RECORDS)
    app.command("explain", rich_help_panel=RECORDS)(explain.explain_refusal)
    app.command("watch", rich_help_panel=RECORDS)(queries.watch)
    app.add_typer(receipts.app, name="receipt", rich_help_panel=RECORDS)
    app.add_typer(evidence_bundles.app, name="evidence", rich_help_panel=RECORDS)
    app.add_typer(invoices.app, name="invoice", rich_help_panel=RECORDS)
    app.command("verify", rich_help_panel=RECORDS)(receipts.verify)
    app.add_typer(licences.app, name="licence", rich_help_panel=RECORDS)
    app.command("replay", rich_help_panel=REHEARSE)(replay.replay)
    app.command("story", rich_help_panel=REHEARSE)(story.story)
    app.add_typer(scenario.app, name="scenario", rich_help_panel=REHEARSE)
    app.command("swarm", rich_help_panel=REHEARSE)(swarm.swarm)
    app.command("sweep", rich_help_panel=REHEARSE)(sweep.sweep)
    app.add_typer(bench.app, name="bench", rich_help_panel=REHEARSE)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit status."""
    command = typer.main.get_command(build_app())
    chinese = asked_language(arguments) is Language.ZH
    if chinese:
        translate(command)
    return run_bounded(
        lambda: command(args=list(arguments), prog_name="govchain"),
        Console(stderr=True, highlight=False),
        chinese=chinese,
    )


def main() -> None:
    """Entry point of the `govchain` command."""
    _prepare_process()
    sys.exit(int(run(sys.argv[1:])))


def _prepare_process() -> None:
    """What the world outside may do to a command: a poor terminal, and a request to end."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A record may be final by now: a character that the terminal lacks must not end the command.
            stream.reconfigure(errors="backslashreplace")
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As with Ctrl-C, whatever the command started is stopped; who ignores one (nohup) goes on doing so.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"govchain {govchain.__version__}")
        raise typer.Exit(ExitStatus.HOLDS)


def _top(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Options of the command itself."""
