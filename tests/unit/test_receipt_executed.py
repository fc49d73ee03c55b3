"""Receipts and record proofs of a chain that the real ledger executed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from govchain.codec import to_readable
from govchain.crypto.file_digest import digest_chunks
from govchain.documents import to_evidence_record
from govchain.errors import BadProof, ConfigError, MalformedBytes, UnknownVersion
from govchain.receipt import (
    RecordProof,
    build_receipt,
    record_proof_from_plain,
    verify_receipt,
    verify_record_proof,
    write_receipt,
    write_record_proof,
)
from tests.support.receipts import FILE, SUITE, LedgerChain, certify, make_genesis

RECORD = to_evidence_record(
    digest_chunks([FILE]),
    evidence_kind="contract",
    media_type="application/pdf",
    collected_at="2026-11-02T08:59:00+08:00",
    claimed_time="2026-11-02T09:00:00+08:00",
)


def deposited() -> LedgerChain:
    world = LedgerChain("depositor")
    results = world.execute((RECORD.kind, RECORD.payload()))
    assert results[0].applied, results[0]
    return world


def proof_of(world: LedgerChain, object_id: str, **changes: Any) -> RecordProof:
    key = world.chain.record_key("evidence", object_id)
    value, proof = world.chain.prove_state(key)
    assert world.ledger.head is not None
    made = RecordProof(
        key=key,
        value=value,
        proof=proof,
        header=world.ledger.head,
        certificate=world.chain.certificate(world.ledger.height),
    )
    return msgspec.structs.replace(made, **changes)


def test_executed_deposit_and_its_denied_twin_have_receipts() -> None:
    world = deposited()
    denied = world.execute((RECORD.kind, RECORD.payload()))[0]
    assert (denied.rule, denied.code) == ("E1", "E_DUP_ID")
    block = world.chain.block(1)
    assert block is not None
    first = build_receipt(world.chain, SUITE, block.results[0].transaction_id, world.public_key_of)
    second = build_receipt(world.chain, SUITE, denied.transaction_id, world.public_key_of)
    assert first is not None
    assert second is not None
    good = verify_receipt(write_receipt(first), world.genesis, original=digest_chunks([FILE]))
    assert (good.applied, good.object, good.height) == (True, f"evidence/{RECORD.object_id}", 1)
    bad = verify_receipt(write_receipt(second), world.genesis, original=digest_chunks([FILE]))
    assert (bad.applied, bad.rule, bad.height) == (False, "E1", 2)


def test_RD_1_presence_and_absence_verify() -> None:
    world = deposited()
    for object_id in (RECORD.object_id, "EV-none"):
        proof = proof_of(world, object_id)
        assert (proof.value is None) == (object_id == "EV-none")
        verify_record_proof(proof, world.genesis, key=world.chain.record_key("evidence", object_id))


def test_RD_1_record_proof_survives_its_file() -> None:
    proof = proof_of(deposited(), RECORD.object_id)
    data = write_record_proof(proof)
    assert record_proof_from_plain(msgspec.json.decode(data)) == proof
    with pytest.raises(UnknownVersion):
        record_proof_from_plain({**to_readable(proof), "govchain": "govchain.record-proof/2"})
    with pytest.raises(MalformedBytes, match="unknown field"):
        record_proof_from_plain({**to_readable(proof), "more": 1})


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"value": None}, "state"),
        ({"value": b"other"}, "state"),
        ({"key": b"record/evidence/other"}, "key"),
        ({"govchain": "govchain.record-proof/2"}, "format"),
        ({"certificate": None}, "certificate"),
    ],
)
def test_RD_1_a_changed_proof_names_its_step(changes: dict[str, Any], step: str) -> None:
    world = deposited()
    key = world.chain.record_key("evidence", RECORD.object_id)
    with pytest.raises(BadProof) as caught:
        verify_record_proof(proof_of(world, RECORD.object_id, **changes), world.genesis, key=key)
    assert caught.value.step == step


def test_RD_1_absence_cannot_be_claimed_with_the_path_of_another_key() -> None:
    world = deposited()
    present, absent = proof_of(world, RECORD.object_id), proof_of(world, "EV-none")
    with pytest.raises(BadProof):
        verify_record_proof(msgspec.structs.replace(present, value=None), world.genesis)
    with pytest.raises(BadProof):
        verify_record_proof(msgspec.structs.replace(absent, value=present.value), world.genesis)


def test_RD_1_header_of_another_state_or_chain_is_refused() -> None:
    world = deposited()
    proof = proof_of(world, RECORD.object_id)
    header = msgspec.structs.replace(proof.header, state_root=bytes(32))
    with pytest.raises(BadProof) as caught:
        verify_record_proof(
            msgspec.structs.replace(proof, header=header, certificate=certify(header)), world.genesis
        )
    assert caught.value.step == "state"
    with pytest.raises(BadProof) as caught:
        verify_record_proof(proof, make_genesis("another"))
    assert caught.value.step == "chain"


def test_RD_1_level_local_needs_no_certificate_but_says_so() -> None:
    world = deposited()
    proof = proof_of(world, RECORD.object_id, certificate=None)
    verify_record_proof(proof, world.genesis, certified=False)
    forged = certify(proof.header, voters=(0, 1))
    with pytest.raises(BadProof) as caught:
        verify_record_proof(
            msgspec.structs.replace(proof, certificate=forged), world.genesis, certified=False
        )
    assert caught.value.step == "certificate"


def test_impossible_genesis_proves_nothing() -> None:
    world = deposited()
    empty = msgspec.structs.replace(
        world.genesis, validators=msgspec.structs.replace(world.genesis.validators, members=())
    )
    with pytest.raises(ConfigError):
        verify_record_proof(proof_of(world, RECORD.object_id), empty)
