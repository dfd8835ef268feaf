"""The curve of latency by percentile goes through what is known exactly, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

from html_pages import table, words

from loadgen.report.html.curve import Curve, banded, bins_table, chart, exact
from loadgen.result.latency import Interval, Latency
from loadgen.result.shape import Shape

LATENCY = Latency(
    count=1000, mean=21.0, min=10.2, quantiles={"p50": 20.3, "p90": 26.3, "p99": 289.0, "p99.9": None}, spent=1.0,
    max=332.0, timeouts=0, intervals={"p50": Interval(19.0, 21.0), "p99": Interval(35.0, None)},
)  # fmt: skip
SHAPE = Shape(
    bins=((10.0, 11.0, 5), (19.0, 20.7, 500), (38.0, 41.4, 480), (276.0, 301.0, 5), (301.0, 332.1, 10)),
    kinds=(), between=0, on_step={},
)  # fmt: skip


def test_the_ends_of_bins_are_on_it() -> None:
    points = exact(LATENCY, SHAPE)
    assert {(0.005, 11.0), (0.505, 20.7), (0.985, 41.4), (0.99, 301.0)} <= set(points)
    assert points[0] == (0.0, 10.2) and points[-1] == (1.0, 332.0)


def test_it_leaps_where_there_are_no_values() -> None:
    points = exact(LATENCY, SHAPE)
    assert (0.985, 276.0) in points and points.index((0.985, 276.0)) == points.index((0.985, 41.4)) + 1


def test_it_never_falls() -> None:
    points = exact(LATENCY, SHAPE)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(points))


def test_it_ends_where_the_timeouts_begin() -> None:
    late = replace(LATENCY, count=1010, timeouts=10, max=None, quantiles={"p50": 20.3})
    points = exact(late, SHAPE)
    assert points[-1] == (1000 / 1010, 332.1)
    page = chart("c", "t", "", [Curve(0, "a", points, (), {}, 1010, 10)], None)
    assert "10 timeouts" in words(ElementTree.fromstring(page.text))


def test_without_a_shape_the_percentiles_are_left() -> None:
    assert exact(LATENCY, None) == [(0.0, 10.2), (0.5, 20.3), (0.9, 26.3), (0.99, 289.0), (1.0, 332.0)]


def test_bands_have_open_ends() -> None:
    assert banded(LATENCY) == [(0.5, 19.0, 21.0), (0.99, 35.0, None)]


def test_the_pointer_reads_the_percentiles_of_each_curve() -> None:
    points = exact(LATENCY, SHAPE)
    curves = [Curve(at, f"v{at}", points, (), {"p50": f"{at}.5", "p99": "289!"}, 1000) for at in range(2)]
    made = ElementTree.fromstring(chart("c", "t", "", curves, None).text)
    read = [words(group) for group in made.iter("g") if group.get("class") == "hit"]
    assert read == ["p50, msv0: 0.5v1: 1.5", "p99, msv0: 289!v1: 289!"]


def test_the_table_of_bins_adds_up() -> None:
    made = ElementTree.fromstring(f"<p>{bins_table('put', LATENCY, SHAPE).text}</p>")
    rows = table(made, "Requests by time: put")[1:]
    assert rows[0] == ["10.0 to 11.0 ms", "5", "0.5 %"] and rows[-1] == ["301 to 332 ms", "10", "100 %"]
    assert sum(int(row[1]) for row in rows) == 1000
