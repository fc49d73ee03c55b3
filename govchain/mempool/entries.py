"""What the pool keeps of a transaction. Forms only: `pool` keeps and forgets them."""

from __future__ import annotations

import msgspec

from govchain.model import Transaction, TransactionBody
from govchain.model.ids import TransactionId


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """A transaction that may be ordered."""

    id: TransactionId
    size_bytes: int
    """Body and signature."""
    body: TransactionBody


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A transaction of the pool."""

    transaction: Transaction
    admitted: Admitted
    due: int
    """Height at which `expire` takes it out: its expiry height, or the next one when that has passed."""
