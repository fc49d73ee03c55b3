"""Evidence as it stands in a transaction, and back: both signed messages in base64 inside the payload.

Nothing is judged here; the rules are in `rules`. Base64, because two proposals of full batches
then still fit into one transaction.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from govchain.codec import decode
from govchain.crypto.evidence import read_evidence
from govchain.errors import MalformedBytes
from govchain.ledger.identifiers import format_rfc3339
from govchain.ledger.kinds.equivocation.fields import SignedVote, ValidatorAccuse
from govchain.ledger.payloads import (
    decode_envelope,
    decode_fields,
    encode_payload,
)
from govchain.model import Block, TransactionBody
from govchain.model.votes import Evidence, SignedMessage

ACCUSE: Final = "validator.accuse"
EQUIVOCATION: Final = "equivocation"
"""Record type of what an accusation makes."""
_OBJECTS: Final = f"{EQUIVOCATION}/"


def encode_accusation(evidence: Evidence, claimed_time_ms: int) -> bytes:
    """Payload of the transaction that asks the chain to record this evidence."""
    fields = ValidatorAccuse(first=_encode(evidence.first), second=_encode(evidence.second))
    envelope = {
        "object_id": read_evidence(evidence).object_id,
        "object_version": 1,
        "claimed_time": format_rfc3339(claimed_time_ms),
    }
    return encode_payload(envelope, fields)


def evidence_of(fields: ValidatorAccuse) -> Evidence:
    """The evidence in an accusation.

    Raises:
        MalformedBytes: A part is not base64 in its one spelling.
    """
    return Evidence(_decode(fields.first), _decode(fields.second))


def recorded_evidence(block: Block) -> list[Evidence]:
    """The evidence that a block put on the chain, in order."""
    found = []
    for transaction, result in zip(block.transactions, block.results, strict=True):
        if result.applied and result.object_id.startswith(_OBJECTS):
            envelope = decode_envelope(decode(transaction.body, TransactionBody).payload)
            found.append(evidence_of(decode_fields(envelope, ValidatorAccuse)))
    return found


def _encode(signed: SignedMessage) -> SignedVote:
    body, signature = (base64.b64encode(part).decode("ascii") for part in (signed.body, signed.signature))
    return SignedVote(body=body, signature=signature)


def _decode(vote: SignedVote) -> SignedMessage:
    return SignedMessage(_decode_text(vote.body), _decode_text(vote.signature))


def _decode_text(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedBytes("not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise MalformedBytes("base64 with another spelling")
    return data
