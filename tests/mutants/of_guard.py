"""The separate guard of what was signed: nothing is signed otherwise, whatever the store forgot."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_GUARD = "tests/rules/test_consensus_guard.py::"
_FILE = "tests/unit/test_guard_file.py::"

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
    Mutant(
        "a certified height that the store forgot is not missed",
        "consensus/guard.py",
        "        if certified < self.certified:\n"
        "            return f",
        "        if False:\n"
        "            return f",
        (
            f"{_GUARD}test_situation_45_RC2_an_old_disk_is_silent_until_the_chain_has_passed_what_it_signed",
            f"{_GUARD}test_situation_46_RC2_a_wiped_disk_rejoins_by_blocks_and_votes_again",
        ),
        (45, 46),
        ("RC-2",),
    ),
    Mutant(
        "a promised view that the store forgot is not missed",
        "consensus/guard.py",
        "        if promised < self.promised:\n"
        "            return f",
        "        if False:\n"
        "            return f",
        (
            f"{_GUARD}test_situation_45_RC2_an_old_disk_that_forgot_a_promised_view_votes_in_no_lower_one",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "a vote that the store forgot is not missed",
        "consensus/guard.py",
        "            if promise.seq > certified and promise.digest not in bodies:",
        "            if False:",
        (
            f"{_GUARD}test_situation_45_RC2_an_old_vote_log_sends_nothing_again",
            f"{_GUARD}test_RC2_a_log_that_holds_other_votes_than_the_guard_counts_as_forgotten",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "a forgotten promise of a view does not hold",
        "consensus/restoring.py",
        "    if epoch == state.validators.epoch and view > max(state.view, state.target):",
        "    if False:",
        (
            f"{_GUARD}test_situation_45_RC2_an_old_disk_that_forgot_a_promised_view_votes_in_no_lower_one",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "a view change hides a commit",
        "consensus/guard.py",
        "                self._require_cover(entry.signed.body, promise)\n",
        "",
        (
            f"{_GUARD}test_RC2_a_view_change_that_hides_a_commit_is_refused",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "what is shown in a lower view covers a commit",
        "consensus/guard.py",
        "shown.get(seq, -1) >= commit.view or",
        "seq in shown or",
        (
            f"{_GUARD}test_RC2_what_a_view_change_shows_in_a_lower_view_than_the_commit_hides_it",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "the guard counts the messages of others",
        "consensus/guard.py",
        "            if place is None or place.validator != index:",
        "            if place is None:",
        (
            f"{_GUARD}test_RC2_messages_of_others_are_passed_over",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "what only the store knows is not taken over",
        "consensus/restoring.py",
        "        adopted = guard.adopt(restored.entries, index=state.index, certified=state.base_height)\n",
        "",
        (
            f"{_GUARD}test_RC2_power_fails_between_store_and_guard",
            f"{_GUARD}test_RC2_power_fails_between_store_and_guard_in_a_view_change",
        ),
        (44,),
        ("RC-2",),
    ),
    Mutant(
        "an unknown own vote in a certificate is no reason to be silent",
        "consensus/executed.py",
        "    notice_forgotten(state, event.certificate, output)\n"
        "    for",
        "    for",
        (
            f"{_GUARD}test_situation_45_RC2_disk_and_guard_both_old_are_noticed_by_an_own_vote_in_a_certificate",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "silence ends with the epoch",
        "consensus/epochs.py",
        "        silent_to=state.silent_to,\n",
        "",
        (
            f"{_GUARD}test_situation_45_55_RC2_MB2_who_is_silent_stays_so_in_the_next_epoch",
        ),
        (45, 55),
        ("RC-2", "MB-2"),
    ),
    Mutant(
        "a promised view is forgotten in its own epoch",
        "consensus/replica.py",
        "        keep_promised_view(state, self._guard)\n",
        "",
        (
            f"{_GUARD}test_situation_45_55_RC2_MB2_a_view_promised_in_a_forgotten_epoch_holds_there",
        ),
        (45, 55),
        ("RC-2", "MB-2"),
    ),
    Mutant(
        "one key runs twice",
        "storage/guard_file.py",
        "        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "        pass",
        (
            f"{_FILE}test_RC2_one_process_holds_it",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "flipped bits in the guard",
        "storage/guard_file.py",
        "        if not content or _slot(content) != slot:",
        "        if not content:",
        (
            f"{_FILE}test_situation_44_RC3_a_flipped_bit_anywhere_is_refused",
        ),
        (44,),
        ("RC-3",),
    ),
    Mutant(
        "a hole in the guard",
        "storage/guard_file.py",
        "        if any(slot != _EMPTY for slot in slots[end:]):",
        "        if False:",
        (
            f"{_FILE}test_situation_44_RC3_a_record_lost_in_the_middle_and_a_cut_file_are_refused",
        ),
        (44,),
        ("RC-3",),
    ),
    Mutant(
        "a cut guard",
        "storage/guard_file.py",
        "        if len(data) != SLOTS * SLOT_BYTES:\n",
        "        if False:\n",
        (
            f"{_FILE}test_situation_44_RC3_a_record_lost_in_the_middle_and_a_cut_file_are_refused",
        ),
        (44,),
        ("RC-3",),
    ),
    Mutant(
        "the guard goes on after a failed write",
        "storage/guard_file.py",
        "        if self._failure:\n"
        "            raise StorageFailure(self._failure)\n",
        "",
        (
            f"{_FILE}test_situation_44_RC3_no_room_stops_and_nothing_is_appended_after_it",
        ),
        (44,),
        ("RC-3",),
    ),
    Mutant(
        "another validator's guard",
        "storage/guard_file.py",
        "        if found.owner != owner:",
        "        if False:",
        (
            f"{_FILE}test_a_guard_of_another_key_or_format_is_bad_input",
        ),
        (45,),
        ("RC-2",),
    ),
    Mutant(
        "a guard that is gone is made anew",
        "node/guard.py",
        "    if had_one and not path.exists():",
        "    if False:",
        (
            f"{_FILE}test_situation_44_RC3_a_guard_that_was_lost_is_missed",
        ),
        (44,),
        ("RC-3",),
    ),
)
