"""The rate that no chain on this machine can pass: single signature verifications on all cores at once.

Every validator verifies every record once, and all validators share the cores here.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from typing import Final

from govchain.crypto import derive_secret, suite

SECONDS: Final = 1.0
MESSAGE: Final = bytes(400)
"""About the signed bytes of a record."""
CALLS_PER_LOOK: Final = 50


def signature_ceiling_per_s(seconds: float = SECONDS) -> float:
    """Verifications a second over all cores, one process each."""
    cores = os.cpu_count() or 1
    # Fresh processes: nothing of the caller's event loop or threads comes along.
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        return sum(pool.map(verifications_per_s, [seconds] * cores, chunksize=1))


def verifications_per_s(seconds: float) -> float:
    """Verifications a second in this process."""
    chosen = suite()
    signer = chosen.signer(derive_secret(1, "ceiling"))
    signature = signer.sign(MESSAGE)
    count, began_s = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - began_s) < seconds:
        for _ in range(CALLS_PER_LOOK):
            chosen.verify(signer.public_key, MESSAGE, signature)
        count += CALLS_PER_LOOK
    return count / elapsed_s
