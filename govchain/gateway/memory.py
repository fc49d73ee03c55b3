"""Gateways of one process that call each other directly: the wire of a simulation.

No time passes on this wire and nothing is lost on it.
"""

from __future__ import annotations

from govchain.errors import Unavailable
from govchain.gateway.gateway import Gateway


class MemoryPeers:
    """`PeerPort` over gateways of the same process."""

    def __init__(self) -> None:
        self._gateways: dict[str, Gateway] = {}

    def add(self, gateway: Gateway) -> None:
        """Make a gateway reachable by its organisation."""
        self._gateways[gateway.org] = gateway

    def remove(self, org: str) -> None:
        """A gateway is reachable no longer."""
        self._gateways.pop(org, None)

    def knows(self, provider: str) -> bool:
        """See `PeerPort`: here everybody has an address, and some are silent."""
        return True

    async def send(self, provider: str, message: bytes) -> bytes:
        """See `PeerPort`."""
        gateway = self._gateways.get(provider)
        if gateway is None:
            raise Unavailable(f"{provider} has no gateway here")
        answer = await gateway.handle(message)
        gateway.delivered(message)
        return answer
