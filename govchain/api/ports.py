"""What the HTTP API needs from a validator. The node implements it; the composition root joins the two.

The values that travel through it live in `govchain.client.answers`, where node and client may see them too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from govchain.client.answers import (
    Admission,
    FinalEvent,
    KeyAnswer,
    MemberPolicy,
    OrganisationAnswer,
    TransactionStatus,
    ValidatorStatus,
)
from govchain.crypto.epochs import ValidatorChange
from govchain.model import Block, FinalityCertificate, Genesis, Transaction, ValidatorSet
from govchain.receipt import Receipt, RecordProof

__all__ = [
    "Admission",
    "FinalEvent",
    "KeyAnswer",
    "TransactionStatus",
    "ValidatorService",
    "ValidatorStatus",
]


class ValidatorService(Protocol):
    """The public face of one validator. Methods raise `GovchainError`s only."""

    @property
    def genesis(self) -> Genesis: ...

    @property
    def validators(self) -> ValidatorSet:
        """The set of the epoch that runs (rule MB-2)."""
        ...

    def validator_changes(self) -> tuple[ValidatorChange, ...]:
        """What proves that set, from genesis on; those whose certificates are here."""
        ...

    def member_policy(self) -> MemberPolicy:
        """Who decides about members, and what was decided for the next checkpoint."""
        ...

    def submit(self, transactions: Sequence[Transaction]) -> list[Admission]:
        """Admit each (rule RQ-1), in order; never raises for one bad transaction.

        A full pool is a rejection with code pool-full.
        """
        ...

    async def wait_final(self, transaction_id: bytes, timeout_ms: int) -> TransactionStatus | None:
        """Status once final, or the status at the timeout; None when unknown."""
        ...

    def transaction(self, transaction_id: bytes) -> TransactionStatus | None: ...

    def status(self) -> ValidatorStatus: ...

    def key(self, key_id: bytes) -> KeyAnswer | None:
        """State of a signing key and its next free nonce; None when the chain does not know the key."""
        ...

    def organisation(self, org: str) -> OrganisationAnswer | None:
        """An organisation, also one that joined after genesis; None when the chain does not know it."""
        ...

    def block(self, height: int) -> tuple[Block, FinalityCertificate] | None:
        """A final block with its certificate."""
        ...

    async def record(self, record_type: str, object_id: str, level: str) -> RecordProof:
        """Current state of a record at level `local`, `certified` or `latest`, presence or absence (RD-1)."""
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
