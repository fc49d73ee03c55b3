"""Rules of members (I2, I9, I10; MB-1, MB-2, MB-4, MB-5): tests that allow and tests that deny."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from govchain.codec import encode
from govchain.crypto.epochs import ValidatorHistory
from govchain.errors import BadProof
from govchain.ledger.identifiers import compute_credit_check
from govchain.ledger.membership import approvals_needed, find_broken_quorum, voters_of
from govchain.model import (
    Attestation,
    FinalityCertificate,
    ProtocolParameters,
    Validator,
    ValidatorSet,
    Vote,
)
from tests.support.ledger_world import (
    ACME,
    AMR,
    COURT,
    SUITE,
    TAX,
    LedgerWorld,
    denial,
    make_genesis,
    signer_of,
)

K = 4
OWNERS = (AMR, AMR, TAX, COURT)
"""Three organisations with validators: two must approve."""


def make_world(**parameters: Any) -> LedgerWorld:
    chosen = ProtocolParameters(checkpoint_interval=K, **parameters)
    return LedgerWorld(make_genesis(OWNERS, chosen))


@pytest.fixture
def world() -> LedgerWorld:
    return make_world()


def add_fields(world: LedgerWorld, name: str = "validator-9", **fields: Any) -> dict[str, Any]:
    made = {"validator": name, "org": ACME, "peer_address": "10.0.0.9:7200", **world.vote_key_proof(name)}
    return {**made, **fields}


def propose(world: LedgerWorld, kind: str, number: str, fields: Any, person: str = "amr-admin") -> Any:
    return world.submit(kind, person, number, fields)


def adopt(world: LedgerWorld, kind: str, number: str, fields: Any) -> None:
    results = [propose(world, kind, number, fields)]
    for approver in ("tax-admin", "court-admin"):
        if world.record("change", number).state == "PROPOSED":
            results.append(world.submit("change.approve", approver, number, {}))
    assert all(result.applied for result in results), results
    assert world.record("change", number).state == "ADOPTED"


def to_checkpoint(world: LedgerWorld) -> ValidatorSet | None:
    """Empty deposits until the next checkpoint; what it installs."""
    while True:
        number = f"EV-{world.ledger.height}"
        payload = world.payload("evidence.deposit", number, world.deposit_fields())
        executed = world.execute([world.sign("evidence.deposit", "evp-a", payload)])
        world.store.write([world.chain.certificate_write(certify(world, executed.block.header.epoch))])
        if world.ledger.height % K == 0:
            return executed.next_validators


def certify(world: LedgerWorld, epoch: int) -> FinalityCertificate:
    """The certificate of the head by every validator of an epoch."""
    head, validators = world.ledger.head, world.ledger.validators_of(epoch)
    assert head is not None
    assert validators is not None
    votes = []
    for index in range(validators.size):
        said = Attestation(world.chain_id, epoch, head.height, world.ledger.head_digest, index)
        votes.append(Vote(index, signer_for(validators.members[index]).sign(encode(said))))
    return FinalityCertificate(world.chain_id, epoch, head.height, world.ledger.head_digest, tuple(votes))


def signer_for(member: Validator) -> Any:
    names = [member.name, f"{member.name}-next"]
    return next(signer_of(name) for name in names if signer_of(name).public_key == member.public_key)


# I2: approvals.


def test_I2_MB1_allows_a_change_with_the_approvals_of_the_policy(world: LedgerWorld) -> None:
    assert propose(world, "validator.add", "GC-1", add_fields(world)).applied
    assert world.record("change", "GC-1").state == "PROPOSED"
    assert world.submit("change.approve", "court-admin", "GC-1", {}).applied
    assert world.record("change", "GC-1").state == "ADOPTED"
    assert world.ledger.validators.size == 4, "nothing changes before the checkpoint (MB-2)"


def test_I2_denies_an_organisation_without_validators(world: LedgerWorld) -> None:
    result = propose(world, "validator.add", "GC-1", add_fields(world), person="evp-admin")
    assert denial(result) == ("I2", "E_ROLE")
    assert propose(world, "validator.add", "GC-1", add_fields(world)).applied
    assert denial(world.submit("change.approve", "evp-admin", "GC-1", {})) == ("I2", "E_ROLE")


def test_I2_denies_a_second_approval_of_one_organisation(world: LedgerWorld) -> None:
    assert propose(world, "validator.add", "GC-1", add_fields(world)).applied
    assert denial(world.submit("change.approve", "amr-admin", "GC-1", {})) == ("I2", "E_DUP_ID")
    assert world.record("change", "GC-1").state == "PROPOSED"


def test_I2_denies_a_used_number_and_whoever_is_no_admin(world: LedgerWorld) -> None:
    assert propose(world, "validator.add", "GC-1", add_fields(world)).applied
    assert denial(propose(world, "validator.add", "GC-1", add_fields(world, "validator-8"))) == (
        "I2",
        "E_DUP_ID",
    )
    result = propose(world, "validator.add", "GC-2", add_fields(world), person="amr-a")
    assert denial(result) == ("I5", "E_ROLE")


def test_I2_denies_approval_after_the_end_and_withdrawal_by_another(world: LedgerWorld) -> None:
    assert propose(world, "validator.add", "GC-1", add_fields(world)).applied
    assert denial(world.submit("change.withdraw", "tax-admin", "GC-1", {"reason": "no"})) == ("I2", "E_ROLE")
    assert world.submit("change.withdraw", "amr-admin", "GC-1", {"reason": "no"}).applied
    assert denial(world.submit("change.approve", "tax-admin", "GC-1", {})) == ("G3", "E_STATE")


@pytest.mark.parametrize(
    ("approvals_min", "owners", "needed"),
    [
        (0, "a", 1),
        (0, "ab", 2),
        (0, "abc", 2),
        (0, "abcd", 3),
        (0, "aabb", 2),
        (1, "abcd", 1),
        (9, "abcd", 4),
    ],
)
def test_I2_the_policy_is_more_than_half_or_as_genesis_says(
    approvals_min: int, owners: str, needed: int
) -> None:
    members = tuple(Validator(f"v{i}", owner, bytes([i])) for i, owner in enumerate(owners))
    validators = ValidatorSet(0, members)
    assert approvals_needed(ProtocolParameters(approvals_min=approvals_min), validators) == needed
    assert len(voters_of(validators)) == len(set(owners))


def test_I2_denies_keys_of_a_suspended_organisation_until_it_is_resumed(world: LedgerWorld) -> None:
    fields = {"org": ACME, "reason": "under inspection"}
    adopt(world, "organisation.suspend", "GC-1", fields)
    assert denial(world.issue_invoice("26990000000000000001")) == ("I2", "E_STATE")
    adopt(world, "organisation.resume", "GC-2", fields)
    assert world.issue_invoice("26990000000000000001").applied


def test_I2_allows_a_new_organisation_with_its_admin(world: LedgerWorld) -> None:
    code = "11990200MA0XX00BX"
    code += compute_credit_check(code)
    fields = {
        "org": code,
        "display_name": "Transport",
        "roles": ["licence-issuer"],
        "accredited_for": [],
        **world.key_proof(code, "new-admin"),
        "person": "new-admin",
    }
    adopt(world, "organisation.add", "GC-1", fields)
    org = world.ledger.organisation(code)
    assert org is not None
    assert (org.active, org.active_admins) == (True, 1)
    result = world.submit(
        "key.add",
        "new-admin",
        signer_of("clerk").key_id.hex(),
        {**world.key_proof(code, "clerk"), "person": "clerk", "roles": []},
        org=code,
    )
    assert result.applied, result
    assert denial(propose(world, "organisation.add", "GC-2", {**fields, **world.key_proof(code, "x")})) == (
        "I9",
        "E_STATE",
    )


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("validator.add", {"validator": "No Name"}),
        ("validator.add", {"peer_address": "nowhere"}),
        ("validator.add", {"public_key": "zz"}),
    ],
)
def test_governance_payloads_are_well_formed(world: LedgerWorld, kind: str, changes: Any) -> None:
    assert denial(propose(world, kind, "GC-1", add_fields(world, **changes))) == ("G1", "E_PAYLOAD")


# I10: keys.


def test_I10_MB4_allows_a_key_that_its_holder_proves(world: LedgerWorld) -> None:
    fields = {
        "validator": "validator-2",
        "reason": "yearly",
        **world.vote_key_proof("validator-2", "validator-2-next"),
    }
    adopt(world, "validator.rotate", "GC-1", fields)
    installed = to_checkpoint(world)
    assert installed is not None
    assert installed.members[2].public_key == signer_of("validator-2-next").public_key
    old = world.ledger.key(signer_of("validator-2").key_id)
    new = world.ledger.key(signer_of("validator-2-next").key_id)
    assert old is not None
    assert new is not None
    assert (old.active, new.active) == (False, True)


def test_I10_denies_a_key_without_proof_or_one_for_another_name(world: LedgerWorld) -> None:
    for bad in (
        {"possession": "00" * 64},
        {"possession": "xyz"},
        world.vote_key_proof("validator-8", "validator-9"),
    ):
        assert denial(propose(world, "validator.add", "GC-1", add_fields(world, **bad))) == ("I10", "E_SIG")


def test_I10_denies_a_key_that_was_used_before(world: LedgerWorld) -> None:
    known = world.vote_key_proof("validator-9", "validator-1")
    assert denial(propose(world, "validator.add", "GC-1", add_fields(world, **known))) == (
        "I10",
        "E_DUP_ID",
    )
    adopt(world, "validator.add", "GC-2", add_fields(world))
    again = world.vote_key_proof("validator-1", "validator-9")
    fields = {"validator": "validator-1", "reason": "r", **again}
    assert denial(propose(world, "validator.rotate", "GC-3", fields)) == ("I10", "E_DUP_ID")


def test_situation_06_I10_denies_a_key_that_left(world: LedgerWorld) -> None:
    """Its old votes would count again, and old accusations would fit."""
    adopt(world, "validator.remove", "GC-1", {"validator": "validator-0", "reason": "leaves"})
    assert to_checkpoint(world) is not None
    old = world.vote_key_proof("validator-9", "validator-0")
    assert denial(propose(world, "validator.add", "GC-2", add_fields(world, **old))) == ("I10", "E_DUP_ID")


def test_situation_06_I10_denies_a_key_that_came_and_left_since_it_was_proposed(world: LedgerWorld) -> None:
    """An old proposal of the same key under another name is no way back."""
    other = add_fields(world, "validator-8", **world.vote_key_proof("validator-8", "validator-9"))
    assert propose(world, "validator.add", "GC-1", other).applied
    adopt(world, "validator.add", "GC-2", add_fields(world))
    assert denial(world.submit("change.approve", "tax-admin", "GC-1", {})) == ("I10", "E_DUP_ID")
    to_checkpoint(world)
    assert world.ledger.validators.size == 5
    adopt(world, "validator.remove", "GC-3", {"validator": "validator-9", "reason": "leaves"})
    assert to_checkpoint(world) is not None
    assert denial(world.submit("change.approve", "tax-admin", "GC-1", {})) == ("I10", "E_DUP_ID")
    assert world.ledger.validators.size == 4


def test_I10_an_adopted_organisation_takes_no_key_that_was_added_since(world: LedgerWorld) -> None:
    code = "11990200MA0XX00BX"
    code += compute_credit_check(code)
    fields = {
        "org": code,
        "display_name": "Transport",
        "roles": [],
        "accredited_for": [],
        **world.key_proof(code, "new-admin"),
        "person": "new-admin",
    }
    assert propose(world, "organisation.add", "GC-1", fields).applied
    key_id = signer_of("new-admin").key_id
    added = {**world.key_proof(TAX, "new-admin"), "person": "clerk", "roles": []}
    assert world.submit("key.add", "tax-admin", key_id.hex(), added).applied
    before = world.ledger.key(key_id)
    assert denial(world.submit("change.approve", "tax-admin", "GC-1", {})) == ("I10", "E_DUP_ID")
    assert world.ledger.key(key_id) == before


# I9: the quorum survives.


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
def test_I9_MB5_allows_one_newcomer_whatever_the_size(n: int) -> None:
    members = [Validator(f"v{i}", "o", bytes([i])) for i in range(n + 1)]
    now = ValidatorSet(0, tuple(members[:n]))
    assert find_broken_quorum(now, members) == ""
    assert find_broken_quorum(now, [*members[: n - 1], members[n]]) == ""
    if n > 1:
        assert find_broken_quorum(now, members[: n - 1]) == ""


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_I9_MB5_denies_more_newcomers_than_the_new_set_tolerates(n: int) -> None:
    members = [Validator(f"v{i}", "o", bytes([i])) for i in range(n + 2)]
    problem = find_broken_quorum(ValidatorSet(0, tuple(members[:n])), members)
    size, quorum = n + 2, ValidatorSet(1, tuple(members)).quorum_size
    assert bool(problem) is (size - quorum < 2)
    assert find_broken_quorum(ValidatorSet(0, tuple(members[:n])), []) == "no validator would be left"


def test_I9_denies_two_rotations_at_one_checkpoint_and_allows_the_next(world: LedgerWorld) -> None:
    def rotation(name: str) -> dict[str, str]:
        return {"validator": name, "reason": "r", **world.vote_key_proof(name, f"{name}-next")}

    adopt(world, "validator.rotate", "GC-1", rotation("validator-2"))
    result = propose(world, "validator.rotate", "GC-2", rotation("validator-3"))
    assert denial(result) == ("I9", "E_QUORUM")
    assert "2 of 4 would be new" in result.detail
    to_checkpoint(world)
    assert propose(world, "validator.rotate", "GC-3", rotation("validator-3")).applied


def test_I9_denies_at_adoption_what_no_longer_fits(world: LedgerWorld) -> None:
    assert propose(world, "validator.add", "GC-1", add_fields(world)).applied
    rotated = world.vote_key_proof("validator-2", "validator-2-next")
    adopt(world, "validator.rotate", "GC-2", {"validator": "validator-2", "reason": "r", **rotated})
    result = world.submit("change.approve", "tax-admin", "GC-1", {})
    assert denial(result) == ("I9", "E_QUORUM")
    to_checkpoint(world)
    assert world.submit("change.approve", "tax-admin", "GC-1", {}).applied


def test_I9_denies_what_makes_no_sense(world: LedgerWorld) -> None:
    gone = {"validator": "validator-77", "reason": "r"}
    assert denial(propose(world, "validator.remove", "GC-1", gone)) == ("I9", "E_STATE")
    taken = add_fields(world, "validator-0", **world.vote_key_proof("validator-0", "fresh"))
    assert denial(propose(world, "validator.add", "GC-2", taken)) == ("I9", "E_STATE")
    unknown = add_fields(world, org="11990100MA0XX0000X")
    assert denial(propose(world, "validator.add", "GC-3", unknown)) == ("I9", "E_STATE")
    runs = {"org": TAX, "reason": "r"}
    assert denial(propose(world, "organisation.suspend", "GC-4", runs)) == ("I9", "E_QUORUM")
    assert denial(propose(world, "organisation.resume", "GC-5", {**runs, "org": ACME})) == ("I9", "E_STATE")


# MB-2, MB-3: the checkpoint and the proof of what it installs.


def test_MB2_the_set_is_installed_at_the_checkpoint_and_proven_by_the_old_one(world: LedgerWorld) -> None:
    adopt(world, "validator.add", "GC-1", add_fields(world))
    installed = to_checkpoint(world)
    assert installed is not None
    assert (installed.epoch, installed.size) == (1, 5)
    assert world.ledger.validators == installed == world.ledger.validators_of(1)
    assert world.ledger.peer_address("validator-9") == "10.0.0.9:7200"
    assert to_checkpoint(world) is None, "it is installed once"
    assert world.ledger.head is not None
    assert world.ledger.head.epoch == 1
    adopt(world, "validator.remove", "GC-2", {"validator": "validator-0", "reason": "leaves"})
    to_checkpoint(world)
    world.reopen()
    assert world.ledger.validators.epoch == 2
    history = ValidatorHistory(SUITE, world.genesis)
    changes = [world.chain.validator_change(epoch) for epoch in (1, 2)]
    history.follow([change for change in changes if change is not None])
    assert history.latest == world.ledger.validators
    origin = world.chain.epoch_origin(1)
    assert origin is not None
    assert origin.height == K


def test_MB3_a_change_that_does_not_follow_is_refused(world: LedgerWorld) -> None:
    adopt(world, "validator.add", "GC-1", add_fields(world))
    to_checkpoint(world)
    change = world.chain.validator_change(1)
    assert change is not None
    forged = ValidatorSet(1, change.validators.members[:4])
    short = msgspec.structs.replace(change.certificate, votes=change.certificate.votes[:2])
    for problem, values in (
        ("expected a value", {"validators": forged}),
        ("where 0 to 1", {"validators": ValidatorSet(2, change.validators.members)}),
        ("quorum needs 3", {"certificate": short}),
    ):
        history = ValidatorHistory(SUITE, world.genesis)
        with pytest.raises(BadProof, match=problem) as refused:
            history.follow([msgspec.structs.replace(change, **values)])
        assert refused.value.step == "validators"
        assert history.latest.epoch == 0
    with pytest.raises(BadProof, match="epoch 1 is not proven"):
        ValidatorHistory(SUITE, world.genesis).of(1)


def test_situation_3_MB3_a_change_of_another_chain_is_refused(world: LedgerWorld) -> None:
    adopt(world, "validator.add", "GC-1", add_fields(world))
    to_checkpoint(world)
    change = world.chain.validator_change(1)
    assert change is not None
    other = ValidatorHistory(SUITE, msgspec.structs.replace(world.genesis, name="other"))
    with pytest.raises(BadProof, match="another chain"):
        other.follow([change])
    assert other.latest.epoch == 0


def test_MB1_an_approval_counts_only_while_its_organisation_runs_a_validator(world: LedgerWorld) -> None:
    assert propose(world, "validator.add", "GC-1", add_fields(world), person="tax-admin").applied
    left = {"validator": "validator-2", "reason": "leaves"}
    assert propose(world, "validator.remove", "GC-2", left).applied
    assert world.submit("change.approve", "court-admin", "GC-2", {}).applied
    installed = to_checkpoint(world)
    assert installed is not None
    assert voters_of(installed) == (AMR, COURT)
    assert world.submit("change.approve", "amr-admin", "GC-1", {}).applied
    assert world.record("change", "GC-1").state == "PROPOSED", "one of two that still run validators"
    assert world.submit("change.approve", "court-admin", "GC-1", {}).applied
    assert world.record("change", "GC-1").state == "ADOPTED"


def test_MB2_a_change_and_its_reverse_leave_nothing_to_install(world: LedgerWorld) -> None:
    adopt(world, "validator.add", "GC-1", add_fields(world))
    assert world.ledger.height < K
    adopt(world, "validator.remove", "GC-2", {"validator": "validator-9", "reason": "not ready"})
    assert world.ledger.height == K
    assert world.ledger.validators.epoch == 0
