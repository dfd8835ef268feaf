"""Which of the exemplars that workers kept a run writes down, and how those of several machines are put together."""

from __future__ import annotations

from random import Random

import pytest
from engine_harness import always, go
from joinable import exemplar, step
from run_results import measured

from loadgen.analysis.exemplars import FEWEST, LEAST, MOST, exemplars, together
from loadgen.clock import MILLISECOND
from loadgen.profile.load import load
from loadgen.record.exemplars import Exemplar, OfSlot
from loadgen.result.exemplars import Exemplars

TEXT = """name: t
target: http://127.0.0.1:1
load: [{name: warm, users: 1, iterations: 1, measure: false}, {name: a, users: 1, iterations: 3}]
"""


@pytest.fixture(scope="module")
def run() -> object:
    return measured(go(load("p.yaml", text=TEXT).profile, always(after=MILLISECOND)))


def kept(lasted: int, number: int) -> Exemplar:
    ids = {"apigw-requestid": f"gateway-{number}"}
    times = {"response": lasted * MILLISECOND, "service": lasted * MILLISECOND - 5}
    return Exemplar(lasted * MILLISECOND, 0, 10**18, 1, "reused", ids, times)


def of_slot(slot: int, seen: int, room: int, level: int = 0) -> OfSlot:
    slow = [kept(seen - n, n) for n in range(room)]
    return OfSlot(slot, seen, level, 0, slow, [kept(5, n) for n in range(room)])


def test_a_fiftieth_and_a_draw_of_measured_phases_are_written_down(run: object) -> None:
    made = exemplars(run, [of_slot(0, 1000, 500), of_slot(1, 5000, 500)])  # type: ignore[arg-type]
    assert made
    [of] = made.steps
    assert (of.phase, of.requests, of.one_in) == ("a", 5000, 1)
    assert (len(of.slowest), len(of.drawn)) == (100, FEWEST)
    assert of.from_ms == 4900.0  # the first that was left out lasted so long
    assert (of.slowest[0].whose_ms.value, of.slowest[0].at_ms) == (pytest.approx(5000, abs=1e-4), 10**12)
    assert len({one.ids["apigw-requestid"] for one in of.drawn}) == FEWEST


def test_of_few_there_are_ten_and_of_a_part_fewer(run: object) -> None:
    made = exemplars(run, [of_slot(1, 60, 60)])  # type: ignore[arg-type]
    assert made
    assert (len(made.steps[0].slowest), len(made.steps[0].drawn)) == (LEAST, 60)
    part = exemplars(run, [of_slot(1, 80_000, 500, level=2)])  # type: ignore[arg-type]
    assert part
    assert (len(part.steps[0].slowest), part.steps[0].one_in, len(part.steps[0].drawn)) == (400, 4, MOST)


def test_without_ids_there_is_nothing_to_write_down(run: object) -> None:
    without = Exemplar(5, 0, 10**18, 1, "new", {}, {"service": 5})
    assert exemplars(run, [OfSlot(1, 9, 0, 0, [without], [without])]) is None  # type: ignore[arg-type]
    assert exemplars(run, []) is None  # type: ignore[arg-type]


def test_machines_that_shared_a_load_are_one_run() -> None:
    """The slowest are those of all, and of the draw each machine has its part."""
    one = step([exemplar(n, 500.0 - n) for n in range(20)], [exemplar(n, 1.0) for n in range(100)], 1000)
    other = step([exemplar(n, 400.0 - n) for n in range(60)], [exemplar(n, 2.0) for n in range(100)], 3000)
    made = together([Exemplars(steps=(one,)), Exemplars(steps=(other,))])
    assert made
    [of] = made.steps
    assert of.requests == 4000
    assert [each.whose_ms.value for each in of.slowest] == [
        *(500.0 - n for n in range(20)),
        *(400.0 - n for n in range(60)),
    ]
    assert sum(each.whose_ms.value == 1.0 for each in of.drawn) == pytest.approx(len(of.drawn) / 4, abs=1)


def test_machines_that_kept_parts_of_different_sizes() -> None:
    """Of the one that kept all, as small a part is taken; what one of them did not keep whole is left out."""
    dice = Random(4)
    all_of = step([exemplar(n, 900.0 - n) for n in range(400)], [], 20_000, from_ms=500.0)
    part = step([exemplar(n, 800 + 100 * dice.random()) for n in range(50)], [], 20_000, one_in=4, from_ms=700.0)
    made = together([Exemplars(steps=(all_of,)), Exemplars(steps=(part,))])
    assert made
    [of] = made.steps
    assert (of.one_in, of.from_ms) == (4, 700.0)
    assert min(each.whose_ms.value for each in of.slowest) >= 700.0
    assert len(of.slowest) == pytest.approx(50 + 200 / 4, abs=20)


def test_without_any_there_is_none() -> None:
    assert together([]) is None
