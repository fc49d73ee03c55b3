"""The guard that belongs to a validator, a chain and a store: found, made, or missed (rules RC-2, RC-3).

What may be signed is the core's business; how records lie on disk is the guard file's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from govchain.crypto import chain_id_of, suite
from govchain.errors import StorageFailure
from govchain.model import Genesis, Space
from govchain.storage import GuardFile, Store

GUARD_MARK: Final = b"node/guard"
"""Key in the store's `META`: a guard was made for it, so one that is not there was lost."""


def open_guard(path: Path, owner: bytes, store: Store) -> GuardFile:
    """The guard of a validator; made when it never had one.

    Raises:
        StorageFailure: The store knows that there was one, and it is gone: what was signed since a backup of
            the store would be signed otherwise (rule RC-3).
    """
    had_one = store.get(Space.META, GUARD_MARK) is not None
    if had_one and not path.exists():
        raise StorageFailure(
            f"{path}: the guard is missing; this validator refuses to vote. Bring the file back. If it is "
            "lost, and the data directory is the one that this validator stopped with and no older copy: "
            "govchain doctor --new-guard"
        )
    guard = GuardFile(path, owner)
    if not had_one:
        store.write([(Space.META, GUARD_MARK, b"\x01")], sync=True)
    return guard


def guard_owner(genesis: Genesis, name: str) -> bytes:
    """What a guard file is marked with: it serves one validator on one chain, whichever key it votes with."""
    chosen = suite(genesis.suite)
    return chosen.digest(b"govchain.guard-owner/1:" + chain_id_of(chosen, genesis) + name.encode())
