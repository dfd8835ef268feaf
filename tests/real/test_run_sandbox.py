"""A run on the sandbox against the sandbox's own truth log: counts exactly, times never below what was injected."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from program import VALID, Ran, load, run

from loadgen.clock import MILLISECOND, SECOND
from loadgen.record.seconds import read_seconds

pytestmark = pytest.mark.real

Rows = list[dict[str, str]]

SLACK = 25.0  # ms by which a quantile may lie above the truth: both ends share two cores with whatever else runs there
HDR = 0.999  # three digits
CLASS = {
    "": "ok",
    "errors": "http_5xx",
    "throttle": "throttled",
    "overflow": "throttled",
    "reset": "reset",
    "truncate": "bad_response",
    "drip": "timeout",
    "endless": "timeout",
}


def against_truth(folder: Path, sandbox: str, phases: str, more: str = "", *arguments: str) -> tuple[Ran, Rows]:
    """A run, and the lines of the truth log, as many as requests were on the wire."""
    log = folder / "truth.csv"
    settings = f"{{{sandbox}, log: {log}}}"
    ran = load(folder, f"name: t\ntarget: sandbox\nsandbox: {settings}\nload: [{phases}]\n{more}", *arguments)
    assert ran.result["target"]["simulated"]
    with log.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == ran.requests["on_wire"] == ran.requests["sent"]
    return ran, rows


def only_step(ran: Ran, phase: str = "a") -> dict[str, Any]:
    (step,) = ran.phases[phase]["steps"]
    found: dict[str, Any] = step
    return found


def times(rows: Rows, end: str = "sent_ns") -> list[float]:
    """From the request's arrival to its answer, in ms, in order of length."""
    return sorted((int(row[end]) - int(row["received_ns"])) / MILLISECOND for row in rows)


def quantile(values: list[float], p: float) -> float:
    return values[math.ceil(p * len(values)) - 1]


CLIENTS = ["wire", "aiohttp"]


@pytest.mark.parametrize("client", CLIENTS)
def test_percentiles_are_those_of_the_truth(tmp_path: Path, client: str) -> None:
    settings = "rtt: 10ms, service: 'lognormal(p50=50ms, p99=200ms)'"
    phases = "{name: a, rate: 200/s, iterations: 800}"
    ran, rows = against_truth(tmp_path, settings, phases, f"client: {client}")
    assert ran.status in VALID
    assert ran.requests["outcomes"] == {"ok": 800}
    latency, truth, injected = only_step(ran)["latency_ms"], times(rows), times(rows, "intended_ns")
    for metric in ("service", "response"):
        assert latency[metric]["count"] == 800
        assert latency[metric]["min"] >= injected[0], "faster than the target can have been"
        assert latency[metric]["max"] >= truth[-1] * HDR
        for name, p in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
            assert latency[metric][name] >= quantile(truth, p) * HDR, "each one took at least as long as its answer"
        for name, p in (("p50", 0.5), ("p90", 0.9)):
            assert latency[metric][name] <= quantile(truth, p) + SLACK


def test_cold_and_warm_are_told_apart(tmp_path: Path) -> None:
    settings = "service: 20ms, environments: {max: 30, init: 200ms, idle: 10m}"
    more = "scenarios: [{name: s, split_by: [cold], steps: [{name: one, get: /, capture: {cold: header.x-cold}}]}]"
    ran, rows = against_truth(tmp_path, settings, "{name: a, rate: 100/s, iterations: 300}", more)
    strata = {stratum["stratum"]: stratum for stratum in only_step(ran)["strata"]}
    count = Counter(row["cold"] for row in rows)
    assert {name: stratum["count"] for name, stratum in strata.items()} == {
        "cold=false": count["0"],
        "cold=true": count["1"],
    }
    assert ran.result["target"]["sandbox"]["cold_starts"] == count["1"] > 0
    assert strata["cold=true"]["latency_ms"]["service"]["min"] >= 220
    assert strata["cold=false"]["latency_ms"]["service"]["min"] >= 20


def test_throttled_requests_are_counted_exactly(tmp_path: Path) -> None:
    settings = "service: 5ms, throttle: {rate: 50/s, burst: 20}"
    ran, rows = against_truth(tmp_path, settings, "{name: a, rate: 200/s, for: 2s}", "", "--workers", "2")
    count = Counter(CLASS[row["fault"]] for row in rows)
    assert ran.requests["outcomes"] == count
    assert ran.result["target"]["sandbox"]["throttled"] == count["throttled"] > 100
    assert Counter(row["status"] for row in rows)["429"] == count["throttled"]
    assert only_step(ran)["latency_ms"]["response"]["count"] == ran.phases["a"]["requests"]["outcomes"]["ok"]


def test_a_cold_wave_is_that_of_the_truth(tmp_path: Path) -> None:
    """On a cold function: its counts exactly, and within a second when the last environment started. That the p99 came
    back is tested in virtual time, as it is this machine's on a busy one."""
    settings = "service: 80ms, environments: {max: 60, init: 700ms, scaling: 12 per 1s, overflow: 429}"
    phases = "{name: a, rate: 500/s, for: 5s}"
    more = (
        "stop_if: never\n"
        "scenarios: [{name: s, split_by: [cold], environment: id, "
        "steps: [{name: one, get: /, capture: {cold: header.x-cold, id: header.x-env}}]}]"
    )
    ran, rows = against_truth(tmp_path, settings, phases, more)
    wave = ran.phases["a"]["cold_wave"]
    every = [(name, of) for name, phase in ran.phases.items() for step in phase["steps"] for of in step["strata"]]
    cold = Counter({name: of["count"] for name, of in every if of["stratum"] == "cold=true"})
    assert wave["cold"] == cold["a"] == wave["seconds"][-1]["environments"] > 10
    assert cold.total() == sum(row["cold"] == "1" for row in rows)
    # the first answer of each is cold
    assert len({row["env"] for row in rows if row["status"] == "200"}) == cold.total()
    assert wave["answered"] == {"environments": cold["a"], "new": cold["a"], "more": False}
    throttled = Counter(row["reason"] for row in rows if row["status"] == "429")
    told = sum((Counter(_throttled(phase)) for phase in ran.phases.values()), Counter[str]())
    assert list(throttled) == ["ConcurrentInvocationLimitExceeded"]
    assert sum(told.values()) == sum(throttled.values()) > 100
    assert wave["throttled"] == _throttled(ran.phases["a"])
    began = min(int(row["received_ns"]) for row in rows)
    last = sorted(int(row["received_ns"]) for row in rows if row["cold"] == "1")[cold["a"] - 1]
    assert abs(wave["last_cold_s"] - (last - began) / SECOND) <= 1.2


def _throttled(phase: dict[str, Any]) -> dict[str, int]:
    """The throttled requests of a phase by reason."""
    failures = [failure for step in phase["steps"] for failure in step["failures"]]
    return next((failure["reasons"] for failure in failures if failure["outcome"] == "throttled"), {})


@pytest.mark.parametrize("client", CLIENTS)
def test_every_fault_is_in_its_class(tmp_path: Path, client: str) -> None:
    """Resets, truncated and broken answers, those that never end: one outcome each, as the target meant it."""
    settings = "service: 5ms, faults: {errors: 10%, reset: 10%, truncate: 10%, drip: 10%, endless: 3%}"
    phases = "{name: a, rate: 100/s, iterations: 300}"
    ran, rows = against_truth(tmp_path, settings, phases, f"timeout: 1s\nclient: {client}")
    assert ran.requests["outcomes"] == Counter(CLASS[row["fault"]] for row in rows)
    assert set(CLASS.values()) - {"throttled"} == set(ran.requests["outcomes"])
    failures = {failure["outcome"]: failure for failure in only_step(ran)["failures"]}
    assert failures["timeout"]["latency_ms"]["response"]["min"] >= 1000
    response = only_step(ran)["latency_ms"]["response"]
    assert response["p50"] is not None
    assert response["p99"] is None, "it falls among the timeouts"
    assert response["why"]["p99"]["code"] == "among_timeouts"
    assert response["above"]["p99"] == response["why"]["p99"]["bound_ms"] >= 1000


def test_timeouts_are_never_early(tmp_path: Path) -> None:
    ran, rows = against_truth(tmp_path, "service: 2s", "{name: a, rate: 50/s, iterations: 100}", "timeout: 300ms")
    assert ran.requests["outcomes"] == {"timeout": 100}
    assert all(row["sent_ns"] == "0" or int(row["sent_ns"]) - int(row["received_ns"]) >= 2 * SECOND for row in rows)
    (failure,) = only_step(ran)["failures"]
    late = failure["latency_ms"]["response"]
    assert late["min"] >= 300
    lag = max(sample["loop_lag_max"] for second in read_seconds(ran.folder) for sample in second.health) / MILLISECOND
    tick = 10  # ms between two looks at the loop's lag
    assert late["max"] <= 300 + 5 + lag + tick, f"the loop was {lag:.1f} ms late at the most"


def test_every_report_says_that_the_target_is_simulated(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "name: t\ntarget: sandbox\nsandbox: {service: 1ms, rtt: 3ms}\nload: [{name: a, rate: 50/s, iterations: 20}]\n"
    )
    ran = run(tmp_path, "run", "p.yaml", "--out", "run")
    again = run(tmp_path, "report", "run")
    assert again.out == ran.out
    assert "t on the simulated target · " in ran.out
    whole = run(tmp_path, "report", "run", "--full").out
    assert "simulated target: rtt 3ms" in whole
    assert whole.count("simulated target") >= 2, "at the top, and in the last lines"
    assert "simulated" in run(tmp_path, "check", "p.yaml").out
    assert "simulated" in run(tmp_path, "once", "p.yaml").out
