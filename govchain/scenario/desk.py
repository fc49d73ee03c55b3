"""Steps that a department's gateway carries out: a question to another one, a correction of what it holds.

Asks as the department's own systems do and compares with what the file expects. What was told goes no further
than into the answer that a later step opens: no result, trace or page holds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import msgspec

from govchain.client.answers import TransactionStatus
from govchain.errors import BadProof, Indeterminate, InvalidInput, Unavailable
from govchain.gateway import Answered, Ask, GatewayPort, Holding, Refused, Told
from govchain.gateway.portal import view_of
from govchain.ledger import RecordState
from govchain.ledger.identifiers import parse_time_ms
from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.builder import Builder, Saved
from govchain.scenario.model import Step
from govchain.scenario.outcomes import judge_refusal, used
from govchain.scenario.references import resolve
from govchain.scenario.result import ExchangeEntry, StepResult
from govchain.scenario.values import coerce
from govchain.scenario.verbs import GATEWAY_VERBS, GatewayAskWith, GatewayCorrectWith, GatewayUsesWith

T = TypeVar("T")

EXCHANGE: Final = "exchange"
LATENCY_DIGITS: Final = 3
RETRY_NS: Final = 500_000_000
"""How long a question that could not go on rests before it is asked again."""


class Desk:
    """Plays the gateway steps of one run."""

    def __init__(self, rehearsal: Rehearsal, backend: Backend, builder: Builder) -> None:
        self._rehearsal = rehearsal
        self._backend = backend
        self._builder = builder
        organisations = rehearsal.loaded.scenario.organisations
        self._codes = {org.id: org.code for org in organisations}
        self._names = {org.code: org.name for org in organisations}
        self._names_zh = {org.code: org.name_zh or org.name for org in organisations}

    async def play(self, blank: StepResult, step: Step, offset_ns: int) -> StepResult:
        """What became of a step.

        Args:
            blank: The result as far as it is known before.
            offset_ns: Time of the story since its start.
        """
        try:
            kind = GATEWAY_VERBS[step.do]
            wanted = msgspec.convert(coerce(self._builder.values(step), kind), kind)
            match wanted:
                case GatewayCorrectWith():
                    return await self._correct(blank, step, wanted)
                case GatewayUsesWith():
                    return await self._uses(blank, wanted)
                case _:
                    assert isinstance(wanted, GatewayAskWith)
                    return await self._ask(blank, step, wanted, offset_ns)
        except msgspec.ValidationError as error:
            # What a reference stood for does not fit.
            return msgspec.structs.replace(blank, measured="cannot be asked", detail=str(error))
        except (InvalidInput, BadProof) as error:
            return judge_refusal(blank, step, rule="", code=error.code, detail=str(error))
        except (Unavailable, Indeterminate) as error:
            return msgspec.structs.replace(
                blank, outcome="pending", measured="not taken or not known", detail=str(error)
            )

    async def _ask(self, blank: StepResult, step: Step, wanted: GatewayAskWith, offset_ns: int) -> StepResult:
        began_ns = self._backend.now_ns()
        question = self._question(wanted, offset_ns)
        outcome = await self._until_settled(self._own(step), lambda gateway: gateway.ask(question))
        latency_ms = round((self._backend.now_ns() - began_ns) / 1_000_000, LATENCY_DIGITS)
        if not outcome.transaction:
            assert isinstance(outcome, Refused)
            return judge_refusal(blank, step, rule="", code=outcome.code, detail=outcome.detail)
        status = await self._final(bytes.fromhex(outcome.transaction))
        record = await self._backend.record(EXCHANGE, wanted.exchange)
        final = msgspec.structs.replace(
            blank,
            transaction=outcome.transaction,
            object=f"{EXCHANGE}/{wanted.exchange}",
            state="" if record is None else record.state,
            height=status.height or 0,
            latency_ms=latency_ms,
            exchange=_entry(wanted, record),
        )
        match outcome:
            case Refused():
                return judge_refusal(final, step, rule=outcome.rule, code=outcome.code, detail=outcome.detail)
            case Answered():
                if step.save is not None:
                    fields = {"answer": outcome.document}
                    saved = Saved(wanted.exchange, outcome.transaction, EXCHANGE, fields)
                    self._builder.saved[step.save] = saved
                return self._judge(final, step, outcome.told)

    def _question(self, wanted: GatewayAskWith, offset_ns: int) -> Ask:
        return Ask(
            exchange=wanted.exchange,
            item=wanted.item,
            provider=self._codes[wanted.provider],
            grant=wanted.grant,
            purpose=wanted.purpose,
            fields=tuple(wanted.fields),
            mode=wanted.mode,
            subject_ref=wanted.subject_ref,
            consent=wanted.consent,
            bounds=tuple(wanted.bounds.items()),
            case_no=wanted.case_no,
            licence=wanted.licence,
            claimed_time_ms=parse_time_ms(self._rehearsal.loaded.claimed_time(offset_ns)),
        )

    def _judge(self, final: StepResult, step: Step, told: Mapping[str, Told]) -> StepResult:
        expected = step.expect.answer
        wanted = told if expected is None else resolve(expected, self._builder.look_up)
        # True equals 1 here, and is another answer.
        wrong = [
            name for name in told if (type(told[name]), told[name]) != (type(wanted[name]), wanted[name])
        ]
        is_ok = not wrong and not step.expect.denied
        measured = f"another answer to {', '.join(wrong)}" if wrong else f"answered: {', '.join(told)}"
        return msgspec.structs.replace(final, ok=is_ok, outcome="applied", measured=measured)

    async def _correct(self, blank: StepResult, step: Step, wanted: GatewayCorrectWith) -> StepResult:
        corrected = Holding(item=wanted.item, person=wanted.person, values=wanted.values)
        source_key = await self._until_settled(self._own(step), lambda gateway: gateway.correct(corrected))
        if step.save is not None:
            fields = {"source_key": source_key}
            self._builder.saved[step.save] = Saved(wanted.item, "", "catalog", fields)
        measured = f"corrected: {', '.join(wanted.values)}"
        return msgspec.structs.replace(blank, ok=True, outcome="answered", measured=measured)

    async def _uses(self, blank: StepResult, wanted: GatewayUsesWith) -> StepResult:
        department = self._codes[wanted.gateway]
        uses = await self._until_settled(department, lambda gateway: gateway.own_uses(wanted.person))
        answered = [use.exchange for use in reversed(uses) if use.outcome == "answered"]
        told = [
            (view_of(use, self._names).sentence, view_of(use, self._names_zh).sentence_zh)
            for use in reversed(uses)
        ]
        return msgspec.structs.replace(
            blank,
            ok=sorted(answered) == sorted(wanted.answered),
            outcome="answered",
            expected=used(wanted.answered),
            measured=used(answered),
            detail="\n".join(english for english, _ in told),
            detail_zh="\n".join(chinese for _, chinese in told),
        )

    def _own(self, step: Step) -> str:
        return self._builder.organisation_of(step.by).code

    async def _until_settled(self, org: str, ask: Callable[[GatewayPort], Awaitable[T]]) -> T:
        """Ask, and ask the same again, until the outcome is known or time is up.

        Whichever gateway is down meanwhile, one outcome comes of it: a question has its number, and a
        correction that was made already is not made twice.
        """
        limit_ns = self._backend.now_ns() + self._rehearsal.loaded.scenario.stop.at
        while True:
            try:
                return await ask(self._backend.gateway(org))
            except (Unavailable, Indeterminate):
                if self._backend.now_ns() >= limit_ns:
                    raise
                await self._backend.pass_time(self._backend.now_ns() + RETRY_NS)

    async def _final(self, transaction_id: bytes) -> TransactionStatus:
        """A record of a gateway, once the validator that is asked knows it too."""
        limit_ns = self._backend.now_ns() + self._rehearsal.loaded.scenario.stop.at
        while True:
            status = await self._backend.transaction(transaction_id)
            if status is not None and status.status == "final":
                return status
            if self._backend.now_ns() >= limit_ns:
                raise Indeterminate("no validator that was asked knows the record of the gateway")
            await self._backend.pass_time(self._backend.now_ns() + RETRY_NS)


def _entry(wanted: GatewayAskWith, record: RecordState | None) -> ExchangeEntry:
    timeline = () if record is None else record.timeline
    return ExchangeEntry(
        number=wanted.exchange,
        provider=wanted.provider,
        item=wanted.item,
        fields=tuple(wanted.fields),
        mode=wanted.mode,
        purpose=wanted.purpose,
        grant=wanted.grant,
        consent=wanted.consent,
        records=tuple((each.kind, each.transaction_id.hex()) for each in timeline),
    )
