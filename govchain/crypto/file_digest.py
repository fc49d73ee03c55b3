"""The two hashes of a file that records carry, in one pass over its bytes (rule G2).

What a file holds, and whether it may be read, is not known here: chunks come in, hashes go out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes

CHUNK_BYTES: Final = 1 << 20


class FileDigests(msgspec.Struct, frozen=True):
    """Lower-case hex of both hashes, and how many bytes they cover."""

    sha256: str
    sm3: str
    size_bytes: int


def digest_file(path: Path) -> FileDigests:
    """Hash a file of any size, never more than a chunk of it in memory.

    Raises:
        OSError: The file cannot be read.
    """
    return digest_chunks(_chunks(path))


def digest_chunks(chunks: Iterable[bytes]) -> FileDigests:
    """Hash a file's bytes, given in order in pieces of any size."""
    sha256, sm3 = hashlib.sha256(), hashes.Hash(hashes.SM3())
    size_bytes = 0
    for chunk in chunks:
        sha256.update(chunk)
        sm3.update(chunk)
        size_bytes += len(chunk)
    return FileDigests(sha256=sha256.hexdigest(), sm3=sm3.finalize().hex(), size_bytes=size_bytes)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
