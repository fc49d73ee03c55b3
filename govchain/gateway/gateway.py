"""One department's gateway: both sides of its exchanges, its own data, and who used them.

Puts the parts together; HTTP and processes are `server` and `process`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from govchain.crypto import Signer, Suite
from govchain.crypto.vault import Vault
from govchain.errors import GovchainError, Indeterminate, Unavailable
from govchain.gateway.denied import DeniedQuery, keep_denied
from govchain.gateway.holdings import Holdings
from govchain.gateway.office import Office
from govchain.gateway.portal import use_of
from govchain.gateway.ports import (
    Ask,
    ChainPort,
    Fault,
    Holding,
    ItemOffer,
    Outcome,
    PeerPort,
    Use,
    no_fault,
)
from govchain.gateway.provider import Provider
from govchain.gateway.requester import Requester
from govchain.gateway.store import ASKED, OLDEST, RESUMED_MAX, Exchange, GatewayStore


class Gateway:
    """A `GatewayPort` over a chain, a database, and the gateways of other departments.

    Args:
        org: The department (USCC).
        signer: Its key with the role `gateway`.
        secret: 32 bytes from which everything that protects its data follows.
        offers: Items that it serves.
        is_rehearsal: Whether a question may claim another time than now.
        fault: Called at each `Point`; tests stop a gateway there.
    """

    def __init__(
        self,
        *,
        org: str,
        signer: Signer,
        suite: Suite,
        secret: bytes,
        store: GatewayStore,
        chain: ChainPort,
        peers: PeerPort,
        offers: Sequence[ItemOffer] = (),
        is_rehearsal: bool = False,
        fault: Fault = no_fault,
    ) -> None:
        vault = Vault(secret)
        self.org = org
        self._office = Office(org, signer, suite, vault, store, chain, is_rehearsal=is_rehearsal, fault=fault)
        self._holdings = Holdings(store, vault, suite, offers)
        self._resumed = OLDEST
        self._requester = Requester(self._office, peers)
        self._provider = Provider(self._office, self._holdings)

    async def ask(self, ask: Ask) -> Outcome:
        """See `GatewayPort.ask`."""
        return await self._requester.ask(ask)

    async def uses(self, person: str) -> Sequence[Use]:
        """See `GatewayPort.uses`."""
        rows = self._office.store.exchanges_of(self._office.vault.index("person", person))
        return [use_of(self._office, row) for row in rows]

    async def own_uses(self, person: str) -> Sequence[Use]:
        """See `GatewayPort.own_uses`; whoever is in this process needs no token."""
        return await self.uses(person)

    async def hold(self, holdings: Sequence[Holding]) -> None:
        """See `GatewayPort.hold`."""
        self._holdings.hold(holdings)

    async def correct(self, holding: Holding) -> str:
        """See `GatewayPort.correct`."""
        return self._holdings.correct(holding)

    async def handle(self, message: bytes) -> bytes:
        """What another department's gateway gets for its signed query; see `Provider.handle`."""
        return await self._provider.handle(message)

    def delivered(self, message: bytes) -> None:
        """The answer to that query has left."""
        self._provider.delivered(message)

    def keep_denied(self, denied: DeniedQuery) -> bool:
        """Keep a query that the chain denied, for the person; see `denied.keep_denied`."""
        return keep_denied(self._office, self._holdings, denied)

    def counts(self) -> dict[tuple[str, str], int]:
        """Number of exchanges by side and state."""
        return self._office.store.count()

    async def resume(self) -> int:
        """Take up what a killed gateway left, so many at a time; returns how many exchanges are still open.

        What cannot go on now, because a validator or a department does not answer, is left for the next time.
        """
        store = self._office.store
        rows = store.unfinished(self._resumed)
        silent: set[str] = set()
        for row in rows:
            with suppress(GovchainError):
                await self._resume(row, silent)
        self._resumed = (rows[-1].at_ms, rows[-1].exchange) if len(rows) == RESUMED_MAX else OLDEST
        return store.open_count()

    async def _resume(self, row: Exchange, silent: set[str]) -> None:
        """Go on with one; a department that does not answer must not keep the others waiting.

        Args:
            silent: Providers that were tried in this round; the empty name is the chain.
        """
        other = self._requester.provider_of(row) if row.side == ASKED else ""
        if other in silent:
            return
        try:
            await (self._requester if row.side == ASKED else self._provider).resume(row)
        except (Unavailable, Indeterminate):
            silent.add(other)
