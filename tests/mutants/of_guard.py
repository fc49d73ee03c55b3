"""The separate guard of what was signed: nothing is signed otherwise, whatever the store forgot."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_GUARD = "tests/rules/test_consensus_guard.py::"

GUARD: Final[tuple[Mutant, ...]] = (
    Mutant(
        "a store that forgot votes at once",
        "consensus/state.py",
        "        return self.base_height < self.silent_to\n",
        "        return False\n",
        (
            f"{_GUARD}test_situation_45_RC2_an_old_disk_is_silent_until_the_chain_has_passed_what_it_signed",
            f"{_GUARD}test_situation_46_RC2_a_wiped_disk_rejoins_by_blocks_and_votes_again",
        ),
        (45, 46),
        ("RC-2",),
    ),
    Mutant(
        "something else is signed at the same place",
        "consensus/guard.py",
        '                _require(known.digest == promise.digest, promise, "something else was signed there before")\n',
        "",
        (f"{_GUARD}test_RC2_the_same_bytes_pass_again_and_a_second_different_vote_does_not",),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "a new vote in a lower view than was promised",
        "consensus/guard.py",
        '            _require(promise.round >= self.promised, promise, f"view {self.promised[1]} was promised")\n',
        "",
        (f"{_GUARD}test_RC2_a_lower_view_than_the_promised_one_gets_no_new_vote",),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "a damaged record of the guard is read over",
        "consensus/guard.py",
        '                raise StorageFailure(f"guard: a record is damaged: {error}; refusing to vote") from error',
        "                continue",
        (f"{_GUARD}test_RC3_a_damaged_record_refuses_to_vote",),
        (44,),
        ("RC-3",),
    ),
)
