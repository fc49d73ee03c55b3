"""Consent of a person 个人同意 (records.md 1.4; rule D11): given and revoked with the person's own key.

A person has one key for each audience; its `person` is the pseudonym by which that audience knows them, so
that no record links two pseudonyms. GIVEN → REVOKED; expiry and use are answers, not states. Whether a query
may use a consent is judged in `exchange`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.field_checks import (
    require_code,
    require_number,
    require_organisation,
    require_reference,
    require_text,
    require_time,
)
from govchain.ledger.kind import RecordKind
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.sharing import CITIZEN, FIELDS_MAX, PORTAL
from govchain.ledger.state import RecordData

CONSENT_USES_MAX: Final = 200
"""Most uses of one consent, all items together; their exchanges are listed for the person."""


class ConsentGive(Part, frozen=True):
    """`consent.give`: a person lets one department ask (→ GIVEN). Object id: number of the consent."""

    subject_ref: str
    """The person as the audience knows them; the signing key's own `person`."""
    audience: str
    """Organisation that may ask."""
    purpose: str
    fields: list[str]
    """What it may ask for, as `item/field`."""
    expires_at: str
    """RFC 3339; from then on it cannot be used."""
    max_uses: int
    """Most queries of each item."""


class ConsentRevoke(Part, frozen=True):
    """`consent.revoke`: the person takes it back, at any time (GIVEN → REVOKED)."""

    reason: str = ""


class ConsentUse(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One exchange under a consent."""

    item: str
    exchange: str


class ConsentData(RecordData, frozen=True, tag="govchain.consent-data/1"):
    """What the rules of consents and exchanges need to remember."""

    subject_ref: str
    audience: str
    purpose: str
    fields: tuple[str, ...]
    until_ms: int
    max_uses: int
    uses: tuple[ConsentUse, ...] = ()
    """In their order. A query adds to them without being a version of the consent."""

    def count(self, item: str) -> int:
        """Exchanges about one item so far."""
        return sum(use.item == item for use in self.uses)


def g1_consent_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: pseudonym, audience, purpose, fields, time and number of uses are such."""
    fields: ConsentGive = attempt.fields
    require_reference("subject_ref", fields.subject_ref)
    require_organisation("audience", fields.audience)
    require_code("purpose", fields.purpose)
    if not 1 <= len(fields.fields) <= FIELDS_MAX or len(set(fields.fields)) != len(fields.fields):
        raise deny("G1", "E_PAYLOAD", f"fields.fields: expected 1 to {FIELDS_MAX} different entries")
    for entry in fields.fields:
        item, slash, field = entry.partition("/")
        if not slash:
            raise deny("G1", "E_PAYLOAD", "fields.fields: expected item/field")
        require_code("fields", item)
        require_code("fields", field)
    require_time("expires_at", fields.expires_at)
    items = {entry.partition("/")[0] for entry in fields.fields}
    require_number("max_uses", fields.max_uses, 1, CONSENT_USES_MAX // len(items))


def d11_person_speaks_for_themselves(attempt: Attempt) -> None:
    """Rule D11: a consent is given and revoked with the key of the person whom it is about."""
    subject = attempt.fields.subject_ref if attempt.record is None else attempt.data.subject_ref
    if attempt.key.person != subject:
        raise deny("D11", "E_ROLE", "the signing key belongs to another person or pseudonym")
    if attempt.record is not None and attempt.record.issuer_org != attempt.org.id:
        raise deny("D11", "E_ROLE", "the consent was given under another identity organisation")


def d11_consent_is_not_over(attempt: Attempt) -> None:
    """Rule D11: a consent that is over when it is given allows nothing."""
    if require_time("expires_at", attempt.fields.expires_at) <= attempt.claimed_time_ms:
        raise deny("D11", "E_CONSENT_EXPIRED", "expires_at is not after the claimed time")


def _give(attempt: Attempt) -> None:
    fields: ConsentGive = attempt.fields
    data = ConsentData(
        subject_ref=fields.subject_ref,
        audience=fields.audience,
        purpose=fields.purpose,
        fields=tuple(fields.fields),
        until_ms=require_time("expires_at", fields.expires_at),
        max_uses=fields.max_uses,
    )
    attempt.create("GIVEN", data)


def _revoke(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "REVOKED")


def g1_reason_is_short(attempt: Attempt) -> None:
    """Rule G1: a person may say why, briefly."""
    if attempt.fields.reason:
        require_text("reason", attempt.fields.reason)


KIND: Final = RecordKind(
    record_type="consent",
    title=Text("Consent", "个人同意"),
    data=ConsentData,
    states={"GIVEN": "已同意", "REVOKED": "已撤回"},
    transitions=(
        Transition(
            verb="consent.give",
            fields=ConsentGive,
            sentence=Text(
                "{who} lets {audience} ask for {fields} for {purpose}, at most {max_uses} times each",
                "{who} 同意 {audience} 为 {purpose} 查询 {fields}，每项至多 {max_uses} 次",
            ),
            from_states=(),
            to_states=("GIVEN",),
            org_roles=(PORTAL,),
            key_roles=(CITIZEN,),
            rules=(
                i5_roles_allow,
                g1_consent_is_well_formed,
                d11_person_speaks_for_themselves,
                g3_object_is_new,
                d11_consent_is_not_over,
                g4_version_continues,
            ),
            apply=_give,
        ),
        Transition(
            verb="consent.revoke",
            fields=ConsentRevoke,
            sentence=Text("{who} revokes consent {object}", "{who} 撤回同意 {object}"),
            from_states=("GIVEN",),
            to_states=("REVOKED",),
            org_roles=(PORTAL,),
            key_roles=(CITIZEN,),
            rules=(
                i5_roles_allow,
                g1_reason_is_short,
                g3_object_exists,
                d11_person_speaks_for_themselves,
                g3_state_allows,
                g4_version_continues,
            ),
            apply=_revoke,
        ),
    ),
    rules=(
        Rule(
            "D11",
            Text(
                "Where needed, the person's own consent covers audience, purpose, fields, time and uses",
                "须经本人同意的数据，同意须由本人作出，并涵盖使用机构、用途、字段、期限与次数",
            ),
            ("personal-information-law",),
            {
                "E_CONSENT_MISSING": Text(
                    "Ask the person for a consent to this audience, purpose and fields.",
                    "请本人就该机构、用途和字段作出同意。",
                ),
                "E_CONSENT_EXPIRED": Text(
                    "Ask the person for a new consent with time and uses left.",
                    "请本人重新作出同意，并留足期限与次数。",
                ),
                "E_ROLE": Text(
                    "Let the person sign with their key for this audience.",
                    "由本人以其对该机构专用的密钥签署。",
                ),
            },
        ),
    ),
    names_zh={
        "subject_ref": "本人在该机构的假名",
        "audience": "被同意机构",
        "purpose": "用途代码",
        "fields": "字段",
        "expires_at": "到期时间",
        "max_uses": "使用次数上限",
    },
    texts_zh={
        "`consent.give`: a person lets one department ask (→ GIVEN). Object id: number of the consent.": (
            "`consent.give`：个人同意某一机构查询（→ GIVEN）。对象编号为同意书编号。"
        ),
        "The person as the audience knows them; the signing key's own `person`.": (
            "该机构所知的本人假名，即签名密钥的 `person`。"
        ),
        "Organisation that may ask.": "可以查询的机构。",
        "What it may ask for, as `item/field`.": "可查询的内容，写作 `item/field`（目录项/字段）。",
        "RFC 3339; from then on it cannot be used.": "RFC 3339 时间；自此不得再使用。",
        "Most queries of each item.": "每个目录项的查询次数上限。",
        "`consent.revoke`: the person takes it back, at any time (GIVEN → REVOKED).": (
            "`consent.revoke`：本人随时撤回同意（GIVEN → REVOKED）。"
        ),
    },
)
