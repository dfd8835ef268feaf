"""That nothing of a program runs any more is found out by waiting for it, not by looking once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from program import Program, running

pytestmark = pytest.mark.real

# each makes the next before it ends: who waits for one finds another
CHAIN = """
import os, time
os.write(2, b"begun\\n")
for _ in range(10):
    if os.fork():
        os._exit(0)
    time.sleep(0.03)
"""
# without an environment, as each is for a moment while it begins another program
BARE = "env -i sleep 0.3 & echo begun >&2"


@pytest.mark.parametrize("command", [(sys.executable, "-c", CHAIN), ("sh", "-c", BARE)], ids=["chain", "bare"])
def test_who_is_not_found_at_first_is_waited_for_too(tmp_path: Path, command: tuple[str, ...]) -> None:
    with Program(tmp_path, command=command) as program:
        program.says("begun")
        program.process.wait()
        program.leaves_nothing()
        assert not running(program.process.pid, "no mark")
