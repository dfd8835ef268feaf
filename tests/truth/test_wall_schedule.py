"""What leaves, and when, against the plan: by the packets' own stamps (8, 9, 11)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from program import FULL

from loadgen.clock import MILLISECOND, SECOND
from loadgen.pacing import Schedule
from loadgen.profile.rate import LinearRate
from truth.wall import DIGITS, RARE, Seen, quantile, watch

pytestmark = pytest.mark.real

SEED = 1


def at_random(rate: int, number: int) -> list[int]:
    """When the iterations of the only phase are due, in ns. What they are is tested elsewhere, in virtual time."""
    schedule = Schedule(LinearRate(rate, rate), number * SECOND // rate, True, (SEED, 0, 0, 0), number)
    return [int(due) for block in schedule.blocks() for due in block]


def evenly(rate: int, number: int) -> list[int]:
    return [i * SECOND // rate for i in range(number)]


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


def leave_as_planned(seen: Seen, late: list[float], due: list[int]) -> None:
    """At no time are more than 2 % of all behind the plan, but for those that were due while this machine stood still
    by its own word."""
    stood_still = (seen.latency()["lag"]["max"] + seen.latency()["wait"]["max"]) * MILLISECOND / due[-1]
    assert kolmogorov(late, due) < 0.02 + stood_still


def told(seen: Seen, late: list[float]) -> None:
    """The lag that the run tells is that of the packets: none that was not, and all that was. One in a thousand is left
    out of the waits, and one of the ways from the clock into the kernel; how long the first one's was is not known."""
    ordered, lag, wait = sorted(late), seen.latency()["lag"], seen.latency()["wait"]
    for name, p in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        assert lag[name] * DIGITS <= quantile(ordered, p) + 0.1, name
        assert quantile(ordered, p - 2 * RARE) <= lag[name] + (wait["p99.9"] or wait["max"]) + 0.5, name


def test_random_arrivals_leave_as_planned(tmp_path: Path) -> None:
    rate, seconds = 2000, 60 if FULL else 4
    due = at_random(rate, rate * seconds)
    phases = f"{{name: a, rate: {rate}/s, iterations: {len(due)}}}"
    # opened before: a connect would lie between the release and the request
    seen = watch(tmp_path, {"service": "5ms"}, phases, f"seed: {SEED}\nsession: {{connections: 300}}")
    late = departures(seen, due)
    leave_as_planned(seen, late, due)
    told(seen, late)


@pytest.mark.parametrize("rate", [100, 1000])
def test_even_arrivals_leave_evenly(tmp_path: Path, rate: int) -> None:
    seconds = 30 if FULL else 4
    phases = f"{{name: a, rate: {rate}/s, iterations: {rate * seconds}, arrivals: constant}}"
    seen = watch(tmp_path, {"service": "5ms"}, phases, f"seed: {SEED}\nsession: {{connections: 200}}")
    late = departures(seen, evenly(rate, rate * seconds))
    assert seen.ran.phases["a"]["iterations"]["started"] == rate * seconds, "all of them: the promise is 0.1 %"
    told(seen, late)
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
    due = evenly(rate, rate * seconds)
    late = departures(seen, due)
    leave_as_planned(seen, late, due)
    told(seen, late)
    first = seen.rows[0]["received_ns"]
    for tenth in range(2, 20):
        at = first + round((begins + tenth / 10) * SECOND)
        open_now = sum(row["received_ns"] <= at < row["sent_ns"] for row in seen.rows)
        assert open_now == pytest.approx(rate * tenth / 10, rel=0.01, abs=5 + rate * max(late) / 1000)
