"""A state map taken over row by row: every map arrives whole, and no other row is ever taken (rule CU-3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.crypto import StateMap, state_map, suite
from govchain.crypto.state_walk import StateWalk
from govchain.errors import BadProof

SUITE = suite()


def rows_of(keys: int, bucket_max: int) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Root and rows of a map, in the order of their paths."""
    stored: dict[bytes, bytes] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state_map, "BUCKET_MAX", bucket_max)
        made = StateMap(SUITE, stored.get)
        for path, row in made.update({b"key/%d" % number: b"value" for number in range(keys)}):
            if row is not None:
                stored[path] = row
    return made.root, sorted(stored.items())


@given(keys=st.integers(0, 200), bucket_max=st.integers(1, 32))
def test_CU3_every_map_is_walked_in_the_order_of_its_paths(keys: int, bucket_max: int) -> None:
    root, rows = rows_of(keys, bucket_max)
    walk = StateWalk(SUITE, root)
    for path, row in rows:
        assert walk.next_path == path
        assert walk.take(row) == path
    assert walk.next_path is None
    assert walk.entries == keys
    with pytest.raises(BadProof, match="after the last"):
        walk.take(b"\x10")


@given(data=st.data())
def test_situation_11_CU3_no_other_row_is_taken_at_any_place(data: st.DataObject) -> None:
    root, rows = rows_of(data.draw(st.integers(2, 120)), 2)
    walk = StateWalk(SUITE, root)
    place = data.draw(st.integers(0, len(rows) - 1))
    for _, row in rows[:place]:
        walk.take(row)
    other = data.draw(st.sampled_from([*(row for _, row in rows), b"", b"\x10", b"\x11" * 521]))
    if other != rows[place][1]:
        with pytest.raises(BadProof):
            walk.take(other)
    # What was refused changed nothing.
    for path, row in rows[place:]:
        assert walk.take(row) == path
    assert walk.next_path is None


def test_CU3_a_certified_row_that_is_no_row_is_refused() -> None:
    for row in (b"", b"\x10" + bytes(63), b"\x11" + bytes(519), b"\x12", b"\x10" + bytes(64 * 33)):
        with pytest.raises(BadProof, match="neither"):
            StateWalk(SUITE, SUITE.digest(row)).take(row)
