"""The load that nodes share: ten steps, each on kept and on new connections."""

from __future__ import annotations

import json
from dataclasses import dataclass

from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.profile.load import Loaded, load
from loadgen.record.recorder import SeriesKey

STEPS = 10
CONNECTIONS = (0, 1)  # new and kept
SERIES = STEPS * len(CONNECTIONS)  # of each node


@dataclass(frozen=True, slots=True)
class Size:
    """So many nodes of a worker each, that send `rate` requests a second together, for so many seconds."""

    nodes: int
    rate: int
    seconds: int

    @property
    def series(self) -> int:
        """Of all nodes together, in a second: a node's requests of a step that came out alike, on connections alike."""
        return self.nodes * SERIES


def profile(size: Size) -> Loaded:
    steps = [{"name": f"step-{number}", "get": f"/{number}"} for number in range(STEPS)]
    content = {
        "name": "nodes", "target": "http://127.0.0.1:1", "client": "wire",
        "load": [{"name": "steady", "rate": f"{size.rate / STEPS:g}/s", "for": f"{size.seconds}s"}],
        "scenarios": [{"name": "walk", "steps": steps}],
    }  # fmt: skip
    return load("profile", text=json.dumps(content))


def keys(plan: Plan) -> list[SeriesKey]:
    """The series of each node, by number."""
    return [
        SeriesKey(plan.slot(0, step), Outcome.OK, connection, "") for step in range(STEPS) for connection in CONNECTIONS
    ]
