"""Exchanges between two gateways: answers, refusals, and what a killed gateway goes on with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.crypto import digest_chunks
from govchain.errors import Indeterminate, InvalidInput
from govchain.gateway import Answered, Refused
from govchain.gateway.documents import MESSAGE_BYTES_MAX, REFUSAL, Query, seal_answer, sign
from govchain.gateway.ports import Holding, Point
from govchain.gateway.requester import ATTEMPTS_MAX
from govchain.ledger.kinds.exchange.answers import Answer, bound_of, bytes_of_opened, tells_yes
from govchain.ledger.kinds.exchange.fields import ExchangeData, ListedProof
from govchain.ledger.kinds.exchange.sources import source_reference
from govchain.model import TransactionResult
from tests.support.gateway_world import GatewayWorld, PowerCut, holding, question
from tests.support.ledger_world import SUITE, signer_of
from tests.support.sharing_world import CA, DATA, HPF, MARRIAGE, STATUS

REQUESTER_POINTS = (
    Point.ASK_RECEIVED,
    Point.ASK_STORED,
    Point.QUERY_ON_CHAIN,
    Point.QUERY_OUTCOME_STORED,
    Point.ANSWER_ARRIVED,
    Point.ANSWER_KEPT,
    Point.CONFIRMED,
)
PROVIDER_POINTS = tuple(point for point in Point if point not in REQUESTER_POINTS)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GatewayWorld]:
    world = GatewayWorld(tmp_path)
    yield world
    world.close()


def denials(world: GatewayWorld) -> list[TransactionResult]:
    return [result for result in world.chain.results.values() if not result.applied]


def reading_nothing(query: object) -> NoReturn:
    raise AssertionError("a value was read")


async def test_D7_an_answer_is_signed_by_both_sides_and_told_once(world: GatewayWorld) -> None:
    await world.open_item()
    outcome = await world.asking.ask(question())
    assert isinstance(outcome, Answered)
    assert outcome.told == {"status": True}
    record = world.world.record("exchange", "X-1")
    assert record.state == "CONFIRMED"
    assert outcome.transaction == record.last_record_hash.hex()
    assert await world.asking.ask(question()) == outcome
    assert world.world.record("exchange", "X-1") == record
    with pytest.raises(InvalidInput, match="another question"):
        await world.asking.ask(question(subject_ref="chen-at-hpf"))


async def test_J4_an_answer_is_handed_over_as_a_decision_opens_it(world: GatewayWorld) -> None:
    await world.open_item()
    outcome = await world.asking.ask(question())
    assert isinstance(outcome, Answered)
    opened = bytes_of_opened(outcome.document)
    digest = digest_chunks([opened]).sha256
    assert digest == world.world.record("exchange", "X-1").data_as(ExchangeData).answer_sha256
    assert tells_yes(opened, "status")
    assert not tells_yes(opened, "since")


@pytest.mark.parametrize("point", list(Point))
async def test_a_gateway_killed_at_any_point_loses_nothing_and_answers_once(
    world: GatewayWorld, point: Point
) -> None:
    await world.open_item()
    org = HPF if point in REQUESTER_POINTS else CA
    world.kill_at(org, point)
    with pytest.raises(PowerCut):
        await world.asking.ask(question())
    assert world.was_killed(org)
    before = [answer for _, answer in world.wire.seen]
    if org == CA:
        # What was answered before the kill may not change by what is held afterwards.
        held = holding(status="divorced") if world.world.ledger.record("exchange", "X-1") else holding()
        record = world.world.record("exchange", "X-1")
        await world.restart(CA).hold([held if record.state != "QUERIED" else holding()])
    else:
        world.restart(HPF)
    await world.wire.gateways[org].resume()
    outcome = await world.asking.ask(question())
    assert isinstance(outcome, Answered)
    assert outcome.told == {"status": True}
    assert world.answers_on_chain() == 1
    assert world.world.record("exchange", "X-1").state == "CONFIRMED"
    assert {answer for _, answer in world.wire.seen} == {*before, world.wire.seen[-1][1]}
    assert len({answer for _, answer in world.wire.seen}) == 1, "the same query got other bytes"


async def test_G9_a_question_that_another_one_overtook_is_asked_now(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.open_item()
    assert isinstance(await world.asking.ask(question()), Answered)
    before_ms = world.world.now_ms - 600_000
    times = iter([before_ms])
    monkeypatch.setattr(world.chain, "now_ms", lambda: next(times, world.world.now_ms))
    assert isinstance(await world.asking.ask(question(exchange="X-2")), Answered)
    (denied,) = denials(world)
    assert (denied.rule, denied.object_id) == ("G9", "exchange/X-2")
    # A clock that is wrong for good is said, after some attempts.
    monkeypatch.setattr(world.chain, "now_ms", lambda: before_ms)
    outcome = await world.asking.ask(question(exchange="X-3"))
    assert isinstance(outcome, Refused)
    assert (outcome.rule, outcome.code) == ("G9", "E_TIME_ORDER")
    assert len(denials(world)) == 1 + ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"exchange": ""}, "exchange: expected"),
        ({"exchange": "X/1"}, "exchange: expected"),
        ({"exchange": "X\0"}, "exchange: expected"),
        ({"exchange": "婚姻-1"}, "exchange: expected"),
        ({"exchange": "X" * 129}, "exchange: expected"),
        ({"fields": ()}, "0 fields"),
        ({"bounds": (("b", 1),)}, "of a field that is asked for"),
        ({"bounds": (("status", 2**64),)}, "beyond 2"),
        ({"listed": ListedProof(2**70, [])}, "beyond 2"),
        ({"claimed_time_ms": -(2**70)}, "beyond 2"),
        ({"subject_ref": "s" * MESSAGE_BYTES_MAX}, "bytes; expected at most"),
    ],
)
async def test_what_could_never_be_asked_leaves_nothing_behind(
    world: GatewayWorld, changes: dict[str, object], problem: str
) -> None:
    await world.open_item()
    with pytest.raises(InvalidInput, match=problem):
        await world.asking.ask(question(**changes))
    assert world.asking.counts() == {}
    assert await world.asking.resume() == 0


async def test_a_provider_without_an_address_is_not_asked(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.open_item()
    monkeypatch.setattr(world.wire, "knows", lambda provider: False)
    with pytest.raises(InvalidInput, match="add it to `peers`"):
        await world.asking.ask(question())
    assert world.asking.counts() == {}
    assert world.world.ledger.record("exchange", "X-1") is None


async def test_a_lost_answer_is_sent_again_byte_for_byte(world: GatewayWorld) -> None:
    await world.open_item()
    world.wire.lose_answers = 2
    for _ in range(2):
        with pytest.raises(Indeterminate, match="under way"):
            await world.asking.ask(question())
    assert isinstance(await world.asking.ask(question()), Answered)
    assert len(world.wire.seen) == 3
    assert len(set(world.wire.seen)) == 1
    assert world.answers_on_chain() == 1


async def test_a_silent_department_is_tried_once_and_keeps_nobody_waiting(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.open_item()
    giving = world.wire.gateways.pop(CA)
    for number in ("X-1", "X-2", "X-3"):
        with pytest.raises(Indeterminate):
            await world.asking.ask(question(exchange=number))
    world.wire.tried.clear()
    assert await world.asking.resume() == 3
    assert world.wire.tried == [CA]
    world.wire.gateways[CA] = giving
    for module in ("store", "gateway"):
        monkeypatch.setattr(f"govchain.gateway.{module}.RESUMED_MAX", 1)
    # So many at a time, and each round goes on where the last one ended.
    assert [await world.asking.resume() for _ in range(4)] == [2, 1, 0, 0]
    assert world.world.record("exchange", "X-3").state == "CONFIRMED"


async def test_a_silent_chain_delays_an_exchange_and_ends_nothing(world: GatewayWorld) -> None:
    await world.open_item()
    world.kill_at(HPF, Point.ASK_STORED)
    with pytest.raises(PowerCut):
        await world.asking.ask(question())
    world.restart(HPF)
    world.chain.is_silent = True
    assert await world.asking.resume() == 1
    world.chain.is_silent = False
    assert await world.asking.resume() == 0
    assert world.world.record("exchange", "X-1").state == "CONFIRMED"


@pytest.mark.parametrize(
    ("changes", "rule", "code"),
    [
        ({"grant": "G-9"}, "D2", "E_NO_GRANT"),
        ({"purpose": "marketing"}, "D2", "E_PURPOSE"),
        ({"fields": ("status", "since")}, "D2", "E_SCOPE_FIELD"),
        ({"mode": "value"}, "D9", "E_SCOPE_FIELD"),
    ],
)
async def test_D2_beyond_the_grant_the_chain_denies_and_the_provider_hears_nothing(
    world: GatewayWorld, changes: dict[str, object], rule: str, code: str
) -> None:
    await world.open_item()
    outcome = await world.asking.ask(question(**changes))
    assert isinstance(outcome, Refused)
    assert (outcome.rule, outcome.code) == (rule, code)
    assert world.wire.seen == []


@pytest.mark.parametrize("is_known", [True, False])
async def test_D2_a_query_that_is_not_on_the_chain_gets_the_refusal_whoever_is_held(
    world: GatewayWorld, is_known: bool
) -> None:
    await world.open_item()
    asked = question() if is_known else question(subject_ref="nobody-at-hpf")
    world.kill_at(HPF, Point.ASK_STORED)
    with pytest.raises(PowerCut):
        await world.asking.ask(asked)
    row = world.asking._office.store.exchange("asked", "X-1")
    assert row is not None
    message = world.asking._office.vault.open(row.message, "asked/X-1/message")
    assert await world.giving.handle(message) == REFUSAL
    assert await world.giving.handle(message + b"x") == REFUSAL
    assert await world.giving.handle(b"") == REFUSAL
    assert world.giving._office.store.exchange("gave", "X-1") is None


@pytest.mark.parametrize("is_known", [True, False])
async def test_D11_a_consent_revoked_before_the_answer_is_refused_on_record(
    world: GatewayWorld, is_known: bool
) -> None:
    world.world.publish(needs_consent=True)
    world.world.grant()
    assert world.world.consent().applied
    if is_known:
        await world.giving.hold([holding()])
    world.kill_at(CA, Point.QUERY_RECEIVED)
    with pytest.raises(PowerCut):
        await world.asking.ask(question(consent="C-1"))
    world.world.must("consent.revoke", "wang-at-hpf", "C-1")
    assert denials(world) == []
    outcome = await world.asking.ask(question(consent="C-1"))
    query = world.world.ledger.record("exchange", "X-1")
    assert query is not None
    assert outcome == Refused(
        exchange="X-1",
        rule="",
        code="E_REFUSED",
        detail="the providing department did not answer",
        transaction=query.last_record_hash.hex(),
    )
    assert world.wire.seen[-1][1] == REFUSAL
    (last,) = denials(world)
    assert (last.rule, last.code) == ("D11", "E_CONSENT_MISSING")
    (use,) = await world.asking.uses("wang-at-hpf")
    assert (use.outcome, use.consent) == ("refused", "C-1")


@pytest.mark.parametrize("point", [point for point in PROVIDER_POINTS if point is not Point.DELIVERED])
async def test_G8_a_provider_killed_while_it_refuses_is_denied_once(
    world: GatewayWorld, point: Point
) -> None:
    await world.open_item(fields=["since"], modes=["threshold"])
    asked = question(fields=("since",), mode="threshold", bounds=(("since", 2013),))
    world.kill_at(CA, point)
    with pytest.raises(PowerCut):
        await world.asking.ask(asked)
    assert world.was_killed(CA)
    await world.restart(CA).resume()
    outcome = await world.asking.ask(asked)
    assert isinstance(outcome, Refused)
    assert outcome.code == "E_REFUSED"
    assert [result.rule for result in denials(world)] == ["D9"]
    assert {answer for _, answer in world.wire.seen} == {REFUSAL}


async def test_an_answer_about_nobody_is_as_long_as_any_other_and_as_a_refusal(world: GatewayWorld) -> None:
    await world.open_item()
    known = await world.asking.ask(question())
    unknown = await world.asking.ask(question(exchange="X-2", subject_ref="nobody-at-hpf"))
    assert isinstance(known, Answered)
    assert isinstance(unknown, Answered)
    assert unknown.told == {"status": None}
    assert {len(answer) for _, answer in world.wire.seen} == {len(REFUSAL)}


async def test_D9_a_threshold_is_told_as_yes_or_no_and_only_for_offered_bounds(world: GatewayWorld) -> None:
    await world.open_item(fields=["since"], modes=["threshold"])
    asked = question(fields=("since",), mode="threshold", bounds=(("since", 2010),))
    outcome = await world.asking.ask(asked)
    assert isinstance(outcome, Answered)
    assert outcome.told == {"since": True}
    assert bound_of(bytes_of_opened(outcome.document), "since") == 2010
    halved = question(exchange="X-2", fields=("since",), mode="threshold", bounds=(("since", 2013),))
    assert isinstance(await world.asking.ask(halved), Refused)
    (denied,) = denials(world)
    assert (denied.rule, denied.code) == ("D9", "E_SCOPE_FIELD")


@pytest.mark.parametrize("is_known", [True, False])
async def test_D9_G8_a_field_that_is_granted_and_not_offered_is_refused_on_record(
    world: GatewayWorld, is_known: bool
) -> None:
    world.world.publish(fields=[STATUS, {**STATUS, "name": "children", "element": "person.children"}])
    world.world.grant(fields=["status", "children"])
    await world.giving.hold([holding()])
    asked = question(fields=("status", "children"))
    if not is_known:
        asked = question(fields=("status", "children"), subject_ref="nobody-at-hpf")
    world.giving._holdings.tell = reading_nothing  # type: ignore[method-assign]
    outcome = await world.asking.ask(asked)
    assert isinstance(outcome, Refused)
    assert (outcome.rule, outcome.code) == ("", "E_REFUSED")
    assert world.wire.seen[-1][1] == REFUSAL
    (denied,) = denials(world)
    assert (denied.rule, denied.code, denied.object_id) == ("D9", "E_SCOPE_FIELD", "exchange/X-1")
    assert denied.detail == f"{CA} does not offer children as yes-no"
    assert world.world.record("exchange", "X-1").state == "QUERIED"
    if is_known:
        (use,) = await world.giving.uses("wang-at-ca")
        assert (use.outcome, use.rule, use.code) == ("refused", "D9", "E_SCOPE_FIELD")
    assert await world.asking.ask(asked) == outcome
    assert len(denials(world)) == 1, "refused once, whoever asks again"


async def test_an_answer_of_another_gateway_is_not_taken(world: GatewayWorld) -> None:
    await world.open_item()
    world.kill_at(HPF, Point.ANSWER_ARRIVED)
    with pytest.raises(PowerCut):
        await world.asking.ask(question())
    (_, answer), *_ = world.wire.seen
    flipped = answer[:-1] + bytes([answer[-1] ^ 1])

    async def send(provider: str, message: bytes) -> bytes:
        return flipped

    world.asking._requester._peers.send = send  # type: ignore[method-assign]
    with pytest.raises(InvalidInput, match="does not open"):
        await world.asking.ask(question())


async def test_D7_an_answer_about_another_bound_than_was_asked_is_not_taken(world: GatewayWorld) -> None:
    await world.open_item(fields=["since"], modes=["threshold"])
    body = world.giving._provider._answer_body
    about_less = (("since", 1),)

    def lowered(query: Query, told: Any) -> bytes:
        return encode(msgspec.structs.replace(decode(body(query, told), Answer), bounds=about_less))

    world.giving._provider._answer_body = lowered  # type: ignore[method-assign]
    asked = question(fields=("since",), mode="threshold", bounds=(("since", 2010),))
    with pytest.raises(InvalidInput, match="other bounds"):
        await world.asking.ask(asked)


async def test_D7_an_answer_that_is_not_the_one_on_the_chain_is_not_taken(world: GatewayWorld) -> None:
    await world.open_item()
    vault, store = world.giving._office.vault, world.giving._office.store
    world.kill_at(CA, Point.ANSWER_LOGGED)
    with pytest.raises(PowerCut):
        await world.asking.ask(question())
    row = store.exchange("gave", "X-1")
    assert row is not None
    # Whoever holds the provider's database and key tells something else than what was logged.
    answer = Answer(
        chain_id=world.chain.chain_id,
        exchange="X-1",
        query_sha256=world.world.record("exchange", "X-1").data_as(ExchangeData).query_sha256,
        requester=HPF,
        provider=CA,
        mode="yes-no",
        told=(("status", False),),
        bounds=(),
        salt=bytes(16),
    )
    forged = seal_answer(sign(signer_of("ca-gateway"), encode(answer)), world.asking._office.vault.answer_key)
    store.put_exchange(replace(row, answer=vault.seal(forged, "gave/X-1/answer")))
    with pytest.raises(InvalidInput, match="not the one whose hash is on the chain"):
        await world.asking.ask(question())


async def test_D11_a_consent_revoked_before_the_answer_is_not_read_for(world: GatewayWorld) -> None:
    world.world.publish(needs_consent=True)
    world.world.grant()
    assert world.world.consent().applied
    await world.giving.hold([holding()])
    world.kill_at(CA, Point.QUERY_RECEIVED)
    with pytest.raises(PowerCut):
        await world.asking.ask(question(consent="C-1"))
    world.world.must("consent.revoke", "wang-at-hpf", "C-1")

    world.giving._holdings.tell = reading_nothing  # type: ignore[method-assign]
    assert isinstance(await world.asking.ask(question(consent="C-1")), Refused)


async def test_D10_a_correction_reveals_the_key_of_the_wrong_answers_alone(world: GatewayWorld) -> None:
    await world.open_item()
    await world.asking.ask(question())
    revealed = bytes.fromhex(await world.giving.correct(holding(status="divorced")))
    again = holding(status="divorced")
    assert bytes.fromhex(await world.giving.correct(again)) == revealed, "nobody got anything in between"
    first = world.world.record("exchange", "X-1").data_as(ExchangeData).source_ref
    assert first == source_reference(SUITE, revealed, HPF)
    outcome = await world.asking.ask(question(exchange="X-2"))
    assert isinstance(outcome, Answered)
    assert outcome.told == {"status": False}
    assert world.world.record("exchange", "X-2").data_as(ExchangeData).source_ref != first
    with pytest.raises(InvalidInput, match="nothing is held"):
        await world.giving.correct(Holding(item=MARRIAGE, person="x", values={}))


async def test_D10_true_is_corrected_to_the_number_one(world: GatewayWorld) -> None:
    await world.open_item()
    keys = [await world.giving.correct(holding(status=value)) for value in (True, 1, 1)]
    assert keys[0] != keys[1] == keys[2]


async def test_I3_nothing_is_held_under_a_plain_number(world: GatewayWorld) -> None:
    good, number = holding(), "110102199101010078"
    for wrong in (
        msgspec.structs.replace(good, person=number),
        msgspec.structs.replace(good, known_as={HPF: number}),
    ):
        with pytest.raises(InvalidInput, match=r"holding 1: .*rule I3") as caught:
            await world.giving.hold([good, wrong])
        assert number not in str(caught.value)


async def test_rows_at_rest_hold_no_name_and_open_with_the_secret_alone(
    world: GatewayWorld, tmp_path: Path
) -> None:
    await world.open_item()
    await world.asking.ask(question())
    world.close()
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        for name in (b"wang-at", b"married", b"status", MARRIAGE.encode(), DATA.encode()):
            assert name not in data, (path, name)
        assert path.stat().st_mode & 0o077 == 0
