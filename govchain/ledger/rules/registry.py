"""Every rule that can deny a transaction: id, codes, titles and where it comes from.

Data only; the rule functions are beside it. `docs/reference/rules.md` is this table; a test compares them.
A source that could not be confirmed is described without its number.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.errors import NotPermitted


class Rule(msgspec.Struct, frozen=True):
    """One rule. Several codes mean that it can be broken in several ways people tell apart."""

    id: str
    codes: tuple[str, ...]
    title_en: str
    title_zh: str
    source: str

    @property
    def code(self) -> str:
        """The usual denial code."""
        return self.codes[0]


_OWN: Final = "govchain"

_TABLE: Final = (
    Rule(
        "RQ-1",
        ("E_EXPIRED", "E_CHAIN", "E_PAYLOAD"),
        "A transaction is well formed, meant for this chain and not expired",
        "交易格式正确、属于本链且未过期",
        _OWN,
    ),
    Rule(
        "RQ-4",
        ("E_DUPLICATE",),
        "One key and nonce execute at most once",
        "同一密钥的同一防重放序号至多执行一次",
        _OWN,
    ),
    Rule("G0", ("E_KIND",), "The kind of record is known to this chain", "业务类型须为本链已定义类型", _OWN),
    Rule(
        "G1",
        ("E_PAYLOAD",),
        "The payload is the envelope of its kind in canonical JSON",
        "载荷为规范化 JSON 信封",
        "RFC 8785",
    ),
    Rule(
        "G2",
        ("E_PAYLOAD",),
        "Both hashes of a document are given and well formed",
        "文件须同时给出两种格式正确的哈希",
        _OWN,
    ),
    Rule(
        "G3",
        ("E_STATE",),
        "State changes only by a record that the life cycle lists",
        "状态只能由生命周期所列的记录改变",
        _OWN,
    ),
    Rule(
        "G4",
        ("E_VERSION",),
        "Version and previous record hash continue the object's own chain",
        "版本号与前一记录哈希须连续",
        _OWN,
    ),
    Rule(
        "G6",
        ("E_SOD",),
        "Maker and checker are different persons (also I6)",
        "经办与复核须为不同自然人（同 I6）",
        "Separation of duties 经办、复核、审批分离",
    ),
    Rule(
        "G9",
        ("E_TIME_ORDER",),
        "Claimed time is not in the future and never runs back on one object",
        "申报时间不得超前，同一对象的申报时间不得倒退",
        _OWN,
    ),
    Rule(
        "I1",
        ("E_KEY_REVOKED", "E_SIG", "E_DUP_ID"),
        "The signing key is known and active when the transaction executes",
        "签名密钥在执行时须已登记且有效",
        "RFC 5280 (status of a key at the time of use)",
    ),
    Rule(
        "I2",
        ("E_ROLE", "E_DUP_ID", "E_STATE"),
        "Members change only with the approvals that policy demands (also MB-1)",
        "成员变更须经规定数量的机构批准（同 MB-1）",
        "m of n organisations that run validators; parameter approvals_min",
    ),
    Rule(
        "I3",
        ("E_PLAIN_ID",),
        "No plain identity number or mobile number on the chain",
        "链上不得出现明文身份证号或手机号",
        "GB 11643 (checksum)",
    ),
    Rule(
        "I5",
        ("E_ROLE",),
        "Organisation and key have the role that the transition asks for (also G5)",
        "机构与密钥须具有该操作所需角色（同 G5）",
        _OWN,
    ),
    Rule(
        "I8",
        ("E_STATE",),
        "An organisation keeps at least one active admin key",
        "机构须至少保留一把有效的管理员密钥",
        _OWN,
    ),
    Rule(
        "I9",
        ("E_QUORUM", "E_STATE"),
        "A change of validators never breaks the live quorum (also MB-5)",
        "验证节点变更不得破坏现有法定数量（同 MB-5）",
        _OWN,
    ),
    Rule(
        "I10",
        ("E_SIG", "E_DUP_ID"),
        "A new vote key is proven by its holder and was never used before (also MB-4)",
        "新投票密钥须由持有者证明且从未使用（同 MB-4）",
        _OWN,
    ),
    Rule(
        "L1",
        ("E_CHECKSUM", "E_DUP_ID"),
        "The licence identifier is unique, well formed and its check character is right",
        "电子证照标识唯一、格式与校验位正确",
        "GB/T 36904-2018; ISO/IEC 7064 MOD 37,36",
    ),
    Rule(
        "L2",
        ("E_DUP_ID", "E_VERSION", "E_STATE"),
        "One valid licence per number and per type and holder; versions are contiguous",
        "同一证照号码、同一类型同一持有人至多一份有效证照，版本连续",
        "GB/T 36904-2018",
    ),
    Rule(
        "L3",
        ("E_TIME_ORDER",),
        "A licence is valid only from its effective date to its expiry",
        "证照仅在有效期内有效",
        "Dates of validity in the licence metadata, GB/T 36903-2018",
    ),
    Rule(
        "L4",
        ("E_NOT_ACCREDITED",),
        "Only the issuing authority, accredited for the type, writes a licence",
        "仅经授权的颁发机构可写入证照",
        "Trusted-issuer registry of this chain 颁发机构授权登记",
    ),
    Rule(
        "L5",
        ("E_CHECKSUM",),
        "A holder's unified social credit code passes its check",
        "持证主体统一社会信用代码校验正确",
        "GB 32100-2015",
    ),
    Rule(
        "L10",
        ("E_STATE",),
        "Prerequisite licences are valid when a licence is issued",
        "签发时前置证照须有效",
        _OWN,
    ),
    Rule(
        "E1",
        ("E_DUP_ID", "E_STATE"),
        "Deposited hashes never change; a correction is a new number that replaces an existing one",
        "存证哈希不可变更，更正须以新编号替代已有存证",
        "人民法院在线诉讼规则 Art. 16",
    ),
    Rule(
        "E2",
        ("E_CUSTODY_GAP", "E_HASH_MISMATCH"),
        "Custody is contiguous: each hand-over is signed by both sides over equal hashes",
        "保管链连续：每次移交须双方签署且哈希一致",
        "Custody practice; factors on challenge in 人民法院在线诉讼规则 Art. 17",
    ),
    Rule(
        "E3",
        ("E_TIME_ORDER",),
        "Evidence is collected before it is put on the chain",
        "取证时间不得晚于上链时间",
        "人民法院在线诉讼规则 Art. 18",
    ),
    Rule(
        "E6",
        ("E_HASH_MISMATCH",),
        "Mismatched evidence is admitted only with the court's signed reason",
        "核验不一致的证据非经法院说明理由不得采信",
        "人民法院在线诉讼规则 Art. 16",
    ),
    Rule(
        "T1",
        ("E_CHECKSUM", "E_DUP_ID"),
        "The invoice number is unique and of its standard's form",
        "发票号码唯一且格式正确",
        "20-digit number of the all-digital e-invoice 数电票; EN 16931-1 BT-1",
    ),
    Rule(
        "T2",
        ("E_AMOUNT",),
        "Totals are exact to the cent; tax follows net and rate within the tolerance",
        "合计精确到分，税额与金额、税率在允差内相符",
        "EN 16931-1 (BR-CO-10, BR-CO-13, BR-CO-14, BR-CO-15, BR-CO-17)",
    ),
    Rule(
        "T3",
        ("E_RED_EXCEEDS", "E_RED_OF_RED", "E_STATE", "E_ROLE", "E_AMOUNT"),
        "Red invoices never take back more than the blue one; no red of a red",
        "红字发票合计不得超过蓝字发票，不得对红字发票再开红字发票",
        "Red-letter rule of the all-digital e-invoice 数电票红字规则",
    ),
    Rule(
        "T4",
        ("E_PEER_CONFIRM",),
        "A booked invoice is taken back only with the other side's confirmation",
        "已入账发票须经对方确认方可红冲",
        "Red-letter rule of the all-digital e-invoice 数电票红字规则",
    ),
    Rule(
        "T6",
        ("E_DOUBLE_USE", "E_ROLE"),
        "An invoice is booked once, by its buyer",
        "发票由购买方入账，且仅一次",
        "Practice of electronic accounting vouchers 电子凭证入账 (unconfirmed in detail)",
    ),
    Rule(
        "T7",
        ("E_STATE",),
        "A fully red invoice cannot be booked",
        "已全额红冲的发票不得入账",
        "Red-letter rule of the all-digital e-invoice 数电票红字规则",
    ),
    Rule(
        "EV-1",
        ("E_DUP_ID",),
        "Two different signed votes of one validator for one place are recorded, once",
        "同一验证节点就同一位置签署的两份不同投票上链留痕，且仅一次",
        _OWN,
    ),
    Rule(
        "EV-2",
        ("E_EVIDENCE",),
        "No validator is accused without two signatures of its own that contradict each other",
        "无验证节点自身两份相互矛盾的签名，不得对其作违规记录",
        _OWN,
    ),
)

RULES: Final[dict[str, Rule]] = {rule.id: rule for rule in _TABLE}
"""Rule id to rule, in documentation order."""


def deny(rule: str, code: str, detail: str) -> NotPermitted:
    """The error of a broken rule, to be raised. Expects a registered rule and one of its codes."""
    assert code in RULES[rule].codes, f"{code} is not a code of rule {rule}"
    return NotPermitted(rule, code, detail)
