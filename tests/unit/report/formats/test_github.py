"""The summary of a job of GitHub Actions: added to, never replaced, and no reason to fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from paths import DATA

from loadgen.report.formats.github import NAMED_BY, add_to_summary
from loadgen.report.formats.markdown import markdown_text
from loadgen.result.codec import from_json
from loadgen.result.run import RunResult

RESULT = from_json(RunResult, json.loads((DATA / "result.json").read_text()))


def test_the_page_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    monkeypatch.setenv(NAMED_BY, str(page))
    assert add_to_summary(RESULT) == ""
    assert page.read_text() == f"before\n{markdown_text(RESULT)}"


def test_without_a_page_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMED_BY, raising=False)
    assert add_to_summary(RESULT) == ""


def test_a_page_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED_BY, str(tmp_path / "none" / "summary.md"))
    assert add_to_summary(RESULT) == f"{NAMED_BY} cannot be written: no such file or directory"
