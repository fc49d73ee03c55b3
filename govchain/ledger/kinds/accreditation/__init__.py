"""Accreditations (records.md 1.5): who may issue a type of licence where, in a chain from the root.

Payloads and data are in `fields`, what is allowed in `rules`, the answer about a moment in `chain`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.accreditation.fields import ACCREDITATION, AccreditationData
from govchain.ledger.kinds.accreditation.rules import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type=ACCREDITATION,
    title=Text("Accreditation of an issuer", "颁发机构授权"),
    data=AccreditationData,
    states={
        "ENTERED": "待复核",
        "CHECKED": "已复核",
        "ACTIVE": "有效",
        "REVOKED": "已撤销",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "I7",
            Text(
                "Accreditation is unbroken up to the root at the time of issue",
                "颁发时授权链须完整追溯至根",
            ),
            ("issuer-registry",),
            {
                "E_NOT_ACCREDITED": Text(
                    "Let the one above grant it first, within its own type, area and period.",
                    "先由上级机构在其自身的类型、区划和期限范围内授权。",
                ),
                "E_TIME_ORDER": Text("Correct the dates.", "更正起止日期。"),
                "E_CAP": Text("Use one of the accreditations that it has.", "使用其已有的授权。"),
            },
        ),
    ),
    names_zh={
        "issuer": "颁发机构",
        "type_code": "证照类型代码",
        "area": "行政区划代码",
        "from_date": "起始日期",
        "to_date": "截止日期",
        "may_accredit": "可转授权",
        "under": "上级授权编号",
        "opinion": "意见",
        "reason": "理由",
        "basis_document": "依据文书",
    },
    texts_zh={
        "`accreditation.enter`: a maker of the one above enters it (→ ENTERED). Object id: its number.": (
            "`accreditation.enter`：上级机构经办人录入授权（→ ENTERED）。对象编号为授权编号。"
        ),
        "Organisation that may issue.": "获授权的颁发机构。",
        "Area code, six digits; 000000 is the whole country.": "行政区划代码，六位数字；000000 表示全国。",
        "Last day; empty means without end.": "最后一日；空表示长期。",
        "Whether the issuer may accredit others within this (TAO).": (
            "该机构可否在此范围内向其他机构转授权（TAO）。"
        ),
        "Number of the accreditation by which the one above may grant; empty: it has the root's own grant.": (
            "上级机构据以授权的授权编号；空表示上级持有根授权。"
        ),
        "`accreditation.check`, `accreditation.grant`: a second, then a third person agrees (→ ACTIVE).": (
            "`accreditation.check`（复核）、`accreditation.grant`（批准）：另二人依次同意（→ ACTIVE）。"
        ),
        "`accreditation.revoke`: the one who granted it, or one above, takes it back (→ REVOKED).": (
            "`accreditation.revoke`：由授权机构或其上级撤销（→ REVOKED）。"
        ),
    },
)
