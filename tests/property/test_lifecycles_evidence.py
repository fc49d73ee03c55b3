"""Random lives of evidence and its cases, from collection to archive (records.md 1.2).

The machine throws valid, early, late and foreign requests at one world and judges it from outside.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from govchain.ledger.kinds.case import CaseData
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.evidence_access import EvidenceAccessData
from tests.support.ledger_world import ACME, BETA, COURT, EVP, HASHES, NOTARY, PEOPLE, SHA256, SM3
from tests.support.lifecycles import RUNS, Machine

NUMBERS = st.sampled_from(["EV-1", "EV-1", "EV-2"])
CASES = st.sampled_from(["（2026）京0491民初1号", "（2026）京0491民初2号"])
CLERKS = st.sampled_from(["evp-a", "evp-a", "notary-a", "court-a", "acme-a", "beta-a"])
ORGS = st.sampled_from([EVP, NOTARY, COURT, ACME])
FILES = st.sampled_from([HASHES, HASHES, {"sha256": "c" * 64, "sm3": SM3}])
PARTIES = st.sampled_from([[ACME, BETA], [EVP, BETA], [f"{BETA}/beta-a", NOTARY]])
RULED = ("ADMITTED", "PARTIAL", "EXCLUDED")


class EvidenceLife(Machine):
    """Two pieces of evidence in two cases."""

    record_types = ("evidence", "case", "evidence-access")

    def __init__(self) -> None:
        super().__init__()
        self.hashes: dict[str, tuple[str, str]] = {}
        self.reads = 0
        self.open_case("（2026）京0491民初1号", "court-a", [ACME, BETA])
        self.begin(number="EV-1", person="evp-a", file=HASHES, verb="deposit", sealed=True)

    @rule(number=CASES, person=st.sampled_from(["court-a", "court-a", "evp-a"]), parties=PARTIES)
    def open_case(self, number: str, person: str, parties: list[str]) -> None:
        self.ask("case.open", person, number, {"matter": "copyright", "parties": parties})

    @rule(number=CASES, person=CLERKS)
    def close_case(self, number: str, person: str) -> None:
        if self.of("case", number) is not None:
            self.ask("case.close", person, number, {"outcome": "settled"})

    @rule(
        number=NUMBERS,
        person=CLERKS,
        file=FILES,
        verb=st.sampled_from(["collect", "deposit"]),
        sealed=st.booleans(),
    )
    def begin(self, *, number: str, person: str, file: dict[str, str], verb: str, sealed: bool) -> None:
        more = {"for_org": EVP} if verb == "collect" else {}
        fields = self.world.deposit_fields(raw_hash=file, sealed=sealed, **more)
        if self.ask(f"evidence.{verb}", person, number, fields):
            self.hashes[number] = (file["sha256"], file["sm3"])

    @rule(number=NUMBERS, file=FILES, is_disputed=st.booleans(), times=st.integers(1, 3))
    def go_on(self, number: str, file: dict[str, str], is_disputed: bool, times: int) -> None:
        """The next steps as they should be, so that random lives become old."""
        for _ in range(times):
            evidence = self.of("evidence", number)
            match "" if evidence is None else evidence.state:
                case "":
                    self.begin(number=number, person="evp-a", file=HASHES, verb="collect", sealed=False)
                case "COLLECTED":
                    self.lodge(number, "evp-a", HASHES)
                case "DEPOSITED":
                    self.submit(number, "（2026）京0491民初1号")
                case "SUBMITTED":
                    self.verify(number, "court-a", file)
                case "MATCHED" | "MISMATCHED" if is_disputed:
                    self.challenge(number, "beta-a")
                case "CHALLENGED":
                    self.appraise(number, "notary-a")
                case "MATCHED" | "MISMATCHED" | "APPRAISAL":
                    self.court_rules(number, "PARTIAL", "agreed")
                case _:
                    self.archive(number, "court-a")

    @rule(number=NUMBERS, to=st.sampled_from(["notary-a", "acme-a"]))
    def hand_over(self, number: str, to: str) -> None:
        self.transfer(number, "evp-a", PEOPLE[to][0], HASHES)
        self.receive(number, to, HASHES)

    @rule(number=NUMBERS, person=CLERKS, file=FILES)
    def lodge(self, number: str, person: str, file: dict[str, str]) -> None:
        self.ask("evidence.lodge", person, number, {"raw_hash": file})

    @rule(number=NUMBERS, person=CLERKS, to=ORGS, file=FILES)
    def transfer(self, number: str, person: str, to: str, file: dict[str, str]) -> None:
        self.ask("evidence.transfer", person, number, {"to_org": to, "action": "seal", "raw_hash": file})

    @rule(number=NUMBERS, person=CLERKS, file=FILES)
    def receive(self, number: str, person: str, file: dict[str, str]) -> None:
        self.ask("evidence.receive", person, number, {"raw_hash": file})

    @rule(number=NUMBERS, case_no=CASES)
    def submit(self, number: str, case_no: str) -> None:
        evidence = self.of("evidence", number)
        holder = EVP if evidence is None else evidence.data_as(EvidenceData).custodian
        person = next(name for name, (org, _) in PEOPLE.items() if org == holder)
        self.ask("evidence.submit", person, number, {"case_no": case_no})

    @rule(number=NUMBERS, person=st.sampled_from(["court-a", "court-a", "evp-a"]), file=FILES)
    def verify(self, number: str, person: str, file: dict[str, str]) -> None:
        self.ask("evidence.verify", person, number, {"raw_hash": file, "size_bytes": 1_024})

    @rule(number=NUMBERS, person=CLERKS)
    def challenge(self, number: str, person: str) -> None:
        self.ask("evidence.challenge", person, number, {"ground": "interest"})

    @rule(number=NUMBERS, person=CLERKS)
    def appraise(self, number: str, person: str) -> None:
        self.ask("evidence.appraise", person, number, {"opinion": "supports", "report_hash": SHA256})

    @rule(number=NUMBERS, ruling=st.sampled_from(RULED), reason=st.sampled_from(["", "agreed"]))
    def court_rules(self, number: str, ruling: str, reason: str) -> None:
        self.ask("evidence.rule", "court-a", number, {"ruling": ruling, "reason": reason})

    @rule(number=NUMBERS, person=CLERKS)
    def archive(self, number: str, person: str) -> None:
        self.ask("evidence.archive", person, number, {})

    @rule(number=NUMBERS, person=CLERKS)
    def delete(self, number: str, person: str) -> None:
        assert not self.ask("evidence.delete", person, number, {})

    @rule(number=NUMBERS, person=CLERKS)
    def read(self, number: str, person: str) -> None:
        self.reads += 1
        request = f"R-{self.reads}"
        if self.ask("evidence.read", person, request, {"evidence_no": number}):
            access = self.world.record("evidence-access", request).data_as(EvidenceAccessData)
            assert access.reader == f"{PEOPLE[person][0]}/{person}"
            self.judge_reader(number, person)

    def judge_reader(self, number: str, person: str) -> None:
        """Rule E9 said once more: nobody but custodian, judge and parties has read a sealed exhibit."""
        org = PEOPLE[person][0]
        data = self.world.record("evidence", number).data_as(EvidenceData)
        allowed = [data.custodian]
        case = self.of("case", data.case_no) if data.case_no else None
        if case is not None:
            allowed += [case.issuer_org, *case.data_as(CaseData).parties]
        assert not data.is_sealed or org in allowed or f"{org}/{person}" in allowed

    def of(self, record_type: str, number: str) -> Any:
        return self.world.ledger.record(record_type, number)

    @invariant()
    def test_E1_hashes_never_change(self) -> None:
        for record in self.known("evidence"):
            data = record.data_as(EvidenceData)
            assert (data.sha256, data.sm3) == self.hashes[record.object_id]

    @invariant()
    def test_E2_custody_is_contiguous(self) -> None:
        for record in self.known("evidence"):
            data = record.data_as(EvidenceData)
            holder = record.issuer_org
            for position, hop in enumerate(data.custody):
                assert hop.from_org == holder
                holder = hop.to_org if hop.received else holder
                assert hop.received or position == len(data.custody) - 1
            assert data.custodian == holder

    @invariant()
    def test_E5_nobody_with_an_interest_appraises(self) -> None:
        for record in self.known("evidence"):
            data = record.data_as(EvidenceData)
            if data.appraised_by:
                parties = self.world.record("case", data.case_no).data_as(CaseData).parties
                assert data.appraised_by == NOTARY
                assert data.appraised_by not in (record.issuer_org, data.depositor, *parties)

    @invariant()
    def test_E6_no_mismatch_admitted_without_reason(self) -> None:
        for record in self.known("evidence"):
            states = [entry.state for entry in record.timeline]
            if "MISMATCHED" in states and ("ADMITTED" in states or "PARTIAL" in states):
                assert record.data_as(EvidenceData).ruling_reason

    @invariant()
    def test_E8_rulings_are_the_courts_alone(self) -> None:
        for record in self.known("evidence"):
            assert record.data_as(EvidenceData).ruled_by in ("", COURT)


TestEvidenceLife = EvidenceLife.TestCase
TestEvidenceLife.settings = RUNS
