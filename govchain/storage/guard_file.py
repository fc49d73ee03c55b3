"""The guard's file: small records in checked slots, synced, apart from the store (rules RC-2, RC-3).

What a record means is not known here. One process holds the file; whoever finds it held must not start.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from govchain.codec import decode, encode
from govchain.errors import ConfigError, MalformedBytes, StorageFailure, Unavailable, UnknownVersion

SLOT_BYTES: Final = 128
"""Divides a disk sector, so that a torn write leaves a slot as it was or as it should be."""
SLOTS: Final = 4_096
_FRAME_BYTES: Final = 5
"""Length and checksum of a slot."""
_EMPTY: Final = bytes(SLOT_BYTES)


class _GuardMark(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.guard/1"
):
    """First slot: format version and whose guard it is."""

    owner: bytes


class GuardFile:
    """An open guard. It is made when it is not there, of full size at once, so that appending needs no room.

    Args:
        owner: 32 bytes that tell chain and validator; a guard of another owner is refused.

    Raises:
        ConfigError: The file is another owner's, of another format, or no guard.
        Unavailable: Another process holds it: one key must never run twice.
        StorageFailure: It is damaged or cannot be read (rule RC-3).
    """

    def __init__(self, path: Path | str, owner: bytes) -> None:
        self._path = Path(path)
        self._mark = _slot(encode(_GuardMark(owner)))
        self._descriptor = -1
        self._failure = ""
        self._lock = _lock(self._path)
        try:
            self.is_new = not self._path.exists()
            if self.is_new:
                self.replace([])
            else:
                self._open()
            self.records = self._read(owner)
        except BaseException:
            self.close()
            raise
        self._used = 1 + len(self.records)

    @property
    def path(self) -> Path:
        return self._path

    @property
    def is_full(self) -> bool:
        """Time to `replace` all records by those that still matter."""
        return self._used > SLOTS // 2

    def append(self, records: Sequence[bytes]) -> None:
        """Add records; they would survive a power cut when this returns.

        Raises:
            StorageFailure: Not done, or not durable. Every later append fails too: the node must stop.
        """
        if self._failure:
            raise StorageFailure(self._failure)
        data = b"".join(map(_slot, records))
        if self._used + len(records) > SLOTS:
            raise self._failed("append", "it is full")
        try:
            written = os.pwrite(self._descriptor, data, self._used * SLOT_BYTES)
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._failed("append", error.strerror or str(error)) from error
        if written != len(data):
            raise self._failed("append", f"{written} of {len(data)} bytes written")
        self._used += len(records)

    def replace(self, records: Sequence[bytes]) -> None:
        """Put these records in the place of all; a crash leaves the old ones or the new ones.

        Raises:
            StorageFailure: Not done: the old records stand.
        """
        data = self._mark + b"".join(map(_slot, records))
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write_all(descriptor, data.ljust(SLOTS * SLOT_BYTES, b"\0"))
                os.fsync(descriptor)
                fresh.replace(self._path)
                _sync_folder(self._path.parent)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise self._failed("write it anew", error.strerror or str(error)) from error
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = descriptor
        self._used = 1 + len(records)

    def close(self) -> None:
        """Release file and lock; closing again does nothing."""
        for descriptor in (self._descriptor, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._lock = -1
        self._failure = self._failure or f"{self._path}: the guard is closed"

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR)
        except OSError as error:
            raise self._failed("open it", error.strerror or str(error)) from error

    def _read(self, owner: bytes) -> list[bytes]:
        data = os.pread(self._descriptor, SLOTS * SLOT_BYTES + 1, 0)
        slots = [data[at : at + SLOT_BYTES] for at in range(0, len(data), SLOT_BYTES)]
        if len(data) != SLOTS * SLOT_BYTES:
            raise self._damaged(f"{len(data)} bytes, expected {SLOTS * SLOT_BYTES}")
        self._require_own(self._content(slots[0], 0), owner)
        end = next((number for number, slot in enumerate(slots) if slot == _EMPTY), SLOTS)
        if any(slot != _EMPTY for slot in slots[end:]):
            raise self._damaged(f"record {end} is missing")
        return [self._content(slot, number) for number, slot in enumerate(slots[1:end], start=1)]

    def _content(self, slot: bytes, number: int) -> bytes:
        content = slot[_FRAME_BYTES : _FRAME_BYTES + slot[0]]
        if not content or _slot(content) != slot:
            raise self._damaged(f"the checksum of record {number} is wrong")
        return content

    def _require_own(self, data: bytes, owner: bytes) -> None:
        try:
            found = decode(data, _GuardMark)
        except UnknownVersion as error:
            raise ConfigError(
                "the guard has a format that this build does not know",
                path=str(self._path),
                found=error.found,
                expected=error.expected,
                hint="run the version of govchain that wrote it",
            ) from error
        except MalformedBytes as error:
            raise self._damaged(str(error)) from error
        if found.owner != owner:
            raise ConfigError(
                "the guard belongs to another validator or chain",
                path=str(self._path),
                hint="name the guard that was kept beside this validator's key; never use another one's",
            )

    def _damaged(self, problem: str) -> StorageFailure:
        return StorageFailure(
            f"{self._path}: the guard is damaged: {problem}; this validator refuses to vote. "
            "Keep the file for inspection and see: govchain doctor"
        )

    def _failed(self, what: str, problem: str) -> StorageFailure:
        self._failure = (
            f"{self._path}: cannot {what}: {problem}; this validator stops, because nothing may leave "
            "before the guard knows of it. Free some space or repair the disk, then start it again"
        )
        return StorageFailure(self._failure)


def _slot(content: bytes) -> bytes:
    assert 0 < len(content) <= SLOT_BYTES - _FRAME_BYTES
    framed = bytes([len(content)]) + zlib.crc32(content).to_bytes(4, "big") + content
    return framed.ljust(SLOT_BYTES, b"\0")


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int:
    """Hold the guard for this process; the lock is a file of its own, because the guard is replaced."""
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageFailure(
            f"{lock}: cannot open: {error.strerror}; let the validator's user read and write there"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Unavailable(
            f"{path}: another process holds the guard of this key; stop it first, "
            "one validator key must never run twice"
        ) from error
    return descriptor
