"""Gateways of a scenario inside its own process, over whatever backend it runs on.

The same gateway code as in a process of its own (`govchain.testnet.gateways`), with the backend as its chain
and a wire in memory; with one seed both write the same records, to the byte. Steps are played elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from govchain.crypto import chain_id_of, derive_secret, suite, transaction_id
from govchain.errors import Indeterminate
from govchain.gateway.gateway import Gateway
from govchain.gateway.holdings import ItemOffer
from govchain.gateway.memory import MemoryPeers
from govchain.gateway.ports import Reading
from govchain.gateway.store import GatewayStore
from govchain.ledger.sharing import GATEWAY
from govchain.model import Transaction, TransactionResult
from govchain.scenario.backend import Backend, Rehearsal

FINAL_LIMIT_NS: Final = 30_000_000_000
"""Longest wait for one record of a gateway."""


class BackendChain:
    """`ChainPort` over the backend of a scenario.

    Args:
        clock: Unix milliseconds of the story.
        expiry_height: Of every transaction.
    """

    def __init__(
        self, backend: Backend, rehearsal: Rehearsal, clock: Callable[[], int], expiry_height: int
    ) -> None:
        self._backend = backend
        self._suite = suite(rehearsal.genesis.suite)
        self._clock = clock
        self._expiry_height = expiry_height
        self._keys: dict[bytes, tuple[str, bytes]] = {
            self._suite.key_id(key.public_key): (key.org, key.public_key) for key in rehearsal.genesis.keys
        }
        self.chain_id: bytes = chain_id_of(self._suite, rehearsal.genesis)

    def now_ms(self) -> int:
        """See `ChainPort`."""
        return self._clock()

    async def read(self, wanted: Sequence[tuple[str, str]]) -> Reading:
        """See `ChainPort`."""
        return Reading({name: await self._backend.record(*name) for name in wanted}, self._clock())

    async def next_nonce(self, key_id: bytes) -> int:
        """See `ChainPort`."""
        return await self._backend.next_nonce(key_id)

    async def key(self, key_id: bytes) -> tuple[str, bytes] | None:
        """See `ChainPort`; gateways of a scenario sign with keys of its genesis."""
        return self._keys.get(key_id)

    async def expiry_height(self) -> int:
        """See `ChainPort`."""
        return self._expiry_height

    async def submit(self, transaction: Transaction) -> TransactionResult:
        """See `ChainPort`."""
        status = await self._backend.transaction(transaction_id(self._suite, transaction))
        if status is None or status.result is None:
            status = await self._backend.submit(transaction, FINAL_LIMIT_NS)
        if status.result is None:
            raise Indeterminate("a record of a gateway is not final in time")
        return status.result


class MemoryGateways:
    """The gateways of every organisation with a key of the role `gateway`.

    Args:
        offers: Organisation (USCC) to what its gateway serves.
    """

    def __init__(
        self,
        rehearsal: Rehearsal,
        backend: Backend,
        clock: Callable[[], int],
        *,
        expiry_height: int,
        offers: Mapping[str, Sequence[ItemOffer]] | None = None,
    ) -> None:
        chain = BackendChain(backend, rehearsal, clock, expiry_height)
        codes = {org.id: org.code for org in rehearsal.loaded.scenario.organisations}
        peers = MemoryPeers()
        self._gateways: dict[str, Gateway] = {}
        self._stores: list[GatewayStore] = []
        for person in rehearsal.loaded.scenario.people:
            org = codes[person.org]
            if GATEWAY not in person.roles or org in self._gateways:
                continue
            store = GatewayStore("sqlite://", f"{chain.chain_id.hex()} {org}")
            gateway = Gateway(
                org=org,
                signer=rehearsal.signers[person.id],
                suite=suite(rehearsal.genesis.suite),
                secret=derive_secret(rehearsal.seed, f"gateway/{org}"),
                store=store,
                chain=chain,
                peers=peers,
                offers=(offers or {}).get(org, ()),
                is_rehearsal=True,
            )
            self._stores.append(store)
            self._gateways[org] = gateway
            peers.add(gateway)

    def of(self, org: str) -> Gateway:
        """The gateway of an organisation (USCC)."""
        return self._gateways[org]

    def close(self) -> None:
        """Forget what they held."""
        for store in self._stores:
            store.close()
