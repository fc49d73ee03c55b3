"""A ledger over a dict, with the sample organisations and people of the stories, for tests of meaning.

`LedgerWorld().submit(...)` signs, executes and stores one transaction in a block of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from govchain.crypto import Signer, Suite, chain_id_of, sign_transaction, suite
from govchain.crypto.log_tree import compute_root
from govchain.crypto.possession import prove_signing_key, prove_vote_key
from govchain.ledger import Chain, ExecutedBlock, Ledger, RecordState
from govchain.ledger.execution import DETAIL_MAX
from govchain.ledger.identifiers import LicenceId
from govchain.ledger.kinds import VERBS, record_type_of
from govchain.ledger.payloads import encode_payload
from govchain.legal.detail import sentence_of
from govchain.model import (
    Batch,
    Genesis,
    KeyRecord,
    Organisation,
    ProtocolParameters,
    Space,
    Transaction,
    TransactionBody,
    TransactionResult,
    Validator,
    ValidatorSet,
    Write,
)
from govchain.sim.business import BusinessJudge, Problem

SUITE = suite()
_CHINA = timezone(timedelta(hours=8))
START_MS = 1_793_581_200_000
"""2026-11-02T09:00:00+08:00, time of height 0."""

AMR = "11990100MA0XX00A97"
TAX = "11990100MA0XX00C5W"
COURT = "11990100MA0XX00K0L"
NOTARY = "31990100MA0XX00L9F"
BANK = "91990100MA0XX00T40"
ACME = "91990100MA0XX00U2T"
BETA = "91990100MA0XX00W9H"
EVP = "91990100MA0XX00Y57"
AMR_B = "11990200MA0XX004X4"
INSP = "11990100MA0XX00317"

BUSINESS = f"{AMR}001"
"""Licence type: business licence."""
FOOD = f"{AMR}002"
"""Licence type: food permit."""

ORGANISATIONS = (
    Organisation(AMR, "Market regulation", ("licence-issuer",), (BUSINESS, FOOD)),
    Organisation(TAX, "Tax bureau", ("invoice-recorder", "tax-authority")),
    Organisation(COURT, "Internet court", ("court",)),
    Organisation(NOTARY, "Notary office", ("notary",)),
    Organisation(BANK, "Bank"),
    Organisation(ACME, "Acme", ("seller", "buyer"), tier="consensus"),
    Organisation(BETA, "Beta", ("seller", "buyer")),
    Organisation(EVP, "Evidence platform", ("evidence-platform",), tier="consensus"),
    Organisation(INSP, "Inspection", ("tax-inspection", "auditor")),
    Organisation(AMR_B, "Market regulation, other province", ("licence-issuer",), (f"{AMR_B}001",)),
)

PEOPLE = {
    "amr-a": (AMR, ("maker",)),
    "amr-b": (AMR, ("checker",)),
    "amr-c": (AMR, ("maker", "checker")),
    "amr-admin": (AMR, ("admin",)),
    "tax-a": (TAX, ()),
    "tax-admin": (TAX, ("admin",)),
    "insp-a": (INSP, ("inspector",)),
    "court-a": (COURT, ()),
    "court-admin": (COURT, ("admin",)),
    "notary-a": (NOTARY, ()),
    "bank-a": (BANK, ()),
    "acme-a": (ACME, ()),
    "beta-a": (BETA, ()),
    "evp-a": (EVP, ()),
    "evp-admin": (EVP, ("admin",)),
    "amr-b-checker": (AMR_B, ("maker", "checker")),
}
"""Person to organisation and key roles; each has one key at genesis."""

SHA256 = "a" * 64
SM3 = "b" * 64
HASHES = {"sha256": SHA256, "sm3": SM3}


def secret_of(person: str) -> bytes:
    """Secret key of a person or validator."""
    return SUITE.digest(f"person/{person}".encode())


def signer_of(person: str) -> Signer:
    return SUITE.signer(secret_of(person))


def make_genesis(owners: Sequence[str] = (AMR,) * 4, parameters: ProtocolParameters | None = None) -> Genesis:
    """The sample chain, with one validator for each owner."""
    validators = tuple(
        Validator(f"validator-{i}", owner, signer_of(f"validator-{i}").public_key)
        for i, owner in enumerate(owners)
    )
    keys = tuple(
        KeyRecord(signer_of(person).public_key, org, person, roles) for person, (org, roles) in PEOPLE.items()
    )
    return Genesis(
        name="ledger-world",
        suite=SUITE.name,
        time_ms=START_MS,
        parameters=parameters or ProtocolParameters(),
        validators=ValidatorSet(0, validators),
        organisations=ORGANISATIONS,
        keys=keys,
    )


class DictStore:
    """The smallest thing that is a `Reader`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Space, bytes], bytes] = {}

    def get(self, space: Space, key: bytes) -> bytes | None:
        return self.rows.get((space, key))

    def write(self, writes: Sequence[Write]) -> None:
        for space, key, value in writes:
            if value is None:
                self.rows.pop((space, key), None)
            else:
                self.rows[space, key] = value

    def state(self) -> dict[bytes, bytes]:
        return {key: value for (space, key), value in self.rows.items() if space is Space.STATE}


class LedgerWorld:
    """A chain of one: everything submitted is ordered at once, and judged by the twin of the rules.

    Attributes:
        problems: What the judge found; nothing, unless a test says that it may.
    """

    def __init__(self, genesis: Genesis | None = None) -> None:
        self.genesis = genesis or make_genesis()
        self.chain_id = chain_id_of(SUITE, self.genesis)
        self.problems: list[Problem] = []
        self.may_be_wrong = False
        self.now_ms = START_MS
        self._nonces = itertools.count()
        self.begin()

    def begin(self, suite: Suite = SUITE) -> None:
        """Stand at height 0, also after blocks."""
        self.store = DictStore()
        self.ledger = Ledger(self.genesis, suite, self.store)
        self.store.write(self.ledger.genesis_writes())
        self.chain = Chain(self.genesis, suite, self.store, self.ledger)
        self.judge = BusinessJudge(self.genesis, suite)

    def reopen(self) -> None:
        """Forget everything but the store."""
        self.ledger = Ledger(self.genesis, SUITE, self.store)
        self.chain = Chain(self.genesis, SUITE, self.store, self.ledger)

    def sign(
        self,
        kind: str,
        person: str,
        payload: bytes,
        *,
        org: str | None = None,
        nonce: int | None = None,
        **body: Any,
    ) -> Transaction:
        signer = signer_of(person)
        values = {
            "chain_id": self.chain_id,
            "kind": kind,
            "org": org or PEOPLE.get(person, (AMR, ()))[0],
            "key_id": signer.key_id,
            "nonce": next(self._nonces) if nonce is None else nonce,
            "expiry_height": self.ledger.height + 1_000,
            "payload": payload,
        }
        return sign_transaction(signer, TransactionBody(**{**values, **body}))

    def payload(self, kind: str, object_id: str, fields: Any, **envelope: Any) -> bytes:
        """Payload whose version and previous hash continue the object as it is now."""
        record_type = record_type_of(kind) if kind in VERBS else "evidence"
        known: Any
        if record_type == "key":
            known = self.ledger.key(bytes.fromhex(object_id))
        else:
            known = self.ledger.record(record_type, object_id)
        values = {
            "object_id": object_id,
            "object_version": 1 if known is None else known.version + 1,
            "claimed_time": rfc3339(self.now_ms),
        }
        if known is not None and known.last_record_hash:
            values["prev_record_hash"] = known.last_record_hash.hex()
        return encode_payload({**values, **envelope}, fields)

    def submit(
        self, kind: str, person: str, object_id: str, fields: Any, *, org: str | None = None, **envelope: Any
    ) -> TransactionResult:
        """Build, sign, execute and store one transaction; a minute passes."""
        transaction = self.sign(kind, person, self.payload(kind, object_id, fields, **envelope), org=org)
        return self.execute([transaction]).block.results[0]

    def execute(self, transactions: Sequence[Transaction], *, time_ms: int | None = None) -> ExecutedBlock:
        """Execute and store one block."""
        executed = self.take(self.batch(transactions, time_ms=time_ms), transactions)
        self.now_ms += 60_000
        return executed

    def take(self, batch: Batch, transactions: Sequence[Transaction]) -> ExecutedBlock:
        """Execute, store and judge what somebody ordered."""
        executed = self.ledger.execute(batch, transactions)
        self.store.write(executed.writes)
        self.problems += self.judge.take(executed)
        assert self.may_be_wrong or self.problems == [], self.problems
        for result in executed.block.results:
            # Whatever a test makes a rule say, a Chinese reader understands; a cut sentence is nobody's.
            if not result.applied and len(result.detail) < DETAIL_MAX:
                assert sentence_of(result.detail), f"govchain/legal/details does not know {result.detail!r}"
        return executed

    def batch(self, transactions: Sequence[Transaction], *, time_ms: int | None = None) -> Batch:
        ids = [SUITE.digest(transaction.body) for transaction in transactions]
        return Batch(
            chain_id=self.chain_id,
            epoch=self.ledger.validators.epoch,
            seq=self.ledger.height + 1,
            time_ms=self.now_ms if time_ms is None else time_ms,
            proposer=0,
            transactions_root=compute_root(SUITE, ids),
            transaction_count=len(ids),
        )

    def record(self, record_type: str, object_id: str) -> RecordState:
        found = self.ledger.record(record_type, object_id)
        assert found is not None, f"no {record_type} {object_id}"
        return found

    def key_proof(self, org: str, name: str) -> dict[str, str]:
        """Fields that bring somebody's key into an organisation (rule I10)."""
        return prove_signing_key(signer_of(name), self.chain_id, org)

    def vote_key_proof(self, validator: str, name: str = "") -> dict[str, str]:
        """Fields that bring a vote key for a validator; without a name, its own first one (rule I10)."""
        return prove_vote_key(signer_of(name or validator), self.chain_id, validator)

    # The stories' usual steps.

    def enter_licence(self, licence_id: str, *, person: str = "amr-a", **fields: Any) -> TransactionResult:
        return self.submit("licence.enter", person, licence_id, licence_fields(**fields))

    def issue_licence(self, licence_id: str, *, person: str = "amr-b") -> TransactionResult:
        return self.submit("licence.issue", person, licence_id, {})

    def make_licence(self, licence_id: str, **fields: Any) -> None:
        """A VALID licence."""
        for result in (self.enter_licence(licence_id, **fields), self.issue_licence(licence_id)):
            assert result.applied, result

    def deposit(self, evidence_no: str, *, person: str = "evp-a", **fields: Any) -> TransactionResult:
        return self.submit("evidence.deposit", person, evidence_no, self.deposit_fields(**fields))

    def deposit_fields(self, **fields: Any) -> dict[str, Any]:
        return {
            "evidence_kind": "web-page",
            "raw_hash": HASHES,
            "size_bytes": 1_024,
            "media_type": "text/html",
            "collected_at": rfc3339(self.now_ms - 1_000),
            **fields,
        }

    def issue_invoice(self, number: str, *, person: str = "acme-a", **fields: Any) -> TransactionResult:
        return self.submit("invoice.issue", person, number, invoice_fields(number, **fields))

    def red_invoice(
        self, number: str, blue: str, net: str, *, person: str = "acme-a", **fields: Any
    ) -> TransactionResult:
        return self.submit(
            "invoice.red", person, number, invoice_fields(number, net=net, corrects=[blue], **fields)
        )

    def book(self, number: str, *, person: str = "beta-a", voucher_no: str = "V-1") -> TransactionResult:
        return self.submit("invoice.book", person, number, {"voucher_no": voucher_no})


def denial(result: TransactionResult) -> tuple[str, str]:
    """Rule and code of a result that must be a denial."""
    assert not result.applied, result
    return result.rule, result.code


def rfc3339(time_ms: int) -> str:
    """A time as a payload writes it; expects whole seconds."""
    return datetime.fromtimestamp(time_ms // 1_000, _CHINA).isoformat()


def licence_id(serial: int = 1, version: int = 1, *, type_code: str = BUSINESS, org: str = AMR) -> str:
    return LicenceId(type_code, org, f"2026110200000000{serial:04d}", 1).with_version(version)


def licence_fields(**fields: Any) -> dict[str, Any]:
    return {
        "name": "营业执照",
        "type_code": BUSINESS,
        "holder_ref": ACME,
        "area_code": "990100",
        "issued_date": "2026-11-02",
        "effective_date": "2026-11-02",
        **fields,
    }


def invoice_number(serial: int = 1) -> str:
    return f"26990{serial:015d}"


def invoice_fields(number: str, *, net: str = "1000.00", **fields: Any) -> dict[str, Any]:
    """A Chinese invoice at 13 % from ACME to BETA."""
    cents = int(net.replace(".", ""))
    tax_cents = (cents * 13 + 50) // 100
    tax, gross = _money(tax_cents), _money(cents + tax_cents)
    return {
        "standard": "CN",
        "number": number,
        "issue_date": "2026-11-02",
        "currency": "CNY",
        "seller_ref": ACME,
        "buyer_ref": BETA,
        "net": net,
        "tax": tax,
        "gross": gross,
        "breakdown": [{"category": "VAT", "rate": "13", "net": net, "tax": tax}],
        **fields,
    }


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
