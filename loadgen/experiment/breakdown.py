"""Where a difference comes from: what each part of a request takes of the mean, by phase and step.

Of ok requests, exactly, in each run, by the table of `record.attribution`:

    response = ours + wait + connect + service_new + service_reused + build

`ours` is this machine's time; `service_new` and `service_reused` are the target's and the network's, on a connection
that was opened for the request and on one that was there. Each is a contribution: its sum over the number of all
requests, whether they had that part or not. So the differences of the parts add up to the difference of the mean. A
closed load has no response: its parts add up to the service, and wait and build are beside it. dns, tcp and tls lie
within the connect as the client timed it; our handshake CPU and connect delay are within ours.

Where there are timeouts, the parts still add up to the mean of the ok ones, which is then not all of it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from loadgen.analysis.latency import milliseconds
from loadgen.clock import MILLISECOND
from loadgen.exchange import REUSED, Outcome
from loadgen.experiment.pairing import Pair
from loadgen.experiment.variants import Run, Variant, label
from loadgen.record.attribution import TABLE, net, own
from loadgen.record.metrics import Metric
from loadgen.record.share import Part as Share
from loadgen.result.experiment import Part, PartMedian
from loadgen.stats import Histogram, fraction
from loadgen.store import read_counts

ADDING = ("ours", "wait", "connect", "service_new", "service_reused", "build")
WITHIN = {
    "dns": Metric.DNS, "tcp": Metric.TCP, "tls": Metric.TLS, "handshake_cpu": Metric.HANDSHAKE_CPU,
    "connect_delay": Metric.CONNECT_DELAY,
}  # fmt: skip
# what has a distribution of its own, of which a median can be had (that of connect and of service_reused with this
# machine's part)
TIMED = {"wait": Metric.WAIT, "connect": Metric.CONNECT, "build": Metric.BUILD, **WITHIN}
BESIDE = ("wait", "build")  # the service of a closed load
WANTED = frozenset(
    (*TIMED.values(), Metric.RESPONSE, Metric.SERVICE, Metric.LAG, Metric.SIGN, Metric.WAIT_DELAY, Metric.CLIENT_DELAY)
)

WAYS = (False, True)  # whether the connection was there already

Place = tuple[str, str]  # phase, step
Histograms = dict[tuple[int, bool], Histogram]  # by metric, and whether the connection was there already


class Contribution(NamedTuple):
    """What a part takes of the mean of all requests, and its median where it has a distribution of its own; in ns."""

    mean: float
    median: float | None


Parts = Mapping[Place, Mapping[str, Contribution]]
NOTHING = Contribution(0.0, None)


def of_variant(variant: Variant, rounds: Iterable[int]) -> Parts:
    """What each part takes, as the mean over the rounds. Raises OSError and ValueError for what cannot be read."""
    of_rounds: dict[Place, dict[str, list[Contribution]]] = defaultdict(lambda: defaultdict(list))
    for number in rounds:
        for place, parts in _of_run(variant.runs[number]).items():
            for name, part in parts.items():
                of_rounds[place][name].append(part)
    return {place: {name: _mean(each) for name, each in parts.items()} for place, parts in of_rounds.items()}


def differences(pair: Pair, baseline: Parts, variant: Parts) -> Iterator[Part]:
    """An entry of a comparison's `parts` for each part that one of them has."""
    for place in (place for place in baseline if place in variant):
        one, other = baseline[place], variant[place]
        whole = "response" if "response" in one else "service"
        for name in (whole, *ADDING, *WITHIN):
            both = one.get(name, NOTHING), other.get(name, NOTHING)
            if both[0].mean or both[1].mean:
                adds = name in ADDING and not (whole == "service" and name in BESIDE)
                yield _part(pair, place, name, adds, *both)


def _part(pair: Pair, place: Place, name: str, adds: bool, one: Contribution, other: Contribution) -> Part:
    medians = None if one.median is None or other.median is None else other.median - one.median
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
    )


def _ms(ns: float) -> float:
    return round(ns / MILLISECOND, 6)


def _of_run(run: Run) -> dict[Place, dict[str, Contribution]]:
    """The parts of each step; cycles have the weight of their requests."""
    slots: dict[int, Histograms] = defaultdict(dict)
    measured = {planned.number for planned in run.plan.runs if planned.measured}
    steps = len(run.plan.steps)
    for counts in read_counts(
        run.folder / "intervals.jsonl",
        lambda key, metric: key.outcome == Outcome.OK and metric in WANTED and key.slot // steps in measured,
    ):
        for (_, key, metric), histogram in counts.items():
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
        """Of the requests whose connection was there (`way`), or not: their times by `attribution.TABLE`."""
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
    """The mean of the cycles' medians."""
    medians = []
    for cycle in cycles:
        whole = Histogram()
        for way in ways:
            whole.add(cycle.get((metric, way), Histogram()))
        if (median := whole.quantile(fraction("p50"))) is not None:
            medians.append(median)
    return math.fsum(medians) / len(medians) if medians else None


def _mean(rounds: list[Contribution]) -> Contribution:
    medians = [part.median for part in rounds if part.median is not None]
    mean = math.fsum(part.mean for part in rounds) / len(rounds)
    return Contribution(mean, math.fsum(medians) / len(medians) if medians else None)
