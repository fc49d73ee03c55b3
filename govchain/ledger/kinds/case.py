"""Cases 案件 (records.md 1.2): one matter, its parties and its end, before a court or in an office.

OPEN → CLOSED. Who is a party decides who may challenge evidence and read what is sealed (rules E5, E9), and
about whom a grant for the case may be used (rule D2).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.access import StateAccess
from govchain.ledger.identifiers import is_case_number
from govchain.ledger.kind import RecordKind
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    is_expelled,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RecordData, RecordState

CASE: Final = "case"
COURT: Final = "court"
PARTIES_MAX: Final = 32
RESULTS_MAX: Final = 32

_CODE: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_PARTY: Final = re.compile(r"[0-9A-Za-z][^\s]{0,127}")
_RECORD: Final = re.compile(r"[a-z-]{1,32}/[^\s]{1,128}")


class CaseOpen(Part, frozen=True):
    """`case.open`: a court or an office opens a case (→ OPEN).

    Object id: case number; a court's in full-width brackets.
    """

    matter: str
    """What it is about, as a code."""
    parties: list[str]
    """Each an organisation, `organisation/pseudonym` of a person that it knows, or a salted commitment."""


class CaseClose(Part, frozen=True):
    """`case.close`: whoever opened it closes it, with the records that came of it (→ CLOSED)."""

    outcome: str
    """How it ended, as a code."""
    results: list[str] = []
    """Records as `type/id`; each is on the chain."""
    document_hash: str = ""
    """SHA-256 of judgment, settlement or decision, hex; may be empty."""


class CaseData(RecordData, frozen=True, tag="govchain.case-data/1"):
    """What the rules of cases need to remember."""

    matter: str
    parties: tuple[str, ...]
    outcome: str = ""
    results: tuple[str, ...] = ()
    document_hash: str = ""


def canonical_case_number(text: str) -> str:
    """A court's case number as cases are filed under it: with full-width brackets."""
    return text.replace("(", "（").replace(")", "）")


def find_case(access: StateAccess, case_no: str) -> RecordState | None:
    """The case of a number, however its brackets are written; None when it is not on the chain."""
    return access.record(CASE, canonical_case_number(case_no))


def is_party(case: RecordState, org: str, person: str = "") -> bool:
    """Whether an organisation, or one of its persons, is a party of a case."""
    parties = case.data_as(CaseData).parties
    return org in parties or (bool(person) and f"{org}/{person}" in parties)


def is_named(case: RecordState, subject_ref: str) -> bool:
    """Whether a case is about somebody, whichever organisation keeps their key."""
    parties = case.data_as(CaseData).parties
    return any(subject_ref in (party, party.rpartition("/")[2]) for party in parties)


def g1_case_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: matter and parties have their form; a number with brackets is a court's."""
    fields: CaseOpen = attempt.fields
    number = attempt.envelope.object_id
    if not _CODE.fullmatch(fields.matter):
        raise deny("G1", "E_PAYLOAD", "fields.matter: expected a code of small letters and digits")
    parties = fields.parties
    if not 1 <= len(parties) <= PARTIES_MAX or len(set(parties)) != len(parties):
        raise deny("G1", "E_PAYLOAD", f"fields.parties: expected 1 to {PARTIES_MAX} different parties")
    if not all(map(_PARTY.fullmatch, parties)):
        raise deny("G1", "E_PAYLOAD", "fields.parties: a party is no reference")
    is_bracketed = any(sign in number for sign in "（）()")
    if is_bracketed and not (is_case_number(number) and number == canonical_case_number(number)):
        raise deny("G1", "E_PAYLOAD", "object_id: expected the form （2026）京0491民初99号")


def g1_outcome_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the outcome is a code, and results and document have their form."""
    fields: CaseClose = attempt.fields
    if not _CODE.fullmatch(fields.outcome):
        raise deny("G1", "E_PAYLOAD", "fields.outcome: expected a code of small letters and digits")
    if len(fields.results) > RESULTS_MAX or not all(map(_RECORD.fullmatch, fields.results)):
        raise deny("G1", "E_PAYLOAD", f"fields.results: expected at most {RESULTS_MAX} of the form type/id")
    if fields.document_hash and not re.fullmatch(r"[0-9a-f]{64}", fields.document_hash):
        raise deny("G1", "E_PAYLOAD", "fields.document_hash: expected 64 lower-case hex digits")


def i5_court_opens_its_cases(attempt: Attempt) -> None:
    """Rule I5: a number of the courts' form is given by a court."""
    is_courts = is_case_number(attempt.envelope.object_id)
    if is_courts and not attempt.has_org_role(COURT):
        raise deny("I5", "E_ROLE", "only a court opens a case under a number of this form")


def i5_opener_closes(attempt: Attempt) -> None:
    """Rule I5: a case is closed by whoever opened it; by a court, when that one is expelled."""
    opener = attempt.existing.issuer_org
    if attempt.has_org_role(COURT) and is_expelled(attempt, opener):
        return
    if opener != attempt.org.id:
        raise deny("I5", "E_ROLE", "another organisation opened this case")


def g3_results_are_on_the_chain(attempt: Attempt) -> None:
    """Rule G3: a case closes with records that exist."""
    for result in attempt.fields.results:
        record_type, _, object_id = result.partition("/")
        if attempt.access.record(record_type, object_id) is None:
            raise deny("G3", "E_STATE", "a result that the case names is not on the chain")


def _open(attempt: Attempt) -> None:
    attempt.create("OPEN", CaseData(attempt.fields.matter, tuple(attempt.fields.parties)))


def _close(attempt: Attempt) -> None:
    fields: CaseClose = attempt.fields
    data = msgspec.structs.replace(
        attempt.data,
        outcome=fields.outcome,
        results=tuple(fields.results),
        document_hash=fields.document_hash,
    )
    attempt.advance(attempt.existing, "CLOSED", data)


KIND: Final = RecordKind(
    record_type=CASE,
    title=Text("Case", "案件"),
    data=CaseData,
    states={"OPEN": "已立案", "CLOSED": "已结案"},
    transitions=(
        Transition(
            verb="case.open",
            fields=CaseOpen,
            sentence=Text("{who} opens case {object} ({matter})", "{who} 对 {object} 立案（{matter}）"),
            from_states=(),
            to_states=("OPEN",),
            org_roles=(),
            key_roles=(),
            rules=(
                g1_case_is_well_formed,
                i5_court_opens_its_cases,
                g3_object_is_new,
                g4_version_continues,
            ),
            apply=_open,
        ),
        Transition(
            verb="case.close",
            fields=CaseClose,
            sentence=Text("{who} closes case {object}: {outcome}", "{who} 对 {object} 结案：{outcome}"),
            from_states=("OPEN",),
            to_states=("CLOSED",),
            org_roles=(),
            key_roles=(),
            rules=(
                g3_object_exists,
                g1_outcome_is_well_formed,
                i5_opener_closes,
                g3_state_allows,
                g3_results_are_on_the_chain,
                g4_version_continues,
            ),
            apply=_close,
        ),
    ),
    rules=(),
    names_zh={
        "matter": "案由",
        "parties": "当事人",
        "outcome": "结案方式",
        "results": "结果记录",
        "document_hash": "文书哈希",
    },
    texts_zh={
        "`case.open`: a court or an office opens a case (→ OPEN). Object id: case number; a court's in "
        "full-width brackets.": (
            "`case.open`：法院或办理机构立案（→ OPEN）。对象编号为案号；法院案号使用全角括号。"
        ),
        "What it is about, as a code.": "案由代码。",
        "Each an organisation, `organisation/pseudonym` of a person that it knows, or a salted commitment.": (
            "每一项为机构代码、该机构所识人员的 `organisation/pseudonym`（机构代码/人员代号），或加盐承诺值。"
        ),
        "`case.close`: whoever opened it closes it, with the records that came of it (→ CLOSED).": (
            "`case.close`：由立案机构结案，并列明所形成的记录（→ CLOSED）。"
        ),
        "How it ended, as a code.": "结案方式代码。",
        "Records as `type/id`; each is on the chain.": "以 `type/id`（类型/编号）表示的记录，均须已上链。",
        "SHA-256 of judgment, settlement or decision, hex; may be empty.": (
            "判决书、调解书或决定书的 SHA-256（十六进制），可为空。"
        ),
    },
)
