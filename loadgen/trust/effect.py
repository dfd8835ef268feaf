"""The effect: how much of the tail this machine made.

This machine's part of an exchange is lag + sign + wait delay + connect delay + handshake CPU + client delay. Making the
SDK's client or session is the profile's part. So is what adaptive retries hold back: it is in sign, so that sign then
does not count. A load without a schedule is timed from its first action, so that only the last three count.

A timeout is as slow as any exchange. The time that was left when it was sent counts as the rest: lag may be the whole
reason for the timeout.

For each step in each run of a phase there are two figures: the mean share of this part in the slowest exchanges, and
the quantile as it would have been without this part. The first finds a machine that slows many exchanges, the second a
machine that lifts just enough of them over the quantile. The greater one gives the verdict. An exchange without this
machine's part is taken as the mean over those that lasted as long (within 0.1 %). That errs by a few hundredths of the
quantile at the most, and mostly towards a greater share.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from loadgen.clock import MILLISECOND
from loadgen.record import attribution
from loadgen.record.share import MOSTLY_STAMPED, Part, Shares
from loadgen.result import run as result
from loadgen.stats import Integers, fraction, rank
from loadgen.trust.finding import Limit, Verdict

# the quantile beyond which one looks, and how many exchanges there must be, from and up to
TAILS = (("p90", range(20, 100)), ("p99", range(100, sys.maxsize)), ("p99.9", range(10_000, sys.maxsize)))
LEAST = 20  # exchanges that a tail has, so that one or two of them alone do not make it
SHARE = Limit("share", "%", 0.02, 0.10)
MOMENT = 1.0 * MILLISECOND  # that an operating system may take to let a process run
FLOOR = Limit("of", "ms", 0.1 * MILLISECOND, MOMENT)  # below, a share is too little time to matter


class Place(NamedTuple):
    """A step in a run of a phase. The step is empty if there is only one."""

    phase: str
    cycle: int
    step: str


TOGETHER = Place("what was too short to be judged alone", 1, "")


@dataclass(frozen=True, slots=True)
class Effect:
    """This machine's part of the slowest exchanges of a step in a run of a phase. Times in ns, shares from 0 to 1;
    `parts` are means."""

    phase: str
    cycle: int
    step: str
    quantile: str  # beyond which they lie
    count: int  # of these exchanges
    of: int  # of all
    share: float
    parts: dict[str, float]
    value: int  # of the quantile
    without: int
    at_least: bool

    @property
    def slowest(self) -> float:
        """The share of all exchanges that these are, to one digit."""
        return float(f"{(self.count + 1) / (self.of + 1):.1g}")  # of 12,000, 119 lie beyond p99

    @property
    def own(self) -> float:
        """This machine's mean part of one exchange."""
        return sum(self.parts.values())

    @property
    def changed(self) -> float:
        """The share of the quantile that this machine added to it."""
        return max(0.0, (self.value - self.without) / self.value) if self.value else 0.0

    @property
    def greatest(self) -> float:
        return max(self.share, self.changed)

    @property
    def verdict(self) -> Verdict:
        """The cost that a new connection has on every machine makes a run DEGRADED at most."""
        return max(min(self._graded, Verdict.DEGRADED), self._besides_connecting()._graded)

    @property
    def disturbed(self) -> bool:
        """Whether the part is more than a new connection costs on every machine."""
        return bool(self._besides_connecting()._graded)

    @property
    def _graded(self) -> Verdict:
        """The verdict by the limits. Beyond the share's INVALID limit a run is at least DEGRADED, even if the times are
        short or the quantile depends on few exchanges. Any other DEGRADED needs a time above its floor. INVALID needs a
        time above its floor, and for the quantile also at least `LEAST` exchanges beyond it."""
        firm = self.of - rank(fraction(self.quantile), self.of) >= LEAST
        return max(
            _verdict(self.share, self.own),
            min(_verdict(self.changed, self.value - self.without), Verdict.INVALID if firm else Verdict.DEGRADED),
        )

    def _besides_connecting(self) -> Effect:
        """The effect without a new connection's own work, which every machine has: the CPU time of its handshake, and
        up to `MOMENT` of delay for the messages on the way."""
        delay = self.parts["connect_delay"]
        moment = min(delay, MOMENT)
        work = self.parts["handshake_cpu"] + moment
        share = self.share * (1 - work / self.own) if self.own else 0.0
        left = min(self.value, self.without + round(work))
        parts = {**self.parts, "handshake_cpu": 0.0, "connect_delay": delay - moment}
        return replace(self, share=share, without=left, parts=parts)

    def to_result(self) -> result.Effect:
        """As a result has it, in ms."""
        return result.Effect(
            phase=self.phase,
            cycle=self.cycle,
            step=self.step,
            quantile=self.quantile,
            slowest=self.slowest,
            requests=self.count,
            of=self.of,
            share=round(self.share, 6),
            at_least=self.at_least,
            parts_ms={name: round(ns / MILLISECOND, 6) for name, ns in self.parts.items()},
            quantile_ms=round(self.value / MILLISECOND, 6),
            without_ms=round(self.without / MILLISECOND, 6),
            verdict=self.verdict.word,
        )


def _verdict(share: float, own: float) -> Verdict:
    graded = SHARE.grade(share)
    return max(min(graded, FLOOR.grade(own)), Verdict.DEGRADED if graded is Verdict.INVALID else Verdict.VALID)


def effects_of(parts: Iterable[tuple[Place, Shares]], held_back: bool = False) -> list[Effect]:
    """The effects, from the ok exchanges and the timeouts of each step of each run of a phase. Steps with too few
    exchanges are taken together; if these are still too few, they have no effect. `held_back`: `sign` is mostly not
    this machine's."""
    every: list[Effect] = []
    few = Shares()
    for place, shares in parts:
        if effects := _effects(place, shares, held_back):
            every += effects
        else:
            few.add(shares)
    return every + _effects(TOGETHER, few, held_back)


def ranked(effects: Iterable[Effect]) -> list[Effect]:
    """The effects, the worst first."""
    return sorted(effects, key=lambda effect: (-effect.verdict, -effect.greatest))


def _effects(place: Place, shares: Shares, held_back: bool) -> list[Effect]:
    count, sums = shares.count, shares.sums
    if count < TAILS[0][1].start:
        return []
    own = attribution.own(attribution.net(sums, held_back))
    own_shares = own / np.maximum(sums[:, Part.WHOLE], 1)
    stamped = int(sums[:, Part.STAMPED].sum()) >= MOSTLY_STAMPED * count
    effects = []
    for quantile, counts in TAILS:
        if count in counts:
            tail = max(LEAST, count - rank(fraction(quantile), count))
            taken = _inside(sums[:, Part.COUNT], tail)
            times = attribution.net((taken / sums[:, Part.COUNT]) @ sums / tail, held_back)
            parts = {part.name.lower(): float(times[part]) for part in attribution.OWN}
            values = _quantiles(sums, own, fraction(quantile))
            share = float(taken @ own_shares) / tail
            effects.append(Effect(*place, quantile, tail, count, share, parts, *values, not stamped))
    return effects


def _inside(counts: Integers, tail: int) -> Integers:
    """How many of each counter's exchanges are among the slowest `tail`."""
    beyond = np.cumsum(counts[::-1])[::-1] - counts
    inside: Integers = np.clip(tail - beyond, 0, counts)
    return inside


def _quantiles(sums: Integers, own: Integers, p: Fraction) -> tuple[int, int]:
    """The quantile of the times, and the quantile of the times without this machine's part, which is the mean of each
    counter."""
    counts, whole = sums[:, Part.COUNT], sums[:, Part.WHOLE]
    position = rank(p, int(counts.sum()))
    left = (whole - own) // counts
    order = np.argsort(left)
    at = int(np.searchsorted(np.cumsum(counts), position))
    before = order[np.searchsorted(np.cumsum(counts[order]), position)]
    return int(whole[at] // counts[at]), int(left[before])
