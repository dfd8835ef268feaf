"""A run against a sandbox that somebody keeps running knows that its target is simulated."""

import errno
import os
import tempfile

import pytest

from loadgen.sandbox.registry import announced, sandbox_at


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"loadgen-sandboxes-{os.getuid()}"


def test_a_port_is_known_for_as_long_as_it_is_announced():
    with announced([4001, 4002], "rtt 20ms; service fixed"):
        assert sandbox_at(4001) == sandbox_at(4002) == "rtt 20ms; service fixed"
        assert sandbox_at(4003) is None
    assert sandbox_at(4001) is None


def test_what_a_dead_process_left_is_not_believed(own_folder):
    own_folder.mkdir(mode=0o700)
    (own_folder / "4001").write_text('{"pid": 4194304, "description": "gone"}')
    assert sandbox_at(4001) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "description": ""}', "x" * 5000])
def test_a_broken_entry_is_none(own_folder, text):
    own_folder.mkdir(mode=0o700)
    (own_folder / "4001").write_text(text)
    assert sandbox_at(4001) is None


def test_a_folder_that_others_can_write_is_not_used(own_folder):
    own_folder.mkdir()
    own_folder.chmod(0o777)
    with announced([4001], "somebody's"):
        assert not (own_folder / "4001").exists()
        assert sandbox_at(4001) is None


def test_where_nothing_can_be_written_nothing_is_announced(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent" / "deep"))
    with announced([4001], "x"):
        assert sandbox_at(4001) is None


def test_where_there_is_no_temporary_folder_nothing_is_announced(monkeypatch):
    def none():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with announced([4001], "x"):
        assert sandbox_at(4001) is None
