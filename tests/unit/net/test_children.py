"""`net.children`: what a process that this one starts is shielded from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from loadgen.net import children


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the process is started with, and the signals that are held back from it."""
    seen: dict[str, Any] = {}

    def start(command: list[str], **options: Any) -> None:
        seen.update(options, command=command, held=signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    monkeypatch.setattr(subprocess, "Popen", start)
    return seen


@pytest.mark.parametrize(
    ("path", "passed_on"),
    [(None, None), ("", None), (":", None), (":/a::src:", f"/a{os.pathsep}src")],
)
def test_no_process_imports_from_the_folder_that_the_user_stands_in(
    monkeypatch: pytest.MonkeyPatch, started: dict[str, Any], path: str | None, passed_on: str | None
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if path is not None:
        monkeypatch.setenv("PYTHONPATH", path)
    children.spawn("loadgen.sandbox", "--parent", "7")
    assert started["command"] == [sys.executable, "-P", "-m", "loadgen.sandbox", "--parent", "7"]
    assert started["env"].get("PYTHONPATH") == passed_on
    assert started["env"].items() >= {name: of for name, of in os.environ.items() if name != "PYTHONPATH"}.items()


def test_no_signal_that_stops_this_process_reaches_those_that_it_started(started: dict[str, Any]) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    children.spawn("loadgen.sandbox")
    assert started["held"] >= {signal.SIGINT, signal.SIGTERM}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
