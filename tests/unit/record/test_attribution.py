"""Whose time a percentile is: against the exchanges about it, added up one by one."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from engine_harness import Run, go

from loadgen.analysis.build import Measured, variant
from loadgen.analysis.latency import latency
from loadgen.clock import MILLISECOND as MS
from loadgen.exchange import NEW, Exchange, Outcome
from loadgen.record.attribution import HELD_BACK, NONE, attributions
from loadgen.record.lifted import Lift
from loadgen.record.metrics import OF_EXCHANGE, Metric
from loadgen.record.share import Shares, by_series, divide
from loadgen.report.terminal.parts import share_bar
from loadgen.result.latency import Resent
from loadgen.result.run import Step
from loadgen.stats import Histogram
from loadgen.transport.scripted import NEVER, Reply

PARTS = ("target", "connect", "wait", "build", "held", "own", "handshake")
OPEN = "load: [{name: steady, rate: 1000/s, for: 4s}]\nsession: {connections: 40}\n"
CLOSED = "load: [{name: users, users: 20, for: 3s}]\n"


def uneven(seed: int = 1, late: int = MS) -> Any:
    """A target that is slow for some, slow to connect to, and a client that is up to `late` ns slow to look."""
    random = Random(seed)

    def reply(x: Exchange) -> Reply:
        slow = random.random() < 0.03
        after = int(random.lognormvariate(1, 0.4) * MS) + (60 * MS if slow else 0)
        return Reply(after, connect=random.randrange(5, 25) * MS, client_delay=random.randrange(late))

    return reply


def step(run: Run) -> Step:
    return variant(Measured(run.plan, run.ledger, run.recording)).phases[0].steps[0]


def by_hand(run: Run, value: float, reach: int, position: int) -> dict[str, float]:
    """The parts of the ok exchanges about a rank, each as its share of their time, times `value`."""
    scheduled = run.plan.runs[0].phase.kind == "open"
    ok = [x for x in run.of(0) if not x.outcome]
    ok.sort(key=lambda x: x.done - (x.due if scheduled else x.started))
    near = ok[max(0, position - 1 - reach) : position + reach]
    whole = sum(x.done - (x.due if scheduled else x.started) for x in near)
    parts = {
        "connect": sum(x.connected - x.started for x in near if x.connection == NEW),
        "wait": sum(x.started - x.signed for x in near) if scheduled else 0,
    }
    return {name: part * value / whole for name, part in parts.items()}


@pytest.mark.parametrize("written", [OPEN, CLOSED])
def test_the_parts_are_those_of_the_exchanges_about_the_percentile(written: str) -> None:
    run = go(written, uneven(late=1))
    found, count = step(run), len(run.of(0))
    figures = found.latency_ms["response" if written == OPEN else "service"]
    assert set(found.whose_ms) == {"mean", "p50", "p99", "p99.9"}
    for name, position, beyond in (("p50", -(-count // 2), 0.5), ("p99", -(-count * 99 // 100), 0.01)):
        of, p = found.whose_ms[name], figures.quantiles[name]
        reach = max(2, round(beyond * count / 10))
        assert of.value == p is not None
        expected = by_hand(run, p, reach, position)
        assert of.requests == 2 * reach + 1
        for part, value in expected.items():
            # at its edges the band ends within a counter, of which neighbours are taken in part
            assert getattr(of, part) == pytest.approx(value, abs=0.3 * of.value / of.requests + 0.002 * of.value)


@pytest.mark.parametrize("written", [OPEN, CLOSED])
def test_the_parts_add_up_to_the_percentile(written: str) -> None:
    every = step(go(written, uneven(2))).whose_ms
    assert set(every) == {"mean", "p50", "p99", "p99.9"}
    for of in every.values():
        parts = [getattr(of, part) for part in PARTS]
        assert sum(parts) == pytest.approx(of.value)
        assert min(parts) >= 0


@pytest.mark.parametrize("written", [OPEN, CLOSED])
def test_this_machine_s_part_is_by_how_much_it_lifted_the_percentile(written: str) -> None:
    """The figure that the verdict on the run has, whatever parts the exchanges about the percentile have."""
    run = Run(written, uneven(3, 9 * MS)).stall(700 * MS, 30 * MS).go()
    lift = Lift(Shares.together(of for key, of in run.recording.shares.items() if not key.slot))
    every = step(run).whose_ms
    for name in ("p50", "p99", "p99.9"):
        lifted = lift.of(name)
        assert lifted and 0 < every[name].own == pytest.approx(lifted.share * every[name].value, abs=1e-5)


def test_what_is_left_is_of_those_that_would_be_about_the_percentile() -> None:
    """One in 50 is read 100 ms late, and was quick. Without that, those that waited for the target would be about it;
    and the parts of the late ones are none of the percentile's."""
    number = iter(range(1_000_000))

    def reply(x: Exchange) -> Reply:
        at = next(number)
        return Reply((60 if at % 50 == 7 else 2) * MS, client_delay=100 * MS if at % 50 == 3 else 0)

    of = step(go("load: [{name: steady, rate: 1000/s, for: 2s, arrivals: constant}]\n", reply)).whose_ms["p99"]
    assert of.value == pytest.approx(102, rel=0.01)
    assert (of.own, of.target) == (pytest.approx(42, rel=0.02), pytest.approx(60, rel=0.02))


def test_what_made_others_slow_is_not_in_the_p99() -> None:
    """Three in a hundred connect slowly and are answered at once; one in a thousand is read late. p99 of the parts by
    themselves would say that the p99 was spent connecting twice over."""
    number = iter(range(1_000_000))

    def reply(x: Exchange) -> Reply:
        at = next(number)
        if at % 25 == 0:
            return Reply(80 * MS)
        return Reply(2 * MS, client_delay=20 * MS if at % 20 == 7 else 0)

    of = step(go("load: [{name: steady, rate: 1000/s, for: 2s, arrivals: constant}]\n", reply)).whose_ms["p99"]
    assert of.value == pytest.approx(80, rel=0.001)
    assert (of.target, of.own) == (pytest.approx(of.value), 0)


def test_the_machine_s_own_stall_is_its_own() -> None:
    run = Run(OPEN, lambda x: Reply(2 * MS)).stall(1000 * MS, 200 * MS).go()
    of = step(run).whose_ms["p99"]
    assert of.own > 0.9 * of.value and of.own_at_least is False


def test_what_adaptive_retries_hold_back_is_not_the_machine_s() -> None:
    series = np.zeros(100, np.int64)
    figures = np.full((100, len(OF_EXCHANGE)), -1, np.int64)
    figures[:, [Metric.RESPONSE, Metric.SIGN, Metric.LAG]] = [100 * MS, 60 * MS, MS]
    shares = Shares.together(shares for _, shares in by_series(divide(series, figures)))
    of_100 = latency(Histogram.of(np.full(100, 100 * MS, np.int64)))
    mine, held = (
        attributions(shares, of_100, {"p99": Lift(shares, asked).of("p99").share}, asked)["p99"]
        for asked in (NONE, HELD_BACK)
    )
    assert (mine.held, mine.own) == (0.0, 61.0)
    assert (held.held, held.own) == (60.0, 1.0)


def test_a_percentile_among_timeouts_has_no_parts() -> None:
    number = iter(range(1_000_000))
    found = step(go(f"timeout: 500ms\n{OPEN}", lambda x: Reply(NEVER if next(number) % 20 == 0 else 5 * MS)))
    assert found.latency_ms["response"].quantiles["p99"] is None
    assert set(found.whose_ms) == {"mean", "p50"}
    assert found.whose_ms["p50"].target == pytest.approx(5, rel=0.001)


def test_of_few_that_are_far_apart_nothing_is_known() -> None:
    """Ranks 1 to 4 are about the p50 of four: 5, 5, 90 and 90 ms are not 5 ms of anything."""
    load = "load: [{name: steady, rate: 10/s, iterations: 4, arrivals: constant}]\n"
    number = iter(range(4))
    apart = step(go(load, lambda x: Reply((5 if next(number) < 2 else 90) * MS)))
    assert apart.latency_ms["response"].quantiles["p50"] == pytest.approx(5, rel=0.001)
    assert set(apart.whose_ms) == {"mean"}
    assert set(step(go(load, lambda x: Reply(5 * MS))).whose_ms) == {"mean", "p50"}


def test_a_percentile_on_the_step_between_two_kinds_of_answers_is_not_divided_up() -> None:
    """One in a hundred takes 300 ms: p99 may be 5 or 300."""
    number = iter(range(1_000_000))
    found = step(go(OPEN, lambda x: Reply((300 if next(number) % 100 == 0 else 5) * MS)))
    assert found.shape and set(found.shape.on_step) == {"p99"}
    assert set(found.whose_ms) == {"mean", "p50", "p99.9"}


def test_the_bar_is_of_what_was_ok() -> None:
    """A check that fails takes the target as long; what took the time is not told, and not put on this machine."""
    failing = step(go(OPEN, lambda x: Reply(20 * MS, status=500)))
    assert share_bar(failing.whose_ms.get("mean"), 10) == ""
    number = iter(range(1_000_000))
    late = step(go(OPEN, lambda x: Reply(20 * MS, status=500 if next(number) % 100 else 200, client_delay=20 * MS)))
    mean = late.whose_ms["mean"]
    assert (mean.target, mean.wait) == (pytest.approx(20), 0), "who waits for one that was seen late waits for us"
    assert mean.own == pytest.approx(20 + (late.latency_ms["wait"].mean or 0.0))
    bar = share_bar(mean, 10)
    assert bar.count("░") == pytest.approx(10 * mean.own / mean.value, abs=0.5)
    assert len(bar) == bar.count("░") + bar.count("█")


def test_the_parts_are_plain_numbers() -> None:
    every = step(go(OPEN, uneven())).whose_ms
    assert {type(getattr(of, part)) for of in every.values() for part in ("value", *PARTS)} == {float}


def test_without_stamps_the_machine_s_part_is_at_least_so_much() -> None:
    class Blind(Run):
        def _member(self, *of: Any) -> Any:
            member = super()._member(*of)
            done = member.transport.done

            def forget(x: Exchange) -> None:
                x.received = 0
                done(x)

            member.transport.done = forget
            return member

    found = step(Blind(OPEN, uneven()).go()).whose_ms
    assert found and all(of.own_at_least for of in found.values())


def test_of_a_run_whose_exchanges_are_gone_nothing_is_said() -> None:
    run = go(OPEN, uneven())
    run.recording.shares.clear()
    assert step(run).whose_ms == {}


def test_failures_are_none_of_it() -> None:
    number = iter(range(1_000_000))

    def reply(x: Exchange) -> Reply:
        return Reply(200 * MS, status=503) if next(number) % 10 == 0 else Reply(5 * MS)

    run = go(OPEN, reply)
    assert run.outcomes(0)[Outcome.HTTP_5XX.word] > 100
    assert step(run).whose_ms["p99.9"].value == pytest.approx(5, rel=0.001)


def test_connects_that_had_to_be_tried_again_are_said_to_be_such() -> None:
    """A connect p99 of 1.02 s is a lost packet, and no slow target."""
    number = iter(range(1_000_000))

    def reply(x: Exchange) -> Reply:
        return Reply(2 * MS, connect=(1020 if next(number) % 25 == 0 else 20) * MS)

    found = step(go("load: [{name: steady, rate: 200/s, for: 2s}]\nsession: per-request\n", reply))
    connect = found.latency_ms["connect"]
    assert connect.quantiles["p99"] == pytest.approx(1020, rel=0.001)
    assert connect.resent == Resent(-(-connect.count // 25), after_s=1)
    assert found.whose_ms["p99"].connect > 0.99 * 1020
    usual = step(go("load: [{name: steady, rate: 200/s, for: 2s}]\nsession: per-request\n", uneven()))
    assert usual.latency_ms["connect"].resent is None
