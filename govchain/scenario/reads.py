"""Reading verbs: questions that anybody may put to the chain, answered from records and receipts.

Each gives what was expected and what was found; nothing is submitted.
"""

from __future__ import annotations

from dataclasses import dataclass

from govchain.crypto.file_digest import FileDigests
from govchain.errors import BadProof
from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds.evidence.legal_effect import LegalEffectReport, legal_effect_report
from govchain.ledger.kinds.key.standing import key_status_at
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.model import Genesis
from govchain.receipt import verify_receipt
from govchain.scenario.backend import Backend
from govchain.scenario.verbs import KeyVerifyWith, LegalReportWith, LicenceVerifyWith


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for and what came."""

    ok: bool
    expected: str
    measured: str
    detail: str = ""


async def licence_verify(backend: Backend, wanted: LicenceVerifyWith, clock: str) -> Answer:
    """Is this licence valid at that time (rule L3)?"""
    record = await backend.record("licence", wanted.licence)
    if record is None:
        return Answer(wanted.answer == "UNKNOWN", wanted.answer, "UNKNOWN", "there is no such licence")
    try:
        at_ms = parse_time_ms(wanted.at or clock)
    except ValueError as error:
        return Answer(False, wanted.answer, "no answer", f"at: {error}")
    found = licence_status_at(record, at_ms)
    return Answer(found.answer == wanted.answer, wanted.answer, found.answer, found.explanation_en)


async def key_verify(backend: Backend, key_id: bytes, wanted: KeyVerifyWith, clock: str) -> Answer:
    """Was this key good at that time (rule I1)?"""
    key = await backend.key(key_id)
    if key is None:
        return Answer(wanted.answer == "UNKNOWN", wanted.answer, "UNKNOWN", "the chain knows no such key")
    try:
        at_ms = parse_time_ms(wanted.at or clock)
    except ValueError as error:
        return Answer(False, wanted.answer, "no answer", f"at: {error}")
    found = key_status_at(key, at_ms)
    return Answer(found.answer == wanted.answer, wanted.answer, found.answer, found.explanation_en)


async def legal_report(backend: Backend, wanted: LegalReportWith) -> Answer:
    """What a court may presume of this evidence, and what not (rules E4, E5)."""
    expected = "a report" + "".join(f" that says {text!r}" for text in wanted.says)
    record = await backend.record("evidence", wanted.evidence)
    if record is None:
        return Answer(False, expected, "no such evidence")
    deposit = await backend.transaction(record.timeline[0].transaction_id)
    if deposit is None or deposit.time_ms is None:
        return Answer(False, expected, "the deposit is not final")
    text = format_report(legal_effect_report(record, deposit.time_ms))
    missing = [each for each in wanted.says if each not in text]
    measured = "a report" if not missing else f"a report that does not say {missing[0]!r}"
    return Answer(not missing, expected, measured, text)


def format_report(report: LegalEffectReport) -> str:
    """The report as lines of text, English and Chinese."""
    lines = [f"{report.object_id}: weight {report.weight}"]
    for each in report.statements:
        article = f" [{each.article}]" if each.article else ""
        lines.append(f"- {each.topic}: {each.text_en}{article}")
        lines.append(f"  {each.text_zh}")
    return "\n".join(lines)


def check_receipt(data: bytes | None, genesis: Genesis, original: FileDigests | None) -> Answer:
    """Does this receipt prove its transaction to someone who has the genesis and nothing else (rule E7)?"""
    expected = "a receipt that verifies offline"
    if data is None:
        return Answer(False, expected, "no receipt")
    try:
        report = verify_receipt(data, genesis, original=original)
    except BadProof as error:
        return Answer(False, expected, f"step {error.step} failed", str(error))
    return Answer(True, expected, f"{len(report.steps)} steps hold", report.verdict.en)
