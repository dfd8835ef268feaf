"""Where the last self-test of this machine is kept, and whether what is there is to be believed."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from loadgen.selftest import SCHEMA
from loadgen.selftest.machine import fingerprint
from loadgen.selftest.trusted import Trusted

NAME = "selftest.json"
SIZE_LIMIT = 1 << 20  # bytes of a file that is read
UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def place() -> Path | None:
    """The file, by the XDG rules; None where there is neither XDG_STATE_HOME nor a home."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if state.startswith("/"):  # a relative one is to be ignored
        return Path(state) / "loadgen" / NAME
    try:
        return Path.home() / ".local" / "state" / "loadgen" / NAME
    except RuntimeError:
        return None


def save(path: Path | None, result: dict[str, Any]) -> str:
    """Write it, whole or not at all. Returns why it was not, or nothing."""
    if path is None:
        return "there is no home folder; set XDG_STATE_HOME"
    with suppress(*UNREADABLE):
        there = _read(path)
        if (result["plan"], there["plan"]) == ("quick", "full") and there["machine"] == result["machine"]:
            Trusted.of(there)
            return f"{path} holds a full one of this machine, and is kept"
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{NAME}.")
        with os.fdopen(number, "w") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        return f"{path} cannot be written: {error.strerror}"
    return ""


def known() -> tuple[Trusted | None, str]:
    """`believed`, of this machine and its file."""
    return believed(place(), fingerprint())


def believed(path: Path | None, machine: dict[str, Any]) -> tuple[Trusted | None, str]:
    """What the file says that may be believed on `machine` (`machine.fingerprint`), or why nothing; neither where there
    is none. Whatever is in it is data."""
    if path is None:
        return None, ""
    try:
        told = _read(path)
        if told["machine"] != machine:
            return None, f"the self-test in {path} is of {_difference(told['machine'], machine)}, and not believed"
        return Trusted.of(told), ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"the self-test in {path} cannot be read ({error.strerror}), and was ignored"
    except UNREADABLE:
        return None, f"the self-test in {path} is not as loadgen wrote it, and was ignored"


def _read(path: Path) -> dict[str, Any]:
    """Raises one of UNREADABLE."""
    if path.stat().st_size > SIZE_LIMIT:
        raise ValueError("too large")
    told = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise ValueError(f"no {SCHEMA}")
    return told


def _difference(then: Any, now: dict[str, Any]) -> str:
    """What is another thing than it was."""
    others = [name for name in now if not isinstance(then, dict) or then.get(name) != now[name]]
    words = {"cpu": "another CPU", "cpus": "another number of CPUs", "kernel": "another kernel"}
    words |= {"python": "another Python", "loadgen": "another loadgen"}
    return ", ".join(words[name] for name in others) or "another machine"
