"""A growing RFC 9162 tree whose nodes are stored by level and index, so that any two sizes can be compared.

Nodes are read through a callable and returned as writes: nothing here does I/O.
Only complete nodes are stored and none is ever changed, so every earlier size stays provable.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from govchain.crypto.log_tree import (
    LEAF_PREFIX,
    NODE_PREFIX,
    compute_consistency_ranges,
    compute_inclusion_ranges,
    compute_split,
)
from govchain.crypto.suite import Suite
from govchain.errors import StorageFailure
from govchain.model.ids import Digest

UNSAVED_NODES_MAX: Final = 4096
"""Nodes kept for readers until the store has them: about 2000 appends, 1 MB."""


class HistoryTree:
    """An append-only log of leaves with proofs between any two of its sizes.

    Args:
        suite: Hash of the tree.
        read: Returns the stored node under a key that `append` gave out earlier, or None.
        size: Number of leaves that were appended and stored before.
    """

    def __init__(self, suite: Suite, read: Callable[[bytes], bytes | None], size: int) -> None:
        assert size >= 0
        self._suite = suite
        self._digest = suite.hasher()
        self._read = read
        self._size = size
        self._unsaved: OrderedDict[bytes, bytes] = OrderedDict()
        # Roots of the complete subtrees that make up the tree, largest first: all that an append needs.
        self._peaks = [self._node(level, index) for level, index, _ in _peaks(size)]

    @property
    def size(self) -> int:
        return self._size

    def root(self) -> Digest:
        """Root over all leaves appended so far."""
        if not self._peaks:
            return self._suite.digest(b"")
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = self._digest(NODE_PREFIX + peak + root)
        return Digest(root)

    def append(self, leaf: bytes) -> list[tuple[bytes, bytes]]:
        """Append a leaf and return the nodes that it completed, to be stored (two on average)."""
        index, level = self._size, 0
        node = self._digest(LEAF_PREFIX + leaf)
        writes = [(_node_key(0, index), node)]
        while index & 1:
            node = self._digest(NODE_PREFIX + self._peaks.pop() + node)
            index >>= 1
            level += 1
            writes.append((_node_key(level, index), node))
        self._peaks.append(node)
        self._size += 1
        assert len(self._peaks) == self._size.bit_count()
        self._remember(writes)
        return writes

    def adopt(self, nodes: Mapping[bytes, bytes | None]) -> None:
        """Take over the nodes that `append` gave for an equal tree."""
        written = [(key, node) for key, node in nodes.items() if node is not None]
        # The first is the leaf; each further one took the place of a peak.
        del self._peaks[len(self._peaks) + 1 - len(written) :]
        self._peaks.append(written[-1][1])
        self._size += 1
        assert len(self._peaks) == self._size.bit_count()
        self._remember(written)

    def peaks(self, size: int) -> list[tuple[bytes, bytes]]:
        """Keys and nodes of the subtrees that make up the first `size` leaves, largest first: whoever stores
        them can open the tree at that size and go on. Expects 0 <= size <= self.size."""
        assert 0 <= size <= self._size
        return [(key, self._node(level, index)) for level, index, key in _peaks(size)]

    def prove_inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Prove that leaf `index` is in the tree of `size` leaves. Expects 0 <= index < size <= self.size."""
        assert 0 <= index < size <= self._size, f"leaf {index} at size {size} of {self._size}"
        return tuple(self._range_root(*part) for part in compute_inclusion_ranges(index, size))

    def prove_consistency(self, first: int, last: int) -> tuple[bytes, ...]:
        """Prove that the tree at `first` is a prefix of the one at `last`.

        Expects 1 <= first <= last <= self.size.
        """
        assert 1 <= first <= last <= self._size, f"sizes {first} and {last} of {self._size}"
        return tuple(self._range_root(*part) for part in compute_consistency_ranges(first, last))

    def _range_root(self, begin: int, end: int) -> bytes:
        size = end - begin
        assert size >= 1
        if size & (size - 1) == 0:
            level = size.bit_length() - 1
            return self._node(level, begin >> level)
        split = begin + compute_split(size)
        return self._digest(NODE_PREFIX + self._range_root(begin, split) + self._range_root(split, end))

    def _node(self, level: int, index: int) -> bytes:
        key = _node_key(level, index)
        node = self._unsaved.get(key) or self._read(key)
        if node is None:
            raise StorageFailure(
                f"history tree of {self._size} leaves: no node at level {level}, index {index}"
            )
        return node

    def _remember(self, writes: list[tuple[bytes, bytes]]) -> None:
        self._unsaved.update(writes)
        while len(self._unsaved) > UNSAVED_NODES_MAX:
            self._unsaved.popitem(last=False)


def peak_keys(size: int) -> list[bytes]:
    """Keys of what `HistoryTree.peaks` gives."""
    return [key for _, _, key in _peaks(size)]


def fill_leaf(
    suite: Suite, read: Callable[[bytes], bytes | None], index: int, leaf: bytes
) -> list[tuple[bytes, bytes]]:
    """Nodes that a leaf completes when everything right of it is there: for trees filled from the right.

    Args:
        suite: Hash of the tree.
        read: A stored node, or None.
        index: Of the leaf.
        leaf: The leaf.
    """
    node, level = bytes(suite.digest(LEAF_PREFIX + leaf)), 0
    writes = [(_node_key(0, index), node)]
    while not index & 1 and (right := read(_node_key(level, index + 1))) is not None:
        node = bytes(suite.digest(NODE_PREFIX + node + right))
        index >>= 1
        level += 1
        writes.append((_node_key(level, index), node))
    return writes


def _peaks(size: int) -> list[tuple[int, int, bytes]]:
    return [
        (level, (size >> level) - 1, _node_key(level, (size >> level) - 1))
        for level in range(size.bit_length() - 1, -1, -1)
        if size >> level & 1
    ]


def _node_key(level: int, index: int) -> bytes:
    return level.to_bytes(1, "big") + index.to_bytes(8, "big")
