"""The executed head moves: by an own decision or by a certified block (rules CP-1, CP-2, CU-2).

The driver executes and stores; here only positions, logs and transactions follow.
"""

from __future__ import annotations

from govchain.consensus.attesting import attest, attest_installed, collect, complete
from govchain.consensus.deadlines import on_progress_made
from govchain.consensus.events import BlockExecuted, BlockInstalled
from govchain.consensus.output import Output
from govchain.consensus.slots import Position
from govchain.consensus.state import ReplicaState, note
from govchain.crypto import digest_of
from govchain.model import BlockHeader, FinalityCertificate, ValidatorSet


def on_block_executed(state: ReplicaState, event: BlockExecuted, output: Output) -> None:
    """A decision was executed and is durable: the head moves and the header is attested (rule CP-1)."""
    header = event.header
    if header.height <= state.head.height:
        return  # It was installed from a certificate in the meantime (situation 43).
    assert header.height == state.head.height + 1, "decisions are executed in order (NC-6)"
    assert header.height <= state.decided, "only decisions are executed"
    slot = state.slots[header.height]
    assert slot.proposal is not None
    assert header.batch_digest == slot.proposal.digest, "the driver executed another batch than was decided"
    _move_head(state, header, event.next_validators)
    state.transactions.execute(slot.proposal.message.transaction_ids, header.height)
    attest(state, header, event.header_digest, output)


def on_block_installed(state: ReplicaState, event: BlockInstalled, output: Output) -> None:
    """The driver installed a block by certificate: continue above it (rules CU-2, CU-4).

    What was voted for at or below that height is settled; own votes above it stand (rule NC-3).
    """
    header, transaction_ids = event.header, event.transaction_ids
    height = header.height
    certificate = event.certificate
    if height <= state.head.height:
        if certificate is not None:
            complete(state, header, certificate, output)  # Only the certificate is new (situation 43).
        return
    if certificate is not None:
        notice_forgotten(state, certificate, output)
    for seq in [seq for seq in sorted(state.slots) if state.head.height < seq <= height]:
        entry = state.slots.pop(seq).proposal
        if entry is not None:
            state.transactions.release(entry.message.transaction_ids, seq)
    if height > state.head.height + 1:
        # A snapshot: what lies below it is out of reach of the logs (rule CU-3).
        for low in [low for low in state.heights if low < height]:
            del state.heights[low]
    _move_head(state, header, event.next_validators)
    if certificate is not None:
        state.certify(header, certificate)
    on_progress_made(state, output)
    state.decided = max(state.decided, height)
    state.tip = max(state.tip, height)
    state.advance_tip()
    state.transactions.execute(transaction_ids, height)
    if certificate is None:
        if state.is_member:
            attest(state, header, digest_of(state.suite, header), output)
        return
    boundary = height - height % state.parameters.checkpoint_interval
    if boundary > state.low and boundary < height:
        # The certificate of this height covers the boundary too, since headers are chained.
        collect(state, boundary, output)
        note(output, "stable-checkpoint", height=boundary)
    attest_installed(state, header, output)


def notice_forgotten(state: ReplicaState, certificate: FinalityCertificate, output: Output) -> None:
    """An own vote on a block that is not here: store and guard were both lost or are both old (rule RC-2).

    What else was signed is unknown, but it lies no further above than anybody may vote: be silent until then.
    """
    height = certificate.height
    if height <= state.guarded_to or all(vote.validator != state.index for vote in certificate.votes):
        return
    if not state.forgot:
        state.forgot = (
            f"the certificate of height {height} holds a vote of this validator that it does not know"
        )
        note(output, "silenced", until=height + state.in_flight_max, view=state.view, reason=state.forgot)
    state.silent_to = max(state.silent_to, height + state.in_flight_max)


def _move_head(state: ReplicaState, header: BlockHeader, next_validators: ValidatorSet | None) -> None:
    assert header.epoch == state.validators.epoch, "a block of another epoch"
    assert next_validators is None or header.height % state.parameters.checkpoint_interval == 0
    state.next_validators = next_validators
    state.head = Position(header.height, header.batch_digest, header.time_ms)
    state.moved = state.period
