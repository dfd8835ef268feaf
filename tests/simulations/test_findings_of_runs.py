"""Findings of whole runs in virtual time: a run that was made to show one has it, and a target that is only busy, or
slow now and then, shows none."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_harness import START, Run, Script
from promises import note, seeds
from run_folders import write_seconds
from run_results import measured, metadata
from streams import Random, random

from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.standing import NOTHING_KNOWN
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.transport.scripted import NEVER, Reply
from loadgen.trust.network import Network

RATE, LENGTH = 100, 20  # requests a second, s
Draw = Callable[[], float]  # how long the next request takes, in s


def lognormal(dice: Random, sigma: float = 0.5) -> Draw:
    return lambda: 0.020 * float(np.exp(sigma * dice.standard_normal()))


def pareto(dice: Random) -> Draw:
    return lambda: min(0.020 * float(dice.random()) ** (-1 / 1.5), 30.0)


def replies(draw: Draw, **more: Any) -> Script:
    return lambda x: Reply(after=round(draw() * SECOND), **more)


def queue(dice: Random, load: float) -> Script:
    """One server, which is busy for that share of the time (M/M/1)."""
    free = 0.0

    def reply(x: Exchange) -> Reply:
        nonlocal free
        now = (x.due - START) / SECOND
        free = max(free, now) + float(dice.exponential(load / RATE))
        return Reply(after=round((free - now) * SECOND))

    return reply


def stalling(dice: Random, start: float, lasts: float) -> Script:
    """Nothing is answered for a while, and then all that came meanwhile."""
    usual = lognormal(dice)

    def reply(x: Exchange) -> Reply:
        at, after = (x.due - START) / SECOND, usual()
        if start < at + after and at < start + lasts:
            after = max(after, start + lasts - at)
        return Reply(after=round(after * SECOND))

    return reply


def now_and_then(dice: Random, share: float, reply: Reply) -> Script:
    """A share of the requests gets this reply."""
    usual = replies(lognormal(dice))
    return lambda x: reply if dice.random() < share else usual(x)


def written(seed: int, **more: Any) -> dict[str, Any]:
    phase = {"name": "steady", "rate": f"{RATE}/s", "for": f"{LENGTH}s"}
    return {"load": [phase], "timeout": "60s", "seed": seed, **more}


def found(run: Run, network: Network | None = None) -> set[str]:
    """The codes of the findings of a run. Nothing is known of the machine that it ran on."""
    of = replace(measured(run), network=network)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        write_seconds(folder, run).close()
        result = conclude(metadata(run.profile), of, NOTHING_KNOWN, Ending(run.finished_at, str(folder)), {})
    return {finding.observed.code for finding in result.findings}


# what there is


def slow_step(dice: Random, seed: int) -> Run:
    usual, slow = lognormal(dice), lognormal(dice)
    steps = [{"name": name, "get": f"/{name}"} for name in ("quick", "slow", "fast")]
    scenarios = [{"name": step["name"], "steps": [step]} for step in steps]
    named = written(seed, scenarios=scenarios)
    run = Run(named, lambda x: Reply())
    number = run.plan.steps.index(("slow", "slow"))
    script = replies(usual), replies(lambda: 4 * slow())
    for member in run.members:
        member.transport._script = lambda x: script[x.slot % len(run.plan.steps) == number](x)
    return run.go()


def slow_worker(dice: Random, seed: int) -> Run:
    run = Run(written(seed), replies(lognormal(dice)), workers=3)
    run.members[2].transport._script = replies(lambda: 2 * lognormal(dice)())
    return run.go()


def cold_burst(dice: Random, seed: int) -> Run:
    """In a burst one request in twenty is a cold start, for two seconds."""
    load = [
        {"name": "before", "rate": "200/s", "for": "60s"},  # of 20 s, the p99 of one in six has no upper end
        {"name": "burst", "rate": "400/s", "for": "5s"},
    ]
    step = {"name": "get", "get": "/", "capture": {"cold": "header.x-cold"}}
    usual = lognormal(dice)

    def reply(x: Exchange) -> Reply:
        at = (x.due - START) / SECOND
        cold = 60 <= at < 62 and dice.random() < 0.05
        after = usual() + (0.3 if cold else 0.0)
        return Reply(after=round(after * SECOND), headers={"x-cold": "true" if cold else "false"})

    scenarios = [{"name": "s", "steps": [step], "split_by": ["cold"]}]
    return Run({"load": load, "scenarios": scenarios, "seed": seed}, reply).go()


def throttled(dice: Random, seed: int) -> Run:
    return Run(written(seed), now_and_then(dice, 0.01, Reply(after=5 * MILLISECOND, status=429))).go()


def hidden(dice: Random, seed: int) -> Run:
    return Run(written(seed, timeout="500ms"), now_and_then(dice, 0.03, Reply(after=NEVER))).go()


def capped(dice: Random, seed: int) -> Run:
    """Two connections, which are busy for nine tenths of the time."""
    return Run(written(seed, session={"connections": 2}), replies(lambda: 0.018)).go()


def fresh(dice: Random, seed: int) -> Run:
    return Run(written(seed, session="per-request"), replies(lognormal(dice, 0.2), connect=40 * MILLISECOND)).go()


def two_kinds(dice: Random, seed: int) -> Run:
    return Run(written(seed), now_and_then(dice, 0.02, Reply(after=400 * MILLISECOND))).go()


SHOWN: dict[str, Callable[[Random, int], Run]] = {
    "phase_grows": lambda dice, seed: Run(written(seed), queue(dice, 1.5)).go(),
    "target_stalled": lambda dice, seed: Run(written(seed), stalling(dice, 5 + 10 * dice.random(), 1.0)).go(),
    "timeouts_hide": hidden,
    "throttled": throttled,
    "cold_wave": cold_burst,
    "stratum_made_tail": cold_burst,
    "two_kinds": two_kinds,
    "queue_for_connections": capped,
    "new_connections": fresh,
    "step_behind": slow_step,
    "worker_differs": slow_worker,
}


@pytest.mark.parametrize("code", SHOWN)
def test_what_a_run_was_made_to_show_is_found(code: str) -> None:
    """In 95 of 100 runs."""
    runs = seeds(1, 100)
    right = sum(code in found(SHOWN[code](random(190, seed), seed)) for seed in runs)
    note("shown", {"code": code, "right": right, "runs": len(runs)})
    assert right >= 0.95 * len(runs)


def _trips(milliseconds: float) -> Network:
    sample = dict.fromkeys(("connects", "syn_retried", "segments", "retransmits", "lost"), 0)
    network = Network()
    network.add({**sample, "looked_at": 1, "least_rtt": round(milliseconds * MILLISECOND)})
    return network


@pytest.mark.parametrize(("trip", "is_far"), [(38.0, True), (3.0, False), (0.4, False)])
def test_the_way_to_the_target_is_told_if_it_is_a_good_part_of_the_median(trip: float, is_far: bool) -> None:
    runs, told = seeds(1, 100), 0
    for seed in runs:
        draw = lognormal(random(191, seed))
        run = Run(written(seed), replies(lambda draw=draw: trip / 1000 + draw())).go()  # type: ignore[misc]
        told += "far_away" in found(run, _trips(trip))
    note("shown", {"code": "far_away", "trip": trip, "told": told, "runs": len(runs)})
    assert told >= 0.95 * len(runs) if is_far else told == 0


# what there is not


NOTHING: dict[str, Callable[[Random], Script]] = {
    "noise": lambda dice: replies(lognormal(dice)),
    "much noise": lambda dice: replies(lognormal(dice, 1.0)),
    "heavy tail": lambda dice: replies(pareto(dice)),
    "queue at 0.5": lambda dice: queue(dice, 0.5),
    "queue at 0.8": lambda dice: queue(dice, 0.8),
    "cliff": lambda dice: now_and_then(dice, 0.03, Reply(after=300 * MILLISECOND)),
}
THERE = {"cliff": {"two_kinds"}}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_else_is_found_in_a_target_that_is_only_busy(name: str) -> None:
    """None in 200 runs, by three workers, of two steps whose requests are split by what has nothing to do with their
    times."""
    runs, codes = seeds(1, 200), Counter[str]()
    for seed in runs:
        dice = random(192, seed)
        script = NOTHING[name](dice)

        def split(x: Exchange, script: Script = script, dice: Random = dice) -> Reply:
            reply = script(x)
            told = "true" if dice.random() < 0.03 else "false"
            return Reply(after=reply.after, headers={"x-cold": told})

        steps = [{"name": of, "get": f"/{of}", "capture": {"cold": "header.x-cold"}} for of in ("one", "two")]
        scenarios = [{"name": step["name"], "steps": [step], "split_by": ["cold"]} for step in steps]
        codes.update(found(Run(written(seed, scenarios=scenarios), split, workers=3).go(), _trips(0.4)))
    note("nothing", {"of": name, "found": dict(codes), "runs": len(runs)})
    assert not set(codes) - THERE.get(name, set())
