"""The process around a validator: files, signals, the API beside it, and the order of ending.

The API is handed in by whoever may see it; this module does not know HTTP.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

from govchain.codec.genesis_file import read_genesis
from govchain.crypto import Signer, chain_id_of, read_key_file, suite
from govchain.errors import ConfigError, MalformedBytes
from govchain.model import Genesis
from govchain.model.genesis_rules import validate_genesis
from govchain.net import TlsContexts, TlsFiles
from govchain.node.config import NodeConfig, split_address, validate_against_genesis
from govchain.node.guard import guard_owner, open_guard
from govchain.node.runtime import NodeRuntime
from govchain.observe import Logger, capture_standard_logging, log_stream, open_log
from govchain.storage import Guard, MemoryGuard, MemoryStore, RocksStore, Store

GC_THRESHOLDS: Final = (50_000, 20, 100)
"""Values here hold no cycles; the collector's default would walk the pool some hundred times a second."""
SECOND_SIGNAL_STATUS: Final = 130


class Closable(Protocol):
    """A running API server."""

    async def close(self) -> None: ...


Serve = Callable[[NodeRuntime, str, int], Awaitable[Closable]]
"""Starts an API for a validator on a host and port."""


def run(config: NodeConfig, serve: Serve, *, passphrase: str | None = None) -> None:
    """Run a validator until SIGINT or SIGTERM; returns after a clean end.

    Args:
        serve: Starts the API; it is closed first when the validator ends.
        passphrase: Of the key file, when it is sealed.

    Raises:
        ConfigError: A file or value is wrong; nothing was started.
        Unavailable: A port is taken, or the data directory or the guard is in use.
        StorageFailure: The store or the guard failed.
        Diverged: This validator executed something else than a quorum (rule CP-3).
    """
    genesis = load_genesis(config.genesis)
    validate_against_genesis(config, genesis)
    files = [config.key, config.next_key] if config.next_key else [config.key]
    signers = [read_key_file(file, passphrase) for file in files]
    tls = TlsContexts(
        TlsFiles(Path(config.tls_certificate), Path(config.tls_key), Path(config.tls_authority))
    )
    with log_stream(config.log) as stream:
        log = open_log(config.name, stream)
        capture_standard_logging(log)
        with (
            closing(_open_store(config, genesis)) as store,
            closing(_open_guard(config, genesis, store)) as guard,
            asyncio.Runner(loop_factory=_loop_factory()) as runner,
        ):
            runner.run(_run(config, genesis, signers, store, guard, tls=tls, log=log, serve=serve))


def load_genesis(path: Path | str) -> Genesis:
    """The genesis in a file.

    Raises:
        ConfigError: It cannot be read, or describes no possible network.
    """
    try:
        genesis = read_genesis(Path(path).read_bytes())
        validate_genesis(genesis)
    except OSError as error:
        raise ConfigError(f"the genesis cannot be read: {error.strerror}", path=str(path)) from error
    except MalformedBytes as error:
        raise ConfigError(str(error), path=str(path), expected="a genesis file as it was made") from error
    return genesis


async def _run(
    config: NodeConfig,
    genesis: Genesis,
    signers: Sequence[Signer],
    store: Store,
    guard: Guard,
    *,
    tls: TlsContexts,
    log: Logger,
    serve: Serve,
) -> None:
    runtime = NodeRuntime(config, genesis, signers, store, guard, tls=tls, log=log)
    stopping = asyncio.Event()
    _install_signals(stopping, tls, log)
    host, port = split_address(config.api_listen)
    await runtime.listen()
    try:
        # Both ports are bound before anything is sent, so that a taken one stops the start.
        server = await serve(runtime, host, port)
    except BaseException:
        await runtime.stop()
        raise
    # What exists now lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    await runtime.start()
    waits = [asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(runtime.run_until_stopped())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await server.close()
        await runtime.stop()
        waits[0].cancel()
    await waits[1]


def _install_signals(stopping: asyncio.Event, tls: TlsContexts, log: Logger) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            # Whoever asks twice does not want to wait; what was promised is on disk.
            os._exit(SECOND_SIGNAL_STATUS)
        log.info("stopping")
        stopping.set()

    def reload() -> None:
        try:
            tls.reload()
            log.info("certificate-reloaded")
        except ConfigError as error:
            log.error("certificate-not-reloaded", problem=str(error))

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)


def _open_store(config: NodeConfig, genesis: Genesis) -> Store:
    if config.store == "memory":
        return MemoryStore()
    return RocksStore(config.data_dir, chain_id_of(suite(genesis.suite), genesis))


def _open_guard(config: NodeConfig, genesis: Genesis, store: Store) -> Guard:
    if config.store == "memory":
        return MemoryGuard()
    return open_guard(Path(config.guard), guard_owner(genesis, config.name), store)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
