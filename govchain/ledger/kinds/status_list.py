"""Status lists of licences: the chain holds the digest of each, and no query for one licence (rule L9).

A list is a signed file that is fetched as a whole from whoever has it; its digest here shows that its issuer
gives the same one to everybody. What the file holds, and who may check it, is no business of the ledger.
"""

from __future__ import annotations

import re
from typing import Final

from govchain.ledger.identifiers import is_credit_code, parse_time_ms
from govchain.ledger.kind import RecordKind
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.state import RecordData

PLACES_MIN: Final = 1024
"""A list of few licences would tell by itself which one is meant."""
PLACES_MAX: Final = 1 << 20

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class LicencePublishList(Part, frozen=True):
    """`licence.publish_list`: an issuer's status list of now (→ PUBLISHED). Object id: its address."""

    digest: str
    """Digest of the statuses (hex)."""
    places: int
    """How many licences the list has room for."""
    fresh_until: str
    """RFC 3339; from then on another one is to be fetched."""


class StatusListData(RecordData, frozen=True, tag="govchain.status-list-data/1"):
    """The list that is current."""

    digest: str
    places: int
    fresh_until_ms: int


def g1_list_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: digest and time are of their form."""
    fields: LicencePublishList = attempt.fields
    if not _DIGEST.fullmatch(fields.digest):
        raise deny("G1", "E_PAYLOAD", "fields.digest: expected 64 lower-case hex digits")
    if not 0 <= fields.places <= PLACES_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.places: expected 0 to {PLACES_MAX}")
    try:
        parse_time_ms(fields.fresh_until)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.fresh_until: {error}") from error


def l9_list_hides_which(attempt: Attempt) -> None:
    """Rule L9: a list has room for so many licences that fetching it does not tell which one is checked."""
    if attempt.fields.places < PLACES_MIN:
        raise deny("L9", "E_K_ANON", f"a status list has at least {PLACES_MIN} places")


def l9_issuer_keeps_its_list(attempt: Attempt) -> None:
    """Rule L9: an issuer of licences publishes a list, and nobody else replaces it."""
    if attempt.record is not None and attempt.record.issuer_org != attempt.org.id:
        raise deny("L9", "E_ROLE", "another organisation publishes this list")
    # Gateways hand lists out under their issuer's code: whoever came first would keep the issuer out.
    named = filter(is_credit_code, attempt.envelope.object_id.split("/"))
    if any(org != attempt.org.id for org in named):
        raise deny("L9", "E_ROLE", "the address is one at which another organisation publishes its lists")


def g3_list_may_follow(attempt: Attempt) -> None:
    """Rule G3: a list is new, or follows the one before."""
    if attempt.record is not None:
        g3_state_allows(attempt)


def _publish(attempt: Attempt) -> None:
    fields: LicencePublishList = attempt.fields
    data = StatusListData(fields.digest, fields.places, parse_time_ms(fields.fresh_until))
    if attempt.record is None:
        attempt.create("PUBLISHED", data)
    else:
        attempt.advance(attempt.record, "PUBLISHED", data)


KIND: Final = RecordKind(
    record_type="status-list",
    title=Text("Status list of licences", "证照状态列表"),
    data=StatusListData,
    states={"PUBLISHED": "已发布"},
    transitions=(
        Transition(
            verb="licence.publish_list",
            fields=LicencePublishList,
            sentence=Text("{who} publishes the status list {object}", "{who} 发布状态列表 {object}"),
            from_states=("PUBLISHED",),
            to_states=("PUBLISHED",),
            org_roles=("licence-issuer",),
            key_roles=(),
            rules=(
                i5_roles_allow,
                g1_list_is_well_formed,
                l9_issuer_keeps_its_list,
                l9_list_hides_which,
                g3_list_may_follow,
                g4_version_continues,
            ),
            apply=_publish,
        ),
    ),
    rules=(
        Rule(
            "L9",
            Text(
                "Status is readable without telling the issuer which licence is checked",
                "核验状态时无须向颁发机构透露所核验的证照",
            ),
            ("licence-use",),
            {
                "E_K_ANON": Text("Publish one list for more licences.", "将更多证照并入同一列表发布。"),
                "E_ROLE": Text(
                    "Let the issuer publish it that did so first, or whose code is in its address.",
                    "由首次发布该列表、或地址所含代码对应的颁发机构发布。",
                ),
            },
        ),
    ),
    names_zh={
        "digest": "列表摘要",
        "places": "列表容量",
        "fresh_until": "有效至",
    },
    texts_zh={
        "`licence.publish_list`: an issuer's status list of now (→ PUBLISHED). Object id: its address.": (
            "`licence.publish_list`：颁发机构当前的状态列表（→ PUBLISHED）。对象编号为列表地址。"
        ),
        "Digest of the statuses (hex).": "状态数据的摘要（十六进制）。",
        "How many licences the list has room for.": "列表可容纳的证照数量。",
        "RFC 3339; from then on another one is to be fetched.": "RFC 3339 时间；此后须重新获取列表。",
    },
    side_changes=(("", "PUBLISHED"),),
)
