"""bench.stall: the tools' reports are read rightly (data/stall has theirs), the server stalls as it says, and the truth
is that of users who came on the schedule."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from paths import DATA, ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench.stall import tools
from bench.stall.report import Row, agreement, stalled
from bench.stall.server import ANSWER, Server
from bench.stall.tools import ENTRIES, Entry
from bench.stall.truth import Log, figures
from bench.tools import Load, Reported, Tool
from loadgen.clock import MILLISECOND, SECOND, VirtualClock

STALL = DATA / "stall"
SAMPLES: list[tuple[Tool, str, list[float | None]]] = [
    (tools.Artillery(), "artillery.json", [10.1, 115.6, 186.8, 210]),
    (tools.K6(), "k6.json", [6.834232, 103.852324, 183.29988, 204.585719]),
    (tools.Wrk(), "wrk.txt", [5.328, 86.675, 177.465, 196.92]),
    (tools.Hey(), "hey.txt", [12.0, 19.4, 20.9, 20.9]),
    (tools.Autocannon(), "autocannon.json", [15, None, 112, 122]),
    (tools.Locust(), "locust.json", [11, 170, 190, 192.387]),
    (tools.Aiohttp(), "aiohttp.json", [16.959256, 24.703621, 25.041022, 32.865065]),
]
LOAD = Load("http://127.0.0.1:1/", Path("ca.pem"), 20, 20, rate=200)


@pytest.mark.parametrize(("tool", "sample", "times"), SAMPLES, ids=[sample for _, sample, _ in SAMPLES])
def test_reports_are_read(tool: Tool, sample: str, times: list[float | None]) -> None:
    said = tool.read((STALL / sample).read_text()).figures
    found = [said.get(f"{key}_ms") for key in ("p50", "p95", "p99", "max")]
    assert found == [None if time is None else pytest.approx(time, rel=1e-6) for time in times]
    assert said["failed"] == 0


@pytest.mark.parametrize("tool", [tool for tool, _, _ in SAMPLES])
@pytest.mark.parametrize("output", ["", "[]", "Killed"])
def test_what_is_no_report_is_an_error(tool: Tool, output: str) -> None:
    with pytest.raises((LookupError, ValueError, TypeError)):
        tool.read(output)


def test_a_request_beyond_the_patience_of_wrk_is_a_failure() -> None:
    lost = (
        (STALL / "wrk.txt")
        .read_text()
        .replace("Requests/sec", "  Socket errors: connect 0, read 0, write 0, timeout 1\nRequests/sec")
    )
    assert tools.Wrk().read(lost).figures["failed"] == 1


def test_what_k6_dropped_is_said() -> None:
    told = json.loads((STALL / "k6.json").read_text())
    told["metrics"]["dropped_iterations"] = {"count": 380, "rate": 19}
    assert "dropped 380" in tools.K6(20).read(json.dumps(told)).remarks[0]


@pytest.mark.parametrize("entry", ENTRIES, ids=[f"{entry.name}, {entry.asked}" for entry in ENTRIES])
def test_each_is_asked_for_the_same_load_of_this_machine(entry: Entry, tmp_path: Path) -> None:
    said = " ".join(entry.tool.command(LOAD, tmp_path)) + "".join(f.read_text() for f in tmp_path.iterdir())
    assert "127.0.0.1" in said
    assert "20" in said
    assert ("wrk" in entry.name) or any(rate in said for rate in ("200", "=10 ", "-q 10 ", "RATE=10"))
    if entry.name == "artillery":
        assert "ARTILLERY_DISABLE_TELEMETRY=true" in said
    if entry.name == "k6":
        assert "--no-usage-report" in said


# the server


class Connection:
    """What is written to it, and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock, self.at = clock, []  # type: ignore[var-annotated]

    def write(self, data: bytes) -> None:
        assert data == ANSWER
        self.at.append(self._clock.now())


def stall(rate: int, seconds: int, length: int) -> tuple[Log, list[int]]:
    """What the server logs of an even load, and when it answered."""
    clock = VirtualClock(123)
    server = Server(clock, 5 * MILLISECOND, 9 * SECOND, length)
    connection = Connection(clock)
    for n in range(rate * seconds):
        clock.call_at(123 + n * SECOND // rate, lambda: server.take(connection))  # type: ignore[arg-type]
    clock.run()
    told = json.loads(json.dumps(server.log()))
    return Log(told["received"], told["answered"], tuple(told["stall"]), 1, told["held"]), connection.at


def test_the_server_stalls_as_it_says() -> None:
    log, answered = stall(200, 20, 2 * SECOND)
    assert log.answered == answered
    assert log.stall == (123 + 9 * SECOND, 123 + 11 * SECOND)
    assert not [at for at in answered if log.stall[0] <= at < log.stall[1]]
    assert answered.count(log.stall[1]) == 400 + 1  # those held up, and the one that is due at that very instant
    assert log.held == 400
    assert figures(log.times) == pytest.approx((5, 1005, 1805, 2005))


def test_the_truth_is_that_of_users_on_the_schedule() -> None:
    log, _ = stall(200, 20, 2 * SECOND)
    assert log.users(200, 20) == log.times
    few = Log(log.received[:1700], log.answered[:1700], log.stall, 1, 0)  # a tool that waited, and sent nothing more
    assert few.users(200, 20) == log.times


def test_without_a_stall_nothing_is_held_up() -> None:
    log, _ = stall(500, 2, 0)
    assert log.held == 0
    assert figures(log.times) == pytest.approx((5, 5, 5, 5))


def test_a_server_that_nobody_asked_has_no_times() -> None:
    log = Log([], [], (0, 0), 0, 0)
    assert (log.usual, log.held) == (0, 0)
    with pytest.raises(ValueError, match="no times"):
        figures(log.times)


# the tables


def row(entry: Entry, log: Log, **said: float) -> Row:
    return Row(entry, 20, Reported(said), log)


def test_what_is_said_stands_beside_what_happened() -> None:
    log, _ = stall(200, 20, 2 * SECOND)
    told = {"p50_ms": 5.0, "p95_ms": 6.0, "p99_ms": 7.0, "max_ms": 2005.0, "failed": 3.0}
    page = stalled(
        [row(ENTRIES[7], log, **told), Row(ENTRIES[8], 20, Reported({}), log, "failed: it fell over")], 200, 20
    )
    assert "| **users on the schedule** |  | 4,000 | 400 | 5.00 | 1,005 | 1,805 | 2,005 |" in page
    assert "| hey | 20 workers, `-q` | 4,000 | 400 | 5.00 | 6.00 | 7.00 | 2,005 |" in page
    assert "| autocannon | 20 connections, `-R` | 4,000 | 400 | - | - | - | - |" in page
    assert "3 failed, as it says" in page
    assert "it fell over" in page


def test_agreement_is_within_five_percent_and_a_millisecond_of_the_same_round() -> None:
    log, _ = stall(500, 2, 0)
    ours = row(ENTRIES[0], log, service_p50_ms=5.0, service_p99_ms=20.0, p50_ms=6.0, p99_ms=30.0)
    near, far = ({"p50_ms": 6.25, "p99_ms": 18.1}, {"p50_ms": 6.26, "p99_ms": 17.9})
    page = agreement([[ours, row(ENTRIES[7], log, **near), row(ENTRIES[5], log, **far)]], 500)
    assert "| 5.00 | 20.00 | yes / yes |" in page
    assert "| 6.25 | 18.10 | yes / yes |" in page
    assert "| 6.26 | 17.90 | no (+1.3) / no (-2.1) |" in page
