"""Business documents: real files and e-invoices on their way to become records. No I/O, no clock, no keys."""

from govchain.documents.einvoice import (
    EInvoice,
    EInvoiceItem,
    EInvoiceParty,
    einvoice_fields,
    is_einvoice,
    read_einvoice,
    to_einvoice_record,
    write_einvoice,
)
from govchain.documents.evidence import evidence_number, media_type_of, to_evidence_record
from govchain.documents.foreign_xml import DOCUMENT_BYTES_MAX
from govchain.documents.invoice import BusinessInvoice
from govchain.documents.invoice_record import reference_of, to_invoice_record
from govchain.documents.invoice_rules import find_remarks, validate_invoice
from govchain.documents.record import PreparedRecord, Remark
from govchain.documents.ubl import read_invoice
from govchain.documents.ubl_export import InvoiceTexts, to_business_invoice, write_invoice

__all__ = [
    "DOCUMENT_BYTES_MAX",
    "BusinessInvoice",
    "EInvoice",
    "EInvoiceItem",
    "EInvoiceParty",
    "InvoiceTexts",
    "PreparedRecord",
    "Remark",
    "einvoice_fields",
    "evidence_number",
    "find_remarks",
    "is_einvoice",
    "media_type_of",
    "read_einvoice",
    "read_invoice",
    "reference_of",
    "to_business_invoice",
    "to_einvoice_record",
    "to_evidence_record",
    "to_invoice_record",
    "validate_invoice",
    "write_einvoice",
    "write_invoice",
]
