"""Selective disclosure of JSON (RFC 9901): fields become salted digests, and come back one by one.

A field is named by its path in the whole claims, for example `("face", "scope", 0)`; positions in arrays
count hidden elements too. Nothing here signs or verifies a signature, nor knows what a licence is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from govchain.codec import encode_json
from govchain.disclosure.jws import from_base64url, read_json, to_base64url
from govchain.disclosure.reasons import refuse
from govchain.errors import ConfigError

SALT_BYTES: Final = 16
"""128 bits: whoever knows every possible value still cannot find which one a digest hides."""
DISCLOSURES_MAX: Final = 256
CREDENTIAL_CHARACTERS_MAX: Final = 256 * 1024
DEPTH_MAX: Final = 16
HASH_NAME: Final = "sha-256"

Path = tuple[str | int, ...]
RandomBytes = Callable[[int], bytes]

_RESERVED: Final = ("_sd", "...")


@dataclass(frozen=True, slots=True)
class HiddenClaims:
    """Claims whose hidden fields are digests, and the disclosures that bring them back."""

    payload: dict[str, Any]
    disclosures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenedClaims:
    """Claims as far as the disclosures at hand go."""

    claims: dict[str, Any]
    places: dict[Path, str]
    """Where each disclosure belongs."""


def digest_disclosure(disclosure: str) -> str:
    """Digest of a disclosure as it travels, base64url."""
    return to_base64url(hashlib.sha256(disclosure.encode("ascii")).digest())


def hide(
    claims: Mapping[str, Any], paths: Iterable[Path], random_bytes: RandomBytes, *, decoys: int = 0
) -> HiddenClaims:
    """Turn the fields at `paths` into salted digests; a path may lie inside another.

    Args:
        claims: Plain JSON without fractions.
        paths: Fields and array elements to hide.
        random_bytes: Source of salts; must be unpredictable.
        decoys: Digests of nothing beside those of each object, so that their number tells less.

    Raises:
        ConfigError: A path leads nowhere, a name is reserved by the standard, or the source repeats itself.
    """
    hider = _Hider(dict.fromkeys(paths, False), random_bytes, decoys)
    payload = hider.hide_object(claims, ())
    missing = [path for path, was_found in hider.paths.items() if not was_found]
    if missing:
        raise ConfigError("a field to hide is not in the claims", found=missing[0])
    if hider.disclosures:
        payload["_sd_alg"] = HASH_NAME
    return HiddenClaims(payload, tuple(hider.disclosures))


def join(token: str, disclosures: Iterable[str]) -> str:
    """Compact form, up to and including the last tilde."""
    return "".join(f"{part}~" for part in (token, *disclosures))


def split(text: str) -> tuple[str, tuple[str, ...], str]:
    """Token, disclosures, and the key binding or an empty text."""
    if len(text) > CREDENTIAL_CHARACTERS_MAX:
        raise refuse("too-large", f"{len(text)} characters; at most {CREDENTIAL_CHARACTERS_MAX}")
    if not text.isascii():
        raise refuse("malformed", "signs outside ASCII")
    token, *rest = text.split("~")
    if not rest:
        raise refuse("malformed", "no tilde after the token")
    if len(rest) - 1 > DISCLOSURES_MAX:
        raise refuse("too-large", f"{len(rest) - 1} disclosures; at most {DISCLOSURES_MAX}")
    return token, tuple(rest[:-1]), rest[-1]


def open_claims(payload: Mapping[str, Any], disclosures: Sequence[str]) -> OpenedClaims:
    """Put disclosures back to where their digests stand (RFC 9901 section 7.1).

    Raises:
        BadCredential: `unknown-hash`, `malformed-disclosure`, `unknown-disclosure`, `duplicate-digest`,
            `claim-collision`, `malformed` or `too-large`.
    """
    if payload.get("_sd_alg", HASH_NAME) != HASH_NAME:
        raise refuse("unknown-hash", f"_sd_alg is {str(payload['_sd_alg'])[:40]!r}; expected {HASH_NAME}")
    opener = _Opener({digest_disclosure(text): text for text in disclosures})
    if len(opener.unplaced) != len(disclosures):
        raise refuse("duplicate-digest", "a disclosure is given twice")
    signed = {name: value for name, value in payload.items() if name != "_sd_alg"}
    claims = opener.open_object(signed, ())
    if opener.unplaced:
        raise refuse("unknown-disclosure", f"{len(opener.unplaced)} disclosures fit no digest")
    return OpenedClaims(claims, opener.places)


def select(opened: OpenedClaims, paths: Iterable[Path]) -> tuple[str, ...]:
    """Disclosures that show the fields at `paths`, and those that they lie in; nothing else.

    Raises:
        ConfigError: A path names nothing that was hidden.
    """
    wanted: dict[str, None] = {}
    for path in paths:
        if path not in opened.places:
            raise ConfigError("the credential hides no such field", found=path)
        for end in range(1, len(path) + 1):
            if path[:end] in opened.places:
                wanted[opened.places[path[:end]]] = None
    # In the order of the credential: the order of asking would say something about the asker.
    return tuple(text for text in opened.places.values() if text in wanted)


@dataclass(slots=True)
class _Hider:
    paths: dict[Path, bool]
    """Path to whether it was met."""
    random_bytes: RandomBytes
    decoys: int
    disclosures: list[str] = field(default_factory=list)
    salts: dict[bytes, None] = field(default_factory=dict)

    def hide_object(self, value: Mapping[str, Any], path: Path) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        digests: list[str] = []
        for name, child in value.items():
            if name in _RESERVED or (name == "_sd_alg" and not path):
                raise ConfigError("a name is reserved by RFC 9901", found=name)
            hidden = self._hide(child, (*path, name))
            if self._is_met((*path, name)):
                digests.append(self._disclose([self._salt(), name, hidden]))
            else:
                shown[name] = hidden
        if digests:
            digests += [digest_disclosure(self._salt(2 * SALT_BYTES)) for _ in range(self.decoys)]
            # Sorted, so that their order does not tell which is which.
            shown["_sd"] = sorted(digests)
        return shown

    def _hide(self, value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return self.hide_object(value, path)
        if isinstance(value, (list, tuple)):
            return [self._hide_element(child, (*path, index)) for index, child in enumerate(value)]
        return value

    def _hide_element(self, value: Any, path: Path) -> Any:
        hidden = self._hide(value, path)
        return {"...": self._disclose([self._salt(), hidden])} if self._is_met(path) else hidden

    def _is_met(self, path: Path) -> bool:
        if path in self.paths:
            self.paths[path] = True
            return True
        return False

    def _salt(self, size: int = SALT_BYTES) -> str:
        salt = self.random_bytes(size)
        assert len(salt) == size, "the source of randomness gave another number of bytes"
        if salt in self.salts:
            raise ConfigError(
                "the source of salts repeats itself; nothing is hidden", hint="use secrets.token_bytes"
            )
        self.salts[salt] = None
        return to_base64url(salt)

    def _disclose(self, parts: list[Any]) -> str:
        self.disclosures.append(to_base64url(encode_json(parts)))
        return digest_disclosure(self.disclosures[-1])


@dataclass(slots=True)
class _Opener:
    unplaced: dict[str, str]
    """Digest to its disclosure, until its place is found."""
    places: dict[Path, str] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)

    def open_object(self, value: Mapping[str, Any], path: Path) -> dict[str, Any]:
        if "..." in value:
            raise refuse("malformed", "the name '...' stands where no array element is")
        digests = value.get("_sd", [])
        if not isinstance(digests, list) or not all(isinstance(digest, str) for digest in digests):
            raise refuse("malformed", "_sd is not a list of digests")
        claims = {n: self._open(child, (*path, n)) for n, child in value.items() if n != "_sd"}
        for digest in digests:
            parts = self._take(digest, size=3)
            if parts is None:
                continue
            _, name, child = parts
            if not isinstance(name, str) or name in _RESERVED:
                raise refuse("malformed-disclosure", "a disclosed name is no text, or reserved")
            if name in claims:
                raise refuse("claim-collision", f"{name[:40]!r} is there already")
            self._place(digest, (*path, name))
            claims[name] = self._open(child, (*path, name))
        return claims

    def _open(self, value: Any, path: Path) -> Any:
        if len(path) > DEPTH_MAX:
            raise refuse("too-large", f"claims are nested deeper than {DEPTH_MAX}")
        if isinstance(value, dict):
            return self.open_object(value, path)
        if not isinstance(value, list):
            return value
        shown = []
        for index, child in enumerate(value):
            if not (isinstance(child, dict) and "..." in child):
                shown.append(self._open(child, (*path, index)))
                continue
            digest = child["..."]
            if len(child) != 1 or not isinstance(digest, str):
                raise refuse("malformed", "a hidden array element is more than one digest")
            parts = self._take(digest, size=2)
            if parts is not None:
                self._place(digest, (*path, index))
                shown.append(self._open(parts[1], (*path, index)))
        return shown

    def _take(self, digest: str, *, size: int) -> list[Any] | None:
        if digest in self.seen:
            raise refuse("duplicate-digest", "one digest stands in two places")
        self.seen[digest] = None
        text = self.unplaced.get(digest)
        if text is None:
            return None
        parts = read_json(from_base64url(text))
        if not isinstance(parts, list) or len(parts) != size or not isinstance(parts[0], str):
            raise refuse("malformed-disclosure", f"a disclosure is not a list of {size} with a salt")
        return parts

    def _place(self, digest: str, path: Path) -> None:
        self.places[path] = self.unplaced.pop(digest)
