"""Which differences a machine cannot tell, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loadgen.clock import MILLISECOND
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
    return f"differences under {_at({**_used(resolution, SHOWN), **resolution.measured_ms}, SHOWN)} are noise"


def noise_here(resolution: Resolution) -> str:
    """The same in fewer words, of the machine of a run."""
    return f"a difference under {_at(_used(resolution, SHOWN), SHOWN)} is noise"


def machine(resolution: Resolution) -> str:
    """The same of the machine of a run, and where it comes from."""
    used = _used(resolution, SHOWN)
    said = f"differences under {_at(used, SHOWN)} are noise here ({SOURCES[resolution.source]})"
    if late := [name for name in SHOWN if resolution.measured_ms.get(name, 0) > used[name]]:
        return f"{said}. It was not quiet: {_at(resolution.measured_ms, late)} were measured, and no more is excused"
    return said


def too_fast(fast: Sequence[str], standing: Sequence[str], resolution: Resolution, by: str) -> str:
    """That these figures are too small for `by`, who sent the load, and that the others are not."""
    stand = f"; {' and '.join(standing)} stand{'s' if len(standing) == 1 else ''}" if standing else ""
    used = _used(resolution, fast)
    under = _at(used, fast) if len(fast) > 1 else f"{ms(used[fast[0]])} ms"
    return f"Too fast for {by} at {' and '.join(fast)}{stand}; differences under {under} are noise here"


def _used(resolution: Resolution, names: Iterable[str]) -> dict[str, float]:
    return {name: resolution.of(name) / MILLISECOND for name in names}


def _at(values: Mapping[str, float], names: Iterable[str]) -> str:
    return " and ".join(f"{ms(values[name])} ms at {name}" for name in names)
