"""From a judged invoice to the record `invoice.issue` or `invoice.red`: amounts and company identifiers.

Names, addresses and line texts stay in the document; the record carries its hashes. A party that only
something of a natural person identifies becomes a salted commitment (rule I3).
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, localcontext
from typing import Final

from govchain.crypto import Suite
from govchain.crypto.file_digest import FileDigests
from govchain.documents.invoice import EXACT, BusinessInvoice, Identifier, Party, TaxRow
from govchain.documents.record import PreparedRecord, first_record_envelope
from govchain.errors import ConfigError, InvalidDocument
from govchain.ledger.identifiers import is_credit_code
from govchain.ledger.kinds.invoice.fields import InvoiceIssue, TaxSubtotal, invoice_object_id
from govchain.ledger.kinds.invoice.totals import BREAKDOWN_MAX, LINES_MAX
from govchain.ledger.rules.personal import holds_identifier
from govchain.ledger.state import OBJECT_ID_MAX

STANDARD: Final = "EN16931"
MEDIA_TYPE: Final = "application/xml"
SALT_BYTES_MIN: Final = 16
REFERENCE_MAX: Final = 64
"""Longest company identifier, prefix included, in characters."""

PERSONAL_SCHEMES: Final = frozenset(("0210", "9907"))
"""Electronic address schemes whose numbers belong to natural persons as well: Italian codice fiscale."""

_SCHEME: Final = re.compile(r"[0-9]{4}")
_REFERENCE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.:+_-]*")
_RATE: Final = re.compile(r"(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?")


def to_invoice_record(
    invoice: BusinessInvoice,
    digests: FileDigests,
    *,
    suite: Suite,
    claimed_time: str,
    salt: bytes = b"",
) -> PreparedRecord:
    """The record of an invoice that `validate_invoice` accepted; a credit note becomes `invoice.red`.

    Args:
        invoice: What the document says.
        digests: Of the document's bytes.
        suite: Of the chain that the record is for.
        claimed_time: RFC 3339 with offset.
        salt: At least 16 secret bytes, kept off the chain; needed when a party has no company identifier.
            One salt for all documents of a party gives it one reference; destroying the salt forgets it (G7).

    Raises:
        InvalidDocument: A value has no place in a record (field named).
        ConfigError: A salt is needed and missing or too short.
    """
    with localcontext(EXACT):
        return _to_record(invoice, digests, suite, claimed_time, salt)


def _to_record(
    invoice: BusinessInvoice, digests: FileDigests, suite: Suite, claimed_time: str, salt: bytes
) -> PreparedRecord:
    root = "/CreditNote" if invoice.is_credit_note else "/Invoice"
    seller_ref = reference_of(invoice.seller, suite=suite, salt=salt)
    object_id = invoice_object_id(seller_ref, invoice.number)
    if len(object_id) > OBJECT_ID_MAX:
        problem = f"object id of {len(object_id)} characters; at most {OBJECT_ID_MAX} fit"
        raise InvalidDocument("BT-1", f"{root}/cbc:ID", problem)
    if len(invoice.rows) > BREAKDOWN_MAX:
        problem = f"{len(invoice.rows)} rows; at most {BREAKDOWN_MAX} fit"
        raise InvalidDocument("BG-23", f"{root}/cac:TaxTotal/cac:TaxSubtotal", problem)
    totals = invoice.totals
    fields = InvoiceIssue(
        standard=STANDARD,
        number=invoice.number,
        issue_date=invoice.issue_date,
        currency=invoice.currency,
        seller_ref=seller_ref,
        buyer_ref=reference_of(invoice.buyer, suite=suite, salt=salt),
        net=_amount(totals.net),
        tax=_amount(totals.tax),
        gross=_amount(totals.gross),
        breakdown=[_subtotal(row) for row in invoice.rows],
        # A document with more lines is judged by its breakdown; its hash still covers every line.
        line_nets=[_amount(line.net) for line in invoice.lines] if len(invoice.lines) <= LINES_MAX else [],
        allowances=_amount(totals.allowances) if totals.allowances else "0",
        charges=_amount(totals.charges) if totals.charges else "0",
        corrects=list(dict.fromkeys(invoice.corrects)) if invoice.is_credit_note else [],
    )
    return PreparedRecord(
        kind="invoice.red" if invoice.is_credit_note else "invoice.issue",
        object_id=object_id,
        envelope=first_record_envelope(object_id, claimed_time, digests, MEDIA_TYPE),
        fields=fields,
    )


def reference_of(party: Party, *, suite: Suite, salt: bytes) -> str:
    """How records name a party: by company identifier, else by salted commitment; never by name.

    In order: the unified social credit code bare, as the chain names organisations; `VAT:` and the VAT
    identifier; the legal registration, electronic address or other identifier with its four-digit scheme.

    Raises:
        ConfigError: A commitment is needed, and the salt is missing or too short.
    """
    for reference in _company_references(party):
        is_clean = _REFERENCE.fullmatch(reference) and not holds_identifier(reference)
        if is_clean and len(reference) <= REFERENCE_MAX:
            return reference
    return f"salted:{_commit(party, suite, salt).hex()}"


def _company_references(party: Party) -> list[str]:
    found = []
    numbers = [party.vat_id] + ([party.legal_id.value] if party.legal_id else [])
    numbers += [each.value for each in party.ids]
    found += [number for number in numbers if is_credit_code(number)]
    if party.vat_id:
        found.append(f"VAT:{party.vat_id}")
    for identifier in (party.legal_id, party.endpoint, *party.ids):
        if identifier is not None and _is_company_scheme(identifier):
            found.append(f"{identifier.scheme}:{identifier.value}")
    return found


def _is_company_scheme(identifier: Identifier) -> bool:
    # Schemes of four digits are ISO 6523 ICD or EAS codes; letters are mail addresses and the like.
    return bool(_SCHEME.fullmatch(identifier.scheme)) and identifier.scheme not in PERSONAL_SCHEMES


def _commit(party: Party, suite: Suite, salt: bytes) -> bytes:
    if len(salt) < SALT_BYTES_MIN:
        raise ConfigError(
            "a party of the invoice has no company identifier, so a salted commitment must stand for it",
            found=f"salt of {len(salt)} bytes",
            expected=f"at least {SALT_BYTES_MIN} secret bytes",
        )
    known = [each for each in (party.legal_id, *party.ids, party.endpoint) if each is not None]
    text = f"id:{known[0].scheme}:{known[0].value}" if known else f"name:{party.name}"
    normal = unicodedata.normalize("NFC", text).encode()
    return suite.digest(b"govchain.commitment/1:" + len(salt).to_bytes(2, "big") + salt + normal)


def _subtotal(row: TaxRow) -> TaxSubtotal:
    return TaxSubtotal(
        category=row.tax.category, rate=_rate(row), net=_amount(row.base), tax=_amount(row.amount)
    )


def _rate(row: TaxRow) -> str:
    if row.tax.rate is None:
        return ""
    text = f"{row.tax.rate:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = text.lstrip("+")
    if not _RATE.fullmatch(text):
        field = f"{row.path}/cac:TaxCategory/cbc:Percent"
        raise InvalidDocument("BT-119", field, f"found {text}; expected 0 to 999 with at most four decimals")
    return text


def _amount(value: Decimal) -> str:
    # Adding zero turns -0.00 into 0.00.
    return f"{value + 0:.2f}"
