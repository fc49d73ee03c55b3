"""Guards of sharing: nothing beyond grant and consent, nothing passed on, nobody forgotten by a correction."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_CATALOG = "tests/rules/test_ledger_catalog.py::"
_GRANT = "tests/rules/test_ledger_grant.py::"
_EXCHANGE = "tests/rules/test_ledger_exchange.py::"
_OBJECTION = "tests/rules/test_ledger_objection.py::"
_JUDGEMENT = "ledger/kinds/exchange/judgement.py"

SHARING: Final[tuple[Mutant, ...]] = (
    Mutant(
        "two sources of one element",
        "ledger/kinds/catalog/rules.py",
        "        if other and other != attempt.envelope.object_id:",
        "        if False:",
        (f"{_CATALOG}test_D1_denies_a_second_source_of_an_element",),
        rules=("D1",),
    ),
    Mutant(
        "a retired draft takes the source along",
        "ledger/kinds/catalog/rules.py",
        "        if attempt.access.indexed(element_key(field.element)) == attempt.envelope.object_id:",
        "        if True:",
        (f"{_CATALOG}test_D1_denies_publishing_what_another_item_took_meanwhile",),
        rules=("D1",),
    ),
    Mutant(
        "forms ask again",
        "ledger/kinds/form.py",
        "    if again:",
        "    if False:",
        (f"{_CATALOG}test_D4_denies_a_form_that_asks_for_what_is_shared",),
        rules=("D4",),
    ),
    Mutant(
        "late refusals",
        "ledger/kinds/grant/rules.py",
        '    if late and is_provider and attempt.verb == "grant.reject":',
        "    if False:",
        (f"{_GRANT}test_D5_denies_rejecting_late_and_allows_agreeing_late",),
        rules=("D5",),
    ),
    Mutant(
        "the authority decides early",
        "ledger/kinds/grant/rules.py",
        "    if not late and not is_provider:",
        "    if False:",
        (f"{_GRANT}test_D5_denies_deciding_for_the_provider_before_the_deadline",),
        rules=("D5",),
    ),
    Mutant(
        "values without a need",
        "ledger/kinds/grant/rules.py",
        "        if VALUE in fields.modes and len(offered) > 1 and VALUE in offered and not fields.value_need:",
        "        if False:",
        (f"{_GRANT}test_D9_denies_a_value_without_a_need_and_allows_it_with_one",),
        rules=("D9",),
    ),
    Mutant(
        "grants of other departments",
        _JUDGEMENT,
        " or record.issuer_org != asked.requester",
        "",
        (f"{_EXCHANGE}test_D2_denies_the_grant_of_another_department_or_item",),
        rules=("D2",),
    ),
    Mutant(
        "rates without end",
        _JUDGEMENT,
        "    if grant.day == day_of(asked.at_ms) and grant.uses_of_day >= grant.rate_per_day:",
        "    if False:",
        (f"{_EXCHANGE}test_D2_denies_beyond_the_rate_of_a_day_and_allows_the_next_day",),
        rules=("D2",),
    ),
    Mutant(
        "claims that run back under a grant",
        _JUDGEMENT,
        "    if asked.at_ms < grant.last_query_ms:",
        "    if False:",
        (f"{_EXCHANGE}test_G9_denies_claiming_an_earlier_time_to_get_around_a_limit",),
        rules=("D2",),
    ),
    Mutant(
        "consents of anybody",
        _JUDGEMENT,
        '        ("person", data.subject_ref, query.subject_ref),\n',
        "",
        (f"{_EXCHANGE}test_D11_denies_a_query_that_no_consent_covers",),
        rules=("D11",),
    ),
    Mutant(
        "consents used without end",
        _JUDGEMENT,
        "    if data.count(query.item) >= data.max_uses:",
        "    if False:",
        (f"{_EXCHANGE}test_D11_denies_a_consent_that_is_used_up",),
        rules=("D11",),
    ),
    Mutant(
        "answers after the consent was revoked",
        _JUDGEMENT,
        "    d2_licence_is_still_held,\n    d11_person_consents,\n)",
        "    d2_licence_is_still_held,\n)",
        (f"{_EXCHANGE}test_D11_denies_query_and_answer_once_the_person_revokes",),
        rules=("D11",),
    ),
    Mutant(
        "consenting for others",
        "ledger/kinds/consent.py",
        "    if attempt.key.person != subject:",
        "    if False:",
        (f"{_EXCHANGE}test_D11_denies_consenting_for_somebody_else",),
        rules=("D11",),
    ),
    Mutant(
        "answers passed on",
        "ledger/kinds/exchange/onward.py",
        "        if to_org not in data.permitted:",
        '        if to_org not in data.permitted and attempt.verb == "exchange.forward":',
        (f"{_EXCHANGE}test_D3_denies_answering_with_what_was_received",),
        rules=("D3",),
    ),
    Mutant(
        "one reference for two requesters",
        "ledger/kinds/exchange/rules.py",
        "    if known is not None and known.requester != attempt.existing.issuer_org:",
        "    if False:",
        (f"{_EXCHANGE}test_D10_denies_one_reference_for_two_requesters",),
        rules=("D10",),
    ),
    Mutant(
        "what was corrected is answered again",
        "ledger/kinds/exchange/rules.py",
        "    if known is not None and known.is_corrected:",
        "    if False:",
        (f"{_OBJECTION}test_D10_denies_answering_with_what_was_corrected",),
        rules=("D10",),
    ),
    Mutant(
        "what was corrected is passed on",
        "ledger/kinds/exchange/onward.py",
        "        if _uses(attempt, data).is_corrected:",
        "        if False:",
        (f"{_OBJECTION}test_D10_denies_passing_on_what_was_corrected",),
        rules=("D10",),
    ),
    Mutant(
        "refuted and never looked into",
        "ledger/kinds/objection/rules.py",
        "            g3_provider_looked_into_it,\n",
        "",
        (f"{_OBJECTION}test_G3_denies_the_provider_to_refute_what_nobody_looked_into",),
        rules=("G3",),
    ),
    Mutant(
        "an earlier claimed time hides a later answer",
        "ledger/kinds/exchange/lifecycle.py",
        "    last_ms = max(last_ms, attempt.claimed_time_ms)",
        "    last_ms = attempt.claimed_time_ms",
        (f"{_OBJECTION}test_D10_reports_whom_a_later_answer_with_an_earlier_claimed_time_would_hide",),
        rules=("D10",),
    ),
    Mutant(
        "corrections that forget who got it second hand",
        "ledger/kinds/objection/notices.py",
        "        passed_on += [(other, uses.last_exchange) for other in uses.forwarded]\n",
        "",
        (f"{_OBJECTION}test_D10_reports_those_to_whom_it_was_passed_on",),
        rules=("D10",),
    ),
    Mutant(
        "corrections with a wrong key",
        "ledger/kinds/objection/rules.py",
        "    if source_reference(attempt.suite, key, record.issuer_org) != record.data_as(ExchangeData).source_ref:",
        "    if False:",
        (f"{_OBJECTION}test_D10_denies_a_key_of_another_subject",),
        rules=("D10",),
    ),
)
