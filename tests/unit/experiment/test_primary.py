"""The figure that an experiment is decided by: as it is named, or as it is proposed."""

from __future__ import annotations

import pytest

from loadgen.experiment.folder import metadata
from loadgen.experiment.primary import primary_of, too_few
from loadgen.profile.load import Loaded, load
from loadgen.result.check import TooFewRequests

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
    assert too_few(primary_of(variants), variants) == (few and TooFewRequests(*few))
    if few:
        assert too_few(primary_of(variants), variants, parts=2) == TooFewRequests(few[0] // 2, few[1])
