"""Custody of evidence: from whom to whom it goes, signed by both sides over equal hashes (rule E2).

A hand-over is two records: the custodian's and the receiver's. Custody moves with the second.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.kinds.evidence.fields import Custody, EvidenceData, EvidenceReceive, EvidenceTransfer
from govchain.ledger.kinds.evidence.rules import data_of, has_same_hashes
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import is_expelled
from govchain.ledger.rules.rule import deny
from govchain.model.validators import OBSERVER


def e2_sender_has_custody(attempt: Attempt) -> None:
    """Rule E2: only the present custodian hands over or submits, and not while a hand-over is under way."""
    data = data_of(attempt)
    if data.custodian != attempt.org.id:
        raise deny("E2", "E_CUSTODY_GAP", f"the custodian is {data.custodian}")
    under_way = _under_way(data)
    if under_way is not None and not is_expelled(attempt, under_way.to_org):
        raise deny("E2", "E_CUSTODY_GAP", "a hand-over has not been received yet")


def e2_receiver_can_sign(attempt: Attempt) -> None:
    """Rule E2: evidence is handed to another organisation that the chain knows and that can sign for it."""
    to_org = attempt.fields.to_org
    if to_org == attempt.org.id or not _can_sign(attempt, to_org):
        raise deny("E2", "E_CUSTODY_GAP", "to_org is not another organisation that can sign for it")


def e2_depositor_can_sign(attempt: Attempt) -> None:
    """Rule E2: evidence is collected for an organisation that the chain knows and that can sign for it."""
    if not _can_sign(attempt, attempt.fields.for_org):
        raise deny("E2", "E_CUSTODY_GAP", "for_org is not an organisation that can sign for it")


def e2_depositor_is_named(attempt: Attempt) -> None:
    """Rule E2: what was collected is deposited by the organisation that it was collected for."""
    data = data_of(attempt)
    under_way = _under_way(data)
    expected = data.custodian if under_way is None else under_way.to_org
    if expected != attempt.org.id:
        raise deny("E2", "E_CUSTODY_GAP", f"it was collected for {expected}")


def e2_receiver_is_named(attempt: Attempt) -> None:
    """Rule E2: custody moves only to the receiver that the hand-over names."""
    under_way = _under_way(data_of(attempt))
    if under_way is None:
        raise deny("E2", "E_CUSTODY_GAP", "no hand-over is under way")
    if under_way.to_org != attempt.org.id:
        raise deny("E2", "E_CUSTODY_GAP", f"the hand-over names {under_way.to_org}")


def e2_hash_is_equal(attempt: Attempt) -> None:
    """Rule E2: both sides sign over the deposited hashes."""
    if not has_same_hashes(attempt, attempt.fields.raw_hash):
        raise deny("E2", "E_HASH_MISMATCH", "the hashes differ from the deposited ones")


def after_collection(attempt: Attempt) -> tuple[Custody, ...]:
    """The hand-over that collection for another organisation begins."""
    if attempt.fields.for_org == attempt.org.id:
        return ()
    return (Custody(attempt.org.id, attempt.fields.for_org, "deposit", attempt.transaction_id),)


def after_lodging(attempt: Attempt) -> tuple[Custody, ...]:
    """The same hand-over, ended by the depositor."""
    custody = data_of(attempt).custody
    return tuple(msgspec.structs.replace(hop, received=attempt.transaction_id) for hop in custody)


def transfer(attempt: Attempt) -> None:
    """Begin a hand-over; it takes the place of one that nobody can receive any more."""
    fields: EvidenceTransfer = attempt.fields
    handed = Custody(attempt.org.id, fields.to_org, fields.action, attempt.transaction_id)
    before = tuple(hop for hop in data_of(attempt).custody if hop.received)
    _keep(attempt, custody=(*before, handed))


def receive(attempt: Attempt) -> None:
    """End a hand-over."""
    assert isinstance(attempt.fields, EvidenceReceive)
    *before, handed = data_of(attempt).custody
    received = msgspec.structs.replace(handed, received=attempt.transaction_id)
    assert handed.from_org == data_of(attempt).custodian, "custody is contiguous"
    _keep(attempt, custody=(*before, received), custodian=attempt.org.id)


def _under_way(data: EvidenceData) -> Custody | None:
    if data.custody and not data.custody[-1].received:
        return data.custody[-1]
    return None


def _can_sign(attempt: Attempt, org: str) -> bool:
    """Rule I5 for the receiver: an observer could never sign for it."""
    known = attempt.access.organisation(org)
    return known is not None and known.active and known.tier != OBSERVER


def _keep(attempt: Attempt, **changes: object) -> None:
    """A hand-over changes custody and leaves the state as it is."""
    data = msgspec.structs.replace(data_of(attempt), **changes)
    attempt.advance(attempt.existing, attempt.existing.state, data)
