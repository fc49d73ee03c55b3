"""Judges what executed blocks mean: records reach only listed states, and nobody does what he may not.

Looks from outside at transactions, results and written state, and calls no rule of the ledger; the twin of
its rules is `policy`. That all validators execute equal blocks is judged in `checks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from govchain.codec import decode
from govchain.crypto import Suite
from govchain.ledger import ExecutedBlock, RecordState
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.state import KeyState, OrganisationState, TimelineEntry
from govchain.model import Genesis, Space, Transaction, TransactionBody, ValidatorSet
from govchain.sim.policy import (
    AMOUNTS,
    BESIDE,
    ROWS,
    Clerk,
    Deed,
    House,
    Office,
    Row,
    Thing,
    cents,
    find_breach,
)

LIFE_CYCLES: Final = "life-cycles"
POLICY: Final = "policy"
BUSINESS: Final[dict[str, str]] = {
    LIFE_CYCLES: "records reach only listed states, each by an applied record, version after version",
    POLICY: "nobody does what roles, approvals and custody do not allow; what is denied changes nothing",
}

Problem = tuple[str, str]
"""Name of a promise, and how it was broken."""

_VALIDATOR: Final = ("validator",)
_ALWAYS_WRITTEN: Final = ("nonces", "denial", "validators")
"""First parts of state keys that blocks write although nothing was applied."""


class BusinessJudge:
    """What the records of one chain did so far, and whether they were allowed to.

    Attributes:
        height: Of the last block that was judged.
    """

    def __init__(self, genesis: Genesis, suite: Suite) -> None:
        self.height = 0
        self._suite = suite
        self._validators = genesis.validators
        self._approvals_min = genesis.parameters.approvals_min
        clerks: dict[bytes, Clerk] = {
            suite.key_id(key.public_key): Clerk(key.org, key.person, tuple(key.roles)) for key in genesis.keys
        }
        offices = {
            org.id: Office(tuple(org.roles), tuple(org.accredited_for)) for org in genesis.organisations
        }
        self._house = House(clerks, offices, (), 0, suite.key_id)
        self._seat(genesis.validators)

    def take(self, executed: ExecutedBlock) -> list[Problem]:
        """What the next block broke."""
        problems: list[Problem] = []
        deeds: dict[bytes, Deed] = {}
        block = executed.block
        self.height = block.header.height
        for number, (transaction, result) in enumerate(zip(block.transactions, block.results, strict=True)):
            if result.applied:
                deed = self._read(executed.transaction_ids[number], transaction)
                deeds[deed.id] = deed
                problems += self._judge_deed(deed, transaction)
        if executed.next_validators is not None:
            self._seat(executed.next_validators)
        written = {key: value for space, key, value in executed.writes if space is Space.STATE}
        problems += self._judge_writes(written, deeds, is_boundary=executed.next_validators is not None)
        for deed in deeds.values():
            history = self._house.things[deed.label].timeline
            if ROWS[deed.kind].about != "key" and deed.id not in [entry.transaction_id for entry in history]:
                problems.append((LIFE_CYCLES, f"{deed.kind} was applied and is not in {deed.label}"))
        return [(name, f"height {block.header.height}: {problem}") for name, problem in problems]

    def _read(self, transaction_id: bytes, transaction: Transaction) -> Deed:
        body = decode(transaction.body, TransactionBody)
        said = json.loads(body.payload)
        clerk = self._house.clerks.get(body.key_id)
        person = "" if clerk is None else clerk.person
        about = ROWS[body.kind].about if body.kind in ROWS else body.kind
        return Deed(transaction_id, body.kind, body.org, person, f"{about}/{said['object_id']}", said)

    def _judge_deed(self, deed: Deed, transaction: Transaction) -> Iterator[Problem]:
        row = ROWS.get(deed.kind)
        if row is None:
            yield POLICY, f"{deed.kind} is no kind of record"
            return
        key_id = decode(transaction.body, TransactionBody).key_id
        breach = self._find_wrong_signer(row, deed, self._house.clerks.get(key_id))
        breach = breach or find_breach(self._house, deed)
        if breach:
            yield POLICY, f"{deed.kind} of {deed.label} was applied although {breach}"

    def _find_wrong_signer(self, row: Row, deed: Deed, clerk: Clerk | None) -> str:
        office = self._house.offices.get(deed.org)
        if clerk is None or office is None or clerk.org != deed.org:
            return "its key is not one of its organisation"
        if not clerk.is_active:
            return "its key is revoked"
        if not office.is_active:
            return "its organisation is suspended"
        if row.org_roles and not row.org_roles & set(office.roles):
            return f"its organisation has no role {' or '.join(sorted(row.org_roles))}"
        if row.key_roles and not row.key_roles & set(clerk.roles):
            return f"its key has no role {' or '.join(sorted(row.key_roles))}"
        return ""

    def _judge_writes(
        self, written: dict[bytes, bytes | None], deeds: dict[bytes, Deed], *, is_boundary: bool
    ) -> Iterator[Problem]:
        for key, value in written.items():
            first, _, name = key.decode().partition("/")
            if first == "record" and value is not None:
                yield from self._judge_record(name, decode(value, RecordState), deeds)
            elif first == "record":
                yield LIFE_CYCLES, f"{name} was deleted"
            elif first == "key" and value is not None:
                yield from self._judge_key(name, decode(value, KeyState))
            elif first == "organisation" and value is not None:
                yield from self._judge_office(decode(value, OrganisationState))
            elif not (deeds or is_boundary or first in _ALWAYS_WRITTEN):
                yield POLICY, f"{first}/{name} changed although nothing was applied"

    def _judge_record(self, label: str, record: RecordState, deeds: dict[bytes, Deed]) -> Iterator[Problem]:
        thing = self._house.things.setdefault(label, Thing())
        known, thing.timeline = thing.timeline, record.timeline
        new = record.timeline[len(known) :]
        if record.timeline[: len(known)] != known:
            yield LIFE_CYCLES, f"{label}: its history was rewritten"
        if not new:
            yield LIFE_CYCLES, f"{label} changed without a record"
        for version, entry in enumerate(new, len(known) + 1):
            before = record.timeline[version - 2] if version > 1 else None
            deed = deeds.get(entry.transaction_id)
            if deed is None:
                yield LIFE_CYCLES, f"{label} became {entry.state} by a record that was not applied"
            else:
                yield from self._judge_entry(label, version, before, entry, deed)
        last = record.timeline[-1]
        if (record.version, record.state) != (len(record.timeline), last.state):
            yield LIFE_CYCLES, f"{label}: version {record.version} and {record.state} are not its history's"
        if record.last_record_hash != last.transaction_id:
            yield LIFE_CYCLES, f"{label}: its last record is not the last of its history"
        yield from _judge_facts(label, record, thing)

    def _judge_entry(
        self, label: str, version: int, before: TimelineEntry | None, entry: TimelineEntry, deed: Deed
    ) -> Iterator[Problem]:
        step = ("" if before is None else before.state, entry.state)
        is_own = deed.label == label
        if step not in (ROWS[deed.kind].steps if is_own else BESIDE.get(deed.kind, frozenset())):
            yield LIFE_CYCLES, f"{label}: {deed.kind} leads from {step[0] or 'nothing'} to {step[1]}"
        if not is_own:
            return
        if deed.becomes and entry.state != deed.becomes:
            yield LIFE_CYCLES, f"{label} became {entry.state}, expected {deed.becomes}"
        if deed.said["object_version"] != version:
            yield LIFE_CYCLES, f"{label}: a record for version {deed.said['object_version']} made {version}"
        previous = "" if before is None else before.transaction_id.hex()
        if deed.said.get("prev_record_hash", "") != previous:
            yield LIFE_CYCLES, f"{label}: version {version} does not name the record before it"

    def _judge_key(self, name: str, state: KeyState) -> Iterator[Problem]:
        clerk = self._house.clerks.get(bytes.fromhex(name))
        found = (state.org, state.person, tuple(state.roles), state.active)
        if clerk is None or found != (clerk.org, clerk.person, clerk.roles, clerk.is_active):
            yield POLICY, f"key {name[:16]} is not what records made of it"

    def _judge_office(self, state: OrganisationState) -> Iterator[Problem]:
        office = self._house.offices.get(state.id)
        found = (tuple(state.roles), tuple(state.accredited_for), state.active)
        if office is None or found != (office.roles, office.accredited_for, office.is_active):
            yield POLICY, f"organisation {state.id} is not what records made of it"

    def _seat(self, validators: ValidatorSet) -> None:
        """From the next block on these vote: their keys become keys of the chain, and those of others end."""
        house = self._house
        staying = [self._suite.key_id(member.public_key) for member in validators.members]
        for member in self._validators.members:
            key_id = self._suite.key_id(member.public_key)
            if key_id not in staying and key_id in house.clerks:
                house.clerks[key_id].is_active = False
        for key_id, member in zip(staying, validators.members, strict=True):
            if member.org in house.offices:
                house.clerks.setdefault(key_id, Clerk(member.org, member.name, _VALIDATOR))
        self._validators = validators
        house.voters = tuple(dict.fromkeys(member.org for member in validators.members))
        house.approvals_needed = min(self._approvals_min, len(house.voters)) or len(house.voters) // 2 + 1


def _judge_facts(label: str, record: RecordState, thing: Thing) -> Iterator[Problem]:
    """What the chain remembers of a record is what the records about it said."""
    facts = thing.facts
    if record.record_type == "evidence":
        evidence = record.data_as(EvidenceData)
        if evidence.custodian != facts.get("custodian"):
            yield POLICY, f"{label}: {evidence.custodian} holds it, and nobody handed it over"
    if record.record_type == "invoice":
        invoice = record.data_as(InvoiceData)
        if invoice.voucher_no != facts.get("voucher", ""):
            yield POLICY, f"{label}: booked under {invoice.voucher_no}, and no record says so"
        for name in AMOUNTS:
            if cents(getattr(invoice, f"red_{name}")) > cents(getattr(invoice, name)):
                yield POLICY, f"{label}: {name}: more was taken back than it had"
