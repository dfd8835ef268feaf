"""Variants and matrices of a profile."""

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


def test_a_plain_profile_is_one_variant() -> None:
    loaded = load("p.yaml", text=BASE)
    assert [(variant.name, variant.profile is loaded.profile) for variant in loaded.variants] == [("run", True)]


def test_a_variant_overrides_any_part() -> None:
    loaded = read(
        "{variants: {shared: {}, fresh: {session: per-request}, capped: {session: {connections: 5}}, "
        "fast: {load: {burst: {rate: 90/s}}}, slow: {load: [{name: a, rate: 1/s, for: 1s}]}, other: {client: aiohttp}}}"
    )
    by_name = {variant.name: variant.profile for variant in loaded.variants}
    assert [*by_name] == ["shared", "fresh", "capped", "fast", "slow", "other"]
    assert by_name["fresh"].session.reuse == "per-request"
    assert (by_name["capped"].session.reuse, by_name["capped"].session.connections) == ("shared", 5)
    assert [phase.rate and phase.rate.start for phase in by_name["fast"].load] == [90, 5]
    assert [phase.name for phase in by_name["slow"].load] == ["a"]
    assert (by_name["other"].client, by_name["shared"].client) == ("aiohttp", "wire")


def test_null_takes_a_key_out() -> None:
    base = BASE.replace("session: shared", "session: {reuse: shared, connections: 5}")
    loaded = read("{variants: {capped: {}, free: {session: {connections: null}}}}", base)
    assert [variant.profile.session.connections for variant in loaded.variants] == [5, None]


def test_a_matrix_spans_its_axes() -> None:
    base = BASE.replace("rate: 50/s", 'rate: "${matrix.rate}"').replace(
        "session: shared", 'session: "${matrix.session}"'
    )
    loaded = read("{matrix: {session: [shared, per-request], rate: [50/s, 200/s]}}", base)
    cells = [
        (v.name, v.profile.session.reuse, v.profile.load[0].rate and v.profile.load[0].rate.start)
        for v in loaded.variants
    ]
    assert cells == [
        ("session=shared rate=50/s", "shared", 50),
        ("session=shared rate=200/s", "shared", 200),
        ("session=per-request rate=50/s", "per-request", 50),
        ("session=per-request rate=200/s", "per-request", 200),
    ]
    assert loaded.variants[1].values == {"session": "shared", "rate": "200/s"}


def test_workers_are_set_by_variants_and_axes() -> None:
    loaded = read("{variants: {one: {}, two: {workers: 2}, many: {workers: auto}}}")
    assert [variant.profile.workers for variant in loaded.variants] == [1, 2, "auto"]
    loaded = read("{matrix: {n: [1, 3]}}", BASE + 'workers: "${matrix.n}"\n')
    assert [variant.profile.workers for variant in loaded.variants] == [1, 3]


WRONG_VALUES = (
    ("[1, x]", "workers: '${matrix.w}'", (), "p.yaml:9: experiment.matrix.w: 'x': expected a number from 1 to 256"),
    ("[x, 1]", "workers: '${matrix.w}'", (), "p.yaml:8: experiment.matrix.w: 'x': expected a number from 1 to 256"),
    ("[1, x]", "", ("workers=${matrix.w}",), "p.yaml:9: experiment.matrix.w: 'x': expected a number from 1 to 256"),
    ("[1, x]", "stop_if: 'errors > ${matrix.w} for 5s'", ("experiment.matrix={w: [2%, x]}",), "--set experiment.matrix: experiment.matrix.w: 'x' is not a share"),
    ("[100, x]", "max_rate: '${matrix.w}/s'", (), "p.yaml:9: experiment.matrix.w: 'x/s' is not a rate"),
    ("[1, 2]", "max_rate: '${matrix.w}/q'", (), "p.yaml:10: max_rate: '1/q' is not a rate"),
    ("[{reuse: shared}, {reuse: sharde}]", "tls: {}", ("session=${matrix.w}",), "p.yaml:9: experiment.matrix.w.reuse: 'sharde' is not accepted here"),
)  # fmt: skip


@pytest.mark.parametrize(("values", "key", "sets", "problem"), WRONG_VALUES)
def test_a_wrong_value_of_an_axis_is_named_where_it_stands(
    values: str, key: str, sets: tuple[str, ...], problem: str
) -> None:
    first, _, second = values[1:-1].partition(", ")
    axis = f"experiment:\n  matrix:\n    w: [{first},\n      {second}]\n"
    with pytest.raises(ProfileError) as error:
        load("p.yaml", text=f"{BASE.replace('session: shared', 'seed: 1')}{axis}{key}\n", sets=sets)
    assert str(error.value).startswith(problem)


def test_variants_and_axes_go_together_and_values_stand_within_texts() -> None:
    base = BASE.replace("get: /}, {name: two", 'get: "/a/${matrix.n}/x"}, {name: two')
    loaded = read("{variants: {a: {}, b: {client: aiohttp}}, matrix: {n: [1, 2]}}", base)
    assert [(v.name, v.profile.client, v.profile.scenarios[0].steps[0].path) for v in loaded.variants] == [
        ("a n=1", "wire", "/a/1/x"), ("a n=2", "wire", "/a/2/x"), ("b n=1", "aiohttp", "/a/1/x"), ("b n=2", "aiohttp", "/a/2/x"),
    ]  # fmt: skip
