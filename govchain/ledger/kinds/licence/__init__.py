"""E-licences 电子证照 (records.md 1.1): versions, validity, and who may issue what.

Payloads and data are in `fields`, what is allowed in `rules` and `issuing`, the answer about a moment in
`validity`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.rules import TRANSITIONS
from govchain.ledger.rules.rule import TECHNICAL, Rule, Text

KIND: Final = RecordKind(
    record_type="licence",
    title=Text("E-licence", "电子证照"),
    data=LicenceData,
    states={
        "DRAFT": "待签发",
        "VALID": "有效",
        "SUSPENDED": "暂扣",
        "SUPERSEDED": "已被新版本取代",
        "REVOKED": "吊销",
        "WITHDRAWN": "撤销",
        "RECALLED": "撤回",
        "CANCELLED": "注销",
        "VOIDED": "作废",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "L1",
            Text(
                "The licence identifier is unique, well formed and its check character is right",
                "电子证照标识唯一、格式与校验位正确",
            ),
            (
                "gbt-36904",
                "iso-7064",
            ),
            {
                "E_CHECKSUM": Text(
                    "Correct the identifier; the detail names the part that is wrong.",
                    "更正电子证照标识中被指出的部分。",
                ),
                "E_DUP_ID": Text(
                    "Give the licence the next serial number or version.",
                    "为证照使用下一个流水号或版本号。",
                ),
            },
        ),
        Rule(
            "L2",
            Text(
                "One valid licence per number and per type and holder; versions are contiguous",
                "同一证照号码、同一类型同一持有人至多一份有效证照，版本连续",
            ),
            ("gbt-36904",),
            {
                "E_DUP_ID": Text(
                    "Issue a new version of the licence in force, or revoke that one first.",
                    "为现行证照签发新版本，或先吊销现行证照。",
                ),
                "E_VERSION": Text("Enter the version before this one first.", "先录入前一版本。"),
                "E_STATE": Text(
                    "Bring the version before this one to VALID first.",
                    "先使前一版本处于有效状态。",
                ),
            },
        ),
        Rule(
            "L3",
            Text(
                "A licence is valid only from its effective date to its expiry",
                "证照仅在有效期内有效",
            ),
            ("gbt-36903",),
            {
                "E_STATE": Text("Use a licence that is valid now.", "仅可使用当前有效的证照。"),
                "E_TIME_ORDER": Text(
                    "Correct the dates: the expiry cannot lie before the effective date.",
                    "更正日期：有效期截止日不得早于生效日期。",
                ),
            },
        ),
        Rule(
            "L4",
            Text(
                "Only the issuing authority, accredited for type and area, writes a licence; "
                "one above it or a court may withdraw it",
                "仅经授权（类型与区划）的颁发机构可写入证照；上级机构或法院可撤销",
            ),
            ("issuer-registry",),
            {
                "E_NOT_ACCREDITED": Text(
                    "The accredited issuing authority named in the identifier signs; to withdraw, also an "
                    "authority above it, or a court with its case number.",
                    "由证照标识所载并经授权的颁发机构签署；撤销亦可由上级机构或载明案号的法院签署。",
                ),
                "E_ROLE": Text(
                    "The holder applies, or the authority acts.", "由持证主体申请，或由颁发机构办理。"
                ),
            },
        ),
        Rule(
            "L5",
            Text(
                "A holder's unified social credit code passes its check",
                "持证主体统一社会信用代码校验正确",
            ),
            ("gb-32100",),
            {
                "E_CHECKSUM": Text("Correct the holder's credit code.", "更正持证主体的统一社会信用代码。"),
            },
        ),
        Rule(
            "L10",
            Text("Prerequisite licences are valid when a licence is issued", "签发时前置证照须有效"),
            TECHNICAL,
            {
                "E_STATE": Text(
                    "Issue, resume or renew the prerequisite first.",
                    "先签发、恢复或延续前置证照。",
                ),
            },
        ),
    ),
    names_zh={
        "name": "证照名称",
        "type_code": "证照类型代码",
        "holder_ref": "持证主体标识",
        "area_code": "行政区划代码",
        "issued_date": "颁发日期",
        "effective_date": "生效日期",
        "expiring_date": "有效期截止日期",
        "requires": "前置证照",
        "face_commitment": "照面承诺值",
        "opinion": "复核意见",
        "reason": "理由",
        "wants": "申请事项",
        "basis_document": "依据文书",
    },
    texts_zh={
        "`licence.enter`: the maker enters a licence (→ DRAFT). Object id: GB/T 36904 identifier.": (
            "`licence.enter`：经办人录入电子证照（→ DRAFT）。对象编号为 GB/T 36904 电子证照标识。"
        ),
        (
            "USCC of the holding organisation; of a person a salted commitment, or `org:person` of the "
            "key by which the person authorises uses."
        ): (
            "持证单位的统一社会信用代码；个人为加盐承诺值，或其用于授权用证的密钥所对应的"
            "`org:person`（机构代码与人员代号）。"
        ),
        "`licence.apply`: the holder asks for a change of its licence; the issuing authority decides.": (
            "`licence.apply`：持证主体申请变更证照，由颁发机构决定。"
        ),
        "renewal, change, reissue or cancellation.": (
            "renewal（延续）、change（变更）、reissue（补发）或 cancellation（注销）。"
        ),
        "Last day of validity; empty means without end.": "有效期最后一日；空表示长期有效。",
        "Licences that must be VALID when this one is issued (rule L10).": (
            "签发本证照时须处于 VALID 状态的前置证照（规则 L10）。"
        ),
        "Root over the salted face data (照面).": "加盐照面数据的根哈希。",
        "`licence.issue`: a checker approves the draft (DRAFT → VALID; the version before → SUPERSEDED).": (
            "`licence.issue`：复核人审核通过并签发（DRAFT → VALID；前一版本 → SUPERSEDED）。"
        ),
        "A change of a licence that was issued, with the document that orders it.": (
            "已签发证照的变更，须载明所依据的文书。"
        ),
        "For a court that withdraws: its case number.": "法院裁判撤销的，填写案号。",
    },
    named_by="name",
    side_changes=(("VALID", "SUPERSEDED"), ("DRAFT", "VALID")),
)
