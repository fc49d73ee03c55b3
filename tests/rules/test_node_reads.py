"""The driver's side of a read at level `latest`: own height, changes of validators, observers (rule RD-1)."""

from __future__ import annotations

import asyncio
import io
import itertools
from pathlib import Path

import pytest

from govchain.node import reads as node_reads
from govchain.node.parts import assemble
from govchain.node.reads import LatestReads
from govchain.node.wire import ReadAnswer, ReadQuestion
from govchain.observe import open_log
from govchain.reads import NONCE_BYTES, ProvenHeight
from govchain.storage import MemoryStore
from tests.support.chain_world import ChainWorld, check_of, executor_of
from tests.support.node_world import SHORT_WINDOW, signer

K = SHORT_WINDOW.checkpoint_interval


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChainWorld:
    """A chain that enters epoch 1 at height K; nobody waits long before it asks again."""
    monkeypatch.setattr(node_reads, "ASK_AGAIN_S", 0.01)
    world = ChainWorld(tmp_path, SHORT_WINDOW)
    world.to_epoch(1)
    world.grow(1, records=1)
    return world


class Reader:
    """A validator that follows the chain block by block and reads."""

    def __init__(self, chain: ChainWorld, height: int, *, name: str = "validator-3") -> None:
        self._chain = chain
        self.parts = assemble(
            chain.world.genesis,
            name,
            [signer(f"validator/{name}")],
            MemoryStore(),
            log=open_log("test", io.StringIO()),
            clock=lambda: 0.0,
            now_ms=lambda: 0,
        )
        self._executor, self._finality = executor_of(self.parts)
        self.asked: list[tuple[str, bytes]] = []
        nonces = itertools.count(1)
        self.reads = LatestReads(
            self.parts,
            self._finality,
            send=self._send,
            fresh_nonce=lambda: next(nonces).to_bytes(NONCE_BYTES, "big"),
        )
        self.install_to(height)

    def install_to(self, height: int) -> None:
        while self.parts.ledger.height < height:
            self.execute()
            self._finality.certified([self.parts.ledger.height])

    def execute(self) -> None:
        """The next block is executed; its certificate is known to this node but not yet taken in."""
        height = self.parts.ledger.height + 1
        checked = check_of(self.parts).check(self._chain.block_parts(height))
        self._executor.install(checked)

    def answer(self, height: int, *peers: int) -> None:
        """These validators answer the last question."""
        _, nonce = self.asked[-1]
        for peer in peers:
            self.reads.answered(f"validator-{peer}", ReadAnswer(nonce, proven(self._chain, height)))

    def _send(self, peer: str, frame: ReadQuestion | ReadAnswer) -> None:
        assert isinstance(frame, ReadQuestion)
        self.asked.append((peer, frame.nonce))


def proven(chain: ChainWorld, height: int) -> ProvenHeight:
    block, certificate = chain.parts.chain.block(height), chain.parts.chain.certificate(height)
    assert block is not None
    assert certificate is not None
    return block.header, certificate


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_situation_53_RD1_a_read_waits_for_its_own_final_height(chain: ChainWorld) -> None:
    reader = Reader(chain, 1)
    reading = asyncio.create_task(reader.reads.reach())
    await turns()
    reader.answer(2, 0, 2)
    for height in (1, 2):
        await turns()
        assert not reading.done(), "two others have height 2, which is not final here"
        if height == 1:
            reader.execute()
    reader._finality.certified([2])
    await reading


async def test_RD1_MB2_a_read_during_a_change_of_validators_asks_the_new_set(chain: ChainWorld) -> None:
    """What the new set acknowledged meanwhile is not in the old set's answers."""
    reader = Reader(chain, K - 1)
    reading = asyncio.create_task(reader.reads.reach())
    await turns()
    reader.answer(K, 0, 2)
    await turns()
    first = reader.asked[-1][1]
    reader.install_to(K)
    await turns()
    assert not reading.done()
    assert reader.asked[-1][1] != first, "asked again, in the new epoch"
    reader.answer(K + 1, 0, 1)
    await turns()
    assert not reading.done()
    reader.install_to(K + 1)
    await reading


async def test_RD1_MB2_an_open_question_is_asked_anew_when_validators_change(chain: ChainWorld) -> None:
    """Answers of the new set say nothing to a question whose set is the old one."""
    reader = Reader(chain, K - 1)
    reading = asyncio.create_task(reader.reads.reach())
    await turns()
    reader.answer(K + 1, 0, 1, 2)
    await turns()
    assert not reading.done(), "heights of an epoch that has not begun here"
    reader.install_to(K + 1)
    async with asyncio.timeout(5):
        while not reading.done():
            reader.answer(K + 1, 0, 1)
            await asyncio.sleep(0.001)
    await reading
    assert len({nonce for _, nonce in reader.asked}) >= 2


async def test_RD1_MB2_an_observer_reads_what_a_quorum_of_members_has(chain: ChainWorld) -> None:
    """Its own height is nobody's answer, in no epoch."""
    reader = Reader(chain, K - 1, name="observer")
    reading = asyncio.create_task(reader.reads.reach())
    await turns()
    assert {peer for peer, _ in reader.asked} == {f"validator-{index}" for index in range(4)}
    for epoch_end, last in ((K, K), (K + 1, K + 1)):
        reader.answer(epoch_end, 0, 1)
        reader.install_to(last)
        await turns()
        assert not reading.done(), "two of four are no quorum"
        reader.answer(epoch_end, 2)
        await turns()
    await reading
