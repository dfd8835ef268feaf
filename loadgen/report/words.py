"""Numbers and foreign text as words for a terminal: three digits, units, and no characters that control the screen."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from textwrap import wrap
from typing import TextIO

UNKNOWN = "-"
ENDING = 12  # characters at the most of a name's last word that is not cut
COLUMN = 9  # characters of a number in a column: `1,234,567`

_LARGE = ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"))
_HELD = "\ue000"  # no text that is `clean` has it
_UNIT = re.compile(r"(?<=[0-9]) (?=(?:ns|us|ms|s|min|h|kB|MB|GB|kiB|MiB|GiB|%)(?![A-Za-z0-9]))")

# what stands for a character that the terminal's encoding lacks; one column each, so that nothing moves
_ASCII = str.maketrans("·…█▓▒░●━┄▸→▁▂▃▄▅▆▇▲■◆○△□◇─", "|~#cw!o=.>>_.,:-+*^#%0vnx-")


def clean(text: str) -> str:
    """The text free of control and formatting characters; `result.codec.map_text` does so for a whole result."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _harmless(c) for c in text)


def _harmless(character: str) -> str:
    return " " if character in "\t\r\n" else "?"


def encodable(text: str, stream: TextIO) -> str:
    """`text` in characters that `stream` can write, of the same width or narrower."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode("ascii", "replace").decode()
    return text


def held(text: str) -> str:
    """The text with a space between a number and its unit at which no line breaks; `released` makes it a space."""
    return _UNIT.sub(_HELD, text)


def released(text: str) -> str:
    return text.replace(_HELD, " ")


def unbreakable(text: str) -> list[str]:
    """What is between the spaces at which no line breaks."""
    return held(text).split(_HELD)


def wrapped(text: str, width: int, below: str = "  ") -> list[str]:
    """The text as lines that break between words; `below` begins all but the first."""
    lines = wrap(held(text), width, subsequent_indent=below, break_long_words=False, break_on_hyphens=False)
    return [released(line) for line in lines] or [""]


def for_person(text: str, stream: TextIO) -> str:
    """A message for `stream`: on a terminal as lines, otherwise as it is."""
    width = columns(stream, 0)
    return "\n".join(wrapped(text, width)) if width else text


def is_screen(stream: TextIO) -> bool:
    """Whether a person looks at `stream` on a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_color(stream: TextIO) -> bool:
    """Whether to colour what goes to `stream`: a terminal, and NO_COLOR is unset or empty."""
    return is_screen(stream) and not os.environ.get("NO_COLOR")


def known(value: float | None) -> bool:
    """Whether `value` is a number that can be shown."""
    return value is not None and math.isfinite(value)


def ms(value: float | None) -> str:
    """Milliseconds to three digits, without the unit: `1,234`, `212`, `41.2`, `0.041`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value < 0:
        return f"-{ms(-value)}"
    if 0 < value < 0.0005:
        return "<0.001"
    digits = next((digits for limit, digits in ((99.95, 0), (9.995, 1), (0.9995, 2)) if value >= limit), 3)
    return f"{value:,.{digits}f}" if value else "0"


def count(value: float | None) -> str:
    return f"{value:,.0f}" if value is not None and math.isfinite(value) else UNKNOWN


def compact(text: str, value: float | None) -> str:
    """`text`, which says `value`, unless it is too long for a column: then `12.3k`, `4.56M`, `1.2e+15`."""
    if len(text) <= COLUMN or value is None or not math.isfinite(value):
        return text
    unit, letter = next((each for each in _LARGE if abs(value) < 1000 * each[0]), (1.0, ""))
    return f"{value / unit:.3g}{letter}"


def short_count(value: float | None) -> str:
    """A number for a column: `1,998`, `12.3M`."""
    return compact(count(value), value)


def short_rate(value: float | None) -> str:
    """A number a second, for a column: `1,998/s`, `0.25/s`, `12.3M/s`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = count(value) if value >= 1000 else rate(value).removesuffix("/s")
    return f"{compact(text, value)}/s"


def several(number: float | None, noun: str) -> str:
    """A number of things: `1 request`, `2,000 requests`."""
    return f"{count(number)} {noun}{'s' if number != 1 else ''}"


def there(number: float | None) -> str:
    """`there was 1`, `there were 991`."""
    return f"there {'was' if number == 1 else 'were'} {count(number)}"


def rate(value: float | None) -> str:
    """A number a second: `2,000/s`, `1,998.2/s`, `0.25/s`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:,.{1 if value >= 10 else 3}f}"
    return f"{text.rstrip('0').rstrip('.')}/s"


def seconds(value: float | None) -> str:
    """`0.4 s`, `31.2 s`, `12 min 5 s`, `2 h 10 min`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value < 120:
        return f"{value:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in per cent. More than nothing is never 0%, less than all never 100%."""
    percent = 100 * (part / whole) if whole > 0 else math.nan
    if not math.isfinite(percent):
        return UNKNOWN
    if 0 < percent < 0.01:
        return "<0.01%"
    if 99.99 < percent < 100:
        return ">99.99%"
    digits = 2 if percent < 1 or 99 < percent < 100 else 1
    return f"{percent:.{digits}f}".rstrip("0").rstrip(".") + "%" if percent else "0%"


def listed(counts: Mapping[str, float], but: Iterable[str] = ()) -> str:
    """`31 throttled, 4 timeout`: the counts that are not 0, the largest first."""
    kept = [(name, number) for name, number in counts.items() if number and name not in but]
    return ", ".join(f"{count(number)} {name}" for name, number in sorted(kept, key=lambda item: -item[1]))


def reasoned(counts: Mapping[str, float]) -> str:
    """`: stopped`, or `: 12 stopped, 3 in-flight limit`; empty without reasons."""
    names = [name for name, number in counts.items() if number]
    return f": {names[0] if len(names) == 1 else listed(counts)}" if names else ""


def brief(text: str, limit: int) -> str:
    """`text`, cut to `limit` characters with an ellipsis. A number at its end, such as a cycle's, stays."""
    if len(text) <= limit:
        return text
    end = ending(text)
    if len(end) + 2 > limit:
        end = ""
    return f"{text[: limit - 1 - len(end)]}…{end}"


def ending(text: str) -> str:
    """The last word of several if it has a number in it and is short: ` 1/2`, ` rate=50/s`, `-193750` of a run's
    folder; else nothing."""
    name, between, last = text.rpartition(" " if " " in text else "-")
    return between + last if name and len(last) <= ENDING and any(map(str.isdigit, last)) else ""


def columns(stream: TextIO, unknown: int) -> int:
    """How wide the terminal is that `stream` goes to by now; `unknown` if it is none, or does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or unknown
    except (OSError, ValueError):  # no terminal, or not even a descriptor
        return unknown


def bar(parts: Iterable[tuple[str, float]], width: int) -> str:
    """`width` columns shared out among `(glyph, amount)`. An amount that is too small to be seen gets no column."""
    amounts = [(glyph, max(0.0, amount)) for glyph, amount in parts]
    total = sum(amount for _, amount in amounts)
    if not total or not math.isfinite(total):
        return ""
    drawn, reached = "", 0.0
    for glyph, amount in amounts:
        reached += amount
        drawn += glyph * (round(width * (reached / total)) - len(drawn))
    return drawn


def sparkline(values: Iterable[float | None], top: float | None = None) -> str:
    """One column a value, from 0 to the largest of them (or `top`); a gap where there is none."""
    numbers = list(values)
    highest = top or max((value for value in numbers if value is not None), default=0)
    glyphs = "▁▂▃▄▅▆▇█"
    return "".join(
        " " if value is None else glyphs[min(7, int(8 * (value / highest)))] if highest > 0 else glyphs[0]
        for value in numbers
    )
