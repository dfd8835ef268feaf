"""Files that somebody else may have put there."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from no_files import KINDS, put

from loadgen.files import Scratch, open_regular, read_regular, unnamed, write


@pytest.mark.usefixtures("impatient")
def test_a_regular_file_is_read_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(path, 10) == read_regular(tmp_path / "link", 10) == b"0123456789"
    with pytest.raises(OSError, match="too large"):
        read_regular(path, 9)
    regular = path.stat()
    for kind in KINDS:
        put(tmp_path / kind.replace("/", "-"), kind)
        with pytest.raises(OSError, match=r"not a regular file|Too many levels of symbolic links"):
            open_regular(tmp_path / kind.replace("/", "-"))
    monkeypatch.setattr(Path, "stat", lambda path: regular)  # as it was before another came in its place
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path / "pipe")


def test_of_a_file_in_proc_nothing_is_read(tmp_path: Path) -> None:
    """It is called regular and has no size, and /proc/kmsg waits for what the kernel says next."""
    (tmp_path / "link").symlink_to("/proc/self/status")
    assert read_regular(tmp_path / "link", 1 << 20) == b""


# where no disk takes anything


def no_disk(*_: Any, **__: Any) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize("disk", ["any", "read-only", "full"])
def test_what_a_process_needs_is_kept_until_it_is_closed(disk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if disk == "read-only":
        monkeypatch.setattr(tempfile, "TemporaryDirectory", no_disk)
    with Scratch("loadgen-test-") as scratch:
        if disk == "full":
            monkeypatch.setattr(os, "open", no_disk)
        path = scratch.file("ca.pem", b"content")
        monkeypatch.undo()
        assert path.is_relative_to("/proc") == (disk != "any")
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        assert subprocess.run(["cat", path], capture_output=True, check=True).stdout == b"content"
        with path.open("r+b") as file:  # as a ledger, which two processes map
            file.write(b"CON")
        assert read_regular(path, 100) == b"CONtent"
    assert not path.exists()


def test_a_file_without_a_name_needs_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", no_disk)
    with unnamed() as file:
        file.write(b"x")
        file.seek(0)
        assert file.read() == b"x"
    monkeypatch.undo()
    monkeypatch.delattr(os, "memfd_create")
    with unnamed() as file:
        file.write(b"x")


def test_a_text_is_written_over_and_added(tmp_path: Path) -> None:
    file = tmp_path / "page"
    for text, append in (("first, and long", False), ("zwei", False), ("!", True)):
        write(file, text, append=append)
    assert file.read_text(encoding="utf-8") == "zwei!"


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError):
        write(tmp_path / "pipe", "text")
