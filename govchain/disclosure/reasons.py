"""Why a credential, a presentation, a copy or a status list is refused: one name for each cause.

The names are stable; the sentences are what documents print. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from govchain.errors import BadCredential

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "malformed": ("It is not of its format, or written in another spelling.", "格式不符，或写法不规范。"),
    "too-large": ("It is over a limit of size, depth or number.", "大小、层数或数量超出上限。"),
    "wrong-type": ("It is a token of another type.", "令牌类型不符。"),
    "wrong-algorithm": (
        "The header names another algorithm than the key has, or none.",
        "头部所写算法与密钥不符，或未签名。",
    ),
    "unknown-issuer": ("The issuer's key is not known.", "不认识签发方的密钥。"),
    "bad-signature": ("A signature does not match.", "签名不符。"),
    "unknown-hash": ("Digests are of another hash than SHA-256.", "摘要所用算法不是 SHA-256。"),
    "malformed-disclosure": (
        "A disclosure is not salt, name and value where its digest stands.",
        "披露项与其摘要所在位置的格式不符。",
    ),
    "unknown-disclosure": (
        "A disclosure was changed, or belongs to another credential.",
        "披露项被改动，或属于别的凭证。",
    ),
    "duplicate-digest": ("One digest stands in two places.", "同一摘要出现两次。"),
    "claim-collision": ("A disclosure would overwrite a field.", "披露项会覆盖已有字段。"),
    "not-yet-valid": ("Its time has not come.", "尚未生效。"),
    "expired": ("Its time is over.", "已过期。"),
    "no-key-binding": ("The holder's signature is missing.", "缺少持证人签名。"),
    "wrong-disclosures": (
        "Disclosures were removed, added or moved after the holder signed.",
        "持证人签名之后，披露项被删减、增加或调换。",
    ),
    "wrong-audience": ("It was made for another recipient.", "出示对象不符。"),
    "wrong-nonce": ("It answers another challenge.", "所应答的随机数不符。"),
    "replayed-nonce": (
        "The challenge was answered before, or never posed, or too long ago.",
        "该随机数已被使用、从未发出或已失效。",
    ),
    "wrong-purpose": ("It was stamped for another purpose.", "加注的用途不符。"),
    "no-purpose": ("It carries no stamp.", "没有加注用途。"),
    "wrong-licence": ("It is about another licence.", "所指证照不符。"),
    "wrong-commitment": (
        "Its face data are not those that the chain holds the root of.",
        "照面数据与链上承诺值不符。",
    ),
    "stale-list": ("The status list is too old, or from the future.", "状态列表已过时，或时间在将来。"),
    "wrong-list": ("It is another status list.", "不是所指的状态列表。"),
    "unknown-index": ("The list has no such place.", "状态列表中没有该位置。"),
}
"""Reason to its sentence in English and Chinese."""


def refuse(reason: str, problem: str) -> BadCredential:
    """The error to raise for a reason of the table."""
    assert reason in REASONS, reason
    return BadCredential(reason, problem)
