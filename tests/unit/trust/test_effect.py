"""The share of the tail: the same as from the exchanges themselves, and never less than what this machine changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from loadgen.clock import MILLISECOND
from loadgen.record.metrics import OF_EXCHANGE, Metric
from loadgen.record.share import Shares, divide
from loadgen.result import run as result
from loadgen.result.reason import Reason
from loadgen.stats import fraction, rank
from loadgen.trust.effect import TOGETHER, Effect, Place, effects_of, ranked
from loadgen.trust.finding import Finding, Verdict
from loadgen.trust.verdict import disturbed

Times = NDArray[np.int64]
STEADY = Place("steady", 1, "")


def shares(net: Times, *, closed: bool = False, **parts: Any) -> Shares:
    """Of exchanges that took the target `net` ns, and this machine its parts (ns) besides."""
    figures = np.full((len(net), len(OF_EXCHANGE)), -1, np.int64)
    given = {
        Metric.LAG: "lag",
        Metric.SIGN: "sign",
        Metric.CLIENT_DELAY: "delay",
        Metric.HANDSHAKE_CPU: "handshake",
        Metric.CONNECT_DELAY: "connect",
    }
    for metric, name in given.items():
        figures[:, OF_EXCHANGE.index(metric)] = parts.get(name, np.zeros(len(net), np.int64))
    figures[:, OF_EXCHANGE.index(Metric.WAIT)] = 0
    service = net + parts.get("delay", 0) + parts.get("handshake", 0) + parts.get("connect", 0)
    figures[:, OF_EXCHANGE.index(Metric.SERVICE)] = service
    if not closed:
        response = service + parts.get("lag", 0) + parts.get("sign", 0)
        figures[:, OF_EXCHANGE.index(Metric.RESPONSE)] = response
        if "build" in parts:
            figures[:, OF_EXCHANGE.index(Metric.BUILD)] = parts["build"]
    if parts.get("unstamped") is not None:
        figures[parts["unstamped"], OF_EXCHANGE.index(Metric.CLIENT_DELAY)] = -1
    divided = divide(np.zeros(len(net), np.int64), figures)
    return Shares(divided[:, 1], divided[:, 2:])


def effects(of: Shares) -> list[Effect]:
    return effects_of([(STEADY, of)])


def times(rng: np.random.Generator, count: int, mean: float, chance: float = 1.0) -> Times:
    """Exponential times in ns, each of which is there with that chance."""
    drawn = rng.exponential(mean, count) * (rng.random(count) < chance)
    return drawn.astype(np.int64)


@pytest.mark.parametrize("seed", range(10))
def test_it_is_the_share_of_the_slowest_themselves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(10_000, 30_000))
    net = 5 * MILLISECOND + times(rng, count, 20e6)
    means = {"lag": 3e6, "sign": 1e5, "delay": 2e6, "handshake": 1e6, "connect": 2e6}
    parts: dict[str, Any] = {name: times(rng, count, mean, 0.3) for name, mean in means.items()}
    own = np.sum([*parts.values()], axis=0)
    whole = net + own
    order = np.argsort(whole)[::-1]
    for found, quantile in zip(effects(shares(net, **parts)), ("p99", "p99.9"), strict=True):
        slowest = order[: max(20, count - rank(fraction(quantile), count))]
        assert (found.quantile, found.count, found.of) == (quantile, len(slowest), count)
        # of the counter that the quantile lies in, some exchanges are among the slowest, and some are not
        off = 0.02 + 2 / len(slowest)
        assert found.share == pytest.approx(float((own[slowest] / whole[slowest]).mean()), rel=off)
        assert found.own == pytest.approx(float(own[slowest].mean()), rel=off)
        assert found.parts["lag"] == pytest.approx(float(parts["lag"][slowest].mean()), rel=off)
        assert found.value == pytest.approx(np.sort(whole)[rank(fraction(quantile), count) - 1], rel=0.001)
        assert not found.at_least


def test_times_that_do_not_vary_are_exact() -> None:
    count = 2000
    lag = np.where(np.arange(count) < 40, 6 * MILLISECOND, 0)
    (found,) = effects(shares(np.full(count, 24 * MILLISECOND), lag=lag))
    assert (found.count, found.value, found.without) == (20, 30 * MILLISECOND, 24 * MILLISECOND)
    assert found.share == pytest.approx(0.2)
    assert found.to_result() == result.Effect(
        phase="steady", cycle=1, step="", quantile="p99", slowest=0.01, requests=20, of=2000, share=0.2, at_least=False,
        parts_ms={
            "lag": 6.0, "sign": 0.0, "wait_delay": 0.0, "connect_delay": 0.0, "client_delay": 0.0, "handshake_cpu": 0.0,
        },
        quantile_ms=30.0, without_ms=24.0, verdict="INVALID",
    )  # fmt: skip
    assert found.to_result().own == 6.0


def test_no_run_whose_p99_this_machine_changed_by_a_tenth_is_valid() -> None:
    """Whatever the target's times, and however often and long this machine held them up."""
    rng = np.random.default_rng(5)
    changed = 0
    for _ in range(400):
        count = int(rng.integers(100, 5000))
        spread = rng.choice([0.0, 0.05, 0.3, 1.0, 2.0])
        net = (25e6 * np.exp(spread * rng.standard_normal(count))).astype(np.int64)
        if rng.random() < 0.3:  # nearly a hundredth of them far beyond the others
            net[: int(count * rng.uniform(0.005, 0.0099))] = 10**9
        lag = times(rng, count, float(np.exp(rng.uniform(np.log(1e5), np.log(5e7)))), float(rng.choice([1, 0.1, 0.02])))
        before, after = (np.sort(of)[rank(fraction("p99"), count) - 1] for of in (net, net + lag))
        if after > 1.1 * before:
            changed += 1
            assert ranked(effects(shares(net, lag=lag)))[0].verdict > Verdict.VALID
    assert changed > 50


@pytest.mark.parametrize("seed", range(5))
def test_a_quiet_machine_is_valid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = 20 * MILLISECOND + times(rng, 20_000, 1e6)
    quiet = shares(net, lag=times(rng, 20_000, 6e4), delay=times(rng, 20_000, 3e4), sign=times(rng, 20_000, 1e4))
    assert [found.verdict for found in effects(quiet)] == [Verdict.VALID] * 2


def test_what_the_profile_asked_to_be_made_is_not_ours() -> None:
    build = np.full(200, 50 * MILLISECOND)
    (found,) = effects(shares(np.full(200, 20 * MILLISECOND), sign=build + 1000, build=build))
    assert found.own == pytest.approx(1000, rel=0.001)


def test_what_the_profile_holds_back_is_not_ours() -> None:
    of = shares(np.full(200, 20 * MILLISECOND), sign=np.full(200, 80 * MILLISECOND), lag=np.full(200, 1000))
    assert [found.verdict for found in effects(of)] == [Verdict.INVALID]
    (found,) = effects_of([(STEADY, of)], held_back=True)
    assert found.own == pytest.approx(1000)
    assert found.verdict is Verdict.VALID


def test_a_closed_load_has_no_lag() -> None:
    late = {"lag": np.full(200, 10**9), "sign": np.full(200, 10**9), "delay": np.full(200, 5 * MILLISECOND)}
    (found,) = effects(shares(np.full(200, 20 * MILLISECOND), closed=True, **late))
    left = {
        "lag": 0,
        "sign": 0,
        "wait_delay": 0,
        "connect_delay": 0,
        "client_delay": 5 * MILLISECOND,
        "handshake_cpu": 0,
    }
    assert found.parts == left
    assert found.share == pytest.approx(0.2)


@pytest.mark.parametrize(("missing", "at_least"), [(1, False), (2, False), (3, True), (200, True)])
def test_without_kernel_stamps_it_is_at_least_so_much(missing: int, at_least: bool) -> None:
    (found,) = effects(shares(np.full(200, 20 * MILLISECOND), unstamped=np.arange(missing)))
    assert found.at_least is at_least


def test_what_is_too_short_is_judged_together() -> None:
    def some(count: int, lag: int) -> Shares:
        return shares(np.full(count, 20 * MILLISECOND), lag=np.full(count, lag))

    short = [(Place("burst", cycle, ""), some(8, 20 * MILLISECOND)) for cycle in (1, 2, 3)]
    steady, together = effects_of([*short, (STEADY, some(100, 0))])
    assert (steady.phase, steady.share) == ("steady", 0)
    assert (together.phase, together.of, together.count) == (TOGETHER.phase, 24, 20)
    assert ranked([steady, together]) == [together, steady]
    assert effects_of(short[:2]) == effects_of([]) == []


@pytest.mark.parametrize(
    ("count", "beyond"),
    [
        (19, []),
        (20, [("p90", 20, 1.0)]),
        (99, [("p90", 20, 0.2)]),
        (100, [("p99", 20, 0.2)]),
        (2100, [("p99", 21, 0.01)]),
        (9999, [("p99", 99, 0.01)]),
        (10_000, [("p99", 100, 0.01), ("p99.9", 20, 0.002)]),
        (22_000, [("p99", 220, 0.01), ("p99.9", 22, 0.001)]),
        (22_999, [("p99", 229, 0.01), ("p99.9", 22, 0.001)]),
    ],
)
def test_which_tails_are_looked_at(count: int, beyond: list[tuple[str, int, float]]) -> None:
    found = effects(shares(np.full(count, 20 * MILLISECOND)))
    assert [(each.quantile, each.count, each.slowest) for each in found] == beyond


def test_a_quantile_that_hangs_on_few_degrades_at_the_most() -> None:
    """Two of a hundred are late: p99 is a fifth greater for it, the slowest twenty are so by little."""
    for count, verdict in ((100, Verdict.DEGRADED), (2000, Verdict.INVALID)):
        late = np.where(np.arange(count) < count // 50, 6 * MILLISECOND, 0)
        (found,) = effects(shares(np.full(count, 24 * MILLISECOND), lag=late))
        assert found.changed == pytest.approx(0.2)
        assert found.verdict is verdict


def test_making_connections_is_a_part_of_ours_and_no_disturbance() -> None:
    net, some = np.full(1000, 20 * MILLISECOND), np.full(1000, MILLISECOND)
    (fresh,) = effects(shares(net, handshake=some, lag=some // 10))
    assert (fresh.verdict, fresh.disturbed) == (Verdict.DEGRADED, False)
    (both,) = effects(shares(net, handshake=some, lag=some))
    assert (both.verdict, both.disturbed) == (Verdict.DEGRADED, True)
    (seen,) = effects(shares(net, handshake=some, connect=some))
    assert (seen.verdict, seen.disturbed) == (Verdict.DEGRADED, False)
    (stalled,) = effects(shares(net, handshake=some, connect=2 * some))
    assert (stalled.verdict, stalled.disturbed) == (Verdict.DEGRADED, True)
    (slow,) = effects(shares(net, handshake=5 * some, connect=some))
    assert (slow.verdict, slow.disturbed) == (Verdict.DEGRADED, False), "however much it is"
    (made,) = effects(shares(net, handshake=5 * some, connect=5 * some))
    assert (made.verdict, made.disturbed) == (Verdict.INVALID, True)
    (calm,) = effects(shares(net))
    assert not calm.disturbed
    unknown = Reason.of("not_observed")
    late, held = Finding("lag", unknown, Verdict.DEGRADED), Finding("rate held", unknown, Verdict.DEGRADED)
    assert not disturbed([late], [fresh]), "it explains no more than the handshakes' share"
    assert disturbed([late], [both])
    assert disturbed([held], [fresh]), "that stands alone"
    assert disturbed([late], []), "nothing is known of the share"
    assert disturbed([late], [replace(fresh, at_least=True)])
    assert not disturbed([], [fresh])


def test_one_late_exchange_is_no_tail() -> None:
    net = np.full(500, 20 * MILLISECOND)
    one = np.where(np.arange(500) == 7, 3 * MILLISECOND, 0)
    assert [found.verdict for found in effects(shares(net, lag=one))] == [Verdict.VALID]
