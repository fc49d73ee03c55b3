"""Issue a credential, present a part of it, verify what was presented (RFC 9901), and stamp copies (rule L7).

A presentation answers one challenge of one verifier. A stamped copy 加注件 answers no challenge: it names one
recipient, one purpose and an end, and serves nothing else; neither passes for the other. Clock and randomness
come as arguments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from govchain.disclosure.jws import TokenKey, TokenSigner, read_token, sign_token, to_base64url, verify_token
from govchain.disclosure.reasons import refuse
from govchain.disclosure.sd_jwt import HiddenClaims, Path, join, open_claims, select, split

CREDENTIAL_TYPE: Final = "dc+sd-jwt"
BINDING_TYPE: Final = "kb+jwt"
CLOCK_TOLERANCE_S: Final = 60
PRESENTATION_AGE_S_MAX: Final = 300
"""A presentation answers a challenge now; what is to last is a stamped copy."""

KeyOf = Callable[[str, str], TokenKey | None]
"""Public key of an issuer: from its claim `iss` and the header's `kid`. None: not known, or not trusted."""


@dataclass(frozen=True, slots=True)
class VerifiedCredential:
    """What a verifier may believe."""

    claims: dict[str, Any]
    """Plain and disclosed fields; hidden ones are not there."""
    payload: dict[str, Any]
    """As the issuer signed it, with digests."""
    binding: dict[str, Any]
    """What the holder signed: recipient, time, challenge or purpose."""


def issue(
    signer: TokenSigner,
    hidden: HiddenClaims,
    *,
    issuer: str,
    key_id: str,
    holder: TokenKey,
    more: Mapping[str, Any],
) -> str:
    """Sign hidden claims for a holder's key; gives the credential with every disclosure."""
    payload = {**hidden.payload, **more, "iss": issuer, "cnf": {"jwk": holder.to_jwk()}}
    assert not set(hidden.payload) & {"iss", "cnf", *more}, "claims would overwrite each other"
    return join(sign_token(signer, {"typ": CREDENTIAL_TYPE, "kid": key_id}, payload), hidden.disclosures)


def hidden_fields(credential: str) -> tuple[Path, ...]:
    """Every field that the holder of a credential may show or keep."""
    token, disclosures, _ = split(credential)
    return tuple(sorted(open_claims(read_token(token).payload, disclosures).places, key=str))


def present(
    credential: str, disclosed: Iterable[Path], holder: TokenSigner, *, audience: str, nonce: str, now_s: int
) -> str:
    """Show the fields at `disclosed` and no others, to one verifier, in answer to its challenge."""
    claims = {"aud": audience, "nonce": nonce, "iat": now_s}
    return _bind(credential, disclosed, holder, claims)


def stamp_copy(
    credential: str,
    disclosed: Iterable[Path],
    holder: TokenSigner,
    *,
    audience: str,
    purpose: str,
    number: str,
    now_s: int,
    expires_s: int,
) -> str:
    """Make a copy 加注件 for one recipient, one purpose and a time (rule L7).

    Args:
        number: The copy's own number, by which its uses are counted; unpredictable.
        expires_s: First second at which it serves no more.
    """
    claims = {"aud": audience, "nonce": number, "iat": now_s, "exp": expires_s, "purpose": purpose}
    return _bind(credential, disclosed, holder, claims)


def verify_presentation(
    text: str, key_of: KeyOf, *, audience: str, nonce: str, now_s: int, token_type: str = CREDENTIAL_TYPE
) -> VerifiedCredential:
    """Check the answer to a challenge.

    Raises:
        BadCredential: With the reason.
    """
    verified = _verify_bound(text, key_of, audience, now_s, token_type)
    if "purpose" in verified.binding:
        raise refuse("wrong-purpose", "a stamped copy answers no challenge")
    if verified.binding.get("nonce") != nonce:
        raise refuse("wrong-nonce", "the presentation answers another challenge")
    if verified.binding["iat"] < now_s - PRESENTATION_AGE_S_MAX:
        raise refuse("expired", f"it was signed more than {PRESENTATION_AGE_S_MAX} s ago")
    return verified


def verify_copy(
    text: str, key_of: KeyOf, *, audience: str, purpose: str, now_s: int, token_type: str = CREDENTIAL_TYPE
) -> VerifiedCredential:
    """Check a stamped copy for one purpose (rule L7).

    Raises:
        BadCredential: With the reason.
    """
    verified = _verify_bound(text, key_of, audience, now_s, token_type)
    binding = verified.binding
    if "purpose" not in binding or not isinstance(binding.get("exp"), int):
        raise refuse("no-purpose", "a presentation without stamp serves only the challenge that it answered")
    if binding["purpose"] != purpose:
        raise refuse("wrong-purpose", f"stamped for {str(binding['purpose'])[:40]!r}, used for {purpose!r}")
    return verified


def verify_credential(
    text: str, key_of: KeyOf, *, now_s: int, token_type: str = CREDENTIAL_TYPE
) -> VerifiedCredential:
    """Check a credential that is not bound to a recipient, as its holder does when it arrives."""
    verified, binding = _verify_issued(text, key_of, now_s, token_type)
    if binding:
        raise refuse("malformed", "a presentation stands where a credential is expected")
    return verified


def _bind(credential: str, disclosed: Iterable[Path], holder: TokenSigner, claims: dict[str, Any]) -> str:
    token, disclosures, _ = split(credential)
    shown = join(token, select(open_claims(read_token(token).payload, disclosures), disclosed))
    return shown + sign_token(holder, {"typ": BINDING_TYPE}, {**claims, "sd_hash": _digest(shown)})


def _verify_bound(text: str, key_of: KeyOf, audience: str, now_s: int, token_type: str) -> VerifiedCredential:
    verified, binding_text = _verify_issued(text, key_of, now_s, token_type)
    if not binding_text:
        raise refuse("no-key-binding", "the holder did not sign")
    cnf = verified.payload.get("cnf")
    holder = TokenKey.from_jwk(cnf.get("jwk") if isinstance(cnf, dict) else None)
    token = read_token(binding_text)
    verify_token(token, holder, BINDING_TYPE)
    binding = token.payload
    if binding.get("sd_hash") != _digest(text[: -len(binding_text)]):
        raise refuse("wrong-disclosures", "the holder signed other disclosures than these")
    if binding.get("aud") != audience:
        raise refuse("wrong-audience", f"made for {str(binding.get('aud'))[:40]!r}, shown to {audience!r}")
    if not is_time(binding.get("iat")) or not isinstance(binding.get("nonce"), str):
        raise refuse("malformed", "the holder's signature covers no time or no nonce")
    _require_time(binding, now_s)
    if binding["iat"] > now_s + CLOCK_TOLERANCE_S:
        raise refuse("not-yet-valid", "the holder's signature is from the future")
    return VerifiedCredential(verified.claims, verified.payload, binding)


def _verify_issued(text: str, key_of: KeyOf, now_s: int, token_type: str) -> tuple[VerifiedCredential, str]:
    token_text, disclosures, binding = split(text)
    token = read_token(token_text)
    issuer, key_id = token.payload.get("iss"), token.header.get("kid", "")
    if not isinstance(issuer, str) or not isinstance(key_id, str):
        raise refuse("malformed", "issuer or key id is no text")
    key = key_of(issuer, key_id)
    if key is None:
        raise refuse("unknown-issuer", f"no key {key_id[:16]!r} of {issuer[:40]!r} is known")
    verify_token(token, key, token_type)
    opened = open_claims(token.payload, disclosures)
    _require_time(token.payload, now_s)
    return VerifiedCredential(opened.claims, token.payload, {}), binding


def _require_time(claims: Mapping[str, Any], now_s: int) -> None:
    # No more at `exp`. Only the beginning is tolerant: a clock that is late must not prolong anything.
    for name in ("iat", "nbf", "exp"):
        if name in claims and not is_time(claims[name]):
            raise refuse("malformed", f"{name} is no whole number of seconds")
    if claims.get("nbf", 0) > now_s + CLOCK_TOLERANCE_S:
        raise refuse("not-yet-valid", f"valid from {claims['nbf']}, now is {now_s}")
    if "exp" in claims and claims["exp"] <= now_s:
        raise refuse("expired", f"valid until {claims['exp']}, now is {now_s}")


def is_time(value: object) -> TypeGuard[int]:
    """True for whole seconds."""
    return isinstance(value, int) and not isinstance(value, bool)


def _digest(shown: str) -> str:
    return to_base64url(hashlib.sha256(shown.encode("ascii")).digest())
