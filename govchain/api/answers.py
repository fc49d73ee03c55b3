"""Shapes of the API's JSON answers that are not already values of a lower layer.

Structs only: `to_readable` writes them and `openapi` describes them, so what is documented is what is sent.
"""

from __future__ import annotations

from typing import Any

import msgspec

from govchain.client.answers import TransactionStatus
from govchain.ledger.kinds.licence.validity import LicenceAnswer
from govchain.ledger.state import RecordData, TimelineEntry
from govchain.model import Batch, BlockHeader, FinalityCertificate, TransactionResult
from govchain.receipt import RecordProof


class SubmittedTransaction(msgspec.Struct, frozen=True):
    """Answer to one transaction of a submission, in the order sent."""

    id: bytes
    """Empty when the bytes did not decode."""
    status: str
    """`admitted`, `known` or `rejected`."""
    code: str
    """Why it was rejected; empty otherwise."""
    detail: str
    final: TransactionStatus | None
    """With `?wait=`: what is known at the end of the wait."""


class SubmitAnswer(msgspec.Struct, frozen=True):
    """Answer to a submission."""

    transactions: tuple[SubmittedTransaction, ...]


class BlockSummary(msgspec.Struct, frozen=True):
    """One block in a list."""

    height: int
    digest: bytes
    time_ms: int
    proposer: int
    transaction_count: int
    denied: int
    votes: int
    state_root: bytes


class BlockPage(msgspec.Struct, frozen=True):
    """Final blocks, newest first."""

    final_height: int
    blocks: tuple[BlockSummary, ...]
    next_before: int | None
    """`before` of the next page; null on the last one."""


class BodyView(msgspec.Struct, frozen=True):
    """The signed body of a transaction."""

    chain_id: bytes
    kind: str
    org: str
    key_id: bytes
    nonce: int
    expiry_height: int
    payload: Any
    """The payload as JSON; null when it is none."""
    payload_hex: bytes
    """The payload's bytes when they are not canonical JSON; empty otherwise."""


class TransactionView(msgspec.Struct, frozen=True):
    """One transaction of a block."""

    id: bytes
    body: BodyView
    signature: bytes


class BlockAnswer(msgspec.Struct, frozen=True):
    """A final block with its certificate."""

    header: BlockHeader
    certificate: FinalityCertificate
    batch: Batch
    transactions: tuple[TransactionView, ...]
    results: tuple[TransactionResult, ...]


class RecordView(msgspec.Struct, frozen=True):
    """The current state of one record."""

    record_type: str
    object_id: str
    version: int
    """Number of records applied to the object."""
    state: str
    issuer_org: str
    last_record_hash: bytes
    """Id of the last transaction applied to it: `prev_record_hash` of the next one."""
    data: RecordData | None
    """What the chain remembers of it, as its kind defines; null for kinds that need nothing."""


class RecordAnswer(msgspec.Struct, frozen=True):
    """A record, or its proven absence."""

    record_type: str
    object_id: str
    level: str
    """`certified`, `latest`: a quorum signed the block below. `local`: the word of one validator."""
    height: int
    """Block after which the record was so."""
    time_ms: int
    is_present: bool
    record: RecordView | None
    """Null when there is no such record."""
    history: tuple[TimelineEntry, ...] | None
    """With `?history`: every change, oldest first."""
    licence_at: LicenceAnswer | None
    """With `?at=`, of a licence that exists: its status at that moment (rule L3)."""
    proof: RecordProof | None
    """With `?proof`: what `govchain verify` and the client check offline."""


class HealthAnswer(msgspec.Struct, frozen=True):
    """The process answers; nothing more."""

    status: str


class ReadyAnswer(msgspec.Struct, frozen=True):
    """Connected to a quorum and not catching up."""

    ready: bool
    final_height: int


class StateView(msgspec.Struct, frozen=True):
    """A state of a life cycle."""

    name: str
    name_zh: str


class VerbView(msgspec.Struct, frozen=True):
    """What moves a record of a kind."""

    verb: str
    """Kind of the transaction, for example `licence.issue`."""
    sentence: str
    """What it says to people: a template over `{who}`, `{object}` and names of the payload's fields."""
    sentence_zh: str
    from_states: tuple[str, ...]
    """Empty when it makes the record."""
    to_states: tuple[str, ...]
    org_roles: tuple[str, ...]
    """Roles of organisations of which one is needed; empty when a rule decides otherwise."""
    key_roles: tuple[str, ...]
    """Roles of keys of which one is needed; empty when every active key may."""


class KindView(msgspec.Struct, frozen=True):
    """One kind of record."""

    record_type: str
    title: str
    title_zh: str
    states: tuple[StateView, ...]
    """In the order of life."""
    verbs: tuple[VerbView, ...]


class KindsAnswer(msgspec.Struct, frozen=True):
    """The kinds of record that this chain knows."""

    kinds: tuple[KindView, ...]
