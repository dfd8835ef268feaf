"""What the figures of a run prove: each finding with the facts that its sentence is made of, and silence without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_steps import Floats, phase, step, variant, whose

from loadgen.analysis.findings import ORDER, findings
from loadgen.report.sentences import sentence
from loadgen.result.odd import Odd, Tail
from loadgen.result.reason import Reason
from loadgen.result.run import Failure, Phase, Silence, Step
from loadgen.result.settling import Growth, Settling

DICE = np.random.Generator(np.random.PCG64(16))


def body(count: int, median: float = 0.020, sigma: float = 0.25) -> Floats:
    return median * np.exp(sigma * DICE.standard_normal(count))


def cold(count: int, share: float, by: float = 0.3) -> tuple[Floats, dict[str, np.ndarray]]:
    slow = np.arange(count) < share * count
    times = body(count) + np.where(slow, by, 0)
    return times, {"cold=true": slow, "cold=false": ~slow}


def only(*phases: Phase) -> Reason:
    (found,) = findings(variant(*phases))
    return found.observed


def test_cold_starts_made_the_tail() -> None:
    times, strata = cold(3000, 0.03)
    found = only(phase("burst", step("put", times, strata)))
    assert (found.code, found.values["stratum"], found.values["share"]) == ("stratum_made_tail", "cold=true", 0.03)
    assert 0.3 < found.values["p50_low_ms"] / 1000 < 0.36  # type: ignore[operator]
    assert found.values["others_high_ms"] < 60 < found.values["p99_low_ms"]  # type: ignore[operator]
    text = sentence(found)
    assert text.startswith("Cold starts made the p99, 3")
    assert "3% of its requests were cold (p50 3" in text and "the warm ones kept a p99 of " in text


def test_a_rise_is_told_with_the_rates_of_both_phases() -> None:
    calm = [phase("steady", step("put", body(1000)), cycle=cycle, cycles=2) for cycle in (1, 2)]
    bursts = [phase("burst", step("put", *cold(3000, 0.03)), cycle=cycle, cycles=2, rate=1000) for cycle in (1, 2)]
    found = only(*calm, *bursts)
    assert (found.values["before"], found.values["before_per_s"], found.values["per_s"]) == ("steady", 200, 1000)
    assert " ms in steady (200/s) to 3" in sentence(found)


def test_any_stratum_can_make_the_tail_and_is_named() -> None:
    times, strata = cold(3000, 0.05)
    named = {"region=far": strata["cold=true"], "region=near": strata["cold=false"]}
    text = sentence(only(phase("a", step("put", times, named))))
    assert text.startswith("The requests with region=far made the p99, ")
    assert "5% of its requests have it" in text and "the others kept" in text


def test_strata_that_are_alike_made_nothing() -> None:
    mask = np.arange(3000) < 90
    assert not findings(variant(phase("a", step("put", body(3000), {"x=1": mask, "x=2": ~mask}))))


def test_a_stratum_must_make_the_tail_in_every_cycle_that_has_enough_of_it() -> None:
    slow, other = step("put", *cold(3000, 0.03)), step("put", *cold(3000, 0.03, by=0.0))
    codes = {of.observed.code for of in findings(variant(phase("a", slow), phase("a", other, cycle=2, cycles=2)))}
    assert "stratum_made_tail" not in codes
    codes = {of.observed.code for of in findings(variant(phase("a", slow), phase("a", slow, cycle=2, cycles=2)))}
    assert "stratum_made_tail" in codes


def test_two_kinds_of_answer_without_a_stratum() -> None:
    times, _ = cold(5000, 0.0105)
    found = only(phase("a", step("get", times)))
    assert (found.code, found.values["between"], found.values["quantile"]) == ("two_kinds", 0, "p99"), found
    assert found.values["low_ms"] < 100 < 276 < found.values["high_ms"]  # type: ignore[operator]
    assert found.values["slow_share_low"] < 0.0105 < found.values["slow_share_high"]  # type: ignore[operator]
    assert "none in between. p99 lies on that step: it may be " in sentence(found)


def test_a_percentile_that_lies_clear_of_the_step_has_its_figure() -> None:
    times, _ = cold(5000, 0.2)
    found = only(phase("a", step("get", times)))
    assert "quantile" not in found.values
    assert "lies on" not in sentence(found)


def test_timeouts_hide_a_percentile() -> None:
    found = only(phase("a", step("get", body(1000), timeouts=41)))
    assert (found.code, found.values["timeouts"], found.values["requests"]) == ("timeouts_hide", 41, 1041)
    assert "p99 is among 41 timeouts of 1,041 requests: it is more than 5,000 ms" in sentence(found)


def test_throttling_is_told_with_its_reason() -> None:
    why = (Failure("throttled", 30, {"ThrottlingException": 28, "429": 2}, {}),)
    found = only(phase("a", step("get", body(970), outcomes={"throttled": 30}, failures=why)))
    assert sentence(found) == "30 of 1,000 requests, 3%, were throttled (ThrottlingException)."
    assert not findings(variant(phase("a", step("get", body(5000), outcomes={"throttled": 1}))))


@pytest.mark.parametrize(
    ("part", "code"), [("wait", "queue_for_connections"), ("connect", "new_connections")], ids=["wait", "connect"]
)
def test_a_part_of_a_figure_that_is_large(part: str, code: str) -> None:
    of = whose(64.0, **{part: 31.0})
    found = only(phase("a", step("get", body(1000), whose={"p99": of})))
    assert (found.code, found.values) == (code, {"quantile": "p99", "value_ms": 64.0, "part_ms": 31.0})
    assert sentence(found).startswith("31.0 of the 64.0 ms at p99 are ")
    small = whose(64.0, **{part: 15.0})
    assert not findings(variant(phase("a", step("get", body(1000), whose={"p99": small}))))


def is_behind(of: Step, beyond: int, value: float = 140.0) -> Step:
    odd = Odd("1", "p99", value, 40.0, 44.0, 0)
    return replace(of, behind=odd, tail=Tail(120.0, beyond, 50))


def test_a_step_that_is_behind_all_others_in_every_cycle() -> None:
    """Told with its part in the tail, if it made most of it."""
    one, two = step("one", body(4000)), step("two", body(1000))
    cycles = [phase("a", one, is_behind(two, 48, of), cycle=at, cycles=2) for at, of in enumerate((140.0, 150.0), 1)]
    (found,) = findings(variant(*cycles))
    assert (found.step, found.observed.code) == ("two", "step_behind")
    assert sentence(found.observed) == (
        "This step is behind: its p99 is 140-150 ms, that of the others 40.0-44.0 ms. Of the requests beyond the p99 "
        "of all, 96% are of this step, which has 20% of all requests."
    )
    (found,) = findings(variant(phase("a", one, is_behind(two, 20))))
    assert sentence(found.observed).endswith("that of the others 40.0-44.0 ms.")
    assert not findings(variant(cycles[0], replace(cycles[1], steps=(one, two))))


def test_the_way_to_the_target_is_long() -> None:
    found = only(phase("a", step("get", body(1000, median=0.064)), trip=38.0))
    assert found.code == "far_away"
    assert sentence(found).startswith("38.0 of the 6")
    assert not findings(variant(phase("a", step("get", body(1000)), trip=0.3)))


def test_what_changes_the_reading_most_comes_first() -> None:
    times, strata = cold(3000, 0.05)
    of = whose(64.0, connect=31.0)
    found = findings(variant(phase("a", step("get", times, strata, timeouts=200, whose={"p99": of}))))
    codes = [one.observed.code for one in found]
    assert codes == sorted(codes, key=ORDER.index) and len(codes) > 1


def test_a_run_without_figures_proves_nothing() -> None:
    assert findings(variant()) == ()
    assert findings(variant(phase("a", step("get", body(0))))) == ()


def test_a_phase_that_grows_is_told_first() -> None:
    grown = Settling("no", Growth(2.0, 1012.0, 900.0), Growth(1.0, 500.0, 900.0), 0.952)
    cycles = [
        replace(phase("a", step("get", body(1000)), cycle=cycle, cycles=2), settling=settling)
        for cycle, settling in ((1, Settling("yes", Growth(2.0, 2.0, 0.1), Growth(1.0, 1.0, 0.1), 1.0)), (2, grown))
    ]
    assert only(*cycles) == Reason.of("phase_grows", begin_ms=2.0, end_ms=1012.0, answered=0.952)
    assert ORDER[0] == "phase_grows"
    assert not findings(variant(cycles[0], phase("b", step("get", body(1000)))))


def test_of_several_stalls_the_longest_is_told() -> None:
    calm = phase("a", step("get", body(1000)))
    one, more = Silence(12.3, 2.0, 412), Silence(20.0, 0.5, 90)
    assert sentence(only(replace(calm, silences=(one,)))) == (
        "The target, or the way to it, stalled at 12.3 s for 2.0 s: no answer came, while 412 requests were due."
    )
    assert sentence(only(replace(calm, silences=(one, more)))).endswith(" That is the longest of 2 such times.")


def by_worker(of: Step, **more: float | str) -> Step:
    odd = {"name": "1", "quantile": "p99", "value": 140.0, "others_low": 40.0, "others_high": 44.0, "timeouts": 0}
    return replace(of, odd_worker=Odd(**odd | more))  # type: ignore[arg-type]


def test_a_worker_that_differs_is_told_if_it_is_the_same_in_every_cycle() -> None:
    plain = step("get", body(1000))
    cycles = [
        phase("a", of, cycle=at, cycles=2) for at, of in enumerate((by_worker(plain), by_worker(plain, value=150.0)), 1)
    ]
    text = sentence(only(*cycles))
    assert text == "One worker differs: the p99 of worker 1 is 140-150 ms, that of the others 40.0-44.0 ms."
    for other in (plain, by_worker(plain, name="0"), by_worker(plain, quantile="p50")):
        assert not findings(variant(cycles[0], replace(cycles[1], steps=(other,))))


def test_a_worker_whose_percentile_is_among_timeouts_is_told_so() -> None:
    found = only(phase("a", by_worker(step("get", body(1000)), value=5000.0, timeouts=31)))
    assert sentence(found).startswith("One worker differs: the p99 of worker 1 is more than 5,000 ms")


def test_an_address_that_differs_is_named() -> None:
    odd = Odd("10.0.0.7", "p50", 40.0, 20.0, 22.0, 0)
    found = only(phase("a", replace(step("get", body(1000)), odd_address=odd)))
    assert found.code == "address_differs"
    assert sentence(found) == (
        "One address of the target differs: the p50 of 10.0.0.7 is 40.0 ms, that of the others 20.0-22.0 ms."
    )
