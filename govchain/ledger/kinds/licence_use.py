"""What a holder sees of its licences: one record for each authorisation, use and end of one (rule L6).

No verb makes such a record by itself; each comes with one about an authorisation. Its id is the holder and a
position counted from 0, so that a portal reads on from where it stopped, with proofs as for any record.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.rules.rule import Text
from govchain.ledger.state import RecordData

LICENCE_USE: Final = "licence-use"


class LicenceUseData(RecordData, frozen=True, tag="govchain.licence-use-data/1"):
    """Who authorised, used or ended what, and for which purpose."""

    verb: str
    authorisation: str
    licence: str
    audience: str
    purpose: str
    fields: tuple[str, ...]


def use_id(holder_ref: str, position: int) -> str:
    """Id of one record of a holder."""
    return f"{holder_ref}/{position}"


KIND: Final = RecordKind(
    record_type=LICENCE_USE,
    title=Text("What a holder sees of its licences", "持证主体可见的用证记录"),
    data=LicenceUseData,
    states={"RECORDED": "已留痕"},
    transitions=(),
    rules=(),
    side_changes=(("", "RECORDED"),),
)
