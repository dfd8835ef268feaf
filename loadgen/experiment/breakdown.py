"""Where a difference comes from: what each part of a request takes of the mean, by phase and step.

Of ok requests, exactly, in each run:

    response = ours + wait + connect + service_new + service_reused + build

`ours` is lag, sign without what is built in it, wait delay and client delay; `service_new` and `service_reused` are
what is left of the service without the connect and the client delay, on a connection that was opened for the request
and on one that was there. Each is a contribution: its sum over the number of all requests, whether they had that part
or not. So the differences of the parts add up to the difference of the mean. A closed load has no response: its parts
add up to the service, and wait and what comes before it are beside. dns, tcp, tls, our CPU and our delay are within
connect.

Where there are timeouts, the parts still add up to the mean of the ok ones, which is then not all of it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from loadgen.analysis.latency import milliseconds
from loadgen.clock import MILLISECOND
from loadgen.exchange import REUSED, Outcome
from loadgen.experiment.pairing import Pair
from loadgen.experiment.variants import Run, Variant, label
from loadgen.record.metrics import Metric
from loadgen.result.experiment import Part, PartMedian
from loadgen.stats import Histogram, fraction
from loadgen.store import read_counts

ADDING = ("ours", "wait", "connect", "service_new", "service_reused", "build")
WITHIN = {
    "dns": Metric.DNS, "tcp": Metric.TCP, "tls": Metric.TLS, "handshake_cpu": Metric.HANDSHAKE_CPU,
    "connect_delay": Metric.CONNECT_DELAY,
}  # fmt: skip
# what has a distribution of its own (that of service_reused with the client delay): percentiles of what is taken
# together or apart are not to be had
WHOLE = {"wait": Metric.WAIT, "connect": Metric.CONNECT, "build": Metric.BUILD, **WITHIN}
WANTED = frozenset(
    (*WHOLE.values(), Metric.RESPONSE, Metric.SERVICE, Metric.LAG, Metric.SIGN, Metric.WAIT_DELAY, Metric.CLIENT_DELAY)
)

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
                adds = name in ADDING and not (whole == "service" and name == "wait")
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
    def total(metric: Metric, reused: tuple[bool, ...] = (False, True)) -> int:
        return sum(cycle[metric, way].total for cycle in cycles for way in reused if (metric, way) in cycle)

    count = sum(
        cycle[Metric.SIGN, way].count for cycle in cycles for way in (False, True) if (Metric.SIGN, way) in cycle
    )
    scheduled = any((Metric.RESPONSE, way) in cycle for cycle in cycles for way in (False, True))
    build, delay = total(Metric.BUILD), total(Metric.CLIENT_DELAY)
    behind = total(Metric.WAIT_DELAY) if scheduled else 0
    sums = {
        "response" if scheduled else "service": total(Metric.RESPONSE if scheduled else Metric.SERVICE),
        "ours": delay + (total(Metric.LAG) + total(Metric.SIGN) - build + behind if scheduled else 0),
        "service_reused": total(Metric.SERVICE, (True,)) - total(Metric.CLIENT_DELAY, (True,)),
        "service_new": total(Metric.SERVICE, (False,)) - total(Metric.CONNECT) - total(Metric.CLIENT_DELAY, (False,)),
        **{name: total(metric) for name, metric in WHOLE.items()},
    }
    sums["wait"] -= behind
    typical = {name: _p50(cycles, metric) for name, metric in WHOLE.items()}
    typical["response"], typical["service"] = _p50(cycles, Metric.RESPONSE), _p50(cycles, Metric.SERVICE)
    typical["service_reused"] = _p50(cycles, Metric.SERVICE, (True,))
    return {name: Contribution(value / count if count else 0.0, typical.get(name)) for name, value in sums.items()}


def _p50(cycles: list[Histograms], metric: Metric, reused: tuple[bool, ...] = (False, True)) -> float | None:
    """The mean of the cycles' medians."""
    medians = []
    for cycle in cycles:
        whole = Histogram()
        for way in reused:
            whole.add(cycle.get((metric, way), Histogram()))
        if (median := whole.quantile(fraction("p50"))) is not None:
            medians.append(median)
    return math.fsum(medians) / len(medians) if medians else None


def _mean(rounds: list[Contribution]) -> Contribution:
    medians = [part.median for part in rounds if part.median is not None]
    mean = math.fsum(part.mean for part in rounds) / len(rounds)
    return Contribution(mean, math.fsum(medians) / len(medians) if medians else None)
