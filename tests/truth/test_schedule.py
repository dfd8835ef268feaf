"""The schedule is what the profile says (7), and the same for everybody who has its seed (10)."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from engine_harness import START, Run, profile
from numpy.typing import NDArray

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Exchange
from loadgen.transport.scripted import Reply
from truth.pipeline import FULL, Told, told

Floats = NDArray[np.float64]

SECONDS, RATE = 1000, 1000
SEEDS = range(100 if FULL else 10)
TEXT = f"load: [{{name: steady, rate: {RATE}/s, for: {SECONDS}s}}]\nseed: "


def arrivals(seed: int) -> Floats:
    """When the arrivals of the profile are due, as shares of its time: about a million."""
    plan = Plan.of(profile(f"{TEXT}{seed}"))
    dues = np.concatenate(list(plan.runs[0].schedule().blocks()))
    assert (np.diff(dues) >= 0).all()
    return dues / (SECONDS * SECOND)


def distance(sample: Floats) -> float:
    """Kolmogorov's sqrt(n) D of an ascending sample from the uniform distribution."""
    n = len(sample)
    ranks = np.arange(n) / n
    return math.sqrt(n) * max(float((sample - ranks).max()), float((ranks + 1 / n - sample).max()))


def significance(distance: float) -> float:
    """P(K > distance) of Kolmogorov's distribution; the series needs many terms only where it is all but 1."""
    if distance < 0.2:
        return 1.0
    return 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * distance) ** 2) for k in range(1, 40))


def test_a_million_arrivals_are_poisson() -> None:
    """Even over their time, in seconds that are as uneven as chance makes them, and know nothing of each other; and
    all of that as often as it should be, no more."""
    chances, uneven, correlated = [], [], []
    for seed in SEEDS:
        found = arrivals(seed)
        chances.append(significance(distance(found)))
        counts = np.bincount((found * SECONDS).astype(np.int64), minlength=SECONDS)
        assert abs(counts.sum() - RATE * SECONDS) < 5 * math.sqrt(RATE * SECONDS)
        uneven.append(abs(counts.var(ddof=1) / counts.mean() - 1) / math.sqrt(2 / SECONDS))
        gaps = np.diff(found)
        centred = gaps - gaps.mean()
        r = float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())
        correlated.append(abs(r) * math.sqrt(len(gaps)))
        assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.005)
    assert min(chances) > 1e-3
    assert distance(np.sort(np.array(chances))) < 1.95, "P(> 1.95) = 0.001"
    assert max(uneven) < 3, "standard deviations of the dispersion index"
    assert max(correlated) < 4, "standard errors of the correlation of neighbouring gaps"


def test_every_arrival_is_sent_at_its_instant_and_no_other(tmp_path: Path) -> None:
    """The target's log against the profile's arithmetic, through a stall of the client and answers that take long."""
    text = """
load:
  - {name: flat, rate: 250/s, for: 8s, arrivals: constant}
  - {name: ramp, rate: 100/s..300/s, for: 8s, arrivals: constant}
"""
    log: dict[int, int] = {}

    def script(x: Exchange) -> Reply:
        log[x.due - START] = x.started - START
        return Reply(after=(x.due % 7) * SECOND // 2)

    stall = 3 * SECOND, 3 * SECOND + SECOND // 2
    run = Run(profile(text), script, workers=2).stall(stall[0], stall[1] - stall[0]).go()
    flat = [k * 4 * MILLISECOND for k in range(2000)]
    # C(t) = 100 t + 12.5 t^2 = k
    ramp = [8 * SECOND + round((math.sqrt(100**2 + 50 * k) - 100) / 25 * SECOND) for k in range(1600)]
    measured = sorted(due for due in log if due < 16 * SECOND)
    assert measured[:2000] == flat
    assert np.abs(np.array(measured[2000:]) - np.array(ramp)).max() <= 1, "ns"
    assert all(log[due] == (stall[1] if stall[0] <= due < stall[1] else due) for due in measured)
    phases = told(run, tmp_path / "run").phases
    assert [phase["iterations"]["planned"] for phase in phases[:2]] == [2000, 1600]
    assert all(phase["iterations"]["started"] == phase["iterations"]["planned"] for phase in phases)


# the same everywhere

SAME = """
load:
  - {name: warm, rate: 40/s, for: 1s, measure: false}
  - {name: steady, rate: 300/s, for: 5s}
  - {name: ramp, rate: 50/s..250/s, for: 4s}
  - {name: after, rate: 50/s, for: 2s, measure: false}
cycles: 2
seed: 11
session: {reuse: per-request}
timeout: 800ms
scenarios:
  - name: order
    weight: 3
    steps:
      - {name: put, post: "/orders/{{int 1 500}}", json: {id: "{{uuid}}", note: "{{bytes 5 40}}", n: "{{seq}}"},
         capture: {id: body.id}}
      - {name: read, get: "/orders/{{id}}", think: 1ms..30ms}
  - name: list
    steps: [{name: list, get: "/orders?kind={{choice a b c}}"}]
"""


def by_request(x: Exchange) -> Reply:
    """An answer that follows from what was asked and when alone, a few of them bad or too late."""
    asked = f"{x.due - START} {x.request.method} {x.request.path}".encode() + x.request.body
    digest = hashlib.sha256(asked).digest()
    after = int.from_bytes(digest[:4], "big") % (900 * MILLISECOND if digest[4] < 20 else 30 * MILLISECOND)
    return Reply(
        after=after, status=503 if digest[5] < 5 else 200, body=b'{"id": "%d"}' % digest[6], connect=MILLISECOND
    )


def same(folder: Path, workers: int = 1, script: Callable[[Exchange], Reply] = by_request) -> Told:
    return told(Run(profile(SAME), script, workers=workers).go(), folder)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What one worker makes of it."""
    return same(tmp_path_factory.mktemp("alone") / "1")


def requests(run: Run) -> list[tuple[int, str, str, bytes]]:
    return sorted((x.due - START, x.request.method, x.request.path, x.request.body) for x in run.exchanges)


def report(found: Told) -> str:
    """All of it but four things: the folder's name; the peak of connections, as peaks of workers add up to a bound
    from above, with its share of the descriptors; the exchanges that were kept, as each worker keeps the first
    failures of its own; and the times of each worker."""
    for phase in found.result["variants"][0]["phases"]:
        for step in phase["steps"]:
            step["by_worker"] = []
    text = json.dumps({**found.result, "run": None, "samples": None}, sort_keys=True)
    text = re.sub(r'"peak": \d+', '"peak": ?', text)
    return re.sub(r'("code": "descriptors", "share": )[\d.]+', r"\1?", text)


@pytest.mark.parametrize("workers", [1, 2, 8] if FULL else [3])
def test_one_seed_is_one_load_and_one_report_with_any_number_of_workers(
    workers: int, alone: Told, tmp_path: Path
) -> None:
    """After `after` nothing measured is open; else arrivals go on until it is in, by each worker's own last answer."""
    assert len(alone.run.exchanges) > 5000
    found = same(tmp_path / "run", workers)
    assert requests(found.run) == requests(alone.run)
    assert report(found) == report(alone)


def test_another_seed_is_another_load(alone: Told) -> None:
    other = Run(profile(SAME.replace("seed: 11", "seed: 12")), by_request).go()
    assert requests(other) != requests(alone.run)


def test_a_seed_is_the_same_load_on_every_machine(alone: Told) -> None:
    """As it was where this was written: what is sent when, to the byte."""
    digest = hashlib.sha256(repr(requests(alone.run)).encode()).hexdigest()
    assert digest == "a0fd473bf5ad0aa2fbb6831415cc9adaa70bf969dcd6a62305fba97c1651d3eb"
