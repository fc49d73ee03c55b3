"""Signatures verified by other processes: the verdict is that of verifying here, whatever becomes of them."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator

import pytest

from govchain.crypto import bulk_verify, derive_secret, suite
from govchain.crypto.bulk_verify import BulkVerifier, Signed, first_bad, serve

SUITE = suite()
SIGNERS = [SUITE.signer(derive_secret(7, f"signer-{number}")) for number in range(3)]


def signed(count: int) -> list[Signed]:
    messages = [f"record {number}".encode() * 40 for number in range(count)]
    return [
        (SIGNERS[number % 3].public_key, message, SIGNERS[number % 3].sign(message))
        for number, message in enumerate(messages)
    ]


def spoiled(count: int, *positions: int) -> list[Signed]:
    found = signed(count)
    for position in positions:
        public_key, message, signature = found[position]
        found[position] = (public_key, message, bytes([signature[0] ^ 1]) + signature[1:])
    return found


@pytest.fixture
def verifier() -> Iterator[BulkVerifier]:
    verifier = BulkVerifier(SUITE)
    yield verifier
    verifier.close()


def processes_of(verifier: BulkVerifier) -> list[int]:
    return [each._process.pid for each in verifier._idle]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("positions", [(), (0,), (7,), (3, 5)])
def test_first_bad_names_the_lowest_position(positions: tuple[int, ...]) -> None:
    assert first_bad(SUITE, spoiled(8, *positions)) == min(positions, default=None)


def test_CU2_processes_find_the_first_bad_signature(verifier: BulkVerifier) -> None:
    for questions in (signed(50), spoiled(50, 49), spoiled(50, 0), spoiled(50, 31, 40), signed(0)):
        assert verifier.first_bad(questions) == first_bad(SUITE, questions)
    assert len(processes_of(verifier)) == 1, "one thread asked, one process answered"


GOOD_KEY, GOOD_MESSAGE, GOOD_SIGNATURE = signed(1)[0]
HOSTILE: dict[str, Signed] = {
    "no key": (b"", GOOD_MESSAGE, GOOD_SIGNATURE),
    "key of small order": (bytes(32), GOOD_MESSAGE, GOOD_SIGNATURE),
    "key that is no point": (b"\xff" * 32, GOOD_MESSAGE, GOOD_SIGNATURE),
    "no signature": (GOOD_KEY, GOOD_MESSAGE, b""),
    "signature with something behind it": (GOOD_KEY, GOOD_MESSAGE, GOOD_SIGNATURE + b"\0"),
    "message moved into the signature": (GOOD_KEY, GOOD_MESSAGE[1:], GOOD_SIGNATURE + GOOD_MESSAGE[:1]),
    "another's signature": (SIGNERS[1].public_key, GOOD_MESSAGE, GOOD_SIGNATURE),
    "signature beyond the order": (GOOD_KEY, GOOD_MESSAGE, GOOD_SIGNATURE[:32] + b"\xff" * 32),
}


def test_situation_8_CU2_processes_judge_hostile_signatures_as_the_validator_does(
    verifier: BulkVerifier,
) -> None:
    for name, hostile in HOSTILE.items():
        questions = [*signed(2), hostile, *signed(2)]
        assert verifier.first_bad(questions) == first_bad(SUITE, questions) == 2, name
    assert len(processes_of(verifier)) == 1, "none of them ended the process"


def test_CU2_a_process_that_died_costs_no_verdict(verifier: BulkVerifier) -> None:
    verifier.first_bad(signed(1))
    (pid,) = processes_of(verifier)
    os.kill(pid, signal.SIGKILL)
    assert verifier.first_bad(spoiled(5, 2)) == 2
    assert not is_running(pid), "it was cleared away"
    assert verifier.first_bad(spoiled(5, 4)) == 4
    assert processes_of(verifier) != [pid], "another one took its place"


def test_CU2_without_processes_signatures_are_verified_here(
    verifier: BulkVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_verify.sys, "executable", "/nowhere/python")
    assert verifier.first_bad(spoiled(3, 1)) == 1
    assert verifier.first_bad(signed(3)) is None


def test_no_process_stays_behind(verifier: BulkVerifier) -> None:
    verifier.first_bad(signed(1))
    (first,) = processes_of(verifier)
    verifier.rest()
    assert not is_running(first)
    assert verifier.first_bad(signed(1)) is None
    (second,) = processes_of(verifier)
    verifier.close()
    assert not is_running(second)


def test_a_process_ends_with_its_input() -> None:
    """Killed with -9, the process that began it closes nothing: the end of the pipe is the only word."""
    answers = io.BytesIO()
    serve(io.BytesIO(b"\x00\x00"), answers, SUITE)
    assert answers.getvalue() == b""
