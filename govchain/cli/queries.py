"""`govchain query` and `govchain watch`: read records and transactions, and see blocks become final."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from govchain.cli.connection import Reached, run_async
from govchain.cli.exits import ExitStatus
from govchain.cli.explain import say_denial
from govchain.cli.options import Commands
from govchain.cli.receipts import TransactionId, read_id
from govchain.cli.terminal import STDOUT, Shown, Terminal
from govchain.client import FinalEvent, RecordRead
from govchain.codec import to_readable
from govchain.errors import ConfigError, Unavailable
from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds import KINDS, data_of
from govchain.ledger.kinds.licence.changes import LICENCE
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.ledger.state import RecordState

app = Commands(help="Read a record or a transaction.", no_args_is_help=True)


class Level(StrEnum):
    """How much a read proves (rule RD-1)."""

    LOCAL = "local"
    CERTIFIED = "certified"
    LATEST = "latest"


@app.command()
def record(
    connection: Reached,
    terminal: Shown,
    record_type: Annotated[str, typer.Argument(metavar="TYPE", help="For example licence; see records.md.")],
    object_id: Annotated[str, typer.Argument(metavar="ID", help="Object id.")],
    level: Annotated[
        Level,
        typer.Option(
            "--level",
            help="local: one validator's word. certified: proof and certificate are verified here. "
            "latest: that, and nothing acknowledged before is missing.",
        ),
    ] = Level.CERTIFIED,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="A licence's status at that moment (RFC 3339), rule L3."),
    ] = None,
) -> None:
    """Show a record's state and history. Exit status 1 when there is none."""
    at_ms = _read_time(at)
    _require_record_type(record_type)
    if level is not Level.LOCAL:
        connection.require_genesis()

    async def read() -> RecordRead:
        async with connection.client() as client:
            return await client.record(record_type, object_id, level=level.value)

    found = run_async(read())
    value: dict[str, Any] = {
        "record": f"{record_type}/{object_id}",
        "level": level.value,
        "height": found.height,
        "state": None if found.state is None else _readable(found.state),
    }
    _show_record(terminal, found, f"{record_type}/{object_id}")
    if found.state is not None and at_ms is not None:
        value["at"] = _show_licence_at(terminal, found, at_ms)
    terminal.result(value)
    if found.state is None:
        raise typer.Exit(ExitStatus.FAILS)


@app.command()
def transaction(
    connection: Reached,
    terminal: Shown,
    transaction_id: TransactionId,
) -> None:
    """Show what one validator knows of a transaction. Exit status 3 while it is pending, 1 when unknown."""
    wanted = read_id(transaction_id)

    async def read() -> Any:
        async with connection.client() as client:
            return await client.transaction(wanted)

    status = run_async(read())
    terminal.result(to_readable(status) if status is not None else None)
    if status is None:
        terminal.bad(terminal.pick("unknown to this validator", "该节点未见此交易"))
        raise typer.Exit(ExitStatus.FAILS)
    if status.result is None:
        terminal.say(terminal.pick("pending", "待确认"))
        raise typer.Exit(ExitStatus.UNDECIDED)
    outcome = (
        "applied" if status.result.applied else f"denied by rule {status.result.rule} {status.result.code}"
    )
    outcome_zh = (
        "已生效" if status.result.applied else f"被规则 {status.result.rule} {status.result.code} 驳回"
    )
    terminal.good(
        terminal.pick(
            f"final at height {status.height}: {status.result.object_id} {outcome}",
            f"已于高度 {status.height} 最终确认：{status.result.object_id} {outcome_zh}",
        )
    )
    if not status.result.applied:
        say_denial(terminal, status.result.rule, status.result.code)


def watch(
    connection: Reached,
    terminal: Shown,
    from_height: Annotated[
        int | None, typer.Option("--from", min=1, help="First height to show.", show_default="the next one")
    ] = None,
    blocks: Annotated[
        int | None, typer.Option("--blocks", min=1, help="End after so many blocks.", show_default="never")
    ] = None,
) -> None:
    """Show blocks as they become final; --json - gives one JSON line for each. Ctrl-C ends it."""
    if terminal.json_target not in (None, STDOUT):
        raise ConfigError(
            "a stream has no end to write a file at", found=terminal.json_target, expected="--json -"
        )

    async def follow() -> None:
        seen = 0
        async with connection.client() as client:
            async for event in client.events(from_height):
                _show_event(terminal, event, as_json=terminal.json_target == STDOUT)
                seen += 1
                if blocks is not None and seen >= blocks:
                    return
        raise Unavailable("the stream of events ended")

    run_async(follow())


def _show_record(terminal: Terminal, found: RecordRead, name: str) -> None:
    how = terminal.pick(
        f"{found.level} at height {found.height}", f"高度 {found.height}（{_LEVELS_ZH[found.level]}）"
    )
    if found.state is None:
        terminal.bad(f"{name}: " + terminal.pick("no such record", "无此记录") + f"  [{how}]")
        return
    terminal.good(f"{name}: {found.state.state}  [{how}]")
    for entry in found.state.timeline:
        when, by = _time_text(entry.claimed_time_ms), entry.transaction_id.hex()
        terminal.say(f"  {when}  {entry.state:<12} {entry.kind}  {by}")


def _readable(record: RecordState) -> dict[str, Any]:
    return {**to_readable(record), "data": to_readable(data_of(record))}


_LEVELS_ZH = {"local": "单节点答复", "certified": "已验证状态证明", "latest": "已验证且为最新"}


def _show_licence_at(terminal: Terminal, found: RecordRead, at_ms: int) -> dict[str, Any]:
    assert found.state is not None
    if found.state.record_type != LICENCE:
        raise ConfigError(
            "--at asks for the status of a licence", found=found.state.record_type, expected=LICENCE
        )
    answer = licence_status_at(found.state, at_ms)
    terminal.say(
        f"  {_time_text(at_ms)}: {answer.answer}  "
        + terminal.pick(answer.explanation_en, answer.explanation_zh)
    )
    plain: dict[str, Any] = to_readable(answer)
    return plain


def _show_event(terminal: Terminal, event: FinalEvent, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(to_readable(event), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    denied = sum(not result.applied for result in event.results)
    terminal.say(
        f"{_time_text(event.time_ms)}  "
        + terminal.pick(
            f"height {event.height}: {len(event.results)} records, {denied} denied",
            f"高度 {event.height}：{len(event.results)} 条记录，驳回 {denied} 条",
        )
    )
    for kind, result in zip(event.kinds, event.results, strict=True):
        mark = "✓" if result.applied else f"✗ {result.rule} {result.code}"
        terminal.say(f"  {kind:<20} {result.object_id}  {mark}")


def _time_text(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds")


def _require_record_type(record_type: str) -> None:
    """An absence proven of a type that does not exist would only hide a slip of the pen."""
    known = [kind.record_type for kind in KINDS.values() if kind.keeps_records]
    if record_type not in known:
        raise ConfigError("no such type of record", found=record_type, expected="one of: " + ", ".join(known))


def _read_time(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_time_ms(text)
    except ValueError as error:
        raise ConfigError(
            f"--at: {error}", found=text, expected="for example 2026-11-02T09:00:00+08:00"
        ) from error
