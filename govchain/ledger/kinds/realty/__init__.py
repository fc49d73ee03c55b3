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
                    "Name a formed contract about this unit, or the exchange that tells the owner's spouse.",
                    "指明已成立的、以该单元为标的的合约，或告知所增配偶的交换。",
                ),
                "E_ROLE": Text("Let the new owner be a party of the contract.", "新权利人须为合约当事人。"),
                "E_HASH_MISMATCH": Text(
                    "Give the answer as its provider signed it.", "提供与提供方签署一致的答复。"
                ),
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
                    "Have the mortgage cancelled, and the taxes on this sale decided and paid.",
                    "先注销抵押，并由税务机关就本次转让作出决定、缴清税款。",
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
                "E_ROLE": Text(
                    "Put the price into escrow for an owner who sells.", "将价款托管给出让的权利人。"
                ),
            },
        ),
        Rule(
            "N5",
            Text(
                "A title or mortgage becomes VALID only with its unit, and a title for an owner of it",
                "权属证书与抵押登记证明仅随其不动产单元的登记生效，权属证书的持证人须为权利人",
            ),
            ("realty-registration",),
            {
                "E_STATE": Text(
                    "Enter unit or mortgage with a draft of its own certificate, transfer the unit, or void "
                    "a lost title first.",
                    "以其自身证书的草稿登记该单元或抵押，或办理转移登记；补发前先将遗失的证书作废。",
                ),
                "E_VERSION": Text(
                    "Begin with a certificate of version 001; the next title comes by transfer or reissue.",
                    "首次登记使用版本 001 的证书；权属证书的下一版本由转移登记或补发生效。",
                ),
                "E_ROLE": Text(
                    "Enter the title for an owner: an organisation, or `org:person`.",
                    "以权利人为持证人录入权属证书，写作机构代码或 `org:person`。",
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
        "answer": "答复原文",
        "case_no": "案号",
        "reason": "理由",
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
        "Draft of the title by which an owner holds it; it becomes VALID with the unit (rule N5).": (
            "权属证书的草稿，随单元登记生效（规则 N5）。"
        ),
        "Each `organisation/pseudonym`, or an organisation.": "每一项为`organisation/pseudonym`或机构代码。",
        "Draft of the certificate of a mortgage on it, VALID with the unit, too; empty when there is none.": (
            "抵押登记证明的草稿，同随单元登记生效；无则为空。"
        ),
        "`realty.join`: the spouse of an owner owns the unit, too, as another department told.": (
            "`realty.join`：依其他部门答复，将权利人的配偶登记为共有人。"
        ),
        "Number of the confirmed exchange that told who it is.": "告知该共有人的已确认交换编号。",
        "That answer as its provider signed it, in hex: one field, the pseudonym of the spouse (rule N1).": (
            "提供方签署的答复原文（十六进制）：仅一个字段，即配偶代号（规则 N1）。"
        ),
        "`realty.encumber`: a mortgage; its certificate becomes VALID with the entry (rule N5).": (
            "`realty.encumber`：登记抵押，抵押登记证明随之生效（规则 N5）。"
        ),
        "Draft of that certificate.": "该证明的草稿。",
        "`realty.reissue`: another title in place of a lost one that is VOIDED; nothing else changes.": (
            "`realty.reissue`：补发已遗失且已作废的权属证书，其他事项不变。"
        ),
        "Draft of the next version, for an owner.": "下一版本的草稿，持证人为权利人。",
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
