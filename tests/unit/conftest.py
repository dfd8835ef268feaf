"""The command line, called in this process."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from called import Called, Loadgen

from loadgen.cli import main


@pytest.fixture
def loadgen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Loadgen:
    """`loadgen` with these arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def call(*arguments: object) -> Called:
        monkeypatch.setattr(sys, "argv", ["loadgen", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return Called(int(stop.value.code or 0), out, err)

    return call


@pytest.fixture
def impatient() -> Iterator[None]:
    """A test that waits for somebody to open the other end of a pipe fails."""

    def late(*_: Any) -> None:
        pytest.fail("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
