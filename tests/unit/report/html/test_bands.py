"""The picture of a ramp by the rate that was offered: its table has every band."""

from __future__ import annotations

from xml.etree import ElementTree

from html_pages import Tree, table, words
from ramp_results import RESULT, ramp_result

from loadgen.report.html.bands import charts
from loadgen.report.html.text import html_text
from loadgen.result.run import RunResult

TITLE = "climb get, by the rate that was offered"


def drawn(result: RunResult) -> list[Tree]:
    return [ElementTree.fromstring(made.text) for made in charts(result.variant.phases)]  # type: ignore[union-attr]


def test_the_table_has_every_band() -> None:
    (chart,) = drawn(ramp_result())
    rows = table(chart, TITLE)
    assert rows[2] == ["105 to 160/s", "1 s", "1 s", "105", "0%", "105/s", "11.0", "30.0", "35.0", "50.0", "-", "-"]
    assert rows[10][9] == ">5,000"


def test_the_pointer_reads_a_band() -> None:
    (chart,) = drawn(ramp_result())
    hits = [words(group) for group in chart.iter("g") if group.get("class") == "hit"]
    assert len(hits) == 10
    assert hits[1] == "105 to 160/s: p50 11.0, p99 50.0 ms105/s completed"


def test_a_line_ends_where_a_figure_is_not_known() -> None:
    (chart,) = drawn(ramp_result())
    paths = [path.get("d", "") for path in chart.iter("path") if path.get("class") == "line c1"]
    assert [path.count("L") for path in paths] == [7], "eight of ten bands have a p99"


def test_the_page_has_a_section_for_it_only_with_a_ramp() -> None:
    assert 'id="bands"' in html_text(ramp_result())
    assert 'id="bands"' not in html_text(RESULT)


def test_a_page_has_room_for_the_name_of_a_ramp() -> None:
    page = html_text(ramp_result(steps=2))
    assert page.count("…") == html_text(ramp_result()).count("…") and ">get1 (whole ramp)<" in page
