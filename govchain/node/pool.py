"""The pool's traffic: what clients submit is gossiped, what others send is admitted, what lacks is fetched.

Rules RQ-1 to RQ-3 and NC-2 seen from the node: admission itself is `mempool`'s, order is consensus'.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from govchain.client.answers import Admission
from govchain.consensus import FetchTransactions
from govchain.errors import InvalidTransaction, Unavailable
from govchain.mempool import Admitted
from govchain.model import Transaction
from govchain.node.parts import NodeParts
from govchain.node.wire import IDS_MAX

WAITING_MAX: Final = 20_000
"""Transactions of peers that wait for admission; peers are read no further before that."""
WANTED_MAX: Final = 65_536
"""Ids asked for at once."""
ANSWER_BLOCKS_MAX: Final = 8
"""Blocks searched for one question about transactions."""
FORWARD_AFTER_S: Final = 1.0
"""A transaction that was not ordered for so long is sent to the primary again (rule RQ-3)."""
FORWARD_MAX: Final = 512
"""Transactions sent again at once."""

Entry = tuple[bytes, int]
"""Id and size of an admitted transaction, as the core wants it."""


class PoolTraffic:
    """Admission from both sides, gossip, and the search for missing transactions."""

    def __init__(self, parts: NodeParts) -> None:
        self._mempool = parts.mempool
        self._chain = parts.chain
        self._suite = parts.suite
        self._metrics = parts.metrics
        self._available: list[Entry] = []
        self._gossip: list[Transaction] = []
        self._waiting: deque[tuple[str, deque[Transaction], int]] = deque()
        self._wanted: dict[bytes, float] = {}
        self._submitted: dict[bytes, float] = {}
        self._oldest_before: dict[bytes, None] = {}
        self.waiting_count = 0
        self.on_taken: Callable[[str, int], None] = lambda peer, size: None
        """Called when a frame of a peer was worked off: peer and bytes."""

    def submit(self, transactions: Sequence[Transaction], now_s: float) -> list[Admission]:
        """Admit what a client sent; good ones become available and are gossiped (rule RQ-1)."""
        answers = []
        for transaction, outcome in zip(transactions, self._mempool.admit_many(transactions), strict=True):
            if isinstance(outcome, Admitted):
                self._available.append((outcome.id, outcome.size_bytes))
                self._gossip.append(transaction)
                self._submitted[outcome.id] = now_s
                answers.append(Admission(outcome.id, "admitted"))
            else:
                answers.append(self._refusal(transaction, outcome.code, str(outcome)))
        return answers

    def receive(self, peer: str, transactions: Sequence[Transaction], frame_bytes: int) -> None:
        """Put a peer's transactions behind those that wait already."""
        self._waiting.append((peer, deque(transactions), frame_bytes))
        self.waiting_count += len(transactions)

    def admit_waiting(self, limit: int) -> None:
        """Admit up to `limit` transactions of peers; none of them is gossiped further."""
        while limit > 0 and self._waiting:
            peer, transactions, frame_bytes = self._waiting[0]
            group = [transactions.popleft() for _ in range(min(limit, len(transactions)))]
            limit -= max(1, len(group))
            self.waiting_count -= len(group)
            self._admit(group)
            if not transactions:
                self._waiting.popleft()
                self.on_taken(peer, frame_bytes)

    def restore(self, transactions: Iterable[Transaction]) -> None:
        """Take back the bodies of accepted proposals after a restart (rule RC-1)."""
        for transaction in transactions:
            self._admit_one(transaction, proposed=True)

    def take_available(self) -> tuple[Entry, ...]:
        """Transactions that became available since the last call."""
        entries = tuple(self._available)
        self._available.clear()
        return entries

    def take_gossip(self) -> list[Transaction]:
        """Transactions to send to every peer."""
        gossip, self._gossip = self._gossip, []
        return gossip

    def want(self, fetch: FetchTransactions, now_s: float) -> tuple[bytes, ...]:
        """Note what the core lacks; returns what is to be asked for, now and while `still_wanted`."""
        if any(not self._mempool.has(id_) for id_ in fetch.ids):
            # They are often here already, behind others that wait for admission.
            self.admit_waiting(self.waiting_count)
        missing = []
        for id_ in fetch.ids:
            held = self._mempool.get(id_)
            if held is not None:
                # The core may have forgotten it since: it expired, and is in a proposal nevertheless.
                self._available.append((id_, len(held.body) + len(held.signature)))
                continue
            if len(self._wanted) < WANTED_MAX:
                self._wanted.setdefault(id_, now_s)
            missing.append(id_)
        return tuple(missing)

    def still_wanted(self, ids: Iterable[bytes]) -> tuple[bytes, ...]:
        """Those of the ids that have not come yet."""
        return tuple(id_ for id_ in ids if id_ in self._wanted)

    def overdue(self, before_s: float) -> tuple[bytes, ...]:
        """Ids wanted since before that time, at most one question's worth."""
        return tuple(islice((id_ for id_, since in self._wanted.items() if since < before_s), IDS_MAX))

    def forwardable(self) -> list[Transaction]:
        """What was among the oldest at the last call too: not ordered in time (rule RQ-3).

        Not only own submissions: whoever took one may be gone, and a primary that restarts has forgotten all.
        """
        oldest = self._mempool.oldest(FORWARD_MAX)
        late = [id_ for id_ in oldest if id_ in self._oldest_before]
        self._oldest_before = dict.fromkeys(oldest)
        return [found for id_ in late if (found := self._mempool.get(id_)) is not None]

    def answer(self, ids: Sequence[bytes]) -> list[Transaction]:
        """Those of the ids that the pool or a recent block holds."""
        found, elsewhere = [], []
        for id_ in ids:
            transaction = self._mempool.get(id_)
            if transaction is not None:
                found.append(transaction)
            else:
                elsewhere.append(id_)
        places: dict[int, list[int]] = {}
        for id_ in elsewhere:
            place = self._chain.locate(id_)
            if place is not None:
                places.setdefault(place[0], []).append(place[1])
        for height in sorted(places, reverse=True)[:ANSWER_BLOCKS_MAX]:
            block = self._chain.block(height)
            if block is not None:
                found += [block.transactions[position] for position in places[height]]
        return found

    def executed(self, ids: Sequence[bytes], transactions: Sequence[Transaction]) -> tuple[bytes, ...]:
        """Forget executed transactions; returns others that they left without a nonce."""
        dropped = self._mempool.supersede(ids, transactions)
        self._mempool.remove(ids)
        if self._wanted:
            for id_ in ids:
                self._wanted.pop(id_, None)
        for id_ in dropped:
            self._submitted.pop(id_, None)
        return dropped

    def expire(self, height: int) -> tuple[bytes, ...]:
        """Transactions that can no longer be executed after this height (rule RQ-3)."""
        expired = self._mempool.expire(height)
        for id_ in expired:
            self._submitted.pop(id_, None)
        return expired

    def refresh(self) -> tuple[bytes, ...]:
        """Transactions that a snapshot left without a nonce, be it that they were executed (rule CU-3)."""
        gone = self._mempool.refresh()
        self._wanted.clear()
        for id_ in gone:
            self._submitted.pop(id_, None)
        return gone

    def submitted_at(self, id_: bytes) -> float | None:
        """When the API of this validator admitted it; forgotten with the answer."""
        return self._submitted.pop(id_, None)

    def _admit(self, transactions: list[Transaction]) -> None:
        if self._wanted:
            for transaction in transactions:
                id_ = self._suite.digest(transaction.body)
                self._admit_one(transaction, proposed=id_ in self._wanted)
            return
        for outcome in self._mempool.admit_many(transactions):
            if isinstance(outcome, Admitted):
                self._available.append((outcome.id, outcome.size_bytes))
            elif outcome.code not in _ORDINARY:
                self._metrics.reject(outcome.code)

    def _admit_one(self, transaction: Transaction, *, proposed: bool) -> None:
        if proposed and self._chain.locate(self._suite.digest(transaction.body)) is not None:
            return
        try:
            admitted = self._mempool.admit(transaction, proposed=proposed)
        except (InvalidTransaction, Unavailable) as error:
            if error.code not in _ORDINARY:
                self._metrics.reject(error.code)
            return
        self._wanted.pop(admitted.id, None)
        self._available.append((admitted.id, admitted.size_bytes))

    def _refusal(self, transaction: Transaction, code: str, problem: str) -> Admission:
        id_ = b"" if code == "malformed" else self._suite.digest(transaction.body)
        if code == "duplicate" or (code == "nonce-used" and self._chain.locate(id_) is not None):
            return Admission(id_, "known")
        self._metrics.reject(code)
        return Admission(id_, "rejected", code, problem)


_ORDINARY: Final = frozenset({"duplicate", "nonce-used"})
"""What gossip that crosses gossip or execution gives; no fault of anybody."""
