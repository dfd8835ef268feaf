"""A wave of cold starts is told as it was: the sandbox's own simulation answers in virtual time, and what it did is the
truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from engine_harness import START

from loadgen.clock import SECOND
from loadgen.exchange import Exchange
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.function import REFUSALS, THROTTLED
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.simulation import Simulation
from loadgen.transport.scripted import Reply
from truth.pipeline import Told, nearest_rank, ns, tell

PROFILE = """
load:
  - {name: warm-up, rate: 40/s, for: 3s, measure: false}
  - {name: before, rate: 40/s, for: 60s}
  - {name: burst, rate: 300/s, for: 12s}
scenarios:
  - name: order
    steps: [{name: get, get: /, capture: {cold: header.x-cold, id: header.x-env}}]
    split_by: [cold]
    environment: id
"""
BURST = 63  # the second in which it begins
SANDBOX = {
    "service": "table(p0=200ms, p100=300ms)",
    "environments": {"max": 60, "init": "700ms", "scaling": "8 per 1s", "overflow": "429"},
}


@dataclass(slots=True)
class Target:
    """Answers as the sandbox does, and keeps what it did: when each request came, and its fate."""

    settings: SandboxSettings
    log: list[tuple[int, Fate]] = field(default_factory=list)
    simulation: Simulation = field(init=False)

    def __post_init__(self) -> None:
        self.simulation = Simulation(self.settings)

    def __call__(self, x: Exchange) -> Reply:
        fate = self.simulation.admit(x.started)
        self.log.append((x.started - START, fate))
        body = THROTTLED % fate.reason.encode() if fate.reason else REFUSALS.get(fate.status, (b"{}",))[0]
        headers = {} if fate.status else {"x-cold": str(fate.cold).lower(), "x-env": str(fate.environment)}
        return Reply(fate.ready - x.started, fate.status or 200, headers, body)

    def seconds(self, start: int, end: int) -> dict[int, list[tuple[int, Fate]]]:
        """What came from second `start` until `end`, by second."""
        return {at: [row for row in self.log if row[0] // SECOND == at] for at in range(start, end)}

    def environments(self, start: int, end: int) -> set[int]:
        """Those that answered what came from second `start` until `end`."""
        return {of.environment for rows in self.seconds(start, end).values() for _, of in rows if not of.status}


def wave(folder: Path, sandbox: dict[str, object], profile: str = PROFILE) -> tuple[Target, Told]:
    target = Target(SandboxSettings.model_validate(sandbox))
    return target, tell(profile, target, folder / "run")


@pytest.mark.parametrize("seed", [1, 3])
def test_the_wave_is_told_as_the_sandbox_made_it(tmp_path: Path, seed: int) -> None:
    target, told = wave(tmp_path, {**SANDBOX, "seed": seed}, f"seed: {seed}\n{PROFILE}")
    found = told.phase("burst")["cold_wave"]
    truth = target.seconds(BURST, BURST + 12)
    cold = {at: sum(fate.cold for _, fate in rows) for at, rows in truth.items()}
    throttled = {at: sum(fate.status == 429 for _, fate in rows) for at, rows in truth.items()}
    assert sum(throttled.values()) > 500, "there is something to tell"
    assert [second["cold"] for second in found["seconds"][-2:]] == [0, 0], "one sees that it was over"
    for second in found["seconds"]:
        rows = truth[second["at_s"]]
        assert second["sent"] == len(rows)
        assert second["cold"] == cold[second["at_s"]]
        assert second["told"] == len(rows) - throttled[second["at_s"]]
        assert sum(second["throttled"].values()) == throttled[second["at_s"]]
        assert second["environments"] == sum(cold[at] for at in range(BURST, second["at_s"] + 1))
        assert second["answered"] == len(target.environments(BURST, second["at_s"] + 1))
    assert found["cold"] == sum(cold.values())
    assert found["throttled"] == {
        "429 the account's concurrency (ConcurrentInvocationLimitExceeded)": sum(throttled.values())
    }
    assert found["last_cold_s"] == max(at for at, many in cold.items() if many) + 1 - BURST
    answered, before = target.environments(BURST, BURST + 12), target.environments(0, BURST)
    new = len(answered - before)
    assert found["answered"] == {"environments": len(answered), "new": new, "more": False}
    assert 0 < new < len(answered), "some were warm before"
    (wave_of,) = (of["observed"] for of in told.result["findings"] if of["observed"]["code"] == "cold_wave")
    assert (wave_of["environments"], wave_of["new"]) == (len(answered), new)


@pytest.mark.parametrize("seed", [1, 3])
def test_recovery_is_when_the_p99_was_back_for_good(tmp_path: Path, seed: int) -> None:
    target, told = wave(tmp_path, {**SANDBOX, "seed": seed}, f"seed: {seed}\n{PROFILE}")
    recovery = told.phase("burst")["cold_wave"]["recovery"]
    p99 = {
        at: nearest_rank([fate.ready - when - START for when, fate in rows if not fate.status], "p99")
        for at, rows in target.seconds(BURST, BURST + 12).items()
    }
    beyond = [at for at, value in p99.items() if value > ns(recovery["high_ms"])]
    assert 2 < len(beyond) < 12
    assert recovery["before"] == "before"
    assert abs(recovery["after_s"] - (beyond[-1] + 1 - BURST)) <= 1
    assert recovery["beyond_s"] <= len(beyond)


def test_each_reason_is_told_by_the_second(tmp_path: Path) -> None:
    """Ten requests a second for each of 20 units, and a gateway's bucket before them."""
    sandbox = {
        "service": "20ms",
        "throttle": "250/s",
        "environments": {"max": 20, "reserved": 20, "rate": "10/s", "init": "100ms", "overflow": "429"},
    }
    target, told = wave(tmp_path, sandbox)
    truth = target.seconds(BURST, BURST + 12)
    words = {
        "": "429 Too Many Requests: throttled by the stage or the account",
        "ReservedFunctionInvocationRateLimitExceeded": "429 the rate that the reserved concurrency allows "
        "(ReservedFunctionInvocationRateLimitExceeded)",
        "ReservedFunctionConcurrentInvocationLimitExceeded": "429 the function's reserved concurrency "
        "(ReservedFunctionConcurrentInvocationLimitExceeded)",
    }
    for second in told.phase("burst")["cold_wave"]["seconds"]:
        refused = Counter(words[fate.reason] for _, fate in truth[second["at_s"]] if fate.status == 429)
        assert second["throttled"] == refused
    assert len(told.phase("burst")["cold_wave"]["throttled"]) >= 2


def test_nothing_is_told_of_answers_that_do_not_tell(tmp_path: Path) -> None:
    target = Target(SandboxSettings.model_validate(SANDBOX))
    told = tell(PROFILE.replace("header.x-", "header.y-"), target, tmp_path / "run")
    assert all("cold_wave" not in phase for phase in told.phases)
    assert not [of for of in told.result["findings"] if of["observed"]["code"] == "cold_wave"]


def test_answers_that_tell_their_environment_alone(tmp_path: Path) -> None:
    target = Target(SandboxSettings.model_validate(SANDBOX))
    told = tell(PROFILE.replace("x-cold", "x-else"), target, tmp_path / "run", workers=3)
    found = told.phase("burst")["cold_wave"]
    assert (found["told"], found["cold"]) == (0, 0)
    assert found["answered"]["environments"] == len(target.environments(BURST, BURST + 12))
    assert found["seconds"], "new ones are shown"


def test_a_warm_function_has_no_wave_to_recover_from(tmp_path: Path) -> None:
    sandbox = {"service": "table(p0=200ms, p100=300ms)", "environments": {"max": 200, "provisioned": 200}}
    _, told = wave(tmp_path, sandbox)
    found = told.phase("burst")["cold_wave"]
    assert (found["cold"], found["last_cold_s"], found["throttled"], found["seconds"]) == (0, None, {}, [])
    assert (found["recovery"]["beyond_s"], found["recovery"]["after_s"]) == (0, 0.0)
    assert not [of for of in told.result["findings"] if of["observed"]["code"] == "cold_wave"]


@pytest.mark.parametrize(
    ("condition", "status"),
    [("recovery < 12s", "passed"), ("recovery < 2s", "failed"), ("cold < 50%", "passed"), ("cold < 0.1%", "failed")],
)
def test_thresholds_of_the_wave(tmp_path: Path, condition: str, status: str) -> None:
    _, told = wave(tmp_path, SANDBOX, f"{PROFILE}thresholds: {{burst: [{condition}]}}\n")
    (threshold,) = told.result["thresholds"]
    found = told.phase("burst")["cold_wave"]
    assert threshold["status"] == status
    if condition.startswith("recovery"):
        assert threshold["value_s"] == found["recovery"]["after_s"]
    else:
        assert threshold["value_share"] == pytest.approx(found["cold"] / found["told"])


@pytest.mark.parametrize(("limit", "status"), [("3s", "failed"), ("20s", "undecided")])
def test_a_p99_that_is_not_back_when_the_phase_ends(tmp_path: Path, limit: str, status: str) -> None:
    """A queue that never ends: it took longer than the phase, and nobody knows how much longer."""
    sandbox = {**SANDBOX, "environments": {"max": 30, "init": "700ms", "overflow": "queue"}}
    _, told = wave(tmp_path, sandbox, f"{PROFILE}thresholds: {{burst: [recovery < {limit}]}}\n")
    assert told.phase("burst")["cold_wave"]["recovery"]["after_s"] is None
    (threshold,) = told.result["thresholds"]
    assert (threshold["status"], threshold["why"]["code"]) == (status, "not_recovered")


def test_without_a_phase_before_there_is_no_recovery(tmp_path: Path) -> None:
    profile = PROFILE.replace("  - {name: before, rate: 40/s, for: 60s}\n", "")
    _, told = wave(tmp_path, SANDBOX, f"{profile}thresholds: {{burst: [recovery < 9s]}}\n")
    found = told.phase("burst")["cold_wave"]
    assert found["recovery"] is None
    assert found["seconds"][0]["beyond"] is None
    (threshold,) = told.result["thresholds"]
    assert (threshold["status"], threshold["why"]["code"]) == ("undecided", "nothing_before")
