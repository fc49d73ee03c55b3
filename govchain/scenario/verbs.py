"""What a step may do: verbs of transactions, of reading and of gateways, each with the sentence for people.

Sentences are templates over names that the engine fills in; nothing is sent or read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from govchain.ledger import Text
from govchain.ledger.kinds import PAYLOADS
from govchain.ledger.kinds import VERBS as LEDGER_VERBS
from govchain.ledger.payloads import Envelope

ENGINE_KEYS: Final = frozenset({"fields", "schema_version"})
ENVELOPE_KEYS: Final = tuple(
    field.encode_name for field in msgspec.structs.fields(Envelope) if field.encode_name not in ENGINE_KEYS
)
"""Keys of `with` that go into the record envelope; every other key is a field of the verb."""

FILE_KEYS: Final = ("file", "content")
"""Keys of `with` from which the engine makes hashes."""

ANSWERS = Literal[
    "VALID",
    "DRAFT",
    "NOT_YET",
    "EXPIRED",
    "SUSPENDED",
    "SUPERSEDED",
    "REVOKED",
    "WITHDRAWN",
    "RECALLED",
    "CANCELLED",
    "VOIDED",
    "UNKNOWN",
]
"""What the ledger says of a licence at a moment (rule L3)."""


class LicenceVerifyWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`licence.verify`: is this licence valid at that time (rule L3)?"""

    licence: str
    answer: ANSWERS
    at: str = ""
    """RFC 3339; default: the story's clock."""


class KeyVerifyWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key.verify`: was somebody's key good at that time, so that a signature of then counts (rule I1)?"""

    person: str
    """Id of somebody in `people`."""
    answer: Literal["UNKNOWN", "ACTIVE", "SUSPENDED", "ROTATED", "REVOKED"]
    at: str = ""
    """RFC 3339; default: the story's clock."""


class LegalReportWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`evidence.legal_report`: what a court may presume, and what not (rules E4, E5)."""

    evidence: str
    says: list[str] = []
    """Texts that the report must contain."""


class BundleCheckWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`evidence.bundle`: take all proofs of a piece of evidence and verify them offline (E4, E5, E7)."""

    evidence: str
    timestamp: str = ""
    """File of the token that the deposit names, relative to the scenario."""
    authorities: str = ""
    """File with the roots of timestamp authorities that the reader trusts."""
    file: str = ""
    """Original to compare, relative to the scenario."""
    content: str = ""
    """Original to compare, as text."""
    says: list[str] = []
    """Texts that the report must contain."""


class ReceiptCheckWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`receipt.check`: fetch the receipt of a step and verify it offline (rule E7)."""

    step: str
    file: str = ""
    """Original to compare, relative to the scenario."""
    content: str = ""
    """Original to compare, as text."""


READS: Final[dict[str, type[msgspec.Struct]]] = {
    "licence.verify": LicenceVerifyWith,
    "key.verify": KeyVerifyWith,
    "evidence.legal_report": LegalReportWith,
    "evidence.bundle": BundleCheckWith,
    "receipt.check": ReceiptCheckWith,
}
"""Reading verb to the struct of its `with`."""


class GatewayAskWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`gateway.ask`: a department asks another one, gateway to gateway (rules D2, D7, D9, D11).

    The chain gets three records of it: query, answer, confirmation. What is told stays with the two gateways.
    """

    exchange: str
    """Number of the exchange."""
    provider: str
    """Organisation id of the department that is asked."""
    item: str
    grant: str
    purpose: str
    fields: list[str]
    mode: Literal["yes-no", "threshold", "value"]
    subject_ref: str
    consent: str = ""
    bounds: dict[str, int] = {}
    """Mode `threshold`: for each field the bound that is asked for."""
    case_no: str = ""
    licence: str = ""


class GatewayCorrectWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`gateway.correct`: a department replaces what its gateway holds (rule D10).

    `${name.source_key}` is the key by which everybody finds who received the wrong value.
    """

    item: str
    person: str
    """Pseudonym by which this department knows whom it is about."""
    values: dict[str, bool | int | str]


class GatewayUsesWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`gateway.uses`: a person asks a department's portal who used their data (rule D11).

    Refused queries are told as well, but not compared: a gateway hears of those that the chain denied later.
    """

    gateway: str
    """Organisation id of the department that is asked."""
    person: str
    """Pseudonym by which that department knows the person; its desk signed them in."""
    answered: list[str]
    """Numbers of the exchanges that were answered, and no other."""


GATEWAY_VERBS: Final[dict[str, type[msgspec.Struct]]] = {
    "gateway.ask": GatewayAskWith,
    "gateway.correct": GatewayCorrectWith,
    "gateway.uses": GatewayUsesWith,
}
"""Verb that a gateway carries out to the struct of its `with`."""

VERBS: Final[tuple[str, ...]] = (*PAYLOADS, *READS, *GATEWAY_VERBS)


_OWN_SENTENCES: Final[Mapping[str, Text]] = {
    "licence.verify": Text("{who} asks whether {licence} is valid", "{who} 核验 {licence} 是否有效"),
    "key.verify": Text(
        "{who} asks whether the key of {person} was good", "{who} 核验 {person} 的密钥当时是否有效"
    ),
    "evidence.legal_report": Text(
        "{who} reads the legal-effect report of {evidence}",
        "{who} 查看 {evidence} 的法律效力说明",
    ),
    "evidence.bundle": Text(
        "{who} takes the proofs of {evidence} and verifies them offline",
        "{who} 取得 {evidence} 的全部证明并离线验证",
    ),
    "receipt.check": Text(
        "{who} fetches the receipt of step {step} and verifies it offline",
        "{who} 取得步骤 {step} 的回执并离线验证",
    ),
    "gateway.ask": Text(
        "{who} asks {provider}, from gateway to gateway, about {subject_ref}: {fields}",
        "{who} 经网关向 {provider} 查询 {subject_ref} 的 {fields}",
    ),
    "gateway.correct": Text(
        "{who} corrects what its gateway holds of a person ({item})",
        "{who} 更正本部门网关所存某人的数据（{item}）",
    ),
    "gateway.uses": Text(
        "{who} asks the portal of {gateway} who used their data",
        "{who} 在 {gateway} 的个人门户查询谁使用了自己的数据",
    ),
}

AT_THE_DOOR: Final[Mapping[str, tuple[str, str]]] = {"key-not-active": ("I1", "E_KEY_REVOKED")}
"""Code of a pool that refuses what the chain would deny as well, to that rule and code."""

_HASHED: Final = ("raw_hash", "answer_hash", "query_hash", "corrected_hash", "copy_hash")


def hashed_field(fields: tuple[str, ...]) -> str:
    """Field of a verb that `file` and `content` fill; empty: the envelope's `payload_hash`."""
    return next((name for name in _HASHED if name in fields), "")


# Templates keep a space around each name, for those in Latin letters; between Chinese characters it goes.
_BETWEEN_HAN: Final = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")


def sentence(verb: str, names: Mapping[str, Any]) -> Text:
    """The sentence of a verb; a name that is missing shows as `…`."""
    filled = _Names({key: _spell(value) for key, value in names.items()})
    own = _OWN_SENTENCES.get(verb)
    template = LEDGER_VERBS[verb].transition.sentence if own is None else own
    return Text(template.en.format_map(filled), _BETWEEN_HAN.sub("", template.zh.format_map(filled)))


def _spell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"
