"""What the verification of a receipt says: each step in a sentence, and what no step proves.

Values and fixed texts, in English and Chinese. No check happens here. What a stranger wrote is quoted through
`visible`, so that it can be read and cannot act.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Text(msgspec.Struct, frozen=True):
    """One sentence in both languages."""

    en: str
    zh: str


class VerifiedStep(msgspec.Struct, frozen=True):
    """One step that held."""

    id: str
    title: Text
    checked: Text
    """What was compared, with its figures."""


class ReceiptReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a receipt that verifies. One that does not has no report but a `BadProof`."""

    steps: tuple[VerifiedStep, ...]
    transaction_id: bytes
    kind: str
    org: str
    object: str
    """Record that it was about, as `type/id`."""
    claimed_time: str
    """When the organisation says it happened (RFC 3339); empty when the payload says nothing."""
    block_time: str
    """When the chain recorded it (RFC 3339, UTC)."""
    height: int
    applied: bool
    """False: a rule denied it, and the receipt proves the denial."""
    rule: str
    """Rule that denied it; empty when applied."""
    code: str
    """Denial code; empty when applied."""
    detail: str
    """What the rule found, as the block says it: in English, for a stranger to judge. Empty when applied."""
    verdict: Text
    not_proven: tuple[Text, ...]


STEP_TITLES: Final[dict[str, Text]] = {
    "read": Text("The file can be read", "文件可读"),
    "format": Text("Format and canonical spelling", "格式与规范写法"),
    "chain": Text("The chain is that of the genesis", "链与创世文件一致"),
    "transaction": Text("The transaction and its signature", "交易及其签名"),
    "inclusion": Text("The transaction is in the block", "交易在区块中"),
    "result": Text("What the rules decided", "规则执行结果"),
    "validators": Text("The validators follow from the genesis", "验证节点集合源自创世文件"),
    "header": Text("The block header", "区块头"),
    "certificate": Text("A quorum of validators signed the header", "法定数量的验证节点签署了区块头"),
    "summary": Text("The summary says what the signed bytes say", "摘要与已签名内容一致"),
    "file": Text("The original file", "原始文件"),
}
"""Step id to title, in the order in which the steps run."""

BEFORE_CHAIN: Final = Text(
    "What was put on the chain has not changed since. Whether it was true before that is not proven.",
    "上链之后未被篡改；上链之前内容是否真实，本回执不予证明。",
)
BEFORE_CHAIN_EVIDENCE: Final = Text(
    "Data that verifies against its deposit may be presumed unaltered since then, unless rebutted (Online "
    "Litigation Rules of the People's Courts, Article 16); its truth before the deposit is reviewed "
    "separately (Article 18). Both are for the court to find, not for this program.",
    "电子数据经核验与存证一致的，可推定上链后未经篡改，但有相反证据足以推翻的除外"
    "（《人民法院在线诉讼规则》第十六条）；上链之前数据的真实性须另行审查（第十八条）。"
    "两者均由人民法院认定，本程序不作认定。",
)
STATED_HASHES: Final = Text(
    "The hashes in this record are what its signer stated in this step. Whether they are those of the "
    "deposit is not in this file: compare them with the receipt of the deposit.",
    "本记录中的哈希是签署人在该步骤中所陈述的内容；是否与存证时一致，本文件不予证明，请与存证回执比对。",
)
NOTHING_RECORDED: Final = Text(
    "The rules refused the request: this receipt supports no claim that anything was recorded by it.",
    "该申请已被规则驳回：不得凭本回执主张有关内容已上链记录。",
)
AUTHORITY: Final = Text(
    "That the signer was entitled to act is what the validators' rules found at this height, from keys and "
    "roles held by the chain; the receipt proves the finding and the signature, not who was behind the key.",
    "签署人有权办理，是验证节点依据链上密钥与角色在该高度作出的认定；"
    "本回执证明该认定和签名，不证明密钥背后的自然人。",
)
LATER: Final = Text(
    "Later records about the same object are not in this file; ask the chain for its present state.",
    "同一对象此后的记录不在本文件内；当前状态请向链查询。",
)
BLOCK_TIME: Final = Text(
    "The block time is what a proposing validator stated and a quorum accepted within the permitted drift.",
    "区块时间由提案节点给出，并经法定数量的验证节点在允许的时钟偏差内接受。",
)
NO_FILE_GIVEN: Final = Text(
    "No original file was given, so nothing is said about any file.",
    "未提供原始文件，因此不对任何文件作出判断。",
)

_HIDDEN: Final = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0xAD,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
)
_SHOWN: Final = {code: f"\\u{code:04x}" for code in _HIDDEN}


def visible(text: str) -> str:
    """The text with line ends, terminal codes and characters that turn or hide others written out."""
    return text.translate(_SHOWN)
