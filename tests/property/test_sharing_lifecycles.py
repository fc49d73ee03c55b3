"""Random interleavings of sharing: no exchange beyond grant and consent, and corrections that miss nobody.

What was allowed is judged from outside, over the timelines of all records.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from govchain.ledger import RecordState
from govchain.ledger.kinds.consent import ConsentData, ConsentUse
from govchain.ledger.kinds.exchange.fields import ExchangeData
from govchain.ledger.kinds.grant.fields import GrantData
from govchain.ledger.kinds.objection.fields import ObjectionData
from govchain.ledger.sharing import day_of
from tests.support.ledger_world import HASHES, START_MS, LedgerWorld, rfc3339
from tests.support.lifecycles import RUNS, Machine
from tests.support.sharing_world import (
    CA,
    DAY_MS,
    FIN,
    HPF,
    HRSS,
    MARRIAGE,
    OTHER,
    SOURCE_KEYS,
    SharingWorld,
    answer_fields,
    query_fields,
    request_fields,
)

GRANTS = st.sampled_from(["G-1", "G-2"])
CONSENTS = st.sampled_from(["C-1", "C-2"])
EXCHANGES = st.sampled_from(["X-1", "X-2", "X-3"])
FILE = "HPF.file"
ONWARD = st.sampled_from(["Y-1", "Y-2"])
GATEWAYS = st.sampled_from(["hpf-gateway", "hpf-gateway", "hrss-gateway", "ca-gateway"])
PEOPLE = st.sampled_from(["wang-at-hpf", "chen-at-hpf"])
SUBJECTS = {"wang-at-hpf": "wang", "chen-at-hpf": "chen"}
DECIDERS = st.sampled_from(["ca-approver", "ca-approver", "ca-all", "hrss-approver", "data-checker"])
ORGS = st.sampled_from([HRSS, FIN])
QUERIES = st.fixed_dictionaries(
    {
        "grant": GRANTS,
        "consent": st.one_of(CONSENTS, st.just("")),
        "subject_ref": PEOPLE,
        "mode": st.sampled_from(["yes-no", "yes-no", "value"]),
        "fields": st.sampled_from([["status"], ["status"], ["since"]]),
    }
)
LAST_MS = START_MS + 40 * DAY_MS


class SharingMachine(Machine):
    record_types = ("catalog", "grant", "consent", "exchange", "objection")

    def make_world(self) -> LedgerWorld:
        world = SharingWorld()
        world.publish(needs_consent=True)
        world.grant("G-1", rate_per_day=2, max_uses=3)
        element = {"name": "status", "element": "hpf.file-status", "modes": ["yes-no"]}
        world.publish(FILE, "hpf", fields=[element])
        assert world.request("G-9", "hrss-maker", item=FILE, valid_to="2026-12-20").applied
        world.must("grant.approve", "hpf-approver", "G-9")
        return world

    @rule(days=st.integers(1, 12))
    def days_pass(self, days: int) -> None:
        self.world.now_ms = min(self.world.now_ms + days * DAY_MS, LAST_MS)

    @rule(person=st.sampled_from(["hpf-maker", "hrss-maker"]), modes=st.sampled_from([["yes-no"], ["value"]]))
    def request(self, person: str, modes: list[str]) -> None:
        fields = request_fields(
            fields=["status", "since"] if modes == ["yes-no"] else ["since"],
            modes=modes,
            value_need="the deed names the day",
            valid_to="2026-12-10",
            rate_per_day=2,
        )
        self.ask("grant.request", person, "G-2", fields)

    @rule(person=st.sampled_from(["ca-maker", "ca-all"]))
    def accept(self, person: str) -> None:
        self.ask("grant.accept", person, "G-2", {})

    @rule(number=GRANTS, person=DECIDERS, later=st.booleans())
    def approve(self, number: str, person: str, later: bool) -> None:
        self.ask("grant.approve", person, number, {"connect_later": True} if later else {})

    @rule(number=GRANTS, person=DECIDERS)
    def reject(self, number: str, person: str) -> None:
        self.ask("grant.reject", person, number, {"reason": "no duty"})

    @rule(number=GRANTS, verb=st.sampled_from(["activate", "escalate", "expire"]))
    def step(self, number: str, verb: str) -> None:
        self.ask(f"grant.{verb}", "ca-maker", number, {})

    @rule(number=GRANTS, person=DECIDERS)
    def revoke_grant(self, number: str, person: str) -> None:
        self.ask("grant.revoke", person, number, {"reason": "misuse"})

    @rule(verb=st.sampled_from(["suspend", "resume"]), person=st.sampled_from(["ca-checker", "data-checker"]))
    def change_item(self, verb: str, person: str) -> None:
        self.ask(f"catalog.{verb}", person, MARRIAGE, {"reason": "complaints"})

    @rule(number=CONSENTS, person=PEOPLE, max_uses=st.integers(1, 3))
    def consent(self, number: str, person: str, max_uses: int) -> None:
        fields = {
            "subject_ref": person,
            "audience": HPF,
            "purpose": "hpf-loan",
            "fields": [f"{MARRIAGE}/status"],
            "expires_at": rfc3339(self.world.now_ms + 5 * DAY_MS),
            "max_uses": max_uses,
        }
        self.ask("consent.give", person, number, fields)

    @rule(number=CONSENTS, person=PEOPLE)
    def revoke_consent(self, number: str, person: str) -> None:
        self.ask("consent.revoke", person, number, {})

    @rule(number=EXCHANGES, gateway=GATEWAYS, asked=QUERIES)
    def query(self, number: str, gateway: str, asked: dict[str, Any]) -> None:
        fields = {key: value for key, value in query_fields(**asked).items() if value}
        self.ask("exchange.query", gateway, number, fields)

    @rule(person=PEOPLE, number=st.sampled_from(["C-3", "C-4", "C-5"]), exchange=EXCHANGES)
    def consent_and_query(self, person: str, number: str, exchange: str) -> None:
        """Random requests alone get this far too rarely."""
        self.consent(number, person, 2)
        fields = query_fields(subject_ref=person, consent=number)
        if self.ask("exchange.query", "hpf-gateway", exchange, fields):
            self.answer(exchange, "ca-gateway")

    @rule(number=EXCHANGES, gateway=GATEWAYS)
    def answer(self, number: str, gateway: str) -> None:
        record = self.world.ledger.record("exchange", number)
        if record is None:
            self.ask("exchange.answer", gateway, number, answer_fields(HPF))
            return
        data = record.data_as(ExchangeData)
        fields = answer_fields(record.issuer_org, SUBJECTS[data.subject_ref], mode=data.mode)
        self.ask("exchange.answer", gateway, number, fields)

    @rule(number=EXCHANGES, gateway=GATEWAYS, received=st.sampled_from([OTHER, OTHER, HASHES]))
    def confirm(self, number: str, gateway: str, received: dict[str, str]) -> None:
        self.ask("exchange.confirm", gateway, number, {"answer_hash": received})

    @rule(number=EXCHANGES, person=st.sampled_from(["ca-approver", "hrss-approver"]), org=ORGS)
    def permit(self, number: str, person: str, org: str) -> None:
        self.ask("exchange.permit", person, number, {"to_org": org, "reason": "joint duty"})

    @rule(number=EXCHANGES, gateway=GATEWAYS, org=ORGS)
    def forward(self, number: str, gateway: str, org: str) -> None:
        self.ask("exchange.forward", gateway, number, {"to_org": org})

    @rule(exchange=EXCHANGES, org=ORGS)
    def permit_and_forward(self, exchange: str, org: str) -> None:
        self.permit(exchange, "ca-approver", org)
        self.forward(exchange, "hpf-gateway", org)

    @rule(number=ONWARD, exchange=EXCHANGES, permits=st.booleans())
    def answer_out_of_an_answer(self, number: str, exchange: str, permits: bool) -> None:
        """HRSS asks HPF, which answers with what it received itself."""
        if permits:
            self.permit(exchange, "ca-approver", HRSS)
        asked = query_fields(item=FILE, grant="G-9", subject_ref="wang-at-hrss")
        self.ask("exchange.query", "hrss-gateway", number, asked)
        fields = answer_fields(HRSS, source_exchange=exchange)
        self.ask("exchange.answer", "hpf-gateway", number, fields)

    @rule(number=ONWARD, exchange=EXCHANGES, permits=st.booleans())
    def forward_it_further(self, number: str, exchange: str, permits: bool) -> None:
        if permits:
            self.permit(exchange, "ca-approver", FIN)
        self.permit(number, "hpf-approver", FIN)
        self.forward(number, "hrss-gateway", FIN)

    @rule(exchange=EXCHANGES, number=ONWARD, permits=st.booleans())
    def pass_on_twice(self, exchange: str, number: str, permits: bool) -> None:
        self.consent_and_query("wang-at-hpf", f"C-{number}", exchange)
        self.answer_out_of_an_answer(number, exchange, permits=True)
        self.forward_it_further(number, exchange, permits=permits)

    @rule(exchange=EXCHANGES, person=st.sampled_from(["hpf-maker", "wang-at-hpf", "hrss-maker"]))
    def objection(self, exchange: str, person: str) -> None:
        number = f"O-{exchange}"
        fields = {"item": MARRIAGE, "field": "status", "claim": "divorced", "exchange": exchange}
        self.ask("objection.raise", person, number, fields)
        self.ask("objection.check", "ca-maker", number, {})

    @rule(exchange=EXCHANGES, subject=st.sampled_from(["wang", "chen"]))
    def correct(self, exchange: str, subject: str) -> None:
        self.objection(exchange, "hpf-maker")
        fields = {
            "source_key": SOURCE_KEYS[subject].hex(),
            "wrong_since": rfc3339(START_MS),
            "corrected_hash": OTHER,
        }
        self.ask("objection.correct", "ca-checker", f"O-{exchange}", fields)
        self.ask("objection.acknowledge", "hpf-maker", f"O-{exchange}", {})

    @rule(exchange=EXCHANGES, person=st.sampled_from(["ca-checker", "data-checker"]))
    def refute(self, exchange: str, person: str) -> None:
        self.ask("objection.refute", person, f"O-{exchange}", {"reason": "right as it is"})

    def of(self, record_type: str, item: str = MARRIAGE) -> list[RecordState]:
        """Records of a type; of exchanges and grants those about one item."""
        found = self.known(record_type)
        about: dict[str, Any] = {"exchange": ExchangeData, "grant": GrantData}
        data = about.get(record_type)
        return [record for record in found if data is None or record.data_as(data).item == item]

    @invariant()
    def test_D2_no_exchange_beyond_its_grant(self) -> None:
        total: Counter[str] = Counter()
        day: Counter[tuple[str, str]] = Counter()
        for record in self.of("exchange"):
            data = record.data_as(ExchangeData)
            grant = self.world.record("grant", data.grant)
            limits = grant.data_as(GrantData)
            asked_ms = record.timeline[0].claimed_time_ms
            assert grant.issuer_org == record.issuer_org
            assert set(data.fields) <= set(limits.fields)
            assert data.mode in limits.modes
            assert data.purpose == limits.purpose
            for entry in record.timeline[:2]:
                if entry.kind in ("exchange.query", "exchange.answer"):
                    assert limits.from_ms <= entry.claimed_time_ms < limits.until_ms
                    assert state_at(grant, entry.claimed_time_ms) == "ACTIVE"
                    assert state_at(self.world.record("catalog", MARRIAGE), entry.claimed_time_ms) in (
                        "PUBLISHED",
                        "UPDATED",
                    )
            total[data.grant] += 1
            day[data.grant, day_of(asked_ms)] += 1
            assert not limits.max_uses or total[data.grant] <= limits.max_uses
            assert day[data.grant, day_of(asked_ms)] <= limits.rate_per_day

    @invariant()
    def test_D11_no_exchange_without_a_consent_in_force(self) -> None:
        uses: Counter[str] = Counter()
        for record in self.of("exchange"):
            data = record.data_as(ExchangeData)
            consent = self.world.record("consent", data.consent)
            given = consent.data_as(ConsentData)
            assert (given.subject_ref, given.audience) == (data.subject_ref, record.issuer_org)
            assert {f"{data.item}/{field}" for field in data.fields} <= set(given.fields)
            assert ConsentUse(data.item, record.object_id) in given.uses
            for entry in record.timeline:
                if entry.kind in ("exchange.query", "exchange.answer"):
                    assert entry.claimed_time_ms < given.until_ms
                    assert state_at(consent, entry.claimed_time_ms) == "GIVEN"
            uses[data.consent] += 1
            assert uses[data.consent] <= given.max_uses

    @invariant()
    def test_D3_nothing_passed_on_without_the_providers_consent(self) -> None:
        for record in self.of("exchange") + self.of("exchange", FILE):
            data = record.data_as(ExchangeData)
            assert set(data.forwarded) <= set(data.permitted)
            if data.source_exchange:
                first = self.world.record("exchange", data.source_exchange).data_as(ExchangeData)
                assert {record.issuer_org, *data.forwarded} <= set(first.permitted)

    @invariant()
    def test_D5_providers_reject_in_time_and_others_decide_late(self) -> None:
        for record in self.of("grant"):
            data = record.data_as(GrantData)
            for entry in record.timeline:
                if entry.state == "REJECTED":
                    is_late = entry.claimed_time_ms >= data.decide_until_ms
                    assert is_late == (data.decided_by != CA)

    @invariant()
    def test_D10_a_correction_reports_everybody_who_received_it(self) -> None:
        for record in self.of("objection"):
            if record.state != "CORRECTED":
                continue
            data = record.data_as(ObjectionData)
            corrected_ms = next(e.claimed_time_ms for e in record.timeline if e.state == "CORRECTED")
            subject = self.world.record("exchange", data.exchange).data_as(ExchangeData).subject_ref
            expected = set()
            for exchange in self.of("exchange"):
                about = exchange.data_as(ExchangeData)
                past = [entry for entry in exchange.timeline if entry.claimed_time_ms < corrected_ms]
                if about.subject_ref != subject or not any(entry.state == "ANSWERED" for entry in past):
                    continue
                expected.add(exchange.issuer_org)
                expected.update(passed_on(exchange, corrected_ms))
                for onward in self.of("exchange", FILE):
                    times = {entry.state: entry.claimed_time_ms for entry in reversed(onward.timeline)}
                    is_from_it = onward.data_as(ExchangeData).source_exchange == exchange.object_id
                    if is_from_it and times["ANSWERED"] < corrected_ms:
                        expected.update((onward.issuer_org, *passed_on(onward, corrected_ms)))
            assert {notice.org for notice in data.notices} == expected


def passed_on(record: RecordState, before_ms: int) -> tuple[str, ...]:
    """Organisations to which the answer of an exchange was passed on before a moment."""
    past = [entry for entry in record.timeline if entry.claimed_time_ms < before_ms]
    forwards = sum(entry.kind == "exchange.forward" for entry in past)
    return record.data_as(ExchangeData).forwarded[:forwards]


def state_at(record: RecordState, at_ms: int) -> str:
    """State after the last change before that moment."""
    return [entry.state for entry in record.timeline if entry.claimed_time_ms <= at_ms][-1]


TestSharing = SharingMachine.TestCase
TestSharing.settings = RUNS
