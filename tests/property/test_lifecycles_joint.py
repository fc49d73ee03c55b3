"""Random lives of a flat that is for sale, with its contract, taxes and escrow, and of a decision.

The machines throw valid, early, late and foreign requests at one world and judge it from outside.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from govchain.ledger.kinds.contract.fields import ContractData
from govchain.ledger.kinds.decision.fields import DecisionData
from govchain.ledger.kinds.realty.fields import RealtyData
from tests.support.joint_world import (
    BUYER,
    DAY_MS,
    NR,
    PAIR,
    PEOPLE,
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
PRICE = {"payer": "buyer", "payee": "seller", "amount": "1000.00"}


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
        number=st.sampled_from(["P-1", "P-2"]), contract=st.sampled_from(["S-1", "S-2"]), held=st.booleans()
    )
    def order(self, number: str, contract: str, held: bool) -> None:
        escrow = {"escrow": f"realty/{UNIT}"} if held else {}
        self.ask("payment.order", "fund-a", number, {**PRICE, "pays": f"contract/{contract}", **escrow})

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


class DecisionLife(JointMachine):
    """One decision of three arbitrators, and its days for an appeal."""

    record_types = ("decision", "enforcement")

    def __init__(self) -> None:
        super().__init__()
        self.world.adopt("R-1", signatures=2, signers=3, appeal_days=3)
        self.world.answered("X-1")
        self.world.answered("X-2", married=False)
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

    @rule(exchange=st.sampled_from(["X-1", "X-1", "X-2"]))
    def review(self, exchange: str) -> None:
        answer = answer_of(exchange, married=exchange == "X-1")
        facts = [{"fact": "married", "exchange": exchange, "answer": answer}]
        self.ask("decision.review", "hpf-maker", "D-1", {"facts": facts})

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


TestSaleLife = SaleLife.TestCase
TestSaleLife.settings = RUNS
TestDecisionLife = DecisionLife.TestCase
TestDecisionLife.settings = RUNS
