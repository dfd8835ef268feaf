"""`--set` and `--target`."""

# ruff: noqa: E501

from __future__ import annotations

import pytest

from loadgen.errors import ProfileError
from loadgen.profile.load import load
from loadgen.profile.model import LinearRate, Session

HEAD = "name: x\ntarget: http://h:8080/prod/\nload: [{name: a, rate: 5/s, for: 1s}]\n"


SECOND = 10**9


@pytest.mark.parametrize(
    ("written", "check"),
    [
        ("phases.burst.rate=500/s", lambda p: p.load[2].rate == LinearRate(500, 500)),
        ("load.burst.rate=500/s..1/s", lambda p: p.load[2].rate == LinearRate(500, 1)),
        ("load.0.for=1s", lambda p: p.load[0].duration == SECOND),
        ("session=per-iteration", lambda p: p.session == Session(reuse="per-iteration")),
        ("session.connections=", lambda p: p.session.connections is None),
        ("tls.verify=false", lambda p: not p.tls.verify),
        ("thresholds.burst=[errors < 50%, response p99 < 1s]", lambda p: len(p.thresholds["burst"]) == 2),
        ("scenarios.order.steps.read.get=/x={{id}}", lambda p: p.scenarios[0].steps[1].path == "/x={{id}}"),
        ("scenarios.order.steps.put.json={a: [1]}", lambda p: p.scenarios[0].steps[0].json_body == {"a": [1]}),
        ("sandbox.environments.max=3", lambda p: p.sandbox.environments.max == 3),
        ("target=http://127.0.0.1:1/", lambda p: p.target.host == "127.0.0.1"),
    ],
)
def test_any_key_can_be_set(written: str, check: object) -> None:
    assert callable(check)
    assert check(load("burst", sets=[written]).profile)


def test_a_short_form_can_be_set_within() -> None:
    text = HEAD + "session: per-request\n"
    found = load("p.yaml", text=text, sets=["session.connections=7", "target.url=http://g/"]).profile
    assert found.session == Session(reuse="per-request", connections=7)
    assert found.target.host == "g"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("load.burst", "--set: 'load.burst' is not KEY=VALUE. Write --set load.burst.rate=500/s"),
        ("load.brst.rate=5/s", "--set load.brst.rate: there is no 'brst' in this list. Did you mean burst? Known: warm-up, steady, burst, recover"),
        ("sead=5", "--set sead: unknown key. Did you mean seed? Known: name, target, sandbox, auth, workers, client, session, tls, load, beside, cycles, scenarios, keys, setup, teardown, retries, max_cost, experiment, capacity, thresholds, stop_if, in_flight_limit, max_rate, timeout, seed"),
        ("seed=x", "--set seed: 'x' is not a whole number"),
        ("name.first=x", "--set name.first: name is a single value, which has no keys. Set it as a whole"),
        ("timeout=[", "--set timeout: not YAML: a value is missing or misplaced. Put text with special characters in quotes"),
        ("load.burst=", "--set load.burst: would remove an item of a list. Set the whole list instead"),
        ("thresholds={nope: [errors < 5%]}", "--set thresholds: thresholds.nope: there is no phase called nope. Known: warm-up, steady, burst, recover"),
    ],
)  # fmt: skip
def test_what_cannot_be_set(written: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load("burst", sets=[written])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("experiment.variants={one: {}, two: {wrokers: 2}}", "--set experiment.variants: experiment.variants.two.wrokers: unknown key. Did you mean workers? "),
        ("experiment={variants: {one: {}, two: {session: {reuze: x}}}}", "--set experiment: experiment.variants.two.session.reuze: unknown key. Did you mean reuse? "),
        ("experiment.variants={one: {}, two: {load: {brst: {rate: 5/s}}}}", "--set experiment.variants: experiment.variants.two.load.brst: there is no brst in that list. Did you mean burst? "),
    ],
)  # fmt: skip
def test_a_mistake_in_a_variant_is_named_where_it_was_written(written: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load("burst", sets=[written])
    assert str(caught.value).startswith(message)


def test_another_target() -> None:
    loaded = load("burst", target="https://abc.example/prod")
    assert loaded.profile.target.url == "https://abc.example/prod"
    assert loaded.resolved["target"] == {"url": "https://abc.example/prod"}
    with pytest.raises(ProfileError, match=r"^--target: 'nowhere' is not a URL"):
        load("burst", target="nowhere")
