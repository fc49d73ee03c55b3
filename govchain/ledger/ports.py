"""What the ledger needs from a store: point reads. Every write leaves as a value."""

from __future__ import annotations

from typing import Protocol

from govchain.model import Space


class Reader(Protocol):
    """Reads one key. A store gives durable values; the ledger lays unsaved writes over it."""

    def get(self, space: Space, key: bytes) -> bytes | None: ...
