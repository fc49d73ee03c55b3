"""What each kind of transaction carries: the record envelope and the fields of its kind.

A payload is RFC 8785 canonical JSON (rule G1): the envelope's keys, and in `fields` the struct of the kind.
Only hashes, codes, organisation ids and pseudonyms: a plain personal identifier is refused (rule I3).
No rule lives here; rules read these structs.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from govchain.codec import encode_json
from govchain.errors import MalformedBytes


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """JSON object; defaults are left out so that one value has one spelling."""


class Hashes(_Part, frozen=True):
    """Two hashes, so that one broken hash does not end the proof (rule G2). 64 lower-case hex digits each."""

    sha256: str
    sm3: str


class PayloadRef(_Part, frozen=True):
    """What the hashes are of. The document itself stays off the chain."""

    size_bytes: int
    media_type: str


class Envelope(_Part, frozen=True):
    """Common record envelope (records.md). Kind, organisation and signing key are in the transaction."""

    object_id: str
    object_version: int
    """Version of the object after this record: 1 for its first record (rule G4)."""
    claimed_time: str
    """RFC 3339 with offset: when the organisation says it happened."""
    fields: msgspec.Raw
    prev_record_hash: str = ""
    """Transaction id (hex) of the object's last applied record; empty for its first (rule G4)."""
    schema_version: int = 1
    role: str = ""
    legal_basis: str = ""
    purpose_code: str = ""
    classification: str = ""
    subject_ref: str = ""
    """Salted commitment or pseudonym of the person concerned."""
    payload_hash: Hashes | None = None
    payload_ref: PayloadRef | None = None
    consent_ref: str = ""
    retention_until: str = ""


class KeyAdd(_Part, frozen=True):
    """`key.add`: an organisation's admin adds a key. Object id: key id (hex)."""

    public_key: str
    person: str
    roles: list[str]


class KeyRevoke(_Part, frozen=True):
    """`key.revoke`: an organisation's admin ends a key. Object id: key id (hex)."""

    reason: str


class LicenceEnter(_Part, frozen=True):
    """`licence.enter`: the maker enters a licence (→ DRAFT). Object id: GB/T 36904 identifier."""

    name: str
    type_code: str
    holder_ref: str
    """USCC of the holding organisation, or the salted commitment of a person."""
    area_code: str
    issued_date: str
    effective_date: str
    expiring_date: str = ""
    """Last day of validity; empty means without end."""
    requires: list[str] = []
    """Licences that must be VALID when this one is issued (rule L10)."""
    face_commitment: str = ""
    """Root over the salted face data (照面)."""


class LicenceIssue(_Part, frozen=True):
    """`licence.issue`: a checker approves the draft (DRAFT → VALID; the version before → SUPERSEDED)."""

    opinion: str = ""


class LicenceChange(_Part, frozen=True):
    """`licence.suspend`, `licence.resume`, `licence.revoke`: with the document that orders it."""

    reason: str
    basis_document: str


class EvidenceDeposit(_Part, frozen=True):
    """`evidence.deposit`: put hashes of data on the chain (→ DEPOSITED). Object id: evidence number."""

    evidence_kind: str
    """contract, web-page, chat, work, log, document or other."""
    raw_hash: Hashes
    size_bytes: int
    media_type: str
    collected_at: str
    collector_tool: str = ""
    interest: str = ""
    """The depositor's declared interest in the matter; empty means none declared (rule E5)."""
    replaces: str = ""


class EvidenceTransfer(_Part, frozen=True):
    """`evidence.transfer`: the custodian hands over; custody moves when the other side receives (rule E2)."""

    to_org: str
    action: str
    raw_hash: Hashes


class EvidenceReceive(_Part, frozen=True):
    """`evidence.receive`: the receiver signs for custody (rule E2)."""

    raw_hash: Hashes


class EvidenceSubmit(_Part, frozen=True):
    """`evidence.submit`: a party or custodian submits it in a case (→ SUBMITTED)."""

    case_no: str


class EvidenceVerify(_Part, frozen=True):
    """`evidence.verify`: a court states the hashes of the file it was given (→ MATCHED or MISMATCHED)."""

    raw_hash: Hashes
    size_bytes: int


class EvidenceRule(_Part, frozen=True):
    """`evidence.rule`: the court rules (→ ADMITTED, PARTIAL or EXCLUDED; rule E6)."""

    ruling: str
    reason: str = ""


class TaxSubtotal(_Part, frozen=True):
    """One row of the tax breakdown. Amounts and rates are decimal strings."""

    category: str
    """UNCL 5305 code, for example S, Z, E, AE; `VAT` for Chinese invoices."""
    rate: str
    net: str
    tax: str


class InvoiceIssue(_Part, frozen=True):
    """`invoice.issue` and `invoice.red`: an invoice's coded content (→ ISSUED).

    Object id: the 20-digit number of a Chinese e-invoice, or `seller_ref/number` for EN 16931 documents
    (`invoice_object_id`).
    A red invoice or credit note carries positive amounts that it takes back.
    """

    standard: str
    """`CN` (数电票) or `EN16931`."""
    number: str
    issue_date: str
    currency: str
    seller_ref: str
    buyer_ref: str
    net: str
    """Total without tax (EN 16931 BT-109)."""
    tax: str
    """Total tax (BT-110)."""
    gross: str
    """Total with tax (BT-112)."""
    breakdown: list[TaxSubtotal]
    line_nets: list[str] = []
    """Net amount of each line, in document order (BT-131)."""
    allowances: str = "0"
    """Sum of allowances on document level (BT-107)."""
    charges: str = "0"
    """Sum of charges on document level (BT-108)."""
    corrects: list[str] = []
    """Numbers or object ids of the invoices that a red invoice or credit note takes back."""


class InvoiceBook(_Part, frozen=True):
    """`invoice.book`: the buyer books it for reimbursement or accounting, once (rule T6)."""

    voucher_no: str


class ValidatorAdd(_Part, frozen=True):
    """`validator.add`: proposes a new validator, from a checkpoint on. Object id: number of the change."""

    validator: str
    """Its network name."""
    org: str
    """Organisation that will run it."""
    public_key: str
    """Key of its votes, never used before (hex)."""
    possession: str
    """Signature of that key over chain, name and key (hex; rule I10)."""
    peer_address: str
    """Where other validators reach it: host:port."""


class ValidatorRemove(_Part, frozen=True):
    """`validator.remove`: proposes that a validator leaves, from a checkpoint on."""

    validator: str
    reason: str


class ValidatorRotate(_Part, frozen=True):
    """`validator.rotate`: proposes another vote key for a validator, from a checkpoint on."""

    validator: str
    public_key: str
    possession: str
    reason: str


class OrganisationAdd(_Part, frozen=True):
    """`organisation.add`: proposes a new organisation with its first admin key."""

    org: str
    display_name: str
    roles: list[str]
    accredited_for: list[str]
    """Licence type codes that it may issue (rule L4)."""
    public_key: str
    """Of its first admin (hex)."""
    person: str
    """Pseudonym of that admin."""


class OrganisationChange(_Part, frozen=True):
    """`organisation.suspend`, `organisation.resume`: proposes that its keys may sign no more, or again."""

    org: str
    reason: str


class ChangeApprove(_Part, frozen=True):
    """`change.approve`: an organisation with validators approves (→ ADOPTED with the last one needed)."""

    opinion: str = ""


class ChangeWithdraw(_Part, frozen=True):
    """`change.withdraw`: the proposing organisation takes its proposal back."""

    reason: str


class SignedVote(_Part, frozen=True):
    """A vote exactly as a validator signed it (rule EV-1)."""

    body: str
    """The signed bytes, in base64."""
    signature: str
    """The signature over them, in base64."""


class ValidatorAccuse(_Part, frozen=True):
    """`validator.accuse`: two votes of one validator that contradict each other (→ RECORDED).

    Object id: `epoch-validator-phase-view-seq` of the place that both votes are for.
    """

    first: SignedVote
    """The one whose bytes come first in order."""
    second: SignedVote


PAYLOADS: Final[dict[str, type[Any]]] = {
    "key.add": KeyAdd,
    "key.revoke": KeyRevoke,
    "licence.enter": LicenceEnter,
    "licence.issue": LicenceIssue,
    "licence.suspend": LicenceChange,
    "licence.resume": LicenceChange,
    "licence.revoke": LicenceChange,
    "evidence.deposit": EvidenceDeposit,
    "evidence.transfer": EvidenceTransfer,
    "evidence.receive": EvidenceReceive,
    "evidence.submit": EvidenceSubmit,
    "evidence.verify": EvidenceVerify,
    "evidence.rule": EvidenceRule,
    "invoice.issue": InvoiceIssue,
    "invoice.red": InvoiceIssue,
    "invoice.book": InvoiceBook,
    "validator.add": ValidatorAdd,
    "validator.remove": ValidatorRemove,
    "validator.rotate": ValidatorRotate,
    "organisation.add": OrganisationAdd,
    "organisation.suspend": OrganisationChange,
    "organisation.resume": OrganisationChange,
    "change.approve": ChangeApprove,
    "change.withdraw": ChangeWithdraw,
    "validator.accuse": ValidatorAccuse,
}
"""Kind to the struct of its `fields`."""

T = TypeVar("T")


def record_type_of(kind: str) -> str:
    """Type of the record that a kind of transaction is about: its first part, but for proposals `change`."""
    if kind == "validator.accuse":
        return "equivocation"
    first = kind.partition(".")[0]
    return "change" if first in ("validator", "organisation") else first


def invoice_object_id(seller_ref: str, number: str) -> str:
    """Object id of an EN 16931 document: `seller_ref/number`.

    Sellers put spaces into numbers and object ids have none, so white space is percent-encoded, and the
    percent sign with it: two numbers never share an id.
    """
    return f"{seller_ref}/{''.join(_code_sign(sign) for sign in number)}"


def _code_sign(sign: str) -> str:
    # Not `isprintable`: that grows with every version of Unicode, and a validator's verdict must not.
    if not (sign.isspace() or sign == "%" or ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0):
        return sign
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))


def encode_payload(envelope: dict[str, Any], fields: Any) -> bytes:
    """Canonical payload bytes of envelope keys (without `fields`) and a fields struct or dict.

    Raises:
        MalformedBytes: The envelope does not fit `Envelope`, or a value cannot be written as canonical JSON.
    """
    plain = fields if isinstance(fields, dict) else msgspec.to_builtins(fields)
    data = encode_json({**envelope, "fields": plain})
    decode_envelope(data)
    return data


_envelope_decoder = msgspec.json.Decoder(Envelope)


def decode_envelope(data: bytes) -> Envelope:
    """Envelope of payload bytes.

    Raises:
        MalformedBytes: Not JSON, or not an envelope; the message names the field.
    """
    try:
        return _envelope_decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"payload: {error}") from error


def decode_fields(envelope: Envelope, kind: type[T]) -> T:
    """The fields of an envelope as the struct of their kind.

    Raises:
        MalformedBytes: A field is unknown, missing or mistyped; the message names it.
    """
    try:
        return msgspec.json.decode(envelope.fields, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"payload fields: {error}") from error
