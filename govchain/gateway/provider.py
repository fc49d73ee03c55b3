"""The answering side: a question proven from the chain, judged again, answered once, logged, delivered.

    RECEIVED → ANSWERED → LOGGED → DELIVERED, or → REFUSED

Nothing is written for a question that is not on the chain, and no value is read before the chain's rules let
it through: so a refusal cannot depend on what is held. An answer is durable before its hash goes on the
chain; asked again, the same bytes leave.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from govchain.codec import encode
from govchain.errors import BadSignature, Indeterminate, MalformedBytes, NotPermitted
from govchain.gateway.documents import (
    REFUSAL,
    Query,
    Signed,
    hashes_of,
    read_query,
    seal_answer,
    sign,
    verify_signed,
)
from govchain.gateway.holdings import Holdings
from govchain.gateway.office import Office
from govchain.gateway.ports import Point, Reading
from govchain.gateway.store import GAVE, Exchange
from govchain.ledger.access import DecodeCache, StateAccess
from govchain.ledger.kinds.exchange.answers import Answer
from govchain.ledger.kinds.exchange.fields import ExchangeAnswer, ExchangeData
from govchain.ledger.kinds.exchange.judgement import Asked, judge_answer
from govchain.ledger.kinds.exchange.rules import query_of
from govchain.ledger.state import RecordState, record_key

ATTEMPTS_MAX: Final = 3
_SALT_BYTES: Final = 16


class Provider:
    """Answers other departments from its own data."""

    def __init__(self, office: Office, holdings: Holdings) -> None:
        self._office = office
        self._holdings = holdings

    async def handle(self, message: bytes) -> bytes:
        """The sealed answer to a signed query, or the refusal, which is the same for every reason.

        Raises:
            Unavailable, Indeterminate: Not settled yet; the same bytes may be sent again.
        """
        office = self._office
        try:
            signed, query = read_query(message)
        except MalformedBytes:
            return REFUSAL
        office.fault(Point.QUERY_RECEIVED)
        if query.provider != office.org or query.chain_id != office.chain.chain_id:
            return REFUSAL
        async with office.working_on(GAVE, query.exchange):
            row = office.store.exchange(GAVE, query.exchange)
            if row is None:
                row = await self._receive(signed, query, message)
            elif self._message_of(row) != message:
                row = None
            if row is None:
                return REFUSAL
            return self._outcome(await self._go_on(row))

    async def resume(self, row: Exchange) -> None:
        """Go on with an exchange that a killed gateway left; it is delivered when it is asked for again."""
        async with self._office.working_on(GAVE, row.exchange):
            current = self._office.store.exchange(GAVE, row.exchange)
            assert current is not None
            await self._go_on(current)

    def delivered(self, message: bytes) -> None:
        """The answer to this query left the gateway."""
        try:
            _, query = read_query(message)
        except MalformedBytes:
            return
        row = self._office.store.exchange(GAVE, query.exchange)
        if row is not None and row.state == "LOGGED" and self._message_of(row) == message:
            self._office.store.put_exchange(replace(row, state="DELIVERED"))
        self._office.fault(Point.DELIVERED)

    async def _receive(self, signed: Signed, query: Query, message: bytes) -> Exchange | None:
        """Keep a query once the chain proves that its requester put exactly this one there."""
        office = self._office
        key = await office.chain.key(signed.key_id)
        if key is None or key[0] != query.requester:
            return None
        try:
            verify_signed(office.suite, signed, key[1])
        except BadSignature:
            return None
        record = await office.record(query.exchange)
        if record is None or record.state != "QUERIED" or not _is_of(record, query, signed.body):
            return None
        person = self._holdings.person_of(query.requester, query.subject_ref)
        row = Exchange(
            side=GAVE,
            exchange=query.exchange,
            state="RECEIVED",
            person=office.vault.index("person", person) if person else "",
            at_ms=query.asked_at_ms,
            document=b"",
            message=office.vault.seal(message, f"{GAVE}/{query.exchange}/message"),
        )
        office.store.put_exchange(row)
        office.fault(Point.QUERY_STORED)
        return row

    async def _go_on(self, row: Exchange) -> Exchange:
        if row.state == "RECEIVED":
            row = await self._judge(row)
        if row.state in ("ANSWERED", "DENIED"):
            row = await self._log(row)
        return row

    async def _judge(self, row: Exchange) -> Exchange:
        """Rules D2, D8, D9, D11 over proven records, as the chain will judge the answer."""
        office = self._office
        _, query = read_query(self._message_of(row))
        reading = await self._read(row)
        record = reading.records["exchange", query.exchange]
        assert record is not None, "a record stays on the chain"
        claimed_ms = office.claimed_ms(query.asked_at_ms, reading)
        denial = self._denial(record, query, reading, claimed_ms)
        office.fault(Point.JUDGED)
        if record.state != "QUERIED":
            # Answered, and not by what this database knows: a second answer must not exist.
            return self._refuse(row, "G3", "E_STATE", "answered before")
        withheld = [] if denial else self._holdings.withheld(query)
        if withheld:
            denial = NotPermitted("D9", "E_SCOPE_FIELD", f"{', '.join(withheld)}: not offered like this")
        body = self._answer_body(query, () if denial else self._holdings.tell(query))
        if denial is None:
            sealed = seal_answer(sign(office.signer, body), query.answer_key)
            answer = office.vault.seal(sealed, f"{GAVE}/{row.exchange}/answer")
            row = replace(row, state="ANSWERED", answer=answer)
        else:
            # Signed all the same: the chain denies it, and so the refusal is on record (rule G8).
            rule, code, detail = denial.rule, denial.denial, denial.detail[:500]
            row = replace(row, state="DENIED", rule=rule, code=code, detail=detail)
        fields = ExchangeAnswer(
            query_hash=hashes_of(encode(query)),
            answer_hash=hashes_of(body),
            mode=query.mode,
            source_ref=self._holdings.source_ref(query) if denial is None else self._holdings.nobody(query),
            withheld=withheld,
        )
        document = office.vault.seal(msgspec.json.encode(fields), f"{GAVE}/{row.exchange}/document")
        row = replace(row, document=document, answer_sha256=fields.answer_hash.sha256)
        row = await office.prepare(row, "exchange.answer", fields, claimed_ms=claimed_ms, known=record)
        office.fault(Point.ANSWER_STORED)
        return row

    async def _log(self, row: Exchange) -> Exchange:
        """Put the answer's hash on the chain; only then may the answer leave."""
        office = self._office
        for _ in range(ATTEMPTS_MAX):
            reading = await self._read(row)
            record = reading.records["exchange", row.exchange]
            assert record is not None, "a record stays on the chain"
            if record.state != "QUERIED":
                is_ours = record.data_as(ExchangeData).answer_sha256 == row.answer_sha256
                return self._logged(row) if is_ours else self._refuse(row, "G3", "E_STATE", "answered before")
            result = await office.submit(row)
            office.fault(Point.ANSWER_ON_CHAIN)
            if result is not None and result.applied:
                return self._logged(row)
            if result is not None and result.rule != "G9":
                return self._refuse(row, result.rule, result.code, result.detail)
            sealed = office.vault.open(row.document, f"{GAVE}/{row.exchange}/document")
            fields = msgspec.json.decode(sealed, type=ExchangeAnswer)
            claimed_ms = office.claimed_ms(row.at_ms, reading)
            row = await office.prepare(row, "exchange.answer", fields, claimed_ms=claimed_ms, known=record)
        raise Indeterminate(f"exchange {row.exchange}: the answer is kept, and not on the chain yet")

    def _logged(self, row: Exchange) -> Exchange:
        if row.state == "DENIED":
            return self._refuse(row, row.rule, row.code, row.detail)
        logged = replace(row, state="LOGGED")
        self._office.store.put_exchange(logged)
        self._office.fault(Point.ANSWER_LOGGED)
        return logged

    def _refuse(self, row: Exchange, rule: str, code: str, detail: str) -> Exchange:
        refused = replace(
            row, state="REFUSED", rule=rule, code=code, detail=detail[:500], answer=b"", answer_sha256=""
        )
        self._office.store.put_exchange(refused)
        self._office.fault(Point.ANSWER_LOGGED)
        return refused

    async def _read(self, row: Exchange) -> Reading:
        """Whatever decides about an exchange, proven."""
        _, query = read_query(self._message_of(row))
        wanted = [("exchange", query.exchange), ("catalog", query.item), ("grant", query.grant)]
        if query.consent:
            wanted.append(("consent", query.consent))
        return await self._office.chain.read(wanted)

    def _outcome(self, row: Exchange) -> bytes:
        if row.state not in ("LOGGED", "DELIVERED"):
            return REFUSAL
        return self._office.vault.open(row.answer, f"{GAVE}/{row.exchange}/answer")

    def _message_of(self, row: Exchange) -> bytes:
        return self._office.vault.open(row.message, f"{GAVE}/{row.exchange}/message")

    def _denial(
        self, record: RecordState, query: Query, reading: Reading, claimed_ms: int
    ) -> NotPermitted | None:
        values = {record_key(*name): found for name, found in reading.records.items()}

        def get(key: bytes) -> bytes | None:
            found = values.get(key)
            return None if found is None else encode(found)

        asked = Asked(
            query=query_of(record.data_as(ExchangeData)),
            requester=record.issuer_org,
            at_ms=claimed_ms,
            access=StateAccess(get, DecodeCache()),
            suite=self._office.suite,
        )
        return judge_answer(asked)

    def _answer_body(self, query: Query, told: tuple[tuple[str, bool | int | str | None], ...]) -> bytes:
        office = self._office
        answer = Answer(
            chain_id=office.chain.chain_id,
            exchange=query.exchange,
            query_sha256=hashes_of(encode(query)).sha256,
            requester=query.requester,
            provider=office.org,
            mode=query.mode,
            told=told,
            bounds=query.bounds,
            salt=office.vault.derive("answer-salt", query.exchange)[:_SALT_BYTES],
        )
        return encode(answer)


def _is_of(record: RecordState, query: Query, body: bytes) -> bool:
    """Whether the chain's record says that its requester asked exactly this (rule D7)."""
    data = record.data_as(ExchangeData)
    found = hashes_of(body)
    return (
        record.issuer_org == query.requester
        and data.provider == query.provider
        and (data.query_sha256, data.query_sm3) == (found.sha256, found.sm3)
        and (data.item, data.grant, data.purpose, data.fields)
        == (query.item, query.grant, query.purpose, query.fields)
        and (data.mode, data.subject_ref, data.consent) == (query.mode, query.subject_ref, query.consent)
    )
