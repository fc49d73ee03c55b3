"""The three phases at one sequence number: accept, prepare, commit, decide (rules NC-2 to NC-6).

`on_<message>` takes a peer's message and raises `ProtocolViolation` when it is refused; `try_<transition>`
moves on when the votes allow it and may be called at any time (rule NC-8). Whether a proposal may be accepted
is judged in `accepting`; when to propose is decided in `proposing`.
"""

from __future__ import annotations

from govchain.codec import encode
from govchain.consensus.accepting import validate_form, validate_place, validate_position, validate_size
from govchain.consensus.deadlines import on_progress_made
from govchain.consensus.evidence import expose
from govchain.consensus.messages import Commit, Prepare, PreparedCertificate, Proposal, SignedMessage
from govchain.consensus.output import Decision, FetchTransactions, LogEntry, Output, Send
from govchain.consensus.rejection import violation
from govchain.consensus.slots import PreparedEntry, ProposalEntry, Slot
from govchain.consensus.state import ReplicaState, note, note_rejection
from govchain.consensus.tally import Ballot
from govchain.crypto import digest_of
from govchain.errors import ProtocolViolation


def on_proposal(
    state: ReplicaState, message: Proposal, signed: SignedMessage, now_ms: int, output: Output
) -> None:
    """Take a proposal from the primary; one that arrives ahead of its parent is parked (rules NC-2, NC-3).

    Raises:
        ProtocolViolation: It breaks NC-1, NC-2, NC-3 or NC-7; nothing was changed.
    """
    validate_position(state, message)
    if message.validator != state.primary:
        raise violation(
            "not-primary", message.validator, f"the primary of view {state.view} is {state.primary}"
        )
    slot = state.slots.get(message.seq)
    known = slot.proposal or slot.parked if slot is not None else None
    if known is not None:
        if known.signed.body != signed.body:
            raise violation("equivocation", message.validator, f"second proposal for seq {message.seq}")
        return
    validate_form(state, message)
    slot = state.slot(message.seq)
    slot.parked = ProposalEntry(message, signed, digest_of(state.suite, message.batch))
    for tally in (slot.prepares, slot.commits):
        for voter, vote in tally.others(slot.parked.digest):
            expose(state, slot, voter, vote, output)
    accept_parked(state, now_ms, output)


def on_prepare(state: ReplicaState, message: Prepare, signed: SignedMessage, output: Output) -> None:
    """Count a backup's prepare (rule NC-4; situations 5, 6, 7).

    Raises:
        ProtocolViolation: Another view, outside the window, from the primary, or a second, different prepare.
    """
    validate_position(state, message)
    if message.validator == state.primary:
        raise violation("primary-prepare", message.validator, "the proposal is the primary's prepare")
    slot = state.slot(message.seq)
    _count(state, slot, message, signed, output)
    try_prepare(state, slot, output)


def on_commit(state: ReplicaState, message: Commit, signed: SignedMessage, output: Output) -> None:
    """Count a commit (rule NC-5).

    Raises:
        ProtocolViolation: Another view, outside the window, or a second, different commit.
    """
    validate_position(state, message)
    slot = state.slot(message.seq)
    _count(state, slot, message, signed, output)
    try_commit(state, slot, output)


def accept_parked(state: ReplicaState, now_ms: int, output: Output) -> None:
    """Accept every parked proposal whose turn has come and whose transactions are all held (rule NC-2)."""
    while (slot := state.slots.get(state.tip + 1)) is not None and (entry := slot.parked) is not None:
        if state.is_changing or slot.seq > state.vote_high or state.tip < state.floor:
            return
        try:
            validate_place(state, entry, now_ms)
            if state.transactions.missing(entry.message.transaction_ids):
                if not slot.is_fetching:
                    fetch_missing(state, slot, output)
                return
            validate_size(state, entry)
        except ProtocolViolation as error:
            slot.parked = None
            note_rejection(output, error, view=state.view, seq=slot.seq)
            return
        accept(state, slot, entry, output)


def accept(state: ReplicaState, slot: Slot, entry: ProposalEntry, output: Output) -> None:
    """Accept a proposal for good and, as a backup, prepare it (rules NC-2, NC-3)."""
    assert slot.proposal is None, "never two proposals for one view and seq (NC-3)"
    assert slot.own_prepare is None, "never two prepares for one view and seq (NC-3)"
    assert entry.message.seq == state.tip + 1
    slot.parked = None
    slot.proposal = entry
    ids, known = entry.message.transaction_ids, state.transactions
    # What a new view took over repeats a transaction only if its first proposer lied; execution denies it.
    known.order([id_ for id_ in ids if known.seq_of(id_) is None], slot.seq)
    state.advance_tip()
    _vote(state, slot, entry, output)


def carry(state: ReplicaState, slot: Slot, output: Output) -> None:
    """Vote again for a batch that was decided here before this view: others may need it (rule VC-3)."""
    entry = slot.parked
    assert entry is not None
    assert slot.seq <= state.decided
    slot.parked = None
    slot.proposal = entry
    _vote(state, slot, entry, output)


def _vote(state: ReplicaState, slot: Slot, entry: ProposalEntry, output: Output) -> None:
    ids = entry.message.transaction_ids
    _persist(state, LogEntry(slot.seq, "proposal", state.view, entry.signed, ids), output)
    if not state.is_primary and not state.is_silent:
        prepare = Prepare(
            chain_id=state.chain_id,
            epoch=state.validators.epoch,
            validator=state.index,
            view=state.view,
            seq=slot.seq,
            digest=entry.digest,
        )
        slot.own_prepare = state.sign(prepare)
        slot.prepares.add(state.index, entry.digest, slot.own_prepare)
        _persist(state, LogEntry(slot.seq, "prepare", state.view, slot.own_prepare), output)
        output.send.append(Send(slot.own_prepare))
    try_prepare(state, slot, output)


def _persist(state: ReplicaState, entry: LogEntry, output: Output) -> None:
    """Carried to a certified height a vote needs no log: the new view on disk fixes it (rules RC-1, VC-3)."""
    if entry.seq > min(state.base_height, state.carried_to):
        output.persist.append(entry)


def try_prepare(state: ReplicaState, slot: Slot, output: Output) -> None:
    """Prepared = proposal and quorum of matching prepares, the proposal being the primary's (rule NC-4).

    In order: the batch before must be prepared in this view or certified, so that whatever is committed
    stands on batches that no view change can lose (rule VC-3). Not while syncing (rule CU-4).
    """
    entry = slot.proposal
    if entry is None or slot.is_prepared or state.is_changing:
        return
    if slot.prepares.count(entry.digest) + 1 < state.quorum_size or not _is_covered(state, slot.seq, entry):
        return
    if state.is_syncing:
        return  # Rule CU-4: the quorum of prepares stays, and is looked at again when the head has moved.
    slot.is_prepared = True
    note(output, "prepared", view=state.view, seq=slot.seq)
    _keep_prepared(state, slot, entry, output)
    if not state.is_silent:
        _commit(state, slot, entry, output)
    try_commit(state, slot, output)
    if (above := state.slots.get(slot.seq + 1)) is not None:
        try_prepare(state, above, output)


def _commit(state: ReplicaState, slot: Slot, entry: ProposalEntry, output: Output) -> None:
    assert slot.own_commit is None, "never two commits for one view and seq"
    commit = Commit(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        validator=state.index,
        view=state.view,
        seq=slot.seq,
        digest=entry.digest,
    )
    slot.own_commit = state.sign(commit)
    slot.commits.add(state.index, entry.digest, slot.own_commit)
    _persist(state, LogEntry(slot.seq, "commit", state.view, slot.own_commit), output)
    output.send.append(Send(slot.own_commit))


def _is_covered(state: ReplicaState, seq: int, entry: ProposalEntry) -> bool:
    """The batch before is certified, or prepared in this view, and it is the parent that the proposal names.

    A certified block may have taken the place of another batch that was accepted before it. A prepare does
    not sign the parent, so a primary can have others vote for the same batch behind the right one; but what
    is shown here with a wrong parent could not be carried over (rule VC-3).
    """
    if seq == state.head.height + 1 and entry.message.parent != state.head.batch_digest:
        return False
    if seq - 1 <= max(state.base_height, state.floor):
        return True
    before = state.slots.get(seq - 1)
    return before is not None and before.is_prepared


def _keep_prepared(state: ReplicaState, slot: Slot, entry: ProposalEntry, output: Output) -> None:
    """The proof is on disk before the commit leaves: a restarted replica must show it (rules VC-2, RC-1)."""
    if slot.seq <= state.base_height:
        return
    others = [signed for _, signed in slot.prepares.votes(entry.digest)]
    prepares = tuple(others[: state.validators.quorum_size - 1])
    state.prepared[slot.seq] = PreparedEntry(state.view, PreparedCertificate(entry.signed, prepares))
    proof = SignedMessage(encode(prepares), b"")
    output.persist.append(LogEntry(slot.seq, "prepared", state.view, proof))


def try_commit(state: ReplicaState, slot: Slot, output: Output) -> None:
    """Committed = prepared and quorum of matching commits (rule NC-5)."""
    if not slot.is_prepared or slot.is_committed:
        return
    assert slot.proposal is not None
    if slot.commits.count(slot.proposal.digest) < state.quorum_size:
        return
    slot.is_committed = True
    note(output, "committed", view=state.view, seq=slot.seq)
    try_decide(state, output)


def try_decide(state: ReplicaState, output: Output) -> None:
    """Hand out committed batches in sequence order, without gaps, each once (rule NC-6; situation 15)."""
    while (slot := state.slots.get(state.decided + 1)) is not None and slot.is_committed:
        entry = slot.proposal
        assert entry is not None
        if state.transactions.missing(entry.message.transaction_ids):
            # Only after a restart: the proposal was accepted before, the bodies are not here yet.
            if not slot.is_fetching:
                fetch_missing(state, slot, output)
            return
        state.decided += 1
        state.moved = state.period
        on_progress_made(state, output, entry.message.transaction_ids)
        output.decide.append(Decision(entry.message.batch, entry.message.transaction_ids))
    assert state.decided <= state.tip


def fetch_missing(state: ReplicaState, slot: Slot, output: Output) -> None:
    """Ask for the transactions that a slot lacks: its proposer first, later all peers in turn (rule NC-2)."""
    entry = slot.proposal or slot.parked
    others = [peer for peer in range(state.validators.size) if peer != state.index]
    missing = state.transactions.missing(entry.message.transaction_ids) if entry is not None else ()
    if entry is None or not missing or not others:
        return
    proposer = entry.message.validator
    is_first = not slot.is_fetching and proposer != state.index
    peer = proposer if is_first else others[state.period % len(others)]
    slot.is_fetching = True
    output.fetch.append(FetchTransactions(missing, peer))


def _count(
    state: ReplicaState, slot: Slot, message: Prepare | Commit, signed: SignedMessage, output: Output
) -> None:
    tally = slot.prepares if isinstance(message, Prepare) else slot.commits
    ballot = tally.add(message.validator, message.digest, signed)
    if ballot is Ballot.CONFLICT:
        raise violation("conflicting-vote", message.validator, f"second vote for seq {message.seq}")
    entry = slot.proposal or slot.parked
    if ballot is Ballot.NEW and entry is not None and entry.digest != message.digest:
        expose(state, slot, message.validator, signed, output)
