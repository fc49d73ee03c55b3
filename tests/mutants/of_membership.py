"""Guards of changing validators: who may change them, when it takes effect, what proves it."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_EPOCHS = "tests/rules/test_consensus_epochs.py::"
_GOVERNANCE = "tests/rules/test_ledger_governance.py::"
_EARLY = (f"{_EPOCHS}test_MB2_early_messages_are_bounded_and_only_of_the_next_epoch",)
_CHAIN = (f"{_GOVERNANCE}test_MB3_a_change_that_does_not_follow_is_refused",)

MEMBERSHIP: Final[tuple[Mutant, ...]] = (
    # When (MB-2).
    Mutant(
        "voting above a checkpoint before executing it",
        "consensus/state.py",
        "self.base_height + self.in_flight_max, self.boundary, silent_to, uncertified)",
        "self.base_height + self.in_flight_max, silent_to, uncertified)",
        (f"{_EPOCHS}test_MB2_nobody_votes_above_a_checkpoint_before_executing_it",),
        (55,),
        ("MB-2",),
    ),
    Mutant(
        "voting above a block that installs others",
        "consensus/state.py",
        "        if self.next_validators is not None:\n            return self.head.height\n",
        "",
        (f"{_EPOCHS}test_situation_55_storm_of_lost_messages_crashes_and_three_epochs",),
        (55,),
        ("MB-2",),
    ),
    Mutant(
        "an epoch ends before its last block is final",
        "consensus/epochs.py",
        "    return state.next_validators is not None and state.final >= state.head.height",
        "    return state.next_validators is not None",
        (
            f"{_EPOCHS}test_situation_55_a_crash_between_execution_and_certificate_of_the_boundary",
            f"{_EPOCHS}test_situation_55_storm_of_lost_messages_crashes_and_three_epochs",
        ),
        (55,),
        ("MB-2",),
    ),
    Mutant(
        "an old epoch's view comes back at a restart",
        "consensus/restoring.py",
        "    return epoch < state.validators.epoch\n",
        "    return False\n",
        (f"{_EPOCHS}test_situation_55_56_a_view_of_the_old_epoch_says_nothing_after_a_restart",),
        (55, 56),
        ("MB-2", "MB-3"),
    ),
    Mutant(
        "early messages without bound",
        "consensus/epochs.py",
        "        if message.epoch == epoch + 1 and len(kept) < EARLY_MAX:",
        "        if message.epoch == epoch + 1:",
        _EARLY,
        (29, 55),
        ("MB-3",),
    ),
    Mutant(
        "early messages of any epoch",
        "consensus/epochs.py",
        "        if message.epoch == epoch + 1 and len(kept) < EARLY_MAX:",
        "        if len(kept) < EARLY_MAX:",
        _EARLY,
        (29, 55),
        ("MB-3",),
    ),
    # Who (MB-1, MB-5).
    Mutant(
        "one approval is enough",
        "ledger/membership.py",
        "    return min(voters, parameters.approvals_min) or voters // 2 + 1",
        "    return 1",
        (f"{_GOVERNANCE}test_I2_the_policy_is_more_than_half_or_as_genesis_says",),
        (55,),
        ("MB-1",),
    ),
    Mutant(
        "organisations without validators change them",
        "ledger/rules/governance.py",
        "    if attempt.org.id not in membership.voters_of(attempt.validators):",
        "    if False:",
        (f"{_GOVERNANCE}test_I2_denies_an_organisation_without_validators",),
        (55,),
        ("MB-1",),
    ),
    Mutant(
        "one organisation approves twice",
        "ledger/rules/governance.py",
        "    if attempt.org.id in attempt.change.approved_by:",
        "    if False:",
        (f"{_GOVERNANCE}test_I2_denies_a_second_approval_of_one_organisation",),
        (5, 55),
        ("MB-1",),
    ),
    Mutant(
        "more newcomers than the quorum can do without",
        "ledger/membership.py",
        "    if len(newcomers) > allowed:",
        "    if False:",
        (f"{_GOVERNANCE}test_I9_MB5_denies_more_newcomers_than_the_new_set_tolerates",),
        (55,),
        ("MB-5",),
    ),
    # What proves it (MB-3, MB-4).
    Mutant(
        "a new key that nobody holds",
        "ledger/rules/governance.py",
        "        attempt.suite.verify(public_key, said, bytes.fromhex(fields.possession))",
        "        bytes.fromhex(fields.possession)",
        (f"{_GOVERNANCE}test_I10_denies_a_key_without_proof_or_one_for_another_name",),
        (55,),
        ("MB-4",),
    ),
    Mutant(
        "a key that left comes back",
        "ledger/rules/governance.py",
        "    if attempt.access.key(attempt.suite.key_id(public_key)) is not None:",
        "    if False:",
        (f"{_GOVERNANCE}test_situation_06_I10_denies_a_key_that_left",),
        (6, 55),
        ("MB-4",),
    ),
    Mutant(
        "an epoch is skipped",
        "crypto/epochs.py",
        "    if (change.header.epoch, change.validators.epoch) != (before.epoch, epoch):",
        "    if False:",
        _CHAIN,
        (40, 56),
        ("MB-3",),
    ),
    Mutant(
        "a change without the old set's certificate",
        "crypto/epochs.py",
        "        verify_finality(suite, before, change.certificate, change.header)\n",
        "",
        _CHAIN,
        (40, 56),
        ("MB-4",),
    ),
    Mutant(
        "a set that the state does not hold",
        "crypto/epochs.py",
        "        verify_state(\n            suite,\n",
        "        (lambda *_, **__: None)(\n            suite,\n",
        _CHAIN,
        (40, 56),
        ("MB-4",),
    ),
    Mutant(
        "a change is installed again and again",
        "ledger/membership.py",
        "    view.put(state.NEXT_VALIDATORS_KEY, None)\n"
        "    view.put(validators_key",
        "    view.put(validators_key",
        (
            f"{_GOVERNANCE}test_MB2_the_set_is_installed_at_the_checkpoint_and_proven_by_the_old_one",
        ),
        (55,),
        ("MB-2",),
    ),
    Mutant(
        "a change and its reverse make an epoch",
        "ledger/membership.py",
        "    if tuple(members) == validators.members:",
        "    if False:",
        (
            f"{_GOVERNANCE}test_MB2_a_change_and_its_reverse_leave_nothing_to_install",
        ),
        (55,),
        ("MB-2",),
    ),
    Mutant(
        "keys of those who left stay good",
        "ledger/membership.py",
        "    staying = [member.public_key for member in installed.members]",
        "    staying = [member.public_key for member in (*installed.members, *validators.members)]",
        (
            f"{_GOVERNANCE}test_situation_06_I10_denies_a_key_that_left",
            "tests/rules/test_ledger_equivocation.py::test_situation_6_MB4_the_key_of_who_left_signs_nothing_any_more",
        ),
        (6, 55),
        ("MB-4",),
    ),
    Mutant(
        "changes do not add up",
        "ledger/membership.py",
        "    return validators.members if data is None else decode_stored(data, ValidatorSet).members",
        "    return validators.members",
        (
            f"{_GOVERNANCE}test_I9_denies_two_rotations_at_one_checkpoint_and_allows_the_next",
            f"{_GOVERNANCE}test_MB2_a_change_and_its_reverse_leave_nothing_to_install",
        ),
        (55,),
        ("MB-2",),
    ),
    Mutant(
        "a key that is about to be installed is taken twice",
        "ledger/rules/governance.py",
        "    if public_key in [member.public_key for member in waiting]:",
        "    if False:",
        (
            f"{_GOVERNANCE}test_I10_denies_a_key_that_was_used_before",
        ),
        (55,),
        ("MB-4",),
    ),
    Mutant(
        "a change that no longer fits is adopted",
        "ledger/rules/governance.py",
        "    _judge(attempt, change.kind, _fields_of(change))",
        "    _fields_of(change)",
        (
            f"{_GOVERNANCE}test_I9_denies_at_adoption_what_no_longer_fits",
        ),
        (55,),
        ("MB-5",),
    ),
    Mutant(
        "organisations with validators are suspended",
        "ledger/rules/governance.py",
        "    if fields.org in [member.org for member in (*attempt.validators.members, *waiting)]:",
        "    if False:",
        (
            f"{_GOVERNANCE}test_I9_denies_what_makes_no_sense",
        ),
        (55,),
        ("MB-5",),
    ),
    Mutant(
        "approvals of who runs no validator count",
        "ledger/rules/governance.py",
        "    approvals = sum(org in voters for org in change.approved_by)",
        "    approvals = len(change.approved_by)",
        (
            f"{_GOVERNANCE}test_MB1_an_approval_counts_only_while_its_organisation_runs_a_validator",
        ),
        (55,),
        ("MB-1",),
    ),
    Mutant(
        "a change is withdrawn by others",
        "ledger/rules/governance.py",
        "    if attempt.existing.issuer_org != attempt.org.id:",
        "    if False:",
        (
            f"{_GOVERNANCE}test_I2_denies_approval_after_the_end_and_withdrawal_by_another",
        ),
        (55,),
        ("MB-1",),
    ),
    Mutant(
        "a change of another chain is followed",
        "crypto/epochs.py",
        "    if change.header.chain_id != chain_id:",
        "    if False:",
        (
            f"{_GOVERNANCE}test_situation_3_MB3_a_change_of_another_chain_is_refused",
            "tests/rules/test_node_snapshot.py::test_situation_3_CU3_MB3_epochs_of_another_chain_prove_nothing",
        ),
        (3, 56),
        ("MB-3",),
    ),
    Mutant(
        "whoever left goes on signing",
        "consensus/replica.py",
        "        if self._state.is_member:\n"
        "            self._dispatch(event, now_ms, output)\n",
        "        if True:\n"
        "            self._dispatch(event, now_ms, output)\n",
        (
            f"{_EPOCHS}test_situation_55_MB2_a_validator_leaves_and_follows_as_an_observer",
        ),
        (6, 55),
        ("MB-2",),
    ),
    Mutant(
        "timers of the old epoch fire in the new one",
        "consensus/epochs.py",
        "        timer_generation=state.timer_generation,\n",
        "",
        (
            f"{_EPOCHS}test_MB2_VC4_timers_of_the_old_epoch_mean_nothing_in_the_new_one",
        ),
        (20, 55),
        ("MB-2", "VC-4"),
    ),
)
