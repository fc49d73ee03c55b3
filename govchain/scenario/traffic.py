"""Background load while it runs: who signs the records, and which of them were acknowledged, and when.

`sim_traffic` and `live_traffic` hand them in. Whether they are in the ledger is for the judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from govchain.crypto import Signer, Suite, chain_id_of, sign_transaction, suite, transaction_id
from govchain.model import Transaction, TransactionBody, TransactionResult
from govchain.scenario.backend import Rehearsal
from govchain.scenario.builder import EXPIRY_BLOCKS
from govchain.scenario.load_records import LoadRecords
from govchain.scenario.pace import Pace, pace_of
from govchain.scenario.rate_trace import read_trace
from govchain.scenario.workload import Load, load_person

NS_PER_MS: Final = 1_000_000
PATIENCE_NS: Final = 2_000_000_000
"""After this long a client hands a record in anew. Half of it is what it waits at one validator."""
CLIENTS: Final = 8
"""Clients that hand in the records of an open load, in turn."""
WAITING_MAX: Final = 5_000
"""Records of open loads that may wait; when there are more, those that are due are left out."""


@dataclass(slots=True)
class LoadSeen:
    """What became of the records of a workload.

    Attributes:
        acknowledged: Id to the time at which a validator called it final.
        waiting: Handed in and not yet acknowledged.
        refused: Id to the code with which every validator refused it.
        height: Highest height of an acknowledgement.
        by_org: Organisation id to how many of its records were acknowledged.
        denied: Rule and code to how many of the acknowledged ones a rule denied.
    """

    acknowledged: dict[bytes, int] = field(default_factory=dict)
    waiting: dict[bytes, Transaction] = field(default_factory=dict)
    refused: dict[bytes, str] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    height: int = 0
    by_org: dict[str, int] = field(default_factory=dict)
    denied: dict[tuple[str, str], int] = field(default_factory=dict)

    def acknowledge(
        self, id_: bytes, org: str, result: TransactionResult, *, sent_ns: int, at_ns: int, height: int
    ) -> None:
        """A validator called a record final, with that result."""
        if not result.applied:
            reason = result.rule, result.code
            self.denied[reason] = self.denied.get(reason, 0) + 1
        self.acknowledged[id_] = at_ns
        self.latencies_ms.append((at_ns - sent_ns) / NS_PER_MS)
        self.height = max(self.height, height)
        self.by_org[org] = self.by_org.get(org, 0) + 1


class Traffic(Protocol):
    """A workload on a backend."""

    seen: LoadSeen

    def start(self) -> None:
        """Begin each load at its time."""
        ...

    def stop(self) -> None:
        """Hand in nothing new, but for what is waiting."""
        ...

    async def drain(self, limit_ns: int) -> None:
        """Hand in one last record of each load, and wait until nothing waits, at most that long."""
        ...


class Clerk:
    """Signs the records of one entry of `workload`, one after the other."""

    def __init__(self, rehearsal: Rehearsal, number: int) -> None:
        self.load: Load = rehearsal.loaded.scenario.workload[number]
        self._number = number
        self._suite: Suite = suite(rehearsal.genesis.suite)
        self._chain_id = chain_id_of(self._suite, rehearsal.genesis)
        self._signer: Signer = rehearsal.signers[load_person(number)]
        self._records = LoadRecords(rehearsal, number)
        self._trace = read_trace(rehearsal.loaded, number)
        self._count = 0
        organisations = {org.id: org.code for org in rehearsal.loaded.scenario.organisations}
        self._org = organisations[self.load.org]
        self._seed = rehearsal.seed

    def pace(self) -> Pace:
        """When the records of an open load are due, from its beginning."""
        return pace_of(self.load, self._number, self._suite, self._seed, self._trace)

    def next_record(self, height: int) -> tuple[bytes, Transaction]:
        """The next record and its id; `height` is where the chain stands, for its expiry."""
        nonce, self._count = self._count, self._count + 1
        verb, payload = self._records.next_record(nonce)
        body = TransactionBody(
            chain_id=self._chain_id,
            kind=verb,
            org=self._org,
            key_id=self._signer.key_id,
            nonce=nonce,
            expiry_height=height + EXPIRY_BLOCKS,
            payload=payload,
        )
        transaction = sign_transaction(self._signer, body)
        return transaction_id(self._suite, transaction), transaction

    def is_over(self, now_ns: int) -> bool:
        """Nothing is to be handed in any more by the clock of the run."""
        return self.load.to is not None and now_ns >= self.load.to


def clerks_of(rehearsal: Rehearsal) -> list[Clerk]:
    """One for each entry of `workload`."""
    return [Clerk(rehearsal, number) for number in range(len(rehearsal.loaded.scenario.workload))]
