"""This machine's share of a figure: as defined, from the exchanges themselves, and what is none of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from loadgen.clock import MILLISECOND
from loadgen.record.attribution import HELD_BACK, OF_CLIENT
from loadgen.record.lifted import LEAST
from loadgen.record.metrics import OF_EXCHANGE, Metric
from loadgen.record.share import Shares, divide
from loadgen.result import run as result
from loadgen.result.resolution import Resolution
from loadgen.stats import fraction, rank
from loadgen.trust.figure import Asked, Figure, Place, figures_of, ranked
from loadgen.trust.finding import Verdict

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


def figures(of: Shares, *quantiles: str) -> list[Figure]:
    return figures_of([(STEADY, of)], quantiles or ("p50", "p99"))


def figure(of: Shares, quantile: str = "p99") -> Figure:
    (one,) = figures(of, quantile)
    return one


def times(rng: np.random.Generator, count: int, mean: float, chance: float = 1.0) -> Times:
    """Exponential times in ns, each of which is there with that chance."""
    drawn = rng.exponential(mean, count) * (rng.random(count) < chance)
    return drawn.astype(np.int64)


def expected(whole: Times, own: Times, quantile: str) -> float:
    """By the definition, from the exchanges themselves."""
    w, left = np.sort(whole), np.sort(whole - own)
    k = rank(fraction(quantile), len(w))
    reach = max(LEAST, min(k, len(w) - k) // 2)
    about = slice(max(1, k - reach) - 1, min(len(w), k + reach))
    return max(0.0, 1 - float(np.exp(np.log(left[about] / w[about]).mean())))


@pytest.mark.parametrize("seed", range(10))
def test_it_is_as_defined(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1_000, 30_000))
    net = 5 * MILLISECOND + times(rng, count, 20e6)
    means = {"lag": 3e6, "sign": 1e5, "delay": 2e6}
    parts: dict[str, Any] = {name: times(rng, count, mean, 0.3) for name, mean in means.items()}
    own = np.sum([*parts.values()], axis=0)
    for of in figures(shares(net, **parts), "p50", "p90", "p99", "p99.9"):
        # exchanges that lasted as long are taken as their mean
        assert of.share == pytest.approx(expected(net + own, own, of.quantile), abs=0.02), of.quantile
        assert of.value == pytest.approx(np.sort(net + own)[rank(fraction(of.quantile), count) - 1], rel=0.001)
        assert sum(of.parts.values()) == pytest.approx(of.part)
        assert (of.of, of.at_least) == (count, False)


def test_times_that_do_not_vary_are_exact() -> None:
    lag = np.where(np.arange(2000) < 100, 6 * MILLISECOND, 0)
    of = replace(figure(shares(np.full(2000, 24 * MILLISECOND), lag=lag)), resolution=1000.0)
    assert of.share == pytest.approx(0.2)
    assert of.to_result() == result.JudgedFigure(
        phase="steady", cycle=1, step="", quantile="p99", value_ms=30.0, without_ms=24.0, share=0.2, at_least=False,
        parts_ms={"lag": 6.0}, requests=2000, resolution_ms=0.001, verdict="INVALID", decides=True,
    )  # fmt: skip
    assert of.to_result().own_ms == pytest.approx(6.0)


def test_without_this_machine_the_slowest_are_others() -> None:
    """Those that were held up, whatever the target took for them, are no longer the slowest without that."""
    net = np.linspace(20 * MILLISECOND, 40 * MILLISECOND, 2000).astype(np.int64)
    lag = np.where(np.arange(2000) % 50 == 0, 100 * MILLISECOND, 0)
    of = figure(shares(net, lag=lag))
    assert of.without == pytest.approx(39.8 * MILLISECOND, rel=0.002)
    assert of.share == pytest.approx(expected(net + lag, lag, "p99"), abs=0.002)


def test_a_cliff_hides_no_lifted_percentile() -> None:
    """0.9 % of the answers take 10 s, and others were lifted from 20 to 220 ms: p99 is one of them. A mean of parts
    about the rank would be made of the 10 s."""
    net = np.full(10_000, 20 * MILLISECOND)
    net[:90] = 10_000 * MILLISECOND
    lag = np.zeros(10_000, np.int64)
    lag[90:105] = 200 * MILLISECOND
    of = figure(shares(net, lag=lag))
    assert of.value == pytest.approx(220 * MILLISECOND)
    assert of.verdict is Verdict.INVALID
    assert figure(shares(net), "p50").verdict is Verdict.VALID


def test_no_run_whose_p99_this_machine_changed_by_a_fifth_is_valid() -> None:
    """Whatever the target's times, and however often and long this machine held them up, from 1,000 exchanges on."""
    rng = np.random.default_rng(5)
    changed = valid = 0
    for _ in range(400):
        count = int(rng.integers(1000, 5000))
        spread = rng.choice([0.0, 0.05, 0.3, 1.0, 2.0])
        net = (25e6 * np.exp(spread * rng.standard_normal(count))).astype(np.int64)
        if rng.random() < 0.3:  # nearly a hundredth of them far beyond the others
            net[: int(count * rng.uniform(0.005, 0.0099))] = 10**9
        lag = times(rng, count, float(np.exp(rng.uniform(np.log(1e5), np.log(5e7)))), float(rng.choice([1, 0.1, 0.02])))
        before, after = (np.sort(of)[rank(fraction("p99"), count) - 1] for of in (net, net + lag))
        if after > 1.25 * before:
            changed += 1
            valid += figure(shares(net, lag=lag)).verdict is Verdict.VALID
    assert changed > 50
    assert valid <= 0.02 * changed


@pytest.mark.parametrize("seed", range(5))
def test_a_quiet_machine_is_valid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = 20 * MILLISECOND + times(rng, 20_000, 1e6)
    quiet = shares(net, lag=times(rng, 20_000, 6e4), delay=times(rng, 20_000, 3e4), sign=times(rng, 20_000, 1e4))
    assert [of.verdict for of in figures(quiet, "p50", "p90", "p95", "p99", "p99.9")] == [Verdict.VALID] * 5


def test_what_is_below_the_resolution_is_not_judged() -> None:
    of = shares(np.full(200, MILLISECOND // 10), lag=np.full(200, MILLISECOND // 2))
    coarse = Resolution.measured("ticks", {"p50": 0.1, "p90": 0.2, "p99": 0.3, "p99.9": 1.0})
    every = figures_of([(STEADY, of)], ("p50", "p99", "min", "max"), resolution=coarse)
    assert all(each.share > 0.8 for each in every)
    assert {each.quantile: (each.resolution, each.verdict.name) for each in every} == {
        "p50": (200_000, "INVALID"),
        "p99": (600_000, "VALID"),
        "min": (200_000, "INVALID"),
        "max": (1_000_000, "VALID"),
    }


def test_what_the_profile_asked_to_be_made_is_not_ours() -> None:
    build = np.full(200, 50 * MILLISECOND)
    of = figure(shares(np.full(200, 20 * MILLISECOND), sign=build + 1000, build=build))
    assert of.part == pytest.approx(1000, rel=0.001)


def test_what_the_profile_holds_back_is_not_ours() -> None:
    of = shares(np.full(200, 20 * MILLISECOND), sign=np.full(200, 80 * MILLISECOND), lag=np.full(200, 1000))
    assert figure(of).verdict is Verdict.INVALID
    (held,) = figures_of([(STEADY, of)], ["p99"], of_profile=HELD_BACK)
    assert held.part == pytest.approx(1000)
    assert held.verdict is Verdict.VALID


def test_what_another_client_takes_to_build_a_request_is_asked_for() -> None:
    late = np.full(200, 80 * MILLISECOND)
    of = shares(np.full(200, 20 * MILLISECOND), sign=late, connect=np.full(200, 3 * MILLISECOND))
    (figure,) = figures_of([(STEADY, of)], ["p99"], of_profile=OF_CLIENT)
    assert figure.parts == {"connect_delay": pytest.approx(2 * MILLISECOND, rel=0.01)}


def test_a_closed_load_has_no_lag() -> None:
    late = {"lag": np.full(200, 10**9), "sign": np.full(200, 10**9), "delay": np.full(200, 5 * MILLISECOND)}
    of = figure(shares(np.full(200, 20 * MILLISECOND), closed=True, **late))
    assert of.parts == {"client_delay": pytest.approx(5 * MILLISECOND, rel=0.001)}
    assert of.share == pytest.approx(0.2)


@pytest.mark.parametrize(("missing", "at_least"), [(1, False), (2, False), (3, True), (200, True)])
def test_without_kernel_stamps_it_is_at_least_so_much(missing: int, at_least: bool) -> None:
    of = figure(shares(np.full(200, 20 * MILLISECOND), unstamped=np.arange(missing)))
    assert of.at_least is at_least


def test_a_percentile_takes_as_many_exchanges_as_a_result_asks_for() -> None:
    names = ("p50", "p90", "p99", "mean", "min", "max")
    for count, known in ((1, ()), (2, ("p50",)), (10, ("p50", "p90")), (100, ("p50", "p90", "p99"))):
        of = figures(shares(np.full(count, 20 * MILLISECOND)), *names)
        assert tuple(each.quantile for each in of) == (*known, "mean", "min", "max")
    assert figures_of([(STEADY, Shares())], names) == []


def test_one_late_exchange_of_a_short_phase_is_no_percentile_but_the_maximum() -> None:
    """The first command of the README was DEGRADED for one request of 1.44 ms of lag."""
    net = np.full(120, 25 * MILLISECOND)
    late = shares(net, lag=np.where(np.arange(120) == 7, round(1.44 * MILLISECOND), 0))
    assert [of.verdict for of in figures(late, "p50", "p90", "p99")] == [Verdict.VALID] * 3
    assert figure(late, "max").verdict is Verdict.DEGRADED


def test_the_mean_is_the_share_of_all_time() -> None:
    lag = np.where(np.arange(1000) < 500, 8 * MILLISECOND, 0)
    of = figure(shares(np.full(1000, 16 * MILLISECOND), lag=lag), "mean")
    assert (of.share, of.value) == (pytest.approx(0.2), pytest.approx(20 * MILLISECOND))


def test_making_a_connection_is_what_the_profile_asked_for() -> None:
    net, some = np.full(1000, 20 * MILLISECOND), np.full(1000, MILLISECOND)
    assert figure(shares(net, handshake=5 * some, connect=some)).part == 0, "however much it is"
    stalled = figure(shares(net, handshake=some, connect=6 * some))
    assert stalled.parts == {"connect_delay": pytest.approx(5 * MILLISECOND, rel=0.001)}
    assert stalled.verdict is Verdict.INVALID


def test_what_decides() -> None:
    """The figures that thresholds and the primary figure are about; without any, p50 and p99."""
    of = shares(np.full(2000, 20 * MILLISECOND))
    places = [Place("a", 1, "s/get"), Place("a", 1, "s/put"), Place("b", 1, "s/get")]

    def deciding(*asked: Asked) -> list[tuple[str, str, str]]:
        every = figures_of([(place, of) for place in places], ["p50", "p90", "p99"], asked)
        return [(each.phase, each.step, each.quantile) for each in every if each.decides]

    assert len(deciding()) == 6 and {quantile for _, _, quantile in deciding()} == {"p50", "p99"}
    assert deciding(Asked("a", "", "response", "p90")) == [("a", "s/get", "p90"), ("a", "s/put", "p90")]
    for step in ("put", "s/put"):
        assert deciding(Asked("a", step, "service", "max")) == [("a", "s/put", "max")]
    assert deciding(Asked("b", "s", "iteration", "p99")) == [("b", "s/get", "p99")]
    assert deciding(Asked("a", "", "lag", "p99")) == [], "of which this machine makes all, and should"


def test_the_worst_are_first() -> None:
    lag = np.where(np.arange(2000) < 100, 6 * MILLISECOND, 0)
    of = ranked(figures(shares(np.full(2000, 24 * MILLISECOND), lag=lag), "p50", "p90", "p99", "p99.9"))
    assert [(each.quantile, each.decides) for each in of] == [
        ("p99", True), ("p99.9", False), ("p50", True), ("p90", False),
    ]  # fmt: skip
