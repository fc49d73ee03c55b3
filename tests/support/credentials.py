"""A licence credential, its issuer and its holder, with salts from a seed, for tests of disclosure.

The person's number is one of the published test numbers; the organisations are those of the stories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from govchain.crypto.p256 import P256Signer
from govchain.crypto.suite import suite
from govchain.disclosure import (
    StatusReference,
    TokenKey,
    TokenSigner,
    issue_licence,
    seal_face,
    token_signer,
)
from govchain.errors import BadCredential

AMR = "11990100MA0XX00A97"
BANK = "91990100MA0XX00T40"
TAX = "11990100MA0XX00C5W"
LICENCE_ID = "1.2.156.3005.2.11990100MA0XX00A97001.11990100MA0XX00A97.20261102000000000001.001.O"
HOLDER_NUMBER = "110102199101010078"
NOW_S = 1_793_581_200
KEY_ID = "a1" * 32
LIST_URI = "https://licences.example/status/1"

FACE: dict[str, Any] = {
    "certificateHolderName": "测试企业甲",
    "certificateHolderCode": HOLDER_NUMBER,
    "capital": {"amount": "1000000.00", "currency": "CNY"},
    "scope": ["软件开发", "数据处理", "技术咨询"],
}
ALL_PATHS = [
    *((("face", name)) for name in FACE),
    ("face", "capital", "amount"),
    ("face", "capital", "currency"),
    *((("face", "scope", index)) for index in range(3)),
]

ISSUER = token_signer(suite().signer(b"\x01" * 32))
HOLDER = token_signer(suite().signer(b"\x02" * 32))
OTHER = token_signer(suite().signer(b"\x03" * 32))
P256_ISSUER = token_signer(P256Signer(b"\x04" * 32))
P256_HOLDER = token_signer(P256Signer(b"\x05" * 32))


def seeded_bytes(seed: int = 1) -> Callable[[int], bytes]:
    """Bytes that nobody can guess from one another, the same on every run."""
    count = 0

    def draw(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(f"salt {seed} {count}".encode()).digest(size)

    return draw


def key_of(issuer: str, key_id: str) -> TokenKey | None:
    """What a verifier knows: one authority, one key."""
    return ISSUER.key if (issuer, key_id) == (AMR, KEY_ID) else None


def licence_credential(
    *,
    issuer: TokenSigner = ISSUER,
    holder: TokenSigner = HOLDER,
    random_bytes: Callable[[int], bytes] | None = None,
    index: int = 7,
) -> str:
    sealed = seal_face(FACE, random_bytes or seeded_bytes())
    return issue_licence(
        issuer,
        sealed,
        issuer=AMR,
        key_id=KEY_ID,
        holder=holder.key,
        licence_id=LICENCE_ID,
        status=StatusReference(LIST_URI, index),
        issued_s=NOW_S,
    )


def reason_of(call: Callable[[], object]) -> str:
    """Why a call refuses; it must refuse."""
    with pytest.raises(BadCredential) as caught:
        call()
    return caught.value.reason
