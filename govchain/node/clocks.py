"""The clocks and the chance of a running node: the only place where they enter.

The core gets times as parameters; simulation gives it others.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable

from govchain.reads import NONCE_BYTES


def monotonic_s() -> float:
    """Seconds that never go back, for waiting and measuring."""
    return time.monotonic()


def unix_ms() -> int:
    """Unix time in milliseconds, for the time of proposals."""
    return time.time_ns() // 1_000_000


def fresh_nonce() -> bytes:
    """Bytes that were never used before, by no earlier life of this validator either."""
    return secrets.token_bytes(NONCE_BYTES)


def jitter_of(name: str) -> Callable[[], float]:
    """Numbers in [0, 1), so that validators do not reconnect in step; nothing secret depends on them."""
    return random.Random(name).random
