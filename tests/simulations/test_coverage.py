"""Intervals of thousands of runs: how often they hold the truth.

Promised wherever half of the runs get an interval at all: of runs of 50 seconds or more 93 % of those hold, of shorter
ones 90 %; where a quarter of them do, 88 %. And of all runs, 7 % at most get one that is wrong; of shorter ones, 10 %.
Of runs of 50 seconds or more it is 97.5 % at most over all figures of a stream, and 99 % for any figure: in full form,
as a few dozen runs cannot hold too often.

What moves it up: few events beyond a percentile, whose doubt is in the interval; that nothing is taken to vary less
than by chance alone; and that the ends are those of counters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from promises import FULL, at_least, at_most, note, seeds
from streams import Stream, cold_starts, independent, queue, ramp, random, seconds, stalls

from loadgen.stats import fraction
from loadgen.stats.intervals import Interval, NoInterval
from loadgen.stats.looks import levels, times
from loadgen.stats.seconds import Seconds

FIGURES = ("p50", "p90", "p99", "p99.9", "mean")
RAMPS = [ramp(100, 500, 3)]
STREAMS = [
    independent(500), queue(0.3, 500), queue(0.7, 500), queue(0.9, 500), queue(0.9, 3000), cold_starts(300, 2),
    cold_starts(300, 4), stalls(300, 3.7, 0.1), *RAMPS,
]  # fmt: skip
SHORT = [independent(500), queue(0.7, 500), cold_starts(300, 2), *RAMPS]


@dataclass
class Tally:
    given: int = 0
    wrong: int = 0


def interval_of(run: Seconds, figure: str, confidence: float = 0.95) -> Interval | NoInterval:
    if figure == "mean":
        return run.mean_interval(confidence)
    return run.interval(fraction(figure), confidence)


def holds(found: Interval, truth: float) -> bool:
    return found.low <= truth and (found.high is None or truth <= found.high)


def tallies(stream: Stream, lengths: Sequence[int], tried: range) -> dict[tuple[int, str], Tally]:
    """By length and figure. A run is looked at after each of the lengths: what it is by then is a run as well, but for
    a ramp, which is another for each."""
    truths = {figure: stream.truth(figure) for figure in FIGURES}
    found = {(length, figure): Tally() for length in lengths for figure in FIGURES}
    for seed in tried:
        for run in _runs(stream, lengths, seed):
            for figure in FIGURES:
                interval = interval_of(run, figure)
                if isinstance(interval, Interval):
                    tally = found[len(run.values), figure]
                    tally.given += 1
                    tally.wrong += not holds(interval, truths[figure])
    return found


def _runs(stream: Stream, lengths: Sequence[int], seed: int) -> Iterator[Seconds]:
    if stream in RAMPS:
        yield from (seconds(*stream.draw(random(seed), length), length) for length in lengths)
    else:
        whole = seconds(*stream.draw(random(seed), lengths[-1]), lengths[-1])
        yield from (Seconds(whole.values[:length]) for length in lengths)


@pytest.mark.parametrize("lengths", [(20, 30, 50, 60), (120, 300)] if FULL else [(20, 60)])
@pytest.mark.parametrize("stream", STREAMS if FULL else SHORT, ids=lambda stream: stream.name)
def test_intervals_hold_the_truth_as_often_as_they_say(stream: Stream, lengths: tuple[int, ...]) -> None:
    tried = seeds(18, 2000)
    found = tallies(stream, lengths, tried)
    note(
        stream.name,
        {f"{length} s {figure}": f"{tally.given} {tally.wrong}" for (length, figure), tally in found.items()},
    )
    for (length, figure), tally in found.items():
        few, wrong = (0.90, 0.10) if length < 50 else (0.93, 0.07)
        assert at_most(wrong, tally.wrong, len(tried)), (length, figure, tally)
        if tally.given > len(tried) / 4:
            least = few if tally.given > len(tried) / 2 else 0.88
            assert at_least(least, tally.given - tally.wrong, tally.given), (length, figure, tally)
    for length in (length for length in lengths if FULL and length >= 50):
        often = [found[length, figure] for figure in FIGURES if found[length, figure].given > len(tried) / 2]
        for most, of in ((0.975, often), *((0.99, [tally]) for tally in often)):
            given = sum(tally.given for tally in of)
            assert given - sum(tally.wrong for tally in of) <= most * given, (length, of)


def test_requests_taken_to_be_independent_would_seem_certain_and_be_wrong() -> None:
    """Why overdispersion: the same latencies of a queue, dealt to its seconds at random, so that nothing hangs
    together."""
    stream, tried = queue(0.9, 500), seeds(20, 500)
    wrong = 0
    for seed in tried:
        due, latencies = stream.draw(random(seed), 60)
        found = interval_of(seconds(due, random(seed).permutation(latencies), 60), "p50")
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
    """It looks after 20, 40, 80 and 160 s, at the levels that are planned for that."""
    tried = seeds(8, 1000)
    looks = times(20, 160)
    truth, wrong, early = stream.truth(figure), 0, 0
    for seed in tried:
        whole = seconds(*stream.draw(random(seed), looks[-1]), looks[-1])
        for look, level in zip(looks, levels(looks), strict=True):
            run = Seconds(whole.values[:look])
            found, value = interval_of(run, figure, 1 - level), run.measured.quantile(fraction(figure))
            assert value
            if isinstance(found, Interval) and (found.precision(value) <= precision or look == looks[-1]):
                wrong += not holds(found, truth)
                early += look < looks[-1]
                break
    note("until", {f"{stream.name} {figure}": f"{wrong} of {len(tried)} wrong, {early} early"})
    assert at_most(0.07, wrong, len(tried)), wrong / len(tried)
    assert early > len(tried) / 4
