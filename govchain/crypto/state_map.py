"""The authenticated state map: keys and values under one root, with proofs of presence and of absence.

A trie over the hex digits of the hashed key (a measured choice, docs/adr/0003-state-map.md). A part of the
map with at most `BUCKET_MAX` entries is one bucket row; a larger part is a node row with 16 children. So the
shape, and with it the root, depends on content alone. Rows are stored by path; a row's digest is its hash.

Nothing here does I/O: rows are read through a callable and leave as writes. Values are kept elsewhere; the
map holds their hashes.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Final

import msgspec

from govchain.crypto.suite import Suite
from govchain.errors import BadProof, StorageFailure
from govchain.model.ids import DIGEST_BYTES, Digest

BUCKET_MAX: Final = 32
"""Entries that a bucket holds; one more makes it a node."""
ENTRY_BYTES: Final = 2 * DIGEST_BYTES
"""Hash of the key, then hash of the value."""
DEPTH_MAX: Final = 2 * DIGEST_BYTES
"""Hex digits of a hashed key: no path is longer."""
SPLICES_MAX: Final = 4
"""Changes of one bucket that are made in place; more of them are sorted in at once."""
NODES_KEPT_MAX: Final = 8192
"""Node rows kept in memory, about 6 MB in all. Buckets are read from the store each time."""
UPDATES_KEPT_MAX: Final = 4
"""Updates whose rows stay readable here because the store may not have them yet."""

# First byte of everything that is hashed here. RFC 9162 has 0x00 and 0x01; canonical values begin at 0x80.
_BUCKET: Final = b"\x10"
_NODE: Final = b"\x11"
_KEY: Final = b"\x12"
_VALUE: Final = b"\x13"
_BUCKET_CODE: Final = 0x10

ROOT_PATH: Final = b"/"
_CHILDREN_START: Final = 9
"""A node row: prefix, number of entries below it (8 bytes), digests of its 16 children."""
_NODE_BYTES: Final = _CHILDREN_START + 16 * DIGEST_BYTES
_CHILD_AT: Final = {digit: _CHILDREN_START + 32 * i for i, digit in enumerate(b"0123456789abcdef")}
"""Hex digit, as its ASCII code, to where the child's digest starts in a node row."""

_DIGIT: Final = {code: code.to_bytes(1, "big") for code in _CHILD_AT}

_Change = tuple[bytes, bytes, bytes | None]
"""Hex digits of the hashed key, the hashed key, and its new entry, or None to delete it."""
_Writes = dict[bytes, bytes | None]


class StateProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows from the root down to the bucket in which the key is, or would be."""

    rows: tuple[bytes, ...]


class StateMap:
    """The map as it is after the last update.

    Args:
        suite: Hash of the map.
        read: Returns the stored row under a key that `update` gave out earlier, or None.
    """

    def __init__(self, suite: Suite, read: Callable[[bytes], bytes | None]) -> None:
        self._digest = suite.hasher()
        self._read = read
        self._empty = self._digest(_BUCKET)
        self._nodes: OrderedDict[bytes, bytes] = OrderedDict()
        self._unsaved: deque[_Writes] = deque(maxlen=UPDATES_KEPT_MAX)
        row = read(ROOT_PATH)
        self._root = self._empty if row is None else self._digest(row)

    @property
    def root(self) -> Digest:
        return Digest(self._root)

    def update(self, changes: Mapping[bytes, bytes | None]) -> list[tuple[bytes, bytes | None]]:
        """Set values, or delete them with None, and return the rows to store.

        The store must have the rows before `UPDATES_KEPT_MAX` further updates. Deleting what is absent and
        setting what is there already change nothing.

        Raises:
            StorageFailure: A row is missing or not what its parent names; the map stays as it was.
        """
        writes: _Writes = {}
        prepared = [self._prepare(key, value) for key, value in changes.items()]
        if prepared:
            prepared.sort()
            self._root, _ = self._apply(ROOT_PATH, self._root, prepared, writes)
        self._keep(writes)
        return list(writes.items())

    def adopt(self, root: bytes, rows: dict[bytes, bytes | None]) -> None:
        """Take over the rows and the root that `update` gave for an equal map; nobody may change them."""
        self._root = root
        self._keep(rows)

    def prove(self, key: bytes) -> StateProof:
        """Prove what the map holds under a key, be it nothing."""
        digits = self._digest(_KEY + key).hex().encode()
        rows = [self._row(ROOT_PATH, self._root)]
        while rows[-1][:1] == _NODE:
            depth = len(rows)
            child_at = _CHILD_AT[digits[depth - 1]]
            child = rows[-1][child_at : child_at + DIGEST_BYTES]
            rows.append(self._row(ROOT_PATH + digits[:depth], child))
        return StateProof(rows=tuple(rows))

    def _prepare(self, key: bytes, value: bytes | None) -> _Change:
        key_hash = self._digest(_KEY + key)
        entry = None if value is None else key_hash + self._digest(_VALUE + value)
        return key_hash.hex().encode(), key_hash, entry

    def _apply(
        self, path: bytes, digest: bytes, changes: list[_Change], writes: _Writes
    ) -> tuple[bytes, int]:
        """New digest of the part of the map below `path`, and by how many entries it grew."""
        row = self._row(path, digest)
        if row[0] == _BUCKET_CODE:
            return self._apply_to_bucket(path, row, digest, changes, writes)
        depth, grown = len(path) - 1, 0
        if len(changes) == 1:
            # Most nodes that an update visits see one change, and skip the grouping below.
            code = changes[0][0][depth]
            at = _CHILD_AT[code]
            child, grown = self._apply(path + _DIGIT[code], row[at : at + DIGEST_BYTES], changes, writes)
            changed = row[:at] + child + row[at + DIGEST_BYTES :]
        else:
            children = bytearray(row)
            for code, group in groupby(changes, key=lambda change: change[0][depth]):
                at = _CHILD_AT[code]
                child, more = self._apply(
                    path + _DIGIT[code], row[at : at + DIGEST_BYTES], list(group), writes
                )
                children[at : at + DIGEST_BYTES] = child
                grown += more
            changed = bytes(children)
        if grown:
            count = int.from_bytes(row[1:_CHILDREN_START], "big") + grown
            if count <= BUCKET_MAX:
                return self._merge(path, changed, writes), grown
            changed = _NODE + count.to_bytes(8, "big") + changed[_CHILDREN_START:]
        elif changed == row:
            return digest, 0
        return self._put(path, changed, writes), grown

    def _apply_to_bucket(
        self, path: bytes, row: bytes, digest: bytes, changes: list[_Change], writes: _Writes
    ) -> tuple[bytes, int]:
        if len(changes) <= SPLICES_MAX:
            changed = row
            for _, key_hash, entry in changes:
                changed = _splice(changed, key_hash, entry)
            if changed == row:
                return digest, 0
            grown = (len(changed) - len(row)) // ENTRY_BYTES
            if len(changed) <= 1 + BUCKET_MAX * ENTRY_BYTES:
                return self._put(path, changed, writes), grown
            return self._build(path, _entries(changed), writes), grown
        before = _entries(row)
        after = {entry[:DIGEST_BYTES]: entry for entry in before}
        for _, key_hash, entry in changes:
            if entry is None:
                after.pop(key_hash, None)
            else:
                after[key_hash] = entry
        entries = sorted(after.values())
        if entries == before:
            return digest, 0
        return self._build(path, entries, writes), len(entries) - len(before)

    def _build(self, path: bytes, entries: list[bytes], writes: _Writes) -> bytes:
        if len(entries) <= BUCKET_MAX:
            return self._put(path, _BUCKET + b"".join(entries), writes)
        row = bytearray(_NODE + len(entries).to_bytes(8, "big") + self._empty * 16)
        depth = len(path) - 1
        for digit, group in groupby(entries, key=lambda entry: entry.hex()[depth]):
            code = digit.encode()
            at = _CHILD_AT[code[0]]
            row[at : at + DIGEST_BYTES] = self._build(path + code, list(group), writes)
        return self._put(path, bytes(row), writes)

    def _merge(self, path: bytes, row: bytes, writes: _Writes) -> bytes:
        entries: list[bytes] = []
        for code, at in _CHILD_AT.items():
            child = row[at : at + DIGEST_BYTES]
            if child != self._empty:
                child_path = path + _DIGIT[code]
                bucket = writes.get(child_path) or self._row(child_path, child)
                assert bucket[:1] == _BUCKET, "a small part of the map is a bucket"
                entries += _entries(bucket)
                writes[child_path] = None
        # Children come in the order of their digits, so the entries are in order too.
        return self._build(path, entries, writes)

    def _put(self, path: bytes, row: bytes, writes: _Writes) -> bytes:
        # An empty bucket is known by its digest and has no row.
        writes[path] = None if row == _BUCKET else row
        return self._digest(row)

    def _row(self, path: bytes, digest: bytes) -> bytes:
        """The row at `path` as it was before the update that is being made."""
        if digest == self._empty:
            return _BUCKET
        kept = self._nodes.get(path)
        if kept is not None:
            self._nodes.move_to_end(path)
            return kept
        for unsaved in reversed(self._unsaved):
            if path in unsaved:
                kept = unsaved[path]
                assert kept is not None, "a deleted row has no parent that names it"
                return kept
        return self._read_row(path, digest)

    def _read_row(self, path: bytes, digest: bytes) -> bytes:
        row = self._read(path)
        if row is None:
            raise StorageFailure(f"state map: no row at {path.decode()}")
        if self._digest(row) != digest:
            raise StorageFailure(
                f"state map: the row at {path.decode()} is not the one that its parent names"
            )
        if row[:1] == _NODE:
            self._nodes[path] = row
            self._trim()
        return row

    def _keep(self, writes: _Writes) -> None:
        self._unsaved.append(writes)
        for path, row in writes.items():
            if row is not None and row[:1] == _NODE:
                self._nodes[path] = row
                self._nodes.move_to_end(path)
            else:
                self._nodes.pop(path, None)
        self._trim()

    def _trim(self) -> None:
        while len(self._nodes) > NODES_KEPT_MAX:
            self._nodes.popitem(last=False)


def verify_state(suite: Suite, *, root: bytes, key: bytes, value: bytes | None, proof: StateProof) -> None:
    """Check that the map under `root` holds `value` under `key`, or with None that it holds nothing there.

    Raises:
        BadProof: A row is malformed or not the one that its parent names, or the bucket says something else.
    """
    step = "state"
    digest = suite.hasher()
    key_hash = digest(_KEY + key)
    digits = key_hash.hex().encode()
    if not 1 <= len(proof.rows) <= DEPTH_MAX + 1:
        raise BadProof(f"{len(proof.rows)} rows; expected 1 to {DEPTH_MAX + 1}", step=step)
    want = bytes(root)
    for depth, row in enumerate(proof.rows):
        got = digest(row)
        if got != want:
            raise BadProof(f"row {depth} has digest {got.hex()}; expected {want.hex()}", step=step)
        if depth < len(proof.rows) - 1:
            if row[:1] != _NODE or len(row) != _NODE_BYTES:
                raise BadProof(f"row {depth} is not a node, and rows follow it", step=step)
            at = _CHILD_AT[digits[depth]]
            want = row[at : at + DIGEST_BYTES]
    held = _find_entry(proof.rows[-1], key_hash, step)
    expected = None if value is None else digest(_VALUE + value)
    if held != expected:
        raise BadProof(f"the map holds {_name(held)}; expected {_name(expected)}", step=step)


def split_row(row: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
    """Number of entries in a bucket, or else digit and digest of each child of a node in rising order.

    Raises:
        BadProof: It is neither.
    """
    if row[:1] == _NODE and len(row) == _NODE_BYTES:
        return 0, [(_DIGIT[code], row[at : at + DIGEST_BYTES]) for code, at in _CHILD_AT.items()]
    if row[:1] == _BUCKET and len(row) % ENTRY_BYTES == 1 and len(row) <= 1 + BUCKET_MAX * ENTRY_BYTES:
        return len(row) // ENTRY_BYTES, []
    raise BadProof("a row is neither a bucket nor a node", step="state")


def empty_digest(suite: Suite) -> bytes:
    """Digest of a part of the map that holds nothing; it has no row."""
    return suite.digest(_BUCKET)


def _find_entry(bucket: bytes, key_hash: bytes, step: str) -> bytes | None:
    if bucket[:1] != _BUCKET or len(bucket) % ENTRY_BYTES != 1 or len(bucket) > 1 + BUCKET_MAX * ENTRY_BYTES:
        raise BadProof("the last row is not a bucket", step=step)
    found = [entry[DIGEST_BYTES:] for entry in _entries(bucket) if entry[:DIGEST_BYTES] == key_hash]
    if len(found) > 1:
        raise BadProof("the bucket holds the key twice", step=step)
    return found[0] if found else None


def _entries(bucket: bytes) -> list[bytes]:
    return [bucket[at : at + ENTRY_BYTES] for at in range(1, len(bucket), ENTRY_BYTES)]


def _splice(bucket: bytes, key_hash: bytes, entry: bytes | None) -> bytes:
    """The bucket with one entry put in its place, or taken out."""
    low, high = 0, len(bucket) // ENTRY_BYTES
    while low < high:
        middle = (low + high) // 2
        at = 1 + middle * ENTRY_BYTES
        if bucket[at : at + DIGEST_BYTES] < key_hash:
            low = middle + 1
        else:
            high = middle
    at = 1 + low * ENTRY_BYTES
    end = at + ENTRY_BYTES if bucket[at : at + DIGEST_BYTES] == key_hash else at
    return bucket[:at] + (entry or b"") + bucket[end:]


def _name(value_hash: bytes | None) -> str:
    return "nothing under the key" if value_hash is None else f"a value with hash {value_hash.hex()}"
