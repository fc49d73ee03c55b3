"""What arrives is handed over to each receiver that is up; votes are first counted for all of them together.

When it arrives and whose turn it is has been decided before; what it means is the validator's business.
"""

from __future__ import annotations

from collections.abc import Sequence

from govchain.consensus import SignedMessage
from govchain.errors import InvalidInput
from govchain.model import ValidatorSet
from govchain.sim.door import Door
from govchain.sim.happenings import Arrival
from govchain.sim.node import SimNode
from govchain.sim.protocol import ConsensusProtocol, Core
from govchain.sim.trace import Trace


class Delivery:
    """Between the wires and the validators.

    Args:
        nodes: Validators by index, None for those that are down; call `forget` when one comes or goes.

    Attributes:
        messages: Consensus messages that arrived at a validator so far.
    """

    def __init__(
        self, nodes: Sequence[SimNode | None], protocol: ConsensusProtocol, door: Door, trace: Trace | None
    ) -> None:
        self.messages = 0
        self._nodes = nodes
        self._protocol = protocol
        self._door = door
        self._trace = trace
        self._audiences: dict[tuple[int, ...], tuple[list[SimNode], list[Core]]] = {}

    def forget(self) -> None:
        """Look anew at who is up."""
        self._audiences.clear()

    def hand_over(self, indices: tuple[int, ...], arrival: Arrival, now_ns: int) -> None:
        """Give a frame to each receiver, one after the other."""
        up, cores = self._audience(indices)
        if up and isinstance(arrival.frame, SignedMessage):
            self.messages += len(up)
            self._hand_message(up, cores, arrival, arrival.frame, now_ns)
            return
        for node in up:
            if self._trace is not None:
                self._trace.add(now_ns, node.index, "arrive", arrival.facts)
            node.receive(arrival.source, arrival.frame)

    def _hand_message(
        self, up: list[SimNode], cores: list[Core], arrival: Arrival, signed: SignedMessage, now_ns: int
    ) -> None:
        voters: ValidatorSet | None = cores[0].validators
        try:
            verified = self._door.verify(cores[0].validators, signed)
            # What a count changes nobody sees, so it makes no difference that those who judge come after it.
            left = self._protocol.count(cores, verified)
        except InvalidInput:
            voters, verified, left = None, None, list(range(len(up)))  # Each refuses it for itself.
        trace = self._trace
        for place in left if trace is None else range(len(up)):
            node = up[place]
            if trace is not None:
                trace.add(now_ns, node.index, "arrive", arrival.facts)
                if place not in left:
                    continue
            if cores[place].validators is voters:
                node.take(verified)
            else:
                node.receive_message(arrival.source, signed)

    def _audience(self, indices: tuple[int, ...]) -> tuple[list[SimNode], list[Core]]:
        """Those of the receivers that are up, and their cores."""
        found = self._audiences.get(indices)
        if found is None:
            up = [node for index in indices if (node := self._nodes[index]) is not None]
            found = self._audiences[indices] = (up, [node.replica for node in up])
        return found
