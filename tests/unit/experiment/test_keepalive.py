"""`loadgen keepalive`: the profiles that it runs, and the sentence that it ends in."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.errors import ProfileError
from loadgen.experiment.keepalive import idle_profile, profile_of
from loadgen.report.terminal.keepalive import idle_table, sentence


def test_shared_resumed_and_fresh_connections_take_turns() -> None:
    loaded = profile_of("https://h.example/ping", "40/s", 8)
    sessions = [(v.name, v.profile.session.reuse, v.profile.session.tls_resumption) for v in loaded.variants]
    assert sessions == [("shared", "shared", True), ("resumed", "per-request", True), ("fresh", "per-request", False)]
    assert [v.name for v in profile_of("http://h.example/", "40/s", 8).variants] == ["shared", "fresh"]


def test_each_run_knows_a_p99() -> None:
    """Which the sentence tells, and which takes a hundred requests: exactly so many are planned, not about as many."""
    for variant in profile_of("https://h.example/", "7/s", 8).variants:
        (phase,) = variant.profile.load
        assert phase.iterations and phase.iterations > 100


def test_it_is_gentle() -> None:
    with pytest.raises(ProfileError, match=r"--rate: 101/s is not gentle: at most 100/s"):
        profile_of("https://h.example/", "101/s", 8)


def test_visitors_come_back_after_the_pause() -> None:
    (phase,) = idle_profile("https://h.example/", 1_500_000_000).profile.load
    assert (phase.name, phase.users, phase.iterations, str(phase.think)) == ("idle-1_5s", 10, 50, "1.5s")


def figure(variant: str, quantile: str, difference: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {
        "variant": variant, "metric": "response", "quantile": quantile,
        "difference_ms": difference, "difference_low": low, "difference_high": high,
    }  # fmt: skip


PARTS = [
    {"variant": "fresh", "part": "response", "difference_ms": 60.0},
    {"variant": "fresh", "part": "tls", "difference_ms": 40.0},
    {"variant": "fresh", "part": "ours", "difference_ms": 0.3},
    {"variant": "fresh", "part": "handshake_cpu", "difference_ms": 1.1},
]


def test_the_sentence_says_what_it_costs_and_whose_it_is() -> None:
    figures = [figure("fresh", "p50", 61, 58, 64), figure("fresh", "p99", 140, 118, 171)]
    assert sentence({"comparison": {"figures": figures, "parts": PARTS}}) == (
        "A new connection per request costs 61.0 ms [58.0, 64.0] at p50, 140 ms [118, 171] at p99; "
        "two thirds of it TLS; this machine's share 1.40 ms."
    )


def test_what_is_not_known_is_said() -> None:
    figures = [figure("fresh", "p50", 61, None, None)]
    found = sentence({"comparison": {"figures": figures, "why_not": ["fresh kept its connections"]}})
    assert found == (
        "A new connection per request costs 61.0 ms, no interval, at p50. But no verdict: fresh kept its connections."
    )
    assert sentence({}).startswith("No cost can be told")


def test_pauses_are_told_in_a_table() -> None:
    step = {
        "requests": {"sent": 50},
        "by_connection": {"reused": {"service": {"p50": 2.5}}, "new": {"service": {"p50": 30.0}}},
    }
    phase = {"name": "idle-1_5s", "connections": {"reused": 25}, "steps": [step]}
    text = idle_table([{"variants": [{"phases": [phase], "connections": {"closed_idle": 25}}]}])
    (row,) = [text for text in text.splitlines() if text.startswith("1.5s")]
    assert row.split() == ["1.5s", "50", "50%", "25", "2.50", "30.0"]
