"""The two hashes of a file (rule G2)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from govchain.crypto.file_digest import CHUNK_BYTES, digest_chunks, digest_file

ABC_SM3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
# GB/T 32905-2016, example 2: sixteen times "abcd".
ABCD_SM3 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@pytest.mark.parametrize(("data", "sm3"), [(b"abc", ABC_SM3), (b"abcd" * 16, ABCD_SM3)])
def test_G2_standard_vectors(data: bytes, sm3: str) -> None:
    digests = digest_chunks([data])
    assert (digests.sm3, digests.sha256) == (sm3, hashlib.sha256(data).hexdigest())
    assert digests.size_bytes == len(data)


def test_G2_the_pieces_do_not_matter() -> None:
    data = bytes(range(256)) * 10
    pieces = (data[i : i + 7] for i in range(0, len(data), 7))
    assert digest_chunks(pieces) == digest_chunks([data]) == digest_chunks([b"", data, b""])


def test_G2_an_empty_file_has_digests_too() -> None:
    assert digest_chunks([]).size_bytes == 0
    assert digest_chunks([]).sha256 == hashlib.sha256().hexdigest()


def test_G2_a_file_is_hashed_in_chunks_as_in_one_piece(tmp_path: Path) -> None:
    data = bytes(CHUNK_BYTES) + b"and a little more"
    (tmp_path / "file").write_bytes(data)
    assert digest_file(tmp_path / "file") == digest_chunks([data])
