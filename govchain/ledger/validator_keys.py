"""Vote keys as keys of the chain: a validator may sign transactions of its own, for now accusations (EV-1).

One place says what such a key looks like; genesis lays down the first ones. No rule is judged here. What a
vote means and what a transaction means are kept apart by the tags of the signed bytes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from govchain.codec import encode
from govchain.crypto import Suite
from govchain.ledger.state import KeyState, key_key
from govchain.model import Validator

VALIDATOR: Final = "validator"
"""Role of a key that votes."""


def validator_key_changes(
    suite: Suite, members: Iterable[Validator], *, known: Container[bytes], orgs: Container[str]
) -> dict[bytes, bytes | None]:
    """State changes that make the vote keys of these members keys of the chain.

    A key that the chain knows already stays as it is; an unknown organisation gets none.

    Args:
        known: State keys that are taken.
        orgs: Ids of the organisations that the chain knows.
    """
    changes: dict[bytes, bytes | None] = {}
    for member in members:
        place = key_key(suite.key_id(member.public_key))
        if place not in known and member.org in orgs:
            changes[place] = encode(
                KeyState(
                    public_key=member.public_key,
                    org=member.org,
                    person=member.name,
                    roles=(VALIDATOR,),
                    state="ACTIVE",
                    version=0,
                )
            )
    return changes
