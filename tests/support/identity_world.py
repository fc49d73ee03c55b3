"""A chain with the people that identity and licences need: three persons an authority, and a holder's clerk.

Over `ledger_world`; only the genesis is larger.
"""

from __future__ import annotations

from typing import Any

import msgspec

from govchain.ledger.access import DecodeCache, StateAccess
from govchain.ledger.identifiers import compute_credit_check
from govchain.model import Genesis, KeyRecord, Organisation, ProtocolParameters, TransactionResult
from tests.support.ledger_world import (
    ACME,
    AMR,
    AMR_B,
    BUSINESS,
    COURT,
    SUITE,
    TAX,
    LedgerWorld,
    make_genesis,
    signer_of,
)

PSB = "11990100MA0XX00B72"
WATCHER = "11990100MA0XX00M7C"
OWNERS = (AMR, AMR, TAX, COURT)
"""Three organisations with validators: two must approve."""

STAFF = {
    "amr-d": (AMR, ("approver",)),
    "amr-all": (AMR, ("maker", "checker", "approver")),
    "amrb-a": (AMR_B, ("maker",)),
    "amrb-b": (AMR_B, ("checker",)),
    "amrb-c": (AMR_B, ("approver",)),
    "psb-a": (PSB, ("maker",)),
    "psb-b": (PSB, ("checker",)),
    "psb-c": (PSB, ("approver",)),
    "psb-admin": (PSB, ("admin",)),
    "acme-admin": (ACME, ("admin",)),
    "watcher-a": (WATCHER, ("maker",)),
    "watcher-admin": (WATCHER, ("admin",)),
    "citizen-1": (PSB, ()),
}
ORDER = {"reason": "order", "basis_document": "D-1"}
NEW_ORG = "11990200MA0XX00BX" + compute_credit_check("11990200MA0XX00BX")


def identity_genesis(**parameters: Any) -> Genesis:
    base = make_genesis(OWNERS, ProtocolParameters(**parameters))
    organisations = (
        *base.organisations,
        Organisation(PSB, "Public security", ("licence-issuer",)),
        Organisation(WATCHER, "Data bureau", tier="observer"),
    )
    keys = [KeyRecord(signer_of(name).public_key, org, name, roles) for name, (org, roles) in STAFF.items()]
    return msgspec.structs.replace(base, organisations=organisations, keys=(*base.keys, *keys))


class IdentityWorld(LedgerWorld):
    """A `LedgerWorld` with that genesis, and its usual steps."""

    def __init__(self, genesis: Genesis | None = None) -> None:
        super().__init__(genesis or identity_genesis())

    @property
    def access(self) -> StateAccess:
        return StateAccess(self.ledger.state_value, DecodeCache())

    def ask(
        self, verb: str, person: str, object_id: str, fields: Any = None, **envelope: Any
    ) -> TransactionResult:
        """Submit for somebody of the staff."""
        org = STAFF[person][0] if person in STAFF else None
        return self.submit(verb, person, object_id, {} if fields is None else fields, org=org, **envelope)

    def do(self, verb: str, person: str, object_id: str, fields: Any = None, **envelope: Any) -> None:
        """The same, and it must be applied."""
        result = self.ask(verb, person, object_id, fields, **envelope)
        assert result.applied, result

    def adopt(self, verb: str, number: str, fields: Any) -> None:
        """A change of members that enough organisations approve."""
        self.do(verb, "amr-admin", number, fields)
        self.do("change.approve", "court-admin", number)
        assert self.record("change", number).state == "ADOPTED"

    def new_organisation(self, **fields: Any) -> dict[str, Any]:
        return {
            "org": NEW_ORG,
            "display_name": "Transport",
            "roles": ["licence-issuer"],
            "accredited_for": [],
            "person": "new-admin",
            **self.key_proof(NEW_ORG, "new-admin"),
            **fields,
        }

    def key_fields(self, name: str, *roles: str, org: str = PSB, **fields: Any) -> dict[str, Any]:
        """A key that its holder proves, for `key.add` of an organisation."""
        return {**self.key_proof(org, name), "person": name, "roles": list(roles), **fields}

    def accredit(
        self, number: str, by: tuple[str, str, str] = ("amr-a", "amr-b", "amr-d"), **fields: Any
    ) -> None:
        """Three persons of the organisation above give an accreditation."""
        self.do("accreditation.enter", by[0], number, accreditation(**fields))
        self.do("accreditation.check", by[1], number)
        self.do("accreditation.grant", by[2], number)


def accreditation(**fields: Any) -> dict[str, Any]:
    return {
        "issuer": AMR_B,
        "type_code": BUSINESS,
        "area": "990200",
        "from_date": "2026-11-01",
        **fields,
    }


def key_id(name: str) -> str:
    return signer_of(name).key_id.hex()


def commitment_to(name: str) -> str:
    """What a key says of the one that may take its place."""
    return SUITE.digest(signer_of(name).public_key).hex()
