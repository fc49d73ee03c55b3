"""Guards of the read barrier: whose answers count, which question serves which read, what is proven."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_BARRIER = "tests/rules/test_reads_barrier.py::"
_TWICE = (f"{_BARRIER}test_RD1_nobody_counts_twice_and_no_stranger_and_no_old_answer",)

READS: Final[tuple[Mutant, ...]] = (
    Mutant(
        "one answer too few for a read",
        "reads/barrier.py",
        "        if self.answers >= self._quorum_size:",
        "        if self.answers + 1 >= self._quorum_size:",
        (f"{_BARRIER}test_RD1_a_quorum_answers_this_validator_included",),
        (53, 54),
        ("RD-1",),
    ),
    Mutant(
        "old answers serve a new read",
        "reads/barrier.py",
        "        if nonce != self._nonce or self._answered.get(peer, True):",
        "        if self._answered.get(peer, True):",
        _TWICE,
        (53, 54),
        ("RD-1",),
    ),
    Mutant(
        "strangers answer",
        "reads/barrier.py",
        "        if nonce != self._nonce or self._answered.get(peer, True):",
        "        if nonce != self._nonce or self._answered.get(peer, False):",
        _TWICE,
        (6, 53),
        ("RD-1",),
    ),
    Mutant(
        "heights on a peer's word",
        "reads/barrier.py",
        "                self._verify(header, certificate)\n",
        "                pass\n",
        (f"{_BARRIER}test_situation_53_RD1_a_height_without_proof_counts_for_nothing",),
        (39, 53),
        ("RD-1",),
    ),
    Mutant(
        "the lowest answer is enough",
        "reads/barrier.py",
        "        self._height = max(self._height, height)\n",
        "        self._height = min(self._height, height)\n",
        (f"{_BARRIER}test_RD1_a_quorum_answers_this_validator_included",),
        (53, 54),
        ("RD-1",),
    ),
    Mutant(
        "a question from before a read serves it",
        "reads/barrier.py",
        "        return self._asked + 1\n",
        "        return self._asked\n",
        (f"{_BARRIER}test_RD1_a_question_from_before_a_read_does_not_serve_it",),
        (54,),
        ("RD-1",),
    ),
    Mutant(
        "answers of unknown validators count",
        "reads/barrier.py",
        "            if header.epoch > self._epoch:",
        "            if False:",
        (f"{_BARRIER}test_RD1_an_answer_of_an_epoch_that_is_not_known_here_waits_for_catching_up",),
        (53, 55),
        ("RD-1",),
    ),
    Mutant(
        "whoever reads counts, member or not",
        "reads/barrier.py",
        "        self._answered = {member.name: member.name == self._name for member in validators.members}",
        "        self._answered = {member.name: False for member in validators.members} | {self._name: True}",
        (f"{_BARRIER}test_RD1_whoever_is_no_member_asks_but_does_not_count",),
        (53, 55),
        ("RD-1",),
    ),
    Mutant(
        "answers before what was executed is final",
        "reads/barrier.py",
        " if height <= certified_height\n",
        "\n",
        (f"{_BARRIER}test_RD1_an_answer_waits_until_all_that_was_executed_is_certified",),
        (54,),
        ("RD-1",),
    ),
    Mutant(
        "a repeated question waits anew",
        "reads/barrier.py",
        "        if known is None or known[0] != nonce:",
        "        if True:",
        (f"{_BARRIER}test_RD1_a_repeated_question_does_not_wait_for_what_came_in_between",),
        (53,),
        ("RD-1",),
    ),
    Mutant(
        "a node reads before it is as far as the quorum",
        "node/reads.py",
        "        if not await self._finality.wait_height(floor, deadline_s - self._parts.clock()):",
        "        if False:",
        ("tests/rules/test_node_reads.py::test_situation_53_RD1_a_read_waits_for_its_own_final_height",),
        (53, 54),
        ("RD-1",),
    ),
    Mutant(
        "a read across a change of validators trusts the old set",
        "node/reads.py",
        "            if self._parts.ledger.validators.epoch == epoch:\n                return\n",
        "            return\n",
        (
            "tests/rules/test_node_reads.py::test_RD1_MB2_a_read_during_a_change_of_validators_asks_the_new_set",
        ),
        (54, 55),
        ("RD-1", "MB-2"),
    ),
    Mutant(
        "an open question to validators of another epoch",
        "node/reads.py",
        "        if self._barrier.nonce is None or self._barrier.epoch != self._parts.ledger.validators.epoch:",
        "        if self._barrier.nonce is None:",
        (
            "tests/rules/test_node_reads.py::test_RD1_MB2_an_open_question_is_asked_anew_when_validators_change",
        ),
        (54, 55),
        ("RD-1", "MB-2"),
    ),
    Mutant(
        "the simulator reads before it is as far as the quorum",
        "sim/reads.py",
        " floor is not None and self._final_height() >= floor:",
        " floor is not None:",
        ("tests/sim/test_sim_reads.py::test_situation_54_latest_reads_under_faults_are_linearizable",),
        (54,),
        ("RD-1",),
    ),
)
