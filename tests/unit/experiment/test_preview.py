"""What `check` promises of an experiment."""

from __future__ import annotations

import pytest

from loadgen.experiment.check import check
from loadgen.profile.load import load
from loadgen.stats.comparison import detectable
from loadgen.stats.looks import levels

TEXT = """name: t
target: http://127.0.0.1:9
load: [{name: steady, rate: 100/s, for: 31s}]
experiment: {EXPERIMENT}
"""
RATES = "{rate: [10/s, 20/s], session: [shared, per-request]}"


@pytest.mark.parametrize(
    ("experiment", "finds"),
    [
        ("variants: {a: {}, b: {}}, rounds: 10", detectable(10)),
        ("variants: {a: {}, b: {}}, rounds: [6, 12]", detectable(12, levels((6, 12))[1])),
        ("variants: {a: {}, b: {}, c: {}}, rounds: 10", detectable(10, 0.05 / 2)),
        (f"matrix: {RATES}, rounds: 10", detectable(10, 0.05 / 2)),
        ("variants: {a: {}, b: {}}, rounds: 5", None),
    ],
)
def test_what_a_plan_finds_is_at_the_level_that_a_figure_has(experiment: str, finds: float | None) -> None:
    """The looks share the error probability, and so do the variants that are compared with a baseline."""
    text = TEXT.replace("EXPERIMENT", experiment)
    if "matrix" in experiment:
        text = text.replace("100/s", '"${matrix.rate}"') + 'session: "${matrix.session}"\n'
    loaded = load("t.yaml", text=text)
    planned = check(loaded.profile, [variant.profile for variant in loaded.variants]).experiment
    assert planned and planned.finds == (pytest.approx(finds) if finds else None)
