"""The door of the simulated network: each message is decoded and verified once, for all who receive it.

What one validator finds holds for every other of the same chain and epoch, since a message cannot change once
it is made. A forged one is another message, and is looked at. Nothing is judged here that the core's own door
does not judge.
"""

from __future__ import annotations

from typing import Any, Final

from govchain.consensus import SignedMessage
from govchain.crypto import Suite
from govchain.model import ValidatorSet
from govchain.sim.protocol import ConsensusProtocol

REMEMBERED_PER_VALIDATOR: Final = 32
"""Messages after which those of before begin to be forgotten: more than are on their way at one time."""


class Door:
    """Remembers what was verified, by the message itself and not by its bytes.

    Args:
        protocol: Says which messages there are, and what makes one good.
        suite: Verifies signatures.
        chain_id: Of the simulated chain.
    """

    def __init__(self, protocol: ConsensusProtocol, suite: Suite, chain_id: bytes) -> None:
        self._protocol = protocol
        self._suite = suite
        self._chain_id = chain_id
        # A message is kept as long as its number stands here, so the number cannot become another's.
        self._known: dict[int, tuple[ValidatorSet, Any]] = {}
        self._before: dict[int, tuple[ValidatorSet, Any]] = {}

    def verify(self, validators: ValidatorSet, signed: SignedMessage) -> Any:
        """See `ConsensusProtocol.verify`; a message that is refused is looked at again each time."""
        number = id(signed)
        known = self._known.get(number) or self._before.get(number)
        if known is not None and (known[0] is validators or known[0] == validators):
            return known[1]
        verified = self._protocol.verify(self._suite, validators, self._chain_id, signed)
        if len(self._known) >= REMEMBERED_PER_VALIDATOR * validators.size:
            # Few are kept: what is kept long is out of the processor's cache when it is needed or freed.
            self._before, self._known = self._known, {}
        self._known[number] = (validators, verified)
        return verified
