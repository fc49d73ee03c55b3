"""What records of exchanges carry, and what the chain remembers of one exchange.

Structs only; the rules beside them read these. Neither query nor answer is on the chain, only their hashes.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Hashes, Part
from govchain.ledger.state import RecordData


class ListedProof(Part, frozen=True):
    """That a pseudonym is on the list of a grant (RFC 9162 inclusion proof)."""

    index: int
    path: list[str]


class ExchangeQuery(Part, frozen=True):
    """`exchange.query`: a department asks under a grant (→ QUERIED). Object id: number of the exchange."""

    item: str
    grant: str
    """Number of the grant; empty is refused (rule D2)."""
    purpose: str
    fields: list[str]
    mode: str
    """`yes-no`, `threshold` or `value` (rule D9)."""
    subject_ref: str
    """Whom it is about, as the asking department knows them: a pseudonym or a credit code."""
    query_hash: Hashes
    """Of the query as it is sent to the provider."""
    consent: str = ""
    """Number of the person's consent, where the item needs one (rule D11)."""
    case_no: str = ""
    """For a grant for one case."""
    licence: str = ""
    """The subject's licence, for a grant for holders of licences."""
    listed: ListedProof | None = None
    """For a grant for a list of pseudonyms."""


class ExchangeAnswer(Part, frozen=True):
    """`exchange.answer`: the providing department answers (QUERIED → ANSWERED; rule D7)."""

    query_hash: Hashes
    """Of the query that it received."""
    answer_hash: Hashes
    """Of the answer that it sent."""
    mode: str
    source_ref: str
    """Whom it is about, in a spelling that only the provider can link (`source_reference`; rule D10)."""
    source_exchange: str = ""
    """Exchange in which the provider itself received the data; empty for data of its own (rule D3)."""
    withheld: list[str] = []
    """Fields that the provider does not offer like this; with any, the answer is denied (rule D9)."""


class ExchangeConfirm(Part, frozen=True):
    """`exchange.confirm`: the asking department signs what came (ANSWERED → CONFIRMED; rule D7)."""

    answer_hash: Hashes


class ExchangePermit(Part, frozen=True):
    """`exchange.permit`: the provider agrees that an answer is passed on (rule D3)."""

    to_org: str
    reason: str


class ExchangeForward(Part, frozen=True):
    """`exchange.forward`: the answer is passed on, with the provider's consent (rule D3)."""

    to_org: str


class ExchangeData(RecordData, frozen=True, tag="govchain.exchange-data/1"):
    """What the rules of exchanges need to remember. The asking department is the record's `issuer_org`."""

    item: str
    grant: str
    provider: str
    purpose: str
    fields: tuple[str, ...]
    mode: str
    subject_ref: str
    consent: str
    query_sha256: str
    query_sm3: str
    answer_sha256: str = ""
    answer_sm3: str = ""
    source_ref: str = ""
    source_exchange: str = ""
    permitted: tuple[str, ...] = ()
    """Organisations to which the provider lets it be passed on."""
    forwarded: tuple[str, ...] = ()
    licence: str = ""
    """The subject's licence, for a grant for holders of licences."""


class SourceUses(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.source-uses/2"
):
    """What one organisation received about one subject of one item (rule D10)."""

    requester: str
    last_exchange: str
    last_ms: int
    count: int
    forwarded: tuple[str, ...] = ()
    """Organisations to which it was passed on."""
    is_corrected: bool = False
    """Whether it was wrong: then it goes no further, and is asked for again."""
