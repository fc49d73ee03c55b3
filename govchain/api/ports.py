"""What the HTTP API needs from a validator. The node implements it; the composition root joins the two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from govchain.model import Block, FinalityCertificate, Genesis, Transaction, TransactionResult
from govchain.receipt import Receipt, RecordProof


class Admission(msgspec.Struct, frozen=True):
    """Answer to one submitted transaction."""

    id: bytes
    """Transaction id; empty when the bytes did not decode."""
    status: str
    """`admitted`, `known` (admitted or final before) or `rejected`."""
    code: str = ""
    """Error code when rejected (see `govchain.mempool.REJECTIONS`)."""
    detail: str = ""


class TransactionStatus(msgspec.Struct, frozen=True):
    """What this validator knows of one transaction."""

    id: bytes
    status: str
    """`pending` or `final`."""
    height: int | None = None
    position: int | None = None
    result: TransactionResult | None = None
    time_ms: int | None = None
    """Block time, Unix milliseconds."""


class ValidatorStatus(msgspec.Struct, frozen=True):
    """One validator at a glance."""

    name: str
    index: int
    chain_id: bytes
    chain_name: str
    version: str
    height: int
    """Height of the last executed block."""
    final_height: int
    """Height of the last block with a certificate here."""
    view: int
    state_root: bytes
    head_digest: bytes
    pool_transactions: int
    finalised: int
    """Transactions final since genesis."""
    denied: int
    peers: dict[str, bool]
    """Peer name to: connected now."""
    stall: str = ""
    """One line on why the next height is not decided; empty when nothing is waiting."""


class FinalEvent(msgspec.Struct, frozen=True):
    """One block became final here."""

    height: int
    time_ms: int
    results: tuple[TransactionResult, ...]
    kinds: tuple[str, ...]
    """Kind of each transaction, in block order."""


class ValidatorService(Protocol):
    """The public face of one validator. Methods raise `GovchainError`s only."""

    @property
    def genesis(self) -> Genesis: ...

    def submit(self, transactions: Sequence[Transaction]) -> list[Admission]:
        """Admit each (rule RQ-1); never raises for one bad transaction. Pool full: status rejected, code pool-full."""
        ...

    async def wait_final(self, transaction_id: bytes, timeout_ms: int) -> TransactionStatus | None:
        """Status once final, or the status at the timeout; None when unknown."""
        ...

    def transaction(self, transaction_id: bytes) -> TransactionStatus | None: ...

    def status(self) -> ValidatorStatus: ...

    def block(self, height: int) -> tuple[Block, FinalityCertificate] | None:
        """A final block with its certificate."""
        ...

    async def record(self, record_type: str, object_id: str, level: str) -> RecordProof:
        """Current state of a record at level `local` or `certified`, presence or absence (rule RD-1)."""
        ...

    def receipt(self, transaction_id: bytes) -> Receipt | None:
        """Receipt of a final transaction; None when unknown or not final."""
        ...

    def events(self, from_height: int | None = None) -> AsyncIterator[FinalEvent]:
        """Final blocks from a height on, then live; a reader that falls behind the bound is ended."""
        ...

    def is_ready(self) -> bool:
        """Connected to a quorum and not catching up."""
        ...

    def metrics(self) -> bytes:
        """Prometheus text exposition."""
        ...
