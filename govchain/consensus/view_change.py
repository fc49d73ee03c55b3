"""From a view that does not work to the next one (rules VC-1, VC-2, VC-5 to VC-7).

Votes for views are counted here and views are entered here, nowhere else. What a new view takes over is
computed in `new_view`; when to lose patience is decided in `deadlines`.
"""

from __future__ import annotations

from govchain.codec import encode
from govchain.consensus.attesting import take_base
from govchain.consensus.certificates import Judge, check_view_change, verify_view_change
from govchain.consensus.deadlines import disarm_change, disarm_request
from govchain.consensus.messages import Commit, NewView, Prepare, Proposal, SignedMessage, ViewChange
from govchain.consensus.new_view import CheckedNewView, check_new_view, compute_carried, make_proposals
from govchain.consensus.output import VIEW_ENTRY_SEQ, LogEntry, Output, Send
from govchain.consensus.rejection import violation
from govchain.consensus.slots import Wanted
from govchain.consensus.state import ReplicaState, note
from govchain.consensus.voting import carry
from govchain.crypto import digest_of
from govchain.model.ids import View


def judge_of(state: ReplicaState) -> Judge:
    """What certificates of this chain are judged by."""
    return Judge(
        suite=state.suite,
        parameters=state.parameters,
        validators=state.validators,
        chain_id=state.chain_id,
        origin=state.origin,
        in_flight_max=state.in_flight_max,
    )


def start_view_change(state: ReplicaState, view: int, output: Output) -> None:
    """Vote in no lower view any more, and show what was prepared (rules VC-1, VC-2, RC-1)."""
    assert view > max(state.view, state.target), "views only grow (VC-5)"
    if state.is_silent:
        return  # It cannot show what it forgot, and hiding a commit could undo it (RC-2).
    state.target = view
    state.failed_views += 1
    disarm_request(state, output)
    disarm_change(state, output)
    _keep_early_of(state, view)
    shown = sorted(seq for seq in state.prepared if seq <= state.base_height + state.in_flight_max)
    assert len(shown) == len(state.prepared), "nobody votes further than a view change can show (VC-2)"
    message = ViewChange(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        validator=state.index,
        view=view,
        base=state.base,
        prepared=tuple(state.prepared[seq].certificate for seq in shown),
    )
    signed = state.sign(message)
    state.own_view_change = signed
    state.wanted[state.index] = Wanted(view, signed)
    output.persist.append(LogEntry(VIEW_ENTRY_SEQ, "view-change", 0, signed))
    output.send.append(Send(signed))
    note(output, "view-change-started", view=view, base=state.base_height, prepared=len(shown))
    try_new_view(state, output)


def on_view_change(state: ReplicaState, message: ViewChange, signed: SignedMessage, output: Output) -> None:
    """Keep the highest view change of each validator; join a weak quorum that is ahead (rules VC-1, VC-5).

    Raises:
        ProtocolViolation: It shows something that does not verify, or contradicts one for the same view.
    """
    sender = message.validator
    if message.view <= state.view:
        return  # Its sender asks by its next `Progress` for the certificate of this view (VC-6).
    known = state.wanted.get(sender)
    if known is not None and known.view >= message.view:
        if known.view == message.view and known.signed.body != signed.body:
            raise violation("conflicting-view-change", sender, f"second view change to view {message.view}")
        return
    check_view_change(judge_of(state), message)
    state.wanted[sender] = Wanted(message.view, signed)
    try_join(state, output)
    try_new_view(state, output)


def try_join(state: ReplicaState, output: Output) -> None:
    """Join the highest view that a weak quorum of others is at or above: one is honest (rule VC-1)."""
    now = max(state.view, state.target)
    ahead = sorted(wanted.view for wanted in state.wanted.values() if wanted.view > now)
    weak = state.validators.weak_quorum_size
    if len(ahead) >= weak:
        start_view_change(state, ahead[-weak], output)
    elif state.is_changing and state.own_view_change is None:
        # The view change that it promised is forgotten (RC-2); only the next one can count, when others wait.
        waiting = [sender for sender, wanted in state.wanted.items() if wanted.view > state.view]
        if len(waiting) >= weak:
            start_view_change(state, state.target + 1, output)


def try_new_view(state: ReplicaState, output: Output) -> None:
    """As the primary of the wanted view: make its certificate once a quorum wants it (rules VC-3, VC-5)."""
    view = state.target
    if not state.is_changing or state.validators.primary(View(view)) != state.index:
        return
    if state.own_view_change is None:
        return  # It may have made the certificate of this view before, and forgotten it (RC-2).
    senders = [sender for sender in sorted(state.wanted) if state.wanted[sender].view == view]
    if len(senders) < state.validators.quorum_size:
        return
    judge = judge_of(state)
    # A quorum is enough, and bounds the size of the message.
    chosen = [state.wanted[sender].signed for sender in senders[: state.validators.quorum_size]]
    checked = [verify_view_change(judge, signed, view) for signed in chosen]
    good = [each for each in checked if each is not None]
    assert len(good) == len(checked), "view changes were checked on arrival"
    proposals = make_proposals(judge, view, compute_carried(state.origin, good))
    message = NewView(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        validator=state.index,
        view=view,
        view_changes=tuple(chosen),
        proposals=tuple(state.sign(proposal) for proposal in proposals),
    )
    signed = state.sign(message)
    output.persist.append(LogEntry(VIEW_ENTRY_SEQ, "new-view", 0, signed))
    output.send.append(Send(signed))
    enter(state, signed, check_new_view(judge, message), output)


def on_new_view(state: ReplicaState, message: NewView, signed: SignedMessage, output: Output) -> None:
    """Enter a view that proves itself; a lower one than was promised is passed over (rules VC-3, VC-5).

    Raises:
        ProtocolViolation: It does not follow from its view changes, or is a second one for the same view.
    """
    if message.validator != state.validators.primary(View(message.view)):
        raise violation("not-primary", message.validator, f"new view {message.view} of another's")
    if message.view == state.view and state.new_view is not None and signed.body != state.new_view.body:
        raise violation("conflicting-new-view", message.validator, f"second new view {message.view}")
    if message.view <= state.view or message.view < state.target:
        return
    checked = check_new_view(judge_of(state), message)
    output.persist.append(LogEntry(VIEW_ENTRY_SEQ, "new-view", 0, signed))
    enter(state, signed, checked, output)


def enter(state: ReplicaState, signed: SignedMessage, checked: CheckedNewView, output: Output) -> None:
    """Begin a view: drop what was open, take over what it carries (rules VC-3, VC-5).

    A batch that was decided here and is carried with another digest, or not at all, means that more than
    `max_faulty` lie: this replica stops (rule CP-3).
    """
    assert checked.view > state.view
    assert checked.view >= state.target
    disarm_request(state, output)
    disarm_change(state, output)
    problem_seq = _find_contradiction(state, checked)
    if problem_seq:
        state.diverged_at = problem_seq
        own, carried = _digest_at(state, problem_seq), ""
        for entry in checked.proposals:
            carried = entry.digest.hex() if entry.message.seq == problem_seq else carried
        note(output, "diverged", height=problem_seq, own=own.hex(), quorum=carried)
        return
    if checked.base is not None and checked.base_height > state.base_height:
        # A later view may begin lower; how far we vote must not depend on what we forget.
        proof = SignedMessage(encode(checked.base), b"")
        output.persist.append(LogEntry(VIEW_ENTRY_SEQ, "base", 0, proof))
    install(state, signed, checked)
    for entry in checked.proposals:
        if entry.message.seq <= state.decided:
            carry(state, state.slots[entry.message.seq], output)
    take_base(state, output)
    note(output, "view-changed", view=state.view, base=checked.base_height, carried=len(checked.proposals))


def install(state: ReplicaState, signed: SignedMessage, checked: CheckedNewView) -> None:
    """Put the replica into a view; what it carries is parked until its turn comes (rule VC-3)."""
    state.enter_view(checked.view)
    state.target = 0
    state.new_view, state.own_view_change = signed, None
    for sender in [sender for sender, wanted in state.wanted.items() if wanted.view <= state.view]:
        del state.wanted[sender]
    _keep_early_of(state, state.view)
    state.is_batch_due = False
    if checked.base is not None:
        state.certify(checked.base.header, checked.base.certificate)
    state.floor = checked.base_height
    state.carried_to = checked.base_height + len(checked.proposals)
    for seq in sorted(state.slots):
        slot = state.slots[seq]
        slot.own_prepare = slot.own_commit = None
        if seq <= min(state.low, state.floor):
            del state.slots[seq]  # An earlier view began below the window; this one does not.
        elif seq > state.decided:
            del state.slots[seq]
            if slot.proposal is not None:
                state.transactions.release(slot.proposal.message.transaction_ids, seq)
    state.tip = state.decided
    for entry in checked.proposals:
        seq = entry.message.seq
        state.open_slot(seq, entry)


def keep_early(state: ReplicaState, message: Proposal | Prepare | Commit, signed: SignedMessage) -> bool:
    """Keep a vote of the next view until its certificate arrives, a bounded number of each validator."""
    if message.view != (state.target or state.view + 1):
        return False
    votes = state.early.setdefault(message.validator, [])
    ids = message.transaction_ids if isinstance(message, Proposal) else ()
    if len(votes) < 2 * state.in_flight_max and len(ids) <= state.parameters.batch_records_max:
        votes.append((message, signed))
    return True


def take_early(state: ReplicaState) -> list[tuple[Proposal | Prepare | Commit, SignedMessage]]:
    """Votes that were kept for the view that runs now."""
    if state.is_changing:
        return []
    taken = [each for sender in sorted(state.early) for each in state.early[sender]]
    ready = [each for each in taken if each[0].view == state.view]
    if ready:
        state.early = {}
    return ready


def _keep_early_of(state: ReplicaState, view: int) -> None:
    for sender in list(state.early):
        state.early[sender] = [each for each in state.early[sender] if each[0].view == view]


def _find_contradiction(state: ReplicaState, checked: CheckedNewView) -> int:
    """A seq that was decided here and that the new view would decide otherwise; 0 when there is none."""
    carried_to = checked.base_height + len(checked.proposals)
    # What is certified may have been decided in this very view, before we heard of it; and who forgot its
    # votes may have decided in this view when it was in it before (RC-2): certificates judge that.
    settled = max(carried_to, state.base_height)
    if state.decided > settled and not state.is_silent:
        return settled + 1
    if checked.base is not None:
        header = checked.base.header
        record = state.heights.get(header.height)
        own = record.header_digest if record is not None else b""
        if own and own != digest_of(state.suite, header):
            return header.height
    for entry in checked.proposals:
        own = _digest_at(state, entry.message.seq)
        if entry.message.seq <= state.decided and own and own != entry.digest:
            return entry.message.seq
    return 0


def _digest_at(state: ReplicaState, seq: int) -> bytes:
    """Batch digest that was decided at a seq; empty when its log is collected."""
    if seq == state.head.height:
        return state.head.batch_digest
    slot = state.slots.get(seq)
    return slot.proposal.digest if slot is not None and slot.proposal is not None else b""
