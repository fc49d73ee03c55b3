"""Fetches the state of a certified height in chunks, each proven when it arrives (rule CU-3).

Head, then every row of the state map, then every value. It is written beside the state that is in force;
nothing of it counts before all is there. One peer at a time: when it lies, is silent or has closed its view,
everything begins anew with another one. A crash forgets what was fetched, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from govchain.codec import decode
from govchain.crypto import StateMap, verify_state
from govchain.crypto.epochs import ValidatorChange, verify_change
from govchain.crypto.state_walk import StateWalk
from govchain.errors import BadProof, InvalidInput
from govchain.ledger.access import decode_stored
from govchain.ledger.epochs import EpochOrigin, epoch_write
from govchain.ledger.snapshot import snapshot_writes
from govchain.model import Block, FinalityCertificate, Space, ValidatorSet, Write
from govchain.model.validators import validators_key
from govchain.node.block_check import BlockCheck
from govchain.node.parts import NodeParts
from govchain.node.wire import BlockParts, SnapshotChunk, SnapshotHead, SnapshotPart, SnapshotWanted

ANSWER_TIMEOUT_S: Final = 5.0
HEAD_AGAIN_S: Final = 0.3
"""A head without a block is asked for again after so long: its certificate was on the way."""
HEADS_MAX: Final = 20
PASSED_OVER_S: Final = 30.0
_STEP: Final = "snapshot"


@dataclass(slots=True)
class _Transfer:
    """One state from one peer."""

    parts: BlockParts
    block: Block
    certificate: FinalityCertificate
    changes: list[ValidatorChange]
    check: BlockCheck
    writes: list[Write]
    walk: StateWalk
    proven: StateMap | None = None
    """The map under the staged rows; opened when all are there."""
    values: int = 0
    next_key: bytes = b""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state that is staged in the store, whole and proven.

    Attributes:
        writes: What has to be written when it comes into force, beside certificate and finality.
        changes: The epochs that lie between the running one and that of the block.
        next_validators: Set that the block installs for those above it.
    """

    block: Block
    certificate: FinalityCertificate
    writes: Sequence[Write]
    changes: Sequence[ValidatorChange]
    next_validators: ValidatorSet | None


class SnapshotFetch:
    """At most one transfer. Times are seconds of a monotonic clock."""

    def __init__(self, parts: NodeParts) -> None:
        self._members = parts.members
        self._suite = parts.suite
        self._store = parts.store
        self._ledger = parts.ledger
        self._chain = parts.chain
        self._chunks = parts.metrics.counter("govchain_snapshot_chunks_total")
        self._peer = ""
        self._transfer: _Transfer | None = None
        self._asked: SnapshotWanted | None = None
        self._not_before_s = self._deadline_s = 0.0
        self._heads = 0
        self._passed_over_until: dict[str, float] = {}
        self._turn = 0

    @property
    def is_active(self) -> bool:
        """A state is being fetched: blocks would be thrown away."""
        return bool(self._peer)

    def begin(self, peers: Sequence[str], now_s: float) -> bool:
        """Begin with one of these peers; False when each of them failed not long ago."""
        assert not self.is_active
        good = [peer for peer in peers if self._passed_over_until.get(peer, 0.0) <= now_s]
        if not good:
            return False
        self._turn += 1
        self._peer, self._heads = good[self._turn % len(good)], 0
        self._store.clear_staged()
        self._ask(self._head_wanted(), now_s)
        return True

    def question(self, now_s: float, connected: Mapping[str, bool]) -> tuple[str, SnapshotWanted] | None:
        """What to send now. Call it every now and then, and after each answer."""
        if not self.is_active:
            return None
        if not connected.get(self._peer) or now_s >= self._deadline_s:
            self.give_up(now_s)
            return None
        if now_s < self._not_before_s:
            return None
        wanted, self._asked = self._asked, None
        return None if wanted is None else (self._peer, wanted)

    def take(self, peer: str, frame: SnapshotHead | SnapshotChunk, now_s: float) -> Snapshot | None:
        """Take an answer; the whole state when this was the last one (rule CU-3).

        Raises:
            InvalidInput: The peer lied; its transfer is over.
        """
        if peer != self._peer:
            return None
        try:
            if isinstance(frame, SnapshotHead):
                self._take_head(frame, now_s)
                return None
            return self._take_chunk(frame, now_s)
        except InvalidInput:
            self.give_up(now_s)
            raise

    def give_up(self, now_s: float) -> None:
        """End the transfer; its peer is passed over for a while."""
        self._passed_over_until[self._peer] = now_s + PASSED_OVER_S
        self._peer, self._transfer, self._asked = "", None, None

    def finish(self) -> None:
        """The state came into force."""
        self._peer, self._transfer, self._asked = "", None, None

    def _take_head(self, frame: SnapshotHead, now_s: float) -> None:
        if self._transfer is not None:
            return
        if not frame.block:
            self._heads += 1
            if self._heads > HEADS_MAX:
                self.give_up(now_s)
            else:
                self._ask(self._head_wanted(), now_s, after_s=HEAD_AGAIN_S)
            return
        parts = BlockParts(frame.block, frame.certificate)
        changes, check = self._follow(frame.changes)
        block, certificate = check.certified(parts)
        if block.header.height <= self._ledger.height:
            raise BadProof(f"a state of height {block.header.height}, which is executed here", step=_STEP)
        writes = snapshot_writes(self._suite, block, frame.peaks)
        for change in changes:
            writes.append(epoch_write(EpochOrigin(change.header, change.validators, change.proof)))
            writes.append(self._chain.certificate_write(change.certificate))
        walk = StateWalk(self._suite, block.header.state_root)
        self._transfer = _Transfer(parts, block, certificate, changes, check, writes, walk)
        self._ask_on(self._transfer, now_s)

    def _follow(self, encoded: Sequence[bytes]) -> tuple[list[ValidatorChange], BlockCheck]:
        """Validator sets from the running epoch on, each proven by the one before; who judges by the last.

        Raises:
            MalformedBytes, BadProof: One of them does not follow.
        """
        first = validators = self._members.validators
        changes = []
        for each in encoded:
            change = decode(each, ValidatorChange)
            if change.validators.epoch <= first.epoch:
                continue  # We got there by ourselves since we asked.
            validators = verify_change(self._suite, self._ledger.chain_id, validators, change)
            changes.append(change)
        last = validators
        return changes, BlockCheck(
            self._suite,
            self._ledger.chain_id,
            state_value=lambda key: self._store.get(Space.STAGED_STATE, key),
            validators_of=lambda epoch: last if epoch == last.epoch else None,
        )

    def _take_chunk(self, frame: SnapshotChunk, now_s: float) -> Snapshot | None:
        transfer = self._transfer
        if transfer is None or (frame.height, frame.part, frame.start) != _place(transfer):
            # Late, repeated or of another place (situation 11): what is asked for comes, or time runs out.
            return None
        if not frame.items and not frame.is_last:
            self.give_up(now_s)
            return None
        if frame.part == "rows":
            self._take_rows(transfer, frame)
        else:
            self._take_values(transfer, frame)
        self._chunks.inc()
        if frame.part == "values" and frame.is_last:
            return self._complete(transfer)
        self._ask_on(transfer, now_s)
        return None

    def _take_rows(self, transfer: _Transfer, frame: SnapshotChunk) -> None:
        self._store.write(
            [(Space.STAGED_TREE, transfer.walk.take(row), row) for row in frame.items], sync=False
        )
        if frame.is_last and transfer.walk.next_path is not None:
            raise BadProof("the rows of the state end too early", step=_STEP)

    def _take_values(self, transfer: _Transfer, frame: SnapshotChunk) -> None:
        if transfer.proven is None:
            transfer.proven = StateMap(self._suite, lambda path: self._store.get(Space.STAGED_TREE, path))
        proven, root = transfer.proven, transfer.block.header.state_root
        if len(frame.items) % 2:
            raise BadProof("a key without a value", step=_STEP)
        writes: list[Write] = []
        for key, value in zip(frame.items[::2], frame.items[1::2], strict=True):
            if key < transfer.next_key:
                raise BadProof("the keys of the state do not rise", step=_STEP)
            verify_state(self._suite, root=root, key=key, value=value, proof=proven.prove(key))
            transfer.next_key = key + b"\x00"
            writes.append((Space.STAGED_STATE, key, value))
        transfer.values += len(writes)
        self._store.write(writes, sync=False)

    def _complete(self, transfer: _Transfer) -> Snapshot:
        if transfer.values != transfer.walk.entries:
            raise BadProof(
                f"{transfer.values} values of a state that has {transfer.walk.entries}", step=_STEP
            )
        if transfer.check.check(transfer.parts).unverified:
            raise BadProof("the block of the state has a transaction of an unknown key", step=_STEP)
        installed = self._installed_validators(transfer)
        return Snapshot(
            transfer.block, transfer.certificate, transfer.writes, transfer.changes, next_validators=installed
        )

    def _installed_validators(self, transfer: _Transfer) -> ValidatorSet | None:
        """Set that the block of the state installs for those above it (rule MB-2)."""
        key = validators_key(transfer.block.header.epoch + 1)
        data = self._store.get(Space.STAGED_STATE, key)
        if data is None:
            return None
        assert transfer.proven is not None
        installed = decode_stored(data, ValidatorSet)
        transfer.writes.append(
            epoch_write(EpochOrigin(transfer.block.header, installed, transfer.proven.prove(key)))
        )
        return installed

    def _head_wanted(self) -> SnapshotWanted:
        return SnapshotWanted(0, "head", self._members.validators.epoch.to_bytes(8, "big"))

    def _ask_on(self, transfer: _Transfer, now_s: float) -> None:
        height, part, start = _place(transfer)
        self._ask(SnapshotWanted(height, part, start), now_s)

    def _ask(self, wanted: SnapshotWanted, now_s: float, *, after_s: float = 0.0) -> None:
        self._asked, self._not_before_s = wanted, now_s + after_s
        self._deadline_s = self._not_before_s + ANSWER_TIMEOUT_S


def _place(transfer: _Transfer) -> tuple[int, SnapshotPart, bytes]:
    """What has to come next."""
    height, path = transfer.block.header.height, transfer.walk.next_path
    return (height, "values", transfer.next_key) if path is None else (height, "rows", path)
