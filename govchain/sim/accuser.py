"""What a simulated validator does with evidence: keep it, tell the others, ask the chain to record it (EV-1).

Its counterpart on real processes is `govchain.node.accuser`. What evidence proves is judged in the core.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from govchain.consensus import Event, TransactionsAvailable
from govchain.crypto import Signer
from govchain.errors import InvalidInput, Unavailable
from govchain.ledger import Chain, Ledger
from govchain.ledger.evidence_book import EvidenceBook, KeptEvidence
from govchain.ledger.kinds.equivocation.accusations import ACCUSE
from govchain.mempool import Mempool
from govchain.model import Block, Space, Write
from govchain.model.votes import Evidence
from govchain.sim.checks import Checks
from govchain.sim.network import EvidenceFound, Frame, Gossip
from govchain.storage import Store

POOL_LOOK_MAX: Final = 256
"""Waiting transactions among which another's accusation is looked for."""


class AccuserWorld(Protocol):
    """What is asked of the simulated world here."""

    checks: Checks

    def send(self, source: int, target: int | None, frame: Frame) -> None: ...

    def node_of(self, public_key: bytes) -> int: ...


class Accuser:
    """The evidence of one validator.

    Args:
        put_event: Hands an event to the core, after the one that it handles now.
    """

    def __init__(
        self,
        index: int,
        world: AccuserWorld,
        *,
        ledger: Ledger,
        chain: Chain,
        mempool: Mempool,
        signers: Sequence[Signer],
        disk: Store,
        put_event: Callable[[Event], None],
    ) -> None:
        self._index = index
        self._world = world
        self._ledger = ledger
        self._mempool = mempool
        self._disk = disk
        self._put_event = put_event
        self._book = EvidenceBook(ledger, chain, signers, disk.scan(Space.EVIDENCE))

    def list_kept(self) -> list[KeptEvidence]:
        """Everything that is kept here."""
        return self._book.list_kept()

    def take(self, evidence: Evidence) -> None:
        """Keep what the core found, and tell everybody, once."""
        writes = self._book.keep(evidence)
        if writes:
            self._disk.write(writes, sync=True)
            self._world.send(self._index, None, EvidenceFound(evidence))
            self._judge()
            self.accuse(turn=0)

    def executed(self, block: Block) -> list[Write]:
        """What a block recorded is kept here too."""
        writes = self._book.executed(block)
        if writes:
            self._judge()
        return writes

    def accuse(self, *, turn: int) -> None:
        """Submit what is kept, when it is our turn; not while another's accusation waits here."""
        if not self._book.list_kept():
            return
        transaction = None if turn and self._holds_accusation() else self._book.accuse(turn)
        if transaction is None:
            return
        try:
            admitted = self._mempool.admit(transaction)
        except (InvalidInput, Unavailable):
            self._book.take_back()
            return
        self._world.checks.note_submitted(admitted.id)
        self._world.send(self._index, None, Gossip(transaction))
        self._put_event(TransactionsAvailable(((admitted.id, admitted.size_bytes),)))

    def _holds_accusation(self) -> bool:
        waiting = map(self._mempool.get, self._mempool.oldest(POOL_LOOK_MAX))
        return any(ACCUSE.encode() in each.body for each in waiting if each is not None)

    def _judge(self) -> None:
        for kept in self._book.list_kept():
            found = kept.equivocation
            validators = self._ledger.validators_of(found.epoch)
            assert validators is not None, "evidence was verified under the set of its epoch"
            accused = self._world.node_of(validators.members[found.validator].public_key)
            self._world.checks.note_evidence(accused, found.object_id)
