"""Runs of all that a profile may say and a target may do, each made from the numbers that it is handed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from engine_harness import Run

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Outcome
from loadgen.record.metrics import Metric
from loadgen.transport.scripted import NEVER, Reply

PHASES: tuple[Callable[[Random], dict[str, Any]], ...] = (
    lambda dice: {"rate": f"{dice.randint(1, 40)}/s", "for": f"{dice.randint(1, 800)}ms"},
    lambda dice: {"rate": f"{dice.randint(1, 40)}/s", "for": f"{dice.randint(1, 800)}ms", "arrivals": "constant"},
    lambda dice: {"rate": f"{dice.randint(0, 40)}/s..{dice.randint(1, 40)}/s", "for": f"{dice.randint(1, 800)}ms"},
    lambda dice: {"rate": f"{dice.randint(1, 40)}/s", "iterations": dice.randint(1, 20)},
    lambda dice: {"users": dice.randint(1, 6), "for": f"{dice.randint(1, 500)}ms"},
    lambda dice: {"users": dice.randint(1, 6), "iterations": dice.randint(1, 15)},
    lambda dice: {"users": dice.randint(1, 6), "iterations": dice.randint(1, 15), "for": f"{dice.randint(1, 800)}ms"},
    lambda dice: {"at-once": dice.randint(1, 15)},
)
ENDINGS = (Outcome.RESET, Outcome.REFUSED, Outcome.BAD_RESPONSE, Outcome.CLIENT_RESOURCE, Outcome.DNS)


def random_phase(dice: Random, number: int) -> dict[str, Any]:
    phase = {"name": f"p{number}", **dice.choice(PHASES)(dice)}
    if "users" in phase and dice.random() < 0.4:
        phase["think"] = dice.choice(("20ms", "1ms..70ms"))
    return phase if number == 0 or dice.random() < 0.7 else {**phase, "measure": False}


def random_step(dice: Random, number: int, captured: bool) -> dict[str, Any]:
    path = "/{{id}}" if captured and dice.random() < 0.3 else f"/{number}"
    step: dict[str, Any] = {"name": f"s{number}", "get": path}
    if dice.random() < 0.3:
        step["think"] = dice.choice(("30ms", "5ms..50ms"))
    if dice.random() < 0.3:
        step["timeout"] = f"{dice.randint(20, 300)}ms"
    if dice.random() < 0.4:
        step["capture"] = {"id": "body.id", "cold": "header.x-cold"}
    return step


def random_scenario(dice: Random, number: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for place in range(dice.choice((1, 1, 2, 3))):
        steps.append(random_step(dice, place, any("capture" in step for step in steps)))
    scenario: dict[str, Any] = {"name": f"c{number}", "weight": dice.choice((0.2, 1, 3)), "steps": steps}
    if dice.random() < 0.5 and any("capture" in step for step in steps):
        scenario["split_by"] = ["cold"]
    return scenario


def random_profile(dice: Random) -> dict[str, Any]:
    session: dict[str, Any] = {"reuse": dice.choice(("shared", "per-iteration", "per-request"))}
    if dice.random() < 0.5:
        session["connections"] = dice.randint(4, 12)
    written: dict[str, Any] = {
        "load": [random_phase(dice, number) for number in range(dice.randint(1, 3))],
        "scenarios": [random_scenario(dice, number) for number in range(dice.choice((1, 1, 2)))],
        "cycles": dice.choice((1, 1, 2)),
        "session": session,
        "timeout": f"{dice.randint(50, 700)}ms",
        "seed": dice.randint(0, 10**6),
    }
    if dice.random() < 0.2:
        written["in_flight_limit"] = dice.randint(1, 20)
    if dice.random() < 0.2:
        written["max_rate"] = f"{dice.randint(60, 200)}/s"
    return written


def random_reply(dice: Random) -> Reply:
    after = dice.choice((MILLISECOND, 10 * MILLISECOND, dice.randint(1, 10**9)))
    connect = dice.choice((0, 0, dice.randint(1, 10**8)))
    kind = dice.random()
    if kind < 0.05:
        return Reply(after=NEVER, connect=connect)
    if kind < 0.1:
        return Reply(after=after, connect=connect, outcome=dice.choice(ENDINGS), reason="a reason")
    if kind < 0.2:
        return Reply(after=after, connect=connect, status=dice.choice((206, 404, 429, 500, 503)))
    headers = {"x-cold": "true"} if dice.random() < 0.3 else {}
    return Reply(after=after, connect=connect, headers=headers, body=dice.choice((b'{"id": 7}', b"{}", b"no")))


def random_run(dice: Random, **options: Any) -> Run:
    run = Run(random_profile(dice), lambda x: random_reply(dice), workers=dice.choice((1, 1, 2, 3)), **options)
    for _ in range(dice.choice((0, 0, 1, 3))):
        run.stall(dice.randint(0, 2 * SECOND), dice.randint(1, SECOND // 2))
    if dice.random() < 0.4:
        run.stop(dice.randint(0, 2 * SECOND))
    if dice.random() < 0.2:
        run.kill(dice.randint(0, 3 * SECOND))
    return run.go()


def check_instants(run: Run) -> None:
    """Of every exchange: in order, and response = lag + sign + wait + service."""
    for x in run.exchanges:
        assert x.due <= x.released <= x.signed <= x.done <= max(x.deadline, x.done)
        assert not x.started or x.signed <= x.started <= x.done
        assert not x.sent or x.started <= x.sent <= x.done
        assert x.outcome != Outcome.TIMEOUT or x.done >= x.deadline
    count, total = Counter[int](), Counter[int]()
    for (_, metric), histogram in run.recording.histograms.items():
        count[metric] += histogram.count
        total[metric] += histogram.total
    assert count[Metric.SIGN] == sum(run.ledger.sent.tolist()) >= len(run.exchanges)
    assert count[Metric.SERVICE] == sum(x.started > 0 for x in run.exchanges)
    closed = sum(x.done - x.due for x in run.exchanges if run.plan.of_slot(x.slot)[0].phase.closed)
    parts = sum(total[metric] for metric in (Metric.LAG, Metric.SIGN, Metric.WAIT, Metric.SERVICE))
    assert parts == total[Metric.RESPONSE] + closed
