"""Rounds drawn again: how much of their spread lies within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.histogram import OVERFLOW, Integers, bounds_of, fraction
from loadgen.stats.looks import ALPHA
from loadgen.stats.seconds import Seconds

BLOCKS = 20  # that a run is cut into: its seconds hang together, so that they are not drawn one by one
WITHIN = 200  # times that each round is drawn again
REPEATS = 2000  # times that all of them are

Stream = np.random.Generator


@dataclass(frozen=True, slots=True)
class Drawn:
    """Of one figure's mean log ratio over rounds: the bootstrap's interval, as a ratio, and the variance of a round's
    log ratio that comes from within it."""

    low: float
    high: float
    within: float

    def between(self, sd: float) -> float:
        """The share of the rounds' variance that does not come from within: where it is most of it, more rounds help,
        and longer ones do not."""
        return max(0.0, 1 - self.within / sd**2) if sd else 0.0


def hierarchical(
    rounds: Sequence[tuple[Seconds, Seconds]], figures: Sequence[str], seed: int, level: float = ALPHA
) -> dict[str, Drawn]:
    """For each figure (`p99`, `mean`): rounds of (baseline, variant) drawn again, and blocks of seconds within each of
    them, the same in both, as both had the same arrivals.

    This interval is shown beside that of `comparison`, and carries no verdict: where the rounds themselves differ it is
    too narrow (91 % for 6 rounds), where they do not it counts what is within them twice. A censored value is taken for
    what it is greater than.
    """
    stream = np.random.Generator(np.random.PCG64(seed))
    tables = np.stack([_round(base, variant, figures, stream) for base, variant in rounds])
    chosen = stream.integers(len(rounds), size=(REPEATS, len(rounds)))
    drawn = tables[chosen, stream.integers(WITHIN, size=chosen.shape)].mean(axis=1)
    ends = np.exp(np.quantile(drawn, [level / 2, 1 - level / 2], axis=0))
    within = tables.var(axis=1, ddof=1).mean(axis=0)
    return {
        name: Drawn(float(ends[0, i]), float(ends[1, i]), float(within[i])) for i, name in enumerate(figures)
    }  # fmt: skip


def _round(base: Seconds, variant: Seconds, figures: Sequence[str], stream: Stream) -> Floats:
    """Log ratios of a round drawn again, shape (WITHIN, figures)."""
    blocks = min(BLOCKS, len(base.values), len(variant.values))
    weights = stream.multinomial(blocks, np.full(blocks, 1 / blocks), size=WITHIN).astype(np.float64)
    return _logs(variant, figures, weights) - _logs(base, figures, weights)


def _logs(run: Seconds, figures: Sequence[str], weights: Floats) -> Floats:
    """Logarithms of the run's figures when its blocks have these weights, shape (draws, figures)."""
    starts = np.linspace(0, len(run.values), weights.shape[1] + 1).round().astype(np.int64)[:-1]
    values, table = _dense(run, starts)
    within = np.cumsum(weights @ table, axis=1)
    counts = within[:, -1]
    # all draws as one ascending row, each above the one before, so that a rank is found by bisection
    above = np.arange(len(weights)) * (counts.max() + 1)
    line = (within + above[:, None]).ravel()
    first = np.arange(len(weights)) * len(values)
    found = np.empty((len(weights), len(figures)))
    for i, name in enumerate(figures):
        if name == "mean":
            found[:, i] = weights @ np.add.reduceat(run.totals, starts) / np.maximum(counts, 1)
        else:
            ranks = np.maximum(1, np.ceil(float(fraction(name)) * counts * (1 - 1e-15)))
            at = np.searchsorted(line, ranks + above) - first
            found[:, i] = values[np.clip(at, 0, len(values) - 1)]
    return np.log(np.maximum(found, 1.0))


def _dense(run: Seconds, starts: Integers) -> tuple[Floats, Floats]:
    """The values (ns) of the counters that were hit, and how often, shape (blocks, counters); the last is of what is
    censored."""
    columns = run.seen.index
    table = np.zeros((len(starts), len(columns) + 1))
    blocks = np.searchsorted(starts, np.arange(len(run.values)), "right") - 1
    for block, each in zip(blocks.tolist(), run.values, strict=True):
        table[block, np.searchsorted(columns, each.index)] += each.counts
    for block, each in zip(blocks.tolist(), run.censored, strict=False):
        table[block, -1] += each.count
    _, tops = bounds_of(columns)
    tops = np.where(columns >= OVERFLOW, run.seen.most, np.minimum(tops, run.seen.most))
    return np.append(tops, max(run.seen.most, run.late.least)).astype(np.float64), table
