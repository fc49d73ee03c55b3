"""What validators put into frames: greeting, consensus messages, transactions, blocks.

Values and their bounds. Nothing is verified here but form; signatures and certificates are judged where they
are used. A frame of an unknown tag or version is malformed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec

from govchain.codec import decode, encode
from govchain.consensus import SignedMessage
from govchain.errors import MalformedBytes
from govchain.model import Transaction
from govchain.model.ids import DIGEST_BYTES
from govchain.model.votes import Evidence
from govchain.reads import NONCE_BYTES, ProvenHeight

TRANSACTIONS_BYTES: Final = 256 * 1024
"""Gossip of one frame: small enough not to hold up votes behind it."""
MESSAGES_BYTES: Final = 1024 * 1024
PARTS_MAX: Final = 8_192
"""Messages or transactions of one frame. Real ones are never so small that more would be sent together, and
a frame of empty ones would take seconds to judge."""
IDS_MAX: Final = 8_192
BLOCKS_MAX: Final = 64
BLOCKS_BYTES: Final = 4 * 1024 * 1024
"""Blocks of one answer; the first one always fits."""
HEIGHT_MAX: Final = 2**53 - 1
CHUNK_BYTES: Final = 256 * 1024
"""Rows or values of one answer; one more may cross the line. Checking them holds up votes that long."""
ITEMS_MAX: Final = 8_192
PEAKS_MAX: Final = 64
CHANGES_MAX: Final = 256
"""Who is further behind takes blocks, until fewer are missing."""
START_BYTES_MAX: Final = 1_024
"""Longer than any path or state key."""

SnapshotPart = Literal["head", "rows", "values"]


class _Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pass


class Hello(_Frame, frozen=True, tag="govchain.hello/1"):
    """First frame of every connection."""

    chain_id: bytes
    version: str
    """Of the program; for people."""
    name: str
    final_height: int
    """A claim: it may cause a question and nothing else (rule CU-1)."""


class Consensus(_Frame, frozen=True, tag="govchain.consensus/1"):
    """Everything that one turn of the replica says to one peer."""

    messages: tuple[SignedMessage, ...]


class Transactions(_Frame, frozen=True, tag="govchain.transactions/1"):
    """Gossip, or the answer to `TransactionsWanted`: whoever asked knows."""

    transactions: tuple[Transaction, ...]


class TransactionsWanted(_Frame, frozen=True, tag="govchain.transactions-wanted/1"):
    """Asks for transactions that a proposal names."""

    ids: tuple[bytes, ...]


class BlocksWanted(_Frame, frozen=True, tag="govchain.blocks-wanted/1"):
    """Asks for final blocks from a height on."""

    from_height: int
    count: int


class BlockParts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A stored block as it lies there: the one who answers neither decodes nor encodes it."""

    block: bytes
    """Canonical `Block`."""
    certificate: bytes
    """Canonical `FinalityCertificate`."""
    below: tuple[bytes, ...] = ()
    """Canonical blocks right below it, rising, without certificate: its parents, so proven too (CU-2)."""


class Blocks(_Frame, frozen=True, tag="govchain.blocks/1"):
    """Answer to `BlocksWanted`, rising from the height that was asked for; empty when there is none."""

    from_height: int
    blocks: tuple[BlockParts, ...]


class EvidenceFound(_Frame, frozen=True, tag="govchain.evidence-found/1"):
    """A validator contradicted itself: one piece, verified by whoever gets it (rule EV-1)."""

    evidence: Evidence


class SnapshotWanted(_Frame, frozen=True, tag="govchain.snapshot-wanted/1"):
    """Asks for a part of a state: its head, or what follows a place in its rows or its values (rule CU-3)."""

    height: int
    """Of the state; 0 asks for the head of any."""
    part: SnapshotPart
    start: bytes
    """First path or key that is wanted; for the head the own epoch (8 bytes, big-endian)."""


class SnapshotHead(_Frame, frozen=True, tag="govchain.snapshot-head/1"):
    """A state that the sender keeps for a while; without a block there is none yet, ask again."""

    block: bytes
    """Canonical `Block` of the height; empty when there is none."""
    certificate: bytes
    peaks: tuple[bytes, ...]
    """Of the history tree below that height."""
    changes: tuple[bytes, ...]
    """Canonical `ValidatorChange`s from the asker's epoch to that of the block."""


class SnapshotChunk(_Frame, frozen=True, tag="govchain.snapshot-chunk/1"):
    """Rows of the state map, or keys and values in turns, from a place on; empty when the state is gone."""

    height: int
    part: SnapshotPart
    start: bytes
    items: tuple[bytes, ...]
    is_last: bool


class ReadQuestion(_Frame, frozen=True, tag="govchain.read-question/1"):
    """How far had you executed when this came? (rule RD-1)"""

    nonce: bytes


class ReadAnswer(_Frame, frozen=True, tag="govchain.read-answer/1"):
    """Answer to `ReadQuestion`, given once all that was executed then is certified."""

    nonce: bytes
    proven: ProvenHeight | None
    """The highest certified header with its certificate; None at height 0."""


PeerFrame = (
    Hello
    | Consensus
    | Transactions
    | TransactionsWanted
    | BlocksWanted
    | Blocks
    | EvidenceFound
    | SnapshotWanted
    | SnapshotHead
    | SnapshotChunk
    | ReadQuestion
    | ReadAnswer
)

_KIND: Final[Any] = PeerFrame

FRAME_NAMES: Final[dict[type, str]] = {
    Hello: "hello",
    Consensus: "consensus",
    Transactions: "transactions",
    TransactionsWanted: "transactions-wanted",
    BlocksWanted: "blocks-wanted",
    Blocks: "blocks",
    EvidenceFound: "evidence",
    SnapshotWanted: "snapshot-wanted",
    SnapshotHead: "snapshot-head",
    SnapshotChunk: "snapshot-chunk",
    ReadQuestion: "read-question",
    ReadAnswer: "read-answer",
}
"""Label of `govchain_peer_messages_total`."""


def decode_frame(payload: bytes) -> PeerFrame:
    """The frame in a payload.

    Raises:
        MalformedBytes: Not canonical, of no known kind or version, or outside the bounds of its kind.
    """
    found: PeerFrame = decode(payload, _KIND)
    match found:
        case Hello(final_height=height):
            _expect(0 <= height <= HEIGHT_MAX, "height")
        case TransactionsWanted(ids=ids):
            _expect(0 < len(ids) <= IDS_MAX, "number of ids")
            _expect(all(len(id_) == DIGEST_BYTES for id_ in ids), "length of an id")
        case BlocksWanted(from_height=height, count=count):
            _expect(1 <= height <= HEIGHT_MAX, "height")
            _expect(1 <= count <= BLOCKS_MAX, "count")
        case Blocks(from_height=height, blocks=blocks):
            _expect(1 <= height <= HEIGHT_MAX, "height")
            _expect(len(blocks) <= BLOCKS_MAX, "number of blocks")
        case SnapshotWanted(height=height, start=start):
            _expect(0 <= height <= HEIGHT_MAX, "height")
            _expect(len(start) <= START_BYTES_MAX, "start")
        case SnapshotHead(peaks=peaks, changes=changes):
            _expect(len(peaks) <= PEAKS_MAX, "number of peaks")
            _expect(len(changes) <= CHANGES_MAX, "number of changes")
        case SnapshotChunk(start=start, items=items):
            _expect(len(start) <= START_BYTES_MAX, "start")
            _expect(len(items) <= ITEMS_MAX, "number of items")
        case Consensus(messages=parts) | Transactions(transactions=parts):
            _expect(len(parts) <= PARTS_MAX, "number of parts")
        case ReadQuestion(nonce=nonce) | ReadAnswer(nonce=nonce):
            _expect(len(nonce) == NONCE_BYTES, "length of a nonce")
    return found


def transactions_payloads(transactions: Iterable[Transaction]) -> Iterator[bytes]:
    """Payloads that carry these transactions, none of them much larger than `TRANSACTIONS_BYTES`."""
    for group in _cut(transactions, _transaction_bytes, TRANSACTIONS_BYTES):
        yield encode(Transactions(tuple(group)))


def consensus_payloads(messages: Iterable[SignedMessage]) -> Iterator[bytes]:
    """Payloads that carry these messages in order, none of them much larger than `MESSAGES_BYTES`."""
    for group in _cut(messages, _message_bytes, MESSAGES_BYTES):
        yield encode(Consensus(tuple(group)))


def _cut(items: Iterable[Any], size_of: Any, bytes_max: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    size = 0
    for item in items:
        group.append(item)
        size += size_of(item)
        if size >= bytes_max:
            yield group
            group, size = [], 0
    if group:
        yield group


def _transaction_bytes(transaction: Transaction) -> int:
    return len(transaction.body) + len(transaction.signature)


def _message_bytes(message: SignedMessage) -> int:
    return len(message.body) + len(message.signature)


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise MalformedBytes(f"peer frame: {what} is out of bounds")
