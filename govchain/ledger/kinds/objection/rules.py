"""Rules and life cycle of objections and corrections 异议与校核 (rules D5, D10).

RAISED → CHECKED → CORRECTED | REFUTED. Who received the wrong datum is the answer of `notices`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.field_checks import (
    require_code,
    require_hex,
    require_reference,
    require_text,
    require_time,
)
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.exchange.fields import ExchangeData, SourceUses
from govchain.ledger.kinds.exchange.sources import source_reference, source_uses_key
from govchain.ledger.kinds.objection.fields import (
    NoticeData,
    ObjectionAcknowledge,
    ObjectionCheck,
    ObjectionCorrect,
    ObjectionData,
    ObjectionRaise,
    ObjectionRefute,
)
from govchain.ledger.kinds.objection.notices import list_receivers
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    require_time_order,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.sharing import AUTHORITY, CITIZEN, CORRECTION, PORTAL, PROVIDER
from govchain.ledger.state import RecordState


def g1_objection_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: an objection names item, field and claim."""
    fields: ObjectionRaise = attempt.fields
    require_reference("object_id", attempt.envelope.object_id)
    require_code("item", fields.item)
    require_code("field", fields.field)
    require_text("claim", fields.claim)
    if fields.exchange:
        require_reference("exchange", fields.exchange)


def g1_correction_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a correction gives key and time."""
    require_hex("source_key", attempt.fields.source_key)
    require_time("wrong_since", attempt.fields.wrong_since)


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: an objection is refuted with a reason."""
    require_text("reason", attempt.fields.reason)


def g3_item_has_the_field(attempt: Attempt) -> None:
    """Rule G3: an objection is about a field of an item of the directory."""
    record = attempt.access.record("catalog", attempt.fields.item)
    if record is None or record.data_as(CatalogData).field(attempt.fields.field) is None:
        raise deny("G3", "E_STATE", f"no catalog item {attempt.fields.item} with this field")


def d10_objector_is_concerned(attempt: Attempt) -> None:
    """Rule D10: the receiver, the person or the provider says that a datum is wrong."""
    fields: ObjectionRaise = attempt.fields
    if not fields.exchange:
        item = attempt.access.record("catalog", fields.item)
        if item is None or item.issuer_org != attempt.org.id:
            raise deny("D10", "E_ROLE", "without an exchange only the provider of the item objects")
        return
    record = attempt.access.record("exchange", fields.exchange)
    if record is None or record.state == "QUERIED":
        raise deny("D10", "E_ROLE", "nothing was answered in this exchange")
    # The time to correct would begin before the datum was received.
    require_time_order(attempt, record)
    data = record.data_as(ExchangeData)
    if data.item != fields.item or fields.field not in data.fields:
        raise deny("D10", "E_ROLE", "the exchange was about something else")
    if attempt.org.id not in (record.issuer_org, data.provider) and not _is_person(attempt, data):
        raise deny(
            "D10", "E_ROLE", "the signer neither received nor provided the datum, nor is it about them"
        )


def _is_person(attempt: Attempt, data: ExchangeData) -> bool:
    # Only a portal says whose key it is: any organisation may give its keys that role and any pseudonym.
    is_citizen = attempt.has_org_role(PORTAL) and CITIZEN in attempt.key.roles
    return is_citizen and attempt.key.person == data.subject_ref


def i5_item_is_own(attempt: Attempt) -> None:
    """Rule I5: the provider of the item looks into objections; the data authority may refute late ones."""
    if attempt.data.provider == attempt.org.id:
        return
    if AUTHORITY not in attempt.transition.org_roles or not attempt.has_org_role(AUTHORITY):
        raise deny("I5", "E_ROLE", "another department provides this item")


def g3_provider_looked_into_it(attempt: Attempt) -> None:
    """Rule G3: a provider checks an objection before it refutes it, by another person (rule G6).

    What it left alone, the data authority refutes.
    """
    if attempt.existing.state == "RAISED" and attempt.data.provider == attempt.org.id:
        raise deny("G3", "E_STATE", f"{attempt.verb} by the provider needs CHECKED; the object is RAISED")


def g6_who_checked_does_not_decide(attempt: Attempt) -> None:
    """Rule G6: who looked into an objection neither corrects nor refutes."""
    if attempt.data.provider == attempt.org.id and attempt.key.person == attempt.data.checked_by:
        raise deny("G6", "E_SOD", f"{attempt.key.person} checked this objection and cannot decide it")


def d5_who_refutes_now(attempt: Attempt) -> None:
    """Rule D5: the provider refutes in time; after the deadline only the data authority does."""
    late = attempt.claimed_time_ms >= attempt.data.decide_until_ms
    is_provider = attempt.data.provider == attempt.org.id
    if late and is_provider:
        raise deny(
            "D5", "E_DEADLINE", f"the {CORRECTION.workdays} working days are over; correct it or leave it"
        )
    if not late and not is_provider:
        raise deny("D5", "E_DEADLINE", f"the provider's {CORRECTION.workdays} working days are not over")


def d10_key_leads_to_the_exchange(attempt: Attempt) -> None:
    """Rule D10: the revealed key is the one of the subject objected to, so that the list is the right one."""
    if not attempt.data.exchange:
        return
    record = _exchange(attempt)
    key = bytes.fromhex(attempt.fields.source_key)
    if source_reference(attempt.suite, key, record.issuer_org) != record.data_as(ExchangeData).source_ref:
        raise deny("D10", "E_HASH_MISMATCH", "source_key does not lead to the exchange objected to")


def d10_exchange_is_in_the_list(attempt: Attempt) -> None:
    """Rule D10: a datum that was wrong when it was received is wrong since then or earlier."""
    if not attempt.data.exchange:
        return
    answered_ms = next(
        entry.claimed_time_ms for entry in _exchange(attempt).timeline if entry.state == "ANSWERED"
    )
    if require_time("wrong_since", attempt.fields.wrong_since) > answered_ms:
        raise deny("D10", "E_TIME_ORDER", "wrong_since is after the answer objected to")


def d10_signer_was_listed(attempt: Attempt) -> None:
    """Rule D10: a department that is on the list takes the correction over, once."""
    waiting = [notice.org for notice in attempt.data.notices if not notice.acknowledged]
    if attempt.org.id not in waiting:
        raise deny("D10", "E_ROLE", "no notice waits for this organisation")


def _exchange(attempt: Attempt) -> RecordState:
    record = attempt.access.record("exchange", attempt.data.exchange)
    assert record is not None
    return record


def _raise(attempt: Attempt) -> None:
    fields: ObjectionRaise = attempt.fields
    item = attempt.access.record("catalog", fields.item)
    assert item is not None
    data = ObjectionData(
        item=fields.item,
        field=fields.field,
        provider=item.issuer_org,
        exchange=fields.exchange,
        decide_until_ms=CORRECTION.end_ms(attempt.claimed_time_ms),
    )
    attempt.create("RAISED", data)


def _check(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, checked_by=attempt.key.person)
    attempt.advance(attempt.existing, "CHECKED", data)


def _correct(attempt: Attempt) -> None:
    fields: ObjectionCorrect = attempt.fields
    source_key = bytes.fromhex(fields.source_key)
    notices = list_receivers(
        attempt.access,
        attempt.suite,
        attempt.data.item,
        source_key,
        require_time("wrong_since", fields.wrong_since),
    )
    _let_go_no_further(attempt, source_key, notices)
    data = msgspec.structs.replace(
        attempt.data,
        corrected_sha256=fields.corrected_hash.sha256,
        corrected_sm3=fields.corrected_hash.sm3,
        notices=notices,
    )
    attempt.advance(attempt.existing, "CORRECTED", data)


def _let_go_no_further(attempt: Attempt, source_key: bytes, notices: tuple[NoticeData, ...]) -> None:
    """Rule D10: what the listed departments were answered is known to be wrong."""
    for notice in notices:
        key = source_uses_key(attempt.data.item, source_reference(attempt.suite, source_key, notice.org))
        uses = attempt.access.value(key, SourceUses)
        # To whom it was passed on only, was answered nothing of it, or nothing wrong.
        if notice.count and uses is not None:
            attempt.put(key, msgspec.structs.replace(uses, is_corrected=True))


def _refute(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, reason=attempt.fields.reason)
    attempt.advance(attempt.existing, "REFUTED", data)


def _acknowledge(attempt: Attempt) -> None:
    data: ObjectionData = attempt.data
    notices = tuple(
        msgspec.structs.replace(notice, acknowledged=True) if notice.org == attempt.org.id else notice
        for notice in data.notices
    )
    attempt.advance(attempt.existing, "CORRECTED", msgspec.structs.replace(data, notices=notices))


TRANSITIONS: Final = (
    Transition(
        verb="objection.raise",
        fields=ObjectionRaise,
        sentence=Text("{who} objects to {field} of {item}", "{who} 对 {item} 的 {field} 提出异议"),
        from_states=(),
        to_states=("RAISED",),
        org_roles=(),
        key_roles=(),
        rules=(
            g1_objection_is_well_formed,
            g3_object_is_new,
            g3_item_has_the_field,
            d10_objector_is_concerned,
            g4_version_continues,
        ),
        apply=_raise,
    ),
    Transition(
        verb="objection.check",
        fields=ObjectionCheck,
        sentence=Text("{who} checks objection {object}", "{who} 核查异议 {object}"),
        from_states=("RAISED",),
        to_states=("CHECKED",),
        org_roles=(PROVIDER,),
        key_roles=("maker",),
        rules=(i5_roles_allow, g3_object_exists, i5_item_is_own, g3_state_allows, g4_version_continues),
        apply=_check,
    ),
    Transition(
        verb="objection.correct",
        fields=ObjectionCorrect,
        sentence=Text(
            "{who} corrects the datum of objection {object}, wrong since {wrong_since}",
            "{who} 更正异议 {object} 所指数据（自 {wrong_since} 起有误）",
        ),
        from_states=("CHECKED",),
        to_states=("CORRECTED",),
        org_roles=(PROVIDER,),
        key_roles=("checker",),
        rules=(
            i5_roles_allow,
            g1_correction_is_well_formed,
            g3_object_exists,
            i5_item_is_own,
            g3_state_allows,
            g6_who_checked_does_not_decide,
            d10_key_leads_to_the_exchange,
            d10_exchange_is_in_the_list,
            g4_version_continues,
        ),
        apply=_correct,
    ),
    Transition(
        verb="objection.refute",
        fields=ObjectionRefute,
        sentence=Text(
            "{who} refutes objection {object} ({reason})", "{who} 认定异议 {object} 不成立（{reason}）"
        ),
        from_states=("RAISED", "CHECKED"),
        to_states=("REFUTED",),
        org_roles=(PROVIDER, AUTHORITY),
        key_roles=("checker",),
        rules=(
            i5_roles_allow,
            g1_reason_is_given,
            g3_object_exists,
            i5_item_is_own,
            g3_state_allows,
            g3_provider_looked_into_it,
            g6_who_checked_does_not_decide,
            d5_who_refutes_now,
            g4_version_continues,
        ),
        apply=_refute,
    ),
    Transition(
        verb="objection.acknowledge",
        fields=ObjectionAcknowledge,
        sentence=Text("{who} takes over the correction of {object}", "{who} 接收 {object} 的更正"),
        from_states=("CORRECTED",),
        to_states=("CORRECTED",),
        org_roles=(),
        key_roles=(),
        rules=(g3_object_exists, g3_state_allows, d10_signer_was_listed, g4_version_continues),
        apply=_acknowledge,
    ),
)
