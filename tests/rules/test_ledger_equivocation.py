"""Rules EV-1 and EV-2 on the chain: an accusation is recorded once, and only when it proves itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from govchain.codec import encode
from govchain.crypto.evidence import order_evidence, read_evidence
from govchain.ledger.identifiers import format_rfc3339, parse_time_ms
from govchain.ledger.kinds.equivocation.accusations import encode_accusation, recorded_evidence
from govchain.ledger.payloads import encode_payload
from govchain.model import Batch, TransactionResult
from govchain.model.votes import Commit, Evidence, Prepare, Proposal, SignedMessage
from tests.rules.test_ledger_governance import adopt, make_world, to_checkpoint
from tests.support.ledger_world import AMR, SUITE, TAX, LedgerWorld, denial, rfc3339, signer_of

A, B = SUITE.digest(b"a"), SUITE.digest(b"b")


def signed(message: Prepare | Commit | Proposal, person: str = "validator-1") -> SignedMessage:
    body = encode(message)
    return SignedMessage(body, signer_of(person).sign(body))


def votes(world: LedgerWorld, *, seq: int = 5, **changes: Any) -> Evidence:
    """Two prepares of validator 1, changed alike."""
    pair = (Prepare(world.chain_id, 0, 1, 0, seq, digest) for digest in (A, B))
    one, other = (signed(msgspec.structs.replace(vote, **changes)) for vote in pair)
    return order_evidence(one, other)


def accuse(
    world: LedgerWorld, evidence: Evidence, person: str = "validator-2", org: str = AMR
) -> TransactionResult:
    payload = encode_accusation(evidence, world.now_ms)
    return world.execute([world.sign("validator.accuse", person, payload, org=org)]).block.results[0]


def submit(world: LedgerWorld, fields: Any, object_id: str = "0-1-prepare-0-5") -> TransactionResult:
    envelope = {"object_id": object_id, "object_version": 1, "claimed_time": rfc3339(world.now_ms)}
    payload = encode_payload(envelope, fields)
    return world.execute([world.sign("validator.accuse", "validator-2", payload)]).block.results[0]


def test_EV1_EV2_allows_a_validator_to_record_what_two_signatures_prove() -> None:
    world = LedgerWorld()
    evidence = votes(world)
    result = accuse(world, evidence)
    assert result.applied, result
    assert result.object_id == "equivocation/0-1-prepare-0-5"
    record = world.record("equivocation", "0-1-prepare-0-5")
    assert (record.state, record.issuer_org, record.version) == ("RECORDED", AMR, 1)
    block = world.chain.block(1)
    assert block is not None
    assert recorded_evidence(block) == [evidence]


def test_EV2_allows_an_accusation_with_both_messages_whole() -> None:
    assert accuse(LedgerWorld(), votes(LedgerWorld())).applied


def test_EV1_denies_the_same_place_twice_and_allows_another() -> None:
    world = LedgerWorld()
    assert accuse(world, votes(world)).applied
    assert denial(accuse(world, votes(world), "validator-3")) == ("EV-1", "E_DUP_ID")
    assert accuse(world, votes(world, seq=6)).applied


FAULTS: dict[str, Callable[[LedgerWorld], Evidence]] = {
    "another chain": lambda w: votes(w, chain_id=A),
    "an epoch that has not begun": lambda w: votes(w, epoch=1),
    "no member": lambda w: votes(w, validator=4),
    "signed by another": lambda w: votes(w, validator=2),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_EV2_denies_what_does_not_prove_guilt(fault: str) -> None:
    world = LedgerWorld()
    assert denial(accuse(world, FAULTS[fault](world))) == ("EV-2", "E_EVIDENCE")


def parts(evidence: Evidence) -> dict[str, dict[str, str]]:
    """The fields of an accusation, to be spoiled."""
    payload = msgspec.json.decode(encode_accusation(evidence, 0))
    fields: dict[str, dict[str, str]] = payload["fields"]
    return fields


def test_EV2_denies_one_vote_twice_two_places_and_the_wrong_order() -> None:
    world = LedgerWorld()
    fields, other = parts(votes(world)), parts(votes(world, seq=6))
    for first, second in (
        (fields["first"], fields["first"]),
        (fields["second"], fields["first"]),
        (fields["first"], other["second"]),
    ):
        found = submit(world, {"first": first, "second": second})
        assert denial(found) == ("EV-2", "E_EVIDENCE")


@pytest.mark.parametrize("text", ["not base64", "QUI", "QUJ=", "QUI=\n", "é", "AAAA"])
def test_EV1_denies_bytes_that_are_no_vote(text: str) -> None:
    world = LedgerWorld()
    fields = parts(votes(world))
    fields["first"]["body"] = text
    assert denial(submit(world, fields)) == ("G1", "E_PAYLOAD")


def test_EV1_denies_the_name_of_another_place() -> None:
    world = LedgerWorld()
    assert denial(submit(world, parts(votes(world)), "0-2-prepare-0-5")) == ("G1", "E_PAYLOAD")


def test_EV1_denies_whoever_is_no_validator() -> None:
    world = LedgerWorld()
    assert denial(accuse(world, votes(world), "amr-admin")) == ("I5", "E_ROLE")


def test_EV1_two_proposals_of_full_batches_fit_into_a_transaction() -> None:
    world = LedgerWorld()
    count = world.genesis.parameters.batch_records_max
    made = []
    for name in (A, B):
        ids = tuple(SUITE.digest(name + bytes([place % 256, place // 256])) for place in range(count))
        batch = Batch(world.chain_id, 0, 7, world.now_ms, 1, SUITE.digest(name), count)
        made.append(signed(Proposal(world.chain_id, 0, 1, 1, 7, A, batch, ids)))
    evidence = order_evidence(*made)
    payload = encode_accusation(evidence, world.now_ms)
    transaction = world.sign("validator.accuse", "validator-2", payload)
    size = len(transaction.body) + len(transaction.signature)
    assert size <= world.genesis.parameters.transaction_bytes_max
    assert world.execute([transaction]).block.results[0].applied
    assert read_evidence(evidence).phase == "proposal"


@pytest.mark.parametrize("time_ms", [0, 1, 999, 1_780_000_000_000, 1_780_000_000_123])
def test_G9_times_of_accusations_come_back_as_they_went(time_ms: int) -> None:
    assert parse_time_ms(format_rfc3339(time_ms)) == time_ms


def rotated() -> LedgerWorld:
    """Validator 1 votes with another key from epoch 1 on."""
    world = make_world()
    proof = world.vote_key_proof("validator-1", "validator-1-next")
    adopt(world, "validator.rotate", "GC-1", {"validator": "validator-1", "reason": "yearly", **proof})
    assert to_checkpoint(world) is not None
    return world


def test_situation_55_EV2_a_lie_of_an_epoch_that_is_over_is_recorded_by_its_own_validators() -> None:
    """The key of that time is the one that counts, whoever votes by now."""
    world = rotated()
    assert denial(accuse(world, votes(world, epoch=1), org=TAX)) == ("EV-2", "E_EVIDENCE")
    result = accuse(world, votes(world), org=TAX)
    assert result.applied, result
    assert result.object_id == "equivocation/0-1-prepare-0-5"


def test_situation_6_MB4_the_key_of_who_left_signs_nothing_any_more() -> None:
    world = rotated()
    evidence = votes(world)
    assert denial(accuse(world, evidence, "validator-1")) == ("I1", "E_KEY_REVOKED")
    assert accuse(world, evidence, "validator-2", org=TAX).applied
