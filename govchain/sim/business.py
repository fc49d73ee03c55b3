"""Judges what executed blocks mean: records reach only listed states, and only those act who may.

Looks from outside at transactions, results and written state, and calls no rule of the ledger. The tables of
the kinds of record say what is listed, as the reference prints them; whether the ledger's code keeps to them
is the question here. What must fit together beyond the tables is counted in `books`; that all validators
execute equal blocks is judged in `checks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from govchain.codec import decode
from govchain.crypto import Suite
from govchain.ledger import ExecutedBlock, RecordState
from govchain.ledger.kinds import KINDS, VERBS
from govchain.ledger.state import KeyState, OrganisationState, TimelineEntry
from govchain.model import Genesis, Space, Transaction, TransactionBody, ValidatorSet
from govchain.sim.books import KEPT, Books, Deed

LIFE_CYCLES: Final = "life-cycles"
POLICY: Final = "policy"
BUSINESS: Final[dict[str, str]] = {
    LIFE_CYCLES: "records reach only listed states, each by an applied record, version after version",
    POLICY: "nobody acts without the roles that the kind of record demands; what is denied changes nothing",
    **KEPT,
}

Problem = tuple[str, str]
"""Name of a promise, and how it was broken."""

_ALWAYS_WRITTEN: Final = ("nonces", "denial", "validators")
"""First parts of state keys that blocks write although nothing was applied."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a verb may do to its object, and who may hand it in."""

    about: str
    keeps_records: bool
    steps: frozenset[tuple[str, str]]
    """Pairs of states; before the first record the state is empty."""
    org_roles: frozenset[str]
    key_roles: frozenset[str]


def read_tables() -> dict[str, Row]:
    """Verb to what the tables say of it; copied, so that a ledger changed later is judged by these."""
    return {
        name: Row(
            about=verb.kind.record_type,
            keeps_records=verb.kind.keeps_records,
            steps=frozenset(
                (before, after)
                for before in verb.transition.from_states or ("",)
                for after in verb.transition.to_states
            )
            | {change for change in verb.kind.side_changes if not change[0]},
            org_roles=frozenset(verb.transition.org_roles),
            key_roles=frozenset(verb.transition.key_roles),
        )
        for name, verb in VERBS.items()
    }


ROWS: Final = read_tables()
BESIDE: Final = {name: frozenset(kind.side_changes) for name, kind in KINDS.items()}
"""Record type to what records about other objects may do to it: the version before, the blue invoice."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key as the state has it."""

    org: str
    person: str
    roles: tuple[str, ...]
    is_active: bool


@dataclass(frozen=True, slots=True)
class Office:
    """An organisation as the state has it."""

    roles: tuple[str, ...]
    is_active: bool


class BusinessJudge:
    """What the records of one chain did so far, and whether they were allowed to.

    Attributes:
        height: Of the last block that was judged.
    """

    def __init__(self, genesis: Genesis, suite: Suite) -> None:
        self.height = 0
        self._suite = suite
        self._signers: dict[bytes, list[Signer]] = {
            suite.key_id(key.public_key): [Signer(key.org, key.person, tuple(key.roles), True)]
            for key in genesis.keys
        }
        self._offices = {org.id: [Office(tuple(org.roles), True)] for org in genesis.organisations}
        self._histories: dict[str, tuple[TimelineEntry, ...]] = {}
        self._books = Books()
        self._approvals_min = genesis.parameters.approvals_min
        self._voters: tuple[str, ...] = ()
        self._seat(genesis.validators)

    def take(self, executed: ExecutedBlock) -> list[Problem]:
        """What the next block broke."""
        block = executed.block
        self.height = block.header.height
        written = {key: value for space, key, value in executed.writes if space is Space.STATE}
        self._note_signers(written)
        records = {
            key.decode().partition("/")[2]: decode(value, RecordState)
            for key, value in written.items()
            if key.startswith(b"record/") and value is not None
        }
        problems: list[Problem] = []
        deeds: dict[bytes, Deed] = {}
        for number, (transaction, result) in enumerate(zip(block.transactions, block.results, strict=True)):
            if result.applied:
                deed = self._read(executed.transaction_ids[number], transaction)
                deeds[deed.id] = deed
                problems += self._judge_deed(deed)
        for label, record in records.items():
            problems += self._judge_record(label, record, deeds)
        problems += self._judge_writes(written, deeds, is_boundary=executed.next_validators is not None)
        least = min(len(self._voters), self._approvals_min) or len(self._voters) // 2 + 1
        problems += self._books.take(tuple(deeds.values()), records, self._voters, least)
        for deed in deeds.values():
            row = ROWS.get(deed.kind)
            done = [entry.transaction_id for entry in self._histories.get(deed.label, ())]
            if row is not None and row.keeps_records and deed.id not in done:
                problems.append((LIFE_CYCLES, f"{deed.kind} was applied and is not in {deed.label}"))
        if executed.next_validators is not None:
            self._seat(executed.next_validators)
        return [(name, f"height {block.header.height}: {problem}") for name, problem in problems]

    def _note_signers(self, written: dict[bytes, bytes | None]) -> None:
        """Keys and organisations before the block and after it: inside it, either may be in force."""
        for signers in self._signers.values():
            del signers[:-1]
        for offices in self._offices.values():
            del offices[:-1]
        for key, value in written.items():
            first, _, name = key.decode().partition("/")
            if first == "key" and value is not None:
                key_state = decode(value, KeyState)
                roles = tuple(key_state.roles)
                signer = Signer(key_state.org, key_state.person, roles, key_state.active)
                self._signers.setdefault(bytes.fromhex(name), []).append(signer)
            elif first == "organisation" and value is not None:
                org = decode(value, OrganisationState)
                self._offices.setdefault(org.id, []).append(Office(tuple(org.roles), org.active))

    def _judge_deed(self, deed: Deed) -> Iterator[Problem]:
        row = ROWS.get(deed.kind)
        if row is None:
            yield POLICY, f"{deed.kind} is no kind of record"
            return
        breach = self._find_wrong_signer(row, deed)
        if breach:
            yield POLICY, f"{deed.kind} of {deed.label} was applied although {breach}"

    def _find_wrong_signer(self, row: Row, deed: Deed) -> str:
        signers = [each for each in self._signers.get(deed.key_id, []) if each.org == deed.org]
        offices = self._offices.get(deed.org, [])
        if not signers or not offices:
            return "its key is not one of its organisation"
        if not any(each.is_active for each in signers):
            return "its key is revoked"
        if not any(each.is_active for each in offices):
            return "its organisation is suspended"
        if row.org_roles and not any(row.org_roles & set(each.roles) for each in offices):
            return f"its organisation has no role {' or '.join(sorted(row.org_roles))}"
        if row.key_roles and not any(row.key_roles & set(each.roles) for each in signers):
            return f"its key has no role {' or '.join(sorted(row.key_roles))}"
        return ""

    def _judge_writes(
        self, written: dict[bytes, bytes | None], deeds: dict[bytes, Deed], *, is_boundary: bool
    ) -> Iterator[Problem]:
        for key, value in written.items():
            first, _, name = key.decode().partition("/")
            if first == "record" and value is None:
                yield LIFE_CYCLES, f"{name} was deleted"
            elif first != "record" and not (deeds or is_boundary or first in _ALWAYS_WRITTEN):
                yield POLICY, f"{first}/{name} changed although nothing was applied"

    def _judge_record(self, label: str, record: RecordState, deeds: dict[bytes, Deed]) -> Iterator[Problem]:
        known = self._histories.get(label, ())
        self._histories[label] = record.timeline
        new = record.timeline[len(known) :]
        if record.timeline[: len(known)] != known:
            yield LIFE_CYCLES, f"{label}: its history was rewritten"
        if not new and not deeds:
            # Counters of uses go on by records about something else, without a version.
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

    def _judge_entry(
        self, label: str, version: int, before: TimelineEntry | None, entry: TimelineEntry, deed: Deed
    ) -> Iterator[Problem]:
        step = ("" if before is None else before.state, entry.state)
        is_own = deed.label == label
        row = ROWS.get(deed.kind)
        allowed = BESIDE.get(label.partition("/")[0], frozenset()) if not is_own else row.steps if row else ()
        if step not in allowed:
            yield LIFE_CYCLES, f"{label}: {deed.kind} leads from {step[0] or 'nothing'} to {step[1]}"
        if not is_own:
            return
        if deed.said["object_version"] != version:
            yield LIFE_CYCLES, f"{label}: a record for version {deed.said['object_version']} made {version}"
        previous = "" if before is None else before.transaction_id.hex()
        if deed.said.get("prev_record_hash", "") != previous:
            yield LIFE_CYCLES, f"{label}: version {version} does not name the record before it"

    def _seat(self, validators: ValidatorSet) -> None:
        """Validators may hand in evidence with the keys of their votes."""
        self._voters = tuple(dict.fromkeys(member.org for member in validators.members))
        for member in validators.members:
            signer = Signer(member.org, member.name, ("validator",), True)
            self._signers.setdefault(self._suite.key_id(member.public_key), [signer])

    def _read(self, transaction_id: bytes, transaction: Transaction) -> Deed:
        body = decode(transaction.body, TransactionBody)
        said = json.loads(body.payload)
        about = ROWS[body.kind].about if body.kind in ROWS else body.kind
        signers = self._signers.get(body.key_id, ())
        return Deed(
            id=transaction_id,
            kind=body.kind,
            org=body.org,
            person=signers[-1].person if signers else "",
            key_id=body.key_id,
            label=f"{about}/{said['object_id']}",
            said=said,
        )
