"""An axis of rates over a target of known capacity: the curves are those of the queue that it is.

A queue of c servers, first come first served, can be computed exactly for the very arrivals of a run. Whatever comes
later than it is due, or takes longer than it should, makes nothing leave earlier: no mean may lie below the theory's.
If no request reaches the queue more than some time late, none leaves it more than that late: how far a mean may lie
above, the truth log says. So a machine that is busy otherwise widens the band, and moves nothing out of it.
"""

from __future__ import annotations

import csv
import heapq
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean as mean
from typing import Any

import numpy as np
import pytest
from program import FULL, VALID, prepare, run

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.pacing import Schedule
from loadgen.profile.rate import LinearRate
from loadgen.stats.blocks import Floats

pytestmark = pytest.mark.real

CLOSE = 0.001  # ms: that times are whole nanoseconds


def departures(arrivals: Floats, service: Floats, servers: int) -> Floats:
    """When each leaves a queue with so many servers, first come first served. In the unit of the arguments."""
    free = [0.0] * servers
    left = np.empty(len(arrivals))
    for number, (came, takes) in enumerate(zip(arrivals.tolist(), service.tolist(), strict=True)):
        left[number] = max(came, heapq.heappop(free)) + takes
        heapq.heappush(free, left[number])
    return left


# the theory


def waits(load: float, service: Floats, servers: int) -> float:
    """The mean wait, in services, at that share of the capacity. `service` is of mean 1."""
    rate = load * servers
    schedule = Schedule(LinearRate(rate, rate), round(len(service) / rate * SECOND), True, (1,), len(service))
    arrivals = np.concatenate(list(schedule.blocks())) / SECOND
    return float(np.mean(departures(arrivals, service, servers) - service - arrivals))


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_the_queue_is_that_of_the_theory(load: float) -> None:
    """One server and a fixed time: Pollaczek and Khinchine. Several and an exponential time: Erlang's C."""
    number = 400_000
    assert waits(load, np.ones(number), 1) == pytest.approx(load / (2 * (1 - load)), rel=0.05)
    servers = 4
    offered = load * servers
    full = offered**servers / math.factorial(servers) / (1 - load)
    erlang = full / (sum(offered**n / math.factorial(n) for n in range(servers)) + full)
    random = np.random.default_rng(2).exponential(1.0, number)
    assert waits(load, random, servers) == pytest.approx(erlang / (servers * (1 - load)), rel=0.05)


# runs


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an experiment: what it was due to send and when, in ms, and what came of it."""

    session: str
    rate: str
    due: Floats
    after: Floats  # what arrived once the measured part was over
    sent: int
    latency: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, folder: Path, variant: dict[str, Any], told: dict[str, Any]) -> Run:
        about = json.loads((folder / told["folder"] / "run.json").read_text())
        result = json.loads((folder / told["folder"] / "result.json").read_text())
        plan, (step,) = Plan.from_description(about["plan"]), result["variants"][0]["phases"][0]["steps"]
        (only,) = plan.runs
        assert only.duration
        due, after = (np.concatenate(list(each.blocks())) for each in (only.schedule(), plan.drain_schedule()))
        values, latency = variant["values"], step["latency_ms"]
        assert latency["response"]["count"] == len(due)
        return cls(
            values["session"], values["rate"], due / MILLISECOND, (only.duration + after) / MILLISECOND,
            told["requests"]["sent"], latency,
        )  # fmt: skip


def in_order(result: dict[str, Any], folder: Path) -> list[Run]:
    """The runs in the order in which they were carried out."""
    variants = {variant["name"]: variant for variant in result["variants"]}
    names = [(name, number) for number, names in enumerate(result["experiment"]["order"]) for name in names]
    return [Run.of(folder, variants[name], variants[name]["rounds"][number]) for name, number in names]


def experiment(folder: Path, *arguments: str) -> tuple[dict[str, Any], list[Run]]:
    ran = run(folder, *arguments, "--json", limit=900)
    assert ran.status in VALID, ran.err
    result = json.loads(ran.out)
    return result, in_order(result, folder / "run")


def quantile(values: Floats, p: float) -> float:
    return float(np.sort(values)[math.ceil(p * len(values)) - 1])


# a function of known capacity

RATES = ("60/s", "120/s", "160/s", "190/s")  # 30, 60, 80 and 95 % of what 4 environments of 20 ms can do
SERVERS, TIME, RTT = 4, 20.0, 10.0
NO_LIMIT = ("--set", "thresholds=")  # that the profile breaks on purpose
SHORT = () if FULL else ("--set", "experiment.rounds=1", "--set", "load.steady.for=2s")


def connecting(session: str) -> float:
    """What a request's connection takes before it is sent: two round trips, with TCP's and those of TLS 1.3."""
    return 2 * RTT if session == "per-request" else 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """A run held against the theory, in ms. `theory`: the least that its responses can have taken. `late`: how much
    later than due the latest came to the queue, connecting apart; `answers`: how much later answers came on average."""

    run: Run
    theory: Floats
    late: float
    answers: float

    @classmethod
    def of(cls, one: Run, rows: Floats) -> Held:
        """`rows`: of the truth log, received, intended and sent, in the order of arrival."""
        received, intended, sent = rows.T
        behind = received - np.concatenate([one.due, one.after])[: len(rows)]
        # when the load began is not written; but the one that was answered fastest came no later than that allows
        first = one.latency["response"]["min"] - TIME - RTT
        late = float(np.max(behind - np.min(behind))) + first - connecting(one.session)
        left = departures(one.due, np.full(len(one.due), TIME), SERVERS) + RTT
        answers = float(np.sum(np.maximum(sent - intended, 0))) / len(one.due) + one.latency["client_delay"]["max"]
        return cls(one, left - one.due + connecting(one.session), late, answers)


def held(runs: list[Run], log: Path) -> Iterator[Held]:
    with log.open(newline="") as lines:
        columns = ("received_ns", "intended_ns", "sent_ns", "queued_ns")
        found = sorted(tuple(int(row[name]) for name in columns) for row in csv.DictReader(lines))
    assert len(found) == sum(one.sent for one in runs), "every request is in the truth log, one run after the other"
    rows = np.array(found, np.int64)
    for one in runs:
        mine, rows = rows[: one.sent], rows[one.sent :]
        times, queued = (mine[:, :3] - mine[0, 0]).astype(np.float64), mine[:, 3]
        service = np.full(len(mine), TIME * MILLISECOND)
        left = departures(times[:, 0], service, SERVERS)
        assert np.array_equal(left - service - times[:, 0], queued), "the function is this very queue"
        yield Held.of(one, times / MILLISECOND)


def as_the_theory_says(point: dict[str, Any], rounds: list[Held]) -> None:
    """A point of a curve, which is the geometric mean of its rounds."""
    for one, of_round in zip(rounds, point["rounds"]["mean"], strict=True):
        least = float(one.theory.mean())
        assert least - CLOSE <= of_round <= least + one.late + one.answers + CLOSE, point
    for name, p in (("p50", 0.5), ("p90", 0.9)):
        for one, of_round in zip(rounds, point["rounds"][name], strict=True):
            expected = quantile(one.theory, p)
            assert expected * 0.999 - one.late - 1 <= of_round, (name, point)
            assert of_round <= expected * 1.001 + one.late + one.answers + 2, (name, point)
        assert point[name] == pytest.approx(math.exp(mean(map(math.log, point["rounds"][name]))), rel=1e-4)
    assert point["errors"] == 0


def test_the_curves_bend_where_the_function_is_full(tmp_path: Path) -> None:
    """The shipped profile. A new connection for each request raises the whole curve by what it costs, and lengthens no
    queue: whatever limit a service has, fresh reaches it at the lower rate, at which shared is below by just that."""
    log = tmp_path / "truth.csv"
    result, runs = experiment(
        tmp_path, "run", "scaling", "--out", "run", "--set", f"sandbox.log={log}", *NO_LIMIT, *SHORT
    )
    rounds: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for one in held(runs, log):
        rounds[one.run.session, one.run.rate].append(one)
    assert [series["series"] for series in result["scaling"]] == ["session=shared", "session=per-request"]
    for series in result["scaling"]:
        assert [point["at"] for point in series["points"]] == list(RATES)
        for point in series["points"]:
            as_the_theory_says(point, rounds[series["series"].removeprefix("session="), point["at"]])
    waited = [mean(float(one.theory.mean()) for one in rounds["shared", rate]) - TIME - RTT for rate in RATES]
    assert waited[0] < 1 and waited[1] < 3 < waited[2] < waited[3] / 2, "flat, and then bent"


# a cap on connections

CAP = 4
CAPPED = f"""
name: capped
target: sandbox
sandbox: {{rtt: 10ms, service: 10ms}}
session: {{reuse: "${{matrix.session}}", connections: {CAP}}}
load: [{{name: steady, rate: "${{matrix.rate}}", for: 1s}}]
experiment: {{matrix: {{session: [shared, per-request], rate: [60/s, 150/s]}}, rounds: 1, pause: 50ms}}
"""


def test_under_a_cap_fresh_bends_first(tmp_path: Path) -> None:
    """A request holds its connection for 20 ms if it was there, and for 40 ms if it is opened: 200 and 100 a second are
    what four connections do. At 150/s the one queue is short, and the other grows for as long as the load lasts."""
    _, runs = experiment(tmp_path, *prepare(tmp_path, CAPPED))
    least: dict[tuple[str, str], float] = {}
    for each in runs:
        due, latency = each.due, each.latency
        held, longest = 20 + connecting(each.session), latency["service"]["max"] * 1.001
        low, high = (float(np.mean(departures(due, np.full(len(due), ms), CAP) - due)) for ms in (held, longest))
        late = latency["lag"]["max"] + latency["sign"]["max"]
        assert low - CLOSE <= latency["response"]["mean"] <= high + late + 1, each
        least[each.session, each.rate] = low
    assert least["shared", "150/s"] < 30 and least["per-request", "60/s"] < 50
    assert least["per-request", "150/s"] > 200
