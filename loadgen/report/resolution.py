"""Which differences this machine cannot tell, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loadgen.report.words import ms
from loadgen.result.resolution import Resolution, Source

SHOWN = ("p50", "p99")
SOURCES: dict[Source, str] = {
    "ticks": "ticks before the load",
    "selftest": "self-test",
    "assumed": "assumed, not measured",
}


def noise(resolution: Resolution) -> str:
    """`differences under 0.081 ms at p50 and 0.30 ms at p99 are noise`, by what was measured."""
    return f"differences under {_at({**resolution.ms, **resolution.measured_ms}, SHOWN)} are noise"


def machine(resolution: Resolution) -> str:
    """The same of the machine of a run, and where it comes from."""
    said = f"differences under {_at(resolution.ms, SHOWN)} are noise here ({SOURCES[resolution.source]})"
    if late := [name for name in SHOWN if resolution.measured_ms.get(name, 0) > resolution.ms[name]]:
        return f"{said}. It was not quiet: {_at(resolution.measured_ms, late)} were measured, and no more is excused"
    return said


def too_fast(fast: Sequence[str], standing: Sequence[str], resolution: Resolution) -> str:
    """That these figures are too small for this machine, and that the others are not."""
    stand = f"; {' and '.join(standing)} stand{'s' if len(standing) == 1 else ''}" if standing else ""
    under = _at(resolution.ms, fast) if len(fast) > 1 else f"{ms(resolution.ms[fast[0]])} ms"
    return f"Too fast for this machine at {' and '.join(fast)}{stand}; differences under {under} are noise here"


def _at(values: Mapping[str, float], names: Iterable[str]) -> str:
    return " and ".join(f"{ms(values[name])} ms at {name}" for name in names)
