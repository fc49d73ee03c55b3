"""Rules of entering and issuing e-licences 电子证照 (records.md 1.1; rules L1 to L10).

What must hold before a draft becomes VALID is in `issuing`, what happens to a licence later in `changes`.
Expiry is the clock's work: it is an answer of `validity`, not a stored state.
"""

from __future__ import annotations

import re
from typing import Final

from govchain.ledger.identifiers import (
    is_credit_code,
    looks_like_credit_code,
    parse_date_ms,
    parse_licence_id,
)
from govchain.ledger.kinds.licence.changes import CHANGES, data_of_licence, l4_issuer_writes
from govchain.ledger.kinds.licence.fields import LicenceData, LicenceEnter, LicenceIssue
from govchain.ledger.kinds.licence.issuing import (
    issue,
    issued_with_key,
    require_accredited,
    require_holder_free,
    require_predecessor,
    require_prerequisites,
    require_version_before,
)
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    require_other_person,
)
from govchain.ledger.rules.rule import Text, deny

REQUIRES_MAX: Final = 16
HOLDER_REF_MAX: Final = 128

_HOLDER_REF: Final = re.compile(rf"[!-~]{{1,{HOLDER_REF_MAX}}}")


def g1_licence_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: dates are dates; the holder and the list of prerequisites are within their limits."""
    fields: LicenceEnter = attempt.fields
    for name in ("issued_date", "effective_date", "expiring_date"):
        text = getattr(fields, name)
        if text or name != "expiring_date":
            try:
                parse_date_ms(text)
            except ValueError as error:
                raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error
    if not _HOLDER_REF.fullmatch(fields.holder_ref):
        # Spaces and look-alikes would make two holders of one (rule L2).
        raise deny(
            "G1", "E_PAYLOAD", f"fields.holder_ref: expected 1 to {HOLDER_REF_MAX} ASCII characters, no space"
        )
    if len(fields.requires) > REQUIRES_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.requires: expected at most {REQUIRES_MAX} licences")


def l1_identifier_is_right(attempt: Attempt) -> None:
    """Rule L1: the identifier follows GB/T 36904, its check character is right, and it names the type."""
    try:
        licence_id = parse_licence_id(attempt.envelope.object_id)
    except ValueError as error:
        raise deny("L1", "E_CHECKSUM", f"object_id: {error}") from error
    if licence_id.type_code != attempt.fields.type_code:
        raise deny("L1", "E_CHECKSUM", "the type code differs from the one in the identifier")


def l1_identifier_is_new(attempt: Attempt) -> None:
    """Rule L1: a licence identifier is given once."""
    if attempt.record is not None:
        raise deny("L1", "E_DUP_ID", "this licence identifier was entered before")


def l4_issuer_is_accredited(attempt: Attempt) -> None:
    """Rule L4: the identifier's issuing organisation writes it, and is accredited for type and area."""
    area = (attempt.fields if attempt.record is None else attempt.data).area_code
    require_accredited(attempt, attempt.envelope.object_id, area)


def l5_holder_code_is_right(attempt: Attempt) -> None:
    """Rule L5: a holder that looks like a unified social credit code must be one (GB 32100)."""
    holder_ref = attempt.fields.holder_ref
    if looks_like_credit_code(holder_ref) and not is_credit_code(holder_ref):
        raise deny("L5", "E_CHECKSUM", "holder_ref: the credit code's check character is wrong")


def l3_dates_are_in_order(attempt: Attempt) -> None:
    """Rule L3: a licence cannot expire before it takes effect."""
    fields: LicenceEnter = attempt.fields
    if fields.expiring_date and fields.expiring_date < fields.effective_date:
        raise deny("L3", "E_TIME_ORDER", "the licence would expire before it takes effect")


def l2_version_follows(attempt: Attempt) -> None:
    """Rule L2: version n+1 follows a version n; at issue that one must be VALID."""
    number = attempt.envelope.object_id
    if attempt.verb == "licence.issue":
        require_predecessor(attempt, number)
    else:
        require_version_before(attempt, number)


def l2_holder_is_free(attempt: Attempt) -> None:
    """Rule L2: a holder has one licence of a type in force, but for the version that this one replaces."""
    data = attempt.fields if attempt.verb == "licence.enter" else data_of_licence(attempt)
    require_holder_free(attempt, attempt.envelope.object_id, data.type_code, data.holder_ref)


def l10_prerequisites_are_valid(attempt: Attempt) -> None:
    """Rule L10: each licence that this one requires is VALID at the time of issue."""
    require_prerequisites(attempt, data_of_licence(attempt))


def n5_goes_with_nothing_else(attempt: Attempt) -> None:
    """Rule N5: a title or mortgage becomes VALID with its unit, never by itself."""
    kind = attempt.access.indexed(issued_with_key(data_of_licence(attempt).type_code, attempt.org.id))
    if kind:
        raise deny("N5", "E_STATE", f"a licence of this type is a {kind}; only the record of that issues it")


def g6_checker_differs(attempt: Attempt) -> None:
    """Rule G6, also I6: whoever entered a licence cannot approve it, with whichever key."""
    require_other_person(attempt, data_of_licence(attempt).entered_by)


def _enter(attempt: Attempt) -> None:
    fields: LicenceEnter = attempt.fields
    data = LicenceData(
        name=fields.name,
        type_code=fields.type_code,
        holder_ref=fields.holder_ref,
        area_code=fields.area_code,
        issued_date=fields.issued_date,
        effective_date=fields.effective_date,
        expiring_date=fields.expiring_date,
        requires=tuple(fields.requires),
        face_commitment=fields.face_commitment,
        entered_by=attempt.key.person,
    )
    attempt.create("DRAFT", data)


def _issue(attempt: Attempt) -> None:
    assert isinstance(attempt.fields, LicenceIssue)
    issue(attempt, attempt.existing)


TRANSITIONS: Final = (
    Transition(
        verb="licence.enter",
        fields=LicenceEnter,
        sentence=Text("{who} enters a {name} for {holder_ref}", "{who} 录入 {holder_ref} 的《{name}》"),
        from_states=(),
        to_states=("DRAFT",),
        org_roles=(),
        key_roles=("maker",),
        rules=(
            g1_licence_is_well_formed,
            l1_identifier_is_right,
            l4_issuer_is_accredited,
            i5_roles_allow,
            l1_identifier_is_new,
            l3_dates_are_in_order,
            l5_holder_code_is_right,
            l2_version_follows,
            l2_holder_is_free,
            g4_version_continues,
        ),
        apply=_enter,
    ),
    Transition(
        verb="licence.issue",
        fields=LicenceIssue,
        sentence=Text("{who} approves and issues {object}", "{who} 复核并签发 {object}"),
        from_states=("DRAFT",),
        to_states=("VALID",),
        org_roles=(),
        key_roles=("checker",),
        rules=(
            g3_object_exists,
            l4_issuer_writes,
            g6_checker_differs,
            i5_roles_allow,
            g3_state_allows,
            n5_goes_with_nothing_else,
            l4_issuer_is_accredited,
            l2_version_follows,
            l2_holder_is_free,
            l10_prerequisites_are_valid,
            g4_version_continues,
        ),
        apply=_issue,
    ),
    *CHANGES,
)
