"""The result in the form of AWS Lambda Power Tuning, with the link to its picture. Pure.

https://github.com/alexcasalboni/aws-lambda-power-tuning: lambda/analyzer.js and buildVisualizationURL in
lambda/utils.js, 4.4.0. The picture is made in the browser from what stands behind the `#`; nothing of it is sent.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Sequence

from loadgen.result.tune import PowerMachine, PowerStat, PowerTuning, TuneSize

PAGE = "https://lambda-power-tuning.show/"


def power_tuning(sizes: Sequence[TuneSize], chosen: int | None, usd: float | None) -> PowerTuning | None:
    """None if no size has figures. `chosen` is the size of the strategy `cost`; `usd` is what all calls cost."""
    stats = tuple(
        PowerStat(size.memory, size.trimmed_usd, size.trimmed_ms)
        for size in sizes
        if size.trimmed_usd is not None and size.trimmed_ms is not None
    )
    of = next((stat for stat in stats if stat.value == chosen), None)
    if of is None:
        return None
    machine = PowerMachine(0.0, usd or 0.0, link(stats))
    return PowerTuning(of.value, of.averagePrice, of.averageDuration, machine, stats)


def link(stats: Sequence[PowerStat]) -> str:
    """The sizes as 16-bit whole numbers, the times in ms and the prices as 32-bit floats, each little-endian in
    base64."""
    stats = sorted(stats, key=lambda stat: stat.value)
    parts = (
        struct.pack(f"<{len(stats)}h", *(stat.value for stat in stats)),
        struct.pack(f"<{len(stats)}f", *(stat.averageDuration for stat in stats)),
        struct.pack(f"<{len(stats)}f", *(stat.averagePrice for stat in stats)),
    )
    return f"{PAGE}#{';'.join(b64encode(part).decode() for part in parts)}"
