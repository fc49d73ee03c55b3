"""Guards of the second protocol: what may be voted for, what commits, what outlives a crash."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_RULES = "tests/rules/test_hotstuff.py::"
_FORK = "tests/sim/test_sim_hotstuff.py::test_HS4_with_the_lock_a_stale_leader_forks_nothing"

HOTSTUFF: Final[tuple[Mutant, ...]] = (
    Mutant(
        "a block may be built on less than a quorum had locked on",
        "hotstuff/voting.py",
        " and block.justify.view >= timeout.high_view",
        "",
        (f"{_RULES}test_HS4_no_vote_for_a_block_below_the_lock", _FORK),
        rules=("HS-4",),
    ),
    Mutant(
        "two votes in one view",
        "hotstuff/voting.py",
        "    if entry is None or state.voted_view >= state.view or state.is_silent:",
        "    if entry is None or state.is_silent:",
        (
            f"{_RULES}test_HS4_no_vote_in_a_view_that_was_given_up",
            f"{_RULES}test_HS8_what_was_signed_holds_after_a_restart",
        ),
        rules=("HS-4", "HS-8"),
    ),
    Mutant(
        "who lost its lock votes on",
        "hotstuff/restoring.py",
        "            state.locked_view = max(state.locked_view, locked_view)\n",
        "",
        (f"{_RULES}test_HS8_who_lost_its_disk_signs_nothing_below_its_lock",),
        rules=("HS-8",),
    ),
    Mutant(
        "any two certified blocks commit",
        "hotstuff/tree.py",
        "        digest = entry.block.justify.digest\n        if entry.block.is_direct:\n",
        "        digest = entry.block.justify.digest\n        if True:\n",
        (f"{_RULES}test_HS6_views_in_between_commit_nothing",),
        rules=("HS-6",),
    ),
    Mutant(
        "any number of votes certifies",
        "hotstuff/certificates.py",
        "    if len(voters) != quorum:",
        "    if not voters:",
        (f"{_RULES}test_HS2_a_certificate_has_exactly_a_quorum_in_order",),
        rules=("HS-2",),
    ),
    Mutant(
        "anybody leads",
        "hotstuff/verify.py",
        "    if message.validator != leader:",
        "    if False:",
        (f"{_RULES}test_HS1_only_the_leader_of_a_view_may_propose",),
        rules=("HS-1",),
    ),
    Mutant(
        "a view begins when somebody names it",
        "hotstuff/verify.py",
        "    if high.view + 1 != view and (timeout is None or timeout.view + 1 != view):",
        "    if False:",
        (f"{_RULES}test_HS3_nobody_reaches_a_huge_view_by_asking_for_it",),
        rules=("HS-3",),
    ),
    Mutant(
        "a transaction is ordered twice",
        "hotstuff/voting.py",
        "        if id_ in taken or state.waiting.is_decided(id_):",
        "        if False:",
        (f"{_RULES}test_HS5_no_transaction_is_in_two_blocks_of_a_chain",),
        rules=("HS-5",),
    ),
    Mutant(
        "a weak quorum of timeouts is not joined",
        "hotstuff/pacemaker.py",
        "    elif len(given_up) >= state.validators.weak_quorum_size and state.own_timeout is None:",
        "    elif False:",
        (f"{_RULES}test_HS7_a_quorum_of_timeouts_ends_a_view",),
        rules=("HS-7",),
    ),
    Mutant(
        "nobody sends blocks to those who lack them",
        "hotstuff/committing.py",
        "    output.send.extend(Send(each.signed, to=message.validator) for each in reversed(found))",
        "    pass",
        (f"{_RULES}test_HS9_whoever_lacks_blocks_gets_them_as_they_were_proposed",),
        rules=("HS-9",),
    ),
)
