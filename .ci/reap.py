"""Run a command for so long at most, then end whatever it left running: `python3 reap.py SECONDS COMMAND…`.

Its exit status is the command's, 124 when time was up, or 1 when that was 0 and something was left. Linux hands the
orphans of a process to the nearest ancestor that has asked for them, so nothing gets away by starting a session of its
own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 3.0
TURN = 0.05


def children() -> list[int]:
    return [pid for pid in (int(entry.name) for entry in Path("/proc").glob("[0-9]*")) if parent(pid) == os.getpid()]


def parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it has ended meanwhile
        return 0
    state, ppid = stat.rpartition(")")[2].split()[:2]
    return 0 if state == "Z" else int(ppid)


def linger() -> list[int]:
    """What still runs after a moment in which an orderly end of what was going on can finish."""
    for _ in range(int(GRACE / TURN)):
        if not children():
            return []
        time.sleep(TURN)
    return children()


def kill_all() -> None:
    """Kill the children, and their children as these become ours, until none is left."""
    while left := children():
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def run(command: list[str]) -> int:
    # a shell starts what it runs in the background with these two ignored
    signals = [signal.SIGINT, signal.SIGQUIT]
    main = os.posix_spawnp(command[0], command, os.environ, setsigdef=signals)
    pid, status = 0, 0
    while pid != main:
        pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    left = linger()
    for pid in left:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        print(f"left running by {command[0]}: {pid} {words}", file=sys.stderr)
    return 128 - code if code < 0 else code or int(bool(left))


def time_is_up(*_: object) -> None:
    print(f"no end after {sys.argv[1]} s: killed", file=sys.stderr)
    sys.exit(124)


def main() -> int:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, time_is_up)
    signal.alarm(max(1, int(sys.argv[1])))
    try:
        return run(sys.argv[2:])
    finally:
        kill_all()


if __name__ == "__main__":
    sys.exit(main())
