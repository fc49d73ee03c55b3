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

    __slots__ = ("_sides", "size")

    def __init__(self) -> None:
        self._sides: dict[bytes, dict[int, SignedMessage]] = {}
        """Votes by the digest that they are for; most often there is one."""
        self.size = 0

    def add(self, validator: int, digest: bytes, signed: SignedMessage) -> Ballot:
        """Count a vote unless this validator voted before, the same way or another."""
        if self.add_first(validator, digest, signed):
            return Ballot.NEW
        return Ballot.SAME if validator in self._sides.get(digest, ()) else Ballot.CONFLICT

    def add_first(self, validator: int, digest: bytes, signed: SignedMessage) -> bool:
        """Count a vote if this validator did not vote before; False when it did."""
        for side in self._sides.values():
            if validator in side:
                return False
        if digest in self._sides:
            self._sides[digest][validator] = signed
        else:
            self._sides[digest] = {validator: signed}
        self.size += 1
        return True

    def count(self, digest: bytes) -> int:
        """Number of distinct validators that voted for a digest."""
        return len(self._sides[digest]) if digest in self._sides else 0

    def of(self, validator: int) -> tuple[SignedMessage, ...]:
        """The one vote of a validator, if it voted."""
        for side in self._sides.values():
            if validator in side:
                return (side[validator],)
        return ()

    def others(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for anything but a digest in rising validator order."""
        if self.count(digest) == self.size:
            return []
        return sorted(vote for known, side in self._sides.items() if known != digest for vote in side.items())

    def votes(self, digest: bytes) -> list[tuple[int, SignedMessage]]:
        """Votes for a digest in rising validator order."""
        return sorted(self._sides.get(digest, {}).items())

    def leading(self) -> tuple[bytes, int]:
        """Digest with most votes (the smallest of equals) and its count; (b"", 0) when empty."""
        if not self._sides:
            return b"", 0
        if len(self._sides) == 1:
            return next(iter(self._sides)), self.size
        digest = min(self._sides, key=lambda known: (-len(self._sides[known]), known))
        return digest, len(self._sides[digest])
