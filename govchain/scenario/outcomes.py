"""Whether a step went as its file says: what was expected, in words, and what a refusal means for it.

Pure; nothing is asked or sent here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from govchain.legal import detail_in_chinese
from govchain.scenario.model import Step
from govchain.scenario.result import StepResult
from govchain.scenario.verbs import AT_THE_DOOR


def expected_of(step: Step) -> str:
    """What a step must lead to; of an answer the fields are named, and no value."""
    if step.expect.denied:
        says = f" that says {step.expect.says!r}" if step.expect.says else ""
        return f"denied {step.expect.denied}{says}"
    match step.do:
        case "gateway.ask":
            fields: Any = step.with_["fields"]
            return f"answered: {', '.join(map(str, fields))}"
        case "gateway.correct":
            return f"corrected: {', '.join(step.with_['values'])}"
        case "gateway.uses":
            return used(step.with_["answered"])
        case _:
            return "applied"


def used(exchanges: Sequence[str]) -> str:
    """Exchanges that were answered, in words."""
    return f"used: {', '.join(exchanges)}" if exchanges else "not used"


def judge_refusal(blank: StepResult, step: Step, *, rule: str, code: str, detail: str) -> StepResult:
    """A refusal by a rule of the chain, or, without a rule, by a pool or a gateway."""
    outcome = "denied" if rule else "rejected"
    wanted = step.expect.denied
    is_ok = bool(wanted) and wanted in (rule, code, *AT_THE_DOOR.get(code, ())) and step.expect.says in detail
    measured = f"{outcome} {rule} {code}".replace("  ", " ") + f": {detail}"
    return msgspec.structs.replace(
        blank,
        ok=is_ok,
        outcome=outcome,
        measured=measured,
        rule=rule,
        code=code,
        detail=detail,
        detail_zh=detail_in_chinese(detail),
    )
