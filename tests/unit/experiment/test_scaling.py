"""Which variants are held against each other where the matrix has axes, what is drawn over one that sets the load, and
which figure an experiment is about if its profile does not say."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_harness import Script
from experiment_folders import write_experiment

from loadgen.clock import MILLISECOND
from loadgen.exchange import Exchange
from loadgen.experiment.folder import assembled, metadata
from loadgen.experiment.primary import primary_of, too_few
from loadgen.profile.load import Loaded, Variant, load
from loadgen.result.experiment import ExperimentResult
from loadgen.transport.scripted import Reply

TEXT = """
name: t
target: http://127.0.0.1
load:
  - {name: steady, rate: "${matrix.rate}", arrivals: constant, for: 2s}
session: "${matrix.session}"
experiment:
  matrix: {session: [shared, per-request], rate: [50/s, 100/s, 200/s]}
  rounds: 2
  primary: steady response p50
"""


def behave(variant: Variant, number: int) -> Script:
    """The time grows with the rate; a new connection takes 5 ms, which shared needs as well for its first ones."""
    rate = int(variant.values.rate.removesuffix("/s"))

    def script(x: Exchange) -> Reply:
        status = 500 if rate == 200 and x.due % (20 * MILLISECOND) == 0 else 200
        return Reply(after=(5 + rate // 10 + number) * MILLISECOND, connect=5 * MILLISECOND, status=status)

    return script


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ExperimentResult:
    folder = tmp_path_factory.mktemp("scaling") / "x"
    return assembled(write_experiment(folder, TEXT, behave, rounds=2))


def test_variants_are_held_against_the_baseline_at_the_same_load(result: ExperimentResult) -> None:
    assert result.comparison
    figures = result.comparison.figures
    assert list(dict.fromkeys((f.baseline, f.variant) for f in figures)) == [
        ("session=shared rate=50/s", "session=per-request rate=50/s"),
        ("session=shared rate=100/s", "session=per-request rate=100/s"),
        ("session=shared rate=200/s", "session=per-request rate=200/s"),
    ]
    for figure in figures:
        if figure.quantile == "p50":
            assert figure.difference_ms == pytest.approx(5, rel=0.01)
    assert result.comparison.baseline == "session=shared rate=50/s"
    assert sum(figure.primary for figure in figures) == 3


def test_a_curve_for_each_other_combination(result: ExperimentResult) -> None:
    scaling = result.scaling
    assert [(s.series, s.axis, s.phase, s.step, s.metric) for s in scaling] == [
        ("session=shared", "rate", "steady", "get", "response"),
        ("session=per-request", "rate", "steady", "get", "response"),
    ]
    for series in scaling:
        assert [point.at for point in series.points] == ["50/s", "100/s", "200/s"]
        assert [point.offered for point in series.points] == [50, 100, 200]
        assert [point.rate for point in series.points] == [50, 100, 200]
        assert [point.errors for point in series.points] == [0, 0, 0.25]
        connect = 5 if series.series == "session=per-request" else 0
        for point, rate in zip(series.points, (50, 100, 200), strict=True):
            expected = 5 + rate // 10 + 1.5 + connect
            p50 = point.figure("p50")
            assert p50
            assert p50.value == pytest.approx(expected, rel=1e-3)
            # of two rounds that differ by 1 ms: t of 1 degree, 12.7, x sd / sqrt(2) = 0.5
            assert p50.low == pytest.approx(max(0, expected - 6.353), abs=0.1)
            assert p50.high == pytest.approx(expected + 6.353, abs=0.1)
    assert scaling[0].points[2].figure("p99") and scaling[0].points[0].figure("p99")


def test_an_axis_that_sets_no_load_has_no_curve(tmp_path: Path) -> None:
    written = TEXT.replace("[50/s, 100/s, 200/s]", "[50/s]")
    result = assembled(write_experiment(tmp_path / "x", written, behave, rounds=2))
    assert result.scaling == ()
    assert result.comparison
    assert {f.variant for f in result.comparison.figures} == {"session=per-request rate=50/s"}


def test_variants_and_axes_together(tmp_path: Path) -> None:
    written = TEXT.replace(
        "matrix: {session: [shared, per-request], ", "variants: {a: {}, b: {timeout: 5s}}\n  matrix: {"
    )
    written = written.replace('"${matrix.session}"', "shared").replace("  rounds", "  baseline: b rate=100/s\n  rounds")
    result = assembled(write_experiment(tmp_path / "x", written, behave, rounds=2))
    assert {series.series for series in result.scaling} == {"a", "b"}
    assert result.comparison
    assert {(f.baseline, f.variant) for f in result.comparison.figures} == {
        (f"b rate={rate}/s", f"a rate={rate}/s") for rate in (50, 100, 200)
    }


def test_users_are_a_load_too(tmp_path: Path) -> None:
    written = TEXT.replace('rate: "${matrix.rate}", arrivals: constant', 'users: "${matrix.rate}"')
    written = written.replace("[50/s, 100/s, 200/s]", "[1, 3]").replace("response", "service")
    folder = write_experiment(
        tmp_path / "x", written, lambda variant, number: lambda x: Reply(after=10 * MILLISECOND), rounds=2
    )
    first = assembled(folder).scaling[0]
    assert [(p.at, p.offered, p.rate) for p in first.points] == [("1", None, 100), ("3", None, 300)]


# the primary figure


def loaded(phases: str, rest: str = "") -> Loaded:
    written = f"name: t\ntarget: http://127.0.0.1\nload: [{phases}]\n{rest}\nexperiment:"
    return load("t.yaml", text=f"{written} {{variants: {{a: {{}}, b: {{session: per-request}}}}}}\n")


def proposed(phases: str, rest: str = "") -> str:
    return primary_of([variant.profile for variant in loaded(phases, rest).variants]).text


STEADY = "{name: steady, rate: 100/s, arrivals: constant, for: TIME}"
STEPS = "scenarios: [{name: s, steps: [{name: a, get: /}, {name: b, get: /}]}]"


@pytest.mark.parametrize(
    ("time", "quantile"),
    [("301s", "p99.9"), ("299s", "p99"), ("31s", "p99"), ("29s", "p95"), ("7s", "p95"), ("5s", "p90"), ("1s", "p50"),
     ("500ms", "mean")],
)  # fmt: skip
def test_the_finest_quantile_beyond_which_there_will_be_enough(time: str, quantile: str) -> None:
    """Thirty requests in each round: ten, if they come together in threes."""
    assert proposed(STEADY.replace("TIME", time)) == f"steady response {quantile}"


def test_every_measured_phase_must_know_it_and_the_busiest_is_the_one() -> None:
    phases = "{name: warm, rate: 9/s, for: 1s, measure: false}, {name: a, rate: 300/s, arrivals: constant, for: 1s}"
    assert proposed(f"{phases}, {STEADY.replace('TIME', '60s')}") == "a response p90"


@pytest.mark.parametrize(
    ("phases", "rest", "primary"),
    [
        ("{name: c, users: 3, for: 60s}", "", "c service p50"),
        ("{name: c, users: 3, iterations: 700}", "", "c service p95"),
        ("{name: c, at-once: 400}", "", "c response p90"),
        (STEADY.replace("TIME", "40s"), STEPS, "steady iteration p99"),
        (STEADY.replace("TIME", "40s"), "retries: 3", "steady operation p99"),
        (STEADY.replace("TIME", "40s"), "scenarios: [{name: s, weight: 1, steps: [{name: a, get: /}]}, "
         "{name: t, weight: 3, steps: [{name: b, get: /}]}]", "steady b response p99"),
        (STEADY.replace("TIME", "40s"), "scenarios: [{name: s, weight: 1, steps: [{name: a, get: /}]}, "
         "{name: t, weight: 2, steps: [{name: b, get: /}]}]", "steady b response p95"),
    ],
    ids=["closed", "closed-count", "at-once", "steps", "retries", "scenarios", "share"],
)  # fmt: skip
def test_what_is_proposed_follows_the_profile(phases: str, rest: str, primary: str) -> None:
    assert proposed(phases, rest) == primary


def test_it_is_fixed_before_the_first_run() -> None:
    assert metadata(loaded(STEADY.replace("TIME", "31s")), 0).experiment.primary == "steady response p99"


def test_a_duet_knows_less_as_each_has_a_share() -> None:
    text = f"name: t\ntarget: http://127.0.0.1\nload: [{STEADY.replace('TIME', '31s')}]\n"
    text += "experiment: {duet: true, variants: {a: {}, b: {session: per-request}}}\n"
    assert metadata(load("t.yaml", text=text), 0).experiment.primary == "steady response p95"


SEVERAL = """scenarios:
  - {name: common, weight: 9, steps: [{name: one, get: /}]}
  - {name: rare, steps: [{name: two, get: /}]}
"""


@pytest.mark.parametrize(
    ("figure", "scenarios", "few"),
    [
        ("steady response p99.9", "", (100, 1000)),  # at 50/s for 2 s
        ("steady response p99", "", None),
        ("steady response mean", "", None),
        ("steady two response p99", SEVERAL, (10, 100)),
        ("steady two response p90", SEVERAL, None),
        ("steady one response p99", SEVERAL, (90, 100)),
    ],
)
def test_a_figure_that_no_run_would_know_is_seen_before(
    figure: str, scenarios: str, few: tuple[int, int] | None
) -> None:
    loaded = load("t.yaml", text=TEXT.replace("steady response p50", figure) + scenarios)
    variants = [variant.profile for variant in loaded.variants]
    assert too_few(primary_of(variants), variants) == few
    assert few is None or too_few(primary_of(variants), variants, parts=2) == (few[0] // 2, few[1])
