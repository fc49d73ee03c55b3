"""How a provider names a subject to each requester: a correction finds them, nobody else links them.

Computation and keys only; what is remembered under them is in `fields`.
"""

from __future__ import annotations

from typing import Final

from govchain.crypto import Suite
from govchain.ledger.state import index_key

_SOURCE_PREFIX: Final = b"govchain.source/1\x00"


def source_reference(suite: Suite, source_key: bytes, requester: str) -> str:
    """How a provider names a subject to one requester (rule D10).

    Two requesters see two references that nobody can link without the key; for one requester it is the same
    each time. A correction reveals the key, so that everybody can compute who received the datum.

    Args:
        source_key: 32 bytes that the provider draws for one subject and item, another after a correction.
    """
    return suite.digest(_SOURCE_PREFIX + source_key + requester.encode()).hex()


def source_uses_key(item: str, source_ref: str) -> bytes:
    """Where it stands what a requester received about a subject."""
    return index_key("exchange-source", item, source_ref)
