"""What a consensus protocol must offer so that the simulator can play it and its judges can watch it.

A port and nothing else. How a core speaks to its driver, events in and effects out, is the contract on
`Output`; here stands what is needed besides. The protocols behind the port are in `protocols`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from govchain.consensus import Output, RestoredState, SignedMessage
from govchain.crypto import Signer, Suite
from govchain.crypto.vote_identity import VoteIdentity
from govchain.model import Genesis, ValidatorSet
from govchain.sim.network import Frame
from govchain.sim.traitors import Plot
from govchain.storage import Store


class CoreStatus(Protocol):
    """What may be observed of a core from outside."""

    @property
    def view(self) -> int:
        """The view that runs; its leader is member `view mod n`."""
        ...

    @property
    def view_changes(self) -> int:
        """Views that failed."""
        ...

    @property
    def stall(self) -> str:
        """What the next height waits for, in one line; empty when nothing is waiting."""
        ...


class Core(Protocol):
    """One validator's order: events of `govchain.consensus` in, an `Output` out."""

    @property
    def validators(self) -> ValidatorSet:
        """Whose messages count now."""
        ...

    @property
    def forgot(self) -> str:
        """Why its vote log is worth nothing; empty when it is what it was."""
        ...

    def start(self, now_ms: int) -> Output: ...

    def judge(self, event: Any, now_ms: int) -> Output:
        """Take an event that was not counted; a message only as the protocol's own `verify` gave it back."""
        ...

    def status(self) -> CoreStatus: ...

    def promises(self) -> list[bytes]:
        """Records that may replace those of the guard."""
        ...


class Traitor(Protocol):
    """How one validator cheats: what leaves it, and what reaches it."""

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        """What really leaves for a validator instead of a frame."""
        ...

    def takes(self, source: int, frame: Frame) -> bool:
        """False for what the validator inside shall never see."""
        ...


@dataclass(frozen=True, slots=True)
class Role:
    """What a traitor has to work with.

    Attributes:
        index: Which validator it is.
        signer: Its first vote key.
        org: Code of the organisation that it is after, if its behaviour has one.
        plot: Shared with all other equivocators.
        draws: Numbers of its own.
        make_twins: Lets the validator run twice.
    """

    index: int
    genesis: Genesis
    suite: Suite
    signer: Signer
    org: str
    plot: Plot
    draws: Iterator[int]
    make_twins: Callable[[], Traitor]


MakeTraitor = Callable[[Role], Traitor]


class ConsensusProtocol(Protocol):
    """A protocol as a whole; one value serves all validators of a run."""

    @property
    def name(self) -> str:
        """As in a scenario's `protocol.consensus`."""
        ...

    @property
    def changes_validators(self) -> bool:
        """Whether validators may join, leave and rotate keys."""
        ...

    @property
    def traitors(self) -> Mapping[str, MakeTraitor]:
        """How its validators can be made to cheat, by the name of the behaviour."""
        ...

    def make_core(
        self, genesis: Genesis, suite: Suite, signers: Sequence[Signer], restored: RestoredState | None
    ) -> Core:
        """A core at genesis, or where `restored` says."""
        ...

    def verify(self, suite: Suite, validators: ValidatorSet, chain_id: bytes, signed: SignedMessage) -> Any:
        """The event that a message is to a core, the same for every validator of the chain and epoch.

        It holds the message, which is remembered by what it is and not by its bytes.

        Raises:
            InvalidInput: Nothing may be done for it.
        """
        ...

    def count(self, cores: Sequence[Any], event: Any) -> list[int]:
        """Let those cores take a message from which nothing follows for them; places of the others.

        They are untouched, and must judge it. None sees anything of another.
        """
        ...

    def identify_vote(self, suite: Suite, signed: SignedMessage) -> VoteIdentity | None:
        """The vote in a message: two digests of one identity are a double vote. None for other messages."""
        ...

    def is_durable(self, disk: Store, height: int, vote: VoteIdentity, signed: SignedMessage) -> bool:
        """Whether a vote that leaves now cannot be contradicted after a crash.

        Args:
            height: Up to which the validator executed.
        """
        ...
