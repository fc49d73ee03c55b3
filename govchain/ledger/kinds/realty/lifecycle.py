"""Life cycle of real-estate units: what each record changes, and which rules it must pass.

REGISTERED ↔ FROZEN. A transfer changes the unit, both certificates, the contract and the payment at once.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.conditions import owner_key, paid_key
from govchain.ledger.kinds.contract.rules import CONTRACT, subject_key
from govchain.ledger.kinds.licence.changes import LICENCE
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.issuing import issue, issued_with_key
from govchain.ledger.kinds.payment import PAYMENT, PaymentData
from govchain.ledger.kinds.realty import rules as ask
from govchain.ledger.kinds.realty.fields import (
    RealtyData,
    RealtyEncumber,
    RealtyFreeze,
    RealtyJoin,
    RealtyRegister,
    RealtyReissue,
    RealtyTransfer,
)
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Text
from govchain.ledger.state import RecordState

REGISTRY: Final = "realty-registry"
COURT: Final = "court"


def _register(attempt: Attempt) -> None:
    fields: RealtyRegister = attempt.fields
    data = RealtyData(fields.certificate, tuple(fields.owners), fields.encumbrance)
    attempt.create("REGISTERED", data)
    _issue(attempt, fields.certificate, ask.TITLE)
    if fields.encumbrance:
        _issue(attempt, fields.encumbrance, ask.MORTGAGE)
    _name_owners(attempt, (), data.owners)


def _join(attempt: Attempt) -> None:
    _keep(attempt, owners=(*attempt.data.owners, attempt.fields.owner))
    _name_owners(attempt, (), (attempt.fields.owner,))


def _reissue(attempt: Attempt) -> None:
    _issue(attempt, attempt.fields.new_certificate, ask.TITLE)
    _keep(attempt, certificate=attempt.fields.new_certificate)


def _encumber(attempt: Attempt) -> None:
    _issue(attempt, attempt.fields.encumbrance, ask.MORTGAGE)
    _keep(attempt, encumbrance=attempt.fields.encumbrance)


def _keep(attempt: Attempt, **changes: object) -> None:
    data = msgspec.structs.replace(attempt.data, **changes)
    attempt.advance(attempt.existing, attempt.existing.state, data)


def _freeze(attempt: Attempt) -> None:
    (new_state,) = attempt.transition.to_states
    frozen_by = attempt.org.id if new_state == "FROZEN" else ""
    data = msgspec.structs.replace(attempt.data, frozen_by=frozen_by, case_no=attempt.fields.case_no)
    attempt.advance(attempt.existing, new_state, data)


def _transfer(attempt: Attempt) -> None:
    """All or nothing (rule N4): unit, certificates, contract and payment."""
    fields: RealtyTransfer = attempt.fields
    _issue(attempt, fields.new_certificate, ask.TITLE)
    payment = _record(attempt, PAYMENT, fields.escrow)
    attempt.advance(payment, "SETTLED")
    attempt.set_index(paid_key(payment.data_as(PaymentData).fulfils), payment.object_id)
    attempt.advance(_record(attempt, CONTRACT, fields.contract), "DISCHARGED")
    attempt.clear_index(subject_key(f"realty/{attempt.existing.object_id}"))
    attempt.set_index(ask.voucher_key(fields.voucher), attempt.existing.object_id)
    _name_owners(attempt, attempt.data.owners, tuple(fields.new_owners))
    _keep(
        attempt,
        certificate=fields.new_certificate,
        owners=tuple(fields.new_owners),
        encumbrance="",
        contract=fields.contract,
    )


def _name_owners(attempt: Attempt, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Who may offer the unit for sale (rule K5)."""
    unit = f"realty/{attempt.envelope.object_id}"
    for owner in before:
        attempt.clear_index(owner_key(unit, owner))
    for owner in after:
        attempt.set_index(owner_key(unit, owner), attempt.envelope.object_id)


def _issue(attempt: Attempt, number: str, what: str) -> None:
    """From now on this registry's licences of the type are such, and become VALID with a unit only (N5)."""
    draft = _record(attempt, LICENCE, number)
    attempt.set_index(issued_with_key(draft.data_as(LicenceData).type_code, attempt.org.id), what)
    issue(attempt, draft)


def _record(attempt: Attempt, record_type: str, object_id: str) -> RecordState:
    record = attempt.access.record(record_type, object_id)
    assert record is not None, "an earlier rule made sure that it exists"
    return record


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[str, str],
    sentence: Text,
    *rules: RuleFunction,
    apply: RuleFunction,
    roles: tuple[str, str] = (REGISTRY, "maker"),
) -> Transition:
    to = ((states[0],), (states[1],))
    asked = (*rules, g3_state_allows)
    org_roles, key_roles = roles[:1], roles[1:] if roles[1] else ()
    return change_existing(
        f"realty.{verb}",
        fields,
        to,
        sentence,
        rules=asked,
        apply=apply,
        org_roles=org_roles,
        key_roles=key_roles,
    )


TRANSITIONS: Final = (
    Transition(
        verb="realty.register",
        fields=RealtyRegister,
        sentence=Text("{who} registers unit {object}", "{who} 登记不动产单元 {object}"),
        from_states=(),
        to_states=("REGISTERED",),
        org_roles=(REGISTRY,),
        key_roles=("checker",),
        rules=(
            i5_roles_allow,
            ask.g1_unit_is_well_formed,
            g3_object_is_new,
            ask.n5_title_is_a_first_draft,
            ask.n5_title_is_an_owners,
            ask.n5_mortgage_is_a_first_draft,
            g4_version_continues,
        ),
        apply=_register,
    ),
    _row(
        "join",
        RealtyJoin,
        ("REGISTERED", "REGISTERED"),
        Text("{who} adds a joint owner of {object}", "{who} 登记 {object} 的共有人"),
        ask.g1_joint_owner_is_well_formed,
        ask.i5_unit_is_own,
        ask.n2_not_frozen,
        ask.n1_owner_was_shown,
        apply=_join,
    ),
    _row(
        "encumber",
        RealtyEncumber,
        ("REGISTERED", "REGISTERED"),
        Text("{who} registers a mortgage on {object}", "{who} 登记 {object} 的抵押"),
        ask.i5_unit_is_own,
        ask.n2_not_frozen,
        ask.n3_no_mortgage,
        ask.n5_mortgage_is_a_first_draft,
        apply=_encumber,
        roles=(REGISTRY, "checker"),
    ),
    _row(
        "reissue",
        RealtyReissue,
        ("REGISTERED", "REGISTERED"),
        Text("{who} issues the lost title of {object} again", "{who} 补发 {object} 的权属证书"),
        ask.g1_reason_is_given,
        ask.i5_unit_is_own,
        ask.n2_not_frozen,
        ask.n5_title_was_lost,
        ask.n5_title_is_an_owners,
        apply=_reissue,
        roles=(REGISTRY, "checker"),
    ),
    _row(
        "freeze",
        RealtyFreeze,
        ("REGISTERED", "FROZEN"),
        Text("{who} freezes {object} ({case_no})", "{who} 查封 {object}（{case_no}）"),
        ask.g1_case_is_named,
        ask.n2_not_frozen,
        apply=_freeze,
        roles=(COURT, ""),
    ),
    _row(
        "release",
        RealtyFreeze,
        ("FROZEN", "REGISTERED"),
        Text("{who} lets {object} go ({case_no})", "{who} 解除查封 {object}（{case_no}）"),
        ask.g1_case_is_named,
        ask.i5_court_that_froze,
        apply=_freeze,
        roles=(COURT, ""),
    ),
    _row(
        "transfer",
        RealtyTransfer,
        ("REGISTERED", "REGISTERED"),
        Text(
            "{who} transfers {object} under contract {contract}",
            "{who} 依合约 {contract} 办理 {object} 的转移登记",
        ),
        ask.g1_transfer_is_well_formed,
        ask.i5_unit_is_own,
        ask.n2_not_frozen,
        ask.n1_every_owner_signed,
        ask.n3_no_mortgage,
        ask.n3_taxes_are_paid,
        ask.n4_new_certificate_follows,
        ask.n5_title_is_an_owners,
        ask.n4_price_is_in_escrow,
        apply=_transfer,
        roles=(REGISTRY, "checker"),
    ),
)
