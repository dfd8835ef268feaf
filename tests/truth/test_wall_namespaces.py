"""Networks of their own: ports that run out are this machine's fault (14), and a link with a delay that is real (2)."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from program import FULL, Ran, load

from loadgen.clock import MILLISECOND
from truth.capture import Capture
from truth.namespaces import apart, few_ports
from truth.wall import Seen, adds_up, admitted, least_error, read, target

pytestmark = pytest.mark.real

FIRST, LAST = 40_000, 40_099
DELAY = 5  # ms each way


def of_this_machine(folder: Path, phases: str, reuse: int, taken: int = 0) -> Ran:
    """A load that needs more than the hundred ports that there are, `taken` of them by somebody else: what fails is
    `client_resource`, and the run INVALID. Over HTTP: what TLS says after the client has closed is
    answered by a reset, which leaves no port at rest."""
    with few_ports(FIRST, LAST, reuse), target(folder, service="50ms") as (sandbox, log), ExitStack() as stack:
        for _ in range(taken):
            stack.enter_context(socket.create_connection(("127.0.0.1", urlsplit(sandbox.http).port or 0)))
        text = f"name: p\ntarget: {sandbox.http}\nsession: per-request\nload: [{phases}]\n"
        ran = load(folder, text)
    outcomes = ran.requests["outcomes"]
    assert set(outcomes) == {"ok", "client_resource"}, "nothing is the target's fault"
    assert outcomes["ok"] == ran.requests["on_wire"] == len(read(log))
    assert (ran.result["trust"]["verdict"], ran.status) == ("INVALID", 0), "no threshold is in doubt"
    assert "client resources" in ran.reasons
    failed = [sample for sample in ran.result["samples"]["failed"] if sample["outcome"] == "client_resource"]
    assert failed
    assert {sample["reason"] for sample in failed} == {"no free port: EADDRNOTAVAIL"}
    return ran


def test_a_range_of_a_hundred_ports(tmp_path: Path) -> None:
    """Another program has ninety of them, and more are wanted at once than are left."""
    ran = of_this_machine(tmp_path, "{name: a, at-once: 40}", reuse=2, taken=90)
    assert ran.requests["outcomes"]["ok"] <= 10


def test_a_range_that_rests_in_time_wait(tmp_path: Path) -> None:
    """Few are open at once, but each rests for a minute; nobody could foresee how many a closed load opens."""
    ran = of_this_machine(tmp_path, "{name: a, users: 10, iterations: 200}", reuse=0)
    assert ran.requests["outcomes"]["ok"] <= 100


def test_a_range_that_would_run_out_is_refused_before(tmp_path: Path) -> None:
    with few_ports(FIRST, LAST, reuse=0):
        text = "name: p\ntarget: sandbox\nload: [{name: a, rate: 50/s, for: 10s}]\nsession: per-request\n"
        ran = load(tmp_path, text)
    assert (ran.status, ran.out) == (2, "")
    assert "ports are free" in ran.err
    assert not ran.folder.exists()


def test_over_a_link_three_clocks_agree(tmp_path: Path) -> None:
    """The target's log, the packets where the client is, and the client, over a way that takes 5 ms in each direction:
    what the sandbox cannot do, as it delays answers only."""
    number = 30_000 if FULL else 2000
    with (
        apart(1000 * DELAY) as (here, there),
        there.inside(),
        target(tmp_path, service="lognormal(p50=10ms, p99=40ms)") as (sandbox, log),
        here.inside(),
        Capture(urlsplit(sandbox.http).port or 0, "near") as capture,
    ):
        phases = f"{{name: a, rate: 500/s, iterations: {number}}}"
        text = f"name: v\ntarget: {sandbox.http}\nload: [{phases}]\nsession: {{connections: 200}}\n"
        ran = load(tmp_path, text, limit=120)
    seen = Seen(ran, read(log), capture.exchanged())
    latency, wire, truth = seen.latency(), seen.on_wire(), seen.answered()
    assert ran.requests["outcomes"] == {"ok": number}
    assert len(wire) == len(truth) == ran.requests["on_wire"] == number
    way = (sum(wire) - sum(truth)) / number
    assert 2 * DELAY <= way <= 2 * DELAY + 5, "the way is in the packets, and not in the target's log"
    least_error(latency["service"], wire, admitted(latency, "client_delay"))
    least_error(latency["response"], wire, admitted(latency, "client_delay", "lag", "wait"))
    own = latency["service"]["mean"] - latency["client_delay"]["mean"] - sum(wire) / number
    assert 0 <= own <= 0.1
    adds_up(latency)
    asked = [(exchange.answered - exchange.asked) / MILLISECOND for exchange in seen.wire]
    assert min(asked) >= 2 * DELAY + min(truth)
