"""Guards of accusations: a contradiction is noticed, proven, kept within bounds, and nobody honest is accused."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_EVIDENCE = "tests/rules/test_consensus_evidence.py::"

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
)
