"""Rules of exchanges 数据交换 (rules D1, D7, D9; the query's are in `judgement`, D3 in `onward`).

What a record changes is in `lifecycle`.
"""

from __future__ import annotations

import functools
from typing import Final

from govchain.ledger.field_checks import (
    require_code,
    require_codes,
    require_hex,
    require_number,
    require_one_of,
    require_organisation,
    require_reference,
    require_text,
)
from govchain.ledger.kinds.exchange.fields import (
    ExchangeAnswer,
    ExchangeData,
    ExchangeQuery,
    SourceUses,
)
from govchain.ledger.kinds.exchange.judgement import (
    Asked,
    Check,
)
from govchain.ledger.kinds.exchange.sources import source_uses_key
from govchain.ledger.payloads import Hashes
from govchain.ledger.rules.attempt import Attempt, RuleFunction
from govchain.ledger.rules.rule import deny
from govchain.ledger.sharing import MODES

PROOF_MAX: Final = 64
"""Nodes of a proof that a pseudonym is on a list."""


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
    if fields.withheld:
        require_codes("withheld", fields.withheld)


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


def d9_nothing_is_withheld(attempt: Attempt) -> None:
    """Rule D9: what a provider does not offer it does not tell; it says so here, for the record (rule G8)."""
    if attempt.fields.withheld:
        names, mode = ", ".join(attempt.fields.withheld), attempt.data.mode
        raise deny("D9", "E_SCOPE_FIELD", f"{attempt.data.provider} does not offer {names} as {mode}")


def d7_received_is_what_was_sent(attempt: Attempt) -> None:
    """Rule D7: the requester confirms the answer that the provider signed."""
    sent = Hashes(attempt.data.answer_sha256, attempt.data.answer_sm3)
    if attempt.fields.answer_hash != sent:
        raise deny("D7", "E_HASH_MISMATCH", "answer_hash differs from the one that the provider signed")


def d10_reference_is_of_this_requester(attempt: Attempt) -> None:
    """Rule D10: a reference names a subject to one requester only, or a correction would miss the other.

    After a correction there is another one: an answer under the old would have no notice any more.
    """
    known = source_uses_of(attempt, attempt.data.item, attempt.fields.source_ref)
    if known is not None and known.requester != attempt.existing.issuer_org:
        raise deny("D10", "E_DUP_ID", "source_ref was given to another requester")
    if known is not None and known.is_corrected:
        raise deny("D10", "E_STATE", "source_ref is that of a datum which was corrected since")


def of_query(check: Check) -> RuleFunction:
    """A check of `judgement` as a rule of `exchange.query`."""

    @functools.wraps(check)
    def rule(attempt: Attempt) -> None:
        check(_asked(attempt, attempt.fields, attempt.org.id))

    return rule


def of_answer(check: Check) -> RuleFunction:
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
        licence=data.licence,
    )


def source_uses_of(attempt: Attempt, item: str, source_ref: str) -> SourceUses | None:
    return attempt.access.value(source_uses_key(item, source_ref), SourceUses)
