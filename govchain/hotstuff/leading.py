"""What the leader of a view proposes, and when it need not (rules HS-1, HS-6)."""

from __future__ import annotations

from govchain.consensus import Output, Send
from govchain.crypto import compute_root, digest_of
from govchain.hotstuff.messages import Block, BlockProposal
from govchain.hotstuff.state import HotStuffState, note
from govchain.hotstuff.tree import Entry, Path, published_seq
from govchain.hotstuff.voting import keep_block
from govchain.model import Batch


def try_propose(state: HotStuffState, now_ms: int, output: Output) -> bool:
    """Propose as the leader of this view, if there is anything to order or to carry on (rule HS-1).

    Empty blocks follow a batch until everybody can know that it is committed; then the chain rests.
    """
    if state.leader(state.view) != state.index or state.voted_view >= state.view or state.is_silent:
        return False
    if state.tree.of_view(state.view) is not None:
        return False
    if state.entered is not None and state.high.view < state.entered.high_view:
        return False  # A certificate that others know is still on its way here (rule HS-4).
    path = state.tree.path(state.high.digest, state.decided)
    if path.missing is not None:
        state.wanted = state.wanted or path.missing
        return False
    parent = state.tree.get(state.high.digest)
    parent_seq = 0 if parent is None else parent.block.seq
    if parent_seq < state.decided:
        return False  # Blocks came from others, and their certificates not yet.
    taken = {id_: None for each in path.entries for id_ in each.block.transaction_ids}
    ids = state.waiting.next_batch(taken, state.parameters)
    if not ids and (parent is None or published_seq(state.tree, parent.block.justify) >= parent_seq):
        return False
    batch = _batch(state, path, parent_seq + 1, ids, now_ms) if ids else None
    _propose(state, Block(state.view, parent_seq + bool(ids), state.high, batch, ids), output)
    return True


def _batch(state: HotStuffState, path: Path, seq: int, ids: tuple[bytes, ...], now_ms: int) -> Batch:
    batches = [each.block.batch for each in path.entries if each.block.batch is not None]
    before_ms = batches[-1].time_ms if batches else state.decided_time_ms
    return Batch(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        seq=seq,
        time_ms=max(now_ms, before_ms),
        proposer=state.index,
        transactions_root=compute_root(state.suite, ids),
        transaction_count=len(ids),
    )


def _propose(state: HotStuffState, block: Block, output: Output) -> None:
    message = BlockProposal(state.chain_id, state.validators.epoch, state.index, block, state.entered)
    signed = state.sign(message)
    entry = Entry(digest_of(state.suite, block), message, signed)
    state.tree.add(entry)
    state.candidate = entry
    keep_block(entry, output)
    output.send.append(Send(signed))
    note(output, "proposed", view=block.view, seq=block.seq, transactions=len(block.transaction_ids))
