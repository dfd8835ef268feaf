"""What became of `capacity > 120/s`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from capacity_steps import RATES, capacity_result, plan, rising

from loadgen.experiment.capacity.thresholds import thresholds_of
from loadgen.report.terminal.screen import render
from loadgen.report.terminal.thresholds import value_text
from loadgen.result.capacity import HighestRate
from loadgen.result.reason import Reason
from loadgen.result.run import Threshold


def highest(low: float | None, high: float | None, limit: str = "limit_target") -> HighestRate:
    rate = None if low is None or high is None else (low + high) / 2
    return HighestRate(rate, low, high, 0.95, "p99 < 100ms" if high else "", "fit", 18, 0.1, Reason.of(limit))


def became(text: str, of: HighestRate, complete: bool = True) -> Threshold:
    result = capacity_result([], plan=plan(thresholds=(text,)), capacity=of, complete=complete)
    (made,) = thresholds_of(result)
    return made


@pytest.mark.parametrize(
    ("text", "low", "high", "status"),
    [
        ("capacity > 120/s", 121, 140, "passed"),
        ("capacity > 120/s", 120, 140, "undecided"),
        ("capacity >= 120/s", 120, 140, "passed"),
        ("capacity > 120/s", 110, 130, "undecided"),
        ("capacity > 120/s", 110, 119, "failed"),
        ("capacity > 120/s", 500, None, "passed"),  # --max-rate kept the conditions
        ("capacity > 120/s", 100, None, "undecided"),
        ("capacity > 120/s", None, 60, "failed"),  # even the lowest rate broke one
        ("capacity > 120/s", None, 200, "undecided"),
        ("capacity > 120/s", None, None, "undecided"),
    ],
)
def test_the_interval_decides(text: str, low: float | None, high: float | None, status: str) -> None:
    made = became(text, highest(low, high))
    assert (made.status, made.per_s_low, made.per_s_high) == (status, low, high)
    assert (made.why is not None) == (status == "undecided")
    assert value_text(made)


def test_a_limit_that_this_machine_sets_says_nothing_against_the_target() -> None:
    assert became("capacity > 120/s", highest(110, 119, "limit_machine")).status == "undecided"
    assert became("capacity > 120/s", highest(121, 130, "limit_machine")).status == "passed"


def test_half_a_measurement_decides_nothing() -> None:
    made = became("capacity > 120/s", highest(150, 160), complete=False)
    assert made.status == "undecided" and made.why == Reason.of("capacity_not_complete")


def test_they_are_on_the_screen_with_the_interval() -> None:
    texts = ("capacity > 50/s", "capacity > 900/s", "capacity > 160/s")
    result = capacity_result(rising(RATES), plan=plan(thresholds=texts), exit_status=4)
    every = tuple(thresholds_of(result))
    assert [of.status for of in every] == ["passed", "failed", "undecided"]
    result = replace(result, thresholds=every)
    lines = [line.split()[0] for line in render(result, width=80, color=False).splitlines() if "capacity >" in line]
    assert lines == ["FAILED", "UNDECIDED", "passed"]
    text = render(result, width=100, color=False)
    assert "its interval holds that rate" in text and "exit status 4" in text
