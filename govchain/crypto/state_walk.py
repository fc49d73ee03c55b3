"""Takes over the rows of another state map, one after the other, each proven by the root (rule CU-3).

Rows come in the order of their paths, a node before what is below it. So there is never a doubt which row is
next and what its digest must be: a wrong, missing, repeated or misplaced one is seen at once.
Nothing here does I/O.
"""

from __future__ import annotations

from govchain.crypto.state_map import DEPTH_MAX, ROOT_PATH, empty_digest, split_row
from govchain.crypto.suite import Suite
from govchain.errors import BadProof


class StateWalk:
    """The way through a map with a known root.

    Args:
        suite: Hash of the map.
        root: Root that a quorum certified.
    """

    def __init__(self, suite: Suite, root: bytes) -> None:
        self._digest = suite.hasher()
        self._empty = empty_digest(suite)
        # What is known of but not there yet, the next one last. At most 15 for each level above the next.
        self._expected = [] if root == self._empty else [(ROOT_PATH, bytes(root))]
        self.entries = 0
        """Entries in the buckets so far: the keys that the map has."""

    @property
    def next_path(self) -> bytes | None:
        """Where the next row belongs; None when all are there."""
        return self._expected[-1][0] if self._expected else None

    def take(self, row: bytes) -> bytes:
        """Accept the next row; returns its path.

        Raises:
            BadProof: It is not the row that belongs at `next_path`, or all rows were there.
        """
        if not self._expected:
            raise BadProof("a row after the last one of the map", step="state")
        path, want = self._expected[-1]
        got = self._digest(row)
        if got != want:
            raise BadProof(
                f"the row for {path.decode()} has digest {got.hex()}; expected {want.hex()}", step="state"
            )
        entries, children = split_row(row)
        if children and len(path) > DEPTH_MAX:
            raise BadProof(f"a node at {path.decode()}, below the last digit", step="state")
        self._expected.pop()
        self._expected += [
            (path + digit, child) for digit, child in reversed(children) if child != self._empty
        ]
        self.entries += entries
        return path
