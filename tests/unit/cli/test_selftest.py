"""`loadgen selftest`: its result is kept and printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from selftests import result

from loadgen.cli import main
from loadgen.result.codec import to_json
from loadgen.result.selftest import SelftestResult
from loadgen.selftest.state import state_file


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this machine's own self-test would be."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = state_file()
    assert path
    return path


def commanded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], measured: SelftestResult, *arguments: str
) -> tuple[int, str, str]:
    """`loadgen selftest` that measures this."""

    async def selftest(*asked: Any) -> SelftestResult:
        return measured

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
    assert json.loads(out) == json.loads(kept.read_text()) == to_json(result(saved=str(kept)))


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
    status, out, _ = commanded(monkeypatch, capsys, result(), "--json")
    assert (status, json.loads(out)["saved"]) == (0, None)


def test_one_that_was_interrupted_is_printed_and_not_kept(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_short = result(interrupted=True, complete=False, capacity=())
    status, out, _ = commanded(monkeypatch, capsys, cut_short)
    assert status == 130
    assert "interrupted: this is what there was by then" in out and "not saved: it is not complete" in out
    assert not kept.exists()
