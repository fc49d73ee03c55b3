"""All orders in which messages and timers can reach a few replicas: every reachable state once.

A replica is deterministic and sees only what reaches it. So what one event does to one local state is worked
out once and remembered; the states of all replicas together are then explored as small numbers. Two local
states are one when their fingerprints are equal: all that the replica remembers, and every vote that it ever
sent. Nothing is sampled; a limit stops the search and says so.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from govchain.codec import encode
from govchain.consensus import (
    BlockExecuted,
    CancelTimer,
    Event,
    Replica,
    SetTimer,
    SignedMessage,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    Verified,
)
from govchain.consensus.messages import Commit, ConsensusMessage, NewView, Prepare, Proposal, ViewChange
from govchain.crypto import Signer, Suite, digest_of
from govchain.model import Attestation, Genesis, ProtocolParameters, ValidatorSet
from tests.support.consensus_world import GENESIS_MS, SIGNERS, SUITE, Member, World

VOTES = (Proposal, Prepare, Commit, ViewChange, NewView)
_FIXED = (Suite, Signer, Genesis, ProtocolParameters, ValidatorSet)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Both halves of the request time pass at a replica, or the time for a new view (rules RQ-3, VC-4)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One event on its way to one replica."""

    to: int
    event: Verified | Complaint


@dataclass(slots=True)
class Local:
    """One state of one replica, and the shortest way to it."""

    path: tuple[Verified | Complaint, ...]
    votes: dict[tuple[str, int, int], bytes]
    """Everything that it ever signed: another vote under the same name is a double vote (NC-3, RC-1)."""
    decided: tuple[bytes, ...]
    view: int
    steps: dict[int, tuple[int, int, bool]] = field(default_factory=dict)
    """By letter: the next local state, the letters that it sends as bits, and whether it decided."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an exploration came to."""

    states: int
    ends: int
    """States in which nothing is on its way any more."""
    is_complete: bool
    decided: frozenset[tuple[tuple[bytes, ...], ...]]
    """What the replicas had decided in the ends."""
    views: frozenset[int]
    """Views that some replica was in."""


class Explorer:
    """Explores a world of n replicas, of which some are only spoken for by the test.

    Args:
        honest: Replicas that run; the others are silent, or say what `say` puts on the wire.
        holds: Names of the transactions that every replica holds from the beginning.
    """

    def __init__(self, n: int, honest: tuple[int, ...], holds: tuple[str, ...] = ()) -> None:
        self.world = World(n)
        self.honest = honest
        self._available = TransactionsAvailable(tuple((SUITE.digest(name.encode()), 100) for name in holds))
        self.letters: list[Letter] = []
        self._slots: list[int] = []
        self._letter_ids: dict[tuple[int, bytes], int] = {}
        self.locals: dict[int, list[Local]] = {index: [] for index in honest}
        self._by_fingerprint: dict[tuple[int, Any], int] = {}
        self._wire = 0
        self._start = tuple(self._begin(index) for index in honest)

    def say(self, message: ConsensusMessage, to: tuple[int, ...]) -> None:
        """Put a message of a replica that does not run on the wire."""
        verified = self.world.verified(message)
        for index in to:
            self._wire |= 1 << self._letter(index, verified)

    def let_complain(self, *indices: int) -> None:
        """The patience of these replicas may end, once, at any moment."""
        for index in indices:
            self._wire |= 1 << self._letter(index, Complaint())

    def deliver(self, kind: type) -> None:
        """Deliver every message of a type that is on the wire; the exploration begins behind that."""
        for letter in [each for each in range(len(self.letters)) if self._wire >> each & 1]:
            event = self.letters[letter].event
            if isinstance(event, Verified) and isinstance(event.message, kind):
                slot = self._slots[letter]
                after, sent, _ = self._step(slot, self._start[slot], letter)
                self._start = (*self._start[:slot], after, *self._start[slot + 1 :])
                self._wire = (self._wire ^ 1 << letter) | sent

    def explore(self, states_max: int) -> Found:
        """Visit every reachable state, and check in each that nobody disagrees.

        Raises:
            AssertionError: Two replicas decided differently, one voted twice, or an honest one stopped.
        """
        start = (self._start, self._wire)
        seen, waiting = {start}, [start]
        tables = [self.locals[index] for index in self.honest]
        ends, decided = 0, set()
        while waiting and len(seen) < states_max:
            places, wire = waiting.pop()
            if not wire:
                ends += 1
                decided.add(self._decided(places))
            rest = wire
            while rest:
                bit = rest & -rest
                rest ^= bit
                letter = bit.bit_length() - 1
                slot = self._slots[letter]
                after, sent, decides = tables[slot][places[slot]].steps.get(letter) or self._step(
                    slot, places[slot], letter
                )
                state = ((*places[:slot], after, *places[slot + 1 :]), (wire ^ bit) | sent)
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
                    if decides:
                        self._judge(state[0])
        views = {local.view for table in tables for local in table}
        return Found(len(seen), ends, not waiting, frozenset(decided), frozenset(views))

    # One replica.

    def _begin(self, index: int) -> int:
        replica, driver = self._run(index, ())
        return self._intern(index, replica, driver, ())

    def _step(self, slot: int, place: int, letter: int) -> tuple[int, int, bool]:
        index = self.honest[slot]
        local = self.locals[index][place]
        path = (*local.path, self.letters[letter].event)
        replica, driver = self._run(index, path)
        after = self._intern(index, replica, driver, path)
        sent = 0
        for signed, to in driver.sent[-1]:
            message = self.world.decode(signed)
            if isinstance(message, VOTES):
                others = self.honest if to is None else (to,)
                for other in others:
                    if other != index and other in self.honest:
                        sent |= 1 << self._letter(other, Verified(message, signed))
        decides = self.locals[index][after].decided != local.decided
        local.steps[letter] = (after, sent, decides)
        return local.steps[letter]

    def _run(self, index: int, path: tuple[Verified | Complaint, ...]) -> tuple[Replica, _Driver]:
        replica = Replica(self.world.genesis, SUITE, SIGNERS[index])
        driver = _Driver(self.world, replica, index)
        driver.take(None)
        driver.take(self._available)
        for event in path:
            driver.take(event)
        return replica, driver

    def _intern(
        self, index: int, replica: Replica, driver: _Driver, path: tuple[Verified | Complaint, ...]
    ) -> int:
        fingerprint = (_freeze(replica._state), tuple(sorted(driver.votes.items())))
        key = (index, fingerprint)
        place = self._by_fingerprint.get(key)
        if place is None:
            place = self._by_fingerprint[key] = len(self.locals[index])
            decided = tuple(digest_of(SUITE, decision.batch) for decision in driver.decided)
            view = replica.status().view
            self.locals[index].append(Local(path, driver.votes, decided, view))
        return place

    def _letter(self, to: int, event: Verified | Complaint) -> int:
        body = event.signed.body if isinstance(event, Verified) else b""
        key = (to, body)
        if key not in self._letter_ids:
            self._letter_ids[key] = len(self.letters)
            self.letters.append(Letter(to, event))
            self._slots.append(self.honest.index(to))
        return self._letter_ids[key]

    # All replicas.

    def _decided(self, places: tuple[int, ...]) -> tuple[tuple[bytes, ...], ...]:
        return tuple(
            self.locals[index][place].decided for index, place in zip(self.honest, places, strict=True)
        )

    def _judge(self, places: tuple[int, ...]) -> None:
        decided = self._decided(places)
        longest = max(decided, key=len)
        assert all(each == longest[: len(each)] for each in decided), f"two decisions: {decided}"


class _Driver:
    """Does what one replica asks for, and keeps what it said."""

    def __init__(self, world: World, replica: Replica, index: int) -> None:
        self._world = world
        self._replica = replica
        self._member = Member(index)
        self._timers: dict[TimerKind, int] = {}
        self.votes: dict[tuple[str, int, int], bytes] = {}
        self.decided: list[Any] = []
        self.sent: list[list[tuple[SignedMessage, int | None]]] = []

    def take(self, event: Event | Complaint | None) -> None:
        """Give one event, and everything that follows from it at once."""
        self.sent.append([])
        if event is None:
            self._honour(self._replica.start(GENESIS_MS))
        elif isinstance(event, Complaint):
            for kind in (TimerKind.REQUEST, TimerKind.REQUEST, TimerKind.VIEW_CHANGE):
                if kind in self._timers and not (kind is TimerKind.VIEW_CHANGE and self.sent[-1]):
                    self._handle(TimerFired(kind, self._timers.pop(kind)))
        else:
            self._handle(event)

    def _handle(self, event: Event) -> None:
        self._honour(self._replica.handle(event, GENESIS_MS))

    def _honour(self, output: Any) -> None:
        for send in output.send:
            self._keep(self._world.decode(send.signed), send.signed)
            self.sent[-1].append((send.signed, send.to))
        stopped = [note for note in output.notes if note.event == "diverged"]
        assert not stopped, f"an honest replica stopped: {stopped}"
        for timer in output.timers:
            if isinstance(timer, SetTimer):
                self._timers[timer.kind] = timer.generation
            else:
                assert isinstance(timer, CancelTimer)
                self._timers.pop(timer.kind, None)
        for decision in output.decide:
            self.decided.append(decision)
            header = self._world.make_header(self._member, decision.batch)
            self._member.disk.headers.append(header)
            self._handle(BlockExecuted(header, digest_of(SUITE, header)))

    def _keep(self, message: ConsensusMessage, signed: SignedMessage) -> None:
        if not isinstance(message, VOTES) or message.validator != self._member.index:
            return
        seq = message.seq if isinstance(message, Proposal | Prepare | Commit) else 0
        name = (type(message).__name__, message.view, seq)
        known = self.votes.setdefault(name, signed.body)
        assert known == signed.body, f"double vote {name} of {self._member.index}"


def _freeze(value: Any) -> Any:
    """Everything that a replica remembers, as one comparable value; its constant parts left out."""
    if isinstance(value, (int, str, bytes, type(None))):
        return value
    if isinstance(value, SignedMessage):
        return value.body
    if isinstance(value, dict):
        items = [(key, _freeze(each)) for key, each in value.items()]
        return tuple(sorted(items, key=lambda item: repr(item[0])))
    if isinstance(value, (list, tuple)):
        return tuple(_freeze(each) for each in value)
    if dataclasses.is_dataclass(value):
        return tuple(_freeze(getattr(value, each.name)) for each in dataclasses.fields(value))
    if type(value).__module__ == "govchain.consensus.slots":
        return tuple(_freeze(getattr(value, name)) for name in value.__struct_fields__)
    if hasattr(value, "__struct_fields__"):
        return encode(value)
    if isinstance(value, Attestation):
        return encode(value)
    slots = getattr(type(value), "__slots__", None)
    if slots and type(value).__module__.startswith("govchain.consensus"):
        return tuple(_freeze(getattr(value, name)) for name in slots)
    return None
