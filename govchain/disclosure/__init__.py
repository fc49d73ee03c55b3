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
    hidden_fields,
    issue,
    present,
    stamp_copy,
    verify_copy,
    verify_credential,
    verify_presentation,
)
from govchain.disclosure.reasons import REASONS
from govchain.disclosure.sd_jwt import hide
from govchain.disclosure.status_list import (
    ListedStatus,
    StatusList,
    draw_index,
    issue_status_list,
    status_request,
    verify_status_list,
)

__all__ = [
    "REASONS",
    "Challenges",
    "ListedStatus",
    "SealedFace",
    "StatusList",
    "StatusReference",
    "TokenKey",
    "TokenSigner",
    "VerifiedCredential",
    "draw_index",
    "hidden_fields",
    "hide",
    "issue",
    "issue_licence",
    "issue_status_list",
    "present",
    "require_licence",
    "seal_face",
    "stamp_copy",
    "status_request",
    "token_signer",
    "verify_copy",
    "verify_credential",
    "verify_presentation",
    "verify_status_list",
]
