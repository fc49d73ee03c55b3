"""Rules of judicial evidence 司法存证 (records.md 1.2): form, numbers, times, matching and roles.

Custody is in `custody`, who may not appraise or read in `parties`; which record asks which rule in `life`.
What the law presumes (E4, E5) is an answer of `legal_effect`, not a rule of admission.
"""

from __future__ import annotations

import re
from typing import Final

from govchain.ledger.identifiers import is_case_number, parse_time_ms
from govchain.ledger.kinds.evidence.fields import (
    EvidenceAppraise,
    EvidenceData,
    EvidenceDeposit,
    EvidenceRule,
)
from govchain.ledger.kinds.key.standing import key_status_at
from govchain.ledger.payloads import Hashes
from govchain.ledger.rules.attempt import CLOCK_TOLERANCE_MS, Attempt
from govchain.ledger.rules.rule import deny

EVIDENCE: Final = "evidence"
EVIDENCE_KINDS: Final = ("contract", "web-page", "chat", "work", "log", "document", "other")
GROUNDS: Final = ("qualification", "interest", "system", "technique", "content")
"""On what a challenge may rest: factors of the rules of online litigation, and the content itself."""
OPINIONS: Final = ("supports", "refutes", "inconclusive")
RULINGS: Final = ("ADMITTED", "PARTIAL", "EXCLUDED")
TEXT_MAX: Final = 64
NTP_OFFSET_MAX_MS: Final = 86_400_000

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def g1_deposit_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the kind of evidence is a known one, times are times and hashes hashes."""
    fields: EvidenceDeposit = attempt.fields
    _require_one_of("evidence_kind", fields.evidence_kind, EVIDENCE_KINDS)
    _require_time("collected_at", fields.collected_at)
    if fields.collector_tool_hash:
        _require_hash("collector_tool_hash", fields.collector_tool_hash)
    if fields.timestamp is not None:
        _require_hash("timestamp.token_hash", fields.timestamp.token_hash)
        _require_time("timestamp.time", fields.timestamp.time)
    if fields.signed is not None:
        _require_hash("signed.key_id", fields.signed.key_id)
        _require_time("signed.at", fields.signed.at)
    environment = fields.environment
    if environment is not None and abs(environment.ntp_offset_ms) > NTP_OFFSET_MAX_MS:
        raise deny("G1", "E_PAYLOAD", "fields.environment.ntp_offset_ms: expected less than a day")
    for name in ("assurance_level", "platform_filing"):
        if len(getattr(fields, name)) > TEXT_MAX:
            raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected at most {TEXT_MAX} characters")


def g1_case_number_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a case number names year, court, type of case and serial."""
    if not is_case_number(attempt.fields.case_no):
        raise deny("G1", "E_PAYLOAD", "fields.case_no: expected the form （2026）京0491民初99号")


def g1_ground_is_known(attempt: Attempt) -> None:
    """Rule G1: a challenge rests on one of the known grounds."""
    _require_one_of("ground", attempt.fields.ground, GROUNDS)


def g1_appraisal_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: an appraisal has an opinion and the hash of its report."""
    fields: EvidenceAppraise = attempt.fields
    _require_one_of("opinion", fields.opinion, OPINIONS)
    _require_hash("report_hash", fields.report_hash)


def g1_ruling_is_known(attempt: Attempt) -> None:
    """Rule G1: a ruling is one of three."""
    _require_one_of("ruling", attempt.fields.ruling, RULINGS)


def _require_one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected one of {', '.join(known)}")


def _require_time(name: str, text: str) -> None:
    try:
        parse_time_ms(text)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error


def _require_hash(name: str, text: str) -> None:
    if not _SHA256.fullmatch(text):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 64 lower-case hex digits")


def e1_number_is_new(attempt: Attempt) -> None:
    """Rule E1: an evidence number is used once, so the deposited hash never changes."""
    if attempt.record is not None:
        raise deny("E1", "E_DUP_ID", "this evidence number is used already; a correction takes a new one")


def e1_replaced_exists(attempt: Attempt) -> None:
    """Rule E1: a correction names evidence that is on the chain."""
    replaces = attempt.fields.replaces
    if replaces and attempt.access.record(EVIDENCE, replaces) is None:
        raise deny("E1", "E_STATE", "the evidence that this one replaces is not on the chain")


def e1_hash_is_that_of_collection(attempt: Attempt) -> None:
    """Rule E1: what is deposited is what was collected."""
    if not has_same_hashes(attempt, attempt.fields.raw_hash):
        raise deny("E1", "E_HASH_MISMATCH", "the hashes differ from the collected ones")


def e1_nobody_deletes(attempt: Attempt) -> None:
    """Rule E1: no organisation deletes evidence, not even who deposited it."""
    raise deny("E1", "E_ROLE", f"{attempt.org.id} may not delete evidence; nobody may")


def e3_collected_before_chaining(attempt: Attempt) -> None:
    """Rule E3: collection comes first, a timestamp token after it, and the block last, within tolerance."""
    fields: EvidenceDeposit = attempt.fields
    collected_ms = parse_time_ms(fields.collected_at)
    ahead_ms = collected_ms - attempt.block_time_ms
    if ahead_ms > CLOCK_TOLERANCE_MS:
        raise deny("E3", "E_TIME_ORDER", f"collected_at lies {ahead_ms // 1000} s after the block's time")
    if fields.timestamp is None:
        return
    stamped_ms = parse_time_ms(fields.timestamp.time)
    if stamped_ms < collected_ms:
        raise deny("E3", "E_TIME_ORDER", "the timestamp token is older than the collection")
    ahead_ms = stamped_ms - attempt.block_time_ms
    if ahead_ms > CLOCK_TOLERANCE_MS:
        raise deny("E3", "E_TIME_ORDER", f"the timestamp lies {ahead_ms // 1000} s after the block's time")


def e3_signing_key_was_valid(attempt: Attempt) -> None:
    """Rule E3: a signature in the data was made while its key existed and was not revoked.

    Of a key that was revoked since, only a timestamp token tells that the signature is older.
    """
    fields: EvidenceDeposit = attempt.fields
    if fields.signed is None:
        return
    signed_ms = parse_time_ms(fields.signed.at)
    if signed_ms > parse_time_ms(fields.collected_at):
        raise deny("E3", "E_TIME_ORDER", "the data was signed after it was collected")
    key = attempt.access.key(bytes.fromhex(fields.signed.key_id))
    if key is None:
        raise deny("E3", "E_TIME_ORDER", "the key that signed the data was never on this chain")
    if key_status_at(key, signed_ms).answer == "UNKNOWN":
        raise deny("E3", "E_TIME_ORDER", "the key that signed the data was added after the signature")
    if key.active:
        return
    stamped_ms = 0 if fields.timestamp is None else parse_time_ms(fields.timestamp.time)
    if fields.timestamp is None or key_status_at(key, stamped_ms).answer != "ACTIVE":
        raise deny("E3", "E_TIME_ORDER", "no timestamp token is older than the revocation of the signing key")


def e6_mismatch_needs_reason(attempt: Attempt) -> None:
    """Rule E6: mismatched evidence is admitted, even in part, only with the court's reason."""
    fields: EvidenceRule = attempt.fields
    is_admission = fields.ruling != "EXCLUDED"
    if data_of(attempt).is_mismatch and is_admission and not fields.reason.strip():
        raise deny("E6", "E_HASH_MISMATCH", "the file did not match; admitting it needs the court's reason")


def data_of(attempt: Attempt) -> EvidenceData:
    """What the chain remembers of the evidence. Expects that it exists."""
    assert isinstance(attempt.data, EvidenceData)
    return attempt.data


def has_same_hashes(attempt: Attempt, hashes: Hashes) -> bool:
    """Whether these are the hashes that were put on the chain first."""
    data = data_of(attempt)
    return (hashes.sha256, hashes.sm3) == (data.sha256, data.sm3)
