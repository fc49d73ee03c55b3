"""Plays a scenario against a backend, step by step, and hands what it saw to the judge.

Steps are one after the other: the next begins when the one before is final, so a story has one order on every
backend. Those that the file puts together are handed in in one moment, and do not depend on their order.
Nothing is judged here beyond whether a step went as its file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from govchain.client.answers import TransactionStatus
from govchain.crypto.file_digest import FileDigests
from govchain.errors import GovchainError, Indeterminate, InvalidInput, InvalidTransaction, Unavailable
from govchain.ledger import Text
from govchain.ledger.kinds import KINDS
from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.background import Background
from govchain.scenario.builder import Builder, Built
from govchain.scenario.desk import LATENCY_DIGITS, Desk
from govchain.scenario.model import Scenario, Step
from govchain.scenario.observation import Observation
from govchain.scenario.observer import Observer, SilentObserver
from govchain.scenario.outcomes import expected_of, judge_refusal
from govchain.scenario.reads import (
    Answer,
    Given,
    check_bundle,
    check_receipt,
    key_verify,
    legal_report,
    licence_verify,
)
from govchain.scenario.references import find_references, resolve
from govchain.scenario.result import StepResult
from govchain.scenario.timing import step_offsets
from govchain.scenario.verbs import (
    GATEWAY_VERBS,
    READS,
    BundleCheckWith,
    KeyVerifyWith,
    LegalReportWith,
    LicenceVerifyWith,
    ReceiptCheckWith,
    sentence,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One step in its place: its number from 1, and when it happens after the story's start."""

    number: int
    step: Step
    offset_ns: int


class Engine:
    """One run of one scenario."""

    def __init__(self, rehearsal: Rehearsal, backend: Backend, observer: Observer | None = None) -> None:
        self._rehearsal = rehearsal
        self._scenario = rehearsal.loaded.scenario
        self._joining = {
            str(step.with_.get("org")): str(step.with_.get("display_name"))
            for step in self._scenario.steps
            if step.do == "organisation.add"
        }
        self._backend = backend
        self._observer = observer or SilentObserver()
        self._builder = Builder(rehearsal, backend)
        self._desk = Desk(rehearsal, backend, self._builder)
        self._seen = Observation()
        self._began_ns = 0
        self._transactions: dict[str, bytes] = {}
        self._background = Background(rehearsal, backend, self._builder, self._seen, self._observer)

    async def run(self) -> Observation:
        """Play all steps, then look at what is left. The backend must have been started.

        Raises:
            ConfigError: The backend cannot produce a fault of the timeline.
        """
        meta = self._scenario.meta
        self._observer.run_started(
            Text(meta.title, meta.title_zh or meta.title), len(self._scenario.steps), self._backend.name
        )
        self._began_ns = began_ns = self._backend.now_ns()
        await self._background.begin()
        for moment in _moments(self._scenario):
            await self._backend.advance(moment[0].offset_ns)
            results = await self._play(moment)
            for turn, result in zip(moment, results, strict=True):
                self._seen.steps.append(result)
                self._observer.step_finished(result)
                if turn.step.id is not None:
                    await self._background.step_over(turn.step.id)
        await self._background.end()
        self._seen.duration_ns = self._backend.now_ns() - began_ns
        await self._look_around()
        return self._seen

    async def _play(self, moment: list[Turn]) -> list[StepResult]:
        """Steps of one moment; several are all transactions."""
        first = moment[0]
        if first.step.do in READS:
            return [await self._read(self._begin(first), first.step, first.offset_ns)]
        if first.step.do in GATEWAY_VERBS:
            played = await self._desk.play(self._begin(first), first.step, first.offset_ns)
            return [self._note(played)]
        return await self._transact(moment)

    def _begin(self, turn: Turn) -> StepResult:
        step = turn.step
        text = self._sentence(step)
        self._observer.step_started(turn.number, text)
        return StepResult(
            number=turn.number,
            id=step.id or f"step-{turn.number}",
            by=step.by,
            do=step.do,
            en=text.en,
            zh=text.zh,
            ok=False,
            outcome="failed",
            expected=expected_of(step),
            measured="",
            at_ms=round((self._backend.now_ns() - self._began_ns) / 1_000_000, LATENCY_DIGITS),
            story_time=self._rehearsal.loaded.claimed_time(turn.offset_ns),
        )

    def _note(self, played: StepResult) -> StepResult:
        """A gateway's step: its records became final while it lasted."""
        if played.transaction:
            self._transactions[played.id] = bytes.fromhex(played.transaction)
            self._seen.progress_ns.append(self._backend.now_ns())
        return played

    async def _transact(self, moment: list[Turn]) -> list[StepResult]:
        """Build all, hand all in, then look what became of each."""
        prepared = [await self._prepare(turn) for turn in moment]
        sent_ns = self._backend.now_ns()
        transactions = [built.transaction for _, built in prepared if built is not None]
        answers = iter(await self._backend.submit_all(transactions, self._scenario.stop.at))
        return [
            blank if built is None else await self._judge(blank, turn.step, built, next(answers), sent_ns)
            for turn, (blank, built) in zip(moment, prepared, strict=True)
        ]

    async def _prepare(self, turn: Turn) -> tuple[StepResult, Built | None]:
        step, blank = turn.step, self._begin(turn)
        try:
            built = await self._builder.build(step, turn.offset_ns)
        except InvalidInput as error:
            measured = "no record can be made of it"
            return msgspec.structs.replace(blank, measured=measured, detail=str(error)), None
        if step.save is not None:
            self._builder.save(step.save, built)
        self._transactions[blank.id] = built.id
        named = f"{built.record_type}/{built.object_id}"
        return msgspec.structs.replace(blank, transaction=built.id.hex(), object=named), built

    async def _judge(
        self,
        blank: StepResult,
        step: Step,
        built: Built,
        answer: TransactionStatus | GovchainError,
        sent_ns: int,
    ) -> StepResult:
        match answer:
            case InvalidTransaction():
                return judge_refusal(blank, step, rule="", code=answer.code, detail=str(answer))
            case Unavailable() | Indeterminate():
                return msgspec.structs.replace(
                    blank, outcome="pending", measured="not taken or not known", detail=str(answer)
                )
            case GovchainError():
                raise answer
            case TransactionStatus():
                pass
        latency_ms = round((self._backend.now_ns() - sent_ns) / 1_000_000, LATENCY_DIGITS)
        played = self._judge_final(blank, step, built, answer, latency_ms)
        if played.outcome != "applied" or not KINDS[built.record_type].keeps_records:
            return played
        record = await self._backend.record(built.record_type, built.object_id)
        return played if record is None else msgspec.structs.replace(played, state=record.state)

    def _judge_final(
        self, blank: StepResult, step: Step, built: Built, status: TransactionStatus, latency_ms: float
    ) -> StepResult:
        result = status.result
        if status.status == "final":
            self._seen.progress_ns.append(self._backend.now_ns())
        if status.status != "final" or result is None:
            return msgspec.structs.replace(
                blank, outcome="pending", measured=f"not final within {self._scenario.stop.at / 1e9:g} s"
            )
        final = msgspec.structs.replace(blank, height=status.height or 0, latency_ms=latency_ms)
        if not result.applied:
            return judge_refusal(final, step, rule=result.rule, code=result.code, detail=result.detail)
        self._builder.note_applied(built)
        is_ok = not step.expect.denied
        return msgspec.structs.replace(final, ok=is_ok, outcome="applied", measured="applied")

    async def _read(self, blank: StepResult, step: Step, offset_ns: int) -> StepResult:
        try:
            answer = await self._answer(step.do, self._builder.values(step), offset_ns)
        except InvalidInput as error:
            return msgspec.structs.replace(blank, measured="cannot be asked", detail=str(error))
        except (Unavailable, Indeterminate) as error:
            return msgspec.structs.replace(blank, outcome="pending", measured="no answer", detail=str(error))
        return msgspec.structs.replace(
            blank,
            ok=answer.ok,
            outcome="answered",
            expected=answer.expected,
            measured=answer.measured,
            detail=answer.detail.en,
            detail_zh=answer.detail.zh,
        )

    async def _answer(self, verb: str, values: dict[str, Any], offset_ns: int) -> Answer:
        match verb:
            case "licence.verify":
                clock = self._rehearsal.loaded.claimed_time(offset_ns)
                wanted = msgspec.convert(values, LicenceVerifyWith)
                return await licence_verify(self._backend, wanted, clock)
            case "key.verify":
                asked = msgspec.convert(values, KeyVerifyWith)
                key_id = self._rehearsal.signers[asked.person].key_id
                clock = self._rehearsal.loaded.claimed_time(offset_ns)
                return await key_verify(self._backend, key_id, asked, clock)
            case "evidence.legal_report":
                return await legal_report(self._backend, msgspec.convert(values, LegalReportWith))
            case "evidence.bundle":
                return await self._check_bundle(msgspec.convert(values, BundleCheckWith))
            case _:
                assert verb == "receipt.check"
                return await self._check_receipt(msgspec.convert(values, ReceiptCheckWith))

    async def _check_bundle(self, wanted: BundleCheckWith) -> Answer:
        given = Given(
            token=self._builder.file_bytes(wanted.timestamp),
            authorities=self._builder.file_bytes(wanted.authorities),
            original=self._original(wanted.file, wanted.content),
        )
        return await check_bundle(self._backend, self._rehearsal.genesis, wanted, given)

    def _original(self, file: str, content: str) -> FileDigests | None:
        return self._builder.file_digests(file, content) if file or content else None

    async def _check_receipt(self, wanted: ReceiptCheckWith) -> Answer:
        transaction_id = self._transactions.get(wanted.step)
        if transaction_id is None:
            return Answer(False, "a receipt", f"step {wanted.step} made no transaction")
        data = await self._backend.receipt(transaction_id)
        original = self._original(wanted.file, wanted.content)
        return check_receipt(data, self._rehearsal.genesis, original)

    async def _count_lost(self) -> None:
        """What was acknowledged and is not in a validator's ledger."""
        assert self._seen.load is not None
        for name, ids in (await self._backend.final_ids()).items():
            self._seen.lost[name] = sum(id_ not in ids for id_ in self._seen.load.acknowledged)

    async def _look_around(self) -> None:
        seen = self._seen
        await self._backend.settle(self._scenario.stop.patience)
        for step in seen.steps:
            for label, id_ in step.records().items():
                data = await self._backend.receipt(bytes.fromhex(id_))
                if data is not None:
                    seen.receipts[label] = (id_, data)
        await self._ask_everybody()
        for name in dict.fromkeys(step.object for step in seen.steps if step.state):
            record = await self._backend.record(*name.split("/", 1))
            seen.states[name] = "ABSENT" if record is None else record.state
        for expected in self._scenario.expect.records:
            if expected.record is not None:
                seen.records[expected.record] = await self._record_state(expected.record)
        seen.nodes = await self._backend.nodes()
        seen.height = await self._backend.height()
        if seen.load is not None:
            await self._count_lost()

    async def _ask_everybody(self) -> None:
        """The receipts of changes of the validators, and of the last record, from every one of them.

        Each is from another epoch, and a validator that joined must prove those from before its time.
        """
        seen = self._seen
        changes = [happening.change for happening in seen.happenings if happening.change is not None]
        wanted = {id_: "change" for change in changes for id_ in change.transactions}
        if seen.load is not None and seen.load.acknowledged:
            wanted[list(seen.load.acknowledged)[-1]] = "last record"
        for id_, label in wanted.items():
            for name, data in (await self._backend.receipts(id_)).items():
                seen.witnesses.append((label, name, data))

    async def _record_state(self, written: str) -> str:
        try:
            record_type, _, object_id = str(resolve(written, self._builder.look_up)).partition("/")
        except InvalidInput:
            return "ABSENT"
        record = await self._backend.record(record_type, object_id)
        return "ABSENT" if record is None else record.state

    def _sentence(self, step: Step) -> Text:
        if step.title:
            return Text(step.title, step.title_zh or step.title)
        organisation = self._builder.organisation_of(step.by)
        made = sentence(step.do, self._names(step, chinese=False, who=f"{organisation.name} ({step.by})"))
        who = f"{organisation.name_zh or organisation.name}（{step.by}）"
        return Text(made.en, sentence(step.do, self._names(step, chinese=True, who=who)).zh)

    def _names(self, step: Step, *, chinese: bool, who: str) -> Mapping[str, Any]:
        """Values of the step as people call them: organisations and saved objects by name."""
        known = self._joining | {
            org.code: (org.name_zh or org.name) if chinese else org.name
            for org in self._scenario.organisations
        }
        names: dict[str, Any] = {}
        for key, value in step.with_.items():
            references = [each for _, each in find_references(value)]
            if not all(self._builder.knows(each.name) for each in references):
                names[key] = value
                continue
            shown = resolve(value, self._builder.look_up)
            if len(references) == 1 and references[0].text == value:
                nickname = self._builder.nickname(references[0].name, chinese=chinese)
                names[key] = known.get(str(shown), nickname)
            elif isinstance(shown, list):
                names[key] = ("、" if chinese else ", ").join(
                    known.get(str(each), str(each)) for each in shown
                )
            else:
                names[key] = known.get(str(shown), shown)
        names["object"] = names.get("object_id", "…")
        if step.do in GATEWAY_VERBS:
            codes = {org.id: org.code for org in self._scenario.organisations}
            for role in ("provider", "gateway"):
                names[role] = known.get(codes.get(str(names.get(role)), ""), "…")
        return names | {"who": who}


def _moments(scenario: Scenario) -> list[list[Turn]]:
    """The steps in order, those that are handed in together as one."""
    moments: list[list[Turn]] = []
    for number, (step, offset_ns) in enumerate(
        zip(scenario.steps, step_offsets(scenario), strict=True), start=1
    ):
        if not step.together:
            moments.append([])
        moments[-1].append(Turn(number, step, offset_ns))
    return moments
