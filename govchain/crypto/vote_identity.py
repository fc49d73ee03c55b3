"""Which vote a message is: one identity and two digests of one validator are a double vote.

For those who watch from outside (the simulator's judge, the record of a rehearsal). No rule is applied here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.crypto.signing import digest_of
from govchain.crypto.suite import Suite
from govchain.model import Attestation
from govchain.model.votes import Commit, Prepare, Proposal, SignedMessage

_PHASES: Final[dict[type, str]] = {Proposal: "proposal", Prepare: "prepare", Commit: "commit"}
_votes: Final = msgspec.msgpack.Decoder(Commit | Prepare | Proposal | Attestation)


class VoteIdentity(msgspec.Struct, frozen=True, gc=False):
    """A vote: what must be unique, and the batch digest that it is for."""

    phase: str
    view: int
    seq: int
    validator: int
    digest: bytes
    epoch: int


def identify_vote(suite: Suite, signed: SignedMessage) -> VoteIdentity | None:
    """The vote in a message of our own side; None when it is another kind of message."""
    try:
        message = _votes.decode(signed.body)
    except msgspec.DecodeError:
        return None
    if isinstance(message, Attestation):
        return None  # The executed block fixes it.
    digest = digest_of(suite, message.batch) if isinstance(message, Proposal) else message.digest
    return VoteIdentity(
        _PHASES[type(message)], message.view, message.seq, message.validator, digest, message.epoch
    )
