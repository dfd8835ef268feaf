"""The distribution of a step on one line, on logarithmic scales, so that one answer in a hundred can be seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from loadgen.report.words import ms
from loadgen.result.run import Step

GLYPHS = "▁▂▃▄▅▆▇█"
LABELS = 34  # columns, of the four ends of two kinds and the space between

Bin = tuple[float, float, int]


def picture(step: Step | None, width: int) -> str:
    """`10 ms ▁▃▇█▅▂▁ 41   276 ▁▂▁ 332`: the ends of all values, or of both kinds of them, around how many there are."""
    if step is None or step.shape is None or not step.shape.bins:
        return ""
    shape = step.shape
    kinds = [(kind.low, kind.high) for kind in shape.kinds] or [(_least(step), _most(step))]
    parts = [sorted(of for of in shape.bins if of[1] > low and of[0] < high) for low, high in kinds]
    columns = sum(_columns(part) for part in parts)
    each = max(1, math.ceil(columns / max(8, width - LABELS)))
    most = max(number for _, _, number in shape.bins)
    drawn = [
        f"{ms(low)}{' ms' if not at else ''} {_bars(part, each, most)} {ms(high)}"
        for at, (part, (low, high)) in enumerate(zip(parts, kinds, strict=True))
        if part
    ]
    return "   ".join(drawn)


def _least(step: Step) -> float:
    assert step.shape
    return min(low for low, _, _ in step.shape.bins)


def _most(step: Step) -> float:
    assert step.shape
    return max(high for _, high, _ in step.shape.bins)


def _number(of: Bin) -> int:
    """The number of a bin on the scale that has eight for each doubling."""
    return round(8 * math.log2(of[0])) if of[0] > 0 else 0


def _columns(part: Sequence[Bin]) -> int:
    return _number(part[-1]) - _number(part[0]) + 1 if part else 0


def _bars(part: Sequence[Bin], each: int, most: int) -> str:
    """A column for `each` bins; a blank where there is no value."""
    first, heights = _number(part[0]), [0] * (_columns(part) // each + 1)
    for of in part:
        heights[(_number(of) - first) // each] += of[2]
    return "".join(_glyph(height, most) for height in heights).rstrip()


def _glyph(height: int, most: int) -> str:
    if height <= 0 or most <= 0:
        return " "
    return GLYPHS[min(7, int(7 * math.log1p(height) / math.log1p(most) + 0.5))]
