"""The embedded store and the guard beside it: ports, durable ones, and ones in memory.

Bytes only; their meaning is elsewhere.
"""

from govchain.storage.guard_file import GuardFile
from govchain.storage.memory import MemoryGuard, MemoryStore
from govchain.storage.rocks import RocksStore
from govchain.storage.store import Guard, Store, View

__all__ = ["Guard", "GuardFile", "MemoryGuard", "MemoryStore", "RocksStore", "Store", "View"]
