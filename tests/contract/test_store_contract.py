"""One contract, both stores."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from govchain.codec import encode
from govchain.errors import ConfigError, StorageFailure, Unavailable
from govchain.model import Space
from govchain.storage import MemoryStore, RocksStore, Store

CHAIN = bytes(range(32))
OTHER_CHAIN = bytes(32)

Reopen = Callable[[Store], Store]


@pytest.fixture(params=["memory", "rocks"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Reopen]]:
    stores: list[Store] = []

    def reopen(store: Store) -> Store:
        store.close()
        again = store.reopen() if isinstance(store, MemoryStore) else RocksStore(tmp_path / "data", CHAIN)
        stores.append(again)
        return again

    first: Store = MemoryStore() if request.param == "memory" else RocksStore(tmp_path / "data", CHAIN)
    stores.append(first)
    yield first, reopen
    for store in stores:
        store.close()


def test_reads_what_was_written_and_none_for_the_rest(opened: tuple[Store, Reopen]) -> None:
    store, _ = opened
    store.write([(Space.STATE, b"a", b"1"), (Space.STATE, b"", b"empty key")], sync=False)
    assert store.get(Space.STATE, b"a") == b"1"
    assert store.get(Space.STATE, b"") == b"empty key"
    assert store.get(Space.STATE, b"b") is None


def test_spaces_do_not_see_each_other(opened: tuple[Store, Reopen]) -> None:
    store, _ = opened
    store.write([(space, b"key", bytes([space])) for space in Space if space is not Space.META], sync=True)
    for space in Space:
        if space is not Space.META:
            assert store.get(space, b"key") == bytes([space])
            assert list(store.scan(space)) == [(b"key", bytes([space]))]


def test_later_change_of_a_key_wins_and_deleting_nothing_is_allowed(opened: tuple[Store, Reopen]) -> None:
    store, _ = opened
    store.write([(Space.TREE, b"a", b"1"), (Space.TREE, b"a", b"2"), (Space.TREE, b"b", None)], sync=True)
    assert store.get(Space.TREE, b"a") == b"2"
    store.write([(Space.TREE, b"a", b"3"), (Space.TREE, b"a", None)], sync=True)
    assert store.get(Space.TREE, b"a") is None


def test_empty_value_is_a_value(opened: tuple[Store, Reopen]) -> None:
    store, _ = opened
    store.write([(Space.STATE, b"a", b"")], sync=True)
    assert store.get(Space.STATE, b"a") == b""


@pytest.mark.parametrize(
    ("start", "limit", "reverse", "expected"),
    [
        (b"", None, False, [b"", b"a", b"ab", b"c"]),
        (b"", None, True, [b"c", b"ab", b"a", b""]),
        (b"", 2, False, [b"", b"a"]),
        (b"", 2, True, [b"c", b"ab"]),
        (b"ab", None, False, [b"ab", b"c"]),
        (b"b", None, False, [b"c"]),
        (b"b", None, True, [b"ab", b"a", b""]),
        (b"ab", 1, True, [b"ab"]),
        (b"d", None, False, []),
        (b"", 0, False, []),
    ],
)
def test_scan_is_ordered_and_bounded(
    opened: tuple[Store, Reopen], start: bytes, limit: int | None, reverse: bool, expected: list[bytes]
) -> None:
    store, _ = opened
    keys = [b"c", b"a", b"", b"ab"]
    store.write([(Space.VOTE, key, b"v" + key) for key in keys], sync=True)
    store.write([(Space.HISTORY, b"\xff\xff", b"below"), (Space.TREE, b"x", b"elsewhere")], sync=True)
    found = list(store.scan(Space.VOTE, start=start, limit=limit, reverse=reverse))
    assert found == [(key, b"v" + key) for key in expected]


def test_scan_does_not_see_later_writes(opened: tuple[Store, Reopen]) -> None:
    store, _ = opened
    store.write([(Space.STATE, b"a", b"1"), (Space.STATE, b"b", b"1")], sync=True)
    scan = store.scan(Space.STATE)
    store.write([(Space.STATE, b"a", b"2"), (Space.STATE, b"b", None), (Space.STATE, b"c", b"1")], sync=True)
    assert list(scan) == [(b"a", b"1"), (b"b", b"1")]


def test_content_outlives_the_process(opened: tuple[Store, Reopen]) -> None:
    store, reopen = opened
    store.write([(Space.BLOCK, number.to_bytes(8, "big"), b"block") for number in range(300)], sync=True)
    again = reopen(store)
    assert len(list(again.scan(Space.BLOCK))) == 300


def test_closed_store_refuses_and_closes_twice(opened: tuple[Store, Reopen]) -> None:
    store, _ = opened
    store.close()
    store.close()
    with pytest.raises(StorageFailure, match="closed"):
        store.get(Space.STATE, b"a")
    with pytest.raises(StorageFailure, match="closed"):
        store.write([], sync=True)
    with pytest.raises(StorageFailure, match="closed"):
        store.scan(Space.STATE)


def test_directory_of_another_chain_is_refused_with_both_names(tmp_path: Path) -> None:
    RocksStore(tmp_path, CHAIN).close()
    with pytest.raises(ConfigError, match="another chain") as caught:
        RocksStore(tmp_path, OTHER_CHAIN)
    assert CHAIN.hex() in str(caught.value)
    assert OTHER_CHAIN.hex() in str(caught.value)
    assert "data_dir" in str(caught.value)
    RocksStore(tmp_path, CHAIN).close()  # The refusal left no lock behind.


def test_directory_of_an_unknown_version_is_refused(tmp_path: Path) -> None:
    store = RocksStore(tmp_path, CHAIN)
    store.write([(Space.META, b"store", encode(["govchain.store/9", CHAIN]))], sync=True)
    store.close()
    with pytest.raises(ConfigError, match="does not know") as caught:
        RocksStore(tmp_path, CHAIN)
    assert caught.value.found == "govchain.store/9"


def test_foreign_database_and_file_are_refused(tmp_path: Path) -> None:
    foreign = Rdict(str(tmp_path / "foreign"), Options(raw_mode=True))
    foreign[b"x"] = b"y"
    foreign.close()
    with pytest.raises(ConfigError, match="not a validator's"):
        RocksStore(tmp_path / "foreign", CHAIN)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="not a directory"):
        RocksStore(tmp_path / "file", CHAIN)


def test_directory_in_use_is_refused(tmp_path: Path) -> None:
    store = RocksStore(tmp_path, CHAIN)
    with pytest.raises(Unavailable, match="another process") as caught:
        RocksStore(tmp_path, CHAIN)
    assert str(tmp_path) in str(caught.value)
    store.close()


@contextmanager
def file_size_limit(limit_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_RC3_full_disk_fails_the_write_and_every_later_one(tmp_path: Path) -> None:
    store = RocksStore(tmp_path, CHAIN)
    store.write([(Space.STATE, b"kept", b"1")], sync=True)
    # A limit on file sizes makes the kernel refuse the write, as a full disk does.
    with file_size_limit(256 * 1024), pytest.raises(StorageFailure) as caught:
        store.write([(Space.STATE, b"lost", bytes(1024 * 1024))], sync=True)
    assert str(tmp_path) in str(caught.value)
    assert "free some space" in str(caught.value)
    with pytest.raises(StorageFailure, match="free some space"):
        store.write([(Space.STATE, b"later", b"1")], sync=True)
    store.close()
    again = RocksStore(tmp_path, CHAIN)
    assert again.get(Space.STATE, b"kept") == b"1"
    assert again.get(Space.STATE, b"lost") is None
    again.close()


def newest_log(path: Path) -> Path:
    return max(path.glob("*.log"), key=lambda file: (file.stat().st_size, file.name))


def test_RC3_torn_tail_is_recovered(tmp_path: Path) -> None:
    store = RocksStore(tmp_path, CHAIN)
    for number in range(20):
        store.write([(Space.VOTE, bytes([number]), bytes(100))], sync=True)
    crash_copy = copy_of(tmp_path, tmp_path.with_name("torn"))
    store.close()
    log = newest_log(crash_copy)
    log.write_bytes(log.read_bytes()[:-37])
    again = RocksStore(crash_copy, CHAIN)
    assert [key[0] for key, _ in again.scan(Space.VOTE)] == list(range(19))
    again.close()


def test_RC3_flipped_bit_before_the_tail_is_refused(tmp_path: Path) -> None:
    store = RocksStore(tmp_path, CHAIN)
    for number in range(20):
        store.write([(Space.VOTE, bytes([number]), bytes(100))], sync=True)
    crash_copy = copy_of(tmp_path, tmp_path.with_name("flipped"))
    store.close()
    log = newest_log(crash_copy)
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    with pytest.raises(StorageFailure, match="Corruption"):
        RocksStore(crash_copy, CHAIN)


def test_RC3_scan_over_a_damaged_file_is_refused_and_not_cut_short(tmp_path: Path) -> None:
    store = RocksStore(tmp_path, CHAIN)
    for number in range(300):
        store.write([(Space.VOTE, number.to_bytes(8, "big"), number.to_bytes(8, "big") * 40)], sync=True)
    store.close()
    database = Rdict(str(tmp_path), Options(raw_mode=True))
    database.flush()
    database.close()
    (table,) = tmp_path.glob("*.sst")
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(data)
    again = RocksStore(tmp_path, CHAIN)
    for reverse in (False, True):
        with pytest.raises(StorageFailure, match="cannot scan"):
            list(again.scan(Space.VOTE, reverse=reverse))
    again.close()


def copy_of(source: Path, target: Path) -> Path:
    """The directory as a power cut would leave it: copied while the database is open."""
    target.mkdir()
    for file in source.iterdir():
        if file.name != "LOCK":
            (target / file.name).write_bytes(file.read_bytes())
    return target


def test_a_view_stays_as_it_was(opened: tuple[Store, Reopen]) -> None:
    store, _ = opened
    store.write([(Space.STATE, b"a", b"1"), (Space.STATE, b"b", b"1"), (Space.TREE, b"a", b"x")], sync=True)
    view = store.view()
    store.write([(Space.STATE, b"a", b"2"), (Space.STATE, b"b", None), (Space.STATE, b"c", b"1")], sync=True)
    assert (view.get(Space.STATE, b"a"), view.get(Space.STATE, b"c")) == (b"1", None)
    assert view.scan(Space.STATE, start=b"a\x00", limit=9) == [(b"b", b"1")]
    view.close()
    view.close()
    assert list(store.scan(Space.STATE)) == [(b"a", b"2"), (b"c", b"1")]


def test_CU3_staged_spaces_take_the_place_of_the_others_at_once(opened: tuple[Store, Reopen]) -> None:
    store, reopen = opened
    store.write(
        [(Space.STATE, b"old", b"1"), (Space.TREE, b"old", b"1"), (Space.HISTORY, b"h", b"1")], sync=True
    )
    for value in (b"2", b"3"):
        store.write([(Space.STAGED_STATE, b"new", value), (Space.STAGED_TREE, b"new", value)], sync=False)
        view = store.view()
        store.adopt_staged([(Space.META, b"mark", value), (Space.STATE, b"more", value)])
        assert view.scan(Space.STAGED_STATE, start=b"", limit=9) == [(b"new", value)]
        view.close()
        store = reopen(store)
        assert list(store.scan(Space.STATE)) == [(b"more", value), (b"new", value)]
        assert list(store.scan(Space.TREE)) == [(b"new", value)]
        assert store.get(Space.META, b"mark") == value
        assert store.get(Space.HISTORY, b"h") == b"1"
        assert list(store.scan(Space.STAGED_STATE)) != []
        store.clear_staged()
        assert list(store.scan(Space.STAGED_STATE)) == []
        assert list(store.scan(Space.STAGED_TREE)) == []
        assert list(store.scan(Space.STATE)) == [(b"more", value), (b"new", value)]


def test_CU3_what_is_staged_changes_nothing_until_it_is_adopted(opened: tuple[Store, Reopen]) -> None:
    store, reopen = opened
    store.write([(Space.STATE, b"a", b"1")], sync=True)
    store.write([(Space.STAGED_STATE, b"a", b"2"), (Space.STAGED_STATE, b"b", b"2")], sync=True)
    store = reopen(store)
    assert list(store.scan(Space.STATE)) == [(b"a", b"1")]
    assert list(store.scan(Space.STATE, reverse=True)) == [(b"a", b"1")]
