"""What makes a change of validators or of a key in a timeline impossible; each check names its place.

What the chain refuses is not impossible: a file may demand it with `denied`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from govchain.config import Loaded
from govchain.scenario.changes import admins, revoking_admin
from govchain.scenario.model import Scenario
from govchain.scenario.rehearsal import joining_names, validator_names
from govchain.scenario.suggest import suggestion
from govchain.scenario.timeline import CHANGES, DECIDED, Fault

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_WORDS: Final = ("primary", "one")
"""Targets that mean one validator, besides names."""


def check_changes(source: Loaded[Any], scenario: Scenario, refusals: Sequence[str]) -> None:
    """Refuse changes that nobody can ask for, or that are about nobody.

    Args:
        refusals: What `denied` may be.
    """
    for number, fault in enumerate(scenario.timeline):
        if fault.do not in DECIDED:
            continue
        where = ("timeline", number)
        if fault.every is not None:
            raise source.error("a change does not come again", *where, "every", expected="at, after or when")
        if fault.denied and fault.denied not in refusals:
            expected = suggestion(fault.denied, list(refusals))
            raise source.error("no such refusal", *where, "denied", found=fault.denied, expected=expected)
        if fault.do == "revoke_key":
            _check_revocation(source, scenario, where, fault)
            continue
        if (fault.change is None) == (fault.do == "membership"):
            raise source.error(
                "a membership needs a change", *where, expected="change: join, or change: leave"
            )
        if fault.change == "join":
            _check_newcomer(source, scenario, where, fault)
        elif fault.org:
            raise source.error("only whoever joins names an organisation", *where, "org", found=fault.org)
        else:
            known = [*validator_names(scenario), *joining_names(scenario), *_WORDS]
            if fault.target not in known:
                found = str(fault.target) if fault.target else None
                expected = suggestion(found or "", known)
                raise source.error(
                    "a change is of one validator", *where, "target", found=found, expected=expected
                )
    _check_deciders(source, scenario)


def _check_revocation(source: Loaded[Any], scenario: Scenario, where: tuple[str, int], fault: Fault) -> None:
    """A key that is revoked is somebody's, and an admin of the organisation is there to do it (rule I5)."""
    people = [person.id for person in scenario.people]
    if fault.person not in people:
        expected = suggestion(fault.person, people)
        raise source.error(
            "nobody whose key could be revoked",
            *where,
            "person",
            found=fault.person or None,
            expected=expected,
        )
    if revoking_admin(scenario, fault.person) is None:
        org = next(person.org for person in scenario.people if person.id == fault.person)
        raise source.error(
            "nobody can revoke the key",
            *where,
            "person",
            found=fault.person,
            expected=f"a person with roles: [admin] of {org}",
        )


def _check_newcomer(source: Loaded[Any], scenario: Scenario, where: tuple[str, int], fault: Fault) -> None:
    name = str(fault.target)
    if not _NAME.fullmatch(name):
        raise source.error(
            "a validator that joins needs a name",
            *where,
            "target",
            found=name,
            expected="for example validator-4",
        )
    if name in validator_names(scenario) or joining_names(scenario).count(name) > 1:
        raise source.error("the name is taken", *where, "target", found=name, expected="a new name")
    organisations = [org.id for org in scenario.organisations]
    if fault.org not in organisations:
        expected = suggestion(fault.org, organisations)
        raise source.error(
            "unknown organisation", *where, "org", found=fault.org or None, expected=f"org: {expected}"
        )


def _check_deciders(source: Loaded[Any], scenario: Scenario) -> None:
    """More than half of the organisations that run validators must decide, each by an admin (rule MB-1)."""
    first = next((number for number, each in enumerate(scenario.timeline) if each.do in CHANGES), None)
    if first is None:
        return
    codes = [org.code for org in scenario.organisations if org.validators]
    needed, found = len(codes) // 2 + 1, admins(scenario, codes)
    if len(found) < needed:
        lacking = [
            org.id for org in scenario.organisations if org.validators and not admins(scenario, [org.code])
        ]
        raise source.error(
            f"nobody can decide about validators: {needed} of {len(codes)} organisations that run some must",
            "timeline",
            first,
            found=f"{len(found)} with an admin",
            expected=f"a person with roles: [admin] of {' or '.join(lacking)}",
        )
