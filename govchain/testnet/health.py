"""Asks a validator or gateway over HTTP whether it lives, and whether it takes part.

Small blocking requests with a deadline each, for starting and watching processes. Applications use `client`.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import socket
import ssl
from enum import Enum
from typing import Any, Final

from govchain.errors import Unavailable

PROBE_TIMEOUT_S: Final = 2.0
ANSWER_BYTES_MAX: Final = 1_000_000
FREE_PORTS_START: Final = 10_000
FREE_PORTS_END: Final = 32_000
"""First port that `free_ports` gives out, and the first it does not: Linux hands out 32768 and up itself."""

_places = itertools.count(os.getpid() * 64)
"""Where to look next. Processes begin far apart, so that two networks started at once seldom meet."""


class Health(Enum):
    """What one probe found."""

    SILENT = "silent"
    """Nobody answers at the address."""
    ALIVE = "alive"
    """The process answers; it is not connected to a quorum or is catching up."""
    READY = "ready"
    """It takes part in consensus."""


def probe(host: str, port: int, *, timeout_s: float = PROBE_TIMEOUT_S) -> Health:
    """Health of the validator behind an API address."""
    if _get(host, port, "/healthz", timeout_s) is None:
        return Health.SILENT
    return Health.READY if _get(host, port, "/readyz", timeout_s) is not None else Health.ALIVE


def answers(host: str, port: int, tls: ssl.SSLContext, *, timeout_s: float = PROBE_TIMEOUT_S) -> bool:
    """Whether the gateway behind an https address lives."""
    return _get(host, port, "/healthz", timeout_s, tls) is not None


def read_status(host: str, port: int, *, timeout_s: float = PROBE_TIMEOUT_S) -> dict[str, Any] | None:
    """The answer of `/v1/status`, or None when nobody answers."""
    body = _get(host, port, "/v1/status", timeout_s)
    if body is None:
        return None
    try:
        status = json.loads(body)
    except ValueError:
        return None
    return status if isinstance(status, dict) else None


def is_port_free(host: str, port: int) -> bool:
    """Whether a listener could bind the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe_socket:
        probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe_socket.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int, *, host: str = "127.0.0.1") -> list[int]:
    """Ports that are free now, all different, and others at every call.

    They lie below the range from which the system gives outgoing connections a port: what it gave to one of
    those between this look and the use would be taken.

    Raises:
        Unavailable: There are not so many free ports.
    """
    span = FREE_PORTS_END - FREE_PORTS_START
    found: list[int] = []
    for place in itertools.islice(_places, span):
        port = FREE_PORTS_START + place % span
        if is_port_free(host, port):
            found.append(port)
        if len(found) == count:
            return found
    raise Unavailable(f"no {count} free ports from {FREE_PORTS_START} to {FREE_PORTS_END - 1} on {host}")


def _get(
    host: str, port: int, path: str, timeout_s: float, tls: ssl.SSLContext | None = None
) -> bytes | None:
    connection = (
        http.client.HTTPConnection(host, port, timeout=timeout_s)
        if tls is None
        else http.client.HTTPSConnection(host, port, timeout=timeout_s, context=tls)
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(ANSWER_BYTES_MAX)
        return body if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
