"""What execution said, signed: attestations, certificates, checkpoints, divergence (rules CP-1 to CP-3).

Order was decided before anything arrives here; no prepare or commit is looked at.
"""

from __future__ import annotations

from govchain.consensus.deadlines import begin_anew
from govchain.consensus.evidence import pass_on
from govchain.consensus.messages import SignedMessage
from govchain.consensus.output import Output, Send
from govchain.consensus.rejection import violation
from govchain.consensus.slots import HeightRecord
from govchain.consensus.state import ReplicaState, note
from govchain.consensus.tally import Ballot
from govchain.crypto import digest_of
from govchain.model import Attestation, BlockHeader, FinalityCertificate, Vote


def attest(state: ReplicaState, header: BlockHeader, digest: bytes, output: Output) -> None:
    """Sign the own executed header, tell everybody, and look what the others said before (rule CP-1)."""
    record = _sign(state, header, digest, output)
    assert record.own is not None
    record.votes.add(state.index, record.header_digest, record.own)
    # Others may have heard something else of the same validators (rule EV-1).
    for voter, signed in record.votes.others(record.header_digest):
        pass_on(state, voter, signed, output)
    try_certify(state, header.height, record, output)
    take_base(state, output)


def attest_installed(state: ReplicaState, header: BlockHeader, output: Output) -> None:
    """Tell everybody about a block that came with its certificate; it needs no votes here (rule CU-2)."""
    if state.is_member:
        _sign(state, header, digest_of(state.suite, header), output)
    mark_certified(state, header.height, output)


def _stop(state: ReplicaState, height: int, record: HeightRecord, certified: bytes, output: Output) -> None:
    """A quorum executed the height differently: take part in nothing from here on (rule CP-3)."""
    state.diverged_at = height
    note(output, "diverged", height=height, own=record.header_digest.hex(), quorum=certified.hex())


def _sign(state: ReplicaState, header: BlockHeader, digest: bytes, output: Output) -> HeightRecord:
    record = state.record(header.height)
    record.header = header
    assert record.own is None, f"height {header.height} was attested before"
    own = Attestation(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        height=header.height,
        header_digest=digest,
        validator=state.index,
    )
    record.header_digest = digest
    record.own = state.sign(own)
    output.send.append(Send(record.own))
    return record


def on_attestation(state: ReplicaState, message: Attestation, signed: SignedMessage, output: Output) -> None:
    """Count an attestation; one that is ahead of our execution is kept (rules CP-1, CP-3).

    Raises:
        ProtocolViolation: Outside the window, a second, different attestation, or another header than ours.
    """
    sender, height = message.validator, message.height
    state.note_attested(sender, height)
    if height > state.high:
        raise violation("above-window", sender, f"attests height {height}, high watermark {state.high}")
    record = state.heights.get(height)
    if record is None:
        if height <= state.head.height:
            raise violation("old-seq", sender, f"attests height {height}, head {state.head.height}")
        record = state.record(height)
    if not record.is_certified:
        ballot = record.votes.add(sender, message.header_digest, signed)
        if ballot is Ballot.CONFLICT:
            raise violation("conflicting-attestation", sender, f"second header of height {height}")
        if ballot is Ballot.NEW and record.own is not None and message.header_digest != record.header_digest:
            pass_on(state, sender, signed, output)
        try_certify(state, height, record, output)
    if record.own is not None and message.header_digest != record.header_digest:
        raise violation("other-header", sender, f"another header of height {height}")


def try_certify(state: ReplicaState, height: int, record: HeightRecord, output: Output) -> None:
    """A quorum of equal attestations is the certificate, or the end of this replica (rules CP-1, CP-3)."""
    if record.own is None or record.is_certified:
        return
    if record.votes.size < state.quorum_size:
        return
    leading, count = record.votes.leading()
    if count < state.quorum_size:
        return
    if leading != record.header_digest:
        _stop(state, height, record, leading, output)
        return
    votes = tuple([Vote(voter, signed.signature) for voter, signed in record.votes.votes(leading)])
    assert len(votes) == count
    certificate = FinalityCertificate(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        height=height,
        header_digest=leading,
        votes=votes,
    )
    output.certificates.append(certificate)
    assert record.header is not None
    state.certify(record.header, certificate)
    begin_anew(state, output)
    record.certificate = certificate
    mark_certified(state, height, output)


def mark_certified(state: ReplicaState, height: int, output: Output) -> None:
    """The height has its certificate; at a multiple of K this is a stable checkpoint (rule CP-2)."""
    record = state.record(height)
    record.is_certified = True
    record.votes.clear()
    advance_final(state)
    if height % state.parameters.checkpoint_interval == 0 and height > state.low:
        collect(state, height, output)
        note(output, "stable-checkpoint", height=height)


def complete(
    state: ReplicaState, header: BlockHeader, certificate: FinalityCertificate, output: Output
) -> bool:
    """A certificate of an executed height came from a peer: it ends the wait or this replica (rule CP-3).

    True when this height waited for it.
    """
    record = state.heights.get(header.height)
    if record is None or record.own is None or record.is_certified:
        return False
    certified = digest_of(state.suite, header)
    if certified != record.header_digest:
        _stop(state, header.height, record, certified, output)
        return False
    state.certify(header, certificate)
    record.certificate = certificate
    mark_certified(state, header.height, output)
    return True


def take_base(state: ReplicaState, output: Output) -> None:
    """A view brought the certificate of a height that is executed here: keep it for others (VC-3, CU-2).

    The view begins above it and whoever showed it may be gone: those that lack the block wait for this.
    """
    base = state.base
    if base is not None and complete(state, base.header, base.certificate, output):
        output.certificates.append(base.certificate)


def collect(state: ReplicaState, low: int, output: Output) -> None:
    """Move the low watermark and drop the logs that nobody can need (rule CP-2)."""
    assert low > state.low
    assert low <= state.head.height
    state.move_low(low)
    for seq in [seq for seq in state.slots if seq <= low]:
        del state.slots[seq]
    state.transactions.collect(low)
    # Attestations stay one window longer: a peer whose certificate is late can still complete it from them.
    # Without certificate they stay: perhaps nobody has one, and nobody else can make it.
    oldest = low - 2 * state.parameters.checkpoint_interval
    for height in [height for height in state.heights if height <= oldest]:
        if state.heights[height].own is None or state.heights[height].is_certified:
            del state.heights[height]
    advance_final(state)


def advance_final(state: ReplicaState) -> None:
    """Move `final` over heights that are certified or of which there is no log any more."""
    while state.final < state.head.height:
        record = state.heights.get(state.final + 1)
        if record is not None and not record.is_certified:
            return
        state.final += 1
