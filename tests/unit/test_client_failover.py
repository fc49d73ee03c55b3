"""The client over several validators: fail-over, lost answers, and what may be said afterwards."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from govchain.api import ApiLimits, ApiServer, serve
from govchain.client import Admission, Client, FinalEvent, TransactionStatus
from govchain.crypto import transaction_id
from govchain.errors import (
    ConfigError,
    Indeterminate,
    InvalidInput,
    InvalidTransaction,
    StorageFailure,
    Unavailable,
)
from govchain.model import Transaction
from tests.support.fake_validator import (
    AMR,
    CLERK,
    COURT,
    MAKER,
    STRANGER,
    SUITE,
    FakeNetwork,
    FakeValidator,
    deposit_payload,
    make_genesis,
)
from tests.support.lossy_validator import http_answer, lossy_port


def refused_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{holder.getsockname()[1]}"


@asynccontextmanager
async def serving(*validators: FakeValidator) -> AsyncIterator[list[str]]:
    servers: list[ApiServer] = []
    for validator in validators:
        servers.append(await serve(validator, "127.0.0.1", 0, ApiLimits(shutdown_timeout_s=0.5)))
    try:
        yield [server.url for server in servers]
    finally:
        for server in servers:
            await server.close()


def client(urls: list[str], network: FakeNetwork) -> Client:
    return Client(urls, genesis=network.genesis, retry_pause_s=0.0, timeout_s=5.0)


def deposit(network: FakeNetwork, nonce: int = 0) -> Transaction:
    signer = network.signer(COURT, CLERK)
    return signer.build("evidence.deposit", deposit_payload(f"EV-{nonce}"), expiry_height=9, nonce=nonce)


async def test_dead_validator_is_passed_over() -> None:
    network = FakeNetwork()
    async with serving(network.validators()[0]) as (url,), client([refused_url(), url], network) as chain:
        (admission,) = await chain.submit([deposit(network)])
        assert admission.status == "admitted"
        assert (await chain.status()).name == "validator-0"


@pytest.mark.parametrize("encoding", ["msgpack", "json"])
async def test_both_encodings_submit_the_same(encoding: str) -> None:
    network = FakeNetwork()
    transaction = deposit(network)
    async with serving(network.validators()[0]) as urls, client(urls, network) as chain:
        (admission,) = await chain.submit([transaction], encoding=encoding)
    assert admission.id == transaction_id(SUITE, transaction)


async def test_no_validator_at_all_is_definite() -> None:
    network = FakeNetwork()
    async with client([refused_url(), refused_url()], network) as chain:
        with pytest.raises(Unavailable) as caught:
            await chain.submit([deposit(network)])
    assert str(caught.value).count("http://127.0.0.1") == 2


async def test_what_all_validators_say_alike_is_said_once() -> None:
    network = FakeNetwork()
    async with serving(*network.validators()[:2]) as urls, client(urls, network) as chain:
        with pytest.raises(Unavailable) as caught:
            await chain.receipt(bytes(32))
    text = str(caught.value)
    assert text.count("not known here") == 1
    assert all(url in text for url in urls)


async def test_lost_answer_and_nobody_else_is_indeterminate() -> None:
    network = FakeNetwork()
    async with lossy_port(admit_to=network) as lossy, client([lossy.url], network) as chain:
        with pytest.raises(Indeterminate):
            await chain.submit([deposit(network)])
    assert len(network.pool) == 1, "it did happen"


async def test_lost_answer_is_retried_with_the_same_bytes_elsewhere() -> None:
    network = FakeNetwork()
    transaction = deposit(network)
    async with (
        lossy_port(admit_to=network) as lossy,
        serving(network.validators()[1]) as (url,),
        client([lossy.url, url], network) as chain,
    ):
        (admission,) = await chain.submit([transaction])
    assert admission.status == "known"
    assert admission.id == transaction_id(SUITE, transaction)


async def test_refusal_after_a_lost_answer_is_checked_by_id() -> None:
    # The first validator admitted it and the chain executed it; the second one's pool says "nonce used".
    network = FakeNetwork()
    transaction = deposit(network)
    validator = network.validators()[1]
    network.admit(transaction)
    network.finalise()
    answer = {"transactions": [{"id": "", "status": "rejected", "code": "nonce-used", "detail": ""}]}
    problem = http_answer(msgspec.json.encode(answer), status="409 Conflict")
    async with (
        lossy_port() as lost,
        lossy_port(answer=problem) as refusing,
        serving(validator) as (url,),
        client([lost.url, refusing.url, url], network) as chain,
    ):
        # Status is asked where the refusal came from; that port cannot tell, so the third one is asked.
        (admission,) = await chain.submit([transaction])
    assert admission.status == "known"


async def test_refusal_after_a_lost_answer_that_nobody_can_explain_is_unknown() -> None:
    network = FakeNetwork(make_genesis(pool_records_max=1))
    network.admit(deposit(network, 7))
    wanted, stable = deposit(network, 1), Transaction(deposit(network, 2).body, bytes(64))
    async with (
        lossy_port() as lossy,
        serving(network.validators()[1]) as (url,),
        client([lossy.url, url], network) as chain,
    ):
        network.pool.remove([transaction_id(SUITE, deposit(network, 7))])
        late = network.signer(COURT, CLERK).build(
            "evidence.deposit", deposit_payload("EV-9"), expiry_height=0, nonce=9
        )
        admissions = await chain.submit([late, stable, wanted])
    assert [each.status for each in admissions] == ["unknown", "rejected", "admitted"]
    assert [each.code for each in admissions] == ["indeterminate", "bad-signature", ""]


async def test_failing_validator_is_passed_over_and_leaves_doubt() -> None:
    network = FakeNetwork()
    broken, sound = network.validators()[:2]
    broken.failure = StorageFailure("disk")
    async with serving(broken, sound) as urls, client(urls, network) as chain:
        (admission,) = await chain.submit([deposit(network)])
        assert admission.status == "admitted"
    async with serving(broken) as urls, client(urls, network) as chain:
        with pytest.raises(Indeterminate):
            await chain.submit([deposit(network, 5)])
        with pytest.raises(Unavailable):
            await chain.status()


class Waited(FakeValidator):
    """Says how long it was asked to wait; one that is stuck answers nobody who waits."""

    is_stuck = False

    def __init__(self, network: FakeNetwork, index: int) -> None:
        super().__init__(network, index)
        self.asked_ms: list[int] = []

    async def wait_final(self, wanted: bytes, timeout_ms: int) -> TransactionStatus | None:
        self.asked_ms.append(timeout_ms)
        if self.is_stuck:
            await asyncio.Event().wait()
        return await super().wait_final(wanted, timeout_ms)


@pytest.mark.parametrize(("patience_s", "poll_ms"), [(60.0, 2_000), (3.0, 1_500)])
async def test_situation_51_no_validator_gets_all_the_patience(patience_s: float, poll_ms: int) -> None:
    network = FakeNetwork(instant=True)
    validator = Waited(network, 0)
    async with serving(validator) as urls, client(urls, network) as chain:
        await chain.submit_and_wait(deposit(network), timeout_s=patience_s, certified=False)
    assert validator.asked_ms == [poll_ms]


async def test_situation_51_whoever_asks_again_hears_another_validator() -> None:
    network = FakeNetwork(instant=True)
    stuck, sound = Waited(network, 0), Waited(network, 1)
    stuck.is_stuck = True
    async with serving(stuck, sound) as urls, client(urls, network) as chain:
        with pytest.raises(Indeterminate):
            await chain.submit_and_wait(deposit(network), timeout_s=0.05, certified=False)
        status = await chain.submit_and_wait(deposit(network), certified=False)
    assert status.status == "final"
    assert len(sound.asked_ms) == 1
    assert len(stuck.asked_ms) <= 1


async def test_RQ5_full_pools_everywhere_are_unavailable() -> None:
    network = FakeNetwork(make_genesis(pool_records_max=1))
    network.admit(deposit(network, 7))
    async with serving(*network.validators()[:2]) as urls, client(urls, network) as chain:
        with pytest.raises(Unavailable) as caught:
            await chain.submit([deposit(network)])
    assert "waiting" in str(caught.value)


NONSENSE = {
    "no json": http_answer(b"<html>"),
    "no admissions": http_answer(b"{}"),
    "too few": http_answer(b'{"transactions": []}'),
    "another id": http_answer(b'{"transactions": [{"id": "ab", "status": "admitted"}]}'),
    "new status": http_answer(b'{"transactions": [{"id": "", "status": "maybe"}]}'),
    "bare 502": http_answer(b"bad gateway", status="502 Bad Gateway", media_type="text/plain"),
    "redirect": http_answer(b"", status="302 Found"),
    "broken http": b"\x00\x01\x02\r\n\r\n",
    "cut short": http_answer(b"{}")[:-1],
}


@pytest.mark.parametrize("case", NONSENSE)
async def test_nonsense_is_passed_over(case: str) -> None:
    network = FakeNetwork()
    async with (
        lossy_port(answer=NONSENSE[case]) as mad,
        serving(network.validators()[0]) as (url,),
        client([mad.url, url], network) as chain,
    ):
        (admission,) = await chain.submit([deposit(network)])
        assert (admission.status, admission.id) == ("admitted", transaction_id(SUITE, deposit(network)))
        assert len(mad.requests) == 1


async def test_wrong_request_is_not_asked_twice() -> None:
    network = FakeNetwork()
    first, second = network.validators()[:2]
    async with serving(first, second) as urls, client(urls, network) as chain:
        with pytest.raises(InvalidInput) as caught:
            await chain.submit([deposit(network)] * 1_001)
    assert caught.value.code == "batch-too-large"
    assert not first.submissions
    assert not second.submissions


async def test_rejections_are_answers_in_a_batch_and_errors_alone() -> None:
    network = FakeNetwork()
    forged = Transaction(deposit(network).body, bytes(64))
    async with serving(network.validators()[0]) as urls, client(urls, network) as chain:
        admissions = await chain.submit([forged, deposit(network, 1)])
        assert [each.status for each in admissions] == ["rejected", "admitted"]
        (alone,) = await chain.submit([forged])
        assert (alone.status, alone.code) == ("rejected", "bad-signature")
        with pytest.raises(InvalidTransaction) as caught:
            await chain.submit_and_wait(forged)
    assert caught.value.code == "bad-signature"


async def test_events_go_on_at_the_next_validator_without_gap_or_repeat() -> None:
    network = FakeNetwork()
    validators = network.validators()[:2]
    async with serving(*validators) as urls, client(urls, network) as chain:
        for _ in range(2):
            network.finalise()
        heights = []
        async for event in chain.events(1):
            heights.append(event.height)
            if event.height in (2, 4):
                validators[0].end_streams()
                network.finalise()
                network.finalise()
            if event.height == 6:
                break
    assert heights == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("heights", [(1, 1), (1, 3), (2,)])
async def test_stream_with_a_gap_or_a_repeat_is_left(heights: tuple[int, ...]) -> None:
    network = FakeNetwork()
    for _ in range(3):
        network.finalise()

    class Confused(FakeValidator):
        async def events(self, from_height: int | None = None) -> AsyncIterator[FinalEvent]:
            for height in heights:
                yield FinalEvent(height=height, time_ms=0, results=(), kinds=())

    confused, sound = Confused(network, 0), network.validators()[1]
    async with serving(confused, sound) as urls, client(urls, network) as chain:
        seen = []
        async for event in chain.events(1):
            seen.append(event.height)
            if event.height == 3:
                break
    assert seen == [1, 2, 3]


async def test_events_end_when_no_validator_streams() -> None:
    network = FakeNetwork()
    async with client([refused_url(), refused_url()], network) as chain:
        with pytest.raises(Unavailable):
            await anext(aiter(chain.events(1)))


async def test_open_signer_starts_at_the_chain_s_nonce() -> None:
    network = FakeNetwork()
    async with serving(network.validators()[0]) as urls, client(urls, network) as chain:
        network.admit(deposit(network, 0))
        network.finalise()
        signer = await chain.open_signer(COURT, CLERK)
        assert (signer.next_nonce, signer.chain_id, signer.key_id) == (1, network.chain_id, CLERK.key_id)
        assert (await chain.open_signer(AMR, MAKER)).next_nonce == 0
        with pytest.raises(InvalidTransaction) as caught:
            await chain.open_signer(AMR, STRANGER)
    assert caught.value.code == "unknown-key"


@pytest.mark.parametrize("url", ["", "host:80", "ftp://host", "http://", "http://h:x", "http://h/?a=1"])
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        Client([url])


async def test_client_must_be_opened_and_have_addresses() -> None:
    with pytest.raises(ConfigError):
        Client([])
    with pytest.raises(ConfigError):
        await Client(["http://127.0.0.1:1"]).status()


class SwallowingValidator(FakeValidator):
    """Admits everything and tells nobody."""

    def submit(self, transactions: Sequence[Transaction]) -> list[Admission]:
        self.submissions.append(transactions)
        return [Admission(transaction_id(SUITE, each), "admitted") for each in transactions]

    def transaction(self, wanted: bytes) -> TransactionStatus | None:
        return TransactionStatus(wanted, "pending")


async def test_situation_51_what_a_faulty_validator_keeps_to_itself_is_handed_to_another_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("govchain.client.client.POLL_MS", 20)
    network = FakeNetwork(instant=True)
    swallowing, honest = SwallowingValidator(network, 0), FakeValidator(network, 1)
    async with serving(swallowing, honest) as urls, client(urls, network) as chain:
        final = await chain.submit_and_wait(deposit(network))
        assert (final.status, final.height) == ("final", 1)
        assert len(swallowing.submissions) == len(honest.submissions) == 1
        assert network.ledger.transaction_count == 1
