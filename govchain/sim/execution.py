"""Execution that is shared: what one simulated validator executed, equal ones take over.

A block follows from the head below it, its batch and its transactions, so validators with equal heads get
equal blocks. Sharing saves their work and gives up one thing: execution that differs between two validators
of one process is not seen. The tests of the ledger see it; here each may be told to execute for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from govchain.ledger import ExecutedBlock, Ledger
from govchain.ledger.executed import Moved
from govchain.model import Batch, Transaction
from govchain.sim.forms import SharedAdmission

BLOCKS_KEPT_MAX: Final = 256


class SharedExecution:
    """Blocks that were executed lately, by the head below them and their batch.

    Attributes:
        admission: What states said of transactions is shared with them.
    """

    def __init__(self) -> None:
        self.admission = SharedAdmission()
        self._blocks: dict[tuple[bytes, Batch], tuple[ExecutedBlock, Moved]] = {}

    def execute(self, ledger: Ledger, batch: Batch, transactions: Sequence[Transaction]) -> ExecutedBlock:
        """See `Ledger.execute`."""
        place = (ledger.head_digest, batch)
        known = self._blocks.get(place)
        if known is not None and known[0].block.transactions == tuple(transactions):
            ledger.adopt(*known)
            return known[0]
        executed = ledger.execute(batch, transactions)
        if len(self._blocks) >= BLOCKS_KEPT_MAX:
            del self._blocks[next(iter(self._blocks))]
        self._blocks[place] = (executed, executed.list_moved())
        return executed
