"""The state map against a rebuild from nothing, and against forgers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.crypto import StateMap, StateProof, state_map, suite, verify_state
from govchain.crypto.state_map import BUCKET_MAX
from govchain.errors import BadProof, StorageFailure
from tests.support import naive_trees

SUITE = suite()
keys = st.integers(0, 120).map(lambda i: b"record/licence/%d" % i)
values = st.one_of(st.none(), st.binary(max_size=3))
blocks = st.lists(st.dictionaries(keys, values, max_size=60), max_size=8)


@contextlib.contextmanager
def buckets_of(bucket_max: int) -> Iterator[None]:
    """Small buckets, so that few keys make nodes and deletions merge them again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state_map, "BUCKET_MAX", bucket_max)
        yield


class World:
    """A map with the store under it and the dictionary that it must equal."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.content: dict[bytes, bytes] = {}
        self.map = self.reopened()

    def reopened(self) -> StateMap:
        return StateMap(SUITE, self.rows.get)

    def update(self, changes: dict[bytes, bytes | None]) -> None:
        self.store(self.map.update(changes))
        self.note(changes)

    def note(self, changes: dict[bytes, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.content.pop(key, None)
            else:
                self.content[key] = value

    def store(self, writes: list[tuple[bytes, bytes | None]]) -> None:
        for path, row in writes:
            if row is None:
                self.rows.pop(path, None)
            else:
                self.rows[path] = row


def filled(count: int) -> World:
    world = World()
    world.update({b"key %d" % i: b"value %d" % i for i in range(count)})
    return world


@given(blocks, st.integers(1, 4), st.data())
def test_root_and_rows_depend_on_content_alone(
    changes: list[dict[bytes, bytes | None]], bucket_max: int, data: st.DataObject
) -> None:
    with buckets_of(bucket_max):
        world = World()
        for block in changes:
            world.update(block)
            if data.draw(st.booleans()):
                world.map = world.reopened()
        assert world.map.root == naive_trees.state_root(world.content, bucket_max)
        again = World()
        again.update(dict(reversed(world.content.items())))
        assert (again.map.root, again.rows) == (world.map.root, world.rows)


@pytest.mark.parametrize("left", [0, 1, BUCKET_MAX - 1, BUCKET_MAX, BUCKET_MAX + 1, 100])
def test_growing_and_shrinking_again_leaves_no_trace(left: int) -> None:
    world, small = filled(800), filled(left)
    for start in range(left, 800, 50):
        world.update({b"key %d" % i: None for i in range(start, min(start + 50, 800))})
    assert (world.map.root, world.rows) == (small.map.root, small.rows)
    assert world.map.root == naive_trees.state_root(small.content, BUCKET_MAX)
    world.update({b"key %d" % i: b"value %d" % i for i in range(800)})
    assert world.rows == filled(800).rows


@given(blocks, keys)
def test_presence_and_absence_are_proven(changes: list[dict[bytes, bytes | None]], key: bytes) -> None:
    with buckets_of(2):
        _prove_all_ways(changes, key)


def _prove_all_ways(changes: list[dict[bytes, bytes | None]], key: bytes) -> None:
    world = World()
    for block in changes:
        world.update(block)
    held = world.content.get(key)
    proof = world.map.prove(key)
    verify_state(SUITE, root=world.map.root, key=key, value=held, proof=proof)
    for other in {None, b"", b"other"} - {held}:
        with pytest.raises(BadProof):
            verify_state(SUITE, root=world.map.root, key=key, value=other, proof=proof)


@given(st.integers(0, 400), st.data())
def test_a_forged_proof_never_verifies(index: int, data: st.DataObject) -> None:
    world, key = filled(300), b"key %d" % index
    rows = [bytearray(row) for row in world.map.prove(key).rows]
    kind = data.draw(st.sampled_from(["flip", "drop", "repeat", "swap", "cut", "grow"]))
    at = data.draw(st.integers(0, len(rows) - 1))
    if kind == "flip":
        position = data.draw(st.integers(0, len(rows[at]) - 1))
        rows[at][position] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "drop":
        del rows[at]
    elif kind == "repeat":
        rows.insert(at, rows[at])
    elif kind == "swap":
        rows.reverse()
    elif kind == "cut":
        del rows[at][-1]
    else:
        rows[at] += data.draw(st.binary(min_size=1, max_size=64))
    forged = StateProof(rows=tuple(bytes(row) for row in rows))
    for value in (world.content.get(key), None, b"forged"):
        with pytest.raises(BadProof):
            verify_state(SUITE, root=world.map.root, key=key, value=value, proof=forged)


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_proof_of_one_key_says_nothing_false_about_another(one: int, other: int) -> None:
    world = filled(300)
    proof, key = world.map.prove(b"key %d" % one), b"key %d" % other
    wrong = b"forged" if world.content.get(key) is None else None
    with pytest.raises(BadProof):
        verify_state(SUITE, root=world.map.root, key=key, value=wrong, proof=proof)


def test_keys_and_values_of_other_lengths_are_other_entries() -> None:
    world = World()
    world.update({b"a": b"bc", b"ab": b"c", b"": b"", b"abc": b"\x00"})
    for key, value in world.content.items():
        verify_state(SUITE, root=world.map.root, key=key, value=value, proof=world.map.prove(key))
    with pytest.raises(BadProof):
        verify_state(SUITE, root=world.map.root, key=b"a", value=b"b", proof=world.map.prove(b"a"))
    with pytest.raises(BadProof, match="holds a value with hash"):
        verify_state(SUITE, root=world.map.root, key=b"", value=None, proof=world.map.prove(b""))


@pytest.mark.parametrize("rows", [(), (b"",), (b"\x10",) * 66, (b"\x11" + bytes(520),)])
def test_a_malformed_proof_is_refused(rows: tuple[bytes, ...]) -> None:
    for root in (SUITE.digest(b"\x10"), SUITE.digest(b""), SUITE.digest(rows[0] if rows else b"")):
        if rows[:1] == (b"\x10",) and len(rows) == 1:
            continue
        with pytest.raises(BadProof):
            verify_state(SUITE, root=root, key=b"k", value=None, proof=StateProof(rows=rows))


def test_an_empty_map_proves_absence_and_emptying_it_leaves_nothing() -> None:
    world = World()
    empty = world.map.root
    verify_state(SUITE, root=empty, key=b"k", value=None, proof=world.map.prove(b"k"))
    world.update({b"key %d" % i: b"" for i in range(100)})
    assert world.map.root != empty
    world.update({b"key %d" % i: None for i in range(100)})
    assert (world.map.root, world.rows) == (empty, {})


def test_what_changes_nothing_writes_nothing() -> None:
    world = filled(300)
    assert world.map.update({b"key 7": b"value 7", b"nowhere": None}) == []
    assert world.map.update({}) == []


def test_unsaved_rows_are_read_by_later_updates_and_proofs() -> None:
    world = filled(300)
    pending = []
    for round_number in range(state_map.UPDATES_KEPT_MAX):
        changes: dict[bytes, bytes | None] = {b"key %d" % i: b"%d" % round_number for i in range(0, 400, 3)}
        changes |= {b"key %d" % (i + 1): None for i in range(0, 60, 3)}
        pending += world.map.update(changes)
        world.note(changes)
        for key in (b"key 0", b"key 1", b"key 399", b"nowhere"):
            proof = world.map.prove(key)
            verify_state(SUITE, root=world.map.root, key=key, value=world.content.get(key), proof=proof)
    assert world.map.root == naive_trees.state_root(world.content, BUCKET_MAX)
    world.store(pending)
    assert world.reopened().root == world.map.root


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_map, "NODES_KEPT_MAX", 5)
    world = World()
    for start in range(0, 2000, 100):
        world.update({b"key %d" % i: b"v" for i in range(start, start + 100)})
        world.map.prove(b"key %d" % start)
        assert len(world.map._nodes) <= 5
        assert len(world.map._unsaved) <= state_map.UPDATES_KEPT_MAX
    assert world.map.root == naive_trees.state_root(world.content, BUCKET_MAX)


@pytest.mark.parametrize("damage", ["lost", "altered", "stale"])
def test_a_store_that_lost_or_altered_a_row_is_noticed(damage: str) -> None:
    world = filled(300)
    path = max(world.rows)
    before = world.rows[path]
    everything: dict[bytes, bytes | None] = {b"key %d" % i: b"new" for i in range(300)}
    world.update(everything)
    if damage == "lost":
        del world.rows[path]
    else:
        world.rows[path] = before if damage == "stale" else world.rows[path][:-1] + b"!"
    reopened = world.reopened()
    root = reopened.root
    with pytest.raises(StorageFailure, match=path.decode()):
        reopened.update(dict.fromkeys(everything))
    assert reopened.root == root
