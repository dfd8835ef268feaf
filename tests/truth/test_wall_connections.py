"""Who waited for what, and what was sent how often, by the target's own log (16, 17, 18)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from program import load

from loadgen.clock import MILLISECOND
from truth.wall import DIGITS, quantile, read, target, watch

pytestmark = pytest.mark.real

CAP, AT_ONCE = 10, 100
CLOSING = """
scenarios:
  - name: s
    steps: [{name: first, get: /}, {name: second, get: /early-close, expect: {status: 200}}]
"""


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
def test_what_a_closed_connection_swallowed_is_not_sent_again(tmp_path: Path, client: str) -> None:
    """The target takes a request on a connection that was used before, and closes it instead of answering: a GET, which
    libraries like to repeat."""
    number = 40
    with target(tmp_path) as (sandbox, log):
        phases = f"{{name: a, rate: 100/s, iterations: {number}}}"
        ran = load(tmp_path, f"name: t\ntarget: {sandbox.http}\nclient: {client}\nload: [{phases}]\n{CLOSING}")
    steps = {step["step"]: step["requests"] for step in ran.phases["a"]["steps"]}
    assert steps["first"]["outcomes"] == {"ok": number}
    assert steps["second"]["outcomes"] == {"reset": number}
    rows = read(log)
    assert len(rows) == ran.requests["on_wire"] == ran.requests["sent"] == 2 * number
    assert Counter(row["status"] for row in rows) == {200: number, 0: number}


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
def test_connections_closed_while_idle_lose_nothing_unseen(tmp_path: Path, client: str) -> None:
    """The target closes what was idle for 50 ms, and users think about as long: some requests meet the close."""
    with target(tmp_path, idle_close="50ms", service="1ms") as (sandbox, log):
        phases = "{name: a, users: 20, iterations: 400, think: 40ms..60ms}"
        ran = load(tmp_path, f"name: t\ntarget: {sandbox.http}\nclient: {client}\nload: [{phases}]\n")
    outcomes, connections = ran.requests["outcomes"], ran.result["variants"][0]["connections"]
    assert set(outcomes) <= {"ok", "reset"}
    assert connections["closed_idle"] > 0
    rows = read(log)
    assert sum(row["status"] == 200 for row in rows) == outcomes["ok"], "each answer was to a request of its own"
    assert outcomes["ok"] <= len(rows) <= ran.requests["on_wire"] <= ran.requests["sent"] == 400


def test_waiting_for_a_connection_is_no_service(tmp_path: Path) -> None:
    """A hundred at once over ten connections: each waits until those before it on its connection have been answered."""
    more = f"session: {{connections: {CAP}}}"
    seen = watch(tmp_path, {"service": "30ms"}, f"{{name: a, at-once: {AT_ONCE}}}", more)
    latency, wire = seen.latency(), seen.on_wire()
    assert seen.ran.result["variants"][0]["connections"]["opened"] == CAP
    assert Counter(row["connection"] for row in seen.rows).keys() == set(range(1, CAP + 1))
    first = seen.wire[0].asked
    waited = [(exchange.asked - first) / MILLISECOND for exchange in seen.wire]  # from when the first one left
    told = latency["wait"]["mean"] + latency["lag"]["mean"] - latency["lag"]["min"]
    assert told == pytest.approx(sum(waited) / AT_ONCE, abs=1)
    # Little: of a hundred, ten at a time, each waits four and a half services on average; none is shorter than 30 ms
    assert told >= (AT_ONCE / CAP - 1) / 2 * 30 * DIGITS
    delay = latency["client_delay"]["max"]
    assert latency["service"]["p50"] <= quantile(wire, 0.6) + delay + 0.2
    assert latency["service"]["max"] <= wire[-1] + delay + 1
    assert latency["response"]["max"] >= (waited[-1] + 30) * DIGITS


@pytest.mark.parametrize("reuse", ["shared", "per-request"])
def test_a_session_shakes_hands_as_often_as_it_says(tmp_path: Path, reuse: str) -> None:
    number = 60
    cap = ", connections: 3" if reuse == "shared" else ""
    text = (
        "name: t\ntarget: sandbox\nsandbox: {service: 2ms}\n"
        f"session: {{reuse: {reuse}{cap}}}\nload: [{{name: a, rate: 100/s, iterations: {number}}}]\n"
    )
    ran = load(tmp_path, text)
    opened = 3 if reuse == "shared" else number
    told, counted = ran.result["variants"][0]["connections"], ran.result["target"]["sandbox"]
    assert told["opened"] == counted["tls"]["handshakes"] == counted["connections"]["https"] == opened
    assert told["resumed"] == counted["tls"]["resumed"]
    (step,) = ran.phases["a"]["steps"]
    parts = sum(round(step["latency_ms"][name]["spent"] * 1e6) for name in ("lag", "sign", "wait", "service"))
    assert parts == round(step["latency_ms"]["response"]["spent"] * 1e6), "to the nanosecond"
