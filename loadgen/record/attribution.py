"""Whose time it was: one table of the parts of an exchange. Everything that divides time up is made from it.

A quantile is divided up by the exchanges around its rank, together. The parts' own percentiles would not add up. The
parts are then scaled to the quantile, from which such exchanges mostly differ by little. If these exchanges are few and
far apart, the division is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadgen.clock import MILLISECOND
from loadgen.record.share import MOSTLY_STAMPED, Part, Shares
from loadgen.result.latency import Latency
from loadgen.result.run import Attribution
from loadgen.stats import fraction, rank

Sums = NDArray[Any]  # of times by `Part` on the last axis: of one exchange, of many together, or of each counter's

TARGET, PROFILE, MACHINE = "target", "profile", "this machine"


class Row(NamedTuple):
    """A part, the part that contains it, its owner, and the field of an attribution that counts it."""

    part: Part
    inside: Part
    owner: str
    field: str


TABLE = (
    Row(Part.LAG, Part.WHOLE, MACHINE, "own"),
    Row(Part.SIGN, Part.WHOLE, MACHINE, "own"),
    Row(Part.BUILD, Part.SIGN, PROFILE, "build"),
    Row(Part.WAIT, Part.WHOLE, PROFILE, "wait"),
    Row(Part.WAIT_DELAY, Part.WAIT, MACHINE, "own"),
    Row(Part.CONNECT, Part.WHOLE, TARGET, "connect"),
    Row(Part.HANDSHAKE_CPU, Part.CONNECT, MACHINE, "own"),
    Row(Part.CONNECT_DELAY, Part.CONNECT, MACHINE, "own"),
    Row(Part.CLIENT_DELAY, Part.WHOLE, MACHINE, "own"),
)  # what is left of the whole is the target's and its network's
OWN = tuple(row.part for row in TABLE if row.owner == MACHINE)

# Parts that are the profile's in some runs, and the field that counts them there: adaptive retries hold back requests
# in `sign`; what another client than ours takes to build and sign a request is asked for
HELD_BACK: Mapping[Part, str] = MappingProxyType({Part.SIGN: "held"})
OF_CLIENT: Mapping[Part, str] = MappingProxyType({Part.SIGN: "build"})
NONE: Mapping[Part, str] = MappingProxyType({})

ATTRIBUTED = ("p50", "p99", "p99.9")
WITHIN = 10  # the exchanges are those within a tenth of what lies beyond the quantile, at either side
LEAST = 2  # and as many at the least
ALIKE = 0.1  # how far from the quantile they may be on average, as a share of it


def net(sums: Sums, asked: Mapping[Part, str] = NONE) -> Sums:
    """Each part without the parts inside it, so that all add up to the whole; the column of the whole has the rest.
    The parts of `asked` are not this machine's: they are taken out and added to that column."""
    out = sums.copy()
    for row in TABLE:
        out[..., row.inside] -= sums[..., row.part]
    for part in asked:
        out[..., Part.WHOLE] += out[..., part]
        out[..., part] = 0
    return out


def own(parts: Sums) -> Sums:
    """This machine's time, from the result of `net`."""
    mine: Sums = parts[..., OWN].sum(axis=-1)
    return mine


def attributions(shares: Shares, figures: Latency, asked: Mapping[Part, str] = NONE) -> dict[str, Attribution]:
    """Whose time the mean is, and each quantile that is known. `figures` are those of the exchanges in `shares`,
    perhaps with timeouts beyond them, which the mean leaves out."""
    if not shares.count:
        return {}
    every = shares.sums.sum(axis=0).astype(float)
    attributed = {"mean": _attribution(every, float(every[Part.WHOLE]) / shares.count / MILLISECOND, asked)}
    for name in ATTRIBUTED:
        if (value := figures.quantiles.get(name)) is not None:
            position = min(rank(fraction(name), figures.count), shares.count)
            sums = _about(shares, position, name)
            if abs(sums[Part.WHOLE] / sums[Part.COUNT] / MILLISECOND - value) <= ALIKE * value:
                attributed[name] = _attribution(sums, value, asked)
    return attributed


def attribution(times: Mapping[str, int], scheduled: bool, asked: Mapping[Part, str] = NONE) -> Attribution:
    """Whose time one exchange is. `times` are its metrics by word, in ns. Without a schedule its whole is the service,
    and the parts before it are not in it."""
    sums = np.zeros(len(Part))
    sums[Part.COUNT], sums[Part.WHOLE] = 1, times.get("response" if scheduled else "service", 0)
    for row in TABLE:
        if scheduled or row.part >= Part.CONNECT:
            sums[row.part] = times.get(row.part.name.lower(), 0)
    sums[Part.STAMPED] = "client_delay" in times and ("connect" not in times or "connect_delay" in times)
    return _attribution(sums, float(sums[Part.WHOLE]) / MILLISECOND, asked)


def _about(shares: Shares, position: int, name: str) -> Sums:
    """The sums of the exchanges around a quantile's rank."""
    p = fraction(name)
    reach = max(LEAST, round(min(p, 1 - p) * shares.count / WITHIN))
    sums = shares.between(max(1, position - reach), min(shares.count, position + reach))
    return np.array([sums[part] for part in Part])


def _attribution(sums: Sums, value: float, asked: Mapping[Part, str]) -> Attribution:
    """The parts of `sums` as parts of `value`, in ms."""
    scale = value / float(sums[Part.WHOLE]) if sums[Part.WHOLE] else 0.0
    parts = net(sums)
    fields = dict.fromkeys(("target", "connect", "wait", "build", "held", "own"), 0.0)
    fields["target"] = float(parts[Part.WHOLE])
    for row in TABLE:
        fields[asked.get(row.part, row.field)] += float(parts[row.part])
    return Attribution(
        value=round(value, 6),
        **{name: round(time * scale, 6) for name, time in fields.items()},
        own_at_least=bool(sums[Part.STAMPED] < MOSTLY_STAMPED * sums[Part.COUNT]),
        requests=round(float(sums[Part.COUNT])),
    )
