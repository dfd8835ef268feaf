"""Intervals of thousands of runs: how often they hold the truth. `python tests/simulations/test_coverage.py` prints the
table of docs/evidence.md.

Promised wherever a phase takes 20 times as long as what befalls its requests together, and half of the runs get a full
interval at all: 93 to 99 % of those hold. A shorter phase cannot know, and says so; what holds then is in the table.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from promises import FULL, at_least, at_most, note, seeds
from streams import Stream, bins, cold_starts, independent, modulated, queue, ramp, random, stalls

from loadgen.stats import fraction
from loadgen.stats.bins import Bins
from loadgen.stats.intervals import SEEN, Interval, NoInterval
from loadgen.stats.looks import times

FIGURES = ("p50", "p90", "p99", "p99.9", "mean")
STREAMS = [
    independent(500), queue(0.3, 500), queue(0.7, 500), queue(0.9, 500), queue(0.9, 50), modulated(3, 200),
    modulated(10, 200), cold_starts(300, 2), cold_starts(300, 4), stalls(300, 3.7, 0.1), ramp(100, 500, 3),
]  # fmt: skip
SHORT = [independent(500), queue(0.7, 500), modulated(0.5, 200), ramp(100, 500, 3)]
LENGTHS = (3, 5, 10, 20, 30, 60, 120, 200, 300)


@dataclass
class Tally:
    given: int = 0
    wrong: int = 0


def interval_of(run: Bins, figure: str, confidence: float = 0.95) -> Interval | NoInterval:
    if figure == "mean":
        return run.mean_interval(confidence)
    return run.interval(fraction(figure), confidence)


def holds(found: Interval, truth: float) -> bool:
    return found.low <= truth and (found.high is None or truth <= found.high)


def tallies(stream: Stream, length: int, tried: Sequence[int]) -> dict[str, Tally]:
    """The full intervals of each figure."""
    truths = {figure: stream.truth(figure) for figure in FIGURES}
    found = {figure: Tally() for figure in FIGURES}
    for seed in tried:
        run = bins(*stream.draw(random(seed), length), length, stream.ramp)
        for figure in FIGURES:
            interval = interval_of(run, figure)
            if isinstance(interval, Interval) and interval.kind == "full":
                found[figure].given += 1
                found[figure].wrong += not holds(interval, truths[figure])
    return found


@pytest.mark.parametrize("length", LENGTHS if FULL else (5, 20))
@pytest.mark.parametrize("stream", STREAMS if FULL else SHORT, ids=lambda stream: stream.name)
def test_intervals_hold_the_truth_as_often_as_they_say(stream: Stream, length: int) -> None:
    tried = seeds(40, 2000)
    found = tallies(stream, length, tried)
    note(stream.name, {f"{length} s {figure}": f"{tally.given} {tally.wrong}" for figure, tally in found.items()})
    for figure, tally in found.items():
        if length >= SEEN * stream.lasts and tally.given > len(tried) / 2:
            assert at_least(0.93, tally.given - tally.wrong, tally.given), (figure, tally)
            assert not FULL or tally.wrong >= 0.01 * tally.given, (figure, tally)


def test_requests_taken_to_be_independent_would_seem_certain_and_be_wrong() -> None:
    """Why overdispersion: the same latencies of a queue, dealt to its seconds at random, so that nothing hangs
    together."""
    stream, tried = queue(0.9, 500), seeds(20, 500)
    wrong = 0
    for seed in tried:
        due, latencies = stream.draw(random(seed), 60)
        found = interval_of(bins(due, random(seed).permutation(latencies), 60), "p50")
        assert isinstance(found, Interval)
        wrong += not holds(found, stream.truth("p50"))
    note("as if independent", {"p50 of a queue at 0.9": f"{wrong} of {len(tried)} wrong"})
    assert wrong / len(tried) > 0.6


@pytest.mark.parametrize(
    ("stream", "figure", "precision"),
    [(queue(0.5, 500), "p90", 0.1), (cold_starts(300, 2), "p50", 0.04)],
    ids=["a queue's p90 within 10 %", "p50 among cold starts within 4 %"],
)
def test_a_run_that_goes_on_until_it_is_precise_is_as_certain(stream: Stream, figure: str, precision: float) -> None:
    """It looks after 20, 40, 80 and 160 s at how wide a 95 % interval is."""
    tried = seeds(8, 1000)
    looks = times(20, 160)
    truth, wrong, early = stream.truth(figure), 0, 0
    for seed in tried:
        drawn = stream.draw(random(seed), looks[-1])
        for look in looks:
            run = bins(*drawn, look)
            found, value = interval_of(run, figure), run.measured.quantile(fraction(figure))
            assert value
            full = isinstance(found, Interval) and found.kind == "full"
            if full and (found.precision(value) <= precision or look == looks[-1]):
                wrong += not holds(found, truth)
                early += look < looks[-1]
                break
    note("until", {f"{stream.name} {figure}": f"{wrong} of {len(tried)} wrong, {early} early"})
    assert at_most(0.07, wrong, len(tried)), wrong / len(tried)
    assert early > len(tried) / 4


def table(runs: int, lengths: Sequence[int]) -> None:
    """The share of full intervals that hold, and in brackets of the runs that get one, both in %."""
    print(f"| stream | length | {' | '.join(FIGURES)} |")
    print(f"|---|---|{'---|' * len(FIGURES)}")
    for stream in STREAMS:
        for length in lengths:
            found = tallies(stream, length, range(runs))
            cells = [
                f"{100 * (of.given - of.wrong) / of.given:.1f} ({100 * of.given / runs:.0f})" if of.given else "-"
                for of in found.values()
            ]
            print(f"| {stream.name} | {length} s | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    table(int(sys.argv[1]), [int(length) for length in sys.argv[2:]] or LENGTHS)
