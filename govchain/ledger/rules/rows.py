"""Rows of life cycles that many kinds of record write alike.

Rules are in `common` and in the kinds; here is only the order in which a row asks them.
"""

from __future__ import annotations

from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import RuleFunction, Transition
from govchain.ledger.rules.common import g3_object_exists, g4_version_continues, i5_roles_allow
from govchain.ledger.rules.rule import Text


def change_existing(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    sentence: Text,
    *,
    rules: tuple[RuleFunction, ...],
    apply: RuleFunction,
    org_roles: tuple[str, ...] = (),
    key_roles: tuple[str, ...] = (),
) -> Transition:
    """A row for an object that exists: roles first, then that it is there, the kind's own rules, the version.

    Args:
        states: Where it may start from, and where it may lead.
        rules: The kind's own, with `g3_state_allows` in the place where the state is to be asked.
    """
    return Transition(
        verb=verb,
        fields=fields,
        sentence=sentence,
        from_states=states[0],
        to_states=states[1],
        org_roles=org_roles,
        key_roles=key_roles,
        rules=(i5_roles_allow, g3_object_exists, *rules, g4_version_continues),
        apply=apply,
    )
