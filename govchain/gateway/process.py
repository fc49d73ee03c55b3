"""The process around a gateway: files, signals, the server, and the task that takes up what was left.

No rule of an exchange is here.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from govchain.client import Client
from govchain.crypto import Signer, chain_id_of, read_key_file, suite
from govchain.crypto.keys import read_private, read_secret
from govchain.crypto.vault import Vault
from govchain.errors import ConfigError, GovchainError
from govchain.gateway.callers import GatewayContext
from govchain.gateway.client_chain import ClientChain
from govchain.gateway.config import GatewayConfig
from govchain.gateway.gateway import Gateway
from govchain.gateway.http_client import HttpPeers
from govchain.gateway.metrics import GatewayMetrics
from govchain.gateway.server import LIMITS, serve_departments, serve_people
from govchain.gateway.status_lists import StatusLists
from govchain.gateway.store import GatewayStore
from govchain.gateway.tls import GatewayTls
from govchain.gateway.tokens import PortalTokens
from govchain.model import Genesis
from govchain.net import TlsFiles
from govchain.node.certificate_watch import CertificateWatch
from govchain.node.clocks import monotonic_s, unix_ms
from govchain.node.config import split_address
from govchain.node.process import load_genesis
from govchain.observe import Logger, capture_standard_logging, log_stream, open_log

RESUME_INTERVAL_S: Final = 5.0
"""How often an exchange that could not go on is taken up again."""
FOLLOWED: Final = "followed-height"
"""Setting of the database: up to which block the chain's denials were looked through."""
FOLLOW_BLOCKS: Final = 100
"""After so many blocks without a denial that is noted, and no more are read again after a restart."""
DESK_TOKEN_MIN: Final = 32


def run(config: GatewayConfig, *, passphrase: str | None = None) -> None:
    """Run a gateway until SIGINT or SIGTERM.

    Args:
        passphrase: Of the key files, where they are sealed.

    Raises:
        ConfigError: A file or value is wrong; nothing was started.
        Unavailable: A port is taken.
        StorageFailure: The database failed.
    """
    genesis = load_genesis(config.genesis)
    files = _Files(
        signer=read_key_file(config.key, passphrase),
        secret=read_secret(config.secret, passphrase),
        desk_token=_read_token(config.desk_token),
        tls=GatewayTls(
            TlsFiles(Path(config.tls_certificate), Path(config.tls_key), Path(config.tls_authority)),
            config.org,
        ),
    )
    owner = f"{chain_id_of(suite(genesis.suite), genesis).hex()} {config.org}"
    with log_stream(config.log) as stream, closing(GatewayStore(config.database, owner)) as store:
        log = open_log(f"gateway {config.org}", stream)
        capture_standard_logging(log)
        asyncio.run(_run(config, genesis, files, store, log))


@dataclass(frozen=True, slots=True, repr=False)
class _Files:
    """What was read from files before anything started; secret, and so shown by no message."""

    signer: Signer
    secret: bytes
    desk_token: str
    tls: GatewayTls


async def _run(
    config: GatewayConfig, genesis: Genesis, files: _Files, store: GatewayStore, log: Logger
) -> None:
    # Validators are dialled by host, and their certificates name hosts, not organisations.
    validators_tls = ssl.create_default_context(cafile=config.tls_authority)
    async with (
        Client(config.validators, genesis=genesis, tls=validators_tls) as client,
        HttpPeers(config.peers, files.tls.client) as peers,
    ):
        chain = ClientChain(client, genesis, unix_ms, expiry_height=config.expiry_height)
        gateway = Gateway(
            org=config.org,
            signer=files.signer,
            suite=suite(genesis.suite),
            secret=files.secret,
            store=store,
            chain=chain,
            peers=peers,
            offers=config.items,
            is_rehearsal=config.rehearsal,
        )
        metrics = GatewayMetrics()
        context = GatewayContext(
            gateway=gateway,
            chain=chain,
            tokens=PortalTokens(store, Vault(files.secret)),
            lists=StatusLists(store, Vault(files.secret), chain),
            desk_token=files.desk_token,
            metrics=metrics,
            body_timeout_s=LIMITS.body_timeout_s,
            names={org.id: org.name for org in genesis.organisations},
        )
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with _serving(context, files.tls, config):
            _say_started(config, files.tls, log)
            watch = CertificateWatch(files.tls, log, unix_ms, metrics.tls_expiry)
            tasks = [
                asyncio.create_task(_keep_up("tend", lambda: _tend(gateway, watch, metrics, log), log)),
                asyncio.create_task(
                    _keep_up("key", lambda: _look_at_key(files.signer.key_id, config, chain, log), log)
                ),
                asyncio.create_task(_keep_up("follow", lambda: _follow(gateway, chain, store, log), log)),
            ]
            await stopping.wait()
            log.info("stopping")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _say_started(config: GatewayConfig, tls: GatewayTls, log: Logger) -> None:
    log.info(
        "started",
        listen=config.listen,
        peer_listen=config.peer_listen,
        items=len(config.items),
        peers=len(config.peers),
        certificate_ends=tls.expires_at.isoformat(),
    )


@asynccontextmanager
async def _serving(context: GatewayContext, tls: GatewayTls, config: GatewayConfig) -> AsyncIterator[None]:
    async with AsyncExitStack() as servers:
        # People last: whoever finds that door open may count on the other one.
        for serve, address in ((serve_departments, config.peer_listen), (serve_people, config.listen)):
            server = await serve(context, tls, *split_address(address))
            servers.push_async_callback(server.close)
        yield


async def _keep_up(name: str, work: Callable[[], Awaitable[None]], log: Logger) -> None:
    """Work that never ends by itself: a mistake in it stops neither the process nor, unseen, the work."""
    while True:
        try:
            await work()
        except Exception as error:
            # Neither message nor values: either may quote a row.
            where = "".join(traceback.format_tb(error.__traceback__)[-4:])
            log.error("work-failed", work=name, problem=type(error).__name__, where=where)
        await asyncio.sleep(RESUME_INTERVAL_S)


async def _tend(gateway: Gateway, watch: CertificateWatch, metrics: GatewayMetrics, log: Logger) -> None:
    """Takes up what was left, and renewed certificates, now and then."""
    known = -1
    while True:
        watch.look(monotonic_s())
        try:
            left = await gateway.resume()
        except GovchainError as error:
            # Its message may name a record: the code is enough.
            log.warning("not-resumed", code=error.code)
        else:
            metrics.left.set(left)
            if left != known:
                log.info("resumed", left=left)
            known = left
        await asyncio.sleep(RESUME_INTERVAL_S)


async def _look_at_key(key_id: bytes, config: GatewayConfig, chain: ClientChain, log: Logger) -> None:
    """Says what the chain would refuse anyway, before somebody asks."""
    known: str | None = None
    while True:
        try:
            unfit = await chain.unfit(key_id, config.org)
        except GovchainError:
            # What does not answer is told by those who need an answer.
            unfit = known or ""
        if unfit and unfit != known:
            log.warning("own-key-unfit", problem=unfit, key=config.key)
        known = unfit
        await asyncio.sleep(RESUME_INTERVAL_S)


async def _follow(gateway: Gateway, chain: ClientChain, store: GatewayStore, log: Logger) -> None:
    """Keeps what the chain denies about people of this department, from the first start on."""
    while True:
        try:
            if not store.meta(FOLLOWED):
                store.set_meta(FOLLOWED, str(await chain.final_height()))
            kept = int(store.meta(FOLLOWED))
            async for height, denied in chain.denied_queries(kept + 1):
                for each in denied:
                    gateway.keep_denied(each)
                # What is kept once more after a restart is kept once: not every block is worth a write.
                if denied or height - kept >= FOLLOW_BLOCKS:
                    store.set_meta(FOLLOWED, str(height))
                    kept = height
        except GovchainError as error:
            log.warning("not-followed", code=error.code)
        await asyncio.sleep(RESUME_INTERVAL_S)


def _read_token(path: str) -> str:
    token = read_private(Path(path), path).decode("ascii", "replace").strip()
    if len(token) < DESK_TOKEN_MIN:
        raise ConfigError("the desk token is too short", path=path, expected=f"{DESK_TOKEN_MIN} characters")
    return token
