"""Random lives of a flat that is for sale, with its contract, taxes and escrow, and of a decision.

The machines throw valid, early, late and foreign requests at one world and judge it from outside.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from govchain.ledger.kinds.contract.fields import ContractData
from govchain.ledger.kinds.decision.fields import DecisionData
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.payment import PaymentData
from govchain.ledger.kinds.realty.fields import RealtyData
from tests.support.joint_world import (
    BUYER,
    DAY_MS,
    HPF,
    MORTGAGE,
    NR,
    PAIR,
    PEOPLE,
    PSB,
    SELLER,
    TITLE,
    UNIT,
    JointWorld,
    answer_of,
)
from tests.support.ledger_world import PEOPLE as OTHERS
from tests.support.ledger_world import LedgerWorld, licence_id
from tests.support.lifecycles import RUNS, Machine

OLD, NEW = (licence_id(1, version, type_code=TITLE, org=NR) for version in (1, 2))
SIDES = st.sampled_from(["seller", "buyer", "buyer", "spouse", "acme-a"])
CASE = "（2026）京0491财保7号"
SALE = {
    "matter": "sale",
    **PAIR,
    "parties": [SELLER, BUYER],
    "subject": f"realty/{UNIT}",
    "due": "1000.00",
    "due_at": "2026-11-20T00:00:00+08:00",
}
PRICE = {"payer": "buyer", "payee": f"{PSB}:seller", "amount": "1000.00"}
LOAN = {"payer": HPF, "payee": "w", "amount": "600.00", "pays": "decision/D-1"}


class JointMachine(Machine):
    """A machine over the offices of joint services."""

    world: JointWorld

    def make_world(self) -> LedgerWorld:
        return JointWorld()

    def org_of(self, person: str) -> str | None:
        return PEOPLE[person][0] if person in PEOPLE else OTHERS[person][0]


class SaleLife(JointMachine):
    """One flat, two contracts, two payments."""

    record_types = ("realty", "contract", "payment", "licence", "enforcement")

    def __init__(self) -> None:
        super().__init__()
        self.world.register_unit()
        self.world.pay_taxes()
        self.world.title(2, "buyer")
        self.mortgages = [self.world.title(1, "bank", serial=serial, kind=MORTGAGE) for serial in (5, 6)]

    @rule(number=st.sampled_from(["S-1", "S-2"]), person=st.sampled_from(["nr-maker", "seller", "acme-a"]))
    def offer(self, number: str, person: str) -> None:
        self.ask("contract.offer", person, number, SALE)

    @rule(number=st.sampled_from(["S-1", "S-2"]), people=st.lists(SIDES, min_size=1, max_size=3))
    def sign(self, number: str, people: list[str]) -> None:
        for person in people:
            self.ask("contract.sign", person, number, PAIR)

    @rule(number=st.sampled_from(["S-1", "S-2"]), verb=st.sampled_from(["stay", "resume", "withdraw"]))
    def change(self, number: str, verb: str) -> None:
        self.ask(f"contract.{verb}", "nr-maker" if verb == "withdraw" else "court-a", number, {"reason": "x"})

    @rule(number=st.sampled_from(["S-1", "S-2"]), person=SIDES)
    def perform(self, number: str, person: str) -> None:
        self.ask("contract.perform", person, number, PAIR)

    @rule(
        number=st.sampled_from(["P-1", "P-2"]),
        contract=st.sampled_from(["S-1", "S-2"]),
        held=st.booleans(),
        payee=st.sampled_from(["seller", "seller", "buyer"]),
    )
    def order(self, number: str, contract: str, held: bool, payee: str = "seller") -> None:
        fields = {**PRICE, "payee": f"{PSB}:{payee}", "pays": f"contract/{contract}"}
        fields |= {"escrow": f"realty/{UNIT}"} if held else {}
        self.ask("payment.order", "fund-a", number, fields)

    @rule(which=st.sampled_from([0, 1]), verb=st.sampled_from(["encumber", "cancel"]))
    def mortgage(self, which: int, verb: str) -> None:
        number = self.mortgages[which]
        if verb == "encumber":
            self.ask("realty.encumber", "nr-checker", UNIT, {"encumbrance": number})
        else:
            repaid = {"reason": "repaid", "basis_document": "R-1"}
            self.ask("licence.cancel", "nr-checker", number, repaid)

    @rule(number=st.sampled_from(["P-1", "P-2"]), verb=st.sampled_from(["settle", "settle", "cancel"]))
    def pay(self, number: str, verb: str) -> None:
        self.ask(f"payment.{verb}", "fund-a", number, {})

    @rule(verb=st.sampled_from(["freeze", "release", "release"]))
    def court(self, verb: str) -> None:
        self.ask(f"realty.{verb}", "court-a", UNIT, {"case_no": CASE})

    @rule(days=st.sampled_from([1, 20]), number=st.sampled_from(["S-1", "S-2"]))
    def enforce(self, days: int, number: str) -> None:
        self.world.now_ms = min(
            self.world.now_ms + days * DAY_MS // 4, self.world.genesis.time_ms + 25 * DAY_MS
        )
        self.ask("enforcement.file", "seller", f"E-{number}", {"ground": f"contract/{number}"})

    @rule(
        contract=st.sampled_from(["S-1", "S-2"]),
        escrow=st.sampled_from(["P-1", "P-2"]),
        person=st.sampled_from(["nr-checker", "nr-checker", "nr-maker"]),
    )
    def transfer(self, contract: str, escrow: str, person: str) -> None:
        frozen = self.world.record("realty", UNIT).state == "FROZEN"
        fields = {
            "contract": contract,
            "new_certificate": NEW,
            "voucher": "T-1",
            "escrow": escrow,
            "new_owners": [BUYER],
        }
        if self.ask("realty.transfer", person, UNIT, fields):
            assert not frozen, "N2: the flat is frozen"
            data = self.world.record("contract", contract).data_as(ContractData)
            assert set(data.parties) == set(data.signed) == {SELLER, BUYER}
            payee = self.world.record("payment", escrow).data_as(PaymentData).payee
            assert payee == f"{PSB}:seller", "N4: the price went to somebody else"

    @rule(number=st.sampled_from(["S-1", "S-2"]), payment=st.sampled_from(["P-1", "P-2"]))
    def prepare(self, number: str, payment: str) -> None:
        """All that a transfer needs, unless something is in the way."""
        self.offer(number, "seller")
        self.sign(number, ["seller", "buyer"])
        self.order(payment, number, held=True)

    @rule(number=st.sampled_from(["S-1", "S-2"]), payment=st.sampled_from(["P-1", "P-2"]))
    def sell(self, number: str, payment: str) -> None:
        self.prepare(number, payment)
        self.transfer(number, payment, "nr-checker")

    @invariant()
    def one_mortgage_on_one_flat(self) -> None:
        """N3, N5: what is in force as a mortgage is the one that the flat's entry names."""
        unit = self.world.record("realty", UNIT).data_as(RealtyData)
        in_force = [each for each in self.mortgages if self.world.record("licence", each).state == "VALID"]
        assert in_force in ([], [unit.encumbrance])

    @invariant()
    def all_or_nothing(self) -> None:
        """N4: owner, certificates, contract and price change together."""
        unit = self.world.record("realty", UNIT).data_as(RealtyData)
        certificates = [self.world.record("licence", number).state for number in (OLD, NEW)]
        if not unit.contract:
            assert certificates == ["VALID", "DRAFT"]
            assert unit.owners == (SELLER,)
        else:
            assert certificates == ["SUPERSEDED", "VALID"]
            assert unit.owners == (BUYER,)
            assert self.world.record("contract", unit.contract).state == "DISCHARGED"


class TitleLife(JointMachine):
    """One flat whose title is lost, and issued again."""

    record_types = ("realty", "licence")

    def __init__(self) -> None:
        super().__init__()
        self.titles = [self.world.register_unit()]

    @rule(holder=st.sampled_from(["seller", "seller", "buyer"]))
    def enter(self, holder: str) -> None:
        if len(self.titles) < 9:
            self.titles.append(self.world.title(len(self.titles) + 1, holder))

    @rule(back=st.sampled_from([1, 1, 2]), person=st.sampled_from(["nr-checker", "nr-checker", "amr-b"]))
    def lose(self, back: int, person: str) -> None:
        order = {"reason": "lost", "basis_document": "NOTICE-1"}
        self.ask("licence.void", person, self.titles[-back:][0], order)

    @rule(verb=st.sampled_from(["issue", "suspend", "resume"]))
    def change(self, verb: str) -> None:
        fields = {} if verb == "issue" else {"reason": "x", "basis_document": "x"}
        assert not self.ask(f"licence.{verb}", "nr-checker", self.titles[-1], fields) or verb != "issue"

    @rule(verb=st.sampled_from(["freeze", "release", "release"]))
    def court(self, verb: str) -> None:
        self.ask(f"realty.{verb}", "court-a", UNIT, {"case_no": CASE})

    @rule(back=st.sampled_from([1, 1, 2]), person=st.sampled_from(["nr-checker", "nr-checker", "nr-maker"]))
    def reissue(self, back: int, person: str) -> None:
        unit = self.world.record("realty", UNIT)
        before = self.world.record("licence", unit.data_as(RealtyData).certificate).state
        fields = {"new_certificate": self.titles[-back:][0], "reason": "lost"}
        if self.ask("realty.reissue", person, UNIT, fields):
            assert (unit.state, before, person) == ("REGISTERED", "VOIDED", "nr-checker")

    @rule()
    def lose_and_reissue(self) -> None:
        self.lose(1, "nr-checker")
        self.enter("seller")
        self.reissue(1, "nr-checker")

    @invariant()
    def one_title_for_the_owner(self) -> None:
        """L2, N5: what is in force is the title that the flat's entry names, and its owner's."""
        unit = self.world.record("realty", UNIT).data_as(RealtyData)
        assert unit.owners == (SELLER,)
        records = [self.world.record("licence", number) for number in self.titles]
        in_force = [each for each in records if each.state in ("VALID", "SUSPENDED")]
        assert [each.object_id for each in in_force] in ([], [unit.certificate])
        assert all(each.data_as(LicenceData).holder_ref == f"{PSB}:seller" for each in in_force)


class DecisionLife(JointMachine):
    """One decision of three arbitrators, its days for an appeal, and what is paid by it."""

    record_types = ("decision", "enforcement", "payment")

    def __init__(self) -> None:
        super().__init__()
        self.world.adopt("R-1", signatures=2, signers=3, appeal_days=3)
        self.world.answered("X-1")
        self.world.answered("X-2", married=False)
        self.world.answered("X-3", item="friends.marriage")
        assert self.world.enter(signers=["hpf-a", "hpf-b", "hpf-c"]).applied

    def data(self) -> DecisionData:
        return self.world.record("decision", "D-1").data_as(DecisionData)

    @rule(person=st.sampled_from(["hpf-a", "hpf-b", "hpf-c", "hpf-maker", "hpf-head"]))
    def sign(self, person: str) -> None:
        self.ask("decision.sign", person, "D-1", {})

    @rule()
    def issue(self) -> None:
        signed = len(self.data().signed)
        if self.ask("decision.issue", "hpf-b", "D-1", {}):
            assert signed >= 2, "J5: two of three"

    @rule(exchange=st.sampled_from(["X-1", "X-1", "X-2", "X-2", "X-3"]))
    def review(self, exchange: str) -> None:
        answer = answer_of(exchange, married=exchange != "X-2")
        facts = [{"fact": "married", "exchange": exchange, "answer": answer}]
        if self.ask("decision.review", "hpf-maker", "D-1", {"facts": facts}):
            assert exchange != "X-3", "J4: another department's field of that name"

    @rule(exchange=st.sampled_from(["X-1", "X-2"]), people=st.permutations(["hpf-a", "hpf-b", "hpf-c"]))
    def decide_again(self, exchange: str, people: list[str]) -> None:
        self.review(exchange)
        for person in people[:2]:
            self.sign(person)
        self.issue()

    @rule(number=st.sampled_from(["P-1", "P-2"]), verb=st.sampled_from(["settle", "return", "cancel"]))
    def pay(self, number: str, verb: str) -> None:
        self.ask("payment.order", "fund-a", number, LOAN)
        self.ask(f"payment.{verb}", "fund-a", number, {})

    @rule(person=st.sampled_from(["acme-a", "acme-a", "beta-a"]))
    def appeal(self, person: str) -> None:
        if self.ask("decision.appeal", person, "D-1", {"to_case": "C-1"}):
            assert person == "acme-a", "J7: a stranger appealed"

    @rule(hours=st.sampled_from([6, 24, 48]))
    def wait(self, hours: int) -> None:
        limit_ms = self.world.genesis.time_ms + 25 * DAY_MS
        self.world.now_ms = min(self.world.now_ms + hours * DAY_MS // 24, limit_ms)

    @rule()
    def take_effect(self) -> None:
        self.ask("decision.take_effect", "beta-a", "D-1", {})

    @rule(people=st.permutations(["hpf-a", "hpf-b", "hpf-c"]), hours=st.sampled_from([24, 96, 96]))
    def decide(self, people: list[str], hours: int) -> None:
        for person in people[:2]:
            self.sign(person)
        self.issue()
        self.wait(hours)
        self.take_effect()

    @rule()
    def enforce(self) -> None:
        state = self.world.record("decision", "D-1").state
        if self.ask("enforcement.file", "acme-a", "E-1", {"ground": "decision/D-1"}):
            assert state == "EFFECTIVE"

    @invariant()
    def what_is_granted_is_proven(self) -> None:
        """J4: granted only when every fact is, for the amount that the formula gives."""
        data = self.data()
        if self.world.record("decision", "D-1").state in ("GRANTED", "EFFECTIVE"):
            assert data.is_met
        assert data.amounts == (("loan", "600.00"),)

    @invariant()
    def what_is_refused_is_reclaimed(self) -> None:
        """J3: nothing stays paid by a decision that was taken back; one payment counts at a time."""
        paid = [each.state for each in self.known("payment") if each.state in ("SETTLED", "RECLAIMED")]
        assert len(paid) <= 1
        match self.world.record("decision", "D-1").state:
            case "REFUSED":
                assert paid in ([], ["RECLAIMED"])
            case "GRANTED" | "EFFECTIVE":
                assert paid in ([], ["SETTLED"])


TestSaleLife = SaleLife.TestCase
TestSaleLife.settings = RUNS
TestTitleLife = TitleLife.TestCase
TestTitleLife.settings = RUNS
TestDecisionLife = DecisionLife.TestCase
TestDecisionLife.settings = RUNS
