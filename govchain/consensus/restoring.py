"""Waking up after a crash: own votes come back and are sent again, never others (rules RC-1, RC-3).

No file is read here; the driver hands over what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.codec import decode
from govchain.consensus.attesting import attest, attest_installed
from govchain.consensus.certificates import check_prepared
from govchain.consensus.guard import SignGuard
from govchain.consensus.healing import ask_after_restart, own_messages
from govchain.consensus.messages import (
    CertifiedHeader,
    Commit,
    ConsensusMessage,
    NewView,
    Prepare,
    PreparedCertificate,
    Proposal,
    SignedMessage,
    ViewChange,
)
from govchain.consensus.new_view import check_new_view
from govchain.consensus.output import VIEW_ENTRY_SEQ, LogEntry, Output, Send
from govchain.consensus.slots import PreparedEntry, ProposalEntry, Wanted
from govchain.consensus.state import ReplicaState
from govchain.consensus.verify import MESSAGE_KIND, verify_message
from govchain.consensus.view_change import install, judge_of
from govchain.consensus.voting import carry, try_commit, try_prepare
from govchain.crypto import digest_of, verify_finality
from govchain.errors import BadProof, InvalidInput, MalformedBytes, ProtocolViolation, StorageFailure
from govchain.model import BlockHeader, FinalityCertificate, ValidatorSet

PHASES: Final = ("proposal", "prepare", "prepared", "commit")
"""Phases of log entries in the order in which they are restored."""
VIEW_PHASES: Final = ("base", "new-view", "view-change")


@dataclass(frozen=True, slots=True)
class RestoredState:
    """What a driver found in its store."""

    head: BlockHeader | None
    """Header of the last executed block; None at height 0."""
    head_batch_digest: bytes
    """Batch digest at the head; the chain id at height 0."""
    entries: tuple[LogEntry, ...]
    """The vote log above the head, and at every executed height that has no certificate in the store."""
    certified: tuple[BlockHeader, FinalityCertificate] | None = None
    """The highest header whose certificate is in the store; None when there is none."""
    uncertified: tuple[BlockHeader, ...] = ()
    """Every executed header whose certificate is not in the store, lowest first; the head may be one."""
    promises: tuple[bytes, ...] = ()
    """Records of the guard, oldest first, also when the store is empty (rule RC-2)."""
    validators: ValidatorSet | None = None
    """Set of the epoch that runs; None while it is that of genesis.

    The next epoch runs once the block that installs its set, and every one below it, has its certificate."""
    origin: BlockHeader | None = None
    """Header of the block that installed `validators`; None while they are those of genesis."""
    next_validators: ValidatorSet | None = None
    """Set that the head installs, while the epoch of the head still runs (rule MB-2)."""


def restore(state: ReplicaState, restored: RestoredState, guard: SignGuard) -> list[bytes]:
    """Put certificates and the vote log back (rule RC-1); records that the guard lacks (rule RC-2).

    Raises:
        StorageFailure: An entry is not what this replica wrote; it must not vote on a guess (rule RC-3).
    """
    state.next_validators = restored.next_validators
    if restored.certified is not None and restored.certified[0].height > state.origin.height:
        state.certify(*restored.certified)
    certified = max(state.base_height, 0 if restored.certified is None else restored.certified[0].height)
    gap = guard.find_gap(restored.entries, epoch=state.validators.epoch, certified=certified)
    adopted: list[bytes] = []
    if gap:
        # Half a memory is none: every vote in it lies below the height from which on it votes again.
        fall_silent(state, guard, gap)
    elif state.is_member:
        _restore_log(state, restored.entries)
        adopted = guard.adopt(restored.entries, index=state.index, certified=state.base_height)
    uncertified = [header.height for header in _of_this_epoch(state, restored)]
    state.final = min([state.head.height, *[height - 1 for height in uncertified]])
    return adopted


def _restore_log(state: ReplicaState, entries: tuple[LogEntry, ...]) -> None:
    useful = sorted((entry for entry in entries if state.low < entry.seq < VIEW_ENTRY_SEQ), key=_order)
    about_views = [entry for entry in entries if entry.seq == VIEW_ENTRY_SEQ]
    _restore_views(state, [entry for entry in about_views if not _is_of_old_epoch(state, entry)])
    proposals = {(entry.seq, entry.view): entry.signed for entry in useful if entry.phase == "proposal"}
    for entry in useful:
        if entry.view > state.view:
            raise StorageFailure(f"vote log: {entry.phase} at seq {entry.seq} of view {entry.view} unentered")
        if entry.phase == "prepared":
            _restore_prepared(state, entry, proposals.get((entry.seq, entry.view)))
        elif entry.view == state.view:
            _restore_entry(state, entry)
    for seq in sorted(state.slots):
        slot = state.slots[seq]
        if seq <= state.head.height and slot.proposal is not None:
            # Executed but not certified: peers may need these votes, since no certificate replaces them.
            # What this view took over is voted on once more.
            slot.is_prepared = slot.is_committed = slot.is_prepared or seq > state.carried_to
            state.transactions.execute(slot.proposal.message.transaction_ids, seq)
    state.advance_tip()


def _restore_views(state: ReplicaState, entries: list[LogEntry]) -> None:
    """The view that was entered, and the one that was promised above it (rules VC-5, RC-1)."""
    by_phase = {entry.phase: entry.signed for entry in entries}
    if len(by_phase) != len(entries) or any(phase not in VIEW_PHASES for phase in by_phase):
        raise StorageFailure("vote log: unknown entries about views")
    if (signed := by_phase.get("base")) is not None:
        try:
            base = decode(signed.body, CertifiedHeader)
            verify_finality(state.suite, state.validators, base.certificate, base.header)
        except (MalformedBytes, BadProof) as error:
            raise StorageFailure(f"vote log: the base of a view: {error}") from error
        state.certify(base.header, base.certificate)
    if (signed := by_phase.get("new-view")) is not None:
        message = _verify(state, signed, "new-view")
        if not isinstance(message, NewView):
            raise StorageFailure("vote log: its new view is another message")
        try:
            checked = check_new_view(judge_of(state), message)
        except ProtocolViolation as error:
            raise StorageFailure(f"vote log: the certificate of view {message.view}: {error}") from error
        install(state, signed, checked)
    if (signed := by_phase.get("view-change")) is not None:
        message = _verify(state, signed, "view-change")
        if not isinstance(message, ViewChange) or message.validator != state.index:
            raise StorageFailure("vote log: its view change is another message")
        if message.view > state.view:
            state.target = message.view
            state.own_view_change = signed
            state.wanted[state.index] = Wanted(message.view, signed)


def _is_of_old_epoch(state: ReplicaState, entry: LogEntry) -> bool:
    """Entries about views are replaced, not removed: those of an epoch that is over say nothing."""
    try:
        if entry.phase == "base":
            return decode(entry.signed.body, CertifiedHeader).header.epoch < state.validators.epoch
        epoch: int = decode(entry.signed.body, MESSAGE_KIND).epoch
    except MalformedBytes as error:
        raise StorageFailure(f"vote log: {entry.phase}: {error}") from error
    return epoch < state.validators.epoch


def _of_this_epoch(state: ReplicaState, restored: RestoredState) -> list[BlockHeader]:
    """Executed headers without certificate; those of an epoch that is over are fetched by the driver."""
    return [header for header in restored.uncertified if header.height > state.origin.height]


def _restore_prepared(state: ReplicaState, entry: LogEntry, proposal: SignedMessage | None) -> None:
    """Prepares of others belong to the proposal of their seq and view (rule VC-2)."""
    if proposal is None:
        raise StorageFailure(f"vote log: prepares at seq {entry.seq} view {entry.view} without a proposal")
    try:
        certificate = PreparedCertificate(proposal, decode(entry.signed.body, tuple[SignedMessage, ...]))
        check_prepared(judge_of(state), certificate, state.index, entry.view + 1)
    except (MalformedBytes, ProtocolViolation) as error:
        raise StorageFailure(f"vote log: prepares at seq {entry.seq} view {entry.view}: {error}") from error
    known = state.prepared.get(entry.seq)
    if entry.seq > state.base_height and (known is None or known.view < entry.view):
        state.prepared[entry.seq] = PreparedEntry(entry.view, certificate)


def _verify(state: ReplicaState, signed: SignedMessage, what: str) -> ConsensusMessage:
    try:
        return verify_message(state.suite, state.validators, state.chain_id, signed).message
    except InvalidInput as error:
        raise StorageFailure(f"vote log: {what}: {error}") from error


def fall_silent(state: ReplicaState, guard: SignGuard, gap: str) -> None:
    """The store forgot what was signed: sign nothing that could contradict it (rules RC-2, CU-4).

    It follows and executes, and asks others for blocks. From the height on that the guard names, certified by
    others, its votes cannot meet its old ones; views below the promised one never get a vote of it.
    """
    state.forgot = gap
    state.guarded_to = guard.highest
    state.silent_to = max(guard.highest, guard.silence)
    keep_promised_view(state, guard)


def keep_promised_view(state: ReplicaState, guard: SignGuard) -> None:
    """Vote in no view of this epoch below the one that the guard names, whatever the store forgot (RC-2)."""
    epoch, view = guard.promised
    if epoch == state.validators.epoch and view > max(state.view, state.target):
        state.target = view


def compute_low(restored: RestoredState, checkpoint_interval: int) -> int:
    """The highest multiple of K at or below the head that has its certificate (rule CP-2)."""
    head = 0 if restored.head is None else restored.head.height
    uncertified = [header.height for header in restored.uncertified]
    origin = 0 if restored.origin is None else restored.origin.height
    low = head - head % checkpoint_interval
    while low in uncertified:
        low -= checkpoint_interval
    # A store that lost more certificates than that is caught up, not voted out of.
    return max(origin, low, head - 2 * checkpoint_interval)


def resume(state: ReplicaState, restored: RestoredState, output: Output) -> None:
    """Send the same votes again, attest what is uncertified, ask for what was missed (rules RC-1, RC-4).

    Bodies of accepted proposals are asked for only when they are needed: the driver may have kept them.
    """
    if not state.is_member:
        return
    for header in _of_this_epoch(state, restored):
        attest(state, header, digest_of(state.suite, header), output)
    head = restored.head
    if head is not None and head.height > state.origin.height and head.height not in state.heights:
        attest_installed(state, head, output)
    if state.own_view_change is not None:
        output.send.append(Send(state.own_view_change))
    for seq in [seq for seq in sorted(state.slots) if seq <= state.head.height]:
        slot = state.slots[seq]
        if slot.proposal is None and slot.parked is not None and not state.is_changing:
            carry(state, slot, output)
    for seq in [seq for seq in sorted(state.slots) if seq > min(state.head.height, state.floor)]:
        slot = state.slots[seq]
        if seq <= state.head.height and seq > state.carried_to:
            continue
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
    message = _verify(state, entry.signed, f"{entry.phase} at seq {entry.seq}")
    slot = state.slot(entry.seq)
    if isinstance(message, Proposal | Prepare | Commit) and (message.seq, message.view) == (
        entry.seq,
        entry.view,
    ):
        match message:
            case Proposal() if (
                entry.phase == "proposal"
                and slot.proposal is None
                and (slot.parked is None or slot.parked.signed == entry.signed)
            ):
                slot.parked = None
                slot.proposal = ProposalEntry(message, entry.signed, digest_of(state.suite, message.batch))
                ids, known = message.transaction_ids, state.transactions
                known.order([id_ for id_ in ids if known.seq_of(id_) is None], entry.seq)
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
