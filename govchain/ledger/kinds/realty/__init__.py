"""Real estate 不动产: units, their owners and certificates, mortgages, freezes, and the transfer of it all.

Payloads and data are in `fields`, what is allowed in `rules`, what each record changes in `lifecycle`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.realty.fields import RealtyData
from govchain.ledger.kinds.realty.lifecycle import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="realty",
    title=Text("Real-estate unit", "不动产单元"),
    data=RealtyData,
    states={"REGISTERED": "已登记", "FROZEN": "已查封"},
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "N1",
            Text("Every owner signs the sale of a unit", "转让不动产须经全体共有人签署"),
            ("realty-registration",),
            {
                "E_SIG": Text(
                    "Let the named owner or party sign the contract.", "由所指共有人或当事人签署合约。"
                ),
                "E_STATE": Text(
                    "Name a formed contract about this unit, or the exchange that shows a new joint owner.",
                    "指明已成立的、以该单元为标的的合约，或证明新共有人的交换。",
                ),
                "E_ROLE": Text("Let the new owner be a party of the contract.", "新权利人须为合约当事人。"),
            },
        ),
        Rule(
            "N2",
            Text("A frozen unit does not change", "已查封的不动产不得变更"),
            ("realty-registration",),
            {"E_LOCKED": Text("Wait until the court lets the unit go.", "待法院解除查封。")},
        ),
        Rule(
            "N3",
            Text(
                "A unit is sold without a mortgage and with its taxes paid",
                "转移登记前须注销抵押并完税",
            ),
            ("realty-registration",),
            {
                "E_STATE": Text(
                    "Have the mortgage cancelled and the taxes paid; name a VALID licence of the mortgage.",
                    "先注销抵押、缴清税款；所列抵押登记证明须为 VALID。",
                )
            },
        ),
        Rule(
            "N4",
            Text(
                "Owner, certificate and price change hands in one transaction",
                "权利人、证书与价款在同一交易中变更",
            ),
            ("realty-registration",),
            {
                "E_STATE": Text(
                    "Put the price into escrow for this unit, and enter a draft of the new certificate.",
                    "将价款托管于该单元名下，并录入新证书草稿。",
                ),
                "E_VERSION": Text(
                    "Enter the next version of the present certificate.", "录入现证书的下一版本。"
                ),
            },
        ),
        Rule(
            "N5",
            Text(
                "A title becomes VALID only with its unit, by registration or transfer",
                "权属证书仅随不动产单元的首次登记或转移登记生效",
            ),
            ("realty-registration",),
            {
                "E_STATE": Text(
                    "Register the unit with a draft of its title, or transfer it.",
                    "以权属证书草稿登记该单元，或办理转移登记。",
                ),
                "E_VERSION": Text(
                    "Register the unit with a title of version 001; a later version comes by transfer.",
                    "首次登记使用版本 001 的权属证书；后续版本由转移登记生效。",
                ),
            },
        ),
    ),
    names_zh={
        "certificate": "权属证书",
        "owners": "权利人",
        "owner": "权利人",
        "encumbrance": "抵押登记证明",
        "exchange": "交换编号",
        "case_no": "案号",
        "contract": "合约",
        "new_certificate": "新证书",
        "voucher": "完税凭证",
        "escrow": "托管付款",
        "new_owners": "新权利人",
    },
    texts_zh={
        "`realty.register`: a unit enters the register (→ REGISTERED). Object id: its 28-character code.": (
            "`realty.register`：登记不动产单元（→ REGISTERED）。对象编号为 28 位单元号。"
        ),
        "Draft of the title by which its owner holds it; it becomes VALID with the unit (rule N5).": (
            "权属证书的草稿，随单元登记生效（规则 N5）。"
        ),
        "Each `organisation/pseudonym`, or an organisation.": "每一项为`organisation/pseudonym`或机构代码。",
        "Licence of the mortgage on it; empty when there is none.": "抵押登记证明；无则为空。",
        "`realty.join`: another owner, found in an answer of another department.": (
            "`realty.join`：依其他部门答复登记共有人。"
        ),
        "Number of the confirmed exchange that showed it.": "证明该共有人的已确认交换编号。",
        "`realty.encumber`: a mortgage, by the licence that certifies it.": (
            "`realty.encumber`：依抵押登记证明登记抵押。"
        ),
        "`realty.freeze`, `realty.release`: a court freezes a unit, and lets it go again.": (
            "`realty.freeze`（查封）与 `realty.release`（解除查封），由法院办理。"
        ),
        "`realty.transfer`: owner, certificate and price change in one transaction (rules N1 to N5).": (
            "`realty.transfer`：权利人、证书与价款在同一交易中变更（规则 N1 至 N5）。"
        ),
        "Contract about this unit, signed by every owner.": "以该单元为标的、全体权利人已签署的合约。",
        "Draft of the next version of the certificate.": "证书下一版本的草稿。",
        "Decision of a tax authority about this unit, paid.": "税务机关关于该单元的决定，税款已缴清。",
        "Payment that this unit releases.": "由该单元解除托管的付款。",
    },
)
