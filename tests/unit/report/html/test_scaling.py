"""The chart of an axis: no line goes through a point that has not settled, and the table has all of each point."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from html_pages import Tree, table, words

from loadgen.report.html.scaling import charts
from loadgen.result.experiment import Scaling, ScalingPoint, Slope


def point(at: str, ms: float, unsettled: int = 0) -> ScalingPoint:
    figures = {"p50": ms, "p50_low": 0.9 * ms, "p50_high": 1.1 * ms, "p99": None}
    came = {"completed": 49.0, "throttled": 0.01, "core": 0.1, "usd": 0.02}
    return replace(ScalingPoint(at, f"x rate={at}", 50.0, 49.7, 0.0125, figures=figures, unsettled=unsettled), **came)


SERIES = Scaling(
    "session=a", "rate", "steady", "get", "response",
    (point("50/s", 10), point("100/s", 12), point("150/s", 900, 3), point("200/s", 20), point("250/s", 25)),
)  # fmt: skip
SLOPE = Slope("session=b", "p50", True, 3, 6, 1.12, 1.05, 1.19, 0.95, "rises", None)


def drawn(*every: Scaling) -> Tree:
    (chart,) = charts(every)
    return ElementTree.fromstring(chart.text)  # type: ignore[union-attr]


def test_no_line_goes_through_a_point_that_has_not_settled() -> None:
    paths = [path.get("d", "") for path in drawn(SERIES).iter("path") if path.get("class") == "line c0"]
    assert [path.count("L") for path in paths if "H24" not in path] == [1, 1], "two lines of two points each"
    assert (
        len(
            [mark for mark in drawn(SERIES).iter("svg") if mark.get("class") == "mark c0" and mark.get("width") is None]
        )
        >= 5
    )
    assert "it grew as long as it ran" in words(drawn(SERIES))


def test_the_table_has_what_came_of_each_point() -> None:
    rows = table(drawn(SERIES), "steady get response, by rate")
    assert rows[3][:8] == ["session=a 150/s", "50/s", "49.7/s", "49/s", "1.2%", "1%", "10%", "0.02"]
    assert rows[3][8:] == ["900 [810, 990]", "-", "-", "grew in 3 rounds"]
    assert rows[1][11] == ""


def test_whether_the_ratio_changes_stands_below() -> None:
    said = words(drawn(replace(SERIES, slopes=(SLOPE,))))
    assert "session=a / session=b, p50: the ratio rises, 1.12 [1.05, 1.19] times with each doubling of rate" in said
