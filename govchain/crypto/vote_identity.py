"""Which vote a message is: one identity and two digests of one validator are a double vote.

For those who watch from outside (the simulator's judge, the record of a rehearsal). No rule is applied here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from govchain.codec import decode
from govchain.crypto.signing import digest_of
from govchain.crypto.suite import Suite
from govchain.model.votes import Commit, Prepare, Proposal, SignedMessage

_PHASES: Final[dict[type[Proposal | Prepare | Commit], str]] = {
    Proposal: "proposal",
    Prepare: "prepare",
    Commit: "commit",
}
_HEAD_BYTES: Final = 40
"""A canonical message begins with an array head, a string head and its tag."""


class VoteIdentity(NamedTuple):
    """A vote: what must be unique, and the batch digest that it is for."""

    phase: str
    view: int
    seq: int
    validator: int
    digest: bytes
    epoch: int


def identify_vote(suite: Suite, signed: SignedMessage) -> VoteIdentity | None:
    """The vote in a message of our own side; None when it is another kind of message."""
    head = signed.body[:_HEAD_BYTES]
    for kind, phase in _PHASES.items():
        if str(kind.__struct_config__.tag).encode() in head:
            message = decode(signed.body, kind)
            digest = digest_of(suite, message.batch) if isinstance(message, Proposal) else message.digest
            return VoteIdentity(phase, message.view, message.seq, message.validator, digest, message.epoch)
    return None
