"""The search for the highest rate that stays VALID, with runs; and the other measurements."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from selftests import BUSY

from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.run import Requests, RunResult, Trust, TrustSignal, Verdict
from loadgen.result.selftest import Capacity, Pacing, Trial
from loadgen.selftest.loads import LoadOutcome, Loads
from loadgen.selftest.measure import QUICK, Budget, Measurements, summary


def test_what_a_search_comes_to() -> None:
    late = Reason.of("not_valid", signal="lag", observed="lag", p99_ms=3.0, verdict="DEGRADED")
    trials = [
        Trial(30_000, BUSY, 0.9),
        Trial(20_000, None, 0.4),
        Trial(26_000, late, 0.5),
        Trial(20_000, None, 0.4),
    ]
    assert summary("http", trials, False) == Capacity(
        "http", 20_000, sure=True, at_least=False, failed_at=26_000, failed_why=late, trials=tuple(trials)
    )
    assert summary("http", trials, True).at_least  # the target had no more to give
    assert summary("http", trials[1:2], False).at_least  # no higher rate was tried
    assert not summary("http", trials[:1], False).at_least


def outcome(holds: bool, busy: float, **outcomes: int) -> LoadOutcome:
    verdict: Verdict = "VALID" if holds else "INVALID"
    signals = (
        TrustSignal("lag", "VALID", Reason.of("lag", p99_ms=0.1), "VALID", noted=False),
        TrustSignal("core use", verdict, Reason.of("core_use", share=0.9), verdict, noted=False),
    )
    trust = Trust(verdict, False, (), (), signals)
    made = {"ok": 10, **outcomes}
    variant = SimpleNamespace(requests=Requests(sum(made.values()), sum(made.values()), made))
    return LoadOutcome(cast(RunResult, SimpleNamespace(trust=trust, variant=variant)), busy)


class FakeLoads:
    """A client that stays VALID up to `truth`, and a target that is busy from `target` on."""

    def __init__(self, truth: float, target: float = 1e9) -> None:
        self._truth, self._target = truth, target
        self.asked: list[tuple[str, str, float]] = []

    async def run(
        self,
        scheme: str,
        path: str,
        phases: list[dict[str, Any]],
        session: str = "shared",
        resolution: Resolution | None = None,
    ) -> LoadOutcome:
        rate = float(phases[1]["rate"].removesuffix("/s"))
        self.asked.append((scheme, path, rate))
        truth = self._truth * (1 if scheme == "http" else 0.75)
        return outcome(rate <= truth, 0.95 if rate >= self._target else 0.4)


PATIENT = Budget("full", 120, 0.5, 1000, 6, 2, 1, (100,), 3, 2, 2.5, 3600)  # its searches end by themselves


def measuring(loads: Any, cpus: int = 2, plan: Budget = PATIENT) -> tuple[Measurements, list[Reason]]:
    said: list[Reason] = []
    return Measurements(cast(Loads, loads), plan, cpus, said.append), said


async def test_a_search_goes_over_http_and_https_and_tells_every_trial() -> None:
    loads = FakeLoads(24_500)
    measurements, said = measuring(loads)
    await measurements.capacity()
    http, https = measurements.measured.capacity.values()
    assert (http.scheme, https.scheme) == ("http", "https")
    assert http.rate and http.failed_at and https.rate and https.failed_at
    assert 22_000 <= http.rate <= 24_500 < http.failed_at
    assert 16_500 <= https.rate <= 18_375 < https.failed_at
    assert http.sure and not http.at_least
    assert http.failed_why == Reason.of(
        "not_valid", signal="core use", observed="core_use", share=0.9, verdict="INVALID"
    )
    assert len(said) == len(loads.asked) == len(http.trials) + len(https.trials)
    assert {path for _, path, _ in loads.asked} == {"/later"}
    assert Reason.of("rate_tried", scheme="http", rate=50) in said
    assert (
        Reason.of("rate_tried", **http.failed_why.values, why="not_valid", scheme="http", rate=http.failed_at) in said
    )


async def test_a_target_that_saturates_first_makes_it_at_least() -> None:
    measurements, _ = measuring(FakeLoads(1e6, target=40_000))
    await measurements.capacity()
    http = measurements.measured.capacity["http"]
    assert http.at_least and http.failed_at is None and http.rate
    assert 40_000 <= http.rate <= 60_000  # the first that made it busy, and no higher


async def test_on_a_single_cpu_the_target_is_always_in_the_way() -> None:
    measurements, _ = measuring(FakeLoads(10_000), cpus=1)
    await measurements.capacity()
    assert all(capacity.at_least for capacity in measurements.measured.capacity.values())


def test_requests_that_fail_are_not_held_however_valid_the_run() -> None:
    assert outcome(True, 0.1, timeout=2, reset=0).why == Reason.of("requests_failed", timeout=2, reset=0)
    assert outcome(True, 0.1).why is None


# what is timed


def figures(**quantiles: float | None) -> Latency:
    return Latency(count=7, mean=None, min=None, quantiles=quantiles, spent=0.0, max=9.0, timeouts=0)


TICKS = Resolution.measured("ticks", {"mean": 0.09, "p50": 0.08, "p90": 0.11, "p99": 0.2})


class TimedLoads:
    """Answers that are as late as they are given, one after the other."""

    def __init__(self, *given: Latency) -> None:
        self._given = list(given)
        self.resolutions: list[Resolution | None] = []  # that each run was given

    async def run(
        self,
        scheme: str,
        path: str,
        phases: list[dict[str, Any]],
        session: str = "shared",
        resolution: Resolution | None = None,
    ) -> LoadOutcome:
        self.resolutions.append(resolution)
        latency = self._given.pop(0)
        step = SimpleNamespace(latency_ms=dict.fromkeys(("response", "lag", "client_delay"), latency))
        made = [
            SimpleNamespace(
                name=phase["name"], seconds=2.0, steps=(step,), requests=Requests(10, 10, {"ok": 8, "timeout": 2})
            )
            for phase in phases
        ]
        result = SimpleNamespace(variant=SimpleNamespace(phases=tuple(made)), resolution=resolution or TICKS)
        return LoadOutcome(cast(RunResult, result), 0.123456)


async def test_noise_has_the_figures_of_each_measurement() -> None:
    loads = TimedLoads(figures(p50=0.1, p99=0.4), figures(p50=0.2, p99=None))
    measurements, said = measuring(loads, plan=QUICK)
    await measurements.noise()
    noise = measurements.measured.noise
    assert noise and (noise.rate, noise.seconds) == (1000, 0.5)
    assert noise.each_ms["p50"] == (0.1, 0.1, 0.1, 0.2, 0.2, 0.2), "of three phases of two processes"
    assert noise.each_ms["p99"] == (0.4, 0.4, 0.4, None, None, None)
    assert measurements.measured.stamps is True
    first, *_, last = said
    assert (first, last) == (
        Reason.of("noise_measured", p50_ms=0.1, p99_ms=0.4),
        Reason.of("noise_measured", p50_ms=0.2),
    )
    assert len(said) == 6


async def test_the_runs_after_the_noise_are_judged_by_the_resolution_that_it_shows() -> None:
    loads = TimedLoads(*[figures(p50=0.1, p99=0.4)] * 3)
    measurements, _ = measuring(loads, plan=replace(QUICK, rates=(100,)))
    await measurements.noise()
    await measurements.pacing()
    assert loads.resolutions == [None, None, measurements.measured.resolution]
    assert measurements.measured.resolution == Resolution.measured("selftest", {"p50": 0.08, "p99": 0.2})


async def test_pacing_has_the_lag_of_each_rate() -> None:
    measurements, said = measuring(TimedLoads(figures(p50=0.1, p99=0.4)))
    await measurements.pacing()
    assert measurements.measured.pacing == [Pacing(100, 7, 0.1, 0.4, 9.0)]
    assert said == [Reason.of("pacing_measured", rate=100, p50_ms=0.1, p99_ms=0.4)]


async def test_new_connections_are_those_that_were_answered() -> None:
    measurements, said = measuring(TimedLoads(figures(), figures()))
    await measurements.connections()
    http, https = measurements.measured.connections
    assert (http.per_second, http.at_least, http.target_busy) == (4, False, 0.123)
    assert (https.scheme, said[1]) == (
        "https",
        Reason.of("connections_measured", scheme="https", per_second=4),
    )
