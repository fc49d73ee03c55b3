"""What one validator consists of before it is set in motion, and how its pieces find each other.

Assembly only: nothing here handles an event, a frame or a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from govchain.codec import FRAME_BYTES_MAX
from govchain.consensus import LogEntry, RestoredState, largest_new_view_bytes
from govchain.crypto import Signer, Suite, suite, verify_finality
from govchain.errors import BadProof, ConfigError
from govchain.ledger import Chain, Ledger
from govchain.mempool import Mempool
from govchain.model import BlockHeader, FinalityCertificate, Genesis, ValidatorSet
from govchain.model.genesis_rules import validate_genesis
from govchain.node.finality import Finality
from govchain.node.members import Members
from govchain.node.soundness import require_sound
from govchain.node.wire import BLOCKS_BYTES
from govchain.observe import Logger, NodeMetrics
from govchain.storage import Store


@dataclass(frozen=True, slots=True)
class NodeParts:
    """The pieces of one validator.

    Attributes:
        name: Under which the network knows this validator.
        signers: Keys of its votes: the one in force, and one that a rotation may install (rule MB-4).
        members: The validator set that runs.
        clock: Seconds, monotonic.
        now_ms: Unix time, milliseconds; for proposal times.
    """

    genesis: Genesis
    suite: Suite
    name: str
    signers: tuple[Signer, ...]
    members: Members
    store: Store
    ledger: Ledger
    chain: Chain
    mempool: Mempool
    metrics: NodeMetrics
    log: Logger
    clock: Callable[[], float]
    now_ms: Callable[[], int]

    def verify_certified(self, header: BlockHeader, certificate: FinalityCertificate) -> None:
        """Check that a quorum of its epoch certified a header of this chain (rules CP-1, MB-3).

        Raises:
            BadProof: It did not, the header is of another chain, or nothing here proves its epoch.
        """
        if header.chain_id != self.ledger.chain_id:
            raise BadProof("a header of another chain", step="certificate")
        validators = self.ledger.validators_of(header.epoch)
        if validators is None:
            raise BadProof(f"a header of epoch {header.epoch}, which nothing here proves", step="certificate")
        verify_finality(self.suite, validators, certificate, header)


def assemble(
    genesis: Genesis,
    name: str,
    signers: Sequence[Signer],
    store: Store,
    *,
    may_observe: bool = False,
    log: Logger,
    clock: Callable[[], float],
    now_ms: Callable[[], int],
) -> NodeParts:
    """The pieces of one validator; an empty store becomes the chain at height 0.

    Args:
        may_observe: The keys may be of a set that the stored chain does not know yet (rule MB-2).

    Raises:
        ConfigError: The genesis is impossible, too large for frames, or the keys are another validator's.
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
    if not may_observe:
        require_own_keys(ledger.validators, name, signers)
    return NodeParts(
        genesis=genesis,
        suite=chosen,
        name=name,
        signers=tuple(signers),
        members=Members(ledger.validators, signers),
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
    parts: NodeParts, finality: Finality, entries: tuple[LogEntry, ...], promises: Sequence[bytes]
) -> RestoredState | None:
    """What the replica must know of its life before; None for a fresh start."""
    head = parts.ledger.head
    if head is None and not entries and not promises:
        return None
    uncertified = []
    for height in range(finality.height + 1, parts.ledger.height + 1):
        if not finality.is_certified(height):
            block = finality.block(height)
            assert block is not None, "blocks up to the head are stored"
            uncertified.append(block.header)
    resumed = parts.chain.epoch_to_resume(is_head_final=not uncertified)
    return RestoredState(
        validators=resumed.validators,
        origin=resumed.origin,
        next_validators=resumed.next_validators,
        head=head,
        head_batch_digest=parts.ledger.head_batch_digest,
        entries=entries,
        certified=finality.highest_certified(),
        uncertified=tuple(uncertified),
        promises=tuple(promises),
    )


def require_own_keys(validators: ValidatorSet, name: str, signers: Sequence[Signer]) -> None:
    """A key that votes under another name is somebody else's; a name whose key is missing cannot vote.

    Raises:
        ConfigError: It is one of the two.
    """
    own = [signer.public_key for signer in signers]
    for member in validators.members:
        if member.public_key in own and member.name != name:
            raise ConfigError("the key file belongs to another validator", expected=f"the key of {name}")
        if member.name == name and member.public_key not in own:
            raise ConfigError(
                f"{name} votes with another key now",
                found=own[0].hex(),
                expected=member.public_key.hex(),
                hint="name the key file of that key in `key` or `next_key`; when a later set than the stored "
                "chain knows has this key, say `candidate: true`",
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
    largest = largest_new_view_bytes(parameters, genesis.validators)
    if largest > FRAME_BYTES_MAX:
        raise ConfigError(
            "a view change under full load would not fit one message",
            found=f"up to {largest} bytes",
            expected=f"at most {FRAME_BYTES_MAX}",
            hint="lower the parameters batch_records_max or pipeline, or begin with fewer validators",
        )
