"""The door for foreign bytes: a signed message becomes `Verified` here or nowhere (rule MS-1).

Only what the message itself can show is judged: canonical bytes, field ranges, chain, epoch, membership,
signature. Whether it fits the replica's state is the replica's business; what a view change or a new view
carries is judged there too, once it is known that it is wanted.
"""

from __future__ import annotations

from typing import Any, Final, assert_never

from govchain.codec import decode
from govchain.consensus.events import Verified
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
from govchain.consensus.rejection import violation
from govchain.crypto import Suite
from govchain.model import Attestation, ValidatorSet
from govchain.model.ranges import expect_digests, expect_numbers

MESSAGE_KIND: Final[Any] = ConsensusMessage
"""What `decode` takes for any message of validators."""


def verify_message(
    suite: Suite, validators: ValidatorSet, chain_id: bytes, signed: SignedMessage
) -> Verified:
    """Decode a peer's message and check that its named sender signed it, cheapest checks first.

    Raises:
        MalformedBytes: Not canonical, no known message, or a field out of range.
        ProtocolViolation: Another chain, another epoch or an unknown sender; `code` tells which.
        BadSignature: Not signed by the validator that it names.
    """
    message: ConsensusMessage = decode(signed.body, MESSAGE_KIND)
    validate_form(message)
    validate_origin(validators, chain_id, message)
    suite.verify(validators.members[message.validator].public_key, signed.body, signed.signature)
    return Verified(message, signed)


def validate_origin(validators: ValidatorSet, chain_id: bytes, message: ConsensusMessage) -> None:
    """The message is of this chain and epoch, from a member (rules MS-1, MB-3; situations 3, 6)."""
    sender = message.validator
    if message.chain_id != chain_id:
        raise violation("wrong-chain", sender, f"message of chain {message.chain_id.hex()[:12]}")
    if message.epoch != validators.epoch:
        raise violation("wrong-epoch", sender, f"message of epoch {message.epoch}, now {validators.epoch}")
    if not 0 <= sender < len(validators.members):
        raise violation("unknown-validator", sender, f"validator {sender} of {validators.size}")


def validate_form(message: ConsensusMessage) -> None:
    """Every number and digest of the message has a size that may be kept in memory (rule MS-1).

    Raises:
        MalformedBytes: A number below its least or above `ranges.NUMBER_MAX`, or a digest of another length.
    """
    match message:
        case Prepare(view=view, seq=seq, digest=digest) | Commit(view=view, seq=seq, digest=digest):
            expect_numbers(view, seq - 1)
            expect_digests(digest)
        case Proposal(view=view, seq=seq, parent=parent, batch=batch, transaction_ids=ids):
            expect_numbers(view, seq - 1, batch.seq, batch.time_ms, batch.proposer, batch.transaction_count)
            expect_digests(parent, batch.chain_id, batch.transactions_root, *ids)
        case Progress(view=view, head=head, final=final):
            expect_numbers(view, head, final, head - final)
        case ViewChange(view=view, base=base):
            expect_numbers(view - 1, 0 if base is None else base.header.height - 1)
        case NewView(view=view):
            expect_numbers(view - 1)
        case Attestation(height=height, header_digest=digest):
            expect_numbers(height - 1)
            expect_digests(digest)
        case _:
            assert_never(message)
