"""How a validator reaches the others: blocks, a snapshot when it is far behind, old blocks after that.

Who is asked for what, and where answers go (rules CU-1 to CU-5). Installing what is handed out here, and what
the core is told of it, is the owner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from govchain.crypto.bulk_verify import BulkVerifier, Signed, first_bad
from govchain.errors import InvalidInput
from govchain.model import Space, Transaction
from govchain.net import PeerNetwork
from govchain.node.backfill import Backfill
from govchain.node.block_check import BlockCheck, CheckedBlock, stored_validators
from govchain.node.block_sync import BlockSync, ReadyBlock
from govchain.node.catch_up import CatchUp
from govchain.node.finality import Finality
from govchain.node.inbox import Inbox
from govchain.node.parts import NodeParts
from govchain.node.peers import Peers
from govchain.node.snapshot_fetch import Snapshot, SnapshotFetch
from govchain.node.snapshot_server import SnapshotServer
from govchain.node.wire import Blocks, SnapshotChunk, SnapshotHead, SnapshotWanted

NEVER: Final = 0


class Sync:
    """One validator's way to the height of the others.

    Args:
        snapshot_blocks: So many blocks behind, the state is fetched instead; 0: never.
        inbox: Woken when a block was checked.
    """

    def __init__(
        self,
        parts: NodeParts,
        finality: Finality,
        peers: Peers,
        network: PeerNetwork,
        *,
        snapshot_blocks: int,
        inbox: Inbox,
    ) -> None:
        self._parts = parts
        self._finality = finality
        self._peers = peers
        self._network = network
        self.catch_up = CatchUp()
        self._snapshot_blocks = snapshot_blocks
        self._bulk = BulkVerifier(parts.suite)
        self._is_bulk = False
        check = BlockCheck(
            parts.suite,
            parts.ledger.chain_id,
            state_value=lambda key: parts.store.get(Space.STATE, key),
            validators_of=lambda epoch: stored_validators(parts.genesis, parts.store, epoch),
            first_bad=self._first_bad,
        )
        self._blocks = BlockSync(check, self.catch_up, refuse=peers.verifier.refuse, wake=inbox.arrived.set)
        self._fetch = SnapshotFetch(parts)
        self._server = SnapshotServer(parts, finality)
        self.backfill = Backfill(parts, check)
        self._snapshot: Snapshot | None = None
        self._is_waiting = False

    @property
    def has_work(self) -> bool:
        """Something can be installed now."""
        return self._snapshot is not None or self._blocks.is_ready(self._finality.height + 1)

    def take(self, peer: str, frame: Blocks | SnapshotWanted | SnapshotHead | SnapshotChunk) -> None:
        """Take a frame of a peer: an answer, or a question about our state."""
        now_s = self._parts.clock()
        try:
            match frame:
                case SnapshotWanted():
                    self._peers.answer(peer, self._server.answer(frame, now_s))
                    return
                case Blocks(from_height=height, blocks=blocks):
                    if not self.catch_up.answered(peer, height, blocks):
                        is_asked = self.backfill.take(peer, height, blocks, now_s)
                        if not is_asked:
                            self._parts.metrics.reject("unasked-blocks")
                case SnapshotHead() | SnapshotChunk():
                    self._snapshot = self._fetch.take(peer, frame, now_s) or self._snapshot
        except InvalidInput as error:
            self._peers.verifier.refuse(peer, error)
        self._send_questions(now_s)

    def look(self, *, is_waiting: bool) -> None:
        """Ask whoever is to be asked; call it every now and then."""
        now_s = self._parts.clock()
        self._is_waiting = is_waiting
        self.catch_up.advance(self._finality.height, now_s)
        self._is_bulk = self.catch_up.is_chasing
        if not self._is_bulk:
            self._bulk.rest()
        self._server.tidy(now_s)
        self._send_questions(now_s)
        self._ask_below(now_s)

    def next_block(self) -> ReadyBlock | None:
        """The next block to install, checked."""
        if self._fetch.is_active:
            return None
        return self._blocks.take(self._finality.height + 1, self._parts.clock())

    def installed(self, checked: CheckedBlock) -> None:
        """What stands on uncertified blocks may not be final yet: it is not handed out again at once."""
        if checked.below:
            self.catch_up.forget(checked.first_height)

    def require_signatures(self, transactions: tuple[Transaction, ...]) -> None:
        """Check what could not be checked before its turn.

        Raises:
            BadProof: A transaction of a key that the state does not know, or a replaced signature.
        """
        self._blocks.check.require_signatures(transactions)

    def blame(self, peer: str, error: InvalidInput) -> None:
        """A block that was handed out could not be installed (rule CU-5)."""
        self._blocks.blame(peer, error, self._parts.clock())

    def next_snapshot(self) -> Snapshot | None:
        """A whole state that is staged; the caller puts it into force and calls `adopted`."""
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is not None and snapshot.block.header.height <= self._parts.ledger.height:
            self._fetch.finish()  # We got there by ourselves in the meantime.
            return None
        return snapshot

    def adopted(self) -> None:
        """The staged state is in force: what it replaced is cleared, old blocks are fetched from now on."""
        self._fetch.finish()
        self._parts.store.clear_staged()
        self.backfill.restart()

    def advanced(self) -> None:
        """Finality moved: tell, and ask for what is next."""
        now_s = self._parts.clock()
        self.catch_up.advance(self._finality.height, now_s)
        if self.catch_up.is_active:
            self._send_questions(now_s)

    def close(self) -> None:
        """Release threads and views."""
        self._blocks.close()
        self._bulk.close()
        self._server.close()

    def _first_bad(self, signed: Sequence[Signed]) -> int | None:
        """Called in the checking threads. For a few blocks no process is started."""
        return self._bulk.first_bad(signed) if self._is_bulk else first_bad(self._parts.suite, signed)

    def _send_questions(self, now_s: float) -> None:
        connected = self._network.connected()
        self._begin_snapshot(now_s, connected)
        asked = self._fetch.question(now_s, connected)
        if asked is not None:
            self._peers.ask(*asked)
        if self._fetch.is_active:
            return
        for question in self.catch_up.ask(now_s, is_waiting=self._is_waiting, connected=connected):
            self._peers.ask(question.peer, question.wanted)

    def _ask_below(self, now_s: float) -> None:
        """Old blocks can wait: one question a round, when nothing else is being fetched."""
        if self._fetch.is_active or self.catch_up.is_active:
            return
        below = self.backfill.question(now_s, self._network.connected())
        if below is not None:
            self._peers.ask(below.peer, below.wanted)

    def _begin_snapshot(self, now_s: float, connected: dict[str, bool]) -> None:
        if self._snapshot_blocks == NEVER or self._fetch.is_active:
            return
        wanted = self._finality.height + self._snapshot_blocks
        ahead = [name for name in self.catch_up.claiming(wanted) if connected.get(name)]
        # One alone may lie, and while a state is awaited no block is installed (rule CU-1).
        if len(ahead) < self._parts.ledger.validators.weak_quorum_size:
            return
        if self._fetch.begin(ahead, now_s):
            self._parts.log.info("snapshot-begun", height=self._finality.height)
