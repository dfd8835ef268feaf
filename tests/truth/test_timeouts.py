"""A timeout is known only to have lasted longer (15): it stays in the distribution, in its place, and is not early."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_harness import START, Run, always, profile

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.transport.scripted import NEVER, Reply
from truth.pipeline import Told, nearest_rank, ns, tell, told

NUMBER = 5000
LIMIT = 2 * SECOND


def text(timeout: str = "2s") -> str:
    return f"load: [{{name: steady, rate: 250/s, iterations: {NUMBER}}}]\ntimeout: {timeout}\n"


class Silent:
    """Answers in 5 to 25 ms, but `lost` in a hundred never; `log` is how long each took, None for those."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self.log: list[int | None] = []

    def __call__(self, x: Exchange) -> Reply:
        number = len(self.log)
        never = number * 41 % 100 < self.lost
        after = 5 * MILLISECOND + number * 7919 % 20_000 * 1000
        self.log.append(None if never else after)
        return Reply(after=NEVER if never else after)


def silent(folder: Path, lost: int, timeout: str = "2s", workers: int = 1) -> tuple[Told, Silent]:
    target = Silent(lost)
    return tell(text(timeout), target, folder, workers=workers), target


def test_three_in_a_hundred_leave_p95_a_number_and_make_p99_a_bound(tmp_path: Path) -> None:
    found, target = silent(tmp_path / "run", 3)
    block = found.block("steady")
    told_late = found.phase("steady")["requests"]["outcomes"]
    assert told_late == {"ok": NUMBER * 97 // 100, "timeout": NUMBER * 3 // 100}
    assert block["count"] == NUMBER, "they are not left out"
    # as if each had taken for ever
    truth = [LIMIT * 1000 if after is None else after for after in target.log]
    for name in ("p50", "p90", "p95"):
        exact = nearest_rank(truth, name)
        assert exact <= ns(block[name]) <= exact * 1.001
    for name in ("p99", "p99.9"):
        assert block[name] is None
        assert block["above"][name] == 2000
        late = NUMBER * 3 // 100
        assert block["why"][name] == {"code": "among_timeouts", "bound_ms": 2000.0, "timeouts": late}
    assert block["max"] is None and block["mean"] is None, "nobody knows them"
    assert ns(block["above"]["mean"]) <= sum(truth) / NUMBER
    answered = [after for after in target.log if after is not None]
    assert nearest_rank(answered, "p95") < nearest_rank(truth, "p95"), "left out, they would flatter even p95"


@pytest.mark.parametrize("timeout", ["2s", "999ms", "5500ms", "7301ms", "1003us"])
def test_each_ends_at_its_deadline_to_the_nanosecond(timeout: str, tmp_path: Path) -> None:
    """No whole seconds, no early ones; two workers, so that one's alarm is not another's."""
    limit = {"2s": LIMIT, "1003us": 1_003_000}.get(timeout) or int(timeout.removesuffix("ms")) * MILLISECOND
    found, _ = silent(tmp_path / "run", 3, timeout, workers=2)
    late = [x for x in found.run.exchanges if x.outcome.word == "timeout"]
    assert len(late) >= NUMBER * 3 // 100
    assert {x.done - x.due for x in late} == {limit}
    failure = next(f for f in found.phase("steady")["steps"][0]["failures"] if f["outcome"] == "timeout")
    assert failure["count"] == len(late)
    assert ns(failure["latency_ms"]["response"]["min"]) == ns(failure["latency_ms"]["response"]["max"]) == limit


def test_a_deadline_counts_from_due_whatever_was_waited_for(tmp_path: Path) -> None:
    """A stalled loop, then a connection: neither gives the target more time than its users have."""
    run = Run(profile(text() + "session: {connections: 40}"), always(after=SECOND))
    found = told(run.stall(SECOND, SECOND // 2).go(), tmp_path / "run")
    late = [x for x in run.exchanges if x.outcome.word == "timeout"]
    waited = [x for x in late if x.started - x.released > LIMIT // 2]
    assert len(late) > NUMBER / 2, "40 connections serve 40 of 250 a second"
    assert len(waited) > len(late) / 2, "most of that time was the wait for one"
    stall = START + SECOND, START + SECOND + SECOND // 2
    assert all(x.done == max(x.due + LIMIT, stall[1] if stall[0] < x.due + LIMIT < stall[1] else 0) for x in late)
    assert found.block("steady")["p50"] is None
    assert found.block("steady")["above"]["p50"] == 2000


STEPS = """
load: [{name: steady, rate: 100/s, iterations: 1000}]
timeout: 2s
thresholds: {steady: [iteration p75 < 9s]}
scenarios: [{name: order, steps: [{name: put, post: /}, {name: read, get: /}]}]
"""


def test_what_took_longer_than_a_timeout_waited_is_no_number(tmp_path: Path) -> None:
    """Of ten iterations seven take a second, one takes three, and two time out at their first step, after two: those
    may lie on either side of the one. Only what is the same whatever they would have taken is a number."""

    def script(x: Exchange) -> Reply:
        kind = x.owner.index % 10  # type: ignore[attr-defined]
        return Reply(after=SECOND // 2 if kind < 7 else 3 * SECOND // 2 if kind == 7 else NEVER)

    block = tell(STEPS, script, tmp_path / "run").phase("steady")["iteration_ms"][0]["latency"]
    assert block["count"] == 1000
    known, waited = [SECOND] * 700 + [3 * SECOND] * 100, [LIMIT] * 200
    for name in ("p50", "p75", "p90", "p95", "p99"):
        least, most = (nearest_rank(known + late, name) for late in (waited, [1000 * LIMIT] * 200))
        assert (block[name] is not None) == (least == most) == (name == "p50")
        assert name == "p50" or ns(block["above"].get(name, 0)) <= least
    assert ns(block["p50"]) == pytest.approx(SECOND, rel=0.001)
    assert block["why"]["p75"] == {"code": "beside_timeouts", "timeouts": 200}
    assert block["above"].keys() >= {"p90", "p95", "p99"}


def test_nothing_but_timeouts_is_bounds_alone(tmp_path: Path) -> None:
    found = tell(text(), always(after=NEVER), tmp_path / "run")
    block = found.block("steady")
    assert {block[name] for name in ("p50", "p90", "p95", "p99", "p99.9", "mean", "min", "max")} == {None}
    assert {block["above"][name] for name in ("p50", "p90", "p95", "p99", "p99.9", "mean", "max")} == {2000}
