"""What leaves, and when, against the plan: by the packets' own stamps (8, 9, 11)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from program import FULL

from loadgen.clock import MILLISECOND, SECOND
from loadgen.pacing import Schedule
from truth.wall import DIGITS, RARE, Seen, quantile, watch

pytestmark = pytest.mark.real

SEED = 1


def planned(rate: float, seconds: int, poisson: bool) -> list[int]:
    """When the iterations of the only phase are due, in ns: what is tested elsewhere, in virtual time."""
    schedule = Schedule(rate, rate, seconds * SECOND, poisson, (SEED, 0, 0, 0), round(rate * seconds))
    return [int(due) for block in schedule.blocks() for due in block]


def departures(seen: Seen, due: list[int]) -> list[float]:
    """How much later than due each request was on the wire, in ms, by when it was due. The start of the run is not
    seen on the wire: it is taken from the least of them and the least lag that the run tells."""
    assert len(seen.wire) == len(due), "each one left, once"
    late = [(exchange.asked - at) / MILLISECOND for exchange, at in zip(seen.wire, due, strict=True)]
    shift = min(late) - seen.latency()["lag"]["min"]
    return [one - shift for one in late]


def kolmogorov(late: list[float], due: list[int]) -> float:
    """The greatest distance between the shares that were due and that had left, at any time."""
    left = sorted(at + one * MILLISECOND for at, one in zip(due, late, strict=True))
    n, gone, greatest = len(due), 0, 0
    for i, at in enumerate(due, 1):
        while gone < n and left[gone] <= at:
            gone += 1
        greatest = max(greatest, i - gone)
    return greatest / n


def test_random_arrivals_leave_as_planned(tmp_path: Path) -> None:
    rate, seconds = 2000, 60 if FULL else 4
    due = planned(rate, seconds, poisson=True)
    phases = f"{{name: a, rate: {rate}/s, iterations: {len(due)}}}"
    # opened before: a connect would lie between the release and the request
    seen = watch(tmp_path, {"service": "5ms"}, phases, f"seed: {SEED}\nsession: {{connections: 300}}")
    late, lag, wait = departures(seen, due), seen.latency()["lag"], seen.latency()["wait"]
    assert kolmogorov(late, due) < 0.02
    ordered = sorted(late)
    for name, p in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        assert lag[name] <= quantile(ordered, p) / DIGITS, "no lag is told that was not"
    # and what was is told: one in a thousand of the waits left out, and of the ways from the clock into the kernel
    assert quantile(ordered, 0.99 - 2 * RARE) <= lag["p99"] + wait["p99.9"] + 0.5


@pytest.mark.parametrize("rate", [100, 1000])
def test_even_arrivals_leave_evenly(tmp_path: Path, rate: int) -> None:
    seconds = 30 if FULL else 4
    phases = f"{{name: a, rate: {rate}/s, iterations: {rate * seconds}, arrivals: constant}}"
    seen = watch(tmp_path, {"service": "5ms"}, phases, f"seed: {SEED}")
    late = departures(seen, planned(rate, seconds, poisson=False))
    assert seen.ran.phases["a"]["iterations"]["started"] == rate * seconds, "all of them: the promise is 0.1 %"
    each = Counter(int((i * SECOND / rate + one * MILLISECOND) // SECOND) for i, one in enumerate(late))
    held_up = rate * max(late) / 1000  # which had to leave later
    for second in range(seconds):
        assert abs(each[second] - rate) <= 2 + held_up, second


def test_a_stall_of_the_target_holds_nothing_back(tmp_path: Path) -> None:
    """Requests leave as planned while nothing is answered, and their number in flight rises with the rate."""
    rate, seconds, begins, lasts = 300, 4, 1.0, 2.0
    settings = {"service": "5ms", "stalls": ({"at": f"{begins}s", "for": f"{lasts}s"},)}
    phases = f"{{name: a, rate: {rate}/s, iterations: {rate * seconds}, arrivals: constant}}"
    seen = watch(tmp_path, settings, phases, f"seed: {SEED}\nsession: {{connections: 900}}")
    due = planned(rate, seconds, poisson=False)
    late = departures(seen, due)
    assert kolmogorov(late, due) < 0.02
    assert max(late) <= seen.latency()["lag"]["max"] + seen.latency()["wait"]["max"] + 5, "none is timed anew"
    first = seen.rows[0]["received_ns"]
    for tenth in range(2, 20):
        at = first + round((begins + tenth / 10) * SECOND)
        open_now = sum(row["received_ns"] <= at < row["sent_ns"] for row in seen.rows)
        assert open_now == pytest.approx(rate * tenth / 10, rel=0.01, abs=5 + rate * max(late) / 1000)
