"""Credentials of which the holder shows a part, and status lists. No I/O; clock and chance are arguments."""

from govchain.disclosure.challenges import Challenges
from govchain.disclosure.jws import TokenKey, TokenSigner, token_signer
from govchain.disclosure.licence import (
    SealedFace,
    StatusReference,
    issue_licence,
    require_licence,
    seal_face,
)
from govchain.disclosure.presentation import (
    VerifiedCredential,
    issue,
    present,
    stamp_copy,
    verify_copy,
    verify_credential,
    verify_presentation,
)
from govchain.disclosure.reasons import REASONS
from govchain.disclosure.sd_jwt import hide

__all__ = [
    "REASONS",
    "Challenges",
    "SealedFace",
    "StatusReference",
    "TokenKey",
    "TokenSigner",
    "VerifiedCredential",
    "hide",
    "issue",
    "issue_licence",
    "present",
    "require_licence",
    "seal_face",
    "stamp_copy",
    "token_signer",
    "verify_copy",
    "verify_credential",
    "verify_presentation",
]
