"""Experiments in a profile: variants and matrices, and what one clear line says of a mistake."""

# ruff: noqa: E501

from __future__ import annotations

import pytest

from loadgen.errors import ProfileError
from loadgen.profile.load import Loaded, load

BASE = """name: t
target: http://127.0.0.1:1
session: shared
load: [{name: burst, rate: 50/s, for: 5s}, {name: rest, rate: 5/s, for: 5s}]
scenarios: [{name: s, steps: [{name: one, get: /}, {name: two, get: /}]}]
"""


def read(experiment: str, base: str = BASE) -> Loaded:
    return load("p.yaml", text=base + f"experiment: {experiment}\n")


def test_planned_looks_and_their_defaults() -> None:
    experiment = read(
        "{variants: {a: {}, b: {client: aiohttp}}, rounds: [10, 20], primary: burst one response p99}"
    ).profile.experiment
    assert experiment
    assert (experiment.rounds, experiment.margin, experiment.share) == ((10, 20), None, 0.05)
    assert experiment.primary
    assert (experiment.primary.phase, experiment.primary.step, experiment.primary.quantile) == ("burst", "one", "p99")


TWO = "{variants: {a: {}, b: {client: aiohttp}}"


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        ("{variants: {a: {}}}", "6: experiment: has fewer than two variants. Give variants: {a: {}, b: {...}}, or a matrix"),
        ("{matrix: {n: 5}}", "6: experiment.matrix.n: 5 is not an axis: expected a list of values"),
        ("{matrix: {n: [1, 2], m: [3]}, variants: {a: {seed: '${matrix.n}', cycles: '${matrix.m}', session: {renew: clint}}}}", "6: experiment.variants.a.session.renew: 'clint' is not accepted here. Did you mean client? Known: connection, client, session"),
        ("{variants: {a: {}, b: {sesion: shared}}}", "6: experiment.variants.b.sesion: unknown key. Did you mean session?"),
        ("{variants: {a: {}, b: {load: {brst: {rate: 5/s}}}}}", "6: experiment.variants.b.load.brst: there is no brst in that list. Did you mean burst? Known: burst, rest"),
        ("{variants: {a: {}, b: {load: {burst: {rate: 5}}}}}", "6: experiment.variants.b.load.burst.rate: '5' is not a rate"),
        (f"{TWO}, baseline: c}}", "6: experiment.baseline: there is no variant c. Known: a, b"),
        (f"{TWO}, rounds: 0}}", "6: experiment.rounds: 0 is not a number of rounds: expected from 1 to 1000, or planned looks such as [10, 20]"),
        (f"{TWO}, rounds: [20, 10]}}", "6: experiment.rounds: a list is not a number of rounds: expected from 1 to 1000, or planned looks such as [10, 20]"),
        (f"{TWO}, primary: p99}}", "6: experiment.primary: 'p99' is not a figure: expected PHASE [STEP] LATENCY QUANTILE, for example 'burst response p99'"),
        (f"{TWO}, primary: burst response p99}}", "6: experiment.primary: there are several steps, and burst response p99 names none of them. Name one, as in 'burst one response p99'"),
        (f"{TWO}, primary: brst one response p99}}", "6: experiment.primary: no measured phase is called brst. Did you mean burst? Known: burst, rest"),
        ("{variants: {a: {}, b: {experiment: {}}}}", "6: experiment.variants.b.experiment: an experiment cannot hold another one. Leave it out"),
    ],
)  # fmt: skip
def test_a_mistake_gives_one_clear_line(experiment: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read(experiment)
    assert str(caught.value).startswith(f"p.yaml:{message}")


def test_an_axis_that_nothing_uses_is_refused() -> None:
    with pytest.raises(ProfileError) as caught:
        read("{matrix: {workers: [1, 2]}}")
    assert str(caught.value) == (
        "p.yaml:6: experiment.matrix.workers: nothing uses this axis, and its variants would be the same. Write "
        "workers: ${matrix.workers}, or leave it out"
    )
    base = BASE.replace("get: /}, {name: two", 'get: "/${matrix.n}"}, {name: two')
    with pytest.raises(ProfileError) as caught:
        read(
            "{matrix: {n: [1, 2]}, variants: {a: {}, b: {scenarios: [{name: s, steps: [{name: one, get: /}]}]}}}", base
        )
    assert str(caught.value) == (
        "p.yaml:6: experiment.matrix.n: nothing in variant b uses this axis, and its variants would be the same. "
        "Write ${matrix.n} where its values belong, or leave it out"
    )


def test_an_axis_that_every_variant_uses_in_its_own_way() -> None:
    loaded = read("{matrix: {n: [1, 2]}, variants: {a: {workers: '${matrix.n}'}, b: {cycles: '${matrix.n}'}}}")
    assert [(of.profile.workers, of.profile.cycles) for of in loaded.variants] == [(1, 1), (2, 1), (1, 1), (1, 2)]


def test_an_axis_that_there_is_not() -> None:
    with pytest.raises(ProfileError) as caught:
        read("{matrix: {rate: [1/s, 2/s]}}", BASE.replace("rate: 50/s", 'rate: "${matrix.rat}"'))
    assert str(caught.value).startswith(
        "p.yaml:4: load.burst.rate: there is no axis rat in experiment.matrix. Did you mean rate?"
    )
