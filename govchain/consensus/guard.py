"""What this validator signed, in brief: enough never to sign otherwise, whatever its store forgot (RC-2).

Rule A: bytes in, bytes out; where the records are kept is the driver's, apart from the store.
Rule B: nothing is signed, counted or sent here. A refusal is about ourselves, never about foreign input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from govchain.codec import decode, encode
from govchain.consensus.messages import CertifiedHeader, ViewChange
from govchain.consensus.output import LogEntry
from govchain.consensus.promises import AnyPlace, Promise, ProposalPlace, SeqPlace, read_place
from govchain.crypto import Suite
from govchain.errors import MalformedBytes, StorageFailure

VOTES: Final = ("proposal", "prepare", "commit")
VIEWS: Final = ("view-change", "new-view")
PHASES: Final = (*VOTES, *VIEWS)
SILENCE: Final = "silence"


class SignGuard:
    """Everything that was signed above the last certified height, as far as another vote could contradict it.

    Kept are the votes of the highest view, the last commit at each seq, and the highest view that was
    promised: bounded by what may be in flight. Attestations need no record: the executed block fixes them.

    Attributes:
        certified: Highest certified height when the last record was made.
        promised: Epoch and view: lower ones get no new vote.
        silence: Up to this height something was signed that nobody knows any more.
    """

    def __init__(self, suite: Suite, records: Iterable[bytes] = ()) -> None:
        """The guard that these records make, oldest first.

        Raises:
            StorageFailure: A record is not one (rule RC-3).
        """
        self.certified = 0
        self.promised = (0, 0)
        self.silence = 0
        self._suite = suite
        self._kept: dict[tuple[int, int, int, str], Promise] = {}
        self._commits: dict[int, Promise] = {}
        """By seq: the commit of the highest view; a view change must show what it stands on."""
        for record in records:
            try:
                self._keep(decode(record, Promise))
            except MalformedBytes as error:
                raise StorageFailure(f"guard: a record is damaged: {error}; refusing to vote") from error

    @property
    def highest(self) -> int:
        """No seq above it was voted on."""
        return max([self.certified, *(seq for _, _, seq, _ in self._kept), *self._commits])

    def records(self) -> list[bytes]:
        """Everything that is still worth keeping, oldest first: what may replace all records."""
        kept = dict.fromkeys([*self._commits.values(), *self._kept.values()])
        mark = Promise(*self.promised, 0, "mark", b"", self.certified)
        return [encode(promise) for promise in (mark, *kept, *self._silence())]

    def fall_silent(self, until: int) -> list[bytes]:
        """Record that what was signed up to a height is unknown: no restart ends the silence (rule RC-2)."""
        if until <= max(self.silence, self.highest):
            return []
        self.silence = until
        return [encode(promise) for promise in self._silence()]

    def admit(self, entries: Iterable[LogEntry], *, index: int, certified: int) -> list[bytes]:
        """Records of what is signed now; keep them before it leaves (rule RC-2).

        Args:
            entries: What the replica makes durable; others' messages among them are passed over.
            index: This validator's.
            certified: Highest certified height known.

        Raises:
            StorageFailure: Something else was signed there, or a lower view was given up before.
        """
        made = []
        certified = max(certified, self.certified)
        for entry in entries:
            place = _place_of(entry)
            if place is None or place.validator != index:
                continue
            promise = self._promise(place, entry, certified)
            known = self._find(promise)
            if known is not None:
                _require(known.digest == promise.digest, promise, "something else was signed there before")
                continue
            if promise.phase == "view-change":
                _require(promise.round > self.promised, promise, f"view {self.promised[1]} was promised")
                self._require_cover(entry.signed.body, promise)
            at = promise.round
            _require(at >= self.promised, promise, f"view {self.promised[1]} was promised")
            if promise.seq > certified or promise.seq == 0 or at > self.promised:
                self._keep(promise)
                made.append(encode(promise))
        return made

    def adopt(self, entries: Sequence[LogEntry], *, index: int, certified: int) -> list[bytes]:
        """Records of what an intact store holds and no record tells: power failed between the two.

        Raises:
            StorageFailure: Log and guard contradict each other (rule RC-3).
        """
        made = []
        if certified > self.certified:
            mark = Promise(*self.promised, 0, "mark", b"", certified)
            self._keep(mark)
            made.append(encode(mark))
        owned = [(place, entry) for entry in entries if (place := _place_of(entry)) is not None]
        for place, entry in sorted(owned, key=lambda each: (each[0].epoch, each[0].view)):
            promise = self._promise(place, entry, max(certified, self.certified))
            if place.validator != index or (promise.seq != 0 and promise.seq <= promise.certified):
                continue
            known = self._find(promise)
            if known is not None:
                _require(known.digest == promise.digest, promise, "the vote log holds something else")
                continue
            last = self._commits.get(promise.seq)
            is_last_commit = promise.phase == "commit" and (last is None or last.round < promise.round)
            if promise.round >= self.promised or is_last_commit:
                self._keep(promise)
                made.append(encode(promise))
        return made

    def find_gap(self, entries: Sequence[LogEntry], *, epoch: int, certified: int) -> str:
        """What the store forgot of that which was signed, in words; empty when it forgot nothing.

        Args:
            entries: The vote log of the store.
            epoch: Of the validator set at the head.
            certified: Highest height with a certificate in the store.
        """
        bodies: dict[bytes, None] = {}
        promised = (epoch, 0)
        for entry in entries:
            if entry.phase == "base":
                certified = max(certified, _base_height(entry))
            place = _place_of(entry)
            if place is not None:
                bodies[self._suite.digest(entry.signed.body)] = None
                if entry.phase in VIEWS:
                    promised = max(promised, (place.epoch, place.view))
        if certified < self.certified:
            return f"height {self.certified} was certified here, and the store knows none above {certified}"
        if promised < self.promised:
            return f"view {self.promised[1]} was promised, and the store knows none above {promised[1]}"
        for promise in [*self._commits.values(), *self._kept.values()]:
            if promise.seq > certified and promise.digest not in bodies:
                return f"the store lacks the {promise.phase} at seq {promise.seq} of view {promise.view}"
        if certified < self.silence:
            return f"votes up to height {self.silence} may have been lost; certified is {certified}"
        return ""

    def _silence(self) -> list[Promise]:
        if self.silence <= self.certified:
            return []
        return [Promise(*self.promised, self.silence, SILENCE, b"", self.certified)]

    def _promise(self, place: AnyPlace, entry: LogEntry, certified: int) -> Promise:
        seq = place.seq if isinstance(place, SeqPlace) else 0
        digest = self._suite.digest(entry.signed.body)
        return Promise(place.epoch, place.view, seq, entry.phase, digest, certified)

    def _find(self, promise: Promise) -> Promise | None:
        if promise.phase == "commit":
            commit = self._commits.get(promise.seq)
            return commit if commit is not None and commit.round == promise.round else None
        return self._kept.get((promise.epoch, promise.view, promise.seq, promise.phase))

    def _keep(self, promise: Promise) -> None:
        if promise.certified > self.certified:
            self.certified = promise.certified
            for key in [key for key in self._kept if 0 < key[2] <= self.certified]:
                del self._kept[key]
            for seq in [seq for seq in self._commits if seq <= self.certified]:
                del self._commits[seq]
        if promise.phase == SILENCE:
            self.silence = max(self.silence, promise.seq)
            return
        at = promise.round
        if at > self.promised:
            # New votes in lower views are refused as such, so they need no record but for the commits.
            self.promised = at
            self._kept = {}
        if promise.phase == "commit":
            self._commits[promise.seq] = promise
        elif at == self.promised and promise.phase != "mark":
            self._kept[(*at, promise.seq, promise.phase)] = promise

    def _require_cover(self, body: bytes, promise: Promise) -> None:
        """A view change shows what each commit stands on, or a certified height above it (rule VC-2)."""
        message = decode(body, ViewChange)
        base = 0 if message.base is None else message.base.header.height
        shown: dict[int, int] = {}
        for each in message.prepared:
            place = read_place(each.proposal.body)
            if isinstance(place, ProposalPlace):
                shown[place.seq] = place.view
        for seq, commit in self._commits.items():
            is_covered = seq <= base or shown.get(seq, -1) >= commit.view or commit.epoch < promise.epoch
            _require(is_covered, promise, f"it hides the commit at seq {seq} of view {commit.view}")


def _place_of(entry: LogEntry) -> AnyPlace | None:
    """Where an entry stands, read from the signed bytes; None when it is no message of one validator."""
    if entry.phase not in PHASES:
        return None
    try:
        return read_place(entry.signed.body)
    except msgspec.MsgspecError as error:
        raise StorageFailure(f"vote log: {entry.phase} at seq {entry.seq} is no message: {error}") from error


def _base_height(entry: LogEntry) -> int:
    try:
        return decode(entry.signed.body, CertifiedHeader).header.height
    except MalformedBytes as error:
        raise StorageFailure(f"vote log: the base of a view: {error}") from error


def _require(condition: bool, promise: Promise, problem: str) -> None:
    if not condition:
        raise StorageFailure(
            f"RC-2: the guard refuses {promise.phase} at seq {promise.seq} of view {promise.view}: {problem}"
            ". This validator stops before it contradicts itself; keep data directory and guard to look at"
        )
