"""The form of each transaction is read once, for all who receive it: like `door`, for what clients sign.

What the executed state says of it is asked once by validators that executed the same, where they share their
execution as well. What depends on a validator's own pool is asked there. Nothing is judged here.
"""

from __future__ import annotations

from typing import Final

from govchain.crypto import Suite
from govchain.ledger import Ledger
from govchain.mempool import CheckState, KeyView, StateCheck, TransactionForm
from govchain.model import Genesis, Transaction, TransactionBody
from govchain.model.ids import TransactionId

REMEMBERED_MAX: Final = 20_000
"""Transactions remembered at once; when there are more, all are forgotten and read anew."""


class SharedForms:
    """Remembers what was read, by the transaction itself and not by its bytes."""

    def __init__(self, genesis: Genesis, suite: Suite) -> None:
        self._form = TransactionForm(genesis, suite)
        # A transaction is kept as long as its number stands here, so the number cannot become another's.
        self._known: dict[int, tuple[Transaction, TransactionId, TransactionBody]] = {}

    def read(self, transaction: Transaction) -> tuple[TransactionId, TransactionBody]:
        """See `TransactionForm.read`; one that is refused is looked at again each time."""
        known = self._known.get(id(transaction))
        if known is not None:
            return known[1], known[2]
        id_, body = self._form.read(transaction)
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[id(transaction)] = (transaction, id_, body)
        return id_, body


class SharedAdmission:
    """Remembers of which transactions a state had nothing to say, by its head and the body itself."""

    def __init__(self) -> None:
        # A body is kept as long as its number stands here, so the number cannot become another's.
        self._known: dict[tuple[bytes, int, bool], tuple[TransactionBody, KeyView]] = {}

    def of(self, genesis: Genesis, ledger: Ledger) -> CheckState:
        """`StateCheck.check` of one validator; what is refused is looked at again each time."""
        check, known = StateCheck(genesis, ledger).check, self._known

        def check_shared(body: TransactionBody, proposed: bool) -> KeyView:
            place = (ledger.head_digest, id(body), proposed)
            found = known.get(place)
            if found is not None:
                return found[1]
            key = check(body, proposed)
            if len(known) >= REMEMBERED_MAX:
                known.clear()
            known[place] = (body, key)
            return key

        return check_shared
