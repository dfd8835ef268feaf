"""Thresholds in thousands of runs: how often a target whose true p99, or share of errors, is so many times the limit
passes, fails and stays undecided.

`python tests/simulations/test_thresholds.py` makes the tables: of the figure compared with the limit, as it was once;
of its interval; and of the counts, as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from promises import at_least, at_most, note, seeds
from streams import Floats, Stream, bins, independent, queue, random

from loadgen.stats import fraction
from loadgen.stats import looks as planned
from loadgen.stats.bins import Bins
from loadgen.stats.intervals import Interval
from loadgen.stats.shares import CONFIDENCE, Share, overdispersion, share_of, together

P99 = fraction("p99")
ALLOWED = float(1 - P99)
DISTANCES = (0.4, 0.8, 1.0, 1.25, 2.5)  # the true p99, in limits
STREAMS = [independent(200), queue(0.6, 500), queue(0.7, 500), queue(0.7, 200)]
LENGTHS = (20, 60)
STATUS = {"below": "passed", "above": "failed", "undecided": "undecided"}

Rule = Callable[[Bins, int], str]


def by_figure(run: Bins, limit: int) -> str:
    value = run.measured.quantile(P99)
    return "passed" if value is not None and value < limit else "failed"


def by_interval(run: Bins, limit: int) -> str:
    interval = run.interval(P99)
    if not isinstance(interval, Interval) or interval.high is None or interval.low < limit <= interval.high:
        return "undecided"
    return "passed" if interval.high < limit else "failed"


def share(run: Bins, limit: int, confidence: float = CONFIDENCE) -> Share:
    own = run.measured.quantile(P99)
    assert own is not None
    return share_of(run.counts, run.beyond(limit), confidence, overdispersion(run.counts, run.beyond(own)))


def by_counts(run: Bins, limit: int, confidence: float = CONFIDENCE) -> str:
    return STATUS[share(run, limit, confidence).decided(ALLOWED, confidence)]


RULES: dict[str, Rule] = {"figure": by_figure, "interval": by_interval, "counts": by_counts}


def judged(rules: dict[str, Rule], stream: Stream, length: int, tried: range) -> dict[str, dict[float, Counter[str]]]:
    """By rule and distance, how often each status came."""
    found: dict[str, dict[float, Counter[str]]] = {rule: {of: Counter() for of in DISTANCES} for rule in rules}
    truth = stream.truth("p99")
    for seed in tried:
        run = bins(*stream.draw(random(61, seed), length), length)
        for distance in DISTANCES:
            for name, rule in rules.items():
                found[name][distance][rule(run, int(truth / distance))] += 1
    return found


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_counts_decide_what_a_run_can_know(stream: Stream) -> None:
    """A target at its limit seldom passes, one beyond it hardly ever; one well within it passes, if the run is long
    enough to know, and never fails."""
    for length in LENGTHS:
        tried = seeds(60 if length == 20 else 30, 2000)
        found = judged({"counts": by_counts}, stream, length, tried)["counts"]
        note("thresholds", {"stream": stream.name, "length": length, **{str(d): dict(of) for d, of in found.items()}})
        assert at_most(0.11, found[1.0]["passed"], len(tried)), found[1.0]  # of the shortest run with the fewest
        assert at_most(0.03, found[1.0]["failed"], len(tried)), found[1.0]
        assert at_most(0.02, found[1.25]["passed"], len(tried)), found[1.25]
        assert found[2.5]["passed"] == found[0.4]["failed"] == 0
        assert at_least(0.9, found[2.5]["failed"], len(tried)), found[2.5]
        least = 0.7 if length == 60 else 0.3
        assert at_least(0.99 if stream is STREAMS[0] else least, found[0.4]["passed"], len(tried)), found[0.4]


def test_the_figure_alone_passes_half_of_what_is_at_the_limit() -> None:
    tried = seeds(24, 2000)
    found = judged({"figure": by_figure}, STREAMS[2], 20, tried)["figure"]
    assert found[1.0]["passed"] / len(tried) > 0.35, "why counts"


@pytest.mark.parametrize("distance", [0.4, 1.0])
def test_a_run_that_goes_on_until_it_is_decided_is_as_seldom_wrong(distance: float) -> None:
    """It looks after 20, 40, 80 and 160 s, at the levels that are planned for that."""
    stream, tried, looks = STREAMS[2], seeds(20, 1000), planned.times(20, 160)
    limit, found, lasted = int(stream.truth("p99") / distance), Counter[str](), 0
    for seed in tried:
        drawn = stream.draw(random(65, seed), looks[-1])
        for look, level in zip(looks, planned.levels(looks), strict=True):
            status = by_counts(bins(*drawn, look), limit, 1 - level)
            if status != "undecided" or look == looks[-1]:
                break
        found[status] += 1
        lasted += look
    note("until decided", {"distance": distance, **found, "seconds": lasted / len(tried), "of": len(tried)})
    assert at_most(0.1, found["passed"] if distance == 1 else 0, len(tried)), found
    assert at_most(0.05, found["failed"], len(tried)), found
    if distance < 1:
        assert at_least(0.95, found["passed"], len(tried)) and lasted / len(tried) < 60, (found, lasted)


# cycles and rounds


@pytest.mark.parametrize("parts", [2, 4])
def test_cycles_are_together_as_seldom_wrong_as_one(parts: int) -> None:
    """A target at its limit: any of its cycles fails."""
    tried, alarms = seeds(24, 2000), 0
    truth = int(STREAMS[0].truth("p99"))
    for seed in tried:
        runs = [bins(*STREAMS[0].draw(random(62, seed, part), 20), 20) for part in range(parts)]
        alarms += any(share(run, truth, 1 - 0.05 / parts).decided(ALLOWED, 1 - 0.05 / parts) == "above" for run in runs)
    note("cycles", {"parts": parts, "failed": alarms, "of": len(tried)})
    assert at_most(0.03, alarms, len(tried)), alarms


@pytest.mark.parametrize("sd", [0.0, 0.5])
def test_rounds_that_differ_are_not_taken_for_requests(sd: float) -> None:
    """Ten rounds of 2,000 requests whose share beyond the limit is, on the average of rounds, what is allowed: it
    differs from round to round by so much (a standard deviation of logarithms)."""
    found, single = Counter[str](), Counter[bool]()
    tried = seeds(120, 20_000)
    for seed in tried:
        dice = random(63, seed)
        shares = ALLOWED * np.exp(sd * dice.standard_normal(10) - sd**2 / 2)
        rounds = [Share(2000, int(dice.binomial(2000, of))) for of in shares]
        found[together(rounds).decided(ALLOWED)] += 1
        single[any(of.decided(ALLOWED) == "above" for of in rounds)] += 1
    note("rounds", {"sd": sd, **found, "any round failed": single[True], "of": len(tried)})
    assert at_most(0.05 if sd == 0 else 0.1, found["below"], len(tried)), found
    assert at_most(0.03, found["above"], len(tried)), found
    assert single[True] > 2 * found["above"], "why not any round"


# errors


def failing(dice: np.random.Generator, rate: float, length: int, share: float, outage: float) -> tuple[Floats, Floats]:
    """Requests and failures of each second. They fail by chance; or all at once, in outages of so many seconds."""
    counts = dice.poisson(rate, length)
    if not outage:
        return counts, dice.binomial(counts, share)
    down = np.zeros(length)
    for start in dice.uniform(-outage, length, dice.poisson(share / outage * (length + outage))):
        edges = np.clip(np.arange(length + 1), start, start + outage)
        down += np.diff(edges)
    return counts, dice.binomial(counts, np.minimum(down, 1))


def of_errors(counts: Floats, failed: Floats, allowed: float) -> dict[str, str]:
    found = share_of(counts, failed)
    tested = STATUS[found.decided(allowed)]
    return {
        "compared": "passed" if found.value < allowed else "failed",
        "tested": tested,
        "tested, none passes": "passed" if found.beyond == 0 else tested,
    }


def errors(requests: int, outage: float, tried: range) -> dict[str, dict[float, Counter[str]]]:
    """Of an `errors < 1%`, by rule and by the true share of errors in limits."""
    length = 20
    found: dict[str, dict[float, Counter[str]]] = {}
    for seed in tried:
        for times in (0.0, 0.1, 0.4, 1.0, 2.5):
            dice = random(64, seed)
            drawn = failing(dice, requests / length, length, 0.01 * times, outage)
            for rule, status in of_errors(*drawn, 0.01).items():
                found.setdefault(rule, {}).setdefault(times, Counter())[status] += 1
    return found


@pytest.mark.parametrize("requests", [200, 4000])
def test_no_failure_passes_and_a_few_are_no_verdict(requests: int) -> None:
    tried = seeds(50, 2000)
    found = errors(requests, 0, tried)
    note(
        "errors",
        {"requests": requests, **{name: {str(d): dict(of) for d, of in by.items()} for name, by in found.items()}},
    )
    mine = found["tested, none passes"]
    assert mine[0.0] == {"passed": len(tried)}, "however few they are"
    assert mine[0.1]["failed"] == 0
    assert at_most(0.03, mine[1.0]["failed"], len(tried)), mine[1.0]
    assert at_most(0.15 if requests == 200 else 0.03, mine[1.0]["passed"], len(tried)), mine[1.0]
    assert found["compared"][0.4]["failed"] >= mine[0.4]["failed"]


def table() -> None:
    tried = range(1000)
    print("passed / undecided / failed, of 100 runs; the true p99 in limits:", *DISTANCES)
    for stream in STREAMS:
        for length in LENGTHS:
            for rule, by in judged(RULES, stream, length, tried).items():
                print(f"| {stream.name} | {length} s | {rule} | {_cells(by, len(tried))} |")
    print("errors < 1%, the true share in limits: 0, 0.1, 0.4, 1, 2.5; 20 s")
    for outage in (0, 1.0):
        for requests in (200, 1000, 12_000):
            for rule, by in errors(requests, outage, tried).items():
                print(f"| {requests:,} | {'outages of 1 s' if outage else 'by chance'} | {rule} | {_cells(by, 1000)} |")


def _cells(by: dict[float, Counter[str]], number: int) -> str:
    words = ("passed", "undecided", "failed")
    return " | ".join(" / ".join(f"{100 * of[word] / number:.0f}" for word in words) for of in by.values())


if __name__ == "__main__":
    table()
