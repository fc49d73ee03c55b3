"""What a scenario needs from the world it runs in: virtual time, local processes or a network at an address.

The port alone; each backend is a module beside. One that cannot produce a fault says so and stops.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from govchain.client.answers import TransactionStatus
from govchain.crypto import Signer
from govchain.errors import GovchainError
from govchain.gateway import GatewayPort
from govchain.ledger import RecordState
from govchain.ledger.kinds.key.standing import KeyLife
from govchain.model import Genesis, Transaction, TransactionResult
from govchain.receipt import RecordProof
from govchain.scenario.fault_port import FaultPort
from govchain.scenario.loaded import LoadedScenario

if TYPE_CHECKING:
    from govchain.scenario.traffic import Clerk, Traffic


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A scenario with the keys of one seed: everything that a backend needs to start."""

    loaded: LoadedScenario
    seed: int
    genesis: Genesis
    secrets: Mapping[str, bytes] = field(repr=False)
    """Label to secret: `validator/<name>`, `person/<id>`."""
    signers: Mapping[str, Signer] = field(repr=False)
    """Person id to signer."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One validator at the end of a run."""

    name: str
    is_running: bool
    height: int
    final_height: int
    state_root: bytes
    head_digest: bytes
    view_changes: int = 0
    """Views that failed, in the last epoch."""
    epoch: int = 0
    validators: int = 0
    """Members of the validator set of that epoch."""
    is_honest: bool = True
    """False for a validator that was told to cheat: nothing is demanded of it."""
    lies: int = 0
    """Frames that it sent otherwise than an honest one would, or would not hear."""


class Backend(Protocol):
    """A running network. Methods raise `GovchainError`s only."""

    name: str
    """`sim`, `local` or the address."""

    async def start(self, rehearsal: Rehearsal) -> Rehearsal:
        """Bring the network up, or connect to it; the rehearsal as it will be played there.

        Raises:
            ConfigError: The chain is another one, or this scenario cannot be played here.
            Unavailable: The network did not come up.
        """
        ...

    def now_ns(self) -> int:
        """Nanoseconds since the run began: virtual in the simulator, real elsewhere."""
        ...

    async def advance(self, offset_ns: int) -> None:
        """The story's clock moves to that long after its start. Where time is real, nothing happens."""
        ...

    async def pass_time(self, until_ns: int) -> None:
        """Let everything happen that happens before `now_ns` is that."""
        ...

    def call_at(self, at_ns: int, action: Callable[[], Awaitable[None]]) -> None:
        """Do something when `now_ns` is that, or soon when it was; what it raises comes up in `pass_time`."""
        ...

    def faults(self) -> FaultPort | None:
        """What breaks this network; None where nothing can be broken."""
        ...

    def traffic(self, clerks: list[Clerk]) -> Traffic:
        """A workload on this network, not started."""
        ...

    async def final_ids(self) -> Mapping[str, Set[bytes]]:
        """Ids of the final transactions of every running validator, by its name; for workloads."""
        ...

    async def next_nonce(self, key_id: bytes) -> int:
        """Lowest nonce that the key has not used."""
        ...

    async def height(self) -> int:
        """Height of the chain as one running validator sees it."""
        ...

    async def submit(self, transaction: Transaction, limit_ns: int) -> TransactionStatus:
        """Hand in a transaction and wait until it is final, at most that long.

        Raises:
            InvalidTransaction: No validator may admit it.
            Unavailable: Certainly not done.
        """
        ...

    async def submit_all(
        self, transactions: Sequence[Transaction], limit_ns: int
    ) -> list[TransactionStatus | GovchainError]:
        """Hand in transactions in one moment, at different validators, and wait until all are final.

        An error is what `submit` would raise for that one; the others are not held up by it.
        """
        ...

    async def offer(self, transaction: Transaction) -> TransactionResult | None:
        """Hand in a transaction at the next validator, without waiting; its result, once it is final."""
        ...

    async def record(self, record_type: str, object_id: str) -> RecordState | None:
        """Current state of a record."""
        ...

    async def prove_record(self, record_type: str, object_id: str) -> RecordProof:
        """Current state of a record, proven by a certificate.

        Raises:
            Unavailable: No certificate covers it so far.
        """
        ...

    async def key(self, key_id: bytes) -> KeyLife | None:
        """What became of a signing key; None when the chain does not know it."""
        ...

    async def transaction(self, transaction_id: bytes) -> TransactionStatus | None:
        """What the chain knows of a transaction; None when it knows nothing."""
        ...

    async def receipt(self, transaction_id: bytes) -> bytes | None:
        """Receipt file of a final transaction."""
        ...

    async def receipts(self, transaction_id: bytes) -> Mapping[str, bytes]:
        """Receipt file of a final transaction from every running validator that gives one, by its name."""
        ...

    def gateway(self, org: str) -> GatewayPort:
        """The gateway of an organisation (USCC) that has one in the scenario; it began with the network."""
        ...

    async def settle(self, limit_ns: int) -> None:
        """Let every running validator catch up with the last final block, at most that long."""
        ...

    async def nodes(self) -> list[NodeFacts]: ...

    def is_broken(self) -> bool:
        """A promise of the chain was seen broken: nothing that comes after it matters."""
        ...

    def invariants(self) -> Mapping[str, str]:
        """Invariants that this backend watched itself: name to what was broken, empty when it held."""
        ...

    def digest(self) -> str:
        """Digest over everything observable of the run; empty where there is none."""
        ...

    async def stop(self) -> None:
        """Take the network down, or disconnect. Safe to call twice."""
        ...
