"""Offices, a bank, a land registry and people for tests of joint services, contracts and decisions.

`JointWorld()` is a `LedgerWorld` with more organisations. Answers of other departments are put into the state
directly: how they come about is tested with exchanges.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from govchain.codec import decode, encode
from govchain.crypto.file_digest import digest_chunks
from govchain.ledger import state
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.exchange.answers import Answer, Told
from govchain.ledger.kinds.exchange.fields import ExchangeData
from govchain.ledger.sharing import ItemElement
from govchain.ledger.state import OrganisationState, RecordData, RecordState, TimelineEntry
from govchain.model import Genesis, KeyRecord, Organisation, Space, Transaction, TransactionResult
from tests.support.ledger_world import ACME, BETA, COURT, LedgerWorld, licence_id, make_genesis, signer_of

HPF = "12990100MA0XX00E1F"
NR = "11990100MA0XX00FXA"
PSB = "11990100MA0XX00B72"
FUND = "11990100MA0XX00N57"
DAY_MS = 86_400_000
TITLE = f"{NR}001"
MORTGAGE = f"{NR}002"
PERMIT = f"{NR}003"
UNIT = "990100001001GB00001F00010001"
TEXT, CODE = "1" * 64, "2" * 64
PAIR = {"text_hash": TEXT, "code_hash": CODE}

ORGANISATIONS = (
    Organisation(HPF, "Housing fund", ("decider", "registrar", "data-requester", "tax-authority")),
    Organisation(NR, "Land registry", ("realty-registry", "registrar"), (TITLE, MORTGAGE, PERMIT)),
    Organisation(PSB, "Public security", ("citizen-portal",)),
    Organisation(FUND, "Fund bank", ("bank",)),
)
PEOPLE = {
    "hpf-maker": (HPF, ("maker",)),
    "hpf-head": (HPF, ("approver",)),
    "hpf-a": (HPF, ("maker",)),
    "hpf-b": (HPF, ()),
    "hpf-c": (HPF, ()),
    "nr-maker": (NR, ("maker", "checker")),
    "nr-checker": (NR, ("checker",)),
    "fund-a": (FUND, ()),
    "seller": (PSB, ("citizen",)),
    "spouse": (PSB, ("citizen",)),
    "buyer": (PSB, ("citizen",)),
}
SELLER, SPOUSE, BUYER = (f"{PSB}/{name}" for name in ("seller", "spouse", "buyer"))
ITEM = "CA.marriage"
ELEMENTS: Final = {"married": "marital-status", "spouse": "spouse-pseudonym", "alive": "alive"}
"""Fields of the item, and the elements that they are."""


Bounds = tuple[tuple[str, int], ...]


def answer_of(
    number: str, *, married: bool = True, told: tuple[tuple[str, Told], ...] = (), bounds: Bounds = ()
) -> str:
    """What `JointWorld.answered` answers, as a decision opens it."""
    told = told or (("married", married),)
    mode = "threshold" if bounds else "yes-no"
    return encode(Answer(b"c" * 32, number, "a" * 64, HPF, ACME, mode, told, bounds, b"s" * 16)).hex()


def joint_genesis() -> Genesis:
    genesis = make_genesis()
    keys = [KeyRecord(signer_of(name).public_key, org, name, roles) for name, (org, roles) in PEOPLE.items()]
    return msgspec.structs.replace(
        genesis, organisations=(*genesis.organisations, *ORGANISATIONS), keys=(*genesis.keys, *keys)
    )


class JointWorld(LedgerWorld):
    def __init__(self, genesis: Genesis | None = None) -> None:
        super().__init__(genesis or joint_genesis())
        self.catalogued(ITEM, ELEMENTS)

    def sign(self, kind: str, person: str, payload: bytes, **body: Any) -> Transaction:
        org = body.pop("org", None)
        return super().sign(kind, person, payload, org=org or PEOPLE.get(person, (None, ()))[0], **body)

    def act(self, verb: str, person: str, object_id: str, **fields: Any) -> TransactionResult:
        return self.submit(verb, person, object_id, fields)

    def must(self, verb: str, person: str, object_id: str, **fields: Any) -> None:
        result = self.act(verb, person, object_id, **fields)
        assert result.applied, result

    def answered(
        self,
        number: str,
        *,
        married: bool = True,
        requester: str = HPF,
        subject: str = "w",
        mode: str = "yes-no",
        item: str = ITEM,
        told: tuple[tuple[str, Told], ...] = (),
        bounds: Bounds = (),
        document: bytes | None = None,
    ) -> None:
        """A confirmed exchange in which that was answered."""
        document = document or bytes.fromhex(answer_of(number, married=married, told=told, bounds=bounds))
        digests = digest_chunks([document])
        data = ExchangeData(
            item=item,
            grant="G-1",
            provider=ACME,
            purpose="loan",
            fields=("married",),
            mode=mode,
            subject_ref=subject,
            consent="",
            query_sha256="a" * 64,
            query_sm3="b" * 64,
            answer_sha256=digests.sha256,
            answer_sm3=digests.sm3,
        )
        self._place("exchange", number, "CONFIRMED", requester, data)

    def catalogued(
        self,
        item: str,
        elements: dict[str, str],
        state: str = "PUBLISHED",
        modes: tuple[str, ...] = ("yes-no", "threshold", "value"),
    ) -> None:
        """An item of the directory with these fields."""
        fields = tuple(ItemElement(name, element, modes) for name, element in elements.items())
        data = CatalogData(item, "duty", "unconditional", fields, False, "", "", "maker")
        self._place("catalog", item, state, ACME, data)

    def _place(self, record_type: str, object_id: str, state_name: str, org: str, data: RecordData) -> None:
        entry = TimelineEntry(self.genesis.time_ms, state_name, "", b"\x01" * 32)
        record = RecordState(record_type, object_id, 3, state_name, org, b"\x01" * 32, (entry,), encode(data))
        self.store.write([(Space.STATE, state.record_key(record_type, object_id), encode(record))])

    def lose_accreditation(self, org: str, type_code: str) -> None:
        """The root no longer grants that type; how it comes to that is tested with accreditations."""
        key = state.organisation_key(org)
        data = self.store.get(Space.STATE, key)
        assert data is not None
        found = decode(data, OrganisationState)
        left = tuple(each for each in found.accredited_for if each != type_code)
        assert left != found.accredited_for
        self.store.write([(Space.STATE, key, encode(msgspec.structs.replace(found, accredited_for=left)))])
        self.reopen()

    # The usual steps.

    def offer(self, number: str = "K-1", person: str = "acme-a", **fields: Any) -> TransactionResult:
        wanted = {"matter": "sale", **PAIR, "parties": [ACME, BETA], **fields}
        return self.act("contract.offer", person, number, **wanted)

    def form(
        self, number: str = "K-1", people: tuple[str, ...] = ("acme-a", "beta-a"), **fields: Any
    ) -> None:
        """A contract that everybody signed."""
        result = self.offer(number, **fields)
        assert result.applied, result
        for person in people:
            self.must("contract.sign", person, number, **PAIR)

    def adopt(self, number: str = "R-1", **fields: Any) -> None:
        result = self.try_to_adopt(number, **fields)
        assert result.applied, result

    def try_to_adopt(self, number: str, **fields: Any) -> TransactionResult:
        """Criteria; a fact by its name alone is one that civil affairs tells."""
        wanted = {
            "name": "loans",
            "facts": ["married"],
            "lines": [{"name": "loan", "of": "balance", "factor": "12", "cap": "1000.00"}],
            **fields,
        }
        wanted["facts"] = [
            {"fact": each, "item": ITEM} if isinstance(each, str) else each for each in wanted["facts"]
        ]
        return self.act("criteria.adopt", "hpf-head", number, **wanted)

    def enter(self, number: str = "D-1", **fields: Any) -> TransactionResult:
        wanted = {
            "criteria": "R-1",
            "subject_ref": "w",
            "parties": [ACME],
            "signers": ["hpf-b"],
            "facts": [{"fact": "married", "exchange": "X-1", "answer": answer_of("X-1")}],
            "inputs": [{"name": "balance", "amount": "50.00"}],
            **fields,
        }
        return self.act("decision.enter", "hpf-maker", number, **wanted)

    def grant_decision(self, number: str = "D-1", **fields: Any) -> None:
        """A decision that was issued."""
        result = self.enter(number, **fields)
        assert result.applied, result
        self.must("decision.sign", "hpf-b", number)
        self.must("decision.issue", "hpf-b", number)

    def title(
        self,
        version: int = 1,
        holder: str = "seller",
        *,
        serial: int = 1,
        kind: str = TITLE,
        person: str = "nr-maker",
    ) -> str:
        """A draft of a certificate of the registry."""
        number = licence_id(serial, version, type_code=kind, org=PEOPLE[person][0])
        self.must(
            "licence.enter",
            person,
            number,
            name="不动产权证书",
            type_code=kind,
            holder_ref=f"{PSB}:{holder}",
            area_code="990100",
            issued_date="2026-11-02",
            effective_date="2026-11-02",
        )
        return number

    def register_unit(self, **fields: Any) -> str:
        """A unit of the seller's; its certificate."""
        certificate = self.title()
        owners = {"certificate": certificate, "owners": [SELLER], **fields}
        self.must("realty.register", "nr-checker", UNIT, **owners)
        return certificate

    def pay_taxes(self) -> None:
        """The tax decision T-1 about the unit, paid."""
        self.adopt("R-T", facts=[], lines=[{"name": "deed-tax", "of": "value", "factor": "0.015"}])
        self.grant_decision(
            "T-1",
            criteria="R-T",
            subject_ref=UNIT,
            facts=[],
            inputs=[{"name": "value", "amount": "1000.00"}],
        )
        self.must(
            "payment.order", "fund-a", "P-T", payer="buyer", payee=HPF, amount="15.00", pays="decision/T-1"
        )
        self.must("payment.settle", "fund-a", "P-T")

    def sell(self, *signers: str) -> None:
        """The contract S-1 about the unit, with the price in escrow once all have signed."""
        result = self.offer(
            "S-1",
            person="nr-maker",
            parties=[SELLER, BUYER],
            subject=f"realty/{UNIT}",
            due="1000.00",
            due_at="2026-12-01T00:00:00+08:00",
        )
        assert result.applied, result
        for person in signers:
            self.must("contract.sign", person, "S-1", **PAIR)

    def escrow(self, **fields: Any) -> None:
        wanted = {"payer": "buyer", "payee": f"{PSB}:seller", "amount": "1000.00", **fields}
        self.must("payment.order", "fund-a", "P-1", **wanted, pays="contract/S-1", escrow=f"realty/{UNIT}")

    def spouse_answered(self, number: str = "X-1", **fields: Any) -> str:
        """A confirmed exchange that tells the registry who the seller's spouse is; its answer."""
        wanted = {"requester": NR, "subject": "seller", "mode": "value", "told": (("spouse", "spouse"),)}
        self.answered(number, **{**wanted, **fields})
        return answer_of(number, told=fields.get("told", wanted["told"]))

    def transfer(self, new_certificate: str, person: str = "nr-checker", **fields: Any) -> TransactionResult:
        wanted = {
            "contract": "S-1",
            "new_certificate": new_certificate,
            "voucher": "T-1",
            "escrow": "P-1",
            "new_owners": [BUYER],
            **fields,
        }
        return self.act("realty.transfer", person, UNIT, **wanted)


__all__ = ["ACME", "BETA", "COURT", "JointWorld", "answer_of"]
