"""`engine.machine`: machines that share a load, and do not hear of each other, carry out the single one's exactly."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from engine_harness import Run, Script, always, go, profile

from loadgen.clock import MILLISECOND
from loadgen.engine.machine import MachineShare
from loadgen.profile.model import Profile

STEP = """
scenarios:
  - name: a
    weight: 3
    data: {file: rows.csv, order: shuffle}
    steps: [{name: s, post: "/{{row}}/{{id}}", text: "{{seq}} {{int 1 1000}}"}]
  - name: b
    steps: [{name: t, post: "/b/{{id}}", text: "{{seq}}"}]
keys:
  id: zipfian(50)
"""
LOADS = {
    "poisson": "[{name: p, rate: 40/s, for: 2s}]",
    "constant": "[{name: p, rate: 40/s, for: 2s, arrivals: constant}]",
    "a ramp": "[{name: p, rate: 5/s..60/s, for: 3s}]",
    "an exact count": "[{name: p, rate: 50/s, iterations: 97}]",
    "at once": "[{name: p, at-once: 53}]",
    "beside": "[{name: p, rate: 20/s, for: 2s}]\nbeside: [{name: ping, every: 700ms, at-once: 13, get: '/{{seq}}'}]",
    "phase after phase": "[{name: p, rate: 7/s, for: 1500ms}, {name: q, rate: 31/s, for: 1s}, {name: r, at-once: 10}]",
}


def shares(load: Profile, of: int, workers: int, script: Script | None = None) -> list[Run]:
    return [go(load, script, machine=MachineShare(index, of), workers=workers) for index in range(1, of + 1)]


def sent(runs: list[Run]) -> Counter[tuple[int, int, str, bytes]]:
    """What was due, when, for what, with which row, key and number."""
    return Counter((x.slot, x.due, x.request.path, x.request.body) for run in runs for x in run.exchanges)


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_each_arrival_key_number_and_row_is_exactly_one_machine_s(load: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("row\n" + "\n".join(map(str, range(20))))
    dice, of_all = random.Random(load), profile(f"load: {load}\n{STEP}", tmp_path)
    whole = sent(shares(of_all, 1, 1))
    assert sum(whole.values()) > 40
    for _ in range(2):
        of, workers = dice.randint(2, 7), dice.randint(1, 3)
        parts = shares(of_all, of, workers)
        assert sent(parts) == whole, f"{of} machines of {workers} workers"
        planned = [
            run.iterations(number).get("planned", 0) for run in parts for number in range(len(run.plan.all_runs))
        ]
        assert sum(planned) == sum(whole.values())


@pytest.mark.parametrize("load", ["{name: p, users: 23, for: 500ms}", "{name: p, users: 5, iterations: 41}"])
def test_each_user_and_each_of_a_count_is_exactly_one_machine_s(load: str) -> None:
    of_all, answered = profile(f"load: [{load}]"), always(after=100 * MILLISECOND)
    (whole,) = shares(of_all, 1, 1, answered)
    for of, workers in ((3, 2), (7, 1)):
        parts = shares(of_all, of, workers, answered)
        begun = Counter(due for run in parts for due in run.dues(0))
        if "for" in load:
            assert begun == Counter(whole.dues(0))
        assert begun.total() == len(whole.exchanges)
        numbers = Counter(x.owner.index for run in parts for x in run.exchanges)  # type: ignore[attr-defined]
        assert set(numbers.values()) == {1}, "no number twice"


def test_workers_are_numbered_over_all_machines() -> None:
    numbers = [MachineShare(index, 3).worker(number, 4) for index in (1, 2, 3) for number in range(4)]
    assert numbers == list(range(MachineShare(1, 3).all(4)))
