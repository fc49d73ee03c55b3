"""Validators on 127.0.0.1 in one loop: the real runtime, network and store, only the processes are missing.

Tests wait for conditions, never for time. Memory stores survive a stopped validator as a disk would.
"""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from govchain.codec import encode
from govchain.crypto import Signer, chain_id_of, derive_secret, sign_transaction, suite, transaction_id
from govchain.crypto.possession import prove_vote_key
from govchain.ledger.payloads import encode_payload
from govchain.model import (
    Genesis,
    KeyRecord,
    Organisation,
    ProtocolParameters,
    Transaction,
    TransactionBody,
    Validator,
    ValidatorSet,
)
from govchain.net import PeerNetwork, TlsContexts, TlsFiles
from govchain.node import NodeConfig, NodeRuntime
from govchain.node.guard import guard_owner, open_guard
from govchain.node.wire import Hello, PeerFrame, decode_frame
from govchain.observe import NodeMetrics, open_log
from govchain.storage import Guard, MemoryGuard, MemoryStore, RocksStore, Store
from tests.support.tls_files import make_authority, make_tls_files

SUITE = suite()
SEED = 7
ORGANISATIONS = ("91990100MA0XX00U2T", "91990100MA0XX00R8A", "91990100MA0XX00S4K")
TIMEOUT_S = 20.0

FAST = ProtocolParameters(retransmit_ms=100, batch_age_ms=5)
"""Parameters with which lost frames are noticed soon."""
SHORT_WINDOW = ProtocolParameters(retransmit_ms=100, batch_age_ms=5, checkpoint_interval=4)
"""Logs are collected soon, so that who was away needs blocks."""


def make_genesis(size: int, parameters: ProtocolParameters = FAST) -> Genesis:
    members = tuple(
        Validator(f"validator-{index}", ORGANISATIONS[0], signer(f"validator/validator-{index}").public_key)
        for index in range(size)
    )
    keys = tuple(
        KeyRecord(signer(f"person/clerk-{index}").public_key, org, f"clerk-{index}", ("maker", "admin"))
        for index, org in enumerate(ORGANISATIONS)
    )
    return Genesis(
        name="node-world",
        suite=SUITE.name,
        time_ms=1_700_000_000_000,
        parameters=parameters,
        validators=ValidatorSet(0, members),
        organisations=tuple(
            Organisation(org, f"Organisation {org[-3:]}", ("evidence-platform",)) for org in ORGANISATIONS
        ),
        keys=keys,
    )


def signer(label: str) -> Signer:
    return SUITE.signer(derive_secret(SEED, label))


class NodeWorld:
    """Four validators (or another number), their stores, and clerks of three organisations who sign.

    Args:
        folder: For certificates and data.
        durable: Rocks stores instead of memory.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: int = 4,
        durable: bool = False,
        parameters: ProtocolParameters = FAST,
        candidates: Sequence[str] = (),
    ) -> None:
        self.genesis = make_genesis(size, parameters)
        self.chain_id = chain_id_of(SUITE, self.genesis)
        self.folder = folder
        self.durable = durable
        self.candidates = candidates
        self.names = [*(member.name for member in self.genesis.validators.members), *candidates]
        self.snapshot_blocks = 0
        """Of validators that are started from now on."""
        self.nodes: dict[str, NodeRuntime] = {}
        self.logs: dict[str, io.StringIO] = {name: io.StringIO() for name in self.names}
        self.authority = make_authority()
        self._tls: dict[str, TlsFiles] = {}
        self._stores: dict[str, Store] = {}
        self._guards: dict[str, Guard] = {}
        self._ports: dict[str, int] = dict.fromkeys(self.names, 0)
        self._nonces = itertools.count()
        self._objects = itertools.count()

    async def start(self, names: Sequence[str] | None = None) -> None:
        """Start validators; all by default. A port is kept once it is known."""
        chosen = list(names or self.names)
        for name in chosen:
            self.nodes[name] = self._make(name)
            self._ports[name] = await self.nodes[name].listen()
        for name in self.names:
            if not self._ports[name]:
                self._ports[name] = free_port()
        for name in chosen:
            await self.nodes[name].start(
                {other: ("127.0.0.1", self._ports[other]) for other in self._known_to(name)}
            )

    def _known_to(self, name: str) -> list[str]:
        """Whom a validator knows from its configuration: of candidates it hears from the chain alone."""
        return [other for other in self.names if other != name and other not in self.candidates]

    def address(self, name: str) -> str:
        """Where a validator listens for others; it must have been started."""
        return f"127.0.0.1:{self._ports[name]}"

    async def stop(self, name: str) -> None:
        """Stop one validator; its data stays."""
        node = self.nodes.pop(name)
        await node.stop()
        self._stores[name].close()
        self._guards[name].close()

    async def stop_all(self) -> None:
        for name in list(self.nodes):
            await self.stop(name)

    def put_store(self, name: str, store: Store) -> None:
        """Give a validator that was not started yet a store of the test's own."""
        assert name not in self._stores
        self._stores[name] = store

    def wipe(self, name: str) -> None:
        """A stopped validator in memory loses its disk; its guard stays."""
        assert name not in self.nodes
        assert not self.durable
        del self._stores[name]

    async def impostor(self, index: int) -> Impostor:
        """Somebody who holds a stopped validator's certificate and speaks what the test wants."""
        name = self.names[index]
        impostor = Impostor(self, name, self.tls_files(name))
        self._ports[name] = await impostor.start(self._ports)
        return impostor

    def store(self, name: str) -> Store:
        return self._stores[name]

    def node(self, index: int) -> NodeRuntime:
        return self.nodes[self.names[index]]

    def deposits(self, count: int, *, clerk: int | None = None) -> list[Transaction]:
        """Evidence deposits, by the clerks in turn or by one of them."""
        made = []
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for number in range(count):
            who = number % len(ORGANISATIONS) if clerk is None else clerk
            payload = encode_payload(
                {"object_id": f"EV-{next(self._objects)}", "object_version": 1, "claimed_time": now},
                {
                    "evidence_kind": "web-page",
                    "raw_hash": {"sha256": "a" * 64, "sm3": "b" * 64},
                    "size_bytes": 1_024,
                    "media_type": "text/html",
                    "collected_at": now,
                },
            )
            made.append(self._sign("evidence.deposit", who, payload))
        return made

    def change(self, kind: str, **fields: str) -> Transaction:
        """A change of members, proposed by the one organisation that runs validators: adopted at once."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        number = f"GC-{next(self._objects)}"
        envelope = {"object_id": number, "object_version": 1, "claimed_time": now}
        return self._sign(kind, 0, encode_payload(envelope, fields))

    def possession(self, validator: str, label: str) -> dict[str, str]:
        """A new vote key with the proof that its holder has it."""
        return {"validator": validator, **prove_vote_key(signer(label), self.chain_id, validator)}

    def _sign(self, kind: str, clerk: int, payload: bytes) -> Transaction:
        key = signer(f"person/clerk-{clerk}")
        body = TransactionBody(
            chain_id=self.chain_id,
            kind=kind,
            org=ORGANISATIONS[clerk],
            key_id=key.key_id,
            nonce=next(self._nonces),
            expiry_height=1_000,
            payload=payload,
        )
        return sign_transaction(key, body)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds; it is looked at whenever the loop has turned."""
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():
                await _turn()

    async def until_ready(self) -> None:
        await self.until(lambda: all(all(node.peers().values()) for node in self.nodes.values()))

    async def until_final(self, transactions: Sequence[Transaction]) -> None:
        """Wait until every running validator has all of them final."""
        for transaction in transactions:
            id_ = transaction_id(SUITE, transaction)
            for node in list(self.nodes.values()):
                status = await node.wait_final(id_, int(TIMEOUT_S * 1000))
                assert status is not None, "the transaction is unknown"
                assert status.status == "final"

    def require_equal(self) -> None:
        """Running validators agree on every block that two of them have."""
        lowest = min(node.status().final_height for node in self.nodes.values())
        for height in range(1, lowest + 1):
            found = {encode(pair[0]) for node in self.nodes.values() if (pair := node.block(height))}
            assert len(found) == 1, f"height {height} differs"

    def sample(self, name: str, metric: str, **labels: str) -> float:
        """A metric's value."""
        value = self.nodes[name]._parts.metrics.registry.get_sample_value(metric, labels)
        return value or 0.0

    def _make(self, name: str) -> NodeRuntime:
        files = self.tls_files(name)
        config = NodeConfig(
            name=name,
            genesis="genesis.json",
            key="validator.key",
            tls_certificate=str(files.certificate),
            tls_key=str(files.key),
            tls_authority=str(files.authority),
            data_dir=str(self.folder / name / "data"),
            peer_listen=f"127.0.0.1:{self._ports[name]}",
            api_listen="127.0.0.1:0",
            peers={other: "127.0.0.1:1" for other in self._known_to(name)},
            candidate=name in self.candidates,
            snapshot_blocks=self.snapshot_blocks,
        )
        self._stores[name] = self._open_store(name)
        return NodeRuntime(
            config,
            self.genesis,
            [signer(f"validator/{name}"), signer(f"validator/{name}-next")],
            self._stores[name],
            self._open_guard(name),
            tls=TlsContexts(files),
            log=open_log(name, self.logs[name]),
        )

    def tls_files(self, name: str) -> TlsFiles:
        """Where a validator's certificate lies."""
        if name not in self._tls:
            self._tls[name] = make_tls_files(self.folder / name, self.authority, name)
        return self._tls[name]

    def _open_guard(self, name: str) -> Guard:
        if self.durable:
            owner = guard_owner(self.genesis, name)
            self._guards[name] = open_guard(self.folder / name / "guard", owner, self._stores[name])
        return self._guards.setdefault(name, MemoryGuard())

    def _open_store(self, name: str) -> Store:
        if self.durable:
            return RocksStore(self.folder / name / "data", self.chain_id)
        old = self._stores.get(name)
        if old is not None and type(old) is not MemoryStore:
            return old
        return old.reopen() if isinstance(old, MemoryStore) else MemoryStore()


class Impostor:
    """A peer network without a validator behind it."""

    def __init__(self, world: NodeWorld, name: str, files: TlsFiles) -> None:
        self.name = name
        self.greeting = encode(Hello(world.chain_id, "0", name, 0))
        self.heard: list[tuple[str, PeerFrame]] = []
        self.answer: Callable[[PeerFrame], bytes | None] = lambda frame: None
        self._world = world
        self.network = PeerNetwork(
            name,
            TlsContexts(files),
            jitter=lambda: 0.0,
            clock=asyncio.get_running_loop().time,
            log=open_log(name, io.StringIO()),
            metrics=NodeMetrics(),
        )

    async def start(self, ports: Mapping[str, int]) -> int:
        others = [name for name in self._world.names if name != self.name]
        port = await self.network.listen(
            "127.0.0.1", ports[self.name], others, on_open=lambda peer: None, on_frames=self._on_frames
        )
        known = {name: ("127.0.0.1", ports[name]) for name in others if ports[name]}
        self.network.dial(known, greeting=lambda: self.greeting)
        return port

    def _on_frames(self, peer: str, payloads: list[bytes]) -> None:
        for payload in payloads:
            frame = decode_frame(payload)
            self.heard.append((peer, frame))
            answer = self.answer(frame)
            if answer is not None:
                self.network.send(peer, answer)


async def _turn() -> None:
    """Let everything else run for a moment."""
    await asyncio.sleep(0.002)


def free_port() -> int:
    """A port that nobody listens on now."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running(
    folder: Path,
    *,
    size: int = 4,
    durable: bool = False,
    parameters: ProtocolParameters = FAST,
    start: Sequence[int] | None = None,
    candidates: Sequence[str] = (),
) -> AsyncIterator[NodeWorld]:
    """A world whose validators run and are connected; stopped at the end."""
    world = NodeWorld(folder, size=size, durable=durable, parameters=parameters, candidates=candidates)
    try:
        await world.start(None if start is None else [world.names[index] for index in start])
        if start is None:
            await world.until_ready()
        yield world
    finally:
        await world.stop_all()
