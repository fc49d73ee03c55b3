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
    """Votes of one phase at one position: one place for each member, so that many cost little memory.

    Attributes:
        size: Votes so far.
    """

    __slots__ = ("_digests", "_votes", "size")

    def __init__(self, members: int) -> None:
        self._votes: list[SignedMessage | None] = [None] * members
        self._digests: list[bytes | None] = [None] * members
        """What each vote is for."""
        self.size = 0

    def clear(self) -> None:
        """Forget all votes."""
        self._votes = [None] * len(self._votes)
        self._digests = [None] * len(self._votes)
        self.size = 0

    def add(self, validator: int, digest: bytes, signed: SignedMessage) -> Ballot:
        """Count a vote unless this validator voted before, the same way or another."""
        if self.add_first(validator, digest, signed):
            return Ballot.NEW
        return Ballot.SAME if self._digests[validator] == digest else Ballot.CONFLICT

    def add_first(self, validator: int, digest: bytes, signed: SignedMessage) -> bool:
        """Count a vote if this validator did not vote before; False when it did."""
        if self._votes[validator] is not None:
            return False
        self._votes[validator] = signed
        self._digests[validator] = digest
        self.size += 1
        return True

    def count(self, digest: bytes) -> int:
        """Number of distinct validators that voted for a digest."""
        return self._digests.count(digest)

    def of(self, validator: int) -> tuple[SignedMessage, ...]:
        """The one vote of a validator, if it voted."""
        signed = self._votes[validator]
        return () if signed is None else (signed,)

    def votes(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for a digest in rising validator order."""
        if self._digests.count(digest) == self.size:
            return [(voter, signed) for voter, signed in enumerate(self._votes) if signed is not None]
        digests = self._digests
        return [
            (voter, signed)
            for voter, signed in enumerate(self._votes)
            if signed is not None and digests[voter] == digest
        ]

    def others(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for anything but a digest in rising validator order."""
        if self._digests.count(digest) == self.size:
            return []
        digests = self._digests
        return [
            (voter, signed)
            for voter, signed in enumerate(self._votes)
            if signed is not None and digests[voter] != digest
        ]

    def leading(self) -> tuple[bytes, int]:
        """Digest with most votes (the smallest of equals) and its count; (b"", 0) when empty."""
        digests = [digest for digest in dict.fromkeys(self._digests) if digest is not None]
        if not digests:
            return b"", 0
        if len(digests) == 1:
            return digests[0], self.size
        digest = min(digests, key=lambda known: (-self.count(known), known))
        return digest, self.count(digest)
