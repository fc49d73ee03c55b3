"""The TLS certificate of a process while it runs: renewed files are taken, the end is announced in time.

Certificates say who is at the other end of a line, nothing more: an ended one costs lines, never safety.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from govchain.errors import ConfigError
from govchain.observe import Logger

LOOK_S: Final = 1.0
WARN_BEFORE_S: Final = 14 * 24 * 3600
"""From here on the log warns of the end, once a day; a renewal takes people some days."""
WARN_EVERY_S: Final = 24 * 3600


class Renewable(Protocol):
    """What can be renewed: `govchain.net.TlsContexts`, and the contexts of a gateway."""

    expires_at: datetime

    @property
    def paths(self) -> tuple[Path, ...]: ...
    def reload(self) -> None: ...


class Settable(Protocol):
    """A gauge."""

    def set(self, value: float) -> None: ...


class CertificateWatch:
    """Looks at the certificate files of one process now and then.

    Args:
        now_ms: Unix milliseconds.
        expiry: Seconds that the certificate lasts.
    """

    def __init__(self, tls: Renewable, log: Logger, now_ms: Callable[[], int], expiry: Settable) -> None:
        self._tls = tls
        self._log = log
        self._now_ms = now_ms
        self._expiry = expiry
        self._seen = _fingerprint(tls.paths)
        self._looked_s = self._warned_s = float("-inf")

    def look(self, now_s: float) -> None:
        """Take files that changed since the last look, and tell how long the certificate lasts.

        Args:
            now_s: Seconds of a monotonic clock.
        """
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        found = _fingerprint(self._tls.paths)
        if found != self._seen:
            # Remembered before it is tried: a pair that is half written changes once more when it is whole.
            self._seen = found
            self._reload()
        left_s = self._tls.expires_at.timestamp() - self._now_ms() / 1000
        self._expiry.set(left_s)
        if left_s < WARN_BEFORE_S and now_s - self._warned_s >= WARN_EVERY_S:
            self._warned_s = now_s
            self._log.warning(
                "certificate-ends", at=self._tls.expires_at.isoformat(), seconds_left=int(left_s)
            )

    def _reload(self) -> None:
        try:
            self._tls.reload()
        except ConfigError as error:
            self._log.error("certificate-not-reloaded", problem=str(error))
            return
        self._warned_s = float("-inf")
        self._log.info("certificate-reloaded", ends=self._tls.expires_at.isoformat())


def _fingerprint(paths: tuple[Path, ...]) -> tuple[tuple[int, int, int], ...]:
    """What changes when a file is written again or replaced; zeros while it is missing."""
    found = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
