"""From the word after `--backend` to a backend."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from govchain.errors import ConfigError
from govchain.scenario import Backend, LocalBackend, RemoteBackend, RunFolder, SimBackend


@contextmanager
def open_backend(
    name: str, *, urls: list[str], keys: Path | None, folder: RunFolder | None
) -> Iterator[Backend]:
    """The backend of that name; what it needs on disk is removed afterwards.

    Args:
        name: `sim`, `local`, or the address of a validator.
        urls: Further addresses of the same network.
        keys: Folder of people's keys, for an address.
        folder: Gets the simulator's trace.

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
        yield SimBackend(listener=folder.add_event if folder is not None else None)
    elif name == "local":
        with tempfile.TemporaryDirectory(prefix="govchain-replay-") as place:
            yield LocalBackend(Path(place) / "network", now=datetime.now(UTC))
    else:
        raise ConfigError(
            "unknown backend", found=name, expected="sim, local, or http://HOST:PORT of a validator"
        )
