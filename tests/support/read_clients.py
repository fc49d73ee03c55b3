"""Clients of a simulated network who write versions of records and read them at level `latest`.

A write is acknowledged as soon as one validator has its certificate. The history of each record is that
of a register whose value is the transaction that the record was last changed by.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

from govchain.crypto import sign_transaction, suite
from govchain.errors import InvalidTransaction, Unavailable
from govchain.ledger.kinds.evidence.fields import EvidenceDeposit, EvidenceReceive, EvidenceTransfer
from govchain.ledger.payloads import Hashes, encode_payload
from govchain.model import Organisation, Transaction, TransactionBody
from govchain.sim import SimCluster, SimNode
from govchain.sim.reads import LatestRead
from govchain.testnet.plan import (
    GenesisWithSecrets,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    build_genesis,
)
from tests.support.linearizability import Operation

ORG: Final = "91990100MA0XX00Y57"
OTHER_ORG: Final = "91990100MA0XX00U2T"
CLERKS: Final = ("clerk-0", "clerk-1", "clerk-2")
"""Two of the first organisation, who write the same versions beside each other, and one of the second."""
TIME_MS: Final = 1_793_581_200_000
HASHES: Final = Hashes("0" * 64, "0" * 64)
NS_PER_MS: Final = 1_000_000
NEVER_NS: Final = 10**18

AGAIN_MS: Final = 150
"""A client without an answer asks again after this time, a writer at another validator."""
GIVE_UP_MS: Final = 500
READS_PER_VALIDATOR: Final = 3


def network(validators: int = 4) -> GenesisWithSecrets:
    return build_genesis(
        NetworkPlan(
            name="reads",
            time_ms=TIME_MS,
            validators=tuple(PlannedValidator(f"validator-{index}", ORG) for index in range(validators)),
            organisations=(
                Organisation(ORG, "Platform", roles=("evidence-platform",)),
                Organisation(OTHER_ORG, "Notary", roles=("notary",)),
            ),
            people=tuple(
                PlannedPerson(clerk, org, ())
                for clerk, org in zip(CLERKS, (ORG, ORG, OTHER_ORG), strict=True)
            ),
            seed=1,
        )
    )


class UnreliableNetwork:
    """Delays between 1 and 30 ms, lost frames, and validators that are cut off from all others."""

    def __init__(self, random: Random, loss: float) -> None:
        self._random = random
        self._loss = loss
        self.cut_off: dict[int, None] = {}

    def delay_ns(self, source: int, target: int) -> int:
        is_cut = source in self.cut_off or target in self.cut_off
        if is_cut or self._random.random() < self._loss:
            return NEVER_NS
        return self._random.randrange(NS_PER_MS, 30 * NS_PER_MS)


@dataclass(slots=True, eq=False)
class _Writing:
    record: str
    id: bytes
    transaction: Transaction
    began: int
    began_ms: int
    told_ms: int


@dataclass(slots=True, eq=False)
class _Reading:
    node: SimNode
    read: LatestRead
    began: int
    began_ms: int
    told_ms: int


@dataclass(slots=True, eq=False)
class Record:
    """One register: what its writers know of it, and what happened to it."""

    name: str
    version: int = 0
    last: bytes = b""
    history: list[Operation] = field(default_factory=list)
    is_retired: bool = False
    """A write has an unknown outcome: nobody knows which version would be next."""


class Clients:
    """Writers and readers of some records; `step` lets them act once.

    Attributes:
        passed_over: Validators at which nobody reads.
        writes: Acknowledged ones.
        reads: Answered ones.
        unknown: Writes that nobody got an answer to.
    """

    def __init__(
        self, cluster: SimCluster, made: GenesisWithSecrets, random: Random, *, records: int
    ) -> None:
        self._cluster = cluster
        self._random = random
        self._signers = {clerk: suite().signer(made.secrets[f"person/{clerk}"]) for clerk in CLERKS}
        self._chain_id = cluster.running()[0].chain.chain_id
        self._nonces = dict.fromkeys(CLERKS, 0)
        self._moments = self._count()
        self._names = self._count()
        self.records = [Record(f"E-{next(self._names)}") for _ in range(records)]
        self.retired: list[Record] = []
        self._writing: list[_Writing] = []
        self._reading: list[_Reading] = []
        self.passed_over: dict[int, None] = {}
        self.writes = self.reads = self.unknown = 0

    def step(self) -> None:
        """Take what came, give up what is hopeless, and begin something new now and then."""
        self._follow_writes()
        self._follow_reads()
        for record in self.records:
            if not any(writing.record == record.name for writing in self._writing):
                self._begin_writes(record)
        for node in self._cluster.running():
            begun = sum(reading.node is node for reading in self._reading)
            if (
                node.index not in self.passed_over
                and begun < READS_PER_VALIDATOR
                and self._random.random() < 0.3
            ):
                self._begin_read(node, self._random.choice(self.records))

    def histories(self) -> dict[str, list[Operation]]:
        """Record name to its operations, those that are still open included."""
        found = {record.name: list(record.history) for record in [*self.records, *self.retired]}
        for writing in self._writing:
            found[writing.record].append(Operation(True, writing.id, writing.began, None))
        return found

    def _begin_writes(self, record: Record) -> None:
        if record.is_retired:
            self.records[self.records.index(record)] = Record(f"E-{next(self._names)}")
            self.retired.append(record)
            return
        # Deposit, then hand over and receive in turn: versions 3 and 4 of four are the other organisation's.
        is_other = record.version % 4 in (2, 3)
        for clerk in CLERKS[2:] if is_other else CLERKS[: self._random.choice([1, 2])]:
            transaction = self._transaction(record, clerk)
            id_ = suite().digest(transaction.body)
            now_ms = self._cluster.now_ms()
            self._writing.append(_Writing(record.name, id_, transaction, next(self._moments), now_ms, now_ms))
            self._submit(transaction)

    def _submit(self, transaction: Transaction) -> None:
        running = self._cluster.running()
        if not running:
            return
        # Known, executed or out of nonces there: its fate is learned from the chain.
        with suppress(InvalidTransaction, Unavailable):
            self._cluster.submit(transaction, to=self._random.choice(running).index)

    def _transaction(self, record: Record, clerk: str) -> Transaction:
        envelope = {
            "object_id": record.name,
            "object_version": record.version + 1,
            "claimed_time": "2026-11-01T00:00:00Z",
        }
        fields: EvidenceDeposit | EvidenceTransfer | EvidenceReceive
        is_other = clerk == CLERKS[2]
        if record.version == 0:
            kind = "evidence.deposit"
            fields = EvidenceDeposit("log", HASHES, 1, "text/plain", "2026-11-01T00:00:00Z")
        elif record.version % 2 == 0:
            kind, fields = "evidence.receive", EvidenceReceive(HASHES)
        else:
            kind = "evidence.transfer"
            fields = EvidenceTransfer(ORG if is_other else OTHER_ORG, "hand over", HASHES)
        if record.version:
            envelope["prev_record_hash"] = record.last.hex()
        body = TransactionBody(
            chain_id=self._chain_id,
            kind=kind,
            org=OTHER_ORG if is_other else ORG,
            key_id=self._signers[clerk].key_id,
            nonce=self._nonces[clerk],
            expiry_height=5_000,
            payload=encode_payload(envelope, fields),
        )
        self._nonces[clerk] += 1
        return sign_transaction(self._signers[clerk], body)

    def _follow_writes(self) -> None:
        now_ms = self._cluster.now_ms()
        for writing in list(self._writing):
            record = next(each for each in self.records if each.name == writing.record)
            applied = self._outcome(writing.id)
            if applied is not None:
                self._writing.remove(writing)
                if applied:
                    self.writes += 1
                    record.history.append(Operation(True, writing.id, writing.began, next(self._moments)))
                    record.version += 1
                    record.last = writing.id
            elif now_ms >= writing.began_ms + GIVE_UP_MS:
                self._writing.remove(writing)
                self.unknown += 1
                record.is_retired = True
                record.history.append(Operation(True, writing.id, writing.began, None))
            elif now_ms >= writing.told_ms + AGAIN_MS:
                writing.told_ms = now_ms
                self._submit(writing.transaction)

    def _outcome(self, id_: bytes) -> bool | None:
        """Whether an acknowledged transaction was applied; None while nobody has its certificate."""
        for node in self._cluster.running():
            place = node.chain.locate(id_)
            if place is not None and node.chain.certificate(place[0]) is not None:
                result = node.chain.result(id_)
                assert result is not None
                return result.applied
        return None

    def _begin_read(self, node: SimNode, record: Record) -> None:
        now_ms = self._cluster.now_ms()
        began = next(self._moments)
        read = node.reads.begin("evidence", record.name)
        self._reading.append(_Reading(node, read, began, now_ms, now_ms))

    def _follow_reads(self) -> None:
        now_ms = self._cluster.now_ms()
        for reading in list(self._reading):
            if reading.read.is_done:
                self._reading.remove(reading)
                self._note_read(reading)
            elif reading.node not in self._cluster.running() or now_ms >= reading.began_ms + GIVE_UP_MS:
                self._reading.remove(reading)
            elif now_ms >= reading.told_ms + AGAIN_MS:
                reading.told_ms = now_ms
                reading.node.reads.ask_again()

    def _note_read(self, reading: _Reading) -> None:
        state = reading.read.state
        value = None if state is None else state.last_record_hash
        for record in [*self.records, *self.retired]:
            if record.name == reading.read.object_id:
                record.history.append(Operation(False, value, reading.began, next(self._moments)))
                self.reads += 1

    def _count(self) -> Iterator[int]:
        moment = 0
        while True:
            yield moment
            moment += 1
