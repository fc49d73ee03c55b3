"""Transactions that this validator admitted and that are not executed yet (rules RQ-1, RQ-2, RQ-5).

It admits, keeps and forgets. What the executed state says of a transaction is asked in `state_check`; gossip,
order and execution live elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace

from govchain.codec import decode
from govchain.crypto import Suite
from govchain.errors import BadSignature, InvalidTransaction, Unavailable
from govchain.mempool.entries import Admitted, Entry
from govchain.mempool.form import ReadForm, TransactionForm
from govchain.mempool.rejections import PoolFull, reject
from govchain.mempool.state_check import AdmissionView, CheckState, KeyView, StateCheck
from govchain.model import Genesis, Transaction, TransactionBody


class Mempool:
    """The pool of one validator. Every map is bounded by the chain's parameters."""

    def __init__(
        self,
        genesis: Genesis,
        suite: Suite,
        view: AdmissionView,
        *,
        read: ReadForm | None = None,
        check: CheckState | None = None,
    ) -> None:
        """An empty pool.

        Args:
            read: Reads the form of transactions, see `TransactionForm.read`, which it is when not given.
            check: Asks the executed state, see `StateCheck.check`, which it is when not given.
        """
        self._parameters = genesis.parameters
        self._read = TransactionForm(genesis, suite).read if read is None else read
        self._check = StateCheck(genesis, view).check if check is None else check
        self._suite = suite
        self._view = view
        self._live: dict[bytes, Entry] = {}
        self._nonces: dict[tuple[bytes, int], bytes] = {}
        self._count_by_org: dict[str, int] = {}
        # Expired bodies stay one window longer: a proposal accepted before may still need them.
        self._fading: dict[bytes, Entry] = {}
        self._by_expiry: dict[int, dict[bytes, None]] = {}
        self._expired_to = view.height
        # Ids whose signature was found good and that left the pool since (RQ-2); oldest first.
        self._verified: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._live)

    def admit(self, transaction: Transaction, *, proposed: bool = False) -> Admitted:
        """Check a transaction, cheapest checks first, and keep it (rule RQ-1).

        Args:
            transaction: As it came from a client or a peer.
            proposed: A proposal names it and it was fetched for that. What other validators may see
                differently at this moment (expiry, room, nonce, a revoked key) is then left to execution,
                or one validator's full pool would stop the chain. The caller makes sure it was not executed.

        Raises:
            InvalidTransaction: It may not enter; `code` is one of `REJECTIONS`.
            Unavailable: There is no room (code `pool-full`, rule RQ-5).
        """
        id_, body = self._read(transaction)
        if id_ in self._live:
            raise reject("duplicate", "the transaction is in the pool")
        key = self._check(body, proposed)
        if not proposed:
            self._validate_nonce(body, id_)
            self._validate_room(body.org)
        self._validate_signature(id_, transaction, key)
        size_bytes = len(transaction.body) + len(transaction.signature)
        admitted = Admitted(id_, size_bytes, body)
        self._keep(Entry(transaction, admitted, max(body.expiry_height, self._expired_to + 1)))
        return admitted

    def admit_many(
        self, transactions: Sequence[Transaction], *, proposed: bool = False
    ) -> list[Admitted | InvalidTransaction | Unavailable]:
        """`admit` each in turn; the answer to one bad transaction is its error, in its place."""
        answers: list[Admitted | InvalidTransaction | Unavailable] = []
        for transaction in transactions:
            try:
                answers.append(self.admit(transaction, proposed=proposed))
            except (InvalidTransaction, Unavailable) as error:
                answers.append(error)
        return answers

    def get(self, id_: bytes) -> Transaction | None:
        """The transaction, also while it is expired but may still be in an accepted proposal."""
        entry = self._live.get(id_) or self._fading.get(id_)
        return None if entry is None else entry.transaction

    def has(self, id_: bytes) -> bool:
        """Whether `get` would find it."""
        return id_ in self._live or id_ in self._fading

    def is_waiting(self, id_: bytes) -> bool:
        """Whether it may still be proposed: neither expired nor superseded."""
        return id_ in self._live

    def remove(self, ids: Iterable[bytes]) -> None:
        """Forget executed transactions; unknown ids are passed over."""
        for id_ in ids:
            self._fading.pop(id_, None)
            self._unlist(id_)

    def oldest(self, limit: int) -> tuple[bytes, ...]:
        """Ids that have waited longest."""
        return tuple(islice(self._live, limit))

    def supersede(self, ids: Sequence[bytes], executed: Sequence[Transaction]) -> tuple[bytes, ...]:
        """Take out what can only be denied now, because another transaction used its nonce (rule RQ-4).

        Call it before `remove`, and report the ids as dropped. The bodies stay readable as after `expire`.
        """
        dropped: list[bytes] = []
        if not self._nonces:
            return ()  # Nothing waits, as while catching up: bodies need not be read for that.
        for id_, transaction in zip(ids, executed, strict=True):
            entry = self._live.get(id_)
            body = decode(transaction.body, TransactionBody) if entry is None else entry.admitted.body
            waiting = self._nonces.get((body.key_id, body.nonce), id_)
            if waiting != id_:
                self._fade(waiting)
                dropped.append(waiting)
        return tuple(dropped)

    def refresh(self) -> tuple[bytes, ...]:
        """The state jumped (rule CU-3): take out what has no free nonce any more; report it as dropped."""
        dropped = [
            id_
            for id_, entry in self._live.items()
            if self._view.is_nonce_used(entry.admitted.body.key_id, entry.admitted.body.nonce)
        ]
        for id_ in dropped:
            self._fade(id_)
        return tuple(dropped)

    def expire(self, height: int) -> tuple[bytes, ...]:
        """Take out what can no longer be executed after this height (rule RQ-3); report it as dropped.

        The bodies stay readable for one window of the protocol, since a proposal that was accepted before
        may execute up to 2K heights later.
        """
        expired: list[bytes] = []
        while self._expired_to < height:
            self._expired_to += 1
            for id_ in list(self._by_expiry.get(self._expired_to, ())):
                self._fade(id_)
                expired.append(id_)
        if not self._fading:
            return tuple(expired)
        _trim(self._fading, self._parameters.pool_records_max)
        window = 2 * self._parameters.checkpoint_interval
        while self._fading and (first := next(iter(self._fading.items())))[1].due + window < height:
            del self._fading[first[0]]
        return tuple(expired)

    def _validate_nonce(self, body: TransactionBody, id_: bytes) -> None:
        if self._nonces.get((body.key_id, body.nonce), id_) != id_:
            raise reject("nonce-used", f"another transaction with nonce {body.nonce} of this key is waiting")

    def _validate_room(self, org: str) -> None:
        if len(self._live) >= self._parameters.pool_records_max:
            raise PoolFull(f"{len(self._live)} transactions are waiting; try again")
        if self._count_by_org.get(org, 0) >= self._parameters.pool_records_per_org_max:
            raise PoolFull(f"{self._count_by_org[org]} transactions of {org} are waiting; try again")

    def _validate_signature(self, id_: bytes, transaction: Transaction, key: KeyView) -> None:
        # The id leaves the signature out: a bad one must not speak for the id, a good one only for itself.
        if self._verified.get(id_) == transaction.signature:
            return
        try:
            self._suite.verify(key.public_key, transaction.body, transaction.signature)
        except BadSignature as error:
            raise reject("bad-signature", str(error)) from error
        self._verified[id_] = transaction.signature
        _trim(self._verified, self._parameters.pool_records_max)

    def _keep(self, entry: Entry) -> None:
        id_, body = entry.admitted.id, entry.admitted.body
        assert id_ not in self._live
        self._fading.pop(id_, None)
        self._live[id_] = entry
        self._by_expiry.setdefault(entry.due, {})[id_] = None
        self._nonces.setdefault((body.key_id, body.nonce), id_)
        self._count_by_org[body.org] = self._count_by_org.get(body.org, 0) + 1

    def _fade(self, id_: bytes) -> None:
        entry = self._live[id_]
        self._unlist(id_)
        self._fading[id_] = replace(entry, due=self._expired_to)

    def _unlist(self, id_: bytes) -> None:
        entry = self._live.pop(id_, None)
        if entry is None:
            return
        body = entry.admitted.body
        due_together = self._by_expiry[entry.due]
        del due_together[id_]
        if not due_together:
            del self._by_expiry[entry.due]
        if self._nonces.get((body.key_id, body.nonce)) == id_:
            del self._nonces[(body.key_id, body.nonce)]
        left = self._count_by_org[body.org] - 1
        assert left >= 0
        if left:
            self._count_by_org[body.org] = left
        else:
            del self._count_by_org[body.org]


def _trim(entries: dict[bytes, Any], limit: int) -> None:
    """Forget the oldest entries over a limit."""
    while len(entries) > limit:
        del entries[next(iter(entries))]
