"""Whom a fault hits: from the words of a file to validator names, drawn from the seed if need be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from govchain.crypto import Suite
from govchain.errors import ConfigError
from govchain.model import Genesis, ValidatorSet
from govchain.scenario.fault_port import Glance
from govchain.scenario.model import OrganisationEntry
from govchain.scenario.timeline import Fault, FaultyCount
from govchain.sim.network import seeded_stream


class Targets:
    """Resolves targets of one run; every entry of the timeline has generators of its own.

    Args:
        organisations: Those of the file.
    """

    def __init__(
        self, genesis: Genesis, suite: Suite, seed: int, organisations: Sequence[OrganisationEntry]
    ) -> None:
        self.names = [member.name for member in genesis.validators.members]
        self._genesis = genesis.validators
        self._codes: dict[str, list[str]] = {}
        """`org(id)` and `region(name)` to the codes of the organisations that are meant."""
        for org in organisations:
            self._codes[f"org({org.id})"] = [org.code]
            if org.region:
                self._codes.setdefault(f"region({org.region})", []).append(org.code)
        self._suite = suite
        self._seed = seed
        self._streams: dict[tuple[int, str], Iterator[int]] = {}
        self._turns: dict[int, int] = {}

    def admit(self, name: str) -> None:
        """A validator joins: from now on its links may be disturbed like all others."""
        self.names.append(name)

    def primary(self, glance: Glance) -> str:
        """The primary of the highest view."""
        members = self._members(glance).members
        return members[glance.view % len(members)].name

    def _members(self, glance: Glance) -> ValidatorSet:
        return ValidatorSet(glance.epoch, glance.members) if glance.members else self._genesis

    def resolve(self, number: int, fault: Fault, glance: Glance) -> list[str]:
        """Names that the fault with that place in the timeline hits now.

        Raises:
            ConfigError: It depends on who runs, and nobody does.
        """
        if fault.do == "kill_gateway":
            return [fault.org]
        if fault.do == "revoke_key":
            return [fault.person]
        if fault.do == "partition":
            return cut_off(self.spelled_out(fault, glance), self.names)
        target, members = fault.target, self._members(glance)
        names = [member.name for member in members.members]
        if isinstance(target, FaultyCount):
            count = members.max_faulty if target.count == "max_faulty" else target.count
            return self._drawn(number, names, count)
        if target in self._codes:
            return [member.name for member in members.members if member.org in self._codes[target]]
        match target:
            case "each_in_turn":
                turn = self._turns.get(number, 0)
                self._turns[number] = turn + 1
                # Views go upwards: downwards, primaries and backups are hit alike.
                return [names[-1 - turn % len(names)]]
            case "minority":
                return self._drawn(number, names, members.max_faulty)
            case "majority":
                return self._drawn(number, names, len(names) // 2 + 1)
            case "all":
                return names
            case "primary" | "backups" | "one":
                return self._by_role(target, glance, names)
        return [target]

    def spelled_out(self, fault: Fault, glance: Glance) -> Fault:
        """A partition with the names of validators instead of organisations and regions."""
        members = self._members(glance).members

        def names(word: str) -> list[str]:
            codes = self._codes.get(word)
            return [word] if codes is None else [each.name for each in members if each.org in codes]

        groups = tuple(
            "rest" if group == "rest" else tuple(name for word in group for name in names(word))
            for group in fault.groups
        )
        return msgspec.structs.replace(fault, groups=groups)

    def _by_role(self, target: str, glance: Glance, names: list[str]) -> list[str]:
        if not glance.running:
            raise ConfigError("no validator is running", found=target)
        primary = self.primary(glance)
        if target == "primary":
            return [primary]
        backups = [name for name in names if name in glance.running and name != primary]
        if not backups:
            raise ConfigError("no backup is running", found=target)
        return backups[-1:] if target == "one" else backups

    def draw(self, number: int, purpose: str, below: int) -> int:
        """A number from 0 on for one purpose of one entry of the timeline."""
        key = (number, purpose)
        if key not in self._streams:
            self._streams[key] = seeded_stream(self._suite, self._seed, f"timeline:{number}:{purpose}")
        return next(self._streams[key]) % below

    def _drawn(self, number: int, names: list[str], count: int) -> list[str]:
        left, chosen = list(names), []
        for _ in range(min(count, len(left))):
            chosen.append(left.pop(self.draw(number, "targets", len(left))))
        return sorted(chosen, key=names.index)


def groups_of(fault: Fault, names: Sequence[str]) -> list[list[str]]:
    """The groups of a partition, `rest` written out."""
    named = [name for group in fault.groups if group != "rest" for name in group]
    rest = [name for name in names if name not in named]
    return [rest if group == "rest" else list(group) for group in fault.groups]


def cut_off(fault: Fault, names: Sequence[str]) -> list[str]:
    """Whom a partition separates from the largest group; of two halves, the first."""
    groups = groups_of(fault, names)
    largest = max(reversed(groups), key=len)
    return [name for name in names if name not in largest]
