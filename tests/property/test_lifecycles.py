"""Random interleavings of every life cycle reach only listed states and break no invariant.

Each machine throws valid, early, late and foreign requests at one world and judges it from outside; how many
runs there are is said by `tests.support.lifecycles`.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from govchain.ledger import RecordState
from govchain.ledger.amounts import parse_cents
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.licence.fields import LicenceData
from tests.support.ledger_world import (
    BETA,
    COURT,
    EVP,
    FOOD,
    HASHES,
    NOTARY,
    SM3,
    invoice_fields,
    invoice_number,
    licence_fields,
    licence_id,
)
from tests.support.lifecycles import RUNS, Machine


def licence_data(record: RecordState) -> LicenceData:
    return record.data_as(LicenceData)


LICENCES = st.sampled_from([licence_id(serial, version) for serial in (1, 2) for version in (1, 2, 3)])
OFFICERS = st.sampled_from(["amr-a", "amr-b", "amr-c", "amr-b-checker"])
ORDER = {"reason": "order", "basis_document": "D-1"}


class LicenceMachine(Machine):
    record_types = ("licence",)

    @rule(object_id=LICENCES, person=OFFICERS, holder=st.sampled_from(["holder-1", "holder-2"]))
    def enter(self, object_id: str, person: str, holder: str) -> None:
        self.ask("licence.enter", person, object_id, licence_fields(holder_ref=holder))

    @rule(person=OFFICERS, required=LICENCES)
    def enter_permit(self, person: str, required: str) -> None:
        permit = licence_id(7, type_code=FOOD)
        self.ask("licence.enter", person, permit, licence_fields(type_code=FOOD, requires=[required]))
        self.ask("licence.issue", "amr-b", permit, {})

    @rule(object_id=LICENCES, person=OFFICERS)
    def issue(self, object_id: str, person: str) -> None:
        self.ask("licence.issue", person, object_id, {})

    @rule(object_id=LICENCES, holder=st.sampled_from(["holder-1", "holder-2"]))
    def enter_and_issue(self, object_id: str, holder: str) -> None:
        self.ask("licence.enter", "amr-a", object_id, licence_fields(holder_ref=holder))
        self.ask("licence.issue", "amr-b", object_id, {})

    @rule(object_id=LICENCES, person=OFFICERS, change=st.sampled_from(["suspend", "resume", "revoke"]))
    def change(self, object_id: str, person: str, change: str) -> None:
        self.ask(f"licence.{change}", person, object_id, ORDER)

    @invariant()
    def test_L2_one_valid_version_and_one_licence_a_holder(self) -> None:
        in_force = [record for record in self.known() if record.state in ("VALID", "SUSPENDED")]
        numbers = Counter(record.object_id.rsplit(".", 2)[0] for record in in_force)
        holders = Counter((data.type_code, data.holder_ref) for data in map(licence_data, in_force))
        assert all(count == 1 for count in (*numbers.values(), *holders.values()))

    @invariant()
    def test_G6_maker_is_never_checker(self) -> None:
        for record in self.known():
            data = licence_data(record)
            assert data.entered_by != data.issued_by


EVIDENCE = st.sampled_from(["EV-1", "EV-2"])
HOLDERS = {"evp-a": EVP, "notary-a": NOTARY, "court-a": COURT}
PEOPLE = st.sampled_from(sorted(HOLDERS))
FILES = st.sampled_from([HASHES, HASHES, {"sha256": "c" * 64, "sm3": SM3}])


class EvidenceMachine(Machine):
    record_types = ("evidence",)

    def __init__(self) -> None:
        super().__init__()
        self.hashes: dict[str, tuple[str, str]] = {}

    @rule(object_id=EVIDENCE, person=PEOPLE, file=FILES)
    def deposit(self, object_id: str, person: str, file: dict[str, str]) -> None:
        if self.ask("evidence.deposit", person, object_id, self.world.deposit_fields(raw_hash=file)):
            self.hashes[object_id] = (file["sha256"], file["sm3"])

    @rule(object_id=EVIDENCE, person=PEOPLE, to=PEOPLE, file=FILES)
    def transfer(self, object_id: str, person: str, to: str, file: dict[str, str]) -> None:
        fields = {"to_org": HOLDERS[to], "action": "seal", "raw_hash": file}
        self.ask("evidence.transfer", person, object_id, fields)

    @rule(object_id=EVIDENCE, person=PEOPLE, file=FILES)
    def receive(self, object_id: str, person: str, file: dict[str, str]) -> None:
        self.ask("evidence.receive", person, object_id, {"raw_hash": file})

    @rule(object_id=EVIDENCE, person=PEOPLE)
    def submit(self, object_id: str, person: str) -> None:
        self.ask("evidence.submit", person, object_id, {"case_no": "（2026）京0491民初99号"})

    @rule(object_id=EVIDENCE, person=PEOPLE, file=FILES)
    def verify(self, object_id: str, person: str, file: dict[str, str]) -> None:
        self.ask("evidence.verify", person, object_id, {"raw_hash": file, "size_bytes": 1_024})

    @rule(
        object_id=EVIDENCE,
        person=PEOPLE,
        ruling=st.sampled_from(["ADMITTED", "PARTIAL", "EXCLUDED"]),
        reason=st.sampled_from(["", "agreed"]),
    )
    def court_rules(self, object_id: str, person: str, ruling: str, reason: str) -> None:
        self.ask("evidence.rule", person, object_id, {"ruling": ruling, "reason": reason})

    @invariant()
    def test_E1_hashes_never_change(self) -> None:
        for record in self.known():
            data = record.data_as(EvidenceData)
            assert (data.sha256, data.sm3) == self.hashes[record.object_id]

    @invariant()
    def test_E2_custody_is_contiguous(self) -> None:
        for record in self.known():
            data = record.data_as(EvidenceData)
            assert data is not None
            holder = record.issuer_org
            for position, hop in enumerate(data.custody):
                assert hop.from_org == holder
                if hop.received:
                    holder = hop.to_org
                else:
                    assert position == len(data.custody) - 1, "only the last hand-over may be under way"
            assert data.custodian == holder

    @invariant()
    def test_E6_no_mismatch_admitted_without_reason(self) -> None:
        for record in self.known():
            was_mismatch = any(entry.state == "MISMATCHED" for entry in record.timeline)
            if was_mismatch and record.state in ("ADMITTED", "PARTIAL"):
                assert record.data_as(EvidenceData).ruling_reason


BLUES = st.sampled_from([invoice_number(1), invoice_number(2)])
REDS = st.sampled_from([invoice_number(number) for number in range(11, 19)])
NETS = st.sampled_from(["100.00", "333.33", "400.00", "1000.00"])


class InvoiceMachine(Machine):
    record_types = ("invoice",)

    @rule(number=BLUES, net=NETS, person=st.sampled_from(["acme-a", "acme-a", "beta-a"]))
    def issue(self, number: str, net: str, person: str) -> None:
        self.ask("invoice.issue", person, number, invoice_fields(number, net=net))

    @rule(number=REDS, blue=st.one_of(BLUES, BLUES, REDS), net=NETS)
    def red(self, number: str, blue: str, net: str) -> None:
        self.ask("invoice.red", "acme-a", number, invoice_fields(number, net=net, corrects=[blue]))

    @rule(number=BLUES, blue=BLUES)
    def red_under_a_used_number(self, number: str, blue: str) -> None:
        self.ask("invoice.red", "acme-a", number, invoice_fields(number, corrects=[blue]))

    @rule(
        number=st.one_of(BLUES, REDS),
        person=st.sampled_from(["beta-a", "beta-a", "acme-a"]),
        voucher_no=st.sampled_from(["V-1", "V-2"]),
    )
    def book(self, number: str, person: str, voucher_no: str) -> None:
        self.ask("invoice.book", person, number, {"voucher_no": voucher_no})

    @invariant()
    def test_T3_reds_stay_within_their_blue(self) -> None:
        records = {record.object_id: record.data_as(InvoiceData) for record in self.known()}
        for number, data in records.items():
            assert data is not None
            reds = [red for red in records.values() if red is not None and number in red.corrects]
            for name in ("net", "tax", "gross"):
                taken = sum(parse_cents(getattr(red, name)) for red in reds)
                assert taken == parse_cents(getattr(data, f"red_{name}"))
                assert taken <= parse_cents(getattr(data, name))
            assert not (data.is_red and reds), "no red of a red"

    @invariant()
    def test_T6_booked_at_most_once_by_the_buyer(self) -> None:
        for record in self.known():
            bookings = [entry for entry in record.timeline if entry.kind == "invoice.book"]
            assert len(bookings) == (record.state == "BOOKED")
            if bookings:
                assert record.data_as(InvoiceData).booked_by == BETA
                assert bookings[0] == record.timeline[-1], "nothing follows the booking of a Chinese invoice"


TestLicence = LicenceMachine.TestCase
TestLicence.settings = RUNS
TestEvidence = EvidenceMachine.TestCase
TestEvidence.settings = RUNS
TestInvoice = InvoiceMachine.TestCase
TestInvoice.settings = RUNS
