"""Reading verbs: questions that anybody may put to the chain, answered from records and receipts.

Each gives what was expected and what was found; nothing is submitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from govchain.crypto.file_digest import FileDigests
from govchain.crypto.timestamp import TimestampAuthorities
from govchain.errors import BadProof
from govchain.ledger import RecordState, Text
from govchain.ledger.identifiers import format_time, parse_time_ms
from govchain.ledger.kinds.evidence.legal_effect import LegalEffectReport, legal_effect_report
from govchain.ledger.kinds.key.standing import key_status_at
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.legal import detail_in_chinese
from govchain.model import Genesis
from govchain.receipt import EvidenceBundle, verify_evidence_bundle, verify_receipt, write_evidence_bundle
from govchain.receipt.bundle import parse_json
from govchain.scenario.backend import Backend
from govchain.scenario.verbs import BundleCheckWith, KeyVerifyWith, LegalReportWith, LicenceVerifyWith

_NOTHING: Final = Text("", "")


@dataclass(frozen=True, slots=True)
class Given:
    """What whoever verifies a bundle brings along."""

    token: bytes
    authorities: bytes
    """PEM of the roots of timestamp authorities; empty: a token is not judged."""
    original: FileDigests | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for and what came."""

    ok: bool
    expected: str
    measured: str
    detail: Text = _NOTHING


async def licence_verify(backend: Backend, wanted: LicenceVerifyWith, clock: str) -> Answer:
    """Is this licence valid at that time (rule L3)?"""
    record = await backend.record("licence", wanted.licence)
    if record is None:
        return Answer(
            wanted.answer == "UNKNOWN",
            wanted.answer,
            "UNKNOWN",
            Text("there is no such licence", "没有此证照"),
        )
    try:
        at_ms = parse_time_ms(wanted.at or clock)
    except ValueError as error:
        return Answer(False, wanted.answer, "no answer", _told(f"at: {error}"))
    found = licence_status_at(record, at_ms)
    explained = Text(found.explanation_en, found.explanation_zh)
    return Answer(found.answer == wanted.answer, wanted.answer, found.answer, explained)


async def key_verify(backend: Backend, key_id: bytes, wanted: KeyVerifyWith, clock: str) -> Answer:
    """Was this key good at that time (rule I1)?"""
    key = await backend.key(key_id)
    if key is None:
        return Answer(
            wanted.answer == "UNKNOWN", wanted.answer, "UNKNOWN", _told("the chain knows no such key")
        )
    try:
        at_ms = parse_time_ms(wanted.at or clock)
    except ValueError as error:
        return Answer(False, wanted.answer, "no answer", _told(f"at: {error}"))
    found = key_status_at(key, at_ms)
    explained = Text(found.explanation_en, found.explanation_zh)
    return Answer(found.answer == wanted.answer, wanted.answer, found.answer, explained)


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
    missing = _unsaid(wanted.says, text)
    measured = "a report" if not missing else f"a report that does not say {missing[0]!r}"
    return Answer(not missing, expected, measured, text)


async def check_bundle(backend: Backend, genesis: Genesis, wanted: BundleCheckWith, given: Given) -> Answer:
    """Do all proofs of this evidence convince who has the genesis, the file and the token (E4, E5, E7)?"""
    expected = "a bundle that verifies offline"
    if wanted.says:
        expected += f" and says {', '.join(map(repr, wanted.says))}"
    record = await backend.record("evidence", wanted.evidence)
    if record is None:
        return Answer(False, expected, "no such evidence")
    data = await _take_bundle(backend, record, given.token)
    roots = TimestampAuthorities(given.authorities) if given.authorities else None
    try:
        report = verify_evidence_bundle(data, genesis, original=given.original, authorities=roots)
    except BadProof as error:
        return Answer(False, expected, f"step {error.step} failed", _told(str(error)))
    text = format_report(report.effect)
    if report.timestamp is not None:
        when, signer = format_time(report.timestamp.time_ms), report.timestamp.signer
        text = Text(
            f"{text.en}\n- token verified: {when} by {signer}",
            f"{text.zh}\n- 时间戳核验一致：{when}，签发者 {signer}",
        )
    missing = _unsaid(wanted.says, text)
    measured = f"{len(report.records)} records hold"
    if missing:
        measured = f"a report that does not say {missing[0]!r}"
    return Answer(not missing, expected, measured, text)


async def _take_bundle(backend: Backend, record: RecordState, token: bytes) -> bytes:
    proof = await backend.prove_record(record.record_type, record.object_id)
    receipts = [await backend.receipt(entry.transaction_id) for entry in record.timeline]
    bundle = EvidenceBundle(
        evidence_no=record.object_id,
        record=proof,
        receipts=tuple(parse_json(receipt or b"null") for receipt in receipts),
        timestamp=token,
    )
    return write_evidence_bundle(bundle)


def format_report(report: LegalEffectReport) -> Text:
    """The report as lines of text."""
    english = [f"{report.object_id}: weight {report.weight}"]
    chinese = [f"{report.object_id}：证明力{_WEIGHTS_ZH[report.weight]}"]
    for each in report.statements:
        article, article_zh = (f" [{text}]" if text else "" for text in (each.article, each.article_zh))
        english.append(f"- {each.topic}: {each.text_en}{article}")
        chinese.append(f"- {each.text_zh}{article_zh}")
    return Text("\n".join(english), "\n".join(chinese))


_WEIGHTS_ZH: Final = {"ordinary": "正常", "lowered": "降低"}


def check_receipt(data: bytes | None, genesis: Genesis, original: FileDigests | None) -> Answer:
    """Does this receipt prove its transaction to someone who has the genesis and nothing else (rule E7)?"""
    expected = "a receipt that verifies offline"
    if data is None:
        return Answer(False, expected, "no receipt")
    try:
        report = verify_receipt(data, genesis, original=original)
    except BadProof as error:
        return Answer(False, expected, f"step {error.step} failed", _told(str(error)))
    return Answer(
        True, expected, f"{len(report.steps)} steps hold", Text(report.verdict.en, report.verdict.zh)
    )


def _unsaid(says: Sequence[str], text: Text) -> list[str]:
    """Of the wanted words those that stand in neither language."""
    return [each for each in says if each not in text.en and each not in text.zh]


def _told(problem: str) -> Text:
    return Text(problem, detail_in_chinese(problem))
