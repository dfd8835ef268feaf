"""What loading and `check` cost grows with a profile as its length does, counted in function calls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from loadgen.experiment.check import check
from loadgen.profile.load import Loaded, load
from loadgen.report.terminal.check import render_check

HEAD = "name: x\ntarget: http://127.0.0.1:1\n"
LOAD = "load: [{name: a, rate: 50/s, for: 2s}]\n"
SLACK = 1.05  # of a second part as long as the first: that of a quadratic cost is 1.67 times as dear


def steps(n: int) -> str:
    """Each captures a value, and takes that of the step before it."""
    written = [f"  - {{name: s{i}, get: '/{{{{c{i - 1}}}}}', capture: {{c{i}: body.id}}}}" for i in range(1, n)]
    first = "  - {name: s0, get: /, capture: {c0: body.id}}"
    return "\n".join([f"{HEAD}{LOAD}scenarios:\n- name: s\n  steps:", first, *written])


def headers(n: int) -> str:
    written = [f"        x-{i}: '{i}'" for i in range(n)]
    step = "- name: s\n  steps:\n    - name: g\n      get: /\n      headers:"
    return "\n".join([f"{HEAD}{LOAD}scenarios:", step, *written])


def queries(n: int) -> str:
    return headers(n).replace("headers:", "query:")


def scenarios(n: int) -> str:
    written = [f"- {{name: s{i}, weight: {i + 1}, steps: [{{name: g, get: /{i}}}]}}" for i in range(n)]
    return "\n".join([f"{HEAD}{LOAD}scenarios:", *written])


def phases(n: int) -> str:
    """With a threshold each."""
    written = [f"- {{name: p{i}, rate: 50/s, for: 2s}}" for i in range(n)]
    return "\n".join([f"{HEAD}load:", *written, "thresholds:", *(f"  p{i}: [response p50 < 1s]" for i in range(n))])


def both(n: int) -> str:
    return phases(n) + "\n" + scenarios(n).partition(LOAD)[2]


def variants(n: int) -> str:
    written = [f"    v{i}: {{timeout: {i + 1}s}}" for i in range(n)]
    return "\n".join([f"{HEAD}{LOAD}experiment:\n  variants:", *written])


def overrides(n: int) -> str:
    """Of two variants, one of which says something of each phase."""
    written = [f"        p{i}: {{rate: 60/s}}" for i in range(n)]
    return "\n".join([phases(n), "experiment:\n  variants:\n    one: {}\n    two:\n      load:", *written])


def calls(work: Callable[[], Any]) -> tuple[int, Any]:
    """How many functions it calls, of Python's and of C's; and its result."""
    count = 0

    def called(frame: FrameType, event: str, what: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        result = work()
    finally:
        sys.setprofile(None)
    return count, result


def checked(loaded: Loaded) -> str:
    witness = len(loaded.profile.load) == 1  # it is to tell something of each step in each phase
    variants = [variant.profile for variant in loaded.variants]
    return render_check(check(loaded.profile, variants, witness))


@pytest.mark.parametrize(
    ("profile", "n"),
    [
        (steps, 10), (headers, 10), (queries, 10), (scenarios, 10), (phases, 10), (both, 5), (variants, 5),
        (overrides, 10),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_a_profile_that_is_longer_costs_as_much_more(profile: Callable[[int], str], n: int) -> None:
    loading, checking = [], []
    for times in (1, 1, 2, 3):  # what is made once and kept is in the first
        count, loaded = calls(lambda times=times: load("p.yaml", text=profile(times * n)))  # type: ignore[misc]
        loading.append(count)
        checking.append(calls(lambda loaded=loaded: checked(loaded))[0])  # type: ignore[misc]
    for _, once, twice, thrice in (loading, checking):
        assert thrice - twice <= SLACK * (twice - once), (loading, checking)
