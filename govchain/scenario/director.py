"""Lets go wrong what the timeline says, when it says it, and mends it again. The same on every backend.

Everything by chance is drawn from the seed. How a fault is produced is the backend's business (`fault_port`),
whether it did harm the judge's.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from govchain.crypto import suite
from govchain.errors import ConfigError
from govchain.model.link_fault import CUT, LinkFault
from govchain.scenario import disturbances
from govchain.scenario.backend import Rehearsal
from govchain.scenario.changes import INSTALLED, LOOK_NS, REVOKED, Changes, ChangeSeen, Moments
from govchain.scenario.comparison import parse_condition
from govchain.scenario.disturbances import Disturbance
from govchain.scenario.fault_port import FaultPort, Glance
from govchain.scenario.targets import Targets
from govchain.scenario.timeline import DECIDED, DISTURBING, LINK_FAULTS, Censoring, Fault

WATCH_NS: Final = 50_000_000
"""How often a `when` is looked at."""

Mend = Callable[[], Awaitable[None]]


class Clock(Protocol):
    """The part of a backend that tells the time and wakes the director."""

    def now_ns(self) -> int: ...

    def call_at(self, at_ns: int, action: Callable[[], Awaitable[None]]) -> None: ...


@dataclass(slots=True)
class Happening:
    """A fault that happened.

    Attributes:
        do: Its kind.
        targets: Whom it hit.
        began_ns: When, in time of the run.
        ended_ns: When it was mended; None as long as it lasts, the beginning for what has no length.
        hit_primary: The primary of that moment was among the targets.
        change: What became of it, of a change of the validators or of a key.
        how: How it cheats, what is left of its disk, who joins or leaves; empty when the kind says it all.
    """

    do: str
    targets: tuple[str, ...]
    began_ns: int
    ended_ns: int | None = None
    hit_primary: bool = False
    change: ChangeSeen | None = None
    how: str = ""


class Director:
    """The timeline of one run.

    Args:
        changes: Carries out changes of the validators.
        on_happening: Told of each fault as it begins.

    Attributes:
        happenings: What went wrong so far, in order.
    """

    def __init__(
        self,
        rehearsal: Rehearsal,
        port: FaultPort,
        clock: Clock,
        changes: Changes,
        on_happening: Callable[[Happening], None],
    ) -> None:
        self.happenings: list[Happening] = []
        self._scenario = rehearsal.loaded.scenario
        self._organisations = {org.id: org.code for org in self._scenario.organisations}
        self._targets = Targets(
            rehearsal.genesis,
            suite(rehearsal.genesis.suite),
            rehearsal.seed,
            self._scenario.organisations,
        )
        self._port = port
        self._clock = clock
        self._changes = changes
        self._on_happening = on_happening
        self._lasting: dict[int, tuple[Happening, Mend]] = {}
        self._links: dict[int, Disturbance] = {}
        self._counts: dict[int, int] = {}
        self._order = 0
        self._pending = 0
        self._is_over = False

    @property
    def is_idle(self) -> bool:
        """Nothing is to happen or to end any more at a time that is known."""
        return self._pending == 0

    async def start(self) -> None:
        """Put everything on the clock that the file gives a time; call once."""
        for number, fault in enumerate(self._scenario.timeline):
            if fault.at is not None:
                self._at(int(fault.at), functools.partial(self._happen, number, fault))
            elif fault.when is not None:
                self._watch(number, fault)
            elif fault.every is not None:
                first_ns = fault.between[0] if fault.between else 0
                self._recur(number, fault, first_ns)

    async def step_over(self, step_id: str) -> None:
        """A step of the story is over: what is to happen after it happens now."""
        for number, fault in enumerate(self._scenario.timeline):
            if fault.after is not None and fault.after == step_id:
                await self._happen(number, fault)

    async def end(self) -> None:
        """The run is over: nothing new goes wrong, and all is mended but validators that are to stay down."""
        self._is_over = True
        await self._mend_all(keep="crash")

    def _at(self, at_ns: int, action: Callable[[], Awaitable[None]]) -> None:
        async def act() -> None:
            try:
                await action()
            finally:
                self._pending -= 1

        self._pending += 1
        self._clock.call_at(at_ns, act)

    def _watch(self, number: int, fault: Fault) -> None:
        condition = parse_condition(fault.when or "")
        assert condition is not None, "the check refused everything else"
        name, comparison = condition

        async def look() -> None:
            if self._is_over:
                return
            if comparison.holds(getattr(await self._port.glance(), name)):
                await self._happen(number, fault)
            else:
                self._clock.call_at(self._clock.now_ns() + WATCH_NS, look)

        self._clock.call_at(self._clock.now_ns() + WATCH_NS, look)

    def _recur(self, number: int, fault: Fault, from_ns: int) -> None:
        """Put the next of a recurring fault on the clock, unless it is over."""
        every = fault.every
        assert every is not None
        done = self._counts.get(number, 0)
        if every.exactly is not None:
            wait_ns = int(every.exactly)
        else:
            assert every.mean is not None
            wait_ns = every.mean // 2 + self._targets.draw(number, "times", every.mean + 1)
        at_ns = max(from_ns, self._clock.now_ns()) + wait_ns
        is_past = fault.between is not None and at_ns > fault.between[1]
        if self._is_over or is_past or (fault.times is not None and done >= fault.times):
            return
        self._counts[number] = done + 1

        async def act() -> None:
            if not self._is_over:
                await self._happen(number, fault, then=lambda: self._recur(number, fault, 0))

        if fault.is_endless:
            self._clock.call_at(at_ns, act)
        else:
            self._at(at_ns, act)

    async def _happen(self, number: int, fault: Fault, then: Callable[[], None] | None = None) -> None:
        if fault.do == "heal_all":
            await self._mend_all(keep="")
            self._note(Happening("heal_all", (), self._clock.now_ns(), self._clock.now_ns()))
            return
        kind = fault.kinds[self._targets.draw(number, "kind", len(fault.kinds))]
        fault = fault.as_kind(kind)
        glance = await self._port.glance()
        targets = self._targets.resolve(number, fault, glance)
        happening = Happening(kind, tuple(targets), self._clock.now_ns(), how=_how(fault))
        happening.hit_primary = self._targets.primary(glance) in targets
        if fault.do in DECIDED:
            await self._change(fault, happening)
            return
        mend = await self._break(fault, targets, glance)
        self._note(happening)
        self._order += 1
        order = self._order
        if mend is None:
            happening.ended_ns = self._clock.now_ns()
        else:
            self._lasting[order] = (happening, mend)
        if fault.for_ is None:
            if then is not None:
                then()
            return

        async def end() -> None:
            await self._mend(order)
            if then is not None:
                then()

        if fault.is_endless:
            # Nobody waits for it: the next one may begin at once, and the run would never be over.
            self._clock.call_at(self._clock.now_ns() + fault.for_, end)
        else:
            self._at(self._clock.now_ns() + fault.for_, end)

    async def _change(self, fault: Fault, happening: Happening) -> None:
        """Begin a change of the validators, or of a key; it goes on beside everything else."""
        done = REVOKED if fault.do == "revoke_key" else INSTALLED
        happening.change = ChangeSeen(fault.denied or done)
        self._note(happening)
        (name,) = happening.targets
        if fault.change == "join":
            self._targets.admit(name)
        await self._go_on(self._changes.carry_out(fault, name, happening.change), happening)

    async def _go_on(self, moments: Moments, happening: Happening) -> None:
        try:
            await anext(moments)
        except StopAsyncIteration:
            happening.ended_ns = self._clock.now_ns()
            return
        self._at(self._clock.now_ns() + LOOK_NS, lambda: self._go_on(moments, happening))

    def _note(self, happening: Happening) -> None:
        self.happenings.append(happening)
        self._on_happening(happening)

    async def _mend(self, order: int) -> None:
        lasting = self._lasting.pop(order, None)
        if lasting is not None:
            await lasting[1]()
            lasting[0].ended_ns = self._clock.now_ns()

    async def _mend_all(self, keep: str) -> None:
        for order, (happening, _) in list(self._lasting.items()):
            if happening.do != keep:
                await self._mend(order)

    async def _break(self, fault: Fault, targets: list[str], glance: Glance) -> Mend | None:
        """Produce the fault; how to mend it, or None when there is nothing to mend."""
        if fault.do in LINK_FAULTS:
            wrong = disturbances.link_fault(fault, self._clock.now_ns())
            names = self._targets.names
            return await self._disturb(disturbances.around(targets, names, fault.direction, wrong))
        match fault.do:
            case "crash":
                for name in targets:
                    await self._port.crash(name, fault.disk)
                return lambda: self._each(self._port.restart, targets)
            case "restart":
                await self._each(self._port.restart, targets)
            case "pause":
                await self._each(self._port.pause, targets)
                return lambda: self._each(self._port.resume, targets)
            case "resume":
                await self._each(self._port.resume, targets)
            case "backup":
                await self._each(self._port.back_up, targets)
            case "partition":
                spelled_out = self._targets.spelled_out(fault, glance)
                return await self._disturb(disturbances.partition(spelled_out, self._targets.names))
            case "clock_skew":
                offset_ms = ((fault.ahead or 0) - (fault.behind or 0)) // disturbances.NS_PER_MS
                for name in targets:
                    await self._port.set_clock(name, offset_ms)
                return lambda: self._each(lambda name: self._port.set_clock(name, 0), targets)
            case "kill_gateway":
                org = self._organisations[fault.org]
                await self._port.kill_gateway(org)
                return lambda: self._port.start_gateway(org)
            case _:
                assert fault.do == "byzantine"
                return await self._betray(fault, targets)
        return None

    async def _betray(self, fault: Fault, targets: list[str]) -> Mend | None:
        if fault.behaviour in DISTURBING:
            # Whoever is silent or slow may be honest: its links are what shows.
            late_ns = fault.by or self._scenario.protocol.view_timeout * 4 // 5
            slow = LinkFault(delay_ms=late_ns // disturbances.NS_PER_MS)
            wrong = CUT if fault.behaviour == "silent" else slow
            return await self._disturb(disturbances.around(targets, self._targets.names, "out", wrong))
        is_censor = isinstance(fault.behaviour, Censoring)
        org = self._organisations[fault.behaviour.censor] if isinstance(fault.behaviour, Censoring) else ""
        for name in targets:
            await self._port.betray(name, "censor" if is_censor else str(fault.behaviour), org)
        return lambda: self._each(lambda name: self._port.betray(name, "", ""), targets)

    async def _disturb(self, disturbance: Disturbance) -> Mend:
        self._order += 1
        order = self._order
        self._links[order] = disturbance
        await self._port.set_links(disturbances.combined(self._links.values()))

        async def mend() -> None:
            del self._links[order]
            await self._port.set_links(disturbances.combined(self._links.values()))

        return mend

    async def _each(self, action: Callable[[str], Awaitable[None]], targets: list[str]) -> None:
        for name in targets:
            await action(name)


def _how(fault: Fault) -> str:
    if isinstance(fault.behaviour, Censoring):
        return f"censor {fault.behaviour.censor}"
    disk = "" if fault.disk == "keep" else fault.disk
    return fault.behaviour or fault.change or disk


def require_faults(rehearsal: Rehearsal, port: FaultPort | None, backend: str) -> None:
    """Refuse a timeline on a network that cannot be made to fail, nor looked at as a whole.

    Raises:
        ConfigError: Names the first fault, or what ends the run early.
    """
    scenario = rehearsal.loaded.scenario
    if port is None and scenario.stop.condition is not None:
        raise ConfigError(
            f"{backend} cannot tell when to stop",
            found=scenario.stop.condition,
            expected="--backend sim or --backend local",
        )
    for fault in scenario.timeline if port is None else ():
        raise ConfigError(
            f"{backend} cannot produce this fault",
            found=f"{' or '.join(fault.kinds)} {fault.target}".strip(),
            expected="--backend sim or --backend local",
        )
