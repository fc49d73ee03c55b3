"""Which block gets a vote, and what votes come to (rules HS-2, HS-4, HS-5). Jolteon: Vote."""

from __future__ import annotations

from govchain.consensus import FetchTransactions, LogEntry, Output, Send, SignedMessage
from govchain.crypto import compute_root, digest_of
from govchain.errors import ProtocolViolation
from govchain.hotstuff.messages import Block, BlockProposal, BlockVote, QuorumCertificate, TimeoutCertificate
from govchain.hotstuff.pacemaker import keep_signed, see_certificate, see_timeouts
from govchain.hotstuff.rejection import refuse
from govchain.hotstuff.state import HotStuffState, kept_height, note
from govchain.hotstuff.tree import Entry, Path
from govchain.model import Vote


def is_safe(block: Block, timeout: TimeoutCertificate | None) -> bool:
    """The lock (rule HS-4): a block extends the view before it, or all that a quorum had locked on.

    Whatever was committed was certified, and a quorum knew the certificate before it voted on. So every
    certificate of timeouts shows one as high, and nothing that is built on less gets a vote.
    """
    if block.is_direct:
        return True
    return timeout is not None and timeout.view + 1 == block.view and block.justify.view >= timeout.high_view


def on_proposal(state: HotStuffState, message: BlockProposal, signed: SignedMessage, output: Output) -> None:
    """Learn from its certificates and keep the block; it may be one of the past (rules HS-3, HS-5).

    Raises:
        ProtocolViolation: The leader proposed another block in this view.
    """
    see_certificate(state, message.block.justify, output)
    see_timeouts(state, message.timeout, output)
    entry = Entry(digest_of(state.suite, message.block), message, signed)
    first = state.tree.of_view(message.block.view)
    if first is not None and first != entry.digest and entry.digest not in (state.wanted, state.high.digest):
        raise refuse("two-blocks", message.validator, f"a second block in view {message.block.view}")
    state.tree.add(entry)
    if message.validator == state.index:
        # Others still have what this validator's disk may have lost; it proposes nothing else in that view.
        keep_block(entry, output)
    if message.block.view == state.view and state.candidate is None:
        state.candidate = entry


def try_vote(state: HotStuffState, now_ms: int, output: Output) -> bool:
    """Vote for the block of this view once everything it stands on is here; True when it did (rule HS-4)."""
    entry = state.candidate
    if entry is None or state.voted_view >= state.view or state.is_silent:
        return False
    if not is_safe(entry.block, entry.proposal.timeout):
        return _refuse(
            state, refuse("unsafe-block", entry.proposal.validator, "below what was locked"), output
        )
    path = state.tree.path(entry.block.justify.digest, state.decided)
    if path.missing is not None:
        state.wanted = state.wanted or path.missing
        return False
    try:
        _check_place(state, entry, path, now_ms)
    except ProtocolViolation as error:
        return _refuse(state, error, output)
    missing = state.waiting.missing(entry.block.transaction_ids)
    if missing:
        fetch(state, missing, entry.proposal.validator, output)
        return False
    _vote(state, entry, output)
    return True


def keep_block(entry: Entry, output: Output) -> None:
    """Have the log hold a block, as long as it may be needed after a restart (rule HS-8)."""
    block = entry.block
    output.persist.append(
        LogEntry(kept_height(block), "proposal", block.view, entry.signed, block.transaction_ids)
    )


def fetch(state: HotStuffState, missing: tuple[bytes, ...], peer: int, output: Output) -> None:
    """Ask for transactions, once; the retransmit timer asks others."""
    if missing != state.fetching:
        state.fetching = missing
        chosen = state.next_peer() if peer == state.index else peer
        output.fetch.append(FetchTransactions(missing, chosen))


def _refuse(state: HotStuffState, error: ProtocolViolation, output: Output) -> bool:
    state.candidate = None
    note(output, "rejected", code=error.code, rule=error.rule, peer=str(error.peer), problem=str(error))
    return False


def _check_place(state: HotStuffState, entry: Entry, path: Path, now_ms: int) -> None:
    """The block follows from its parent, and its batch from the blocks below (rule HS-5)."""
    block, peer = entry.block, entry.proposal.validator
    parent = state.tree.get(block.justify.digest)
    parent_seq = 0 if parent is None else parent.block.seq
    if parent_seq < state.decided:
        raise refuse("unsafe-block", peer, f"built on height {parent_seq}, decided {state.decided}")
    if block.parent_seq != parent_seq:
        raise refuse("bad-block", peer, f"seq {block.seq} on height {parent_seq}")
    if block.batch is None:
        if block.transaction_ids:
            raise refuse("bad-block", peer, "transactions without a batch")
        return
    _check_batch(state, block, peer)
    batches = [each.block.batch for each in path.entries if each.block.batch is not None]
    before_ms = batches[-1].time_ms if batches else state.decided_time_ms
    if not before_ms <= block.batch.time_ms <= max(now_ms + state.parameters.clock_drift_ms, before_ms):
        raise refuse("bad-block", peer, f"time {block.batch.time_ms} after {before_ms}, now {now_ms}")
    taken = {id_ for each in path.entries for id_ in each.block.transaction_ids}
    for id_ in block.transaction_ids:
        if id_ in taken or state.waiting.is_decided(id_):
            raise refuse("bad-block", peer, f"transaction {id_.hex()[:12]} is in a block below")


def _check_batch(state: HotStuffState, block: Block, peer: int) -> None:
    batch, ids = block.batch, block.transaction_ids
    assert batch is not None
    if (batch.chain_id, batch.epoch) != (state.chain_id, state.validators.epoch):
        raise refuse("bad-block", peer, "the batch is of another chain or epoch")
    if (batch.seq, batch.proposer) != (block.seq, peer):
        raise refuse("bad-block", peer, f"batch of seq {batch.seq} by {batch.proposer} at seq {block.seq}")
    if not 1 <= len(ids) <= state.parameters.batch_records_max or batch.transaction_count != len(ids):
        raise refuse("bad-block", peer, f"count {batch.transaction_count} for {len(ids)} transactions")
    if len(dict.fromkeys(ids)) != len(ids) or batch.transactions_root != compute_root(state.suite, ids):
        raise refuse("bad-block", peer, f"the root of seq {block.seq} is not that of its transactions")


def _vote(state: HotStuffState, entry: Entry, output: Output) -> None:
    block = entry.block
    vote = BlockVote(state.chain_id, state.validators.epoch, state.index, block.view, entry.digest)
    state.own_vote = state.sign(vote)
    state.voted_view = block.view
    keep_block(entry, output)
    keep_signed(state, "vote", state.own_vote, output)
    collector = state.leader(block.view + 1)
    if collector == state.index:
        on_vote(state, vote, state.own_vote, output)
    else:
        state.votes[state.index] = (vote, state.own_vote.signature)
        output.send.append(Send(state.own_vote, to=collector))


def on_vote(state: HotStuffState, message: BlockVote, signed: SignedMessage, output: Output) -> None:
    """Count a vote; a quorum for one block is its certificate (rule HS-2). The first of a view counts."""
    known = state.votes.get(message.validator)
    if known is not None and known[0].view >= message.view:
        return
    state.votes[message.validator] = (message, signed.signature)
    if message.view <= state.high.view:
        return
    votes = tuple(
        Vote(voter, signature)
        for voter, (vote, signature) in sorted(state.votes.items())
        if (vote.view, vote.digest) == (message.view, message.digest)
    )
    if len(votes) >= state.validators.quorum_size:
        quorum = votes[: state.validators.quorum_size]
        see_certificate(state, QuorumCertificate(message.view, message.digest, quorum), output)
