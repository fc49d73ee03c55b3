"""Many signatures at once, verified by processes of their own.

A thread that verifies leaves the interpreter for 40 microseconds and then waits for its turn in it, thousands
of times a block; a process gets the block's signatures in one piece and gives back one number. It ends when
its input does, so it never outlives the process that began it. Who may sign what is not asked here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import BinaryIO, Final

import msgspec

from govchain.crypto.suite import Suite, suite
from govchain.errors import BadSignature

Signed = tuple[bytes, bytes, bytes]
"""Public key, message, signature."""

LENGTH_BYTES: Final = 4
NICENESS: Final = 5
ALL_GOOD: Final = 2**32 - 1

_decoder: Final = msgspec.msgpack.Decoder(list[Signed])


def first_bad(suite_: Suite, signed: Sequence[Signed]) -> int | None:
    """Position of the first signature that does not match, or None when all do."""
    for position, (public_key, message, signature) in enumerate(signed):
        try:
            suite_.verify(public_key, message, signature)
        except BadSignature:
            return position
    return None


class BulkVerifier:
    """Verifies in other processes; safe to use from several threads, each of which gets a process.

    Processes are started when they are needed and stay until `close`; after it they are started again. A
    process that cannot be started or that died costs speed alone: its work is done here.
    """

    def __init__(self, suite_: Suite) -> None:
        self._suite = suite_
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def first_bad(self, signed: Sequence[Signed]) -> int | None:
        """See `first_bad`."""
        try:
            process = self._take()
            answer = process.ask(signed)
        except OSError:
            return first_bad(self._suite, signed)
        self._give_back(process)
        return answer

    def rest(self) -> None:
        """End the processes that have nothing to do; the next question starts another one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def close(self) -> None:
        """End all; one that is at work ends when it has answered."""
        self._is_closed = True
        self.rest()

    def _take(self) -> _Process:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Process(self._suite.name)

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(process)
                return
        process.end()


class _Process:
    """One process and the two pipes to it."""

    def __init__(self, suite_name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "govchain.crypto.bulk_verify", suite_name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def ask(self, signed: Sequence[Signed]) -> int | None:
        """Position of the first bad one.

        Raises:
            OSError: The process is gone; it was cleared away.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        question = msgspec.msgpack.encode(signed)
        try:
            process.stdin.write(len(question).to_bytes(LENGTH_BYTES, "big"))
            process.stdin.write(question)
            process.stdin.flush()
            answer = process.stdout.read(LENGTH_BYTES)
            if len(answer) < LENGTH_BYTES:
                raise BrokenPipeError("the verifying process ended")
        except OSError:
            self.end()
            raise
        position = int.from_bytes(answer, "big")
        return None if position == ALL_GOOD else position

    def end(self) -> None:
        process = self._process
        process.kill()
        process.communicate()


def serve(questions: BinaryIO, answers: BinaryIO, suite_: Suite) -> None:
    """Answer until the questions end."""
    while len(header := questions.read(LENGTH_BYTES)) == LENGTH_BYTES:
        signed = _decoder.decode(questions.read(int.from_bytes(header, "big")))
        position = first_bad(suite_, signed)
        answers.write((ALL_GOOD if position is None else position).to_bytes(LENGTH_BYTES, "big"))
        answers.flush()


if __name__ == "__main__":
    # Whoever interrupts the validator at its terminal interrupts this too; it ends with its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Installing what was verified before comes first where processors are few.
    os.nice(NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer, suite(sys.argv[1]))
