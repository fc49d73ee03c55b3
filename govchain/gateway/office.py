"""What both sides of a gateway share: who it is, its keys, and how a record of its own gets on the chain.

A transaction is durable before it is submitted, and the same bytes are submitted until their outcome is
known: that is why a killed gateway records nothing twice. What is recorded is decided by the two sides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from weakref import WeakValueDictionary

from govchain.client import OrgSigner
from govchain.codec import decode, encode
from govchain.crypto import Signer, Suite, transaction_id
from govchain.crypto.vault import Vault
from govchain.errors import InvalidTransaction, Unavailable
from govchain.gateway.ports import ChainPort, Fault, Reading, no_fault
from govchain.gateway.store import Exchange, GatewayStore
from govchain.ledger.identifiers import format_rfc3339
from govchain.ledger.payloads import encode_payload
from govchain.ledger.state import RecordState
from govchain.model import Transaction, TransactionResult

IN_FLIGHT_MAX: Final = 256
"""Exchanges worked on at the same time, on both sides together."""

STALE: Final = frozenset({"expired", "nonce-used", "nonce-too-far", "duplicate"})
"""Rejections after which the same record is signed again, with another nonce and a later expiry."""


@dataclass(slots=True, eq=False)
class Office:
    """One department's gateway, as both its sides see it."""

    org: str
    signer: Signer
    suite: Suite
    vault: Vault
    store: GatewayStore
    chain: ChainPort
    is_rehearsal: bool = False
    """Whether the time of a question is claimed for all its records, so that a story repeats exactly."""
    fault: Fault = no_fault
    _locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _running: int = 0

    @asynccontextmanager
    async def working_on(self, side: str, exchange: str) -> AsyncIterator[None]:
        """One task at a time works on one exchange.

        Raises:
            Unavailable: Too many are worked on already.
        """
        if self._running >= IN_FLIGHT_MAX:
            raise Unavailable(f"{IN_FLIGHT_MAX} exchanges are under way; try later")
        lock = self._locks.setdefault((side, exchange), asyncio.Lock())
        self._running += 1
        try:
            async with lock:
                yield
        finally:
            self._running -= 1

    async def record(self, exchange: str) -> RecordState | None:
        """The record of an exchange, proven."""
        return (await self.chain.read([("exchange", exchange)])).records["exchange", exchange]

    def claimed_ms(self, asked_at_ms: int, reading: Reading | None = None) -> int:
        """The time to claim: never before the last change of what was read (rule G9)."""
        now_ms = asked_at_ms if self.is_rehearsal else self.chain.now_ms()
        changes = [] if reading is None else [record for record in reading.records.values() if record]
        return max([now_ms, *(record.timeline[-1].claimed_time_ms for record in changes)])

    async def prepare(
        self, row: Exchange, kind: str, fields: Any, *, claimed_ms: int, known: RecordState | None
    ) -> Exchange:
        """Sign a record of an exchange and make row and transaction durable together."""
        claimed = self._claimed(row.exchange, claimed_ms, known)
        expected = await self.chain.next_nonce(self.signer.key_id)
        expiry_height = await self.chain.expiry_height()
        # From here on nothing waits, so no other exchange takes the same nonce.
        nonce = max(int(self.store.meta("next-nonce") or 0), expected)
        signer = OrgSigner(self.chain.chain_id, self.org, self.signer, nonce)
        transaction = signer.build(kind, encode_payload(claimed, fields), expiry_height=expiry_height)
        sealed = self.vault.seal(encode(transaction), _place(row))
        prepared = replace(row, transaction_bytes=sealed)
        self.store.put_exchange(prepared, next_nonce=signer.next_nonce)
        return prepared

    async def submit(self, row: Exchange) -> TransactionResult | None:
        """Submit a row's transaction and wait; None when it has to be signed again."""
        try:
            return await self.chain.submit(self._transaction_of(row))
        except InvalidTransaction as error:
            if error.code in STALE:
                return None
            raise

    def transaction_id(self, row: Exchange) -> str:
        """Id of a row's transaction in hex: the last one that this side signed; empty when none is meant."""
        if not row.transaction_bytes:
            return ""
        return transaction_id(self.suite, self._transaction_of(row)).hex()

    def _transaction_of(self, row: Exchange) -> Transaction:
        return decode(self.vault.open(row.transaction_bytes, _place(row)), Transaction)

    def _claimed(self, exchange: str, claimed_ms: int, known: RecordState | None) -> dict[str, Any]:
        envelope: dict[str, Any] = {
            "object_id": exchange,
            "object_version": 1 if known is None else known.version + 1,
            "claimed_time": format_rfc3339(claimed_ms),
        }
        if known is not None:
            envelope["prev_record_hash"] = known.last_record_hash.hex()
        return envelope


def _place(row: Exchange) -> str:
    return f"{row.side}/{row.exchange}/transaction"
