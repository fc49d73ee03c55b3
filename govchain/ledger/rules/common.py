"""Rules of every record: life cycle, roles, versions, hashes and times (rules G2 to G9, I5).

What a single kind of record asks for is in that record's own module.
"""

from __future__ import annotations

import re
from typing import Final

from govchain.ledger.payloads import Hashes
from govchain.ledger.rules.attempt import CLOCK_TOLERANCE_MS, Attempt
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import RECORD_CHANGES_MAX, RecordState
from govchain.model.validators import TIERS

_HASH: Final = re.compile(r"[0-9a-f]{64}")


def g2_hashes_are_well_formed(attempt: Attempt) -> None:
    """Rule G2: every pair of hashes holds two lower-case hex values of 64 digits."""
    fields = attempt.fields
    pairs = [(name, getattr(fields, name)) for name in fields.__struct_fields__]
    for where, hashes in (("payload_hash", attempt.envelope.payload_hash), *pairs):
        if not isinstance(hashes, Hashes):
            continue
        for name, value in (("sha256", hashes.sha256), ("sm3", hashes.sm3)):
            if not _HASH.fullmatch(value):
                raise deny("G2", "E_PAYLOAD", f"{where}.{name}: expected 64 lower-case hex digits")


def g9_claimed_time_runs_forward(attempt: Attempt) -> None:
    """Rule G9: a claimed time is not in the future of the block, nor before the object's last change."""
    if attempt.claimed_time_ms > attempt.block_time_ms + CLOCK_TOLERANCE_MS:
        ahead_s = (attempt.claimed_time_ms - attempt.block_time_ms) // 1000
        raise deny("G9", "E_TIME_ORDER", f"the claimed time lies {ahead_s} s after the block's time")
    if attempt.record is not None:
        require_time_order(attempt, attempt.record)


def require_time_order(attempt: Attempt, record: RecordState) -> None:
    """Rule G9 for any record that this transaction would change."""
    if attempt.claimed_time_ms < record.timeline[-1].claimed_time_ms:
        raise deny(
            "G9", "E_TIME_ORDER", f"the claimed time lies before the last change of {record.record_type}"
        )


def g3_object_exists(attempt: Attempt) -> None:
    """Rule G3: a change needs an object that an earlier record made."""
    if attempt.record is None:
        raise deny("G3", "E_STATE", f"there is no {attempt.record_type} with this id")


def g3_object_is_new(attempt: Attempt) -> None:
    """Rule G3: the id of an object is given once."""
    if attempt.record is not None:
        raise deny("G3", "E_DUP_ID", f"there is a {attempt.record_type} with this id")


def g3_state_allows(attempt: Attempt) -> None:
    """Rule G3: the life cycle lists this change from the object's present state."""
    record = attempt.existing
    if record.state not in attempt.transition.from_states:
        expected = " or ".join(attempt.transition.from_states)
        raise deny("G3", "E_STATE", f"{attempt.verb} needs {expected}; the object is {record.state}")
    require_room(record)


def require_room(record: RecordState) -> None:
    """Rule G3: a record's history is bounded."""
    if len(record.timeline) >= RECORD_CHANGES_MAX:
        raise deny("G3", "E_STATE", f"the object has reached the limit of {RECORD_CHANGES_MAX} changes")


def i5_tier_allows(attempt: Attempt) -> None:
    """Rule I5: the organisation is of the tier that the transition asks for, or of a higher one."""
    least = attempt.transition.tier
    if TIERS.index(attempt.org.tier) < TIERS.index(least):
        raise deny("I5", "E_ROLE", f"{attempt.verb} needs an organisation of tier {least} or above")


def i5_roles_allow(attempt: Attempt) -> None:
    """Rule I5, also G5: the organisation and the key have a role that the transition asks for."""
    wanted = attempt.transition.org_roles
    if wanted and not attempt.has_org_role(*wanted):
        raise deny("I5", "E_ROLE", f"{attempt.verb} needs an organisation with role {' or '.join(wanted)}")
    wanted = attempt.transition.key_roles
    if wanted and not any(role in attempt.key.roles for role in wanted):
        raise deny("I5", "E_ROLE", f"{attempt.verb} needs a key with role {' or '.join(wanted)}")


def is_expelled(attempt: Attempt, org: str) -> bool:
    """Whether an organisation left for good (rule I2): what it has to settle, others of its role do."""
    known = attempt.access.organisation(org)
    return known is not None and known.standing == "EXPELLED"


def require_other_person(attempt: Attempt, *earlier: str) -> None:
    """Rule G6, also I6: whoever signed an earlier step of an object signs no later one, with any key."""
    if attempt.key.person in earlier:
        raise deny("G6", "E_SOD", f"{attempt.key.person} signed an earlier step and cannot sign this one")


def g4_version_continues(attempt: Attempt) -> None:
    """Rule G4: the record names the next version of its object and the record before it."""
    record = attempt.record
    version, last = (0, b"") if record is None else (record.version, record.last_record_hash)
    require_next_version(attempt, version, last)


def require_next_version(attempt: Attempt, version: int, last_record_hash: bytes) -> None:
    """Rule G4 against any present version and last record hash."""
    envelope = attempt.envelope
    if envelope.object_version != version + 1:
        raise deny(
            "G4", "E_VERSION", f"object_version {envelope.object_version}; the next one is {version + 1}"
        )
    if envelope.prev_record_hash != last_record_hash.hex():
        raise deny("G4", "E_VERSION", "prev_record_hash is not the id of the object's last record")
