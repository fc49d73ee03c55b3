"""Rules of real estate 不动产 (N1 to N5): who must agree, what must be clear, and one transaction for all.

What a transfer changes is in `lifecycle`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from govchain.crypto.file_digest import digest_chunks
from govchain.errors import MalformedBytes
from govchain.ledger.conditions import is_paid, single_names
from govchain.ledger.field_checks import require_reference, require_text
from govchain.ledger.identifiers import parse_licence_id
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.contract.fields import ContractData
from govchain.ledger.kinds.contract.rules import missing_signatures
from govchain.ledger.kinds.decision.fields import DecisionData
from govchain.ledger.kinds.exchange.answers import bytes_of_opened, told_by
from govchain.ledger.kinds.exchange.fields import ExchangeData
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.issuing import issued_with_key, predecessor_of, require_issuable
from govchain.ledger.kinds.payment import PaymentData, due_cents
from govchain.ledger.kinds.realty.fields import RealtyData, RealtyRegister, RealtyTransfer
from govchain.ledger.kinds.taxpayer import TAX_AUTHORITY
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import is_expelled, require_room, require_time_order
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import RecordState, index_key

OWNERS_MAX: Final = 16
TITLE: Final = "realty title"
MORTGAGE: Final = "realty mortgage"
"""What licences of a type are, once one of them went with a unit (rule N5)."""
SPOUSE: Final = "spouse-pseudonym"
"""Element of the directory that shows a joint owner; it has one authoritative source (rule D1)."""
ENDED: Final = ("CANCELLED", "RECALLED", "WITHDRAWN", "VOIDED")
"""States of an encumbrance licence in which the mortgage is gone."""

_UNIT: Final = re.compile(r"[0-9A-Z]{28}")


def g1_unit_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a unit has a code of 28 characters, and owners."""
    if not _UNIT.fullmatch(attempt.envelope.object_id):
        raise deny("G1", "E_PAYLOAD", "object_id: expected a unit code of 28 digits and capitals")
    require_owners("owners", attempt.fields.owners)


def g1_transfer_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a transfer names new owners."""
    require_owners("new_owners", attempt.fields.new_owners)


def g1_joint_owner_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: an owner is named by a reference, and an answer opened in hex."""
    require_owners("owner", [attempt.fields.owner])
    try:
        bytes_of_opened(attempt.fields.answer)
    except MalformedBytes as error:
        raise deny("G1", "E_PAYLOAD", f"fields.answer: {error}") from error


def g1_case_is_named(attempt: Attempt) -> None:
    """Rule G1: a court names the case for which it freezes or releases."""
    require_text("case_no", attempt.fields.case_no)


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: a title is issued again with a reason."""
    require_text("reason", attempt.fields.reason)


def require_owners(name: str, owners: list[str]) -> None:
    """Rule G1: one or more different owners."""
    if not 1 <= len(owners) <= OWNERS_MAX or len(set(owners)) != len(owners):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 1 to {OWNERS_MAX} different owners")
    for owner in owners:
        for part in owner.split("/", 1):
            require_reference(name, part)


def i5_unit_is_own(attempt: Attempt) -> None:
    """Rule I5: the registry that keeps a unit changes it."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another registry keeps this unit")


def i5_court_that_froze(attempt: Attempt) -> None:
    """Rule I5: the court that froze a unit lets it go, as long as it is a member."""
    frozen_by = data_of(attempt).frozen_by
    if frozen_by and frozen_by != attempt.org.id and not is_expelled(attempt, frozen_by):
        raise deny("I5", "E_ROLE", f"the unit was frozen by {frozen_by}")


def n5_title_is_a_first_draft(attempt: Attempt) -> None:
    """Rule N5: a unit enters the register with a draft of a title that was never another unit's."""
    _require_first_draft(attempt, attempt.fields.certificate, TITLE)


def n5_mortgage_is_a_first_draft(attempt: Attempt) -> None:
    """Rule N5: a mortgage is entered with a draft of its certificate, which becomes VALID for this unit.

    A licence in force already might be of any kind, or certify the mortgage on another unit.
    """
    encumbrance, title = attempt.fields.encumbrance, getattr(attempt.fields, "certificate", "")
    if title and not encumbrance:
        return
    _require_first_draft(attempt, encumbrance, MORTGAGE)
    if title and parse_licence_id(title).type_code == parse_licence_id(encumbrance).type_code:
        raise deny("N5", "E_STATE", f"title and {MORTGAGE} are licences of one type")


def _require_first_draft(attempt: Attempt, number: str, what: str) -> None:
    draft = _draft(attempt, number)
    if draft is None:
        raise deny("N5", "E_STATE", f"the {what} is no draft of this registry")
    if predecessor_of(attempt.access, draft.object_id) is not None:
        raise deny("N5", "E_VERSION", f"the {what} continues another one; a unit begins with its own")
    key = issued_with_key(draft.data_as(LicenceData).type_code, attempt.org.id)
    known_as = attempt.access.indexed(key)
    if known_as not in ("", what):
        raise deny("N5", "E_STATE", f"the {what} is of the type of a {known_as}")
    require_issuable(attempt, draft)


def n5_title_is_an_owners(attempt: Attempt) -> None:
    """Rule N5: the holder of a title owns the unit."""
    fields = attempt.fields
    owners: Sequence[str]
    match fields:
        case RealtyRegister():
            number, owners = fields.certificate, fields.owners
        case RealtyTransfer():
            number, owners = fields.new_certificate, fields.new_owners
        case _:
            number, owners = fields.new_certificate, data_of(attempt).owners
    draft = attempt.access.record("licence", number)
    assert draft is not None, "an earlier rule made sure that it exists"
    holder = draft.data_as(LicenceData).holder_ref
    if holder not in single_names(owners):
        raise deny("N5", "E_ROLE", f"the title is for {holder}, who is none of the owners")


def _draft(attempt: Attempt, number: str) -> RecordState | None:
    """A draft of this registry; None when there is none of that number."""
    record = attempt.access.record("licence", number)
    is_ours = record is not None and record.state == "DRAFT" and record.issuer_org == attempt.org.id
    return record if is_ours else None


def n1_owner_was_shown(attempt: Attempt) -> None:
    """Rule N1: a joint owner is the person whom an answer names that this registry got and confirmed."""
    record = attempt.access.record("exchange", attempt.fields.exchange)
    if record is None or record.state != "CONFIRMED" or record.issuer_org != attempt.org.id:
        raise deny("N1", "E_STATE", "no confirmed exchange of this registry shows this owner")
    data, owners = record.data_as(ExchangeData), data_of(attempt).owners
    # Both persons have their keys at one organisation: elsewhere a pseudonym may be another person's.
    split = [owner.rpartition("/") for owner in owners]
    keepers = [keeper for keeper, _, person in split if person == data.subject_ref]
    if not keepers:
        raise deny("N1", "E_STATE", "the exchange is not about an owner of this unit")
    if attempt.fields.owner in owners:
        raise deny("N1", "E_STATE", "the owner is registered already")
    spouse = _spouse_in(attempt, data)
    if attempt.fields.owner not in [f"{keeper}/{spouse}" for keeper in keepers]:
        raise deny("N1", "E_STATE", "the answer names another person")


def _spouse_in(attempt: Attempt, data: ExchangeData) -> str:
    """Pseudonym that an opened answer tells as the spouse's, and nothing else."""
    opened = bytes_of_opened(attempt.fields.answer)
    if digest_chunks([opened]).sha256 != data.answer_sha256:
        raise deny("N1", "E_HASH_MISMATCH", "the answer of the exchange is another one")
    try:
        told = told_by(opened)
    except MalformedBytes as error:
        raise deny("N1", "E_STATE", "the exchange was answered with no answer document") from error
    item = attempt.access.record("catalog", data.item)
    field = None if item is None or len(told) != 1 else item.data_as(CatalogData).field(told[0][0])
    if field is None or field.element != SPOUSE or not isinstance(told[0][1], str):
        raise deny("N1", "E_STATE", f"the answer does not tell {SPOUSE}, and that alone")
    return told[0][1]


def n2_not_frozen(attempt: Attempt) -> None:
    """Rule N2: a frozen unit changes neither owner nor encumbrance."""
    if attempt.existing.state == "FROZEN":
        raise deny("N2", "E_LOCKED", f"the unit is frozen by {data_of(attempt).frozen_by}")


def n1_every_owner_signed(attempt: Attempt) -> None:
    """Rule N1: a unit is sold by a contract about it that every owner and every other party signed."""
    fields: RealtyTransfer = attempt.fields
    record = attempt.access.record("contract", fields.contract)
    data = None if record is None else record.data_as(ContractData)
    if record is None or data is None or data.subject != f"realty/{attempt.existing.object_id}":
        raise deny("N1", "E_STATE", "there is no such contract about this unit")
    missing = [owner for owner in data_of(attempt).owners if owner not in data.parties]
    missing += [party for party in missing_signatures(data) if party not in missing]
    if missing:
        raise deny("N1", "E_SIG", f"{missing[0][:128]} has not signed the contract")
    if record.state != "FORMED":
        raise deny("N1", "E_STATE", f"the contract is {record.state}; it must be FORMED")
    if any(owner not in data.parties for owner in fields.new_owners):
        raise deny("N1", "E_ROLE", "a new owner is no party of the contract")


def n3_no_mortgage(attempt: Attempt) -> None:
    """Rule N3: a unit is sold when its mortgage is cancelled."""
    encumbrance = data_of(attempt).encumbrance
    record = attempt.access.record("licence", encumbrance) if encumbrance else None
    if record is not None and record.state not in ENDED:
        raise deny("N3", "E_STATE", f"encumbrance {encumbrance} is {record.state}; it must be CANCELLED")


def n3_taxes_are_paid(attempt: Attempt) -> None:
    """Rule N3: the taxes on the sale of this unit are decided, by a tax authority, and paid."""
    voucher = attempt.fields.voucher
    record = attempt.access.record("decision", voucher) if voucher else None
    subject = "" if record is None else record.data_as(DecisionData).subject_ref
    if record is None or subject != attempt.existing.object_id:
        raise deny("N3", "E_STATE", "there is no tax voucher for this unit")
    # Any office that decides could say of a unit that nothing is due.
    office = attempt.access.organisation(record.issuer_org)
    if office is None or TAX_AUTHORITY not in office.roles:
        raise deny("N3", "E_STATE", f"the voucher is a decision of {record.issuer_org}, no tax authority")
    # A decision may be taken back after it was paid; then it makes nothing due.
    due = due_cents(attempt.access, f"decision/{voucher}")
    if due is None or (due and not is_paid(attempt.access, f"decision/{voucher}")):
        raise deny("N3", "E_STATE", "the taxes on this sale are not paid")
    if attempt.access.indexed(voucher_key(voucher)):
        raise deny("N3", "E_STATE", "the tax voucher is that of an earlier sale")


def n4_price_is_in_escrow(attempt: Attempt) -> None:
    """Rule N4: the price lies in escrow, to be released by this unit."""
    record = attempt.access.record("payment", attempt.fields.escrow)
    data = None if record is None else record.data_as(PaymentData)
    is_ours = data is not None and data.escrow == f"realty/{attempt.existing.object_id}"
    if record is None or data is None or not is_ours or record.state != "ORDERED":
        raise deny("N4", "E_STATE", "the price is not in escrow for this unit")
    if data.pays != f"contract/{attempt.fields.contract}":
        raise deny("N4", "E_STATE", "the escrow is for another contract")
    if data.payee not in single_names(data_of(attempt).owners):
        raise deny("N4", "E_ROLE", f"the escrow pays {data.payee}, who does not own the unit")
    if is_paid(attempt.access, data.fulfils):
        raise deny("J3", "E_DOUBLE_USE", f"{data.fulfils[:192]} is paid already, beside the escrow")
    for other in (record, attempt.access.record("contract", attempt.fields.contract)):
        _require_changeable(attempt, other)


def n4_new_certificate_follows(attempt: Attempt) -> None:
    """Rule N4: the new certificate is a draft of the version after the present one, and may be issued."""
    new = _draft(attempt, attempt.fields.new_certificate)
    if _state_of_title(attempt) != "VALID":
        raise deny("N4", "E_STATE", "the present certificate is not VALID")
    if new is None:
        raise deny("N4", "E_STATE", "the new certificate is no draft of this registry")
    if not _follows(attempt, new):
        raise deny("N4", "E_VERSION", "the new certificate is not the next version of the present one")
    require_issuable(attempt, new)


def n5_title_was_lost(attempt: Attempt) -> None:
    """Rule N5: a title is issued again once the present one is void, as its next version."""
    new = _draft(attempt, attempt.fields.new_certificate)
    if _state_of_title(attempt) != "VOIDED":
        raise deny("N5", "E_STATE", "the present certificate is not VOIDED")
    if new is None or not _follows(attempt, new):
        raise deny("N5", "E_VERSION", "the new certificate is no draft of the version after the void one")
    require_issuable(attempt, new, after="VOIDED")


def _state_of_title(attempt: Attempt) -> str:
    record = attempt.access.record("licence", data_of(attempt).certificate)
    assert record is not None, "a unit has a certificate"
    return record.state


def _follows(attempt: Attempt, new: RecordState) -> bool:
    before = predecessor_of(attempt.access, new.object_id)
    return before is not None and before.object_id == data_of(attempt).certificate


def _require_changeable(attempt: Attempt, record: RecordState | None) -> None:
    assert record is not None
    require_time_order(attempt, record)
    require_room(record)


def voucher_key(voucher: str) -> bytes:
    """Index from a tax decision to the unit whose sale it served."""
    return index_key("realty-voucher", voucher)


def data_of(attempt: Attempt) -> RealtyData:
    """What the chain remembers of the unit. Expects that it exists."""
    assert isinstance(attempt.data, RealtyData)
    return attempt.data
