"""What a validator does with evidence: keep it, tell the others, ask the chain to record it (rule EV-1).

Its counterpart in virtual time is `govchain.sim.accuser`. What evidence proves is judged in the core, and
again by the ledger; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from govchain.crypto.evidence import read_evidence
from govchain.ledger.evidence_book import EvidenceBook, KeptEvidence
from govchain.model import Block, Space
from govchain.model.votes import Evidence
from govchain.node.parts import NodeParts
from govchain.node.peers import Peers
from govchain.node.pool import PoolTraffic

TURN_TIMEOUTS: Final = 3
"""View timeouts that each member waits for the one before it: a liar as primary costs a view change first."""


class Accuser:
    """The evidence of one validator.

    Args:
        wake: Called when a transaction of our own waits in the pool.
    """

    def __init__(
        self, parts: NodeParts, *, pool: PoolTraffic, peers: Peers, wake: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._pool = pool
        self._peers = peers
        self._wake = wake
        self._book = EvidenceBook(parts.ledger, parts.chain, parts.signers, parts.store.scan(Space.EVIDENCE))
        self._since_s = parts.clock()
        self._counter = parts.metrics.counter("govchain_equivocations_total")

    def list_kept(self) -> list[KeptEvidence]:
        """Everything that is kept here."""
        return self._book.list_kept()

    def take(self, found: Sequence[Evidence]) -> None:
        """Keep what the core handed out, and tell everybody, once; what is known already is dropped."""
        for evidence in found:
            writes = self._book.keep(evidence)
            if not writes:
                continue
            self._parts.store.write(writes, sync=True)
            self._peers.gossip_evidence(evidence)
            self._since_s = self._parts.clock()
            self._count(evidence)

    def executed(self, block: Block) -> None:
        """What a block recorded is kept here too."""
        writes = self._book.executed(block)
        if writes:
            self._parts.store.write(writes, sync=True)

    def accuse(self, now_s: float) -> None:
        """Submit what is kept when it is our turn: the next member at once, others if that did not help."""
        turn_s = TURN_TIMEOUTS * self._parts.genesis.parameters.view_timeout_ms / 1000
        transaction = self._book.accuse(int((now_s - self._since_s) / turn_s))
        if transaction is None:
            return
        (answer,) = self._pool.submit([transaction], now_s)
        if answer.status == "rejected":
            self._parts.log.warning("accusation-not-taken", code=answer.code, problem=answer.detail)
            self._book.take_back()
            return
        self._parts.log.info("accusation-submitted", transaction=answer.id)
        self._wake()

    def _count(self, evidence: Evidence) -> None:
        found = read_evidence(evidence)
        validators = self._parts.ledger.validators_of(found.epoch)
        assert validators is not None, "evidence was verified under the set of its epoch"
        name = validators.members[found.validator].name
        self._counter.labels(name).inc()
        self._parts.log.error(
            "equivocation", validator=name, phase=found.phase, view=found.view, seq=found.seq
        )
