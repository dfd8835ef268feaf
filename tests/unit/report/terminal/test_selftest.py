"""The page of `loadgen selftest`: up to where this machine can be trusted, and what was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from selftests import BUSY, MACHINE, capacity, result

from loadgen.report.terminal.selftest import sentence, show
from loadgen.result.reason import Reason
from loadgen.result.selftest import Noise, SelftestResult, TimerSlack


def test_the_sentence_says_up_to_where_and_what_is_noise() -> None:
    assert sentence(result()) == (
        "This machine can be trusted with up to 24,000/s over http and 19,000/s or more over https on one worker; "
        "differences under 0.070 ms at p50 and 0.210 ms at p99 are noise."
    )


def test_where_nothing_stayed_valid_the_sentence_says_that() -> None:
    none = (capacity("http", None, failed_at=2_100.0), capacity("https", None, failed_at=5_300.0))
    assert sentence(result(capacity=none, resolution=None)) == (
        "This machine can be trusted with nothing that was tried, not even 2,100/s over http nor even "
        "5,300/s over https."
    )
    assert sentence(result(capacity=())) == "Too little was measured to say."


def lines(selftest: SelftestResult) -> list[str]:
    text = show(selftest)
    assert max(map(len, text.splitlines())) <= 100
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_page_has_every_figure() -> None:
    page = lines(result(saved="/home/x/.local/state/loadgen/selftest.json"))
    for told in (
        "Fast 9000 · 4 CPUs · Linux 6.1 · Python 3.12.1 · loadgen 0.1.0",
        "http 24,000/s 26,000/s core use 74%",
        "https 19,000/s or more -",
        "https 2,100/s or more each a full TLS handshake",
        "p50 0.070 0.050 0.081 0.085 0.131",
        "p99 0.210 0.210 0.210 0.400 -",
        "100/s 300 0.051 0.090 0.400",
        "CPUs 4 of 8, no quota",
        "descriptors 20,000 a process",
        "ports 28,232, 12 of them in TIME_WAIT, which loopback takes again at once",
        "clock tsc, resolution 25 ns; the wall clock made no step, and drifted 0.020 ms in 118 s",
        "timer timerfd, slack 1 ns in a worker, 50 µs by default",
        "kernel's stamps on answers",
    ):
        assert told in page, told
    assert any(line.startswith("saved: /home/x") for line in page)


def test_what_was_cut_short_is_shown_as_far_as_it_came() -> None:
    nothing: dict[str, Any] = {"noise": None, "pacing": (), "connections": (), "capacity": (), "stamps": None}
    page = lines(
        result(interrupted=True, warnings=(Reason.of("not_saved_selftest", error="it is not complete"),), **nothing)
    )
    assert "interrupted: this is what there was by then" in page
    assert "! not saved: it is not complete" in page
    assert "kernel's stamps not known" in page
    noise = Noise(1000, 2, {"p50": (0.081,), "p99": (None,)}, {})
    assert "p99 - - -" in lines(result(**nothing | {"noise": noise, "resolution": None}))


def test_what_a_machine_is_called_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in show(result(machine=replace(MACHINE, cpu="\x1b[2Jx")))


def test_what_failed_is_said_in_words() -> None:
    failed = Reason.of("requests_failed", timeout=1_200, reset=3)
    rows = (capacity("http", 9_000.0, sure=False, failed_why=failed), capacity("https", None, failed_why=BUSY))
    page = " ".join(lines(result(capacity=rows)))
    once = "it held once, and was not tried again"
    assert f"http 9,000/s 26,000/s requests failed: 1,200 timeout, 3 reset; {once}" in page
    assert "https none 26,000/s core use 74%" in page


def test_a_coarse_timer_and_steps_of_the_clock_are_told() -> None:
    whole = result()
    limits = replace(whole.limits, timer="event loop", timer_slack_ns=TimerSlack(50_000, 50_000), quota=1.5)
    page = " ".join(lines(result(limits=limits, clock=replace(whole.clock, steps=2, largest_step_ms=50.0))))
    assert "timer the event loop's, a millisecond coarse, slack 50 µs in a worker, 50 µs by default" in page
    assert "the wall clock made 2 steps, 50.0 ms at the most, and drifted" in page
    assert "a quota of 1.5" in page
