"""Waking up after a crash: own votes come back and are sent again, never others (rules RC-1, RC-3).

No file is read here; the driver hands over what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.consensus.attesting import attest, attest_installed
from govchain.consensus.healing import ask_after_restart, own_messages
from govchain.consensus.messages import Commit, Prepare, Proposal
from govchain.consensus.output import LogEntry, Output, Send
from govchain.consensus.state import ProposalEntry, ReplicaState
from govchain.consensus.verify import verify_message
from govchain.consensus.voting import try_commit, try_prepare
from govchain.crypto import digest_of
from govchain.errors import InvalidInput, StorageFailure
from govchain.model import BlockHeader

PHASES: Final = ("proposal", "prepare", "commit")
"""Phases of log entries in the order in which they are restored."""


@dataclass(frozen=True, slots=True)
class RestoredState:
    """What a driver found in its store."""

    head: BlockHeader | None
    """Header of the last executed block; None at height 0."""
    head_batch_digest: bytes
    """Batch digest at the head; the chain id at height 0."""
    entries: tuple[LogEntry, ...]
    """The vote log above the head, and at every executed height that has no certificate in the store."""
    uncertified: tuple[BlockHeader, ...] = ()
    """Every executed header whose certificate is not in the store, lowest first; the head may be one."""


def restore(state: ReplicaState, entries: tuple[LogEntry, ...]) -> None:
    """Put the vote log back into slots (rule RC-1).

    Raises:
        StorageFailure: An entry is not what this replica wrote; it must not vote on a guess (rule RC-3).
    """
    useful = [entry for entry in entries if entry.seq > state.low]
    state.view = max((entry.view for entry in useful), default=0)
    for entry in sorted(useful, key=_order):
        if entry.view == state.view:
            _restore_entry(state, entry)
    for seq in sorted(state.slots):
        slot = state.slots[seq]
        if seq <= state.head.height and slot.proposal is not None:
            # Executed but not certified: peers may need these votes, since no certificate replaces them.
            slot.is_prepared = slot.is_committed = True
            state.transactions.execute(slot.proposal.message.transaction_ids, seq)
    state.advance_tip()


def compute_low(restored: RestoredState, checkpoint_interval: int) -> int:
    """The highest multiple of K at or below the head that has its certificate (rule CP-2)."""
    head = 0 if restored.head is None else restored.head.height
    uncertified = [header.height for header in restored.uncertified]
    low = head - head % checkpoint_interval
    while low in uncertified:
        low -= checkpoint_interval
    # A store that lost more certificates than that is caught up, not voted out of.
    return max(0, low, head - 2 * checkpoint_interval + 1)


def resume(state: ReplicaState, restored: RestoredState, output: Output) -> None:
    """Send the same votes again, attest what is uncertified, ask for what was missed (rules RC-1, RC-4).

    Bodies of accepted proposals are asked for only when they are needed: the driver may have kept them.
    """
    for header in restored.uncertified:
        attest(state, header, output)
    if restored.head is not None and restored.head.height not in state.heights:
        attest_installed(state, restored.head, output)
    for seq in [seq for seq in sorted(state.slots) if seq > state.head.height]:
        slot = state.slots[seq]
        output.send.extend(Send(signed) for signed in own_messages(state, slot))
        try_prepare(state, slot, output)
        try_commit(state, slot, output)
    ask_after_restart(state, output)


def _order(entry: LogEntry) -> tuple[int, int, int]:
    if entry.phase not in PHASES:
        raise StorageFailure(f"vote log: unknown phase {entry.phase!r} at seq {entry.seq}")
    return entry.seq, PHASES.index(entry.phase), entry.view


def _restore_entry(state: ReplicaState, entry: LogEntry) -> None:
    if entry.seq > state.high:
        raise StorageFailure(f"vote log: seq {entry.seq} lies above the window of head {state.head.height}")
    try:
        message = verify_message(state.suite, state.validators, state.chain_id, entry.signed).message
    except InvalidInput as error:
        raise StorageFailure(f"vote log: {entry.phase} at seq {entry.seq}: {error}") from error
    slot = state.slot(entry.seq)
    if isinstance(message, Proposal | Prepare | Commit) and (message.seq, message.view) == (
        entry.seq,
        entry.view,
    ):
        match message:
            case Proposal() if entry.phase == "proposal" and slot.proposal is None:
                slot.proposal = ProposalEntry(message, entry.signed, digest_of(state.suite, message.batch))
                state.transactions.order(message.transaction_ids, entry.seq)
                return
            case Prepare(validator=state.index, digest=digest) if (
                entry.phase == "prepare" and slot.proposal is not None and digest == slot.proposal.digest
            ):
                slot.own_prepare = entry.signed
                slot.prepares.add(state.index, digest, entry.signed)
                return
            case Commit(validator=state.index, digest=digest) if (
                entry.phase == "commit" and slot.proposal is not None and digest == slot.proposal.digest
            ):
                slot.own_commit = entry.signed
                slot.commits.add(state.index, digest, entry.signed)
                slot.is_prepared = True
                return
            case _:
                pass
    raise StorageFailure(f"vote log: {entry.phase} at seq {entry.seq} is not the message that belongs there")
