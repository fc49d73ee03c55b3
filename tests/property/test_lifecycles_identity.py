"""Random interleavings of the lives of members, keys, accreditations and licences (records.md 1.1 and 1.5).

Each machine throws valid, early, late and foreign requests at one world and judges it from outside; how many
runs there are is said by `tests.support.lifecycles`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from govchain.codec import decode
from govchain.ledger.identifiers import parse_licence_id
from govchain.ledger.kinds.accreditation.chain import accreditation_at
from govchain.ledger.kinds.accreditation.fields import AccreditationData
from govchain.ledger.kinds.authorisation.fields import AuthorisationData
from govchain.ledger.kinds.authorisation.uses import PAGE_MAX, list_uses
from govchain.ledger.kinds.key.rules import TRANSITIONS as KEY_TRANSITIONS
from govchain.ledger.kinds.key.standing import key_status_at
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.ledger.kinds.licence_use import LicenceUseData
from govchain.ledger.kinds.member import MEMBER
from govchain.ledger.state import KeyState
from tests.support.identity_world import (
    NEW_ORG,
    ORDER,
    PSB,
    STAFF,
    IdentityWorld,
    accreditation,
    commitment_to,
    key_id,
)
from tests.support.ledger_world import (
    ACME,
    AMR,
    AMR_B,
    BANK,
    BUSINESS,
    PEOPLE,
    START_MS,
    TAX,
    LedgerWorld,
    licence_fields,
    licence_id,
    rfc3339,
    signer_of,
)
from tests.support.lifecycles import RUNS, Machine

HOLDERS = {"holder": ACME, "other": f"{PSB}:citizen-1"}
CASE = {"reason": "unlawful", "basis_document": "（2026）京0491行初7号"}
MINUTE_MS = 60_000


class IdentityMachine(Machine):
    """A machine over `IdentityWorld`."""

    def make_world(self) -> LedgerWorld:
        return IdentityWorld()

    def org_of(self, person: str) -> str | None:
        if person.startswith("new-"):
            return NEW_ORG
        if person.startswith("psb-key"):
            return PSB
        return STAFF[person][0] if person in STAFF else PEOPLE[person][0]


FIRST = licence_id(1)
LICENCES = st.sampled_from(
    [FIRST, FIRST, licence_id(1, 2), licence_id(1, 3), licence_id(2), licence_id(2, 2)]
)
OFFICERS = st.sampled_from(["amr-a", "amr-b", "amr-b", "amr-all", "amrb-b"])
CHECKERS = st.sampled_from(["amr-b", "amr-b", "amr-b", "amr-a", "amrb-b"])
ENDINGS = st.sampled_from(["revoke", "recall", "cancel", "void", "suspend", "resume"])
NUMBERS = st.sampled_from(["AU-1", "AU-2", "AU-3"])
CLERKS = st.sampled_from(["acme-a", "acme-a", "bank-a", "bank-a", "tax-a", "citizen-1"])
PURPOSES = st.sampled_from(["loan", "loan", "account"])
NAMES = st.lists(st.sampled_from(["name", "scope", "capital"]), min_size=1, unique=True)
COPIES = st.sampled_from([None, "a" * 64, "b" * 64])


class LicenceLifeMachine(IdentityMachine):
    """Every state of a licence, its authorised uses, and whatever was once withdrawn."""

    record_type = "licence"
    more_types = ("authorisation", "licence-use")

    def __init__(self) -> None:
        super().__init__()
        self.ended: dict[str, int] = {}
        self.copies: dict[str, tuple[str, str]] = {}

    @initialize(uses=st.integers(0, 3))
    def begin(self, uses: int) -> None:
        """Most orders begin with a licence that is used, or no life would get far."""
        self.enter_and_issue(FIRST, "holder")
        if uses:
            self.authorise(
                number="AU-1", licence=FIRST, person="acme-a", purpose="loan", names=["name"], uses=uses
            )
            self.use(number="AU-1", person="bank-a", purpose="loan", names=["name"], copy=None)

    @rule(object_id=LICENCES, person=OFFICERS, holder=st.sampled_from(sorted(HOLDERS)))
    def enter(self, object_id: str, person: str, holder: str) -> None:
        self.ask("licence.enter", person, object_id, licence_fields(holder_ref=HOLDERS[holder]))

    @rule(object_id=LICENCES, holder=st.sampled_from(sorted(HOLDERS)))
    def enter_and_issue(self, object_id: str, holder: str) -> None:
        self.ask("licence.enter", "amr-a", object_id, licence_fields(holder_ref=HOLDERS[holder]))
        self.ask("licence.issue", "amr-b", object_id, {})

    @rule(object_id=LICENCES, person=OFFICERS)
    def issue(self, object_id: str, person: str) -> None:
        self.ask("licence.issue", person, object_id, {})

    @rule(object_id=LICENCES, person=CHECKERS, change=ENDINGS)
    def change(self, object_id: str, person: str, change: str) -> None:
        now_ms = self.world.now_ms
        if self.ask(f"licence.{change}", person, object_id, ORDER) and change not in ("suspend", "resume"):
            self.ended[object_id] = now_ms

    @rule(
        object_id=LICENCES,
        person=st.sampled_from(["amr-b", "court-a", "amrb-b"]),
        order=st.sampled_from([ORDER, CASE]),
    )
    def withdraw(self, object_id: str, person: str, order: dict[str, str]) -> None:
        self.ask("licence.withdraw", person, object_id, order)

    @rule(object_id=LICENCES, person=CLERKS)
    def apply_for(self, object_id: str, person: str) -> None:
        self.ask("licence.apply", person, object_id, {"wants": "change"})

    @rule(
        number=NUMBERS, licence=LICENCES, person=CLERKS, purpose=PURPOSES, names=NAMES, uses=st.integers(1, 3)
    )
    def authorise(
        self, *, number: str, licence: str, person: str, purpose: str, names: list[str], uses: int
    ) -> None:
        fields = {
            "licence": licence,
            "audience": BANK,
            "purpose": purpose,
            "fields": names,
            "expires": rfc3339(self.world.now_ms + 6 * MINUTE_MS),
            "max_uses": uses,
        }
        self.ask("licence.authorise", person, number, fields)

    @rule(number=NUMBERS, person=CLERKS, purpose=PURPOSES, names=NAMES, copy=COPIES)
    def use(self, *, number: str, person: str, purpose: str, names: list[str], copy: str | None) -> None:
        fields: dict[str, Any] = {"purpose": purpose, "fields": names}
        if copy is not None:
            fields["copy_hash"] = {"sha256": copy, "sm3": copy}
        now_ms = self.world.now_ms
        record = self.world.ledger.record("authorisation", number)
        if not self.ask("licence.use", person, number, fields):
            return
        assert record is not None
        data = record.data_as(AuthorisationData)
        assert person == "bank-a"
        assert (purpose, now_ms < data.expires_ms) == (data.purpose, True)
        assert set(names) <= set(data.fields), "L8"
        answer = licence_status_at(self.world.record("licence", data.licence), now_ms)
        assert answer.answer == "VALID"
        if copy is not None:
            assert self.copies.setdefault(copy, (data.audience, purpose)) == (data.audience, purpose), "L7"

    @rule(number=NUMBERS, copy=COPIES)
    def use_as_authorised(self, number: str, copy: str | None) -> None:
        record = self.world.ledger.record("authorisation", number)
        if record is not None:
            data = record.data_as(AuthorisationData)
            names = list(data.fields)
            self.use(number=number, person="bank-a", purpose=data.purpose, names=names, copy=copy)

    @rule(number=NUMBERS, licence=LICENCES, purpose=PURPOSES, uses=st.integers(1, 3))
    def authorise_as_holder(self, number: str, licence: str, purpose: str, uses: int) -> None:
        record = self.world.ledger.record("licence", licence)
        if record is not None:
            holder = record.data_as(LicenceData).holder_ref
            person = "acme-a" if holder == ACME else "citizen-1"
            names = ["name", "scope"]
            self.authorise(
                number=number, licence=licence, person=person, purpose=purpose, names=names, uses=uses
            )

    @rule(number=NUMBERS, person=CLERKS)
    def end_use(self, number: str, person: str) -> None:
        self.ask("licence.end_use", person, number, {})

    @invariant()
    def test_L2_one_valid_version_and_one_licence_a_holder(self) -> None:
        in_force = [record for record in self.known("licence") if record.state in ("VALID", "SUSPENDED")]
        numbers = Counter(record.object_id.rsplit(".", 2)[0] for record in in_force)
        holders = Counter(record.data_as(LicenceData).holder_ref for record in in_force)
        assert all(count == 1 for count in (*numbers.values(), *holders.values()))

    @invariant()
    def test_L2_versions_are_contiguous(self) -> None:
        ids = {record.object_id for record in self.known("licence")}
        for object_id in ids:
            parts = parse_licence_id(object_id)
            assert parts.version == 1 or parts.with_version(parts.version - 1) in ids

    @invariant()
    def test_L3_never_valid_from_an_end_on_and_withdrawn_never_was(self) -> None:
        for record in self.known("licence"):
            moments = [entry.claimed_time_ms + ms for entry in record.timeline for ms in (-1, 0, 1)]
            answers = {at_ms: licence_status_at(record, at_ms).answer for at_ms in moments}
            if record.object_id in self.ended:
                end_ms = self.ended[record.object_id]
                assert all(at_ms < end_ms for at_ms, answer in answers.items() if answer == "VALID")
            if record.state == "WITHDRAWN":
                assert "VALID" not in answers.values()

    @invariant()
    def test_G6_maker_is_never_checker(self) -> None:
        for record in self.known("licence"):
            data = record.data_as(LicenceData)
            assert data.entered_by != data.issued_by

    @invariant()
    def test_L6_the_holder_sees_every_use_and_no_more_than_authorised(self) -> None:
        assert isinstance(self.world, IdentityWorld)
        shown = Counter(
            (entry.data_as(LicenceUseData).authorisation, entry.timeline[0].kind)
            for holder in HOLDERS.values()
            for entry in list_uses(self.world.access, holder, page=PAGE_MAX)
        )
        expected: Counter[tuple[str, str]] = Counter()
        for record in self.known("authorisation"):
            data = record.data_as(AuthorisationData)
            uses = [entry for entry in record.timeline if entry.kind == "licence.use"]
            assert len(uses) == data.used <= data.max_uses
            expected.update((record.object_id, entry.kind) for entry in record.timeline)
        assert shown == expected


VERBS = st.sampled_from(["suspend", "resume", "expel"])
CHANGES = st.sampled_from([f"GC-{number}" for number in range(1, 10)])
ADMINS = st.sampled_from(["amr-admin", "amr-admin", "court-admin", "tax-admin", "psb-admin"])
CANDIDATES = st.sampled_from([NEW_ORG, NEW_ORG, PSB, AMR_B, TAX])


class MemberMachine(IdentityMachine):
    record_types = (MEMBER, "change")

    @initialize(active=st.booleans())
    def begin(self, active: bool) -> None:
        """Every other order begins with a member that was admitted."""
        if active:
            self.admit_and_activate("GC-1")

    @rule(number=CHANGES, person=ADMINS, tier=st.sampled_from(["observer", "verify", "consensus"]))
    def propose_member(self, number: str, person: str, tier: str) -> None:
        self.ask("organisation.add", person, number, self.world.new_organisation(tier=tier))

    @rule(number=CHANGES)
    def admit_and_activate(self, number: str) -> None:
        self.ask("organisation.add", "amr-admin", number, self.world.new_organisation())
        self.ask("change.approve", "tax-admin", number, {})
        self.confirm()

    @rule(number=CHANGES, person=ADMINS, verb=VERBS, org=CANDIDATES)
    def propose_standing(self, number: str, person: str, verb: str, org: str) -> None:
        self.ask(f"organisation.{verb}", person, number, {"org": org, "reason": "r"})

    @rule(number=CHANGES, person=ADMINS, org=CANDIDATES, tier=st.sampled_from(["observer", "consensus"]))
    def propose_tier(self, number: str, person: str, org: str, tier: str) -> None:
        self.ask("organisation.tier", person, number, {"org": org, "tier": tier, "reason": "r"})

    @rule(number=CHANGES, verb=VERBS, org=CANDIDATES)
    def change_standing(self, number: str, verb: str, org: str) -> None:
        self.ask(f"organisation.{verb}", "amr-admin", number, {"org": org, "reason": "r"})
        self.ask("change.approve", "court-admin", number, {})

    @rule(number=CHANGES, person=ADMINS)
    def approve(self, number: str, person: str) -> None:
        self.ask("change.approve", person, number, {})

    @rule(number=CHANGES, person=ADMINS)
    def withdraw(self, number: str, person: str) -> None:
        self.ask("change.withdraw", person, number, {"reason": "r"})

    @rule()
    def confirm(self) -> None:
        if self.world.ledger.key(signer_of("new-admin").key_id) is not None:
            self.ask("member.activate", "new-admin", NEW_ORG, {})

    @rule(clerk=st.sampled_from(["new-clerk", "new-clerk-2"]))
    def sign(self, clerk: str) -> None:
        if self.world.ledger.key(signer_of("new-admin").key_id) is not None:
            org = self.world.ledger.organisation(NEW_ORG)
            assert org is not None
            applied = self.ask(
                "key.add", "new-admin", key_id(clerk), self.world.key_fields(clerk, org=NEW_ORG)
            )
            assert not (applied and not org.active), "whoever is out signs nothing"

    @invariant()
    def test_I2_standing_is_the_member_s_state(self) -> None:
        for record in self.known(MEMBER):
            org = self.world.ledger.organisation(record.object_id)
            assert (org is None) == (record.state == "APPLIED")
            if org is not None:
                assert org.standing == record.state

    @invariant()
    def test_I2_nobody_who_votes_is_out_or_below(self) -> None:
        for member in self.world.ledger.validators.members:
            org = self.world.ledger.organisation(member.org)
            assert org is not None
            assert (org.standing, org.tier) == ("ACTIVE", "consensus")


KEYS = ("psb-admin", "psb-key1", "psb-key2", "psb-key3", "psb-key4")
SIGNERS = st.sampled_from(("psb-admin", "psb-admin", "psb-key1", *KEYS))
AIMS = st.sampled_from(KEYS)


class KeyMachine(IdentityMachine):
    """Keys of one organisation: whoever signs, some admin stays, and answers about the past never change."""

    record_types = (MEMBER,)

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[str, int], str] = {}

    @initialize(heir=st.one_of(st.none(), AIMS))
    def begin(self, heir: str | None) -> None:
        """Two admins and a clerk, or the only admin could do nothing but add keys."""
        self.add(signer="psb-admin", name="psb-key1", admin=True, heir=None)
        self.add(signer="psb-admin", name="psb-key2", admin=False, heir=heir)

    def of(self, name: str) -> KeyState | None:
        return self.world.ledger.key(signer_of(name).key_id)

    def try_by(self, signer: str, verb: str, aim: str, fields: Any) -> bool:
        signing = self.of(signer)
        if signing is None:
            return False
        applied = self.ask(verb, signer, key_id(aim), fields)
        assert not (applied and not signing.active)
        return applied

    @rule(signer=SIGNERS, name=AIMS, admin=st.booleans(), heir=st.one_of(st.none(), AIMS))
    def add(self, signer: str, name: str, admin: bool, heir: str | None) -> None:
        more = {} if heir is None else {"next_key_commitment": commitment_to(heir)}
        fields = self.world.key_fields(name, *(("admin",) if admin else ()), **more)
        self.try_by(signer, "key.add", name, fields)

    @rule(signer=SIGNERS, aim=AIMS, heir=AIMS)
    def rotate(self, signer: str, aim: str, heir: str) -> None:
        before = self.of(aim)
        fields = self.world.key_proof(PSB, heir)
        if self.try_by(signer, "key.rotate", aim, fields):
            assert before is not None
            assert before.next_key_commitment in ("", commitment_to(heir))

    @rule(signer=SIGNERS, aim=AIMS, verb=st.sampled_from(["key.suspend", "key.resume"]))
    def pause(self, signer: str, aim: str, verb: str) -> None:
        self.try_by(signer, verb, aim, {"reason": "r"})

    @rule(signer=SIGNERS, aim=AIMS, back_minutes=st.integers(-1, 3))
    def revoke(self, signer: str, aim: str, back_minutes: int) -> None:
        since_ms = max(START_MS, self.world.now_ms - back_minutes * MINUTE_MS)
        fields = {"reason": "r", "since": rfc3339(since_ms)}
        if self.try_by(signer, "key.revoke", aim, fields):
            assert back_minutes >= 0
            # From its `since` on, and nowhere before, the answer is another one now.
            for name, at_ms in list(self.said):
                if name == aim and at_ms >= since_ms:
                    self.said[name, at_ms] = "REVOKED"

    @invariant()
    def test_I1_an_answer_about_the_past_changes_only_by_since(self) -> None:
        at_ms = self.world.now_ms - 1
        for name in KEYS:
            key = self.of(name)
            if key is None:
                continue
            self.said.setdefault((name, at_ms), key_status_at(key, at_ms).answer)
            for (other, moment), answer in self.said.items():
                if other == name:
                    assert key_status_at(key, moment).answer == answer, (name, moment)

    @invariant()
    def test_G3_keys_change_only_as_listed(self) -> None:
        listed = {(old, new) for row in KEY_TRANSITIONS for old in row.from_states for new in row.to_states}
        for name in KEYS:
            key = self.of(name)
            if key is None or not key.history:
                continue
            states = [change.state for change in key.history]
            if name == "psb-admin":
                states = ["ACTIVE", *states]
            assert key.state == states[-1]
            assert all(change in listed for change in itertools.pairwise(states)), states

    @invariant()
    def test_I8_admins_are_counted_and_one_remains(self) -> None:
        org = self.world.ledger.organisation(PSB)
        assert org is not None
        found = [
            decode(value, KeyState) for key, value in self.world.store.state().items() if key[:4] == b"key/"
        ]
        admins = [key for key in found if key.org == PSB and "admin" in key.roles and key.active]
        assert org.active_admins == len(admins) >= 1


GRANTS = st.sampled_from(["AC-1", "AC-2", "AC-3", "AC-4"])
TEAMS: dict[str, tuple[str, str, str]] = {
    AMR: ("amr-a", "amr-b", "amr-d"),
    AMR_B: ("amrb-a", "amrb-b", "amrb-c"),
    PSB: ("psb-a", "psb-b", "psb-c"),
}
ORGS = st.sampled_from(sorted(TEAMS))
AREAS = st.sampled_from(["990000", "990000", "990200", "990203"])
ALL_STAFF = st.sampled_from([*(person for team in TEAMS.values() for person in team), "amr-all"])


class AccreditationMachine(IdentityMachine):
    record_types = ("accreditation", "licence", MEMBER)

    def __init__(self) -> None:
        super().__init__()
        self.serial = 0

    @rule(
        number=GRANTS,
        org=ORGS,
        issuer=ORGS,
        area=AREAS,
        tao=st.booleans(),
        under=st.one_of(st.just(""), GRANTS),
    )
    def enter(self, *, number: str, org: str, issuer: str, area: str, tao: bool, under: str) -> None:
        fields = accreditation(issuer=issuer, area=area, may_accredit=tao, under=under)
        self.ask("accreditation.enter", TEAMS[org][0], number, fields)

    @rule(number=GRANTS, org=ORGS, issuer=ORGS, area=AREAS, under=st.one_of(st.just(""), GRANTS))
    def accredit(self, number: str, org: str, issuer: str, area: str, under: str) -> None:
        self.enter(number=number, org=org, issuer=issuer, area=area, tao=True, under=under)
        self.ask("accreditation.check", TEAMS[org][1], number, {})
        self.ask("accreditation.grant", TEAMS[org][2], number, {})

    @rule(number=GRANTS, person=ALL_STAFF, step=st.sampled_from(["check", "grant"]))
    def step(self, number: str, person: str, step: str) -> None:
        self.ask(f"accreditation.{step}", person, number, {})

    @rule(number=GRANTS, person=ALL_STAFF)
    def revoke(self, number: str, person: str) -> None:
        self.ask("accreditation.revoke", person, number, ORDER)

    @rule(org=st.sampled_from([AMR_B, PSB]), verb=st.sampled_from(["suspend", "resume"]))
    def change_member(self, org: str, verb: str) -> None:
        number = f"GC-{self.world.ledger.height}"
        if self.ask(f"organisation.{verb}", "amr-admin", number, {"org": org, "reason": "r"}):
            self.ask("change.approve", "tax-admin", number, {})

    @rule(org=ORGS, area=AREAS)
    def enter_licence(self, org: str, area: str) -> None:
        assert isinstance(self.world, IdentityWorld)
        self.serial += 1
        number = licence_id(self.serial, type_code=BUSINESS, org=org)
        fields = licence_fields(area_code=area, holder_ref=f"holder-{self.serial}")
        now_ms = self.world.now_ms
        answer = accreditation_at(self.world.access, org, BUSINESS, area, now_ms)
        applied = self.ask("licence.enter", TEAMS[org][0], number, fields)
        assert not applied or answer.unbroken, "I7"

    @invariant()
    def test_I7_a_path_begins_at_the_root_and_every_grant_on_it_is_wider(self) -> None:
        assert isinstance(self.world, IdentityWorld)
        for org in TEAMS:
            answer = accreditation_at(self.world.access, org, BUSINESS, "990203", self.world.now_ms)
            if answer.unbroken:
                assert (answer.path[0], answer.path[-1]) == (AMR, org)
        for record in self.known("accreditation"):
            data = record.data_as(AccreditationData)
            assert data.issuer != record.issuer_org
            if data.under:
                above = self.world.record("accreditation", data.under)
                wide = above.data_as(AccreditationData)
                assert (wide.issuer, wide.may_accredit) == (record.issuer_org, True)
                assert data.area.startswith(wide.area.rstrip("0"))

    @invariant()
    def test_G6_three_persons_sign_an_accreditation(self) -> None:
        for record in self.known("accreditation"):
            signers = record.data_as(AccreditationData).signers
            steps = {"ENTERED": 1, "CHECKED": 2, "ACTIVE": 3, "REVOKED": 3}
            assert len(set(signers)) == len(signers) == steps[record.state]


TestLicenceLife = LicenceLifeMachine.TestCase
TestLicenceLife.settings = RUNS
TestMember = MemberMachine.TestCase
TestMember.settings = RUNS
TestKey = KeyMachine.TestCase
TestKey.settings = RUNS
TestAccreditation = AccreditationMachine.TestCase
TestAccreditation.settings = RUNS
