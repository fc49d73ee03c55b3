"""The life of evidence: which record leads from which state to which, and what it must pass.

COLLECTED → DEPOSITED → SUBMITTED → MATCHED | MISMATCHED → (CHALLENGED → APPRAISAL) → ADMITTED | PARTIAL |
EXCLUDED → ARCHIVED. Hand-overs keep the state. Nothing deletes evidence. No rule is judged here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds.case import canonical_case_number
from govchain.ledger.kinds.evidence import custody as hands
from govchain.ledger.kinds.evidence import parties
from govchain.ledger.kinds.evidence import rules as ask
from govchain.ledger.kinds.evidence.fields import (
    EvidenceAppraise,
    EvidenceArchive,
    EvidenceChallenge,
    EvidenceCollect,
    EvidenceData,
    EvidenceDelete,
    EvidenceDeposit,
    EvidenceLodge,
    EvidenceReceive,
    EvidenceRule,
    EvidenceSubmit,
    EvidenceTransfer,
    EvidenceVerify,
)
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Text

DEPOSIT_ROLES: Final = ("evidence-platform", parties.NOTARY, parties.COURT, "depositor")
COLLECT_ROLES: Final = ("evidence-collector", *DEPOSIT_ROLES)

STATES: Final = {
    "COLLECTED": "已取证",
    "DEPOSITED": "已存证",
    "SUBMITTED": "已提交",
    "MATCHED": "核验一致",
    "MISMATCHED": "核验不一致",
    "CHALLENGED": "提出异议",
    "APPRAISAL": "已鉴定",
    "ADMITTED": "采信",
    "PARTIAL": "部分采信",
    "EXCLUDED": "不予采信",
    "ARCHIVED": "已归档",
}
IN_CUSTODY: Final = tuple(state for state in STATES if state not in ("COLLECTED", "ARCHIVED"))


def _collect(attempt: Attempt) -> None:
    data = msgspec.structs.replace(_first_data(attempt), custody=hands.after_collection(attempt))
    attempt.create("COLLECTED", data)


def _deposit(attempt: Attempt) -> None:
    data = msgspec.structs.replace(_first_data(attempt), depositor=attempt.org.id)
    attempt.create("DEPOSITED", data)


def _first_data(attempt: Attempt) -> EvidenceData:
    fields: EvidenceDeposit = attempt.fields
    stamp = fields.timestamp
    return EvidenceData(
        evidence_kind=fields.evidence_kind,
        sha256=fields.raw_hash.sha256,
        sm3=fields.raw_hash.sm3,
        size_bytes=fields.size_bytes,
        media_type=fields.media_type,
        collected_at_ms=parse_time_ms(fields.collected_at),
        interest=fields.interest,
        replaces=fields.replaces,
        custodian=attempt.org.id,
        is_sealed=fields.sealed,
        timestamp_ms=0 if stamp is None else parse_time_ms(stamp.time),
        timestamp_hash="" if stamp is None else stamp.token_hash,
    )


def _lodge(attempt: Attempt) -> None:
    org, custody = attempt.org.id, hands.after_lodging(attempt)
    _advance(attempt, "DEPOSITED", depositor=org, custodian=org, custody=custody)


def _submit(attempt: Attempt) -> None:
    case_no = canonical_case_number(attempt.fields.case_no)
    _advance(attempt, "SUBMITTED", case_no=case_no, is_party=parties.is_depositor_party(attempt))


def _verify(attempt: Attempt) -> None:
    fields: EvidenceVerify = attempt.fields
    is_same = ask.has_same_hashes(attempt, fields.raw_hash)
    is_match = is_same and fields.size_bytes == ask.data_of(attempt).size_bytes
    new_state = "MATCHED" if is_match else "MISMATCHED"
    _advance(attempt, new_state, verified_by=attempt.org.id, is_mismatch=not is_match)


def _challenge(attempt: Attempt) -> None:
    _advance(attempt, "CHALLENGED", challenged_by=attempt.org.id, challenge_ground=attempt.fields.ground)


def _appraise(attempt: Attempt) -> None:
    _advance(attempt, "APPRAISAL", appraised_by=attempt.org.id, appraisal=attempt.fields.opinion)


def _rule(attempt: Attempt) -> None:
    fields: EvidenceRule = attempt.fields
    _advance(attempt, fields.ruling, ruled_by=attempt.org.id, ruling_reason=fields.reason.strip())


def _archive(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "ARCHIVED")


def _never(attempt: Attempt) -> None:
    raise AssertionError("rule E1 let a deletion pass")


def _advance(attempt: Attempt, new_state: str, **changes: object) -> None:
    attempt.advance(attempt.existing, new_state, msgspec.structs.replace(ask.data_of(attempt), **changes))


def _first(
    verb: str,
    fields: type[Part],
    new_state: str,
    sentence: Text,
    apply: RuleFunction,
    *rules: RuleFunction,
    roles: tuple[str, ...],
) -> Transition:
    """A row that makes evidence."""
    return Transition(
        verb=f"evidence.{verb}",
        fields=fields,
        sentence=sentence,
        from_states=(),
        to_states=(new_state,),
        org_roles=roles,
        key_roles=(),
        rules=(
            i5_roles_allow,
            ask.g1_deposit_is_well_formed,
            ask.e1_number_is_new,
            ask.e1_replaced_exists,
            ask.e3_collected_before_chaining,
            ask.e3_signing_key_was_valid,
            *rules,
            g4_version_continues,
        ),
        apply=apply,
    )


def _next(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    sentence: Text,
    apply: RuleFunction,
    *rules: RuleFunction,
    roles: tuple[str, ...] = (),
    late: tuple[RuleFunction, ...] = (),
) -> Transition:
    """A row about evidence that is there; `late` rules are asked after that of the state."""
    before = (i5_roles_allow,) if roles else ()
    return Transition(
        verb=f"evidence.{verb}",
        fields=fields,
        sentence=sentence,
        from_states=states[0],
        to_states=states[1],
        org_roles=roles,
        key_roles=(),
        rules=(*before, g3_object_exists, *rules, g3_state_allows, *late, g4_version_continues),
        apply=apply,
    )


TRANSITIONS: Final = (
    _first(
        "collect",
        EvidenceCollect,
        "COLLECTED",
        Text("{who} collects {object} ({evidence_kind})", "{who} 对 {object} 取证（{evidence_kind}）"),
        _collect,
        hands.e2_depositor_can_sign,
        roles=COLLECT_ROLES,
    ),
    _next(
        "lodge",
        EvidenceLodge,
        (("COLLECTED",), ("DEPOSITED",)),
        Text("{who} deposits {object} as it was collected", "{who} 按取证结果对 {object} 存证"),
        _lodge,
        hands.e2_depositor_is_named,
        ask.e1_hash_is_that_of_collection,
        roles=DEPOSIT_ROLES,
    ),
    _first(
        "deposit",
        EvidenceDeposit,
        "DEPOSITED",
        Text(
            "{who} deposits the hashes of {object} ({evidence_kind})",
            "{who} 对 {object} 存证（{evidence_kind}）",
        ),
        _deposit,
        roles=DEPOSIT_ROLES,
    ),
    _next(
        "transfer",
        EvidenceTransfer,
        (IN_CUSTODY, IN_CUSTODY),
        Text("{who} hands {object} over to {to_org}", "{who} 将 {object} 移交 {to_org}"),
        hands.transfer,
        hands.e2_sender_has_custody,
        hands.e2_receiver_can_sign,
        hands.e2_hash_is_equal,
    ),
    _next(
        "receive",
        EvidenceReceive,
        (IN_CUSTODY, IN_CUSTODY),
        Text("{who} signs for custody of {object}", "{who} 签收 {object}"),
        hands.receive,
        hands.e2_receiver_is_named,
        hands.e2_hash_is_equal,
    ),
    _next(
        "submit",
        EvidenceSubmit,
        (("DEPOSITED",), ("SUBMITTED",)),
        Text("{who} submits {object} in case {case_no}", "{who} 就 {case_no} 案提交 {object}"),
        _submit,
        ask.g1_case_number_is_well_formed,
        hands.e2_sender_has_custody,
        late=(parties.e9_case_is_open,),
    ),
    _next(
        "verify",
        EvidenceVerify,
        (("SUBMITTED",), ("MATCHED", "MISMATCHED")),
        Text(
            "{who} compares the file it was given with {object}",
            "{who} 将收到的文件与 {object} 的存证哈希比对",
        ),
        _verify,
        parties.i5_court_has_the_case,
        roles=(parties.COURT,),
    ),
    _next(
        "challenge",
        EvidenceChallenge,
        (("MATCHED", "MISMATCHED"), ("CHALLENGED",)),
        Text("{who} challenges {object} ({ground})", "{who} 对 {object} 提出异议（{ground}）"),
        _challenge,
        ask.g1_ground_is_known,
        parties.i5_challenger_is_party,
    ),
    Transition(
        verb="evidence.appraise",
        fields=EvidenceAppraise,
        sentence=Text("{who} appraises {object}: {opinion}", "{who} 鉴定 {object}：{opinion}"),
        from_states=("CHALLENGED",),
        to_states=("APPRAISAL",),
        org_roles=parties.APPRAISER_ROLES,
        key_roles=(),
        # An interest is named before a missing role: it is what people have to know.
        rules=(
            g3_object_exists,
            parties.e5_appraiser_has_no_interest,
            i5_roles_allow,
            ask.g1_appraisal_is_well_formed,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_appraise,
    ),
    _next(
        "rule",
        EvidenceRule,
        (("MATCHED", "MISMATCHED", "APPRAISAL"), ask.RULINGS),
        Text("{who} rules on {object}: {ruling}", "{who} 对 {object} 作出认定：{ruling}"),
        _rule,
        ask.g1_ruling_is_known,
        parties.i5_court_has_the_case,
        roles=(parties.COURT,),
        late=(ask.e6_mismatch_needs_reason,),
    ),
    _next(
        "archive",
        EvidenceArchive,
        (ask.RULINGS, ("ARCHIVED",)),
        Text("{who} archives {object}", "{who} 归档 {object}"),
        _archive,
        parties.i5_court_that_ruled,
        roles=(parties.COURT,),
    ),
    _next(
        "delete",
        EvidenceDelete,
        (tuple(STATES), ()),
        Text("{who} asks to delete {object}", "{who} 请求删除 {object}"),
        _never,
        ask.e1_nobody_deletes,
    ),
)
