"""Child processes: how this process starts and stops them, and how a child notices that its parent is gone."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from loadgen.clock import SECOND, now
from loadgen.interrupts import SIGNALS
from loadgen.net.timerfd import die_with_parent

_NAMES = """
PATH HOME USER LOGNAME SHELL TZ TMPDIR TEMP TMP VIRTUAL_ENV LD_LIBRARY_PATH LD_PRELOAD
LANG LANGUAGE LC_ALL LC_ADDRESS LC_COLLATE LC_CTYPE LC_IDENTIFICATION LC_MEASUREMENT LC_MESSAGES LC_MONETARY LC_NAME
LC_NUMERIC LC_PAPER LC_TELEPHONE LC_TIME
PYTHONASYNCIODEBUG PYTHONCOERCECLOCALE PYTHONDEVMODE PYTHONDONTWRITEBYTECODE PYTHONFAULTHANDLER PYTHONHASHSEED
PYTHONHOME PYTHONINTMAXSTRDIGITS PYTHONIOENCODING PYTHONMALLOC PYTHONNODEBUGRANGES PYTHONNOUSERSITE PYTHONOPTIMIZE
PYTHONPATH PYTHONPERFSUPPORT PYTHONPLATLIBDIR PYTHONPROFILEIMPORTTIME PYTHONPYCACHEPREFIX PYTHONSAFEPATH
PYTHONTRACEMALLOC PYTHONUNBUFFERED PYTHONUSERBASE PYTHONUTF8 PYTHONVERBOSE PYTHONWARNDEFAULTENCODING PYTHONWARNINGS
MALLOC_ARENA_MAX MALLOC_ARENA_TEST MALLOC_CHECK_ MALLOC_MMAP_MAX_ MALLOC_MMAP_THRESHOLD_ MALLOC_PERTURB_
MALLOC_TOP_PAD_ MALLOC_TRIM_THRESHOLD_ OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES SSL_CERT_DIR SSL_CERT_FILE
AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_DATA_PATH AWS_DEFAULTS_MODE AWS_DEFAULT_PROFILE AWS_DEFAULT_REGION
AWS_EC2_METADATA_DISABLED AWS_EC2_METADATA_SERVICE_ENDPOINT AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE AWS_MAX_ATTEMPTS
AWS_METADATA_SERVICE_NUM_ATTEMPTS AWS_METADATA_SERVICE_TIMEOUT AWS_PROFILE AWS_REGION AWS_RETRY_MODE AWS_ROLE_ARN
AWS_ROLE_SESSION_NAME AWS_SHARED_CREDENTIALS_FILE AWS_STS_REGIONAL_ENDPOINTS AWS_USE_DUALSTACK_ENDPOINT
AWS_USE_FIPS_ENDPOINT AWS_WEB_IDENTITY_TOKEN_FILE
COVERAGE_CORE COVERAGE_FILE COVERAGE_PROCESS_START COVERAGE_RCFILE COV_CORE_CONFIG COV_CORE_DATAFILE COV_CORE_SOURCE
LOADGEN_TEST
"""
_PASSED_ON = frozenset(_NAMES.split())
"""The variables that Python, its libraries, AWS's settings and our tests go by. Any other may hold a secret, which
anybody with this user's rights reads in /proc: what a process is to know, it gets through its pipe."""
_of_the_profile: set[str] = set()


def withhold(names: Iterable[str]) -> None:
    """Pass these variables on to no process from now on: the profile uses them, and each may be a secret."""
    _of_the_profile.update(names)


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


class Lines:
    """The lines that a child writes to its stdout, each waited for without holding up a signal."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe, self._rest = pipe, b""

    def next(self, limit: int) -> bytes:
        """The next one, without its end. Raises TimeoutError if it is not there within `limit` ns, EOFError if the
        child has ended, or has closed its stdout."""
        until = now() + limit
        while b"\n" not in self._rest:
            if not select.select([self._pipe], [], [], max(0.0, (until - now()) / SECOND))[0]:
                raise TimeoutError
            data = os.read(self._pipe.fileno(), 65536)
            if not data:
                raise EOFError
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def withheld() -> dict[str, str]:
    """The variables that such a process does not get, for one that must have them: through its pipe."""
    return {name: value for name, value in os.environ.items() if not _is_passed_on(name)}


def _is_passed_on(name: str) -> bool:
    return name in _PASSED_ON and name not in _of_the_profile


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
