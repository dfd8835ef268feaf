"""The file in which a self-test is kept."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from no_files import put
from selftests import MACHINE, result

from loadgen.report.sentences import sentence
from loadgen.result import SCHEMA
from loadgen.result.codec import to_json
from loadgen.result.selftest import Machine
from loadgen.selftest.state import read, save, state_file
from loadgen.selftest.trusted import Trusted


def problem(path: Path, machine: Machine = MACHINE) -> str:
    """Why nothing is believed, in words."""
    trusted, reason = read(path, machine)
    assert trusted is None and reason
    return sentence(reason)


def test_what_was_kept_is_believed_on_the_same_machine_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "loadgen" / "selftest.json"
    assert read(path, MACHINE) == read(None, MACHINE) == (None, None)
    assert save(path, result()) == ""
    assert [*path.parent.iterdir()] == [path]  # nothing half-written is left
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(path, MACHINE) == (Trusted.of(result()), None)
    for name, words in (("cpu", "another CPU"), ("kernel", "another kernel"), ("loadgen", "another loadgen")):
        told = problem(path, replace(MACHINE, **{name: "else"}))  # type: ignore[arg-type]
        assert told == f"the self-test in {path} is of {words}, and not believed"


def written(**more: Any) -> bytes:
    """A self-test with these keys in place of its own."""
    return json.dumps(to_json(result()) | more).encode()


def capacity(rate: Any) -> dict[str, Any]:
    (http, _) = to_json(result())["capacity"]
    return dict(http) | {"rate": rate}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff\xfe", b'{"schema": "else"}', b"[" * 100_000, b"1" * 5000,
        json.dumps({"schema": SCHEMA, "machine": to_json(MACHINE)}).encode(),
        json.dumps({"schema": SCHEMA, "kind": "selftest"}).encode(),
        written(kind="check"), written(capacity=[capacity("fast")]), written(capacity=[capacity(float("nan"))]),
        written(capacity=[capacity(-3)]), written(capacity=[capacity(1e12)]), written(capacity={"http": 1}),
        written(connections=[3]), written(machine=None), written(at=7),
    ],
    ids=range(18),
)  # fmt: skip
def test_a_file_that_is_not_as_it_was_written_is_ignored_with_a_word(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "selftest.json"
    path.write_bytes(content)
    assert problem(path) == f"the self-test in {path} is not as loadgen wrote it, and was ignored"
    assert save(path, result(plan="quick")) == ""  # and may be replaced


@pytest.mark.parametrize("schema", ["loadgen.selftest/1", "loadgen.result/2"])
def test_one_of_another_version_is_no_self_test(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "selftest.json"
    path.write_bytes(written(schema=schema))
    assert problem(path) == (
        f"the self-test in {path} is of another version of loadgen, and was ignored: run `loadgen selftest` again"
    )
    assert save(path, result(plan="quick")) == ""


def test_what_a_later_loadgen_adds_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    path.write_bytes(written(colour={"of": ["a", "bike shed"]}))
    assert read(path, MACHINE) == (Trusted.of(result()), None)


def test_a_file_that_is_too_large_or_no_file_is_ignored_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    path.mkdir()
    assert problem(path).endswith("cannot be read (not a regular file), and was ignored")
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(2 << 20)
    assert problem(path).endswith("cannot be read (too large), and was ignored")


@pytest.mark.usefixtures("impatient")
def test_a_pipe_is_no_self_test(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    put(path, "pipe")
    assert problem(path).endswith("cannot be read (not a regular file), and was ignored")
    assert save(path, result()) == ""


def test_a_quick_one_does_not_replace_a_full_one_of_the_same_machine(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    assert save(path, result(plan="quick")) == save(path, result()) == ""
    assert save(path, result(plan="quick")) == f"{path} holds a full one of this machine, and is kept"
    assert save(path, result(plan="quick", machine=replace(MACHINE, cpus=2))) == ""


def test_where_nothing_can_be_kept_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "loadgen" / "selftest.json"
    assert save(path, result()) == f"{path} cannot be written: Not a directory"
    full = tmp_path / "selftest.json"
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert save(full, result()) == f"{full} cannot be written: No space left on device"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    assert save(None, result()) == "there is no home folder; set XDG_STATE_HOME"


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert state_file() == Path("/somewhere/loadgen/selftest.json")
    monkeypatch.setenv("HOME", "/home/x")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert state_file() == Path("/home/x/.local/state/loadgen/selftest.json")

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert state_file() is None
