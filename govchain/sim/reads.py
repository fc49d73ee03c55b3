"""Reads at level `latest` at one simulated validator: its counterpart on real ones is `govchain.node.reads`.

What an answer counts for is `govchain.reads`'; time and frames come from the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from govchain.crypto import Suite, verify_finality
from govchain.errors import BadProof
from govchain.ledger import Chain, Ledger, RecordState
from govchain.model import BlockHeader, FinalityCertificate
from govchain.reads import NONCE_BYTES, BarrierAnswers, ProvenHeight, ReadBarrier
from govchain.sim.network import Frame, ReadAnswer, ReadQuestion
from govchain.sim.trace import Fact
from govchain.sim.vote_log import highest_certified


class World(Protocol):
    """What reading asks of the simulated world."""

    names: tuple[str, ...]

    def now_ms(self, node: int) -> int: ...

    def send(self, source: int, target: int | None, frame: Frame) -> None: ...

    def record(self, node: int, kind: str, **facts: Fact) -> None: ...


@dataclass(slots=True, eq=False)
class LatestRead:
    """A read at level `latest` on its way; the validator that it was begun at fills it in."""

    record_type: str
    object_id: str
    ticket: int
    epoch: int
    """Of the validator when it asked last."""
    height: int | None = None
    """Block after which `state` was so; None until the barrier is passed."""
    state: RecordState | None = None
    is_done: bool = False
    """The block has its certificate: the state is the answer."""


class SimReads:
    """Both sides of the read barrier of one validator, from power-on to crash."""

    def __init__(
        self,
        index: int,
        *,
        suite: Suite,
        world: World,
        ledger: Ledger,
        chain: Chain,
    ) -> None:
        self._index = index
        self._suite = suite
        self._world = world
        self._ledger = ledger
        self._chain = chain
        self._names = world.names
        self._barrier = ReadBarrier(self._names[index], self._verify)
        self._answers = BarrierAnswers()
        self._open: list[LatestRead] = []
        self._born = world.now_ms(index)
        self._questions = 0

    def begin(self, record_type: str, object_id: str) -> LatestRead:
        """Begin a read; look at it after every step until it is done."""
        epoch = self._ledger.validators.epoch
        read = LatestRead(record_type, object_id, self._barrier.begin(), epoch)
        self._open.append(read)
        self.advance()
        return read

    def ask_again(self) -> None:
        """Send the open question once more to those who have not answered."""
        nonce = self._barrier.nonce
        for name in self._barrier.unanswered():
            assert nonce is not None, "only an open question lacks answers"
            self._world.send(self._index, self._names.index(name), ReadQuestion(nonce))

    def receive(self, source: int, frame: ReadQuestion | ReadAnswer) -> None:
        """Take a question or an answer of another validator."""
        if isinstance(frame, ReadQuestion):
            self._answers.on_question(self._names[source], frame.nonce, self._ledger.height)
        else:
            try:
                self._barrier.on_answer(self._names[source], frame.nonce, frame.proven, self._final_height())
            except BadProof:
                self._world.record(self._index, "refused-read-answer", peer=source)
        self.advance()

    def advance(self) -> None:
        """Something may have become final: answer others, and go on with own reads."""
        if self._answers.is_waiting:
            for name, nonce in self._answers.take_due(self._final_height()):
                self._world.send(self._index, self._names.index(name), ReadAnswer(nonce, self._proven()))
        if not self._open:
            return
        is_open = self._barrier.nonce is not None and self._barrier.epoch == self._ledger.validators.epoch
        if not is_open and any(self._is_waiting(read) for read in self._open):
            self._questions += 1
            nonce = self._suite.digest(f"{self._index}:{self._born}:{self._questions}".encode())[:NONCE_BYTES]
            self._barrier.ask(self._ledger.validators, nonce, self._ledger.height)
            self.ask_again()
        for read in self._open:
            self._go_on(read)
        self._open = [read for read in self._open if not read.is_done]

    def _is_waiting(self, read: LatestRead) -> bool:
        return self._barrier.floor(read.ticket) is None

    def _go_on(self, read: LatestRead) -> None:
        floor = self._barrier.floor(read.ticket)
        if read.height is None and floor is not None and self._final_height() >= floor:
            if self._ledger.validators.epoch != read.epoch:
                read.epoch, read.ticket = self._ledger.validators.epoch, self._barrier.begin()
                return
            read.height = self._ledger.height
            read.state = self._chain.record(read.record_type, read.object_id)
        # The state of height 0 is the genesis, which needs no certificate.
        read.is_done = read.height is not None and self._final_height() >= read.height

    def _proven(self) -> ProvenHeight | None:
        return highest_certified(self._ledger, self._chain)

    def _final_height(self) -> int:
        proven = self._proven()
        return 0 if proven is None else proven[0].height

    def _verify(self, header: BlockHeader, certificate: FinalityCertificate) -> None:
        validators = self._ledger.validators_of(header.epoch)
        if validators is None:
            raise BadProof(f"a header of epoch {header.epoch}, which nothing here proves")
        verify_finality(self._suite, validators, certificate, header)
