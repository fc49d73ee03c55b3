"""The async client of a chain: submit, wait, read, prove, subscribe, over any number of its validators.

A single validator's word is taken for finality only when asked for (`certified=False`); otherwise the receipt
or record proof is verified against the genesis. No rule of business lives here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final, Self

import aiohttp
import msgspec

from govchain.client.answers import (
    Admission,
    FinalEvent,
    KeyAnswer,
    TransactionStatus,
    ValidatorsAnswer,
    ValidatorStatus,
)
from govchain.client.reading import RecordRead, read_record
from govchain.client.signer import OrgSigner
from govchain.client.submission import (
    STABLE_CODES,
    read_admissions,
    submission_request,
)
from govchain.client.transport import Reply, Request, Transport, expect_json
from govchain.codec import decode, from_readable
from govchain.crypto import Signer, Suite, chain_id_of, suite, transaction_id
from govchain.errors import (
    BadProof,
    ConfigError,
    GovchainError,
    Indeterminate,
    InvalidTransaction,
    MalformedBytes,
    Unavailable,
)
from govchain.model import Genesis, Transaction, TransactionBody
from govchain.receipt import (
    read_receipt,
    verify_receipt,
)

POLL_MS: Final = 2_000
"""Longest wait at one validator, or half the patience of the caller if that is less: one that says `pending`
for ever costs no more than that. As long as the usual view timeout: by then an honest one has told others."""
EVENT_BYTES_MAX: Final = 32 * 1024 * 1024


class Client:
    """Talks to the validators of one chain; use as an async context manager.

    Args:
        urls: HTTP addresses of validators, in order of preference.
        timeout_s: Longest wait for one validator's answer.
        genesis: What the caller trusts; needed to verify.
        chain_id: Instead of the genesis: it is fetched and must have this digest.
        retry_pause_s: Pause between rounds when no validator has an answer yet.
        tls: For https addresses with a private authority.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout_s: float = 10.0,
        genesis: Genesis | None = None,
        chain_id: bytes | None = None,
        retry_pause_s: float = 0.2,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._transport = Transport(urls, timeout_s=timeout_s, tls=tls)
        self._suite: Suite = suite(genesis.suite) if genesis is not None else suite()
        self._genesis = genesis
        self._chain_id = chain_id_of(self._suite, genesis) if genesis is not None else chain_id
        if chain_id is not None and chain_id != self._chain_id:
            raise ConfigError("genesis and chain id are of different chains", found=chain_id.hex())
        self._retry_pause_s = retry_pause_s

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._transport.__aexit__(*error)

    async def submit(
        self, transactions: Sequence[Transaction], *, encoding: str = "msgpack"
    ) -> list[Admission]:
        """Submit a batch; one answer to each, in order.

        When a connection is lost, the same bytes go to the next validator: ids make that safe. A transaction
        that may have been admitted before the loss and that nobody can be asked about has status `unknown`.

        Raises:
            Unavailable: No validator took them; nothing happened.
            Indeterminate: They may have been admitted, and no validator could be asked; submit them again.
            InvalidInput: The request itself was refused, for example a batch over the limit.
        """
        ids = [transaction_id(self._suite, transaction) for transaction in transactions]
        request = submission_request(transactions, encoding)
        admissions, uncertain = await self._transport.ask(request, lambda reply: read_admissions(reply, ids))
        if not uncertain:
            return admissions
        return [
            await self._find_out(admission, wanted) for admission, wanted in zip(admissions, ids, strict=True)
        ]

    async def wait(
        self, wanted: bytes, *, timeout_s: float = 30.0, certified: bool = True
    ) -> TransactionStatus:
        """Wait until a transaction is final.

        Args:
            wanted: Transaction id.
            timeout_s: Longest wait in all.
            certified: Verify its receipt against the genesis; False takes one validator's word.

        Raises:
            Indeterminate: Not final in time; it may still become so.
            BadProof: Validators answered with proofs that fail, and none with one that holds.
            ConfigError: `certified`, but neither genesis nor chain id is known.
        """
        return await self._wait(wanted, None, timeout_s=timeout_s, certified=certified)

    async def _wait(
        self, wanted: bytes, transaction: Transaction | None, *, timeout_s: float, certified: bool
    ) -> TransactionStatus:
        if certified:
            await self._trusted_genesis()
        try:
            async with asyncio.timeout(timeout_s):
                poll_ms = min(POLL_MS, int(timeout_s * 1000 / 2))
                return await self._wait_final(wanted, transaction, poll_ms, certified=certified)
        except TimeoutError as error:
            self._transport.rotate()  # Whoever asks again hears another validator first.
            raise Indeterminate(
                f"transaction {wanted.hex()} is not final after {timeout_s} s; ask again"
            ) from error

    async def submit_and_wait(
        self, transaction: Transaction, *, timeout_s: float = 30.0, certified: bool = True
    ) -> TransactionStatus:
        """Submit one transaction and wait until it is final; the signed body pins the chain.

        A validator that takes it and keeps it to itself costs time only: whoever has not heard of it while
        this client waits is given the same bytes.

        Raises:
            InvalidTransaction: It may not enter the pool; `code` tells why.
            Unavailable: No validator took it.
            Indeterminate: It may have happened; ask again by id.
            BadProof: Its finality could not be verified.
        """
        self._pin(transaction)
        (admission,) = await self.submit([transaction])
        if admission.status == "rejected":
            if admission.code == "pool-full":
                raise Unavailable(admission.detail)
            raise InvalidTransaction(admission.code, admission.detail)
        wanted = transaction_id(self._suite, transaction)
        return await self._wait(wanted, transaction, timeout_s=timeout_s, certified=certified)

    async def transaction(self, wanted: bytes) -> TransactionStatus | None:
        """What one validator knows of a transaction, without waiting; None when it knows nothing."""
        request = Request("GET", f"/v1/transactions/{wanted.hex()}")
        return (await self._transport.ask(request, lambda reply: _read_status(reply, wanted)))[0]

    async def record(self, record_type: str, object_id: str, *, level: str = "certified") -> RecordRead:
        """Read a record (rule RD-1).

        Args:
            record_type: For example `licence`.
            object_id: Of the record.
            level: `local` is one validator's word. `certified` is verified against the genesis; the block may
                be older than the newest one. `latest` is verified too, and holds everything acknowledged
                before the call: it asks max_faulty + 1 validators, so that one of them is honest. The
                addresses must belong to different validators; nobody but the caller can know that.

        Raises:
            BadProof: No validator gave a proof that holds.
            Unavailable: No validator answered; at level `latest`, too few did.
            ConfigError: Nothing to verify against, or too few addresses for level `latest`.
        """
        genesis = None if level == "local" else await self._trusted_genesis()
        return await read_record(self._transport, record_type, object_id, level=level, genesis=genesis)

    async def receipt(self, wanted: bytes, *, certified: bool = False) -> bytes:
        """The receipt file of a final transaction.

        Args:
            wanted: Transaction id.
            certified: Verify it against the genesis before returning it.

        Raises:
            Unavailable: No validator has it (not final, or unknown).
            BadProof: `certified`, and no validator gave one that verifies.
        """
        genesis = await self._trusted_genesis() if certified else None

        def read(reply: Reply) -> bytes:
            expect_json(reply)
            if genesis is not None and verify_receipt(reply.body, genesis).transaction_id != wanted:
                raise BadProof("the receipt is of another transaction", step="transaction")
            return reply.body

        return (await self._transport.ask(Request("GET", f"/v1/receipts/{wanted.hex()}"), read))[0]

    async def genesis(self) -> Genesis:
        """The genesis: the trusted one when there is one, else what a validator says."""
        if self._genesis is not None or self._chain_id is not None:
            return await self._trusted_genesis()
        return (await self._transport.ask(Request("GET", "/v1/genesis"), _read_genesis))[0]

    async def status(self) -> ValidatorStatus:
        """What the first validator that answers says of itself."""
        return await self._transport.fetch("/v1/status", ValidatorStatus)

    async def validators(self) -> ValidatorsAnswer:
        """The set of the running epoch and who decides about it, as the first validator that answers says."""
        return await self._transport.fetch("/v1/validators", ValidatorsAnswer)

    async def key(self, key_id: bytes) -> KeyAnswer | None:
        """State of a signing key; None when the chain does not know it."""

        def read(reply: Reply) -> KeyAnswer | None:
            if reply.status == 404:
                return None
            return from_readable(expect_json(reply), KeyAnswer)

        return (await self._transport.ask(Request("GET", f"/v1/keys/{key_id.hex()}"), read))[0]

    async def open_signer(self, org: str, signer: Signer) -> OrgSigner:
        """An `OrgSigner` that starts at the nonce the chain expects next.

        Raises:
            InvalidTransaction: The chain does not know the key, or it is not active.
        """
        answer = await self.key(signer.key_id)
        if answer is None:
            raise InvalidTransaction("unknown-key", f"the chain does not know key {signer.key_id.hex()}")
        if not answer.is_active:
            raise InvalidTransaction("key-not-active", f"key {signer.key_id.hex()} is not active")
        chain_id = self._chain_id if self._chain_id is not None else (await self.status()).chain_id
        return OrgSigner(chain_id, org, signer, answer.next_nonce)

    async def events(self, from_height: int | None = None) -> AsyncIterator[FinalEvent]:
        """Final blocks from a height on, each once and in order, by one validator's word at a time.

        Goes on at the next validator where a broken stream ended; a gap or a repeat breaks it too.

        Raises:
            Unavailable: No validator streams any more.
        """
        upcoming = from_height if from_height is not None else (await self.status()).final_height + 1
        failures: list[str] = []
        while len(failures) < self._transport.size:
            try:
                async for event in self._stream(upcoming):
                    if event.height != upcoming:
                        raise MalformedBytes(f"event of height {event.height}; {upcoming} is next")
                    upcoming += 1
                    failures.clear()
                    yield event
                failures.append(f"{self._transport.preferred_url}: the stream ended")
            except (aiohttp.ClientError, MalformedBytes, TimeoutError) as error:
                failures.append(f"{self._transport.preferred_url}: {error}")
            self._transport.rotate()
            await asyncio.sleep(self._retry_pause_s)
        raise Unavailable("; ".join(failures))

    async def _stream(self, from_height: int) -> AsyncIterator[FinalEvent]:
        url = f"{self._transport.preferred_url}/v1/events?from={from_height}"
        async with self._transport.session.ws_connect(
            url, heartbeat=20.0, max_msg_size=EVENT_BYTES_MAX
        ) as socket:
            async for message in socket:
                if message.type != aiohttp.WSMsgType.TEXT:
                    raise MalformedBytes("an event that is not text")
                try:
                    plain = msgspec.json.decode(message.data)
                except (msgspec.DecodeError, RecursionError) as error:
                    raise MalformedBytes(f"an event that is not JSON: {error}") from error
                yield from_readable(plain, FinalEvent)

    async def _wait_final(
        self, wanted: bytes, transaction: Transaction | None, poll_ms: int, *, certified: bool
    ) -> TransactionStatus:
        request = Request(
            "GET",
            f"/v1/transactions/{wanted.hex()}",
            {"wait": str(poll_ms)},
            extra_timeout_s=poll_ms / 1000,
        )
        while True:
            try:
                status, _ = await self._transport.ask(request, lambda reply: _read_status(reply, wanted))
                if status is not None and status.status == "final":
                    return await self._certify(wanted) if certified else status
                if status is None and transaction is not None:
                    # What it answers is no news: another may have admitted, or even executed it.
                    with suppress(GovchainError):
                        await self.submit([transaction])
            except Unavailable:
                status = None
            # Pending or unknown there: let another validator speak next time.
            self._transport.rotate()
            if status is None or status.status == "final":
                await asyncio.sleep(self._retry_pause_s)

    async def _certify(self, wanted: bytes) -> TransactionStatus:
        """The status that a verified receipt proves, whoever claimed it first."""
        receipt = read_receipt(await self.receipt(wanted, certified=True))
        return TransactionStatus(
            id=wanted,
            status="final",
            height=receipt.header.height,
            position=receipt.inclusion.position,
            result=receipt.result,
            time_ms=receipt.header.time_ms,
        )

    async def _find_out(self, admission: Admission, wanted: bytes) -> Admission:
        """After a lost request, a refusal may only mean that the first attempt worked."""
        if admission.status != "rejected" or admission.code in STABLE_CODES:
            return admission
        try:
            status = await self.transaction(wanted)
        except Unavailable:
            status = None
        if status is not None:
            return Admission(id=wanted, status="known")
        return Admission(
            id=wanted,
            status="unknown",
            code=Indeterminate.code,
            detail=f"a validator was lost while it had this transaction; another said {admission.code}",
        )

    async def _trusted_genesis(self) -> Genesis:
        if self._genesis is not None:
            return self._genesis
        if self._chain_id is None:
            raise ConfigError(
                "nothing to verify against",
                expected="Client(urls, genesis=...) or Client(urls, chain_id=...)",
                hint="or take one validator's word with certified=False",
            )
        expected = self._chain_id

        def read(reply: Reply) -> Genesis:
            genesis = _read_genesis(reply)
            found = chain_id_of(suite(genesis.suite), genesis)
            if found != expected:
                raise BadProof(f"{reply.url} has the genesis of chain {found.hex()}", step="chain")
            return genesis

        self._genesis = (await self._transport.ask(Request("GET", "/v1/genesis"), read))[0]
        self._suite = suite(self._genesis.suite)
        return self._genesis

    def _pin(self, transaction: Transaction) -> None:
        # Who signs for a chain trusts its id: that is enough to check the genesis a validator gives.
        body = decode(transaction.body, TransactionBody)
        if self._chain_id is None:
            self._chain_id = body.chain_id
        elif self._chain_id != body.chain_id:
            raise InvalidTransaction("wrong-chain", f"signed for chain {body.chain_id.hex()}")


def _read_status(reply: Reply, wanted: bytes) -> TransactionStatus | None:
    problem = reply.problem
    if problem is not None and problem.get("code") == "unknown-transaction":
        return None
    status = from_readable(expect_json(reply), TransactionStatus)
    if status.id != wanted:
        raise MalformedBytes(f"{reply.url} answered about another transaction")
    return status


def _read_genesis(reply: Reply) -> Genesis:
    return from_readable(expect_json(reply), Genesis)
