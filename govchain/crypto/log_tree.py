"""The Merkle tree of RFC 9162 over a list of leaves: roots, proofs and their verification.

Transactions, results and history are trees of this shape. Nothing here stores a node; see `history_tree`.
Leaves and nodes are hashed under different prefixes, so a node never passes for a leaf.
A malformed proof and one that leads elsewhere are both `BadProof`; the message tells which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from govchain.crypto.suite import Suite
from govchain.errors import BadProof
from govchain.model.ids import DIGEST_BYTES, Digest

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"

Range = tuple[int, int]
"""Half-open range of leaves: first, one past the last."""


def compute_root(suite: Suite, leaves: Sequence[bytes]) -> Digest:
    """Root over the leaves; the digest of nothing when there is none (RFC 9162, 2.1.1)."""
    if not leaves:
        return suite.digest(b"")
    digest = suite.hasher()
    return Digest(_fold([digest(LEAF_PREFIX + leaf) for leaf in leaves], digest))


def compute_inclusion_proof(suite: Suite, leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Prove that leaf `index` is in the tree over `leaves` (RFC 9162, 2.1.3.1).

    Expects 0 <= index < len(leaves).
    """
    assert 0 <= index < len(leaves), f"leaf {index} of {len(leaves)}"
    return _range_roots(suite, leaves, compute_inclusion_ranges(index, len(leaves)))


def compute_consistency_proof(suite: Suite, leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """Prove that the tree over the first leaves is a prefix of the tree over all (RFC 9162, 2.1.4.1).

    Expects 1 <= first <= len(leaves).
    """
    assert 1 <= first <= len(leaves), f"first {first} of {len(leaves)}"
    return _range_roots(suite, leaves, compute_consistency_ranges(first, len(leaves)))


def verify_inclusion(
    suite: Suite, *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf` is number `index` of the `size` leaves under `root`.

    Raises:
        BadProof: Index or proof cannot belong to a tree of that size, or the proof leads to another root.
    """
    verify_leaf_hash(
        suite, leaf_hash=suite.digest(LEAF_PREFIX + leaf), index=index, size=size, proof=proof, root=root
    )


def verify_leaf_hash(
    suite: Suite, *, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """`verify_inclusion` for those who hold only the leaf's hash (RFC 9162, 2.1.3.2).

    Raises:
        BadProof: As `verify_inclusion`.
    """
    step = "inclusion"
    if not 0 <= index < size:
        raise BadProof(f"leaf {index} cannot be in a tree of {size} leaves", step=step)
    if len(leaf_hash) != DIGEST_BYTES:
        raise BadProof(f"leaf hash of {len(leaf_hash)} bytes; expected {DIGEST_BYTES}", step=step)
    _validate_proof(proof, _inclusion_length(index, size), step)
    digest = suite.hasher()
    node, last, got = index, size - 1, leaf_hash
    for sibling in proof:
        if node & 1 or node == last:
            got = digest(NODE_PREFIX + sibling + got)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            got = digest(NODE_PREFIX + got + sibling)
        node >>= 1
        last >>= 1
    assert last == 0, "the length of the proof was judged before"
    _compare_roots(got, root, "root", step)


def verify_consistency(
    suite: Suite, *, first: int, last: int, first_root: bytes, last_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `first` leaves is a prefix of the one of `last` leaves (RFC 9162, 2.1.4.2).

    Every tree extends the empty one, so a proof from size 0 would say nothing: it is refused.

    Raises:
        BadProof: Not 1 <= first <= last, a malformed proof, or one that leads to other roots.
    """
    step = "consistency"
    if not 1 <= first <= last:
        raise BadProof(f"expected 1 <= first <= last, found first {first} and last {last}", step=step)
    _validate_proof(proof, len(compute_consistency_ranges(first, last)), step)
    if first == last:
        _compare_roots(first_root, last_root, "last root", step)
        return
    digest = suite.hasher()
    # A complete first tree is itself a node of the last one and is left out of the proof.
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    node, end = first - 1, last - 1
    while node & 1:
        node >>= 1
        end >>= 1
    got_first = got_last = path[0]
    for sibling in path[1:]:
        if node & 1 or node == end:
            got_first = digest(NODE_PREFIX + sibling + got_first)
            got_last = digest(NODE_PREFIX + sibling + got_last)
            while not node & 1 and node:
                node >>= 1
                end >>= 1
        else:
            got_last = digest(NODE_PREFIX + got_last + sibling)
        node >>= 1
        end >>= 1
    assert end == 0, "the length of the proof was judged before"
    _compare_roots(got_first, first_root, "first root", step)
    _compare_roots(got_last, last_root, "last root", step)


def compute_inclusion_ranges(index: int, size: int) -> list[Range]:
    """Ranges of leaves whose roots make the inclusion proof, in proof order. Expects 0 <= index < size."""
    assert 0 <= index < size
    ranges = []
    begin, end = 0, size
    while end - begin > 1:
        split = begin + compute_split(end - begin)
        if index < split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((begin, split))
            begin = split
    ranges.reverse()
    return ranges


def compute_consistency_ranges(first: int, last: int) -> list[Range]:
    """Ranges of leaves whose roots make the consistency proof, in proof order. Expects 1 <= first <= last."""
    assert 1 <= first <= last
    ranges = []
    begin, end = 0, last
    while first != end:
        split = begin + compute_split(end - begin)
        if first <= split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((begin, split))
            begin = split
    if begin:
        # Only a node that is not the whole first tree must be told; that one is its root.
        ranges.append((begin, end))
    ranges.reverse()
    return ranges


def compute_split(size: int) -> int:
    """Leaves in the left half of a tree: the largest power of two below `size`. Expects size >= 2."""
    assert size >= 2
    return 1 << ((size - 1).bit_length() - 1)


def _fold(hashes: list[bytes], digest: Callable[[bytes], bytes]) -> bytes:
    # Pairing level by level and carrying an odd last node up gives the tree of RFC 9162.
    assert hashes
    while len(hashes) > 1:
        carried = hashes[-1:] if len(hashes) & 1 else []
        hashes = [
            digest(NODE_PREFIX + left + right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)
        ]
        hashes += carried
    return hashes[0]


def _range_roots(suite: Suite, leaves: Sequence[bytes], ranges: list[Range]) -> tuple[bytes, ...]:
    return tuple(compute_root(suite, leaves[begin:end]) for begin, end in ranges)


def _inclusion_length(index: int, size: int) -> int:
    # Up to where the paths of this leaf and the last one meet every level has a sibling;
    # above that only the levels where the path is a right child have one.
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()


def _validate_proof(proof: Sequence[bytes], length: int, step: str) -> None:
    if len(proof) != length:
        raise BadProof(f"proof of {len(proof)} hashes; expected {length}", step=step)
    for position, item in enumerate(proof):
        if len(item) != DIGEST_BYTES:
            raise BadProof(f"proof[{position}] has {len(item)} bytes; expected {DIGEST_BYTES}", step=step)


def _compare_roots(got: bytes, want: bytes, what: str, step: str) -> None:
    if got != want:
        raise BadProof(f"the proof leads to {what} {got.hex()}; expected {want.hex()}", step=step)
