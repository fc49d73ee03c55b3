"""Challenges that a verifier posed and nobody has answered yet: each is answered once, and soon.

One object for one verifier. It keeps no answered challenge: what it does not hold was never posed or spent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from govchain.disclosure.jws import to_base64url
from govchain.disclosure.reasons import refuse
from govchain.errors import Unavailable

CHALLENGES_MAX: Final = 10_000
CHALLENGE_AGE_S_MAX: Final = 300
NONCE_BYTES: Final = 16


class Challenges:
    """Nonces that are open.

    Args:
        random_bytes: Source of nonces; must be unpredictable.
    """

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._posed_s: dict[str, int] = {}

    def pose(self, now_s: int) -> str:
        """A new nonce.

        Raises:
            Unavailable: Too many are open.
        """
        for nonce in [n for n, posed_s in self._posed_s.items() if posed_s + CHALLENGE_AGE_S_MAX <= now_s]:
            del self._posed_s[nonce]
        if len(self._posed_s) >= CHALLENGES_MAX:
            raise Unavailable(f"{CHALLENGES_MAX} challenges wait for an answer; try again in some minutes")
        nonce = to_base64url(self._random_bytes(NONCE_BYTES))
        self._posed_s[nonce] = now_s
        return nonce

    def spend(self, nonce: str, now_s: int) -> None:
        """Close a challenge because an answer to it arrived, whether that is right or not.

        Raises:
            BadCredential: `replayed-nonce`: answered before, never posed, or too old.
        """
        posed_s = self._posed_s.pop(nonce, None)
        if posed_s is None or posed_s + CHALLENGE_AGE_S_MAX <= now_s:
            raise refuse("replayed-nonce", "the challenge was answered before, never posed, or is too old")
