"""The door of the simulated network: each message is decoded and verified once, for all who receive it.

What one validator finds holds for every other of the same chain and epoch, since a message cannot change once
it is made. A forged one is another message, and is looked at. Nothing is judged here that the core's own door
does not judge.
"""

from __future__ import annotations

from typing import Final

from govchain.consensus import SignedMessage, Verified, verify_message
from govchain.crypto import Suite
from govchain.model import ValidatorSet

REMEMBERED_MAX: Final = 256
"""Messages remembered at once; when there are more, all are forgotten and verified anew."""


class Door:
    """Remembers what was verified, by the message itself and not by its bytes.

    Args:
        suite: Verifies signatures.
        chain_id: Of the simulated chain.
    """

    def __init__(self, suite: Suite, chain_id: bytes) -> None:
        self._suite = suite
        self._chain_id = chain_id
        # A message is kept as long as its number stands here, so the number cannot become another's.
        self._known: dict[int, tuple[ValidatorSet, Verified]] = {}

    def verify(self, validators: ValidatorSet, signed: SignedMessage) -> Verified:
        """See `verify_message`; a message that is refused is looked at again each time."""
        known = self._known.get(id(signed))
        if known is not None and (known[0] is validators or known[0] == validators):
            return known[1]
        verified = verify_message(self._suite, validators, self._chain_id, signed)
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[id(signed)] = (validators, verified)
        return verified
