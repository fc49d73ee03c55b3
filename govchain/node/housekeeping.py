"""What a validator looks after now and then: gauges, catching up, forwarding, fetching again, certificates.

All of it is bounded and may be late; safety never depends on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from govchain.consensus import Replica
from govchain.model.ids import View
from govchain.net import PeerNetwork
from govchain.node.accuser import Accuser
from govchain.node.certificate_watch import CertificateWatch
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts
from govchain.node.peers import Peers
from govchain.node.pool import FORWARD_AFTER_S, PoolTraffic
from govchain.node.stall import StallWatch
from govchain.node.sync import Sync

ROUND_S: Final = 0.1
PROGRESS_LINE_S: Final = 10.0
FETCH_AGAIN_S: Final = 0.5
GREETING_S: Final = 1.0


class Housekeeping:
    """The periodic work of one validator."""

    def __init__(
        self,
        parts: NodeParts,
        *,
        replica: Replica,
        finality: Finality,
        pool: PoolTraffic,
        sync: Sync,
        peers: Peers,
        network: PeerNetwork,
        meet_members: Callable[[], None],
        accuser: Accuser,
    ) -> None:
        self._parts = parts
        self._replica = replica
        self._finality = finality
        self._pool = pool
        self._sync = sync
        self._peers = peers
        self._network = network
        self._meet_members = meet_members
        self._accuser = accuser
        expiry = parts.metrics.gauge("govchain_tls_expiry_seconds")
        self._certificates = CertificateWatch(network.tls, parts.log, parts.now_ms, expiry)
        self._forwarded_s = self._fetched_s = self._greeted_s = self._told_s = parts.clock()
        self._told_height = -1
        self._stall = StallWatch(parts.genesis.parameters.view_timeout_ms)
        self._turn = 0
        self._view = 0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(ROUND_S)
            now_s = self._parts.clock()
            self._measure()
            self._sync_on()
            self._fetch_again(now_s)
            self._forward(now_s)
            self._accuser.accuse(now_s)
            self._greet(now_s)
            self._tell_progress(now_s)
            self._watch_stall(now_s)
            self._certificates.look(now_s)

    def _measure(self) -> None:
        metrics, height = self._parts.metrics, self._parts.ledger.height
        view = self._replica.status().view
        if view > self._view:
            metrics.counter("govchain_view_changes_total").inc(view - self._view)
        self._view = view
        metrics.gauge("govchain_view").set(view)
        metrics.gauge("govchain_epoch").set(self._parts.members.validators.epoch)
        metrics.gauge("govchain_validators").set(self._parts.members.validators.size)
        metrics.gauge("govchain_height").set(height)
        metrics.gauge("govchain_final_height").set(self._finality.height)
        metrics.gauge("govchain_pool_transactions").set(len(self._parts.mempool))
        metrics.gauge("govchain_missing_blocks").set(self._sync.backfill.first - 1)
        metrics.gauge("govchain_sync_lag_blocks").set(
            max(0, self._sync.catch_up.best_claim - self._finality.height)
        )

    def _sync_on(self) -> None:
        is_behind = self._finality.height < self._parts.ledger.height
        self._sync.look(is_waiting=is_behind or self._replica.status().stall != "")

    def _fetch_again(self, now_s: float) -> None:
        if now_s - self._fetched_s < FETCH_AGAIN_S:
            return
        self._fetched_s = now_s
        overdue = self._pool.overdue(now_s - FETCH_AGAIN_S)
        connected = [name for name, is_connected in self._network.connected().items() if is_connected]
        if overdue and connected:
            self._turn += 1
            self._peers.ask_transactions(connected[self._turn % len(connected)], overdue)

    def _forward(self, now_s: float) -> None:
        if now_s - self._forwarded_s < FORWARD_AFTER_S:
            return
        self._forwarded_s = now_s
        late = self._pool.forwardable()
        self._peers.forward(late, self._parts.members.validators.primary(View(self._view)))

    def _greet(self, now_s: float) -> None:
        # Who lost our last frames and hears of nothing new would not know that it is behind.
        if now_s - self._greeted_s >= GREETING_S:
            self._greeted_s = now_s
            self._meet_members()
            hello = self._peers.hello(self._finality.highest)
            for peer, is_connected in self._network.connected().items():
                if is_connected:
                    self._network.send(peer, hello)

    def _tell_progress(self, now_s: float) -> None:
        height = self._parts.ledger.height
        if now_s - self._told_s < PROGRESS_LINE_S or height == self._told_height:
            return
        self._told_s, self._told_height = now_s, height
        self._parts.log.info(
            "progress",
            height=height,
            final_height=self._finality.height,
            pool=len(self._parts.mempool),
            transactions=self._parts.ledger.transaction_count,
        )

    def _watch_stall(self, now_s: float) -> None:
        heights, line = (self._parts.ledger.height, self._finality.height), self._replica.status().stall
        if self._stall.look(now_s, heights, line):
            self._parts.log.warning("stalled", waits=line, height=heights[0], final_height=heights[1])
        self._parts.metrics.gauge("govchain_stalled").set(self._stall.is_stalled)
