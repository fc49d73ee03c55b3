"""Traitors whose messages are false: old ones, ones with a field off by one, other results, other blocks.

See `traitors`. What a liar sends is signed with its key, so only what it says can give it away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from govchain.codec import decode, encode
from govchain.crypto import Signer, Suite
from govchain.errors import MalformedBytes
from govchain.model import Attestation, Block, FinalityCertificate, Transaction
from govchain.model.votes import SignedMessage
from govchain.sim.network import BlocksFound, Frame, TransactionsFound

REMEMBERED_MAX: Final = 256
"""Frames that a replayer keeps."""
_Proven = tuple[Block, FinalityCertificate | None]


class Replayer:
    """Sends an old frame again, its own or another's, with each that it has to send (situation 3)."""

    def __init__(self, draws: Iterator[int]) -> None:
        self._draws = draws
        self._heard: deque[Frame] = deque(maxlen=REMEMBERED_MAX)

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        self._heard.append(frame)
        return [frame, self._heard[next(self._draws) % len(self._heard)]]

    def takes(self, source: int, frame: Frame) -> bool:
        self._heard.append(frame)
        return True


class Mutator:
    """Changes one field of a message by one: a number, the last byte of a digest, the length of a list."""

    def __init__(self, signer: Signer, draws: Iterator[int], messages: Any) -> None:
        """`messages` is the union of those that the protocol's validators sign."""
        self._signer = signer
        self._draws = draws
        self._messages = messages

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        if not isinstance(frame, SignedMessage):
            return [frame]
        try:
            message = decode(frame.body, self._messages)
        except MalformedBytes:
            return [frame]
        body = encode(self._mutated(message))
        # Now and then the old signature stays, which is then nobody's.
        return [SignedMessage(body, self._signer.sign(body) if self._draw(4) else frame.signature)]

    def takes(self, source: int, frame: Frame) -> bool:
        return True

    def _mutated(self, value: msgspec.Struct) -> msgspec.Struct:
        name = value.__struct_fields__[self._draw(len(value.__struct_fields__))]
        return replace(value, **{name: self._changed(getattr(value, name))})

    def _changed(self, value: Any) -> Any:
        match value:
            case int():
                return value + 1 if self._draw(2) or not value else value - 1
            case bytes() if value:
                return value[:-1] + bytes([value[-1] ^ 1])
            case tuple() if value:
                return value[:-1]
            case msgspec.Struct():
                return self._mutated(value)
            case _:
                return value

    def _draw(self, below: int) -> int:
        return next(self._draws) % below


class WrongExecutor:
    """Attests headers that execution did not give, the same wrong one to everybody (situation 17)."""

    def __init__(self, suite: Suite, signer: Signer) -> None:
        self._suite = suite
        self._signer = signer

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        if not isinstance(frame, SignedMessage):
            return [frame]
        try:
            attestation = decode(frame.body, Attestation)
        except MalformedBytes:
            return [frame]
        wrong = self._suite.digest(b"another result" + attestation.header_digest)
        body = encode(replace(attestation, header_digest=wrong))
        return [SignedMessage(body, self._signer.sign(body))]

    def takes(self, source: int, frame: Frame) -> bool:
        return True


class SyncLiar:
    """Tells validators that are behind false blocks, and hands out other transactions than asked for."""

    def __init__(self, draws: Iterator[int]) -> None:
        self._draws = draws

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        match frame:
            case BlocksFound(blocks=blocks):
                falsify = _FALSE_BLOCKS[next(self._draws) % len(_FALSE_BLOCKS)]
                return [BlocksFound(falsify(blocks))]
            case TransactionsFound(transactions=transactions):
                return [TransactionsFound(tuple(map(_other_transaction, transactions)))]
            case _:
                return [frame]

    def takes(self, source: int, frame: Frame) -> bool:
        return True


def _other_transaction(transaction: Transaction) -> Transaction:
    return Transaction(transaction.body[:-1] + bytes([transaction.body[-1] ^ 1]), transaction.signature)


def _change_last(change: Callable[[Block], Block]) -> Callable[[tuple[_Proven, ...]], tuple[_Proven, ...]]:
    return lambda blocks: (*blocks[:-1], (change(blocks[-1][0]), blocks[-1][1]))


def _other_root(block: Block) -> Block:
    return replace(block, header=replace(block.header, state_root=bytes(32)))


def _fewer_transactions(block: Block) -> Block:
    return replace(block, transactions=block.transactions[1:], results=block.results[1:])


def _other_bodies(block: Block) -> Block:
    return replace(block, transactions=tuple(map(_other_transaction, block.transactions)))


def _other_results(block: Block) -> Block:
    return replace(block, results=tuple(replace(each, applied=not each.applied) for each in block.results))


def _other_time(block: Block) -> Block:
    return replace(block, batch=replace(block.batch, time_ms=block.batch.time_ms + 1))


def _one_vote(blocks: tuple[_Proven, ...]) -> tuple[_Proven, ...]:
    last, certificate = blocks[-1]
    return (*blocks[:-1], (last, certificate and replace(certificate, votes=certificate.votes[:1])))


_FALSE_BLOCKS: Final[tuple[Callable[[tuple[_Proven, ...]], tuple[_Proven, ...]], ...]] = (
    *map(_change_last, (_other_root, _fewer_transactions, _other_bodies, _other_results, _other_time)),
    _one_vote,
    lambda blocks: blocks[::-1],
    lambda blocks: blocks[1:],
    lambda blocks: tuple((block, None) for block, _ in blocks),
)
"""What can be false about blocks."""
