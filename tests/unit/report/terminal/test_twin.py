"""A twin on a terminal."""

from __future__ import annotations

from loadgen.report.terminal.twin import render
from loadgen.result.reason import Reason
from loadgen.result.twin import Agreement, ColdShare, FittedKey, TwinFigure, TwinResult


def figure(step: str, quantile: str, run: float, twin: float, fits: bool = True, inside: bool = True) -> TwinFigure:
    low, high = (0.0, 1e6) if inside else (0.0, 0.0)
    return TwinFigure("burst", "order", step, "target", quantile, 6044, run, twin, low, high, fits)


FIGURES = (
    figure("put", "p50", 28.44, 28.49),
    figure("put", "p90", 42.86, 45.9, fits=False),
    figure("put", "p99", 332.4, 500.0, fits=False, inside=False),
    figure("read", "p50", 28.21, 28.2),
)
RESULT = TwinResult(
    run="runs/burst-1",
    started="2026-01-01",
    target="https://a.test/\x1b[31m",
    profile={"name": "burst"},
    written="twin.yaml",
    fitted=(
        FittedKey("sandbox.rtt", Reason.of("twin_round_trip", connects=60, ms=20.0)),
        FittedKey("sandbox.environments.max", Reason.of("twin_most_unknown", most=1000)),
    ),
    agreement=Agreement(2, 0.05, 0.1, FIGURES, (ColdShare("burst", 375, 12088, 397.5, 12088.0, True),)),
)


def test_what_is_apart_is_marked() -> None:
    assert render(RESULT).splitlines() == [
        "twin of runs/burst-1  https://a.test/?[31m",
        "1 of 5 figures do not agree within 5 %, cold starts within 10 % (!) in 2 loads",
        "of the same arrivals, in virtual time; what is marked ~ is further apart, but",
        "not by more than chance explains",
        "  ms            p50   twin  times    p90   twin  times    p99   twin  times",
        "  burst put    28.4   28.5   1.00   42.9   45.9  1.07~    332    500  1.50!",
        "  burst read   28.2   28.2   1.00      -      -      -      -      -      -",
        "  cold starts      run    twin  times",
        "  burst           3.1%    3.3%   1.06",
        "sandbox.environments.max: the run did not come to the greatest number; 1,000 is",
        "                          what an AWS account has at first",
        "written  twin.yaml; it says where each value comes from",
        "next     loadgen run twin.yaml --set load.PHASE.rate=RATE tries another load",
    ]


def test_a_twin_that_was_not_tried_says_why() -> None:
    from dataclasses import replace

    text = render(replace(RESULT, agreement=None, unchecked=Reason.of("twin_cut_short")))
    assert "not tried: the run was stopped before its planned end" in text


def test_a_twin_that_agrees() -> None:
    from dataclasses import replace

    assert RESULT.agreement
    fine = replace(RESULT.agreement, loads=1, figures=FIGURES[:1], cold=())
    assert "The twin agrees within 5 % in 1 load of the same arrivals" in render(replace(RESULT, agreement=fine))
