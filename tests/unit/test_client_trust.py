"""What the client believes: proofs against a genesis, never one validator's word unless asked to."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from govchain.client import Client, RecordRead
from govchain.crypto import transaction_id
from govchain.errors import BadProof, ConfigError, Indeterminate, InvalidTransaction, Unavailable
from govchain.model import Transaction
from govchain.receipt import Receipt, RecordProof, verify_receipt
from tests.support.fake_validator import (
    CLERK,
    COURT,
    SUITE,
    FakeNetwork,
    FakeValidator,
    certify,
    deposit_payload,
    make_genesis,
)
from tests.unit.test_client_failover import client, deposit, refused_url, serving


class LyingValidator(FakeValidator):
    """Shows another chain's certificate votes: everything fits but the quorum."""

    def receipt(self, wanted: bytes) -> Receipt | None:
        receipt = super().receipt(wanted)
        if receipt is None:
            return None
        return msgspec.structs.replace(receipt, certificate=certify(receipt.header, voters=(0, 1)))


def id_of(transaction: Transaction) -> bytes:
    return transaction_id(SUITE, transaction)


async def test_finality_is_what_the_receipt_proves() -> None:
    network = FakeNetwork(instant=True)
    async with serving(network.validators()[0]) as urls, client(urls, network) as chain:
        status = await chain.submit_and_wait(deposit(network))
    assert (status.status, status.height, status.position) == ("final", 1, 0)
    assert status.result is not None
    assert status.result.applied


async def test_lying_validator_is_passed_over() -> None:
    network = FakeNetwork(instant=True)
    liar, honest = LyingValidator(network, 0), network.validators()[1]
    async with serving(liar, honest) as urls, client(urls, network) as chain:
        assert (await chain.submit_and_wait(deposit(network))).height == 1


async def test_only_liars_is_a_bad_proof() -> None:
    network = FakeNetwork(instant=True)
    async with serving(LyingValidator(network, 0)) as urls, client(urls, network) as chain:
        with pytest.raises(BadProof) as caught:
            await chain.submit_and_wait(deposit(network))
        assert caught.value.step == "certificate"
        trusted = await chain.wait(id_of(deposit(network)), certified=False)
    assert trusted.height == 1


async def test_receipt_of_another_transaction_is_refused() -> None:
    network = FakeNetwork(instant=True)
    first, second = deposit(network, 1), deposit(network, 2)

    class Swapping(FakeValidator):
        def receipt(self, wanted: bytes) -> Receipt | None:
            return super().receipt(id_of(second))

    async with serving(Swapping(network, 0)) as urls, client(urls, network) as chain:
        await chain.submit([first, second])
        with pytest.raises(BadProof) as caught:
            await chain.wait(id_of(first))
    assert caught.value.step == "transaction"


async def test_chain_id_alone_pins_the_genesis() -> None:
    network, other = FakeNetwork(instant=True), FakeNetwork(make_genesis("another"))
    async with serving(other.validators()[0], network.validators()[0]) as urls:
        async with Client(urls, chain_id=network.chain_id, retry_pause_s=0.0) as chain:
            assert await chain.genesis() == network.genesis, "the other chain's genesis is passed over"
        async with Client(urls[:1], chain_id=network.chain_id) as chain:
            with pytest.raises(BadProof):
                await chain.genesis()


async def test_signed_body_pins_the_chain() -> None:
    network = FakeNetwork(instant=True)
    async with serving(network.validators()[0]) as urls, Client(urls) as chain:
        assert (await chain.submit_and_wait(deposit(network))).status == "final"
        foreign = deposit(FakeNetwork(make_genesis("another")))
        with pytest.raises(InvalidTransaction) as caught:
            await chain.submit_and_wait(foreign)
    assert caught.value.code == "wrong-chain"


async def test_verifying_without_a_genesis_is_refused_before_asking() -> None:
    async with Client(["http://127.0.0.1:1"]) as chain:
        for asking in (
            chain.wait(bytes(32)),
            chain.record("licence", "x"),
            chain.receipt(bytes(32), certified=True),
        ):
            with pytest.raises(ConfigError, match="nothing to verify against"):
                await asking


def test_genesis_and_chain_id_must_agree() -> None:
    with pytest.raises(ConfigError):
        Client(["http://h:1"], genesis=make_genesis(), chain_id=bytes(32))


async def test_not_final_in_time_is_indeterminate() -> None:
    network = FakeNetwork()
    async with serving(network.validators()[0]) as urls, client(urls, network) as chain:
        await chain.submit([deposit(network)])
        with pytest.raises(Indeterminate):
            await chain.wait(id_of(deposit(network)), timeout_s=0.05)
        with pytest.raises(Indeterminate):
            await chain.wait(bytes(32), timeout_s=0.05)


async def test_receipt_file_verifies_offline() -> None:
    network = FakeNetwork(instant=True)
    async with serving(network.validators()[0]) as urls, client(urls, network) as chain:
        await chain.submit([deposit(network)])
        data = await chain.receipt(id_of(deposit(network)))
    assert verify_receipt(data, network.genesis).applied


@pytest.mark.parametrize("object_id", ["EV-0", "none", "a/../b", "..", "证据 1?x#y"])
async def test_RD1_certified_read_proves_presence_and_absence(object_id: str) -> None:
    network = FakeNetwork(instant=True)
    async with serving(network.validators()[0]) as urls, client(urls, network) as chain:
        await chain.submit([deposit(network)])
        read = await chain.record("evidence", object_id)
    assert read.level == "certified"
    assert (read.state is not None) == (object_id == "EV-0")


async def read_with(network: FakeNetwork, validator: FakeValidator, **more: Any) -> RecordRead:
    async with serving(validator) as urls, client(urls, network) as chain:
        return await chain.record("evidence", "EV-0", **more)


async def test_RD1_proof_that_fails_is_refused() -> None:
    network = FakeNetwork()
    network.admit(deposit(network))
    network.finalise()
    validator = network.validators()[0]
    truth = await validator.record("evidence", "EV-0", "certified")
    lies = {
        "state": msgspec.structs.replace(truth, value=None),
        "certificate": msgspec.structs.replace(truth, certificate=certify(truth.header, voters=(0, 1))),
        "key": await validator.record("evidence", "EV-1", "certified"),
    }
    for step, lie in lies.items():
        validator.stale_proof = lie
        with pytest.raises(BadProof) as caught:
            await read_with(network, validator)
        assert caught.value.step == step
    validator.stale_proof = await FakeValidator(network, 0).record("evidence", "EV-0", "local")
    with pytest.raises(BadProof):
        await read_with(network, validator)


async def test_RD1_local_read_takes_the_word_of_one() -> None:
    network = FakeNetwork()
    network.admit(deposit(network))
    network.finalise()
    read = await read_with(network, network.validators()[0], level="local")
    assert (read.level, read.proof.certificate) == ("local", None)
    assert read.state is not None
    assert read.state.state == "DEPOSITED"


def test_RQ4_signer_counts_its_nonces() -> None:
    from govchain.codec import decode
    from govchain.model import TransactionBody

    network = FakeNetwork()
    signer = network.signer(COURT, CLERK)

    def nonce(**given: int) -> int:
        built = signer.build("evidence.deposit", deposit_payload("EV"), expiry_height=5, **given)
        SUITE.verify(CLERK.public_key, built.body, built.signature)
        return decode(built.body, TransactionBody).nonce

    assert [nonce(), nonce(), nonce(nonce=40), nonce()] == [0, 1, 40, 2]


async def network_with_a_past() -> tuple[FakeNetwork, RecordProof]:
    """A network at height 2, and what a validator that stopped at height 1 would prove of EV-1."""
    network = FakeNetwork()
    network.admit(deposit(network, 0))
    network.finalise()
    past = await FakeValidator(network, 0).record("evidence", "EV-1", "certified")
    network.admit(deposit(network, 1))
    network.finalise()
    return network, past


class SilentValidator(FakeValidator):
    """Takes reads and never answers."""

    async def record(self, record_type: str, object_id: str, level: str) -> RecordProof:
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this wait")


@pytest.mark.parametrize("stale", [0, 1])
async def test_situation_53_RD1_latest_takes_the_newest_of_several_proven_answers(stale: int) -> None:
    network, past = await network_with_a_past()
    chosen = network.validators()[:2]
    chosen[stale].stale_proof = past
    async with serving(*chosen) as urls, client(urls, network) as chain:
        read = await chain.record("evidence", "EV-1", level="latest")
    assert (read.level, read.height) == ("latest", 2)
    assert read.state is not None


async def test_situation_53_RD1_who_lies_or_fails_or_is_silent_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("govchain.client.transport.HEDGE_S", 0.05)
    network, past = await network_with_a_past()
    truth = await FakeValidator(network, 0).record("evidence", "EV-1", "latest")
    lies = {
        "forged": msgspec.structs.replace(truth, value=None),
        "of one validator": msgspec.structs.replace(truth, certificate=None),
    }
    for lie in lies.values():
        liar, failing, silent = (
            FakeValidator(network, 0),
            FakeValidator(network, 1),
            SilentValidator(network, 2),
        )
        stale, honest = FakeValidator(network, 3), FakeValidator(network, 4)
        liar.stale_proof, stale.stale_proof = lie, past
        failing.failure = Unavailable("stopping")
        everybody = (liar, failing, silent, stale, honest)
        async with serving(*everybody) as urls, client([refused_url(), *urls], network) as chain:
            assert (await chain.record("evidence", "EV-1", level="latest")).height == 2


async def test_RD1_latest_needs_addresses_of_which_one_is_honest() -> None:
    network, _ = await network_with_a_past()
    async with serving(network.validators()[0]) as (url,), client([url, f"{url}/"], network) as chain:
        with pytest.raises(ConfigError, match="at least 2 different validators"):
            await chain.record("evidence", "EV-1", level="latest")
    async with serving(network.validators()[0]) as (url,):
        async with client([url, refused_url()], network) as chain:
            with pytest.raises(Unavailable, match="Cannot connect"):
                await chain.record("evidence", "EV-1", level="latest")
        liar = FakeValidator(network, 1)
        liar.stale_proof = await liar.record("evidence", "EV-1", "local")
        async with serving(liar) as (lying,), client([url, lying], network) as chain:
            with pytest.raises(BadProof, match="no certificate"):
                await chain.record("evidence", "EV-1", level="latest")
