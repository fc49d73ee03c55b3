"""The ports of the key-value store (reads, scans, atomic durable writes) and of the guard beside it.

Nothing is implemented here. Keys live in spaces (`govchain.model.Space`); values are bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from govchain.ledger.ports import Reader
from govchain.model import Space, Write


class View(Reader, Protocol):
    """A store as it was at one moment, whatever is written since. Close it soon: it keeps old data alive."""

    def scan(self, space: Space, *, start: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Keys and values of one space in byte order, from a key on, so many at most."""
        ...

    def close(self) -> None:
        """Release it; closing again does nothing."""
        ...


class Store(Reader, Protocol):
    """What a validator needs from its disk; tests/contract/test_store_contract.py is the contract run."""

    def write(self, writes: Sequence[Write], *, sync: bool) -> None:
        """Make all changes or none; a later change of a key wins.

        Args:
            writes: Space, key, and value or None to delete. Deleting what is absent changes nothing.
            sync: Return only when everything written so far would survive a power cut.

        Raises:
            StorageFailure: Not done, or not durable. Every later write fails too: the node must stop.
        """
        ...

    def scan(
        self, space: Space, *, start: bytes = b"", limit: int | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of one space in byte order, as they were when `scan` was called.

        Args:
            space: Only its keys are returned, without the space.
            start: First key to return if it exists, else the next in direction; empty: the outermost.
            limit: Most entries to return.
            reverse: From high keys to low ones.
        """
        ...

    def view(self) -> View:
        """The store as it is now."""
        ...

    def clear_staged(self) -> None:
        """Forget everything in the staged spaces."""
        ...

    def adopt_staged(self, writes: Sequence[Write]) -> None:
        """Let the staged spaces take the place of those that they stage, and make `writes`: all or nothing,
        durable on return. What stood there before is what is staged then; clear it when there is time.

        Raises:
            StorageFailure: Not done; the store is as it was, and every later write fails.
        """
        ...

    def close(self) -> None:
        """Release the store; closing again does nothing. Any other use afterwards raises StorageFailure."""
        ...


class Guard(Protocol):
    """Where the records of the sign-state guard are kept, apart from the store (rule RC-2).

    Attributes:
        records: What was kept when it was opened, oldest first.
    """

    records: list[bytes]

    @property
    def is_full(self) -> bool:
        """Time to `replace` all records by those that still matter."""
        ...

    def append(self, records: Sequence[bytes]) -> None:
        """Add records, durable when this returns; raises StorageFailure, after which the node must stop."""
        ...

    def replace(self, records: Sequence[bytes]) -> None:
        """Put these records in the place of all, or leave all as they are and raise StorageFailure."""
        ...

    def close(self) -> None:
        """Release it; closing again does nothing."""
        ...
