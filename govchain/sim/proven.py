"""Blocks that prove themselves or are proven from above, and heights that lack their own proof (rule CU-2).

Reads what a simulated validator stores. Whom to ask, and when, is decided in `node`.
"""

from __future__ import annotations

from govchain.ledger import Chain
from govchain.model import Block, FinalityCertificate


class Gaps:
    """Final heights whose own certificate nobody had when their blocks came.

    Others may have made it anew (rule CU-2).
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._whole = 0

    def first(self, final_height: int) -> int:
        """The lowest one; 0 when there is none."""
        while self._whole < final_height and self._chain.certificate(self._whole + 1) is not None:
            self._whole += 1
        return self._whole + 1 if self._whole < final_height else 0


def proven_blocks(
    chain: Chain, from_height: int, limit: int
) -> tuple[tuple[Block, FinalityCertificate | None], ...]:
    """Stored blocks from a height on, up to one that has its certificate: it proves those below (CU-2)."""
    found: list[tuple[Block, FinalityCertificate | None]] = []
    for height in range(from_height, from_height + limit):
        block = chain.block(height)
        if block is None:
            break
        found.append((block, chain.certificate(height)))
    while found and found[-1][1] is None:
        found.pop()
    return tuple(found)
