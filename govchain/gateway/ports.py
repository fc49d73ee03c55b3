"""What a department gateway offers, and what it needs from the world around it.

Values and protocols only: no HTTP, no database, no clock. Two worlds fill them in: `client_chain` and
`http_client` for gateways that are processes, `govchain.scenario.gateways` and `memory` inside a simulation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from govchain.ledger.kinds.exchange.answers import Told
from govchain.ledger.kinds.exchange.fields import ListedProof
from govchain.ledger.state import RecordState
from govchain.model import Transaction, TransactionResult


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a department wants to know about one person or organisation."""

    exchange: str
    """Number of the exchange, chosen by the department. Asking again with it gives the same outcome."""
    item: str
    """Code of the catalog item."""
    provider: str
    """Organisation that holds the item (USCC)."""
    grant: str
    purpose: str
    fields: tuple[str, ...]
    mode: str
    """`yes-no`, `threshold` or `value`."""
    subject_ref: str
    """Whom it is about, as the asking department knows them."""
    consent: str = ""
    bounds: tuple[tuple[str, int], ...] = ()
    """Mode `threshold`: for each field the bound that its value is compared with (at least this much)."""
    case_no: str = ""
    licence: str = ""
    listed: ListedProof | None = None
    claimed_time_ms: int = 0
    """When it is asked; 0: now. Only a rehearsal may say another time."""


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """The provider answered, and both sides are on the chain."""

    exchange: str
    told: Mapping[str, Told]
    answer_sha256: str
    document: str
    """The answer as its provider signed it, in hex: what a decision opens on the chain (rule J4)."""
    transaction: str
    """Id of the confirmation on the chain, in hex."""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """A rule of the chain denied it, or the provider's gateway refused, which tells no more."""

    exchange: str
    rule: str
    """Rule of the denial on the chain; empty when the provider's gateway refused."""
    code: str
    """Denial code, or `E_REFUSED` from a gateway."""
    detail: str = ""
    transaction: str
    """Id of the query on the chain, in hex: denied there, or left without an answer. Empty when it was never
    put there: another exchange has its number."""


Outcome = Answered | Refused

NUMBER_MAX: Final = 2**53 - 1
"""Largest number that a field holds or a bound asks for, and the negative of the smallest."""

REFUSED_CODE: Final = "E_REFUSED"


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One use, or attempted use, of a person's data, as the person may see it."""

    exchange: str
    at_ms: int
    side: str
    """`gave`: this department was asked. `asked`: it asked another one. `denied`: another one wanted to ask
    it, and the chain did not let it."""
    requester: str
    provider: str
    item: str
    fields: tuple[str, ...]
    mode: str
    purpose: str
    grant: str
    consent: str
    outcome: str
    """`answered`, `refused` or `open`."""
    rule: str
    """Rule under which it was decided."""
    code: str
    """Denial code; empty when it was answered."""


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a department knows of one person for one item."""

    item: str
    person: str
    """Pseudonym by which this department knows the person."""
    values: dict[str, bool | int | str]
    known_as: dict[str, str] = {}
    """Organisation (USCC) to its pseudonym of the same person, as the identity authority says."""


class FieldOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one field may be asked without telling its value."""

    name: str
    yes_when: tuple[str, ...] = ()
    """Values that are a yes; a field that holds true or false needs none."""
    thresholds: tuple[int, ...] = ()
    """Bounds that may be asked for: a free choice would find the value by halving."""


class ItemOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One catalog item that this gateway serves."""

    item: str
    fields: tuple[FieldOffer, ...]


class GatewayPort(Protocol):
    """One department's gateway, as the department's own systems and stories see it."""

    async def ask(self, ask: Ask) -> Outcome:
        """Ask another department; returns once the outcome is on the chain and durable here.

        Raises:
            Unavailable: Certainly not asked; the same call may succeed later.
            Indeterminate: Under way; call again with the same exchange number.
            InvalidInput: The number was used for another question, or the question is malformed.
        """
        ...

    async def uses(self, person: str) -> Sequence[Use]:
        """Who used a person's data through this gateway, newest first.

        Args:
            person: Pseudonym by which this department knows the person.
        """
        ...

    async def own_uses(self, person: str) -> Sequence[Use]:
        """The same as that person sees it: through the portal, signed in by the department."""
        ...

    async def hold(self, holdings: Sequence[Holding]) -> None:
        """Keep data of this department; what was held of the same person and item is replaced."""
        ...

    async def correct(self, holding: Holding) -> str:
        """Replace a wrong value; returns the source key (hex) that the correction reveals (rule D10).

        Raises:
            InvalidInput: Nothing is held of that person and item.
        """
        ...


class Reading(msgspec.Struct, frozen=True):
    """Records as they are after one block or several, each proven."""

    records: Mapping[tuple[str, str], RecordState | None]
    time_ms: int
    """Time of the oldest block among them."""


class ChainPort(Protocol):
    """The chain, as a gateway needs it. What it says of records and results is proven."""

    chain_id: bytes

    def now_ms(self) -> int:
        """The time that is claimed for what happens now."""
        ...

    async def read(self, wanted: Sequence[tuple[str, str]]) -> Reading:
        """Records by (type, object id), at level `latest`.

        Raises:
            Unavailable: Too few validators answered.
            BadProof: None gave a proof that holds.
        """
        ...

    async def next_nonce(self, key_id: bytes) -> int:
        """Lowest nonce that no executed transaction of a key has used.

        Raises:
            InvalidTransaction: The chain does not know the key, or it is not active.
        """
        ...

    async def key(self, key_id: bytes) -> tuple[str, bytes] | None:
        """Organisation and public key of an active key.

        May be one validator's word: it only keeps strangers out, what it lets through is proven by records.
        """
        ...

    async def expiry_height(self) -> int:
        """Last height for a transaction that is made now."""
        ...

    async def submit(self, transaction: Transaction) -> TransactionResult:
        """Submit, and wait until it is final. The same bytes may be submitted any number of times.

        Raises:
            Unavailable: Certainly not done.
            Indeterminate: It may have happened; submit the same bytes again.
            InvalidTransaction: It can never be executed, for example because it expired.
        """
        ...


class PeerPort(Protocol):
    """The gateways of other departments."""

    def knows(self, provider: str) -> bool:
        """Whether a provider's gateway has an address at all; whether it answers is another matter."""
        ...

    async def send(self, provider: str, message: bytes) -> bytes:
        """Hand a signed query to a provider's gateway; returns the sealed answer, or the refusal.

        Raises:
            Unavailable: No answer; send the same bytes again.
        """
        ...


REFUSAL_TAG: Final = b"govchain.gateway-refusal/1"
"""How the one thing begins that a gateway says when it does not answer, whatever the reason."""


class Point(StrEnum):
    """Named moments of an exchange at which a gateway may be killed; tests kill it at each."""

    ASK_RECEIVED = "ask-received"
    ASK_STORED = "ask-stored"
    QUERY_ON_CHAIN = "query-on-chain"
    QUERY_OUTCOME_STORED = "query-outcome-stored"
    ANSWER_ARRIVED = "answer-arrived"
    ANSWER_KEPT = "answer-kept"
    CONFIRMED = "confirmed"
    QUERY_RECEIVED = "query-received"
    QUERY_STORED = "query-stored"
    JUDGED = "judged"
    ANSWER_STORED = "answer-stored"
    ANSWER_ON_CHAIN = "answer-on-chain"
    ANSWER_LOGGED = "answer-logged"
    DELIVERED = "delivered"


class Fault(Protocol):
    """Called at each `Point`; a test raises there, as a power cut would stop the process."""

    def __call__(self, point: Point) -> None: ...


def no_fault(point: Point) -> None:
    """What a gateway outside of tests calls."""
