"""Length-prefixed frames over a byte stream, without doing I/O.

Two verbs: `feed` bytes in, ask `next_frame` for the next complete one; None means "need more".
A frame is a 4-byte big-endian length and that many bytes. The length is judged before anything is
buffered for it, so a peer that announces a huge frame costs nothing (situation 10).
"""

from __future__ import annotations

from typing import Final

from govchain.errors import MalformedBytes

HEADER_BYTES: Final = 4
FRAME_BYTES_MAX: Final = 8 * 1024 * 1024


def frame(payload: bytes, *, frame_bytes_max: int = FRAME_BYTES_MAX) -> bytes:
    """The bytes to send for one payload. Expects 1 <= len(payload) <= frame_bytes_max."""
    assert payload, "an empty frame carries nothing"
    assert len(payload) <= frame_bytes_max, f"frame of {len(payload)} bytes, limit {frame_bytes_max}"
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


class FrameReader:
    """Cuts a byte stream into frames. Holds at most one frame and what arrived behind it."""

    def __init__(self, *, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        assert frame_bytes_max >= 1
        self._frame_bytes_max = frame_bytes_max
        self._buffer = bytearray()
        self._start = 0

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrived, in any pieces."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_frame(self) -> bytes | None:
        """The next complete payload, or None when more bytes are needed.

        Raises:
            MalformedBytes: The announced length is 0 or over the limit; the stream cannot be used further.
        """
        start = self._start
        if len(self._buffer) - start < HEADER_BYTES:
            return None
        length = int.from_bytes(self._buffer[start : start + HEADER_BYTES], "big")
        if not 1 <= length <= self._frame_bytes_max:
            raise MalformedBytes(f"frame announces {length} bytes; expected 1 to {self._frame_bytes_max}")
        end = start + HEADER_BYTES + length
        if len(self._buffer) < end:
            return None
        self._start = end
        return bytes(self._buffer[start + HEADER_BYTES : end])
