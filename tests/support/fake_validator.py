"""Validators in memory for tests of API and client: real pool, ledger and certificates; no network, no time.

`FakeNetwork` is one agreed chain; `FakeValidator` is one face of it. A block is made when a test says so
(`finalise`), or at each submission (`instant`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from govchain.api.ports import (
    Admission,
    FinalEvent,
    KeyAnswer,
    OrganisationAnswer,
    TransactionStatus,
    ValidatorStatus,
)
from govchain.client import OrgSigner
from govchain.client.answers import MemberPolicy
from govchain.codec import decode, encode
from govchain.crypto import (
    Signer,
    chain_id_of,
    compute_root,
    derive_secret,
    digest_chunks,
    digest_of,
    suite,
    transaction_id,
)
from govchain.crypto.epochs import ValidatorChange
from govchain.errors import InvalidTransaction, Unavailable
from govchain.ledger import Chain, Ledger
from govchain.ledger.identifiers import LicenceId
from govchain.ledger.payloads import encode_payload
from govchain.ledger.state import NonceState, nonces_key
from govchain.mempool import Mempool
from govchain.model import (
    Attestation,
    Batch,
    Block,
    BlockHeader,
    FinalityCertificate,
    Genesis,
    KeyRecord,
    Organisation,
    ProtocolParameters,
    Space,
    Transaction,
    TransactionBody,
    Validator,
    ValidatorSet,
    Vote,
    Write,
)
from govchain.receipt import Receipt, RecordProof, build_receipt

SUITE = suite()
AMR = "11990100MA0XX00A97"
COURT = "11990100MA0XX00K0L"
TYPE_CODE = "11990100MA0XX00A97001"
GENESIS_TIME_MS = 1_772_323_200_000
"""2026-03-01T00:00:00Z."""
STREAM_EVENTS_MAX = 8

MAKER, CHECKER, CLERK, STRANGER = (
    SUITE.signer(derive_secret(7, f"person/{name}")) for name in ("maker", "checker", "clerk", "stranger")
)
VALIDATOR_SIGNERS: tuple[Signer, ...] = tuple(
    SUITE.signer(derive_secret(7, f"validator/validator-{index}")) for index in range(4)
)


def make_genesis(name: str = "api-tests", **parameters: int) -> Genesis:
    return Genesis(
        name=name,
        suite=SUITE.name,
        time_ms=GENESIS_TIME_MS,
        parameters=ProtocolParameters(**parameters),
        validators=ValidatorSet(
            epoch=0,
            members=tuple(
                Validator(name=f"validator-{index}", org=AMR, public_key=signer.public_key)
                for index, signer in enumerate(VALIDATOR_SIGNERS)
            ),
        ),
        organisations=(
            Organisation(
                id=AMR, name="Market regulator", roles=("licence-issuer",), accredited_for=(TYPE_CODE,)
            ),
            Organisation(id=COURT, name="Court", roles=("court",)),
        ),
        keys=(
            KeyRecord(public_key=MAKER.public_key, org=AMR, person="p-maker", roles=("maker",)),
            KeyRecord(public_key=CHECKER.public_key, org=AMR, person="p-checker", roles=("checker",)),
            KeyRecord(public_key=CLERK.public_key, org=COURT, person="p-clerk", roles=("maker", "checker")),
        ),
    )


class _MemoryReader:
    def __init__(self) -> None:
        self._rows: dict[tuple[Space, bytes], bytes] = {}

    def get(self, space: Space, key: bytes) -> bytes | None:
        return self._rows.get((space, key))

    def write(self, writes: Sequence[Write]) -> None:
        for space, key, value in writes:
            if value is None:
                self._rows.pop((space, key), None)
            else:
                self._rows[space, key] = value


class FakeNetwork:
    """One chain that every fake validator shows."""

    def __init__(self, genesis: Genesis | None = None, *, instant: bool = False) -> None:
        self.genesis = genesis or make_genesis()
        self.chain_id = chain_id_of(SUITE, self.genesis)
        self.instant = instant
        self._reader = _MemoryReader()
        self.ledger = Ledger(self.genesis, SUITE, self._reader)
        self._reader.write(self.ledger.genesis_writes())
        self.chain = Chain(self.genesis, SUITE, self._reader, self.ledger)
        self.pool = Mempool(self.genesis, SUITE, self.ledger)
        self._pending: dict[bytes, Transaction] = {}
        self.changed = asyncio.Event()
        self.streams: list[asyncio.Queue[FinalEvent | None]] = []
        self.waiting = 0
        """Calls of `wait_final` that are waiting now."""
        self._noticed = asyncio.Event()

    def signer(self, org: str, signer: Signer) -> OrgSigner:
        return OrgSigner(self.chain_id, org, signer)

    def validators(self) -> list[FakeValidator]:
        return [FakeValidator(self, index) for index in range(len(VALIDATOR_SIGNERS))]

    def admit(self, transaction: Transaction) -> Admission:
        known_id = transaction_id(SUITE, transaction)
        if known_id in self._pending or self.chain.locate(known_id) is not None:
            return Admission(id=known_id, status="known")
        try:
            admitted = self.pool.admit(transaction)
        except (InvalidTransaction, Unavailable) as error:
            return Admission(
                id=b"" if error.code == "malformed" else known_id,
                status="rejected",
                code=error.code,
                detail=str(error),
            )
        self._pending[admitted.id] = transaction
        return Admission(id=admitted.id, status="admitted")

    def is_pending(self, wanted: bytes) -> bool:
        return wanted in self._pending

    def finalise(self) -> int:
        """Everything that waits becomes one final block; the new height."""
        transactions = tuple(self._pending.values())
        self._pending.clear()
        height = self.ledger.height + 1
        ids = [transaction_id(SUITE, each) for each in transactions]
        batch = Batch(
            chain_id=self.chain_id,
            epoch=0,
            seq=height,
            time_ms=GENESIS_TIME_MS + 1_000 * height,
            proposer=(height - 1) % len(VALIDATOR_SIGNERS),
            transactions_root=compute_root(SUITE, ids),
            transaction_count=len(ids),
        )
        executed = self.ledger.execute(batch, transactions)
        self._reader.write(executed.writes)
        certificate = certify(executed.block.header)
        self._reader.write([self.chain.certificate_write(certificate)])
        self.pool.remove(executed.transaction_ids)
        self._tell(event_of(executed.block))
        return height

    def notice(self) -> None:
        """Streams or waiting calls have changed."""
        self._noticed.set()
        self._noticed = asyncio.Event()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until streams or waiting calls fulfil a condition."""
        while not holds():
            await self._noticed.wait()

    def _tell(self, event: FinalEvent) -> None:
        self.changed.set()
        self.changed = asyncio.Event()
        for queue in list(self.streams):
            if queue.qsize() >= STREAM_EVENTS_MAX:
                # The reader fell behind the bound: it is ended, and resumes by height.
                self.streams.remove(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)


class FakeValidator:
    """One validator of a `FakeNetwork`; implements `ValidatorService`. Tests turn its public attributes."""

    def __init__(self, network: FakeNetwork, index: int) -> None:
        self.network = network
        self.index = index
        self.ready = True
        self.failure: Exception | None = None
        """Raised by every call until it is None again."""
        self.submissions: list[Sequence[Transaction]] = []
        self.stale_proof: RecordProof | None = None
        """Answered instead of the truth."""

    @property
    def genesis(self) -> Genesis:
        return self.network.genesis

    @property
    def validators(self) -> ValidatorSet:
        return self.network.genesis.validators

    def validator_changes(self) -> tuple[ValidatorChange, ...]:
        return ()

    def member_policy(self) -> MemberPolicy:
        members = self.validators.members
        names, keys = tuple(m.name for m in members), tuple(m.public_key for m in members)
        return MemberPolicy(("91990100MA0XX00U2T",), 1, names, keys, 128)

    def submit(self, transactions: Sequence[Transaction]) -> list[Admission]:
        self._fail()
        self.submissions.append(transactions)
        admissions = [self.network.admit(each) for each in transactions]
        if self.network.instant:
            self.network.finalise()
        return admissions

    async def wait_final(self, wanted: bytes, timeout_ms: int) -> TransactionStatus | None:
        self.network.waiting += 1
        self.network.notice()
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                while (status := self.transaction(wanted)) is not None and status.status != "final":
                    await self.network.changed.wait()
        except TimeoutError:
            pass
        finally:
            self.network.waiting -= 1
            self.network.notice()
        return self.transaction(wanted)

    def transaction(self, wanted: bytes) -> TransactionStatus | None:
        self._fail()
        if self.network.is_pending(wanted):
            return TransactionStatus(id=wanted, status="pending")
        place = self.network.chain.locate(wanted)
        if place is None:
            return None
        block = self.network.chain.block(place[0])
        assert block is not None
        return TransactionStatus(
            id=wanted,
            status="final",
            height=place[0],
            position=place[1],
            result=block.results[place[1]],
            time_ms=block.header.time_ms,
        )

    def status(self) -> ValidatorStatus:
        self._fail()
        ledger = self.network.ledger
        return ValidatorStatus(
            name=f"validator-{self.index}",
            index=self.index,
            chain_id=self.network.chain_id,
            chain_name=self.genesis.name,
            version="0.0.0",
            height=ledger.height,
            final_height=self.network.chain.final_height(),
            view=0,
            state_root=ledger.state_root,
            head_digest=ledger.head_digest,
            pool_transactions=len(self.network.pool),
            finalised=ledger.transaction_count,
            denied=sum(ledger.denial_counts.values()),
            peers={f"validator-{other}": True for other in range(4) if other != self.index},
        )

    def organisation(self, org: str) -> OrganisationAnswer | None:
        self._fail()
        state = self.network.ledger.organisation(org)
        if state is None:
            return None
        return OrganisationAnswer(
            state.id, state.name, state.tier, state.roles, state.standing, self.network.ledger.height
        )

    def key(self, key_id: bytes) -> KeyAnswer | None:
        self._fail()
        state = self.network.ledger.key(key_id)
        if state is None:
            return None
        stored = self.network.ledger.state_value(nonces_key(key_id))
        return KeyAnswer(
            key_id=key_id,
            public_key=state.public_key,
            org=state.org,
            person=state.person,
            roles=state.roles,
            is_active=state.active,
            state=state.state,
            revoked_since_ms=state.revoked_since_ms,
            history=state.history,
            height=self.network.ledger.height,
            next_nonce=0 if stored is None else decode(stored, NonceState).floor,
        )

    def block(self, height: int) -> tuple[Block, FinalityCertificate] | None:
        self._fail()
        block, certificate = self.network.chain.block(height), self.network.chain.certificate(height)
        return None if block is None or certificate is None else (block, certificate)

    async def record(self, record_type: str, object_id: str, level: str) -> RecordProof:
        self._fail()
        if self.stale_proof is not None:
            return self.stale_proof
        head = self.network.ledger.head
        if head is None:
            raise Unavailable("no block is final yet")
        key = self.network.chain.record_key(record_type, object_id)
        value, proof = self.network.chain.prove_state(key)
        certificate = self.network.chain.certificate(head.height) if level != "local" else None
        return RecordProof(key=key, value=value, proof=proof, header=head, certificate=certificate)

    def receipt(self, wanted: bytes) -> Receipt | None:
        self._fail()

        def public_key_of(key_id: bytes) -> bytes | None:
            state = self.network.ledger.key(key_id)
            return None if state is None else state.public_key

        return build_receipt(self.network.chain, SUITE, wanted, public_key_of)

    async def events(self, from_height: int | None = None) -> AsyncIterator[FinalEvent]:
        self._fail()
        queue: asyncio.Queue[FinalEvent | None] = asyncio.Queue()
        upcoming = self.network.ledger.height + 1
        self.network.streams.append(queue)
        self.network.notice()
        try:
            for height in range(from_height if from_height is not None else upcoming, upcoming):
                block = self.network.chain.block(height)
                assert block is not None
                yield event_of(block)
            while (event := await queue.get()) is not None:
                yield event
        finally:
            if queue in self.network.streams:
                self.network.streams.remove(queue)
            self.network.notice()

    def end_streams(self) -> None:
        """Every reader is ended, as if it had fallen behind."""
        for queue in self.network.streams:
            queue.put_nowait(None)

    def is_ready(self) -> bool:
        return self.ready

    def metrics(self) -> bytes:
        return b"# TYPE govchain_height gauge\ngovchain_height %d\n" % self.network.ledger.height

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def event_of(block: Block) -> FinalEvent:
    return FinalEvent(
        height=block.header.height,
        time_ms=block.header.time_ms,
        results=block.results,
        kinds=tuple(_kind(each) for each in block.transactions),
    )


def _kind(transaction: Transaction) -> str:
    return decode(transaction.body, TransactionBody).kind


def certify(header: BlockHeader, voters: Sequence[int] = (0, 1, 2)) -> FinalityCertificate:
    """A certificate with the signatures of these validators."""
    digest = digest_of(SUITE, header)
    votes = []
    for index in voters:
        attestation = Attestation(header.chain_id, header.epoch, header.height, digest, index)
        votes.append(Vote(validator=index, signature=VALIDATOR_SIGNERS[index].sign(encode(attestation))))
    return FinalityCertificate(header.chain_id, header.epoch, header.height, digest, tuple(votes))


def licence_id(serial: str = "N0001", version: int = 1) -> str:
    return LicenceId(TYPE_CODE, AMR, serial, version).with_version(version)


def _envelope(object_id: str, version: int, time: str, previous: bytes) -> dict[str, Any]:
    envelope: dict[str, Any] = {"object_id": object_id, "object_version": version, "claimed_time": time}
    return {**envelope, "prev_record_hash": previous.hex()} if previous else envelope


def enter_payload(object_id: str, time: str = "2026-01-05T09:00:00+08:00", **fields: Any) -> bytes:
    given = {
        "name": "Business licence",
        "type_code": TYPE_CODE,
        "holder_ref": "91990100MA0XX00U2T",
        "area_code": "990100",
        "issued_date": "2026-01-05",
        "effective_date": "2026-01-06",
        **fields,
    }
    return encode_payload(_envelope(object_id, 1, time, b""), given)


def issue_payload(object_id: str, previous: bytes, time: str = "2026-01-05T10:00:00+08:00") -> bytes:
    return encode_payload(_envelope(object_id, 2, time, previous), {})


def revoke_payload(object_id: str, previous: bytes, time: str = "2026-02-01T10:00:00+08:00") -> bytes:
    fields = {"reason": "penalty", "basis_document": "order 1"}
    return encode_payload(_envelope(object_id, 3, time, previous), fields)


def deposit_payload(object_id: str, file: bytes = b"a contract") -> bytes:
    digests = digest_chunks([file])
    return encode_payload(
        _envelope(object_id, 1, "2026-01-05T09:00:00+08:00", b""),
        {
            "evidence_kind": "contract",
            "raw_hash": {"sha256": digests.sha256, "sm3": digests.sm3},
            "size_bytes": digests.size_bytes,
            "media_type": "text/plain",
            "collected_at": "2026-01-05T08:00:00+08:00",
        },
    )
