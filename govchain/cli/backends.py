"""From the word after `--backend` to a backend."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from govchain.errors import ConfigError
from govchain.report import Reporter
from govchain.scenario import Backend, LocalBackend, RemoteBackend, SimBackend

Crypto = Literal["symbolic", "real"]
"""How simulated validators sign."""

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file.")]
JobsOption = Annotated[
    int | None,
    # All of them are started, however few runs there are.
    typer.Option("--jobs", "-j", min=1, max=256, help="Processes.", show_default="one for each core"),
]


@contextmanager
def open_backend(
    name: str, *, urls: list[str], keys: Path | None, reporter: Reporter | None, crypto: Crypto | None = None
) -> Iterator[Backend]:
    """The backend of that name; what it needs on disk is removed afterwards.

    Args:
        name: `sim`, `local`, or the address of a validator.
        urls: Further addresses of the same network.
        keys: Folder of people's keys, for an address.
        reporter: Gets the simulator's trace and frames.
        crypto: How simulated validators sign; symbolically when not given.

    Raises:
        ConfigError: No such backend, or keys where they come from the seed, or `crypto` for real validators.
    """
    is_address = name.startswith(("http://", "https://"))
    if not is_address and (keys is not None or urls):
        raise ConfigError(
            "--keys and --url belong to a running network",
            found=f"--backend {name}",
            expected="--backend http://…",
        )
    if crypto is not None and name != "sim":
        raise ConfigError(
            "--crypto is for the simulator: other validators always sign for real",
            found=f"--backend {name}",
            expected="--backend sim",
        )
    if is_address:
        yield RemoteBackend([name.rstrip("/"), *(url.rstrip("/") for url in urls)], keys=keys)
    elif name == "sim":
        is_symbolic = crypto != "real"
        if reporter is None:
            yield SimBackend(is_symbolic=is_symbolic)
        else:
            yield SimBackend(reporter.add_event, reporter.add_frame, is_symbolic=is_symbolic)
    elif name == "local":
        with tempfile.TemporaryDirectory(prefix="govchain-replay-") as place:
            yield LocalBackend(Path(place) / "network", now=datetime.now(UTC))
    else:
        raise ConfigError(
            "unknown backend", found=name, expected="sim, local, or http://HOST:PORT of a validator"
        )
