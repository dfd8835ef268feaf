"""The picture of a run over time: its table has the values of the moments, and it stays small for long runs."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

from html_pages import Tree, table, words
from paths import DATA

from loadgen.report.html.over_time import chart
from loadgen.result.codec import from_json
from loadgen.result.run import RunResult, Silence
from loadgen.result.timeline import Moment, Stretch, Timeline

MOMENT = Moment(0, 200, 3, 20.3, 289.0, 332.0, ((19.0, 20.7, 190), (276.0, 301.0, 7)), 12, 188)
RESULT = from_json(RunResult, json.loads((DATA / "result.json").read_text()))
PHASES = RESULT.variant.phases[:2]  # warm-up, which is not measured, and the first of two cycles of steady
LINE = Timeline(
    1,
    (Stretch(0, 0, 1), Stretch(1, 1, 3), Stretch(9, 3, 3)),
    (
        MOMENT,
        replace(MOMENT, start=1, failed=0),
        replace(MOMENT, start=2, p99=None, longest=None, in_flight=None, completed=None),
    ),
)


def drawn(of: Timeline) -> Tree:
    return ElementTree.fromstring(chart("t", of, PHASES).text)


def test_the_table_has_every_moment() -> None:
    rows = table(drawn(LINE), "Second by second")
    assert rows[1] == ["0 to 1 s", "200", "200/s", "188", "3", "12", "20.3", "289", "332"]
    assert rows[3] == ["2 to 3 s", "200", "200/s", "-", "3", "-", "20.3", "-", "-"]


def test_the_pointer_reads_a_moment() -> None:
    hits = [words(group) for group in drawn(LINE).iter("g") if group.get("class") == "hit"]
    assert len(hits) == 3
    assert hits[0] == "0 to 1 s: 200 due, 188 completed, 3 failed12 in flightp50 20.3, p99 289, max 332 ms"


def test_phases_are_named_and_what_is_not_measured_is_shaded() -> None:
    root = drawn(LINE)
    assert {"warm-up", "steady 1/2"} <= {words(text) for text in root.iter("text")}
    assert len([rect for rect in root.iter("rect") if rect.get("class") == "still"]) == 1


def test_times_without_an_answer_are_framed_and_said() -> None:
    silences = tuple(Silence(start, 0.25 * start, 50) for start in (1.0, 1.5, 2.0, 2.2, 2.4, 2.6))
    made = chart("t", LINE, (replace(PHASES[0], silences=silences),)).text
    assert made.count('class="silence"') == 6
    assert "framed times: at 1.5 s for 0.4 s, at 2.0 s for 0.5 s" in made
    assert "at 2.6 s for 0.7 s and 1 shorter ones." in made
    assert "framed" not in chart("t", LINE, PHASES).text


def test_a_line_ends_where_a_value_is_not_known() -> None:
    lines = [path.get("d", "") for path in drawn(LINE).iter("path") if path.get("class") == "line c1"]
    assert [path.count("L") for path in lines] == [2, 1], "failed, and the p99"


def test_an_hour_is_small() -> None:
    bins = tuple((1.09**at, 1.09 ** (at + 1), 100 + at) for at in range(60))
    moments = tuple(replace(MOMENT, start=20 * at, bins=bins) for at in range(180))
    made = chart("t", Timeline(20, LINE.stretches, moments), PHASES).text
    assert len(made) < 600_000
    assert "Over time, every 20 s" in made


def test_one_moment_is_drawn_too() -> None:
    assert drawn(Timeline(1, (), (replace(MOMENT, in_flight=None, completed=None),)))


def test_what_was_completed_is_a_line_where_it_is_known() -> None:
    def legend(of: Timeline) -> list[str]:
        return [words(item) for item in drawn(of).iter("li")]

    assert legend(LINE) == ["due", "completed", "failed", "in flight", "p50", "p99", "max"]
    unknown = tuple(replace(moment, completed=None, failed=0) for moment in LINE.moments)
    assert legend(replace(LINE, moments=unknown)) == ["due", "in flight", "p50", "p99", "max"]
