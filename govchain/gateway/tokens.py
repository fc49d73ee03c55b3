"""Who may ask a gateway what: the department's own systems by one token, a person by a token of their own.

Tokens are 256 random bits. Of a person's token only an HMAC is kept, with the person sealed and an end.
Requests of other departments need none: they prove themselves on the chain.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from govchain.codec import decode, encode
from govchain.crypto.vault import Vault
from govchain.errors import InvalidInput

if TYPE_CHECKING:
    # A network folder makes tokens and opens no database.
    from govchain.gateway.store import GatewayStore

TOKEN_BYTES: Final = 32
VALID_S_MAX: Final = 86_400
"""Longest life of a person's token: whoever signs people in asks for another one."""
PERSON_MAX: Final = 128


class _Entry(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.portal-token/1"
):
    person: str
    until_ms: int


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_hex(TOKEN_BYTES)


def is_same(given: str, expected: str) -> bool:
    """Compares without telling how much was right."""
    return hmac.compare_digest(given.encode(), expected.encode())


class PortalTokens:
    """Tokens of people."""

    def __init__(self, store: GatewayStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def issue(self, person: str, valid_s: int, now_ms: int) -> str:
        """A token for a person whom the department has signed in.

        Raises:
            InvalidInput: No such person, or too long a life.
        """
        if not 1 <= len(person) <= PERSON_MAX or not 1 <= valid_s <= VALID_S_MAX:
            raise InvalidInput(f"expected a pseudonym, and a life of 1 to {VALID_S_MAX} seconds")
        token = new_token()
        place = self._vault.index("portal-token", token)
        entry = encode(_Entry(person, now_ms + valid_s * 1_000))
        self._store.put_facts([(place, self._vault.seal(entry, place))])
        return token

    def person(self, token: str, now_ms: int) -> str:
        """The person of a token; empty when there is none, or its time is over."""
        place = self._vault.index("portal-token", token)
        sealed = self._store.fact(place)
        if sealed is None:
            return ""
        entry = decode(self._vault.open(sealed, place), _Entry)
        return entry.person if now_ms < entry.until_ms else ""
