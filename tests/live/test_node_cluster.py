"""Four validators in one loop: they order, execute, certify, stop, come back and catch up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from govchain.codec import encode
from govchain.crypto import transaction_id
from govchain.errors import Diverged, StorageFailure
from govchain.ledger.state import NonceState, nonces_key
from govchain.model import Space, Transaction, Write
from govchain.node.wire import Consensus, decode_frame
from govchain.storage import MemoryStore, Store
from tests.support.node_world import SHORT_WINDOW, SUITE, NodeWorld, running, signer


@pytest.mark.parametrize("durable", [False, True])
async def test_four_validators_finalise_with_equal_state(tmp_path: Path, durable: bool) -> None:
    async with running(tmp_path, durable=durable) as world:
        transactions = world.deposits(120)
        for index in range(4):
            answers = world.node(index).submit(transactions[index * 30 : (index + 1) * 30])
            assert {answer.status for answer in answers} == {"admitted"}
        await world.until_final(transactions)
        world.require_equal()
        statuses = [node.status() for node in world.nodes.values()]
        assert {status.finalised for status in statuses} == {120}
        assert {status.denied for status in statuses} == {0}
        assert len({(status.height, status.state_root) for status in statuses}) == 1
        for node in world.nodes.values():
            for transaction in transactions[::40]:
                assert node.receipt(transaction_id(SUITE, transaction)) is not None


async def test_validator_starts_again_from_disk_and_catches_up(tmp_path: Path) -> None:
    async with running(tmp_path, durable=True) as world:
        early = world.deposits(40)
        world.node(0).submit(early)
        await world.until_final(early)
        before = world.node(3).status()
        await world.stop("validator-3")
        missed = world.deposits(60)
        for start in range(0, 60, 10):
            world.node(1).submit(missed[start : start + 10])
            await world.until_final(missed[start : start + 10])
        await world.start(["validator-3"])
        assert world.node(3).status().height >= before.height
        await world.until_final(early + missed)
        world.require_equal()
        late = world.deposits(20)
        world.node(3).submit(late)
        await world.until_final(late)
        world.require_equal()


async def test_CU2_validator_with_empty_disk_fetches_the_chain(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2], parameters=SHORT_WINDOW) as world:
        transactions = world.deposits(90)
        for start in range(0, 90, 3):
            world.node(0).submit(transactions[start : start + 3])
            await world.until_final(transactions[start : start + 3])
        height = world.node(0).status().final_height
        await world.start(["validator-3"])
        await world.until(lambda: world.node(3).status().final_height >= height)
        assert world.sample("validator-3", "govchain_catch_up_blocks_total") > 0
        world.require_equal()
        await world.until(lambda: world.node(3).is_ready())


async def test_RC1_primary_stopped_mid_flight_votes_the_same_again(tmp_path: Path) -> None:
    async with running(tmp_path, durable=True) as world:
        # Without the other two nothing can be prepared, so the proposal stays open.
        await world.stop("validator-2")
        await world.stop("validator-3")
        transactions = world.deposits(30)
        world.node(0).submit(transactions)
        store = world.store("validator-1")
        await world.until(lambda: votes_in(store) != {})
        before = votes_in(world.store("validator-0"))
        assert any(key.endswith(b"proposal") for key in before)
        await world.stop("validator-0")
        await world.start(["validator-0"])
        after = votes_in(world.store("validator-0"))
        assert before.items() <= after.items()
        await world.start(["validator-2", "validator-3"])
        await world.until_final(transactions)
        world.require_equal()
        assert votes_in(world.store("validator-0")) == {}


async def test_everybody_restarts_with_open_proposals(tmp_path: Path) -> None:
    async with running(tmp_path, durable=True) as world:
        for name in ("validator-2", "validator-3"):
            await world.stop(name)
        transactions = world.deposits(30)
        world.node(0).submit(transactions)
        await world.until(lambda: votes_in(world.store("validator-1")) != {})
        # The pools are gone with the processes: only the vote logs still hold the transactions.
        await world.stop("validator-0")
        await world.stop("validator-1")
        await world.start()
        first = next(iter(open_ids(world, transactions)))
        assert first
        await world.until_final(transactions[:1])
        world.require_equal()


async def test_NC2_missing_gossip_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govchain.node.housekeeping.FETCH_AGAIN_S", 1_000.0)
    async with running(tmp_path) as world:
        backup = world.node(3)
        transactions = world.deposits(50)
        # The backup hears nothing of the submission itself, only the proposal that follows it.
        world.node(1).network.is_link_open = lambda peer: peer != "validator-3"
        world.node(1).submit(transactions)
        await world.until(lambda: world.node(0).status().height > 0)
        world.node(1).network.is_link_open = lambda peer: True
        await world.until_final(transactions)
        world.require_equal()
        assert world.sample("validator-3", "govchain_peer_messages_total", type="transactions") > 0
        assert backup.status().stall == ""


async def test_cut_off_validator_does_not_stop_the_others_and_heals(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        cut = world.node(3)
        cut.network.is_link_open = lambda peer: False
        transactions = world.deposits(60)
        world.node(0).submit(transactions)
        others = [world.node(index) for index in range(3)]
        await world.until(lambda: all(node.status().finalised == 60 for node in others))
        assert cut.status().height == 0
        cut.network.is_link_open = lambda peer: True
        await world.until_final(transactions)
        world.require_equal()


async def test_lost_certificates_are_obtained_again(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        transactions = world.deposits(30)
        for start in range(0, 30, 10):
            world.node(0).submit(transactions[start : start + 10])
            await world.until_final(transactions[start : start + 10])
        height = world.node(3).status().final_height
        await world.stop("validator-3")
        store = world.store("validator-3").reopen()  # type: ignore[attr-defined]
        for number in range(2, height + 1):
            store.write([(Space.CERTIFICATE, number.to_bytes(8, "big"), None)], sync=True)
        store.write([(Space.META, b"node/final-height", None)], sync=True)
        await world.start(["validator-3"])
        assert world.node(3).status().final_height <= 1
        await world.until(lambda: world.node(3).status().final_height >= height)
        world.require_equal()


async def test_RQ3_submission_reaches_a_primary_that_did_not_hear_of_it(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        transactions = world.deposits(5)
        world.node(2).network.is_link_open = lambda peer: False
        world.node(2).submit(transactions)
        await world.until(lambda: world.node(2).status().pool_transactions == 5)
        await asyncio.sleep(0)
        world.node(2).network.is_link_open = lambda peer: True
        await world.until_final(transactions)
        world.require_equal()


async def test_one_validator_alone_is_a_chain(tmp_path: Path) -> None:
    async with running(tmp_path, size=1) as world:
        transactions = world.deposits(10)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        assert world.node(0).is_ready()


async def test_CP3_validator_that_executed_something_else_stops(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        transactions = world.deposits(10)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        await world.start(["validator-3"])
        await world.until(lambda: world.node(3).status().final_height > 0)
        await world.stop("validator-3")
        # A state that nobody else has: the next block gives another header here.
        store = world.store("validator-3").reopen()  # type: ignore[attr-defined]
        more = world.deposits(10)
        key = world.node(0).key(signer("person/clerk-0").key_id)
        assert key is not None
        store.write([(Space.STATE, nonces_key(key.key_id), encode(NonceState(500, b"")))], sync=True)
        await world.start(["validator-3"])
        world.node(0).submit(more)
        failing = world.node(3)
        with pytest.raises(Diverged, match="CP-3"):
            async with asyncio.timeout(20):
                await failing.run_until_stopped()
        assert not failing.is_alive()
        assert '"fatal"' in world.logs["validator-3"].getvalue()
        del world.nodes["validator-3"]
        await failing.stop()
        await world.until_final(more)


def votes_in(store: Store) -> dict[bytes, bytes]:
    return dict(store.scan(Space.VOTE))


def open_ids(world: NodeWorld, transactions: list[Transaction]) -> list[bytes]:
    ids = [transaction_id(SUITE, each) for each in transactions]
    return [id_ for id_ in ids if world.node(0).transaction(id_) is not None]


class FailingStore(MemoryStore):
    """A disk that is full from some moment on."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = False

    def write(self, writes: Sequence[Write], *, sync: bool) -> None:
        if self.is_full:
            raise StorageFailure("no space left on this disk")
        super().write(writes, sync=sync)


async def test_RC1_what_is_not_durable_never_leaves(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        disk = FailingStore()
        world.put_store("validator-3", disk)
        await world.start(["validator-3"])
        await world.until_ready()
        failing = world.node(3)
        sent: list[bytes] = []
        send = failing.network.send
        failing.network.send = lambda peer, payload, **how: (
            sent.append(payload),
            send(peer, payload, **how),
        )[1]  # type: ignore[method-assign]
        disk.is_full = True
        transactions = world.deposits(5)
        world.node(0).submit(transactions)
        with pytest.raises(StorageFailure, match="no space"):
            async with asyncio.timeout(20):
                await failing.run_until_stopped()
        assert not any(isinstance(decode_frame(payload), Consensus) for payload in sent)
        assert not failing.is_alive()
        del world.nodes["validator-3"]
        await failing.stop()
        await world.until_final(transactions)
