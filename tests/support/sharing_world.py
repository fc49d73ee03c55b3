"""Departments that share data, people who consent, and the usual steps, for tests of sharing.

`SharingWorld()` is a `LedgerWorld` with more organisations; `publish` and `grant` bring what most tests need.
"""

from __future__ import annotations

from typing import Any

import msgspec

from govchain.crypto.log_tree import compute_inclusion_proof, compute_root
from govchain.ledger.access import DecodeCache, StateAccess
from govchain.ledger.kinds.exchange.sources import source_reference
from govchain.model import KeyRecord, Organisation, Transaction, TransactionResult
from tests.support.ledger_world import HASHES, SUITE, LedgerWorld, make_genesis, rfc3339, signer_of

PSB = "11990100MA0XX00B72"
HRSS = "11990100MA0XX00D3P"
HPF = "12990100MA0XX00E1F"
CA = "11990100MA0XX00G8A"
DATA = "11990100MA0XX00M7C"
FIN = "11990100MA0XX00N57"

DAY_MS = 86_400_000
OTHER = {"sha256": "c" * 64, "sm3": "d" * 64}

ORGANISATIONS = (
    Organisation(PSB, "Public security", ("citizen-portal", "data-provider")),
    Organisation(HRSS, "Human resources", ("data-provider", "data-requester")),
    Organisation(HPF, "Housing fund", ("data-requester", "data-provider")),
    Organisation(CA, "Civil affairs", ("data-provider", "data-requester")),
    Organisation(DATA, "Data bureau", ("data-authority", "data-provider")),
    Organisation(FIN, "Finance bureau"),
)
STAFF = ("maker", "checker", "approver", "gateway")
PEOPLE = {
    **{
        f"{name}-{role}": (org, (role,))
        for name, org in (("ca", CA), ("hpf", HPF), ("hrss", HRSS))
        for role in STAFF
    },
    "psb-maker": (PSB, ("maker",)),
    "psb-checker": (PSB, ("checker",)),
    "ca-all": (CA, STAFF),
    "data-maker": (DATA, ("maker",)),
    "data-checker": (DATA, ("checker", "approver")),
    "data-all": (DATA, STAFF),
    "fin-a": (FIN, ()),
    # The same people have other pseudonyms, and other keys, at other departments.
    "wang-at-hpf": (PSB, ("citizen",)),
    "chen-at-hpf": (PSB, ("citizen",)),
    "wang-at-hrss": (PSB, ("citizen",)),
}
SOURCE_KEYS = {"wang": b"\x01" * 32, "chen": b"\x02" * 32}
"""How the provider's gateway keeps its subjects apart."""

MARRIAGE = "CA.marriage"
STATUS = {"name": "status", "element": "person.marital-status", "modes": ["yes-no"]}
SINCE = {"name": "since", "element": "person.marital-since", "modes": ["yes-no", "threshold", "value"]}
FIELDS = [STATUS, SINCE]


class SharingWorld(LedgerWorld):
    def __init__(self) -> None:
        genesis = make_genesis()
        keys = [
            KeyRecord(signer_of(name).public_key, org, name, roles) for name, (org, roles) in PEOPLE.items()
        ]
        super().__init__(
            msgspec.structs.replace(
                genesis,
                organisations=(*genesis.organisations, *ORGANISATIONS),
                keys=(*genesis.keys, *keys),
            )
        )

    @property
    def access(self) -> StateAccess:
        """The state as somebody reads it who holds values and no ledger."""
        return StateAccess(self.store.state().get, DecodeCache())

    def sign(self, kind: str, person: str, payload: bytes, **body: Any) -> Transaction:
        org = body.pop("org", None)
        return super().sign(kind, person, payload, org=org or PEOPLE.get(person, (None, ()))[0], **body)

    def act(self, verb: str, person: str, object_id: str, **fields: Any) -> TransactionResult:
        return self.submit(verb, person, object_id, fields)

    def must(self, verb: str, person: str, object_id: str, **fields: Any) -> None:
        result = self.act(verb, person, object_id, **fields)
        assert result.applied, result

    def draft(self, item: str = MARRIAGE, person: str = "ca-maker", **fields: Any) -> TransactionResult:
        return self.act("catalog.draft", person, item, **catalog_fields(**fields))

    def publish(self, item: str = MARRIAGE, by: str = "ca", **fields: Any) -> None:
        """An item that is open for use."""
        result = self.draft(item, f"{by}-maker", **fields)
        assert result.applied, result
        self.must("catalog.review", "data-checker", item)
        self.must("catalog.publish", f"{by}-checker", item)

    def request(self, number: str = "G-1", person: str = "hpf-maker", **fields: Any) -> TransactionResult:
        return self.act("grant.request", person, number, **request_fields(**fields))

    def grant(self, number: str = "G-1", by: str = "hpf", **fields: Any) -> None:
        """A grant that runs."""
        result = self.request(number, f"{by}-maker", **fields)
        assert result.applied, result
        if self.record("grant", number).state == "SUBMITTED":
            self.must("grant.approve", "ca-approver", number)

    def consent(self, number: str = "C-1", person: str = "wang-at-hpf", **fields: Any) -> TransactionResult:
        return self.act("consent.give", person, number, **self.consent_fields(person, **fields))

    def consent_fields(self, person: str = "wang-at-hpf", **fields: Any) -> dict[str, Any]:
        return {
            "subject_ref": person,
            "audience": HPF,
            "purpose": "hpf-loan",
            "fields": [f"{MARRIAGE}/status"],
            "expires_at": rfc3339(self.now_ms + 7 * DAY_MS),
            "max_uses": 2,
            **fields,
        }

    def query(self, number: str = "X-1", person: str = "hpf-gateway", **fields: Any) -> TransactionResult:
        return self.act("exchange.query", person, number, **query_fields(**fields))

    def answer(self, number: str = "X-1", person: str = "ca-gateway", **fields: Any) -> TransactionResult:
        requester = self.record("exchange", number).issuer_org
        return self.act("exchange.answer", person, number, **answer_fields(requester, **fields))

    def exchange(self, number: str = "X-1", by: str = "hpf", subject: str = "wang", **fields: Any) -> None:
        """A query with its answer, confirmed."""
        result = self.query(number, f"{by}-gateway", **fields)
        assert result.applied, result
        result = self.answer(number, source_ref=source_ref(subject, PEOPLE[f"{by}-gateway"][0]))
        assert result.applied, result
        self.must("exchange.confirm", f"{by}-gateway", number, answer_hash=OTHER)


def catalog_fields(**fields: Any) -> dict[str, Any]:
    return {
        "name": "婚姻登记信息",
        "duty_item": "CA-DUTY-7",
        "sharing": "conditional",
        "fields": FIELDS,
        **fields,
    }


def request_fields(**fields: Any) -> dict[str, Any]:
    return {
        "item": MARRIAGE,
        "purpose": "hpf-loan",
        "fields": ["status"],
        "modes": ["yes-no"],
        "subject_scope": {"kind": "any"},
        "valid_from": "2026-11-02",
        "valid_to": "2026-11-20",
        "rate_per_day": 10,
        **fields,
    }


def query_fields(**fields: Any) -> dict[str, Any]:
    return {
        "item": MARRIAGE,
        "grant": "G-1",
        "purpose": "hpf-loan",
        "fields": ["status"],
        "mode": "yes-no",
        "subject_ref": "wang-at-hpf",
        "query_hash": HASHES,
        **fields,
    }


def answer_fields(requester: str, subject: str = "wang", **fields: Any) -> dict[str, Any]:
    return {
        "query_hash": HASHES,
        "answer_hash": OTHER,
        "mode": "yes-no",
        "source_ref": source_ref(subject, requester),
        **fields,
    }


def source_ref(subject: str, requester: str) -> str:
    return source_reference(SUITE, SOURCE_KEYS[subject], requester)


def list_scope(pseudonyms: list[str]) -> dict[str, Any]:
    """A grant's scope for a list of pseudonyms."""
    leaves = [name.encode() for name in pseudonyms]
    return {"kind": "listed", "ref": compute_root(SUITE, leaves).hex(), "size": len(leaves)}


def list_proof(pseudonyms: list[str], name: str) -> dict[str, Any]:
    """That a pseudonym is on that list."""
    index = pseudonyms.index(name)
    path = compute_inclusion_proof(SUITE, [each.encode() for each in pseudonyms], index)
    return {"index": index, "path": [node.hex() for node in path]}
