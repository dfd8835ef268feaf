"""`loadgen keepalive`: the profiles that it runs, and the sentence that it ends in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from engine_harness import always
from run_folders import write_run

from loadgen.clock import MILLISECOND
from loadgen.errors import ProfileError
from loadgen.experiment.keepalive import idle_profile, profile_of
from loadgen.report.terminal.keepalive import idle_table, sentence
from loadgen.result.experiment import Comparison, Figure, Part, PartMedian
from loadgen.result.reason import Reason


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
    with pytest.raises(ProfileError, match=r"--rate: 101/s is too fast: at most 100/s"):
        profile_of("https://h.example/", "101/s", 8)


def test_visitors_come_back_after_the_pause() -> None:
    (phase,) = idle_profile("https://h.example/", 1_500_000_000).profile.load
    assert (phase.name, phase.users, phase.iterations, str(phase.think)) == ("idle-1_5s", 10, 50, "1.5s")


FIGURE = Figure(
    "fresh", "shared", "steady", "get", "response", "p50", True,
    10, 20, 2, 1.9, 2.1, 10, 9, 11, "slower", None, None, (),
)  # fmt: skip


def figure(variant: str, quantile: str, difference: float, low: float | None, high: float | None) -> Figure:
    ends = {"difference_ms": difference, "difference_low": low, "difference_high": high}
    return replace(FIGURE, variant=variant, quantile=quantile, **ends)


def part(name: str, difference: float) -> Part:
    return Part("fresh", "shared", "steady", "get", name, True, 0, difference, difference, PartMedian(None, None, None))


PARTS = (part("response", 60), part("tls", 40), part("ours", 1.4), part("handshake_cpu", 1.1))
COMPARISON = Comparison("shared", "steady response p50", 0.05, 0.95, True, (), (), (), (), ())


def test_the_sentence_says_what_it_costs_and_whose_it_is() -> None:
    figures = (figure("fresh", "p50", 61, 58, 64), figure("fresh", "p99", 140, 118, 171))
    assert sentence(replace(COMPARISON, figures=figures, parts=PARTS)) == (
        "A new connection per request costs 61.0 ms [58.0, 64.0] at p50, 140 ms [118, 171] at p99; "
        "two thirds of it TLS; this machine's share 1.40 ms."
    )


def test_a_cost_that_may_be_none_is_no_number() -> None:
    figures = (figure("fresh", "p50", 14.8, 1.45, 31), figure("fresh", "p99", -41, -203, 121))
    assert sentence(replace(COMPARISON, figures=figures)) == (
        "A new connection per request costs 14.8 ms [1.45, 31.0] at p50, nothing that can be told at p99, "
        "-203 to 121 ms."
    )


def test_what_is_not_known_is_said() -> None:
    figures = (figure("fresh", "p50", 61, None, None),)
    why = (Reason.of("broken_off", variant="fresh", round=2), Reason.of("broken_off", variant="fresh", round=3))
    assert sentence(replace(COMPARISON, figures=figures, why_not=why)) == (
        "A new connection per request costs 61.0 ms, no interval, at p50. But no verdict: did not come to their "
        "end: fresh, round 2; fresh, round 3."
    )
    assert sentence(COMPARISON).startswith("No cost can be told")
    assert sentence(None).startswith("No cost can be told")


def test_few_rounds_say_what_each_of_them_says() -> None:
    of_three = replace(figure("fresh", "p50", 61, None, None), ratio_low=None, ratio_high=None)
    of_three = replace(of_three, rounds=((10, 70), (10, 71.5), (10, None)))
    assert sentence(replace(COMPARISON, figures=(of_three,))) == (
        "A new connection per request costs 61.0 ms (60.0 61.5 - in 3 rounds) at p50."
    )


def test_pauses_are_told_in_a_table(tmp_path: Path) -> None:
    """Of each user the first request opens a connection, which takes 28 ms, and the other four find it."""
    profile = idle_profile("http://h.example/", 1_500_000_000).profile
    run = write_run(tmp_path / "run", profile, always(after=2 * MILLISECOND, connect=28 * MILLISECOND))
    whole = replace(run.variant, connections=replace(run.variant.connections, closed_idle=25))
    text = idle_table([replace(run, variants=(whole,))])
    (row,) = [line for line in text.splitlines() if line.startswith("1.5s")]
    assert row.split() == ["1.5s", "50", "80%", "25", "2.00", "30.0"]
