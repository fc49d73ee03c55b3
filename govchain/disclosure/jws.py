"""Compact signed tokens (RFC 7515) under the two kinds of key that a credential may have.

Strict on purpose: the key decides the algorithm and the header must agree; base64url has one spelling; JSON
has no repeated names and no fractions. What a token says is the business of the other modules.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol

from govchain.codec import encode_json
from govchain.crypto.p256 import COORDINATE_BYTES, P256Signer, verify_p256
from govchain.crypto.suite import Signer, suite
from govchain.disclosure.reasons import refuse
from govchain.errors import BadSignature

DEPTH_MAX: Final = 16
"""Objects and arrays inside each other."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A public key together with the only algorithm that it may be used with."""

    algorithm: str
    """EdDSA (Ed25519) or ES256 (P-256)."""
    public_key: bytes

    def to_jwk(self) -> dict[str, str]:
        """The key as RFC 7517 and RFC 8037 write it."""
        if self.algorithm == "EdDSA":
            return {"kty": "OKP", "crv": "Ed25519", "x": to_base64url(self.public_key)}
        x, y = self.public_key[1 : 1 + COORDINATE_BYTES], self.public_key[1 + COORDINATE_BYTES :]
        return {"kty": "EC", "crv": "P-256", "x": to_base64url(x), "y": to_base64url(y)}

    @classmethod
    def from_jwk(cls, jwk: object) -> TokenKey:
        """Raises BadCredential `malformed` for every key that is not one of the two kinds."""
        match jwk:
            case {"kty": "OKP", "crv": "Ed25519", "x": str(x)}:
                key = cls("EdDSA", from_base64url(x))
                is_whole = len(key.public_key) == 32
            case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}:
                coordinates = from_base64url(x), from_base64url(y)
                key = cls("ES256", b"\x04" + b"".join(coordinates))
                is_whole = all(len(part) == COORDINATE_BYTES for part in coordinates)
            case _:
                raise refuse("malformed", "a key is neither Ed25519 nor P-256")
        if not is_whole:
            raise refuse("malformed", "a key has the wrong length")
        return key


class TokenSigner(Protocol):
    """What signs tokens: an issuer's or a holder's private key."""

    @property
    def key(self) -> TokenKey: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Signer:
    key: TokenKey
    signer: Signer | P256Signer

    def sign(self, message: bytes) -> bytes:
        return self.signer.sign(message)


def token_signer(signer: Signer | P256Signer) -> TokenSigner:
    """A key of the chain's suite, or of P-256, that signs tokens."""
    algorithm = "ES256" if isinstance(signer, P256Signer) else "EdDSA"
    return _Signer(TokenKey(algorithm, signer.public_key), signer)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was read and not yet verified."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


def sign_token(signer: TokenSigner, header: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Sign a payload. The header's `alg` is written here and nowhere else."""
    head = encode_json({**header, "alg": signer.key.algorithm})
    signed = f"{to_base64url(head)}.{to_base64url(encode_json(dict(payload)))}"
    return f"{signed}.{to_base64url(signer.sign(signed.encode('ascii')))}"


def read_token(text: str) -> Token:
    """Parts of a token, not yet verified."""
    parts = text.split(".")
    if len(parts) != 3:
        raise refuse("malformed", f"a token has {len(parts)} parts; expected 3")
    header, payload = (read_json(from_base64url(part)) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise refuse("malformed", "header and payload of a token are JSON objects")
    return Token(header, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), from_base64url(parts[2]))


def verify_token(token: Token, key: TokenKey, token_type: str) -> None:
    """Check type, algorithm and signature.

    Raises:
        BadCredential: `wrong-type`, `wrong-algorithm`, `malformed` or `bad-signature`.
    """
    if token.header.get("typ") != token_type:
        raise refuse("wrong-type", f"typ is {str(token.header.get('typ'))[:40]!r}; expected {token_type!r}")
    if token.header.get("alg") != key.algorithm:
        found = str(token.header.get("alg"))[:40]
        raise refuse("wrong-algorithm", f"alg is {found!r}; the key is for {key.algorithm}")
    if "crit" in token.header:
        raise refuse("malformed", "the header demands extensions that this build does not know")
    try:
        if key.algorithm == "ES256":
            verify_p256(key.public_key, token.signed, token.signature)
        else:
            suite().verify(key.public_key, token.signed, token.signature)
    except BadSignature as error:
        raise refuse("bad-signature", f"{token_type}: {error}") from error


def to_base64url(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")


def from_base64url(text: str) -> bytes:
    """Bytes of base64url in its one spelling: no padding, no other signs, unused bits zero."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError) as error:
        raise refuse("malformed", "a part is not base64url") from error
    if to_base64url(data) != text:
        raise refuse("malformed", "a part is not base64url in its one spelling")
    return data


def read_json(data: bytes) -> Any:
    """Plain value of JSON without repeated names, fractions, lone surrogates or great depth."""
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_no_fraction, parse_constant=_no_fraction
        )
    except RecursionError as error:
        raise refuse("too-large", "JSON is nested too deeply") from error
    except ValueError as error:
        raise refuse("malformed", "not JSON, or with a repeated name or a fraction") from error
    _require_plain(value, DEPTH_MAX)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a repeated name")
    return value


def _no_fraction(text: str) -> NoReturn:
    raise ValueError("a fraction")


def _require_plain(value: Any, depth_left: int) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise refuse("malformed", "a text holds a lone surrogate") from error
    elif isinstance(value, (dict, list)):
        if depth_left == 0:
            raise refuse("too-large", f"JSON is nested deeper than {DEPTH_MAX}")
        for name in value if isinstance(value, dict) else ():
            _require_plain(name, depth_left - 1)
        for child in value.values() if isinstance(value, dict) else value:
            _require_plain(child, depth_left - 1)
