"""A scenario told as it happens: one sentence a step, in the reader's language, then the verdict.

Sees a run, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from govchain.cli.terminal import Language, Terminal
from govchain.ledger import RULES, Text
from govchain.legal import explain
from govchain.report import PROMISES, exchange_lines, in_chinese
from govchain.scenario import Result, StepResult


class Narrator:
    """Observer that tells the story on a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._steps = 0

    def run_started(self, title: Text, steps: int, backend: str) -> None:
        """The network is up."""
        self._steps = steps
        pick = self._terminal.pick
        self._terminal.heading(pick(title.en, title.zh))
        self._terminal.say(
            pick(f"{steps} steps, on {_backend_en(backend)}", f"共 {steps} 步，运行于{_backend_zh(backend)}"),
            style="dim",
        )

    def step_started(self, number: int, text: Text) -> None:
        """A step begins; only its end is told."""

    def step_finished(self, step: StepResult) -> None:
        """A step is over, as expected or not."""
        pick = self._terminal.pick
        text = f"{step.number:>2}/{self._steps}  {pick(step.en, step.zh)}"
        if not step.ok:
            self._terminal.bad(text)
        elif step.outcome in ("denied", "rejected"):
            self._terminal.refused(text)
        else:
            self._terminal.good(text)
        if step.outcome == "denied" or (step.ok and step.outcome == "rejected"):
            verb = pick("refused, as it must be", "按规则驳回") if step.ok else pick("refused", "被驳回")
            rule = f"{self._colon}{self._rule(step)}" if step.rule else ""
            self._terminal.say(f"         {verb}{rule}", style="yellow")
            self._terminal.say(
                f"         {step.code}{self._colon}{pick(step.detail, step.detail_zh or step.detail)}",
                style="dim",
            )
            why = explain(step.rule, step.code)
            for line in () if why is None else why.lines()[1:]:
                self._terminal.say(f"         {pick(line.en, line.zh)}", style="dim")
        elif not step.ok:
            self._terminal.say(f"         {self._difference(step.expected, step.measured)}", style="red")
        elif step.exchange is not None and step.outcome == "applied":
            for line in exchange_lines(step.exchange, is_answered=True):
                self._terminal.say(f"         {pick(line.en, line.zh)}", style="dim")
        elif step.outcome == "answered" and step.measured:
            measured = pick(step.measured, in_chinese(step.measured))
            self._terminal.say(f"         {measured}", style="dim")

    def fault_happened(self, do: str, targets: Sequence[str], at_ns: int) -> None:
        """Something goes wrong, that long after the run began."""
        whom = ", ".join(targets)
        self._terminal.say(f"       ⚡ {at_ns / 1e9:.1f} s  {do} {whom}".rstrip(), style="magenta")

    def run_finished(self, result: Result) -> None:
        """The verdict is known."""
        pick = self._terminal.pick
        self._terminal.say()
        if result.unused:
            names = ", ".join(result.unused)
            self._terminal.say(
                pick(
                    f"Without effect here, because only the simulator has them: {names}.",
                    f"以下内容仅模拟器具备，在此不起作用：{names}。",
                ),
                style="dim",
            )
        for invariant in result.invariants:
            if not invariant.ok:
                broken = pick("invariant broken", "不变式被破坏") + self._colon
                name = pick(f"{invariant.name}. ", f"{PROMISES.get(invariant.name, invariant.name)}。")
                self._terminal.bad(f"{broken}{name}{invariant.detail}")
        for expectation in result.expectations:
            if not expectation.ok:
                difference = self._difference(expectation.expected, expectation.measured)
                name = pick(expectation.name, in_chinese(expectation.name))
                self._terminal.bad(f"{name}{self._colon}{difference}")
        self._terminal.say(_sums(result, zh=self._terminal.language is Language.ZH))
        match result.verdict:
            case "pass" if any(each.name == "outcome" for each in result.expectations):
                en = "PASS: the file documents this break, and what would come after it does not count"
                self._terminal.good(pick(en, "通过：该文件记录的正是这一破坏，其后的预期不计"))
            case "pass":
                self._terminal.good(pick("PASS", "通过"))
            case "fail":
                self._terminal.bad(pick("FAIL", "不通过"))
            case "undecided":
                self._terminal.bad(pick("UNDECIDED: a limit was reached first", "未决：先达到了时限"))

    @property
    def _colon(self) -> str:
        return self._terminal.pick(": ", "：")

    def _rule(self, step: StepResult) -> str:
        rule = RULES.get(step.rule)
        if rule is None:
            return step.rule
        return rule.id + self._terminal.pick(f", {rule.demands.en}", f"，{rule.demands.zh}")

    def _difference(self, expected: str, measured: str) -> str:
        return self._terminal.pick(
            f"expected {expected}; measured {measured}",
            f"预期：{in_chinese(expected)}；实际：{in_chinese(measured)}",
        )


def _sums(result: Result, *, zh: bool) -> str:
    denials = sum(result.denials.values())
    records = result.records + (0 if result.workload is None else result.workload.acknowledged)
    held = f"{sum(item.ok for item in result.expectations)}/{len(result.expectations)}"
    kept = f"{sum(item.ok for item in result.invariants)}/{len(result.invariants)}"
    verified = f"{sum(item.verified for item in result.receipts)}/{len(result.receipts)}"
    if zh:
        return (
            f"高度 {result.height}，{records} 条记录最终确认，驳回 {denials} 次；"
            f"预期成立 {held}，不变式成立 {kept}，回执离线验证通过 {verified}。"
        )
    return (
        f"{records} records final at height {result.height}, {denials} denials; "
        f"expectations {held}, invariants {kept}, receipts verified offline {verified}."
    )


def _backend_en(backend: str) -> str:
    return {"sim": "the simulator, in virtual time", "local": "validator processes of this machine"}.get(
        backend, backend
    )


def _backend_zh(backend: str) -> str:
    return {"sim": "模拟器（虚拟时间）", "local": "本机验证节点进程"}.get(backend, f" {backend}")
