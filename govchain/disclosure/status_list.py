"""Status of many licences in one signed list that is fetched as a whole (rule L9).

Source: IETF draft Token Status List (draft-ietf-oauth-status-list-21, not yet an RFC): two bits for each
licence, compressed with zlib, in a signed token with an end and a time to live. Whoever asks names the list
and never a place in it, and may ask any validator or gateway: signature and digest say whose it is. A list
says what is now; what was at an earlier time is said by the chain.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from govchain.codec import encode
from govchain.crypto.suite import suite
from govchain.disclosure.jws import (
    TokenSigner,
    from_base64url,
    read_token,
    sign_token,
    to_base64url,
    verify_token,
)
from govchain.disclosure.licence import StatusReference
from govchain.disclosure.presentation import CLOCK_TOLERANCE_S, KeyOf, is_time
from govchain.disclosure.reasons import refuse
from govchain.errors import ConfigError
from govchain.ledger.kinds.status_list import PLACES_MAX, PLACES_MIN

LIST_TYPE: Final = "statuslist+jwt"
BITS: Final = 2
LIST_CHARACTERS_MAX: Final = 1 << 20
LIST_PATH: Final = "/v1/status-lists/{issuer}/{name}"
"""Where a gateway hands a list out."""
DRAWS_MAX: Final = 1000
"""Draws of a free place before the list counts as full; at nine tenths taken, chance never gets there."""

_ADDRESS: Final = re.compile(
    r"https?://[^\s/]{1,255}" + LIST_PATH.format(issuer="([0-9A-Z]{18})", name="([A-Za-z0-9._-]{1,64})")
)
_PLACES_A_BYTE: Final = 8 // BITS
_MASK: Final = (1 << BITS) - 1


class ListedStatus(IntEnum):
    """Values of the draft; its value 3 is free for applications."""

    VALID = 0
    INVALID = 1
    """Revoked, withdrawn, recalled, cancelled or void: for good."""
    SUSPENDED = 2
    SUPERSEDED = 3
    """A later version is in force."""


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list that was verified."""

    uri: str
    packed: bytes
    issued_s: int
    fresh_until_s: int
    """First second at which another one must be fetched."""

    def status_at(self, index: int) -> ListedStatus:
        """Status at one place; who asks this, and of which place, leaves this process nowhere.

        Raises:
            BadCredential: `unknown-index`.
        """
        if not 0 <= index < len(self.packed) * _PLACES_A_BYTE:
            raise refuse("unknown-index", f"place {index} of {len(self.packed) * _PLACES_A_BYTE}")
        shift = index % _PLACES_A_BYTE * BITS
        return ListedStatus(self.packed[index // _PLACES_A_BYTE] >> shift & _MASK)

    @property
    def digest(self) -> str:
        """What the chain holds of this list."""
        return digest_statuses(self.uri, self.packed)


def listed_status(state: str) -> ListedStatus:
    """How a list says the state of a licence. Whether its dates have passed, the licence itself says."""
    match state:
        case "VALID":
            return ListedStatus.VALID
        case "SUSPENDED":
            return ListedStatus.SUSPENDED
        case "SUPERSEDED":
            return ListedStatus.SUPERSEDED
        case _:
            # A draft as well: it is not valid yet, and the next list says when it is.
            return ListedStatus.INVALID


def list_address(gateway: str, issuer: str, name: str) -> str:
    """Where a gateway hands a list out.

    Args:
        gateway: Its address, as `https://host:port`.

    Raises:
        ConfigError: It is no such address or name.
    """
    address = gateway + LIST_PATH.format(issuer=issuer, name=name)
    if names_of(address) is None:
        raise ConfigError(
            "no address of a status list",
            found=address,
            expected="https://host:port, and a name of 1 to 64 of a-z, A-Z, 0-9, dot, hyphen and underscore",
        )
    return address


def names_of(address: str) -> tuple[str, str] | None:
    """Issuer and name in the address of a list; None when no gateway hands out a list there."""
    found = _ADDRESS.fullmatch(address)
    return None if found is None else (found[1], found[2])


def draw_index(places: int, is_taken: Callable[[int], bool], random_bytes: Callable[[int], bytes]) -> int:
    """A free place, by chance: places in order of issue would tell when a licence was given.

    Raises:
        ConfigError: The list is full.
    """
    _require_places(places)
    # Draws above the last whole multiple are thrown away: the remainder alone would favour low places.
    limit = (1 << 32) // places * places
    for _ in range(DRAWS_MAX):
        drawn = int.from_bytes(random_bytes(4), "big")
        if drawn < limit and not is_taken(drawn % places):
            return drawn % places
    raise ConfigError("the status list is full", found=places, hint="open another list")


def pack_statuses(places: int, statuses: Mapping[int, ListedStatus]) -> bytes:
    """Two bits for each place, lowest first; places that are not given are VALID, taken or not."""
    _require_places(places)
    packed = bytearray(places // _PLACES_A_BYTE)
    for index, status in statuses.items():
        assert 0 <= index < places, f"place {index} of {places}"
        packed[index // _PLACES_A_BYTE] |= status << index % _PLACES_A_BYTE * BITS
    return bytes(packed)


def digest_statuses(uri: str, packed: bytes) -> str:
    """Digest of a list's statuses, for the chain; does not depend on how well they were compressed."""
    return suite().digest(encode(("govchain.status-list/1", uri, packed))).hex()


def issue_status_list(
    signer: TokenSigner,
    packed: bytes,
    *,
    issuer: str,
    key_id: str,
    uri: str,
    issued_s: int,
    expires_s: int,
    ttl_s: int,
) -> str:
    """Sign a list. Expects issued_s < expires_s and ttl_s > 0."""
    assert issued_s < expires_s
    assert ttl_s > 0
    payload = {
        "iss": issuer,
        "sub": uri,
        "iat": issued_s,
        "exp": expires_s,
        "ttl": ttl_s,
        "status_list": {"bits": BITS, "lst": to_base64url(zlib.compress(packed, 9))},
    }
    return sign_token(signer, {"typ": LIST_TYPE, "kid": key_id}, payload)


def status_request(reference: StatusReference) -> str:
    """What to ask for, of whoever has it: the whole list. Nothing about the licence goes into it."""
    return reference.uri


def verify_status_list(text: str, key_of: KeyOf, *, issuer: str, uri: str, now_s: int) -> StatusList:
    """Check a list, whoever handed it out.

    Args:
        issuer: Issuer of the licence: a list of somebody else says nothing about it.

    Raises:
        BadCredential: With the reason.
    """
    if len(text) > LIST_CHARACTERS_MAX or not text.isascii():
        raise refuse("too-large", f"at most {LIST_CHARACTERS_MAX} ASCII characters; found {len(text)}")
    token = read_token(text)
    payload, key_id = token.payload, token.header.get("kid", "")
    if payload.get("iss") != issuer or payload.get("sub") != uri:
        raise refuse("wrong-list", f"expected the list {uri!r} of {issuer}")
    key = key_of(issuer, key_id) if isinstance(key_id, str) else None
    if key is None:
        raise refuse("unknown-issuer", f"no such key of {issuer} is known")
    verify_token(token, key, LIST_TYPE)
    issued_s, expires_s, ttl_s = (payload.get(name) for name in ("iat", "exp", "ttl"))
    if not (is_time(issued_s) and is_time(expires_s) and is_time(ttl_s)):
        raise refuse("malformed", "iat, exp or ttl is no whole number of seconds")
    fresh_until_s = min(expires_s, issued_s + ttl_s)
    if not issued_s - CLOCK_TOLERANCE_S <= now_s < fresh_until_s:
        raise refuse(
            "stale-list", f"fresh from {issued_s} until {fresh_until_s}, now is {now_s}; fetch it again"
        )
    return StatusList(uri, _unpack(payload.get("status_list")), issued_s, fresh_until_s)


def require_anchored(found: StatusList, digest_on_chain: str) -> None:
    """The list is the one whose digest the chain holds: its issuer shows the same one to everybody.

    Raises:
        BadCredential: `wrong-list`.
    """
    if found.digest != digest_on_chain:
        raise refuse("wrong-list", "the chain holds the digest of another list")


def _unpack(value: object) -> bytes:
    match value:
        case {"bits": 2, "lst": str(text)}:
            compressed = from_base64url(text)
        case _:
            raise refuse("malformed", f"not a list with {BITS} bits a place")
    unpacker = zlib.decompressobj()
    try:
        # One byte more than allowed is enough to know, and a bomb gets no further.
        packed = unpacker.decompress(compressed, PLACES_MAX // _PLACES_A_BYTE + 1)
    except zlib.error as error:
        raise refuse("malformed", "the list does not decompress") from error
    if len(packed) > PLACES_MAX // _PLACES_A_BYTE:
        raise refuse("too-large", f"a list of more than {PLACES_MAX} places")
    if not unpacker.eof or unpacker.unused_data:
        raise refuse("malformed", "the compressed list is cut, or something follows it")
    return packed


def _require_places(places: int) -> None:
    if not PLACES_MIN <= places <= PLACES_MAX or places % _PLACES_A_BYTE:
        raise ConfigError(
            "a status list has the wrong number of places",
            found=places,
            expected=f"a multiple of {_PLACES_A_BYTE} from {PLACES_MIN} to {PLACES_MAX}",
        )
