"""The giving gateway of a `GatewayWorld` behind its real servers, with certificates for everybody."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from govchain.api.limits import ApiLimits
from govchain.crypto import PemPair
from govchain.gateway.callers import GatewayContext
from govchain.gateway.http_client import HttpPeers, RemoteGateway
from govchain.gateway.metrics import GatewayMetrics
from govchain.gateway.server import LIMITS, serve_departments, serve_people
from govchain.gateway.status_lists import StatusLists
from govchain.gateway.tls import GatewayTls
from govchain.gateway.tokens import PortalTokens
from govchain.net import TlsContexts, TlsFiles
from tests.support.gateway_world import GatewayWorld
from tests.support.sharing_world import CA, HPF
from tests.support.tls_files import make_authority, make_tls_files

DESK = "d" * 64


class ServedGateway:
    """Civil affairs behind HTTPS.

    Attributes:
        url: For its own systems and people.
        peer_url: For other departments.
        own: Its certificate files, and `own_tls` what it serves with.
    """

    def __init__(self, world: GatewayWorld, folder: Path) -> None:
        self.world = world
        self.authority = make_authority()
        self.url = self.peer_url = ""
        self._folder = folder
        self._folders = itertools.count()
        self.own = self.files(CA)
        self.own_tls = GatewayTls(self.own, CA)

    def files(
        self,
        name: str,
        *,
        hosts: Sequence[str] = (),
        by: PemPair | None = None,
        trusts: PemPair | None = None,
    ) -> TlsFiles:
        """A new certificate for whatever names; by another authority, or trusting another one, on demand."""
        folder = self._folder / f"tls-{next(self._folders)}"
        return make_tls_files(
            folder, by or self.authority, name, trusts=trusts or self.authority, hosts=hosts
        )

    def client(self, name: str, **files: Any) -> ssl.SSLContext:
        """How somebody with such a certificate dials, whether or not it names a department."""
        context = TlsContexts(self.files(name, **files)).client
        context.check_hostname = True
        return context

    def department(self, org: str, **files: Any) -> ssl.SSLContext:
        """How a department's gateway dials."""
        return GatewayTls(self.files(org, **files), org).client

    def peers(self, org: str = HPF) -> HttpPeers:
        """Another department's line to it."""
        return HttpPeers({CA: self.peer_url}, self.department(org))

    def trust(self) -> ssl.SSLContext:
        """For clients without a certificate."""
        return ssl.create_default_context(cadata=self.authority.certificate.decode())

    def desk(self, token: str = DESK) -> RemoteGateway:
        """It, as its department's own systems use it."""
        return RemoteGateway(self.url, token, self.trust())


@asynccontextmanager
async def serving(folder: Path, limits: ApiLimits = LIMITS) -> AsyncIterator[ServedGateway]:
    """Both servers of the giving gateway, on free ports."""
    world = GatewayWorld(folder)
    await world.open_item()
    gateway = world.giving
    context = GatewayContext(
        gateway=gateway,
        chain=world.chain,
        tokens=PortalTokens(gateway._office.store, gateway._office.vault),
        lists=StatusLists(gateway._office.store, gateway._office.vault, world.chain),
        desk_token=DESK,
        metrics=GatewayMetrics(),
        body_timeout_s=limits.body_timeout_s,
        names={CA: "民政局"},
    )
    served = ServedGateway(world, folder)
    tls = served.own_tls
    people = await serve_people(context, tls, "127.0.0.1", 0, limits)
    departments = await serve_departments(context, tls, "127.0.0.1", 0, limits)
    served.url, served.peer_url = people.url, departments.url
    try:
        yield served
    finally:
        await people.close()
        await departments.close()
        world.close()
