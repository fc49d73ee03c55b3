"""A run as a narrative: who did what and when, what became of each record, what was refused and why.

Turns a result into lines of text in one language; decides nothing and plays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from govchain.ledger.kinds import KINDS
from govchain.legal import Explanation, explain
from govchain.report.exchanges import exchange_lines
from govchain.report.phrases import PROMISES, in_chinese
from govchain.scenario import LoadedScenario, Result, StepResult
from govchain.scenario.model import PersonEntry
from govchain.scenario.verbs import AT_THE_DOOR

Tone = Literal["plain", "heading", "good", "refused", "bad", "aside"]
"""How a line is meant; what that looks like is for whoever prints it."""

ANSWER_LINES_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the narrative."""

    tone: Tone
    text: str


class Tale:
    """The narrative of one run.

    Args:
        chinese: Chinese instead of English.
    """

    def __init__(self, loaded: LoadedScenario, result: Result, *, chinese: bool) -> None:
        self._loaded = loaded
        self._result = result
        self._chinese = chinese

    def lines(self) -> Iterator[Line]:
        """The whole narrative, in order."""
        yield from self._opening()
        day = ""
        for step in self._result.steps:
            when = datetime.fromisoformat(step.story_time)
            if when.date().isoformat() != day:
                day = when.date().isoformat()
                yield Line("heading", day)
            yield from self._step(step, when.strftime("%H:%M:%S").removesuffix(":00"))
        yield from self._records()
        yield from self._denials()
        yield from self._verdict()

    def _opening(self) -> Iterator[Line]:
        meta = self._loaded.scenario.meta
        yield Line("heading", self._pick(meta.title, meta.title_zh or meta.title))
        if why := self._pick(meta.why, meta.why_zh):
            yield Line("aside", why)
        for org in self._loaded.scenario.organisations:
            who = [self._person(person) for person in self._loaded.scenario.people if person.org == org.id]
            name = self._pick(org.name, org.name_zh or org.name)
            people = self._pick(": ", "：") + self._pick(", ", "、").join(who) if who else ""
            yield Line("aside", f"  {self._pick(f'{name} ({org.code})', f'{name}（{org.code}）')}{people}")

    def _person(self, person: PersonEntry) -> str:
        name = self._pick(person.name, person.name_zh or person.name)
        return self._pick(f"{name} ({person.id})", f"{name}（{person.id}）") if name else person.id

    def _named(self, step: StepResult) -> str:
        """The sentence of a step; a person who has a name is called by it, not by where the key is kept."""
        text = self._pick(step.en, step.zh)
        person = next(each for each in self._loaded.scenario.people if each.id == step.by)
        org = next(each for each in self._loaded.scenario.organisations if each.id == person.org)
        name = self._pick(org.name, org.name_zh or org.name)
        formal = self._pick(f"{name} ({person.id})", f"{name}（{person.id}）")
        return (
            self._person(person) + text.removeprefix(formal)
            if person.name and text.startswith(formal)
            else text
        )

    def _step(self, step: StepResult, clock: str) -> Iterator[Line]:
        text = f"{clock}  {self._named(step)}"
        if not step.ok:
            yield Line("bad", text)
            en = f"expected: {step.expected}; measured: {step.measured}"
            zh = f"预期：{in_chinese(step.expected)}；实际：{in_chinese(step.measured)}"
            yield Line("bad", f"       {self._pick(en, zh)}")
            return
        if step.outcome in ("denied", "rejected"):
            yield Line("refused", text)
            yield from self._exchange(step)
            yield from self._refusal(step)
            return
        yield Line("good", text)
        yield from self._exchange(step)
        if step.state:
            yield Line("aside", f"       {step.object} → {self._state(step.object, step.state)}")
        if step.outcome == "answered":
            measured = self._pick(step.measured, in_chinese(step.measured))
            answers = [measured, *self._detail(step).splitlines()][:ANSWER_LINES_MAX]
            yield from (Line("aside", f"       {answer}") for answer in answers if answer)

    def _exchange(self, step: StepResult) -> Iterator[Line]:
        if step.exchange is not None:
            for line in exchange_lines(step.exchange, is_answered=step.outcome == "applied"):
                yield Line("aside", f"       {self._pick(line.en, line.zh)}")

    def _refusal(self, step: StepResult) -> Iterator[Line]:
        refused = self._pick(f"refused {step.code}: ", f"驳回 {step.code}：")
        yield Line("aside", f"       {refused}{self._detail(step)}")
        why = _why(step)
        for line in () if why is None else why.lines():
            yield Line("aside", f"       {self._pick(line.en, line.zh)}")

    def _detail(self, step: StepResult) -> str:
        return self._pick(step.detail, step.detail_zh or step.detail)

    def _state(self, name: str, state: str) -> str:
        zh = KINDS[name.partition("/")[0]].states.get(state, "")
        return f"{state}（{zh}）" if self._chinese and zh else state

    def _records(self) -> Iterator[Line]:
        yield Line("heading", self._pick("Records at the end", "最终记录"))
        for name, state in self._result.states.items():
            record_type, _, object_id = name.partition("/")
            title = KINDS[record_type].title
            yield Line(
                "plain", f"  {self._pick(title.en, title.zh)}  {object_id}  {self._state(name, state)}"
            )

    def _denials(self) -> Iterator[Line]:
        denied = [step for step in self._result.steps if step.outcome in ("denied", "rejected")]
        yield Line("heading", self._pick(f"Refused: {len(denied)}", f"共驳回 {len(denied)} 次"))
        for step in denied:
            why = _why(step)
            basis = "" if why is None else self._pick(why.basis_en, why.basis_zh)
            rule = AT_THE_DOOR.get(step.code, (step.rule, ""))[0]
            yield Line("plain", f"  {step.id}  {rule} {step.code}  {basis}".rstrip())

    def _verdict(self) -> Iterator[Line]:
        result = self._result
        yield Line("heading", self._pick("Verdict", "判定"))
        expectations = [item.name for item in result.expectations if not item.ok]
        invariants = [item.name for item in result.invariants if not item.ok]
        failed = [self._pick(name, in_chinese(name)) for name in expectations]
        failed += [self._pick(name, PROMISES.get(name, name)) for name in invariants]
        yield from (Line("bad", f"  {name}") for name in failed)
        yield Line("aside", f"  {self._pick('state root', '状态根')} {result.state_root}")
        match result.verdict:
            case "pass":
                yield Line("good", self._pick("everything held", "全部成立"))
            case "fail":
                yield Line("bad", self._pick("something did not hold", "有不成立项"))
            case "undecided":
                yield Line("bad", self._pick("a limit was reached first", "先达到了时限"))

    def _pick(self, en: str, zh: str) -> str:
        return zh if self._chinese else en


def _why(step: StepResult) -> Explanation | None:
    """The rule behind a refusal, also of one at the door."""
    return explain(*AT_THE_DOOR.get(step.code, (step.rule, step.code)))
