"""Variants held against a baseline, from folders as runs write them: what was planted is found, where it comes from
adds up, and what disturbs a comparison leaves it without a verdict."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest
from engine_harness import START, Script
from experiment_folders import (
    ROUNDS,
    answering,
    compared,
    comparison_of,
    figure,
    ratio_of,
    rewritten,
    text,
    write_experiment,
)

from loadgen.clock import MILLISECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.experiment.comparison import decided
from loadgen.experiment.folder import decided as decided_after
from loadgen.profile.load import Variant
from loadgen.result.codec import from_json, to_json
from loadgen.result.experiment import Comparison
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.transport.scripted import NEVER, Reply


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fresh is one and a half times as slow, and connects for 4 ms; all of it drifts by 5 % from round to round."""
    folder = tmp_path_factory.mktemp("planted") / "x"
    behave = answering(connect=4, drift=0.05, ratio=lambda number: 1.5)
    return write_experiment(folder, text(), behave, rounds=ROUNDS)


@pytest.fixture(scope="module")
def found(planted: Path) -> Comparison:
    return comparison_of(planted)


# what was planted


def test_a_planted_ratio_is_found_in_spite_of_drift(found: Comparison) -> None:
    assert (found.valid, found.why_not) == (True, ())
    assert all(check.ok for check in found.checks)
    primary = figure(found)
    assert primary.primary
    assert primary.verdict == "slower"
    low, ratio, high = ratio_of(primary)
    assert low < ratio < high
    # 1.5 x 8 + 4 over 8, all but the connect drifting by 5 to 40 %
    assert low < 1.5 + 4 / (8 * 1.225) < high
    assert high / low < 1.2
    assert primary.variant_ms and primary.baseline_ms
    assert primary.difference_ms == pytest.approx(primary.variant_ms - primary.baseline_ms, abs=1e-5)
    assert decided(found)


def test_every_figure_is_told_by_round(found: Comparison, planted: Path) -> None:
    for entry in found.figures:
        assert len(entry.rounds) == ROUNDS
        assert entry.variant == "fresh" and entry.baseline == "shared"
    for number, (base, variant) in enumerate(figure(found).rounds, 1):
        for name, value in (("shared", base), ("fresh", variant)):
            result = json.loads((planted / "rounds" / f"{number:02d}" / name / "result.json").read_text())
            phase = next(p for p in result["variants"][0]["phases"] if p["name"] == "steady")
            assert value == pytest.approx(phase["steps"][0]["latency_ms"]["response"]["p50"], abs=1e-6)


def test_only_what_the_plan_can_know_is_compared(found: Comparison) -> None:
    assert [f.quantile for f in found.figures] == ["p50", "p90", "p95", "p99", "mean"] * 2
    assert [f.metric for f in found.figures] == ["response"] * 5 + ["target"] * 5
    assert [f.primary for f in found.figures] == [True] + [False] * 9
    assert {f.phase for f in found.figures} == {"steady"}, "what is not measured is not compared"


def test_a_primary_figure_that_a_round_does_not_know_says_so(tmp_path: Path) -> None:
    written = text(2).replace("response p50", "response p99.9")
    entry = figure(compared(tmp_path / "x", answering(), written, rounds=2), "p99.9")
    assert (entry.primary, entry.verdict, entry.ratio, entry.baseline_ms) == (True, "none", None, None)
    assert entry.why
    assert (entry.why.code, entry.why.values["needs"], entry.why.run) == ("too_few", 1000, ("shared", 1))


def test_it_is_plain_json_and_the_same_again(found: Comparison, planted: Path) -> None:
    assert from_json(Comparison, json.loads(json.dumps(to_json(found), allow_nan=False))) == found
    assert comparison_of(planted) == found


def test_the_parts_add_up_to_the_difference_of_the_mean(found: Comparison) -> None:
    parts = {part.part: part for part in found.parts}
    mean = figure(found, "mean")
    for which in ("baseline_ms", "variant_ms", "difference_ms"):
        whole = getattr(parts["response"], which)
        assert math.fsum(getattr(part, which) for part in parts.values() if part.adds) == pytest.approx(whole, abs=1e-5)
        assert whole == pytest.approx(getattr(mean, which), abs=1e-5)
    assert replace(parts["connect"], part="tcp", adds=False) == parts["tcp"]
    assert parts["connect"].baseline_ms < 0.1 < 4 == parts["connect"].variant_ms
    assert (parts["tcp"].adds, parts["connect"].adds, parts["response"].adds) == (False, True, False)
    assert parts["service_new"].baseline_ms < 0.5 < 10 < parts["service_new"].variant_ms
    assert parts["service_reused"].variant_ms == 0 < 8 < parts["service_reused"].baseline_ms
    assert parts["ours"].baseline_ms == parts["ours"].variant_ms == 0.05
    assert parts["connect"].p50.variant_ms == pytest.approx(4, rel=1e-3)
    assert parts["ours"].p50.variant_ms is None
    assert parts["response"].p50.variant_ms == pytest.approx(figure(found).variant_ms, rel=1e-3)


def test_the_parts_of_a_difference_have_intervals(found: Comparison) -> None:
    """That of the whole is that of the mean, and a part that is the same in each round has none of its width."""
    parts = {part.part: part for part in found.parts}
    mean, whole = figure(found, "mean"), parts["response"]
    ends = whole.difference_low, whole.difference_high
    assert ends == pytest.approx((mean.difference_low, mean.difference_high), abs=1e-5)
    for part in found.parts:
        assert part.difference_low is not None and part.difference_high is not None
        assert part.difference_low <= part.difference_ms <= part.difference_high
    connect, service = parts["connect"], parts["service_new"]
    assert (connect.difference_high or 0) - (connect.difference_low or 0) < 0.1 < 0.5
    assert (service.difference_high or 0) - (service.difference_low or 0) > 0.5


def test_curves_of_all_variants_can_be_drawn(found: Comparison) -> None:
    assert [curve.variant for curve in found.curves] == ["shared", "fresh"]
    for curve in found.curves:
        which = "baseline_ms" if curve.variant == "shared" else "variant_ms"
        assert [point[0] for point in curve.points] == ["p50", "p90", "p95", "p99"]
        for quantile, value, low, high in curve.points:
            assert low is not None and high is not None
            assert low < value < high
            rounds = [pair[which == "variant_ms"] for pair in figure(found, quantile).rounds]
            assert value == pytest.approx(math.exp(math.fsum(math.log(ms or 0) for ms in rounds) / ROUNDS), abs=1e-5)
            assert low * high == pytest.approx(value**2, rel=1e-5), "on logarithms it reaches as far down as up"


def test_identical_variants_are_never_found_different(tmp_path: Path) -> None:
    found = compared(tmp_path / "x", answering(drift=0.05))
    assert found.valid
    assert {f.verdict for f in found.figures} <= {"equivalent", "inconclusive"}
    for entry in found.figures:
        low, _, high = ratio_of(entry)
        assert low < 1.05 and high > 1 / 1.05


def test_a_difference_in_the_tail_is_not_claimed_at_the_median(tmp_path: Path) -> None:
    def behave(variant: Variant, number: int) -> Script:
        random = Random(f"{variant.name} {number}")
        slow = 5 if variant.name == "fresh" else 1

        def script(x: Exchange) -> Reply:
            return Reply(after=int((8 + random.random() / 10) * (slow if random.random() < 0.08 else 1) * MILLISECOND))

        return script

    found = compared(tmp_path / "x", behave, text().replace("response p50", "response p95"))
    assert figure(found, "p95").verdict == "slower"
    assert figure(found, "p50").verdict == "equivalent"


# looks


def test_a_look_ends_what_it_decides(tmp_path: Path) -> None:
    slower = write_experiment(tmp_path / "a", text("[6, 12]"), answering(ratio=lambda number: 1.5), rounds=6)
    assert comparison_of(slower).confidence > 0.95, "several looks share the doubt"
    assert decided_after(slower, 6)
    unclear = write_experiment(tmp_path / "b", text("[6, 12]"), answering(median=30, ratio=lambda n: 1.06), rounds=6)
    assert not decided_after(unclear, 6)
    assert figure(comparison_of(unclear)).more_rounds


def test_a_few_rounds_are_no_verdict(tmp_path: Path) -> None:
    found = compared(tmp_path / "x", answering(ratio=lambda number: 3), rounds=3)
    primary = figure(found)
    assert (found.valid, primary.verdict, primary.why) == (True, "none", Reason.of("too_few_rounds", needs=6, rounds=3))
    assert primary.ratio and primary.ratio > 2


@pytest.mark.parametrize("rounds", [1, 5])
def test_few_rounds_are_shown_without_intervals(tmp_path: Path, rounds: int) -> None:
    found = compared(tmp_path / "x", answering(), rounds=rounds)
    primary = figure(found)
    assert (primary.verdict, primary.ratio_low, primary.difference_high) == ("none", None, None)
    assert primary.why == Reason.of("too_few_rounds", needs=6, rounds=rounds)
    assert primary.ratio and primary.baseline_ms and primary.variant_ms
    assert len(primary.rounds) == rounds
    assert all(low is high is None for curve in found.curves for _, _, low, high in curve.points)
    assert all(part.difference_low is part.difference_high is None for part in found.parts)


# censored, cycles, steps, closed loads


def test_timeouts_are_a_bound_in_one_variant(tmp_path: Path) -> None:
    def behave(variant: Variant, number: int) -> Script:
        random, plain = Random(number), answering()(variant, number)
        return lambda x: Reply(after=NEVER) if variant.name == "fresh" and random.random() < 0.3 else plain(x)

    found = compared(tmp_path / "x", behave, text().replace("timeout: 2s", "timeout: 300ms"))
    assert found.valid, found.why_not
    tail = figure(found, "p90")
    assert tail.verdict == "slower"
    assert (tail.variant_ms, tail.ratio_high) == (None, None)
    assert tail.ratio_low and tail.ratio_low > 20
    assert figure(found, "mean").variant_ms is None


def test_cycles_are_never_pooled(tmp_path: Path) -> None:
    def behave(variant: Variant, number: int) -> Script:
        def script(x: Exchange) -> Reply:
            return Reply(after=(40 if x.slot == 2 else 10) * MILLISECOND)  # the second cycle takes four times as long

        return script

    written = text(rounds=2).replace("session:", "cycles: 2\nsession:", 1)
    found = compared(tmp_path / "x", behave, written, rounds=2)
    assert figure(found).rounds[0] == (pytest.approx(20, rel=2e-3),) * 2, "the geometric mean of both"
    assert figure(found, "mean").rounds[0][0] == pytest.approx(25, rel=0.1), "of all requests"


STEPS = """scenarios:
  - name: order
    steps: [{name: put, post: /}, {name: read, get: /}]
"""


def test_steps_are_told_apart_and_iterations_are_whole(tmp_path: Path) -> None:
    written = text(rounds=2).replace("steady response p50", "steady iteration p90") + STEPS
    behave = answering(connect=2)
    found = compared(tmp_path / "x", behave, written, rounds=2)
    assert {(f.step, f.metric) for f in found.figures} == {
        ("put", "response"), ("put", "target"), ("read", "response"), ("read", "target"), ("", "iteration"),
    }  # fmt: skip
    assert [(f.step, f.quantile) for f in found.figures if f.primary] == [("", "p90")]
    put, read, whole = (
        figure(found, "mean", step=s, metric=m).variant_ms
        for s, m in (("put", "response"), ("read", "response"), ("", "iteration"))
    )
    assert whole == pytest.approx(put + read, abs=1e-4)
    assert {(part.step, part.part) for part in found.parts} >= {("put", "connect"), ("read", "connect")}


def test_scenarios_are_told_apart(tmp_path: Path) -> None:
    written = text(rounds=2).replace("steady response p50", "steady list response p90")
    written += STEPS + "  - {name: browse, steps: [{name: list, get: /}]}\n"
    found = compared(tmp_path / "x", answering(), written, rounds=2)
    assert {(f.step, f.metric) for f in found.figures} == {
        *product(("order/put", "order/read", "browse/list"), ("response", "target")), ("order", "iteration"),
    }  # fmt: skip
    assert {f.step for f in found.figures if f.primary} == {"browse/list"}


def test_a_closed_load_is_compared_by_its_service(tmp_path: Path) -> None:
    written = text(rounds=2).replace("rate: 100/s", "users: 4").replace("response p50", "service p50")
    found = compared(tmp_path / "x", answering(connect=3), written, rounds=2)
    assert {f.metric for f in found.figures} == {"service", "target"}
    parts = {part.part: part for part in found.parts}
    assert "response" not in parts
    total = math.fsum(part.variant_ms for part in parts.values() if part.adds)
    assert total == pytest.approx(parts["service"].variant_ms, abs=1e-5)
    assert parts["service"].variant_ms == pytest.approx(figure(found, "mean", metric="service").variant_ms, abs=1e-5)


def test_what_failed_is_in_no_part(tmp_path: Path) -> None:
    def behave(variant: Variant, number: int) -> Script:
        random, plain = Random(number), answering(connect=5)(variant, number)

        def script(x: Exchange) -> Reply:
            broken = Reply(after=90 * MILLISECOND, connect=5 * MILLISECOND, outcome=Outcome.RESET)
            return broken if random.random() < 0.1 else plain(x)

        return script

    found = compared(tmp_path / "x", behave, rounds=2)
    parts = {part.part: part for part in found.parts}
    total = math.fsum(part.variant_ms for part in parts.values() if part.adds)
    assert total == pytest.approx(figure(found, "mean").variant_ms, abs=1e-5)
    assert parts["connect"].variant_ms == 5


# what the machine cannot tell


def measured(folder: Path, *p50s: float) -> None:
    """Let the machine of the runs have had these resolutions of p50, in ms, in turn."""
    for number, path in enumerate(sorted(folder.glob("rounds/*/*/result.json"))):
        resolution = Resolution.measured("ticks", {"p50": p50s[number % len(p50s)]})
        document = json.loads(path.read_text()) | {"resolution": to_json(resolution)}
        path.unlink()  # it may be shared
        path.write_text(json.dumps(document))


def read_late(variant: Variant, number: int) -> Script:
    """Answers after about 0.2 ms, the same ones of both, of which this machine reads those of fresh 0.06 ms later."""
    random = Random(number)
    delay = 50_000 + 60_000 * (variant.name == "fresh")
    return lambda x: Reply(after=int(random.lognormvariate(math.log(0.2), 0.3) * MILLISECOND), client_delay=delay)


def test_a_difference_that_the_machine_cannot_tell_is_equivalent(tmp_path: Path) -> None:
    """0.06 ms of 0.25, for certain: a quarter."""
    folder = write_experiment(tmp_path / "x", text(), read_late, rounds=ROUNDS)
    assumed = comparison_of(folder)
    assert (figure(assumed).verdict, figure(assumed).margin_ms, assumed.resolution) == ("slower", None, None)
    measured(folder, 0.09, 0.1, 0.24)
    told = comparison_of(folder)
    assert (figure(told).verdict, figure(told).margin_ms) == ("equivalent", 0.1), "the median of the runs"
    assert told.resolution and told.resolution.ms["p50"] == 0.1
    measured(folder, 0.02)
    finer = figure(comparison_of(folder))
    assert (finer.verdict, finer.margin_ms) == ("slower", 0.02)
    assert figure(told, metric="target").verdict == "equivalent"
    named = rewritten(folder, tmp_path / "named", text().replace("rounds:", "margin: 5%\n  rounds:"), ROUNDS)
    measured(named, 0.2)
    by_name = comparison_of(named)
    assert (figure(by_name).verdict, figure(by_name).margin_ms, by_name.resolution) == ("slower", None, None)


def test_what_the_machine_cannot_tell_of_the_response_the_targets_own_time_may_tell(tmp_path: Path) -> None:
    """The same, of connecting: that is the target's, of which this machine tells half as much."""
    folder = write_experiment(tmp_path / "x", text(), answering(median=0.2, connect=0.15), rounds=ROUNDS)
    measured(folder, 0.2)
    found = comparison_of(folder)
    response, target = (figure(found, metric=metric) for metric in ("response", "target"))
    assert (target.verdict, target.margin_ms) == ("slower", 0.1)
    assert (response.verdict, response.margin_ms) == ("inconclusive", 0.2)
    assert response.why and response.why.code == "target_not_equivalent"


def test_targets_that_differ_by_less_than_a_wake_up_are_equivalent(tmp_path: Path) -> None:
    """0.06 ms more of 0.2, at every percentile by half of what the machine cannot tell at its median."""
    folder = write_experiment(tmp_path / "x", text(), answering(median=0.2, connect=0.06), rounds=ROUNDS)
    measured(folder, 0.2)
    found = comparison_of(folder)
    response, target = (figure(found, metric=metric) for metric in ("response", "target"))
    assert (target.verdict, target.margin_ms) == ("equivalent", 0.1)
    assert (response.verdict, response.margin_ms) == ("equivalent", 0.2)
    assert figure(found, "p90", "target").margin_ms == 0.1
    measured(folder, 0.1)
    assert figure(comparison_of(folder), metric="target").verdict == "slower"


def test_figures_of_how_long_a_phase_was_are_not_equivalent(tmp_path: Path) -> None:
    """Of both variants: a server that cannot answer all of it."""

    def overloaded(variant: Variant, number: int) -> Script:
        return lambda x: Reply(after=(x.due - START) // 40 + 8 * MILLISECOND)

    written = text(6).replace("rate: 100/s", "rate: 300/s")
    found = figure(compared(tmp_path / "x", overloaded, written, rounds=6))
    assert (found.verdict, found.more_rounds) == ("inconclusive", None)
    assert found.why == Reason.of("not_settled").of_run("shared", 1)
    same = figure(
        compared(tmp_path / "y", lambda variant, number: lambda x: Reply(after=8 * MILLISECOND), written, rounds=6)
    )
    assert same.verdict == "equivalent"
