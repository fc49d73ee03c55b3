"""Where the runs of a sweep happen: a pool of processes here, or a cluster that is already there.

All of them through joblib, in the order of the tasks. Nothing is started on a cluster but the tasks.
joblib is imported when it is used: it would make every other command a tenth of a second slower.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any, Final, Protocol, TypeVar

from govchain.errors import ConfigError, Unavailable

T = TypeVar("T")
R = TypeVar("R")

ENGINES: Final = ("process", "dask", "ray")
_SCHEDULER: Final = re.compile(r"[a-z]+://\S+:[0-9]{1,5}|inproc://\S+")
CONNECT_S: Final = 10
"""How long a cluster may take to answer."""


class Spread(Protocol):
    """Runs a function on many values; results come in the order of the values, as they are ready."""

    def __call__(self, function: Callable[[T], R], values: Iterable[T]) -> Iterator[R]: ...


@contextlib.contextmanager
def open_engine(name: str, *, jobs: int, cluster: str | None) -> Iterator[Spread]:
    """The engine of that name.

    Args:
        name: One of `ENGINES`.
        jobs: Processes of the pool; 1 runs everything in this one.
        cluster: Address of the cluster; a pool has none.

    Raises:
        ConfigError: No such engine, a library is missing, or an address where none belongs.
        Unavailable: The cluster does not answer, or it or a process of the pool went away.
    """
    if name == "process" and cluster is not None:
        raise ConfigError("--cluster belongs to --engine dask or ray", found=cluster)
    match name:
        case "process":
            with _lost("a process of the pool", BrokenExecutor):
                yield _Joblib(jobs)
        case "dask":
            with _dask(cluster):
                yield _Joblib(-1)
        case "ray":
            with _ray(cluster):
                # Ray's back end gives all results at the end.
                yield _Joblib(-1, is_streaming=False)
        case _:
            raise ConfigError("unknown engine", found=name, expected="one of: " + ", ".join(ENGINES))


class _Joblib:
    def __init__(self, jobs: int, *, is_streaming: bool = True) -> None:
        self._jobs = jobs
        self._return_as = "generator" if is_streaming else "list"

    def __call__(self, function: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
        import joblib

        parallel = joblib.Parallel(n_jobs=self._jobs, return_as=self._return_as)
        return iter(parallel(joblib.delayed(function)(value) for value in values))


@contextlib.contextmanager
def _dask(cluster: str | None) -> Iterator[None]:
    if cluster is None or not _SCHEDULER.fullmatch(cluster):
        raise ConfigError(
            "--engine dask needs the scheduler", found=cluster, expected="--cluster tcp://HOST:8786"
        )
    import joblib

    distributed = _library("distributed", extra="dask")
    try:
        client = distributed.Client(cluster, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(f"no Dask scheduler answers at {cluster}: {error}") from error
    gone = _lost(f"the Dask cluster at {cluster}", CancelledError, distributed.KilledWorker)
    with gone, client, joblib.parallel_config(backend="dask", client=client):
        yield


@contextlib.contextmanager
def _lost(what: str, *errors: type[BaseException]) -> Iterator[None]:
    """What a library raises when its workers are gone is no mistake of a run."""
    try:
        yield
    except errors as error:
        raise Unavailable(
            f"{what} went away in the middle ({type(error).__name__}): killed, or out of memory; run it again"
        ) from error


@contextlib.contextmanager
def _ray(cluster: str | None) -> Iterator[None]:
    import joblib

    ray = _library("ray", extra="ray")
    joblib_backend = importlib.import_module("ray.util.joblib")
    try:
        ray.init(address=cluster or "auto", log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise Unavailable(f"no Ray cluster answers at {cluster or 'auto'}: {error}") from error
    try:
        joblib_backend.register_ray()
        with joblib.parallel_config(backend="ray"):
            yield
    finally:
        ray.shutdown()


def _library(name: str, *, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"--engine {extra} needs a library that is not installed",
            found=f"no module {error.name}",
            expected=f"the optional dependencies {extra!r} of govchain",
            hint=f"pip install 'govchain[{extra}]', here and on the workers",
        ) from error
