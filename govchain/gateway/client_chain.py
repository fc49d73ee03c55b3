"""The chain as a gateway process sees it: an SDK client whose every answer about a record is proven.

Nothing about exchanges is known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from govchain.client import Client, RecordRead
from govchain.crypto import Suite, chain_id_of, suite, transaction_id
from govchain.errors import Indeterminate, InvalidTransaction
from govchain.gateway.denied import QUERY, DeniedQuery
from govchain.gateway.office import STALE
from govchain.gateway.ports import Reading
from govchain.ledger.sharing import GATEWAY
from govchain.model import Genesis, Transaction, TransactionResult
from govchain.receipt import read_receipt
from govchain.receipt.bundle import body_of

EXPIRY_BLOCKS = 1_000
"""How far ahead a gateway's transactions expire."""


class ClientChain:
    """`ChainPort` over a client.

    Args:
        clock: Unix milliseconds.
        expiry_height: Fixed one of a rehearsal, so that a story repeats exactly; 0: some blocks ahead.
    """

    def __init__(
        self, client: Client, genesis: Genesis, clock: Callable[[], int], *, expiry_height: int = 0
    ) -> None:
        self._client = client
        self._suite: Suite = suite(genesis.suite)
        self._clock = clock
        self._expiry_height = expiry_height
        self.chain_id: bytes = chain_id_of(self._suite, genesis)

    def now_ms(self) -> int:
        """See `ChainPort`."""
        return self._clock()

    async def read(self, wanted: Sequence[tuple[str, str]]) -> Reading:
        """See `ChainPort`."""
        answers: list[RecordRead] = await asyncio.gather(
            *(self._client.record(*name, level="latest") for name in wanted)
        )
        records = {name: answer.state for name, answer in zip(wanted, answers, strict=True)}
        return Reading(records, min(answer.time_ms for answer in answers))

    async def next_nonce(self, key_id: bytes) -> int:
        """See `ChainPort`."""
        answer = await self._client.key(key_id)
        if answer is None:
            raise InvalidTransaction("unknown-key", f"the chain does not know key {key_id.hex()}")
        if not answer.is_active:
            raise InvalidTransaction("key-not-active", f"key {key_id.hex()} is not active")
        return answer.next_nonce

    async def key(self, key_id: bytes) -> tuple[str, bytes] | None:
        """See `ChainPort`."""
        answer = await self._client.key(key_id)
        if answer is None or not answer.is_active:
            return None
        return answer.org, answer.public_key

    async def unfit(self, key_id: bytes, org: str) -> str:
        """Why the chain would take nothing from a gateway with this key; empty when it would."""
        answer = await self._client.key(key_id)
        if answer is None:
            return "unknown-key"
        if answer.org != org:
            return "key-of-another-organisation"
        if GATEWAY not in answer.roles:
            return "key-without-the-role-gateway"
        return "" if answer.is_active else "key-not-active"

    async def expiry_height(self) -> int:
        """See `ChainPort`."""
        return self._expiry_height or (await self._client.status()).height + EXPIRY_BLOCKS

    async def denied_queries(self, from_height: int) -> AsyncIterator[tuple[int, Sequence[DeniedQuery]]]:
        """Each final block from a height on, as it comes, with the queries that it denied, proven.

        That no block leaves one out is one validator's word, of another one after each lost connection.

        Raises:
            Unavailable: No validator tells what becomes final, or has the receipt of what it told.
            BadProof: A receipt does not hold.
        """
        async for event in self._client.events(from_height):
            yield (
                event.height,
                [
                    await self._denied(result.transaction_id)
                    for result, kind in zip(event.results, event.kinds, strict=True)
                    if kind == QUERY and not result.applied
                ],
            )

    async def _denied(self, wanted: bytes) -> DeniedQuery:
        receipt = read_receipt(await self._client.receipt(wanted, certified=True))
        return DeniedQuery(body_of(receipt.transaction), receipt.result, receipt.header.time_ms)

    async def final_height(self) -> int:
        """Height of the last final block, by one validator's word."""
        return (await self._client.status()).final_height

    async def submit(self, transaction: Transaction) -> TransactionResult:
        """See `ChainPort`."""
        wanted = transaction_id(self._suite, transaction)
        try:
            status = await self._client.submit_and_wait(transaction)
        except InvalidTransaction as error:
            # A gateway that was killed does not know that the same bytes were executed before.
            if error.code not in STALE or await self._client.transaction(wanted) is None:
                raise
            status = await self._client.wait(wanted)
        if status.result is None:
            raise Indeterminate(f"transaction {wanted.hex()} is final, and nobody says with what result")
        return status.result
