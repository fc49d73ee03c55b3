"""The asking side: a question on the chain, the answer fetched, checked, kept, and confirmed on the chain.

    PREPARED → QUERIED → RECEIVED → CONFIRMED, or → REFUSED

Each state is durable before the next step begins, so whatever kills the gateway, the same question goes on
where it stood. What the answer is worth is judged by its hash on the chain, never by who delivered it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from govchain.codec import decode, encode
from govchain.errors import (
    BadProof,
    Indeterminate,
    InvalidInput,
    NotPermitted,
    StorageFailure,
    Unavailable,
)
from govchain.gateway.documents import (
    MESSAGE_BYTES_MAX,
    REFUSAL,
    Query,
    hashes_of,
    open_answer,
    read_query,
    sign,
    verify_signed,
)
from govchain.gateway.office import Office
from govchain.gateway.ports import NUMBER_MAX, REFUSED_CODE, Answered, Ask, Outcome, PeerPort, Point, Refused
from govchain.gateway.store import ASKED, Exchange
from govchain.ledger.field_checks import require_reference
from govchain.ledger.kinds.exchange.answers import Answer
from govchain.ledger.kinds.exchange.fields import ExchangeConfirm, ExchangeData, ExchangeQuery
from govchain.ledger.sharing import FIELDS_MAX
from govchain.ledger.state import RecordState

ATTEMPTS_MAX: Final = 3
"""How often one record is signed again in one call, when the chain no longer takes the old one."""
_SALT_BYTES: Final = 16


class Requester:
    """Asks other departments on behalf of its own."""

    def __init__(self, office: Office, peers: PeerPort) -> None:
        self._office = office
        self._peers = peers

    async def ask(self, ask: Ask) -> Outcome:
        """See `GatewayPort.ask`."""
        office = self._office
        _require_plain(ask)
        office.fault(Point.ASK_RECEIVED)
        async with office.working_on(ASKED, ask.exchange):
            row = office.store.exchange(ASKED, ask.exchange)
            if row is None:
                self._require_known(ask.provider)
                row = await self._prepare(ask)
                office.fault(Point.ASK_STORED)
            elif self._open(row) != ask:
                raise InvalidInput(f"exchange {ask.exchange} was used for another question")
            try:
                return await self._go_on(row)
            except Unavailable as error:
                # It is kept, and taken up again without being asked: it cannot be called undone.
                raise Indeterminate(f"exchange {ask.exchange} is under way: {error}") from error

    async def resume(self, row: Exchange) -> None:
        """Go on with an exchange that a killed gateway left."""
        async with self._office.working_on(ASKED, row.exchange):
            current = self._office.store.exchange(ASKED, row.exchange)
            assert current is not None
            await self._go_on(current)

    def provider_of(self, row: Exchange) -> str:
        """Whom a row's question goes to."""
        return self._open(row).provider

    async def _go_on(self, row: Exchange) -> Outcome:
        if row.state == "PREPARED":
            row = await self._query(row)
        if row.state == "QUERIED":
            row = await self._fetch(row)
        if row.state == "RECEIVED":
            row = await self._confirm(row)
        match row.state:
            case "CONFIRMED":
                body = self._unseal(row, "answer")
                return Answered(
                    exchange=row.exchange,
                    told=dict(decode(body, Answer).told),
                    answer_sha256=row.answer_sha256,
                    document=body.hex(),
                    transaction=self._office.transaction_id(row),
                )
            case "REFUSED":
                return Refused(
                    exchange=row.exchange,
                    rule=row.rule,
                    code=row.code,
                    detail=row.detail,
                    transaction=self._office.transaction_id(row),
                )
            case state:
                raise StorageFailure(f"exchange {row.exchange} stands at {state!r}, which no gateway writes")

    async def _prepare(self, ask: Ask) -> Exchange:
        office = self._office
        asked_at_ms = (
            ask.claimed_time_ms if office.is_rehearsal and ask.claimed_time_ms else office.chain.now_ms()
        )
        query = Query(
            chain_id=office.chain.chain_id,
            exchange=ask.exchange,
            requester=office.org,
            provider=ask.provider,
            item=ask.item,
            grant=ask.grant,
            purpose=ask.purpose,
            fields=ask.fields,
            mode=ask.mode,
            subject_ref=ask.subject_ref,
            consent=ask.consent,
            bounds=ask.bounds,
            answer_key=office.vault.answer_key,
            asked_at_ms=asked_at_ms,
            salt=office.vault.derive("query-salt", ask.exchange)[:_SALT_BYTES],
        )
        message = encode(sign(office.signer, encode(query)))
        if len(message) > MESSAGE_BYTES_MAX:
            raise InvalidInput(f"a question of {len(message)} bytes; expected at most {MESSAGE_BYTES_MAX}")
        row = Exchange(
            side=ASKED,
            exchange=ask.exchange,
            state="PREPARED",
            person=office.vault.index("person", ask.subject_ref),
            at_ms=asked_at_ms,
            document=office.vault.seal(encode(ask), f"{ASKED}/{ask.exchange}/document"),
            message=office.vault.seal(message, f"{ASKED}/{ask.exchange}/message"),
        )
        return await self._sign_query(row, ask, query)

    async def _sign_query(self, row: Exchange, ask: Ask, query: Query) -> Exchange:
        fields = ExchangeQuery(
            item=ask.item,
            grant=ask.grant,
            purpose=ask.purpose,
            fields=list(ask.fields),
            mode=ask.mode,
            subject_ref=ask.subject_ref,
            query_hash=hashes_of(encode(query)),
            consent=ask.consent,
            case_no=ask.case_no,
            licence=ask.licence,
            listed=ask.listed,
        )
        return await self._office.prepare(
            row, "exchange.query", fields, claimed_ms=query.asked_at_ms, known=None
        )

    async def _query(self, row: Exchange) -> Exchange:
        """Bring the question on the chain, or learn which rule denies it."""
        office = self._office
        for attempt in range(ATTEMPTS_MAX):
            query = self._query_of(row)
            record = await office.record(row.exchange)
            if record is not None:
                if record.data_as(ExchangeData).query_sha256 != hashes_of(encode(query)).sha256:
                    row = replace(row, transaction_bytes=b"")
                    return self._refuse(row, "G3", "E_DUP_ID", "another exchange has this number")
                return self._keep(row, "QUERIED")
            result = await office.submit(row)
            office.fault(Point.QUERY_ON_CHAIN)
            if result is None:
                row = await self._sign_query(row, self._open(row), query)
            elif result.applied:
                return self._keep(row, "QUERIED")
            elif result.rule == "G9" and not office.is_rehearsal and attempt + 1 < ATTEMPTS_MAX:
                # Another question under the same grant came first: this one is asked now.
                row = await self._prepare(self._open(row))
            else:
                return self._refuse(row, result.rule, result.code, result.detail)
        raise Indeterminate(f"exchange {row.exchange}: the chain took none of {ATTEMPTS_MAX} signed queries")

    async def _fetch(self, row: Exchange) -> Exchange:
        """Have the provider answer, and keep what it says once its hash is on the chain."""
        office, query = self._office, self._query_of(row)
        data = await self._peers.send(query.provider, self._unseal(row, "message"))
        office.fault(Point.ANSWER_ARRIVED)
        if data == REFUSAL:
            return self._refuse(row, "", REFUSED_CODE, "the providing department did not answer")
        signed, answer = open_answer(office.vault, data)
        record = await office.record(row.exchange)
        if record is None or not record.data_as(ExchangeData).answer_sha256:
            raise Indeterminate(f"exchange {row.exchange}: the answer is not on the chain yet")
        self._verify(query, signed.body, answer, record)
        key = await office.chain.key(signed.key_id)
        if key is None or key[0] != query.provider:
            raise BadProof("the answer is signed with no key of the provider", step="signature")
        verify_signed(office.suite, signed, key[1])
        kept = replace(
            row,
            state="RECEIVED",
            answer=office.vault.seal(signed.body, f"{ASKED}/{row.exchange}/answer"),
            answer_sha256=hashes_of(signed.body).sha256,
        )
        kept = await self._sign_confirm(kept, record, signed.body)
        office.fault(Point.ANSWER_KEPT)
        return kept

    def _verify(self, query: Query, body: bytes, answer: Answer, record: RecordState) -> None:
        """Rule D7: what came is what the provider signed on the chain, and answers this question."""
        data = record.data_as(ExchangeData)
        found = hashes_of(body)
        if (found.sha256, found.sm3) != (data.answer_sha256, data.answer_sm3):
            raise BadProof("the answer is not the one whose hash is on the chain", step="answer")
        expected = (query.chain_id, query.exchange, hashes_of(encode(query)).sha256, query.requester)
        if (answer.chain_id, answer.exchange, answer.query_sha256, answer.requester) != expected:
            raise BadProof("the answer is to another question", step="answer")
        if tuple(name for name, _ in answer.told) != query.fields or answer.mode != query.mode:
            raise BadProof("the answer tells other fields than were asked", step="answer")
        if answer.bounds != query.bounds:
            raise BadProof("the answer is about other bounds than were asked", step="answer")

    async def _sign_confirm(self, row: Exchange, record: RecordState, body: bytes) -> Exchange:
        claimed_ms = max(self._office.claimed_ms(row.at_ms), record.timeline[-1].claimed_time_ms)
        return await self._office.prepare(
            row,
            "exchange.confirm",
            ExchangeConfirm(answer_hash=hashes_of(body)),
            claimed_ms=claimed_ms,
            known=record,
        )

    async def _confirm(self, row: Exchange) -> Exchange:
        """Sign for the answer on the chain. It is kept already: a denial changes nothing about that."""
        office = self._office
        for _ in range(ATTEMPTS_MAX):
            record = await office.record(row.exchange)
            assert record is not None, "an exchange that was answered is on the chain"
            if record.state == "CONFIRMED":
                return self._keep(row, "CONFIRMED")
            result = await office.submit(row)
            if result is not None and result.applied:
                confirmed = self._keep(row, "CONFIRMED")
                office.fault(Point.CONFIRMED)
                return confirmed
            row = await self._sign_confirm(row, record, self._unseal(row, "answer"))
        raise Indeterminate(f"exchange {row.exchange}: the answer is kept, and not confirmed yet")

    def _keep(self, row: Exchange, state: str) -> Exchange:
        kept = replace(row, state=state)
        self._office.store.put_exchange(kept)
        if state == "QUERIED":
            self._office.fault(Point.QUERY_OUTCOME_STORED)
        return kept

    def _refuse(self, row: Exchange, rule: str, code: str, detail: str) -> Exchange:
        refused = replace(row, state="REFUSED", rule=rule, code=code, detail=detail[:500])
        self._office.store.put_exchange(refused)
        self._office.fault(Point.QUERY_OUTCOME_STORED)
        return refused

    def _require_known(self, provider: str) -> None:
        """Before anything is on the chain: a question that can never be sent uses up a grant all the same."""
        if not self._peers.knows(provider):
            raise InvalidInput(f"no address of the gateway of {provider[:18]}; add it to `peers`")

    def _open(self, row: Exchange) -> Ask:
        return ask_of(self._office, row)

    def _query_of(self, row: Exchange) -> Query:
        return read_query(self._unseal(row, "message"))[1]

    def _unseal(self, row: Exchange, name: str) -> bytes:
        return self._office.vault.open(getattr(row, name), f"{ASKED}/{row.exchange}/{name}")


def ask_of(office: Office, row: Exchange) -> Ask:
    """The question of a row of this side."""
    return decode(office.vault.open(row.document, f"{ASKED}/{row.exchange}/document"), Ask)


def _require_plain(ask: Ask) -> None:
    """What could never be asked, and what the chain does not see; the rest is judged there, on record."""
    try:
        require_reference("exchange", ask.exchange)
    except NotPermitted as error:
        raise InvalidInput(error.detail) from None
    if not 1 <= len(ask.fields) <= FIELDS_MAX:
        raise InvalidInput(f"{len(ask.fields)} fields; expected 1 to {FIELDS_MAX}")
    if len(ask.bounds) > FIELDS_MAX or not {name for name, _ in ask.bounds} <= set(ask.fields):
        raise InvalidInput(f"bounds: expected at most {FIELDS_MAX}, each of a field that is asked for")
    index = 0 if ask.listed is None else ask.listed.index
    if any(abs(number) > NUMBER_MAX for number in (index, ask.claimed_time_ms, *dict(ask.bounds).values())):
        raise InvalidInput("a number beyond 2^53-1")
