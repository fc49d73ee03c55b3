"""Fixed bytes of every format. A failure here means that chains written before would no longer be read.

Never change a recorded value: give the format a new version instead. `formats.json` is data; the values below
that it was made from are code, so that both must be wrong together to hide a change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from govchain.codec import decode, encode, encode_json
from govchain.consensus.messages import Commit, Prepare, Proposal, SignedMessage
from govchain.crypto import (
    HistoryTree,
    StateMap,
    chain_id_of,
    compute_root,
    derive_secret,
    digest_of,
    sign_transaction,
    suite,
    transaction_id,
)
from govchain.model import (
    Attestation,
    Batch,
    Block,
    BlockHeader,
    FinalityCertificate,
    Genesis,
    KeyRecord,
    Organisation,
    ProtocolParameters,
    Transaction,
    TransactionBody,
    TransactionResult,
    Validator,
    ValidatorSet,
    Vote,
)

SUITE = suite()
RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "formats.json").read_text())

SIGNER = SUITE.signer(derive_secret(1, "person/p-1"))
GENESIS = Genesis(
    name="vectors",
    suite="ed25519-sha256",
    time_ms=1_700_000_000_000,
    parameters=ProtocolParameters(
        batch_records_max=512,
        batch_bytes_max=2_000_000,
        batch_age_ms=20,
        pipeline=4,
        checkpoint_interval=128,
        view_timeout_ms=2_000,
        retransmit_ms=500,
        clock_drift_ms=10_000,
        transaction_bytes_max=65_536,
        expiry_window_blocks=10_000,
        pool_records_max=50_000,
        pool_records_per_org_max=25_000,
    ),
    validators=ValidatorSet(
        epoch=0,
        members=tuple(
            Validator(
                name=f"validator-{i}",
                org="91990000MA00000000",
                public_key=SUITE.signer(derive_secret(1, f"validator/validator-{i}")).public_key,
            )
            for i in range(4)
        ),
    ),
    organisations=(Organisation("91990000MA00000000", "示例机关", ("licence-issuer",), ("11100000",)),),
    keys=(KeyRecord(SIGNER.public_key, "91990000MA00000000", "p-1", ("maker",)),),
)
CHAIN_ID = chain_id_of(SUITE, GENESIS)
BODY = TransactionBody(
    CHAIN_ID, "licence.issue", "91990000MA00000000", SIGNER.key_id, 7, 300, encode_json({"b": 1, "a": "é"})
)
TRANSACTION = sign_transaction(SIGNER, BODY)
RESULT = TransactionResult(transaction_id(SUITE, TRANSACTION), False, "L2", "E_DUP_ID", "licence/1", "no")
BATCH = Batch(CHAIN_ID, 0, 1, 1_700_000_000_020, 0, compute_root(SUITE, [RESULT.transaction_id]), 1)
HEADER = BlockHeader(
    CHAIN_ID,
    0,
    1,
    CHAIN_ID,
    1_700_000_000_020,
    0,
    digest_of(SUITE, BATCH),
    BATCH.transactions_root,
    1,
    compute_root(SUITE, [encode(RESULT)]),
    b"s" * 32,
    compute_root(SUITE, []),
)
VALUES: dict[str, Any] = {
    "genesis": GENESIS,
    "transaction_body": BODY,
    "transaction": TRANSACTION,
    "result": RESULT,
    "batch": BATCH,
    "header": HEADER,
    "block": Block(HEADER, BATCH, (TRANSACTION,), (RESULT,)),
    "attestation": Attestation(CHAIN_ID, 0, 1, digest_of(SUITE, HEADER), 3),
    "finality": FinalityCertificate(CHAIN_ID, 0, 1, digest_of(SUITE, HEADER), (Vote(0, b"x" * 64),)),
    "proposal": Proposal(CHAIN_ID, 0, 0, 2, 1, CHAIN_ID, BATCH, (RESULT.transaction_id,)),
    "prepare": Prepare(CHAIN_ID, 0, 1, 2, 1, digest_of(SUITE, BATCH)),
    "commit": Commit(CHAIN_ID, 0, 1, 2, 1, digest_of(SUITE, BATCH)),
    "signed_message": SignedMessage(b"body", b"signature"),
}


def state_root() -> str:
    state = StateMap(SUITE, lambda _: None)
    state.update({b"key %d" % i: b"value %d" % i for i in range(40)})
    return state.root.hex()


def history_root() -> str:
    history = HistoryTree(SUITE, lambda _: None, 0)
    for i in range(11):
        history.append(b"header %d" % i)
    return history.root().hex()


def computed() -> dict[str, str]:
    return {
        "chain_id": CHAIN_ID.hex(),
        "key_id": SIGNER.key_id.hex(),
        "public_key": SIGNER.public_key.hex(),
        "derived_secret": derive_secret(1, "person/p-1").hex(),
        "transaction_id": RESULT.transaction_id.hex(),
        "transaction_signature": TRANSACTION.signature.hex(),
        "header_digest": digest_of(SUITE, HEADER).hex(),
        "results_root": HEADER.results_root.hex(),
        "state_root": state_root(),
        "empty_state_root": StateMap(SUITE, lambda _: None).root.hex(),
        "history_root": history_root(),
    }


@pytest.mark.parametrize("name", VALUES)
def test_bytes_of_a_format_stay_the_same(name: str) -> None:
    assert encode(VALUES[name]).hex() == RECORDED["bytes"][name]
    assert decode(bytes.fromhex(RECORDED["bytes"][name]), type(VALUES[name])) == VALUES[name]


@pytest.mark.parametrize("name", computed())
def test_digests_keys_and_signatures_stay_the_same(name: str) -> None:
    assert computed()[name] == RECORDED["digests"][name]


def test_every_recorded_value_is_checked() -> None:
    assert set(RECORDED["bytes"]) == set(VALUES)
    assert set(RECORDED["digests"]) == set(computed())


def test_the_recorded_signature_verifies() -> None:
    transaction = decode(bytes.fromhex(RECORDED["bytes"]["transaction"]), Transaction)
    SUITE.verify(SIGNER.public_key, transaction.body, transaction.signature)
