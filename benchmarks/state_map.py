"""Measures the shapes that the authenticated state map could have had (docs/adr/0003-state-map.md).

    python benchmarks/state_map.py [--sizes 0,100000,1000000] [--shapes NAME,NAME] [--json FILE]

Each shape runs in a process of its own over RocksDB: filled to a size, then given blocks of 500 updates (half
of them new keys), each block written and synced as a validator would. Shapes other than the shipped one are
written as plainly as possible and have no deletion; they are here to be measured, not to be used.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import psutil
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch, WriteOptions

from govchain.bench.machine import describe_machine
from govchain.crypto import StateMap, suite

BLOCK_UPDATES = 500
BLOCKS = 80
FILL_UPDATES = 20_000
CACHE_ROWS = 8192
BLOCK_CACHE_BYTES = 64_000_000
VALUE = b"v" * 200

Write = tuple[bytes, bytes | None]


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class Shape(Protocol):
    def update(self, changes: dict[bytes, bytes]) -> list[Write]: ...

    def proof_bytes(self, key: bytes) -> int: ...


class Shipped:
    """`govchain.crypto.StateMap`: 16 children hashed flat, buckets of 32, every row checked on reading."""

    def __init__(self, read: Callable[[bytes], bytes | None]) -> None:
        self._map = StateMap(suite(), read)

    def update(self, changes: dict[bytes, bytes]) -> list[Write]:
        return self._map.update(dict(changes))

    def proof_bytes(self, key: bytes) -> int:
        return sum(len(row) for row in self._map.prove(key).rows)


class Trie:
    """A trie with 2^bits children a node, hashed flat or as a small binary tree, and buckets at its ends."""

    def __init__(
        self,
        read: Callable[[bytes], bytes | None],
        bits: int,
        bucket_max: int,
        *,
        binary_inside: bool = False,
    ) -> None:
        self._read, self._bits, self._bucket_max, self._inside = read, bits, bucket_max, binary_inside
        self._children = 1 << bits
        self._at = {format(i, f"0{bits}b"): 1 + 32 * i for i in range(self._children)}
        self._empty = digest(b"\x10")
        self._kept: dict[bytes, bytes] = {}
        self._writes: dict[bytes, bytes | None] = {}
        row = read(b"/")
        self.root = digest(row) if row else self._empty

    def update(self, changes: dict[bytes, bytes]) -> list[Write]:
        self._writes = {}
        prepared = []
        for key, value in changes.items():
            key_hash = digest(b"\x12" + key)
            bits = format(int.from_bytes(key_hash[:10], "big"), "080b")
            prepared.append((bits, key_hash, key_hash + digest(b"\x13" + value)))
        prepared.sort()
        self.root = self._apply("", self.root, prepared)
        while len(self._kept) > CACHE_ROWS:
            del self._kept[next(iter(self._kept))]
        return list(self._writes.items())

    def proof_bytes(self, key: bytes) -> int:
        bits = format(int.from_bytes(digest(b"\x12" + key)[:10], "big"), "080b")
        total, depth, row = 0, 0, self._row("", self.root)
        while row[:1] == b"\x11":
            total += 32 * (self._bits if self._inside else self._children - 1)
            at = self._at[bits[depth : depth + self._bits]]
            depth += self._bits
            row = self._row(bits[:depth], row[at : at + 32])
        return total + len(row)

    def _apply(self, path: str, node: bytes, changes: list[Any]) -> bytes:
        row = self._row(path, node)
        if row[:1] == b"\x10":
            entries = {row[at : at + 32]: row[at : at + 64] for at in range(1, len(row), 64)}
            entries.update((key_hash, entry) for _, key_hash, entry in changes)
            return self._build(path, sorted(entries.values()))
        begin, end = len(path), len(path) + self._bits
        changed = bytearray(row)
        for digit, group in groupby(changes, key=lambda change: change[0][begin:end]):
            at = self._at[digit]
            changed[at : at + 32] = self._apply(path + digit, row[at : at + 32], list(group))
        return self._put(path, bytes(changed))

    def _build(self, path: str, entries: list[bytes]) -> bytes:
        if len(entries) <= self._bucket_max:
            return self._put(path, b"\x10" + b"".join(entries))
        row = bytearray(b"\x11" + self._empty * self._children)
        begin, end = len(path), len(path) + self._bits
        for digit, group in groupby(
            entries, key=lambda entry: format(int.from_bytes(entry[:10], "big"), "080b")[begin:end]
        ):
            at = self._at[digit]
            row[at : at + 32] = self._build(path + digit, list(group))
        return self._put(path, bytes(row))

    def _put(self, path: str, row: bytes) -> bytes:
        key = b"/" + path.encode()
        self._writes[key] = row
        self._kept.pop(key, None)
        if row[:1] == b"\x11":
            self._kept[key] = row
        if row[:1] == b"\x10" or not self._inside:
            return digest(row)
        level = [row[at : at + 32] for at in range(1, len(row), 32)]
        while len(level) > 1:
            level = [digest(b"\x01" + a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
        return level[0]

    def _row(self, path: str, node: bytes) -> bytes:
        if node == self._empty:
            return b"\x10"
        key = b"/" + path.encode()
        row = self._kept.get(key)
        if row is None:
            row = self._read(key)
            assert row is not None
            if row[:1] == b"\x11":
                self._kept[key] = row
        return row


class Buckets:
    """A fixed number of buckets under a binary tree that is wholly in memory and read at start."""

    def __init__(self, read: Callable[[bytes], bytes | None], bits: int) -> None:
        self._read, self._bits = read, bits
        count = 1 << bits
        self._tree = bytearray(32 * 2 * count)
        empty = digest(b"\x10")
        for bucket in range(count):
            row = read(bucket.to_bytes(4, "big"))
            at = 32 * (count + bucket)
            self._tree[at : at + 32] = empty if row is None else digest(row)
        for node in range(count - 1, 0, -1):
            self._hash_node(node)

    def update(self, changes: dict[bytes, bytes]) -> list[Write]:
        by_bucket: dict[int, list[bytes]] = {}
        for key, value in changes.items():
            key_hash = digest(b"\x12" + key)
            bucket = int.from_bytes(key_hash[:4], "big") >> (32 - self._bits)
            by_bucket.setdefault(bucket, []).append(key_hash + digest(b"\x13" + value))
        writes: list[Write] = []
        nodes = set()
        for bucket, changed in by_bucket.items():
            name = bucket.to_bytes(4, "big")
            row = self._read(name) or b"\x10"
            entries = {row[at : at + 32]: row[at : at + 64] for at in range(1, len(row), 64)}
            entries.update((entry[:32], entry) for entry in changed)
            row = b"\x10" + b"".join(sorted(entries.values()))
            writes.append((name, row))
            node = (1 << self._bits) + bucket
            self._tree[32 * node : 32 * node + 32] = digest(row)
            nodes.add(node >> 1)
        while nodes:
            for node in nodes:
                self._hash_node(node)
            nodes = {node >> 1 for node in nodes if node > 1}
        return writes

    def proof_bytes(self, key: bytes) -> int:
        bucket = int.from_bytes(digest(b"\x12" + key)[:4], "big") >> (32 - self._bits)
        return 32 * self._bits + len(self._read(bucket.to_bytes(4, "big")) or b"")

    def _hash_node(self, node: int) -> None:
        tree = self._tree
        tree[32 * node : 32 * node + 32] = digest(b"\x01" + tree[64 * node : 64 * node + 64])


SHAPES: dict[str, Callable[[Callable[[bytes], bytes | None]], Shape]] = {
    "16 children, buckets of 32 (shipped)": Shipped,
    "binary compact trie": lambda read: Trie(read, bits=1, bucket_max=1),
    "binary trie, buckets of 16": lambda read: Trie(read, bits=1, bucket_max=16),
    "binary trie in pages of 4 levels": lambda read: Trie(read, bits=4, bucket_max=1, binary_inside=True),
    "4 children, buckets of 16": lambda read: Trie(read, bits=2, bucket_max=16),
    "16 children, buckets of 16": lambda read: Trie(read, bits=4, bucket_max=16),
    "256 children, buckets of 32": lambda read: Trie(read, bits=8, bucket_max=32),
    "2^16 buckets, tree in memory": lambda read: Buckets(read, 16),
    "2^20 buckets, tree in memory": lambda read: Buckets(read, 20),
}


def measure(name: str, sizes: list[int], folder: Path) -> Iterator[dict[str, Any]]:
    """One row of figures for each size, for one shape, in this process."""
    database = _open(folder)
    synced = WriteOptions()
    synced.sync = True

    def store(writes: list[Write]) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, row in writes:
            if row is None:
                batch.delete(key)
            else:
                batch.put(key, row)
        database.write(batch, synced)

    process = psutil.Process()
    rss_before = process.memory_info().rss
    shape = SHAPES[name](database.get)
    filled = 0
    for size in sizes:
        while filled < size:
            count = min(FILL_UPDATES, size - filled)
            store(shape.update({_key(i): VALUE for i in range(filled, filled + count)}))
            filled += count
        # Compaction left over from the filling would be charged to whoever is measured next.
        database.compact_range(None, None)
        figures, filled = measure_blocks(shape, store, filled)
        proofs = [shape.proof_bytes(_key(i)) for i in range(0, filled, max(1, filled // 200))]
        rss_mb = (process.memory_info().rss - rss_before) / 1e6
        begin = time.perf_counter()
        SHAPES[name](database.get)
        yield {
            "shape": name,
            "records": size,
            **figures,
            "proof_bytes": round(statistics.mean(proofs)),
            "start_ms": round((time.perf_counter() - begin) * 1e3, 1),
            "grown_mb": round(rss_mb),
        }
    database.close()


def measure_blocks(
    shape: Shape, store: Callable[[list[Write]], None], filled: int
) -> tuple[dict[str, float], int]:
    """Microseconds of one update in blocks of old and new keys, and the number of records after them."""
    update_us, block_us, cpu_us = [], [], []
    half = BLOCK_UPDATES // 2
    for _ in range(BLOCKS):
        old = {_key(filled * i // half): str(filled).encode() for i in range(half if filled else 0)}
        changes = old | {_key(filled + i): VALUE for i in range(BLOCK_UPDATES - len(old))}
        filled += BLOCK_UPDATES - len(old)
        cpu, begin = time.process_time(), time.perf_counter()
        writes = shape.update(changes)
        updated = time.perf_counter()
        store(writes)
        update_us.append((updated - begin) / BLOCK_UPDATES * 1e6)
        block_us.append((time.perf_counter() - begin) / BLOCK_UPDATES * 1e6)
        cpu_us.append((time.process_time() - cpu) / BLOCK_UPDATES * 1e6)
    figures = {"update_us": _low(update_us), "with_store_us": _low(block_us), "cpu_us": _low(cpu_us)}
    return {name: round(figure, 1) for name, figure in figures.items()}, filled


def _low(samples: list[float]) -> float:
    # The lower quartile: what the work costs when nothing else has the machine.
    return statistics.quantiles(samples, n=4)[0]


def _open(folder: Path) -> Rdict:
    # Without filters and a cache the shapes with many small rows would look worse than they are.
    table = BlockBasedOptions()
    table.set_bloom_filter(10, False)
    table.set_block_cache(Cache(BLOCK_CACHE_BYTES))
    options = Options(raw_mode=True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.none())
    return Rdict(str(folder), options)


def _key(number: int) -> bytes:
    return b"record/licence/%d" % number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="0,100000,1000000", help="records in the map, rising")
    parser.add_argument("--shapes", default="", help="only shapes whose name contains one of these")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            for row in measure(options.one, [int(size) for size in options.sizes.split(",")], Path(folder)):
                print(json.dumps(row), flush=True)
        return
    wanted = [part for part in options.shapes.split(",") if part]
    rows = []
    for name in SHAPES:
        if wanted and not any(part in name for part in wanted):
            continue
        command = [sys.executable, __file__, "--one", name, "--sizes", options.sizes]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            for line in worker.stdout:
                rows.append(json.loads(line))
                print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
        if worker.returncode:
            sys.exit(worker.returncode)
    if options.json:
        options.json.write_text(json.dumps({"machine": describe_machine(), "figures": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
