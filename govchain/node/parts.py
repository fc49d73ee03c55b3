"""What one validator consists of before it is set in motion, and how its pieces find each other.

Assembly only: nothing here handles an event, a frame or a request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from govchain.consensus import LogEntry, RestoredState
from govchain.crypto import Signer, Suite, suite, verify_finality
from govchain.errors import BadProof, ConfigError
from govchain.ledger import Chain, Ledger
from govchain.mempool import Mempool
from govchain.model import BlockHeader, FinalityCertificate, Genesis, ValidatorSet
from govchain.model.genesis_rules import validate_genesis
from govchain.node.finality import Finality
from govchain.node.soundness import require_sound
from govchain.node.wire import BLOCKS_BYTES
from govchain.observe import Logger, NodeMetrics
from govchain.storage import Store


@dataclass(frozen=True, slots=True)
class NodeParts:
    """The pieces of one validator.

    Attributes:
        index: Position in the validator set.
        clock: Seconds, monotonic.
        now_ms: Unix time, milliseconds; for proposal times.
    """

    genesis: Genesis
    suite: Suite
    index: int
    signer: Signer
    store: Store
    ledger: Ledger
    chain: Chain
    mempool: Mempool
    metrics: NodeMetrics
    log: Logger
    clock: Callable[[], float]
    now_ms: Callable[[], int]

    @property
    def name(self) -> str:
        return self.genesis.validators.members[self.index].name

    @property
    def names(self) -> list[str]:
        """Validator names in index order."""
        return [member.name for member in self.genesis.validators.members]

    @property
    def validators(self) -> ValidatorSet:
        """The validator set of the epoch in which this validator is."""
        return self.genesis.validators

    def verify_certified(self, header: BlockHeader, certificate: FinalityCertificate) -> None:
        """Check that a quorum of this chain certified a header (rule CP-1).

        Raises:
            BadProof: It did not, or the header is of another chain.
        """
        if header.chain_id != self.ledger.chain_id:
            raise BadProof("a header of another chain", step="certificate")
        verify_finality(self.suite, self.validators, certificate, header)


def assemble(
    genesis: Genesis,
    signer: Signer,
    store: Store,
    *,
    log: Logger,
    clock: Callable[[], float],
    now_ms: Callable[[], int],
) -> NodeParts:
    """The pieces of the validator whose key this is; an empty store becomes the chain at height 0.

    Raises:
        ConfigError: The genesis is impossible, too large for frames, or the key is no validator's.
        StorageFailure: The store cannot be read or written, or something in it is missing (rule RC-3).
    """
    validate_genesis(genesis)
    _require_frames(genesis)
    chosen = suite(genesis.suite)
    ledger = Ledger(genesis, chosen, store)
    founding = ledger.genesis_writes()
    if founding:
        store.write(founding, sync=True)
    chain = Chain(genesis, chosen, store, ledger)
    require_sound(store, chain, ledger.head)
    return NodeParts(
        genesis=genesis,
        suite=chosen,
        index=_index_of(genesis, signer),
        signer=signer,
        store=store,
        ledger=ledger,
        chain=chain,
        mempool=Mempool(genesis, chosen, ledger),
        metrics=NodeMetrics(),
        log=log,
        clock=clock,
        now_ms=now_ms,
    )


def restored_state(
    parts: NodeParts, finality: Finality, entries: tuple[LogEntry, ...]
) -> RestoredState | None:
    """What the replica must know of its life before; None for a fresh start."""
    head = parts.ledger.head
    if head is None and not entries:
        return None
    uncertified = []
    for height in range(finality.height + 1, parts.ledger.height + 1):
        if not finality.is_certified(height):
            block = finality.block(height)
            assert block is not None, "blocks up to the head are stored"
            uncertified.append(block.header)
    return RestoredState(
        head=head,
        head_batch_digest=parts.ledger.head_batch_digest,
        entries=entries,
        certified=finality.highest_certified(),
        uncertified=tuple(uncertified),
    )


def _index_of(genesis: Genesis, signer: Signer) -> int:
    for index, member in enumerate(genesis.validators.members):
        if member.public_key == signer.public_key:
            return index
    raise ConfigError(
        "the key belongs to no validator of the genesis",
        found=signer.public_key.hex(),
        hint="use the key file that was made together with this genesis",
    )


def _require_frames(genesis: Genesis) -> None:
    parameters = genesis.parameters
    limit = BLOCKS_BYTES - parameters.transaction_bytes_max
    if parameters.batch_bytes_max > limit:
        raise ConfigError(
            "parameter batch_bytes_max is too large to send a block to another validator",
            found=parameters.batch_bytes_max,
            expected=f"at most {limit}",
        )
