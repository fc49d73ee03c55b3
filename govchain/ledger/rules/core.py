"""Rules of every kind of record: identity, envelope, life cycle and order.

Data only; the functions that ask them are in `rules.common`, `payload_check`, `execution` and the kinds.
`docs/reference/rules.md` is written from these tables; a test compares them.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.rules.rule import TECHNICAL, Rule, Text

CORE_RULES: Final = (
    Rule(
        "RQ-1",
        Text(
            "A transaction is well formed, meant for this chain and not expired",
            "交易格式正确、属于本链且未过期",
        ),
        TECHNICAL,
        {
            "E_EXPIRED": Text(
                "Sign it again with an expiry height that is still ahead.", "以尚未到达的截止高度重新签署。"
            ),
            "E_CHAIN": Text("Sign it for this chain's id.", "以本链标识重新签署。"),
            "E_PAYLOAD": Text("Build it with a current client.", "使用当前版本的客户端生成交易。"),
        },
    ),
    Rule(
        "RQ-4",
        Text("One key and nonce execute at most once", "同一密钥的同一防重放序号至多执行一次"),
        TECHNICAL,
        {"E_DUPLICATE": Text("Use the key's next nonce.", "使用该密钥的下一个防重放序号。")},
    ),
    Rule(
        "G0",
        Text("The kind of record is known to this chain", "业务操作须为本链所定义"),
        TECHNICAL,
        {"E_KIND": Text("Use a verb from the reference of records.", "使用记录参考中列出的业务操作。")},
    ),
    Rule(
        "G1",
        Text("The payload is the envelope of its kind in canonical JSON", "载荷为规范化 JSON 信封"),
        ("rfc-8785",),
        {
            "E_PAYLOAD": Text(
                "Correct the field that the detail names, and write the payload in canonical form.",
                "更正说明中指出的字段，并按规范化格式生成载荷。",
            )
        },
    ),
    Rule(
        "G2",
        Text("Both hashes of a document are given and well formed", "文件须同时给出两种格式正确的哈希"),
        TECHNICAL,
        {"E_PAYLOAD": Text("Give SHA-256 and SM3 of the document.", "同时给出文件的 SHA-256 与 SM3 哈希。")},
    ),
    Rule(
        "G3",
        Text("State changes only by a record that the life cycle lists", "状态只能由生命周期所列的记录改变"),
        TECHNICAL,
        {
            "E_STATE": Text(
                "Bring the object into a state from which this is possible, or choose another step.",
                "先使对象进入允许该操作的状态，或改用其他操作。",
            ),
            "E_DUP_ID": Text("Use an id that no object of this type has.", "使用未被占用的对象编号。"),
        },
    ),
    Rule(
        "G4",
        Text(
            "Version and previous record hash continue the object's own chain", "版本号与前一记录哈希须连续"
        ),
        TECHNICAL,
        {
            "E_VERSION": Text(
                "Read the object as it is now and sign again on top of its last record.",
                "读取对象当前状态，并在其最后一条记录之后重新签署。",
            )
        },
    ),
    Rule(
        "G6",
        Text(
            "Maker, checker and, where a kind asks for one, approver are different persons",
            "经办、复核及记录类型所要求的审批须为不同自然人",
        ),
        ("separation-of-duties",),
        {"E_SOD": Text("Let another person of the organisation sign it.", "由本机构另一名人员签署。")},
        also=("I6",),
    ),
    Rule(
        "G7",
        Text(
            "Deletion destroys salt and data off the chain; the commitment that stays tells nothing",
            "删除即销毁链下的盐值与数据，留在链上的承诺值不透露任何信息",
        ),
        TECHNICAL,
        {},
    ),
    Rule(
        "G8",
        Text(
            "Every denial is recorded: who, what and which rule, without the payload",
            "每次驳回均上链留痕：何人、何事、何规则，不含载荷",
        ),
        TECHNICAL,
        {},
    ),
    Rule(
        "G9",
        Text(
            "Claimed time is not in the future and never runs back on one object",
            "申报时间不得超前，同一对象的申报时间不得倒退",
        ),
        TECHNICAL,
        {
            "E_TIME_ORDER": Text(
                "Claim a time that is neither ahead of the block nor before the object's last change.",
                "申报时间不得晚于区块时间，也不得早于对象的上一次变更。",
            )
        },
    ),
    Rule(
        "I1",
        Text(
            "The signing key is known and active when the transaction executes",
            "签名密钥在执行时须已登记且有效",
        ),
        ("rfc-5280",),
        {
            "E_KEY_REVOKED": Text("Sign with an active key.", "使用有效密钥签署。"),
            "E_SIG": Text(
                "Sign with a key that the organisation's admin has added.", "使用机构管理员已登记的密钥签署。"
            ),
            "E_DUP_ID": Text("Add a key that was never used here.", "登记从未在本链使用过的密钥。"),
            "E_TIME_ORDER": Text("Revoke from now, or from an earlier time.", "吊销自当前或更早的时间起算。"),
        },
    ),
    Rule(
        "I2",
        Text(
            "Members change only with the approvals that policy demands (also MB-1)",
            "成员变更须经规定数量的机构批准（同 MB-1）",
        ),
        TECHNICAL,
        {
            "E_ROLE": Text(
                "An organisation that runs a validator has to ask, and the proposer to withdraw.",
                "由运行验证节点的机构提出；撤回须由原提议机构办理。",
            ),
            "E_DUP_ID": Text(
                "Use a new number for the change; each organisation approves once.",
                "变更须使用新编号；每个机构仅可批准一次。",
            ),
            "E_STATE": Text(
                "The organisation has to be an active member: confirmed with member.activate, not suspended.",
                "该机构须为有效成员：已以 member.activate 确认加入，且未被暂停或除名。",
            ),
        },
    ),
    Rule(
        "I3",
        Text("No plain identity number or mobile number on the chain", "链上不得出现明文身份证号或手机号"),
        ("gb-11643",),
        {"E_PLAIN_ID": Text("Replace it by a salted commitment or a pseudonym.", "以加盐承诺值或假名代替。")},
    ),
    Rule(
        "I5",
        Text(
            "Organisation and key have the tier and roles that the transition asks for",
            "机构与密钥须具有该操作所需的层级与角色",
        ),
        TECHNICAL,
        {
            "E_ROLE": Text(
                "An organisation and a key with the named tier or role have to sign.",
                "由具有所需层级或角色的机构和密钥签署。",
            )
        },
        also=("G5",),
    ),
    Rule(
        "I10",
        Text(
            "A new key is proven by its holder, and a vote key was never used before (also MB-4)",
            "新密钥须由持有者证明，投票密钥还须从未使用（同 MB-4）",
        ),
        TECHNICAL,
        {
            "E_SIG": Text(
                "Let the holder of the new key sign for this chain and organisation (govchain key prove), "
                "or validator (govchain members).",
                "由新密钥持有者签署持有证明：机构密钥用 govchain key prove，投票密钥用 govchain members。",
            ),
            "E_DUP_ID": Text("Propose a key that this chain never saw.", "使用本链从未出现过的密钥。"),
        },
    ),
)
