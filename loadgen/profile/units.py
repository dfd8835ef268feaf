"""Durations, rates, sizes and shares as users write them: a number and its unit, never a bare number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction

DURATIONS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
RATES = {"/s": 1, "/m": 60, "/h": 3600}
SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}

DURATION_LIMIT = 366 * 24 * DURATIONS["h"]
RATE_LIMIT = 10**7
SIZE_LIMIT = 2**40

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_HOURS, _MINUTES = (rf"(?:[0-9]{{1,15}}{unit} ?)?" for unit in "hm")
DURATION_PATTERN = rf"(?:{_HOURS}{_MINUTES}{_NUMBER} ?(?:ns|us|ms|s)|{_HOURS}{_NUMBER} ?m|{_NUMBER} ?h)"
RATE_PATTERN = rf"{_NUMBER} ?/ ?[smh]"
SIZE_PATTERN = rf"{_NUMBER} ?(?:{'|'.join(SIZES)})"
SHARE_PATTERN = rf"{_NUMBER} ?%"

_DURATION, _RATE, _SIZE, _SHARE = map(re.compile, (DURATION_PATTERN, RATE_PATTERN, SIZE_PATTERN, SHARE_PATTERN))
_PART = re.compile(rf"({_NUMBER})([^0-9]+)")
_DURATION_EXAMPLES = "a number and its unit (ns, us, ms, s, m, h), for example 250ms, 1.5s, 5m or 1m30s"
_RATE_EXAMPLES = "a number a second, minute or hour, for example 200/s, 12000/m or 1/h"
_SIZE_EXAMPLES = "a number and its unit (B, kB, KiB, MB, MiB, GB, GiB), for example 512B, 4KiB or 10MiB"
_SHARE_EXAMPLES = "a percentage from 0% to 100%, for example 5% or 0.1%"


def duration(text: str) -> int:
    """`250us`, `1.5s`, `1m30s` as nanoseconds. Raises ValueError, also for fractions of a nanosecond and for more than
    366 days."""
    value = _quantity(text, _DURATION, DURATIONS, "duration", _DURATION_EXAMPLES)
    if value.denominator != 1:
        raise ValueError(f"{quoted(text)} is finer than a nanosecond")
    if value > DURATION_LIMIT:
        raise ValueError(f"{quoted(text)} is longer than a year")
    return int(value)


def rate(text: str) -> float:
    """`200/s`, `12000/m`, `1/h` as a number a second. Raises ValueError, also above ten million a second."""
    value = _quantity(text, _RATE, {unit: Fraction(1, per) for unit, per in RATES.items()}, "rate", _RATE_EXAMPLES)
    if value > RATE_LIMIT:
        raise ValueError(f"{quoted(text)} is more than {RATE_LIMIT}/s: no machine can send that")
    return float(value)


def size(text: str) -> int:
    """`512B`, `4KiB`, `4kB`, `10MiB` as bytes. Raises ValueError, also for a fraction of a byte or over 1 TiB."""
    value = _quantity(text, _SIZE, SIZES, "size", _SIZE_EXAMPLES)
    if value.denominator != 1:
        raise ValueError(f"{quoted(text)} is not a whole number of bytes")
    if value > SIZE_LIMIT:
        raise ValueError(f"{quoted(text)} is larger than 1024GiB")
    return int(value)


def share(text: str) -> float:
    """`5%` as 0.05. Raises ValueError, also above 100%."""
    value = _quantity(text, _SHARE, {"%": Fraction(1, 100)}, "share", _SHARE_EXAMPLES)
    if value > 1:
        raise ValueError(f"{quoted(text)} is more than 100%")
    return float(value)


def quantity(value: object) -> float | None:
    """What a number, a duration (in s), a rate (per second), a size (in bytes) or a share is as a number; None for
    anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        for read, unit in ((float, 1), (duration, DURATIONS["s"]), (rate, 1), (size, 1), (share, 1)):
            with suppress(ValueError):
                return read(value) / unit
    return None


def format_duration(ns: int) -> str:
    """The shortest way to write `ns`; `duration` reads it back exactly. Minutes and hours are used only if whole."""
    if ns and not ns % DURATIONS["m"]:
        unit = "m" if ns % DURATIONS["h"] else "h"
        return f"{ns // DURATIONS[unit]}{unit}"
    unit = next((unit for unit in ("s", "ms", "us") if ns >= DURATIONS[unit]), "ns") if ns else "s"
    whole, rest = divmod(ns, DURATIONS[unit])
    digits = str(rest).zfill(len(str(DURATIONS[unit])) - 1).rstrip("0") if rest else ""
    return f"{whole}.{digits}{unit}" if digits else f"{whole}{unit}"


def format_rate(per_second: float) -> str:
    """`200/s`, `0.5/s`; per minute or hour if that is a whole number and the rate per second has more than three
    decimals."""
    if abs(per_second * 1000 - round(per_second * 1000)) > 1e-9:
        for unit in ("/m", "/h"):
            count = round(per_second * RATES[unit])
            if count and abs(per_second * RATES[unit] - count) < 1e-9:
                return f"{count}{unit}"
    return f"{per_second:.12f}".rstrip("0").rstrip(".") + "/s"


def quoted(value: object) -> str:
    """`value` in an error message: a text in quotes, on one line and cut if it is long; a list is just `a list`."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if not isinstance(value, str):
        return "nothing" if value is None else str(value).lower()
    text = printable(value[:61])
    return f"'{text[:60]}...'" if len(text) > 60 else f"'{text}'"


def printable(text: str) -> str:
    """`text` with escapes instead of the characters that would break a line or a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _quantity(
    text: object, pattern: re.Pattern[str], units: Mapping[str, Fraction | int], what: str, examples: str
) -> Fraction:
    compact = text.strip() if isinstance(text, str) else ""
    if not pattern.fullmatch(compact):
        raise ValueError(f"{quoted(text)} is not a {what}: expected {examples}")
    parts = _PART.findall(compact.replace(" ", ""))
    return sum((Fraction(number) * units[unit] for number, unit in parts), Fraction(0))
