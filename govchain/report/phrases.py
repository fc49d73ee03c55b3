"""What a result says, in Chinese: names, expected and measured of expectations, promises of the chain.

Results are in English, for programs; pages are in both languages. Values and names inside stay as they are.
What is not known here is shown as it is.
"""

from __future__ import annotations

import re
from typing import Final

from govchain.legal import detail_in_chinese

_SECONDS: Final = r"(\d[\d.e+-]*) s"

_REFUSED: Final = re.compile(r"(denied|rejected) (?!E_REFUSED)([^:]+): (.+)", re.DOTALL)
"""A refusal with its detail, which `govchain.legal` knows."""
_BY: Final = {"denied": "驳回", "rejected": "交易池拒绝"}

_PHRASES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"finalised", "最终确认的交易数"),
        (r"outcome", "结局"),
        (r"(.+) is broken, and nothing else", r"\1 被破坏，且仅此一项"),
        (r"broken: (.+)", r"被破坏：\1"),
        (r"nothing was broken", "没有任何一项被破坏"),
        (r"workload", "背景负载"),
        (r"level", "各节点齐平"),
        (r"membership (.+)", r"成员变更：\1"),
        (r"rotate_key (.+)", r"更换密钥：\1"),
        (r"revoke_key (.+)", r"撤销密钥：\1"),
        (r"record (.+)", r"记录 \1"),
        (r"denials (.+)", r"驳回次数 \1"),
        (r"latency p95", "延迟 P95"),
        (r"finalised per second", "每秒最终确认数"),
        (r"stop", "提前结束的条件"),
        (r"reached", "已达到"),
        (r"not reached", "未达到"),
        (r"within (\d+)% of (\d+)", r"\2 上下 \1 % 之内"),
        (r"<= ([\d.e+-]+) ms", r"不超过 \1 毫秒"),
        (r"([\d.e+-]+) ms over (\d+)", r"\1 毫秒（共 \2 笔）"),
        (r"nothing became final", "没有交易最终确认"),
        (r"happened view_change", "发生次数：视图切换"),
        (r"happened lie", "发生次数：虚假帧"),
        (r"happened epoch", "最后一届的序号"),
        (r"happened validators", "最后一届的成员数"),
        (r"happened (.+)", r"发生次数：\1"),
        (r"progress after heal_all", "全部修复之后恢复推进"),
        (r"progress after (.+)", r"\1 之后恢复推进"),
        (r"no progress after (.+) \((max|median)\)", r"\1 之后的停顿（\2）"),
        (r"every record that was handed in is final", "提交的记录全部最终确认"),
        (r"(\d+) final, (\d+) waiting, (\d+) refused", r"\1 条最终确认，\2 条等待，\3 条被拒"),
        (
            r"(\d+) final, (\d+) waiting, (\d+) refused, (\d+) denied \((.+)\)",
            r"\1 条最终确认，\2 条等待，\3 条被拒，\4 条被驳回（\5）",
        ),
        (
            r"(\d+) running validators with final height (\d+)",
            r"\1 个运行中的节点，最终高度均为 \2",
        ),
        (r"within " + _SECONDS, r"\1 秒之内"),
        (r"<= " + _SECONDS, r"不超过 \1 秒"),
        (_SECONDS, r"\1 秒"),
        (_SECONDS + r" over (\d+), longest " + _SECONDS, r"\1 秒（共 \2 次，最长 \3 秒）"),
        (r"no progress any more", "不再推进"),
        (r"no progress", "没有推进"),
        (r"no (.+) happened", r"没有发生 \1"),
        (r"applied", "生效"),
        (r"pending", "待确认"),
        (r"used: (.+)", r"已使用：\1"),
        (r"not used", "未使用"),
        (r"answered", "已答复"),
        (r"answered: (.+)", r"已答复：\1"),
        (r"another answer to (.+)", r"对 \1 的答复不同"),
        (r"corrected: (.+)", r"已更正：\1"),
        (r"denied (.+) that says (.+)", r"驳回 \1，其说明含 \2"),
        (r"denied (.+)", r"驳回 \1"),
        (r"rejected E_REFUSED: .+", "对方网关不予答复"),
        (r"rejected (.+)", r"交易池拒绝 \1"),
        (r"not final within " + _SECONDS, r"\1 秒内未最终确认"),
        (r"not taken or not known", "未被接收，或不得而知"),
        (r"no record can be made of it", "无法据此生成记录"),
        (r"cannot be asked", "无法询问"),
        (r"no answer", "没有答复"),
        (r"a receipt that verifies offline", "一份可离线验证的回执"),
        (r"no receipt", "没有回执"),
        (r"a bundle that verifies offline", "一份可离线验证的证据包"),
        (r"a bundle that verifies offline and says (.+)", r"一份可离线验证的证据包，并载明 \1"),
        (r"(\d+) records hold", r"\1 条记录均成立"),
        (r"(\d+) steps hold", r"\1 个步骤均成立"),
        (r"step (.+) failed", r"步骤 \1 失败"),
        (r"no such evidence", "没有该证据"),
        (r"the deposit is not final", "存证尚未最终确认"),
        (r"a report that does not say (.+)", r"报告中没有 \1"),
        (r"a report", "一份报告"),
        (r"(.+) at (\d+)", r"\1 高度 \2"),
        (r"installed", "已生效"),
        (r"revoked", "已撤销"),
        (r"installed after " + _SECONDS, r"已生效，历时 \1 秒"),
        (r"revoked after " + _SECONDS, r"已撤销，历时 \1 秒"),
        (r"(waiting|adopted|refused)(.*) after " + _SECONDS, r"\1\2，历时 \3 秒"),
    )
)
"""English, as `scenario.judge` writes it, to Chinese."""

PROMISES: Final[dict[str, str]] = {
    "agreement": "一致：同一高度不执行两个不同的区块",
    "total-order": "全序：高度逐一执行，没有间断",
    "state-roots": "状态根：高度相同则状态根相同",
    "validity": "有效：只执行提交过的交易，且至多一次",
    "no-double-vote": "不双投：同一视图、序号、阶段不签署两份不同的投票",
    "durable-votes": "先落盘后投票",
    "evidence": "证据只指向说谎的节点",
    "certificates": "每个最终区块都有可验证的证书",
    "life-cycles": "生命周期：记录只到达所列状态，版本逐一递增",
    "policy": "策略：无人越过角色；被驳回的不改变任何内容",
    "custody": "保管：证据哈希不变，逐手移交无间断，双方签名",
    "sums": "金额：冲减、补贴与付款均不超过应有之数，分毫不差",
    "single-use": "一次性：仅可用一次的只用一次，授权与同意不超过所载次数",
    "approvals": "分离：经办者不自行审批，成员变更有足够的批准",
    "receipts": "回执：每笔最终交易的回执可离线验证",
    "acknowledged": "已确认的记录存在于每个节点的账本",
}
"""Name of a promise to what it says."""


BESIDE_THE_CHAIN: Final[dict[str, str]] = {
    "receipts": "every final transaction has a receipt that verifies offline",
    "acknowledged": "what a client was told is final is in every ledger",
}
"""In English, promises that only the whole run can be asked about; all others are told by the simulator."""


def in_chinese(text: str) -> str:
    """A name, an expected or a measured text of a result; as it is when no phrase fits."""
    refused = _REFUSED.fullmatch(text)
    if refused is not None:
        who, what, detail = refused.groups()
        return f"{_BY[who]} {what}：{detail_in_chinese(detail)}"
    for pattern, chinese in _PHRASES:
        found = pattern.fullmatch(text)
        if found is not None:
            return found.expand(chinese)
    return text
