"""Gateways of a scenario inside its own process, over whatever backend it runs on.

The same gateway code as in a process of its own (`govchain.testnet.gateways`), with the backend as its chain
and a wire in memory; with one seed both write the same records, to the byte. Steps are played elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from govchain.crypto import chain_id_of, derive_secret, suite, transaction_id
from govchain.errors import Indeterminate, Unavailable
from govchain.gateway.gateway import Gateway
from govchain.gateway.memory import MemoryPeers
from govchain.gateway.ports import Reading
from govchain.gateway.store import GatewayStore
from govchain.model import Transaction, TransactionResult
from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.rehearsal import gateway_holder, gateway_holdings, gateway_offers

T = TypeVar("T")


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


class _Life:
    """From a gateway's start until it is killed."""

    def __init__(self) -> None:
        self.is_over = False

    def require(self) -> None:
        """Nothing more may happen in a gateway that was killed while it waited."""
        if self.is_over:
            raise Indeterminate("the gateway was killed")


class _LivingChain:
    """The chain as one life of a gateway sees it: whatever it waited for, it gets only while it lives."""

    def __init__(self, chain: BackendChain, life: _Life) -> None:
        self._chain = chain
        self._life = life
        self.chain_id = chain.chain_id

    def now_ms(self) -> int:
        return self._chain.now_ms()

    async def read(self, wanted: Sequence[tuple[str, str]]) -> Reading:
        return self._alive(await self._chain.read(wanted))

    async def next_nonce(self, key_id: bytes) -> int:
        return self._alive(await self._chain.next_nonce(key_id))

    async def key(self, key_id: bytes) -> tuple[str, bytes] | None:
        return self._alive(await self._chain.key(key_id))

    async def expiry_height(self) -> int:
        return self._alive(await self._chain.expiry_height())

    async def submit(self, transaction: Transaction) -> TransactionResult:
        return self._alive(await self._chain.submit(transaction))

    def _alive(self, found: T) -> T:
        self._life.require()
        return found


class _LivingPeers:
    """The other gateways, as one life of a gateway reaches them."""

    def __init__(self, peers: MemoryPeers, life: _Life) -> None:
        self._peers = peers
        self._life = life

    def knows(self, provider: str) -> bool:
        return self._peers.knows(provider)

    async def send(self, provider: str, message: bytes) -> bytes:
        answer = await self._peers.send(provider, message)
        self._life.require()
        return answer


class MemoryGateways:
    """The gateways that a scenario has, by the code of their organisation.

    Args:
        expiry_height: Of every transaction.
    """

    def __init__(self, rehearsal: Rehearsal, backend: Backend, *, expiry_height: int) -> None:
        start_ms = rehearsal.genesis.time_ms
        self._rehearsal = rehearsal
        self._chain = BackendChain(
            backend, rehearsal, lambda: start_ms + backend.now_ns() // 1_000_000, expiry_height
        )
        self._peers = MemoryPeers()
        self._offers = gateway_offers(rehearsal.loaded)
        self._ids = {each.code: each.id for each in rehearsal.loaded.scenario.organisations}
        self._stores = {
            code: GatewayStore("sqlite://", f"{self._chain.chain_id.hex()} {code}") for code in self._offers
        }
        self._gateways: dict[str, Gateway] = {}
        self._lives: dict[str, _Life] = {}
        for code in self._offers:
            self.start(code)

    async def fill(self) -> None:
        """Give each gateway what it holds when the story begins."""
        for code, holdings in gateway_holdings(self._rehearsal.loaded).items():
            await self._gateways[code].hold(holdings)

    def of(self, org: str) -> Gateway:
        """The gateway of an organisation (USCC).

        Raises:
            Unavailable: It was killed.
        """
        if self._lives[org].is_over:
            raise Unavailable(f"the gateway of {org} is down")
        return self._gateways[org]

    def kill(self, org: str) -> None:
        """A gateway is gone, whatever it was waiting for; its database stays."""
        self._lives[org].is_over = True
        self._peers.remove(org)

    def start(self, org: str) -> None:
        """A gateway starts with what its database knows; one that runs goes on."""
        if org in self._lives and not self._lives[org].is_over:
            return
        life = self._lives[org] = _Life()
        rehearsal = self._rehearsal
        holder = gateway_holder(rehearsal.loaded.scenario, self._ids[org])
        assert holder is not None, "the check refused a gateway without a key"
        self._gateways[org] = Gateway(
            org=org,
            signer=rehearsal.signers[holder.id],
            suite=suite(rehearsal.genesis.suite),
            secret=derive_secret(rehearsal.seed, f"gateway/{org}"),
            store=self._stores[org],
            chain=_LivingChain(self._chain, life),
            peers=_LivingPeers(self._peers, life),
            offers=self._offers[org],
            is_rehearsal=True,
        )
        self._peers.add(self._gateways[org])

    def close(self) -> None:
        """Forget what they held."""
        for store in self._stores.values():
            store.close()
