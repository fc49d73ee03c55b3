"""A state in proven chunks: what arrives is what was certified, or it is refused (rules CU-3, CU-5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.consensus import BlockInstalled, Replica
from govchain.crypto import digest_of
from govchain.crypto.epochs import ValidatorChange
from govchain.errors import BadProof, InvalidInput, MalformedBytes
from govchain.ledger.snapshot import first_block
from govchain.model import Block, FinalityCertificate, Space, Transaction
from govchain.node import snapshot_server
from govchain.node.backfill import COUNT_MAX, Backfill
from govchain.node.block_check import CheckedBlock
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts, restored_state
from govchain.node.snapshot_fetch import ANSWER_TIMEOUT_S, HEADS_MAX, PASSED_OVER_S, Snapshot, SnapshotFetch
from govchain.node.snapshot_server import AGE_S_MAX, IDLE_S, SnapshotServer
from govchain.node.wire import BlockParts, SnapshotChunk, SnapshotHead, SnapshotWanted
from govchain.storage import MemoryStore
from tests.support.chain_world import ChainWorld, check_of, content_of, executor_of
from tests.support.node_world import SHORT_WINDOW, signer

Answer = SnapshotHead | SnapshotChunk
Change = Callable[[Answer], Answer]
UP = {"honest": True, "other": True}


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChainWorld:
    """Forty records a block, and chunks so small that a state has many."""
    monkeypatch.setattr(snapshot_server, "CHUNK_BYTES", 2_000)
    monkeypatch.setattr(snapshot_server, "SCAN_STEP", 7)
    world = ChainWorld(tmp_path)
    world.grow(5, records=40)
    return world


class Newcomer:
    """A validator with an empty store, and the one that it asks."""

    def __init__(self, chain: ChainWorld, store: MemoryStore | None = None) -> None:
        self.chain = chain
        self.store = MemoryStore() if store is None else store
        self.parts: NodeParts = chain.open(self.store, 3)
        self.fetch = SnapshotFetch(self.parts)
        self.server = server_of(chain)
        self.asked: list[SnapshotWanted] = []

    def run(self, change: Change = lambda answer: answer, *, chunks_max: int = 10_000) -> Snapshot | None:
        """Ask and take until the whole state is there, or so many answers have come."""
        assert self.fetch.begin(["honest"], 0.0)
        for _ in range(chunks_max):
            question = self.fetch.question(0.0, UP)
            if question is None:
                return None
            self.asked.append(question[1])
            found = self.fetch.take("honest", change(self.server.answer(question[1], 0.0)), 0.0)
            if found is not None:
                return found
        return None

    def adopt(self, snapshot: Snapshot) -> None:
        executor, finality = executor_of(self.parts)
        executor.adopt(snapshot)
        finality.jump(snapshot.block.header.height)
        self.store.clear_staged()


def server_of(chain: ChainWorld) -> SnapshotServer:
    return SnapshotServer(chain.parts, Finality(chain.parts.chain, chain.store, chain.parts.suite))


def test_CU3_a_snapshot_makes_the_state_of_a_certified_height(chain: ChainWorld) -> None:
    newcomer = Newcomer(chain)
    snapshot = newcomer.run()
    assert snapshot is not None
    assert len(newcomer.asked) > 20
    assert newcomer.parts.ledger.height == 0, "nothing counts before the whole state is there"
    newcomer.adopt(snapshot)
    mine, whole = content_of(newcomer.store), content_of(chain.store)
    assert [mine[space] for space in (Space.STATE, Space.TREE)] == [
        whole[space] for space in (Space.STATE, Space.TREE)
    ]
    assert newcomer.parts.ledger.height == 5
    assert newcomer.parts.ledger.head == chain.ledger.head
    # It executes what follows exactly as the others do, also after a restart.
    for open_parts in (lambda: newcomer.parts, lambda: chain.open(newcomer.store, 3)):
        parts = open_parts()
        chain.grow(1)
        checked = check_of(parts).check(chain.block_parts(chain.ledger.height))
        executor, _ = executor_of(parts)
        executor.install(checked)
        assert parts.ledger.head == chain.ledger.head


def test_CU3_blocks_executed_meanwhile_change_nothing_in_a_lent_state(chain: ChainWorld) -> None:
    newcomer = Newcomer(chain)

    def growing(answer: Answer) -> Answer:
        chain.grow(1, records=3)
        return answer

    snapshot = newcomer.run(growing)
    assert snapshot is not None
    assert snapshot.block.header.height == 5 < chain.ledger.height
    newcomer.adopt(snapshot)
    assert newcomer.parts.ledger.state_root == snapshot.block.header.state_root


def test_CU3_RC4_a_crash_at_any_chunk_leaves_the_old_state_and_begins_anew(chain: ChainWorld) -> None:
    store = MemoryStore()
    for chunks in (0, 1, 3, 9, 22):
        before = content_of(store)
        Newcomer(chain, store).run(chunks_max=chunks)
        store = store.reopen()
        assert chain.open(store, 3).ledger.height == 0
        if chunks:
            assert content_of(store) == before
    again = Newcomer(chain, store)
    snapshot = again.run()
    assert snapshot is not None
    again.adopt(snapshot)
    assert chain.open(store.reopen(), 3).ledger.head == chain.ledger.head


def replace_item(number: int, item: bytes | None) -> Change:
    """Change one item of every chunk, or leave it out."""

    def change(answer: Answer) -> Answer:
        if isinstance(answer, SnapshotHead) or len(answer.items) <= number:
            return answer
        items = [*answer.items[:number], *([item] if item is not None else []), *answer.items[number + 1 :]]
        return msgspec.structs.replace(answer, items=tuple(items))

    return change


def only(part: str, change: Change) -> Change:
    return lambda answer: (
        change(answer) if isinstance(answer, SnapshotChunk) and answer.part == part else answer
    )


def swapped(first: int, second: int) -> Change:
    def change(answer: Answer) -> Answer:
        assert isinstance(answer, SnapshotChunk)
        items = list(answer.items)
        if len(items) > max(first, second):
            items[first], items[second] = items[second], items[first]
        return msgspec.structs.replace(answer, items=tuple(items))

    return change


def cut(answer: Answer) -> Answer:
    assert isinstance(answer, SnapshotChunk)
    return msgspec.structs.replace(answer, items=answer.items[:2], is_last=True)


def without_the_last(answer: Answer) -> Answer:
    """One value of the whole state is left out."""
    assert isinstance(answer, SnapshotChunk)
    return msgspec.structs.replace(answer, items=answer.items[:-2]) if answer.is_last else answer


def pairs_swapped(answer: Answer) -> Answer:
    assert isinstance(answer, SnapshotChunk)
    first, second, rest = answer.items[:2], answer.items[2:4], answer.items[4:]
    return msgspec.structs.replace(answer, items=(*second, *first, *rest))


def repeated(answer: Answer) -> Answer:
    assert isinstance(answer, SnapshotChunk)
    return msgspec.structs.replace(answer, items=answer.items[:2] * 2)


def other_block(change: Callable[[Block], Block]) -> Change:
    def changed(answer: Answer) -> Answer:
        if not isinstance(answer, SnapshotHead):
            return answer
        return msgspec.structs.replace(answer, block=encode(change(decode(answer.block, Block))))

    return changed


def with_certificate(change: Callable[[FinalityCertificate], FinalityCertificate]) -> Change:
    def changed(answer: Answer) -> Answer:
        if not isinstance(answer, SnapshotHead):
            return answer
        certificate = change(decode(answer.certificate, FinalityCertificate))
        return msgspec.structs.replace(answer, certificate=encode(certificate))

    return changed


def other_root(block: Block) -> Block:
    return msgspec.structs.replace(block, header=msgspec.structs.replace(block.header, state_root=bytes(32)))


def other_signature(block: Block) -> Block:
    first, *rest = block.transactions
    return msgspec.structs.replace(block, transactions=(Transaction(first.body, bytes(64)), *rest))


def fewer_results(block: Block) -> Block:
    return msgspec.structs.replace(block, results=block.results[1:])


def other_result(block: Block) -> Block:
    first, *rest = block.results
    return msgspec.structs.replace(block, results=(msgspec.structs.replace(first, detail="other"), *rest))


def other_peaks(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, peaks=(bytes(32),)) if isinstance(answer, SnapshotHead) else answer


LIES: dict[str, Change] = {
    "a replaced row": only("rows", replace_item(0, b"\x10")),
    "a left out row": only("rows", replace_item(0, None)),
    "rows in another order": only("rows", swapped(0, 1)),
    "rows that end early": only("rows", cut),
    "a replaced value": only("values", replace_item(1, b"\x00")),
    "a replaced key": only("values", replace_item(0, b"\x00")),
    "values in another order": only("values", swapped(1, 3)),
    "keys in another order": only("values", swapped(0, 2)),
    "repeated values": only("values", repeated),
    "a key without a value": only("values", replace_item(1, None)),
    "values that end early": only("values", cut),
    "a missing value": only("values", without_the_last),
    "keys and values in another order": only("values", pairs_swapped),
    "another state root": other_block(other_root),
    "a replaced signature": other_block(other_signature),
    "a missing result": other_block(fewer_results),
    "another result": other_block(other_result),
    "other peaks": other_peaks,
    "too few votes": with_certificate(lambda each: msgspec.structs.replace(each, votes=each.votes[:2])),
    "another epoch": with_certificate(lambda each: msgspec.structs.replace(each, epoch=1)),
    "no certificate": lambda answer: (
        msgspec.structs.replace(answer, certificate=b"") if isinstance(answer, SnapshotHead) else answer
    ),
}


SAID = {
    "a missing value": "values of a state that has",
    "keys and values in another order": "do not rise",
    "repeated values": "do not rise",
    "another result": "results are not those that the header names",
    "rows that end early": "end too early",
}
"""What exactly is noticed, where another check would notice something else later."""


@pytest.mark.parametrize("name", LIES)
def test_situation_39_40_CU3_CU5_a_lie_in_a_snapshot_is_refused_and_its_peer_passed_over(
    chain: ChainWorld, name: str
) -> None:
    newcomer = Newcomer(chain)
    with pytest.raises((BadProof, MalformedBytes), match=SAID.get(name, ".")):
        newcomer.run(LIES[name])
    assert not newcomer.fetch.is_active
    assert newcomer.parts.ledger.height == 0
    assert not newcomer.fetch.begin(["honest"], PASSED_OVER_S - 1)
    assert newcomer.fetch.begin(["honest", "other"], 1.0), "another peer is asked instead"


@pytest.mark.parametrize("name", ["another state root", "too few votes", "another epoch"])
def test_situation_39_CU3_what_no_quorum_certified_is_refused_at_the_head(
    chain: ChainWorld, name: str
) -> None:
    """Nobody fetches a whole state to find out that it was invented."""
    newcomer = Newcomer(chain)
    with pytest.raises(BadProof):
        newcomer.run(LIES[name])
    assert [wanted.part for wanted in newcomer.asked] == ["head"]


def test_situation_11_CU3_a_chunk_of_another_place_is_not_taken(chain: ChainWorld) -> None:
    newcomer = Newcomer(chain)
    assert newcomer.fetch.begin(["honest"], 0.0)
    kept: list[Answer] = []
    while (question := newcomer.fetch.question(0.0, UP)) is not None:
        answer = newcomer.server.answer(question[1], 0.0)
        before = content_of(newcomer.store), list(newcomer.store.scan(Space.STAGED_TREE))
        for late in kept[-2:]:
            # Repeated, late or meant for another place: it says so itself, and nothing happens.
            assert newcomer.fetch.take("honest", late, 0.0) is None
        assert newcomer.fetch.take("other", answer, 0.0) is None, "nobody asked this peer"
        assert before == (content_of(newcomer.store), list(newcomer.store.scan(Space.STAGED_TREE)))
        # With another chunk's content under its own index it is proven wrong.
        if isinstance(answer, SnapshotChunk) and len(kept) == 2:
            other = kept[-1]
            assert isinstance(other, SnapshotChunk)
            assert (other.part, other.items != answer.items) == (answer.part, True)
            with pytest.raises(BadProof):
                newcomer.fetch.take("honest", msgspec.structs.replace(answer, items=other.items), 0.0)
            return
        kept.append(answer)
        newcomer.fetch.take("honest", answer, 0.0)


def test_CU5_a_silent_peer_or_one_that_lost_its_view_is_left(chain: ChainWorld) -> None:
    newcomer = Newcomer(chain)
    assert newcomer.run(chunks_max=4) is None
    assert newcomer.fetch.is_active
    newcomer.fetch.question(0.0, UP)
    assert newcomer.fetch.question(ANSWER_TIMEOUT_S, UP) is None
    assert not newcomer.fetch.is_active

    assert newcomer.fetch.begin(["other"], 1.0)
    assert newcomer.fetch.question(1.0, {"other": False}) is None
    assert not newcomer.fetch.is_active

    again = Newcomer(chain)
    again.run(chunks_max=4)
    again.server.close()
    question = again.fetch.question(0.0, UP)
    assert question is not None
    assert again.fetch.take("honest", again.server.answer(question[1], 0.0), 0.0) is None
    assert not again.fetch.is_active


def test_CU3_a_head_that_has_no_certificate_yet_is_asked_for_again_but_not_for_ever(
    chain: ChainWorld,
) -> None:
    newcomer = Newcomer(chain)
    assert newcomer.fetch.begin(["honest"], 0.0)
    now_s, questions = 0.0, 0
    while newcomer.fetch.is_active:
        if newcomer.fetch.question(now_s, UP) is not None:
            questions += 1
            newcomer.fetch.take("honest", SnapshotHead(b"", b"", (), ()), now_s)
        now_s += 0.1
    assert questions == HEADS_MAX + 1


def test_situation_43_CU3_a_state_that_was_reached_already_is_refused(chain: ChainWorld) -> None:
    newcomer = Newcomer(chain)
    snapshot = newcomer.run()
    assert snapshot is not None
    newcomer.adopt(snapshot)
    newcomer.fetch.finish()
    before = content_of(newcomer.store)
    with pytest.raises(BadProof, match="executed here"):
        newcomer.run()
    assert content_of(newcomer.store) == before


def test_CU3_views_are_lent_one_at_a_time_and_for_a_while(chain: ChainWorld) -> None:
    server, head = server_of(chain), SnapshotWanted(0, "head", bytes(8))
    first = server.answer(head, 0.0)
    chain.grow(1)
    assert server.answer(head, IDLE_S - 1) == first, "whoever comes later shares the view"
    server.tidy(2 * IDLE_S)
    newer = SnapshotServer(chain.parts, Finality(chain.parts.chain, chain.store, chain.parts.suite))
    found = newer.answer(head, 0.0)
    assert isinstance(found, SnapshotHead)
    assert decode(found.block, Block).header.height == 6
    assert server.answer(SnapshotWanted(5, "rows", b"/"), 2 * IDLE_S) == SnapshotChunk(
        5, "rows", b"/", (), False
    )
    for second in range(0, int(AGE_S_MAX), 20):
        assert newer.answer(head, second) == found
    chain.grow(1)
    assert newer.answer(head, AGE_S_MAX + 1) != found


def backfilled(chain: ChainWorld) -> tuple[Newcomer, Backfill]:
    newcomer = Newcomer(chain)
    snapshot = newcomer.run()
    assert snapshot is not None
    newcomer.adopt(snapshot)
    return newcomer, Backfill(newcomer.parts, check_of(newcomer.parts))


def test_CU3_old_blocks_follow_from_the_top_and_make_the_store_whole(chain: ChainWorld) -> None:
    chain.execute([*chain.world.deposits(3), *(denied := chain.world.deposits(2))])
    chain.execute([*chain.world.deposits(1), *denied])
    chain.grow(7, records=3)
    newcomer, backfill = backfilled(chain)
    assert backfill.first == first_block(newcomer.store) == 14
    while (question := backfill.question(0.0, UP)) is not None:
        wanted = question.wanted
        assert wanted.count <= COUNT_MAX
        blocks = [chain.block_parts(wanted.from_height + number) for number in range(wanted.count)]
        assert not backfill.take("nobody", wanted.from_height, blocks, 0.0)
        assert backfill.take(question.peer, wanted.from_height, blocks, 0.0)
        # Every moment is a good one for a crash (RC-4).
        assert chain.open(newcomer.store.reopen(), 3).ledger.head == chain.ledger.head
    assert first_block(newcomer.store) == 1
    assert content_of(newcomer.store) == content_of(chain.store)
    for ledger in (newcomer.parts.ledger, chain.open(newcomer.store, 3).ledger):
        assert ledger.transaction_count == chain.ledger.transaction_count
        assert ledger.denial_counts == chain.ledger.denial_counts


@pytest.mark.parametrize("lie", [other_root, other_signature, fewer_results])
def test_situation_40_CU5_a_lie_below_a_snapshot_is_refused(
    chain: ChainWorld, lie: Callable[[Block], Block]
) -> None:
    newcomer, backfill = backfilled(chain)
    question = backfill.question(0.0, UP)
    assert question is not None
    wanted = question.wanted
    good = [chain.block_parts(wanted.from_height + number) for number in range(wanted.count)]
    bad = BlockParts(encode(lie(decode(good[-1].block, Block))), good[-1].certificate)
    before = content_of(newcomer.store)
    with pytest.raises(InvalidInput):
        backfill.take(question.peer, wanted.from_height, [*good[:-1], bad], 0.0)
    assert content_of(newcomer.store) == before
    other = backfill.question(0.0, UP)
    assert other is not None
    assert other.peer != question.peer


def test_CU3_a_certified_block_that_is_not_the_parent_is_refused(chain: ChainWorld) -> None:
    """Too many liars certified another block; it does not get under the chain that is here."""
    newcomer, backfill = backfilled(chain)
    question = backfill.question(0.0, UP)
    assert question is not None
    wanted = question.wanted
    good = [chain.block_parts(wanted.from_height + number) for number in range(wanted.count)]
    block = decode(good[-1].block, Block)
    header = msgspec.structs.replace(block.header, time_ms=block.header.time_ms + 1)
    certificate = chain.certificate(header.height, digest_of(chain.parts.suite, header))
    forged = BlockParts(encode(msgspec.structs.replace(block, header=header)), encode(certificate))
    with pytest.raises(BadProof, match="not the block below"):
        backfill.take(question.peer, wanted.from_height, [*good[:-1], forged], 0.0)
    assert first_block(newcomer.store) == 5


def test_situation_42_CU3_short_and_empty_answers_below_a_snapshot_are_asked_for_again(
    chain: ChainWorld,
) -> None:
    newcomer, backfill = backfilled(chain)
    question = backfill.question(0.0, UP)
    assert question is not None
    assert backfill.question(0.0, UP) is None, "one question at a time"
    assert backfill.take(question.peer, question.wanted.from_height, [chain.block_parts(1)], 0.0)
    assert first_block(newcomer.store) == 5
    again = backfill.question(0.0, UP)
    assert again is not None
    assert (again.wanted.from_height, again.wanted.count) == (4, 1)
    assert backfill.take(again.peer, 4, [], 0.0)
    other = backfill.question(0.0, UP)
    assert other is not None
    assert other.peer != again.peer
    assert backfill.question(100.0, UP) is not None, "a silent one is left"


# Over epochs.


def with_changes(change: Callable[[list[ValidatorChange]], list[ValidatorChange]]) -> Change:
    def changed(answer: Answer) -> Answer:
        if not isinstance(answer, SnapshotHead):
            return answer
        changes = change([decode(each, ValidatorChange) for each in answer.changes])
        return msgspec.structs.replace(answer, changes=tuple(encode(each) for each in changes))

    return changed


def with_a_forged_key(changes: list[ValidatorChange]) -> list[ValidatorChange]:
    """Those who certified the state stay what they are: only the proof of the set tells."""
    *before, last = changes
    members = list(last.validators.members)
    members[1] = msgspec.structs.replace(members[1], public_key=signer("validator/thief").public_key)
    forged = msgspec.structs.replace(last.validators, members=tuple(members))
    return [*before, msgspec.structs.replace(last, validators=forged)]


def with_too_few_votes(changes: list[ValidatorChange]) -> list[ValidatorChange]:
    first, *rest = changes
    certificate = msgspec.structs.replace(first.certificate, votes=first.certificate.votes[:2])
    return [msgspec.structs.replace(first, certificate=certificate), *rest]


LIES_ABOUT_EPOCHS: dict[str, Callable[[list[ValidatorChange]], list[ValidatorChange]]] = {
    "none": lambda changes: [],
    "the first one is missing": lambda changes: changes[1:],
    "the last one is missing": lambda changes: changes[:-1],
    "another order": lambda changes: changes[::-1],
    "one twice": lambda changes: [changes[0], *changes],
    "a forged key": with_a_forged_key,
    "too few votes": with_too_few_votes,
}


@pytest.mark.parametrize("name", LIES_ABOUT_EPOCHS)
def test_situation_56_CU3_MB3_epochs_in_a_snapshot_are_proven_one_by_the_other(
    tmp_path: Path, name: str
) -> None:
    chain = ChainWorld(tmp_path, SHORT_WINDOW)
    chain.to_epoch(2)
    chain.grow(1, records=1)
    newcomer = Newcomer(chain)
    with pytest.raises(BadProof):
        newcomer.run(with_changes(LIES_ABOUT_EPOCHS[name]))
    assert not newcomer.fetch.is_active
    again = Newcomer(chain)
    snapshot = again.run()
    assert snapshot is not None
    assert [change.validators.epoch for change in snapshot.changes] == [1, 2]
    assert snapshot.next_validators is None
    again.adopt(snapshot)
    assert again.parts.ledger.validators == chain.ledger.validators


@pytest.mark.parametrize("above", [0, 1])
def test_situation_55_CU3_MB2_a_snapshot_at_the_boundary_brings_the_next_validators(
    tmp_path: Path, above: int
) -> None:
    """The core enters the epoch by what the driver tells it, and after a restart by what is stored."""
    chain = ChainWorld(tmp_path, SHORT_WINDOW)
    chain.to_epoch(1)
    chain.grow(above, records=1)
    newcomer = Newcomer(chain)
    snapshot = newcomer.run()
    assert snapshot is not None
    assert snapshot.next_validators == (None if above else chain.ledger.validators)
    replica = Replica(chain.world.genesis, chain.parts.suite, newcomer.parts.signers[0])
    replica.start(0)
    newcomer.adopt(snapshot)
    for change in snapshot.changes:
        replica.handle(BlockInstalled(change.header, (), change.certificate, change.validators), 0)
    replica.handle(
        BlockInstalled(snapshot.block.header, (), snapshot.certificate, snapshot.next_validators), 0
    )
    parts = chain.open(newcomer.store.reopen(), 3)
    finality = Finality(parts.chain, parts.store, parts.suite)
    restored = restored_state(parts, finality, (), ())
    for each in (replica, Replica(chain.world.genesis, parts.suite, parts.signers[0], restored=restored)):
        status = each.status()
        assert each.validators == chain.ledger.validators
        assert (status.index, status.head_height) == (3, chain.ledger.height)


def test_situation_3_CU3_MB3_epochs_of_another_chain_prove_nothing(tmp_path: Path) -> None:
    """The same validators began another chain and handed it over there: its next ones are strangers here."""
    other = ChainWorld(tmp_path / "other", msgspec.structs.replace(SHORT_WINDOW, view_timeout_ms=7_000))
    other.to_epoch(1)
    chain = ChainWorld(tmp_path, SHORT_WINDOW)
    chain.to_epoch(1)
    chain.grow(1, records=1)
    assert other.ledger.chain_id != chain.ledger.chain_id
    change = other.parts.chain.validator_change(1)
    assert change is not None
    with pytest.raises(BadProof, match="another chain"):
        Newcomer(chain).run(with_changes(lambda changes: [change]))


def test_CU3_MB3_more_epochs_than_one_head_can_prove_are_no_lie_of_the_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_server, "CHANGES_MAX", 1)
    chain = ChainWorld(tmp_path, SHORT_WINDOW)
    chain.to_epoch(2)
    chain.grow(1, records=1)
    newcomer = Newcomer(chain)
    assert newcomer.run() is None
    assert newcomer.fetch.is_active, "asked again in a while, nobody is blamed"
    nearer = server_of(chain).answer(SnapshotWanted(0, "head", (1).to_bytes(8, "big")), 0.0)
    assert isinstance(nearer, SnapshotHead)
    assert len(nearer.changes) == 1


def test_situation_42_CU3_MB2_epochs_that_began_since_the_question_are_passed_over(tmp_path: Path) -> None:
    """The answer is late, not wrong: its sender is not blamed."""
    chain = ChainWorld(tmp_path, SHORT_WINDOW)
    chain.to_epoch(2)
    chain.grow(1, records=1)
    newcomer = Newcomer(chain)
    executor, _ = executor_of(newcomer.parts)

    def late(answer: Answer) -> Answer:
        if isinstance(answer, SnapshotHead):
            for height in range(1, SHORT_WINDOW.checkpoint_interval + 1):
                checked = check_of(newcomer.parts).check(chain.block_parts(height))
                executor.install(checked)
            newcomer.parts.members.follow(newcomer.parts.ledger.validators)
        return answer

    snapshot = newcomer.run(late)
    assert snapshot is not None
    assert newcomer.parts.ledger.validators.epoch == 1
    assert [change.validators.epoch for change in snapshot.changes] == [2]


def test_MB3_what_validators_of_another_epoch_certified_stops_nobody(chain: ChainWorld) -> None:
    """Keys of those that left may be in anybody's hands: their certificate is a lie, not a divergence."""
    executor, _ = executor_of(chain.parts)
    parts = chain.block_parts(5)
    block, certificate = decode(parts.block, Block), decode(parts.certificate, FinalityCertificate)
    other = msgspec.structs.replace(certificate, epoch=1)
    with pytest.raises(BadProof, match="height 5 is of epoch 0, not 1"):
        executor.require_equal(other)
    newcomer, _ = executor_of(chain.open(MemoryStore(), 3))
    with pytest.raises(BadProof, match="is of epoch 0, not 1"):
        newcomer.install(CheckedBlock(block, other, ()))
