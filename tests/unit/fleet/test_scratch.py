"""Folders whose process has died."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.fleet.scratch import KEPT, LOCK, Scratch, holder

MAKES = """
import sys
from loadgen.fleet.scratch import Scratch
print(Scratch("x-", sys.argv[1]).path, flush=True)
input()
"""


@contextmanager
def elsewhere(folder: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A folder that another process has made, and that process."""
    command = [sys.executable, "-c", MAKES, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Path(process.stdout.readline().strip()), process
        finally:
            process.kill()


def age(folder: Path, ns: int = KEPT) -> None:
    for path in (*folder.iterdir(), folder):
        os.utime(path, ns=(0, path.stat().st_mtime_ns - ns))


def test_a_folder_is_gone_with_all_that_is_in_it(tmp_path: Path) -> None:
    made = Scratch("x-", str(tmp_path))
    (made.path / "file").touch()
    made.remove()
    made.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_processs_folder_is_removed_after_a_while_by_the_next(tmp_path: Path) -> None:
    with elsewhere(tmp_path) as (path, process):
        assert holder(path) == process.pid
        age(path)
        first = Scratch("x-", str(tmp_path))
        assert path.exists(), "its process lives"
        process.kill()
        process.wait()
        assert holder(path) == 0
        (path / "file").touch()
        second = Scratch("x-", str(tmp_path))
        assert path.exists(), "somebody may read it"
        age(path)
        third = Scratch("x-", str(tmp_path))
        assert not path.exists()
    assert all(made.path.exists() for made in (first, second, third))
    for made in (first, second, third):
        made.remove()


def test_what_is_not_such_a_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "x-file").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / LOCK).touch()
    (tmp_path / "x-link").symlink_to(tmp_path / "other")
    (tmp_path / "x-without-a-lock").mkdir()
    age(tmp_path / "other")
    before = sorted(tmp_path.iterdir())
    Scratch("x-", str(tmp_path)).remove()
    assert sorted(tmp_path.iterdir()) == before
