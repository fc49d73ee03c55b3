"""Enforcement filings 执行立案 (rule J6): what was agreed or awarded and not paid in time.

FILED → CLOSED. Anybody may put on record that a time has passed unpaid: the chain itself says whether it has.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.access import StateAccess
from govchain.ledger.conditions import is_paid, require_record
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.contract.fields import ContractData
from govchain.ledger.kinds.payment import due_cents
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    require_room,
    require_time_order,
)
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.state import RecordData, RecordState, index_key


class EnforcementFile(Part, frozen=True):
    """`enforcement.file`: a time has passed and nothing was paid (→ FILED). Object id: its number."""

    ground: str
    """`contract/id` of a formed contract, or `decision/id` of an effective decision."""


class EnforcementClose(Part, frozen=True):
    """`enforcement.close`: the court closes it (FILED → CLOSED)."""


class EnforcementData(RecordData, frozen=True, tag="govchain.enforcement-data/1"):
    """What is enforced."""

    ground: str


def g1_ground_is_a_record(attempt: Attempt) -> None:
    """Rule G1: the ground is a record."""
    require_record("ground", attempt.fields.ground)


def j6_ground_can_be_enforced(attempt: Attempt) -> None:
    """Rule J6: only what is due and unpaid is enforced, and once."""
    ground = attempt.fields.ground
    other = attempt.access.indexed(_key(ground))
    if other:
        raise deny("J6", "E_STATE", f"{ground[:128]} is enforced under {other}")
    record = _record(attempt.access, ground)
    if record is None or record.record_type not in ("contract", "decision"):
        raise deny("J6", "E_STATE", f"{ground[:128]} is no contract or decision on the chain")
    wanted = "FORMED" if record.record_type == "contract" else "EFFECTIVE"
    if wanted == "FORMED":
        # A breach becomes part of the contract's own history.
        require_time_order(attempt, record)
        require_room(record)
    if record.state != wanted:
        raise deny("J6", "E_STATE", f"{ground[:128]} is {record.state}; it must be {wanted}")
    if wanted == "FORMED":
        data = record.data_as(ContractData)
        if not data.due or attempt.claimed_time_ms < data.due_ms:
            raise deny("J6", "E_STATE", "the time for payment has not passed")
    elif (due_cents(attempt.access, ground) or 0) <= 0:
        raise deny("J6", "E_STATE", f"{ground[:128]} makes nothing due")
    if is_paid(attempt.access, ground):
        raise deny("J6", "E_STATE", f"{ground[:128]} is paid")


def _record(access: StateAccess, ground: str) -> RecordState | None:
    record_type, _, object_id = ground.partition("/")
    return access.record(record_type, object_id)


def _key(ground: str) -> bytes:
    return index_key("enforcement-of", ground)


def _file(attempt: Attempt) -> None:
    ground = attempt.fields.ground
    attempt.create("FILED", EnforcementData(ground))
    attempt.set_index(_key(ground), attempt.envelope.object_id)
    record = _record(attempt.access, ground)
    assert record is not None
    if record.record_type == "contract":
        attempt.advance(record, "BREACHED")


def _close(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "CLOSED")


KIND: Final = RecordKind(
    record_type="enforcement",
    title=Text("Enforcement", "执行立案"),
    data=EnforcementData,
    states={"FILED": "已立案", "CLOSED": "已结案"},
    transitions=(
        Transition(
            verb="enforcement.file",
            fields=EnforcementFile,
            sentence=Text("{who} files the enforcement of {ground}", "{who} 就 {ground} 申请执行"),
            from_states=(),
            to_states=("FILED",),
            org_roles=(),
            key_roles=(),
            rules=(
                g1_ground_is_a_record,
                g3_object_is_new,
                j6_ground_can_be_enforced,
                g4_version_continues,
            ),
            apply=_file,
        ),
        Transition(
            verb="enforcement.close",
            fields=EnforcementClose,
            sentence=Text("{who} closes enforcement {object}", "{who} 对执行 {object} 结案"),
            from_states=("FILED",),
            to_states=("CLOSED",),
            org_roles=("court",),
            key_roles=(),
            rules=(i5_roles_allow, g3_object_exists, g3_state_allows, g4_version_continues),
            apply=_close,
        ),
    ),
    rules=(
        Rule(
            "J6",
            Text(
                "Only what is due, in force and unpaid is enforced, and once",
                "仅对到期、生效且未付的义务申请执行，且仅一次",
            ),
            ("civil-code-contracts", "labour-arbitration"),
            {
                "E_STATE": Text(
                    "Wait until it is due or in force, unless it is paid.", "待其到期或生效；已付清的除外。"
                )
            },
        ),
    ),
    names_zh={"ground": "执行依据"},
    texts_zh={
        "`enforcement.file`: a time has passed and nothing was paid (→ FILED). Object id: its number.": (
            "`enforcement.file`：期限已过而未付款（→ FILED）。对象编号为执行编号。"
        ),
        "`contract/id` of a formed contract, or `decision/id` of an effective decision.": (
            "已成立合约的 `contract/id`，或已生效决定的 `decision/id`。"
        ),
        "`enforcement.close`: the court closes it (FILED → CLOSED).": (
            "`enforcement.close`：法院结案（FILED → CLOSED）。"
        ),
    },
)
