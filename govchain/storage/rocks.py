"""The durable store: RocksDB in one directory, owned by one process, of one chain.

The only module that sees the database library; its errors leave as ours. What bytes mean is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
    RdictIter,
    WriteBatch,
    WriteOptions,
)

from govchain.codec import decode, encode
from govchain.errors import ConfigError, MalformedBytes, StorageFailure, Unavailable, UnknownVersion
from govchain.model import STAGED, Space, Write

WRITE_BUFFER_BYTES: Final = 16 * 1024 * 1024
BLOCK_CACHE_BYTES: Final = 32 * 1024 * 1024
WAL_BYTES_MAX: Final = 128 * 1024 * 1024
OPEN_FILES_MAX: Final = 256
LOG_BYTES_MAX: Final = 1024 * 1024
LOG_FILES_MAX: Final = 3

_MARK_KEY: Final = b"store"
_TURNED_KEY: Final = b"store/turned"
"""There: the staged spaces lie under the first bytes of those that they stage, and these under theirs."""


class _StoreMark(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.store/1"
):
    """First entry of every data directory: its format version and whose it is."""

    chain_id: bytes


class RocksStore:
    """A data directory of one chain.

    Raises:
        ConfigError: The directory is of another chain, of another format, or no data directory.
        Unavailable: Another process has it open.
        StorageFailure: It cannot be read: damaged, no permission, disk full.
    """

    def __init__(self, path: Path | str, chain_id: bytes) -> None:
        self._path = Path(path)
        self._failure: str = ""
        self._synced = WriteOptions()
        self._synced.sync = True
        self._unsynced = WriteOptions()
        self._prefix = {space: bytes([space]) for space in Space}
        self._db: Rdict | None = _open(self._path)
        try:
            if self.get(Space.META, _TURNED_KEY) is not None:
                self._prefix = _turned(self._prefix)
            self._require_own(chain_id)
        except BaseException:
            self.close()
            raise

    @property
    def path(self) -> Path:
        return self._path

    def get(self, space: Space, key: bytes) -> bytes | None:
        """Value of a key, or None."""
        try:
            value: bytes | None = self._open_db().get(self._prefix[space] + key)
        except StorageFailure:
            raise
        except Exception as error:
            raise self._failed("read", error) from error
        return value

    def write(self, writes: Sequence[Write], *, sync: bool) -> None:
        """See `Store.write`."""
        self._write(writes, self._prefix, sync=sync)

    def view(self) -> RocksView:
        """See `Store.view`."""
        return RocksView(self._open_db().iter(), self._prefix)

    def clear_staged(self) -> None:
        """See `Store.clear_staged`."""
        batch = WriteBatch(raw_mode=True)
        for _, staged in STAGED:
            (first,) = self._prefix[staged]
            batch.delete_range(bytes([first]), bytes([first + 1]))
        self._commit(batch, sync=False)

    def adopt_staged(self, writes: Sequence[Write]) -> None:
        """See `Store.adopt_staged`."""
        prefix = _turned(self._prefix)
        is_turned = prefix[Space.STATE] != bytes([Space.STATE])
        mark: Write = (Space.META, _TURNED_KEY, b"" if is_turned else None)
        self._write([*writes, mark], prefix, sync=True)
        self._prefix = prefix

    def _write(self, writes: Sequence[Write], prefix: Mapping[Space, bytes], *, sync: bool) -> None:
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for space, key, value in writes:
            if value is None:
                delete(prefix[space] + key)
            else:
                put(prefix[space] + key, value)
        self._commit(batch, sync=sync)

    def _commit(self, batch: WriteBatch, *, sync: bool) -> None:
        database = self._open_db()
        if self._failure:
            raise StorageFailure(self._failure)
        try:
            database.write(batch, self._synced if sync else self._unsynced)
        except Exception as error:
            # After a failed write nobody knows what the log holds, so nothing may be promised any more.
            failure = self._failed("write", error)
            self._failure = str(failure)
            raise failure from error

    def scan(
        self, space: Space, *, start: bytes = b"", limit: int | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """See `Store.scan`."""
        (room,) = self._prefix[space]
        first = bytes([room]) + start
        if reverse and not start:
            first = bytes([room + 1])
        entries = self._open_db().iter()
        (entries.seek_for_prev if reverse else entries.seek)(first)
        return islice(self._strip(entries, room, reverse=reverse), limit)

    def close(self) -> None:
        """See `Store.close`."""
        if self._db is None:
            return
        database, self._db = self._db, None
        try:
            database.close()
        except Exception as error:
            # What was synced is safe; a failure that was reported before is not news.
            if not self._failure:
                raise self._failed("close", error) from error

    def _strip(self, entries: RdictIter, room: int, *, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        # The library's own bounds do not work in raw mode: it gives them the type byte of its other mode.
        step = entries.prev if reverse else entries.next
        while entries.valid():
            key = entries.key()
            if key[0] == room:
                yield key[1:], entries.value()
            elif key != bytes([room + 1]):
                return
            step()
        try:
            # At damage the library stops as it does at the end; only its status tells them apart.
            entries.status()
        except Exception as error:
            raise self._failed("scan", error) from error

    def _open_db(self) -> Rdict:
        if self._db is None:
            raise StorageFailure(f"{self._path}: the store is closed")
        return self._db

    def _failed(self, what: str, error: Exception) -> StorageFailure:
        return StorageFailure(f"{self._path}: cannot {what}: {error}; {_advice(str(error))}")

    def _require_own(self, chain_id: bytes) -> None:
        mark = self.get(Space.META, _MARK_KEY)
        if mark is None:
            if next(self._open_db().keys(), None) is not None:
                raise ConfigError(
                    "the data directory holds a database that is not a validator's",
                    path=str(self._path),
                    hint="name an empty directory as data_dir",
                )
            self.write([(Space.META, _MARK_KEY, encode(_StoreMark(chain_id)))], sync=True)
            return
        try:
            found = decode(mark, _StoreMark)
        except UnknownVersion as error:
            raise ConfigError(
                "the data directory has a format that this build does not know",
                path=str(self._path),
                found=error.found,
                expected=error.expected,
                hint="run the version of govchain that wrote it, or name an empty directory as data_dir and "
                "let this validator fetch the chain from the others",
            ) from error
        except MalformedBytes as error:
            raise StorageFailure(f"{self._path}: the first entry is damaged: {error}; {_ADVICE}") from error
        if found.chain_id != chain_id:
            raise ConfigError(
                "the data directory belongs to another chain",
                path=str(self._path),
                found=found.chain_id.hex(),
                expected=chain_id.hex(),
                hint="use the genesis file of that chain, or name an empty directory as data_dir; "
                "never delete the votes of a chain that still runs",
            )


class RocksView:
    """See `View`. One iterator is the view: the library's own snapshots do not reach its iterators."""

    def __init__(self, entries: RdictIter, prefix: Mapping[Space, bytes]) -> None:
        self._entries: RdictIter | None = entries
        self._prefix = prefix

    def get(self, space: Space, key: bytes) -> bytes | None:
        """Value of a key, or None."""
        found = self.scan(space, start=key, limit=1)
        return found[0][1] if found and found[0][0] == key else None

    def scan(self, space: Space, *, start: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """See `View.scan`."""
        if self._entries is None:
            raise StorageFailure("the view is closed")
        entries, (room,) = self._entries, self._prefix[space]
        found: list[tuple[bytes, bytes]] = []
        entries.seek(bytes([room]) + start)
        while len(found) < limit and entries.valid() and (key := entries.key())[0] == room:
            found.append((key[1:], entries.value()))
            entries.next()
        try:
            entries.status()
        except Exception as error:
            raise StorageFailure(f"cannot read the view: {error}; {_advice(str(error))}") from error
        return found

    def close(self) -> None:
        """See `View.close`."""
        self._entries = None


def _turned(prefix: Mapping[Space, bytes]) -> dict[Space, bytes]:
    """Staged spaces and those that they stage change places."""
    changed = dict(prefix)
    for active, staged in STAGED:
        changed[active], changed[staged] = prefix[staged], prefix[active]
    return changed


_ADVICE: Final = (
    "keep the directory for inspection, set data_dir to an empty one, and let this validator fetch the chain "
    "from the others"
)


def _open(path: Path) -> Rdict:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ConfigError("data_dir is not a directory", path=str(path)) from error
    except OSError as error:
        raise StorageFailure(
            f"{path}: cannot create the data directory: {error.strerror}; {_advice(str(error))}"
        ) from error
    try:
        return Rdict(str(path), _options())
    except Exception as error:
        text = str(error)
        if "lock" in text.lower() and "LOCK" in text:
            raise Unavailable(
                f"{path}: another process has this data directory open; stop it first, "
                "one validator key must never run twice"
            ) from error
        raise StorageFailure(f"{path}: cannot open the database: {text}; {_advice(text)}") from error


def _advice(problem: str) -> str:
    lowered = problem.lower()
    if "no space" in lowered or "too large" in lowered or "quota" in lowered:
        return "free some space on that disk and start the validator again"
    if "permission" in lowered or "read-only" in lowered:
        return "let the validator's user read and write there"
    return _ADVICE


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    # A torn last record was never promised to anybody. Damage before it may be a vote: refuse (rule RC-3).
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_max_total_wal_size(WAL_BYTES_MAX)
    options.set_max_background_jobs(2)
    options.set_max_open_files(OPEN_FILES_MAX)
    options.set_compression_type(DBCompressionType.lz4())
    # The library's own log is for its developers: small and few.
    options.set_max_log_file_size(LOG_BYTES_MAX)
    options.set_keep_log_file_num(LOG_FILES_MAX)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    table = BlockBasedOptions()
    table.set_block_cache(Cache(BLOCK_CACHE_BYTES))
    # Admission and execution mostly ask for keys that are not there.
    table.set_bloom_filter(10, False)
    # In the cache they would be thrown out by blocks of 250 kB and read again for every question: at 200,000
    # records that made a point read sixteen times as dear. Outside it they cost about 10 bytes a record.
    table.set_cache_index_and_filter_blocks(False)
    options.set_block_based_table_factory(table)
    return options
