"""bench/: the tools' reports are read rightly (the samples in data/bench are theirs), medians and ratios are right."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from paths import DATA, ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench import tools
from bench.cases import CASES, Case
from bench.comparison import Comparison, Rounds, Row, Spread, hold_against_baseline, of_json
from bench.processes import Cores
from bench.servers import Nginx
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
    (tools.Oha(), "oha.json", {"requests_s": 38059.7153, "p50_ms": 0.039037, "p99_ms": 4.94231, "failed": 0}),
    (tools.Oha(), "oha-errors.json", {"requests_s": 23341.209257, "failed": 23634}),
    (tools.Bombardier(), "bombardier.json", {"requests_s": 58538.24, "p50_ms": 0.072, "p99_ms": 4.059, "failed": 0}),
    (
        tools.Bombardier(),
        "bombardier-errors.json",
        {"requests_s": 23817.2421, "p50_ms": 0.055, "p99_ms": 2.048, "failed": 23822},
    ),
    (tools.Vegeta(), "vegeta.json", {"requests_s": 1001.115717, "p50_ms": 0.116448, "p99_ms": 4.015025, "failed": 0}),
    (
        tools.Vegeta(),
        "vegeta-errors.json",
        {"requests_s": 11201.498, "p50_ms": 0.099484, "p99_ms": 4.227974, "failed": 11170},
    ),
    (tools.K6(), "../stall/k6.json", {"requests_s": 50.219885, "p50_ms": 6.834232, "p99_ms": 183.29988, "failed": 0}),
]
LOAD = Load("http://127.0.0.1:1/", Path("ca.pem"), 4, rate=20_000)
WRK, OURS = Row("", "wrk"), Row("", "loadgen")


@pytest.mark.parametrize(("tool", "sample", "figures"), SAMPLES, ids=[sample for _, sample, _ in SAMPLES])
def test_reports_are_read(tool: Tool, sample: str, figures: dict[str, float]) -> None:
    assert tool.read((DATA / "bench" / sample).read_text()).figures == pytest.approx(figures)


@pytest.mark.parametrize("tool", [tool for tool, _, _ in SAMPLES])
@pytest.mark.parametrize("output", ["", "[]", "Killed"])
def test_what_is_no_report_is_an_error(tool: Tool, output: str) -> None:
    with pytest.raises((LookupError, ValueError, TypeError)):
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
    assert told.remarks == ("says DEGRADED of itself", "for lag")


@pytest.mark.parametrize(
    ("tool", "options"),
    [
        (tools.Oha(), ["-q 20000 --latency-correction", "--disable-keepalive"]),
        (tools.Bombardier(), ["-r 20000", "-H Connection: close"]),
        (tools.Vegeta(), ["-rate 20000/s", "-keepalive=false"]),
        (tools.K6(), ["-e RATE=20000", "-e REUSE=0"]),
    ],
)
def test_a_rate_and_a_new_connection_are_asked_for(tool: Tool, options: list[str], tmp_path: Path) -> None:
    asked = " ".join(tool.command(replace(LOAD, reuse=False), tmp_path))
    assert [option for option in options if option not in asked] == []
    plain = " ".join(tool.command(replace(LOAD, rate=None), tmp_path))
    assert [option for option in options if option in plain] == []


def test_loadgen_is_asked_for_workers(tmp_path: Path) -> None:
    assert tools.Loadgen().profile(replace(LOAD, workers=2))["workers"] == 2


def test_a_tool_without_such_a_load_says_so(tmp_path: Path) -> None:
    for tool in (tools.Wrk(), tools.H2load(), tools.Aiohttp(), tools.OpensslTime()):
        with pytest.raises(CannotSay):
            tool.command(LOAD, tmp_path)


def test_ratios_are_of_the_same_round_and_medians_are_of_ratios() -> None:
    result = Comparison(CASES[0], {"": LOAD}, {WRK: Rounds(), OURS: Rounds()}, {"hey": "is not installed here"})
    for wrk, ours in ((100.0, 90.0), (50.0, 40.0), (200.0, 170.0)):
        result.rounds[WRK].figures.append({"requests_s": wrk})
        result.rounds[OURS].figures.append({"requests_s": ours})
        hold_against_baseline(result)
    assert result.rounds[OURS].spread("ratio") == Spread(0.85, 0.8, 0.9)
    table = markdown(result)
    assert "|  | requests/s | of wrk's |\n" in table  # nobody has a figure for the other columns
    assert "| loadgen | 90 (40 to 170) | 0.85 (0.80 to 0.90) |" in table
    assert "- hey: is not installed here" in table
    assert "loadgen: did not hold the rate" in table


def test_a_failed_baseline_gives_no_ratio() -> None:
    result = Comparison(CASES[0], {"": LOAD}, {WRK: Rounds([{}]), OURS: Rounds([{"requests_s": 1.0}])})
    hold_against_baseline(result)
    assert result.rounds[OURS].spread("ratio") is None


def curve() -> Comparison:
    """Two points, a round each."""
    case = next(case for case in CASES if case.name == "curve-connections")
    result = Comparison(case, {"64": LOAD, "256": replace(LOAD, connections=256)})
    for point, wrk, ours in (("64", 100.0, 50.0), ("256", 40.0, 10.0)):
        result.rounds[Row(point, "wrk")] = Rounds([{"requests_s": wrk}], [{}])
        result.rounds[Row(point, "loadgen")] = Rounds([{"requests_s": ours}], [{}], ["says VALID of itself"])
    hold_against_baseline(result)
    return result


def test_a_point_is_held_against_the_baseline_at_that_point() -> None:
    table = markdown(curve())
    assert "| connections |  | requests/s | of wrk's |" in table
    assert "| 64 | loadgen | 50 | 0.50 |" in table
    assert "| 256 | loadgen | 10 | 0.25 |" in table
    assert "- loadgen at 64; 256: says VALID of itself (1 of 1)\n" in table


def test_each_remark_is_told_once_the_most_frequent_first() -> None:
    rounds = Rounds([{}, {}, {}], [], ["for lag", "says INVALID", "says INVALID", "for lag", "says INVALID"])
    assert rounds.told() == "says INVALID (3 of 3); for lag (2 of 3)"


def test_a_run_beside_other_work_does_not_count() -> None:
    rounds = Rounds([{"cpu_us": 5.0, "server_waited": 0.01}, {"cpu_us": 9.0, "server_waited": 0.5}, {"cpu_us": 7.0}])
    assert rounds.spread("cpu_us") == Spread(6.0, 5.0, 7.0)
    assert rounds.told() == "ran beside other work and does not count (1 of 3)"


def test_where_other_work_never_ended_all_runs_count_and_that_is_said() -> None:
    failed: dict[str, float] = {}
    rounds = Rounds([{"cpu_us": 5.0, "server_waited": 0.3}, {"cpu_us": 9.0, "server_waited": 0.5}, failed])
    assert rounds.spread("cpu_us") == Spread(7.0, 5.0, 9.0)
    assert rounds.told() == "ran beside other work and counts all the same (2 of 3)"


def test_a_comparison_is_read_back() -> None:
    told = json.loads(json.dumps(curve().as_json()))
    assert of_json(told, curve().case) == curve()


@pytest.mark.parametrize("case", [case for case in CASES if case.varies], ids=lambda case: case.name)
def test_each_point_of_a_curve_is_another_load(case: Case) -> None:
    server = Nginx("http://127.0.0.1:1/", "https://127.0.0.1:2/", Path("ca.pem"), 0, HTTPConnection("127.0.0.1"))
    loads = {point.name: case.load(point, server, 4, 60) for point in case.points}
    assert len({str(load) for load in loads.values()}) == len(case.points) == len(loads)


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


@pytest.mark.parametrize(("allowed", "cores"), [({0, 1}, [1, 1, 1]), ({1, 2, 5, 7}, [7, 5, 2]), ({3}, [3, 3, 3])])
def test_workers_have_the_cores_that_are_not_the_servers(allowed: set[int], cores: list[int]) -> None:
    assert [Cores.of(allowed).of_worker(number) for number in range(3)] == cores
