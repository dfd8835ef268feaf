"""When the sandbox stands still."""

from __future__ import annotations

from loadgen.profile.sandbox import Stall
from loadgen.sandbox.stalls import Stalls


def test_stalls_are_counted_from_the_first_request() -> None:
    stalls = Stalls([Stall.model_validate({"at": 100, "for": 20})])
    assert stalls.after(110) == 110, "nothing has begun"
    stalls.begin(1000)
    stalls.begin(5000)
    assert [stalls.after(t) for t in (1000, 1099, 1100, 1119, 1120)] == [1000, 1099, 1120, 1120, 1120]


def test_stalls_repeat_and_meet() -> None:
    stalls = Stalls(
        [Stall.model_validate({"every": 100, "for": 10}), Stall.model_validate({"at": 110, "for": 30})],
    )
    stalls.begin(0)
    assert [stalls.after(t) for t in (0, 9, 99, 100, 109, 139, 140, 205)] == [0, 9, 99, 140, 140, 140, 140, 210]
