"""Sizes of numbers and digests in signed messages of any protocol (rule MS-1).

What a message may hold is judged before anything of it is kept; what it means is the protocol's business.
"""

from __future__ import annotations

from typing import Final

from govchain.errors import MalformedBytes
from govchain.model.ids import DIGEST_BYTES

NUMBER_MAX: Final = 2**53 - 1
"""Largest view, seq, height or time that a message may name."""


def expect_numbers(*numbers: int) -> None:
    """Every number is from 0 to `NUMBER_MAX`.

    Raises:
        MalformedBytes: One is not.
    """
    if min(numbers) < 0 or max(numbers) > NUMBER_MAX:
        number = next(each for each in numbers if not 0 <= each <= NUMBER_MAX)
        raise MalformedBytes(f"message: number {number} is out of range")


def expect_digests(*digests: bytes) -> None:
    """Every digest has the length of one.

    Raises:
        MalformedBytes: One has not.
    """
    for digest in digests:
        if len(digest) != DIGEST_BYTES:
            raise MalformedBytes(f"message: digest of {len(digest)} bytes; expected {DIGEST_BYTES}")
