"""Random lives of directory items and forms, of risk records, subsidies and registrations.

The machines throw valid, early, late and foreign requests at one world and judge it from outside.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from govchain.ledger.amounts import parse_cents
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.form import FormData
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.registration import RegistrationData
from govchain.ledger.kinds.subsidy import SubsidyData
from govchain.ledger.sharing import CALLABLE
from govchain.ledger.workdays import deadline_ms
from govchain.model import KeyRecord, Organisation
from tests.support.joint_world import JointWorld
from tests.support.ledger_world import (
    ACME,
    BANK,
    BETA,
    START_MS,
    LedgerWorld,
    invoice_fields,
    invoice_number,
    make_genesis,
    signer_of,
)
from tests.support.lifecycles import RUNS, Machine
from tests.support.sharing_world import DAY_MS, FIN, SharingWorld, catalog_fields

LAST_MS = START_MS + 25 * DAY_MS
ITEMS = st.sampled_from(["CA.marriage", "HRSS.months"])
FORMS = st.sampled_from(["F-1", "F-2"])
ELEMENTS = st.lists(st.sampled_from(["marital-status", "months", "debt"]), min_size=1, unique=True)
STAFF = st.sampled_from(["ca-maker", "ca-checker", "ca-all", "hrss-checker", "data-checker", "data-all"])


class DirectoryLife(Machine):
    """Two items that may name the same elements, and forms that may ask for what they share."""

    record_types = ("catalog", "form")

    def make_world(self) -> LedgerWorld:
        return SharingWorld()

    @rule(item=ITEMS, person=st.sampled_from(["ca-maker", "ca-all", "hrss-maker"]), elements=ELEMENTS)
    def draft(self, item: str, person: str, elements: list[str]) -> None:
        self.ask("catalog.draft", person, item, catalog_fields(fields=_fields(elements)))

    @rule(item=ITEMS, person=STAFF)
    def review(self, item: str, person: str) -> None:
        if self.has("catalog", item):
            self.ask("catalog.review", person, item, {})

    @rule(item=ITEMS, person=STAFF)
    def publish(self, item: str, person: str) -> None:
        if self.has("catalog", item):
            self.ask("catalog.publish", person, item, {})

    @rule(item=ITEMS, elements=ELEMENTS)
    def open_for_use(self, item: str, elements: list[str]) -> None:
        """Random requests alone get this far too rarely."""
        by = item.partition(".")[0].lower()
        self.draft(item, f"{by}-maker", elements)
        self.review(item, "data-checker")
        self.publish(item, f"{by}-checker")

    @rule(item=ITEMS, person=STAFF, elements=ELEMENTS)
    def update(self, item: str, person: str, elements: list[str]) -> None:
        if self.has("catalog", item):
            self.ask("catalog.update", person, item, {"fields": _fields(elements), "reason": "law"})

    @rule(item=ITEMS, person=STAFF, verb=st.sampled_from(["suspend", "resume", "resume", "retire"]))
    def change(self, item: str, person: str, verb: str) -> None:
        if self.has("catalog", item):
            self.ask(f"catalog.{verb}", person, item, {"reason": "complaints"})

    @rule(number=FORMS, person=st.sampled_from(["hpf-maker", "ca-maker", "bank-a"]), elements=ELEMENTS)
    def publish_form(self, number: str, person: str, elements: list[str]) -> None:
        org = self.world_org(person)
        shared = [
            name
            for record in self.known("catalog")
            if record.state in CALLABLE and record.issuer_org != org
            for name in _elements(record.data_as(CatalogData))
        ]
        fields = [{"label": name, "element": name} for name in elements]
        if self.ask("form.publish", person, number, {"name": "loan", "service": "S-1", "fields": fields}):
            assert not set(elements) & set(shared), "D4: people are asked again"

    @rule(number=FORMS, person=st.sampled_from(["hpf-maker", "ca-maker"]))
    def withdraw_form(self, number: str, person: str) -> None:
        self.ask("form.withdraw", person, number, {"reason": "old"})

    def has(self, record_type: str, number: str) -> bool:
        return self.world.ledger.record(record_type, number) is not None

    def world_org(self, person: str) -> str:
        key = self.world.ledger.key(signer_of(person).key_id)
        assert key is not None
        return key.org

    @invariant()
    def test_D1_an_element_has_one_source(self) -> None:
        published = [each for each in self.known("catalog") if each.state in (*CALLABLE, "SUSPENDED")]
        sources = Counter(name for each in published for name in _elements(each.data_as(CatalogData)))
        assert all(count == 1 for count in sources.values()), sources

    @invariant()
    def test_I5_forms_are_of_those_who_may_ask(self) -> None:
        for record in self.known("form"):
            assert record.issuer_org not in (BANK, "")
            assert record.data_as(FormData).elements


def _fields(elements: list[str]) -> list[dict[str, Any]]:
    return [{"name": name, "element": name, "modes": ["yes-no"]} for name in elements]


def _elements(data: CatalogData) -> list[str]:
    return [field.element for field in data.fields]


RISKS = st.sampled_from(["R-1", "R-2"])
INSPECTORS = st.sampled_from(["insp-a", "insp-a", "tax-a", "acme-a"])


class RiskLife(Machine):
    """A ring of three firms of which one invoice may be missing, red or far from the others."""

    record_types = ("risk", "invoice")

    def __init__(self) -> None:
        super().__init__()
        self.ring = [invoice_number(number) for number in (1, 2, 3)]

    @rule(place=st.integers(0, 2), net=st.sampled_from(["1000.00", "1000.00", "980.00", "400.00"]))
    def issue(self, place: int, net: str) -> None:
        firms = (ACME, BETA, BANK)
        person = ("acme-a", "beta-a", "bank-a")[place]
        number = self.ring[place]
        sides = {"seller_ref": firms[place], "buyer_ref": firms[(place + 1) % 3]}
        self.ask("invoice.issue", person, number, invoice_fields(number, net=net, **sides))

    @rule(number=RISKS, person=INSPECTORS, order=st.permutations([0, 1, 2]))
    def find(self, number: str, person: str, order: list[int]) -> None:
        fields = {
            "invoices": [self.ring[place] for place in order],
            "window_days": 10,
            "ratio": "0.95",
            "source": "practice",
        }
        if self.ask("risk.raise", person, number, fields):
            nets = [
                parse_cents(self.world.record("invoice", each).data_as(InvoiceData).net)
                for each in fields["invoices"]
            ]
            assert min(nets) * 100 > max(nets) * 95, "T10: amounts are far apart"
            assert order in ([0, 1, 2], [1, 2, 0], [2, 0, 1]), "T10: no ring"

    @rule(number=RISKS, person=INSPECTORS, verb=st.sampled_from(["clear", "confirm"]))
    def close(self, number: str, person: str, verb: str) -> None:
        self.ask(f"risk.{verb}", person, number, {"reason": "reviewed"})

    @invariant()
    def test_T10_nothing_is_locked_by_a_risk(self) -> None:
        assert all(record.state == "ISSUED" for record in self.known("invoice"))


DRC = "11990100MA0XX0023C"
OFFICERS = {
    f"{name}-{role}": (org, (role,))
    for name, org in (("fin", FIN), ("drc", DRC))
    for role in ("maker", "checker", "approver", "payer")
}
OFFICERS["fin-all"] = (FIN, ("maker", "checker", "approver", "payer"))
POLICIES = {"POL-1": "fin", "POL-2": "drc"}


class SubsidyLife(Machine):
    """Two departments that may pay the same project for the same thing."""

    record_types = ("subsidy",)

    def make_world(self) -> LedgerWorld:
        genesis = make_genesis()
        offices = [Organisation(org, org, ("subsidy-department",)) for org in (FIN, DRC)]
        keys = [
            KeyRecord(signer_of(person).public_key, org, person, roles)
            for person, (org, roles) in OFFICERS.items()
        ]
        return LedgerWorld(
            msgspec.structs.replace(
                genesis,
                organisations=(*genesis.organisations, *offices),
                keys=(*genesis.keys, *keys),
            )
        )

    def org_of(self, person: str) -> str | None:
        return OFFICERS[person][0] if person in OFFICERS else None

    @rule(number=st.sampled_from(sorted(POLICIES)), person=st.sampled_from(["fin-maker", "fin-all"]))
    def publish(self, number: str, person: str) -> None:
        signer = person if POLICIES[number] == "fin" else "drc-maker"
        self.ask("subsidy.publish", signer, number, {"policy_kind": "rent", "budget": "1000.00"})

    @rule(
        number=st.sampled_from(sorted(POLICIES)),
        projects=st.lists(st.sampled_from(["P-1", "P-2"]), min_size=1, unique=True),
        amount=st.sampled_from(["300.00", "500.00", "500.01"]),
    )
    def match(self, number: str, projects: list[str], amount: str) -> None:
        awards = [{"project": name, "payee": ACME, "amount": amount} for name in projects]
        self.ask("subsidy.match", f"{POLICIES[number]}-maker", number, {"awards": awards})

    @rule(
        number=st.sampled_from(sorted(POLICIES)),
        verb=st.sampled_from(["review", "notice", "approve", "audit"]),
        person=st.sampled_from([*sorted(OFFICERS), "insp-a", "insp-a"]),
    )
    def step(self, number: str, verb: str, person: str) -> None:
        self.ask(f"subsidy.{verb}", person, number, {})

    @rule(number=st.sampled_from(sorted(POLICIES)))
    def go_on(self, number: str) -> None:
        """The next step as it should be, so that random lives become old."""
        record, name = self.world.ledger.record("subsidy", number), POLICIES[number]
        match "" if record is None else record.state:
            case "":
                self.publish(number, "fin-maker")
            case "PUBLISHED":
                self.match(number, ["P-1"], "300.00")
            case "MATCHED":
                self.step(number, "review", f"{name}-checker")
            case "REVIEWED":
                self.step(number, "notice", f"{name}-maker")
            case "NOTICE":
                self.wait(8)
                self.step(number, "approve", f"{name}-approver")
            case "APPROVED":
                self.money(number, "pay", "P-1", "300.00")
            case "PAID":
                self.step(number, "audit", "insp-a")
            case _:
                self.money(number, "claw", "P-1", "100.00")

    @rule(
        number=st.sampled_from(sorted(POLICIES)),
        verb=st.sampled_from(["pay", "claw"]),
        project=st.sampled_from(["P-1", "P-2"]),
        amount=st.sampled_from(["100.00", "300.00", "500.00"]),
    )
    def money(self, number: str, verb: str, project: str, amount: str) -> None:
        fields = {"project": project, "amount": amount}
        self.ask(f"subsidy.{verb}", f"{POLICIES[number]}-payer", number, fields)

    @rule(days=st.integers(1, 8))
    def wait(self, days: int) -> None:
        self.world.now_ms = min(self.world.now_ms + days * DAY_MS, LAST_MS)

    @invariant()
    def test_B1_paid_within_award_within_budget(self) -> None:
        for record in self.known():
            data = record.data_as(SubsidyData)
            assert sum(parse_cents(award.amount) for award in data.awards) <= parse_cents(data.budget)
            for award in data.awards:
                assert 0 <= parse_cents(award.clawed) <= parse_cents(award.paid) <= parse_cents(award.amount)

    @invariant()
    def test_B5_no_project_is_approved_twice(self) -> None:
        done = [r for r in self.known() if any(entry.state == "APPROVED" for entry in r.timeline)]
        projects = Counter(award.project for r in done for award in r.data_as(SubsidyData).awards)
        assert all(count == 1 for count in projects.values())

    @invariant()
    def test_B7_approved_after_the_notice(self) -> None:
        for record in self.known():
            at = {entry.state: entry.claimed_time_ms for entry in reversed(record.timeline)}
            assert "APPROVED" not in at or at["APPROVED"] >= deadline_ms(at["NOTICE"], 5)


class RegistrationLife(Machine):
    """Results that rest on a certificate, which may end in between."""

    record_types = ("registration", "licence")
    world: JointWorld

    def make_world(self) -> LedgerWorld:
        return JointWorld()

    def __init__(self) -> None:
        super().__init__()
        self.certificate = self.world.title()

    @rule(
        number=st.sampled_from(["N-1", "N-2", "N-3"]),
        person=st.sampled_from(["hpf-b", "nr-maker", "acme-a"]),
        subject=st.sampled_from(["wang", "chen"]),
    )
    def register(self, number: str, person: str, subject: str) -> None:
        grounds = [{"record": f"licence/{self.certificate}", "state": "VALID"}]
        fields = {"what": "water", "subject": subject, "rests_on": grounds}
        if self.ask("registration.register", person, number, fields):
            assert self.world.record("licence", self.certificate).state == "VALID"

    @rule(number=st.sampled_from(["N-1", "N-2", "N-3"]), person=st.sampled_from(["hpf-b", "nr-maker"]))
    def cancel(self, number: str, person: str) -> None:
        self.ask("registration.cancel", person, number, {"reason": "moved"})

    @rule(verb=st.sampled_from(["issue", "suspend", "resume", "resume", "revoke"]))
    def change(self, verb: str) -> None:
        order = {"reason": "order", "basis_document": "D-1"}
        self.ask(f"licence.{verb}", "nr-checker", self.certificate, {} if verb == "issue" else order)

    @invariant()
    def test_J2_one_registration_a_subject_and_office(self) -> None:
        alive = Counter(
            (record.issuer_org, record.data_as(RegistrationData).subject)
            for record in self.known("registration")
            if record.state == "REGISTERED"
        )
        assert all(count == 1 for count in alive.values())


TestDirectoryLife = DirectoryLife.TestCase
TestDirectoryLife.settings = RUNS
TestRiskLife = RiskLife.TestCase
TestRiskLife.settings = RUNS
TestSubsidyLife = SubsidyLife.TestCase
TestSubsidyLife.settings = RUNS
TestRegistrationLife = RegistrationLife.TestCase
TestRegistrationLife.settings = RUNS
