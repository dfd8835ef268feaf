"""loadgen as a user runs it: a process, what it prints, its exit status, its result, and what it leaves running.

Every process of a run, workers and sandbox too, inherits a mark in its environment, by which it is found again.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar, cast

from loadgen.clock import SECOND, now
from loadgen.experiment.saved import read
from loadgen.report import trust
from loadgen.report.formats import json_text
from loadgen.report.sentences import notice_text
from loadgen.result.codec import from_json
from loadgen.result.reason import Reason
from loadgen.result.run import TrustSignal

T = TypeVar("T")
FULL = bool(os.environ.get("LOADGEN_FULL_TESTS"))
"""Whether the long forms are run: as long, as often and at as many requests a second as the project promises."""
LIMIT = 60.0
"""Seconds after which a wait has failed."""
COMMAND = (sys.executable, "-m", "loadgen")
VALID = (0, 5)
"""A run in which all went well. On a machine that is busy otherwise the generator may find itself INVALID."""

_MARK = "LOADGEN_TEST"


@dataclass(frozen=True)
class Ran:
    """What is left of a process that has ended. A status below 0 is the signal that ended it."""

    status: int
    out: str
    err: str
    folder: Path

    @cached_property
    def result(self) -> dict[str, Any]:
        """The object that `--json` printed, whose sums have been checked."""
        assert self.out, self.err
        found: dict[str, Any] = json.loads(self.out)
        balanced(found)
        assert found["exit_status"] == self.status
        return found

    @property
    def requests(self) -> dict[str, Any]:
        found: dict[str, Any] = self.result["variants"][0]["requests"]
        return found

    @property
    def iterations(self) -> dict[str, Any]:
        found: dict[str, Any] = self.result["variants"][0]["iterations"]
        return found

    @property
    def phases(self) -> dict[str, Any]:
        return {phase["name"]: phase for phase in self.result["variants"][0]["phases"]}

    @property
    def warnings(self) -> list[str]:
        return [notice_text(from_json(Reason, warning)) for warning in self.result["warnings"]]

    @property
    def reasons(self) -> str:
        return "\n".join(trust.reason(from_json(TrustSignal, signal)) for signal in self.result["trust"]["reasons"])


class Program:
    """A loadgen under way, in a process group of its own; leaving the context kills what is left of it.

    `folder` is where it runs; its result goes to `folder/run`.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        command: tuple[str, ...] = COMMAND,
        **options: Any,
    ) -> None:
        self.folder, self._mark = folder, uuid.uuid4().hex
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with the context
        self._seen = b""
        self.process = subprocess.Popen(
            [*command, *arguments],
            **{"stdout": self._out, **options},
            cwd=folder,
            env={**os.environ, **(env or {}), _MARK: self._mark},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()
        self._out.close()

    def says(self, *texts: str) -> str:
        """Wait for a line of progress that holds one of `texts`, and return it."""
        assert self.process.stderr
        while select.select([self.process.stderr], [], [], LIMIT)[0]:
            line = self.process.stderr.readline()
            self._seen += line
            if any(text in line.decode() for text in texts):
                return line.decode()
            assert line, f"it ended with {self.process.wait()} and never said {texts}:\n{self._seen.decode()}"
        raise AssertionError(f"it did not say {texts}:\n{self._seen.decode()}")

    def begins(self) -> None:
        """Wait until the load has begun."""
        self.says("in flight")

    def others(self) -> dict[int, str]:
        """Its other processes that run: {pid: command line}."""
        return {pid: line for pid, line in self._running().items() if pid != self.process.pid}

    def _running(self) -> dict[int, str]:
        return running(self.process.pid, f"{_MARK}={self._mark}")

    def soon(self, look: Callable[[], T], limit: float = LIMIT) -> T:
        """Look again and again until there is something. Fails if the program ends before."""
        until = now() + round(limit * SECOND)
        while not (found := look()):
            assert now() < until, "it did not come"
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended with {self.process.wait(0.01)} before it came")
        return found

    def workers(self) -> list[int]:
        return self._named("loadgen.fleet.worker")

    def aggregators(self) -> list[int]:
        return self._named("loadgen.fleet.aggregator")

    def _named(self, module: str) -> list[int]:
        return [pid for pid, line in self.others().items() if module in line]

    def wait(self, limit: float = LIMIT) -> Ran:
        """Let it come to its end."""
        _, rest = self.process.communicate(timeout=limit)
        self._out.seek(0)
        err = (self._seen + (rest or b"")).decode()
        assert "Traceback" not in err, err
        assert "Error in sitecustomize" not in err, err
        return Ran(self.process.returncode, self._out.read().decode(), err, self.folder / "run")

    def kill_all(self) -> None:
        """Kill all of its processes as at one instant. One that ends by itself meanwhile is no failure: a child does so
        as soon as its parent is gone."""
        for pid in (self.process.pid, *self.others()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def leaves_nothing(self) -> None:
        """Wait until all of its processes have ended, those too that come meanwhile."""
        while left := self._running():
            for pid, line in left.items():
                wait_for_end(pid, line)


def run(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    limit: float = LIMIT,
    command: tuple[str, ...] = COMMAND,
) -> Ran:
    """`loadgen` with these arguments, from beginning to end; nothing of it runs any more."""
    with Program(folder, *arguments, env=env, command=command) as program:
        ran = program.wait(limit)
        program.leaves_nothing()
        return ran


def load(folder: Path, profile: str, *arguments: str, limit: float = LIMIT) -> Ran:
    """`loadgen run --json` of a profile's text, to its end; the run's folder is `folder/run`."""
    return run(folder, *prepare(folder, profile), "--json", *arguments, limit=limit)


def prepare(folder: Path, profile: str) -> list[str]:
    """Write the profile, and return the arguments that run it into `folder/run`: exactly what it says, and no request
    before it."""
    (folder / "profile.yaml").write_text(profile)
    return ["run", "profile.yaml", "--out", "run", "--no-preflight"]


def saved(folder: Path) -> dict[str, Any]:
    """What `loadgen report --json` prints of `folder/run`, whose sums have been checked."""
    found = json.loads(json_text(read(folder / "run")))
    balanced(found)
    return cast(dict[str, Any], found)


def balanced(result: dict[str, Any]) -> None:
    """Both ledgers add up, exactly: in all, by phase, and by step."""
    for variant in result["variants"]:
        for block in (variant, *variant["phases"]):
            iterations = block["iterations"]
            assert iterations["planned"] == iterations["started"] + iterations["unsent"], iterations
            assert iterations["unsent"] == sum(iterations["unsent_why"].values())
            ended = iterations["completed"] + iterations["failed"] + iterations["cut_short"]
            assert iterations["started"] == ended, iterations
        steps = [step for phase in variant["phases"] for step in phase["steps"]]
        for block in (variant, *variant["phases"], *steps):
            requests = block["requests"]
            assert requests["sent"] == sum(requests["outcomes"].values()), requests
            assert requests["on_wire"] <= requests["sent"]
        for ledger, key in (("iterations", "planned"), ("iterations", "started"), ("requests", "sent")):
            assert variant[ledger][key] == sum(phase[ledger][key] for phase in variant["phases"])


def wait_for_end(pid: int, line: str = "") -> None:
    """Until the process has ended, whoever its parent is."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([watched], [], [], LIMIT)[0], f"process {pid} still runs: {line}"
    finally:
        os.close(watched)


def running(session: int, mark: str) -> dict[int, str]:
    """{pid: command line} of the processes that have not ended, and are of that session or have that mark, in the order
    in which they began. Between fork and exec a process has no environment for a moment, but a session always.

    One look at /proc is not of one instant: a process that was listed may have ended before it is read, and its child
    may have come after the listing. So an empty look counts only if no process began meanwhile."""
    while True:
        newest = _newest()
        found = _look(session, mark)
        if found or _newest() == newest:
            return found


def _newest() -> str:
    """The number of the process that began last."""
    return Path("/proc/loadavg").read_text().rpartition(" ")[2]


def _look(session: int, mark: str) -> dict[int, str]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is not ours
            stat = (path / "stat").read_text().rpartition(")")[2].split()
            ours = int(stat[3]) == session or mark.encode() in (path / "environ").read_bytes().split(b"\0")
            if ours and stat[0] not in "ZX":
                line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                found.append((int(stat[19]), int(path.name), line))
    return {pid: line for _, pid, line in sorted(found)}
