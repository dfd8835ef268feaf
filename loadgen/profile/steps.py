"""The values of an axis in a short form: `50/s to 800/s in 5 log steps`."""

from __future__ import annotations

import re
from typing import Any

from loadgen.profile.units import quoted

PATTERN = r"([0-9.]{1,15}) ?([A-Za-z/%]*) to ([0-9.]{1,15}) ?([A-Za-z/%]*) in ([0-9]{1,4}) (log )?steps"
EXAMPLE = "50/s to 800/s in 5 log steps"
MOST = 64
DIGITS = 3  # of a value between the ends
_STEPS = re.compile(PATTERN)


def values_of(text: str) -> list[Any]:
    """The values: both ends, and between them values at equal distances or, with `log`, equal ratios, to three digits;
    whole ones if both ends are whole and have no unit. Raises ValueError."""
    match = _STEPS.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{quoted(text)} is not an axis: expected a list of values, or for example {EXAMPLE}")
    low, unit, high, other, steps, log = match.groups()
    first, last, number = _number(low, text), _number(high, text), int(steps)
    if unit != other:
        raise ValueError(f"{quoted(text)} has two units: expected the same unit at both ends, as in {EXAMPLE}")
    if not 2 <= number <= MOST:
        raise ValueError(f"{quoted(text)} has {number} steps: expected from 2 to {MOST}")
    if log and min(first, last) <= 0:
        raise ValueError(f"{quoted(text)} has no ratio to 0: expected more than 0 at both ends of log steps")
    between = [_between(first, last, at / (number - 1), bool(log)) for at in range(1, number - 1)]
    whole = not unit and "." not in low + high
    made = [low, *(f"{round(value)}" if whole else _rounded(value) for value in between), high]
    if len(set(made)) < number:
        raise ValueError(f"{quoted(text)} has values that are the same: expected fewer steps, or ends further apart")
    return [int(value) for value in made] if whole else [f"{value}{unit}" if unit else float(value) for value in made]


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{quoted(whole)} has no number in {quoted(text)}: expected for example {EXAMPLE}") from None


def _between(first: float, last: float, part: float, log: bool) -> float:
    return first * (last / first) ** part if log else first + (last - first) * part


def _rounded(value: float) -> str:
    """Three digits, or all that are before the point."""
    digits = max(0, DIGITS - len(f"{value:.0f}")) if value >= 1 else DIGITS
    text = f"{value:.{digits}f}" if value >= 1 else f"{value:.{DIGITS}g}"
    return text.rstrip("0").rstrip(".") if "." in text else text
