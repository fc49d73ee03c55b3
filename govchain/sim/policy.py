"""The business rules a second time, and said differently: who may do what, and which state may follow which.

For the judge alone. Nothing comes from `govchain.ledger.rules`, or a mistake there would be made here again.
Only what was applied is looked at, so a rule that denies too much is not found here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from govchain.ledger.state import TimelineEntry


@dataclass(slots=True)
class Clerk:
    """A key, as the applied records make it."""

    org: str
    person: str
    roles: tuple[str, ...]
    is_active: bool = True
    version: int = 0
    last_record: bytes = b""


@dataclass(slots=True)
class Office:
    """An organisation, as the applied records make it."""

    roles: tuple[str, ...]
    accredited_for: tuple[str, ...]
    is_active: bool = True


@dataclass(slots=True)
class Thing:
    """An object: its history as last written, and what the records about it said."""

    timeline: tuple[TimelineEntry, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class House:
    """Everybody and everything that the judge knows."""

    clerks: dict[bytes, Clerk]
    offices: dict[str, Office]
    voters: tuple[str, ...]
    """Organisations that run validators."""
    approvals_needed: int
    key_id_of: Callable[[bytes], bytes]
    things: dict[str, Thing] = field(default_factory=dict)


@dataclass(slots=True)
class Deed:
    """One applied transaction."""

    id: bytes
    kind: str
    org: str
    person: str
    label: str
    """`type/id` of its object."""
    said: dict[str, Any]
    """The envelope."""
    becomes: str = ""
    """State that its object must have afterwards; empty when the table alone says."""

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = self.said["fields"]
        return fields


@dataclass(frozen=True, slots=True)
class Row:
    """What a kind of record may do to its object, and who may hand it in."""

    about: str
    steps: frozenset[tuple[str, str]]
    org_roles: frozenset[str] = frozenset()
    key_roles: frozenset[str] = frozenset()


def steps(text: str) -> frozenset[tuple[str, str]]:
    """Pairs of states from `A>B C>D`; before the first record the state is empty."""
    pairs = (pair.split(">") for pair in text.split())
    return frozenset((before, after) for before, after in pairs)


def _row(about: str, text: str, org: str = "", key: str = "") -> Row:
    return Row(about, steps(text), frozenset(org.split()), frozenset(key.split()))


_PASSED_ON: Final = "DEPOSITED>DEPOSITED SUBMITTED>SUBMITTED MATCHED>MATCHED MISMATCHED>MISMATCHED"
_RULED: Final = (
    "MATCHED>ADMITTED MATCHED>PARTIAL MATCHED>EXCLUDED "
    "MISMATCHED>ADMITTED MISMATCHED>PARTIAL MISMATCHED>EXCLUDED"
)
_PROPOSALS: Final = (
    "validator.add",
    "validator.remove",
    "validator.rotate",
    "organisation.add",
    "organisation.suspend",
    "organisation.resume",
)

ROWS: Final[dict[str, Row]] = {
    "key.add": _row("key", ">ACTIVE", key="admin"),
    "key.revoke": _row("key", "ACTIVE>REVOKED", key="admin"),
    "licence.enter": _row("licence", ">DRAFT", key="maker"),
    "licence.issue": _row("licence", "DRAFT>VALID", key="checker"),
    "licence.suspend": _row("licence", "VALID>SUSPENDED", key="checker"),
    "licence.resume": _row("licence", "SUSPENDED>VALID", key="checker"),
    "licence.revoke": _row("licence", "VALID>REVOKED SUSPENDED>REVOKED", key="checker"),
    "evidence.deposit": _row("evidence", ">DEPOSITED", org="evidence-platform notary court depositor"),
    "evidence.transfer": _row("evidence", _PASSED_ON),
    "evidence.receive": _row("evidence", _PASSED_ON),
    "evidence.submit": _row("evidence", "DEPOSITED>SUBMITTED"),
    "evidence.verify": _row("evidence", "SUBMITTED>MATCHED SUBMITTED>MISMATCHED", org="court"),
    "evidence.rule": _row("evidence", _RULED, org="court"),
    "invoice.issue": _row("invoice", ">ISSUED"),
    "invoice.red": _row("invoice", ">ISSUED"),
    "invoice.book": _row("invoice", "ISSUED>BOOKED RED_PARTIAL>BOOKED"),
    **dict.fromkeys(_PROPOSALS, _row("change", ">PROPOSED >ADOPTED", key="admin")),
    "change.approve": _row("change", "PROPOSED>PROPOSED PROPOSED>ADOPTED", key="admin"),
    "change.withdraw": _row("change", "PROPOSED>WITHDRAWN", key="admin"),
    "subsidy.publish": _row("subsidy", ">PUBLISHED", org="subsidy-department", key="maker"),
    "subsidy.match": _row("subsidy", "PUBLISHED>MATCHED", org="subsidy-department", key="maker"),
    "subsidy.review": _row("subsidy", "MATCHED>REVIEWED", org="subsidy-department", key="checker"),
    "subsidy.notice": _row("subsidy", "REVIEWED>NOTICE", org="subsidy-department"),
    "subsidy.approve": _row("subsidy", "NOTICE>APPROVED", org="subsidy-department", key="approver"),
    "subsidy.pay": _row("subsidy", "APPROVED>APPROVED APPROVED>PAID", org="subsidy-department", key="payer"),
    "subsidy.audit": _row("subsidy", "PAID>AUDITED", org="auditor"),
    "subsidy.claw": _row("subsidy", "AUDITED>CLAWED CLAWED>CLAWED", org="subsidy-department", key="payer"),
    "validator.accuse": _row("equivocation", ">RECORDED", key="validator"),
}
"""Kind of record to what it may do."""

BESIDE: Final[dict[str, frozenset[tuple[str, str]]]] = {
    "licence.issue": steps("VALID>SUPERSEDED"),
    "invoice.red": steps(
        "ISSUED>RED_PARTIAL ISSUED>RED_FULL RED_PARTIAL>RED_PARTIAL RED_PARTIAL>RED_FULL BOOKED>BOOKED"
    ),
}
"""Kind of record to what it may do to another object than its own: the version before, the blue invoice."""

AMOUNTS: Final = ("net", "tax", "gross")


def cents(text: str) -> int:
    """An amount such as `12.5` in cents."""
    whole, _, part = text.lstrip("-").partition(".")
    value = int(whole) * 100 + int(f"{part:0<2}")
    return -value if text.startswith("-") else value


def find_breach(house: House, deed: Deed) -> str:
    """What the deed breaks beyond roles and states; empty when nothing. Notes what it says."""
    thing = house.things.setdefault(deed.label, Thing())
    thing.facts.setdefault("issuer", deed.org)
    kind = "change.propose" if deed.kind in _PROPOSALS else deed.kind
    policy = _POLICIES.get(kind)
    return "" if policy is None else policy(house, deed, thing.facts)


Facts = dict[str, Any]


def _enter(house: House, deed: Deed, facts: Facts) -> str:
    facts["maker"] = deed.person
    is_accredited = deed.fields["type_code"] in house.offices[deed.org].accredited_for
    return "" if is_accredited else "its organisation is not accredited for the type"


def _officer(house: House, deed: Deed, facts: Facts) -> str:
    return "" if facts["issuer"] == deed.org else "another organisation issued the licence"


def _issue(house: House, deed: Deed, facts: Facts) -> str:
    if facts.get("maker") == deed.person:
        return "its maker checks it"
    return _officer(house, deed, facts)


def _deposit(house: House, deed: Deed, facts: Facts) -> str:
    facts |= {"custodian": deed.org, "hash": deed.fields["raw_hash"], "size": deed.fields["size_bytes"]}
    return ""


def _transfer(house: House, deed: Deed, facts: Facts) -> str:
    breach = _custodian(house, deed, facts)
    facts["under way to"] = deed.fields["to_org"]
    return breach or _equal_hash(deed, facts)


def _receive(house: House, deed: Deed, facts: Facts) -> str:
    receiver = facts.pop("under way to", "")
    facts["custodian"] = deed.org
    return _equal_hash(deed, facts) if receiver == deed.org else "nobody handed it to this organisation"


def _custodian(house: House, deed: Deed, facts: Facts) -> str:
    is_holder = facts.get("custodian") == deed.org and "under way to" not in facts
    return "" if is_holder else "its organisation does not hold the evidence"


def _equal_hash(deed: Deed, facts: Facts) -> str:
    return "" if facts.get("hash") == deed.fields["raw_hash"] else "its hashes are not the deposited ones"


def _verify(house: House, deed: Deed, facts: Facts) -> str:
    is_match = not _equal_hash(deed, facts) and facts.get("size") == deed.fields["size_bytes"]
    facts["is match"] = is_match
    deed.becomes = "MATCHED" if is_match else "MISMATCHED"
    return ""


def _rule(house: House, deed: Deed, facts: Facts) -> str:
    deed.becomes = deed.fields["ruling"]
    needs_reason = not facts.get("is match") and deed.becomes != "EXCLUDED"
    has_reason = bool(deed.fields.get("reason", "").strip())
    return "mismatched evidence is admitted without a reason" if needs_reason and not has_reason else ""


def _invoice(house: House, deed: Deed, facts: Facts) -> str:
    said = deed.fields
    facts |= {name: cents(said[name]) for name in AMOUNTS}
    facts |= {"seller": said["seller_ref"], "buyer": said["buyer_ref"], "standard": said["standard"]}
    is_recorder = said["standard"] != "CN" and "invoice-recorder" in house.offices[deed.org].roles
    return "" if deed.org == said["seller_ref"] or is_recorder else "its organisation is not the seller"


def _red(house: House, deed: Deed, facts: Facts) -> str:
    breach = _invoice(house, deed, facts)
    facts["is red"] = True
    known = [house.things.get(f"invoice/{each}") for each in deed.fields.get("corrects", [])]
    if len(known) != 1 or known[0] is None:
        # What several take back together shows in the written sums alone.
        return breach
    blue = known[0].facts
    if blue.get("is red"):
        return "it takes back a red invoice"
    if blue["standard"] == "CN" and blue.get("voucher"):
        return "it takes back a booked invoice"
    for name in AMOUNTS:
        blue[f"red {name}"] = blue.get(f"red {name}", 0) + facts[name]
        if blue[f"red {name}"] > blue[name]:
            return f"{name}: more is taken back than the invoice had"
    return breach or ("" if blue["seller"] == facts["seller"] else "it takes back another seller's invoice")


def _book(house: House, deed: Deed, facts: Facts) -> str:
    if facts.get("voucher"):
        return f"it is booked already, under {facts['voucher']}"
    facts["voucher"] = deed.fields["voucher_no"]
    return "" if facts.get("buyer") == deed.org else "its organisation is not the buyer"


def _publish(house: House, deed: Deed, facts: Facts) -> str:
    facts |= {"budget": cents(deed.fields["budget"]), "signers": [deed.person], "left": {}, "paid": {}}
    return ""


def _department(house: House, deed: Deed, facts: Facts) -> str:
    return "" if facts["issuer"] == deed.org else "another department published it"


def _match(house: House, deed: Deed, facts: Facts) -> str:
    facts["signers"].append(deed.person)
    facts["left"] = {each["project"]: cents(each["amount"]) for each in deed.fields["awards"]}
    is_too_much = sum(facts["left"].values()) > facts["budget"]
    return "more is awarded than budgeted" if is_too_much else _department(house, deed, facts)


def _sign(house: House, deed: Deed, facts: Facts) -> str:
    if deed.person in facts["signers"]:
        return "its signer signed an earlier step"
    facts["signers"].append(deed.person)
    return _department(house, deed, facts)


def _pay(house: House, deed: Deed, facts: Facts) -> str:
    project, amount = deed.fields["project"], cents(deed.fields["amount"])
    facts["left"][project] = facts["left"].get(project, 0) - amount
    facts["paid"][project] = facts["paid"].get(project, 0) + amount
    if deed.person in facts["signers"]:
        return "its signer signed an earlier step"
    deed.becomes = "APPROVED" if any(facts["left"].values()) else "PAID"
    return "more is paid than approved" if facts["left"][project] < 0 else _department(house, deed, facts)


def _claw(house: House, deed: Deed, facts: Facts) -> str:
    project = deed.fields["project"]
    facts["paid"][project] = facts["paid"].get(project, 0) - cents(deed.fields["amount"])
    return "more comes back than was paid" if facts["paid"][project] < 0 else _department(house, deed, facts)


def _propose(house: House, deed: Deed, facts: Facts) -> str:
    facts |= {"kind": deed.kind, "asks": deed.fields, "approved by": []}
    return _approve(house, deed, facts)


def _approve(house: House, deed: Deed, facts: Facts) -> str:
    if deed.org not in house.voters:
        return "its organisation runs no validator"
    if deed.org in facts["approved by"]:
        return "its organisation approved it before"
    facts["approved by"].append(deed.org)
    approvals = sum(org in house.voters for org in facts["approved by"])
    deed.becomes = "ADOPTED" if approvals >= house.approvals_needed else "PROPOSED"
    if deed.becomes == "ADOPTED":
        _adopt(house, facts["kind"], facts["asks"], deed.id)
    return ""


def _adopt(house: House, kind: str, asks: dict[str, Any], record: bytes) -> None:
    if kind == "organisation.add":
        key_id = house.key_id_of(bytes.fromhex(asks["public_key"]))
        house.offices[asks["org"]] = Office(tuple(asks["roles"]), tuple(asks["accredited_for"]))
        house.clerks[key_id] = Clerk(asks["org"], asks["person"], ("admin",), True, 1, record)
    elif kind in ("organisation.suspend", "organisation.resume"):
        house.offices[asks["org"]].is_active = kind == "organisation.resume"


def _withdraw(house: House, deed: Deed, facts: Facts) -> str:
    return "" if facts["issuer"] == deed.org else "another organisation proposed it"


def _key_add(house: House, deed: Deed, facts: Facts) -> str:
    key_id = bytes.fromhex(deed.said["object_id"])
    is_known = key_id in house.clerks
    said = deed.fields
    house.clerks[key_id] = Clerk(deed.org, said["person"], tuple(said["roles"]), True, 1, deed.id)
    return "the key is known already" if is_known else ""


def _key_revoke(house: House, deed: Deed, facts: Facts) -> str:
    clerk = house.clerks.get(bytes.fromhex(deed.said["object_id"]))
    if clerk is None or not clerk.is_active or clerk.org != deed.org:
        return "the key is no active key of its organisation"
    if deed.said["object_version"] != clerk.version + 1:
        return f"version {deed.said['object_version']} follows version {clerk.version}"
    if deed.said.get("prev_record_hash", "") != clerk.last_record.hex():
        return "it does not follow the last record about the key"
    clerk.is_active, clerk.version, clerk.last_record = False, clerk.version + 1, deed.id
    return ""


_POLICIES: Final[dict[str, Callable[[House, Deed, Facts], str]]] = {
    "key.add": _key_add,
    "key.revoke": _key_revoke,
    "licence.enter": _enter,
    "licence.issue": _issue,
    "licence.suspend": _officer,
    "licence.resume": _officer,
    "licence.revoke": _officer,
    "evidence.deposit": _deposit,
    "evidence.transfer": _transfer,
    "evidence.receive": _receive,
    "evidence.submit": _custodian,
    "evidence.verify": _verify,
    "evidence.rule": _rule,
    "invoice.issue": _invoice,
    "invoice.red": _red,
    "invoice.book": _book,
    "subsidy.publish": _publish,
    "subsidy.match": _match,
    "subsidy.review": _sign,
    "subsidy.notice": _department,
    "subsidy.approve": _sign,
    "subsidy.pay": _pay,
    "subsidy.claw": _claw,
    "change.propose": _propose,
    "change.approve": _approve,
    "change.withdraw": _withdraw,
}
