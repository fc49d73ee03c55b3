"""Guards of department gateways: nothing beyond the chain's rules, nothing lost, nothing answered twice."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_EXCHANGE = "tests/unit/test_gateway_exchange.py::"
_LISTS = "tests/unit/test_gateway_status_lists.py::"
_PARTS = "tests/unit/test_gateway_parts.py::"
_HTTP = "tests/unit/test_gateway_http.py::"
_IN_SIMULATION = "tests/sim/test_sim_gateways.py::"
_IN_SCENARIOS = "tests/unit/test_scenario_gateways.py::"
_KILLED = f"{_EXCHANGE}test_a_gateway_killed_at_any_point_loses_nothing_and_answers_once"

GATEWAY: Final[tuple[Mutant, ...]] = (
    Mutant(
        "an answer is not kept before it is logged",
        "gateway/office.py",
        "        self.store.put_exchange(prepared, next_nonce=signer.next_nonce)",
        "        pass",
        (_KILLED,),
        rules=("D7",),
    ),
    Mutant(
        "an answer leaves before its hash is on the chain",
        "gateway/provider.py",
        '        if row.state in ("ANSWERED", "DENIED"):',
        '        if row.state == "DENIED":',
        (f"{_EXCHANGE}test_D7_an_answer_is_signed_by_both_sides_and_told_once",),
        rules=("D7",),
    ),
    Mutant(
        "a query is believed that the chain does not know",
        "gateway/provider.py",
        '        if record is None or record.state != "QUERIED" or not _is_of(record, query, signed.body):',
        "        if False:",
        (f"{_EXCHANGE}test_D2_a_query_that_is_not_on_the_chain_gets_the_refusal_whoever_is_held",),
        rules=("D2",),
    ),
    Mutant(
        "a revoked consent is not seen",
        "gateway/provider.py",
        "        return judge_answer(asked)",
        "        return None",
        (f"{_EXCHANGE}test_D11_a_consent_revoked_before_the_answer_is_not_read_for",),
        rules=("D11",),
    ),
    Mutant(
        "any bound may be asked for",
        "gateway/holdings.py",
        "return offer is not None and (query.mode != THRESHOLD or bounds.get(name) in offer.thresholds)",
        "return offer is not None",
        (f"{_EXCHANGE}test_D9_a_threshold_is_told_as_yes_or_no_and_only_for_offered_bounds",),
        rules=("D9",),
    ),
    Mutant(
        "what is not offered is refused off the record",
        "ledger/kinds/exchange/rules.py",
        "    if attempt.fields.withheld:\n        names, mode",
        "    if False:\n        names, mode",
        (
            f"{_EXCHANGE}test_D9_G8_a_field_that_is_granted_and_not_offered_is_refused_on_record",
            "tests/rules/test_ledger_exchange.py::test_D9_denies_an_answer_that_withholds_a_field",
        ),
        rules=("D9", "G8"),
    ),
    Mutant(
        "answers keep their length",
        "gateway/documents.py",
        "    size = -(-len(data) // ANSWER_BLOCK_BYTES) * ANSWER_BLOCK_BYTES",
        "    size = len(data)",
        (f"{_EXCHANGE}test_an_answer_about_nobody_is_as_long_as_any_other_and_as_a_refusal",),
        rules=("D2",),
    ),
    Mutant(
        "an answer is taken whatever the chain says",
        "gateway/requester.py",
        "        if (found.sha256, found.sm3) != (data.answer_sha256, data.answer_sm3):",
        "        if False:",
        (f"{_EXCHANGE}test_D7_an_answer_that_is_not_the_one_on_the_chain_is_not_taken",),
        rules=("D7",),
    ),
    Mutant(
        "a correction keeps the source key",
        "gateway/holdings.py",
        "        self._store.put_facts([self._fact(holding, known.generation + 1)])",
        "        self._store.put_facts([self._fact(holding, known.generation)])",
        (f"{_EXCHANGE}test_D10_a_correction_reveals_the_key_of_the_wrong_answers_alone",),
        rules=("D10",),
    ),
    Mutant(
        "a department hands in what another one signed",
        "gateway/callers.py",
        "    if query.requester != (sender := _sender(request)):",
        "    if not (sender := _sender(request)):",
        (f"{_HTTP}test_a_query_under_another_department_s_certificate_is_refused",),
        rules=("D2",),
    ),
    Mutant(
        "whoever answers is taken for the provider",
        "gateway/tls.py",
        "        self.client.check_hostname = True",
        "        self.client.check_hostname = False",
        (f"{_HTTP}test_whoever_asks_wants_the_provider_s_certificate",),
        rules=("D2",),
    ),
    Mutant(
        "departments need no certificate",
        "gateway/server.py",
        "    return await listen(_app(context, routes, limits), host, port, limits, tls.departments)",
        "    return await listen(_app(context, routes, limits), host, port, limits, tls.people)",
        (f"{_HTTP}test_a_stranger_gets_no_line_to_where_departments_ask",),
        rules=("D2",),
    ),
    Mutant(
        "a database that is gone is written to",
        "gateway/store.py",
        "        if _identity_of(self._file) != self._identity:",
        "        if False:",
        (f"{_PARTS}test_a_database_that_was_removed_or_replaced_takes_no_more",),
        rules=("D7",),
    ),
    Mutant(
        "a stranger's query is held against the organisation that he named",
        "gateway/denied.py",
        "    if not result.object_id:",
        "    if False:",
        (
            "tests/unit/test_gateway_denied.py::test_I1_a_query_that_nobody_known_signed_is_held_against_nobody",
        ),
        rules=("G8",),
    ),
    Mutant(
        "a validator says that a query was denied which was not",
        "gateway/denied.py",
        "    if result.applied or denied.body.kind != QUERY:",
        "    if False:",
        ("tests/unit/test_gateway_denied.py::test_G8_a_query_that_the_chain_took_is_not_kept_as_denied",),
        rules=("G8",),
    ),
    Mutant(
        "silent callers keep everybody out",
        "api/listener.py",
        "                oldest.cancel()",
        "                pass",
        (f"{_HTTP}test_silent_handshakes_make_room_for_whoever_shakes_hands",),
        rules=("D2",),
    ),
    Mutant(
        "a question goes on the chain that can never be sent",
        "gateway/requester.py",
        "        if not self._peers.knows(provider):",
        "        if False:",
        (f"{_EXCHANGE}test_a_provider_without_an_address_is_not_asked",),
        rules=("D2",),
    ),
    Mutant(
        "a silent department keeps the others waiting",
        "gateway/gateway.py",
        "        if other in silent:",
        "        if False:",
        (f"{_EXCHANGE}test_a_silent_department_is_tried_once_and_keeps_nobody_waiting",),
        rules=("D7",),
    ),
    Mutant(
        "a question that was overtaken is lost",
        "gateway/requester.py",
        'elif result.rule == "G9" and not office.is_rehearsal and attempt + 1 < ATTEMPTS_MAX:',
        "elif False:",
        (f"{_EXCHANGE}test_G9_a_question_that_another_one_overtook_is_asked_now",),
        rules=("G9",),
    ),
    Mutant(
        "a person's token never ends",
        "gateway/tokens.py",
        '        return entry.person if now_ms < entry.until_ms else ""',
        "        return entry.person",
        (f"{_PARTS}test_a_token_of_a_person_ends_and_opens_no_other_person",),
        rules=("D11",),
    ),
    Mutant(
        "a portal hands on any record",
        "gateway/routes.py",
        '    if kind != "consent.revoke":',
        "    if False:",
        (f"{_HTTP}test_D11_the_portal_hands_on_revocations_and_nothing_else",),
        rules=("D11",),
    ),
    Mutant(
        "a killed gateway of a simulation goes on",
        "scenario/gateways.py",
        "        if self.is_over:",
        "        if False:",
        (f"{_IN_SIMULATION}test_a_gateway_killed_in_a_question_changes_nothing_but_its_time",),
        rules=("D7",),
    ),
    Mutant(
        "yes is the number one",
        "scenario/desk.py",
        "(type(told[name]), told[name]) != (type(wanted[name]), wanted[name])",
        "told[name] != wanted[name]",
        (f"{_IN_SCENARIOS}test_yes_is_not_the_number_one",),
        rules=("D9",),
    ),
    Mutant(
        "a step signs with the key of a gateway",
        "scenario/check_gateways.py",
        "        if holder is not None and holder.id == step.by and step.do not in GATEWAY_VERBS:",
        "        if False:",
        (f"{_IN_SCENARIOS}test_gateways_that_cannot_be_are_refused_with_their_place",),
        rules=("D7",),
    ),
    Mutant(
        "a list that nobody anchored is handed out",
        "gateway/status_lists.py",
        "        require_anchored(found, record.data_as(StatusListData).digest)",
        "        pass",
        (f"{_LISTS}test_L9_refuses_what_its_issuer_did_not_sign_and_anchor",),
        rules=("L9",),
    ),
    Mutant(
        "anybody anchors a list of anybody",
        "gateway/status_lists.py",
        "        if record is None or record.issuer_org != issuer:",
        "        if record is None:",
        (f"{_LISTS}test_L9_refuses_a_list_that_somebody_else_anchored_at_the_address",),
        rules=("L9",),
    ),
    Mutant(
        "a list is handed out after its end",
        "gateway/status_lists.py",
        "        return (kept.text, left_s) if left_s > 0 else None",
        "        return kept.text, left_s",
        (f"{_LISTS}test_L9_answers_with_the_newest_list_until_it_is_over",),
        rules=("L9",),
    ),
)
