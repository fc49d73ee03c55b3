"""The Chinese of what the payloads of evidence say in English.

A docstring that changes has no Chinese here any more; writing the reference then fails and names it.
"""

from __future__ import annotations

from typing import Final

TEXTS_ZH: Final = {
    "In which environment data was collected.": "取证环境。",
    "Whether the collector checked that the machine was clean.": "取证前是否对设备作清洁性检查。",
    "An RFC 3161 token over the SHA-256 of the data; whoever holds the token verifies it off the chain.": (
        "对数据 SHA-256 的 RFC 3161 时间戳；令牌由持有人在链下验证。"
    ),
    "SHA-256 of the token, hex.": "时间戳令牌的 SHA-256（十六进制）。",
    "A signature in the data itself, by a key of this chain.": "数据内由本链密钥所作的签名。",
    "`evidence.deposit`: put hashes of data on the chain (→ DEPOSITED). Object id: evidence number.": (
        "`evidence.deposit`：将电子数据的哈希上链存证（→ DEPOSITED）。对象编号为证据编号。"
    ),
    "contract, web-page, chat, work, log, document or other.": (
        "取值 contract（合同）、web-page（网页）、chat（聊天记录）、work（作品）、log（日志）、"
        "document（文档）或 other（其他）。"
    ),
    "Name and version.": "名称与版本。",
    "SHA-256 of the tool, hex; may be empty.": "工具的 SHA-256（十六进制），可为空。",
    "How surely the depositor knows whom it deposits for.": "存证方对委托人身份的核验程度。",
    "Number under which the platform is filed; may be empty.": "平台备案编号，可为空。",
    "The depositor's declared interest in the matter; empty means none declared (rule E5).": (
        "存证人申报的利害关系；空表示未申报（规则 E5）。"
    ),
    "Whether only judge and parties of its case may read it (rule E9).": (
        "是否仅限本案法官与当事人查阅（规则 E9）。"
    ),
    "`evidence.collect`: who collects for another depositor says so, like a deposit (→ COLLECTED).": (
        "`evidence.collect`：为其他存证方取证时登记，字段同存证（→ COLLECTED）。"
    ),
    "Organisation that is to deposit it; custody goes there when it does.": (
        "存证机构；存证时保管责任转移至该机构。"
    ),
    "`evidence.lodge`: the collector's data is deposited as it was collected (COLLECTED → DEPOSITED).": (
        "`evidence.lodge`：将所取证的数据原样存证（COLLECTED → DEPOSITED）。"
    ),
    "`evidence.transfer`: the custodian hands over; custody moves when the other side receives (rule E2).": (
        "`evidence.transfer`：保管方移交；接收方签收时保管责任转移（规则 E2）。"
    ),
    "`evidence.receive`: the receiver signs for custody (rule E2).": (
        "`evidence.receive`：接收方签收保管（规则 E2）。"
    ),
    "`evidence.submit`: a party or custodian submits it in a case (→ SUBMITTED).": (
        "`evidence.submit`：当事人或保管方在案件中提交证据（→ SUBMITTED）。"
    ),
    "`evidence.verify`: a court states the hashes of the file it was given (→ MATCHED or MISMATCHED).": (
        "`evidence.verify`：法院载明所收文件的哈希并核验（→ MATCHED 或 MISMATCHED）。"
    ),
    "`evidence.challenge`: a party of the case disputes it (→ CHALLENGED).": (
        "`evidence.challenge`：当事人提出异议（→ CHALLENGED）。"
    ),
    "qualification, interest, system, technique or content.": (
        "取值 qualification（平台资质）、interest（利害关系）、system（系统环境）、technique（技术方法）或 "
        "content（内容）。"
    ),
    "`evidence.appraise`: a notary or appraiser without an interest gives an opinion (→ APPRAISAL).": (
        "`evidence.appraise`：无利害关系的公证或鉴定机构出具意见（→ APPRAISAL）。"
    ),
    "supports, refutes or inconclusive.": (
        "取值 supports（支持）、refutes（否定）或 inconclusive（无法判断）。"
    ),
    "SHA-256 of the appraisal report, hex.": "鉴定书的 SHA-256（十六进制）。",
    "`evidence.rule`: the court rules (→ ADMITTED, PARTIAL or EXCLUDED; rule E6).": (
        "`evidence.rule`：法院作出认定（→ ADMITTED 采信、PARTIAL 部分采信或 EXCLUDED 不予采信；规则 E6）。"
    ),
    "`evidence.archive`: the court that ruled closes the file (→ ARCHIVED).": (
        "`evidence.archive`：作出认定的法院归档（→ ARCHIVED）。"
    ),
    "`evidence.delete`: refused, whoever asks: evidence is corrected by a new number (rule E1).": (
        "`evidence.delete`：一律驳回；更正须以新编号存证（规则 E1）。"
    ),
}
"""Docstring of a payload struct or of a field to its Chinese."""
