"""The ledger: executes ordered batches into blocks, and knows the state after the last one.

Sans-IO: reads through a `Reader`, and every change leaves as a write. What a transaction means is in `rules`;
who ordered it is consensus' business; when writes become durable is the driver's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from govchain.codec import encode
from govchain.crypto import Suite, chain_id_of, digest_of
from govchain.crypto.history_tree import HistoryTree
from govchain.crypto.log_tree import compute_root
from govchain.crypto.state_map import StateMap, StateProof
from govchain.errors import StorageFailure
from govchain.ledger import nonces, state
from govchain.ledger.access import DecodeCache, StateAccess, decode_stored
from govchain.ledger.epochs import EpochOrigin, epoch_write
from govchain.ledger.executed import ExecutedBlock, Moved, ProvenBlock
from govchain.ledger.execution import Execution, is_nonce_spent
from govchain.ledger.founding import genesis_changes
from govchain.ledger.head import (
    LedgerHead,
    encode_location,
    genesis_meta,
    head_write,
    height_key,
    is_initialised,
    read_head,
)
from govchain.ledger.membership import install_next
from govchain.ledger.overlay import UNSAVED_BLOCKS_MAX, RecentChanges, StateView
from govchain.ledger.ports import Reader
from govchain.ledger.state import KeyState, OrganisationState, RecordState
from govchain.model import (
    Batch,
    Block,
    BlockHeader,
    Genesis,
    Space,
    Transaction,
    TransactionResult,
    Validator,
    ValidatorSet,
    Write,
)
from govchain.model.ids import ChainId, Digest
from govchain.model.validators import validators_key


class Ledger:
    """State after the last executed block.

    Args:
        genesis: First and only thing that is trusted.
        suite: The suite that genesis names.
        reader: The store; empty, or holding this chain up to some block.

    Raises:
        ConfigError: The store belongs to another chain, or genesis contradicts itself.
        StorageFailure: The state in the store is not that of the head in it.
    """

    def __init__(self, genesis: Genesis, suite: Suite, reader: Reader) -> None:
        assert suite.name == genesis.suite
        self.genesis = genesis
        self.suite = suite
        self.chain_id: ChainId = chain_id_of(suite, genesis)
        self._reader = reader
        self._cache = DecodeCache()
        stored = is_initialised(reader, self.chain_id)
        self._load()
        self._genesis_writes = [] if stored else self._found()

    def genesis_writes(self) -> list[Write]:
        """Writes that turn an empty store into this chain at height 0; none when the store holds it."""
        return list(self._genesis_writes)

    def reload(self) -> None:
        """Take over what the store holds now: a snapshot came into the place of the state (rule CU-3).

        Raises:
            StorageFailure: The state in the store is not that of the head in it.
        """
        self._load()

    def _load(self) -> None:
        reader = self._reader
        self._recent = RecentChanges(lambda key: reader.get(Space.STATE, key))
        self._recent_ids: deque[frozenset[bytes]] = deque(maxlen=UNSAVED_BLOCKS_MAX)
        self._access = StateAccess(self._recent.get, self._cache)
        self._head = read_head(reader)
        self._head_digest = Digest(self.chain_id) if self.head is None else digest_of(self.suite, self.head)
        self._map = StateMap(self.suite, lambda key: reader.get(Space.TREE, key))
        self._validators = self._stored_validators()
        self._history = HistoryTree(self.suite, lambda key: reader.get(Space.HISTORY, key), self.height)
        if self.head is not None and self.head.state_root != self._map.root:
            raise StorageFailure(
                f"the stored state is not that of height {self.height}; keep the directory for inspection, "
                "set data_dir to an empty one, and let this validator fetch the chain from the others"
            )

    def count_below(self, block: Block) -> Write:
        """A block below a snapshot came later (rule CU-3): count it; returns the head with the counts."""
        assert self._head is not None
        self._head = LedgerHead(
            header=self._head.header,
            transactions=self.transaction_count + len(block.transactions),
            denials=self._count_denials(block.results),
        )
        return head_write(self._head)

    @property
    def height(self) -> int:
        return 0 if self._head is None else self._head.header.height

    @property
    def head(self) -> BlockHeader | None:
        """Header of the last executed block; None at height 0."""
        return None if self._head is None else self._head.header

    @property
    def head_digest(self) -> Digest:
        """Digest of the last header; the chain id at height 0."""
        return self._head_digest

    @property
    def head_batch_digest(self) -> Digest:
        """Digest of the last batch; the chain id at height 0."""
        return Digest(self.chain_id) if self._head is None else Digest(self._head.header.batch_digest)

    @property
    def state_root(self) -> Digest:
        return self._map.root

    @property
    def history(self) -> HistoryTree:
        """Log of header digests: leaf i is height i+1."""
        return self._history

    @property
    def transaction_count(self) -> int:
        """Transactions executed since genesis, applied and denied."""
        return 0 if self._head is None else self._head.transactions

    @property
    def denial_counts(self) -> dict[str, int]:
        """Rule id to number of denials since genesis."""
        return {} if self._head is None else dict(self._head.denials)

    def key(self, key_id: bytes) -> KeyState | None:
        return self._access.key(key_id)

    def organisation(self, org: str) -> OrganisationState | None:
        return self._access.organisation(org)

    def record(self, record_type: str, object_id: str) -> RecordState | None:
        return self._access.record(record_type, object_id)

    def validators_of(self, epoch: int) -> ValidatorSet | None:
        """The validator set of an epoch that has begun; None when there is none of that number."""
        if epoch == 0:
            return self.genesis.validators
        data = self._recent.get(validators_key(epoch)) if epoch >= 1 else None
        return None if data is None else decode_stored(data, ValidatorSet)

    @property
    def validators(self) -> ValidatorSet:
        """The set of the next block's epoch (rule MB-2)."""
        return self._validators

    @property
    def next_members(self) -> tuple[Validator, ...]:
        """Members from the next checkpoint on, as adopted so far (rule MB-2)."""
        data = self._recent.get(state.NEXT_VALIDATORS_KEY)
        return self._validators.members if data is None else decode_stored(data, ValidatorSet).members

    def peer_address(self, validator: str) -> str:
        """Peer address of a validator that joined after genesis; empty for others."""
        data = self._recent.get(state.peer_address_key(validator))
        return "" if data is None else decode_stored(data, str)

    def is_nonce_used(self, key_id: bytes, nonce: int) -> bool:
        """True when a transaction with this key and nonce could only be denied (rule RQ-4)."""
        return nonces.is_used(self._access.nonces(key_id), nonce)

    def next_nonce(self, key_id: bytes) -> int:
        """The lowest nonce that no executed transaction of this key has used."""
        return self._access.nonces(key_id).floor

    def state_value(self, key: bytes) -> bytes | None:
        """Value of a state key after the last executed block."""
        return self._recent.get(key)

    def prove_state(self, key: bytes) -> tuple[bytes | None, StateProof]:
        """Value of a state key and its proof under `state_root`; None proves absence."""
        return self._recent.get(key), self._map.prove(key)

    def execute(self, batch: Batch, transactions: Sequence[Transaction]) -> ExecutedBlock:
        """Execute the next batch. Expects batch.seq == height + 1, and the transactions that it names."""
        ids = tuple(self.suite.digest(transaction.body) for transaction in transactions)
        assert compute_root(self.suite, ids) == batch.transactions_root, "the batch names these transactions"
        return self._execute(batch, transactions, ids, None)

    def replay(self, proven: ProvenBlock) -> ExecutedBlock:
        """Execute the next block as `execute` would, without doing again what its check did."""
        return self._execute(proven.block.batch, proven.block.transactions, proven.transaction_ids, proven)

    def _execute(
        self,
        batch: Batch,
        transactions: Sequence[Transaction],
        ids: tuple[Digest, ...],
        proven: ProvenBlock | None,
    ) -> ExecutedBlock:
        height = self.height + 1
        assert batch.seq == height, f"batch {batch.seq} after height {self.height}"
        assert batch.epoch == self._validators.epoch, "a batch of another epoch (MB-3)"
        parent_time_ms = self.genesis.time_ms if self.head is None else self.head.time_ms
        time_ms = max(parent_time_ms, batch.time_ms)
        view = StateView(self._recent.get)
        execution = Execution(
            suite=self.suite,
            chain_id=self.chain_id,
            parameters=self.genesis.parameters,
            validators=self._validators,
            height=height,
            block_time_ms=time_ms,
            view=view,
            cache=self._cache,
            validators_of=self.validators_of,
        )
        results = execution.run(ids, transactions, None if proven is None else proven.bodies)
        if proven is not None and results == proven.block.results:
            results_root = proven.block.header.results_root
        else:
            results_root = compute_root(self.suite, [encode(result) for result in results])
        installed = self._install_next(view, height)
        tree_writes = self._map.update(view.settled)
        header = BlockHeader(
            chain_id=self.chain_id,
            epoch=batch.epoch,
            height=height,
            parent=self._head_digest,
            time_ms=time_ms,
            proposer=batch.proposer,
            batch_digest=digest_of(self.suite, batch),
            transactions_root=batch.transactions_root,
            transaction_count=len(ids),
            results_root=results_root,
            state_root=self._map.root,
            history_root=self._history.root(),
        )
        block = Block(header=header, batch=batch, transactions=tuple(transactions), results=results)
        data = proven.data if proven is not None and proven.block == block else encode(block)
        executed = self._advance(block, data, ids, view.settled, tree_writes)
        return executed if installed is None else self._begin_epoch(executed, installed)

    def adopt(self, executed: ExecutedBlock, moved: Moved) -> None:
        """Take over what an equal ledger executed above the same head; `execute` would give the same.

        Args:
            moved: Of `executed`.
        """
        block = executed.block
        assert block.header.parent == self._head_digest, "the block stands on another head"
        self._map.adopt(block.header.state_root, moved[Space.TREE])
        self._history.adopt(moved[Space.HISTORY])
        self._recent_ids.append(frozenset(moved[Space.TRANSACTION]))
        self._move_head(block, executed.header_digest, moved[Space.STATE])
        self._validators = executed.next_validators or self._validators

    def _install_next(self, view: StateView, height: int) -> ValidatorSet | None:
        """Rule MB-2: at a checkpoint the adopted set becomes that of the blocks above it."""
        if height % self.genesis.parameters.checkpoint_interval:
            return None
        return install_next(view, StateAccess(view.get, self._cache), self.suite, self._validators)

    def _begin_epoch(self, executed: ExecutedBlock, installed: ValidatorSet) -> ExecutedBlock:
        # The map moves on with the next block: what proves the set has to be kept now.
        header = executed.block.header
        origin = EpochOrigin(header, installed, self._map.prove(validators_key(installed.epoch)))
        self._validators = installed
        return msgspec.structs.replace(
            executed, writes=[*executed.writes, epoch_write(origin)], next_validators=installed
        )

    def _stored_validators(self) -> ValidatorSet:
        """Set of the block above the stored head: the head's, unless the head installed another one."""
        if self.head is None:
            return self.genesis.validators
        found = self.validators_of(self.head.epoch + 1) or self.validators_of(self.head.epoch)
        if found is None:
            raise StorageFailure(f"the validator set of epoch {self.head.epoch} is missing from the state")
        return found

    def _advance(
        self,
        block: Block,
        data: bytes,
        ids: tuple[Digest, ...],
        changes: dict[bytes, bytes | None],
        tree_writes: list[tuple[bytes, bytes | None]],
    ) -> ExecutedBlock:
        header = block.header
        digest = digest_of(self.suite, header)
        writes: list[Write] = [(Space.BLOCK, height_key(header.height), data)]
        writes += self._index_transactions(header.height, ids, block.results)
        writes += [(Space.STATE, key, value) for key, value in changes.items()]
        writes += [(Space.TREE, key, value) for key, value in tree_writes]
        writes += [(Space.HISTORY, key, value) for key, value in self._history.append(digest)]
        writes.append(head_write(self._move_head(block, digest, changes)))
        return ExecutedBlock(block=block, transaction_ids=ids, writes=writes, header_digest=digest)

    def _move_head(self, block: Block, digest: Digest, changes: dict[bytes, bytes | None]) -> LedgerHead:
        self._recent.push(changes)
        self._head = LedgerHead(
            header=block.header,
            transactions=self.transaction_count + len(block.transactions),
            denials=self._count_denials(block.results),
        )
        self._head_digest = digest
        assert self._history.size == block.header.height
        return self._head

    def _index_transactions(
        self, height: int, ids: Sequence[bytes], results: Sequence[TransactionResult]
    ) -> list[Write]:
        # One body may be ordered twice, but spends its nonce once: that place is the one people find.
        places: dict[bytes, bytes] = {}
        for position, (transaction_id, result) in enumerate(zip(ids, results, strict=True)):
            if is_nonce_spent(result) or not (transaction_id in places or self._is_indexed(transaction_id)):
                places[transaction_id] = encode_location(height, position)
        self._recent_ids.append(frozenset(places))
        return [(Space.TRANSACTION, transaction_id, place) for transaction_id, place in places.items()]

    def _is_indexed(self, transaction_id: bytes) -> bool:
        if any(transaction_id in recent for recent in self._recent_ids):
            return True
        return self._reader.get(Space.TRANSACTION, transaction_id) is not None

    def _count_denials(self, results: Sequence[TransactionResult]) -> tuple[tuple[str, int], ...]:
        if self._head is not None and all([result.applied for result in results]):
            return self._head.denials
        counts = self.denial_counts
        for result in results:
            if not result.applied:
                counts[result.rule] = counts.get(result.rule, 0) + 1
        return tuple(sorted(counts.items()))

    def _found(self) -> list[Write]:
        """The state of height 0, laid over the empty store until the driver wrote it."""
        changes = genesis_changes(self.genesis, self.suite)
        tree_writes = self._map.update(changes)
        self._recent.push(changes)
        return [
            *genesis_meta(self.chain_id),
            *((Space.STATE, key, value) for key, value in changes.items()),
            *((Space.TREE, key, value) for key, value in tree_writes),
        ]
