"""`govchain anchor` and `govchain submit`: put hashes of real files, and records, on the chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from govchain.cli.connection import (
    Connection,
    GenesisOption,
    Identity,
    KeyOption,
    NetworkOption,
    OrgOption,
    PersonOption,
    UrlOption,
    open_connection,
    open_identity,
    run_async,
)
from govchain.cli.exits import ExitStatus
from govchain.cli.record_files import read_record
from govchain.cli.terminal import JsonOption, LanguageOption, QuietOption, Terminal
from govchain.client import Client, TransactionStatus
from govchain.client.signer import OrgSigner
from govchain.crypto.file_digest import FileDigests, digest_chunks
from govchain.errors import InvalidTransaction, Unavailable
from govchain.ledger.payloads import EvidenceDeposit, Hashes, encode_payload
from govchain.model import Transaction

CHUNK_BYTES: Final = 1 << 20
EXPIRY_BLOCKS: Final = 1_000
DEPOSIT_ROLES: Final = ("evidence-platform", "notary", "court", "depositor")
MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".md": "text/markdown",
    ".ofd": "application/ofd",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".zip": "application/zip",
}


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
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files. They stay here; their hashes go.")],
    network: NetworkOption = None,
    url: UrlOption = None,
    genesis: GenesisOption = None,
    person: PersonOption = None,
    org: OrgOption = None,
    key: KeyOption = None,
    kind: Annotated[
        str, typer.Option("--kind", help="contract, web-page, chat, work, log, document or other.")
    ] = "document",
    receipts: Annotated[
        Path | None, typer.Option("--receipts", metavar="DIR", help="Write a receipt for each file there.")
    ] = None,
    json_target: JsonOption = None,
    quiet: QuietOption = False,
    language: LanguageOption = None,
) -> None:
    """Put the hashes of files on the chain as evidence, and wait until that is final."""
    terminal = Terminal(json_target=json_target, quiet=quiet, language=language)
    connection = open_connection(network, url, genesis)
    identity = open_identity(connection, person=person, org=org, key=key, org_roles=DEPOSIT_ROLES)
    terminal.say(
        terminal.pick(f"signing as {identity.person} ({identity.org})", f"签署人 {identity.person}（{identity.org}）")
    )
    sent = run_async(anchor_files(connection, identity, files, kind=kind, receipts=receipts))
    _report(terminal, sent)


async def anchor_files(
    connection: Connection,
    identity: Identity,
    files: Sequence[Path],
    *,
    kind: str = "document",
    receipts: Path | None = None,
) -> list[Sent]:
    """Deposit the hashes of files, wait until each is final, and write receipts."""
    payloads = [(str(path), *_deposit(path, kind)) for path in files]
    async with connection.client() as client:
        signer = await client.open_signer(identity.org, identity.signer)
        expiry_height = (await client.status()).height + EXPIRY_BLOCKS
        transactions = [
            signer.build("evidence.deposit", payload, expiry_height=expiry_height) for _, _, payload in payloads
        ]
        statuses = await send_all(client, transactions)
        sent = [
            Sent(label, number, status) for (label, number, _), status in zip(payloads, statuses, strict=True)
        ]
        if receipts is not None:
            receipts.mkdir(parents=True, exist_ok=True)
            for path, item in zip(files, sent, strict=True):
                target = receipts / f"{path.name}.receipt.json"
                target.write_bytes(await client.receipt(item.status.id, certified=connection.genesis is not None))
    return sent


def submit(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An e-invoice (UBL XML), or a record as YAML or JSON.")
    ],
    network: NetworkOption = None,
    url: UrlOption = None,
    genesis: GenesisOption = None,
    person: PersonOption = None,
    org: OrgOption = None,
    key: KeyOption = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="Write the receipt there.")
    ] = None,
    json_target: JsonOption = None,
    quiet: QuietOption = False,
    language: LanguageOption = None,
) -> None:
    """Sign one record, hand it in and wait until it is final. Exit status 1 when a rule denies it."""
    terminal = Terminal(json_target=json_target, quiet=quiet, language=language)
    connection = open_connection(network, url, genesis)
    identity = open_identity(connection, person=person, org=org, key=key)
    _report(terminal, [run_async(_submit(connection, identity, file, receipt))])


async def _submit(connection: Connection, identity: Identity, file: Path, receipt: Path | None) -> Sent:
    record = read_record(file)
    async with connection.client() as client:
        signer: OrgSigner = await client.open_signer(identity.org, identity.signer)
        status = await client.status()
        level = "certified" if connection.genesis is not None else "local"
        current = (await client.record(record.record_type, record.object_id, level=level)).state
        envelope = {
            "object_id": record.object_id,
            "object_version": 1 if current is None else current.version + 1,
            "claimed_time": _now(),
            **({} if current is None else {"prev_record_hash": current.last_record_hash.hex()}),
            **record.envelope,
        }
        payload = encode_payload(envelope, record.fields)
        transaction = signer.build(record.kind, payload, expiry_height=status.height + EXPIRY_BLOCKS)
        final = (await send_all(client, [transaction]))[0]
        if receipt is not None:
            receipt.write_bytes(await client.receipt(final.id, certified=connection.genesis is not None))
    return Sent(str(file), f"{record.record_type}/{record.object_id}", final)


async def send_all(client: Client, transactions: Sequence[Transaction]) -> list[TransactionStatus]:
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
    certified = True
    return [await client.wait(admission.id, certified=certified) for admission in admissions]


def digest_file(path: Path) -> FileDigests:
    """Both hashes and the size of a file."""
    return digest_chunks(_chunks(path))


def _deposit(path: Path, kind: str) -> tuple[str, bytes]:
    """Evidence number and payload of one file."""
    digests = digest_file(path)
    now = _now()
    number = f"EV-{now.replace('-', '').replace(':', '')[:15]}Z-{digests.sha256[:16]}"
    collected = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    fields = EvidenceDeposit(
        evidence_kind=kind,
        raw_hash=Hashes(sha256=digests.sha256, sm3=digests.sm3),
        size_bytes=digests.size_bytes,
        media_type=MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream"),
        collected_at=collected.isoformat(timespec="seconds"),
        collector_tool="govchain anchor",
    )
    return number, encode_payload({"object_id": number, "object_version": 1, "claimed_time": now}, fields)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _report(terminal: Terminal, sent: Sequence[Sent]) -> None:
    for item in sent:
        result = item.status.result
        assert result is not None, "a final transaction has a result"
        where = terminal.pick(f"final at height {item.status.height}", f"已于高度 {item.status.height} 最终确认")
        if result.applied:
            terminal.good(f"{item.label} → {item.object_id}  {where}")
        else:
            terminal.bad(
                f"{item.label} → {item.object_id}  "
                + terminal.pick("denied by rule", "被规则驳回")
                + f" {result.rule} {result.code}: {result.detail}"
            )
        terminal.say(f"  id {item.status.id.hex()}")
    terminal.result([_sent_value(item) for item in sent])
    if not all(item.is_applied for item in sent):
        raise typer.Exit(ExitStatus.FAILS)


def _sent_value(item: Sent) -> dict[str, Any]:
    result = item.status.result
    assert result is not None
    plain = msgspec.to_builtins({"rule": result.rule, "code": result.code, "detail": result.detail})
    return {
        "file": item.label,
        "object": item.object_id,
        "transaction": item.status.id.hex(),
        "height": item.status.height,
        "applied": result.applied,
        **plain,
    }
