"""The window of nonces of one key: which are used, and what using one more changes (rule RQ-4).

Pure functions over `NonceState`; who stores it and who denies is not decided here.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.state import NonceState

NONCE_WINDOW: Final = 65_536
"""How far above the lowest unused nonce another one may lie without burning those between."""
NONCE_MAX: Final = 2**63 - 1

FRESH: Final = NonceState(floor=0, bitmap=b"")


def is_used(state: NonceState, nonce: int) -> bool:
    """True when the nonce was used or burnt."""
    if nonce < state.floor:
        return True
    index = nonce - state.floor
    byte = index >> 3
    return byte < len(state.bitmap) and bool(state.bitmap[byte] >> (index & 7) & 1)


def use(state: NonceState, nonce: int) -> NonceState:
    """The state after using a nonce. Expects an unused one, 0 <= nonce <= NONCE_MAX."""
    assert 0 <= nonce <= NONCE_MAX
    assert not is_used(state, nonce)
    if nonce == state.floor and not state.bitmap:
        return NonceState(floor=nonce + 1, bitmap=b"")
    floor, bits = state.floor, int.from_bytes(state.bitmap, "little")
    if nonce >= floor + NONCE_WINDOW:
        # Keep the window's length: the nonce becomes its last slot and what falls out below is burnt.
        moved = nonce - NONCE_WINDOW + 1 - floor
        floor, bits = floor + moved, bits >> moved
    bits |= 1 << (nonce - floor)
    used = (~bits & (bits + 1)).bit_length() - 1
    floor, bits = floor + used, bits >> used
    assert not bits & 1, "the floor is the lowest unused nonce"
    return NonceState(floor=floor, bitmap=bits.to_bytes((bits.bit_length() + 7) // 8, "little"))
