"""The nonce window against its naive twin: a set of used numbers and a burnt floor."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from govchain.codec import encode
from govchain.ledger.nonces import FRESH, NONCE_MAX, NONCE_WINDOW, is_used, use


class NaiveWindow:
    """Obviously right: remembers everything."""

    def __init__(self) -> None:
        self.used: set[int] = set()
        self.burnt = 0

    def is_used(self, nonce: int) -> bool:
        return nonce < self.burnt or nonce in self.used

    def floor(self) -> int:
        floor = self.burnt
        while floor in self.used:
            floor += 1
        return floor

    def use(self, nonce: int) -> None:
        if nonce >= self.floor() + NONCE_WINDOW:
            self.burnt = nonce - NONCE_WINDOW + 1
        self.used.add(nonce)


nonces = st.one_of(
    st.integers(0, 40),
    st.integers(NONCE_WINDOW - 10, NONCE_WINDOW + 10),
    st.integers(2 * NONCE_WINDOW - 10, 2 * NONCE_WINDOW + 30),
)


@given(sequence=st.lists(nonces, max_size=60))
@example(sequence=[0, 1, 2, 3])
@example(sequence=[3, 2, 1, 0])
@example(sequence=[NONCE_WINDOW, 0, 1])
@settings(max_examples=100, deadline=None)
def test_RQ4_window_agrees_with_naive_twin(sequence: list[int]) -> None:
    state, naive = FRESH, NaiveWindow()
    for nonce in sequence:
        assert is_used(state, nonce) == naive.is_used(nonce)
        if not naive.is_used(nonce):
            state = use(state, nonce)
            naive.use(nonce)
        assert state.floor == naive.floor()
        assert not state.bitmap.endswith(b"\0")
        assert len(state.bitmap) <= NONCE_WINDOW // 8
        assert not is_used(state, state.floor)


def test_RQ4_largest_nonce_still_encodes() -> None:
    state = use(FRESH, NONCE_MAX)
    for nonce in range(NONCE_MAX - 20, NONCE_MAX):
        state = use(state, nonce)
    assert is_used(state, NONCE_MAX)
    assert encode(state)
