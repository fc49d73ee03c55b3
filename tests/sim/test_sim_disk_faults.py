"""Disks that fail, are lost, or come back old: the network recovers, or the validator refuses and says why.

The judge of the simulator watches: nothing acknowledged is lost, nobody votes twice, certificates verify.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from govchain.codec import decode
from govchain.consensus import LogEntry, Replica, SignedMessage
from govchain.consensus.messages import Commit, ConsensusMessage, Prepare, Proposal, ViewChange
from govchain.crypto import chain_id_of, suite
from govchain.errors import GovchainError, StorageFailure
from govchain.model import Space
from govchain.node.finality import Finality
from govchain.node.parts import assemble, restored_state
from govchain.node.vote_log import VoteLog
from govchain.observe import open_log
from govchain.sim import SimCluster, TraceEvent
from govchain.storage import MemoryStore, RocksStore, Store
from tests.sim.test_sim_cluster import MINUTE_NS, cluster_of, deposit, finish, network
from tests.sim.test_sim_membership import Network, S, join
from tests.support.faulty_disk import Fault, FaultyGuard, FaultyStore, Plan, PowerLost, entries, flipped

SUITE = suite()
ROUNDS = 1
MS = 1_000_000


def strike(fault: Fault, at: int, index: int) -> tuple[Plan, SimCluster, list[TraceEvent]]:
    """A run of a few blocks in which one validator's disk fails at one write; it restarts and all go on."""
    made, trace = network(4), []
    cluster = cluster_of(made, trace)
    plan = Plan(fault, at)
    cluster.crash(index)
    disk = FaultyStore(plan)
    cluster.replace_disk(index, disk)
    cluster.machines.guards[index] = FaultyGuard(plan)

    def attempt(action: object) -> None:
        try:
            assert callable(action)
            action()
        except (PowerLost, StorageFailure):
            if cluster.is_running(index):
                cluster.crash(index)
            cluster.restart(index)

    attempt(lambda: cluster.restart(index))
    submitted = [deposit(cluster, made, number) for number in range(ROUNDS + 1)]
    for number, transaction in enumerate(submitted):
        attempt(lambda transaction=transaction: cluster.submit(transaction, to=(index + 1) % 4))
        attempt(lambda number=number: finish(cluster, number + 1))
        finish(cluster, number + 1)
    return plan, cluster, trace


@pytest.mark.parametrize("index", [0, 2])
@pytest.mark.parametrize("fault", Fault)
def test_situation_44_RC1_RC4_power_lost_or_no_room_at_every_write_point(fault: Fault, index: int) -> None:
    at, is_struck = 0, True
    while is_struck:
        at += 1
        plan, cluster, trace = strike(fault, at, index)
        is_struck = plan.writes >= at
        assert cluster.finish() == [], f"write {at}"
        assert {node.ledger.transaction_count for node in cluster.running()} == {ROUNDS + 1}, f"write {at}"
        assert len({node.ledger.state_root for node in cluster.running()}) == 1
        assert not [event for event in trace if event.kind == "note-silenced"], "an intact disk forgot"
    assert at > 8, "the run has as many writes as it must have"


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of a validator that stopped with votes in flight, and what it had said."""

    store: MemoryStore
    records: tuple[bytes, ...]
    said: dict[tuple[str, int, int], bytes]


def remains(*, gives_up: bool) -> tuple[object, Remains]:
    """Two certified blocks, and a third on which validator 2 voted, in a view that it may have given up."""
    made, trace = network(4), []
    cluster = cluster_of(made, trace)
    for number in range(2):
        cluster.submit(deposit(cluster, made, number), to=2)
        assert finish(cluster, number + 1)
    sent: dict[tuple[str, int, int], bytes] = {}
    send = cluster.send

    def listen(source: int, target: int | None, frame: object) -> None:
        if source == 2 and isinstance(frame, SignedMessage) and (named := name_of(frame, 2)):
            sent[named] = frame.body
        send(source, target, frame)  # type: ignore[arg-type]

    cluster.send = listen  # type: ignore[method-assign, assignment]
    cluster.submit(deposit(cluster, made, 2), to=2)
    cluster.run_until(lambda: ("Commit", 0, 3) in sent, limit_ns=cluster.now_ns + MINUTE_NS)
    for index in (0, 1, 3):
        cluster.crash(index)
    if gives_up:
        cluster.run_until(lambda: ("ViewChange", 1, 0) in sent, limit_ns=cluster.now_ns + MINUTE_NS)
    assert {name[0] for name in sent} == {"Prepare", "Commit", *(["ViewChange"] if gives_up else [])}
    node = cluster.node(2)
    return made, Remains(node.disk, tuple(cluster.machines.guards[2].records), sent)


def name_of(signed: SignedMessage, index: int) -> tuple[str, int, int] | None:
    message = decode(signed.body, ConsensusMessage)  # type: ignore[arg-type]
    if not isinstance(message, Proposal | Prepare | Commit | ViewChange) or message.validator != index:
        return None
    seq = 0 if isinstance(message, ViewChange) else message.seq
    return type(message).__name__, message.view, seq


def wake(made: object, store: Store, records: tuple[bytes, ...]) -> Replica:
    """What a validator process does with what it finds, up to its first message."""
    signer = SUITE.signer(made.secrets["validator/validator-2"])  # type: ignore[attr-defined]
    parts = assemble(
        made.genesis,  # type: ignore[attr-defined]
        "validator-2",
        [signer],
        store,
        log=open_log("validator-2", io.StringIO()),
        clock=lambda: 0.0,
        now_ms=lambda: 0,
    )
    finality = Finality(parts.chain, store, parts.suite)
    log = VoteLog(store, parts.mempool.get)
    found: tuple[LogEntry, ...]
    found, _ = log.load(parts.ledger.height, finality.is_certified)
    restored = restored_state(parts, finality, found, records)
    return Replica(parts.genesis, parts.suite, signer, restored=restored)


def judge(made: object, left: Remains, store: Store, records: tuple[bytes, ...]) -> str:
    """`refused`, `silent`, or `same`: whatever it says, it said before."""
    try:
        replica = wake(made, store, records)
    except GovchainError:
        return "refused"
    is_silent = bool(replica.forgot)
    for send in replica.start(0).send:
        named = name_of(send.signed, 2)
        if named is not None:
            assert send.signed.body == left.said[named], f"{named} is said otherwise than before"
            assert not is_silent
    return "silent" if is_silent else "same"


@pytest.mark.parametrize("gives_up", [False, True])
def test_situation_44_RC3_every_entry_lost_or_damaged_recovers_or_refuses(gives_up: bool) -> None:
    made, left = remains(gives_up=gives_up)
    assert judge(made, left, left.store.copy(), left.records) == "same"
    verdicts: dict[str, list[str]] = {}
    spaces = (Space.META, Space.BLOCK, Space.CERTIFICATE, Space.VOTE)
    for space, key, value in entries(left.store, spaces):
        for bit in (None, 0, 1_003, 8 * len(value) - 1):
            store = left.store.copy()
            store.write([(space, key, None if bit is None else flipped(value, bit))], sync=True)
            verdict = judge(made, left, store, left.records)
            name = key[16:].decode() if space is Space.VOTE else ""
            verdicts.setdefault(f"{space.name} {name}".strip(), []).append(verdict)
    assert verdicts["VOTE commit"][0] == "silent", "a lost vote is missed"
    # In a view that was given up no other prepare can follow, and a commit shows what it stands on.
    assert verdicts["VOTE prepare"][0] == ("same" if gives_up else "silent")
    assert "same" not in verdicts["VOTE commit"]
    assert not gives_up or verdicts["VOTE view-change"][0] == "silent"
    assert verdicts["VOTE proposal"][0] == "refused", "votes on nothing"


@pytest.mark.parametrize("gives_up", [False, True])
def test_situation_44_RC3_guard_records_lost_or_damaged(gives_up: bool) -> None:
    made, left = remains(gives_up=gives_up)
    for number, record in enumerate(left.records):
        less = left.records[:number] + left.records[number + 1 :]
        assert judge(made, left, left.store.copy(), less) == "same", "the store holds them still"
        for bit in range(0, 8 * len(record), 13):
            other = (*left.records[:number], flipped(record, bit), *left.records[number + 1 :])
            assert judge(made, left, left.store.copy(), other) in ("refused", "silent", "same")


@pytest.mark.parametrize("backup_at", [0, 1, 3])
def test_situation_45_RC2_an_old_data_directory_is_restored(backup_at: int) -> None:
    made, trace = network(4), []
    cluster = cluster_of(made, trace)
    backup = MemoryStore()
    for number in range(6):
        if number == backup_at:
            backup = cluster.node(2).disk.copy() if number else MemoryStore()
        cluster.submit(deposit(cluster, made, number), to=1)
        assert finish(cluster, number + 1)
    cluster.submit(deposit(cluster, made, 6), to=1)
    cluster.run_to(cluster.now_ns + 50 * MS)
    cluster.crash(2)
    cluster.replace_disk(2, backup)
    cluster.restart(2)
    assert [event for event in trace if event.kind == "note-silenced"]
    assert finish(cluster, 7)
    cluster.crash(0)
    cluster.submit(deposit(cluster, made, 7), to=1)
    assert finish(cluster, 8), "with one down the restored one is needed, and votes"
    assert cluster.finish() == []


def test_situation_46_RC2_wiped_disks_rejoin_and_more_are_refused() -> None:
    made = network(4)
    cluster = cluster_of(made)
    for number in range(5):
        cluster.submit(deposit(cluster, made, number), to=1)
        assert finish(cluster, number + 1)
    cluster.crash(3)
    cluster.replace_disk(3, MemoryStore())
    cluster.restart(3)
    cluster.submit(deposit(cluster, made, 5), to=1)
    assert finish(cluster, 6)
    assert cluster.node(3).ledger.height == 6
    cluster.submit(deposit(cluster, made, 6), to=1)
    cluster.run_until(lambda: len(cluster.node(2).mempool) == 1, limit_ns=cluster.now_ns + MINUTE_NS)
    cluster.run_to(cluster.now_ns + 45 * MS)
    for index in (0, 1, 2, 3):
        cluster.crash(index)
        cluster.replace_disk(index, MemoryStore())
    for index in range(4):
        cluster.restart(index)
    assert not finish(cluster, 1), "nobody has the chain any more, and nobody begins another one"
    stalls = [node.replica.status().stall for node in cluster.running()]
    assert all(stall.startswith("not voting until height") for stall in stalls)
    assert cluster.finish() == []


def test_situation_47_RC4_one_restarts_in_a_loop_under_load() -> None:
    made = network(4)
    cluster = cluster_of(made)
    for number in range(12):
        cluster.submit(deposit(cluster, made, number), to=1 + number % 2)
        for _ in range(4):
            cluster.run_to(cluster.now_ns + 37 * MS)
            cluster.crash(3)
            cluster.restart(3)
    assert cluster.run_until(
        lambda: {node.ledger.transaction_count for node in cluster.running()} == {12},
        limit_ns=cluster.now_ns + MINUTE_NS,
    )
    assert cluster.finish() == []


@pytest.mark.parametrize("backup_epoch", [None, 0])
def test_situation_46_RC2_MB2_a_lost_disk_comes_back_in_a_later_epoch(backup_epoch: int | None) -> None:
    members = Network(4)
    cluster = members.cluster
    members.deposit()
    backup = MemoryStore() if backup_epoch is None else cluster.node(1).disk.copy()
    join(members)
    members.to_epoch(1)
    for _ in range(2):
        members.deposit()
    cluster.crash(1)
    cluster.replace_disk(1, backup)
    cluster.restart(1)
    assert cluster.node(1).replica.validators.epoch == 0
    assert cluster.node(1).replica.forgot
    for _ in range(3):
        members.deposit()
    cluster.run_to(cluster.now_ns + 20 * S)
    assert members.epoch(1) == 1
    assert cluster.node(1).replica.status().silent_to == 0
    cluster.crash(0)  # Of five, four are needed.
    members.deposit()
    cluster.restart(0)
    members.check()


def lose(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(flipped(data, 4 * len(data)))


def test_situation_44_RC3_files_of_the_database_lost_torn_or_flipped(tmp_path: Path) -> None:
    made, left = remains(gives_up=False)
    chain_id = chain_id_of(SUITE, made.genesis)  # type: ignore[attr-defined]
    whole = tmp_path / "whole"
    store = RocksStore(tmp_path / "running", chain_id)
    for each in sorted(entries(left.store, tuple(Space)), key=lambda each: each[1][16:] == b"commit"):
        store.write([each], sync=True)  # The commit was the last thing that was promised.
    shutil.copytree(tmp_path / "running", whole)  # As a kill leaves it: nothing is tidied up.
    store.close()
    verdicts: dict[str, list[str]] = {}
    for file in sorted(path for path in whole.iterdir() if path.stat().st_size and path.name != "LOCK"):
        for damage in (lose, cut, halve, flip):
            folder = tmp_path / f"{file.name}-{damage.__name__}"
            shutil.copytree(whole, folder)
            damage(folder / file.name)
            verdicts.setdefault(file.suffix or file.name.split("-")[0], []).append(
                judge_folder(made, left, folder, chain_id)
            )
            shutil.rmtree(folder)
    assert verdicts[".log"] == ["silent", "silent", "refused", "refused"], "a lost tail is missed"
    assert set(verdicts["CURRENT"] + verdicts["MANIFEST"]) <= {"refused", "silent"}
    assert set(verdicts["LOG"]) == {"same"}, "notes of the library"


def judge_folder(made: object, left: Remains, folder: Path, chain_id: bytes) -> str:
    try:
        store = RocksStore(folder, chain_id)
    except GovchainError:
        return "refused"
    try:
        return judge(made, left, store, left.records)
    finally:
        store.close()
