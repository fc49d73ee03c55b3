"""RFC 9162 trees against their naive twin, and against forgers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.crypto import HistoryTree, compute_inclusion_proof, compute_root, suite
from govchain.crypto import history_tree as history_module
from govchain.crypto.history_tree import fill_leaf, peak_keys
from govchain.crypto.log_tree import compute_consistency_proof, verify_consistency, verify_inclusion
from govchain.errors import BadProof, StorageFailure
from tests.support import naive_trees

SUITE = suite()
leaf_lists = st.lists(st.binary(max_size=4), min_size=1, max_size=70)


def leaves_of(size: int) -> list[bytes]:
    return [b"leaf %d" % i for i in range(size)]


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_root_equals_the_naive_twin(leaves: list[bytes]) -> None:
    assert compute_root(SUITE, leaves) == naive_trees.tree_hash(leaves)


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33])
def test_every_proof_of_small_trees_equals_the_naive_twin_and_verifies(size: int) -> None:
    leaves = leaves_of(size)
    root = compute_root(SUITE, leaves)
    for index in range(size):
        proof = compute_inclusion_proof(SUITE, leaves, index)
        assert list(proof) == naive_trees.inclusion_path(index, leaves)
        verify_inclusion(SUITE, leaf=leaves[index], index=index, size=size, proof=proof, root=root)
    for first in range(1, size + 1):
        proof = compute_consistency_proof(SUITE, leaves, first)
        assert list(proof) == naive_trees.consistency_path(first, leaves)
        verify_consistency(
            SUITE,
            first=first,
            last=size,
            first_root=compute_root(SUITE, leaves[:first]),
            last_root=root,
            proof=proof,
        )


def mutate(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """Another proof: a bit flipped, an item added, dropped, swapped or cut."""
    kinds = ["add"] if not proof else ["add", "flip", "drop", "cut"]
    kind, at = data.draw(st.sampled_from(kinds)), data.draw(st.integers(0, max(0, len(proof) - 1)))
    changed = list(proof)
    if kind == "add":
        changed.insert(at, data.draw(st.binary(min_size=32, max_size=32)))
    elif kind == "flip":
        bit = data.draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at], "big") ^ 1 << bit).to_bytes(32, "big")
    elif kind == "drop":
        del changed[at]
    else:
        changed[at] = changed[at][:-1]
    return changed


@given(leaf_lists, st.data())
def test_a_changed_inclusion_proof_never_verifies(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = mutate(list(compute_inclusion_proof(SUITE, leaves, index)), data)
    with pytest.raises(BadProof):
        verify_inclusion(
            SUITE,
            leaf=leaves[index],
            index=index,
            size=len(leaves),
            proof=proof,
            root=compute_root(SUITE, leaves),
        )


@given(st.integers(1, 70), st.integers(0, 69), st.integers(-1, 80), st.integers(-1, 80))
def test_inclusion_holds_at_one_index_only(size: int, index: int, other: int, other_size: int) -> None:
    index %= size
    leaves = leaves_of(size)
    proof = compute_inclusion_proof(SUITE, leaves, index)
    root = compute_root(SUITE, leaves)
    for at, of in ((other, size), (other, other_size)):
        # At another size the same hashes can mean the same path, which is why sizes travel with roots.
        if at == index:
            continue
        with pytest.raises(BadProof):
            verify_inclusion(SUITE, leaf=leaves[index], index=at, size=of, proof=proof, root=root)


@given(st.integers(1, 70), st.integers(1, 70), st.data())
def test_a_changed_consistency_proof_never_verifies(first: int, last: int, data: st.DataObject) -> None:
    first, last = sorted((first, last))
    leaves = leaves_of(last)
    proof = mutate(list(compute_consistency_proof(SUITE, leaves, first)), data)
    with pytest.raises(BadProof):
        verify_consistency(
            SUITE,
            first=first,
            last=last,
            first_root=compute_root(SUITE, leaves[:first]),
            last_root=compute_root(SUITE, leaves),
            proof=proof,
        )


def test_a_node_never_passes_for_a_leaf() -> None:
    leaves = [b"a", b"b", b"c", b"d"]
    inner = naive_trees.tree_hash(leaves[:2]), naive_trees.tree_hash(leaves[2:])
    assert compute_root(SUITE, list(inner)) != compute_root(SUITE, leaves)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 1), (2, 1), (-1, 1)])
def test_consistency_from_nothing_or_backwards_is_refused(first: int, last: int) -> None:
    empty = SUITE.digest(b"")
    with pytest.raises(BadProof, match="1 <= first <= last"):
        verify_consistency(SUITE, first=first, last=last, first_root=empty, last_root=empty, proof=[])


def test_messages_say_what_came_and_what_was_expected() -> None:
    leaves = leaves_of(5)
    proof = compute_inclusion_proof(SUITE, leaves, 2)
    root = compute_root(SUITE, leaves)
    with pytest.raises(BadProof, match="2 hashes; expected 3"):
        verify_inclusion(SUITE, leaf=leaves[2], index=2, size=5, proof=proof[:2], root=root)
    with pytest.raises(BadProof, match=f"expected {bytes(32).hex()}"):
        verify_inclusion(SUITE, leaf=leaves[2], index=2, size=5, proof=proof, root=bytes(32))


class Shelf:
    """A store that takes writes when told to."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}

    @property
    def read(self) -> Callable[[bytes], bytes | None]:
        return self.rows.get


@given(st.integers(0, 90), st.data())
def test_history_equals_the_naive_twin_at_all_sizes(size: int, data: st.DataObject) -> None:
    shelf, leaves = Shelf(), leaves_of(size)
    tree = HistoryTree(SUITE, shelf.read, 0)
    for leaf in leaves:
        shelf.rows.update(tree.append(leaf))
        if data.draw(st.integers(0, 9)) == 0:
            tree = HistoryTree(SUITE, shelf.read, tree.size)
    assert tree.size == size
    assert tree.root() == naive_trees.tree_hash(leaves)
    if size:
        last = data.draw(st.integers(1, size))
        first, index = data.draw(st.integers(1, last)), data.draw(st.integers(0, last - 1))
        assert list(tree.prove_inclusion(index, last)) == naive_trees.inclusion_path(index, leaves[:last])
        assert list(tree.prove_consistency(first, last)) == naive_trees.consistency_path(first, leaves[:last])


def test_history_proves_what_the_store_does_not_have_yet() -> None:
    tree = HistoryTree(SUITE, lambda _: None, 0)
    leaves = leaves_of(37)
    for leaf in leaves:
        tree.append(leaf)
    assert list(tree.prove_inclusion(17, 37)) == naive_trees.inclusion_path(17, leaves)
    assert list(tree.prove_consistency(20, 37)) == naive_trees.consistency_path(20, leaves)


def test_history_writes_each_node_once_and_keeps_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "UNSAVED_NODES_MAX", 16)
    shelf = Shelf()
    tree = HistoryTree(SUITE, shelf.read, 0)
    written = 0
    for leaf in leaves_of(500):
        writes = tree.append(leaf)
        written += len(writes)
        shelf.rows.update(writes)
        assert len(tree._unsaved) <= 16
    assert written == len(shelf.rows) < 2 * 500


def test_history_with_a_lost_node_stops() -> None:
    shelf = Shelf()
    tree = HistoryTree(SUITE, shelf.read, 0)
    for leaf in leaves_of(6):
        shelf.rows.update(tree.append(leaf))
    shelf.rows.pop(b"\x02" + bytes(8))
    with pytest.raises(StorageFailure, match="level 2, index 0"):
        HistoryTree(SUITE, shelf.read, 6)


@given(total=st.integers(1, 70), data=st.data())
def test_CU3_a_history_opened_at_its_peaks_and_filled_from_the_right_is_whole(
    total: int, data: st.DataObject
) -> None:
    leaves = [b"%d" % number for number in range(total)]
    whole: dict[bytes, bytes] = {}
    tree = HistoryTree(SUITE, whole.get, 0)
    for leaf in leaves:
        whole.update(tree.append(leaf))
    opened_at = data.draw(st.integers(0, total))
    peaks = tree.peaks(opened_at)
    assert [key for key, _ in peaks] == peak_keys(opened_at)
    late = dict(peaks)
    again = HistoryTree(SUITE, late.get, opened_at)
    filled = data.draw(st.integers(opened_at, total))
    for leaf in leaves[opened_at:filled]:
        late.update(again.append(leaf))
    for index in range(opened_at - 1, -1, -1):
        late.update(fill_leaf(SUITE, late.get, index, leaves[index]))
    for leaf in leaves[filled:]:
        late.update(again.append(leaf))
    assert late == whole
    assert again.root() == tree.root()
