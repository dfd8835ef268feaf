"""Injected latencies come back as their own percentiles (1), and no latency is made up (5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from engine_harness import Run, Script, profile

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import NEW, Exchange
from loadgen.transport.scripted import Reply
from truth.pipeline import assert_tells, nearest_rank, ns, tell, told

NUMBER = 12_000  # p99.99 takes 10,000
QUANTILES = ("p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99")
TEXT = f"""
load: [{{name: steady, rate: 1000/s, iterations: {NUMBER}}}]
timeout: 10m
thresholds: {{steady: [{", ".join(f"response {name} < 10m" for name in QUANTILES)}]}}
"""


def lognormal(dice: Random) -> float:
    return dice.lognormvariate(3, 0.8)


def bimodal(dice: Random) -> float:
    """Warm, and one in 50 cold."""
    return dice.gauss(800, 40) if dice.random() < 0.02 else dice.gauss(9, 0.5)


def pareto(dice: Random) -> float:
    """Of so heavy a tail that its mean hardly exists."""
    return min(5 * dice.paretovariate(1.1), 500_000)


class Injected:
    """A target that takes as long as is drawn, whoever asks when; `log` is what it knows of it, in ns."""

    def __init__(self, draw: Callable[[Random], float], seed: int, **reply: int) -> None:
        self._draw, self._dice, self._reply = draw, Random(seed), reply
        self.log: list[int] = []

    def __call__(self, x: Exchange) -> Reply:
        self.log.append(round(self._draw(self._dice) * MILLISECOND))
        return Reply(after=self.log[-1], **self._reply)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("draw", [lognormal, bimodal, pareto])
def test_every_percentile_is_the_nearest_rank_of_what_was_injected(
    draw: Callable[[Random], float], workers: int, tmp_path: Path
) -> None:
    target = Injected(draw, 17 * workers)
    found = tell(TEXT, target, tmp_path / "run", workers=workers)
    assert len(target.log) == NUMBER
    for metric in ("response", "service"):
        assert_tells(found.block("steady", metric), target.log, *QUANTILES)
    assert_tells(found.phase("steady")["iteration_ms"][0]["latency"], target.log, *QUANTILES)


SIZES = (1, 2, 3, 9, 10, 11, 19, 20, 21, 99, 100, 101, 160, 199, 200, 999, 1000, 1001, 1160)


def test_ranks_are_right_on_either_side_of_a_whole_one(tmp_path: Path) -> None:
    """Distinct latencies, a counter and more apart: a rank too many or too few is another value."""
    load = ", ".join(f"{{name: n{size}, rate: 100/s, iterations: {size}}}" for size in SIZES)
    logs: dict[int, list[int]] = {}

    def script(x: Exchange) -> Reply:
        log = logs.setdefault(x.slot, [])
        log.append(round(MILLISECOND * 1.003 ** (len(log) * 17 % SIZES[x.slot])))  # 17 divides none of them
        return Reply(after=log[-1])

    found = tell(f"load: [{load}]", script, tmp_path / "run")
    for slot, size in enumerate(SIZES):
        assert len(set(logs[slot])) == size
        block = found.block(f"n{size}")
        known = [name for name in ("p50", "p90", "p95", "p99", "p99.9") if block[name] is not None]
        assert len(known) == sum(size >= least for least in (2, 10, 20, 100, 1000)), "one must be beyond it"
        if known:
            assert_tells(block, logs[slot], *known)


def test_our_own_part_is_told_from_the_targets(tmp_path: Path) -> None:
    """A loop that stalls, a client that looks late, connections to be opened and waited for: each part is where it
    belongs, they add up to the nanosecond, and what the target took is what its log says."""
    target = Injected(lognormal, 5, connect=7 * MILLISECOND, client_delay=2 * MILLISECOND)
    text = TEXT + "session: {reuse: per-iteration, connections: 60}"
    run = Run(profile(text), target)
    for instant in (2, 5, 6):
        run.stall(instant * SECOND, SECOND // 4)
    found = told(run.go(), tmp_path / "run")

    def spent(metric: str) -> int:
        return ns(found.block("steady", metric)["spent"])

    assert spent("response") == sum(spent(part) for part in ("lag", "sign", "wait", "service"))
    assert_tells(found.block("steady", "connect"), [x.connected - x.started for x in run.exchanges])
    assert spent("service") == spent("connect") + sum(target.log) + spent("client_delay")
    assert spent("connect") >= NUMBER * 7 * MILLISECOND
    assert spent("wait") > 0
    assert ns(found.block("steady", "lag")["max"]) == max(x.released - x.due for x in run.exchanges)
    assert_tells(found.block("steady", "response"), [x.done - x.due for x in run.exchanges])


# no phantoms


def corrected(values: list[int], expected: int) -> Iterator[int]:
    """What is reported where latencies are filled in afterwards: as if each slow answer had held up all others."""
    for value in values:
        yield value
        yield from range(value - expected, expected - 1, -expected)


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_what_is_slow_by_itself_makes_no_other_slow(arrivals: str, tmp_path: Path) -> None:
    log: list[int] = []

    def script(x: Exchange) -> Reply:
        log.append(SECOND if len(log) % 100 == 37 else MILLISECOND)
        return Reply(after=log[-1])

    text = f"load: [{{name: steady, rate: 100/s, iterations: 10000, arrivals: {arrivals}}}]"
    found = tell(text, script, tmp_path / "run")
    block, phase = found.block("steady"), found.phase("steady")
    assert_tells(block, log)
    assert block["p95"] == pytest.approx(1, rel=0.001)
    assert block["count"] == phase["requests"]["sent"] == phase["requests"]["outcomes"]["ok"] == len(log) == 10_000
    filled = list(corrected(log, 10 * MILLISECOND))
    assert nearest_rank(filled, "p95") > 400 * MILLISECOND, "which is how wrong a correction would be"


def always_connecting(after: int) -> Script:
    return lambda x: Reply(after=after, connect=3 * MILLISECOND)


def test_a_new_connection_is_a_part_of_service_and_a_reused_one_has_none(tmp_path: Path) -> None:
    text = "load: [{name: steady, rate: 100/s, iterations: 500}]\nsession: {reuse: REUSE}"
    blocks = {}
    for reuse in ("shared", "per-request"):
        found = tell(text.replace("REUSE", reuse), always_connecting(5 * MILLISECOND), tmp_path / reuse)
        new = sum(x.connection == NEW for x in found.run.exchanges)
        assert found.phase("steady")["connections"]["new"] == new
        blocks[reuse] = found.block("steady", "service")
        connects = (3 * MILLISECOND * (x.connection == NEW) for x in found.run.exchanges)
        assert_tells(blocks[reuse], [5 * MILLISECOND + connect for connect in connects])
    assert blocks["shared"]["p50"] == pytest.approx(5, rel=0.001)
    assert blocks["per-request"]["p50"] == pytest.approx(8, rel=0.001)
