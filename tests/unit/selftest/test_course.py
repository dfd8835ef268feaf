"""The self-test's course: a part that fails, and a signal, leave the others."""

from __future__ import annotations

from typing import Any, cast

from loadgen.errors import PlanError
from loadgen.result.reason import Reason
from loadgen.selftest.course import _carry_out
from loadgen.selftest.loads import Stopped
from loadgen.selftest.measure import Measurements


class Parts:
    """Measurements that end as they are told to."""

    def __init__(self, **ends: Exception) -> None:
        self._ends, self.done = ends, list[str]()

    def __getattr__(self, name: str) -> Any:
        async def part() -> None:
            if name in self._ends:
                raise self._ends[name]
            self.done.append(name)

        part.__name__ = name
        return part


async def test_a_part_that_cannot_be_measured_does_not_keep_the_others_from_it() -> None:
    parts = Parts(pacing=PlanError("no ports"))
    ending = await _carry_out(cast(Measurements, parts))
    assert parts.done == ["noise", "connections", "capacity"]
    assert not ending.complete and not ending.interrupted
    assert ending.warnings == (Reason.of("not_measured", what="pacing", error="no ports"),)


async def test_a_signal_ends_it_with_what_there_is() -> None:
    parts = Parts(connections=Stopped())
    ending = await _carry_out(cast(Measurements, parts))
    assert parts.done == ["noise", "pacing"]
    assert ending.interrupted and not ending.complete


async def test_what_came_to_its_end_is_complete() -> None:
    ending = await _carry_out(cast(Measurements, Parts()))
    assert ending.complete and not ending.interrupted and not ending.warnings
