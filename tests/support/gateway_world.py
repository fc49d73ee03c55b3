"""Gateways of two departments over one ledger, with a wire that calls the other one directly.

`GatewayWorld().kill_at(side, point)` makes the next passage of that point a power cut; `restart` opens the
same database anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govchain.codec import decode
from govchain.errors import InvalidTransaction, Unavailable
from govchain.gateway import Ask, Reading
from govchain.gateway.gateway import Gateway
from govchain.gateway.ports import FieldOffer, Holding, ItemOffer, Point
from govchain.gateway.store import GatewayStore
from govchain.model import Transaction, TransactionBody, TransactionResult
from tests.support.ledger_world import SUITE, signer_of
from tests.support.sharing_world import CA, HPF, MARRIAGE, SharingWorld

OFFERS = (
    ItemOffer(
        item=MARRIAGE,
        fields=(
            FieldOffer(name="status", yes_when=("married",)),
            FieldOffer(name="since", yes_when=("2020",), thresholds=(2010, 2020)),
        ),
    ),
)


class PowerCut(BaseException):
    """The process is gone at this point."""


class LedgerChain:
    """`ChainPort` over a `SharingWorld`: everything submitted is in a block at once."""

    def __init__(self, world: SharingWorld) -> None:
        self.world = world
        self.chain_id = world.chain_id
        self.results: dict[bytes, TransactionResult] = {}
        self.is_silent = False

    def now_ms(self) -> int:
        return self.world.now_ms

    async def read(self, wanted: Sequence[tuple[str, str]]) -> Reading:
        self._require_answer()
        found = {name: self.world.ledger.record(*name) for name in wanted}
        return Reading(found, self.world.now_ms)

    async def next_nonce(self, key_id: bytes) -> int:
        self._require_answer()
        return self.world.ledger.next_nonce(key_id)

    async def key(self, key_id: bytes) -> tuple[str, bytes] | None:
        found = self.world.ledger.key(key_id)
        return None if found is None or not found.active else (found.org, found.public_key)

    async def expiry_height(self) -> int:
        return self.world.ledger.height + 1_000

    async def submit(self, transaction: Transaction) -> TransactionResult:
        self._require_answer()
        found = SUITE.digest(transaction.body)
        if found not in self.results:
            if decode(transaction.body, TransactionBody).expiry_height <= self.world.ledger.height:
                raise InvalidTransaction("expired", "the expiry height has passed")
            self.results[found] = self.world.execute([transaction]).block.results[0]
        return self.results[found]

    def _require_answer(self) -> None:
        if self.is_silent:
            raise Unavailable("no validator answers")


class Wire:
    """`PeerPort` that calls the other gateway, and can lose what it carries."""

    def __init__(self) -> None:
        self.gateways: dict[str, Gateway] = {}
        self.seen: list[tuple[bytes, bytes]] = []
        self.tried: list[str] = []
        self.lose_answers = 0

    def knows(self, provider: str) -> bool:
        return True

    async def send(self, provider: str, message: bytes) -> bytes:
        self.tried.append(provider)
        if provider not in self.gateways:
            raise Unavailable("no such gateway")
        answer = await self.gateways[provider].handle(message)
        self.seen.append((message, answer))
        if self.lose_answers:
            self.lose_answers -= 1
            raise Unavailable("the connection was lost")
        self.gateways[provider].delivered(message)
        return answer


class GatewayWorld:
    def __init__(self, folder: Path) -> None:
        self.world = SharingWorld()
        self.chain = LedgerChain(self.world)
        self.wire = Wire()
        self._folder = folder
        self._kill: dict[str, Point | None] = {HPF: None, CA: None}
        self._stores: dict[str, GatewayStore] = {}
        for org in (HPF, CA):
            self.restart(org)

    @property
    def asking(self) -> Gateway:
        return self.wire.gateways[HPF]

    @property
    def giving(self) -> Gateway:
        return self.wire.gateways[CA]

    def restart(self, org: str) -> Gateway:
        if org in self._stores:
            self._stores[org].close()
        self._stores[org] = GatewayStore(self.url(org), org)
        gateway = Gateway(
            org=org,
            signer=signer_of("hpf-gateway" if org == HPF else "ca-gateway"),
            suite=SUITE,
            secret=SUITE.digest(f"secret/{org}".encode()),
            store=self._stores[org],
            chain=self.chain,
            peers=self.wire,
            offers=OFFERS if org == CA else (),
            fault=lambda point: self._fault(org, point),
        )
        self.wire.gateways[org] = gateway
        return gateway

    def url(self, org: str) -> str:
        return f"sqlite:///{self._folder / org}.db"

    def close(self) -> None:
        for store in self._stores.values():
            store.close()

    def kill_at(self, org: str, point: Point) -> None:
        self._kill[org] = point

    def was_killed(self, org: str) -> bool:
        return self._kill[org] is None

    def _fault(self, org: str, point: Point) -> None:
        if self._kill[org] is point:
            self._kill[org] = None
            raise PowerCut(point)

    async def open_item(self, **grant: object) -> None:
        """Item, grant, and what civil affairs knows of wang."""
        self.world.publish()
        self.world.grant(**grant)  # type: ignore[arg-type]
        await self.giving.hold([holding()])

    def answers_on_chain(self) -> int:
        record = self.world.record("exchange", "X-1")
        return sum(entry.kind == "exchange.answer" for entry in record.timeline)


def holding(**values: bool | int | str) -> Holding:
    return Holding(
        item=MARRIAGE,
        person="wang-at-ca",
        values={"status": "married", "since": 2015, **values},
        known_as={HPF: "wang-at-hpf"},
    )


def question(**changes: object) -> Ask:
    fields: dict[str, object] = {
        "exchange": "X-1",
        "item": MARRIAGE,
        "provider": CA,
        "grant": "G-1",
        "purpose": "hpf-loan",
        "fields": ("status",),
        "mode": "yes-no",
        "subject_ref": "wang-at-hpf",
        **changes,
    }
    return Ask(**fields)  # type: ignore[arg-type]
