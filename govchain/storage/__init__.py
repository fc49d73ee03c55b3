"""The embedded store: a port, a durable one, and one in memory. Bytes only; their meaning is elsewhere."""

from govchain.storage.memory import MemoryStore
from govchain.storage.rocks import RocksStore
from govchain.storage.store import Store, View

__all__ = ["MemoryStore", "RocksStore", "Store", "View"]
