"""Queries that the chain denied, kept for the person whom they were about, where the data is.

The asking gateway knows of them by itself; the one that would have been asked got no message. Only what the
chain proves is kept, and only where this department knows whom the asker meant. No query is answered here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.codec import encode
from govchain.errors import MalformedBytes
from govchain.gateway.documents import MESSAGE_BYTES_MAX, Query, Signed
from govchain.gateway.holdings import Holdings
from govchain.gateway.office import Office
from govchain.gateway.store import DENIED, Exchange
from govchain.ledger.kinds.exchange.fields import ExchangeQuery
from govchain.ledger.payloads import decode_envelope, decode_fields
from govchain.model import TransactionBody, TransactionResult

QUERY: Final = "exchange.query"


class DeniedQuery(msgspec.Struct, frozen=True):
    """One query that the chain denied, proven."""

    body: TransactionBody
    result: TransactionResult
    time_ms: int
    """Of the block."""


def keep_denied(office: Office, holdings: Holdings, denied: DeniedQuery) -> bool:
    """Keep a denied query about somebody whom this department knows; returns whether it did.

    Any number of times: it is kept once.
    """
    result = denied.result
    if result.applied or denied.body.kind != QUERY:
        # Which transactions are denied queries is one validator's word; what they are is proven.
        return False
    if not result.object_id:
        # Denied before it was clear whose key signed it: it says nothing about the organisation in it.
        return False
    try:
        envelope = decode_envelope(denied.body.payload)
        asked = decode_fields(envelope, ExchangeQuery)
    except MalformedBytes:
        return False
    person = holdings.person_of(denied.body.org, asked.subject_ref) if holdings.serves(asked.item) else ""
    message = encode(
        Signed(encode(_query(office, denied, envelope.object_id, asked)), denied.body.key_id, b"")
    )
    if not person or len(message) > MESSAGE_BYTES_MAX:
        return False
    number = result.transaction_id.hex()
    office.store.put_exchange(
        Exchange(
            side=DENIED,
            exchange=number,
            state="REFUSED",
            person=office.vault.index("person", person),
            at_ms=denied.time_ms,
            document=b"",
            message=office.vault.seal(message, f"{DENIED}/{number}/message"),
            rule=result.rule,
            code=result.code,
            detail=result.detail[:500],
        )
    )
    return True


def _query(office: Office, denied: DeniedQuery, exchange: str, asked: ExchangeQuery) -> Query:
    """The document that the asking gateway would have sent, as far as the chain holds it."""
    return Query(
        chain_id=denied.body.chain_id,
        exchange=exchange,
        requester=denied.body.org,
        provider=office.org,
        item=asked.item,
        grant=asked.grant,
        purpose=asked.purpose,
        fields=tuple(asked.fields),
        mode=asked.mode,
        subject_ref=asked.subject_ref,
        consent=asked.consent,
        bounds=(),
        answer_key=b"",
        asked_at_ms=denied.time_ms,
        salt=b"",
    )
