"""Counting votes: one per validator, the first one stays (rules NC-3 to NC-5, CP-1).

What a count is good for is decided by the caller; nothing here knows about quorums or phases.
"""

from __future__ import annotations

from enum import Enum

from govchain.consensus.messages import SignedMessage


class Ballot(Enum):
    """What adding a vote came to."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


class Tally:
    """Votes of one phase at one position. Bounded by the size of the validator set."""

    __slots__ = ("_digests", "by_voter")

    def __init__(self) -> None:
        self.by_voter: dict[int, SignedMessage] = {}
        """By validator, in order of arrival."""
        self._digests: dict[int, bytes] = {}
        """What each of them is for."""

    def add(self, validator: int, digest: bytes, signed: SignedMessage) -> Ballot:
        """Count a vote unless this validator voted before, the same way or another."""
        if self.add_first(validator, digest, signed):
            return Ballot.NEW
        return Ballot.SAME if self._digests[validator] == digest else Ballot.CONFLICT

    def add_first(self, validator: int, digest: bytes, signed: SignedMessage) -> bool:
        """Count a vote if this validator did not vote before; False when it did."""
        if validator in self.by_voter:
            return False
        self.by_voter[validator] = signed
        self._digests[validator] = digest
        return True

    def count(self, digest: bytes) -> int:
        """Number of distinct validators that voted for a digest."""
        return list(self._digests.values()).count(digest)

    def of(self, validator: int) -> tuple[SignedMessage, ...]:
        """The one vote of a validator, if it voted."""
        signed = self.by_voter.get(validator)
        return () if signed is None else (signed,)

    def votes(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for a digest in rising validator order."""
        if self.count(digest) == len(self.by_voter):
            return sorted(self.by_voter.items())
        return [(voter, self.by_voter[voter]) for voter in sorted(self.by_voter) if self._digests[voter] == digest]

    def others(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for anything but a digest in rising validator order."""
        if self.count(digest) == len(self.by_voter):
            return []
        return [(voter, self.by_voter[voter]) for voter in sorted(self.by_voter) if self._digests[voter] != digest]

    def leading(self) -> tuple[bytes, int]:
        """Digest with most votes (the smallest of equals) and its count; (b"", 0) when empty."""
        digests = list(self._digests.values())
        if not digests:
            return b"", 0
        if digests.count(digests[0]) == len(digests):
            return digests[0], len(digests)
        digest = min(dict.fromkeys(digests), key=lambda known: (-digests.count(known), known))
        return digest, digests.count(digest)
