"""Two different signed votes of one validator for one place: noticed, verified, handed out (EV-1, EV-2).

Looks at what the replica remembers anyway; nothing is decided here and no vote counts more or less for it.
Whatever looks like a contradiction is judged by `crypto.evidence.verify_evidence`, wherever it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, assert_never

from govchain.codec import decode, encode
from govchain.consensus.events import EvidenceReceived
from govchain.consensus.messages import (
    Commit,
    ConsensusMessage,
    NewView,
    Prepare,
    Progress,
    Proposal,
    SignedMessage,
    ViewChange,
)
from govchain.consensus.output import Output, Send
from govchain.consensus.rejection import violation
from govchain.consensus.slots import HeightRecord, Slot
from govchain.consensus.state import ReplicaState, note, note_rejection
from govchain.crypto.evidence import order_evidence, read_evidence, verify_evidence
from govchain.errors import InvalidInput, MalformedBytes
from govchain.model import Attestation
from govchain.model.votes import Evidence

EVIDENCE_MAX: Final = 64
"""Pieces handed out by one replica: one for each validator and phase, and no more than this."""
EVIDENCE_BYTES_MAX: Final = 1024 * 1024
"""Both messages of one piece; a larger pair is refused as votes are, but not kept."""

_SHOWN: Final[Any] = Proposal | Prepare


def witness(state: ReplicaState, message: ConsensusMessage, signed: SignedMessage, output: Output) -> None:
    """Compare a message with what its sender said at the same place before (rule EV-1; situation 12)."""
    for earlier in _said_before(state, message):
        if earlier.body != signed.body:
            try:
                _keep(state, order_evidence(earlier, signed), output)
            except InvalidInput:
                continue  # Of another view, for example: no contradiction (rule EV-2).


def witness_shown(state: ReplicaState, message: ViewChange, output: Output) -> None:
    """What a view change shows may contradict what arrived here, its primary's proposals above all (EV-1)."""
    # One that is not wanted was not checked: no more of it is looked at than an honest one would show.
    for certificate in message.prepared[: state.in_flight_max]:
        for signed in (certificate.proposal, *certificate.prepares[: state.validators.size]):
            try:
                shown: Proposal | Prepare = decode(signed.body, _SHOWN)
            except MalformedBytes:
                return
            if shown.validator != state.index:
                witness(state, shown, signed, output)


def on_evidence(state: ReplicaState, event: EvidenceReceived, output: Output) -> None:
    """Take evidence that a peer found, once it is verified (rules EV-1, EV-2)."""
    try:
        _keep(state, event.evidence, output)
    except InvalidInput as error:
        note_rejection(output, violation("bad-evidence", event.peer, str(error)))


def expose(state: ReplicaState, slot: Slot, voter: int, signed: SignedMessage, output: Output) -> None:
    """A vote for another batch than the one that arrived here: somebody may have been told otherwise (EV-1).

    Its sender gets the proposal that is here, and the others get the vote: one of them may hold the other
    half of a contradiction. Expects each vote once, so that this ends.
    """
    entry = slot.proposal or slot.parked
    assert entry is not None
    if voter not in (state.index, entry.message.validator):
        output.send.append(Send(entry.signed, to=voter))
    pass_on(state, voter, signed, output)


def pass_on(state: ReplicaState, voter: int, signed: SignedMessage, output: Output) -> None:
    """Tell everybody but its sender what one validator said that contradicts us (rule EV-1)."""
    others = [peer for peer in range(state.validators.size) if peer not in (voter, state.index)]
    if voter != state.index:
        output.send.extend(Send(signed, to=peer) for peer in others)


def _keep(state: ReplicaState, evidence: Evidence, output: Output) -> None:
    """Hand out evidence unless there is some against this validator and phase (rule EV-1).

    Raises:
        InvalidInput: It does not prove that the validator contradicted itself (rule EV-2).
    """
    found = read_evidence(evidence)
    place = (found.epoch, found.validator, found.phase)
    size = len(evidence.first.body) + len(evidence.second.body)
    if place in state.accused or len(state.accused) >= EVIDENCE_MAX or size > EVIDENCE_BYTES_MAX:
        return
    verify_evidence(state.suite, state.validators, state.chain_id, evidence)
    state.accused[place] = None
    output.evidence.append(evidence)
    note(
        output,
        "equivocation",
        validator=found.validator,
        phase=found.phase,
        view=found.view,
        seq=found.seq,
    )


def _said_before(state: ReplicaState, message: ConsensusMessage) -> Sequence[SignedMessage]:
    """What is remembered of the sender at the place, or near it: the judge looks closely."""
    match message:
        case Prepare() | Commit():
            return _votes(state, message)
        case Attestation():
            return _attestations(state, message)
        case Proposal():
            return list(_proposals(state, message))
        case ViewChange():
            wanted = state.wanted.get(message.validator)
            return () if wanted is None else (wanted.signed,)
        case NewView():
            return () if state.new_view is None else (state.new_view,)
        case Progress():
            return ()
        case _:
            assert_never(message)


def _proposals(state: ReplicaState, message: Proposal) -> Iterator[SignedMessage]:
    if (slot := state.slots.get(message.seq)) is not None:
        yield from (entry.signed for entry in (slot.proposal, slot.parked) if entry is not None)
    if (shown := state.prepared.get(message.seq)) is not None and shown.view == message.view:
        yield shown.certificate.proposal


def _votes(state: ReplicaState, message: Prepare | Commit) -> Sequence[SignedMessage]:
    slot = state.slots.get(message.seq)
    said: tuple[SignedMessage, ...] = ()
    if slot is not None:
        said = (slot.prepares if isinstance(message, Prepare) else slot.commits).of(message.validator)
    if message.view != state.view and isinstance(message, Prepare):
        shown = state.prepared.get(message.seq)
        if shown is not None and shown.view == message.view:
            return (*said, *shown.certificate.prepares)
    return said


def _attestations(state: ReplicaState, message: Attestation) -> Sequence[SignedMessage]:
    record = state.heights.get(message.height)
    if record is None:
        return ()
    if record.certificate is None:
        return record.votes.of(message.validator)
    if message.header_digest == record.certificate.header_digest:
        return ()  # What the certificate holds of this sender says the same.
    return list(_certified_vote(record, message.validator))


def _certified_vote(record: HeightRecord, validator: int) -> Iterator[SignedMessage]:
    """The attestation that a certificate holds of a validator: votes are forgotten once there is one."""
    certificate = record.certificate
    for vote in certificate.votes if certificate is not None else ():
        if vote.validator == validator:
            assert certificate is not None
            attestation = Attestation(
                chain_id=certificate.chain_id,
                epoch=certificate.epoch,
                height=certificate.height,
                header_digest=certificate.header_digest,
                validator=validator,
            )
            yield SignedMessage(encode(attestation), vote.signature)
