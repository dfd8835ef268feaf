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
from collections.abc import Iterable
from typing import Any

from loadgen.clock import MILLISECOND
from loadgen.exchange import REUSED, Outcome
from loadgen.experiment.variants import Arm, Run, label
from loadgen.record.metrics import Metric
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
Part = tuple[float, float | None]  # mean contribution and p50, in ns
Histograms = dict[tuple[int, bool], Histogram]  # by metric, and whether the connection was there already


def of_arm(arm: Arm, rounds: Iterable[int]) -> dict[Place, dict[str, Part]]:
    """What each part takes, as the mean over the rounds. Raises OSError and ValueError for what cannot be read."""
    found: dict[Place, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for number in rounds:
        for place, parts in _of_run(arm.runs[number]).items():
            for name, part in parts.items():
                found[place][name].append(part)
    return {place: {name: _mean(each) for name, each in parts.items()} for place, parts in found.items()}


def differences(
    named: dict[str, str], base: dict[Place, dict[str, Part]], other: dict[Place, dict[str, Part]]
) -> list[dict[str, Any]]:
    """An entry of a comparison's `parts` for each part that one of them has; `named` says of which two."""
    found = []
    for phase, step in (place for place in base if place in other):
        one, two = base[phase, step], other[phase, step]
        total = "response" if "response" in one else "service"
        for name in (total, *ADDING, *WITHIN):
            (mean, p50), (its_mean, its_p50) = one.get(name, (0.0, None)), two.get(name, (0.0, None))
            if mean or its_mean:
                adds = name in ADDING and not (total == "service" and name == "wait")
                entry = {**named, "phase": phase, "step": step, "part": name, "adds": adds}
                found.append(entry | _figures(mean, its_mean) | {"p50": _figures(p50, its_p50)})
    return found


def _figures(base: float | None, other: float | None) -> dict[str, float | None]:
    difference = None if base is None or other is None else other - base
    named = {"baseline_ms": base, "variant_ms": other, "difference_ms": difference}
    return {name: None if value is None else round(value / MILLISECOND, 6) for name, value in named.items()}


def _of_run(run: Run) -> dict[Place, dict[str, Part]]:
    """The parts of each step; cycles have the weight of their requests."""
    slots: dict[int, Histograms] = defaultdict(dict)
    measured = {one.number for one in run.plan.runs if one.measured}
    steps = len(run.plan.steps)
    for counts in read_counts(
        run.folder / "intervals.jsonl",
        lambda key, metric: key.outcome == Outcome.OK and metric in WANTED and key.slot // steps in measured,
    ):
        for (_, key, metric), histogram in counts.items():
            slots[key.slot].setdefault((metric, key.connection == REUSED), Histogram()).add(histogram)
    cycles: dict[Place, list[Histograms]] = defaultdict(list)
    named = [{"scenario": scenario, "step": step} for scenario, step in run.plan.steps]
    for slot, histograms in sorted(slots.items()):
        one, _ = run.plan.of_slot(slot)
        cycles[one.name, label(named[slot % steps], named)].append(histograms)
    return {place: _parts(each) for place, each in cycles.items()}


def _parts(cycles: list[Histograms]) -> dict[str, Part]:
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
    return {name: (value / count if count else 0.0, typical.get(name)) for name, value in sums.items()}


def _p50(cycles: list[Histograms], metric: Metric, reused: tuple[bool, ...] = (False, True)) -> float | None:
    """The mean of the cycles' medians."""
    found = []
    for cycle in cycles:
        whole = Histogram()
        for way in reused:
            whole.add(cycle.get((metric, way), Histogram()))
        if (median := whole.quantile(fraction("p50"))) is not None:
            found.append(median)
    return math.fsum(found) / len(found) if found else None


def _mean(parts: list[Part]) -> Part:
    medians = [median for _, median in parts if median is not None]
    return math.fsum(mean for mean, _ in parts) / len(parts), math.fsum(medians) / len(medians) if medians else None
