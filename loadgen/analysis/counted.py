"""What the limits of thresholds are compared with: how many requests were beyond them, second by second."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loadgen.analysis.build import Measured
from loadgen.analysis.per_second import Beyond, Failures, Figure, Tails, gather
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.record.packed import Counts

# a request that was not answered is beyond every limit, as a timeout is
UNANSWERED = (Outcome.REFUSED, Outcome.RESET, Outcome.TLS, Outcome.DNS, Outcome.CANCELLED, Outcome.LOST)

Limits = Mapping[Figure, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of a run. `latencies` has each figure that has any, with a row of `beyond` for each of its limits;
    `errors` each run of a phase that was asked for, with those that were not ok."""

    latencies: Mapping[Figure, Tails]
    errors: Mapping[int, Tails]

    @classmethod
    def of(cls, source: Iterable[Counts], plan: Plan, limits: Limits, errors: Collection[int]) -> Counted:
        if not limits and not errors:
            return cls({}, {})
        latencies, failures = Beyond(plan, limits, UNANSWERED), Failures(plan, errors)
        gather(source, latencies, failures)
        return cls(latencies.tails(), failures.tails())

    @classmethod
    def read(
        cls, measured: Measured, seconds: Iterable[Counts] | None, limits: Limits, errors: Collection[int]
    ) -> Counted:
        """From the counts in the run's folder. Without one that can be read, all of a phase counts as one second, from
        which nobody can tell how requests come together."""
        if seconds is not None:
            try:
                return cls.of(seconds, measured.plan, limits, errors)
            except (OSError, ValueError):
                pass
        whole = cls.of([_recorded(measured)], measured.plan, limits, errors)
        return cls(
            {figure: _in_one(tails) for figure, tails in whole.latencies.items()},
            {run: _in_one(tails) for run, tails in whole.errors.items()},
        )


def _recorded(measured: Measured) -> Counts:
    histograms = measured.recording.histograms.items()
    return Counts.of_histograms({(0, key, metric): of for (key, metric), of in histograms if of.count})


def _in_one(tails: Tails) -> Tails:
    return Tails(np.array([tails.count.sum()]), tails.beyond.sum(axis=1, keepdims=True))
