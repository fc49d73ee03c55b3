"""What records of contracts carry, and what the chain remembers of one.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from govchain.ledger.conditions import Condition
from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData


class ContractOffer(Part, frozen=True):
    """`contract.offer`: text and code are put to the parties (→ OFFERED). Object id: contract number."""

    matter: str
    """Code of the matter, for example sale or loan."""
    text_hash: str
    """SHA-256 of the text that people sign, hex."""
    code_hash: str
    """SHA-256 of the code that performs it, hex."""
    parties: list[str]
    """Each an organisation, or `organisation/pseudonym` of a person."""
    subject: str = ""
    """Record that is sold or pledged by it, as `type/id`; bound by one contract at a time (rule K5)."""
    rests_on: list[Condition] = []
    """What must hold whenever a party signs (rule J1)."""
    due: str = ""
    """Amount to be paid; empty when nothing is."""
    due_at: str = ""
    """RFC 3339; unpaid by then, it can be enforced (rule J6)."""


class ContractSign(Part, frozen=True):
    """`contract.sign`: a party signs text and code (→ OFFERED, with the last signature → FORMED)."""

    text_hash: str
    code_hash: str


class ContractChange(Part, frozen=True):
    """`contract.stay`, `contract.resume`, `contract.withdraw`: with the reason."""

    reason: str


class ContractPerform(Part, frozen=True):
    """`contract.perform`: a party runs the code, and all is done (FORMED → DISCHARGED; rules K1, K2)."""

    text_hash: str
    code_hash: str


class ContractData(RecordData, frozen=True, tag="govchain.contract-data/1"):
    """What the rules of contracts need to remember."""

    matter: str
    text_hash: str
    code_hash: str
    parties: tuple[str, ...]
    subject: str
    rests_on: tuple[tuple[str, str], ...]
    due: str
    due_ms: int
    signed: tuple[str, ...] = ()
    reason: str = ""
    stayed_by: str = ""
    """Court that stays it, as long as it does."""
