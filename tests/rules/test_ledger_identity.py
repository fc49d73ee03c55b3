"""Rules of identity: members, keys, roles and pseudonyms (records.md 1.5; I1 to I6, I8, G5 to G7)."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from govchain.codec import encode
from govchain.crypto.possession import SigningKeyPossession, VoteKeyPossession
from govchain.crypto.pseudonyms import commit_value, derive_pseudonym, opens_commitment
from govchain.errors import ConfigError
from govchain.ledger.kinds import VERBS
from govchain.ledger.kinds.key.standing import key_status_at
from govchain.ledger.kinds.member import MEMBER, MemberData
from govchain.ledger.rules.personal import compute_identity_check, holds_identifier
from govchain.ledger.state import KeyState
from govchain.model import ProtocolParameters
from govchain.model.genesis_rules import validate_genesis
from govchain.model.validators import OBSERVER
from tests.support.identity_world import (
    NEW_ORG,
    ORDER,
    PSB,
    WATCHER,
    IdentityWorld,
    accreditation,
    commitment_to,
    identity_genesis,
    key_id,
)
from tests.support.ledger_world import (
    ACME,
    AMR,
    AMR_B,
    COURT,
    TAX,
    denial,
    licence_fields,
    licence_id,
    rfc3339,
    signer_of,
)


@pytest.fixture
def world() -> IdentityWorld:
    return IdentityWorld()


def key_of(world: IdentityWorld, name: str) -> KeyState:
    found = world.ledger.key(signer_of(name).key_id)
    assert found is not None
    return found


# I2: members come and go by policy.


def test_I2_allows_a_member_from_application_to_expulsion(world: IdentityWorld) -> None:
    world.do("organisation.add", "amr-admin", "GC-1", world.new_organisation())
    assert world.record(MEMBER, NEW_ORG).state == "APPLIED"
    assert world.ledger.organisation(NEW_ORG) is None
    world.do("change.approve", "court-admin", "GC-1")
    world.submit("member.activate", "new-admin", NEW_ORG, {}, org=NEW_ORG)
    fields = {"org": NEW_ORG, "reason": "audit"}
    world.adopt("organisation.suspend", "GC-2", fields)
    world.adopt("organisation.resume", "GC-3", fields)
    world.adopt("organisation.expel", "GC-4", fields)
    record = world.record(MEMBER, NEW_ORG)
    assert [entry.state for entry in record.timeline] == [
        *("APPLIED", "ADMITTED", "ACTIVE", "SUSPENDED", "ACTIVE", "EXPELLED")
    ]
    result = world.submit(
        "key.add", "new-admin", key_id("x"), world.key_fields("x", org=NEW_ORG), org=NEW_ORG
    )
    assert denial(result) == ("I2", "E_STATE")
    assert "expelled" in result.detail


def test_I2_denies_business_before_the_admitted_member_confirms(world: IdentityWorld) -> None:
    world.adopt("organisation.add", "GC-1", world.new_organisation())
    world.submit(
        "key.add", "new-admin", key_id("clerk"), world.key_fields("clerk", "maker", org=NEW_ORG), org=NEW_ORG
    )
    own = licence_id(org=NEW_ORG)
    enter = ("licence.enter", "clerk", own, licence_fields())
    assert denial(world.submit(*enter, org=NEW_ORG)) == ("I2", "E_STATE")
    assert denial(world.submit("member.activate", "clerk", NEW_ORG, {}, org=NEW_ORG)) == ("I5", "E_ROLE")
    assert world.submit("member.activate", "new-admin", NEW_ORG, {}, org=NEW_ORG).applied
    assert denial(world.submit(*enter, org=NEW_ORG)) == ("L4", "E_NOT_ACCREDITED"), "the gate is open"
    again = world.submit("member.activate", "new-admin", NEW_ORG, {}, org=NEW_ORG)
    assert denial(again) == ("G3", "E_STATE")


def test_I5_denies_confirming_for_another(world: IdentityWorld) -> None:
    world.adopt("organisation.add", "GC-1", world.new_organisation())
    assert denial(world.ask("member.activate", "psb-admin", NEW_ORG)) == ("I5", "E_ROLE")


def test_I2_allows_no_voter_to_use_up_the_history_of_an_applicant(world: IdentityWorld) -> None:
    """One organisation proposes alone: a thousand proposals would keep an applicant out for good."""
    for number in range(3):
        world.do("organisation.add", "amr-admin", f"GC-{number}", world.new_organisation())
    assert len(world.record(MEMBER, NEW_ORG).timeline) == 1
    world.adopt("organisation.add", "GC-9", world.new_organisation())
    assert world.record(MEMBER, NEW_ORG).data_as(MemberData).change == "GC-9"


def test_I2_allows_another_proposal_for_an_applicant_and_denies_one_for_a_member(
    world: IdentityWorld,
) -> None:
    world.do("organisation.add", "amr-admin", "GC-1", world.new_organisation())
    world.do("change.withdraw", "amr-admin", "GC-1", {"reason": "papers missing"})
    assert world.record(MEMBER, NEW_ORG).state == "APPLIED", "an applicant stays one"
    world.adopt("organisation.add", "GC-2", world.new_organisation(tier="observer"))
    another = {**world.new_organisation(), **world.key_proof(NEW_ORG, "other")}
    assert denial(world.ask("organisation.add", "amr-admin", "GC-3", another)) == ("I9", "E_STATE")
    world.adopt("organisation.expel", "GC-4", {"org": NEW_ORG, "reason": "r"})
    for verb in ("organisation.add", "organisation.resume", "organisation.expel"):
        fields = another if verb == "organisation.add" else {"org": NEW_ORG, "reason": "r"}
        result = world.ask(verb, "amr-admin", f"GC-{verb}", fields)
        assert denial(result) == ("I9", "E_STATE"), verb
        assert "expelled" in result.detail


def test_I2_denies_nothing_but_waits_until_a_regulator_approves() -> None:
    base = identity_genesis()
    regulated = tuple(
        msgspec.structs.replace(org, roles=(*org.roles, "regulator")) if org.id == TAX else org
        for org in base.organisations
    )
    world = IdentityWorld(msgspec.structs.replace(base, organisations=regulated))
    world.do("organisation.suspend", "amr-admin", "GC-1", {"org": ACME, "reason": "r"})
    world.do("change.approve", "court-admin", "GC-1")
    assert world.record("change", "GC-1").state == "PROPOSED", "enough approve, but no regulator"
    world.do("change.approve", "tax-admin", "GC-1")
    assert world.record("change", "GC-1").state == "ADOPTED"


# I5: tiers and roles.


def test_I5_denies_an_observer_that_writes_and_allows_its_keys(world: IdentityWorld) -> None:
    result = world.ask("accreditation.enter", "watcher-a", "AC-1", accreditation())
    assert denial(result) == ("I5", "E_ROLE")
    assert "tier verify" in result.detail
    world.do("key.add", "watcher-admin", key_id("w"), world.key_fields("w", org=WATCHER))


def test_I5_I9_denies_a_validator_below_the_consensus_tier(world: IdentityWorld) -> None:
    validator = {"validator": "validator-9", "org": PSB, "peer_address": "h:1"}
    fields = {**validator, **world.vote_key_proof("validator-9")}
    assert denial(world.ask("validator.add", "amr-admin", "GC-1", fields)) == ("I9", "E_STATE")
    world.adopt("organisation.tier", "GC-2", {"org": PSB, "tier": "consensus", "reason": "r"})
    world.do("validator.add", "amr-admin", "GC-3", fields)


def test_I9_denies_lowering_whoever_runs_a_validator(world: IdentityWorld) -> None:
    lower = {"org": COURT, "tier": "verify", "reason": "r"}
    assert denial(world.ask("organisation.tier", "amr-admin", "GC-1", lower)) == ("I9", "E_QUORUM")
    expel = {"org": COURT, "reason": "r"}
    assert denial(world.ask("organisation.expel", "amr-admin", "GC-2", expel)) == ("I9", "E_QUORUM")
    same = {"org": WATCHER, "tier": "observer", "reason": "r"}
    assert denial(world.ask("organisation.tier", "amr-admin", "GC-3", same)) == ("I9", "E_STATE")
    unknown = {"org": WATCHER, "tier": "boss", "reason": "r"}
    assert denial(world.ask("organisation.tier", "amr-admin", "GC-4", unknown)) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize(("field", "value"), [("tier", "x"), ("org_type", "A B"), ("area", "99")])
def test_G1_denies_malformed_organisation(world: IdentityWorld, field: str, value: str) -> None:
    result = world.ask("organisation.add", "amr-admin", "GC-1", world.new_organisation(**{field: value}))
    assert denial(result) == ("G1", "E_PAYLOAD")


def test_I5_allows_observers_to_use_and_to_keep_their_keys_and_nothing_else() -> None:
    allowed = {name for name, verb in VERBS.items() if verb.transition.tier == OBSERVER}
    assert {name.partition(".")[0] for name in allowed} == {"key", "licence", "member"}
    assert {name for name in allowed if name.startswith("licence")} == {
        *("licence.apply", "licence.authorise", "licence.use", "licence.end_use")
    }


@pytest.mark.parametrize(("org", "tier"), [(ACME, "boss"), (COURT, "verify")])
def test_genesis_with_a_tier_that_does_not_fit_is_refused(org: str, tier: str) -> None:
    base = identity_genesis()
    changed = tuple(
        msgspec.structs.replace(each, tier=tier) if each.id == org else each for each in base.organisations
    )
    validate_genesis(base)
    with pytest.raises(ConfigError):
        validate_genesis(msgspec.structs.replace(base, organisations=changed))


# I1: the life of a key, and what a signature was worth.


def test_I1_allows_the_committed_key_and_denies_another(world: IdentityWorld) -> None:
    add = world.key_fields("k1", "maker", next_key_commitment=commitment_to("k2"))
    world.do("key.add", "psb-admin", key_id("k1"), add)
    stolen = world.key_proof(PSB, "thief")
    for signer in ("k1", "psb-admin"):
        result = world.submit("key.rotate", signer, key_id("k1"), stolen, org=PSB)
        assert denial(result) == ("I1", "E_SIG"), signer
    right = world.key_proof(PSB, "k2")
    assert world.submit("key.rotate", "k1", key_id("k1"), right, org=PSB).applied
    old, new = key_of(world, "k1"), key_of(world, "k2")
    assert (old.state, new.state, new.person, new.roles) == ("ROTATED", "ACTIVE", "k1", ("maker",))
    late = world.submit("accreditation.enter", "k1", "AC-1", accreditation(), org=PSB)
    assert denial(late) == ("I1", "E_KEY_REVOKED")
    again = world.submit("key.rotate", "k2", key_id("k2"), right, org=PSB)
    assert denial(again) == ("I1", "E_DUP_ID")


def test_I5_denies_rotating_somebody_elses_key_and_vote_keys(world: IdentityWorld) -> None:
    new = world.key_proof(PSB, "k9")
    assert denial(world.ask("key.rotate", "psb-b", key_id("psb-a"), new)) == ("I5", "E_ROLE")
    assert denial(world.ask("key.rotate", "amr-admin", key_id("psb-a"), new)) == ("I5", "E_ROLE")
    assert denial(world.ask("key.rotate", "amr-admin", key_id("validator-0"), new)) == ("I5", "E_ROLE")
    world.do("key.rotate", "psb-admin", key_id("psb-a"), new)


def test_I1_denies_a_suspended_key_until_it_is_resumed(world: IdentityWorld) -> None:
    world.do("key.suspend", "psb-admin", key_id("psb-a"), {"reason": "leave"})
    rotate = world.key_proof(PSB, "k9")
    assert denial(world.ask("key.rotate", "psb-a", key_id("psb-a"), rotate)) == ("I1", "E_KEY_REVOKED")
    suspend = world.ask("key.suspend", "psb-admin", key_id("psb-a"), {"reason": "leave"})
    assert denial(suspend) == ("G3", "E_STATE")
    world.do("key.resume", "psb-admin", key_id("psb-a"), {"reason": "back"})
    world.do("key.rotate", "psb-a", key_id("psb-a"), rotate)


def test_I8_denies_stopping_the_last_admin_and_counts_each_life(world: IdentityWorld) -> None:
    stop = {"reason": "r"}
    assert denial(world.ask("key.suspend", "psb-admin", key_id("psb-admin"), stop)) == ("I8", "E_STATE")
    world.do("key.add", "psb-admin", key_id("admin-2"), world.key_fields("admin-2", "admin"))
    world.do("key.suspend", "psb-admin", key_id("admin-2"), stop)
    world.do("key.rotate", "psb-admin", key_id("psb-admin"), world.key_proof(PSB, "a3"))
    result = world.submit("key.revoke", "a3", key_id("a3"), stop, org=PSB)
    assert denial(result) == ("I8", "E_STATE"), "the other one is suspended"
    assert world.submit("key.resume", "a3", key_id("admin-2"), stop, org=PSB).applied
    assert world.submit("key.revoke", "a3", key_id("a3"), stop, org=PSB).applied
    org = world.ledger.organisation(PSB)
    assert org is not None
    assert org.active_admins == 1


def test_I1_revocation_since_answers_only_for_what_was_signed_later(world: IdentityWorld) -> None:
    start = world.now_ms
    for serial in (1, 2):
        fields = licence_fields(holder_ref=f"holder-{serial}")
        world.do("licence.enter", "amr-a", licence_id(serial), fields)
    since = start + 60_000
    world.do("key.revoke", "amr-admin", key_id("amr-a"), {"reason": "stolen", "since": rfc3339(since)})
    key = key_of(world, "amr-a")
    first, second = (world.record("licence", licence_id(serial)).timeline[0] for serial in (1, 2))
    early, late = (key_status_at(key, entry.claimed_time_ms) for entry in (first, second))
    assert (early.answer, late.answer) == ("ACTIVE", "REVOKED")
    assert "revoked later" in early.explanation_en
    assert "不可" in late.explanation_zh
    assert late.since_ms == since
    assert world.record("licence", licence_id(2)).state == "DRAFT", "the chain keeps what was written"
    enter = world.ask("licence.enter", "amr-a", licence_id(3), licence_fields())
    assert denial(enter) == ("I1", "E_KEY_REVOKED")


def test_I1_denies_a_revocation_since_the_future(world: IdentityWorld) -> None:
    for since, expected in (
        (rfc3339(world.now_ms + 3_600_000), ("I1", "E_TIME_ORDER")),
        ("soon", ("G1", "E_PAYLOAD")),
    ):
        fields = {"reason": "r", "since": since}
        assert denial(world.ask("key.revoke", "amr-admin", key_id("amr-a"), fields)) == expected


@pytest.mark.parametrize("since", ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_I1_denies_a_revocation_since_no_time(world: IdentityWorld, since: str) -> None:
    """Zero stands for a key that is not revoked: it would be called good at every time."""
    fields = {"reason": "stolen", "since": since}
    refused = world.ask("key.revoke", "amr-admin", key_id("amr-a"), fields)
    assert denial(refused) == ("I1", "E_TIME_ORDER")
    implied = world.ask("key.revoke", "amr-admin", key_id("amr-a"), {"reason": "stolen"}, claimed_time=since)
    assert denial(implied) == ("I1", "E_TIME_ORDER")


def test_I1_answers_for_every_moment_of_a_key(world: IdentityWorld) -> None:
    moments = [world.now_ms - 1]
    world.do("key.add", "psb-admin", key_id("k1"), world.key_fields("k1"))
    moments.append(world.now_ms)
    world.do("key.suspend", "psb-admin", key_id("k1"), {"reason": "r"})
    moments.append(world.now_ms)
    world.do("key.resume", "psb-admin", key_id("k1"), {"reason": "r"})
    moments.append(world.now_ms)
    world.do("key.rotate", "psb-admin", key_id("k1"), world.key_proof(PSB, "k2"))
    moments.append(world.now_ms)
    world.do("key.revoke", "psb-admin", key_id("k1"), {"reason": "r"})
    moments.append(world.now_ms)
    answers = [key_status_at(key_of(world, "k1"), at_ms - 1).answer for at_ms in moments]
    assert answers == ["UNKNOWN", "ACTIVE", "SUSPENDED", "ACTIVE", "ROTATED", "REVOKED"]
    assert key_status_at(key_of(world, "psb-a"), 0).answer == "ACTIVE", "a key of genesis"


def test_G9_denies_a_key_change_before_the_last_one(world: IdentityWorld) -> None:
    world.do("key.suspend", "psb-admin", key_id("psb-a"), {"reason": "r"})
    early = rfc3339(world.now_ms - 120_000)
    result = world.ask("key.resume", "psb-admin", key_id("psb-a"), {"reason": "r"}, claimed_time=early)
    assert denial(result) == ("G9", "E_TIME_ORDER")


@pytest.mark.parametrize(
    "fields",
    [{"public_key": "zz"}, {"public_key": "K" * 64}, {"next_key_commitment": "1"}],
)
def test_G1_denies_malformed_rotation(world: IdentityWorld, fields: dict[str, str]) -> None:
    fields = {**world.key_proof(PSB, "k"), **fields}
    assert denial(world.ask("key.rotate", "psb-a", key_id("psb-a"), fields)) == ("G1", "E_PAYLOAD")


# I10: a new key is its holder's.


def bad_proofs(world: IdentityWorld, org: str) -> dict[str, str]:
    """Proofs of the key "k" for an organisation, each wrong in one way."""
    holder, public_key = signer_of("k"), signer_of("k").public_key
    said = SigningKeyPossession(world.chain_id, org, public_key)
    good = holder.sign(encode(said)).hex()
    vote = VoteKeyPossession(world.chain_id, org, public_key)
    other_chain = msgspec.structs.replace(said, chain_id=bytes(32))
    return {
        "none": "",
        "no hex": "xyz",
        "another spelling": good.upper(),
        "cut": good[:-2],
        "zero": "00" * 64,
        "signed by another key": signer_of("psb-admin").sign(encode(said)).hex(),
        "for another organisation": world.key_proof(ACME, "k")["possession"],
        "of another key": world.key_proof(org, "other")["possession"],
        "for another chain": holder.sign(encode(other_chain)).hex(),
        "of a vote key": holder.sign(encode(vote)).hex(),
    }


def test_I10_denies_a_key_that_its_holder_did_not_prove(world: IdentityWorld) -> None:
    fields = world.key_fields("k")
    for wrong, possession in bad_proofs(world, PSB).items():
        result = world.ask("key.add", "psb-admin", key_id("k"), {**fields, "possession": possession})
        assert denial(result) == ("I10", "E_SIG"), wrong
    world.do("key.add", "psb-admin", key_id("k"), fields)


def test_I10_denies_a_rotation_that_the_new_holder_did_not_prove(world: IdentityWorld) -> None:
    fields = world.key_proof(PSB, "k")
    for wrong, possession in bad_proofs(world, PSB).items():
        result = world.ask("key.rotate", "psb-a", key_id("psb-a"), {**fields, "possession": possession})
        assert denial(result) == ("I10", "E_SIG"), wrong
        assert key_of(world, "psb-a").active
    world.do("key.rotate", "psb-a", key_id("psb-a"), fields)


def test_I10_denies_an_organisation_whose_admin_did_not_prove_the_key(world: IdentityWorld) -> None:
    fields = world.new_organisation(**world.key_proof(NEW_ORG, "k"))
    # The organisation that proposes is not the one whose key it is.
    proofs = {**bad_proofs(world, NEW_ORG), "for the proposer": world.key_proof(AMR, "k")["possession"]}
    for wrong, possession in proofs.items():
        result = world.ask("organisation.add", "amr-admin", "GC-1", {**fields, "possession": possession})
        assert denial(result) == ("I10", "E_SIG"), wrong
    world.do("organisation.add", "amr-admin", "GC-1", fields)


def test_I10_denies_registering_a_key_of_somebody_else(world: IdentityWorld) -> None:
    """Another's public key is easy to get, and so is a proof that was sent; it names one organisation."""
    seen = world.key_fields("k")
    assert denial(world.ask("key.add", "acme-admin", key_id("k"), seen)) == ("I10", "E_SIG")
    world.do("key.add", "psb-admin", key_id("k"), seen)
    assert denial(world.ask("key.add", "acme-admin", key_id("k"), seen)) == ("I1", "E_DUP_ID")


# I4, I3 and G7: people.

MAPPING_KEY = bytes(range(32))
PEOPLE_OF_A_CITY = [
    body + compute_identity_check(body)
    for body in (f"990100{1980 + n % 20}{1 + n % 12:02d}{1 + n % 28:02d}{n % 1000:03d}" for n in range(2_000))
]


def test_I4_answers_the_same_pseudonym_at_one_party_and_joins_with_the_mapping_key() -> None:
    at_tax = {derive_pseudonym(MAPPING_KEY, TAX, person): person for person in PEOPLE_OF_A_CITY}
    at_court = [derive_pseudonym(MAPPING_KEY, COURT, person) for person in PEOPLE_OF_A_CITY]
    assert len(at_tax) == len(set(PEOPLE_OF_A_CITY))
    joined = {derive_pseudonym(MAPPING_KEY, COURT, person): name for name, person in at_tax.items()}
    assert [at_tax[joined[name]] for name in at_court] == PEOPLE_OF_A_CITY


def test_I4_never_joins_without_the_mapping_key() -> None:
    at_tax = {derive_pseudonym(MAPPING_KEY, TAX, person) for person in PEOPLE_OF_A_CITY}
    at_court = {derive_pseudonym(MAPPING_KEY, COURT, person) for person in PEOPLE_OF_A_CITY}
    assert not at_tax & at_court
    # Whoever knows every identifier and both lists, but a key that differs in one bit, finds nobody.
    other = bytes([MAPPING_KEY[0] ^ 1]) + MAPPING_KEY[1:]
    for party, known in ((TAX, at_tax), (COURT, at_court)):
        guesses = {derive_pseudonym(other, party, person) for person in PEOPLE_OF_A_CITY}
        assert not guesses & known
    for one, two in itertools.pairwise(sorted(at_tax)[:200]):
        assert bin(int(one, 16) ^ int(two, 16)).count("1") > 64, "neighbours have nothing in common"
    with pytest.raises(ValueError, match="at least 32"):
        derive_pseudonym(b"short", TAX, "x")


def test_I3_I4_allows_a_pseudonym_as_person_of_a_key(world: IdentityWorld) -> None:
    name = derive_pseudonym(MAPPING_KEY, PSB, PEOPLE_OF_A_CITY[0])
    assert not holds_identifier(name)
    world.do("key.add", "psb-admin", key_id("someone"), {**world.key_fields("someone"), "person": name})


def test_G7_allows_opening_a_commitment_with_its_salt_and_never_without(world: IdentityWorld) -> None:
    salt, person = bytes(16), PEOPLE_OF_A_CITY[7]
    commitment = commit_value(salt, person)
    world.do("licence.enter", "amr-a", licence_id(), licence_fields(holder_ref=commitment))
    assert opens_commitment(commitment, salt, person)
    assert not opens_commitment(commitment, salt, PEOPLE_OF_A_CITY[8])
    before = world.ledger.state_root
    # The salt is destroyed: all identifiers of the city and a million other salts would not help.
    guesses = {commit_value(bytes(15) + b"\x01", each) for each in PEOPLE_OF_A_CITY}
    assert commitment not in guesses
    assert world.ledger.state_root == before, "and the chain stays as it was"
    with pytest.raises(ValueError, match="at least 16"):
        commit_value(b"short", person)


def test_G6_I6_denies_one_person_with_three_roles_and_allows_three_persons(world: IdentityWorld) -> None:
    world.do("accreditation.enter", "amr-all", "AC-1", accreditation())
    assert denial(world.ask("accreditation.check", "amr-all", "AC-1")) == ("G6", "E_SOD")
    world.do("accreditation.check", "amr-b", "AC-1")
    assert denial(world.ask("accreditation.grant", "amr-all", "AC-1")) == ("G6", "E_SOD")
    world.do("accreditation.grant", "amr-d", "AC-1")


def test_I2_parameters_of_the_policy_are_those_of_genesis() -> None:
    world = IdentityWorld(identity_genesis(approvals_min=1))
    assert ProtocolParameters().approvals_min == 0
    world.do("organisation.expel", "amr-admin", "GC-1", {"org": AMR_B, "reason": ORDER["reason"]})
    assert world.record("change", "GC-1").state == "ADOPTED"
    assert world.record(MEMBER, AMR_B).state == "EXPELLED"
