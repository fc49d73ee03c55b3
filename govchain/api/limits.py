"""Named limits of the HTTP API, and the token buckets that keep one client from crowding out the others.

No request is handled here; the buckets get the time from their caller.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec


class ApiLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bounds of one API server. Every one holds before anything is allocated for the request."""

    body_bytes_max: int = 8_388_608
    transactions_max: int = 1_000
    """Transactions in one request."""
    connections_max: int = 1_024
    header_bytes_max: int = 8_190
    """Of the request line, and of each header."""
    headers_max: int = 64
    streams_max: int = 128
    """Event streams open at once, WebSocket and server-sent events together."""
    wait_ms_max: int = 30_000
    """Longest `?wait=`."""
    body_timeout_s: float = 20.0
    """A body must have arrived by then."""
    idle_timeout_s: float = 30.0
    """A connection without a complete request head is closed after that (slow loris)."""
    write_timeout_s: float = 20.0
    """An event stream whose reader takes nothing for that long is ended."""
    heartbeat_s: float = 15.0
    """Interval of signs of life on event streams."""
    shutdown_timeout_s: float = 3.0
    """How long running requests may finish when the server closes."""
    requests_per_s: float = 500.0
    """Refill of each remote address's bucket."""
    requests_burst: int = 1_000
    """Size of each remote address's bucket."""
    clients_max: int = 10_000
    """Remote addresses remembered; the one unseen for longest is forgotten first."""
    blocks_per_page_max: int = 100


class TokenBuckets:
    """One bucket a client: each request takes a token, time gives them back, an empty bucket refuses."""

    def __init__(self, *, per_s: float, burst: int, clients_max: int) -> None:
        assert per_s > 0
        assert burst >= 1
        assert clients_max >= 1
        self._per_s = per_s
        self._burst = float(burst)
        self._clients_max = clients_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now_s: float) -> float:
        """Take one token; 0.0 when there was one, else the seconds until there is.

        Args:
            client: Who asks, usually the remote address.
            now_s: A clock that never goes back.
        """
        tokens, then_s = self._buckets.pop(client, (self._burst, now_s))
        tokens = min(self._burst, tokens + max(0.0, now_s - then_s) * self._per_s)
        missing = 1.0 - tokens
        if missing <= 0:
            tokens -= 1.0
        self._buckets[client] = (tokens, now_s)
        if len(self._buckets) > self._clients_max:
            self._buckets.popitem(last=False)
        assert len(self._buckets) <= self._clients_max
        return 0.0 if missing <= 0 else missing / self._per_s
