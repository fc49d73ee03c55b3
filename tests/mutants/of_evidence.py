"""Guards of accusations: a contradiction is noticed, proven, kept within bounds, and nobody honest is accused."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_EVIDENCE = "tests/rules/test_consensus_evidence.py::"
_LEDGER = "tests/rules/test_ledger_equivocation.py::"
_BOOK = "tests/unit/test_ledger_evidence_book.py::"

EVIDENCE: Final[tuple[Mutant, ...]] = (
    Mutant(
        "accusations without proof",
        "consensus/evidence.py",
        "    verify_evidence(state.suite, state.validators, state.chain_id, evidence)\n",
        "",
        (f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",),
        (12,),
        ("EV-2",),
    ),
    Mutant(
        "contradictions unnoticed",
        "consensus/evidence.py",
        "        if earlier.body != signed.body:",
        "        if False:",
        (
            f"{_EVIDENCE}test_EV1_every_kind_of_vote_that_is_signed_once_is_evidence_when_signed_twice",
            f"{_EVIDENCE}test_situation_12_EV1_proposals_to_disjoint_sets_accuse_the_primary_at_every_validator",
        ),
        (12,),
        ("EV-1",),
    ),
    Mutant(
        "the same accusation without end",
        "consensus/evidence.py",
        "    if place in state.accused or len(state.accused)",
        "    if len(state.accused)",
        (f"{_EVIDENCE}test_EV1_one_piece_for_each_validator_and_phase_is_enough",),
        (12, 52),
        ("EV-1",),
    ),
    Mutant(
        "evidence of any size",
        "consensus/evidence.py",
        " or size > EVIDENCE_BYTES_MAX:",
        ":",
        (f"{_EVIDENCE}test_EV1_a_pair_that_is_too_large_is_not_kept",),
        (52,),
        ("EV-1",),
    ),
    Mutant(
        "halves of a contradiction never meet",
        "consensus/evidence.py",
        "        output.send.extend(Send(signed, to=peer) for peer in others)",
        "        pass",
        (f"{_EVIDENCE}test_EV1_votes_that_a_liar_told_to_disjoint_sets_meet",),
        (12,),
        ("EV-1",),
    ),
    Mutant(
        "equal messages are evidence",
        "crypto/evidence.py",
        "    if evidence.first.body >= evidence.second.body:",
        "    if evidence.first.body > evidence.second.body:",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (12,),
        ("EV-2",),
    ),
    Mutant(
        "evidence in two spellings",
        "crypto/evidence.py",
        "    if evidence.first.body >= evidence.second.body:",
        "    if evidence.first.body == evidence.second.body:",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (12,),
        ("EV-2",),
    ),
    Mutant(
        "two places are evidence",
        "crypto/evidence.py",
        "    if (first.chain_id, found) != (second.chain_id, _equivocation_of(second)):",
        "    if False:",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (12,),
        ("EV-2",),
    ),
    Mutant(
        "evidence of another chain",
        "crypto/evidence.py",
        "    if decode(evidence.first.body, _KIND).chain_id != chain_id:",
        "    if False:",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (3, 12),
        ("EV-2",),
    ),
    Mutant(
        "evidence judged by another epoch's validators",
        "crypto/evidence.py",
        "    if found.epoch != validators.epoch:",
        "    if False:",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (12, 56),
        ("EV-2",),
    ),
    Mutant(
        "evidence against nobody",
        "crypto/evidence.py",
        "    if not 0 <= found.validator < validators.size:",
        "    if found.validator >= 2**40:",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (6, 12),
        ("EV-2",),
    ),
    Mutant(
        "only the first half of evidence is signed",
        "crypto/evidence.py",
        "    for signed in (evidence.first, evidence.second):",
        "    for signed in (evidence.first,):",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (1, 12),
        ("EV-2",),
    ),
    Mutant(
        "only the second half of evidence is signed",
        "crypto/evidence.py",
        "    for signed in (evidence.first, evidence.second):",
        "    for signed in (evidence.second,):",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (1, 12),
        ("EV-2",),
    ),
    Mutant(
        "evidence of impossible places",
        "crypto/evidence.py",
        "    if not all(0 <= number <= NUMBER_MAX for number in (found.epoch, found.view, found.seq)):",
        "    if False:",
        (
            f"{_EVIDENCE}test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody",
        ),
        (12, 52),
        ("EV-2",),
    ),
    Mutant(
        "votes of two views accuse",
        "crypto/evidence.py",
        "            view, seq = message.view, 0\n",
        "            view, seq = 0, 0\n",
        (
            f"{_EVIDENCE}test_EV1_EV2_two_view_changes_of_two_views_are_no_contradiction",
        ),
        (12,),
        ("EV-2",),
    ),
    Mutant(
        "accusations without number",
        "consensus/evidence.py",
        " or len(state.accused) >= EVIDENCE_MAX or",
        " or",
        (
            f"{_EVIDENCE}test_situation_52_EV1_the_pieces_of_one_replica_are_bounded",
        ),
        (52,),
        ("EV-1",),
    ),
    Mutant(
        "the book of evidence grows without bound",
        "ledger/evidence_book.py",
        " or len(self._kept) >= KEPT_MAX:",
        ":",
        (
            f"{_BOOK}test_EV1_the_book_is_bounded",
        ),
        (52,),
        ("EV-1",),
    ),
    Mutant(
        "the ledger records one place twice",
        "ledger/rules/equivocation.py",
        "    if attempt.record is not None:",
        "    if False:",
        (
            f"{_LEDGER}test_EV1_denies_the_same_place_twice_and_allows_another",
        ),
        (12,),
        ("EV-1",),
    ),
    Mutant(
        "the ledger records under another place's name",
        "ledger/rules/equivocation.py",
        "    if named != attempt.envelope.object_id:",
        "    if False:",
        (
            f"{_LEDGER}test_EV1_denies_the_name_of_another_place",
        ),
        (12,),
        ("EV-1",),
    ),
    Mutant(
        "the ledger believes accusers",
        "ledger/rules/equivocation.py",
        "        verify_evidence(attempt.suite, validators, attempt.chain_id, evidence)\n",
        "        pass\n",
        (
            f"{_LEDGER}test_EV2_denies_what_does_not_prove_guilt",
        ),
        (12,),
        ("EV-2",),
    ),
    Mutant(
        "the ledger judges by today's validators",
        "ledger/rules/equivocation.py",
        "    validators = attempt.validators_of(epoch)\n",
        "    validators = attempt.validators\n",
        (
            f"{_LEDGER}test_situation_55_EV2_a_lie_of_an_epoch_that_is_over_is_recorded_by_its_own_validators",
        ),
        (12, 55, 56),
        ("EV-2", "MB-3"),
    ),
    Mutant(
        "anybody accuses",
        "ledger/rules/equivocation.py",
        "        key_roles=(VALIDATOR,),",
        "        key_roles=(),",
        (
            f"{_LEDGER}test_EV1_denies_whoever_is_no_validator",
        ),
        (6, 12),
        ("EV-1",),
    ),
)
