"""Variables of the environment in a profile."""

from __future__ import annotations

import json

import pytest

from loadgen.engine.plan import Plan
from loadgen.profile.load import load
from loadgen.result.codec import map_text

HEAD = "name: x\ntarget: http://h:8080/prod/\nload: [{name: a, rate: 5/s, for: 1s}]\n"


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret: [")
    monkeypatch.setenv("USERS", "12")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("UNSET", raising=False)
    text = HEAD.replace("rate: 5/s", "users: '${USERS}'") + (
        "scenarios: [{name: s, steps: [{name: t, get: /, headers: "
        "{a: 'Bearer ${TOKEN}', b: '${UNSET:-b}', c: 'x${EMPTY:-}', d: '$${TOKEN} $5'}}]}]\n"
    )
    loaded = load("p.yaml", text=text)
    (step,) = loaded.profile.scenarios[0].steps
    assert step.headers == {"a": "Bearer s3cret: [", "b": "b", "c": "x", "d": "${TOKEN} $5"}
    assert loaded.profile.load[0].users == 12
    assert loaded.secrets.texts == ("s3cret: [",)
    assert loaded.variables == {"TOKEN", "USERS", "UNSET", "EMPTY"}
    assert "s3cret" not in json.dumps(loaded.resolved)
    assert "Bearer ${TOKEN}" in json.dumps(loaded.resolved)


def test_a_name_is_shown_as_its_variable_so_that_two_do_not_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "canary-one")
    monkeypatch.setenv("TWO", "canary-two")
    phases = "[{name: '${ONE}', rate: 5/s, for: 1s}, {name: 'x-${TWO}', rate: 5/s, for: 1s}]"
    loaded = load("p.yaml", text=HEAD.replace("[{name: a, rate: 5/s, for: 1s}]", phases))
    plan = Plan.of(loaded.profile)
    assert [run.name for run in plan.runs] == ["canary-one", "x-canary-two"]
    described = json.loads(json.dumps(map_text(plan.describe(), loaded.secrets.hide)))
    assert [run.name for run in Plan.from_description(described).runs] == ["${ONE}", "x-${TWO}"]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("${URL}", "https://api.example:8443/[redacted]"),
        ("https://${HOST}/prod", "https://api.example/prod"),
        ("https://h/${STAGE}", "https://h/[redacted]"),
        ("https://${HOST}/${STAGE}", "https://api.example/[redacted]"),
        ("https://h/${SHORT}", "https://h/v1"),
        ("${SANDBOX}", "sandbox"),
    ],
)
def test_of_a_url_the_host_is_shown(monkeypatch: pytest.MonkeyPatch, target: str, shown: str) -> None:
    values = {"URL": "https://api.example:8443/team/T0001", "HOST": "api.example", "STAGE": "stage-0"}
    for name, value in {**values, "SHORT": "v1", "SANDBOX": "sandbox"}.items():
        monkeypatch.setenv(name, value)
    loaded = load("p.yaml", text=HEAD.replace("http://h:8080/prod/", target))
    assert loaded.secrets.hide(loaded.profile.target.url) == shown


def test_a_variant_is_called_by_what_the_profile_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its value is the variable's; a number is one in the name, too."""
    for name, value in {"KEY": "canary-one", "OTHER": "canary-two", "SIZE": "512"}.items():
        monkeypatch.setenv(name, value)
    text = HEAD + (
        "scenarios: [{name: s, steps: [{name: t, get: /, headers: {key: '${matrix.key}', n: '${matrix.n}'}}]}]\n"
        "experiment: {matrix: {key: ['${KEY}', '${OTHER}', '$${KEY}'], n: ['${SIZE}']}, \n"
        "  baseline: 'a key=${OTHER} n=512',\n"
        "  variants: {a: {}, b: {scenarios: {s: {steps: {t: {headers: {key: 'b-${matrix.key}'}}}}}}}}\n"
    )
    loaded = load("p.yaml", text=text)
    headers = {variant.name: variant.profile.scenarios[0].steps[0].headers for variant in loaded.variants}
    assert headers == {
        f"{variant} key={name} n=512": {"key": f"{before}{value}", "n": "512"}
        for variant, before in (("a", ""), ("b", "b-"))
        for name, value in (("${KEY}", "canary-one"), ("${OTHER}", "canary-two"), ("$${KEY}", "${KEY}"))
    }
    assert "canary" not in json.dumps([loaded.resolved, [dict(variant.values) for variant in loaded.variants]])
    assert loaded.secrets.texts == ("canary-one", "canary-two")


def test_a_value_with_a_placeholder_is_hidden_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODY", "canary-{{uuid}}-behind-it")
    loaded = load("p.yaml", text=HEAD + "scenarios: [{name: s, steps: [{name: t, put: /, text: '${BODY}'}]}]\n")
    assert loaded.secrets.hide("sent canary-0000-behind-it") == "sent [redacted]0000[redacted]"
