"""From the word after `--backend` to a backend."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from govchain.errors import ConfigError
from govchain.report import Reporter
from govchain.scenario import Backend, LocalBackend, RemoteBackend, SimBackend


@contextmanager
def open_backend(
    name: str, *, urls: list[str], keys: Path | None, reporter: Reporter | None
) -> Iterator[Backend]:
    """The backend of that name; what it needs on disk is removed afterwards.

    Args:
        name: `sim`, `local`, or the address of a validator.
        urls: Further addresses of the same network.
        keys: Folder of people's keys, for an address.
        reporter: Gets the simulator's trace and frames.

    Raises:
        ConfigError: No such backend, or keys where they come from the seed.
    """
    is_address = name.startswith(("http://", "https://"))
    if not is_address and (keys is not None or urls):
        raise ConfigError(
            "--keys and --url belong to a running network",
            found=f"--backend {name}",
            expected="--backend http://…",
        )
    if is_address:
        yield RemoteBackend([name.rstrip("/"), *(url.rstrip("/") for url in urls)], keys=keys)
    elif name == "sim":
        if reporter is None:
            yield SimBackend()
        else:
            yield SimBackend(listener=reporter.add_event, on_wire=reporter.add_frame)
    elif name == "local":
        with tempfile.TemporaryDirectory(prefix="govchain-replay-") as place:
            yield LocalBackend(Path(place) / "network", now=datetime.now(UTC))
    else:
        raise ConfigError(
            "unknown backend", found=name, expected="sim, local, or http://HOST:PORT of a validator"
        )
