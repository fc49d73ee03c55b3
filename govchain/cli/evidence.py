"""Evidence against validators in words: who contradicted itself where, and whether it is recorded (EV-1).

Works on answers of `/v1/status`; several validators mostly know of the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_PHASES_ZH: Final = {
    "proposal": "提案",
    "prepare": "准备",
    "commit": "提交",
    "attestation": "执行见证",
    "view-change": "视图切换",
    "new-view": "新视图",
}


def explain_evidence(statuses: Sequence[dict[str, Any] | None]) -> list[tuple[str, str]]:
    """One line for each contradiction, in English and Chinese; None stands for a validator that is silent."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for status in statuses:
        for item in (status or {}).get("evidence", []):
            place = tuple(str(item[name]) for name in ("epoch", "validator", "phase", "view", "seq"))
            known = found.setdefault(place, item)
            if known["recorded_height"] is None:
                found[place] = item
    return [_explain(found[place]) for place in sorted(found)]


def _explain(item: dict[str, Any]) -> tuple[str, str]:
    name, phase, view, seq = (item[key] for key in ("validator", "phase", "view", "seq"))
    place, place_zh = f"view {view}", f"视图 {view}"
    if phase == "attestation":
        place, place_zh = f"height {seq}", f"高度 {seq}"
    elif phase not in ("view-change", "new-view"):
        place, place_zh = f"{place}, seq {seq}", f"{place_zh}、序号 {seq}"
    state, state_zh = "not recorded yet", "尚未上链"
    if item["is_recorded"]:
        height = item["recorded_height"]
        state = "recorded" if height is None else f"recorded at height {height}"
        state_zh = "已上链" if height is None else f"已于高度 {height} 上链"
    return (
        f"{name} contradicted itself: two different {phase}s at {place} ({state})",
        f"{name} 自相矛盾：在{place_zh}签署了两份不同的{_PHASES_ZH[phase]}消息（{state_zh}）",
    )
