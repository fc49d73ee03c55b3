"""Rules and life cycle of judicial evidence 司法存证 (records.md 1.2; rules E1 to E6).

DEPOSITED → SUBMITTED → MATCHED | MISMATCHED → ADMITTED | PARTIAL | EXCLUDED. Hand-overs keep the state.
Nothing deletes evidence: a correction is a new number that names the one it replaces.
What the law presumes (E4, E5) is an answer of `legal_effect`, not a rule of admission.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.identifiers import is_case_number, parse_time_ms
from govchain.ledger.kinds.evidence.fields import (
    Custody,
    EvidenceData,
    EvidenceDeposit,
    EvidenceReceive,
    EvidenceRule,
    EvidenceSubmit,
    EvidenceTransfer,
    EvidenceVerify,
)
from govchain.ledger.payloads import Hashes
from govchain.ledger.rules.attempt import CLOCK_TOLERANCE_MS, Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Text, deny

EVIDENCE: Final = "evidence"
COURT: Final = "court"
DEPOSIT_ROLES: Final = ("evidence-platform", "notary", COURT, "depositor")
EVIDENCE_KINDS: Final = ("contract", "web-page", "chat", "work", "log", "document", "other")
RULINGS: Final = ("ADMITTED", "PARTIAL", "EXCLUDED")

_IN_CUSTODY: Final = ("DEPOSITED", "SUBMITTED", "MATCHED", "MISMATCHED")


def g1_deposit_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the kind of evidence is a known one and the time of collection is a time."""
    fields: EvidenceDeposit = attempt.fields
    if fields.evidence_kind not in EVIDENCE_KINDS:
        raise deny("G1", "E_PAYLOAD", f"fields.evidence_kind: expected one of {', '.join(EVIDENCE_KINDS)}")
    try:
        parse_time_ms(fields.collected_at)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.collected_at: {error}") from error


def g1_case_number_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a case number names year, court, type of case and serial."""
    if not is_case_number(attempt.fields.case_no):
        raise deny("G1", "E_PAYLOAD", "fields.case_no: expected the form （2026）京0491民初99号")


def g1_ruling_is_known(attempt: Attempt) -> None:
    """Rule G1: a ruling is one of three."""
    if attempt.fields.ruling not in RULINGS:
        raise deny("G1", "E_PAYLOAD", f"fields.ruling: expected one of {', '.join(RULINGS)}")


def e1_number_is_new(attempt: Attempt) -> None:
    """Rule E1: an evidence number is used once, so the deposited hash never changes."""
    if attempt.record is not None:
        raise deny("E1", "E_DUP_ID", "this evidence number is used already; a correction takes a new one")


def e1_replaced_exists(attempt: Attempt) -> None:
    """Rule E1: a correction names evidence that is on the chain."""
    replaces = attempt.fields.replaces
    if replaces and attempt.access.record(EVIDENCE, replaces) is None:
        raise deny("E1", "E_STATE", "the evidence that this one replaces is not on the chain")


def e3_collected_before_chaining(attempt: Attempt) -> None:
    """Rule E3: evidence is collected before its block, within the clocks' tolerance."""
    ahead_ms = parse_time_ms(attempt.fields.collected_at) - attempt.block_time_ms
    if ahead_ms > CLOCK_TOLERANCE_MS:
        raise deny("E3", "E_TIME_ORDER", f"collected_at lies {ahead_ms // 1000} s after the block's time")


def e2_sender_has_custody(attempt: Attempt) -> None:
    """Rule E2: only the present custodian hands over or submits, and not while a hand-over is under way."""
    data = _data(attempt)
    if data.custodian != attempt.org.id:
        raise deny("E2", "E_CUSTODY_GAP", f"the custodian is {data.custodian}")
    if _under_way(data) is not None:
        raise deny("E2", "E_CUSTODY_GAP", "a hand-over has not been received yet")


def e2_receiver_can_sign(attempt: Attempt) -> None:
    """Rule E2: evidence is handed to another organisation that the chain knows and that can sign for it."""
    to_org = attempt.fields.to_org
    if to_org == attempt.org.id or attempt.access.organisation(to_org) is None:
        raise deny("E2", "E_CUSTODY_GAP", "to_org is not another organisation of this chain")


def e2_receiver_is_named(attempt: Attempt) -> None:
    """Rule E2: custody moves only to the receiver that the hand-over names."""
    under_way = _under_way(_data(attempt))
    if under_way is None:
        raise deny("E2", "E_CUSTODY_GAP", "no hand-over is under way")
    if under_way.to_org != attempt.org.id:
        raise deny("E2", "E_CUSTODY_GAP", f"the hand-over names {under_way.to_org}")


def e2_hash_is_equal(attempt: Attempt) -> None:
    """Rule E2: both sides sign over the deposited hashes."""
    if not _same_hashes(attempt, attempt.fields.raw_hash):
        raise deny("E2", "E_HASH_MISMATCH", "the hashes differ from the deposited ones")


def e6_mismatch_needs_reason(attempt: Attempt) -> None:
    """Rule E6: mismatched evidence is admitted, even in part, only with the court's reason."""
    fields: EvidenceRule = attempt.fields
    if attempt.existing.state == "MISMATCHED" and fields.ruling != "EXCLUDED" and not fields.reason.strip():
        raise deny("E6", "E_HASH_MISMATCH", "the file did not match; admitting it needs the court's reason")


def _data(attempt: Attempt) -> EvidenceData:
    assert isinstance(attempt.data, EvidenceData)
    return attempt.data


def _under_way(data: EvidenceData) -> Custody | None:
    if data.custody and not data.custody[-1].received:
        return data.custody[-1]
    return None


def _same_hashes(attempt: Attempt, hashes: Hashes) -> bool:
    data = _data(attempt)
    return (hashes.sha256, hashes.sm3) == (data.sha256, data.sm3)


def _deposit(attempt: Attempt) -> None:
    fields: EvidenceDeposit = attempt.fields
    data = EvidenceData(
        evidence_kind=fields.evidence_kind,
        sha256=fields.raw_hash.sha256,
        sm3=fields.raw_hash.sm3,
        size_bytes=fields.size_bytes,
        media_type=fields.media_type,
        collected_at_ms=parse_time_ms(fields.collected_at),
        interest=fields.interest,
        replaces=fields.replaces,
        custodian=attempt.org.id,
    )
    attempt.create("DEPOSITED", data)


def _transfer(attempt: Attempt) -> None:
    fields: EvidenceTransfer = attempt.fields
    handed = Custody(attempt.org.id, fields.to_org, fields.action, attempt.transaction_id)
    _keep(attempt, custody=(*_data(attempt).custody, handed))


def _receive(attempt: Attempt) -> None:
    assert isinstance(attempt.fields, EvidenceReceive)
    *before, handed = _data(attempt).custody
    received = msgspec.structs.replace(handed, received=attempt.transaction_id)
    assert handed.from_org == _data(attempt).custodian, "custody is contiguous"
    _keep(attempt, custody=(*before, received), custodian=attempt.org.id)


def _keep(attempt: Attempt, **changes: object) -> None:
    """A hand-over changes custody and leaves the state as it is."""
    data = msgspec.structs.replace(_data(attempt), **changes)
    attempt.advance(attempt.existing, attempt.existing.state, data)


def _submit(attempt: Attempt) -> None:
    fields: EvidenceSubmit = attempt.fields
    data = msgspec.structs.replace(_data(attempt), case_no=fields.case_no)
    attempt.advance(attempt.existing, "SUBMITTED", data)


def _verify(attempt: Attempt) -> None:
    fields: EvidenceVerify = attempt.fields
    is_match = _same_hashes(attempt, fields.raw_hash) and fields.size_bytes == _data(attempt).size_bytes
    data = msgspec.structs.replace(_data(attempt), verified_by=attempt.org.id)
    attempt.advance(attempt.existing, "MATCHED" if is_match else "MISMATCHED", data)


def _rule(attempt: Attempt) -> None:
    fields: EvidenceRule = attempt.fields
    data = msgspec.structs.replace(
        _data(attempt), ruled_by=attempt.org.id, ruling_reason=fields.reason.strip()
    )
    attempt.advance(attempt.existing, fields.ruling, data)


TRANSITIONS: Final = (
    Transition(
        verb="evidence.deposit",
        fields=EvidenceDeposit,
        sentence=Text(
            "{who} deposits the hashes of {object} ({evidence_kind})",
            "{who} 对 {object} 存证（{evidence_kind}）",
        ),
        from_states=(),
        to_states=("DEPOSITED",),
        org_roles=DEPOSIT_ROLES,
        key_roles=(),
        rules=(
            i5_roles_allow,
            g1_deposit_is_well_formed,
            e1_number_is_new,
            e1_replaced_exists,
            e3_collected_before_chaining,
            g4_version_continues,
        ),
        apply=_deposit,
    ),
    Transition(
        verb="evidence.transfer",
        fields=EvidenceTransfer,
        sentence=Text("{who} hands {object} over to {to_org}", "{who} 将 {object} 移交 {to_org}"),
        from_states=_IN_CUSTODY,
        to_states=_IN_CUSTODY,
        org_roles=(),
        key_roles=(),
        rules=(
            g3_object_exists,
            e2_sender_has_custody,
            e2_receiver_can_sign,
            e2_hash_is_equal,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_transfer,
    ),
    Transition(
        verb="evidence.receive",
        fields=EvidenceReceive,
        sentence=Text("{who} signs for custody of {object}", "{who} 签收 {object}"),
        from_states=_IN_CUSTODY,
        to_states=_IN_CUSTODY,
        org_roles=(),
        key_roles=(),
        rules=(
            g3_object_exists,
            e2_receiver_is_named,
            e2_hash_is_equal,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_receive,
    ),
    Transition(
        verb="evidence.submit",
        fields=EvidenceSubmit,
        sentence=Text("{who} submits {object} in case {case_no}", "{who} 就 {case_no} 案提交 {object}"),
        from_states=("DEPOSITED",),
        to_states=("SUBMITTED",),
        org_roles=(),
        key_roles=(),
        rules=(
            g3_object_exists,
            g1_case_number_is_well_formed,
            e2_sender_has_custody,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_submit,
    ),
    Transition(
        verb="evidence.verify",
        fields=EvidenceVerify,
        sentence=Text(
            "{who} compares the file it was given with {object}",
            "{who} 将收到的文件与 {object} 的存证哈希比对",
        ),
        from_states=("SUBMITTED",),
        to_states=("MATCHED", "MISMATCHED"),
        org_roles=(COURT,),
        key_roles=(),
        rules=(i5_roles_allow, g3_object_exists, g3_state_allows, g4_version_continues),
        apply=_verify,
    ),
    Transition(
        verb="evidence.rule",
        fields=EvidenceRule,
        sentence=Text("{who} rules on {object}: {ruling}", "{who} 对 {object} 作出认定：{ruling}"),
        from_states=("MATCHED", "MISMATCHED"),
        to_states=RULINGS,
        org_roles=(COURT,),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g3_object_exists,
            g1_ruling_is_known,
            g3_state_allows,
            e6_mismatch_needs_reason,
            g4_version_continues,
        ),
        apply=_rule,
    ),
)
