"""Intervals in results hold the truth (22), or are refused: runs against a queue whose percentiles arithmetic knows.

How often they hold for other streams, lengths and loads, in thousands of runs, and how often verdicts on two variants
are right (23), is in tests/simulations; here it is the whole way, from the engine to the file.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from random import Random

from engine_harness import START, Script

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.stats import fraction
from loadgen.transport.scripted import Reply
from truth.pipeline import FULL, Told, tell

RATE, BUSY = 100, 0.5
RUNS = 400 if FULL else 10
TEXT = f"""
load:
  - {{name: warm, rate: {RATE}/s, for: 2s, measure: false}}
  - {{name: steady, rate: {RATE}/s, for: 25s}}
seed: """


class MM1:
    """One server, first come first served, of exponential service times."""

    def __init__(self, seed: int) -> None:
        self._dice, self._free = Random(seed), 0

    def __call__(self, x: Exchange) -> Reply:
        now = x.started - START
        self._free = max(now, self._free) + round(self._dice.expovariate(RATE / BUSY) * SECOND)
        return Reply(after=self._free - now)


def sojourn(p: Fraction) -> float:
    """In ns: exponential, with the rate that service has left over."""
    return -math.log(1 - p) / (RATE / BUSY - RATE) * SECOND


def run(seed: int, folder: Path) -> Told:
    return tell(f"{TEXT}{seed}", MM1(seed), folder)


def test_intervals_of_a_queue_hold_what_arithmetic_says(tmp_path: Path) -> None:
    given = wrong = 0
    widths = []
    for seed in range(RUNS):
        found = run(seed, tmp_path / f"{seed}")
        block = found.block("steady")
        for name in ("p50", "p90"):
            interval = block.get("intervals", {}).get(name)
            if interval is None or interval["kind"] == "binomial":
                assert (interval["warning"] if interval else block["no_interval"][name])["code"], "it says why"
                continue
            given += 1
            low, high = interval["low"], math.inf if interval["high"] is None else interval["high"]
            assert low <= block[name] <= high
            wrong += not low * MILLISECOND <= sojourn(fraction(name)) <= high * MILLISECOND
            widths.append((high - low) / block[name])
        p999 = block["no_interval"]["p99.9"]
        assert (p999["code"], p999["needs"]) == ("too_few_events", 7), "two or three requests are beyond it"
        assert p999["events"] < 7
    assert given > 1.5 * RUNS, "nearly all get one"
    allowance = 0 if FULL else 3 * math.sqrt(0.05 * 0.95 / given)
    assert wrong / given <= 0.07 + allowance
    assert 0.05 < sorted(widths)[len(widths) // 2] < 0.6, "none is right by being endless"


def test_a_second_has_a_binomial_one(tmp_path: Path) -> None:
    found = tell(f"load: [{{name: short, rate: {RATE}/s, for: 1s}}]", MM1(1), tmp_path / "run")
    interval = found.block("short")["intervals"]["p50"]
    why = interval["warning"]
    assert (interval["kind"], why["code"], why["needs"], why["seconds"]) == ("binomial", "too_short", 1.25, 1)


def test_seconds_that_hang_together_make_it_wider(tmp_path: Path) -> None:
    """The same latencies, in the order in which the queue gave them and in another: as many requests know less."""

    def width(seed: int, script: Script, folder: Path) -> float:
        interval = tell(f"{TEXT}{seed}", script, folder).block("steady")["intervals"]["p50"]
        return float(interval["high"] - interval["low"])

    together = apart = 0.0
    for seed in range(4):
        queue, log = MM1(seed), list[int]()

        def logged(x: Exchange, queue: MM1 = queue, log: list[int] = log) -> Reply:
            log.append(queue(x).after)
            return Reply(after=log[-1])

        together += width(seed, logged, tmp_path / f"together-{seed}")
        Random(seed).shuffle(log)
        dealt = chain(log, repeat(MILLISECOND))  # it may take longer until the last is in
        apart += width(seed, lambda x, dealt=dealt: Reply(after=next(dealt)), tmp_path / f"apart-{seed}")  # type: ignore[misc]
    assert together > 1.3 * apart
