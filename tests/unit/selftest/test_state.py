"""The file in which a self-test is kept."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from selftests import MACHINE, result, row

from loadgen.selftest import SCHEMA
from loadgen.selftest.state import believed, place, save
from loadgen.selftest.trusted import Trusted


def test_what_was_kept_is_believed_on_the_same_machine_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "loadgen" / "selftest.json"
    assert believed(path, MACHINE) == (None, "")
    assert save(path, result()) == ""
    assert [*path.parent.iterdir()] == [path]  # nothing half-written is left
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    trusted, problem = believed(path, MACHINE)
    assert trusted == Trusted.of(result()) and problem == ""
    for name, words in (("cpu", "another CPU"), ("kernel", "another kernel"), ("loadgen", "another loadgen")):
        trusted, problem = believed(path, MACHINE | {name: "else"})
        assert trusted is None
        assert problem == f"the self-test in {path} is of {words}, and not believed"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff\xfe", b'{"schema": "loadgen.selftest/2"}', b"[" * 100_000, b"1" * 5000,
        json.dumps({"schema": SCHEMA, "machine": MACHINE}).encode(),
        json.dumps(result(capacity=[row("http", "fast")])).encode(),  # type: ignore[arg-type]
        json.dumps(result(capacity=[row("http", float("nan"))])).encode(),
        json.dumps(result(capacity={"http": 1})).encode(),
        json.dumps(result(connections=[3])).encode(),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_file_that_is_not_as_it_was_written_is_ignored_with_a_word(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "selftest.json"
    path.write_bytes(content)
    assert believed(path, MACHINE) == (None, f"the self-test in {path} is not as loadgen wrote it, and was ignored")
    assert save(path, result(plan="quick")) == ""  # and may be replaced


def test_a_file_that_is_too_large_or_no_file_is_ignored_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    path.mkdir()
    assert believed(path, MACHINE)[1].endswith("cannot be read (Is a directory), and was ignored")
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(2 << 20)
    assert believed(path, MACHINE)[1].endswith("is not as loadgen wrote it, and was ignored")


def test_a_quick_one_does_not_replace_a_full_one_of_the_same_machine(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    assert save(path, result(plan="quick")) == save(path, result()) == ""
    assert save(path, result(plan="quick")) == f"{path} holds a full one of this machine, and is kept"
    assert save(path, result(plan="quick", machine=MACHINE | {"cpus": 2})) == ""


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
    assert place() == Path("/somewhere/loadgen/selftest.json")
    monkeypatch.setenv("HOME", "/home/x")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert place() == Path("/home/x/.local/state/loadgen/selftest.json")

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert place() is None
