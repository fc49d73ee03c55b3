"""Three drivers behind one face, with a core that says what the test wants.

What a driver owes the core stands on `Output`. Here the core is a script: on a cue it answers with an output
that the test made, and it keeps the events that the driver brings. So each promise is tested by itself: on
the golden world of the rule tests, on the simulator, and on a real validator in its loop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from govchain.codec import decode, encode
from govchain.consensus import (
    BlockExecuted,
    Decision,
    Event,
    LogEntry,
    Output,
    RestoredState,
    Send,
    SignedMessage,
    TransactionsAvailable,
)
from govchain.consensus.messages import Prepare
from govchain.consensus.status import ReplicaStatus
from govchain.crypto import Signer, compute_root, derive_secret, digest_of, suite, transaction_id
from govchain.model import (
    Attestation,
    Batch,
    BlockHeader,
    FinalityCertificate,
    Genesis,
    Space,
    Transaction,
    Vote,
)
from govchain.node.wire import Consensus, Transactions, TransactionsWanted, decode_frame
from govchain.sim.cluster import SimCluster
from govchain.sim.network import Frame, Gossip
from govchain.sim.network import TransactionsWanted as SimWanted
from govchain.sim.trace import TraceEvent
from tests.support import consensus_world, node_world
from tests.support.consensus_world import Member, World, tx

SUITE = suite()
ME: Final = 3
CUE: Final = TransactionsAvailable(())
ROUNDS_MAX: Final = 5_000


class ScriptedCore:
    """Stands where the replica stands; the next cue is answered with `next`."""

    def __init__(self, genesis: Genesis, restored: RestoredState | None) -> None:
        self.validators = genesis.validators
        self.restored = restored
        self.forgot = ""
        self.next: Output | None = None
        self.events: list[Event] = []
        self.is_over = False

    def start(self, now_ms: int) -> Output:
        return Output()

    def handle(self, event: Event, now_ms: int) -> Output:
        if event != CUE:
            self.events.append(event)
            return Output()
        output, self.next = self.next, None
        if output is None or self.is_over:
            return Output()
        self.is_over = any(note.event == "diverged" for note in output.notes)
        return output

    judge = handle

    def promises(self) -> tuple[()]:
        return ()

    def status(self) -> ReplicaStatus:
        return ReplicaStatus(
            epoch=0, index=ME, view=0, head_height=0, next_seq=1, in_flight=0, silent_to=0, stall=""
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that left, and whether the log entry of its name was durable then."""

    body: bytes
    to: int | None
    is_durable: bool


class Driver(ABC):
    """One validator under test; the others are silent."""

    genesis: Genesis
    chain_id: bytes
    core: ScriptedCore
    honours_forward = True

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.fetched: list[tuple[tuple[bytes, ...], int]] = []
        self.forwarded: list[tuple[bytes, int]] = []
        self.announced: list[tuple[int, bool]] = []

    # What each driver does its own way.

    @abstractmethod
    def signer(self, index: int) -> Signer:
        """Key of a validator."""

    @abstractmethod
    async def hold(self, count: int) -> tuple[bytes, ...]:
        """Put transactions into the pool; their ids."""

    @abstractmethod
    async def give(self, output: Output) -> None:
        """The core answers with this output, and the driver does what it asks for."""

    @abstractmethod
    async def until(self, condition: Callable[[], bool]) -> None:
        """Let time pass until the condition holds."""

    @abstractmethod
    async def restart(self) -> RestoredState | None:
        """Lose all but the disk and wake up; what the new core was told."""

    @abstractmethod
    def vote_in_store(self, seq: int, view: int, phase: str) -> bytes | None:
        """Body of a durable log entry."""

    @abstractmethod
    def certified(self, height: int) -> bool:
        """Whether the certificate of a height is durable."""

    async def close(self) -> None:
        """End; only processes and connections need it."""
        return None

    # What is the same for all.

    def prepare(self, seq: int, view: int = 0) -> LogEntry:
        """An own vote as the core would persist it."""
        message = Prepare(self.chain_id, 0, ME, view, seq, SUITE.digest(b"batch %d" % seq))
        body = encode(message)
        return LogEntry(seq, "prepare", view, SignedMessage(body, self.signer(ME).sign(body)))

    def decision(self, seq: int, ids: tuple[bytes, ...]) -> Decision:
        root = compute_root(SUITE, ids)
        batch = Batch(self.chain_id, 0, seq, self.genesis.time_ms + seq, 0, root, len(ids))
        return Decision(batch, ids)

    def certificate(self, header: BlockHeader) -> FinalityCertificate:
        digest = digest_of(SUITE, header)
        votes = []
        for index in range(3):
            body = encode(Attestation(self.chain_id, 0, header.height, digest, index))
            votes.append(Vote(index, self.signer(index).sign(body)))
        return FinalityCertificate(self.chain_id, 0, header.height, digest, tuple(votes))

    def executed(self) -> list[BlockHeader]:
        """Headers that the driver reported, in order."""
        return [event.header for event in self.core.events if isinstance(event, BlockExecuted)]

    def note_sent(self, signed: SignedMessage, to: int | None) -> None:
        message = decode(signed.body, Prepare)
        kept = self.vote_in_store(message.seq, message.view, "prepare")
        self.sent.append(Sent(signed.body, to, kept == signed.body))


def install_core(monkeypatch: pytest.MonkeyPatch, module: str, made: list[ScriptedCore]) -> None:
    """From now on a module's drivers get scripted cores."""

    def make(genesis: Genesis, *_: Any, restored: RestoredState | None, **__: Any) -> ScriptedCore:
        made.append(ScriptedCore(genesis, restored))
        return made[-1]

    monkeypatch.setattr(f"{module}.Replica", make)


class GoldenDriver(Driver):
    """The world of the rule tests. Its transactions travel by the test's hand, so it forwards nothing."""

    honours_forward = False

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self._made: list[ScriptedCore] = []
        install_core(monkeypatch, "tests.support.consensus_world", self._made)
        driver = self

        class Watched(World):
            def _send(self, member: Member, send: Send) -> None:
                driver.note_sent(send.signed, send.to)
                super()._send(member, send)

        self.world = Watched(4)
        self.genesis, self.chain_id = self.world.genesis, self.world.chain_id
        self._member = self.world.members[ME]
        self.core = self._made[ME]

    def signer(self, index: int) -> Signer:
        return consensus_world.SIGNERS[index]

    async def hold(self, count: int) -> tuple[bytes, ...]:
        names = [f"t{number}" for number in range(count)]
        self.world.submit(*names, to=[ME])
        return tuple(tx(name) for name in names)

    async def give(self, output: Output) -> None:
        self.core.next = output
        self.world.handle(self._member, CUE, "cue")
        wanted = self.world.on_wire(consensus_world.BodiesWanted, sender=ME)
        self.fetched += [(each.payload.ids, each.to) for each in wanted]
        self.world.wire = [each for each in self.world.wire if each not in wanted]
        self.announced = [(height, True) for height in sorted(self._member.disk.certificates)]

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(ROUNDS_MAX):
            if condition():
                return
            self.world.advance(1)
        raise AssertionError("it never happened")

    async def restart(self) -> RestoredState | None:
        self.world.crash(ME)
        self.world.restart(ME)
        self.core = self._made[-1]
        return self.core.restored

    def vote_in_store(self, seq: int, view: int, phase: str) -> bytes | None:
        entry = self._member.disk.log.get((seq, view, phase))
        return None if entry is None else entry.signed.body

    def certified(self, height: int) -> bool:
        return height in self._member.disk.certificates


class SimDriver(Driver):
    """A validator of the simulator."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self._made: list[ScriptedCore] = []
        install_core(monkeypatch, "govchain.sim.protocols", self._made)
        self._clerk = node_world.NodeWorld(Path())
        self.genesis, self.chain_id = self._clerk.genesis, self._clerk.chain_id
        driver = self

        class Watched(SimCluster):
            def send(self, source: int, target: int | None, frame: Frame) -> None:
                driver.note_frame(source, target, frame)

        secrets = {name: derive_secret(node_world.SEED, f"validator/{name}") for name in self._clerk.names}
        self.cluster = Watched(self.genesis, secrets, listener=self._trace)
        self.core = self._made[ME]

    def note_frame(self, source: int, target: int | None, frame: Frame) -> None:
        if source != ME:
            return
        match frame:
            case SignedMessage():
                self.note_sent(frame, target)
            case SimWanted(ids=ids) if target is not None:
                self.fetched.append((ids, target))
            case Gossip(transaction=transaction) if target is not None:
                self.forwarded.append((transaction_id(SUITE, transaction), target))
            case _:
                pass

    def signer(self, index: int) -> Signer:
        return node_world.signer(f"validator/validator-{index}")

    async def hold(self, count: int) -> tuple[bytes, ...]:
        return tuple(self.cluster.submit(each, to=ME) for each in self._clerk.deposits(count))

    async def give(self, output: Output) -> None:
        self.core.next = output
        self.cluster.node(ME).take(CUE)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(ROUNDS_MAX):
            if condition():
                return
            self.cluster.run_to(self.cluster.now_ns + 1_000_000)
        raise AssertionError("it never happened")

    async def restart(self) -> RestoredState | None:
        self.cluster.crash(ME)
        self.cluster.restart(ME)
        self.core = self._made[-1]
        return self.core.restored

    def vote_in_store(self, seq: int, view: int, phase: str) -> bytes | None:
        return _vote_of(self.cluster.node(ME).disk, seq, view, phase)

    def certified(self, height: int) -> bool:
        return self.cluster.node(ME).chain.certificate(height) is not None

    def _trace(self, event: TraceEvent) -> None:
        if event.node == ME and event.kind == "final":
            height = int(dict(event.facts)["height"])  # type: ignore[arg-type]
            self.announced.append((height, self.certified(height)))


class NodeDriver(Driver):
    """A real validator with store, loop, timers and frames; the lines to others are watched, not used."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        super().__init__()
        self._made: list[ScriptedCore] = []
        install_core(monkeypatch, "govchain.node.runtime", self._made)
        self.world = node_world.NodeWorld(folder)
        self.genesis, self.chain_id = self.world.genesis, self.world.chain_id
        self._name = self.world.names[ME]

    async def start(self) -> NodeDriver:
        await self.world.start([self._name])
        self.node = self.world.node(ME)
        self.core = self._made[-1]
        self.node.network.send = self._send  # type: ignore[method-assign]
        self.node.network.broadcast = self._broadcast  # type: ignore[method-assign]
        self.node._finality.on_final = lambda block, ids: self.announced.append(
            (block.header.height, self.certified(block.header.height))
        )
        return self

    def signer(self, index: int) -> Signer:
        return node_world.signer(f"validator/validator-{index}")

    async def hold(self, count: int) -> tuple[bytes, ...]:
        transactions = self.world.deposits(count)
        self.node.submit(transactions)
        await self.until(lambda: any(isinstance(each, TransactionsAvailable) for each in self.core.events))
        self.forwarded.clear()  # Gossip of the submission.
        return tuple(transaction_id(SUITE, each) for each in transactions)

    def poke(self) -> None:
        """Cue the core and do not wait."""
        self.node._inbox.put_event(CUE)

    async def give(self, output: Output) -> None:
        self.core.next = output
        self.poke()
        await self.until(lambda: self.core.next is None and not self.node._owner._has_work())

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.world.until(condition)

    async def restart(self) -> RestoredState | None:
        await self.world.stop(self._name)
        await self.start()
        return self.core.restored

    async def close(self) -> None:
        await self.world.stop_all()

    def vote_in_store(self, seq: int, view: int, phase: str) -> bytes | None:
        return _vote_of(self.world.store(self._name), seq, view, phase)

    def certified(self, height: int) -> bool:
        key = height.to_bytes(8, "big")
        return self.world.store(self._name).get(Space.CERTIFICATE, key) is not None

    def _broadcast(self, payload: bytes, *, is_urgent: bool = False) -> None:
        self._note(None, payload)

    def _send(self, peer: str, payload: bytes, *, is_urgent: bool = False) -> None:
        self._note(self.world.names.index(peer), payload)

    def _note(self, to: int | None, payload: bytes) -> None:
        match decode_frame(payload):
            case Consensus(messages=messages):
                for signed in messages:
                    self.note_sent(signed, to)
            case TransactionsWanted(ids=ids) if to is not None:
                self.fetched.append((ids, to))
            case Transactions(transactions=transactions) if to is not None:
                self.forwarded += [(_id_of(each), to) for each in transactions]
            case _:
                pass


def _id_of(transaction: Transaction) -> bytes:
    return transaction_id(SUITE, transaction)


def _vote_of(store: Any, seq: int, view: int, phase: str) -> bytes | None:
    wanted = seq.to_bytes(8, "big") + view.to_bytes(8, "big") + phase.encode()
    value = store.get(Space.VOTE, wanted)
    if value is None:
        return None
    return decode(value, SignedMessage).body
