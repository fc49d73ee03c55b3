"""Life cycle of exchanges 数据交换: what each record changes, and which rules it must pass.

QUERIED → ANSWERED → CONFIRMED. Each side signs its own record; passing an answer on changes no state.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.codec import encode
from govchain.ledger.kinds.consent import ConsentData, ConsentUse
from govchain.ledger.kinds.exchange.fields import (
    ExchangeAnswer,
    ExchangeConfirm,
    ExchangeData,
    ExchangeForward,
    ExchangePermit,
    ExchangeQuery,
    SourceUses,
)
from govchain.ledger.kinds.exchange.judgement import ANSWER_CHECKS, QUERY_CHECKS
from govchain.ledger.kinds.exchange.onward import (
    d3_data_is_not_passed_on,
    d10_nothing_corrected_goes_further,
    g3_forwards_have_room,
    g3_permits_have_room,
    remember_receiver,
)
from govchain.ledger.kinds.exchange.rules import (
    d1_source_answers,
    d7_answer_is_to_the_query,
    d7_received_is_what_was_sent,
    d9_answer_tells_no_more,
    d9_nothing_is_withheld,
    d10_reference_is_of_this_requester,
    g1_answer_is_well_formed,
    g1_permit_is_well_formed,
    g1_query_is_well_formed,
    g1_receiver_is_an_organisation,
    i5_exchange_is_own,
    of_answer,
    of_query,
    source_uses_of,
)
from govchain.ledger.kinds.exchange.sources import source_uses_key
from govchain.ledger.kinds.grant.fields import GrantData
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Text
from govchain.ledger.sharing import GATEWAY, PROVIDER, REQUESTER, day_of
from govchain.ledger.state import RecordState


def _query(attempt: Attempt) -> None:
    fields: ExchangeQuery = attempt.fields
    grant = attempt.access.record("grant", fields.grant)
    assert grant is not None
    data = ExchangeData(
        item=fields.item,
        grant=fields.grant,
        provider=grant.data_as(GrantData).provider,
        purpose=fields.purpose,
        fields=tuple(fields.fields),
        mode=fields.mode,
        subject_ref=fields.subject_ref,
        consent=fields.consent,
        query_sha256=fields.query_hash.sha256,
        query_sm3=fields.query_hash.sm3,
        licence=fields.licence,
    )
    attempt.create("QUERIED", data)
    _count(attempt, fields, grant)


def _count(attempt: Attempt, fields: ExchangeQuery, grant: RecordState) -> None:
    """Of grant and consent only the data changes, not the version: nobody's next record meets a race."""
    data, day = grant.data_as(GrantData), day_of(attempt.claimed_time_ms)
    counted = msgspec.structs.replace(
        data,
        uses=data.uses + 1,
        day=day,
        uses_of_day=data.uses_of_day + 1 if data.day == day else 1,
        last_query_ms=attempt.claimed_time_ms,
    )
    attempt.keep_record(msgspec.structs.replace(grant, data=encode(counted)))
    if fields.consent:
        consent = attempt.access.record("consent", fields.consent)
        assert consent is not None
        given = consent.data_as(ConsentData)
        used = (*given.uses, ConsentUse(fields.item, attempt.envelope.object_id))
        listed = msgspec.structs.replace(given, uses=used)
        attempt.keep_record(msgspec.structs.replace(consent, data=encode(listed)))


def _answer(attempt: Attempt) -> None:
    fields: ExchangeAnswer = attempt.fields
    record, data = attempt.existing, attempt.data
    answered = msgspec.structs.replace(
        data,
        answer_sha256=fields.answer_hash.sha256,
        answer_sm3=fields.answer_hash.sm3,
        source_ref=fields.source_ref,
        source_exchange=fields.source_exchange,
    )
    attempt.advance(record, "ANSWERED", answered)
    known = source_uses_of(attempt, data.item, fields.source_ref)
    count, last_ms, forwarded = (0, 0, ()) if known is None else (known.count, known.last_ms, known.forwarded)
    # An answer that claims an earlier time takes back nothing: a correction would miss the later one.
    last_ms = max(last_ms, attempt.claimed_time_ms)
    attempt.put(
        source_uses_key(data.item, fields.source_ref),
        SourceUses(record.issuer_org, record.object_id, last_ms, count + 1, forwarded),
    )
    remember_receiver(attempt)


def _confirm(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "CONFIRMED")


def _permit(attempt: Attempt) -> None:
    record, data = attempt.existing, attempt.data
    permitted = (*data.permitted, attempt.fields.to_org)
    attempt.advance(record, record.state, msgspec.structs.replace(data, permitted=permitted))


def _forward(attempt: Attempt) -> None:
    record, data = attempt.existing, attempt.data
    forwarded = (*data.forwarded, attempt.fields.to_org)
    attempt.advance(record, record.state, msgspec.structs.replace(data, forwarded=forwarded))
    remember_receiver(attempt)


_DONE: Final = ("ANSWERED", "CONFIRMED")

TRANSITIONS: Final = (
    Transition(
        verb="exchange.query",
        fields=ExchangeQuery,
        sentence=Text(
            "{who} asks for {fields} of {item} about {subject_ref} for {purpose}, as {mode}",
            "{who} 为 {purpose} 查询 {subject_ref} 在 {item} 的 {fields}，方式 {mode}",
        ),
        from_states=(),
        to_states=("QUERIED",),
        org_roles=(REQUESTER,),
        key_roles=(GATEWAY,),
        rules=(
            i5_roles_allow,
            g1_query_is_well_formed,
            g3_object_is_new,
            *map(of_query, QUERY_CHECKS),
            g4_version_continues,
        ),
        apply=_query,
    ),
    Transition(
        verb="exchange.answer",
        fields=ExchangeAnswer,
        sentence=Text("{who} answers {object} as {mode}", "{who} 以 {mode} 答复 {object}"),
        from_states=("QUERIED",),
        to_states=("ANSWERED",),
        org_roles=(PROVIDER,),
        key_roles=(GATEWAY,),
        rules=(
            i5_roles_allow,
            g1_answer_is_well_formed,
            g3_object_exists,
            d1_source_answers,
            g3_state_allows,
            d7_answer_is_to_the_query,
            d9_answer_tells_no_more,
            *map(of_answer, ANSWER_CHECKS),
            d9_nothing_is_withheld,
            d3_data_is_not_passed_on,
            d10_nothing_corrected_goes_further,
            g3_forwards_have_room,
            d10_reference_is_of_this_requester,
            g4_version_continues,
        ),
        apply=_answer,
    ),
    Transition(
        verb="exchange.confirm",
        fields=ExchangeConfirm,
        sentence=Text("{who} confirms what it received in {object}", "{who} 确认收到 {object} 的答复"),
        from_states=("ANSWERED",),
        to_states=("CONFIRMED",),
        org_roles=(REQUESTER,),
        key_roles=(GATEWAY,),
        rules=(
            i5_roles_allow,
            g3_object_exists,
            i5_exchange_is_own,
            g3_state_allows,
            d7_received_is_what_was_sent,
            g4_version_continues,
        ),
        apply=_confirm,
    ),
    Transition(
        verb="exchange.permit",
        fields=ExchangePermit,
        sentence=Text(
            "{who} lets {object} be passed on to {to_org} ({reason})",
            "{who} 同意将 {object} 转给 {to_org}（{reason}）",
        ),
        from_states=_DONE,
        to_states=_DONE,
        org_roles=(PROVIDER,),
        key_roles=("approver",),
        rules=(
            i5_roles_allow,
            g1_permit_is_well_formed,
            g3_object_exists,
            d1_source_answers,
            g3_state_allows,
            g3_permits_have_room,
            g4_version_continues,
        ),
        apply=_permit,
    ),
    Transition(
        verb="exchange.forward",
        fields=ExchangeForward,
        sentence=Text("{who} passes {object} on to {to_org}", "{who} 将 {object} 转给 {to_org}"),
        from_states=_DONE,
        to_states=_DONE,
        org_roles=(REQUESTER,),
        key_roles=(GATEWAY,),
        rules=(
            i5_roles_allow,
            g1_receiver_is_an_organisation,
            g3_object_exists,
            i5_exchange_is_own,
            g3_state_allows,
            d3_data_is_not_passed_on,
            d10_nothing_corrected_goes_further,
            g3_forwards_have_room,
            g4_version_continues,
        ),
        apply=_forward,
    ),
)
