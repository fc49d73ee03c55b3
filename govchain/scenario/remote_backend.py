"""A scenario on a running network, through its HTTP API alone: what a department would see.

With keys derived from the seed the chain must be exactly the one that the scenario makes; with a folder of
keys it may be any chain that knows those people. Time is real; the story's clock is what records claim.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Final

from govchain.client import Client, TransactionStatus
from govchain.crypto import Signer, chain_id_of, suite, transaction_id
from govchain.crypto.keys import read_key_file
from govchain.errors import ConfigError, GovchainError, Indeterminate, Unavailable
from govchain.gateway import GatewayPort
from govchain.ledger import RecordState
from govchain.ledger.kinds.key.standing import KeyLife
from govchain.model import Genesis, Transaction, TransactionResult
from govchain.receipt import RecordProof
from govchain.scenario.backend import NodeFacts, Rehearsal
from govchain.scenario.builder import EXPIRY_BLOCKS
from govchain.scenario.fault_port import FaultPort
from govchain.scenario.live_traffic import LiveTraffic
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.traffic import Clerk, Traffic

if TYPE_CHECKING:
    from govchain.scenario.gateways import MemoryGateways

NS_PER_S: Final = 1_000_000_000
POLL_S: Final = 0.1
READ_ATTEMPTS: Final = 100


class RemoteBackend:
    """A network at one or several addresses.

    Args:
        urls: Validators' HTTP addresses.
        keys: Folder of key files, `<organisation id or code>/<person id>.key`; else keys come from the seed.
        name: What results call this backend; the first address when empty.
    """

    def __init__(self, urls: Sequence[str], *, keys: Path | None = None, name: str = "") -> None:
        self.name = name or (urls[0] if urls else "")
        self._urls = tuple(urls)
        self._keys = keys
        self._clients: list[Client] = []
        self._client: Client | None = None
        self._began_s = 0.0
        self._height = 0
        self._offers = 0
        self._genesis: Genesis | None = None
        self._calls: list[asyncio.Task[None]] = []
        self._traffic: LiveTraffic | None = None
        self._gateways: MemoryGateways | None = None

    async def start(self, rehearsal: Rehearsal) -> Rehearsal:
        self._began_s = asyncio.get_running_loop().time()
        require_pbft(rehearsal.loaded, self.name)
        genesis = await self._fetch_genesis()
        if self._keys is not None:
            rehearsal = _with_keys(rehearsal, genesis, self._keys)
        _require_same_chain(rehearsal, genesis)
        self._genesis = genesis
        self._client = await Client(self._urls, genesis=genesis).__aenter__()
        for url in self._urls:
            await self._connect(url)
        if rehearsal.loaded.scenario.gateways:
            await self._open_gateways(rehearsal)
        return rehearsal

    def now_ns(self) -> int:
        return int((asyncio.get_running_loop().time() - self._began_s) * NS_PER_S)

    async def advance(self, offset_ns: int) -> None:
        pass

    async def pass_time(self, until_ns: int) -> None:
        await asyncio.sleep(max(0, until_ns - self.now_ns()) / NS_PER_S)
        for task in [task for task in self._calls if task.done()]:
            self._calls.remove(task)
            await task

    def call_at(self, at_ns: int, action: Callable[[], Awaitable[None]]) -> None:
        async def wait() -> None:
            await asyncio.sleep(max(0, at_ns - self.now_ns()) / NS_PER_S)
            await action()

        self._calls.append(asyncio.create_task(wait()))

    def faults(self) -> FaultPort | None:
        return None

    def traffic(self, clerks: list[Clerk]) -> Traffic:
        self._traffic = LiveTraffic(self._urls, self.genesis, clerks, self.now_ns)
        return self._traffic

    async def final_ids(self) -> Mapping[str, Set[bytes]]:
        found: dict[str, Set[bytes]] = {}
        for client in self._clients:
            try:
                status = await client.status()
                found[status.name] = await _final_ids(client, status.final_height)
            except GovchainError:
                continue
        return found

    async def next_nonce(self, key_id: bytes) -> int:
        answer = await self.client.key(key_id)
        return 0 if answer is None else answer.next_nonce

    async def height(self) -> int:
        status = await self.client.status()
        return status.height

    async def submit(self, transaction: Transaction, limit_ns: int) -> TransactionStatus:
        status = await self.client.submit_and_wait(transaction, timeout_s=limit_ns / NS_PER_S)
        self._height = max(self._height, status.height or 0)
        return status

    async def submit_all(
        self, transactions: Sequence[Transaction], limit_ns: int
    ) -> list[TransactionStatus | GovchainError]:
        async def hand_in(transaction: Transaction) -> TransactionStatus | GovchainError:
            try:
                return await self.submit(transaction, limit_ns)
            except GovchainError as error:
                return error

        return list(await asyncio.gather(*map(hand_in, transactions)))

    async def transaction(self, transaction_id: bytes) -> TransactionStatus | None:
        found = await self.client.transaction(transaction_id)
        if found is not None and found.status == "final":
            self._height = max(self._height, found.height or 0)
        return found

    async def offer(self, transaction: Transaction) -> TransactionResult | None:
        self._offers += 1
        client = self._clients[self._offers % len(self._clients)]
        # Down, or no room: the next offer goes elsewhere.
        with contextlib.suppress(GovchainError):
            await client.submit([transaction])
            found = await client.transaction(transaction_id(suite(self.genesis.suite), transaction))
            if found is not None and found.status == "final":
                self._height = max(self._height, found.height or 0)
                return found.result
        return None

    async def record(self, record_type: str, object_id: str) -> RecordState | None:
        # Before the first block there is nothing to prove a record with, and no record either.
        if self._height == 0 and await self.height() == 0:
            return None
        # A validator that lags behind the last final step would answer about the past.
        for _ in range(READ_ATTEMPTS):
            read = await self.client.record(record_type, object_id, level="local")
            if read.height >= self._height:
                return read.state
            await asyncio.sleep(POLL_S)
        raise Indeterminate(f"no validator that was asked has reached height {self._height}")

    async def prove_record(self, record_type: str, object_id: str) -> RecordProof:
        for _ in range(READ_ATTEMPTS):
            read = await self.client.record(record_type, object_id)
            if read.height >= self._height:
                return read.proof
            await asyncio.sleep(POLL_S)
        raise Unavailable(f"no validator that was asked has reached height {self._height}")

    async def key(self, key_id: bytes) -> KeyLife | None:
        for _ in range(READ_ATTEMPTS):
            found = await self.client.key(key_id)
            if found is None or found.height >= self._height:
                return found
            await asyncio.sleep(POLL_S)
        raise Indeterminate(f"no validator that was asked has reached height {self._height}")

    async def receipt(self, transaction_id: bytes) -> bytes | None:
        return await self.client.receipt(transaction_id)

    async def receipts(self, transaction_id: bytes) -> Mapping[str, bytes]:
        found = {}
        for client in self._clients:
            with contextlib.suppress(GovchainError):
                found[(await client.status()).name] = await client.receipt(transaction_id)
        return found

    def gateway(self, org: str) -> GatewayPort:
        assert self._gateways is not None, "the check refused a gateway step without gateways"
        return self._gateways.of(org)

    async def settle(self, limit_ns: int) -> None:
        # After the limit the judge sees the heights as they are; nothing is lost by looking at them.
        for _ in range(max(1, int(limit_ns / NS_PER_S / POLL_S))):
            if await self._is_level():
                return
            await asyncio.sleep(POLL_S)

    async def nodes(self) -> list[NodeFacts]:
        return [await self._facts(url, client) for url, client in zip(self._urls, self._clients, strict=True)]

    def is_broken(self) -> bool:
        return False

    def invariants(self) -> Mapping[str, str]:
        return {}

    def digest(self) -> str:
        return ""

    async def stop(self) -> None:
        if self._traffic is not None:
            self._traffic.cancel()
        if self._gateways is not None:
            self._gateways.close()
        calls, self._calls = self._calls, []
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        clients, self._clients = self._clients, []
        if self._client is not None:
            clients.append(self._client)
            self._client = None
        for client in clients:
            await client.__aexit__(None, None, None)

    @property
    def client(self) -> Client:
        """The connection, once started."""
        if self._client is None:
            raise Unavailable("not connected")
        return self._client

    @property
    def genesis(self) -> Genesis:
        """Genesis of the chain, once started."""
        if self._genesis is None:
            raise Unavailable("not connected")
        return self._genesis

    async def _open_gateways(self, rehearsal: Rehearsal) -> None:
        """Gateways in this process: on somebody else's network none can be started beside the validators."""
        from govchain.scenario.gateways import MemoryGateways

        expiry_height = await self.height() + EXPIRY_BLOCKS
        self._gateways = MemoryGateways(rehearsal, self, expiry_height=expiry_height)
        await self._gateways.fill()

    async def _fetch_genesis(self) -> Genesis:
        async with Client(self._urls) as client:
            return await client.genesis()

    async def _connect(self, url: str) -> Client:
        """A client of one validator alone, kept until the end."""
        client = await Client([url], genesis=self.genesis).__aenter__()
        self._clients.append(client)
        return client

    async def _is_level(self) -> bool:
        facts = [node for node in await self.nodes() if node.is_running]
        heights = [height for node in facts for height in (node.height, node.final_height)]
        return bool(heights) and min(heights) == max(heights) >= self._height

    async def _facts(self, url: str, client: Client) -> NodeFacts:
        try:
            status = await client.status()
        except GovchainError:
            return NodeFacts(url, False, 0, 0, b"", b"")
        members = self.genesis.validators.size
        if status.epoch:
            with contextlib.suppress(GovchainError):
                members = len((await client.validators()).members)
        return NodeFacts(
            name=status.name,
            is_running=True,
            height=status.height,
            final_height=status.final_height,
            state_root=status.state_root,
            head_digest=status.head_digest,
            view_changes=status.view,
            epoch=status.epoch,
            validators=members,
        )


async def _final_ids(client: Client, height: int) -> Set[bytes]:
    """Ids of everything final up to a height, as one validator streams it."""
    found: set[bytes] = set()
    if height == 0:
        return found
    async for event in client.events(1):
        found.update(result.transaction_id for result in event.results)
        if event.height >= height:
            break
    return found


def require_pbft(loaded: LoadedScenario, backend: str) -> None:
    """Real validators know no other protocol.

    Raises:
        ConfigError: The scenario asks for one.
    """
    if loaded.scenario.protocol.consensus != "pbft":
        raise loaded.source.error(
            f"{backend} has no such protocol: real validators agree by PBFT",
            "protocol",
            "consensus",
            found=loaded.scenario.protocol.consensus,
            expected="pbft, or --backend sim",
        )


def _require_same_chain(rehearsal: Rehearsal, genesis: Genesis) -> None:
    found = chain_id_of(suite(genesis.suite), genesis)
    expected = chain_id_of(suite(rehearsal.genesis.suite), rehearsal.genesis)
    if found != expected:
        raise ConfigError(
            "the network runs another chain than this scenario with this seed",
            found=f"chain {found.hex()[:16]} ({genesis.name})",
            expected=f"chain {expected.hex()[:16]} ({rehearsal.genesis.name}, seed {rehearsal.seed})",
            hint="give the people's keys with --keys DIR to play it on any chain that knows them",
        )


def _with_keys(rehearsal: Rehearsal, genesis: Genesis, folder: Path) -> Rehearsal:
    """The rehearsal on a given chain, with people's keys from files."""
    algorithms = suite(genesis.suite)
    known = {algorithms.key_id(record.public_key) for record in genesis.keys}
    scenario = rehearsal.loaded.scenario
    codes = {organisation.id: organisation.code for organisation in scenario.organisations}
    signers: dict[str, Signer] = {}
    if scenario.workload:
        raise ConfigError(
            "a workload needs the keys that follow from the seed",
            path=str(folder),
            expected="a network made from this scenario, and no --keys",
        )
    for person in scenario.people:
        signer = _read_key(folder, (person.org, codes[person.org]), person.id)
        if person.genesis and signer.key_id not in known:
            raise ConfigError(
                f"the chain does not know the key of {person.id}",
                path=str(folder),
                found=f"key {signer.key_id.hex()[:16]}",
                expected=f"a key of the genesis of {genesis.name}",
            )
        signers[person.id] = signer
    return dataclasses.replace(rehearsal, genesis=genesis, signers=signers)


def _read_key(folder: Path, organisations: Sequence[str], person: str) -> Signer:
    for organisation in organisations:
        path = folder / organisation / f"{person}.key"
        if path.is_file():
            return read_key_file(path)
    expected = " or ".join(f"{organisation}/{person}.key" for organisation in organisations)
    raise ConfigError(f"no key of {person}", path=str(folder), expected=expected)
