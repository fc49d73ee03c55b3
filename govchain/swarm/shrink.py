"""What is left of a failing case when everything is taken out that it fails without.

What comes too late goes first, and with it the end of the run, then load, since each attempt is a run; then
faults, in groups of a kind or of a victim and by delta debugging; then validators, and what the network is
like. All of that under one seed, so nothing else changes. What is left then is often left by chance: a frame
was late, a fault came at that millisecond. So one more is left out under other seeds, with the others a bit
earlier or later. Does not know how a case is run.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from govchain.errors import ConfigError
from govchain.swarm.dice import Dice
from govchain.swarm.draw import Case

ATTEMPTS_MAX: Final = 500
"""Runs that one shrinking may cost."""
OTHER_SEEDS_MAX: Final = 10
"""Seeds besides its own under which one fault more is left out; half as many for one fault alone."""
SEED_STEP: Final = 1_000_003
"""From one of them to the next: further than seeds are drawn, so that no file is called like another one."""
SEEDS_END: Final = 2**53
FEW_MAX: Final = 6
"""Of not many more faults than that, each alone and each two are tried."""
SHIFT_MS: Final = 300
"""Under another seed a fault begins up to so much earlier or later."""

MARGIN_MS: Final = 1_000
"""Between the end of the last fault and the mending of a shortened run."""

Fails = Callable[[Case], bool]


def shrink(case: Case, fails: Fails, attempts_max: int = ATTEMPTS_MAX) -> Case:
    """The smallest case found that still fails.

    Args:
        case: A case that fails.
        fails: Runs a case; true when it fails for the same reason.
        attempts_max: Stop looking after so many runs.
    """
    shrinker = _Shrinker(fails, attempts_max)
    first = shrinker.descend(shrinker.shorter(shrinker.earlier(case)), _less_patient)
    best = shrinker.smallest(first)
    while (found := shrinker.first(_otherwise(best))) is not None:
        best = shrinker.smallest(found)
    return best


def fault_count(case: Case) -> int:
    """Things that go wrong in a case; mending is none."""
    return sum(entry["do"] != "heal_all" for entry in case["timeline"])


class _Shrinker:
    def __init__(self, fails: Fails, attempts_max: int) -> None:
        self._fails = fails
        self._left = attempts_max

    def smallest(self, case: Case) -> Case:
        """What is left of a case under its seed."""
        best = self.fewer_faults(self.descend(case, _less_load))
        for simpler in (_fewer_validators, _less_load, _plainer):
            best = self.descend(best, simpler)
        # With fewer validators and less load some more faults may do nothing.
        return self.shorter(self.fewer_faults(best))

    def earlier(self, case: Case) -> Case:
        """Only as many of the first faults as it takes: what begins after the failure plays no part in it."""
        faults, mending = _split(case)
        too_few, enough = -1, len(faults)
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            if self._still_fails(_with(case, timeline=faults[:middle] + mending)):
                enough = middle
            else:
                too_few = middle
        return _with(case, timeline=faults[:enough] + mending)

    def shorter(self, case: Case) -> Case:
        """All is mended right after the last fault, and the load ends as long after that as before."""
        faults, mending = _split(case)
        (heal,) = mending
        healed_ms = _ms(heal["at"])
        last_ms = max((_ms(entry["at"]) + _ms(entry.get("for", "0ms")) for entry in faults), default=0)
        gain_ms = healed_ms - last_ms - MARGIN_MS
        if gain_ms <= 0:
            return case
        workload = [
            {**load, "to": f"{_ms(load['to']) - gain_ms}ms"} if "to" in load else load
            for load in case["workload"]
        ]
        heal = {**heal, "at": f"{healed_ms - gain_ms}ms"}
        brief = _with(case, timeline=[*faults, heal], workload=workload)
        return brief if self._still_fails(brief) else case

    def fewer_faults(self, case: Case) -> Case:
        """Delta debugging: leave out halves, then quarters, down to single entries."""
        faults, mending = _split(case)
        if faults and self._still_fails(_with(case, timeline=mending)):
            return _with(case, timeline=mending)
        for group in _groups(faults):
            fewer = [each for each in faults if each not in group]
            if len(fewer) < len(faults) and self._still_fails(_with(case, timeline=fewer + mending)):
                faults = fewer
        parts = 2
        while len(faults) >= 2:
            size = -(-len(faults) // parts)
            for start in range(0, len(faults), size):
                fewer = faults[:start] + faults[start + size :]
                if self._still_fails(_with(case, timeline=fewer + mending)):
                    faults = fewer
                    parts = max(2, parts - 1)
                    break
            else:
                if parts >= len(faults):
                    break
                parts = min(len(faults), 2 * parts)
        # Faults hide each other: without one of them nothing may happen any more, and without two it does.
        few = itertools.chain.from_iterable(
            itertools.combinations(faults, size) for size in (1, 2) if size < len(faults) - 1 <= FEW_MAX
        )
        smaller = self.first(_with(case, timeline=[*chosen, *mending]) for chosen in few)
        return smaller or _with(case, timeline=faults + mending)

    def descend(self, case: Case, simpler: Callable[[Case], Iterator[Case]]) -> Case:
        """Take the first simpler case that fails, as long as there is one."""
        while True:
            found = self.first(simpler(case))
            if found is None:
                return case
            case = found

    def first(self, cases: Iterable[Case]) -> Case | None:
        """The first of some that fails."""
        return next((each for each in cases if self._still_fails(each)), None)

    def _still_fails(self, case: Case) -> bool:
        if self._left <= 0:
            return False
        self._left -= 1
        try:
            return self._fails(case)
        except ConfigError:
            # What was taken out is needed: the copy of a disk that is put back, a validator that is hit.
            return False


def _split(case: Case) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What goes wrong, and what mends it all."""
    faults = [entry for entry in case["timeline"] if entry["do"] != "heal_all"]
    return faults, [entry for entry in case["timeline"] if entry["do"] == "heal_all"]


def _otherwise(case: Case) -> Iterator[Case]:
    """The case with one of its faults alone, then without one of them, each under other seeds."""
    faults, mending = _split(case)
    alone = [[each] for each in faults] if len(faults) > 2 else []
    fewer = [faults[:place] + faults[place + 1 :] for place in range(len(faults))] if len(faults) > 1 else []
    for chosen, seeds in ((alone, OTHER_SEEDS_MAX // 2), (fewer, OTHER_SEEDS_MAX)):
        for number in range(1, seeds + 1):
            seed = (case["seed"] + number * SEED_STEP) % SEEDS_END
            dice = Dice(seed)
            for kept in chosen:
                shifted = [{**each, "at": f"{_shifted_ms(dice, each)}ms"} for each in kept]
                shifted.sort(key=lambda entry: _ms(entry["at"]))
                yield _with(case, seed=seed, timeline=shifted + mending)


def _shifted_ms(dice: Dice, entry: dict[str, Any]) -> int:
    return max(0, _ms(entry["at"]) + dice.between("shift", -SHIFT_MS, SHIFT_MS))


def _groups(faults: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Faults that have something in common: their kind, or whom they hit."""
    for key in ("do", "target"):
        for value in dict.fromkeys(str(entry.get(key)) for entry in faults):
            group = [entry for entry in faults if str(entry.get(key)) == value]
            if 1 < len(group) < len(faults):
                yield group


def _ms(text: str) -> int:
    """A drawn time."""
    return int(text.removesuffix("ms"))


def _with(case: Case, **changes: Any) -> Case:
    return {**case, **changes}


def _fewer_validators(case: Case) -> Iterator[Case]:
    """Without the last validator, and without what hits it."""
    size = sum(org["validators"] for org in case["organisations"])
    last = f"validator-{size - 1}"
    if size == 1 or any(entry.get("change") == "join" for entry in case["timeline"]):
        return
    for place, org in enumerate(case["organisations"]):
        if not org["validators"]:
            continue
        fewer = copy.deepcopy(case)
        fewer["organisations"][place]["validators"] -= 1
        fewer["timeline"] = [
            _without(entry, last) for entry in fewer["timeline"] if entry.get("target") != last
        ]
        yield fewer


def _without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    if "groups" not in entry:
        return entry
    groups = [
        group if group == "rest" else [each for each in group if each != name] for group in entry["groups"]
    ]
    return {**entry, "groups": groups}


def _less_patient(case: Case) -> Iterator[Case]:
    """Nobody waits longer for the last records than twice as long as for the next one."""
    enough_ms = 2 * max(_ms(each["within"]) for each in case["expect"]["liveness"])
    stop = {**case["stop"], "grace": f"{enough_ms}ms"}
    if "grace" not in case["stop"]:
        yield _with(case, stop=stop)


def _less_load(case: Case) -> Iterator[Case]:
    loads = case["workload"]
    if len(loads) > 1:
        for place in range(len(loads)):
            yield _with(case, workload=loads[:place] + loads[place + 1 :])
    for place, load in enumerate(loads):
        for rate in _lower(load["rate"]):
            yield _with(case, workload=[*loads[:place], {**load, "rate": rate}, *loads[place + 1 :]])


def _lower(rate: dict[str, Any]) -> Iterator[dict[str, Any]]:
    clients = rate.get("closed_loop", 1)
    if clients > 1:
        yield {"closed_loop": 1}
        yield {"closed_loop": clients - 1}
    per_s = int(str(rate.get("fixed", "1/s")).removesuffix("/s"))
    if per_s > 1:
        yield {"fixed": f"{per_s // 2}/s"}


def _plainer(case: Case) -> Iterator[Case]:
    """Without what makes the network and its machines particular."""
    for key in ("cpu", "disk"):
        if key in case:
            yield {name: value for name, value in case.items() if name != key}
    for key in ("jitter", "loss"):
        if key in case["network"]:
            yield _with(case, network={n: v for n, v in case["network"].items() if n != key})
