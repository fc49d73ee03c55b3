"""One changed byte anywhere in a receipt: refused, with a step, and never by another exception."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govchain.errors import BadProof
from govchain.receipt import STEP_TITLES, build_receipt, verify_receipt, write_receipt
from tests.support.receipts import SUITE, HandmadeChain, deposit_payload, public_key_of

CHAIN = HandmadeChain([("evidence.deposit", deposit_payload())] * 3)
_RECEIPT = build_receipt(CHAIN, SUITE, CHAIN.ids[1], public_key_of)
assert _RECEIPT is not None
DATA = write_receipt(_RECEIPT)


def refused_at(data: bytes) -> str:
    with pytest.raises(BadProof) as caught:
        verify_receipt(data, CHAIN.genesis)
    assert caught.value.step in STEP_TITLES
    return caught.value.step


def test_every_byte_of_a_receipt_matters() -> None:
    verify_receipt(DATA, CHAIN.genesis)
    steps = set()
    for position, byte in enumerate(DATA):
        # Two other values, spread over the byte range but the same on every run.
        for other in (byte ^ 1, (byte + 1 + position * 7 % 255) % 256):
            if other != byte:
                steps.add(refused_at(DATA[:position] + bytes([other]) + DATA[position + 1 :]))
    assert {
        "read",
        "format",
        "chain",
        "transaction",
        "inclusion",
        "result",
        "certificate",
        "summary",
    } <= steps


def test_every_byte_left_out_matters() -> None:
    for position in range(len(DATA)):
        refused_at(DATA[:position] + DATA[position + 1 :])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_splices_are_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(DATA)))
    end = data.draw(st.integers(start, len(DATA)))
    middle = data.draw(st.binary(max_size=40))
    changed = DATA[:start] + middle + DATA[end:]
    if changed != DATA:
        refused_at(changed)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    refused_at(data)
