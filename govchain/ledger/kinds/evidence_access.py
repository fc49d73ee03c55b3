"""Access to sealed exhibits 限制查阅的证据 (records.md 1.2, rule E9): who asked to read which one, recorded.

One record is one request that was granted; a denied one is a denial. The file itself is handed out off the
chain, by its holder, against such a record. Who may read is said in `evidence.parties`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.evidence.parties import e9_reader_is_of_the_case
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import g3_object_is_new, g4_version_continues
from govchain.ledger.rules.rule import Text
from govchain.ledger.state import RecordData


class EvidenceRead(Part, frozen=True):
    """`evidence.read`: asks to read the file behind evidence (→ GRANTED; rule E9).

    Object id: request number.
    """

    evidence_no: str


class EvidenceAccessData(RecordData, frozen=True, tag="govchain.evidence-access-data/1"):
    """What was granted, and to whom."""

    evidence_no: str
    reader: str
    """Organisation and pseudonym, `organisation/pseudonym`."""


def _read(attempt: Attempt) -> None:
    reader = f"{attempt.org.id}/{attempt.key.person}"
    attempt.create("GRANTED", EvidenceAccessData(attempt.fields.evidence_no, reader))


KIND: Final = RecordKind(
    record_type="evidence-access",
    title=Text("Access to evidence", "证据查阅"),
    data=EvidenceAccessData,
    states={"GRANTED": "准予查阅"},
    transitions=(
        Transition(
            verb="evidence.read",
            fields=EvidenceRead,
            sentence=Text("{who} asks to read {evidence_no}", "{who} 申请查阅 {evidence_no}"),
            from_states=(),
            to_states=("GRANTED",),
            org_roles=(),
            key_roles=(),
            rules=(g3_object_is_new, e9_reader_is_of_the_case, g4_version_continues),
            apply=_read,
        ),
    ),
    rules=(),
    names_zh={"evidence_no": "证据编号"},
    texts_zh={
        "`evidence.read`: asks to read the file behind evidence (→ GRANTED; rule E9). Object id: request "
        "number.": ("`evidence.read`：申请查阅证据原件（→ GRANTED；规则 E9）。对象编号为申请编号。"),
    },
)
