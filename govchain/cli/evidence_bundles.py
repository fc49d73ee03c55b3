"""`govchain evidence bundle` and `verify`: all proofs of a piece of evidence in a file, judged offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.connection import Connection, Reached, Trusted, run_async
from govchain.cli.exits import ExitStatus
from govchain.cli.options import Commands
from govchain.cli.record_files import read_bounded
from govchain.cli.terminal import Said, Shown, Terminal
from govchain.codec import to_readable
from govchain.crypto.file_digest import digest_file
from govchain.crypto.timestamp import TOKEN_BYTES_MAX, TimestampAuthorities
from govchain.errors import BadProof, ConfigError
from govchain.ledger.identifiers import format_time
from govchain.receipt import (
    BundleReport,
    EvidenceBundle,
    verify_evidence_bundle,
    write_evidence_bundle,
)
from govchain.receipt.bundle import parse_json
from govchain.receipt.evidence_bundle import BUNDLE_BYTES_MAX

app = Commands(help="All proofs of one piece of evidence in a file; judge it offline.", no_args_is_help=True)


@app.command("bundle")
def bundle_command(
    connection: Reached,
    terminal: Said,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Evidence number.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")],
    timestamp: Annotated[
        Path | None,
        typer.Option("--timestamp", metavar="FILE", help="Timestamp response (RFC 3161, DER) to put in."),
    ] = None,
) -> None:
    """Fetch the record and the receipt of every step of a piece of evidence, and verify them."""
    trusted = connection.require_genesis()
    token = read_bounded(timestamp, TOKEN_BYTES_MAX) if timestamp is not None else b""
    data = run_async(fetch_bundle(connection, number, token))
    verify_evidence_bundle(data, trusted)
    out.write_bytes(data)
    terminal.good(terminal.pick(f"{out}: {len(data)} bytes", f"{out}：{len(data)} 字节"))


async def fetch_bundle(connection: Connection, number: str, token: bytes = b"") -> bytes:
    """The bundle of a piece of evidence as the chain has it now.

    Raises:
        ConfigError: There is no evidence of this number.
    """
    async with connection.client() as client:
        read = await client.record("evidence", number)
        if read.state is None:
            raise ConfigError(
                "there is no such evidence", found=number, expected="a number that is on the chain"
            )
        receipts = [
            await client.receipt(entry.transaction_id, certified=True) for entry in read.state.timeline
        ]
    bundle = EvidenceBundle(
        evidence_no=number,
        record=read.proof,
        receipts=tuple(parse_json(receipt) for receipt in receipts),
        timestamp=token,
    )
    return write_evidence_bundle(bundle)


@app.command("verify")
def verify_command(
    trusted: Trusted,
    terminal: Shown,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle file.")],
    file: Annotated[
        Path | None, typer.Option("--file", metavar="ORIGINAL", help="The original file, to compare.")
    ] = None,
    authorities: Annotated[
        Path | None,
        typer.Option("--authorities", metavar="PEM", help="Roots of timestamp authorities that you trust."),
    ] = None,
) -> None:
    """Verify a bundle offline and say what the law presumes. Exit status 1 names the step that failed."""
    roots = TimestampAuthorities(authorities.read_bytes()) if authorities is not None else None
    data = read_bounded(bundle, BUNDLE_BYTES_MAX)
    original = digest_file(file) if file is not None else None
    terminal.heading(str(bundle))
    try:
        report = verify_evidence_bundle(data, trusted, original=original, authorities=roots)
    except BadProof as error:
        terminal.bad(
            terminal.pick(
                f"DOES NOT HOLD: step {error.step!r}: {error}", f"验证不通过：步骤“{error.step}”：{error}"
            )
        )
        terminal.result({"bundle": str(bundle), "holds": False, "step": error.step, "problem": str(error)})
        raise typer.Exit(ExitStatus.FAILS) from error
    _show(terminal, bundle, report)


def _show(terminal: Terminal, bundle: Path, report: BundleReport) -> None:
    terminal.good(
        terminal.pick(
            f"{report.evidence_no} was {report.state} after block {report.height}",
            f"{report.evidence_no} 在区块 {report.height} 之后的状态为 {report.state}",
        )
    )
    for verdict in report.records:
        terminal.good(verdict)
    if report.timestamp is not None:
        when, signer = format_time(report.timestamp.time_ms), report.timestamp.signer
        terminal.good(terminal.pick(f"timestamp of {when} by {signer}", f"时间戳：{when}，签发者 {signer}"))
    elif report.is_timestamp_open:
        terminal.say(
            terminal.pick("  · a timestamp is named and was not judged", "  · 载有时间戳，本次未予核验")
        )
    terminal.say(
        terminal.pick(f"  weight: {report.effect.weight}", f"  证明力：{_WEIGHTS_ZH[report.effect.weight]}")
    )
    for each in report.effect.statements:
        article = terminal.pick(each.article, each.article_zh)
        terminal.say(
            f"  · {terminal.pick(each.text_en, each.text_zh)}" + (f" [{article}]" if article else "")
        )
    terminal.result(
        {"bundle": str(bundle), "holds": True, **to_readable(report.effect), "state": report.state}
    )


_WEIGHTS_ZH = {"ordinary": "正常", "lowered": "降低"}
