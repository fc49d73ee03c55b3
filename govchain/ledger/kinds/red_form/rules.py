"""Rules and life cycle of red-letter forms 红字发票信息确认单 (records.md 1.3; rules T3, T4, T9).

DRAFT → WAIT_PEER → CONFIRMED | REJECTED | WITHDRAWN | AUTO_VOID; CONFIRMED → RED_ISSUED with its red invoice.
The 72 hours are counted in claimed times, which never run back on one form; the chain does nothing by itself.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.identifiers import format_time
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.invoice.standing import AMOUNTS, INVOICE, left_of
from govchain.ledger.kinds.red_form.fields import (
    OPEN_STATES,
    RED_FORM,
    RedFormData,
    RedFormOpen,
    RedFormStep,
    confirm_until_ms,
    form_state_at,
)
from govchain.ledger.kinds.taxpayer import TAX_AUTHORITY
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    require_room,
    require_time_order,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RecordState, index_key

REASONS: Final = ("return", "error", "stopped", "discount")


def g1_form_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the reason is a known one, and amounts are amounts above 0 that add up."""
    fields: RedFormOpen = attempt.fields
    if fields.reason not in REASONS:
        raise deny("G1", "E_PAYLOAD", f"fields.reason: expected one of {', '.join(REASONS)}")
    cents = {}
    for name in AMOUNTS:
        try:
            cents[name] = parse_cents(getattr(fields, name))
        except ValueError as error:
            raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error
    if min(cents["net"], cents["tax"]) < 0 or cents["gross"] <= 0:
        raise deny("G1", "E_PAYLOAD", "fields.gross: expected amounts above 0")
    if cents["net"] + cents["tax"] != cents["gross"]:
        raise deny("G1", "E_PAYLOAD", "fields.gross: net and tax do not make gross")


def t3_form_is_about_a_blue_invoice(attempt: Attempt) -> None:
    """Rule T3: a form is about one Chinese blue invoice that is on the chain and not void."""
    blue, data = _blue(attempt)
    if data.standard != "CN" or blue.state == "VOID":
        raise deny("T3", "E_STATE", "the blue invoice is void, or no Chinese one")
    if data.is_red:
        raise deny("T3", "E_RED_OF_RED", f"{blue.object_id} is itself a red invoice")
    # The 72 hours would begin before the invoice was what it is.
    require_time_order(attempt, blue)


def t3_blue_is_not_void(attempt: Attempt) -> None:
    """Rule T3: a form about an invoice that inspection voided goes no further; it can be withdrawn."""
    blue, _ = _blue(attempt)
    if blue.state == "VOID":
        raise deny("T3", "E_STATE", "the blue invoice is void")


def t3_form_within_blue(attempt: Attempt) -> None:
    """Rule T3: a form asks for no more than what is left of the blue invoice."""
    _, data = _blue(attempt)
    for name in AMOUNTS:
        wanted, left = parse_cents(getattr(attempt.fields, name)), left_of(data, name)
        if wanted > left:
            raise deny(
                "T3",
                "E_RED_EXCEEDS",
                f"{name} {format_cents(wanted)} exceeds the {format_cents(left)} left of the blue invoice",
            )


def t4_requester_is_a_side(attempt: Attempt) -> None:
    """Rule T4: seller or buyer of the blue invoice asks, nobody else."""
    _, data = _blue(attempt)
    if attempt.org.id not in (data.seller_ref, data.buyer_ref):
        raise deny("T4", "E_ROLE", "only seller or buyer of the blue invoice asks to take it back")


def t4_no_rebate(attempt: Attempt) -> None:
    """Rule T4: an invoice that is selected for a rebate is rolled back before it is taken back."""
    blue, data = _blue(attempt)
    if data.use == "REBATE_SELECTED":
        raise deny("T4", "E_STATE", f"{blue.object_id} is selected for a rebate; roll that back first")


def t4_one_open_form(attempt: Attempt) -> None:
    """Rule T4: there is one open form for each blue invoice."""
    other = _open_form(attempt)
    if other is None:
        return
    if form_state_at(other, attempt.claimed_time_ms) in OPEN_STATES:
        raise deny("T4", "E_STATE", f"form {other.object_id} is open for this invoice")
    require_room(other)


def t9_form_is_not_for_locked(attempt: Attempt) -> None:
    """Rule T9: while tax inspection holds an invoice, nobody asks or agrees to take it back."""
    blue, data = _blue(attempt)
    if data.hold == "LOCKED":
        raise deny("T9", "E_LOCKED", f"{blue.object_id} is locked by tax inspection")


def t4_requester_acts(attempt: Attempt) -> None:
    """Rule T4: a form is sent and withdrawn by the side that made it."""
    if _data(attempt).requester != attempt.org.id:
        raise deny("T4", "E_ROLE", "the other side made this form")


def t4_peer_answers(attempt: Attempt) -> None:
    """Rule T4: a form is confirmed or rejected by the side that did not make it."""
    data = _data(attempt)
    if attempt.org.id == data.requester or attempt.org.id not in (data.seller_ref, data.buyer_ref):
        raise deny("T4", "E_ROLE", "only the other side of the invoice answers this form")


def t4_answer_is_in_time(attempt: Attempt) -> None:
    """Rule T4: the other side answers within 72 hours."""
    until_ms = confirm_until_ms(attempt.existing)
    if attempt.claimed_time_ms > until_ms:
        raise deny("T4", "E_CONFIRM_TIMEOUT", f"the form is void since {format_time(until_ms)}")


def t4_time_is_over(attempt: Attempt) -> None:
    """Rule T4: a form lapses when 72 hours are over, not before."""
    until_ms = confirm_until_ms(attempt.existing)
    if attempt.claimed_time_ms <= until_ms:
        raise deny("T4", "E_STATE", f"the other side may answer until {format_time(until_ms)}")


def t4_lapse_is_of_a_side(attempt: Attempt) -> None:
    """Rule T4: both sides and the tax authority may record that a form has lapsed."""
    data = _data(attempt)
    is_side = attempt.org.id in (data.seller_ref, data.buyer_ref)
    if not is_side and not attempt.has_org_role(TAX_AUTHORITY):
        raise deny("T4", "E_ROLE", "only seller, buyer or tax authority record the lapse of a form")


def _data(attempt: Attempt) -> RedFormData:
    assert isinstance(attempt.data, RedFormData)
    return attempt.data


def _blue(attempt: Attempt) -> tuple[RecordState, InvoiceData]:
    number = attempt.fields.blue if isinstance(attempt.fields, RedFormOpen) else _data(attempt).blue
    blue = attempt.access.record(INVOICE, number)
    if blue is None:
        raise deny("T3", "E_STATE", "the blue invoice is not on the chain")
    return blue, blue.data_as(InvoiceData)


def _open_key(blue: str) -> bytes:
    return index_key("red-form-open", blue)


def _open_form(attempt: Attempt) -> RecordState | None:
    number = attempt.access.indexed(_open_key(attempt.fields.blue))
    form = attempt.access.record(RED_FORM, number) if number else None
    return form if form is not None and form.state in OPEN_STATES else None


def _open(attempt: Attempt) -> None:
    fields: RedFormOpen = attempt.fields
    lapsed = _open_form(attempt)
    if lapsed is not None:
        attempt.advance(lapsed, "AUTO_VOID")
    _, blue = _blue(attempt)
    data = RedFormData(
        blue=fields.blue,
        seller_ref=blue.seller_ref,
        buyer_ref=blue.buyer_ref,
        requester=attempt.org.id,
        net=fields.net,
        tax=fields.tax,
        gross=fields.gross,
        reason=fields.reason,
    )
    (new_state,) = attempt.transition.to_states
    attempt.create(new_state, data)
    attempt.set_index(_open_key(fields.blue), attempt.envelope.object_id)


def _step(attempt: Attempt) -> None:
    (new_state,) = attempt.transition.to_states
    attempt.advance(attempt.existing, new_state)


def _first(verb: str, new_state: str, sentence: Text) -> Transition:
    return Transition(
        verb=f"invoice.{verb}",
        fields=RedFormOpen,
        sentence=sentence,
        from_states=(),
        to_states=(new_state,),
        org_roles=(),
        key_roles=(),
        rules=(
            g1_form_is_well_formed,
            g3_object_is_new,
            t3_form_is_about_a_blue_invoice,
            t4_requester_is_a_side,
            t9_form_is_not_for_locked,
            t4_no_rebate,
            t4_one_open_form,
            t3_form_within_blue,
            g4_version_continues,
        ),
        apply=_open,
    )


def _next(
    verb: str,
    from_states: tuple[str, ...],
    to_state: str,
    sentence: Text,
    *rules: RuleFunction,
    late: RuleFunction,
) -> Transition:
    """A row about a form that is there; the late rule is asked after that of the state."""
    return Transition(
        verb=f"invoice.{verb}",
        fields=RedFormStep,
        sentence=sentence,
        from_states=from_states,
        to_states=(to_state,),
        org_roles=(),
        key_roles=(),
        rules=(g3_object_exists, *rules, g3_state_allows, late, g4_version_continues),
        apply=_step,
    )


TRANSITIONS: Final = (
    _first(
        "red_draft",
        "DRAFT",
        Text(
            "{who} drafts form {object} to take back {gross} of {blue}",
            "{who} 草拟确认单 {object}，拟冲减 {blue} {gross}",
        ),
    ),
    _first(
        "red_request",
        "WAIT_PEER",
        Text(
            "{who} asks by form {object} to take back {gross} of {blue}",
            "{who} 以确认单 {object} 申请冲减 {blue} {gross}",
        ),
    ),
    _next(
        "red_send",
        ("DRAFT",),
        "WAIT_PEER",
        Text("{who} sends form {object}", "{who} 发出确认单 {object}"),
        t4_requester_acts,
        t3_blue_is_not_void,
        late=t9_form_is_not_for_locked,
    ),
    _next(
        "red_confirm",
        ("WAIT_PEER",),
        "CONFIRMED",
        Text("{who} confirms form {object}", "{who} 确认 {object}"),
        t4_peer_answers,
        t3_blue_is_not_void,
        t9_form_is_not_for_locked,
        late=t4_answer_is_in_time,
    ),
    _next(
        "red_reject",
        ("WAIT_PEER",),
        "REJECTED",
        Text("{who} rejects form {object}", "{who} 否认 {object}"),
        t4_peer_answers,
        late=t4_answer_is_in_time,
    ),
    _next(
        "red_withdraw",
        OPEN_STATES,
        "WITHDRAWN",
        Text("{who} withdraws form {object}", "{who} 撤回 {object}"),
        t4_requester_acts,
        late=t9_form_is_not_for_locked,
    ),
    _next(
        "red_lapse",
        ("WAIT_PEER",),
        "AUTO_VOID",
        Text("{who} records that form {object} has lapsed", "{who} 登记确认单 {object} 超时作废"),
        t4_lapse_is_of_a_side,
        late=t4_time_is_over,
    ),
)
