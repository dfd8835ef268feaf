"""A control group with a CPU quota, for what is put into it; of version 1 or 2, whichever this machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path("/sys/fs/cgroup")
PERIOD = 10_000  # us: short, so that a burst comes to its end


@contextmanager
def quota(cpus: float) -> Iterator[Path]:
    """Below this process's own group: the file that takes the process ids. Skips the test where that is not allowed."""
    folder = _own() / f"loadgen-truth-{os.getpid()}"
    spent = round(cpus * PERIOD)
    # and before others within it, so that it comes to it also where these want much
    if _first():
        limits = {"cpu.cfs_period_us": f"{PERIOD}", "cpu.cfs_quota_us": f"{spent}", "cpu.shares": "262144"}
    else:
        limits = {"cpu.max": f"{spent} {PERIOD}", "cpu.weight": "10000"}
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"a CPU quota takes a control group of one's own: {error.strerror}")
    try:
        try:
            for name, value in limits.items():
                (folder / name).write_text(value)
        except OSError as error:
            pytest.skip(f"a CPU quota takes the cpu controller: {error.strerror}")
        yield folder / "cgroup.procs"
    finally:
        folder.rmdir()


def _first() -> bool:
    return (ROOT / "cpu").is_dir()


def _own() -> Path:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if ("cpu" in names.split(",")) if _first() else not names:
            return ROOT / ("cpu" if _first() else "") / path.lstrip("/")
    return ROOT
