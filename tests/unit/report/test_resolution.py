"""What this machine cannot tell, in words."""

from __future__ import annotations

from loadgen.report.resolution import machine, noise, too_fast
from loadgen.result.resolution import Resolution

QUIET = Resolution.measured("ticks", {"mean": 0.09, "p50": 0.08, "p90": 0.11, "p99": 0.3})
STALLING = Resolution.measured("selftest", {"mean": 3.0, "p50": 0.08, "p90": 0.4, "p99": 8.0})


def test_the_machine_is_one_line_that_says_where_it_comes_from() -> None:
    assert machine(QUIET) == (
        "differences under 0.080 ms at p50 and 0.300 ms at p99 are noise here (ticks before the load)"
    )


def test_a_machine_that_stalls_is_said_to_and_is_excused_no_more_than_any() -> None:
    assert machine(STALLING) == (
        "differences under 0.080 ms at p50 and 1.00 ms at p99 are noise here (self-test). It was not quiet: 8.00 ms at "
        "p99 were measured, and no more is excused"
    )
    assert noise(STALLING) == "differences under 0.080 ms at p50 and 8.00 ms at p99 are noise"


def test_what_is_too_fast_and_what_stands() -> None:
    assert too_fast(["p99"], ["p50"], QUIET, "this machine") == (
        "Too fast for this machine at p99; p50 stands; differences under 0.300 ms are noise here"
    )
    assert too_fast(["p50", "p99"], [], QUIET, "this machine") == (
        "Too fast for this machine at p50 and p99; differences under 0.080 ms at p50 and 0.300 ms at p99 are noise here"
    )
