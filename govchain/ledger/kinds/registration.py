"""Registrations 联办事项登记: an authority's result of a joint service, resting on others' records (J1, J2).

Seal filing, opening of an insurance or fund account, reserving a bank account, a notice of a result. Data
about the matter stays with the authority; here are its kind, subject and hash. REGISTERED → CANCELLED.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger import conditions
from govchain.ledger.conditions import Condition, j1_conditions_hold, pairs_of, require_conditions
from govchain.ledger.field_checks import require_code, require_hex, require_reference, require_text
from govchain.ledger.kind import RecordKind
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import TECHNICAL, Rule, Text, deny
from govchain.ledger.state import RecordData, index_key

REGISTRAR: Final = "registrar"


class RegistrationRegister(Part, frozen=True):
    """`registration.register`: an authority registers a result (→ REGISTERED). Object id: its number."""

    what: str
    """Code of what is registered, for example seal-filing."""
    subject: str
    """Whom or what it is about: a credit code, pseudonym or number."""
    rests_on: list[Condition] = []
    """Records of others without which it would not be made (rule J1)."""
    content_hash: str = ""
    """SHA-256 of what was registered, hex; may be empty."""


class RegistrationCancel(Part, frozen=True):
    """`registration.cancel`: the authority takes it back (REGISTERED → CANCELLED)."""

    reason: str


class RegistrationData(RecordData, frozen=True, tag="govchain.registration-data/1"):
    """What the rules of registrations need to remember."""

    what: str
    subject: str
    rests_on: tuple[str, ...]
    content_hash: str
    reason: str = ""


def g1_registration_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: code, subject, records and hash have their form."""
    fields: RegistrationRegister = attempt.fields
    require_code("what", fields.what)
    require_reference("subject", fields.subject)
    require_conditions("rests_on", fields.rests_on)
    if fields.content_hash:
        require_hex("content_hash", fields.content_hash)


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: a registration is cancelled with a reason."""
    require_text("reason", attempt.fields.reason)


def i5_registration_is_own(attempt: Attempt) -> None:
    """Rule I5: an authority cancels registrations of its own."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another authority made this registration")


def j1_grounds_hold(attempt: Attempt) -> None:
    """Rule J1: what the registration rests on is in the named state."""
    j1_conditions_hold(attempt, pairs_of(attempt.fields.rests_on))


def j2_registered_once(attempt: Attempt) -> None:
    """Rule J2: an authority registers one thing of a kind for one subject at a time."""
    other = attempt.access.indexed(_key(attempt, attempt.fields.what, attempt.fields.subject))
    if other:
        raise deny("J2", "E_DUP_ID", f"registered already under {other}")


def _key(attempt: Attempt, what: str, subject: str) -> bytes:
    return index_key(f"registration-{what}", attempt.org.id, subject)


def _register(attempt: Attempt) -> None:
    fields: RegistrationRegister = attempt.fields
    rests_on = tuple(each.record for each in fields.rests_on)
    attempt.create("REGISTERED", RegistrationData(fields.what, fields.subject, rests_on, fields.content_hash))
    attempt.set_index(_key(attempt, fields.what, fields.subject), attempt.envelope.object_id)


def _cancel(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, reason=attempt.fields.reason)
    attempt.advance(attempt.existing, "CANCELLED", data)
    attempt.clear_index(_key(attempt, data.what, data.subject))


KIND: Final = RecordKind(
    record_type="registration",
    title=Text("Registration", "联办登记"),
    data=RegistrationData,
    states={"REGISTERED": "已登记", "CANCELLED": "已注销"},
    transitions=(
        Transition(
            verb="registration.register",
            fields=RegistrationRegister,
            sentence=Text("{who} registers {what} for {subject}", "{who} 为 {subject} 登记 {what}"),
            from_states=(),
            to_states=("REGISTERED",),
            org_roles=(REGISTRAR,),
            key_roles=(),
            rules=(
                i5_roles_allow,
                g1_registration_is_well_formed,
                g3_object_is_new,
                j1_grounds_hold,
                j2_registered_once,
                g4_version_continues,
            ),
            apply=_register,
        ),
        Transition(
            verb="registration.cancel",
            fields=RegistrationCancel,
            sentence=Text(
                "{who} cancels registration {object} ({reason})", "{who} 注销登记 {object}（{reason}）"
            ),
            from_states=("REGISTERED",),
            to_states=("CANCELLED",),
            org_roles=(REGISTRAR,),
            key_roles=(),
            rules=(
                i5_roles_allow,
                g1_reason_is_given,
                g3_object_exists,
                i5_registration_is_own,
                g3_state_allows,
                g4_version_continues,
            ),
            apply=_cancel,
        ),
    ),
    rules=(
        Rule(
            "J1",
            Text(
                "What a result rests on is on the chain and in the named state",
                "办理结果所依据的记录须已上链并处于所要求的状态",
            ),
            ("joint-services",),
            {
                "E_STATE": Text(
                    "Wait until the named record is in the named state.",
                    "待说明中指出的记录达到所要求的状态。",
                )
            },
        ),
        Rule(
            "J2",
            Text("One result of a kind for one subject at a time", "同一事项对同一对象同时仅有一项登记"),
            TECHNICAL,
            {"E_DUP_ID": Text("Cancel the earlier registration first.", "先注销原有登记。")},
        ),
    ),
    names_zh={
        "what": "登记事项代码",
        "subject": "登记对象",
        "rests_on": "所依据的记录",
        "content_hash": "登记内容哈希",
        "reason": "理由",
        **conditions.NAMES_ZH,
    },
    texts_zh={
        **conditions.TEXTS_ZH,
        "`registration.register`: an authority registers a result (→ REGISTERED). Object id: its number.": (
            "`registration.register`：主管部门登记办理结果（→ REGISTERED）。对象编号为登记编号。"
        ),
        "Code of what is registered, for example seal-filing.": (
            "登记事项代码，例如 seal-filing（印章备案）。"
        ),
        "Whom or what it is about: a credit code, pseudonym or number.": "登记对象：信用代码、假名或编号。",
        "Records of others without which it would not be made (rule J1).": (
            "所依据的其他部门记录（规则 J1）。"
        ),
        "SHA-256 of what was registered, hex; may be empty.": "登记内容的 SHA-256（十六进制），可为空。",
        "`registration.cancel`: the authority takes it back (REGISTERED → CANCELLED).": (
            "`registration.cancel`：主管部门注销登记（REGISTERED → CANCELLED）。"
        ),
    },
)
