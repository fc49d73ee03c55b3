"""Members of the chain (records.md 1.5): what became of an organisation, from application to expulsion.

APPLIED → ADMITTED → ACTIVE ↔ SUSPENDED, → EXPELLED. Changes that others must approve are records of type
`change`, which move the member along; a member of genesis has no record until something happens to it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.codec import encode
from govchain.ledger import state
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.key.fields import ADMIN
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import TECHNICAL, Rule, Text, deny
from govchain.ledger.state import RecordData
from govchain.model.validators import OBSERVER

MEMBER: Final = "member"


class MemberActivate(Part, frozen=True):
    """`member.activate`: an admin of an admitted organisation confirms (→ ACTIVE). Object id: its code."""


class MemberData(RecordData, frozen=True, tag="govchain.member-data/1"):
    """By which change a member came to its state, and its tier then."""

    change: str
    """Number of the record of type `change`."""
    tier: str


def i5_member_is_itself(attempt: Attempt) -> None:
    """Rule I5: an organisation confirms its own membership only."""
    if attempt.envelope.object_id != attempt.org.id:
        raise deny("I5", "E_ROLE", "only the admitted organisation itself confirms")


def _activate(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "ACTIVE")
    active = msgspec.structs.replace(attempt.org, standing="ACTIVE")
    attempt.view.put(state.organisation_key(active.id), encode(active))


KIND: Final = RecordKind(
    record_type=MEMBER,
    title=Text("Member", "成员机构"),
    data=MemberData,
    states={
        "APPLIED": "已申请",
        "ADMITTED": "已接纳",
        "ACTIVE": "有效",
        "SUSPENDED": "已暂停",
        "EXPELLED": "已除名",
    },
    transitions=(
        Transition(
            verb="member.activate",
            fields=MemberActivate,
            sentence=Text("{who} confirms the membership of {object}", "{who} 确认 {object} 加入"),
            from_states=("ADMITTED",),
            to_states=("ACTIVE",),
            org_roles=(),
            key_roles=(ADMIN,),
            rules=(
                i5_roles_allow,
                i5_member_is_itself,
                g3_object_exists,
                g3_state_allows,
                g4_version_continues,
            ),
            apply=_activate,
            tier=OBSERVER,
        ),
    ),
    rules=(
        Rule(
            "I4",
            Text(
                "Pseudonyms of one person at two departments cannot be joined without the mapping key",
                "同一人在两个部门的假名，无映射密钥不可关联",
            ),
            TECHNICAL,
            {},
        ),
    ),
    texts_zh={
        "`member.activate`: an admin of an admitted organisation confirms (→ ACTIVE). Object id: its code.": (
            "`member.activate`：已接纳机构的管理员确认加入（→ ACTIVE）。对象编号为机构代码。"
        ),
    },
    side_changes=(
        *(("", state) for state in ("APPLIED", "ACTIVE", "SUSPENDED", "EXPELLED")),
        *((same, same) for same in ("ADMITTED", "ACTIVE", "SUSPENDED")),
        ("APPLIED", "ADMITTED"),
        ("ADMITTED", "SUSPENDED"),
        ("ADMITTED", "EXPELLED"),
        ("ACTIVE", "SUSPENDED"),
        ("SUSPENDED", "ACTIVE"),
        ("ACTIVE", "EXPELLED"),
        ("SUSPENDED", "EXPELLED"),
    ),
)
