"""bench.page: measured tables get between their marks, rounds of several files count together."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench.__main__ import SCHEMA
from bench.cases import CASES
from bench.comparison import Comparison, Rounds, Row
from bench.page import MARKED, WITH, filled, measured
from bench.tools import Load

PAGE = (ROOT / "docs" / "speed.md").read_text()


def file(rounds: dict[str, list[float]], absent: dict[str, str], at: int = 0) -> dict[str, Any]:
    """What bench writes of closed-http: requests/s of each round."""
    of = {Row("", tool): Rounds([{"requests_s": v} for v in values], [{}]) for tool, values in rounds.items()}
    told = Comparison(CASES[0], {"": Load("http://127.0.0.1:1/", Path("ca.pem"), 4)}, of, absent).as_json()
    about = {"python": "3.11.7", "kernel": "Linux 6", "machine": "x86_64", "cores": {"count": 2}}
    return {"schema": SCHEMA, "at": at, **about, "versions": dict.fromkeys(rounds, "1.0"), "cases": [told]}


def test_rounds_of_several_files_count_together() -> None:
    files = [
        file({"wrk": [10, 20], "hey": [1]}, {"oha": "is not installed here"}),
        file({"wrk": [90], "oha": [5]}, {"hey": "is not installed here", "k6": "is not installed here"}, at=86_400),
    ]
    block = measured(files)["closed-http"]
    assert "Rounds: 1 to 3, of 4 s each, on 1970-01-01, 1970-01-02.\nAim: loadgen" in block
    assert "| wrk | 20 (10 to 90) |" in block
    assert "| oha | 5 |" in block
    assert re.findall(r"^- .*", block, re.MULTILINE) == ["- k6: is not installed here"]


def test_a_table_gets_between_its_marks_and_the_rest_stays() -> None:
    page = "a\n<!-- bench closed-http -->\nold\n<!-- /bench -->\nb\n<!-- bench open-2k -->\nstays\n<!-- /bench -->\n"
    text = filled(page, {"closed-http": "new", "memory": "has no place"})
    assert text == page.replace("old\n", "\nnew\n\n")
    assert filled(text, {"closed-http": "new"}) == text


def test_the_tools_and_the_machine_are_told() -> None:
    assert measured([file({"wrk": [1]}, {})])[WITH] == "wrk 1.0.\n\nPython 3.11.7, Linux 6, x86_64, 2 cores.\n"


def test_another_file_is_an_error() -> None:
    with pytest.raises(ValueError, match="written by this bench"):
        measured([{"schema": "loadgen.bench/1", "cases": []}])


def test_the_page_on_speed_has_marks_of_cases_alone() -> None:
    marks = [name for _, name, _ in MARKED.findall(PAGE)]
    assert set(marks) <= {WITH, *(case.name for case in CASES)}
    assert len(marks) == len(set(marks)) == PAGE.count("<!-- bench ") == PAGE.count("<!-- /bench -->")
