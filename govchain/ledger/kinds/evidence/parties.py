"""Who stands where in a dispute over evidence: parties, courts, appraisers without an interest, readers.

Rules E5, E8 and E9, and the part of I5 that depends on a case. Cases themselves are another kind of record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from govchain.ledger.access import StateAccess
from govchain.ledger.kinds.case import find_case, is_party
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.evidence.rules import EVIDENCE, data_of
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import is_expelled
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import RecordState

COURT: Final = "court"
NOTARY: Final = "notary"
APPRAISER: Final = "appraiser"
APPRAISER_ROLES: Final = (NOTARY, APPRAISER)
CONSENSUS_TIER_ROLES: Final = (COURT, *APPRAISER_ROLES)
"""Roles of the upper tier (rule E8). Platforms and depositors are of the lower one."""


def tier_of(roles: Sequence[str]) -> str:
    """Rule E8: `consensus` for courts, notaries and appraisers, who decide; `verify` for all others.

    What the lower tier deposits it may verify, compare and prove; it records no comparison by a court, no
    appraisal and no ruling.
    """
    return "consensus" if any(role in CONSENSUS_TIER_ROLES for role in roles) else "verify"


def i5_challenger_is_party(attempt: Attempt) -> None:
    """Rule I5: only a party of the case challenges evidence."""
    case = _case(attempt)
    if case is None or not is_party(case, attempt.org.id, attempt.key.person):
        raise deny("I5", "E_ROLE", "only a party of the case challenges evidence in it")


def i5_court_has_the_case(attempt: Attempt) -> None:
    """Rule I5: where the case is on the chain, the court that opened it decides, unless it was expelled."""
    case = _case(attempt)
    if case is None or is_expelled(attempt, case.issuer_org):
        return
    if case.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", f"the case is that of {case.issuer_org}")


def i5_court_that_ruled(attempt: Attempt) -> None:
    """Rule I5: the file is closed by the court that ruled, as long as it is a member."""
    ruled_by = data_of(attempt).ruled_by
    if ruled_by and ruled_by != attempt.org.id and not is_expelled(attempt, ruled_by):
        raise deny("I5", "E_ROLE", f"the ruling is that of {ruled_by}")


def e5_appraiser_has_no_interest(attempt: Attempt) -> None:
    """Rule E5: who collected or deposited evidence, or is a party of its case, does not appraise it."""
    data, case = data_of(attempt), _case(attempt)
    if attempt.org.id in (attempt.existing.issuer_org, data.depositor):
        raise deny("E5", "E_INTEREST", "the organisation collected or deposited this evidence")
    if case is not None and is_party(case, attempt.org.id, attempt.key.person):
        raise deny("E5", "E_INTEREST", "the organisation is a party of the case")


def e9_case_is_open(attempt: Attempt) -> None:
    """Rule E9: evidence goes into a case that is open; sealed evidence only into one on the chain."""
    case = find_case(attempt.access, attempt.fields.case_no)
    if case is None and data_of(attempt).is_sealed:
        raise deny("E9", "E_STATE", "the case of sealed evidence is not on the chain")
    if case is not None and case.state != "OPEN":
        raise deny("E9", "E_STATE", f"the case is {case.state}")


def may_read(access: StateAccess, evidence: RecordState, org: str, person: str = "") -> bool:
    """Whether somebody may read the file behind evidence (rule E9).

    Anybody may, when it is not sealed: its holder decides. Sealed files are for who has them in custody, the
    judge, and the parties of the case that they were submitted in.
    """
    data = evidence.data_as(EvidenceData)
    if not data.is_sealed or org == data.custodian:
        return True
    case = find_case(access, data.case_no) if data.case_no else None
    return case is not None and (case.issuer_org == org or is_party(case, org, person))


def e9_reader_is_of_the_case(attempt: Attempt) -> None:
    """Rule E9: a sealed exhibit is read by judge and parties of its case, and by nobody else."""
    evidence = attempt.access.record(EVIDENCE, attempt.fields.evidence_no)
    if evidence is None:
        raise deny("E9", "E_STATE", "the evidence is not on the chain")
    if not may_read(attempt.access, evidence, attempt.org.id, attempt.key.person):
        raise deny("E9", "E_ROLE", "the exhibit is sealed; the reader is neither judge nor party of its case")


def is_depositor_party(attempt: Attempt) -> bool:
    """Whether the depositor is a party of the case that evidence is submitted in (rule E5)."""
    case = find_case(attempt.access, attempt.fields.case_no)
    return case is not None and is_party(case, data_of(attempt).depositor)


def _case(attempt: Attempt) -> RecordState | None:
    case_no = data_of(attempt).case_no
    return find_case(attempt.access, case_no) if case_no else None
