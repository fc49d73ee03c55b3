"""What a step may do: transaction verbs and reading verbs, each with the sentence that people read.

Sentences are templates over names that the engine fills in; nothing is sent or read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from govchain.ledger.payloads import PAYLOADS, Envelope

ENGINE_KEYS: Final = frozenset({"fields", "schema_version"})
ENVELOPE_KEYS: Final = tuple(
    field.encode_name for field in msgspec.structs.fields(Envelope) if field.encode_name not in ENGINE_KEYS
)
"""Keys of `with` that go into the record envelope; every other key is a field of the verb."""

FILE_KEYS: Final = ("file", "content")
"""Keys of `with` from which the engine makes hashes."""

ANSWERS = Literal["VALID", "DRAFT", "NOT_YET", "EXPIRED", "SUSPENDED", "SUPERSEDED", "REVOKED", "UNKNOWN"]
"""What the ledger says of a licence at a moment (rule L3)."""


class LicenceVerifyWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`licence.verify`: is this licence valid at that time (rule L3)?"""

    licence: str
    answer: ANSWERS
    at: str = ""
    """RFC 3339; default: the story's clock."""


class LegalReportWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`evidence.legal_report`: what a court may presume, and what not (rules E4, E5)."""

    evidence: str
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
    "evidence.legal_report": LegalReportWith,
    "receipt.check": ReceiptCheckWith,
}
"""Reading verb to the struct of its `with`."""

VERBS: Final[tuple[str, ...]] = (*PAYLOADS, *READS)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages."""

    en: str
    zh: str


_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "key.add": ("{who} adds a signing key for {person}", "{who} 为 {person} 登记签名密钥"),
    "key.revoke": ("{who} revokes a signing key ({reason})", "{who} 吊销签名密钥（{reason}）"),
    "validator.add": (
        "{who} proposes that {validator} of {org} joins the validators",
        "{who} 提议由 {org} 运行的 {validator} 加入验证节点",
    ),
    "validator.remove": ("{who} proposes that {validator} leaves", "{who} 提议 {validator} 退出验证节点"),
    "validator.rotate": ("{who} proposes another key for {validator}", "{who} 提议更换 {validator} 的密钥"),
    "organisation.add": ("{who} proposes {display_name} as a member", "{who} 提议吸收 {display_name} 为成员"),
    "organisation.suspend": (
        "{who} proposes to suspend {org} ({reason})",
        "{who} 提议暂停 {org}（{reason}）",
    ),
    "organisation.resume": ("{who} proposes to resume {org} ({reason})", "{who} 提议恢复 {org}（{reason}）"),
    "change.approve": ("{who} approves the change {object}", "{who} 批准变更 {object}"),
    "change.withdraw": ("{who} withdraws the change {object}", "{who} 撤回变更 {object}"),
    "licence.enter": (
        "{who} enters a {name} for {holder_ref}",
        "{who} 录入 {holder_ref} 的《{name}》",
    ),
    "licence.issue": ("{who} approves and issues {object}", "{who} 复核并签发 {object}"),
    "licence.suspend": ("{who} suspends {object} ({reason})", "{who} 暂扣 {object}（{reason}）"),
    "licence.resume": ("{who} puts {object} into force again", "{who} 恢复 {object} 的效力"),
    "licence.revoke": ("{who} revokes {object} ({reason})", "{who} 吊销 {object}（{reason}）"),
    "licence.verify": ("{who} asks whether {licence} is valid", "{who} 核验 {licence} 是否有效"),
    "evidence.deposit": (
        "{who} deposits the hashes of {object} ({evidence_kind})",
        "{who} 对 {object} 存证（{evidence_kind}）",
    ),
    "evidence.transfer": ("{who} hands {object} over to {to_org}", "{who} 将 {object} 移交 {to_org}"),
    "evidence.receive": ("{who} signs for custody of {object}", "{who} 签收 {object}"),
    "evidence.submit": ("{who} submits {object} in case {case_no}", "{who} 就 {case_no} 案提交 {object}"),
    "evidence.verify": (
        "{who} compares the file it was given with {object}",
        "{who} 将收到的文件与 {object} 的存证哈希比对",
    ),
    "evidence.rule": ("{who} rules on {object}: {ruling}", "{who} 对 {object} 作出认定：{ruling}"),
    "evidence.legal_report": (
        "{who} reads the legal-effect report of {evidence}",
        "{who} 查看 {evidence} 的法律效力说明",
    ),
    "invoice.issue": (
        "{who} issues invoice {object} over {gross} {currency} to {buyer_ref}",
        "{who} 向 {buyer_ref} 开具发票 {object}，价税合计 {gross} {currency}",
    ),
    "invoice.red": (
        "{who} issues red invoice {object} that takes back {gross} {currency}",
        "{who} 开具红字发票 {object}，冲减 {gross} {currency}",
    ),
    "invoice.book": (
        "{who} books invoice {object} under voucher {voucher_no}",
        "{who} 将发票 {object} 入账，凭证号 {voucher_no}",
    ),
    "receipt.check": (
        "{who} fetches the receipt of step {step} and verifies it offline",
        "{who} 取得步骤 {step} 的回执并离线验证",
    ),
}


# Templates keep a space around each name, for those in Latin letters; between Chinese characters it goes.
_BETWEEN_HAN: Final = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")


def sentence(verb: str, names: Mapping[str, Any]) -> Sentence:
    """The sentence of a verb; a name that is missing shows as `…`."""
    filled = _Names({key: str(value) for key, value in names.items()})
    english, chinese = _SENTENCES.get(verb, ("{who}: " + verb, "{who}：" + verb))
    return Sentence(english.format_map(filled), _BETWEEN_HAN.sub("", chinese.format_map(filled)))


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"
