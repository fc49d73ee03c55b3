"""What a court gets: receipt of a transaction, proof of a record, and their offline verification."""

from govchain.receipt.build import BlockSource, build_receipt, collect_changes
from govchain.receipt.bundle import (
    RECEIPT_FORMAT,
    Inclusion,
    Receipt,
    SignedTransaction,
    Summary,
    read_receipt,
    write_receipt,
)
from govchain.receipt.evidence_bundle import (
    BundleReport,
    EvidenceBundle,
    verify_evidence_bundle,
    write_evidence_bundle,
)
from govchain.receipt.record_proof import (
    RecordProof,
    record_proof_from_plain,
    verify_record_proof,
    write_record_proof,
)
from govchain.receipt.report import STEP_TITLES, ReceiptReport, Text, VerifiedStep
from govchain.receipt.verify import recorded_file, verify_receipt

__all__ = [
    "RECEIPT_FORMAT",
    "STEP_TITLES",
    "BlockSource",
    "BundleReport",
    "EvidenceBundle",
    "Inclusion",
    "Receipt",
    "ReceiptReport",
    "RecordProof",
    "SignedTransaction",
    "Summary",
    "Text",
    "VerifiedStep",
    "build_receipt",
    "collect_changes",
    "read_receipt",
    "record_proof_from_plain",
    "recorded_file",
    "verify_evidence_bundle",
    "verify_receipt",
    "verify_record_proof",
    "write_evidence_bundle",
    "write_receipt",
    "write_record_proof",
]
