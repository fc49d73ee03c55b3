"""Books that the judge keeps beside the tables: custody, sums, what serves once, and who signed what.

Counted from what people signed, and held against what the state says of it. No rule of the ledger is called:
one that lets something through must not explain it here as well. What the tables say is judged in `business`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from govchain.ledger import RecordState
from govchain.ledger.kinds.authorisation.fields import AuthorisationData
from govchain.ledger.kinds.consent import ConsentData
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.grant.fields import GrantData
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.payment import PaymentData
from govchain.ledger.kinds.realty.fields import RealtyData
from govchain.ledger.kinds.subsidy import SubsidyData

CUSTODY: Final = "custody"
SUMS: Final = "sums"
SINGLE_USE: Final = "single-use"
APPROVALS: Final = "approvals"
KEPT: Final[dict[str, str]] = {
    CUSTODY: "evidence keeps its hashes, and goes from hand to hand without a gap, both sides signing",
    SUMS: "nothing is taken back, awarded or paid beyond what there is, to the cent",
    SINGLE_USE: "what serves once serves once, and grants and consents no more often than they say",
    APPROVALS: "whoever made a record does not approve it, and members change with enough approvals",
}
"""Name of a promise to what it says."""

Found = tuple[str, str]
"""Name of a promise, and how it was broken."""

STAGES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "licence": (("licence.enter",), ("licence.issue",)),
    "accreditation": (("accreditation.enter",), ("accreditation.check",), ("accreditation.grant",)),
    "catalog": (("catalog.draft",), ("catalog.review", "catalog.publish")),
    "grant": (("grant.request", "grant.accept"), ("grant.approve", "grant.reject")),
    "objection": (("objection.check",), ("objection.correct", "objection.refute")),
    "decision": (("decision.enter", "decision.review"), ("decision.sign", "decision.issue")),
    "subsidy": (
        ("subsidy.publish", "subsidy.match"),
        ("subsidy.review",),
        ("subsidy.approve",),
        ("subsidy.pay",),
    ),
}
"""Record type to its stages: one person signs for an object in one of them."""
_BEGINS_ANEW: Final = ("decision.review",)
"""Verbs after which the stages of an object are gone through again."""
_AMOUNTS: Final = ("net", "tax", "gross")
_IN_FORCE: Final = ("VALID", "SUSPENDED")
_CHINA: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Deed:
    """One applied transaction.

    Attributes:
        label: `type/id` of its object.
        said: The envelope.
    """

    id: bytes
    kind: str
    org: str
    person: str
    key_id: bytes
    label: str
    said: dict[str, Any]

    @property
    def object_id(self) -> str:
        return str(self.said["object_id"])

    @property
    def fields(self) -> Any:
        return self.said["fields"]


class Books:
    """What one chain's people signed so far, as far as it must fit together."""

    def __init__(self) -> None:
        self._custody_signers: dict[bytes, str] = {}
        self._hashes: dict[str, tuple[str, str]] = {}
        self._received: dict[str, tuple[bytes, ...]] = {}
        self._buyers: dict[str, str] = {}
        self._taken: dict[str, dict[str, Decimal]] = {}
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._settled: dict[str, str] = {}
        self._with_units: dict[tuple[str, str], None] = {}
        self._holding: dict[tuple[str, ...], dict[str, None]] = {}
        self._held: dict[str, tuple[tuple[str, ...], ...]] = {}
        self._stages: dict[str, dict[tuple[str, str], int]] = {}
        self._approvals: dict[str, dict[str, None]] = {}

    def take(
        self, deeds: Sequence[Deed], records: Mapping[str, RecordState], voters: Sequence[str], least: int
    ) -> Iterator[Found]:
        """What the next block broke.

        Args:
            deeds: Its applied transactions, in order.
            records: What it wrote, by `type/id`.
            voters: Organisations that run validators.
            least: How many of them must approve a change of members.
        """
        for deed in deeds:
            note = _NOTES.get(deed.kind)
            if note is not None:
                yield from note(self, deed)
            yield from self._note_stage(deed)
        for label, record in records.items():
            look = _LOOKS.get(record.record_type)
            if look is not None:
                yield from look(self, label, record)
            if record.record_type == "change" and record.state == "ADOPTED":
                yield from self._look_at_change(label, voters, least)
        yield from self._look_at_holdings(records)

    # What people signed.

    def _note_stage(self, deed: Deed) -> Iterator[Found]:
        stages = STAGES.get(deed.label.partition("/")[0], ())
        for number, verbs in enumerate(stages):
            if deed.kind not in verbs:
                continue
            if deed.kind in _BEGINS_ANEW:
                self._stages.pop(deed.label, None)
            earlier = self._stages.setdefault(deed.label, {}).setdefault((deed.org, deed.person), number)
            if earlier != number:
                yield APPROVALS, f"{deed.label}: {deed.person} signed {' or '.join(stages[earlier])} before"

    def _note_change(self, deed: Deed) -> Iterator[Found]:
        self._approvals.setdefault(deed.label, {})[deed.org] = None
        yield from ()

    def _note_evidence(self, deed: Deed) -> Iterator[Found]:
        self._custody_signers[deed.id] = deed.org
        raw = deed.fields.get("raw_hash")
        if raw is not None:
            self._hashes.setdefault(deed.label, (raw["sha256"], raw["sm3"]))
        yield from ()

    def _note_invoice(self, deed: Deed) -> Iterator[Found]:
        self._buyers[deed.label] = deed.fields["buyer_ref"]
        if deed.kind == "invoice.red" and deed.fields["standard"] == "CN":
            for number in deed.fields["corrects"]:
                taken = self._taken.setdefault(f"invoice/{number}", dict.fromkeys(_AMOUNTS, Decimal(0)))
                for name in _AMOUNTS:
                    taken[name] += Decimal(deed.fields[name])
        yield from ()

    def _note_booking(self, deed: Deed) -> Iterator[Found]:
        if self._count("book", deed.label) > 1:
            yield SINGLE_USE, f"{deed.label} is booked again"
        if self._buyers.get(deed.label) != deed.org:
            yield SINGLE_USE, f"{deed.label} is booked by {deed.org}, which is not its buyer"

    def _note_use(self, deed: Deed) -> Iterator[Found]:
        step = -1 if deed.kind == "invoice.roll_back_use" else 1
        if self._count("use", deed.label, step=step) not in (0, 1):
            yield SINGLE_USE, f"{deed.label} is used again"

    def _note_query(self, deed: Deed) -> Iterator[Found]:
        fields = deed.fields
        day = datetime.fromisoformat(deed.said["claimed_time"]).astimezone(_CHINA).date().isoformat()
        self._count("grant", fields["grant"])
        self._count("grant", fields["grant"], day)
        if fields.get("consent"):
            self._count("consent", fields["consent"], fields["item"])
        yield from ()

    def _note_registration(self, deed: Deed) -> Iterator[Found]:
        for certificate in (deed.fields["certificate"], deed.fields.get("encumbrance")):
            if certificate:
                yield from self._note_certificate(deed, certificate)

    def _note_reissue(self, deed: Deed) -> Iterator[Found]:
        yield from self._note_certificate(deed, deed.fields["new_certificate"])

    def _note_mortgage(self, deed: Deed) -> Iterator[Found]:
        yield from self._note_certificate(deed, deed.fields["encumbrance"])

    def _note_transfer(self, deed: Deed) -> Iterator[Found]:
        if self._count("voucher", deed.fields["voucher"]) > 1:
            yield SINGLE_USE, f"{deed.label} is sold under the tax voucher of an earlier sale"
        yield from self._note_certificate(deed, deed.fields["new_certificate"])

    def _note_certificate(self, deed: Deed, certificate: str) -> Iterator[Found]:
        """A title or mortgage is issued by the record of its unit."""
        # Of these a holder has one for each unit; the other licences of a type count by holder.
        self._with_units[_type_and_org(certificate)] = None
        if (deed.org, deed.person) in self._stages.get(f"licence/{certificate}", {}):
            yield APPROVALS, f"licence/{certificate}: {deed.person} entered what {deed.kind} issues"

    def _note_licence_use(self, deed: Deed) -> Iterator[Found]:
        self._count("authorisation", deed.object_id)
        yield from ()

    def _count(self, *what: str, step: int = 1) -> int:
        self._counts[what] += step
        return self._counts[what]

    # What the state says of it.

    def _look_at_evidence(self, label: str, record: RecordState) -> Iterator[Found]:
        if record.version == 1:
            return
        data = record.data_as(EvidenceData)
        if (data.sha256, data.sm3) != self._hashes.get(label):
            yield CUSTODY, f"{label} has other hashes than at first"
        holder, received = record.issuer_org, tuple(hop.received for hop in data.custody if hop.received)
        before = self._received.get(label, ())
        self._received[label] = received
        if received[: len(before)] != before:
            yield CUSTODY, f"{label}: a hand-over was forgotten"
        for hop in data.custody:
            if hop.from_org != holder:
                yield CUSTODY, f"{label}: {hop.from_org} hands over what {holder} has"
            if self._custody_signers.get(hop.sent) != hop.from_org:
                yield CUSTODY, f"{label}: {hop.from_org} did not sign its hand-over"
            if hop.received:
                holder = hop.to_org
                if self._custody_signers.get(hop.received) != hop.to_org:
                    yield CUSTODY, f"{label}: {hop.to_org} did not sign for it"
        if data.custodian != holder:
            yield CUSTODY, f"{label}: {data.custodian} has it, and it was handed to {holder}"

    def _look_at_invoice(self, label: str, record: RecordState) -> Iterator[Found]:
        data = record.data_as(InvoiceData)
        taken = self._taken.get(label)
        for name in _AMOUNTS:
            amount, red = Decimal(getattr(data, name)), Decimal(getattr(data, f"red_{name}"))
            if red and red > amount:
                yield SUMS, f"{label}: {red} of {name} {amount} is taken back"
            if taken is not None and taken[name] != red:
                yield SUMS, f"{label}: {red} of {name} is taken back, its red invoices say {taken[name]}"

    def _look_at_subsidy(self, label: str, record: RecordState) -> Iterator[Found]:
        data = record.data_as(SubsidyData)
        if sum(Decimal(award.amount) for award in data.awards) > Decimal(data.budget):
            yield SUMS, f"{label}: its awards exceed the budget of {data.budget}"
        for award in data.awards:
            if not Decimal(award.clawed) <= Decimal(award.paid) <= Decimal(award.amount):
                yield SUMS, f"{label}: {award.paid} of {award.amount} is paid, {award.clawed} is back"

    def _look_at_payment(self, label: str, record: RecordState) -> Iterator[Found]:
        data = record.data_as(PaymentData)
        due = f"{data.pays} {data.line}".strip()
        if record.state == "RETURNED" and self._settled.get(due) == label:
            del self._settled[due]
        if record.state == "SETTLED" and due and self._settled.setdefault(due, label) != label:
            yield SUMS, f"{due} is paid by {self._settled[due]} and by {label}"

    def _look_at_grant(self, label: str, record: RecordState) -> Iterator[Found]:
        data = record.data_as(GrantData)
        queries = self._counts["grant", record.object_id]
        if data.uses != queries or (data.max_uses and queries > data.max_uses):
            yield SINGLE_USE, f"{label}: {queries} queries, {data.uses} counted, {data.max_uses} granted"
        if data.day and self._counts["grant", record.object_id, data.day] > data.rate_per_day:
            yield SINGLE_USE, f"{label}: more than {data.rate_per_day} queries on {data.day}"

    def _look_at_consent(self, label: str, record: RecordState) -> Iterator[Found]:
        data = record.data_as(ConsentData)
        for item, listed in Counter(use.item for use in data.uses).items():
            queries = self._counts["consent", record.object_id, item]
            if not queries == listed <= data.max_uses:
                yield SINGLE_USE, f"{label}: {queries} queries of {item}, {listed} listed"

    def _look_at_authorisation(self, label: str, record: RecordState) -> Iterator[Found]:
        data = record.data_as(AuthorisationData)
        uses = self._counts["authorisation", record.object_id]
        if not uses == data.used <= data.max_uses:
            yield SINGLE_USE, f"{label}: {uses} uses, {data.used} counted, {data.max_uses} authorised"

    def _look_at_licence(self, label: str, record: RecordState) -> Iterator[Found]:
        data = record.data_as(LicenceData)
        number = record.object_id.rsplit(".", 2)[0]
        holds: tuple[tuple[str, ...], ...] = (("number", number),)
        if _type_and_org(record.object_id) not in self._with_units:
            holds = (*holds, ("holder", data.type_code, data.holder_ref))
        self._hold(label, holds if record.state in _IN_FORCE else ())
        yield from ()

    def _look_at_unit(self, label: str, record: RecordState) -> Iterator[Found]:
        self._hold(label, (("certificate", record.data_as(RealtyData).certificate),))
        yield from ()

    def _look_at_change(self, label: str, voters: Sequence[str], least: int) -> Iterator[Found]:
        approvals = [org for org in self._approvals.get(label, ()) if org in voters]
        if len(approvals) < least:
            yield APPROVALS, f"{label} was adopted with {len(approvals)} approvals of {least}"

    def _hold(self, label: str, places: tuple[tuple[str, ...], ...]) -> None:
        """Give up what an object held, and take these places: each is for one object at a time."""
        for place in self._held.pop(label, ()):
            self._holding[place].pop(label, None)
        self._held[label] = places
        for place in places:
            self._holding.setdefault(place, {})[label] = None

    def _look_at_holdings(self, records: Mapping[str, RecordState]) -> Iterator[Found]:
        """At the end of a block: inside it one may follow the other."""
        for label in records:
            for place in self._held.get(label, ()):
                others = [each for each in self._holding[place] if each != label]
                if others:
                    yield SINGLE_USE, f"{' '.join(place)} is that of {others[0]} and of {label}"


def _type_and_org(licence: str) -> tuple[str, str]:
    """Type code and issuing organisation of a licence identifier (GB/T 36904)."""
    *_, type_code, org, _serial, _version, _check = licence.split(".")
    return type_code, org


_NOTES: Final[Mapping[str, Callable[[Books, Deed], Iterator[Found]]]] = {
    **dict.fromkeys(
        (
            "evidence.collect",
            "evidence.deposit",
            "evidence.lodge",
            "evidence.transfer",
            "evidence.receive",
        ),
        Books._note_evidence,
    ),
    **dict.fromkeys(("invoice.issue", "invoice.red"), Books._note_invoice),
    "invoice.book": Books._note_booking,
    **dict.fromkeys(("invoice.confirm_use", "invoice.roll_back_use"), Books._note_use),
    "exchange.query": Books._note_query,
    "licence.use": Books._note_licence_use,
    "realty.register": Books._note_registration,
    "realty.encumber": Books._note_mortgage,
    "realty.reissue": Books._note_reissue,
    "realty.transfer": Books._note_transfer,
    **dict.fromkeys(
        (
            "change.approve",
            *(f"validator.{verb}" for verb in ("add", "remove", "rotate")),
            *(f"organisation.{verb}" for verb in ("add", "suspend", "resume", "expel", "tier", "unaccredit")),
        ),
        Books._note_change,
    ),
}
_LOOKS: Final[Mapping[str, Callable[[Books, str, RecordState], Iterator[Found]]]] = {
    "evidence": Books._look_at_evidence,
    "invoice": Books._look_at_invoice,
    "subsidy": Books._look_at_subsidy,
    "payment": Books._look_at_payment,
    "grant": Books._look_at_grant,
    "consent": Books._look_at_consent,
    "authorisation": Books._look_at_authorisation,
    "licence": Books._look_at_licence,
    "realty": Books._look_at_unit,
}
