"""A change of the validators in a scenario, from its preparation to the checkpoint that installs it.

The whole business as organisations would do it: a key and its proof, a proposal by an admin, approvals by
others, a restart of the machine whose key changes. A person's key ends by one record. Who may decide is the
chain's affair (rules MB-1, MB-5, I5).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from govchain.errors import Indeterminate, Unavailable
from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.builder import Builder
from govchain.scenario.fault_port import FaultPort, Glance
from govchain.scenario.model import Scenario, Step
from govchain.scenario.timeline import Fault

LOOK_NS: Final = 100_000_000
"""How often a change looks whether it may go on."""
RESTART_NS: Final = 300_000_000
"""How long a validator is down that starts again with its next key."""
ADMIN: Final = "admin"
INSTALLED: Final = "installed"
REVOKED: Final = "revoked"
DONE: Final = (INSTALLED, REVOKED)
"""How what was asked for ends when nothing refuses it."""

Moments = AsyncIterator[None]
"""A piece of work in parts; between two of them time passes."""


@dataclass(slots=True)
class ChangeSeen:
    """What became of a change.

    Attributes:
        expected: `installed` or `revoked`, or the rule or code that must refuse it.
        outcome: How far it went: `waiting`, `adopted`, `installed`, `revoked` or `denied`.
        rule: Rule that refused it.
        code: Denial code.
        detail: Sentence of the denial.
        public_key: Vote key that it brings, in hex.
        transactions: Ids of its proposal and approvals, those that are final.
    """

    expected: str
    outcome: str = "waiting"
    rule: str = ""
    code: str = ""
    detail: str = ""
    public_key: str = ""
    transactions: list[bytes] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        """It went as the file demands."""
        if self.expected in DONE:
            return self.outcome == self.expected
        return self.outcome == "denied" and self.expected in (self.rule, self.code)

    @property
    def wanted(self) -> str:
        """What the file demands, for people."""
        return self.expected if self.expected in DONE else f"denied {self.expected}"

    @property
    def measured(self) -> str:
        """One line for people."""
        return f"{self.outcome} {self.rule} {self.code}: {self.detail}" if self.rule else self.outcome


class Changes:
    """Carries out the changes of one run.

    Args:
        builder: The one that also builds the steps: an admin's nonces are counted once.
    """

    def __init__(self, rehearsal: Rehearsal, backend: Backend, port: FaultPort, builder: Builder) -> None:
        self._scenario = rehearsal.loaded.scenario
        self._codes = {org.id: org.code for org in self._scenario.organisations}
        self._backend = backend
        self._port = port
        self._builder = builder
        self._rotations: dict[str, int] = {}
        self._count = 0

    async def carry_out(self, fault: Fault, name: str, seen: ChangeSeen) -> Moments:
        """Do everything that a change needs, up to the checkpoint; ends where it is refused or time is up."""
        limit_ns = self._backend.now_ns() + int(self._scenario.stop.at)
        is_key = fault.do == "revoke_key"
        async for _ in self._revoke(fault, seen) if is_key else self._parts(fault, name, seen):
            if self._backend.now_ns() > limit_ns:
                return
            yield

    async def _parts(self, fault: Fault, name: str, seen: ChangeSeen) -> Moments:
        self._count += 1
        number = f"GC-{self._count}"
        kind, fields = await self._prepare(fault, name)
        seen.public_key = fields.get("public_key", "")
        if fault.do == "rotate_key":
            async for _ in self._restart(name):
                yield
        async for _ in self._decide(number, kind, fields, seen):
            yield
        if seen.outcome != "adopted":
            return
        while not _is_installed(name, seen, await self._port.glance(), is_leaving=fault.change == "leave"):
            yield
        seen.outcome = INSTALLED
        if fault.do == "rotate_key":
            # Its old key may go once it is in that epoch itself; until then it may need it at a restart.
            epoch = (await self._port.glance()).epoch
            while not any(node.name == name and node.epoch >= epoch for node in await self._backend.nodes()):
                yield
            await self._port.finish_rotation(name)

    async def _revoke(self, fault: Fault, seen: ChangeSeen) -> Moments:
        """An admin of the key's organisation ends it, another one where there is another."""
        admin = revoking_admin(self._scenario, fault.person)
        assert admin is not None, "the check refused everything else"
        step = Step(
            by=admin, do="key.revoke", with_={"object_id": f"${{{fault.person}}}", "reason": "timeline"}
        )
        async for _ in self._submit(step, seen, max(self._builder.story_ns, fault.at or 0)):
            yield
        if seen.outcome != "denied":
            seen.outcome = REVOKED

    async def _prepare(self, fault: Fault, name: str) -> tuple[str, Mapping[str, str]]:
        """What is asked of the chain: the kind of a proposal, and its fields."""
        if fault.do == "rotate_key":
            self._rotations[name] = self._rotations.get(name, 0) + 1
            return "validator.rotate", await self._port.prepare_rotation(name, self._rotations[name])
        if fault.change == "join":
            return "validator.add", await self._port.join(name, self._codes[fault.org])
        return "validator.remove", {"validator": name, "reason": "leaves"}

    async def _restart(self, name: str) -> Moments:
        """With both keys it votes with the old one up to the checkpoint and with the new one after it."""
        await self._port.crash(name, "keep")
        up_ns = self._backend.now_ns() + RESTART_NS
        while self._backend.now_ns() < up_ns:
            yield
        await self._port.restart(name)

    async def _decide(self, number: str, kind: str, fields: Mapping[str, str], seen: ChangeSeen) -> Moments:
        """Propose a change, and approve it for one organisation after the other until it is adopted."""
        while not (members := (await self._port.glance()).members):
            yield
        voters = [member.org for member in members]
        for turn, person in enumerate(admins(self._scenario, voters)):
            do, values = ("change.approve", {}) if turn else (kind, fields)
            step = Step(by=person, do=do, with_={"object_id": number, **values})
            async for _ in self._submit(step, seen):
                yield
            if seen.outcome == "denied":
                return
            while (state := await self._state(number)) is None:
                yield
            if state == "ADOPTED":
                seen.outcome = "adopted"
                return

    async def _submit(self, step: Step, seen: ChangeSeen, offset_ns: int = 0) -> Moments:
        """Hand in one transaction, at one validator after the other, until it is final."""
        built = None
        while built is None:
            try:
                built = await self._builder.build(step, offset_ns)
            except (Unavailable, Indeterminate):
                yield
        while (result := await self._backend.offer(built.transaction)) is None:
            yield
        seen.transactions.append(built.id)
        if not result.applied:
            seen.outcome, seen.rule, seen.code, seen.detail = (
                "denied",
                result.rule,
                result.code,
                result.detail,
            )

    async def _state(self, number: str) -> str | None:
        try:
            record = await self._backend.record("change", number)
        except (Unavailable, Indeterminate):
            return None
        return None if record is None else record.state


def admins(scenario: Scenario, orgs: Iterable[str]) -> list[str]:
    """The first admin of each organisation that has one, by the organisations' codes, each once."""
    ids = {org.code: org.id for org in scenario.organisations}
    found: dict[str, str] = {}
    for code in dict.fromkeys(orgs):
        for person in scenario.people:
            if person.org == ids.get(code) and ADMIN in person.roles and person.genesis:
                found.setdefault(code, person.id)
    return list(found.values())


def revoking_admin(scenario: Scenario, person: str) -> str | None:
    """Who revokes the key of a person: the first other admin of its organisation, else that one itself."""
    org = next(each.org for each in scenario.people if each.id == person)
    own = [each.id for each in scenario.people if each.org == org and ADMIN in each.roles and each.genesis]
    return next((each for each in own if each != person), own[0] if own else None)


def _is_installed(name: str, seen: ChangeSeen, glance: Glance, *, is_leaving: bool) -> bool:
    if not glance.members:
        return False
    if is_leaving:
        return name not in [member.name for member in glance.members]
    return seen.public_key in [member.public_key.hex() for member in glance.members]
