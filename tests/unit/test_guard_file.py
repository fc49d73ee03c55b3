"""The guard's file: what comes back, what is refused, and that one process holds it (rules RC-2, RC-3)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govchain.codec import encode
from govchain.errors import ConfigError, StorageFailure, Unavailable
from govchain.model import Space
from govchain.node.guard import GUARD_MARK, guard_owner, open_guard
from govchain.storage import GuardFile, MemoryStore
from govchain.storage.guard_file import SLOT_BYTES, SLOTS
from tests.support.node_world import make_genesis

OWNER = bytes(range(32))
RECORDS = [f"record {number}".encode() for number in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "validator.guard"
    guard = GuardFile(made, OWNER)
    guard.append(RECORDS[:2])
    guard.append(RECORDS[2:])
    guard.close()
    return made


def read(path: Path, owner: bytes = OWNER) -> list[bytes]:
    guard = GuardFile(path, owner)
    guard.close()
    return guard.records


def change(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_RC2_records_come_back_in_order_and_can_be_replaced(path: Path) -> None:
    assert read(path) == RECORDS
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == SLOTS * SLOT_BYTES, "room for all records is taken at once"
    guard = GuardFile(path, OWNER)
    guard.replace(RECORDS[3:])
    guard.append([b"more"])
    guard.close()
    assert read(path) == [*RECORDS[3:], b"more"]


def test_RC2_it_asks_to_be_written_anew_in_time(path: Path) -> None:
    guard = GuardFile(path, OWNER)
    assert not guard.is_full
    guard.append([b"x"] * (SLOTS // 2))
    assert guard.is_full
    guard.replace(RECORDS)
    assert not guard.is_full
    with pytest.raises(StorageFailure, match="it is full"):
        guard.append([b"x"] * SLOTS)
    guard.close()


def test_RC2_one_process_holds_it(path: Path) -> None:
    holder = GuardFile(path, OWNER)
    with pytest.raises(Unavailable, match="one validator key must never run twice"):
        GuardFile(path, OWNER)
    holder.replace(RECORDS)
    with pytest.raises(Unavailable):
        GuardFile(path, OWNER)
    holder.close()
    holder.close()
    assert read(path) == RECORDS
    with pytest.raises(StorageFailure, match="closed"):
        holder.append([b"late"])


def test_situation_44_RC3_a_torn_last_record_was_never_promised(path: Path) -> None:
    change(path, 5 * SLOT_BYTES, bytes(SLOT_BYTES))
    assert read(path) == RECORDS[:4]


@pytest.mark.parametrize("slot", [0, 1, 3, 5, 6, SLOTS - 1])
@pytest.mark.parametrize("byte", [0, 2, 7, SLOT_BYTES - 1])
def test_situation_44_RC3_a_flipped_bit_anywhere_is_refused(path: Path, slot: int, byte: int) -> None:
    at = slot * SLOT_BYTES + byte
    change(path, at, bytes([path.read_bytes()[at] ^ 0x10]))
    with pytest.raises(StorageFailure, match="the guard is damaged") as caught:
        read(path)
    assert "govchain doctor" in str(caught.value)


def test_situation_44_RC3_a_record_lost_in_the_middle_and_a_cut_file_are_refused(path: Path) -> None:
    whole = path.read_bytes()
    change(path, 2 * SLOT_BYTES, bytes(SLOT_BYTES))
    with pytest.raises(StorageFailure, match="record 2 is missing"):
        read(path)
    for length in (0, SLOT_BYTES, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageFailure, match=f"{length} bytes, expected {len(whole)}"):
            read(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(StorageFailure, match="bytes, expected"):
        read(path)


def test_a_guard_of_another_key_or_format_is_bad_input(path: Path) -> None:
    with pytest.raises(ConfigError, match="another validator or chain"):
        read(path, bytes(32))
    import zlib

    content = encode(["govchain.guard/2", OWNER])
    slot = bytes([len(content)]) + zlib.crc32(content).to_bytes(4, "big") + content
    change(path, 0, slot.ljust(SLOT_BYTES, b"\0"))
    with pytest.raises(ConfigError, match=r"guard/2"):
        read(path)


def test_situation_44_RC3_no_room_stops_and_nothing_is_appended_after_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = GuardFile(path, OWNER)

    def no_room(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", no_room)
        with pytest.raises(StorageFailure, match="No space left"):
            guard.append([b"x"])
    with pytest.raises(StorageFailure, match="No space left"):
        guard.append([b"y"])
    guard.close()
    guard = GuardFile(path, OWNER)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", no_room)
        with pytest.raises(StorageFailure, match="cannot write it anew"):
            guard.replace([b"x"])
    guard.close()
    assert read(path) == RECORDS, "the old records stand"


def test_situation_44_RC3_a_guard_that_was_lost_is_missed(tmp_path: Path) -> None:
    store, path = MemoryStore(), tmp_path / "keys" / "validator.guard"
    open_guard(path, OWNER, store).close()
    assert store.get(Space.META, GUARD_MARK) is not None
    open_guard(path, OWNER, store).close()
    path.unlink()
    with pytest.raises(StorageFailure, match="the guard is missing") as caught:
        open_guard(path, OWNER, store)
    assert "--new-guard" in str(caught.value)
    assert not path.exists()


def test_a_guard_serves_one_validator_on_one_chain() -> None:
    one, other = make_genesis(4), make_genesis(5)
    names = [member.name for member in one.validators.members]
    assert len({guard_owner(genesis, name) for genesis in (one, other) for name in names}) == 8
