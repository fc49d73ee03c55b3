"""`govchain invoice export`: a national invoice as UBL 2.1 (EN 16931), from its file or from a receipt.

What it says in UBL is decided in `documents`. A receipt is verified first, so that what is exported is
what the chain proves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.connection import GenesisOption, NetworkOption, trusted_genesis
from govchain.cli.options import Commands
from govchain.cli.record_files import read_bounded
from govchain.cli.terminal import Shown
from govchain.documents import (
    DOCUMENT_BYTES_MAX,
    BusinessInvoice,
    InvoiceTexts,
    einvoice_fields,
    is_einvoice,
    read_einvoice,
    to_business_invoice,
    write_invoice,
)
from govchain.errors import ConfigError
from govchain.ledger.kinds.invoice.fields import InvoiceIssue
from govchain.ledger.payloads import decode_envelope, decode_fields
from govchain.model import Genesis
from govchain.receipt import read_receipt, verify_receipt
from govchain.receipt.bundle import body_of

app = Commands(help="Invoices in the formats of others.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `export` a command of its own."""


@app.command("export")
def export_command(
    terminal: Shown,
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="A national e-invoice (XML), or the receipt of its record."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the UBL.")],
    corrects: Annotated[
        list[str] | None,
        typer.Option("--corrects", metavar="NUMBER", help="Of a red XML: the invoice that it takes back."),
    ] = None,
    genesis: GenesisOption = None,
    network: NetworkOption = None,
) -> None:
    """Write an invoice as UBL 2.1, a red-letter one as a CreditNote, judged by the rules of EN 16931."""
    data = read_bounded(source, DOCUMENT_BYTES_MAX)
    if is_einvoice(data):
        invoice = from_einvoice(data, tuple(corrects or ()))
    else:
        if data.lstrip().startswith(b"<"):
            raise ConfigError(
                "this XML is no national e-invoice",
                path=str(source),
                expected="a national e-invoice, or a receipt",
                hint="a UBL document needs no export",
            )
        if corrects:
            raise ConfigError("--corrects is for national XML; a record names what it takes back")
        invoice = from_receipt(data, trusted_genesis(genesis, network))
    out.write_bytes(write_invoice(invoice))
    kind = "CreditNote" if invoice.is_credit_note else "Invoice"
    totals = invoice.totals
    terminal.good(
        terminal.pick(
            f"{out}: UBL {kind} {invoice.number}, payable {totals.payable:.2f} {invoice.currency}",
            f"{out}：UBL {kind} {invoice.number}，应付 {totals.payable:.2f} {invoice.currency}",
        )
    )
    terminal.result(
        {
            "file": str(out),
            "document": kind,
            "number": invoice.number,
            "net": f"{totals.net:.2f}",
            "tax": f"{totals.tax:.2f}",
            "payable": f"{totals.payable:.2f}",
            "currency": invoice.currency,
            "corrects": list(invoice.corrects),
        }
    )


def from_einvoice(data: bytes, corrects: tuple[str, ...] = ()) -> BusinessInvoice:
    """A national e-invoice with the names and items that it holds."""
    document = read_einvoice(data)
    fields = einvoice_fields(
        document,
        seller_ref=document.seller.id_number,
        buyer_ref=document.buyer.id_number,
        corrects=corrects,
    )
    texts = InvoiceTexts(
        document.seller.name, document.buyer.name, tuple(item.name for item in document.items)
    )
    return to_business_invoice(fields, is_credit_note=document.is_red, texts=texts)


def from_receipt(data: bytes, genesis: Genesis) -> BusinessInvoice:
    """The invoice of a receipt that holds; it has no names, because a record has none.

    Raises:
        ConfigError: It is no receipt of an invoice that the chain took.
        BadProof: It does not hold.
    """
    report = verify_receipt(data, genesis)
    if report.kind not in ("invoice.issue", "invoice.red") or not report.applied:
        raise ConfigError(
            "nothing to export",
            found=report.kind if report.applied else f"{report.kind}, denied by rule {report.rule}",
            expected="the receipt of an invoice.issue or invoice.red that was applied",
        )
    envelope = decode_envelope(body_of(read_receipt(data).transaction).payload)
    fields = decode_fields(envelope, InvoiceIssue)
    return to_business_invoice(fields, is_credit_note=report.kind == "invoice.red")
