"""From one validator set to the next: where an epoch begins and what is taken along (rules MB-2, MB-3).

An epoch is a new run of the protocol above the block that installed its validators. What that block says is
the ledger's business; nothing is signed, counted or sent here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from govchain.codec import decode
from govchain.consensus.deadlines import disarm_change, disarm_request
from govchain.consensus.events import TimerKind
from govchain.consensus.messages import ConsensusMessage, Progress, SignedMessage
from govchain.consensus.output import CancelTimer, Output
from govchain.consensus.state import OBSERVER, ReplicaState, note
from govchain.consensus.verify import MESSAGE_KIND
from govchain.crypto import Signer
from govchain.errors import MalformedBytes
from govchain.model import ValidatorSet

EARLY_MAX: Final = 256
"""Messages of the next epoch that are kept of one peer."""
EARLY_BYTES_MAX: Final = 16 * 1024 * 1024
"""All of them together: they are unverified, and one alone may fill a frame."""


def find_member(validators: ValidatorSet, signers: Sequence[Signer]) -> tuple[int, Signer]:
    """Index and signer of the member that one of these keys belongs to; `OBSERVER` when there is none."""
    for index, member in enumerate(validators.members):
        for signer in signers:
            if member.public_key == signer.public_key:
                return index, signer
    return OBSERVER, signers[0]


def is_epoch_over(state: ReplicaState) -> bool:
    """The block that installs other validators is final here, and every one below it (rule MB-2).

    The old validators certify that block, so its votes are worth something to whoever is late.
    """
    return state.next_validators is not None and state.final >= state.head.height


def begin_epoch(state: ReplicaState, signers: Sequence[Signer], output: Output) -> ReplicaState:
    """The state at the start of the next epoch: view 0 above the head, nothing open (rule MB-2).

    Nobody voted above the head, so nothing of the old epoch can be carried and nothing is lost.
    """
    validators = state.next_validators
    assert validators is not None
    assert validators.epoch == state.validators.epoch + 1
    assert not [seq for seq in state.slots if seq > state.head.height and state.slots[seq].proposal]
    disarm_request(state, output)
    disarm_change(state, output)
    output.timers += [CancelTimer(TimerKind.RETRANSMIT), CancelTimer(TimerKind.BATCH_AGE)]
    index, signer = find_member(validators, signers)
    height = state.head.height
    note(output, "epoch-changed", epoch=validators.epoch, height=height, validators=validators.size)
    return ReplicaState(
        suite=state.suite,
        parameters=state.parameters,
        validators=validators,
        chain_id=state.chain_id,
        index=index,
        signer=signer,
        origin=state.head,
        head=state.head,
        view=0,
        low=height,
        decided=height,
        tip=height,
        final=height,
        floor=height,
        carried_to=height,
        transactions=state.transactions,
        # Timers of the old epoch may still fire: their generations must stay below those to come (VC-4).
        age_generation=state.age_generation,
        period=state.period,
        moved=state.period,
        timer_generation=state.timer_generation,
        # What is forgotten stays so, whoever votes beside us (RC-2).
        silent_to=state.silent_to,
        guarded_to=state.guarded_to,
        forgot=state.forgot,
    )


@dataclass(frozen=True, slots=True)
class EpochGap:
    """What an unverified message of another epoch gives reason to do: ask for blocks, or send some (CU-1)."""

    is_sender_ahead: bool
    final: int | None
    """Height that a sender who is behind names as final in its `Progress`; None in other messages."""


class EarlyMessages:
    """Messages of the next epoch that arrive before it begins here, a bounded number of each peer.

    They are unverified: their validator set may not be known yet. The driver verifies them when it is.
    """

    def __init__(self) -> None:
        self._by_peer: dict[str | int, list[SignedMessage]] = {}

    def keep(self, peer: str | int, signed: SignedMessage, epoch: int) -> EpochGap | None:
        """Keep a message when it is of the epoch after this one and there is room; what else it tells.

        None says that it is no message of another epoch at all.
        """
        try:
            message: ConsensusMessage = decode(signed.body, MESSAGE_KIND)
        except MalformedBytes:
            return None
        if message.epoch == epoch:
            return None
        kept = self._by_peer.setdefault(peer, [])
        size_bytes = sum(len(each.body) for each in kept) + len(signed.body)
        if message.epoch == epoch + 1 and len(kept) < EARLY_MAX and size_bytes <= EARLY_BYTES_MAX:
            kept.append(signed)
        final = message.final if isinstance(message, Progress) else None
        return EpochGap(message.epoch > epoch, final)

    def take(self) -> list[tuple[str | int, SignedMessage]]:
        """Everything that was kept, in the order of the peers' first messages; forgets it."""
        taken = [(peer, signed) for peer, kept in self._by_peer.items() for signed in kept]
        self._by_peer = {}
        return taken
