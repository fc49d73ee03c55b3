"""Gateways of a scenario inside its own process, over whatever backend it runs on.

The same gateway code as in a process of its own (`govchain.testnet.gateways`), with the backend as its chain
and a wire in memory; with one seed both write the same records, to the byte. Steps are played elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from govchain.crypto import chain_id_of, derive_secret, suite, transaction_id
from govchain.errors import Indeterminate
from govchain.gateway.gateway import Gateway
from govchain.gateway.memory import MemoryPeers
from govchain.gateway.ports import Reading
from govchain.gateway.store import GatewayStore
from govchain.model import Transaction, TransactionResult
from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.rehearsal import gateway_holder, gateway_holdings, gateway_offers


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
        self._limit_ns = rehearsal.loaded.scenario.stop.at
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
            status = await self._backend.submit(transaction, self._limit_ns)
        if status.result is None:
            raise Indeterminate("a record of a gateway is not final in time")
        return status.result


class MemoryGateways:
    """The gateways that a scenario has, by the code of their organisation.

    Args:
        expiry_height: Of every transaction.
    """

    def __init__(self, rehearsal: Rehearsal, backend: Backend, *, expiry_height: int) -> None:
        loaded = rehearsal.loaded
        start_ms = rehearsal.genesis.time_ms
        chain = BackendChain(
            backend, rehearsal, lambda: start_ms + backend.now_ns() // 1_000_000, expiry_height
        )
        peers = MemoryPeers()
        self._holdings = gateway_holdings(loaded)
        self._gateways: dict[str, Gateway] = {}
        self._stores: list[GatewayStore] = []
        for entry, (code, offers) in zip(
            loaded.scenario.gateways, gateway_offers(loaded).items(), strict=True
        ):
            holder = gateway_holder(loaded.scenario, entry.org)
            assert holder is not None, "the check refused a gateway without a key"
            store = GatewayStore("sqlite://", f"{chain.chain_id.hex()} {code}")
            gateway = Gateway(
                org=code,
                signer=rehearsal.signers[holder.id],
                suite=suite(rehearsal.genesis.suite),
                secret=derive_secret(rehearsal.seed, f"gateway/{code}"),
                store=store,
                chain=chain,
                peers=peers,
                offers=offers,
                is_rehearsal=True,
            )
            self._stores.append(store)
            self._gateways[code] = gateway
            peers.add(gateway)

    async def fill(self) -> None:
        """Give each gateway what it holds when the story begins."""
        for code, gateway in self._gateways.items():
            await gateway.hold(self._holdings[code])

    def of(self, org: str) -> Gateway:
        """The gateway of an organisation (USCC)."""
        return self._gateways[org]

    def close(self) -> None:
        """Forget what they held."""
        for store in self._stores:
            store.close()
