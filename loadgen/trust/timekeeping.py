"""Whether something keeps this machine's clock, and how far off it may be: what the kernel was told (adjtimex(2))."""

from __future__ import annotations

import ctypes
import struct
import sys

_BYTES = 256  # more than a struct timex has
_FIELDS = struct.Struct("@Iqqqqi")  # modes, offset, freq, maxerror (us), esterror, status
_UNSYNCHRONIZED = 0x40  # STA_UNSYNC
_MICROSECOND = 1000


def clock_error() -> tuple[bool | None, int | None]:
    """Whether something keeps the clock, and the most that it may be off, in ns. None: this system does not say, or
    nothing keeps it."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_long) != 8:
        return None, None
    buffer = ctypes.create_string_buffer(_BYTES)  # modes is 0: nothing is set
    try:
        if ctypes.CDLL(None).adjtimex(buffer) < 0:
            return None, None
    except (AttributeError, OSError):
        return None, None
    return told(buffer.raw)


def told(timex: bytes) -> tuple[bool, int | None]:
    """What a struct timex says, as `clock_error` has it."""
    *_, most, _, status = _FIELDS.unpack_from(timex)
    kept = not status & _UNSYNCHRONIZED
    return kept, most * _MICROSECOND if kept else None
