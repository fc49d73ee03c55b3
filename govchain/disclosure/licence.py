"""An e-licence as a credential, bound to its record on the chain (rules L7 to L9).

Before a licence is entered, its face data 照面 are sealed: every field is salted, and the root over the
digests goes on the chain as `face_commitment`. The credential that follows carries the same digests, the
licence's identifier, and its place in a status list. Whether the licence is valid is said by chain and list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from govchain.crypto.log_tree import compute_root
from govchain.crypto.suite import suite
from govchain.disclosure.jws import TokenKey, TokenSigner, from_base64url
from govchain.disclosure.presentation import VerifiedCredential, issue
from govchain.disclosure.reasons import refuse
from govchain.disclosure.sd_jwt import HiddenClaims, Path, RandomBytes, hide

LICENCE_TYPE: Final = "urn:govchain:licence:1"
DECOYS: Final = 4


@dataclass(frozen=True, slots=True)
class SealedFace:
    """Face data of which the chain may hold the root."""

    hidden: HiddenClaims
    commitment: str
    """What `licence.enter` puts as `face_commitment`: hex of the root over the digests, in rising order."""


@dataclass(frozen=True, slots=True)
class StatusReference:
    """Where a credential's status stands."""

    uri: str
    """The list; the same for everything in it."""
    index: int


def seal_face(face: Mapping[str, Any], random_bytes: RandomBytes) -> SealedFace:
    """Hide every field of the face data, and every field and element inside them."""
    hidden = hide({"face": face}, list(_paths(face, ("face",))), random_bytes, decoys=DECOYS)
    return SealedFace(hidden, compute_face_commitment(hidden.payload))


def issue_licence(
    signer: TokenSigner,
    sealed: SealedFace,
    *,
    issuer: str,
    key_id: str,
    holder: TokenKey,
    licence_id: str,
    status: StatusReference,
    issued_s: int,
) -> str:
    """The credential of a licence for one key of its holder."""
    more = {
        "vct": LICENCE_TYPE,
        "licence_id": licence_id,
        "face_commitment": sealed.commitment,
        "status": {"status_list": {"idx": status.index, "uri": status.uri}},
        "iat": issued_s,
    }
    return issue(signer, sealed.hidden, issuer=issuer, key_id=key_id, holder=holder, more=more)


def compute_face_commitment(payload: Mapping[str, Any]) -> str:
    """Root over the digests of the face data in a signed payload; no disclosure is needed for it."""
    face = payload.get("face")
    if not isinstance(face, dict) or list(face) != ["_sd"] or not isinstance(face["_sd"], list):
        raise refuse("malformed", "face data are not all hidden")
    digests = sorted(from_base64url(str(digest)) for digest in face["_sd"])
    return compute_root(suite(), digests).hex()


def require_licence(
    verified: VerifiedCredential, *, licence_id: str, face_commitment: str
) -> StatusReference:
    """Hold a verified credential against the licence's record on the chain.

    Raises:
        BadCredential: `wrong-type`, `wrong-licence`, `wrong-commitment` or `malformed`.
    """
    payload = verified.payload
    if payload.get("vct") != LICENCE_TYPE:
        raise refuse("wrong-type", f"vct is {str(payload.get('vct'))[:40]!r}; expected {LICENCE_TYPE!r}")
    if payload.get("licence_id") != licence_id:
        raise refuse("wrong-licence", f"the credential is not about {licence_id[:128]}")
    if not payload.get("face_commitment") == compute_face_commitment(payload) == face_commitment:
        raise refuse("wrong-commitment", "the chain holds the root of other face data")
    match payload.get("status"):
        case {"status_list": {"idx": int(index), "uri": str(uri)}}:
            return StatusReference(uri, index)
    raise refuse("malformed", "the credential names no place in a status list")


def _paths(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping):
        children: list[tuple[str | int, Any]] = list(value.items())
    elif isinstance(value, (list, tuple)):
        children = list(enumerate(value))
    else:
        return
    for name, child in children:
        yield (*path, name)
        yield from _paths(child, (*path, name))
