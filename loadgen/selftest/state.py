"""Where this machine's last self-test is kept, and whether the file can be used."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

from loadgen.files import read_regular
from loadgen.result import SCHEMA
from loadgen.result.codec import from_json, to_json
from loadgen.result.reason import Reason
from loadgen.result.selftest import Machine, SelftestResult
from loadgen.selftest.machine import fingerprint
from loadgen.selftest.trusted import Trusted

NAME = "selftest.json"
SIZE_LIMIT = 1 << 20  # bytes of a file that are read at most
UNREADABLE = (OSError, ValueError, RecursionError)


class OtherVersion(ValueError):
    """Another version of loadgen, whose results have another schema, wrote the file."""


def state_file() -> Path | None:
    """The path of the file, by the XDG rules; None if there is neither XDG_STATE_HOME nor a home."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if state.startswith("/"):  # the XDG rules ignore a relative path
        return Path(state) / "loadgen" / NAME
    try:
        return Path.home() / ".local" / "state" / "loadgen" / NAME
    except RuntimeError:
        return None


def save(path: Path | None, result: SelftestResult) -> str:
    """Write the file, whole or not at all. Returns why it was not written; nothing if it was."""
    if path is None:
        return "there is no home folder; set XDG_STATE_HOME"
    with suppress(*UNREADABLE):
        kept = _read(path)
        if (result.plan, kept.plan) == ("quick", "full") and kept.machine == result.machine:
            Trusted.of(kept)
            return f"{path} holds a full one of this machine, and is kept"
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{NAME}.")
        with os.fdopen(number, "w") as file:
            json.dump(to_json(result), file, indent=1)
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


def last_selftest() -> tuple[Trusted | None, Reason | None]:
    """This machine's last self-test, as `read` returns it."""
    return read(state_file(), fingerprint())


def read(path: Path | None, machine: Machine) -> tuple[Trusted | None, Reason | None]:
    """The file's self-test, if it can be used on `machine` (`machine.fingerprint`), or why not; neither if there is no
    file. Nothing in the file is trusted."""
    if path is None:
        return None, None
    where = str(path)
    try:
        kept = _read(path)
        if others := _differences(kept.machine, machine):
            return None, Reason.of("selftest_elsewhere", path=where, **others)
        return Trusted.of(kept), None
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return None, Reason.of("selftest_unreadable", path=where, error=error.strerror)
    except OtherVersion:
        return None, Reason.of("selftest_other_version", path=where)
    except UNREADABLE:
        return None, Reason.of("selftest_malformed", path=where)


def _read(path: Path) -> SelftestResult:
    """Raises OtherVersion if another loadgen wrote the file, and one of UNREADABLE if it cannot be read."""
    document = json.loads(read_regular(path, SIZE_LIMIT))
    if not isinstance(document, dict):
        raise ValueError("no object")
    if document.get("schema") != SCHEMA and str(document.get("schema")).startswith("loadgen."):
        raise OtherVersion
    if (document.get("schema"), document.get("kind")) != (SCHEMA, "selftest"):
        raise ValueError("no self-test")
    return from_json(SelftestResult, document)


def _differences(then: Machine, now: Machine) -> dict[str, str | float]:
    """The facts that differ now, each with its old value."""
    names = [field.name for field in fields(Machine)]
    return {name: getattr(then, name) for name in names if getattr(then, name) != getattr(now, name)}
