"""`net.children`: what a process that this one starts is shielded from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from loadgen.clock import SECOND
from loadgen.net import children

NEEDED = {
    "PATH": "/bin", "HOME": "/home/me", "LC_ALL": "C.UTF-8", "PYTHONPATH": "/src", "SSL_CERT_FILE": "/ca.pem",
    "AWS_REGION": "eu-west-1", "AWS_PROFILE": "load", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "LOADGEN_TEST": "mark",
}  # fmt: skip
SECRET = {
    "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_SECURITY_TOKEN": "d",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "e", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "f", "API_TOKEN": "g",
    "MY_OWN": "h", "LOADGEN_API_KEY": "i", "PYTHON_PASSWORD": "j", "LOADGEN_AUTH": "l", "LC_AUTH": "m",
    "PYTHON_PWD": "n", "AWS_BEARER": "o", "LOADGEN_OAUTH_PIN": "p", "AWS_SECRET_FILE": "q", "COVERAGE_PIN": "r",
    "https_proxy": "http://me:k@proxy",
}  # fmt: skip


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the process is started with, and the signals that are held back from it."""
    seen: dict[str, Any] = {}

    def start(command: list[str], **options: Any) -> None:
        seen.update(options, command=command, held=signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(children, "_of_the_profile", set())  # what other tests' profiles use
    return seen


def test_a_process_that_is_started_has_no_secret_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, started: dict[str, Any]
) -> None:
    monkeypatch.setattr(os, "environ", {**NEEDED, **SECRET})
    children.spawn("loadgen.sandbox")
    assert started["env"] == NEEDED
    assert children.withheld() == SECRET


def test_no_variable_that_the_profile_uses_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, started: dict[str, Any]
) -> None:
    monkeypatch.setattr(os, "environ", dict(NEEDED))
    children.withhold(["AWS_PROFILE", "MY_OWN"])
    children.spawn("loadgen.sandbox")
    assert started["env"] == {name: value for name, value in NEEDED.items() if name != "AWS_PROFILE"}
    assert children.withheld() == {"AWS_PROFILE": "load"}


@pytest.mark.parametrize(
    ("path", "passed_on"),
    [(None, None), ("", None), (":", None), (":/a::/b:", "/a:/b"), (".", None), ("src:/a:../b:~/c", "/a")],
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


def test_no_signal_that_stops_this_process_reaches_those_that_it_started(started: dict[str, Any]) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    children.spawn("loadgen.sandbox")
    assert started["held"] >= {signal.SIGINT, signal.SIGTERM}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_lines_come_one_at_a_time_however_they_were_written() -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb", buffering=0) as child:
        lines = children.Lines(pipe)
        child.write(b"one\ntw")
        assert lines.next(SECOND) == b"one"
        with pytest.raises(TimeoutError):
            lines.next(0)
        child.write(b"o\nthree\n")
        assert [lines.next(SECOND), lines.next(SECOND)] == [b"two", b"three"]
        child.close()
        with pytest.raises(EOFError):
            lines.next(SECOND)
