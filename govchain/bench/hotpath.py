"""The operations on every record's path, each beside the bare library call for the same work.

The ratio tells what govchain adds: near 1 there is nothing left to gain, far below 1 there is. Reads a clock
and nothing else; printing and judging the figures is the caller's work.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from nacl import bindings as sodium

from govchain.codec import decode, encode
from govchain.crypto import (
    HistoryTree,
    StateMap,
    compute_inclusion_proof,
    compute_root,
    derive_secret,
    sign_transaction,
    suite,
    transaction_id,
    verify_inclusion,
)
from govchain.model import Transaction, TransactionBody

LEAVES: Final = 1000
RECORD_BYTES: Final = 300
"""Payload of the measured transaction."""
STATE_RECORDS: Final = 20_000
STATE_BLOCK_UPDATES: Final = 500
ROUNDS: Final = 5
"""Each operation and its reference are measured in turns; the best round of each counts."""


class Measurement(msgspec.Struct, frozen=True):
    """Rates of one operation and of the bare library calls that do the same work."""

    name: str
    per_s: float
    reference_per_s: float
    ratio: float


class _Case(msgspec.Struct, frozen=True):
    name: str
    operation: Callable[[], Any]
    reference: Callable[[], Any]
    units: int = 1
    """Things done by one call."""


def measure_hotpath(seconds_per_operation: float) -> list[Measurement]:
    """Measure every operation for about that long, half of it on the reference. Expects it above 0."""
    assert seconds_per_operation > 0
    cases = [*_signature_cases(), *_codec_cases(), *_tree_cases(), _state_case()]
    return [_measure(case, seconds_per_operation) for case in cases]


def _measure(case: _Case, seconds: float) -> Measurement:
    slice_s = seconds / (2 * ROUNDS)
    own = bare = 0.0
    for _ in range(ROUNDS):
        own = max(own, _rate(case.operation, slice_s) * case.units)
        bare = max(bare, _rate(case.reference, slice_s) * case.units)
    return Measurement(
        name=case.name, per_s=round(own, 1), reference_per_s=round(bare, 1), ratio=round(own / bare, 3)
    )


def _rate(call: Callable[[], Any], seconds: float) -> float:
    calls, batch = 0, 1
    begin = time.perf_counter()
    while True:
        for _ in range(batch):
            call()
        calls += batch
        elapsed = time.perf_counter() - begin
        if elapsed >= seconds:
            return calls / elapsed
        # Growing batches keep the clock out of the figures of fast operations.
        batch = min(batch * 2, 1000)


def _signature_cases() -> list[_Case]:
    own = suite()
    secret = derive_secret(0, "bench")
    signer = own.signer(secret)
    public_key, expanded = sodium.crypto_sign_seed_keypair(secret)
    message = encode(_body())
    signature = signer.sign(message)
    signed = signature + message
    return [
        _Case("sign", lambda: signer.sign(message), lambda: sodium.crypto_sign(message, expanded)),
        _Case(
            "verify",
            lambda: own.verify(public_key, message, signature),
            lambda: sodium.crypto_sign_open(signed, public_key),
        ),
    ]


def _codec_cases() -> list[_Case]:
    own = suite()
    body = _body()
    transaction = sign_transaction(own.signer(derive_secret(0, "bench")), body)
    data = encode(body)
    bare_encode = msgspec.msgpack.Encoder().encode
    bare_decode = msgspec.msgpack.Decoder(TransactionBody).decode
    travelling = encode(transaction)
    bare_travelling = msgspec.msgpack.Decoder(Transaction).decode
    sha256, kib = hashlib.sha256, bytes(1024)
    return [
        _Case("digest of 1024 bytes", lambda: own.digest(kib), lambda: sha256(kib).digest()),
        _Case(
            "transaction id",
            lambda: transaction_id(own, transaction),
            lambda: sha256(transaction.body).digest(),
        ),
        _Case("encode transaction body", lambda: encode(body), lambda: bare_encode(body)),
        _Case("decode transaction body", lambda: decode(data, TransactionBody), lambda: bare_decode(data)),
        _Case(
            "decode transaction", lambda: decode(travelling, Transaction), lambda: bare_travelling(travelling)
        ),
    ]


def _tree_cases() -> list[_Case]:
    own = suite()
    leaves = [hashlib.sha256(b"%d" % i).digest() for i in range(LEAVES)]
    root = compute_root(own, leaves)
    proof = compute_inclusion_proof(own, leaves, 700)
    history = HistoryTree(own, lambda _: None, 0)
    return [
        _Case(
            f"merkle root over {LEAVES} leaves",
            lambda: compute_root(own, leaves),
            _hashes(33, LEAVES, 65, LEAVES - 1),
        ),
        _Case(
            f"verify inclusion in {LEAVES} leaves",
            lambda: verify_inclusion(own, leaf=leaves[700], index=700, size=LEAVES, proof=proof, root=root),
            _hashes(33, 1, 65, len(proof)),
        ),
        _Case("append to history", lambda: history.append(leaves[0]), _hashes(33, 1, 65, 1)),
    ]


def _state_case() -> _Case:
    rows: dict[bytes, bytes] = {}
    state = StateMap(suite(), rows.get)
    counter = [0]

    def update(count: int) -> None:
        start = counter[0]
        counter[0] += count
        # A multiplier coprime to the number of records visits all of them in a scattered order.
        changes = {
            b"record/%d" % (i * 7919 % STATE_RECORDS): b"%300d" % i for i in range(start, start + count)
        }
        for path, row in state.update(changes):
            if row is not None:
                rows[path] = row

    update(STATE_RECORDS)
    nodes_per_update = sum(row[:1] == b"\x11" for row in rows.values()) / STATE_BLOCK_UPDATES
    key_hashes, value_hashes = _hashes(20, 1, 301, 1), _hashes(700, 1, 521, max(1, round(nodes_per_update)))

    def reference() -> None:
        # Hash of the key, of the value, of the bucket, and of the nodes that a block's updates share.
        for _ in range(STATE_BLOCK_UPDATES):
            key_hashes()
            value_hashes()

    return _Case(
        f"state update in blocks of {STATE_BLOCK_UPDATES} at {STATE_RECORDS} records",
        lambda: update(STATE_BLOCK_UPDATES),
        reference,
        units=STATE_BLOCK_UPDATES,
    )


def _hashes(one_bytes: int, ones: int, other_bytes: int, others: int) -> Callable[[], None]:
    """The bare hashing of two kinds of inputs, so many of each."""
    sha256, one, other = hashlib.sha256, bytes(one_bytes), bytes(other_bytes)

    def run() -> None:
        for _ in range(ones):
            sha256(one).digest()
        for _ in range(others):
            sha256(other).digest()

    return run


def _body() -> TransactionBody:
    return TransactionBody(
        chain_id=bytes(32),
        kind="licence.issue",
        org="91990000MA00000000",
        key_id=suite().signer(derive_secret(0, "bench")).key_id,
        nonce=123_456,
        expiry_height=10_000,
        payload=b"p" * RECORD_BYTES,
    )
