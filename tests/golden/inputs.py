"""What the golden documents are of: runs in virtual time, and what real runs left in tests/data/golden.

Each builder of `BUILDERS` is given an empty folder and returns a result as plain data, the same each time.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import earlier
import engine_harness
import experiment_folders
import random_runs
import run_folders

import loadgen.analysis.build
import loadgen.analysis.conclusion
import loadgen.analysis.standing
import loadgen.engine.plan
import loadgen.exchange
import loadgen.experiment.folder
import loadgen.experiment.saved
import loadgen.experiment.two_runs
import loadgen.fleet.group
import loadgen.profile.load
import loadgen.record.attribution
import loadgen.record.seconds
import loadgen.result
import loadgen.result.codec
import loadgen.result.run
import loadgen.runner.table.consumption
import loadgen.runner.table.cost
import loadgen.runner.until.goal
import loadgen.runner.until.until
import loadgen.runner.witness.agreement
import loadgen.runner.witness.load
import loadgen.transport.scripted
import loadgen.trust.finding
import loadgen.trust.health
import loadgen.trust.verdict
import loadgen.trust.watch

RECORDED = Path(__file__).parent.parent / "data" / "golden"
MILLISECOND, SECOND = 10**6, 10**9

Document = dict[str, Any]
Builder = Callable[[Path], Document]
Run = engine_harness.Run

# the program's own functions: what a change of the program has to be told here, and nowhere else

Exchange = loadgen.exchange.Exchange
Outcome = loadgen.exchange.Outcome
Tally = loadgen.exchange.Tally
Reply = loadgen.transport.scripted.Reply
NEVER = loadgen.transport.scripted.NEVER
VERSIONS = ("loadgen", "python", "uvloop", "httptools", "aiohttp", "numpy", "openssl", "kernel", "machine")


def concluded(run: Run, folder: Path | None, **said: Any) -> Document:
    """The result of a run in virtual time, judged from all that the generator would see of itself. `said`: `ending`,
    what is told of how it ended; `killed`, that it was; `health`, samples of a probe; `seen`, the host's figures;
    `sandbox`, its counts; `adaptive`, its retries; `stopped`, when it was."""
    profile, session = run.profile, run.profile.session
    health = loadgen.trust.health.Health()
    for sample in said.get("health", ()):
        health.add(sample)
    if folder:
        run_folders.write_seconds(folder, run).close()
    kept = loadgen.fleet.group.merge((member.samples.kept() for member in run.members), 5)
    if said.get("killed"):  # in any order, so that the first of them are any
        kept = kept._replace(failed=[], slowest=[])
    asked, sandbox = loadgen.analysis.standing.asked_parts(profile), said.get("sandbox")
    asked |= loadgen.record.attribution.HELD_BACK if said.get("adaptive") else {}
    measured = loadgen.analysis.build.Measured(
        run.plan,
        run.ledger,
        run.recording,
        loadgen.analysis.build.quantiles_of(profile),
        kept.reasons,
        health.network,
        asked,
        said.get("stopped"),
    )
    evidence = loadgen.trust.watch.evidence_of(
        run.ledger,
        loadgen.analysis.conclusion.tails(run.plan, run.recording),
        health,
        loadgen.trust.watch.HostFigures(**said["seen"]) if "seen" in said else None,
        sandbox,
        loadgen.trust.watch.Session(session.reuse == "shared", session.connections, asked, profile.client != "wire"),
        quantiles=loadgen.analysis.build.quantiles_of(profile),
        asked=loadgen.analysis.standing.asked_of(profile),
    )
    ending = loadgen.analysis.conclusion.Ending(
        run.finished_at,
        str(folder) if folder else None,
        kept=kept,
        sandbox=sandbox and loadgen.result.codec.from_json(loadgen.result.run.Sandbox, sandbox),
        until=said.get("until"),
        **said.get("ending", {}),
    )
    standing = loadgen.analysis.standing.standing_of(
        evidence, loadgen.trust.verdict.judge(evidence), accepted=said.get("accepted", False)
    )
    return written(
        loadgen.analysis.conclusion.conclude(metadata(profile), measured, standing, ending, profile.thresholds)
    )


def metadata(profile: Any) -> loadgen.result.run.Metadata:
    """What is known of a run before its load. What is not told of those in virtual time is empty."""
    described = {
        "name": profile.name, "started": "2026-01-01T00:00:00+00:00", "client": profile.client, "seed": profile.seed,
        "session": profile.session.model_dump(mode="json"), "target": {"url": profile.target.url},
    }  # fmt: skip
    return loadgen.result.codec.from_json(loadgen.result.run.Metadata, upgraded(described))


def upgraded(described: Document) -> Document:
    """The run.json of a run or an experiment as it is now, of one as it was before: what that lacks is empty, and left
    out again by `before`."""
    described = {"schema": loadgen.result.SCHEMA, **described, "host": upgraded_host(described.get("host", {}))}
    if described.get("kind") == loadgen.experiment.folder.KIND:
        return described
    target = {"simulated": False, "description": [], "addresses": [], **described["target"]}
    return {"payloads": 0, "workers": 0, **described, "target": target}


def upgraded_host(host: Document) -> Document:
    return {**dict.fromkeys(VERSIONS, ""), "cpus": 0, "descriptors": 0, "fallbacks": [], **host}


def written(result: Any) -> Document:
    """A result as JSON, which is read back as the same result."""
    made: Document = loadgen.result.codec.to_json(result)
    assert loadgen.result.codec.from_json(type(result), made) == result
    return made


def read_again(folder: Path) -> Document:
    """The result of the run, or of the experiment, in a folder."""
    made: Document = loadgen.result.codec.to_json(loadgen.experiment.saved.read(folder))
    return made


def write_result(folder: Path, result: Document) -> None:
    """Put a result into the folder of a run, where it stands when a run comes to its end."""
    (folder / "result.json").write_text(json.dumps(result))


def is_experiment(folder: Path) -> bool:
    return json.loads((folder / "run.json").read_text()).get("kind") == loadgen.experiment.folder.KIND


def experiment_of(folder: Path, done: int | None = None) -> Document:
    """The result of an experiment, from the folders of its runs; `done`: if so many of its rounds were all."""
    return written(loadgen.experiment.folder.assembled(folder, done))


def side_by_side(first: Path, second: Path) -> Document:
    """Two runs, each as its folder tells it."""
    results = [loadgen.experiment.saved.read(folder) for folder in (first, second)]
    return written(loadgen.experiment.two_runs.compare(*results, accept_invalid=True))


def testimony(folder: Path) -> Document:
    """What the witness of a run says of its workers."""
    plans, recordings = [], []
    for place in (folder, folder / "witness"):
        about = json.loads((place / "run.json").read_text())
        plans.append(loadgen.engine.plan.Plan.from_description(about["plan"]))
        recordings.append(loadgen.record.seconds.replay(place))
    its = loadgen.runner.witness.load.witness_plan(plans[1], about["seed"])
    late = loadgen.runner.witness.agreement.lateness(its, recordings[1])
    figures = loadgen.runner.witness.agreement.figures(plans[0], *recordings)
    finding = loadgen.runner.witness.agreement.finding(figures, late, "witness")
    return {
        "confidence": loadgen.runner.witness.agreement.confidence(plans[0]),
        "needed": loadgen.runner.witness.agreement.needed(plans[0]),
        "late_ns": late,
        "figures": loadgen.result.codec.to_json(figures),
        "trust": {"value": loadgen.report.sentences.sentence(finding.observed), "verdict": finding.verdict.name},
    }


def cost(run: Run) -> Document:
    """What a load on a table was planned to cost, and what it came to, here and on AWS."""
    found = loadgen.runner.table.cost.Cost(run.profile, run.plan)
    setups = (loadgen.runner.table.consumption.Units(0, 100), loadgen.runner.table.consumption.Units(3, 0.5))
    results = [found.result(run.ledger, setup, on_aws=bool(setup.read)) for setup in setups]
    costs = {"cost_planned": found.plan(), "cost": results[0], "cost_on_aws": results[1]}
    made: Document = loadgen.result.codec.to_json(costs)
    return made


def profile_of(text: str) -> Any:
    return loadgen.profile.load.load("golden.yaml", text=text)


def prolonged(text: str, goal: str, at_most: str) -> tuple[Any, Any]:
    """A profile whose phase goes on until a figure is known, and that goal."""
    return loadgen.runner.until.goal.prolonged(profile_of(text), loadgen.runner.until.goal.Goal.parse(goal, at_most))


def until(goal: Any, plan: Any) -> Any:
    return loadgen.runner.until.until.Until(goal, plan)


def invalid() -> Any:
    return experiment_folders.bad()


def degraded() -> Any:
    return experiment_folders.bad(0.05)


# what the scripted target does


def spread(median: float = 8, sigma: float = 0.5, seed: int = 1, **reply: Any) -> engine_harness.Script:
    """Lognormal answers, `median` in ms."""
    return Spread(median, sigma, Random(seed), reply)


@dataclass(frozen=True)
class Spread:
    median: float
    sigma: float
    dice: Random
    reply: dict[str, Any]

    def __call__(self, x: Exchange) -> Reply:
        after = self.dice.lognormvariate(math.log(self.median), self.sigma)
        return Reply(after=int(after * MILLISECOND), **self.reply)


def every_outcome(x: Exchange) -> Any:
    """Each class by turns, most of them ok."""
    number = x.due // MILLISECOND % 40
    if number in (1, 2, 3, 4):
        status = {1: 404, 2: 429, 3: 503, 4: 206}[number]
        return Reply(after=(3 + number) * MILLISECOND, status=status)
    if number == 5:
        return Reply(after=NEVER)
    outcomes = [outcome for outcome in Outcome if outcome > Outcome.HTTP_5XX and outcome is not Outcome.TIMEOUT]
    if number - 6 < len(outcomes):
        if number < 6:
            return Reply(after=2 * MILLISECOND)
        outcome = outcomes[number - 6]
        return Reply(after=(number + 1) * MILLISECOND, outcome=outcome, reason=f"{outcome.word}, as it was told")
    return Reply(after=number * MILLISECOND, connect=MILLISECOND, client_delay=20_000)


def shop(x: Exchange) -> Any:
    """Cold and warm answers of two kinds, errors, resets, and some that never come."""
    number = x.due // 1000 % 100
    if number < 3:
        return Reply(after=NEVER, connect=2 * MILLISECOND)
    if number < 6:
        return Reply(after=5 * MILLISECOND, status=503)
    if number < 8:
        return Reply(after=MILLISECOND, outcome=Outcome.RESET, reason="closed by the target")
    headers = {"x-cold": str(number < 20).lower(), "server-timing": f"fn;dur={number / 4}"}
    body = b'{"id": 7}'
    return Reply(number * MILLISECOND, headers=headers, body=body, connect=2 * MILLISECOND, client_delay=1000 * number)


def parts_of_connecting(x: Exchange) -> Any:
    """A new connection that tells all that it consists of, and an SDK's client that is made for it."""
    number = x.due // MILLISECOND % 50
    x.dns, x.tls, x.handshake_cpu = number * 10_000, 4 * MILLISECOND, 600_000
    x.build = number * 1000
    x.wait_delay = number * 2000
    return Reply(after=(5 + number) * MILLISECOND, connect=(8 + number % 7) * MILLISECOND, client_delay=300_000)


def slow_connects(x: Exchange) -> Any:
    """Every tenth connect takes as long as one whose first packet is sent again."""
    return Reply(after=5 * MILLISECOND, connect=SECOND + 2 * MILLISECOND if x.due // MILLISECOND % 10 == 0 else 900_000)


def slow_share(one_in: int, after: int = NEVER) -> engine_harness.Script:
    """One in so many takes another time, or never ends."""
    seen = iter(range(10**9))
    return lambda x: Reply(after=after if (n := next(seen)) % one_in == 0 else (5 + n % 17) * MILLISECOND)


def thrice(x: Exchange, attempt: int) -> tuple[int, None] | None:
    return (50 * MILLISECOND, None) if x.outcome and attempt < 3 else None


def client_retries(x: Exchange) -> int | None:
    return 30 * MILLISECOND if x.outcome and x.attempt < 3 and x.outcome is not Outcome.CANCELLED else None


# runs in virtual time

VIRTUAL: dict[str, Builder] = {}


def virtual(
    name: str,
    written: str,
    script: engine_harness.Script | Callable[[], engine_harness.Script] | None = None,
    *,
    more: Callable[[Run], Run] = lambda run: run,
    fresh: Callable[[], engine_harness.Script] | None = None,
    kept: bool = True,
    options: dict[str, Any] | None = None,
    **said: Any,
) -> None:
    """A builder of a run. `fresh` makes a script that remembers; `more` is done to the run before it goes; `kept` says
    whether it has a folder."""

    def build(folder: Path) -> Document:
        # a copy: a case that is built twice has the same answers twice
        answers = fresh() if fresh else deepcopy(script) or engine_harness.always(after=MILLISECOND)
        run = more(engine_harness.Run(written, answers, **(options or {}))).go()  # type: ignore[arg-type]
        return concluded(run, folder / "run" if kept else None, **said)

    VIRTUAL[name] = build


def phases(*load: str, more: str = "") -> str:
    lines = "".join(f"  - {{{phase}}}\n" for phase in load)
    return f"load:\n{lines}{more}"


EVERY_LATENCY = (
    "response p50 < 1s, response p99.9 < 1s, service p90 < 1s, connect max < 1s, lag p99 < 1ms, wait mean < 1s, "
    "client_delay p95 < 1s, operation p50 < 1s, iteration p99 < 2s, build max < 1s, response min >= 1ms, "
    "errors < 90%, errors >= 0%, rate > 1/s, rate <= 1/s"
)
SHOP = f"""
load:
  - {{name: warm, rate: 50/s, for: 1s, measure: false}}
  - {{name: steady, rate: 100/s, for: 2s}}
  - {{name: people, users: 3, for: 1s}}
  - {{name: pause, rate: 20/s, for: 500ms, measure: false}}
  - {{name: crowd, at-once: 20}}
  - {{name: down, rate: 100/s..90/s, for: 1s}}
  - {{name: after, rate: 10/s, for: 500ms, measure: false}}
cycles: 2
timeout: 700ms
session: {{connections: 30}}
scenarios:
  - name: order
    steps:
      - name: put
        post: /orders
        capture: {{cold: header.x-cold, id: body.id}}
        record: {{fn: header.server-timing.fn}}
      - {{name: read, get: "/orders/{{{{id}}}}", think: 5ms..20ms, record: {{db: header.server-timing.fn}}}}
    split_by: [cold]
  - {{name: browse, weight: 0.5, steps: [{{name: list, get: /items, timeout: 90ms}}]}}
thresholds:
  steady: [{EVERY_LATENCY}, response p99.95 < 1s, service p12.5 < 1s]
  people: [service p50 < 1s, iteration p50 < 10ms]
  crowd: [errors < 1%]
"""
ONCE = SHOP.replace("cycles: 2\n", "")

virtual(
    "open-poisson", phases("name: a, rate: 100/s, for: 2s", more=f"thresholds: {{a: [{EVERY_LATENCY}]}}\n"), spread()
)
virtual("open-constant", phases("name: a, rate: 100/s, for: 2s, arrivals: constant"), spread(seed=2))
virtual("open-ramp-up", phases("name: a, rate: 0/s..200/s, for: 2s"), spread(seed=3))
virtual("open-ramp-down", phases("name: a, rate: 150/s..10/s, for: 2s, arrivals: constant"), spread(seed=4))
virtual("open-steps", phases(*(f"name: at-{rate}, rate: {rate}/s, for: 700ms" for rate in (20, 60, 180, 90))), spread())
virtual("open-iterations", phases("name: a, rate: 90/s, iterations: 150"), spread(seed=5))
virtual("users-for", phases("name: a, users: 4, for: 1500ms", more="thresholds: {a: [service p50 < 1ms]}\n"), spread())
virtual("users-iterations", phases("name: a, users: 5, iterations: 200, think: 3ms..20ms"), spread(seed=6))
virtual("users-whichever-is-first", phases("name: a, users: 3, for: 400ms, iterations: 1000"), spread(seed=7))
virtual(
    "at-once", phases("name: a, at-once: 120", more="session: {connections: 25}\n"), spread(connect=2 * MILLISECOND)
)
virtual("shop", SHOP, shop)
virtual("shop-of-three-workers", ONCE, shop, options={"workers": 3, "again": thrice})
virtual(
    "every-outcome",
    phases(
        "name: a, rate: 400/s, for: 2s, arrivals: constant", "name: b, users: 6, for: 500ms", "name: c, at-once: 60",
        more="timeout: 250ms\nthresholds: {a: [errors < 10%, errors > 10%, response p50 < 1s, response p99 < 1s]}\n",
    ),
    every_outcome,
)  # fmt: skip
virtual(
    "censored-tail",
    phases(
        "name: a, rate: 200/s, for: 3s, arrivals: constant",
        more="timeout: 400ms\nthresholds: {a: [response p50 < 1s, response p99 < 300ms, response p99 < 500ms, "
        "response p99 > 300ms, response p99.9 < 1s, response mean < 1s, response max < 100ms, errors < 1%]}\n",
    ),
    fresh=lambda: slow_share(60),
)
virtual(
    "censored-on-either-side",
    phases(
        "name: a, rate: 200/s, for: 2s, arrivals: constant",
        "name: b, rate: 200/s, for: 2s, arrivals: constant",
        more="timeout: 1s\nscenarios: [{name: s, steps: [{name: one, get: /, timeout: 10ms}, {name: two, get: /}]}]\n"
        "thresholds: {a: [response p50 < 12ms, service p90 < 1s]}\n",
    ),
    fresh=lambda: slow_share(3, 600 * MILLISECOND),
)
virtual(
    "nothing-but-timeouts",
    phases("name: a, rate: 100/s, for: 1s", more="timeout: 50ms\n"),
    lambda x: Reply(after=NEVER),
)
virtual(
    "nothing-reached-it",
    phases("name: a, rate: 100/s, for: 1s", more="timeout: 1s\nthresholds: {a: [response p50 < 1s, errors < 1%]}\n"),
    lambda x: Reply(connect=3600 * SECOND),
    kept=False,
)
RETRIED = phases(
    "name: warm, rate: 50/s, for: 500ms, measure: false",
    "name: a, rate: 120/s, for: 2s",
    "name: b, users: 3, for: 700ms",
    more="timeout: 300ms\nthresholds: {a: [operation p99 < 2s, operation p90 < 10ms, response p50 < 1s, "
    "iteration p90 < 1s, errors < 1%]}\n",
)
virtual("retried", RETRIED, every_outcome, options={"again": thrice})
virtual("retried-by-the-client", RETRIED, every_outcome, options={"client_retries": client_retries})
virtual("retried-adaptively", RETRIED, every_outcome, options={"again": thrice}, adaptive=True)
virtual(
    "capped",
    phases("name: a, rate: 150/s, for: 2s", "name: b, users: 9, for: 500ms", more="session: {connections: 3}\n"),
    spread(20, connect=3 * MILLISECOND),
)
virtual(
    "per-iteration",
    phases("name: a, rate: 60/s, for: 2s", more="session: {reuse: per-iteration, connections: 40}\n")
    + "scenarios: [{name: s, steps: [{name: one, get: /}, {name: two, get: /}, {name: three, get: /}]}]\n",
    spread(seed=8, connect=4 * MILLISECOND, client_delay=80_000),
)
virtual(
    "per-request",
    phases(
        "name: a, rate: 100/s, for: 2s", "name: b, users: 4, for: 1s",
        more="session: {reuse: per-request}\nthresholds: {a: [connect p99 < 1s, connect p50 < 1ms, build p50 < 1s]}\n",
    ),
    parts_of_connecting,
)  # fmt: skip
virtual(
    "packets-sent-again",
    phases("name: a, rate: 80/s, for: 2s, arrivals: constant", more="session: per-request\n"),
    slow_connects,
)
virtual(
    "in-flight-limit",
    phases("name: a, rate: 100/s, for: 3s, arrivals: constant", more="in_flight_limit: 50\nmax_rate: 200/s\n"),
    engine_harness.always(after=SECOND - 1),
    seen={"missing": 0.3, "steal": 0.004, "throttled": 3, "resting_ports": 900, "ports": 1000, "pressure": 0.21},
)
STOPPED = loadgen.result.reason.Reason.of("stopped_by_errors", condition="errors > 50% for 1s", share=1.0)
LOST = loadgen.result.reason.Reason.of("worker_lost", worker=1, why="it ended with status -9")
virtual(
    "stopped",
    phases(
        "name: a, rate: 100/s, for: 2s", "name: b, rate: 100/s, for: 2s", "name: c, rate: 50/s, for: 1s",
        more="stop_if: errors > 50% for 1s\nthresholds: {a: [rate > 50/s], b: [rate > 50/s, errors < 1%], "
        "c: [rate > 1/s, errors < 1%, response p50 < 1s]}\n",
    ),
    lambda x: Reply(after=5 * MILLISECOND, status=500 if x.due > engine_harness.START + 2 * SECOND else 200),
    more=lambda run: run.stop(3100 * MILLISECOND),
    stopped=3100 * MILLISECOND,
    ending={"stopped": True, "warnings": [STOPPED]},
)  # fmt: skip
virtual(
    "interrupted-twice",
    phases("name: a, rate: 100/s, for: 2s", "name: b, users: 5, for: 2s", more="timeout: 3s\n"),
    spread(600, 0.8),
    more=lambda run: run.stop(2500 * MILLISECOND).kill(2900 * MILLISECOND),
    killed=True,
    stopped=2500 * MILLISECOND,
    ending={"interrupted": True},
)
virtual(
    "of-which-a-worker-was-lost",
    phases("name: a, rate: 100/s, for: 1s", more="timeout: 300ms\n"),
    every_outcome,
    options={"workers": 2},
    ending={
        "lost": True,
        "warnings": [loadgen.result.reason.Reason.of("worker_lost", worker=1, why="it ended with status -9")],
    },
)
LATE = phases(
    "name: a, rate: 200/s, for: 2s",
    more="thresholds: {a: [response p99 < 1ms, response p50 < 1s, errors < 1%, response p99.9 < 1s]}\n",
)
virtual("invalid", LATE, spread(), more=lambda run: run.stall(SECOND, 200 * MILLISECOND))
virtual(
    "invalid-but-accepted",
    LATE,
    spread(),
    more=lambda run: run.stall(SECOND, 200 * MILLISECOND),
    accepted=True,
)
virtual(
    "degraded",
    LATE,
    spread(),
    more=lambda run: run.stall(SECOND, 17 * MILLISECOND),
)


def probe_samples() -> Iterator[dict[str, Any]]:
    """Of two workers in three seconds, one of whom is busy and disturbed."""
    for second in (1, 2, 3):
        for worker in (0, 1):
            yield {
                "second": second, "worker": worker, "elapsed": SECOND, "cpu": (100 + 700 * worker) * MILLISECOND,
                "run_queue_wait": 40 * MILLISECOND * worker, "preemptions": 30 * second, "rss": 65_000 + second,
                "loop_lag_p99": 700_000 * second, "loop_lag_max": 9_000_000 * second, "gc_pauses": 2,
                "gc_total": 500_000, "gc_max": 300_000, "in_flight": second,
                "tcp": {
                    "connects": 9 * second, "syn_retried": second - 1, "looked_at": 20, "segments": 900 + second,
                    "retransmits": 7 * worker, "lost": worker, "rtt": 60_000, "least_rtt": 20_000 + 1000 * second,
                },
            }  # fmt: skip


virtual(
    "watched",
    phases("name: a, rate: 150/s, for: 3s", more="session: {connections: 60}\n"),
    spread(seed=9, connect=MILLISECOND, client_delay=400_000),
    options={"workers": 2},
    health=list(probe_samples()),
    seen={"steal": 0.02, "throttled": 1, "resting_ports": 3, "ports": 28_000, "pressure": 0.06, "clock_step": 4_000_000,
          "missing": 0.01, "overflows": 2},
    sandbox={"requests": 450, "cold_starts": 3, "throttled": 0, "queue_peak": 7, "overflowed": 0, "cpu": 0.18,
             "downstream": None,
             "lag_ns": {"p50": 70_000, "p99": 640_000, "max": 3_000_000},
             "connections": {"http": 60, "https": 0, "open": 0, "closed_idle": 0},
             "tls": {"handshakes": 0, "resumed": 0, "failed": 0}},
)  # fmt: skip
virtual(
    "long",
    phases(
        "name: a, rate: 60/s, for: 42s",
        more="thresholds: {a: [response p99.9 < 1s, response p99.99 < 1s, response p99 < 80ms]}\ntimeout: 90ms\n",
    ),
    spread(8, 0.8),
)


def with_table(folder: Path) -> Document:
    """Calls of a table, some of which tell what they consumed and what they left unprocessed."""
    text = """
name: table
target: {dynamodb: {table: orders, region: eu-west-1}}
setup: {key: {pk: S}, items: 100, item: {pk: "n{{seq}}", v: "{{bytes 300}}"}}
load: [{name: a, rate: 100/s, for: 1s}, {name: b, rate: 100/s..40/s, for: 1s}]
retries: 2
max_cost: $2
scenarios:
  - {name: read, weight: 3, steps: [{name: get, GetItem: {Key: {pk: "1"}}}]}
  - name: write
    steps:
      - {name: batch, BatchWriteItem: {RequestItems: [{PutRequest: {Item: {pk: "{{uuid}}"}}}]}, batch: 5}
      - {name: put, PutItem: {Item: {pk: "{{uuid}}", v: "{{bytes 1500}}"}}}
"""
    run = engine_harness.Run(profile_of(text).profile, every_outcome)
    for scenario in run.members[0].engine._workload.scenarios:
        for step in scenario.steps:
            step.assess = tally
    run.go()
    return concluded(run, folder / "run") | cost(run)


def tally(x: Exchange) -> None:
    number = x.due // MILLISECOND % 10
    x.tally = Tally(5, number % 3, 1, 500 * number, 12_500) if number < 4 else Tally(5, 0)


def goes_on(folder: Path) -> Document:
    """A phase that goes on until its p50 is known."""
    text = """
name: t
target: http://127.0.0.1
load:
  - {name: warm, rate: 50/s, for: 1500ms, measure: false}
  - {name: steady, rate: 40/s, for: 5s}
  - {name: after, rate: 20/s, for: 1s}
timeout: 5s
scenarios: [{name: s, steps: [{name: put, post: /}, {name: get, get: /}]}]
"""
    found: Document = {}
    for goal in ("steady response p50 within 15%", "steady iteration mean within 1%"):
        loaded, whole = prolonged(text, goal, "30s")
        run = engine_harness.Run(loaded.profile, spread())
        looks = until(whole, run.plan)
        run.plan = run.plan.opened(looks.runs)
        fleet = _Fleet(run)
        for second in range(1, 45):
            run.at(second * SECOND + 20 * MILLISECOND, lambda run, looks=looks, fleet=fleet: tick(run, looks, fleet))
        run.go()
        looks.count(run.by_second)
        run.plan = fleet.plan
        found[goal] = concluded(run, None, until=looks.result(fleet.begins(looks.run), complete=True))
    return found


def tick(run: Run, looks: Any, fleet: _Fleet) -> None:
    for member in run.members:
        member.recorder.flush()
    looks.count(run.recording.flush())
    looks.each_second(fleet, lambda text: None)


class _Fleet:
    """What `Until` needs of a fleet."""

    def __init__(self, run: Run) -> None:
        self.run, self.plan, self.stopping = run, run.plan, False

    @property
    def elapsed(self) -> int:
        return self.run.clock.now() - engine_harness.START

    @property
    def counted(self) -> int:
        return int(self.elapsed // SECOND)

    def begins(self, number: int) -> int:
        return sum(run.duration or 0 for run in self.plan.runs[:number])

    def leave(self, number: int, at: int) -> None:
        self.plan = self.plan.ending(number, at - self.begins(number))
        for member in self.run.members:
            member.engine.leave(number, engine_harness.START + at)


VIRTUAL["table"] = with_table
VIRTUAL["until"] = goes_on


def at_random(seed: int, **options: Any) -> Builder:
    return lambda folder: concluded(random_runs.random_run(Random(seed), **options), None, killed=True)


VIRTUAL |= {f"random-{seed}": at_random(seed) for seed in range(1, 9)}
VIRTUAL |= {f"random-retried-{seed}": at_random(seed, again=thrice) for seed in range(11, 15)}

# experiments in virtual time

Answering = Callable[[Any, int], engine_harness.Script]
RATIOS = """thresholds:
  steady: [fresh / shared p50 < 3, fresh / shared p50 < 1.5, fresh / shared p90 < 1.2, shared / fresh mean > 2,
           fresh / shared service p99 < 9, fresh / shared p99.9 < 2, response p50 < 1s, response p50 < 9ms, errors < 1%]
"""
SYNTHETIC: dict[str, tuple[str, Answering, dict[str, Any]]] = {}


def answering(**options: Any) -> Answering:
    return experiment_folders.answering(**options)


def timing_out(variant: Any, number: int) -> engine_harness.Script:
    """Some of the fresh ones never end."""
    plain = answering()(variant, number)
    return lambda x: Reply(after=NEVER) if variant.name == "fresh" and x.due // MILLISECOND % 9 == 0 else plain(x)


def failing(variant: Any, number: int) -> engine_harness.Script:
    """Some of the fresh ones fail."""
    plain = answering()(variant, number)
    bad = Reply(after=MILLISECOND, status=503)
    return lambda x: bad if variant.name == "fresh" and x.due // MILLISECOND % 9 == 0 else plain(x)


def growing(variant: Any, number: int) -> engine_harness.Script:
    """The time grows with the rate; a new connection takes 5 ms, and a fifth fails at the highest rate."""
    rate = int(variant.values["rate"].removesuffix("/s"))

    def script(x: Exchange) -> Any:
        status = 500 if rate == 160 and x.due % (25 * MILLISECOND) == 0 else 200
        after = (5 + rate // 10 + number) * MILLISECOND + x.due % 1009 * 1000
        return Reply(after=after, connect=5 * MILLISECOND, status=status)

    return script


def in_turns(name: str, written: str, behave: Answering, **options: Any) -> None:
    SYNTHETIC[name] = (written, behave, options)


def brief(rounds: int = 6, more: str = "", phase: str = "rate: 110/s, for: 1s") -> str:
    """The experiment of `experiment_folders`, of shorter runs."""
    written = experiment_folders.text(rounds).replace("rate: 100/s, for: 2s", phase)
    return written.replace("  - {name: warm, rate: 50/s, for: 500ms, measure: false}\n", "") + more


SCALING = """
name: t
target: http://127.0.0.1
load:
  - {name: steady, rate: "${matrix.rate}", arrivals: constant, for: 1s}
session: "${matrix.session}"
experiment:
  matrix: {session: [shared, per-request], rate: [40/s, 160/s]}
  rounds: 2
  primary: steady response p50
"""
CLOSED = brief(phase="users: 3, for: 500ms").replace("steady response p50", "steady service p50")
LONG = brief(2, phase="rate: 12/s, for: 24s")
in_turns("slower", brief(more=RATIOS), answering(connect=4, drift=0.05, ratio=lambda n: 1.5), parts=(1, 3))
in_turns("equivalent", brief(), lambda variant, number: lambda x: Reply(after=(9 + number) * MILLISECOND))
in_turns("inconclusive", CLOSED, answering(ratio=lambda number: 1 + 0.3 * (-1) ** number))
in_turns("faster-and-closed", CLOSED, answering(ratio=lambda number: 0.5))
in_turns("a-trend", brief(), answering(ratio=lambda number: 1 + 0.2 * number))
in_turns("timeouts-in-one", brief(3, RATIOS), timing_out)
in_turns("failures-in-one", brief(3), failing)
in_turns(
    "one-invalid-round",
    brief(3, RATIOS),
    answering(),
    standing=lambda variant, number: invalid() if number == 2 else loadgen.analysis.standing.NOTHING_KNOWN,
)
in_turns("degraded-rounds-of-cycles", brief(2, "cycles: 2\n"), answering(), standing=lambda variant, number: degraded())
in_turns("seconds-drawn-again", LONG, answering(ratio=lambda number: 1.3))
in_turns("scaling", SCALING, growing)


def synthetic(name: str) -> Builder:
    """An experiment, and what it would have been after fewer rounds where `parts` names some."""

    def build(folder: Path) -> Document:
        written, behave, options = SYNTHETIC[name]
        parts = options.get("parts", ())
        options = {key: value for key, value in options.items() if key != "parts"}
        rounds = max(profile_of(written).profile.experiment.rounds)
        place = experiment_folders.write_experiment(folder / "x", written, behave, rounds=rounds, **options)
        about = json.loads((place / "run.json").read_text())
        (place / "run.json").write_text(json.dumps({**about, "host": upgraded_host({})}))  # any machine's
        found = experiment_of(place)
        return found | {f"after {done}": experiment_of(place, done) for done in parts}

    return build


# runs that were recorded


def copied(name: str, folder: Path) -> Path:
    """The folder with each run.json, and the seconds of each run, as they are now."""
    place = Path(shutil.copytree(RECORDED / name, folder / name))
    for path in place.rglob("intervals.jsonl"):
        earlier.convert(path.parent)
    for path in place.rglob("run.json"):
        path.write_text(json.dumps(upgraded(json.loads(path.read_text()))))
    return place


def recorded(name: str) -> Builder:
    """A run as it is read from what it left, as if it had died at its end."""
    return lambda folder: read_again(copied(name, folder))


def recorded_experiment(name: str, complete: bool = True) -> Builder:
    """An experiment, each of whose runs is read again; `complete`: as if each had come to its end."""

    def build(folder: Path) -> Document:
        place = copied(name, folder)
        for run in sorted(path.parent for path in place.glob("rounds/*/*/run.json")):
            result = read_again(run)
            write_result(run, {**result, "complete": True, "exit_status": 0} if complete else result)
        return experiment_of(place)

    return build


def pair_of(first: str, second: str) -> Builder:
    return lambda folder: side_by_side(copied(first, folder), copied(second, folder))


def _recorded() -> Iterator[tuple[str, Builder]]:
    for run in sorted(RECORDED.iterdir()):
        if not (run / "run.json").is_file():
            continue
        if is_experiment(run):
            yield f"recorded-{run.name}", recorded_experiment(run.name)
            if run.name == "experiment":
                yield f"recorded-{run.name}-died", recorded_experiment(run.name, complete=False)
        else:
            yield f"recorded-{run.name}", recorded(run.name)
        if (run / "witness").is_dir():
            yield f"recorded-{run.name}-itself", recorded(f"{run.name}/witness")
            yield f"recorded-{run.name}-testimony", lambda folder, name=run.name: testimony(copied(name, folder))


PAIRS: Sequence[tuple[str, str]] = (
    ("wire-shared", "wire-per-request"),
    ("http-wire", "http-aiohttp"),
    ("dynamodb-wire-shared", "dynamodb-sdk-shared"),
)

BUILDERS: dict[str, Builder] = {
    **{f"virtual-{name}": build for name, build in VIRTUAL.items()},
    **{f"experiment-{name}": synthetic(name) for name in SYNTHETIC},
    **dict(_recorded()),
    **{f"pair-{first}-{second}": pair_of(first, second) for first, second in PAIRS},
}


def document(name: str, folder: Path) -> Document:
    """The result of a case as plain JSON data, in which `folder` is not told."""
    text = json.dumps(BUILDERS[name](folder), allow_nan=False)
    found: Document = json.loads(text.replace(json.dumps(str(folder))[1:-1], "FOLDER"))
    return found
