"""Guards of identity and licences: who is a member, whose key counts, who may issue, who may use."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_IDENTITY = "tests/rules/test_ledger_identity.py::"
_CHAIN = "tests/rules/test_ledger_accreditation.py::"
_LICENCE = "tests/rules/test_ledger_licence_ends.py::"

IDENTITY: Final[tuple[Mutant, ...]] = (
    Mutant(
        "revoked since no time",
        "ledger/kinds/key/rules.py",
        "    if since_ms <= 0:",
        "    if False:",
        (f"{_IDENTITY}test_I1_denies_a_revocation_since_no_time",),
        rules=("I1",),
    ),
    Mutant(
        "a list at another issuer's address",
        "ledger/kinds/status_list.py",
        "    if any(org != attempt.org.id for org in named):",
        "    if False:",
        (f"{_LICENCE}test_L9_denies_a_list_at_the_address_of_another_issuer",),
        rules=("L9",),
    ),
    Mutant(
        "an admitted organisation writes before it confirmed",
        "ledger/execution.py",
        '    if org.standing == "ADMITTED" and kind.record_type not in _BEFORE_ACTIVATION:',
        "    if False:",
        (f"{_IDENTITY}test_I2_denies_business_before_the_admitted_member_confirms",),
        rules=("I2",),
    ),
    Mutant(
        "observers write",
        "ledger/rules/common.py",
        "    if TIERS.index(attempt.org.tier) < TIERS.index(least):",
        "    if False:",
        (f"{_IDENTITY}test_I5_denies_an_observer_that_writes_and_allows_its_keys",),
        rules=("I5",),
    ),
    Mutant(
        "the regulator is not asked",
        "ledger/kinds/change/rules.py",
        "    if regulators and not any(org in approvals for org in regulators):",
        "    if False:",
        (f"{_IDENTITY}test_I2_denies_nothing_but_waits_until_a_regulator_approves",),
        rules=("I2",),
    ),
    Mutant(
        "an expelled organisation is admitted again",
        "ledger/kinds/change/effects.py",
        "    if found is not None:\n",
        "    if False:\n",
        (f"{_IDENTITY}test_I2_allows_another_proposal_for_an_applicant_and_denies_one_for_a_member",),
        rules=("I2",),
    ),
    Mutant(
        "any key takes the place of one that committed to another",
        "ledger/kinds/key/rules.py",
        "    if wanted and attempt.suite.digest(",
        "    if False and attempt.suite.digest(",
        (f"{_IDENTITY}test_I1_allows_the_committed_key_and_denies_another",),
        rules=("I1",),
    ),
    Mutant(
        "a revocation re-judges everything",
        "ledger/kinds/key/standing.py",
        "    if revoked_ms and signed_at_ms >= revoked_ms:",
        "    if revoked_ms:",
        (f"{_IDENTITY}test_I1_revocation_since_answers_only_for_what_was_signed_later",),
        rules=("I1",),
    ),
    Mutant(
        "a revocation re-judges nothing",
        "ledger/kinds/key/standing.py",
        "    if revoked_ms and signed_at_ms >= revoked_ms:",
        "    if False:",
        (f"{_IDENTITY}test_I1_revocation_since_answers_only_for_what_was_signed_later",),
        rules=("I1",),
    ),
    Mutant(
        "one pseudonym for all relying parties",
        "crypto/pseudonyms.py",
        '"govchain.pseudonym/1", relying_party, identifier',
        '"govchain.pseudonym/1", "", identifier',
        (f"{_IDENTITY}test_I4_never_joins_without_the_mapping_key",),
        rules=("I4",),
    ),
    Mutant(
        "one person signs twice",
        "ledger/rules/common.py",
        "    if attempt.key.person in earlier:",
        "    if False:",
        (f"{_IDENTITY}test_G6_I6_denies_one_person_with_three_roles_and_allows_three_persons",),
        rules=("I6",),
    ),
    Mutant(
        "a revoked accreditation goes on",
        "ledger/kinds/accreditation/chain.py",
        '    if not past or past[-1] != "ACTIVE":',
        "    if not past:",
        (f"{_CHAIN}test_I7_denies_issue_after_revocation_and_keeps_what_was_issued",),
        rules=("I7",),
    ),
    Mutant(
        "an earlier claimed time brings an accreditation back",
        "ledger/kinds/licence/issuing.py",
        "    now_ms = max(attempt.claimed_time_ms, attempt.block_time_ms)",
        "    now_ms = attempt.claimed_time_ms",
        (f"{_CHAIN}test_I7_denies_issue_after_revocation_and_keeps_what_was_issued",),
        rules=("I7",),
    ),
    Mutant(
        "accredited for one area, issues in all",
        "ledger/kinds/accreditation/chain.py",
        "    if not covers_area(data.area, area):",
        "    if False:",
        (f"{_CHAIN}test_I7_denies_another_area",),
        rules=("I7",),
    ),
    Mutant(
        "who is out goes on accrediting",
        "ledger/kinds/accreditation/chain.py",
        "    if not was_member(access, data.issuer, at_ms):",
        "    if False:",
        (f"{_CHAIN}test_I7_denies_when_one_above_is_no_member_any_more",),
        rules=("I7",),
    ),
    Mutant(
        "a withdrawn licence was valid once",
        "ledger/kinds/licence/validity.py",
        '    if record.state == "WITHDRAWN" and at_ms >= start_ms:',
        "    if False:",
        (f"{_LICENCE}test_L3_withdrawn_was_never_valid",),
        rules=("L3",),
    ),
    Mutant(
        "what never had the place of its holder frees it",
        "ledger/kinds/licence/changes.py",
        "    if attempt.access.indexed(key) == record.object_id:",
        "    if True:",
        (
            f"{_LICENCE}test_L2_allows_a_version_after_one_that_was_thrown_away_as_a_draft",
            "tests/rules/test_ledger_realty.py::"
            "test_L2_denies_a_second_licence_after_another_registrys_title_of_that_type_ended",
        ),
        rules=("L2",),
    ),
    Mutant(
        "a pseudonym of another organisation is the holder",
        "ledger/kinds/licence/changes.py",
        '    return holder_ref in (attempt.org.id, f"{attempt.org.id}:{attempt.key.person}")',
        '    return holder_ref == attempt.org.id or holder_ref.endswith(f":{attempt.key.person}")',
        (f"{_LICENCE}test_L6_allows_a_person_by_the_key_of_its_organisation_only",),
        rules=("L6",),
    ),
    Mutant(
        "uses are not counted",
        "ledger/kinds/authorisation/rules.py",
        "    if data.used >= data.max_uses:",
        "    if False:",
        (f"{_LICENCE}test_L6_allows_counted_uses_and_denies_the_next",),
        rules=("L6",),
    ),
    Mutant(
        "an earlier claimed time brings an authorisation back",
        "ledger/kinds/authorisation/rules.py",
        "    if max(attempt.claimed_time_ms, attempt.block_time_ms) >= data.expires_ms:",
        "    if attempt.claimed_time_ms >= data.expires_ms:",
        (f"{_LICENCE}test_L6_denies_use_without_after_the_end_and_after_expiry",),
        rules=("L6",),
    ),
    Mutant(
        "a stamped copy serves another purpose",
        "ledger/kinds/authorisation/rules.py",
        "    if stamped is not None and stamped != CopyPurpose(data.audience, data.purpose):",
        "    if False:",
        (f"{_LICENCE}test_L7_allows_one_copy_for_its_purpose_and_denies_another",),
        rules=("L7",),
    ),
    Mutant(
        "fields beyond the authorisation",
        "ledger/kinds/authorisation/rules.py",
        "    if not set(attempt.fields.fields) <= set(attempt.data.fields):",
        "    if False:",
        (f"{_LICENCE}test_L8_allows_authorised_fields_and_denies_others",),
        rules=("L8",),
    ),
)
