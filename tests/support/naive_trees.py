"""The trees again, straight from their definitions: slow, recursive, and obviously right.

Property tests compare `govchain.crypto` with these twins; nothing else uses them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(size: int) -> int:
    """The largest power of two smaller than size (RFC 9162, 2.1.1)."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH (RFC 9162, 2.1.1)."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    k = split(len(leaves))
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:]))


def inclusion_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH (RFC 9162, 2.1.3.1)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*inclusion_path(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*inclusion_path(m - k, leaves[k:]), tree_hash(leaves[:k])]


def consistency_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF (RFC 9162, 2.1.4.1)."""
    return _subproof(m, leaves, True)


def _subproof(m: int, leaves: Sequence[bytes], complete: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if complete else [tree_hash(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], complete), tree_hash(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], False), tree_hash(leaves[:k])]


def state_root(content: Mapping[bytes, bytes], bucket_max: int) -> bytes:
    """Root of the state map with this content, built from nothing."""
    entries = sorted(sha256(b"\x12" + key) + sha256(b"\x13" + value) for key, value in content.items())
    return _state_hash(entries, 0, bucket_max)


def _state_hash(entries: list[bytes], depth: int, bucket_max: int) -> bytes:
    if len(entries) <= bucket_max:
        return sha256(b"\x10" + b"".join(entries))
    children = [
        _state_hash([entry for entry in entries if entry.hex()[depth] == digit], depth + 1, bucket_max)
        for digit in "0123456789abcdef"
    ]
    return sha256(b"\x11" + len(entries).to_bytes(8, "big") + b"".join(children))
