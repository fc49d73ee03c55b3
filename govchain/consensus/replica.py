"""The replica: one event in, one bundle of effects out. The core's only entrance.

Dispatch alone lives here, and the one place where a peer's fault becomes a note. Rules are beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Final, assert_never

from govchain.consensus.attesting import advance_final, on_attestation
from govchain.consensus.counting import count_vote
from govchain.consensus.deadlines import arm_deadline, on_change_timer, on_request_timer
from govchain.consensus.epochs import begin_epoch, find_member, is_epoch_over
from govchain.consensus.events import (
    BlockExecuted,
    BlockInstalled,
    Event,
    EvidenceReceived,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
    Verified,
)
from govchain.consensus.evidence import on_evidence, witness, witness_shown
from govchain.consensus.executed import on_block_executed, on_block_installed
from govchain.consensus.guard import SignGuard
from govchain.consensus.healing import arm_retransmit, on_progress, on_retransmit
from govchain.consensus.messages import (
    Commit,
    ConsensusMessage,
    NewView,
    Prepare,
    Progress,
    Proposal,
    SignedMessage,
    ViewChange,
)
from govchain.consensus.observing import arm_observer, observe
from govchain.consensus.output import NOTHING, Output
from govchain.consensus.proposing import on_batch_age, try_propose
from govchain.consensus.rejection import violation
from govchain.consensus.restoring import RestoredState, compute_low, keep_promised_view, restore, resume
from govchain.consensus.slots import Position
from govchain.consensus.state import ReplicaState, note, note_rejection
from govchain.consensus.status import ReplicaStatus, compute_status
from govchain.consensus.verify import validate_origin
from govchain.consensus.view_change import (
    keep_early,
    on_new_view,
    on_view_change,
    start_view_change,
    take_early,
)
from govchain.consensus.voting import (
    accept_parked,
    on_commit,
    on_prepare,
    on_proposal,
    try_decide,
    try_prepare,
)
from govchain.crypto import Signer, Suite, chain_id_of
from govchain.errors import ProtocolViolation
from govchain.model import Attestation, BlockHeader, Genesis

_NOBODY: Final[frozenset[int]] = frozenset()
_state_of: Final[Callable[[Replica], ReplicaState]] = attrgetter("_state")


class Replica:
    """One validator's order state machine.

    It never waits, reads a clock, touches disk or network, and never raises on foreign input. It raises
    `StorageFailure` rather than sign what contradicts its guard (rule RC-2): the driver stops then.

    Attributes:
        validators: The set of the epoch that runs here: whose messages count (rule MB-3).
    """

    def __init__(
        self,
        genesis: Genesis,
        suite: Suite,
        signer: Signer,
        *,
        spare_signers: Sequence[Signer] = (),
        restored: RestoredState | None = None,
    ) -> None:
        """A replica at genesis, or where `restored` says; call `start` once before anything else.

        It votes in those epochs whose validator set has one of its keys, and observes in the others (MB-2).

        Args:
            signer: Key of its votes.
            spare_signers: Keys that a later validator set may name instead, for a rotation (rule MB-4).
            restored: What the store says; None for an empty one.

        Raises:
            StorageFailure: The restored vote log or guard is not what this replica wrote (rule RC-3).
        """
        self._signers = (signer, *spare_signers)
        self._restored = restored
        self._state = _initial_state(genesis, suite, self._signers, restored)
        self.validators = self._state.validators
        self._guard = SignGuard(suite, () if restored is None else restored.promises)
        self._adopted: list[bytes] = []
        self._judged = 0
        if restored is not None:
            self._adopted = restore(self._state, restored, self._guard)

    def start(self, now_ms: int) -> Output:
        """What to do on waking up: after a restart, the same votes again (rule RC-1)."""
        output, self._judged, state = Output(), 0, self._state
        if self._restored is not None:
            resume(state, self._restored, output)
            self._restored = None
        output.promises += self._adopted
        if state.forgot:
            note(output, "silenced", until=state.silent_to, view=state.target, reason=state.forgot)
        self._end(now_ms, output)
        return output

    def handle(self, event: Event, now_ms: int) -> Output:
        """Take one event.

        Args:
            event: What happened.
            now_ms: The driver's Unix time, used only for the time of own proposals and the drift of others'.
        """
        if isinstance(event, Verified) and not count_vote((self._state,), event.message, event.signed):
            return NOTHING
        return self.judge(event, now_ms)

    @staticmethod
    def count(replicas: Iterable[Replica], event: Verified) -> list[int]:
        """Count a vote where that is all that it comes to: there `handle` would return `NOTHING` (rule NC-8).

        Returns the places of the replicas that must judge it; nothing was changed there.
        """
        # What a vote does not complete makes nothing possible, so nothing has to be settled.
        return count_vote(list(map(_state_of, replicas)), event.message, event.signed)

    def judge(self, event: Event, now_ms: int) -> Output:
        """What `handle` does with all that is not only counted."""
        state, self._judged = self._state, 0
        if state.diverged_at:
            return Output()  # Rule CP-3: a replica that executes differently must not take part.
        output = Output()
        if isinstance(event, Verified) and state.is_member:
            self._take_message(event.message, event.signed, now_ms, output)
        else:
            self._take_happening(event, output)
        self._end(now_ms, output)
        return output

    def status(self) -> ReplicaStatus:
        """Where it stands and what it waits for."""
        return compute_status(self._state)

    @property
    def forgot(self) -> str:
        """What the store forgot of what was signed, until it votes again; its vote log is worth nothing."""
        return self._state.forgot

    def promises(self) -> list[bytes]:
        """Records that may replace all those of the guard: what is certified by now needs none (RC-2)."""
        return self._guard.records()

    def _end(self, now_ms: int, output: Output) -> None:
        if not self._state.diverged_at:
            self._settle(now_ms, output)
        state = self._state
        if output.persist or state.silent_to:
            self._promise(output)
        # The first open vote arms the timer. During a view change no view is current (rule VC-1), and a
        # replica that executes differently must not take part (rule CP-3).
        is_counting = state.is_retransmit_armed and not state.target and not state.diverged_at
        state.counted = state.peers if is_counting else _NOBODY

    def _promise(self, output: Output) -> None:
        """Have the guard judge what is to be made durable and was not judged yet (rule RC-2)."""
        state = self._state
        if len(output.persist) > self._judged:
            entries = output.persist[self._judged :]
            output.promises += self._guard.admit(entries, index=state.index, certified=state.base_height)
        if state.is_silent:
            output.promises += self._guard.fall_silent(state.silent_to)

    def _begin_epoch(self, output: Output) -> ReplicaState:
        self._promise(output)
        self._judged = len(output.persist)
        state = self._state = begin_epoch(self._state, self._signers, output)
        self.validators = state.validators
        keep_promised_view(state, self._guard)
        return state

    def _take_happening(self, event: Event, output: Output) -> None:
        state = self._state
        if isinstance(event, BlockInstalled) and event.header.epoch > state.epoch and state.next_validators:
            # A block above the boundary is certified: certificates missing below it come from others.
            state = self._begin_epoch(output)
        if not state.is_member:
            observe(state, event, output)
            return
        assert not isinstance(event, Verified), "messages are taken elsewhere"
        match event:
            case TransactionsAvailable(entries=entries):
                state.transactions.add(entries, state.head.height)
            case TransactionsDropped(ids=ids):
                state.transactions.drop(ids)
            case TimerFired(kind=kind, generation=generation):
                self._on_timer(kind, generation, output)
            case BlockExecuted():
                on_block_executed(state, event, output)
            case BlockInstalled():
                on_block_installed(state, event, output)
            case EvidenceReceived():
                on_evidence(state, event, output)
            case _:
                assert_never(event)

    def _on_timer(self, kind: TimerKind, generation: int, output: Output) -> None:
        state = self._state
        match kind:
            case TimerKind.BATCH_AGE:
                on_batch_age(state, generation)
            case TimerKind.RETRANSMIT:
                on_retransmit(state, generation, output)
            case TimerKind.REQUEST:
                if on_request_timer(state, generation, output):
                    start_view_change(state, state.view + 1, output)
            case TimerKind.VIEW_CHANGE:
                if on_change_timer(state, generation):
                    start_view_change(state, state.target + 1, output)
            case _:
                assert_never(kind)

    def _take_message(
        self, message: ConsensusMessage, signed: SignedMessage, now_ms: int, output: Output
    ) -> None:
        state = self._state
        try:
            # The verifier checked this already; the core does not depend on it (rule MS-1).
            if (
                message.validator not in state.peers
                or message.epoch != state.epoch
                or message.chain_id != state.chain_id
            ):
                validate_origin(state.validators, state.chain_id, message)
                raise violation("own-message", message.validator, "a peer sent a message of our own")
            witness(state, message, signed, output)
            match message:
                case Prepare() | Commit() | Proposal() if message.view > state.view and keep_early(
                    state, message, signed
                ):
                    pass
                case Prepare():
                    on_prepare(state, message, signed, output)
                case Commit():
                    on_commit(state, message, signed, output)
                case Attestation():
                    on_attestation(state, message, signed, output)
                case Proposal():
                    on_proposal(state, message, signed, now_ms, output)
                case Progress():
                    on_progress(state, message, output)
                case ViewChange():
                    on_view_change(state, message, signed, output)
                    witness_shown(state, message, output)
                case NewView():
                    on_new_view(state, message, signed, output)
                case _:
                    assert_never(message)
        except ProtocolViolation as error:
            note_rejection(output, error)

    def _settle(self, now_ms: int, output: Output) -> None:
        """Whatever the event made possible: accept, decide, propose; then see to the timers."""
        state = self._state
        if state.forgot and not state.is_silent:
            state.forgot = ""
            note(output, "voting-again", height=state.base_height)
        head = state.head.height
        if state.final < head:
            advance_final(state)
        if state.next_validators is not None and is_epoch_over(state):
            state = self._begin_epoch(output)
        if not state.is_member:
            arm_observer(state, output)
            return
        if state.tip < state.slots_to:
            accept_parked(state, now_ms, output)
        if state.early:
            for message, signed in take_early(state):
                self._take_message(message, signed, now_ms, output)
        above = state.slots.get(state.base_height + 1) if state.base_height < state.tip else None
        if above is not None and not above.is_prepared:
            try_prepare(state, above, output)  # What it waited for may have been certified.
        if state.decided < state.tip:
            try_decide(state, output)
        if state.is_primary or state.is_age_armed:
            try_propose(state, now_ms, output)
        if not state.is_retransmit_armed:
            arm_retransmit(state, output)
        arm_deadline(state, output)
        head = state.head.height
        assert state.low <= head <= state.decided <= state.tip <= state.high
        assert state.final <= head


def _initial_state(
    genesis: Genesis, suite: Suite, signers: Sequence[Signer], restored: RestoredState | None
) -> ReplicaState:
    chain_id = chain_id_of(suite, genesis)
    head = origin = Position(0, chain_id, genesis.time_ms)
    validators, low = genesis.validators, 0
    if restored is not None and restored.head is not None:
        head = _position(restored.head)
        assert restored.head.batch_digest == restored.head_batch_digest
    if restored is not None:
        validators = restored.validators or validators
        origin = origin if restored.origin is None else _position(restored.origin)
        low = compute_low(restored, genesis.parameters.checkpoint_interval)
    index, signer = find_member(validators, signers)
    return ReplicaState(
        suite=suite,
        parameters=genesis.parameters,
        validators=validators,
        chain_id=chain_id,
        index=index,
        signer=signer,
        origin=origin,
        head=head,
        view=0,
        low=low,
        decided=head.height,
        tip=head.height,
        final=head.height,
        floor=origin.height,
        carried_to=origin.height,
    )


def _position(header: BlockHeader) -> Position:
    return Position(header.height, header.batch_digest, header.time_ms)
