"""What execution said, signed: attestations and certificates of finality, as under PBFT (rule CP-1).

Order was decided before anything arrives here. A receipt must not depend on the protocol that ordered it.
"""

from __future__ import annotations

from govchain.consensus import Output, Send, SignedMessage
from govchain.hotstuff.rejection import refuse
from govchain.hotstuff.state import HeightRecord, HotStuffState, note
from govchain.model import Attestation, BlockHeader, FinalityCertificate, Vote


def attest(state: HotStuffState, header: BlockHeader, digest: bytes, output: Output) -> None:
    """Sign the own executed header and tell everybody (rule CP-1)."""
    record = state.heights.setdefault(header.height, HeightRecord())
    record.header, record.header_digest = header, digest
    attestation = Attestation(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        height=header.height,
        header_digest=record.header_digest,
        validator=state.index,
    )
    record.own = state.sign(attestation)
    record.votes[state.index] = (record.header_digest, record.own)
    output.send.append(Send(record.own))
    _try_certify(state, header.height, record, output)


def on_attestation(state: HotStuffState, message: Attestation, signed: SignedMessage, output: Output) -> None:
    """Count an attestation; one ahead of our execution is kept (rule CP-1).

    Raises:
        ProtocolViolation: It attests another header than ours.
    """
    height, sender = message.height, message.validator
    window = 2 * state.parameters.checkpoint_interval
    if height > state.head + window:
        note(output, "behind", height=state.head + 1, peer=sender)
        return
    record = state.heights.get(height)
    if record is None:
        if height <= state.head:
            return  # Certified here; whoever lacks the certificate asks for it.
        record = state.heights.setdefault(height, HeightRecord())
    record.votes.setdefault(sender, (message.header_digest, signed))
    _try_certify(state, height, record, output)
    if record.own is not None and message.header_digest != record.header_digest:
        raise refuse("other-header", sender, f"another header of height {height}")


def on_certified(state: HotStuffState, height: int) -> None:
    """The certificate of a height is durable here: nothing said about it is needed any more."""
    state.certified = max(state.certified, height)
    state.heights.pop(height, None)
    state.waiting.collect(height - 2 * state.parameters.checkpoint_interval)


def uncertified(state: HotStuffState) -> list[int]:
    """Executed heights without certificate, lowest first."""
    return sorted(height for height, record in state.heights.items() if record.own is not None)


def is_behind(state: HotStuffState) -> bool:
    """Somebody attested what is not executed here."""
    return max(state.heights, default=0) > state.head


def _try_certify(state: HotStuffState, height: int, record: HeightRecord, output: Output) -> None:
    """A quorum of equal attestations is the certificate; of others than ours, the end (rules CP-1, CP-3)."""
    if record.own is None:
        return
    counted: dict[bytes, int] = {}
    for digest, _ in record.votes.values():
        counted[digest] = counted.get(digest, 0) + 1
    leading = max(counted, key=lambda digest: counted[digest])
    if counted[leading] < state.validators.quorum_size:
        return
    if leading != record.header_digest:
        state.diverged_at = height
        note(output, "diverged", height=height, own=record.header_digest.hex(), quorum=leading.hex())
        return
    votes = tuple(
        Vote(voter, signed.signature)
        for voter, (digest, signed) in sorted(record.votes.items())
        if digest == leading
    )
    output.certificates.append(
        FinalityCertificate(state.chain_id, state.validators.epoch, height, leading, votes)
    )
    on_certified(state, height)
