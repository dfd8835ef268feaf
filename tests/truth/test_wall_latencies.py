"""Latencies over real sockets, as a user reads them, against the target's truth log and a packet capture (2, 3, 15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvloop
from program import FULL

from loadgen.fleet.backlog import Backlog
from loadgen.profile.load import load
from loadgen.record.metrics import WIDTH, Instants
from loadgen.record.recorder import Batch
from loadgen.report.terminal.live import Silence
from loadgen.runner.options import Options
from loadgen.runner.session import run
from loadgen.sandbox.process import start
from truth.pipeline import DIGITS as THOUSANDTH
from truth.wall import DIGITS, Block, Seen, adds_up, admitted, least_error, quantile, watch

pytestmark = pytest.mark.real

SECONDS = 60 if FULL else 6
TRUTHS = {
    "log-normal": "lognormal(p50=10ms, p99=40ms)",
    "bimodal": "bimodal(fast=5ms, slow=50ms, share=5%)",
    "pareto": "pareto(min=5ms, alpha=2.5)",
}


def not_early(latency: dict[str, Block], least: float) -> None:
    assert latency["service"]["min"] >= least
    for name, block in latency.items():
        assert not block["count"] or block["min"] >= 0, name


def are_those_of(seen: Seen) -> None:
    """The service is what was on the wire and the client's delay; the response is that, lag and wait besides."""
    latency = seen.latency()
    wire, log, late = seen.on_wire(), seen.answered(), seen.late()
    assert len(wire) == len(log) == seen.ran.requests["on_wire"] == seen.ran.requests["outcomes"]["ok"]
    least_error(latency["service"], wire, admitted(latency, "client_delay"))
    least_error(latency["response"], wire, admitted(latency, "client_delay", "lag", "wait"))
    # the log does not know how long a request lay there before the target read it, only how late it answers
    least_error(latency["service"], log, admitted(latency, "client_delay") + 2 * quantile(late, 0.999))
    assert latency["response"]["max"] >= latency["service"]["max"] >= wire[-1] * DIGITS
    # means add up, whatever hangs together: what is left is the way from the clock's reading into the kernel
    assert latency["client_delay"]["count"] == len(wire)
    own = latency["service"]["mean"] - latency["client_delay"]["mean"] - sum(wire) / len(wire)
    assert 0 <= own <= 0.1


@pytest.mark.parametrize("name", TRUTHS)
def test_percentiles_are_those_of_the_truth(tmp_path: Path, name: str) -> None:
    seen = watch(tmp_path, {"service": TRUTHS[name]}, f"{{name: a, rate: 1000/s, iterations: {SECONDS}000}}", limit=100)
    latency = seen.latency()
    are_those_of(seen)
    adds_up(latency)
    not_early(latency, min(seen.answered()))
    if FULL:
        rare, truth = latency["service"].get("intervals", {}).get("p99.9"), quantile(seen.on_wire(), 0.999)
        if rare is None:
            assert latency["service"]["no_interval"]["p99.9"]["code"] == "too_few_events", "none is dared"
        else:  # it is the interval of the service, which has the client's delay in it
            assert rare["low"] - admitted(latency, "client_delay") - 0.2 <= truth <= rare["high"]


def test_a_fixed_time_is_that_time(tmp_path: Path) -> None:
    seen = watch(tmp_path, {"service": "10ms"}, f"{{name: a, rate: 300/s, iterations: {SECONDS * 200}}}")
    latency = seen.latency()
    not_early(latency, 10)
    wire, delay, lag = seen.on_wire(), latency["client_delay"]["p90"], latency["lag"]["p90"]
    assert 10 <= quantile(seen.answered(), 0.5) <= quantile(wire, 0.5)
    # as in `least_error`, but that it is a tenth of the requests that is left out of each part
    for metric, most in (
        ("service", quantile(wire, 0.6) + delay + 0.1),
        ("response", quantile(wire, 0.7) + delay + lag + 0.1),
    ):
        assert quantile(wire, 0.5) * DIGITS <= latency[metric]["p50"] <= most, metric


def test_timeouts_of_a_few_leave_the_rest_alone(tmp_path: Path) -> None:
    """3 % of the answers never end. A timeout is never early, no later than the loop was, and no latency."""
    settings = {"service": "10ms", "faults": {"endless": "3%"}}
    seen = watch(tmp_path, settings, f"{{name: a, rate: 300/s, iterations: {SECONDS * 200}}}", "timeout: 2s")
    latency, outcomes = seen.latency(), seen.ran.requests["outcomes"]
    assert set(outcomes) == {"ok", "timeout"}
    assert 0.01 < outcomes["timeout"] / seen.ran.requests["sent"] < 0.05
    response = latency["response"]
    most = quantile(seen.on_wire(), 0.99) + admitted(latency, "client_delay", "lag", "wait") + 0.2
    assert response["p95"] <= most, "as if the others had not been"
    assert response["p99"] is None
    assert response["why"]["p99"]["code"] == "among_timeouts"
    assert response["above"]["p99"] == response["why"]["p99"]["bound_ms"] >= 2000
    (step,) = seen.ran.phases["a"]["steps"]
    (failure,) = step["failures"]
    late = failure["latency_ms"]["response"]
    assert late["count"] == failure["count"] == outcomes["timeout"]
    assert late["min"] >= 2000
    assert late["p50"] <= 2005, "not by whole seconds"


def test_percentiles_are_those_that_numpy_finds_in_the_raw_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every exchange of two workers, as its instants came to the parent, before anything of ours has counted them."""
    count = SECONDS * 1000 + 7  # no rank is whole: numpy finds it with floats, and may be one beyond it
    rows: list[np.ndarray[Any, np.dtype[np.int64]]] = []

    add = Backlog.add

    def added(backlog: Backlog, worker: int, batch: Batch) -> None:
        rows.append(np.frombuffer(batch.rows, np.int64).reshape(-1, WIDTH))
        add(backlog, worker, batch)

    monkeypatch.setattr(Backlog, "add", added)
    text = f"""
name: raw
target: sandbox
workers: 2
sandbox: {{service: "{TRUTHS["log-normal"]}"}}
load: [{{name: a, rate: 1000/s, iterations: {count}}}]
"""
    options = Options(tmp_path / "run", start_sandbox=start, accept_invalid=True)
    result = uvloop.run(run(load("p.yaml", text=text), options, Silence()))
    (latency,) = (phase.steps[0].latency_ms for phase in result.variant.phases if phase.measured)
    raw = Instants(*np.concatenate(rows).T)
    for name, values in {
        "response": raw.done - raw.due,
        "service": raw.done - raw.started,
        "lag": raw.released - raw.due,
        "wait": raw.started - raw.signed,
        "target": raw.received - raw.started - np.maximum(raw.handshake_cpu, 0) - np.maximum(raw.connect_delay, 0),
    }.items():
        block = latency[name]
        assert (block.count, block.min, block.max) == (count, values.min() / 1e6, values.max() / 1e6)
        for shown in ("p50", "p90", "p95", "p99", "p99.9"):
            exact, told = np.percentile(values, float(shown[1:]), method="inverted_cdf") / 1e6, block.quantiles[shown]
            assert told is not None
            assert exact <= told <= exact * (1 + float(THOUSANDTH)) + 1e-6, (name, shown)
