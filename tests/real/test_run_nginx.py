"""What a run says it sent is what nginx says it got: to the request, in every kind of load."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from program import FULL, VALID, load, run
from servers import Server

pytestmark = pytest.mark.real

RATE, SECONDS = (2000, 30) if FULL else (1000, 3)

StartNginx = Callable[..., AbstractContextManager[Server]]


def logged(server: Server) -> list[str]:
    assert server.log
    return server.log.read_text().splitlines()


def profile(server: Server, phases: str, more: str = "", scheme: str = "http") -> str:
    return f"name: n\ntarget: {getattr(server, scheme)}/\ntls: {{ca: {server.ca}}}\nload: [{phases}]\n{more}"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_request_is_in_the_log(start_nginx: StartNginx, tmp_path: Path, scheme: str, workers: int) -> None:
    with start_nginx() as server:
        # a machine that is busy otherwise shall not also be kept busy with ever more handshakes
        text = profile(server, f"{{name: a, rate: {RATE}/s, for: {SECONDS}s}}", "session: {connections: 200}", scheme)
        ran = load(tmp_path, text, "--workers", str(workers), limit=200)
        plan = json.loads(run(tmp_path, "check", "profile.yaml", "--json").out)
    assert ran.status in VALID
    assert ran.requests["outcomes"] == {"ok": len(logged(server))}
    assert ran.requests["on_wire"] == ran.requests["sent"] == len(logged(server))
    planned = ran.phases["a"]["iterations"]["planned"]
    assert planned == plan["phases"][0]["iterations"], "one schedule, however many workers share it"
    assert abs(planned - RATE * SECONDS) < 5 * (RATE * SECONDS) ** 0.5
    assert ran.iterations["unsent"] == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_session_for_each_request_opens_a_connection_for_each(
    start_nginx: StartNginx, tmp_path: Path, scheme: str
) -> None:
    with start_nginx() as server:
        phases = "{name: a, rate: 300/s, for: 2s}"
        ran = load(tmp_path, profile(server, phases, "session: per-request", scheme), "--workers", "2")
    connections = ran.result["variants"][0]["connections"]
    assert ran.requests["outcomes"] == {"ok": len(logged(server))}
    assert connections["opened"] == ran.requests["sent"] == len(logged(server))
    assert connections["reused"] == connections["preopened"] == connections["closed_idle"] == 0


def test_users_counts_and_all_at_once(start_nginx: StartNginx, tmp_path: Path) -> None:
    """Exact counts are exact, and shared out among the workers without a rest."""
    phases = (
        "{name: once, at-once: 101}, {name: few, users: 3, iterations: 100}, {name: none, users: 1, iterations: 1}, "
        "{name: spaced, rate: 500/s, iterations: 301}, {name: timed, users: 5, for: 1s, think: 10ms}"
    )
    with start_nginx() as server:
        ran = load(tmp_path, profile(server, phases), "--workers", "2")
    assert ran.status in VALID
    counts = {name: phase["iterations"]["completed"] for name, phase in ran.phases.items()}
    assert counts.pop("timed") > 0
    assert counts == {"once": 101, "few": 100, "none": 1, "spaced": 301}
    assert ran.requests["outcomes"] == {"ok": len(logged(server))}
    assert "response" not in ran.phases["few"]["steps"][0]["latency_ms"], "a closed load has no due time"


STEPS = """
scenarios:
  - name: s
    weight: 3
    steps:
      - name: first
        get: /
        query: {n: "{{seq}}"}
        expect: {headers: {server: {matches: nginx}}}
        capture: {kind: header.content-type}
      - {name: second, post: /upload, query: {kind: "{{kind}}"}, text: "1234567", capture: {length: body}}
      - {name: third, head: /, query: {got: "{{length}}"}}
  - name: fails
    weight: 1
    steps:
      - {name: expects, get: /, query: {fails: "1"}, expect: {status: 201}}
      - {name: never, get: /never}
"""


def test_steps_hand_on_what_they_captured(start_nginx: StartNginx, tmp_path: Path) -> None:
    with start_nginx() as server:
        ran = load(tmp_path, profile(server, "{name: a, rate: 200/s, iterations: 200}", STEPS), "--workers", "2")
    lines = [line.split('"')[1].split()[:2] for line in logged(server)]
    found = Counter((method, path.partition("=")[0]) for method, path in lines)
    steps = {step["step"]: step for step in ran.phases["a"]["steps"]}
    assert ran.requests["on_wire"] == ran.requests["sent"] == len(lines)
    full, failing = steps["first"]["requests"]["sent"], steps["expects"]["requests"]["sent"]
    assert full + failing == 200
    assert 0.6 < full / 200 < 0.9, "the weights are 3 to 1"
    assert found == {
        ("GET", "/?n"): full,
        ("POST", "/upload?kind"): full,
        ("HEAD", "/?got"): full,
        ("GET", "/?fails"): failing,
    }
    assert {path for method, path in lines if method == "POST"} == {"/upload?kind=application%2Fjson"}
    assert {path for method, path in lines if method == "HEAD"} == {"/?got=7"}
    assert len({path for _, path in lines if path.startswith("/?n=")}) == full, "seq is different each time"
    assert steps["expects"]["requests"]["outcomes"] == {"unexpected": failing}
    assert steps["never"]["requests"]["sent"] == 0
    assert steps["never"]["skipped"] == {"failed_step": failing, "stopped": 0}
    assert ran.iterations["failed"] == failing
