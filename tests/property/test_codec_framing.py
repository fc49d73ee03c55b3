"""Framing: however a stream is cut, the same frames come out of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.codec import FrameReader, frame
from govchain.errors import MalformedBytes

LIMIT = 100


def drain(reader: FrameReader) -> list[bytes]:
    found = []
    while (payload := reader.next_frame()) is not None:
        found.append(payload)
    return found


@given(st.lists(st.binary(min_size=1, max_size=LIMIT), max_size=8), st.data())
def test_any_split_of_the_stream_gives_the_same_frames(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(payload, frame_bytes_max=LIMIT) for payload in payloads)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    reader = FrameReader(frame_bytes_max=LIMIT)
    found = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.feed(stream[begin:end])
        if data.draw(st.booleans()):
            found += drain(reader)
    assert found + drain(reader) == payloads
    assert reader.next_frame() is None


@given(st.integers(LIMIT + 1, 2**32 - 1))
def test_situation_10_a_huge_announced_length_is_refused_before_its_bytes(length: int) -> None:
    reader = FrameReader(frame_bytes_max=LIMIT)
    reader.feed(length.to_bytes(4, "big"))
    with pytest.raises(MalformedBytes, match=str(length)):
        reader.next_frame()


def test_an_empty_frame_is_refused() -> None:
    reader = FrameReader()
    reader.feed(bytes(4))
    with pytest.raises(MalformedBytes, match="0 bytes"):
        reader.next_frame()


def test_a_frame_of_exactly_the_limit_passes() -> None:
    reader = FrameReader(frame_bytes_max=LIMIT)
    reader.feed(frame(b"x" * LIMIT, frame_bytes_max=LIMIT))
    assert reader.next_frame() == b"x" * LIMIT


def test_what_was_read_is_not_kept() -> None:
    reader = FrameReader(frame_bytes_max=LIMIT)
    for _ in range(50):
        reader.feed(frame(b"x" * LIMIT, frame_bytes_max=LIMIT))
        assert drain(reader) == [b"x" * LIMIT]
    assert len(reader._buffer) <= 2 * (LIMIT + 4)
