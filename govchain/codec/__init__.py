"""Bytes: canonical MessagePack, canonical JSON, readable JSON, framing. Pure; no hashing, no I/O."""

from govchain.codec.canonical import decode, encode
from govchain.codec.framing import FRAME_BYTES_MAX, FrameReader, frame
from govchain.codec.jcs import decode_json, encode_json
from govchain.codec.readable import from_readable, to_readable

__all__ = [
    "FRAME_BYTES_MAX",
    "FrameReader",
    "decode",
    "decode_json",
    "encode",
    "encode_json",
    "frame",
    "from_readable",
    "to_readable",
]
