"""Guards of evidence in court and of invoices: what rules deny, and what a bundle must not prove."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_TAX = "tests/rules/test_ledger_tax.py::"
_EVIDENCE = "tests/rules/test_ledger_evidence.py::"
_BUNDLE = "tests/unit/test_receipt_evidence_bundle.py::"

EVIDENCE_AND_TAX: Final[tuple[Mutant, ...]] = (
    Mutant(
        "what the chain denied is exported",
        "cli/invoices.py",
        " or not report.applied:",
        ":",
        (
            "tests/unit/test_documents_ubl_export.py::test_the_command_exports_a_document_and_what_a_receipt_proves",
        ),
        rules=("T2",),
    ),
    Mutant(
        "allowances without rates are exported",
        "documents/ubl_export.py",
        '    if fields.allowances.strip("0.") or fields.charges.strip("0."):',
        "    if False:",
        (
            "tests/unit/test_documents_ubl_export.py::"
            "test_what_en_16931_has_no_place_for_is_refused_and_named",
        ),
        rules=("T2",),
    ),
    Mutant(
        "a form answered after 72 hours",
        "ledger/kinds/red_form/rules.py",
        "    if attempt.claimed_time_ms > until_ms:",
        "    if False:",
        (f"{_TAX}test_T4_denies_an_answer_after_72_hours",),
        rules=("T4",),
    ),
    Mutant(
        "a lapsed form still open by the clock",
        "ledger/kinds/red_form/fields.py",
        "time_ms > confirm_until_ms(form):",
        "time_ms > confirm_until_ms(form) + 1_000:",
        (f"{_TAX}test_T4_denies_an_answer_after_72_hours",),
        rules=("T4",),
    ),
    Mutant(
        "a form confirmed by who made it",
        "ledger/kinds/red_form/rules.py",
        "    if attempt.org.id == data.requester or",
        "    if",
        (f"{_TAX}test_T4_denies_the_wrong_side",),
        rules=("T4",),
    ),
    Mutant(
        "red invoice beyond its form",
        "ledger/kinds/invoice/rules.py",
        "    if any(parse_cents(getattr(fields, name)) != parse_cents(getattr(data, name)) for name in AMOUNTS):",
        "    if False:",
        (f"{_TAX}test_T4_denies_red_of_a_used_invoice_without_a_form_that_fits",),
        rules=("T4",),
    ),
    Mutant(
        "a form used twice",
        "ledger/kinds/invoice/rules.py",
        '    if form is None or form.state != "CONFIRMED":',
        "    if form is None:",
        (f"{_TAX}test_T4_allows_red_of_a_booked_invoice_by_a_confirmed_form",),
        rules=("T4",),
    ),
    Mutant(
        "lines taken back twice",
        "ledger/kinds/invoice/rules.py",
        "                if not min(0, most) <= found <= max(0, most):",
        "                if False:",
        (f"{_TAX}test_T3_denies_more_of_a_line_than_it_had",),
        rules=("T3",),
    ),
    Mutant(
        "a deduction while a transfer-out is due",
        "ledger/kinds/invoice/use.py",
        '    if attempt.fields.use == "DEDUCTED" and due:',
        "    if False:",
        (f"{_TAX}test_T7_denies_deduction_while_a_transfer_out_is_due_and_wrong_amounts",),
        rules=("T7",),
    ),
    Mutant(
        "deduction beside a rebate",
        "ledger/kinds/invoice/use.py",
        '    if data.use != "NONE":',
        "    if False:",
        (f"{_TAX}test_T5_denies_a_second_use",),
        rules=("T5",),
    ),
    Mutant(
        "use of a locked invoice",
        "ledger/kinds/invoice/use.py",
        '    if _data(attempt).hold == "LOCKED":',
        "    if False:",
        (f"{_TAX}test_T9_denies_use_booking_and_red_while_locked",),
        rules=("T9",),
    ),
    Mutant(
        "credit that is never used up",
        "ledger/kinds/invoice/rules.py",
        "        use_credit(attempt)",
        "        pass",
        (f"{_TAX}test_T8_denies_invoices_over_the_limit",),
        rules=("T8",),
    ),
    Mutant(
        "a ring that does not close",
        "ledger/kinds/risk.py",
        "        if data.buyer_ref != following.seller_ref:",
        "        if False:",
        (f"{_TAX}test_T10_denies_what_is_no_ring",),
        rules=("T10",),
    ),
    Mutant(
        "who raised a risk reviews it",
        "ledger/kinds/risk.py",
        "            g6_reviewer_did_not_raise,\n",
        "",
        (f"{_TAX}test_G6_denies_a_review_to_whoever_raised_the_risk",),
        rules=("G6",),
    ),
    Mutant(
        "an appraiser with an interest",
        "ledger/kinds/evidence/parties.py",
        "    if attempt.org.id in (attempt.existing.issuer_org, data.depositor):",
        "    if False:",
        (f"{_EVIDENCE}test_E5_denies_appraisal_by_depositor_collector_or_party",),
        rules=("E5",),
    ),
    Mutant(
        "sealed exhibits for everybody",
        "ledger/kinds/evidence/parties.py",
        "    if not may_read(attempt.access, evidence, attempt.org.id, attempt.key.person):",
        "    if False:",
        (f"{_EVIDENCE}test_E9_denies_a_sealed_exhibit_to_everybody_else",),
        rules=("E9",),
    ),
    Mutant(
        "a timestamp before the collection",
        "ledger/kinds/evidence/rules.py",
        "    if stamped_ms < collected_ms:",
        "    if False:",
        (f"{_EVIDENCE}test_E3_denies_timestamp_before_collection_or_after_block",),
        rules=("E3",),
    ),
    Mutant(
        "a mismatch forgotten after an appraisal",
        "ledger/kinds/evidence/rules.py",
        "    if data_of(attempt).is_mismatch and",
        '    if attempt.existing.state == "MISMATCHED" and',
        (f"{_EVIDENCE}test_E6_denies_admission_of_a_mismatch_after_an_appraisal_too",),
        rules=("E6",),
    ),
    Mutant(
        "a bundle without its history",
        "receipt/evidence_bundle.py",
        "    if len(bundle.receipts) != len(record.timeline):",
        "    if False:",
        (f"{_BUNDLE}test_E7_refuses_whatever_is_missing_or_changed",),
        rules=("E7",),
    ),
    Mutant(
        "a bundle with the receipts of something else",
        "receipt/evidence_bundle.py",
        "        if (report.transaction_id, report.applied) != (entry.transaction_id, True):",
        "        if False:",
        (f"{_BUNDLE}test_E7_refuses_whatever_is_missing_or_changed",),
        rules=("E7",),
    ),
    Mutant(
        "a bundle with another token",
        "receipt/evidence_bundle.py",
        "    if digest_chunks([bundle.timestamp]).sha256 != evidence.timestamp_hash:",
        "    if False:",
        (f"{_BUNDLE}test_E7_refuses_another_file_token_or_authority",),
        rules=("E7",),
    ),
)
