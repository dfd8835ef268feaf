"""Child processes: how this process starts and stops them, and how a child notices that its parent is gone."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from loadgen.interrupts import SIGNALS
from loadgen.net.timerfd import die_with_parent

# the variables that Python, its libraries, AWS's settings and loadgen itself go by. Any other may hold a secret, which
# anybody with this user's rights reads in /proc: what a process is to know, it gets through its pipe
_PASSED_ON = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|TEMP|TMP|PYTHON.*|VIRTUAL_ENV|LD_.*|MALLOC_.*|OPENSSL_.*"
    "|SSL_CERT_.*|SYSTEMROOT|COVERAGE.*|COV_.*|LOADGEN_.*|AWS_.*"
)
_SECRET = re.compile(".*(KEY|TOKEN|SECRET|CREDENTIALS|PASS).*(?<!_FILE)")


def spawn(module: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start `python -m module` as a process that no signal of `interrupts` reaches, and without what may be secret in
    its environment. `options` as of Popen.

    A terminal's Ctrl-C or its end, or the end of `timeout`, goes to all processes of the group; but what a load has
    open still needs its workers, and its target.

    The process imports nothing from the folder that the user stands in, nor from one beside it: `-m` would look there
    first, and so would it by an entry of PYTHONPATH that is empty or relative.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    environment = {name: value for name, value in os.environ.items() if _is_passed_on(name)}
    if path := [entry for entry in environment.pop("PYTHONPATH", "").split(os.pathsep) if Path(entry).is_absolute()]:
        environment["PYTHONPATH"] = os.pathsep.join(path)
    held = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        return subprocess.Popen(command, env=environment, **options)  # noqa: S603  our own interpreter
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def withheld() -> dict[str, str]:
    """The variables that such a process does not get, for one that must have them: through its pipe."""
    return {name: value for name, value in os.environ.items() if not _is_passed_on(name)}


def _is_passed_on(name: str) -> bool:
    return _PASSED_ON.fullmatch(name) is not None and not _SECRET.fullmatch(name)


def is_stopped(pid: int) -> bool:
    """Whether the process is stopped, as by SIGSTOP: it does nothing until it is continued. False where the system does
    not tell."""
    try:
        with Path(f"/proc/{pid}/stat").open("rb") as status:
            return status.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except (OSError, IndexError):
        return False


def end_with_parent(loop: asyncio.AbstractEventLoop, parent: int) -> None:
    """Stop `loop` in good order when the process `parent` has ended. The kernel's kill signal is the fallback. The pipe
    of stdin is not enough, because a forked sibling may hold its other end."""
    try:
        watched = os.pidfd_open(parent)
    except (AttributeError, OSError):
        die_with_parent(parent)
        return
    if os.getppid() != parent:
        sys.exit(0)
    loop.add_reader(watched, loop.stop)
