"""What waits for the owner of the replica: frames of peers and events, bounded in bytes.

A peer whose frames wait is read no further until they were worked off. Order within one peer is kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from govchain.consensus import Event

PEER_BYTES_MAX: Final = 1024 * 1024
"""Bytes of one peer that may wait here; one frame and one read more may come before reading stops."""


class Inbox:
    """Frames and events of one validator.

    Args:
        pause: Stop reading from a peer.
        resume: Read on.
    """

    def __init__(self, pause: Callable[[str], None], resume: Callable[[str], None]) -> None:
        self._pause = pause
        self._resume = resume
        self._frames: deque[tuple[str, bytes]] = deque()
        self._events: deque[Event] = deque()
        self._bytes_by_peer: dict[str, int] = {}
        self._paused: dict[str, None] = {}
        self.arrived = asyncio.Event()
        """Set when there is something to take; the owner clears it."""

    @property
    def is_congested(self) -> bool:
        """Some peer sends faster than this validator works."""
        return bool(self._paused)

    def put_frames(self, peer: str, payloads: list[bytes]) -> None:
        """Frames of a peer, in order."""
        for payload in payloads:
            self._frames.append((peer, payload))
        waiting = self._bytes_by_peer.get(peer, 0) + sum(map(len, payloads))
        self._bytes_by_peer[peer] = waiting
        if waiting > PEER_BYTES_MAX and peer not in self._paused:
            self._paused[peer] = None
            self._pause(peer)
        self.arrived.set()

    def put_event(self, event: Event) -> None:
        """An event of our own: a timer, an execution."""
        self._events.append(event)
        self.arrived.set()

    def take_frames(self) -> list[tuple[str, bytes]]:
        """Every frame that waits. Report each as `done` when it was worked off."""
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def take_events(self) -> list[Event]:
        """Every event that waits."""
        events = list(self._events)
        self._events.clear()
        return events

    def done(self, peer: str, size: int) -> None:
        """A frame of this size needs no memory any more."""
        waiting = self._bytes_by_peer[peer] - size
        assert waiting >= 0
        self._bytes_by_peer[peer] = waiting
        if waiting <= PEER_BYTES_MAX // 2 and peer in self._paused:
            del self._paused[peer]
            self._resume(peer)
