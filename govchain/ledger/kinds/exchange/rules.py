"""Rules and life cycle of exchanges 数据交换 (rules D1, D3, D7; those of the query are in `judgement`).

QUERIED → ANSWERED → CONFIRMED. Each side signs its own record; passing an answer on changes no state.
"""

from __future__ import annotations

import functools
from typing import Final

import msgspec

from govchain.crypto import Suite
from govchain.ledger.kinds.exchange.fields import (
    ConsentUses,
    ExchangeAnswer,
    ExchangeConfirm,
    ExchangeData,
    ExchangeForward,
    ExchangePermit,
    ExchangeQuery,
    SourceUses,
)
from govchain.ledger.kinds.exchange.judgement import (
    ANSWER_CHECKS,
    QUERY_CHECKS,
    Asked,
    Check,
    consent_uses_key,
    grant_uses_key,
)
from govchain.ledger.kinds.grant.fields import GrantData, GrantUses
from govchain.ledger.payloads import Hashes
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.sharing import (
    GATEWAY,
    MODES,
    PROVIDER,
    REQUESTER,
    day_of,
    require_code,
    require_codes,
    require_hex,
    require_number,
    require_one_of,
    require_organisation,
    require_reference,
    require_text,
)
from govchain.ledger.state import index_key

FORWARDS_MAX: Final = 32
"""Organisations to which one exchange may be passed on."""
PROOF_MAX: Final = 64
"""Nodes of a proof that a pseudonym is on a list."""

_SOURCE_PREFIX: Final = b"govchain.source/1\x00"


def source_reference(suite: Suite, source_key: bytes, requester: str) -> str:
    """How a provider names a subject to one requester (rule D10).

    Two requesters see two references that nobody can link without the key; for one requester it is the same
    each time. A correction reveals the key, so that everybody can compute who received the datum.

    Args:
        source_key: 32 bytes that the provider draws for one subject and item, another after a correction.
    """
    return suite.digest(_SOURCE_PREFIX + source_key + requester.encode()).hex()


def source_uses_key(item: str, source_ref: str) -> bytes:
    """Where it stands what a requester received about a subject."""
    return index_key("exchange-source", item, source_ref)


def g1_query_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: codes, fields, mode and references of a query are such."""
    fields: ExchangeQuery = attempt.fields
    require_reference("object_id", attempt.envelope.object_id)
    require_code("item", fields.item)
    require_code("purpose", fields.purpose)
    require_codes("fields", fields.fields)
    require_one_of("mode", fields.mode, MODES)
    require_reference("subject_ref", fields.subject_ref)
    if fields.consent:
        require_reference("consent", fields.consent)
    if fields.listed is not None:
        require_number("listed", len(fields.listed.path), 0, PROOF_MAX)
        require_number("listed", fields.listed.index, 0, 2**53 - 1)
        for node in fields.listed.path:
            require_hex("listed", node)


def g1_answer_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: an answer has a mode and the provider's reference of the subject."""
    fields: ExchangeAnswer = attempt.fields
    require_one_of("mode", fields.mode, MODES)
    require_hex("source_ref", fields.source_ref)
    if fields.source_exchange:
        require_reference("source_exchange", fields.source_exchange)


def g1_permit_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a permission names an organisation and a reason."""
    require_organisation("to_org", attempt.fields.to_org)
    require_text("reason", attempt.fields.reason)


def g1_receiver_is_an_organisation(attempt: Attempt) -> None:
    """Rule G1: an answer is passed on to an organisation."""
    require_organisation("to_org", attempt.fields.to_org)


def d1_source_answers(attempt: Attempt) -> None:
    """Rule D1: only the authoritative source of an item answers, and agrees to passing it on."""
    if attempt.data.provider != attempt.org.id:
        raise deny(
            "D1", "E_NOT_AUTHORITATIVE", f"{attempt.data.provider} is the source of {attempt.data.item}"
        )


def i5_exchange_is_own(attempt: Attempt) -> None:
    """Rule I5: the department that asked goes on with its exchange."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another department asked in this exchange")


def d7_answer_is_to_the_query(attempt: Attempt) -> None:
    """Rule D7: the provider answers the query that the requester signed."""
    asked = Hashes(attempt.data.query_sha256, attempt.data.query_sm3)
    if attempt.fields.query_hash != asked:
        raise deny("D7", "E_HASH_MISMATCH", "query_hash differs from the one that the requester signed")


def d9_answer_tells_no_more(attempt: Attempt) -> None:
    """Rule D9: an answer has the mode of its query."""
    mode = attempt.fields.mode
    if mode != attempt.data.mode:
        raise deny("D9", "E_SCOPE_FIELD", f"the query asked for {attempt.data.mode}, not for {mode}")


def d7_received_is_what_was_sent(attempt: Attempt) -> None:
    """Rule D7: the requester confirms the answer that the provider signed."""
    sent = Hashes(attempt.data.answer_sha256, attempt.data.answer_sm3)
    if attempt.fields.answer_hash != sent:
        raise deny("D7", "E_HASH_MISMATCH", "answer_hash differs from the one that the provider signed")


def d3_data_is_not_passed_on(attempt: Attempt) -> None:
    """Rule D3: what a department received it does not pass on, by answers or otherwise, without consent."""
    if attempt.verb == "exchange.forward":
        if attempt.fields.to_org not in attempt.data.permitted:
            raise deny("D3", "E_ONWARD", f"{attempt.data.provider} did not agree to passing this on")
        return
    source = attempt.fields.source_exchange
    if not source:
        return
    record = attempt.access.record("exchange", source)
    data = None if record is None else record.data_as(ExchangeData)
    if record is None or data is None or record.issuer_org != attempt.org.id:
        raise deny("D3", "E_ONWARD", "source_exchange is no exchange of this department")
    if attempt.existing.issuer_org not in data.permitted:
        raise deny("D3", "E_ONWARD", f"{data.provider} did not agree to passing {source} on")


def d10_reference_is_of_this_requester(attempt: Attempt) -> None:
    """Rule D10: a reference names a subject to one requester only, or a correction would miss the other."""
    known = _source_uses(attempt, attempt.data.item, attempt.fields.source_ref)
    if known is not None and known.requester != attempt.existing.issuer_org:
        raise deny("D10", "E_DUP_ID", "source_ref was given to another requester")


def g3_forwards_have_room(attempt: Attempt) -> None:
    """Rule G3: an answer is passed on to a bounded number of organisations, each once."""
    data, to_org = attempt.data, attempt.fields.to_org
    known = data.permitted if attempt.verb == "exchange.permit" else data.forwarded
    source = _source_uses(attempt, data.item, data.source_ref)
    passed_on = () if source is None or to_org in source.forwarded else source.forwarded
    if len(known) >= FORWARDS_MAX or len(passed_on) >= FORWARDS_MAX or to_org in known:
        raise deny(
            "G3", "E_STATE", f"listed already, or the limit of {FORWARDS_MAX} organisations is reached"
        )


def _of_query(check: Check) -> RuleFunction:
    """A check of `judgement` as a rule of `exchange.query`."""

    @functools.wraps(check)
    def rule(attempt: Attempt) -> None:
        check(_asked(attempt, attempt.fields, attempt.org.id))

    return rule


def _of_answer(check: Check) -> RuleFunction:
    """The same for the query of an exchange that is about to be answered."""

    @functools.wraps(check)
    def rule(attempt: Attempt) -> None:
        check(_asked(attempt, query_of(attempt.data), attempt.existing.issuer_org))

    return rule


def _asked(attempt: Attempt, query: ExchangeQuery, requester: str) -> Asked:
    return Asked(query, requester, attempt.claimed_time_ms, attempt.access, attempt.suite)


def query_of(data: ExchangeData) -> ExchangeQuery:
    """The query of an exchange as far as it is judged again."""
    return ExchangeQuery(
        item=data.item,
        grant=data.grant,
        purpose=data.purpose,
        fields=list(data.fields),
        mode=data.mode,
        subject_ref=data.subject_ref,
        query_hash=Hashes(data.query_sha256, data.query_sm3),
        consent=data.consent,
    )


def _source_uses(attempt: Attempt, item: str, source_ref: str) -> SourceUses | None:
    return attempt.access.value(source_uses_key(item, source_ref), SourceUses)


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
    )
    attempt.create("QUERIED", data)
    _count(attempt, fields)


def _count(attempt: Attempt, fields: ExchangeQuery) -> None:
    day = day_of(attempt.claimed_time_ms)
    uses = attempt.access.value(grant_uses_key(fields.grant), GrantUses) or GrantUses(0, day, 0, 0)
    today = uses.today + 1 if uses.day == day else 1
    attempt.put(grant_uses_key(fields.grant), GrantUses(uses.total + 1, day, today, attempt.claimed_time_ms))
    if fields.consent:
        key = consent_uses_key(fields.consent, fields.item)
        used = attempt.access.value(key, ConsentUses) or ConsentUses(())
        attempt.put(key, ConsentUses((*used.exchanges, attempt.envelope.object_id)))


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
    known = _source_uses(attempt, data.item, fields.source_ref)
    count, forwarded = (0, ()) if known is None else (known.count, known.forwarded)
    attempt.put(
        source_uses_key(data.item, fields.source_ref),
        SourceUses(record.issuer_org, record.object_id, attempt.claimed_time_ms, count + 1, forwarded),
    )


def _confirm(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "CONFIRMED")


def _permit(attempt: Attempt) -> None:
    record, data = attempt.existing, attempt.data
    permitted = (*data.permitted, attempt.fields.to_org)
    attempt.advance(record, record.state, msgspec.structs.replace(data, permitted=permitted))


def _forward(attempt: Attempt) -> None:
    record, data, to_org = attempt.existing, attempt.data, attempt.fields.to_org
    forwarded = (*data.forwarded, to_org)
    attempt.advance(record, record.state, msgspec.structs.replace(data, forwarded=forwarded))
    known = _source_uses(attempt, data.item, data.source_ref)
    assert known is not None
    if to_org not in known.forwarded:
        attempt.put(
            source_uses_key(data.item, data.source_ref),
            msgspec.structs.replace(known, forwarded=(*known.forwarded, to_org)),
        )


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
            *map(_of_query, QUERY_CHECKS),
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
            *map(_of_answer, ANSWER_CHECKS),
            d3_data_is_not_passed_on,
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
            g3_forwards_have_room,
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
            g3_forwards_have_room,
            g4_version_continues,
        ),
        apply=_forward,
    ),
)
