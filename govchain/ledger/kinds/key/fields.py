"""What records of keys carry, and what names of roles and people look like.

Structs and patterns only; the rules beside them read these.
"""

from __future__ import annotations

import re
from typing import Final

from govchain.ledger.payloads import Part

ADMIN: Final = "admin"
ROLES_MAX: Final = 16
PERSON: Final = re.compile(r"[^\s/]{1,64}")

_ROLE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")


class KeyAdd(Part, frozen=True):
    """`key.add`: an organisation's admin adds a key. Object id: key id (hex)."""

    public_key: str
    possession: str
    """Signature of that key over chain, organisation and key (hex; rule I10)."""
    person: str
    roles: list[str]
    next_key_commitment: str = ""
    """SHA-256 (hex) of the only public key that may take its place; empty when any may."""


class KeyRotate(Part, frozen=True):
    """`key.rotate`: the key itself or an admin puts another one in its place (→ ROTATED)."""

    public_key: str
    """The new key (hex); the committed one, where there is a commitment (rule I1)."""
    possession: str
    """Signature of the new key over chain, organisation and key (hex; rule I10)."""
    next_key_commitment: str = ""


class KeyPause(Part, frozen=True):
    """`key.suspend`, `key.resume`: an admin stops a key for a time, and lets it sign again."""

    reason: str


class KeyRevoke(Part, frozen=True):
    """`key.revoke`: an organisation's admin ends a key. Object id: key id (hex)."""

    reason: str
    since: str = ""
    """RFC 3339; from when on nothing that it signed is to be relied on. Empty: from now on."""


def is_role(name: str) -> bool:
    """Whether it can be the name of a role."""
    return _ROLE.fullmatch(name) is not None
