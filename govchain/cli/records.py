"""`govchain anchor` and `govchain submit`: put hashes of real files, and records, on the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from govchain.cli.connection import (
    Connection,
    Identity,
    Reached,
    Signing,
    open_identity,
    read_salt,
    run_async,
)
from govchain.cli.exits import ExitStatus
from govchain.cli.explain import say_denial
from govchain.cli.places import require_file_place
from govchain.cli.record_files import is_document, now_text, read_evidence, read_record
from govchain.cli.terminal import Shown, Terminal
from govchain.client import Client, TransactionStatus
from govchain.codec import encode, to_readable
from govchain.crypto import suite
from govchain.documents import PreparedRecord
from govchain.errors import ConfigError, InvalidTransaction, Unavailable
from govchain.ledger.kinds import KINDS, record_type_of
from govchain.ledger.kinds.invoice.fields import InvoiceIssue
from govchain.ledger.payloads import encode_payload
from govchain.legal import detail_in_chinese, explain
from govchain.model import Transaction

EXPIRY_BLOCKS: Final = 1_000
DEPOSIT_ROLES: Final = ("evidence-platform", "notary", "court", "depositor")
"""Organisations that rule I5 lets deposit; `anchor` picks a key of one when nobody is named."""
RECORDER_ROLES: Final = ("invoice-recorder",)
"""Organisations that rule I5 lets record anybody's e-invoice; `submit` picks a key of one for a document."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One record that was handed in, and what became of it."""

    label: str
    object_id: str
    status: TransactionStatus

    @property
    def is_applied(self) -> bool:
        return self.status.result is not None and self.status.result.applied


def anchor(
    connection: Reached,
    signing: Signing,
    terminal: Shown,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Files. They stay here; their hashes go.")
    ],
    kind: Annotated[
        str, typer.Option("--kind", help="contract, web-page, chat, work, log, document or other.")
    ] = "document",
    receipts: Annotated[
        Path | None, typer.Option("--receipts", metavar="DIR", help="Write a receipt for each file there.")
    ] = None,
) -> None:
    """Put the hashes of files on the chain as evidence, and wait until that is final."""
    identity = open_identity(connection, signing, org_roles=DEPOSIT_ROLES)
    terminal.say(
        terminal.pick(
            f"signing as {identity.person} ({identity.org})", f"签署人 {identity.person}（{identity.org}）"
        )
    )
    sent = run_async(anchor_files(connection, identity, files, kind=kind, receipts=receipts))
    report_sent(terminal, sent)


async def anchor_files(
    connection: Connection,
    identity: Identity,
    files: Sequence[Path],
    *,
    kind: str = "document",
    receipts: Path | None = None,
) -> list[Sent]:
    """Deposit the hashes of files, wait until each is final, and write receipts."""
    if receipts is not None:
        # Before anything is sent: what is final cannot be taken back because its receipt has no place.
        _require_distinct_names(files)
        receipts.mkdir(parents=True, exist_ok=True)
        for path in files:
            _require_no_receipt(_receipt_place(receipts, path))
    records = [read_evidence(path, kind) for path in files]
    is_certified = connection.genesis is not None
    async with connection.client() as client:
        signer = await client.open_signer(identity.org, identity.signer)
        expiry_height = (await client.status()).height + EXPIRY_BLOCKS
        transactions = [
            signer.build(record.kind, record.payload(), expiry_height=expiry_height) for record in records
        ]
        statuses = await send_all(client, transactions, is_certified=is_certified)
        sent = [
            Sent(str(path), f"evidence/{record.object_id}", status)
            for path, record, status in zip(files, records, statuses, strict=True)
        ]
        if receipts is not None:
            for path, item in zip(files, sent, strict=True):
                data = await client.receipt(item.status.id, certified=is_certified)
                _receipt_place(receipts, path).write_bytes(data)
    return sent


def _receipt_place(folder: Path, file: Path) -> Path:
    return folder / f"{file.name}.receipt.json"


def _require_no_receipt(place: Path) -> None:
    """A receipt would make way for that of a denial of the same file, or for one of a newer file."""
    if place.exists():
        raise ConfigError(
            "a receipt is there already, and receipts are never overwritten",
            path=str(place),
            hint="move it away, or give another folder with --receipts",
        )


def _require_distinct_names(files: Sequence[Path]) -> None:
    """Receipts are named after their files, so one would overwrite the other."""
    first_of: dict[str, Path] = {}
    for path in files:
        other = first_of.setdefault(path.name, path)
        if other is not path:
            raise ConfigError(
                "two files of one name, whose receipts would be one file",
                path=str(path),
                found=str(other),
                hint="anchor them one after the other, with different --receipts",
            )


def submit(
    connection: Reached,
    signing: Signing,
    terminal: Shown,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An e-invoice (UBL XML), or a record as YAML or JSON.")
    ],
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="Write the receipt there.")
    ] = None,
    salt: Annotated[
        Path | None,
        typer.Option(
            "--salt",
            metavar="FILE",
            help="Secret salt for parties of an invoice that no company id names.",
            show_default="of the signer's organisation in the network folder",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Only sign it and write it there; somebody else hands it in."
        ),
    ] = None,
) -> None:
    """Sign one record, hand it in and wait until it is final. Exit status 1 when a rule denies it."""
    if out is not None and receipt is not None:
        raise ConfigError("what is not handed in has no receipt", expected="--out or --receipt")
    if receipt is not None:
        # Before anything is sent: what is final cannot be taken back because its receipt has no place.
        require_file_place("--receipt", receipt)
    if out is not None:
        require_file_place("--out", out)
    org_roles = RECORDER_ROLES if is_document(file) else ()
    identity = open_identity(connection, signing, org_roles=org_roles)
    record = read_record(
        file,
        suite(connection.genesis.suite) if connection.genesis is not None else suite(),
        salt=read_salt(connection, identity, salt),
    )
    _report_document(terminal, record)
    if out is not None:
        run_async(_write_signed(connection, identity, record, out))
        terminal.good(terminal.pick(f"{out}: signed, not handed in", f"{out}：已签名，未提交"))
        return
    report_sent(terminal, [run_async(submit_record(connection, identity, record, receipt))])


async def submit_record(
    connection: Connection, identity: Identity, record: PreparedRecord, receipt: Path | None = None
) -> Sent:
    """Sign one record, hand it in, wait until it is final, and write its receipt."""
    is_certified = connection.genesis is not None
    async with connection.client() as client:
        transaction = await _sign(client, identity, record, is_certified)
        final = (await send_all(client, [transaction], is_certified=is_certified))[0]
        if receipt is not None:
            receipt.write_bytes(await client.receipt(final.id, certified=is_certified))
    return Sent(identity.person, f"{record_type_of(record.kind)}/{record.object_id}", final)


async def _write_signed(
    connection: Connection, identity: Identity, record: PreparedRecord, out: Path
) -> None:
    async with connection.client() as client:
        transaction = await _sign(client, identity, record, connection.genesis is not None)
    out.write_bytes(encode(transaction))


async def _sign(
    client: Client, identity: Identity, record: PreparedRecord, is_certified: bool
) -> Transaction:
    signer = await client.open_signer(identity.org, identity.signer)
    payload = encode_payload(await _complete(client, record, is_certified), record.fields)
    expiry_height = (await client.status()).height + EXPIRY_BLOCKS
    return signer.build(record.kind, payload, expiry_height=expiry_height)


async def _complete(client: Client, record: PreparedRecord, is_certified: bool) -> dict[str, Any]:
    """The envelope, continued from where the chain has the object (rule G4)."""
    record_type = record_type_of(record.kind)
    found: dict[str, Any] = {"object_version": 1}
    # Before the first block there is no header that a proof could lead to, and no record either.
    if KINDS[record_type].keeps_records and (await client.status()).height > 0:
        level = "certified" if is_certified else "local"
        current = (await client.record(record_type, record.object_id, level=level)).state
        if current is not None:
            found = {
                "object_version": current.version + 1,
                "prev_record_hash": current.last_record_hash.hex(),
            }
    # What the file says itself comes last. A prepared first record says version 1, and the chain judges it.
    return {"object_id": record.object_id, "claimed_time": now_text(), **found, **record.envelope}


async def send_all(
    client: Client, transactions: Sequence[Transaction], *, is_certified: bool
) -> list[TransactionStatus]:
    """Submit transactions and wait until each is final.

    Raises:
        InvalidTransaction: One was refused; the others may have been taken.
        Unavailable: The pool is full.
    """
    admissions = await client.submit(transactions)
    for admission in admissions:
        if admission.status == "rejected":
            if admission.code == "pool-full":
                raise Unavailable(admission.detail)
            raise InvalidTransaction(admission.code, f"{admission.code}: {admission.detail}")
    return [await client.wait(admission.id, certified=is_certified) for admission in admissions]


def _report_document(terminal: Terminal, record: PreparedRecord) -> None:
    """What was read in an invoice, and what is odd about it though its standard permits it."""
    for remark in record.remarks:
        terminal.say(f"  {terminal.pick('note', '提示')}: {remark.rule}: {remark.field}: {remark.problem}")
    fields = record.fields
    if not isinstance(fields, InvoiceIssue):
        return
    terminal.say(
        terminal.pick(
            f"  invoice {fields.number}: net {fields.net} + tax {fields.tax} = gross {fields.gross}",
            f"  发票 {fields.number}：不含税 {fields.net} + 税额 {fields.tax} = 价税合计 {fields.gross}",
        )
        + f" {fields.currency}"
    )
    if fields.corrects:
        terminal.say(f"  {terminal.pick('takes back', '冲销')}: {', '.join(fields.corrects)}")


def report_sent(terminal: Terminal, sent: Sequence[Sent]) -> None:
    """Say what became of records; ends the command with status 1 when a rule denied one."""
    for item in sent:
        result = item.status.result
        assert result is not None, "a final transaction has a result"
        where = terminal.pick(
            f"final at height {item.status.height}", f"已于高度 {item.status.height} 最终确认"
        )
        if result.applied:
            terminal.good(f"{item.label} → {item.object_id}  {where}")
        else:
            terminal.bad(
                f"{item.label} → {item.object_id}  "
                + terminal.pick("denied by rule", "被规则驳回")
                + f" {result.rule} {result.code}"
                + terminal.pick(f": {result.detail}", f"：{detail_in_chinese(result.detail)}")
            )
            say_denial(terminal, result.rule, result.code)
        terminal.say(f"  id {item.status.id.hex()}")
    terminal.result([_sent_value(item) for item in sent])
    if not all(item.is_applied for item in sent):
        raise typer.Exit(ExitStatus.FAILS)


def _sent_value(item: Sent) -> dict[str, Any]:
    result = item.status.result
    assert result is not None
    return {
        "source": item.label,
        "object": item.object_id,
        "transaction": item.status.id.hex(),
        "height": item.status.height,
        "applied": result.applied,
        "rule": result.rule,
        "code": result.code,
        "detail": result.detail,
        "explanation": to_readable(explain(result.rule, result.code, result.detail)),
    }
