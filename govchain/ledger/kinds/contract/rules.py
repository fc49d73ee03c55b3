"""Rules of contracts (K1, K2, K4, K5), and what each record changes.

What the code of a contract does off the chain is not judged.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.conditions import (
    is_paid,
    j1_conditions_hold,
    owner_key,
    pairs_of,
    require_conditions,
    require_record,
)
from govchain.ledger.field_checks import (
    require_amount,
    require_code,
    require_hex,
    require_reference,
    require_text,
    require_time,
)
from govchain.ledger.kinds.contract.fields import (
    ContractChange,
    ContractData,
    ContractOffer,
    ContractPerform,
    ContractSign,
)
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    is_expelled,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import index_key

CONTRACT: Final = "contract"
COURT: Final = "court"
PARTIES_MAX: Final = 16
EXCLUDED: Final = ("marriage", "adoption", "inheritance", "utilities-cutoff")
"""Matters of the law of electronic signatures that no contract here is about (rule K4)."""


def g1_offer_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: matter, hashes, parties, subject, amount and time have their form."""
    fields: ContractOffer = attempt.fields
    require_code("matter", fields.matter)
    require_hex("text_hash", fields.text_hash)
    require_hex("code_hash", fields.code_hash)
    parties = fields.parties
    if not 1 <= len(parties) <= PARTIES_MAX or len(set(parties)) != len(parties):
        raise deny("G1", "E_PAYLOAD", f"fields.parties: expected 1 to {PARTIES_MAX} different parties")
    for party in parties:
        for part in party.split("/", 1):
            require_reference("parties", part)
    if fields.subject:
        require_record("subject", fields.subject)
    require_conditions("rests_on", fields.rests_on)
    if bool(fields.due) != bool(fields.due_at):
        raise deny("G1", "E_PAYLOAD", "fields.due_at: expected together with due")
    if fields.due:
        require_amount("due", fields.due)
        require_time("due_at", fields.due_at)


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: a stay has a reason."""
    require_text("reason", attempt.fields.reason)


def k4_matter_is_not_excluded(attempt: Attempt) -> None:
    """Rule K4: what the law keeps from electronic form is no contract here."""
    matter = attempt.fields.matter.lower()
    for excluded in EXCLUDED:
        # A code made of an excluded one, such as marriage-agreement, is about the same.
        if matter == excluded or matter.startswith(tuple(f"{excluded}{sign}" for sign in ".-_")):
            raise deny("K4", "E_LAW_EXCLUDED", f"{excluded} is an excluded matter")


def k5_subject_is_free(attempt: Attempt) -> None:
    """Rule K5: what one contract sells or pledges no second one does."""
    subject = attempt.fields.subject
    if subject and not _may_bind(attempt, subject):
        raise deny("K5", "E_ROLE", "only an owner of the subject, or who keeps its record, offers it")
    other = attempt.access.indexed(subject_key(subject)) if subject else None
    if other:
        raise deny("K5", "E_DOUBLE_USE", f"{subject[:128]} is the subject of contract {other}")


def _may_bind(attempt: Attempt, subject: str) -> bool:
    """Whether the offerer disposes of what the contract is about; otherwise strangers could block a sale."""
    record_type, _, object_id = subject.partition("/")
    record = attempt.access.record(record_type, object_id)
    if record is None or record.issuer_org == attempt.org.id:
        return record is not None
    names = (attempt.org.id, f"{attempt.org.id}/{attempt.key.person}")
    return any(attempt.access.indexed(owner_key(subject, name)) for name in names)


def k1_party_signs(attempt: Attempt) -> None:
    """Rule K1: only a party signs or performs, and signs once."""
    party = _party(attempt)
    if not party:
        raise deny("K1", "E_ROLE", "the signer is no party of this contract")
    if attempt.verb == "contract.sign" and party in attempt.data.signed:
        raise deny("K1", "E_STATE", "this party has signed already")


def k1_pair_is_the_offered_one(attempt: Attempt) -> None:
    """Rule K1: everybody signs the same text and code, and no other code runs."""
    fields, data = attempt.fields, attempt.data
    if (fields.text_hash, fields.code_hash) != (data.text_hash, data.code_hash):
        raise deny("K1", "E_HASH_MISMATCH", "text or code differ from the offered ones")


def k2_not_stayed(attempt: Attempt) -> None:
    """Rule K2: after a court's stay nothing of the contract is performed."""
    if attempt.existing.state == "STAYED":
        raise deny("K2", "E_STAYED", "a court stays this contract")


def k1_what_is_due_is_paid(attempt: Attempt) -> None:
    """Rule K1: one party alone does not end a contract while what it makes due is unpaid."""
    due = attempt.data.due
    if due and not is_paid(attempt.access, f"{CONTRACT}/{attempt.existing.object_id}"):
        raise deny("K1", "E_STATE", f"{due} is due and not paid")


def i5_offerer_withdraws(attempt: Attempt) -> None:
    """Rule I5: an offer is withdrawn by the organisation that made it."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another organisation made this offer")


def i5_court_that_stayed(attempt: Attempt) -> None:
    """Rule I5: a stay is lifted by the court that ordered it, as long as it is a member."""
    stayed_by = attempt.data.stayed_by
    if stayed_by and stayed_by != attempt.org.id and not is_expelled(attempt, stayed_by):
        raise deny("I5", "E_ROLE", f"the contract was stayed by {stayed_by}")


def j1_offer_may_be_made(attempt: Attempt) -> None:
    """Rule J1: what the contract rests on holds when it is offered."""
    j1_conditions_hold(attempt, pairs_of(attempt.fields.rests_on))


def j1_grounds_still_hold(attempt: Attempt) -> None:
    """Rule J1: what the contract rests on holds when it is signed."""
    j1_conditions_hold(attempt, attempt.data.rests_on)


def subject_key(subject: str) -> bytes:
    """Index from what a contract binds to its number."""
    return index_key("contract-subject", subject)


def missing_signatures(data: ContractData) -> tuple[str, ...]:
    """Parties that have not signed."""
    return tuple(party for party in data.parties if party not in data.signed)


def _party(attempt: Attempt) -> str:
    names = (f"{attempt.org.id}/{attempt.key.person}", attempt.org.id)
    return next((name for name in names if name in attempt.data.parties), "")


def _offer(attempt: Attempt) -> None:
    fields: ContractOffer = attempt.fields
    data = ContractData(
        matter=fields.matter,
        text_hash=fields.text_hash,
        code_hash=fields.code_hash,
        parties=tuple(fields.parties),
        subject=fields.subject,
        rests_on=pairs_of(fields.rests_on),
        due=fields.due,
        due_ms=require_time("due_at", fields.due_at) if fields.due_at else 0,
    )
    attempt.create("OFFERED", data)
    if fields.subject:
        attempt.set_index(subject_key(fields.subject), attempt.envelope.object_id)


def _sign(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, signed=(*attempt.data.signed, _party(attempt)))
    attempt.advance(attempt.existing, "OFFERED" if missing_signatures(data) else "FORMED", data)


def _perform(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "DISCHARGED")
    _free(attempt)


def _change(attempt: Attempt) -> None:
    (new_state,) = attempt.transition.to_states
    stayed_by = attempt.org.id if new_state == "STAYED" else ""
    data = msgspec.structs.replace(attempt.data, reason=attempt.fields.reason, stayed_by=stayed_by)
    attempt.advance(attempt.existing, new_state, data)
    if new_state == "WITHDRAWN":
        _free(attempt)


def _free(attempt: Attempt) -> None:
    if attempt.data.subject:
        attempt.clear_index(subject_key(attempt.data.subject))


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    sentence: Text,
    *rules: RuleFunction,
    apply: RuleFunction = _change,
    role: str = "",
) -> Transition:
    asked = (*rules, g3_state_allows)
    org_roles = (role,) if role else ()
    return change_existing(
        f"contract.{verb}", fields, states, sentence, rules=asked, apply=apply, org_roles=org_roles
    )


TRANSITIONS: Final = (
    Transition(
        verb="contract.offer",
        fields=ContractOffer,
        sentence=Text(
            "{who} puts contract {object} ({matter}) to the parties",
            "{who} 发出合约 {object}（{matter}）",
        ),
        from_states=(),
        to_states=("OFFERED",),
        org_roles=(),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g1_offer_is_well_formed,
            k4_matter_is_not_excluded,
            g3_object_is_new,
            k5_subject_is_free,
            j1_offer_may_be_made,
            g4_version_continues,
        ),
        apply=_offer,
    ),
    _row(
        "sign",
        ContractSign,
        (("OFFERED",), ("OFFERED", "FORMED")),
        Text("{who} signs contract {object}", "{who} 签署合约 {object}"),
        k1_party_signs,
        k1_pair_is_the_offered_one,
        j1_grounds_still_hold,
        apply=_sign,
    ),
    _row(
        "withdraw",
        ContractChange,
        (("OFFERED",), ("WITHDRAWN",)),
        Text("{who} withdraws contract {object} ({reason})", "{who} 撤回合约 {object}（{reason}）"),
        g1_reason_is_given,
        i5_offerer_withdraws,
    ),
    _row(
        "stay",
        ContractChange,
        (("FORMED",), ("STAYED",)),
        Text("{who} stays contract {object} ({reason})", "{who} 中止合约 {object}（{reason}）"),
        g1_reason_is_given,
        role=COURT,
    ),
    _row(
        "resume",
        ContractChange,
        (("STAYED",), ("FORMED",)),
        Text(
            "{who} lifts the stay of contract {object} ({reason})",
            "{who} 解除对合约 {object} 的中止（{reason}）",
        ),
        g1_reason_is_given,
        i5_court_that_stayed,
        role=COURT,
    ),
    _row(
        "perform",
        ContractPerform,
        (("FORMED",), ("DISCHARGED",)),
        Text("{who} performs contract {object}", "{who} 履行合约 {object}"),
        k1_party_signs,
        k1_pair_is_the_offered_one,
        k2_not_stayed,
        k1_what_is_due_is_paid,
        apply=_perform,
    ),
)
