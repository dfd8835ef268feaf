"""Which variables the processes that loadgen starts have in their environment, and which come another way."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from loadgen.net.children import spawn, withheld

NEEDED = {
    "PATH": "/bin", "HOME": "/home/me", "LC_ALL": "C.UTF-8", "PYTHONPATH": "/src", "SSL_CERT_FILE": "/ca.pem",
    "AWS_REGION": "eu-west-1", "AWS_PROFILE": "load", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "LOADGEN_TEST": "mark",
}  # fmt: skip
SECRET = {
    "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_SECURITY_TOKEN": "d",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "e", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "f", "API_TOKEN": "g",
    "MY_OWN": "h", "LOADGEN_API_KEY": "i", "PYTHON_PASSWORD": "j", "https_proxy": "http://me:k@proxy",
}  # fmt: skip


def test_a_process_that_is_started_has_no_secret_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict[str, str]] = []

    def popen(command: list[str], *, env: dict[str, str], **options: Any) -> None:
        started.append(env)

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(os, "environ", {**NEEDED, **SECRET})
    spawn(["true"], stdin=subprocess.DEVNULL)
    assert started == [NEEDED]
    assert withheld() == SECRET
