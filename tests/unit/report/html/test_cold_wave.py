"""The picture of a wave of cold starts: its lines, and a table with a row for each second."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

from html_pages import table, words
from paths import DATA

from loadgen.report.html.cold_wave import chart
from loadgen.result.codec import from_json
from loadgen.result.cold_wave import Answered, ColdWave, Recovery, WaveSecond
from loadgen.result.run import RunResult

PHASE = from_json(RunResult, json.loads((DATA / "result.json").read_text())).variant.phases[1]
SECONDS = (
    WaveSecond(33, 1500, 400, 40, 40, {"429 <a>": 1000, "429 b": 100}, 40),
    WaveSecond(34, 1500, 1490, 10, 50, {"429 b": 10}, 12),
    WaveSecond(35, 0, 0, 0, 50, {}, None),
)
WAVE = ColdWave(1890, 50, 2.0, {"429 <a>": 1000, "429 b": 110}, Recovery("before", 59.0, 66.0, 2, 2.0), SECONDS)


def test_the_table_has_every_second() -> None:
    root = ElementTree.fromstring(chart("w", PHASE, WAVE).text)
    rows = table(root, "Cold starts and throttles: steady 1/2")
    assert rows[1] == ["33 to 34 s", "1,500", "400", "40", "10%", "40", "1,000 429 <a>, 100 429 b", "40"]
    assert rows[3] == ["35 to 36 s", "0", "0", "0", "0%", "50", "0", "-"]
    hits = [words(group) for group in root.iter("g") if group.get("class") == "hit"]
    assert hits[0] == "33 to 34 s: 10% cold, 73.3% throttled"
    assert len([path for path in root.iter("path") if (path.get("class") or "").startswith("line")]) == 2


def test_environments_that_answered_are_shown_where_they_are_known() -> None:
    known = replace(WAVE, seconds=(replace(SECONDS[0], answered=1300),), answered=Answered(1300, 1200, False))
    drawn = chart("w", PHASE, known).text
    assert table(ElementTree.fromstring(drawn), "Cold starts and throttles: steady 1/2")[1][6] == "1,300"
    assert " 1,300 environments answered, 1,200 of them new." in drawn
    assert "At least 1,300 environments" in chart("w", PHASE, replace(known, answered=Answered(1300, 1200, True))).text


def test_when_the_p99_was_back_is_said() -> None:
    assert "The p99 was back after 2 s in its interval of before, 59.0 to 66.0 ms." in chart("w", PHASE, WAVE).text
    never = ColdWave(1, 1, 1.0, {}, Recovery("before", 59.0, 66.0, 2, None), SECONDS[:1])
    assert "The p99 was not back when the phase ended in its interval" in chart("w", PHASE, never).text
    assert "interval of" not in chart("w", PHASE, ColdWave(1, 1, 1.0, {}, None, SECONDS[:1])).text
