"""Records of a run's seconds as nobody would write them."""

from __future__ import annotations

import struct
import zlib


def record(text: bytes, packed: bytes = b"", zipped: bool = True) -> bytes:
    """A record with any text, the first one of its file."""
    stream = zlib.compressobj()
    text = stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH) if zipped else text
    body = struct.pack("<I", len(text)) + text + packed
    return struct.pack("<II", len(body), zlib.crc32(body)) + body
