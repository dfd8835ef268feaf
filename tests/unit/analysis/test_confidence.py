"""Each percentile of a run has an interval, or says why not and what would give one."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine_harness import Run, always, go
from experiment_folders import write_run, write_seconds

from loadgen.analysis.build import Measured
from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.latency import QUANTILES
from loadgen.clock import MILLISECOND
from loadgen.exchange import Exchange
from loadgen.profile.load import load
from loadgen.transport.scripted import NEVER, Reply

TEXT = """
name: t
target: http://127.0.0.1
load:
  - {name: warm, rate: 20/s, for: 1s, measure: false}
  - {name: steady, rate: 100/s, for: 30s}
  - {name: short, rate: 100/s, for: 5s}
  - {name: brief, rate: 20/s, for: 5s, arrivals: constant}
  - {name: crowd, at-once: 200}
timeout: 2s
scenarios:
  - name: order
    steps: [{name: put, post: /}, {name: read, get: /}]
"""
ONE_STEP = TEXT.replace("{name: put, post: /}, {name: read, get: /}", "{name: put, post: /}")


def lognormal(seed: int) -> Any:
    random = Random(seed)
    return lambda x: Reply(after=int(random.lognormvariate(2, 0.5) * MILLISECOND))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_run(tmp_path_factory.mktemp("r") / "run", load("t.yaml", text=TEXT).profile, lognormal(1))


def phase(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(phase for phase in result["variants"][0]["phases"] if phase["name"] == name)


def test_every_measured_percentile_has_one_or_says_why(result: dict[str, Any]) -> None:
    for name in ("steady", "short", "crowd"):
        blocks = [step["latency_ms"][m] for step in phase(result, name)["steps"] for m in ("response", "service")]
        for block in [*blocks, *(whole["latency"] for whole in phase(result, name)["iteration_ms"])]:
            assert set(block["intervals"]) == set(QUANTILES)
            for quantile, found in block["intervals"].items():
                if "none" in found:
                    assert found["none"]
                else:
                    assert found["low"] <= block[quantile] <= found["high"]
    steady = phase(result, "steady")
    assert {"low", "high"} <= set(steady["steps"][0]["latency_ms"]["response"]["intervals"]["p95"])
    assert {"low", "high"} <= set(steady["iteration_ms"][0]["latency"]["intervals"]["p50"])
    assert "intervals" not in phase(result, "warm")["steps"][0]["latency_ms"]["response"]


def test_the_interval_is_about_as_wide_as_independent_requests_make_it(result: dict[str, Any]) -> None:
    """Of 3,000 lognormal values (sigma 0.5): the median is within 1.96 x 0.5 x sqrt(pi / 2 / n) = 2.2 %."""
    block = phase(result, "steady")["steps"][0]["latency_ms"]["response"]
    found = block["intervals"]["p50"]
    assert 0.02 < (found["high"] - found["low"]) / block["p50"] < 0.09


def test_why_there_is_none_and_what_would_give_one(result: dict[str, Any]) -> None:
    def none(name: str, quantile: str) -> str:
        return str(phase(result, name)["steps"][0]["latency_ms"]["response"]["intervals"][quantile]["none"])

    assert none("short", "p50") == "needs 20 seconds, there were 5; about 15 more seconds at this rate would give one"
    assert none("brief", "p99") == "needs 20 seconds, there were 5; about 20 more seconds at this rate would give one"
    assert none("steady", "p99.9").startswith("needs 5 independent events beyond it, there were ")
    assert none("steady", "p99.9").endswith(" more seconds at this rate would give one")
    assert none("crowd", "p99") == "all were due at the same instant, and only seconds would tell how much they vary"
    assert none("crowd", "p99.9") == "needs 1,000 requests, there were 200"


def conclusion(run: Run, folder: str | None) -> dict[str, Any]:
    about = {"name": "t", "target": {"url": "http://127.0.0.1"}}
    measured = Measured(run.plan, run.ledger, run.recording)
    return conclude(about, measured, [], Ending(run.finished_at, folder), {}).result


def test_without_its_folder_a_run_has_none(tmp_path: Path) -> None:
    run = go(TEXT.replace("name: t\ntarget: http://127.0.0.1\n", ""), always(after=MILLISECOND))

    def said(folder: str | None) -> set[str]:
        block = phase(conclusion(run, folder), "steady")["steps"][0]["latency_ms"]["response"]
        return {found["none"] for found in block["intervals"].values()}

    assert said(None) == {"the run's folder, from which it would follow, could not be written"}
    assert all(why.startswith("the run's folder cannot be read: ") for why in said(str(tmp_path / "none")))
    write_seconds(tmp_path / "half", go("load: [{name: steady, rate: 50/s, for: 2s}]")).close()
    assert said(str(tmp_path / "half")) == {"the run's folder does not hold all of it"}


def test_an_end_among_the_timeouts_has_no_bound(tmp_path: Path) -> None:
    random = Random(3)

    def script(x: Exchange) -> Reply:
        return Reply(after=NEVER if random.random() < 0.045 else int(random.uniform(5, 50) * MILLISECOND))

    profile = load("t.yaml", text=ONE_STEP).profile
    found = write_run(tmp_path / "run", profile, script)
    block = phase(found, "steady")["steps"][0]["latency_ms"]["response"]
    interval = block["intervals"]["p95"]
    assert interval["low"] <= block["p95"] < 50
    assert interval["high"] is None


def test_cycles_have_their_own_each(tmp_path: Path) -> None:
    text = TEXT.replace("load:", "cycles: 2\nload:")
    random = Random(4)

    def script(x: Exchange) -> Reply:
        slow = 10 if x.slot >= 8 else 1  # the second cycle's phases
        return Reply(after=int(slow * random.uniform(5, 10) * MILLISECOND))

    result = write_run(tmp_path / "run", load("t.yaml", text=text).profile, script)
    first, second = (p for p in result["variants"][0]["phases"] if p["name"] == "steady")
    one, two = (p["steps"][0]["latency_ms"]["response"]["intervals"]["p50"] for p in (first, second))
    assert one["high"] < 10 < 50 < two["low"]


def test_a_single_steps_iteration_has_its_steps_interval(tmp_path: Path) -> None:
    steady = phase(write_run(tmp_path / "run", load("t.yaml", text=ONE_STEP).profile, lognormal(2)), "steady")
    block = steady["steps"][0]["latency_ms"]["response"]
    assert steady["iteration_ms"][0]["latency"]["intervals"] == block["intervals"]
    assert block["intervals"]["p50"]["low"] < block["p50"]


def test_a_closed_load_has_those_of_its_service(tmp_path: Path) -> None:
    text = "name: t\ntarget: http://127.0.0.1\nload: [{name: steady, users: 4, for: 30s}]"
    steady = phase(write_run(tmp_path / "run", load("t.yaml", text=text).profile, lognormal(5)), "steady")
    block = steady["steps"][0]["latency_ms"]["service"]
    assert block["intervals"]["p99"]["low"] < block["p99"] < block["intervals"]["p99"]["high"]
