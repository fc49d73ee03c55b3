"""The answer to the question that people ask of a signature: was its key good at that moment (rule I1)?

A pure function over one key's state, so that a gateway, an explorer and an offline verifier say the same.
Nothing here reads the chain.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from govchain.ledger.identifiers import format_time
from govchain.ledger.state import KeyChange


class KeyLife(Protocol):
    """What is known of a key: its state in the ledger, or a validator's answer about it."""

    @property
    def revoked_since_ms(self) -> int: ...
    @property
    def history(self) -> tuple[KeyChange, ...]: ...


class KeyStanding(msgspec.Struct, frozen=True):
    """Standing of a key at one moment (rule I1)."""

    answer: str
    """UNKNOWN, ACTIVE, SUSPENDED, ROTATED or REVOKED."""
    since_ms: int
    """Since when that is so; 0 for a key that was active from genesis on."""
    explanation_en: str
    explanation_zh: str


def key_status_at(key: KeyLife, signed_at_ms: int) -> KeyStanding:
    """Standing of a key at the moment of a signature (rule I1).

    A revocation re-judges what was signed from its `since` on and nothing before it: whatever happened to the
    key later, an earlier signature stays as good as it was.

    Args:
        signed_at_ms: Best the time of the block that holds the record, which the signer could not choose;
            the claimed time is the signer's own word.
    """
    revoked_ms = key.revoked_since_ms
    if revoked_ms and signed_at_ms >= revoked_ms:
        when = format_time(revoked_ms)
        return KeyStanding(
            "REVOKED",
            revoked_ms,
            f"Signed by a key that is revoked since {when}: not to be relied on by itself.",
            f"签名密钥自{when}起已吊销，该签名不可单独作为依据。",
        )
    changes = [change for change in key.history if change.state != "REVOKED"]
    past = [change for change in changes if change.claimed_time_ms <= signed_at_ms]
    if not past and changes and changes[0].state == "ACTIVE":
        return KeyStanding("UNKNOWN", 0, "The chain did not know this key yet.", "当时本链尚未登记该密钥。")
    if past and past[-1].state != "ACTIVE":
        state, when = past[-1].state, format_time(past[-1].claimed_time_ms)
        english, chinese = _TEXTS[state]
        return KeyStanding(
            state, past[-1].claimed_time_ms, english.format(when=when), chinese.format(when=when)
        )
    since_ms = past[-1].claimed_time_ms if past else 0
    if revoked_ms:
        when = format_time(revoked_ms)
        return KeyStanding(
            "ACTIVE",
            since_ms,
            f"Good at that time; revoked later, since {when}.",
            f"签署时密钥有效，后自{when}起吊销。",
        )
    return KeyStanding("ACTIVE", since_ms, "The key was active at that time.", "签署时密钥有效。")


_TEXTS: Final = {
    "SUSPENDED": ("The key is suspended since {when}.", "该密钥自{when}起暂停使用。"),
    "ROTATED": ("Another key took its place on {when}.", "该密钥已于{when}更换为新密钥。"),
}
