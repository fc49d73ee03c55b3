"""`govchain receipt get` and `govchain verify`: fetch a receipt; check one offline, every step explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from govchain.cli.connection import Reached, Trusted, run_async
from govchain.cli.exits import ExitStatus
from govchain.cli.options import Commands
from govchain.cli.terminal import Said, Shown, Terminal
from govchain.crypto.file_digest import digest_file
from govchain.errors import BadProof, ConfigError
from govchain.legal import detail_in_chinese
from govchain.model import Genesis
from govchain.receipt import STEP_TITLES, ReceiptReport, Text, verify_receipt

TransactionId = Annotated[str, typer.Argument(metavar="ID", help="Transaction id, 64 hex digits.")]

app = Commands(help="Fetch the receipt of a transaction.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `get` a command of its own."""


@app.command()
def get(
    connection: Reached,
    terminal: Said,
    transaction: TransactionId,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it.", show_default="ID.receipt.json"),
    ] = None,
) -> None:
    """Fetch a receipt; with a genesis it is verified before it is written."""
    wanted = read_id(transaction)

    async def fetch() -> bytes:
        async with connection.client() as client:
            return await client.receipt(wanted, certified=connection.genesis is not None)

    target = out if out is not None else Path(f"{transaction}.receipt.json")
    data = run_async(fetch())
    target.write_bytes(data)
    terminal.good(terminal.pick(f"{target}: {len(data)} bytes", f"{target}：{len(data)} 字节"))


def verify(
    trusted: Trusted,
    terminal: Shown,
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help="Receipt file.")],
    file: Annotated[
        Path | None, typer.Option("--file", metavar="ORIGINAL", help="The original file, to compare.")
    ] = None,
) -> None:
    """Verify a receipt offline, every step explained. Exit status 1 names the step that failed."""
    if not verify_and_explain(terminal, receipt, trusted, file):
        raise typer.Exit(ExitStatus.FAILS)


def verify_and_explain(terminal: Terminal, receipt: Path, genesis: Genesis, file: Path | None) -> bool:
    """Verify a receipt file and show every step; False when one failed."""
    data = receipt.read_bytes()
    original = digest_file(file) if file is not None else None
    try:
        report = verify_receipt(data, genesis, original=original)
    except BadProof as error:
        _show_failure(terminal, receipt, error)
        return False
    _show_report(terminal, receipt, report)
    return True


def read_id(text: str) -> bytes:
    """A transaction id from its hex digits.

    Raises:
        ConfigError: It is none.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise ConfigError("not a transaction id", found=text, expected="64 hex digits")
    return found


def _show_report(terminal: Terminal, receipt: Path, report: ReceiptReport) -> None:
    terminal.heading(str(receipt))
    for step in report.steps:
        terminal.good(_both(terminal, step.title))
        terminal.say(f"    {terminal.pick(step.checked.en, step.checked.zh)}", style="dim")
    terminal.say()
    say = terminal.good if report.applied else terminal.bad
    say(_both(terminal, report.verdict))
    if report.detail:
        found = terminal.pick(f"found: {report.detail}", f"情况：{detail_in_chinese(report.detail)}")
        terminal.say(f"  {found}")
    for text in report.not_proven:
        terminal.say(f"  · {terminal.pick(text.en, text.zh)}", style="dim")
    terminal.result(
        {
            "receipt": str(receipt),
            "holds": True,
            "transaction": report.transaction_id.hex(),
            "kind": report.kind,
            "org": report.org,
            "object": report.object,
            "applied": report.applied,
            "rule": report.rule,
            "code": report.code,
            "detail": report.detail,
            "height": report.height,
            "block_time": report.block_time,
            "claimed_time": report.claimed_time,
            "steps": [_step_value(step.id, True, step.title, step.checked.en) for step in report.steps],
        }
    )


def _show_failure(terminal: Terminal, receipt: Path, error: BadProof) -> None:
    terminal.heading(str(receipt))
    steps: list[dict[str, Any]] = []
    for step, title in STEP_TITLES.items():
        if step == error.step:
            terminal.bad(_both(terminal, title))
            terminal.say(f"    {error}")
            steps.append(_step_value(step, False, title, str(error)))
            break
        terminal.good(_both(terminal, title))
        steps.append(_step_value(step, True, title, ""))
    terminal.say()
    terminal.bad(
        terminal.pick(
            f"DOES NOT HOLD: step {error.step!r} failed. {_FAILURES.get(error.step, _FAILURE).en}",
            f"验证不通过：步骤“{error.step}”失败。{_FAILURES.get(error.step, _FAILURE).zh}",
        )
    )
    terminal.result(
        {
            "receipt": str(receipt),
            "holds": False,
            "failed_step": error.step,
            "problem": str(error),
            "steps": steps,
        }
    )


_FAILURE = Text("This receipt proves nothing.", "本回执不能证明任何内容。")
_FAILURES = {
    "file": Text(
        "The receipt itself is genuine, but this is not the file that it speaks of.",
        "回执本身真实，但所给文件不是回执所载的文件。",
    ),
    "chain": Text(
        "It is of another chain than the one that this genesis makes.", "本回执不属于该创世文件所对应的链。"
    ),
}


def _step_value(step: str, ok: bool, title: Text, checked: str) -> dict[str, Any]:
    return {"id": step, "ok": ok, "title": title.en, "title_zh": title.zh, "checked": checked}


def _both(terminal: Terminal, text: Text) -> str:
    """The text in the reader's language first; courts read both."""
    first, second = (text.zh, text.en) if terminal.language.value == "zh" else (text.en, text.zh)
    return f"{first}  {second}"
