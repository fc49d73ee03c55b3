"""May this proposal be accepted? The checks of rule NC-2, each raising `ProtocolViolation` with its code.

`validate_form` needs nothing but the proposal, `validate_place` the batch before it, `validate_size` every
transaction. Nothing is changed here.
"""

from __future__ import annotations

from govchain.consensus.messages import Commit, Prepare, Proposal
from govchain.consensus.rejection import violation
from govchain.consensus.slots import ProposalEntry
from govchain.consensus.state import ReplicaState
from govchain.crypto import Suite, compute_root
from govchain.model import ProtocolParameters


def validate_position(state: ReplicaState, message: Proposal | Prepare | Commit) -> None:
    """The message is of the current view and inside the window, and its slot is not collected (rule NC-2).

    During a view change no view is current (rule VC-1).
    """
    sender = message.validator
    if state.is_changing:
        raise violation("wrong-view", sender, f"view {message.view}, changing to {state.target}")
    if message.view != state.view:
        raise violation("wrong-view", sender, f"view {message.view}, now {state.view}")
    if message.seq <= state.head.height and message.seq not in state.slots:
        raise violation("old-seq", sender, f"seq {message.seq}, head {state.head.height}")
    if message.seq > state.high:
        raise violation("above-window", sender, f"seq {message.seq}, high watermark {state.high}")


def validate_form(state: ReplicaState, message: Proposal) -> None:
    """A first proposal: of a batch of its sender, above what the view took over (rules NC-2, VC-3)."""
    if message.seq <= state.carried_to:
        raise violation("old-seq", message.validator, f"view {state.view} took over up to {state.carried_to}")
    if message.batch.proposer != message.validator:
        raise violation("bad-batch", message.validator, f"batch of proposer {message.batch.proposer}")
    validate_batch(state.suite, state.parameters, message)


def validate_batch(suite: Suite, parameters: ProtocolParameters, message: Proposal) -> None:
    """The batch belongs to its proposal and its root covers exactly these ids (rule NC-2; situation 2)."""
    batch, ids, peer = message.batch, message.transaction_ids, message.validator
    if (batch.chain_id, batch.epoch) != (message.chain_id, message.epoch):
        raise violation("bad-batch", peer, "the batch is of another chain or epoch than its proposal")
    if batch.seq != message.seq:
        raise violation("bad-batch", peer, f"batch of seq {batch.seq} at seq {message.seq}")
    if not ids:
        raise violation("empty-batch", peer, f"seq {message.seq} proposes nothing")
    if len(ids) > parameters.batch_records_max:
        limit = parameters.batch_records_max
        raise violation("batch-too-large", peer, f"{len(ids)} transactions, limit {limit}")
    if batch.transaction_count != len(ids):
        raise violation("bad-batch", peer, f"count {batch.transaction_count} for {len(ids)} transactions")
    if len(dict.fromkeys(ids)) != len(ids):
        raise violation("duplicate-transaction", peer, f"seq {message.seq} names a transaction twice")
    if batch.transactions_root != compute_root(suite, ids):
        raise violation("bad-batch", peer, f"the root of seq {message.seq} is not that of its transactions")


def validate_place(state: ReplicaState, entry: ProposalEntry, now_ms: int) -> None:
    """The proposal follows the batch at the tip: parent, time, transactions not ordered before (rule NC-2).

    What a new view took over was judged when it was first proposed: its time may be old, and execution
    refuses whatever it repeats. Source: situations 16 and 18.
    """
    message, peer = entry.message, entry.message.validator
    assert message.seq == state.tip + 1
    before = state.position_at(state.tip)
    if message.parent != before.batch_digest:
        raise violation("wrong-parent", peer, f"seq {message.seq} does not follow the batch before it")
    time_ms = message.batch.time_ms
    if time_ms < before.time_ms:
        raise violation("time-backwards", peer, f"{before.time_ms - time_ms} ms before the batch before it")
    if message.seq <= state.carried_to:
        return
    # A batch that only repeats the time before it is harmless however far our own clock is behind.
    if time_ms > max(now_ms + state.parameters.clock_drift_ms, before.time_ms):
        raise violation("time-ahead", peer, f"{time_ms - now_ms} ms ahead of this clock")
    for id_ in message.transaction_ids:
        seq = state.transactions.seq_of(id_)
        if seq is not None:
            code = "executed-transaction" if seq <= state.head.height else "duplicate-transaction"
            raise violation(code, peer, f"transaction {id_.hex()[:12]} is ordered at seq {seq}")


def validate_size(state: ReplicaState, entry: ProposalEntry) -> None:
    """The transactions together fit the chain's bound (rule NC-2)."""
    ids, limit = entry.message.transaction_ids, state.parameters.batch_bytes_max
    size_bytes = state.transactions.size_of(ids)
    # One transaction alone always fits: its own size is bounded on admission.
    if len(ids) > 1 and size_bytes > limit:
        raise violation("batch-too-large", entry.message.validator, f"{size_bytes} bytes, limit {limit}")
