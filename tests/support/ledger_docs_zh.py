"""The Chinese of the reference of records: names of fields, and what the code says in English.

A text that changes in the code has no Chinese here any more; writing the page then fails and names it.
"""

from __future__ import annotations

from typing import Final

FIELD_NAMES: Final[dict[str, str]] = {
    "object_id": "对象编号",
    "object_version": "对象版本号",
    "claimed_time": "申报时间",
    "fields": "业务字段",
    "prev_record_hash": "前一记录哈希",
    "schema_version": "格式版本",
    "role": "办理角色",
    "legal_basis": "法律依据",
    "purpose_code": "用途代码",
    "classification": "数据分级",
    "subject_ref": "当事人标识",
    "payload_hash": "文件哈希",
    "payload_ref": "文件描述",
    "consent_ref": "同意书编号",
    "retention_until": "保存期限",
    "sha256": "SHA-256 哈希值",
    "sm3": "SM3 哈希值",
    "size_bytes": "文件大小（字节）",
    "media_type": "媒体类型",
    "category": "税种类别",
    "rate": "税率",
    "net": "不含税金额",
    "tax": "税额",
    "public_key": "公钥",
    "person": "人员代号",
    "roles": "角色",
    "reason": "理由",
    "name": "证照名称",
    "type_code": "证照类型代码",
    "holder_ref": "持证主体标识",
    "area_code": "行政区划代码",
    "issued_date": "颁发日期",
    "effective_date": "生效日期",
    "expiring_date": "有效期截止日期",
    "requires": "前置证照",
    "face_commitment": "照面承诺值",
    "opinion": "意见",
    "basis_document": "依据文书",
    "evidence_kind": "证据类型",
    "raw_hash": "原始数据哈希",
    "collected_at": "取证时间",
    "collector_tool": "取证工具",
    "interest": "利害关系声明",
    "replaces": "被替代的证据编号",
    "to_org": "接收机构",
    "action": "移交事由",
    "case_no": "案号",
    "ruling": "认定结论",
    "standard": "发票标准",
    "number": "发票号码",
    "issue_date": "开票日期",
    "currency": "币种",
    "seller_ref": "销售方标识",
    "buyer_ref": "购买方标识",
    "gross": "价税合计",
    "breakdown": "税额明细",
    "line_nets": "各行金额",
    "allowances": "折让合计",
    "charges": "附加费合计",
    "corrects": "冲销的发票",
    "voucher_no": "记账凭证号",
    "validator": "验证节点名称",
    "org": "机构代码",
    "possession": "密钥持有证明",
    "peer_address": "节点间地址",
    "display_name": "机构名称",
    "accredited_for": "可颁发的证照类型",
    "first": "第一份投票",
    "second": "第二份投票",
    "body": "签署内容",
    "signature": "签名",
}
"""Field to its name in Chinese."""

TEXTS: Final[dict[str, str]] = {
    "": "",
    "Two hashes, so that one broken hash does not end the proof (rule G2). 64 lower-case hex digits each.": (
        "同时记录两种哈希，其中一种算法被攻破时证明依然成立（规则 G2）。各为 64 位小写十六进制。"
    ),
    "What the hashes are of. The document itself stays off the chain.": "哈希所对应的文件；文件原文不上链。",
    "Version of the object after this record: 1 for its first record (rule G4).": (
        "本记录生效后的对象版本号，首条记录为 1（规则 G4）。"
    ),
    "RFC 3339 with offset: when the organisation says it happened.": (
        "机构申报的发生时间，RFC 3339 格式，带时区。"
    ),
    "Transaction id (hex) of the object's last applied record; empty for its first (rule G4).": (
        "该对象上一条已生效记录的交易标识（十六进制）；首条记录为空（规则 G4）。"
    ),
    "Salted commitment or pseudonym of the person concerned.": "所涉个人的加盐承诺值或假名标识。",
    "`key.add`: an organisation's admin adds a key. Object id: key id (hex).": (
        "`key.add`：机构管理员登记密钥。对象编号为密钥标识（十六进制）。"
    ),
    "`key.revoke`: an organisation's admin ends a key. Object id: key id (hex).": (
        "`key.revoke`：机构管理员吊销密钥。对象编号为密钥标识（十六进制）。"
    ),
    "`licence.enter`: the maker enters a licence (→ DRAFT). Object id: GB/T 36904 identifier.": (
        "`licence.enter`：经办人录入电子证照（→ DRAFT）。对象编号为 GB/T 36904 电子证照标识。"
    ),
    "USCC of the holding organisation, or the salted commitment of a person.": (
        "持证单位的统一社会信用代码，或个人的加盐承诺值。"
    ),
    "Last day of validity; empty means without end.": "有效期最后一日；空表示长期有效。",
    "Licences that must be VALID when this one is issued (rule L10).": (
        "签发本证照时须处于 VALID 状态的前置证照（规则 L10）。"
    ),
    "Root over the salted face data (照面).": "加盐照面数据的根哈希。",
    "`licence.issue`: a checker approves the draft (DRAFT → VALID; the version before → SUPERSEDED).": (
        "`licence.issue`：复核人审核通过并签发（DRAFT → VALID；前一版本 → SUPERSEDED）。"
    ),
    "`licence.suspend`, `licence.resume`, `licence.revoke`: with the document that orders it.": (
        "`licence.suspend`（暂扣）、`licence.resume`（恢复）、`licence.revoke`（吊销）：须载明所依据的文书。"
    ),
    "`evidence.deposit`: put hashes of data on the chain (→ DEPOSITED). Object id: evidence number.": (
        "`evidence.deposit`：将电子数据的哈希上链存证（→ DEPOSITED）。对象编号为证据编号。"
    ),
    "contract, web-page, chat, work, log, document or other.": (
        "取值 contract（合同）、web-page（网页）、chat（聊天记录）、work（作品）、log（日志）、"
        "document（文档）或 other（其他）。"
    ),
    "The depositor's declared interest in the matter; empty means none declared (rule E5).": (
        "存证人申报的利害关系；空表示未申报（规则 E5）。"
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
    "`evidence.rule`: the court rules (→ ADMITTED, PARTIAL or EXCLUDED; rule E6).": (
        "`evidence.rule`：法院作出认定（→ ADMITTED 采信、PARTIAL 部分采信或 EXCLUDED 不予采信；规则 E6）。"
    ),
    "One row of the tax breakdown. Amounts and rates are decimal strings.": (
        "税额明细的一行。金额与税率均为十进制字符串。"
    ),
    "UNCL 5305 code, for example S, Z, E, AE; `VAT` for Chinese invoices.": (
        "UNCL 5305 代码，如 S、Z、E、AE；中国发票为 `VAT`。"
    ),
    "`invoice.issue` and `invoice.red`: an invoice's coded content (→ ISSUED). Object id: the 20-digit "
    "number of a Chinese e-invoice, or `seller_ref/number` for EN 16931 documents (`invoice_object_id`). "
    "A red invoice or credit note carries positive amounts that it takes back.": (
        "`invoice.issue`（开具）与 `invoice.red`（红冲）：发票的结构化内容（→ ISSUED）。"
        "对象编号为数电票的 20 位发票号码，EN 16931 单据为 `seller_ref/number`（`invoice_object_id`）。"
        "红字发票或贷项通知单以正数填写冲减金额。"
    ),
    "`CN` (数电票) or `EN16931`.": "`CN`（数电票）或 `EN16931`。",
    "Total without tax (EN 16931 BT-109).": "不含税合计（EN 16931 BT-109）。",
    "Total tax (BT-110).": "税额合计（BT-110）。",
    "Total with tax (BT-112).": "价税合计（BT-112）。",
    "Net amount of each line, in document order (BT-131).": "各行不含税金额，按单据顺序（BT-131）。",
    "Sum of allowances on document level (BT-107).": "单据级折让合计（BT-107）。",
    "Sum of charges on document level (BT-108).": "单据级附加费合计（BT-108）。",
    "Numbers or object ids of the invoices that a red invoice or credit note takes back.": (
        "红字发票或贷项通知单所冲销发票的号码或对象编号。"
    ),
    "`invoice.book`: the buyer books it for reimbursement or accounting, once (rule T6).": (
        "`invoice.book`：购买方报销或记账入账，仅可一次（规则 T6）。"
    ),
    "`validator.add`: proposes a new validator, from a checkpoint on. Object id: number of the change.": (
        "`validator.add`：提议新增验证节点，自检查点起生效。对象编号为变更编号。"
    ),
    "Its network name.": "节点的网络名称。",
    "Organisation that will run it.": "运行该节点的机构。",
    "Key of its votes, never used before (hex).": "从未使用过的投票公钥（十六进制）。",
    "Signature of that key over chain, name and key (hex; rule I10).": (
        "该密钥对链标识、节点名称和公钥的签名（十六进制；规则 I10）。"
    ),
    "Where other validators reach it: host:port.": "其他验证节点连接的地址，含主机与端口（host:port）。",
    "`validator.remove`: proposes that a validator leaves, from a checkpoint on.": (
        "`validator.remove`：提议验证节点退出，自检查点起生效。"
    ),
    "`validator.rotate`: proposes another vote key for a validator, from a checkpoint on.": (
        "`validator.rotate`：提议更换验证节点的投票密钥，自检查点起生效。"
    ),
    "`organisation.add`: proposes a new organisation with its first admin key.": (
        "`organisation.add`：提议新增机构及其首把管理员密钥。"
    ),
    "Licence type codes that it may issue (rule L4).": "可颁发的证照类型代码（规则 L4）。",
    "Of its first admin (hex).": "首位管理员的公钥（十六进制）。",
    "Pseudonym of that admin.": "该管理员的代号。",
    "`organisation.suspend`, `organisation.resume`: proposes that its keys may sign no more, or again.": (
        "`organisation.suspend`（暂停）、`organisation.resume`（恢复）：提议停止或恢复该机构密钥的签名权。"
    ),
    "`change.approve`: an organisation with validators approves (→ ADOPTED with the last one needed).": (
        "`change.approve`：运行验证节点的机构批准（达到所需数量时 → ADOPTED）。"
    ),
    "`change.withdraw`: the proposing organisation takes its proposal back.": (
        "`change.withdraw`：提议机构撤回提议。"
    ),
    "A vote exactly as a validator signed it (rule EV-1).": "验证节点所签署投票的原文（规则 EV-1）。",
    "The signed bytes, in base64.": "所签署的字节，base64 编码。",
    "The signature over them, in base64.": "对上述字节的签名，base64 编码。",
    "`validator.accuse`: two votes of one validator that contradict each other (→ RECORDED). "
    "Object id: `epoch-validator-phase-view-seq` of the place that both votes are for.": (
        "`validator.accuse`：同一验证节点相互矛盾的两份投票（→ RECORDED）。"
        "对象编号为两份投票所指位置 `epoch-validator-phase-view-seq`。"
    ),
    "The one whose bytes come first in order.": "按字节序在前的一份。",
    "yes": "是",
    "(new)": "（新建）",
    "by rule": "按规则",
    "any active": "任一有效密钥",
    " or ": " 或 ",
    ", ": "、",
    " or None": "，可为空",
}
"""What docstrings and cells of the page say."""
