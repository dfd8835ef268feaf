"""Loads on the self-test's own target, one after the other, each carried out as any run is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadgen.clock import SECOND
from loadgen.profile.load import from_data
from loadgen.runner.destination import Sandbox, destination
from loadgen.runner.interrupts import Interrupts
from loadgen.runner.options import Options
from loadgen.runner.progress import Progress
from loadgen.runner.secrets import keeper
from loadgen.runner.session import run_at

IN_FLIGHT = 2000  # enough for the 12 ms that an answer takes on average at 150,000/s; beyond it, the load is not held
AT_ONCE, LATER = "/", "/later"  # how the target answers

Phases = list[dict[str, Any]]


class Stopped(Exception):
    """The user wants no more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load came to: its result, and the share of a core that the target used meanwhile."""

    result: dict[str, Any]
    busy: float

    @property
    def verdict(self) -> str:
        return str(self.result["trust"]["verdict"])

    @property
    def why(self) -> str:
        """What is in the way of its being believed, in a few words; nothing if nothing is."""
        failed = {word: count for word, count in self._requests["outcomes"].items() if word != "ok"}
        if failed:
            return "requests failed: " + ", ".join(f"{count:,} {word}" for word, count in failed.items())
        reasons = self.result["trust"]["reasons"]
        return str(reasons[0]).partition(": ")[0] if reasons else "" if self.verdict == "VALID" else self.verdict

    @property
    def stamps(self) -> bool:
        """Whether the kernel stamped the answers."""
        return bool(self.phase()["steps"][0]["latency_ms"]["client_delay"]["count"])

    @property
    def phases(self) -> dict[str, dict[str, Any]]:
        return {phase["name"]: phase for phase in self.result["variants"][0]["phases"]}

    def phase(self, name: str = "load") -> dict[str, Any]:
        return self.phases[name]

    def figures(self, metric: str, name: str = "load") -> dict[str, Any]:
        """Of that metric in ms: count, p50, p99, max and others, None where they are not known."""
        found: dict[str, Any] = self.phase(name)["steps"][0]["latency_ms"][metric]
        return found

    @property
    def _requests(self) -> dict[str, Any]:
        found: dict[str, Any] = self.result["variants"][0]["requests"]
        return found


class Loads:
    """Loads on `target`, whose folders are below `folder`."""

    def __init__(self, target: Sandbox, folder: Path, signals: Interrupts, say: Callable[[str], None]) -> None:
        self._target, self._folder, self._signals = target, folder, signals
        self._display, self._number = _Messages(say), 0
        self._stopped = False
        signals.do = self._stop

    async def run(self, scheme: str, path: str, phases: Phases, session: str = "shared") -> Outcome:
        """Raises Stopped if the user wants no more, and LoadgenError where the load cannot be begun."""
        if self._stopped:
            raise Stopped
        self._number += 1
        url = self._target.https if scheme == "https" else self._target.http
        data = {
            "name": "selftest",
            "tls": {"ca": str(self._target.ca)},
            "session": session,
            "in_flight_limit": IN_FLIGHT,
            "load": phases,
        }
        loaded = from_data(data, url + path, {})
        options = Options(self._folder / str(self._number))
        before = self._target.stats()["cpu_ns"]
        async with destination(loaded.profile, None) as to:
            secrets = await keeper(loaded.profile, None)
            finished = await run_at(loaded, options, self._display, to, self._signals, secrets)
        self._signals.do = self._stop
        if self._stopped or finished.result["interrupted"]:
            raise Stopped
        used = self._target.stats()["cpu_ns"] - before
        return Outcome(finished.result, used / max(1.0, finished.result["duration_s"] * SECOND))

    def _stop(self) -> None:
        self._stopped = True


class _Messages:
    """Shows only what a run has to say: how each one stands is no news."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.message = say

    def update(self, progress: Progress) -> None: ...
