"""The process around a gateway: files, signals, the server, and the task that takes up what was left.

No rule of an exchange is here.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from contextlib import closing
from pathlib import Path
from typing import Final

from govchain.client import Client
from govchain.crypto import Signer, chain_id_of, read_key_file, suite
from govchain.crypto.keys import read_private, read_secret
from govchain.crypto.vault import Vault
from govchain.errors import ConfigError, GovchainError
from govchain.gateway.client_chain import ClientChain
from govchain.gateway.config import GatewayConfig
from govchain.gateway.gateway import Gateway
from govchain.gateway.http_client import HttpPeers
from govchain.gateway.metrics import GatewayMetrics
from govchain.gateway.routes import GatewayContext
from govchain.gateway.server import LIMITS, serve_gateway
from govchain.gateway.status_lists import StatusLists
from govchain.gateway.store import GatewayStore
from govchain.gateway.tokens import PortalTokens
from govchain.model import Genesis
from govchain.node.clocks import unix_ms
from govchain.node.config import split_address
from govchain.node.process import load_genesis
from govchain.observe import Logger, capture_standard_logging, log_stream, open_log

RESUME_INTERVAL_S: Final = 5.0
"""How often an exchange that could not go on is taken up again."""
DESK_TOKEN_MIN: Final = 32


def run(config: GatewayConfig, *, passphrase: str | None = None) -> None:
    """Run a gateway until SIGINT or SIGTERM.

    Args:
        passphrase: Of the key files, where they are sealed.

    Raises:
        ConfigError: A file or value is wrong; nothing was started.
        Unavailable: The port is taken.
        StorageFailure: The database failed.
    """
    genesis = load_genesis(config.genesis)
    signer = read_key_file(config.key, passphrase)
    secret = read_secret(config.secret, passphrase)
    desk_token = _read_token(config.desk_token)
    owner = f"{chain_id_of(suite(genesis.suite), genesis).hex()} {config.org}"
    with log_stream(config.log) as stream, closing(GatewayStore(config.database, owner)) as store:
        log = open_log(f"gateway {config.org}", stream)
        capture_standard_logging(log)
        asyncio.run(
            _run(config, genesis, log, signer=signer, secret=secret, desk_token=desk_token, store=store)
        )


async def _run(
    config: GatewayConfig,
    genesis: Genesis,
    log: Logger,
    *,
    signer: Signer,
    secret: bytes,
    desk_token: str,
    store: GatewayStore,
) -> None:
    tls = ssl.create_default_context(cafile=config.tls_authority) if config.tls_authority else None
    async with (
        Client(config.validators, genesis=genesis, tls=tls) as client,
        HttpPeers(config.peers, tls) as peers,
    ):
        chain = ClientChain(client, genesis, unix_ms, expiry_height=config.expiry_height)
        gateway = Gateway(
            org=config.org,
            signer=signer,
            suite=suite(genesis.suite),
            secret=secret,
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
            tokens=PortalTokens(store, Vault(secret)),
            lists=StatusLists(store, Vault(secret), chain),
            desk_token=desk_token,
            metrics=metrics,
            body_timeout_s=LIMITS.body_timeout_s,
        )
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        server = await serve_gateway(context, *split_address(config.listen))
        log.info("started", listen=config.listen, items=len(config.items), peers=len(config.peers))
        resuming = asyncio.create_task(_resume(gateway, metrics, log))
        try:
            await stopping.wait()
        finally:
            log.info("stopping")
            resuming.cancel()
            await asyncio.gather(resuming, return_exceptions=True)
            await server.close()


async def _resume(gateway: Gateway, metrics: GatewayMetrics, log: Logger) -> None:
    known = -1
    while True:
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


def _read_token(path: str) -> str:
    token = read_private(Path(path), path).decode("ascii", "replace").strip()
    if len(token) < DESK_TOKEN_MIN:
        raise ConfigError("the desk token is too short", path=path, expected=f"{DESK_TOKEN_MIN} characters")
    return token
