"""What this validator says to others, one turn at a time: consensus messages, gossip, questions and answers.

Frames are built here and handed to the network; what comes back enters through the verifier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import govchain
from govchain.codec import encode
from govchain.consensus import Send, SignedMessage
from govchain.model import Space, Transaction
from govchain.model.votes import Evidence
from govchain.net import PeerNetwork
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts
from govchain.node.verifier import Verifier
from govchain.node.wire import (
    BLOCKS_BYTES,
    IDS_MAX,
    BlockParts,
    Blocks,
    BlocksWanted,
    EvidenceFound,
    Hello,
    ReadAnswer,
    ReadQuestion,
    SnapshotChunk,
    SnapshotHead,
    SnapshotWanted,
    TransactionsWanted,
    consensus_payloads,
    transactions_payloads,
)

FETCH_GRACE_S: Final = 0.02
"""Missing transactions are mostly on their way: ask only for those that have not come by then."""
GOSSIP_QUEUE_BYTES_MAX: Final = 4 * 1024 * 1024
GOSSIP_AWAY_BYTES_MAX: Final = 256 * 1024
"""For a peer without a connection: enough for a short break, little for one that has to catch up first."""
ANSWER_QUEUE_BYTES_MAX: Final = 8 * 1024 * 1024
"""A peer that does not take its answers gets no more of them."""


class Peers:
    """The voice of one validator.

    Attributes:
        on_send: Told of every consensus message before it leaves; rehearsals keep a record.
    """

    def __init__(self, parts: NodeParts, network: PeerNetwork, verifier: Verifier) -> None:
        self._parts = parts
        self._network = network
        self.verifier = verifier
        self._to_all: list[SignedMessage] = []
        self._to_one: dict[int, list[SignedMessage]] = {}
        self._is_closed = False
        self.on_send: Callable[[SignedMessage], None] | None = None

    def hello(self, final_height: int) -> bytes:
        """First payload of a connection."""
        parts = self._parts
        return encode(Hello(parts.ledger.chain_id, govchain.__version__, parts.name, final_height))

    def queue(self, send: Send) -> None:
        """Keep a message for `flush`."""
        if self.on_send is not None:
            self.on_send(send.signed)
        if send.to is None:
            self._to_all.append(send.signed)
        elif send.to != self._parts.members.index:
            self._to_one.setdefault(send.to, []).append(send.signed)

    def flush(self) -> None:
        """Send what is queued: the messages of one turn to one peer share a frame."""
        if self._to_all:
            for payload in consensus_payloads(self._to_all):
                self._network.broadcast(payload, is_urgent=True)
            self._to_all = []
        if self._to_one:
            for peer, messages in self._to_one.items():
                for payload in consensus_payloads(messages):
                    self._network.send(self._parts.members.name(peer), payload, is_urgent=True)
            self._to_one = {}

    def gossip(self, transactions: Iterable[Transaction]) -> None:
        """Tell every peer (rule RQ-1)."""
        for payload in transactions_payloads(transactions):
            for peer, is_connected in self._network.connected().items():
                # Whoever cannot follow fetches what a proposal names.
                limit = GOSSIP_QUEUE_BYTES_MAX if is_connected else GOSSIP_AWAY_BYTES_MAX
                if self._network.queue_bytes(peer) < limit:
                    self._network.send(peer, payload)

    def forward(self, transactions: Sequence[Transaction], primary: int) -> None:
        """Tell the primary again (rule RQ-3)."""
        if transactions and primary != self._parts.members.index:
            self.send_transactions(self._parts.members.name(primary), transactions)

    def gossip_evidence(self, evidence: Evidence) -> None:
        """Tell every peer (rule EV-1)."""
        self._network.broadcast(encode(EvidenceFound(evidence)))

    def send_transactions(self, peer: str, transactions: Sequence[Transaction]) -> None:
        """Answer a question."""
        if self._network.queue_bytes(peer) < ANSWER_QUEUE_BYTES_MAX:
            for payload in transactions_payloads(transactions):
                self._network.send(peer, payload)

    def fetch(
        self, peer: int, ids: tuple[bytes, ...], still_wanted: Callable[[Iterable[bytes]], tuple[bytes, ...]]
    ) -> None:
        """Ask a peer for transactions, after a grace for those that are on their way."""

        def ask() -> None:
            missing = still_wanted(ids)[:IDS_MAX]
            if missing and not self._is_closed:
                self.ask_transactions(self._parts.members.name(peer), missing)

        asyncio.get_running_loop().call_later(FETCH_GRACE_S, ask)

    def ask_transactions(self, peer: str, ids: tuple[bytes, ...]) -> None:
        """Ask a peer for transactions now."""
        self._network.send(peer, encode(TransactionsWanted(ids)), is_urgent=True)

    def ask(self, peer: str, wanted: BlocksWanted | SnapshotWanted) -> None:
        """Ask a peer for final blocks or a state."""
        self._network.send(peer, encode(wanted), is_urgent=True)

    def answer(self, peer: str, answer: SnapshotHead | SnapshotChunk) -> None:
        """Answer a question for a state."""
        if self._network.queue_bytes(peer) < ANSWER_QUEUE_BYTES_MAX:
            self._network.send(peer, encode(answer))

    def answer_blocks(self, peer: str, wanted: BlocksWanted, finality: Finality) -> None:
        """Send proven blocks as they lie in the store, within the bounds of one frame."""
        if self._network.queue_bytes(peer) >= ANSWER_QUEUE_BYTES_MAX:
            return
        found: list[BlockParts] = []
        below: list[bytes] = []
        size = 0
        for height in range(wanted.from_height, wanted.from_height + wanted.count):
            key = height.to_bytes(8, "big")
            block = self._parts.store.get(Space.BLOCK, key)
            if height > finality.highest or block is None:
                break  # Not final, or below a snapshot: others have it (rule CU-3).
            certificate = self._parts.store.get(Space.CERTIFICATE, key) or b""
            size += len(block) + len(certificate)
            if (found or below) and size > BLOCKS_BYTES:
                break
            if certificate:
                found.append(BlockParts(block, certificate, tuple(below)))
                below = []
            else:
                below.append(block)
        self._network.send(peer, encode(Blocks(wanted.from_height, tuple(found))))

    def send_read(self, peer: str, frame: ReadQuestion | ReadAnswer) -> None:
        """Ask or answer how far a validator had executed (rule RD-1); it is asked again if this is lost."""
        if self._network.queue_bytes(peer) < ANSWER_QUEUE_BYTES_MAX:
            self._network.send(peer, encode(frame), is_urgent=True)

    def close(self) -> None:
        """Nothing more is asked."""
        self._is_closed = True
