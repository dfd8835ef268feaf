"""Before a run: it and `loadgen check` say what the last self-test found."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from selftests import result

from loadgen.cli import main
from loadgen.clock import SECOND
from loadgen.errors import PlanError
from loadgen.selftest import machine, standing
from loadgen.selftest.state import save, state_file


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this machine's own self-test would be."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = state_file()
    assert path
    return path


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", ["loadgen", *arguments])
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr()


def test_check_says_what_the_self_test_says_of_a_plan(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def checked(*sets: str) -> str:
        sets = tuple(word for text in sets for word in ("--set", text))
        return " ".join(command(monkeypatch, capsys, "check", "steady", *sets)[0].split())

    assert "self-test none of this machine; `loadgen selftest` finds what rates it can be trusted with" in checked()
    own = result(machine=machine.fingerprint())
    save(kept, own)
    assert "self-test of 2026-11-22: https stays VALID up to 19,000/s or more on one worker" in checked()
    fast = checked("load.steady.rate=20000/s")
    assert "! 20,000 https requests a second are asked of one worker: more than" in fast
    kept.write_text("{")
    assert "is not as loadgen wrote it, and was ignored" in checked()


def test_a_run_has_the_resolution_of_the_self_test_or_measures_it(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Any] = []

    async def begun(loaded: Any, options: Any, *arguments: Any) -> None:
        given.append(options.resolution)
        raise PlanError("it was to begin now")

    monkeypatch.setattr("loadgen.runner.session.run", begun)
    monkeypatch.setattr(machine, "boot", lambda: "4f8a")
    monkeypatch.setattr(standing, "wall", lambda: int(datetime.fromisoformat(result().at).timestamp()) * SECOND)
    url = ("http://127.0.0.1:9/", "--rate", "10/s")
    command(monkeypatch, capsys, "run", *url)
    save(kept, result(machine=machine.fingerprint()))
    command(monkeypatch, capsys, "run", *url)
    command(monkeypatch, capsys, "keepalive", url[0], "--idle", "1s")
    assert given == [None, result().resolution, result().resolution]


def test_a_run_is_warned_before_it_starts(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(kept, result(machine=machine.fingerprint()))

    async def begun(*arguments: Any) -> None:
        raise PlanError("it was to begin now")

    monkeypatch.setattr("loadgen.runner.session.run", begun)
    _, err = command(monkeypatch, capsys, "run", "http://127.0.0.1:9/", "--rate", "30000/s")
    first, last = err.splitlines()
    assert first.startswith("30,000 http requests a second are asked of one worker, and the self-test of 2026-11-22")
    assert last == "loadgen: it was to begin now"
    _, err = command(monkeypatch, capsys, "run", "http://127.0.0.1:9/", "--rate", "3000/s")
    assert err.splitlines() == ["loadgen: it was to begin now"]
