"""Typed reads of the state: bytes of a key in, the struct of its kind out.

The same reads serve a transaction in execution, admission and the read side; only the layer below differs.
Nothing is written or judged here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from govchain.codec import decode
from govchain.errors import MalformedBytes, StorageFailure
from govchain.ledger import state
from govchain.ledger.nonces import FRESH
from govchain.ledger.state import IndexEntry, KeyState, NonceState, OrganisationState, RecordState

DECODED_MAX: Final = 4096
"""Organisations and keys kept decoded."""

T = TypeVar("T")


class DecodeCache:
    """Decoded organisations and keys by their exact bytes, so that an entry can never be stale."""

    def __init__(self) -> None:
        self._values: dict[bytes, Any] = {}

    def decode(self, data: bytes, kind: type[T]) -> T:
        value = self._values.get(data)
        if value is None:
            if len(self._values) >= DECODED_MAX:
                self._values.clear()
            value = self._values[data] = decode_stored(data, kind)
        assert isinstance(value, kind)
        return value


class StateAccess:
    """Reads state values through any layer.

    Args:
        get: Value bytes of a state key, or None.
        cache: Shared between layers; safe because it is keyed by value.
    """

    __slots__ = ("_cache", "get")

    def __init__(self, get: Callable[[bytes], bytes | None], cache: DecodeCache) -> None:
        self.get = get
        self._cache = cache

    def organisation(self, org: str) -> OrganisationState | None:
        data = self.get(state.organisation_key(org))
        return None if data is None else self._cache.decode(data, OrganisationState)

    def key(self, key_id: bytes) -> KeyState | None:
        data = self.get(state.key_key(key_id))
        return None if data is None else self._cache.decode(data, KeyState)

    def nonces(self, key_id: bytes) -> NonceState:
        data = self.get(state.nonces_key(key_id))
        return FRESH if data is None else decode_stored(data, NonceState)

    def record(self, record_type: str, object_id: str) -> RecordState | None:
        data = self.get(state.record_key(record_type, object_id))
        return None if data is None else decode_stored(data, RecordState)

    def indexed(self, key: bytes) -> str:
        """Object id under an index key; empty when there is none."""
        found = self.value(key, IndexEntry)
        return "" if found is None else found.object_id

    def value(self, key: bytes, kind: type[T]) -> T | None:
        """What a kind of record remembers under a key."""
        data = self.get(key)
        return None if data is None else decode_stored(data, kind)


def decode_stored(data: bytes, kind: type[T]) -> T:
    """Decode bytes that this ledger wrote.

    Raises:
        StorageFailure: They are not what was written.
    """
    try:
        return decode(data, kind)
    except MalformedBytes as error:
        raise StorageFailure(f"stored {kind.__name__} is damaged: {error}") from error
