"""One validator under HotStuff: one event in, one bundle of effects out. Dispatch and timers alone live here.

It honours the same contract as the PBFT core, see `Output`; rules are beside it.
"""

from __future__ import annotations

from typing import Final, assert_never

from govchain.consensus import (
    BlockExecuted,
    BlockInstalled,
    CancelTimer,
    EvidenceReceived,
    FetchTransactions,
    Output,
    RestoredState,
    Send,
    SetTimer,
    SignedMessage,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
)
from govchain.crypto import Signer, Suite, chain_id_of, digest_of
from govchain.errors import ProtocolViolation
from govchain.hotstuff.attesting import attest, is_behind, on_attestation, on_certified, uncertified
from govchain.hotstuff.certificates import genesis_certificate
from govchain.hotstuff.committing import ask_block, decide, on_request
from govchain.hotstuff.leading import try_propose
from govchain.hotstuff.messages import (
    BlockProposal,
    BlockRequest,
    BlockVote,
    Heard,
    HotStuffMessage,
    Timeout,
)
from govchain.hotstuff.pacemaker import give_up, on_timeout, promise, say_again, timeout_ms
from govchain.hotstuff.restoring import restore, resume
from govchain.hotstuff.state import HotStuffState, note
from govchain.hotstuff.status import HotStuffStatus, compute_status
from govchain.hotstuff.tree import BlockTree
from govchain.hotstuff.voting import on_proposal, on_vote, try_vote
from govchain.model import Attestation, Genesis, ValidatorSet

HotStuffEvent = (
    Heard
    | TransactionsAvailable
    | TransactionsDropped
    | TimerFired
    | BlockExecuted
    | BlockInstalled
    | EvidenceReceived
)
"""What can happen to a validator: the same as under PBFT, but for the messages."""
ATTESTED_AGAIN_MAX: Final = 4
"""Heights without certificate whose attestations are sent again at once."""
FORWARD_MAX: Final = 64
"""Waiting transactions that are told to coming leaders again at once."""
LEADERS_TOLD: Final = 3
"""This view's leader may be done, the next one down: so many in a row include one who can propose."""


class HotStuff:
    """One validator's order state machine. Never waits, and never raises on foreign input.

    Args:
        signer: Key of its votes; a member of genesis.
        restored: What the store says; None for an empty one.

    Raises:
        StorageFailure: The restored log is not what this validator wrote.
    """

    def __init__(
        self, genesis: Genesis, suite: Suite, signer: Signer, *, restored: RestoredState | None = None
    ) -> None:
        chain_id = chain_id_of(suite, genesis)
        keys = [member.public_key for member in genesis.validators.members]
        head = None if restored is None else restored.head
        height = 0 if head is None else head.height
        self._state = HotStuffState(
            suite=suite,
            parameters=genesis.parameters,
            validators=genesis.validators,
            chain_id=chain_id,
            index=keys.index(signer.public_key),
            signer=signer,
            tree=BlockTree(chain_id),
            high=genesis_certificate(chain_id),
            decided=height,
            decided_time_ms=genesis.time_ms if head is None else head.time_ms,
            head=height,
        )
        self._restored = restored
        if restored is not None:
            restore(self._state, restored)

    @property
    def validators(self) -> ValidatorSet:
        """The members of genesis: this protocol changes none."""
        return self._state.validators

    @property
    def forgot(self) -> str:
        """Empty: its log stays, however much of it was lost (rule HS-8)."""
        return ""

    def status(self) -> HotStuffStatus:
        """Where it stands and what it waits for."""
        return compute_status(self._state)

    def promises(self) -> list[bytes]:
        """The record that may replace all those of the guard."""
        return [promise(self._state)]

    def start(self, now_ms: int) -> Output:
        """What to do on waking up."""
        output = Output()
        if self._restored is not None:
            resume(self._state, self._restored, output)
            self._restored = None
        self._settle(now_ms, output)
        return output

    def judge(self, event: HotStuffEvent, now_ms: int) -> Output:
        """Take one event.

        Args:
            event: What happened; a message only as `Heard`.
            now_ms: The driver's Unix time, used only for the time of batches.
        """
        output, state = Output(), self._state
        if state.diverged_at:
            return output  # Rule CP-3: whoever executes differently must not take part.
        match event:
            case Heard(message=message, signed=signed):
                self._take_message(message, signed, output)
            case TransactionsAvailable(entries=entries):
                state.waiting.add(entries)
            case TransactionsDropped(ids=ids):
                state.waiting.drop(ids)
            case TimerFired(kind=kind, generation=generation):
                self._on_timer(kind, generation, output)
            case BlockExecuted(header=header, header_digest=digest):
                state.head = header.height
                attest(state, header, digest, output)
            case BlockInstalled():
                self._on_installed(event, output)
            case EvidenceReceived():
                pass  # This protocol keeps none: what proves a lie is defined for the messages of PBFT.
            case _:
                assert_never(event)
        self._settle(now_ms, output)
        return output

    def _take_message(self, message: HotStuffMessage, signed: SignedMessage, output: Output) -> None:
        state = self._state
        state.hint = message.validator
        try:
            match message:
                case BlockProposal():
                    on_proposal(state, message, signed, output)
                case BlockVote():
                    on_vote(state, message, signed, output)
                case Timeout():
                    on_timeout(state, message, output)
                case BlockRequest():
                    on_request(state, message, output)
                case Attestation():
                    on_attestation(state, message, signed, output)
                case _:
                    assert_never(message)
        except ProtocolViolation as error:
            facts = {"code": error.code, "rule": error.rule, "peer": str(error.peer)}
            note(output, "rejected", **facts, problem=str(error))

    def _on_installed(self, event: BlockInstalled, output: Output) -> None:
        state, height = self._state, event.header.height
        if height > state.head:
            state.head = height
            state.waiting.decide(event.transaction_ids, height)
            if height > state.decided:
                state.decided, state.decided_time_ms = height, event.header.time_ms
            if event.certificate is None:
                attest(state, event.header, digest_of(state.suite, event.header), output)
        if event.certificate is not None:
            on_certified(state, height)

    def _on_timer(self, kind: TimerKind, generation: int, output: Output) -> None:
        state = self._state
        if kind is TimerKind.VIEW_CHANGE and state.view_timer and generation == state.view_generation:
            state.view_timer = 0
            give_up(state, output)
        elif kind is TimerKind.RETRANSMIT and generation == state.retransmit_generation:
            state.is_retransmit_armed = False
            self._say_again(output)

    def _say_again(self, output: Output) -> None:
        """What may have been lost: votes, attestations, questions, waiting transactions (rule HS-9)."""
        state = self._state
        if state.own_timeout is not None:
            say_again(state, output)
        for height in uncertified(state)[:ATTESTED_AGAIN_MAX]:
            own = state.heights[height].own
            assert own is not None
            output.send.append(Send(own))
            note(output, "uncertified", height=height, peer=state.next_peer())
        if state.wanted is not None:
            ask_block(state, state.wanted, state.next_peer(), output)
        if state.fetching:
            output.fetch.append(FetchTransactions(state.fetching, state.next_peer()))
        # Transactions that are decided leave the pools of others: then only whole blocks help.
        if state.wanted is not None or state.fetching or state.asks_left or is_behind(state):
            state.asks_left = max(0, state.asks_left - 1)
            note(output, "behind", height=state.head + 1, peer=state.next_peer())
        leaders = dict.fromkeys(state.leader(state.view + later) for later in range(LEADERS_TOLD))
        for id_ in state.waiting.oldest(FORWARD_MAX):
            output.forward.extend((id_, peer) for peer in leaders if peer != state.index)

    def _settle(self, now_ms: int, output: Output) -> None:
        """Whatever the event made possible: decide, propose, vote; then ask for what is missing."""
        state = self._state
        asked, state.wanted = state.wanted, None
        if not state.waiting.missing(state.fetching):
            state.fetching = ()
        decide(state, output)
        while try_propose(state, now_ms, output) or try_vote(state, now_ms, output):
            decide(state, output)
        self._ask(asked, output)
        self._arm(output)

    def _ask(self, asked: bytes | None, output: Output) -> None:
        state = self._state
        if state.wanted is not None and state.wanted != asked:
            peer = state.next_peer() if state.hint in (-1, state.index) else state.hint
            ask_block(state, state.wanted, peer, output)

    def _arm(self, output: Output) -> None:
        state = self._state
        if state.validators.size == 1:
            return
        is_waiting = _is_waiting(state)
        if is_waiting and state.view_timer != state.view:
            state.view_timer = state.view
            state.view_generation += 1
            output.timers.append(SetTimer(TimerKind.VIEW_CHANGE, timeout_ms(state), state.view_generation))
        elif not is_waiting and state.view_timer:
            state.view_timer = 0
            output.timers.append(CancelTimer(TimerKind.VIEW_CHANGE))
        if not state.is_retransmit_armed and (is_waiting or state.asks_left or state.heights):
            state.is_retransmit_armed = True
            state.retransmit_generation += 1
            delay_ms = state.parameters.retransmit_ms
            output.timers.append(SetTimer(TimerKind.RETRANSMIT, delay_ms, state.retransmit_generation))


def _is_waiting(state: HotStuffState) -> bool:
    """Something waits to be ordered, or to be committed (rule HS-7)."""
    if len(state.waiting) or state.wanted is not None:
        return True
    newest = state.tree.get(state.high.digest)
    heights = [entry.block.seq for entry in (newest, state.candidate) if entry is not None]
    return max(heights, default=0) > state.decided
