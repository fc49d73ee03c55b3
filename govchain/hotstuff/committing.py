"""What a chain of certificates commits leaves the core in order, once (rules HS-6, HS-9). Jolteon: Commit."""

from __future__ import annotations

from typing import Final

from govchain.consensus import Decision, Output, Send
from govchain.hotstuff.messages import BlockRequest
from govchain.hotstuff.state import HotStuffState, note
from govchain.hotstuff.tree import Entry, find_committed
from govchain.hotstuff.voting import fetch

ANSWER_BLOCKS_MAX: Final = 16
"""Blocks in one answer to a validator that lacks some."""


def decide(state: HotStuffState, output: Output) -> None:
    """Hand committed batches to execution, lowest first, with all their transactions (rule HS-6)."""
    found = find_committed(state.tree, state.high, state.decided)
    if found.missing is not None:
        state.wanted = state.wanted or found.missing
    for entry in found.entries:
        block = entry.block
        if block.batch is None:
            continue
        missing = state.waiting.missing(block.transaction_ids)
        if missing:
            fetch(state, missing, entry.proposal.validator, output)
            return
        output.decide.append(Decision(block.batch, block.transaction_ids))
        state.decided, state.decided_time_ms = block.seq, block.batch.time_ms
        state.waiting.decide(block.transaction_ids, block.seq)
        state.tree.prune(block.view)
        note(output, "committed", view=block.view, seq=block.seq)


def ask_block(state: HotStuffState, digest: bytes, peer: int, output: Output) -> None:
    """Ask for a block and those below it that are not decided here (rule HS-9)."""
    message = BlockRequest(state.chain_id, state.validators.epoch, state.index, digest, state.decided)
    output.send.append(Send(state.sign(message), to=peer))


def on_request(state: HotStuffState, message: BlockRequest, output: Output) -> None:
    """Send what was proposed, as its leaders signed it, lowest first (rule HS-9)."""
    found: list[Entry] = []
    entry = state.tree.get(message.digest)
    while entry is not None and len(found) < ANSWER_BLOCKS_MAX:
        found.append(entry)
        if entry.block.seq <= message.decided:
            break  # An empty block: it was asked for because something is built on it.
        entry = state.tree.get(entry.block.justify.digest)
    output.send.extend(Send(each.signed, to=message.validator) for each in reversed(found))
