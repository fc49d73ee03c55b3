"""What is final here, in order, and who waits for it.

A height is final when it and every height below have their certificate in the store. Nothing is verified
here.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from govchain.client.answers import FinalEvent, TransactionStatus
from govchain.codec import decode
from govchain.crypto import Suite
from govchain.errors import Unavailable
from govchain.ledger import Chain
from govchain.model import Block, BlockHeader, FinalityCertificate, Space, TransactionBody, Write
from govchain.storage import Store

BLOCKS_KEPT_MAX: Final = 32
"""Final blocks kept decoded, for statuses and events."""
WAITERS_MAX: Final = 50_000
FINAL_KEY: Final = b"node/final-height"


class Finality:
    """Final height, waiters and events of one validator."""

    def __init__(self, chain: Chain, store: Store, suite: Suite) -> None:
        self._chain = chain
        self._suite = suite
        self._ids_by_height: dict[int, Sequence[bytes]] = {}
        self._certified: dict[int, None] = {}
        self._blocks: OrderedDict[int, Block] = OrderedDict()
        self._events: OrderedDict[int, FinalEvent] = OrderedDict()
        self._waiters: dict[bytes, list[asyncio.Future[None]]] = {}
        self._waiting = 0
        self._moved = asyncio.Event()
        self._is_closed = False
        self.height = _stored_height(chain, store)
        for height in range(self.height + 2, chain.height() + 1):
            if chain.certificate(height) is not None:
                self._certified[height] = None
        self.on_final: Callable[[Block, Sequence[bytes]], None] = lambda block, ids: None
        """Called for each final block with its transaction ids, in order of height."""

    def certificate_writes(self, certificates: Sequence[FinalityCertificate]) -> list[Write]:
        """What stores certificates, and how far finality will reach when they are in."""
        if not certificates:
            return []
        reached, new = self.height, {certificate.height for certificate in certificates}
        while reached + 1 in new or reached + 1 in self._certified:
            reached += 1
        writes = [self._chain.certificate_write(certificate) for certificate in certificates]
        return [*writes, (Space.META, FINAL_KEY, reached.to_bytes(8, "big"))]

    def executed(self, block: Block, ids: Sequence[bytes]) -> None:
        """A block was executed and stored; it may become final from now on."""
        self._ids_by_height[block.header.height] = ids
        self._keep(block)

    def certified(self, heights: Sequence[int]) -> None:
        """Certificates of these heights are stored: announce every height that is final now."""
        for height in heights:
            if height > self.height:
                self._certified[height] = None
        moved = False
        while self.height + 1 in self._certified:
            self.height += 1
            del self._certified[self.height]
            self._announce(self.height)
            moved = True
        if moved:
            self._moved.set()
            self._moved = asyncio.Event()

    def jump_writes(self, certificate: FinalityCertificate) -> list[Write]:
        """What stores the certificate of a snapshot, and that everything up to it is final (rule CU-3)."""
        reached = certificate.height.to_bytes(8, "big")
        return [self._chain.certificate_write(certificate), (Space.META, FINAL_KEY, reached)]

    def jump(self, height: int) -> None:
        """A snapshot of this height is in force: nothing below is announced; whoever waits looks again."""
        assert height > self.height
        self.height = height
        for forgotten in (self._ids_by_height, self._certified):
            for low in [low for low in forgotten if low <= height]:
                del forgotten[low]
        for id_ in list(self._waiters):
            self._wake(id_)
        self._moved.set()
        self._moved = asyncio.Event()

    def forget(self, ids: Sequence[bytes]) -> None:
        """These transactions will never be final: whoever waits is told at once."""
        for id_ in ids:
            self._wake(id_)

    def close(self) -> None:
        """End every wait and every event stream."""
        self._is_closed = True
        for id_ in list(self._waiters):
            self._wake(id_)
        self._moved.set()

    def is_certified(self, height: int) -> bool:
        """Whether the certificate of a height is in the store."""
        return height <= self.height or height in self._certified

    @property
    def highest(self) -> int:
        """Highest height whose certificate is in the store; what lies below it is final, too."""
        return max([self.height, *self._certified])

    def highest_certified(self) -> tuple[BlockHeader, FinalityCertificate] | None:
        """The highest stored header with a stored certificate; it may lie above `height`."""
        height = self.highest
        block, certificate = self.block(height), self._chain.certificate(height)
        return (block.header, certificate) if block is not None and certificate is not None else None

    def status(self, transaction_id: bytes) -> TransactionStatus | None:
        """Place and result of a final transaction, `pending` for one in a block that is not final yet."""
        place = self._chain.locate(transaction_id)
        if place is None:
            return None
        height, position = place
        if height > self.height:
            return TransactionStatus(transaction_id, "pending")
        block = self.block(height)
        assert block is not None, "an indexed transaction is in a stored block"
        return TransactionStatus(
            transaction_id, "final", height, position, block.results[position], block.header.time_ms
        )

    def block(self, height: int) -> Block | None:
        """A stored block, from memory when it is recent."""
        block = self._blocks.get(height) or self._chain.block(height)
        if block is not None:
            self._keep(block)
        return block

    async def wait(self, transaction_id: bytes, timeout_s: float) -> None:
        """Return when the transaction is final or forgotten, or at the timeout.

        Raises:
            Unavailable: Too many wait already.
        """
        if self._waiting >= WAITERS_MAX:
            raise Unavailable(f"{self._waiting} requests wait for finality already; ask again by id")
        if self._is_closed:
            return
        future = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(transaction_id, [])
        waiters.append(future)
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
            if transaction_id in self._waiters:
                waiters.remove(future)
                if not waiters:
                    del self._waiters[transaction_id]

    async def wait_height(self, height: int, timeout_s: float) -> bool:
        """True when the height is final within the time."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.height < height and not self._is_closed:
                    await self._moved.wait()
        except TimeoutError:
            pass
        return self.height >= height

    async def events(self, from_height: int | None) -> AsyncIterator[FinalEvent]:
        """Final blocks from a height on (default: the next), each once, until the validator stops.

        A reader takes at its own pace and nothing is queued for it, so a slow one costs no memory.
        """
        height = self.height + 1 if from_height is None else max(1, from_height)
        while not self._is_closed:
            while height <= self.height and not self._is_closed:
                event = self._event(height)
                if event is None:
                    return  # A snapshot was taken over in the meantime: another validator has this block.
                yield event
                height += 1
                await asyncio.sleep(0)
            if not self._is_closed:
                await self._moved.wait()

    def _announce(self, height: int) -> None:
        ids = self._ids_by_height.pop(height, None)
        block = self.block(height)
        assert block is not None, "a certified height was executed here"
        if ids is None:
            ids = [self._suite.digest(transaction.body) for transaction in block.transactions]
        if self._waiters:
            for id_ in ids:
                self._wake(id_)
        self.on_final(block, ids)

    def _wake(self, id_: bytes) -> None:
        for future in self._waiters.pop(id_, ()):
            if not future.done():
                future.set_result(None)

    def _event(self, height: int) -> FinalEvent | None:
        event = self._events.get(height)
        if event is None:
            block = self.block(height)
            if block is None:
                return None
            kinds = tuple(decode(each.body, TransactionBody).kind for each in block.transactions)
            event = FinalEvent(height, block.header.time_ms, block.results, kinds)
            self._events[height] = event
            while len(self._events) > BLOCKS_KEPT_MAX:
                self._events.popitem(last=False)
        return event

    def _keep(self, block: Block) -> None:
        self._blocks[block.header.height] = block
        self._blocks.move_to_end(block.header.height)
        while len(self._blocks) > BLOCKS_KEPT_MAX:
            self._blocks.popitem(last=False)


def _stored_height(chain: Chain, store: Store) -> int:
    """Highest height up to which no certificate is missing."""
    data = store.get(Space.META, FINAL_KEY)
    height = 0 if data is None else int.from_bytes(data, "big")
    while chain.certificate(height + 1) is not None:
        height += 1
    return height
