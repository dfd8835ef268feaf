"""bench/: the tools' reports are read rightly (the samples in data/bench are theirs), medians and ratios are right."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from paths import DATA, ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench import tools
from bench.cases import CASES
from bench.comparison import Comparison, Rounds, Spread, hold_against_baseline
from bench.processes import Cores
from bench.table import markdown
from bench.tools import CannotSay, Load, Tool

SAMPLES = [
    (tools.Wrk(), "wrk.txt", {"requests_s": 55890.19, "p50_ms": 0.096, "p99_ms": 3.17, "failed": 0}),
    (tools.Wrk(), "wrk-errors.txt", {"requests_s": 22454.17, "p50_ms": 0.036, "p99_ms": 5.85, "failed": 13586}),
    (tools.Hey(), "hey.txt", {"requests_s": 3883.4516, "p50_ms": 0.3, "p99_ms": 2.4, "failed": 0}),
    (tools.Hey(), "hey-errors.txt", {"requests_s": 199.1295, "p50_ms": 0.3, "p99_ms": 3.8, "failed": 100}),
    (tools.H2load(), "h2load.txt", {"requests_s": 35635.0, "failed": 0}),
    (tools.H2load(), "h2load-errors.txt", {"requests_s": 40.0, "failed": 20}),
    (tools.Locust(), "locust.json", {"requests_s": 798.2555, "p50_ms": 1, "p99_ms": 11, "failed": 0}),
    (tools.Aiohttp(), "aiohttp.json", {"requests_s": 2442.5741, "failed": 0}),
    (tools.OpensslTime(), "s_time.txt", {"connections_s": 668.5}),
]
LOAD = Load("http://127.0.0.1:1/", Path("ca.pem"), 4, rate=20_000)


@pytest.mark.parametrize(("tool", "sample", "figures"), SAMPLES, ids=[sample for _, sample, _ in SAMPLES])
def test_reports_are_read(tool: Tool, sample: str, figures: dict[str, float]) -> None:
    assert tool.read((DATA / "bench" / sample).read_text()).figures == pytest.approx(figures)


@pytest.mark.parametrize("tool", [tool for tool, _, _ in SAMPLES])
@pytest.mark.parametrize("output", ["", "[]", "Killed"])
def test_what_is_no_report_is_an_error(tool: Tool, output: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        tool.read(output)


def test_hey_counts_requests_that_got_no_answer() -> None:
    refused = 'Requests/sec:\t170.1\nError distribution:\n  [17069]\tGet "http://127.0.0.1:1/": connection refused\n'
    assert tools.Hey().read(refused).figures == {"requests_s": 170.1, "failed": 17069}


def test_loadgens_own_result() -> None:
    step = {"latency_ms": {"response": {"p50": 0.1, "p99": 0.5}, "service": {}, "lag": {"p99": 0.2}}}
    load = {"name": "load", "seconds": 4.0, "requests": {"outcomes": {"ok": 80_000, "timeout": 2}}, "steps": [step]}
    trust = {"verdict": "DEGRADED", "signals": [{"signal": "lag", "verdict": "DEGRADED"}]}
    told = tools.Loadgen().read(json.dumps({"trust": trust, "variants": [{"phases": [load, {"name": "drain"}]}]}))
    assert told.figures == {"requests_s": 20_000, "failed": 2, "p50_ms": 0.1, "p99_ms": 0.5, "lag_p99_ms": 0.2}
    assert told.remark == "says DEGRADED of itself, for lag"


def test_a_tool_without_such_a_load_says_so(tmp_path: Path) -> None:
    for tool in (tools.Wrk(), tools.H2load(), tools.Aiohttp(), tools.OpensslTime()):
        with pytest.raises(CannotSay):
            tool.command(LOAD, tmp_path)


def test_ratios_are_of_the_same_round_and_medians_are_of_ratios() -> None:
    result = Comparison(CASES[0], LOAD, {"wrk": Rounds(), "loadgen": Rounds()}, {"hey": "is not installed here"})
    for wrk, ours in ((100.0, 90.0), (50.0, 40.0), (200.0, 170.0)):
        result.rounds["wrk"].figures.append({"requests_s": wrk})
        result.rounds["loadgen"].figures.append({"requests_s": ours})
        hold_against_baseline(result)
    assert result.rounds["loadgen"].spread("ratio") == Spread(0.85, 0.8, 0.9)
    table = markdown(result)
    assert "| loadgen | 90 (40 to 170) | 0.85 (0.80 to 0.90) | - | - | - |" in table
    assert "- hey: is not installed here" in table
    assert "loadgen: did not hold 20,000/s" in table


def test_a_failed_baseline_gives_no_ratio() -> None:
    result = Comparison(CASES[0], LOAD, {"wrk": Rounds([{}]), "loadgen": Rounds([{"requests_s": 1.0}])})
    hold_against_baseline(result)
    assert result.rounds["loadgen"].spread("ratio") is None


@pytest.mark.parametrize(
    ("allowed", "cores"),
    [
        ({0, 1}, Cores(0, 1, frozenset({0}))),
        ({1, 2, 5, 7}, Cores(1, 7, frozenset({2, 5}))),
        ({3}, Cores(3, 3, frozenset({3}))),
    ],
)
def test_server_and_client_have_cores_of_their_own(allowed: set[int], cores: Cores) -> None:
    assert Cores.of(allowed) == cores
