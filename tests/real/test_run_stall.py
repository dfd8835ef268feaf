"""Coordinated omission: a target that stalls, and percentiles that can be derived from the schedule alone."""

from __future__ import annotations

import csv
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from program import FULL, load

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import start

pytestmark = pytest.mark.real

RATE = 200
RUN, BEGINS = (20, 8) if FULL else (8, 3)  # seconds
STALL = 2  # seconds
SETTINGS = SandboxSettings.model_validate({"stalls": ({"at": f"{BEGINS}s", "for": f"{STALL}s"},)})

PROFILE = """
name: stall
target: {url}
session: {{connections: {connections}}}
load: [{{name: a, rate: {rate}/s, for: {seconds}s, arrivals: constant}}]
"""


def predicted(p: float) -> float:
    """The p-quantile of the response times in ms, where everything else takes no time.

    Requests are due every 1/RATE s. The first to be due in the stall is answered at its end, STALL s later, and each
    that follows waits 1/RATE s less: these are the longest times, in order. Of N in all, the quantile is the one with
    N - ceil(p N) longer ones above it.
    """
    n = RATE * RUN
    return 1000 * (STALL - (n - math.ceil(p * n)) / RATE)


def close(block: dict[str, Any]) -> list[bool]:
    return [abs(block[name] / predicted(p) - 1) <= 0.02 for name, p in (("p95", 0.95), ("p99", 0.99))]


def run_it(folder: Path, connections: int) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The latencies, and the lines of the target's own log."""
    log = folder / "truth.csv"
    with start(SETTINGS, log=log) as sandbox:
        text = PROFILE.format(url=sandbox.http, connections=connections, rate=RATE, seconds=RUN)
        ran = load(folder, text)
    (step,) = ran.phases["a"]["steps"]
    assert ran.phases["a"]["iterations"]["started"] == RATE * RUN, "nothing is skipped"
    assert set(ran.requests["outcomes"]) == {"ok"}
    with log.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == ran.requests["on_wire"] == ran.requests["sent"]
    (told,) = (of["observed"] for of in ran.result["findings"] if of["observed"]["code"] == "target_stalled")
    assert told["at_s"] == pytest.approx(BEGINS, abs=0.25)
    assert told["lasted_s"] == pytest.approx(STALL, abs=0.25)
    assert told["times"] == 1
    return step["latency_ms"], rows


def test_the_response_shows_a_stall_and_times_from_sent_do_not(tmp_path: Path) -> None:
    """With few connections, as most programs have, what is due in the stall cannot be sent before its end."""
    latency, _ = run_it(tmp_path, connections=10)
    assert close(latency["response"]) == [True, True], (latency["response"], predicted(0.95), predicted(0.99))
    assert close(latency["service"]) == [False, False], "timed from sent, a stall is ten slow requests"
    assert latency["wait"]["max"] > 1000 * (STALL - 1), "what the service leaves out is the wait for a connection"


def test_a_stall_holds_nothing_back(tmp_path: Path) -> None:
    """With connections enough the load goes on: in each part of the stall come as many requests as at other times."""
    latency, rows = run_it(tmp_path, connections=RATE * (STALL + 1))
    assert close(latency["response"]) == [True, True], latency["response"]
    came = sorted(int(row["received_ns"]) for row in rows)
    edges = [came[0] + BEGINS * SECOND + i * STALL * SECOND // 4 for i in range(5)]
    for begin, end in pairwise(edges):
        assert sum(begin <= at < end for at in came) == pytest.approx(RATE * STALL / 4, rel=0.1)
    inside = sum(edges[0] <= at < edges[-1] for at in came)
    assert inside == pytest.approx(RATE * STALL, rel=0.01, abs=RATE * 20 * MILLISECOND / SECOND)


def test_the_prediction_is_of_such_a_stall() -> None:
    """The same figures from the schedule, one request after the other."""
    end = BEGINS + STALL
    dues = [i / RATE for i in range(RATE * RUN)]
    times = sorted(1000 * (end - due if BEGINS <= due < end else 0) for due in dues)
    for p in (0.95, 0.99):
        assert times[math.ceil(p * len(times)) - 1] == pytest.approx(predicted(p))
