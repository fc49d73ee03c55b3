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
from govchain.consensus.messages import Commit, Prepare, Progress, Proposal, SignedMessage
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
from govchain.crypto.possession import (
    SigningKeyPossession,
    VoteKeyPossession,
    prove_signing_key,
    prove_vote_key,
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
    chain_id=CHAIN_ID,
    kind="licence.issue",
    org="91990000MA00000000",
    key_id=SIGNER.key_id,
    nonce=7,
    expiry_height=300,
    payload=encode_json({"b": 1, "a": "é"}),
)
TRANSACTION = sign_transaction(SIGNER, BODY)
RESULT = TransactionResult(
    transaction_id=transaction_id(SUITE, TRANSACTION),
    applied=False,
    rule="L2",
    code="E_DUP_ID",
    object_id="licence/1",
    detail="no",
)
BATCH = Batch(
    chain_id=CHAIN_ID,
    epoch=0,
    seq=1,
    time_ms=1_700_000_000_020,
    proposer=2,
    transactions_root=compute_root(SUITE, [RESULT.transaction_id]),
    transaction_count=1,
)
HEADER = BlockHeader(
    chain_id=CHAIN_ID,
    epoch=0,
    height=1,
    parent=b"p" * 32,
    time_ms=1_700_000_000_020,
    proposer=2,
    batch_digest=digest_of(SUITE, BATCH),
    transactions_root=BATCH.transactions_root,
    transaction_count=1,
    results_root=compute_root(SUITE, [encode(RESULT)]),
    state_root=b"s" * 32,
    history_root=compute_root(SUITE, []),
)
VALUES: dict[str, Any] = {
    "genesis": GENESIS,
    "transaction_body": BODY,
    "transaction": TRANSACTION,
    "result": RESULT,
    "batch": BATCH,
    "header": HEADER,
    "block": Block(header=HEADER, batch=BATCH, transactions=(TRANSACTION,), results=(RESULT,)),
    "attestation": Attestation(
        chain_id=CHAIN_ID, epoch=0, height=1, header_digest=digest_of(SUITE, HEADER), validator=3
    ),
    "finality": FinalityCertificate(
        chain_id=CHAIN_ID,
        epoch=0,
        height=1,
        header_digest=digest_of(SUITE, HEADER),
        votes=(Vote(validator=0, signature=b"x" * 64),),
    ),
    "proposal": Proposal(
        chain_id=CHAIN_ID,
        epoch=0,
        validator=3,
        view=2,
        seq=1,
        parent=CHAIN_ID,
        batch=BATCH,
        transaction_ids=(RESULT.transaction_id,),
    ),
    "prepare": Prepare(
        chain_id=CHAIN_ID, epoch=0, validator=3, view=2, seq=1, digest=digest_of(SUITE, BATCH)
    ),
    "commit": Commit(chain_id=CHAIN_ID, epoch=0, validator=3, view=2, seq=1, digest=digest_of(SUITE, BATCH)),
    "progress": Progress(chain_id=CHAIN_ID, epoch=0, validator=3, view=2, head=9, final=8),
    "vote_key_possession": VoteKeyPossession(CHAIN_ID, "validator-4", SIGNER.public_key),
    "signing_key_possession": SigningKeyPossession(CHAIN_ID, "91990000MA00000000", SIGNER.public_key),
    "signed_message": SignedMessage(body=b"body", signature=b"signature"),
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
        "vote_key_proof": prove_vote_key(SIGNER, CHAIN_ID, "validator-4")["possession"],
        "signing_key_proof": prove_signing_key(SIGNER, CHAIN_ID, "91990000MA00000000")["possession"],
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
