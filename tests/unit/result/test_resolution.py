"""What this machine cannot tell, of any figure that a profile may name."""

from __future__ import annotations

import pytest

from loadgen.result.codec import from_json, to_json
from loadgen.result.resolution import ASSUMED, LEAST, MOST, Resolution

MEASURED = Resolution.measured("selftest", {"mean": 0.07, "p50": 0.06, "p90": 0.1, "p99": 0.3, "p99.9": 7.0})


@pytest.mark.parametrize(
    ("figure", "ns"),
    [
        ("mean", 70_000),
        ("p50", 60_000),
        ("p99", 300_000),
        ("p99.9", 1_000_000),  # no more counts
        ("p0", 60_000),
        ("p10", 60_000),
        ("p95", 160_206),  # between p90 and p99
        ("p99.99", 1_000_000),
        ("p100", 1_000_000),
    ],
)
def test_each_figure_has_a_resolution(figure: str, ns: int) -> None:
    assert MEASURED.of(figure) == ns


@pytest.mark.parametrize(("figure", "ns"), [("p50", 120_000), ("p99", 600_000), ("p99.9", 1_000_000), ("p95", 320_412)])
def test_of_a_figure_twice_the_resolution_is_nobodys_fault(figure: str, ns: int) -> None:
    assert MEASURED.part(figure) == ns


def test_no_more_than_counts_at_all_is_excused() -> None:
    late = Resolution.measured("ticks", {"p50": 0.2, "p99": 0.7})
    assert (late.part("p50"), late.part("p99")) == (250_000, 1_000_000)


def test_what_was_measured_is_kept_beside_what_counts() -> None:
    assert (MEASURED.measured_ms["p99.9"], MEASURED.ms["p99.9"]) == (7.0, MOST["p99.9"])
    assert from_json(Resolution, to_json(MEASURED)) == MEASURED


def test_no_machine_tells_more_than_its_histograms() -> None:
    assert Resolution.measured("selftest", {"p50": 0.0}).of("p50") == LEAST * 1_000_000


def test_without_any_measurement_that_of_a_quiet_machine_is_assumed() -> None:
    assert {ASSUMED.of(figure) for figure in (*MOST, "p95")} == {50_000}
