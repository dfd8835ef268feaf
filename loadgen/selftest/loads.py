"""Loads on the self-test's own target, one after the other. Each is an ordinary run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadgen.clock import SECOND
from loadgen.interrupts import Interrupted, Interrupts
from loadgen.profile.load import from_data
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.run import Phase, RunResult
from loadgen.runner.destination import Sandbox, destination
from loadgen.runner.options import Options
from loadgen.runner.progress import Progress
from loadgen.runner.secrets import keeper
from loadgen.runner.session import run_at

IN_FLIGHT = 2000  # enough for a mean answer time of 12 ms at 150,000/s; beyond it the rate counts as not held
AT_ONCE, LATER = "/", "/later"  # the paths that the target answers at once, and later
LOAD = "load"  # the measured phase of a load that has only one

Phases = list[dict[str, Any]]  # as in a profile


class Stopped(Exception):
    """The user wants no more loads."""


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """The result of a load, and the share of a core that the target used meanwhile."""

    result: RunResult
    target_busy: float

    @property
    def why(self) -> Reason | None:
        """Why the load's figures cannot be used; None if they can."""
        requests, trust = self.result.variant.requests, self.result.trust
        if requests.failed:
            failed = {outcome: count for outcome, count in requests.outcomes.items() if outcome != "ok"}
            return Reason.of("requests_failed", **failed)
        if trust.verdict == "VALID":
            return None
        worst = next(signal for signal in trust.signals if signal.verdict == trust.verdict)
        return Reason.of(
            "not_valid",
            **worst.observed.values,
            signal=worst.signal,
            verdict=worst.verdict,
            observed=worst.observed.code,
        )

    def stamps(self, name: str = LOAD) -> bool:
        """Whether the kernel stamped the answers of that phase."""
        return self.latency("client_delay", name).count > 0

    def phase(self, name: str = LOAD) -> Phase:
        """The load's phase of that name. Raises KeyError if there is none."""
        return {phase.name: phase for phase in self.result.variant.phases}[name]

    def latency(self, metric: str, name: str = LOAD) -> Latency:
        """The figures of that metric in that phase."""
        return self.phase(name).steps[0].latency_ms[metric]


class Loads:
    """Loads on `target`. Their folders are below `folder`."""

    def __init__(self, target: Sandbox, folder: Path, signals: Interrupts, show: Callable[[Reason], None]) -> None:
        self._target, self._folder, self._signals = target, folder, signals
        self._display, self._number = _Messages(show), 0
        self._stopped = False
        signals.heed(self._stop)

    async def run(
        self, scheme: str, path: str, phases: Phases, session: str = "shared", resolution: Resolution | None = None
    ) -> LoadOutcome:
        """Carry out a load, which measures the resolution if it is not given. Raises Stopped if the user wants no more,
        and LoadgenError if the load cannot begin."""
        if self._stopped:
            raise Stopped
        self._number += 1
        url = self._target.https if scheme == "https" else self._target.http
        data = {
            "name": "selftest",
            "tls": {"ca": str(self._target.ca)},
            "session": session,
            "in_flight_limit": IN_FLIGHT,
            "stop_if": "never",
            "load": phases,
        }
        loaded = from_data(data, url + path, {})
        options = Options(self._folder / str(self._number), preflight=False, resolution=resolution)
        before = self._target.stats()["cpu_ns"]
        try:
            async with destination(loaded.profile, None) as to:
                secrets = await keeper(loaded.profile, None, loaded.secrets)
                result = await run_at(loaded, options, self._display, to, self._signals, secrets)
        except Interrupted:
            raise Stopped from None
        self._signals.heed(self._stop)
        if self._stopped or result.interrupted:
            raise Stopped
        used = self._target.stats()["cpu_ns"] - before
        return LoadOutcome(result, used / max(1.0, result.duration_s * SECOND))

    def _stop(self) -> None:
        self._stopped = True


class _Messages:
    """Shows the notices of a run, and not its progress."""

    def __init__(self, show: Callable[[Reason], None]) -> None:
        self.message = show

    @property
    def detailed(self) -> bool:
        return False

    def update(self, progress: Progress) -> None: ...
