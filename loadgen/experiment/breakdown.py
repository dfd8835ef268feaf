"""Where a difference comes from: how much of the mean each part of a request takes, by phase and step.

For the ok requests of each run, exactly, by the table of `record.attribution`:

    response = ours + wait + connect + service_new + service_reused + build

`ours` is this machine's time. `service_new` and `service_reused` are the time of the target and the network, on a
connection that was opened for the request and on one that was already open. Each part is its sum divided by the number
of all requests, also of those without that part. So the differences of the parts add up to the difference of the mean.
A closed load has no response: its parts add up to the service, without wait and build. dns, tcp and tls are parts of
the connect as the client timed it; the CPU time of our handshakes and the connect delay are parts of `ours`.

Over the rounds, the difference of each part has an interval by Student's t, as the difference of the mean has. If there
are timeouts, the parts add up to the mean of the ok requests, which is then not the mean of all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from loadgen.analysis.latency import milliseconds
from loadgen.clock import MILLISECOND
from loadgen.exchange import REUSED, Outcome
from loadgen.experiment.pairing import Pair
from loadgen.experiment.variants import Run, Variant, label
from loadgen.record.attribution import TABLE, net, own
from loadgen.record.metrics import Metric
from loadgen.record.recorder import SeriesKey
from loadgen.record.seconds import read_counts
from loadgen.record.share import Part as Share
from loadgen.result.experiment import Part, PartMedian
from loadgen.stats import Histogram, fraction
from loadgen.stats.comparison import ROUNDS
from loadgen.stats.paired import Student

ADDING = ("ours", "wait", "connect", "service_new", "service_reused", "build")
WITHIN = {
    "dns": Metric.DNS, "tcp": Metric.TCP, "tls": Metric.TLS, "handshake_cpu": Metric.HANDSHAKE_CPU,
    "connect_delay": Metric.CONNECT_DELAY,
}  # fmt: skip
# the parts that have a distribution of their own, and so a median; those of connect and of service_reused include this
# machine's part
TIMED = {"wait": Metric.WAIT, "connect": Metric.CONNECT, "build": Metric.BUILD, **WITHIN}
BESIDE = ("wait", "build")  # in a closed load these are not part of the service
WANTED = frozenset(
    (*TIMED.values(), Metric.RESPONSE, Metric.SERVICE, Metric.LAG, Metric.SIGN, Metric.WAIT_DELAY, Metric.CLIENT_DELAY)
)

WAYS = (False, True)  # whether the connection was already open

Place = tuple[str, str]  # phase, step
Histograms = dict[tuple[int, bool], Histogram]  # by metric, and whether the connection was already open


class Contribution(NamedTuple):
    """What a part takes of the mean of all requests, and its median if it has a distribution of its own; in ns."""

    mean: float
    median: float | None


Contributions = Sequence[Contribution]  # of a part, one for each round
Parts = Mapping[Place, Mapping[str, Contributions]]


def of_variant(variant: Variant, rounds: Iterable[int]) -> Parts:
    """What each part takes in each round. Raises OSError and ValueError if a run cannot be read."""
    of_rounds: dict[Place, dict[str, list[Contribution]]] = defaultdict(lambda: defaultdict(list))
    for number in rounds:
        for place, parts in _of_run(variant.runs[number]).items():
            for name, part in parts.items():
                of_rounds[place][name].append(part)
    return of_rounds


def differences(pair: Pair, baseline: Parts, variant: Parts, level: float) -> Iterator[Part]:
    """An entry of a comparison's `parts` for each part that at least one of the two variants has, with intervals of
    confidence 1 - level."""
    for place in (place for place in baseline if place in variant):
        whole = "response" if "response" in baseline[place] else "service"
        for name in (whole, *ADDING, *WITHIN):
            one, other = baseline[place].get(name, ()), variant[place].get(name, ())
            if any(part.mean for part in (*one, *other)):
                adds = name in ADDING and not (whole == "service" and name in BESIDE)
                yield _part(pair, place, name, adds, one, other, level)


def _part(
    pair: Pair, place: Place, name: str, adds: bool, baseline: Contributions, variant: Contributions, level: float
) -> Part:
    one, other = _mean(baseline), _mean(variant)
    medians = None if one.median is None or other.median is None else other.median - one.median
    low, high = None, None
    if len(baseline) == len(variant) == len(pair.rounds) >= ROUNDS:
        differences = [other.mean - one.mean for one, other in zip(baseline, variant, strict=True)]
        low, high = map(_ms, Student(np.array(differences)).interval(level))
    return Part(
        pair.variant.name,
        pair.baseline.name,
        *place,
        part=name,
        adds=adds,
        baseline_ms=_ms(one.mean),
        variant_ms=_ms(other.mean),
        difference_ms=_ms(other.mean - one.mean),
        p50=PartMedian(milliseconds(one.median), milliseconds(other.median), milliseconds(medians)),
        difference_low=low,
        difference_high=high,
    )


def _ms(ns: float) -> float:
    return round(ns / MILLISECOND, 6)


def _of_run(run: Run) -> dict[Place, dict[str, Contribution]]:
    """The parts of each step. A cycle counts by its number of requests."""
    slots: dict[int, Histograms] = defaultdict(dict)
    measured = {planned.number for planned in run.plan.runs if planned.measured}
    steps = len(run.plan.steps)

    def wanted(key: SeriesKey, metric: int) -> bool:
        return key.outcome == Outcome.OK and metric in WANTED and key.slot // steps in measured

    for counts in read_counts(run.folder):
        for (_, key, metric), histogram in counts.only(wanted).histograms():
            slots[key.slot].setdefault((metric, key.connection == REUSED), Histogram()).add(histogram)
    cycles: dict[Place, list[Histograms]] = defaultdict(list)
    scenarios = {scenario for scenario, _ in run.plan.steps}
    for slot, histograms in sorted(slots.items()):
        planned, (scenario, step) = run.plan.of_slot(slot)
        cycles[planned.name, label(scenario, step, scenarios)].append(histograms)
    return {place: _parts(each) for place, each in cycles.items()}


def _parts(cycles: list[Histograms]) -> dict[str, Contribution]:
    def total(metric: Metric, *ways: bool) -> int:
        return sum(cycle[metric, way].total for cycle in cycles for way in ways if (metric, way) in cycle)

    def sums(way: bool) -> list[int]:
        """The sums of the times by `attribution.TABLE`, over the requests with a connection of the kind `way`: True if
        it was already open."""
        times = dict.fromkeys(Share, 0) | {Share.WHOLE: total(whole, way)}
        for row in TABLE:
            if scheduled or row.part >= Share.CONNECT:
                times[row.part] = total(Metric[row.part.name], way)
        return list(times.values())

    count = sum(cycle[Metric.SIGN, way].count for cycle in cycles for way in WAYS if (Metric.SIGN, way) in cycle)
    scheduled = any((Metric.RESPONSE, way) in cycle for cycle in cycles for way in WAYS)
    whole = Metric.RESPONSE if scheduled else Metric.SERVICE
    parts = net(np.array([sums(way) for way in WAYS]))
    together = parts.sum(axis=0)
    contributions = {
        whole.word: total(whole, *WAYS),
        "ours": int(own(together)),
        "wait": int(together[Share.WAIT]) if scheduled else total(Metric.WAIT, *WAYS),
        "connect": int(together[Share.CONNECT]),
        "service_new": int(parts[0, Share.WHOLE]),
        "service_reused": int(parts[1, Share.WHOLE]),
        "build": total(Metric.BUILD, *WAYS),
        **{name: total(metric, *WAYS) for name, metric in WITHIN.items()},
    }
    medians = {name: _p50(cycles, metric) for name, metric in TIMED.items()}
    medians[whole.word] = _p50(cycles, whole)
    medians["service_reused"] = _p50(cycles, Metric.SERVICE, (True,))
    return {
        name: Contribution(value / count if count else 0.0, medians.get(name)) for name, value in contributions.items()
    }


def _p50(cycles: list[Histograms], metric: Metric, ways: tuple[bool, ...] = WAYS) -> float | None:
    """The mean of the medians of the cycles."""
    medians = []
    for cycle in cycles:
        whole = Histogram()
        for way in ways:
            whole.add(cycle.get((metric, way), Histogram()))
        if (median := whole.quantile(fraction("p50"))) is not None:
            medians.append(median)
    return math.fsum(medians) / len(medians) if medians else None


def _mean(rounds: Contributions) -> Contribution:
    medians = [part.median for part in rounds if part.median is not None]
    mean = math.fsum(part.mean for part in rounds) / len(rounds) if rounds else 0.0
    return Contribution(mean, math.fsum(medians) / len(medians) if medians else None)
