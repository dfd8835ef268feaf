"""Whose time a percentile is, over real sockets: the target's part of it is what the target's own log says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from program import Ran, load

from truth.namespaces import apart
from truth.wall import DIGITS, quantile, read, target

pytestmark = pytest.mark.real

FAST, SLOW, SHARE = 5, 80, 5  # ms, ms, % of the requests
PARTS = ("target", "connect", "wait", "build", "held", "own")
WAY = 5  # ms, in each direction of a link
TRIP = 20  # ms, which the sandbox adds to each answer: nothing that its kernel knows of


def test_the_target_s_part_is_that_of_its_own_log(tmp_path: Path) -> None:
    service = f"bimodal(fast={FAST}ms, slow={SLOW}ms, share={SHARE}%)"
    profile = "name: t\nload: [{name: a, rate: 100/s, iterations: 400}]\nsession: {connections: 60}\n"
    with target(tmp_path, service=service, rtt=f"{TRIP}ms") as (sandbox, log):
        ran = load(tmp_path, f"{profile}target: {sandbox.http}\n")
    variant = ran.result["variants"][0]
    (step,) = ran.phases["a"]["steps"]
    late = sorted((row["sent_ns"] - row["intended_ns"]) / 1e6 for row in read(log))
    assert step["requests"]["outcomes"] == {"ok": 400}
    assert set(step["whose_ms"]) == {"mean", "p50", "p99"}
    mean = step["whose_ms"]["mean"]
    assert mean["value"] == pytest.approx(step["latency_ms"]["response"]["mean"], rel=1e-4)
    assert sum(mean[part] for part in PARTS) == pytest.approx(mean["value"])
    for name, truth in (("p50", FAST + TRIP), ("p99", SLOW + TRIP)):
        of = step["whose_ms"][name]
        assert of["value"] == step["latency_ms"]["response"][name]
        assert sum(of[part] for part in PARTS) == pytest.approx(of["value"])
        # a target that is late is late before and after the instant that its log has; and the parts of the few requests
        # about p99 are scaled to it
        assert truth * 0.95 <= of["target"] + of["connect"] <= truth * 1.01 + 0.5 + 2 * quantile(late, 0.999)
        assert of["own"] > 0 and of["own_at_least"] is (sys.platform != "linux")
    network, connections = variant["network"], variant["connections"]
    if sys.platform == "linux":
        assert network["connects"] == connections["opened"] + connections["failed"]
        assert network["segments"] >= variant["requests"]["on_wire"]
        assert 0 < network["round_trip_ms"] < TRIP, "the kernel knows the loopback's, not what is simulated on it"
        known = {signal["signal"]: signal["observed"] for signal in ran.result["trust"]["signals"]}
        assert known["retransmits"]["segments"] == network["segments"]
        assert known["SYN retries"]["connects"] == network["connects"]


def over_a_link(folder: Path, phases: str, service: str, lost: int = 0) -> Ran:
    """A run over a link that takes `WAY` ms in each direction, and loses each `lost`th frame of ours."""
    with (
        apart(1000 * WAY, lost) as (here, there),
        there.inside(),
        target(folder, service=service) as (sandbox, _),
        here.inside(),
    ):
        text = f"name: n\nload: [{phases}]\nsession: {{connections: 20}}\ntarget: {sandbox.http}\n"
        return load(folder, text)


def test_the_kernel_tells_the_network_s_round_trip_from_the_target(tmp_path: Path) -> None:
    ran = over_a_link(tmp_path, "{name: a, rate: 100/s, iterations: 100}", f"{SLOW}ms")
    variant = ran.result["variants"][0]
    (phase,) = (phase for phase in variant["phases"] if phase["measured"])
    # the link is a program, and takes longer than it should where the machine is busy; but it knows nothing of SLOW
    assert 2 * WAY <= phase["round_trip_ms"] == variant["network"]["round_trip_ms"] < SLOW
    assert phase["steps"][0]["whose_ms"]["p50"]["target"] >= (SLOW + 2 * WAY) * DIGITS


def test_a_network_that_loses_is_told_by_what_was_sent_again(tmp_path: Path) -> None:
    ran = over_a_link(tmp_path, "{name: a, rate: 200/s, iterations: 400}", f"{FAST}ms", lost=15)
    assert ran.requests["outcomes"] == {"ok": 400}
    assert ran.result["variants"][0]["network"]["retransmits"] >= 10
    (signal,) = (signal for signal in ran.result["trust"]["signals"] if signal["signal"] == "retransmits")
    assert (signal["verdict"], signal["noted"]) == ("VALID", True), (
        "a finding about the way, and not against this machine"
    )
