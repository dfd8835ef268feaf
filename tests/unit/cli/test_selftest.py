"""`loadgen selftest`: what it found is kept and printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from selftests import result

from loadgen.cli import main
from loadgen.selftest.state import place


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this machine's own self-test would be."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = place()
    assert path
    return path


def commanded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: dict[str, Any], *arguments: str
) -> tuple[int, str, str]:
    """`loadgen selftest` that finds this."""

    async def selftest(*asked: Any) -> dict[str, Any]:
        return found

    monkeypatch.setattr("loadgen.selftest.course.selftest", selftest)
    monkeypatch.setattr(sys, "argv", ["loadgen", "selftest", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), " ".join(out.split()), err


def test_the_command_keeps_what_it_found_and_prints_it(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = commanded(monkeypatch, capsys, result(), "--json")
    assert status == 0
    told = json.loads(out)
    assert told.pop("saved") == str(kept)
    assert told == json.loads(kept.read_text()) == json.loads(json.dumps(result()))


def test_where_it_cannot_be_kept_the_page_is_printed_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    status, out, _ = commanded(monkeypatch, capsys, result())
    assert status == 0
    assert "This machine can be trusted with up to 24,000/s over http" in out
    assert "! not saved: " in out and "cannot be written: Not a directory" in out
    assert "a run beyond it" not in out


def test_one_that_was_interrupted_is_printed_and_not_kept(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result(interrupted=True, complete=False, capacity=[])
    status, out, _ = commanded(monkeypatch, capsys, found)
    assert status == 130
    assert "interrupted: this is what there was by then" in out and "not saved: it is not complete" in out
    assert not kept.exists()
