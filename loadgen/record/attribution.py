"""Whose time it was: one table of the parts of an exchange. Everything that divides time up is made from it.

Of a quantile, this machine's part is by how much it lifted it (`lifted`), as the verdict on the run has it. The rest is
divided up by the exchanges about the rank, together, in the order of their times without this machine's part: without
it, the quantile would be theirs. The parts' own percentiles would not add up. The parts are scaled to the rest, from
which such exchanges mostly differ by little. If these exchanges are few and far apart, the division is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
    Row(Part.HANDSHAKE_CPU, Part.CONNECT, MACHINE, "handshake"),
    Row(Part.CONNECT_DELAY, Part.CONNECT, MACHINE, "own"),
    Row(Part.CLIENT_DELAY, Part.WHOLE, MACHINE, "own"),
)  # what is left of the whole is the target's and its network's
OWN = tuple(row.part for row in TABLE if row.owner == MACHINE)
COUNTED = tuple(row.part for row in TABLE if row.field == "own")  # against this machine
MOMENT = 1.0 * MILLISECOND  # of a connect delay, that an operating system may take to let a process run

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


def counted(parts: Sums) -> Sums:
    """What counts against this machine, by `COUNTED`, from the result of `net`. Making a connection does not, but for a
    delay that is more than a moment."""
    out: Sums = parts[..., COUNTED].astype(float)
    delay = COUNTED.index(Part.CONNECT_DELAY)
    out[..., delay] = np.maximum(out[..., delay] - MOMENT * parts[..., Part.COUNT], 0)
    return out


def attributions(
    shares: Shares, figures: Latency, lifted: Mapping[str, float], asked: Mapping[Part, str] = NONE
) -> dict[str, Attribution]:
    """Whose time the mean is, and each quantile that is known. `figures` are those of the exchanges in `shares`,
    perhaps with timeouts beyond them, which the mean leaves out; `lifted` has this machine's share of each quantile."""
    if not shares.count:
        return {}
    sums, made = shares.sums, counted(net(shares.sums, asked)).sum(axis=1)
    every = sums.sum(axis=0).astype(float)
    at_least = _at_least(every)
    mean = _divided(every, float(made.sum()), float(every[Part.WHOLE]) / shares.count / MILLISECOND, asked)
    attributed = {"mean": replace(mean, own_at_least=at_least)}
    for name in ATTRIBUTED:
        if (value := figures.quantiles.get(name)) is not None and name in lifted:
            position = min(rank(fraction(name), figures.count), shares.count)
            about, of_about = _about(sums, made, position, name)
            left = value * (1 - lifted[name])
            if abs((about[Part.WHOLE] - of_about) / about[Part.COUNT] / MILLISECOND - left) <= ALIKE * value:
                of = _divided(about, of_about, value, asked, value - left)
                attributed[name] = replace(of, own_at_least=at_least)
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
    return _divided(sums, float(counted(net(sums, asked)).sum()), float(sums[Part.WHOLE]) / MILLISECOND, asked)


def _about(sums: Sums, made: Sums, position: int, name: str) -> tuple[Sums, float]:
    """The sums of the exchanges about a quantile's rank, in the order of their times without this machine's part, and
    that part of them. `sums` and `made` have a row for each counter, which gives as much as it has at these ranks."""
    counts = sums[:, Part.COUNT]
    order = np.argsort((sums[:, Part.WHOLE] - made) / counts, kind="stable")
    sums, made, counts = sums[order], made[order], counts[order]
    p, count = fraction(name), int(counts.sum())
    reach = max(LEAST, round(min(p, 1 - p) * count / WITHIN))
    first, last = max(1, position - reach), min(count, position + reach)
    above = np.cumsum(counts)
    weights = np.maximum(np.minimum(above, last) - np.maximum(above - counts, first - 1), 0) / counts
    return weights @ sums, float(weights @ made)


def _divided(sums: Sums, made: float, value: float, asked: Mapping[Part, str], own: float | None = None) -> Attribution:
    """The parts of `sums` as parts of `value`, in ms. This machine's is `own`, and as it is in them if that is not
    given, where `made` of them is this machine's."""
    parts = net(sums)
    fields = dict.fromkeys(("target", "connect", "wait", "build", "held", "own", "handshake"), 0.0)
    fields["target"] = float(parts[Part.WHOLE])
    for row in TABLE:
        fields[asked.get(row.part, row.field)] += float(parts[row.part])
    fields["handshake"] += fields.pop("own") - made  # the moment of a connect delay that does not count
    rest = sum(fields.values())
    if own is None:
        own = value * made / (rest + made) if rest + made else 0.0
    scale = (value - own) / rest if rest else 0.0
    return Attribution(
        value=round(value, 6),
        **{name: round(time * scale, 6) for name, time in fields.items()},
        own=round(own, 6),
        own_at_least=_at_least(sums),
        requests=round(float(sums[Part.COUNT])),
    )


def _at_least(sums: Sums) -> bool:
    """Whether this machine may have made more, as too few of the exchanges have a stamp of the kernel."""
    return bool(sums[Part.STAMPED] < MOSTLY_STAMPED * sums[Part.COUNT])
