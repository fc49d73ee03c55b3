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

    __slots__ = ("_counts", "_votes")

    def __init__(self) -> None:
        self._votes: dict[int, tuple[bytes, SignedMessage]] = {}
        self._counts: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._votes)

    def add(self, validator: int, digest: bytes, signed: SignedMessage) -> Ballot:
        """Count a vote unless this validator voted before, the same way or another."""
        known = self._votes.get(validator)
        if known is not None:
            return Ballot.SAME if known[0] == digest else Ballot.CONFLICT
        is_first = self.add_first(validator, digest, signed)
        assert is_first
        return Ballot.NEW

    def add_first(self, validator: int, digest: bytes, signed: SignedMessage) -> bool:
        """Count a vote if this validator did not vote before; False when it did."""
        if validator in self._votes:
            return False
        self._votes[validator] = (digest, signed)
        self._counts[digest] = self._counts.get(digest, 0) + 1
        return True

    def count(self, digest: bytes) -> int:
        """Number of distinct validators that voted for a digest."""
        return self._counts.get(digest, 0)

    def of(self, validator: int) -> tuple[SignedMessage, ...]:
        """The one vote of a validator, if it voted."""
        known = self._votes.get(validator)
        return () if known is None else (known[1],)

    def others(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for anything but a digest in rising validator order."""
        if self._counts.get(digest, 0) == len(self._votes):
            return []
        return [(voter, signed) for voter, (known, signed) in sorted(self._votes.items()) if known != digest]

    def votes(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for a digest in rising validator order."""
        return [(voter, signed) for voter, (known, signed) in sorted(self._votes.items()) if known == digest]

    def leading(self) -> tuple[bytes, int]:
        """Digest with most votes (the smallest of equals) and its count; (b"", 0) when empty."""
        if not self._counts:
            return b"", 0
        if len(self._counts) == 1:
            return next(iter(self._counts.items()))
        digest = min(self._counts, key=lambda known: (-self._counts[known], known))
        return digest, self._counts[digest]
