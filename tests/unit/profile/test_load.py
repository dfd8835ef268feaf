"""From a file, a shipped name or a URL to a profile: short forms, overrides, variables, files."""

# ruff: noqa: E501

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import loadgen
from loadgen.errors import ProfileError
from loadgen.profile.load import from_url, load, shipped
from loadgen.profile.model import LinearRate, Phase, Profile, Scenario, Session, Step, StopIf, Target, Think

HEAD = "name: x\ntarget: http://h:8080/prod/\nload: [{name: a, rate: 5/s, for: 1s}]\n"


SECOND = 10**9


def profile(text: str, head: str = HEAD) -> Profile:
    return load("p.yaml", text=head + text).profile


def scenario(step: str) -> Step:
    return profile(f"scenarios: [{{name: s, steps: [{{name: t, {step}}}]}}]").scenarios[0].steps[0]


@pytest.mark.parametrize("name", ["burst", "closed", "ramp", "soak", "spike", "steady"])
def test_each_shipped_profile_loads_by_its_name(name: str) -> None:
    loaded = load(name)
    assert loaded.profile.name == name
    assert loaded.profile.target.sandbox
    assert json.loads(json.dumps(loaded.resolved)) == loaded.resolved
    assert pickle.loads(pickle.dumps(loaded.profile)) == loaded.profile
    assert load(loaded.source).profile == loaded.profile


def test_a_resolved_profile_is_the_same_profile() -> None:
    for name in shipped():
        loaded = load(name, sets=["seed=7"])
        again = load("resolved.yaml", text=json.dumps(loaded.resolved))
        assert again.profile == loaded.profile
        assert again.profile.seed == 7


def test_the_first_run_ends_within_a_minute() -> None:
    burst = load("burst").profile
    total = sum((phase.duration or 0) * (burst.cycles if phase.measure else 1) for phase in burst.load)
    assert total <= 45 * SECOND


def test_defaults() -> None:
    found = profile("")
    assert found.client == "wire"
    assert found.session == Session()
    assert (found.session.reuse, found.session.renew, found.session.dns) == ("shared", "connection", "once")
    assert (found.cycles, found.seed, found.timeout) == (1, 1, 30 * SECOND)
    assert found.load == (Phase(name="a", rate=LinearRate(5, 5), duration=SECOND),)
    assert found.tls.verify
    assert found.stop_if == StopIf("errors", ">", 0.5, 5 * SECOND, "errors > 50% for 5s")
    assert found.scenarios == (Scenario(name="default", steps=(Step(name="get", method="GET", path="/"),)),)


def test_short_forms() -> None:
    assert profile("session: per-request\n").session == Session(reuse="per-request")
    assert profile("").target == Target(url="http://h:8080/prod/")
    assert profile("stop_if: never\n").stop_if is None
    assert profile("stop_if: errors >= 5% for 10s\n").stop_if == StopIf(
        "errors", ">=", 0.05, 10 * SECOND, "errors >= 5% for 10s"
    )


@pytest.mark.parametrize(
    ("url", "host", "port", "prefix", "rest", "loopback"),
    [
        ("http://h", "h", 80, "", "/", False),
        ("https://h/", "h", 443, "", "/", False),
        ("https://h:8443/prod", "h", 8443, "/prod", "", False),
        ("https://h/prod/", "h", 443, "/prod", "/", False),
        ("http://127.0.0.1:81/a?b=c", "127.0.0.1", 81, "/a", "?b=c", True),
        ("http://[::1]/?b=c", "::1", 80, "", "/?b=c", True),
        ("http://localhost", "localhost", 80, "", "/", True),
        ("http://127.0.0.1.example.com", "127.0.0.1.example.com", 80, "", "/", False),
        ("sandbox", "", 0, "", "/", True),
    ],
)
def test_targets(url: str, host: str, port: int, prefix: str, rest: str, loopback: bool) -> None:
    target = Target(url=url)
    assert (target.host, target.port, target.prefix, target.rest) == (host, port, prefix, rest)
    assert target.loopback == loopback


def test_phases() -> None:
    head = "name: x\ntarget: sandbox\nload:\n"
    text = """\
  - {name: a, rate: 200/s..2000/s, for: 2s, arrivals: constant}
  - {name: b, users: 3, think: 1s..3s, iterations: 10, for: 1m}
  - {name: c, at-once: 5, measure: false}
  - {name: d, rate: 6/m, iterations: 3}
"""
    a, b, c, d = profile(text, head).load
    assert (a.kind, a.rate, a.duration, a.arrivals) == ("open", LinearRate(200, 2000), 2 * SECOND, "constant")
    assert (b.kind, b.closed, b.users, b.think, b.iterations) == ("closed", True, 3, Think(SECOND, 3 * SECOND), 10)
    assert (c.kind, c.at_once, c.measure) == ("at-once", 5, False)
    assert (d.rate, d.iterations, d.duration) == (LinearRate(0.1, 0.1), 3, None)


def test_steps() -> None:
    step = scenario("post: '/a?b=1', query: {q: 5, r: '{{uuid}}'}, json: null, expect: {status: [2xx, 404, 500..502]}")
    assert (step.method, step.path, step.query) == ("POST", "/a?b=1", {"q": 5, "r": "{{uuid}}"})
    assert (step.has_json, step.json_body) == (True, None)
    assert step.expect
    assert step.expect.status == ((200, 299), (404, 404), (500, 502))
    assert not scenario("get: /").has_json
    expect = scenario("get: /, expect: {headers: {a: b, c: {matches: '^x'}}, json: {items.0: null}, body: ok}").expect
    assert expect
    assert expect.status == ((200, 299),)
    assert expect.headers["a"] == "b"
    assert getattr(expect.headers["c"], "pattern", None) == "^x"
    assert (expect.json_values, expect.body) == ({"items.0": None}, "ok")


def test_yaml_is_1_2() -> None:
    body = scenario(
        "post: /, json: {a: yes, b: 0o17, c: 1_000, d: 12:30, e: 1e3, f: ~, g: 2026-01-01, <<: {h: 1}}"
    ).json_body
    assert body == {
        "a": "yes",
        "b": 15,
        "c": "1_000",
        "d": "12:30",
        "e": 1000.0,
        "f": None,
        "g": "2026-01-01",
        "<<": {"h": 1},
    }


def test_a_url_alone() -> None:
    found = from_url("http://127.0.0.1:81/a/?b=c", "200/s", "30s").profile
    assert (found.target.prefix, found.scenarios[0].steps[0].path) == ("/a", "/?b=c")
    assert found.load == (Phase(name="steady", rate=LinearRate(200, 200), duration=30 * SECOND),)
    assert found.name == "127-0-0-1-81-a"
    assert from_url("http://h", users=3, duration="1m").profile.load[0].closed
    assert from_url("http://h").profile.load[0].rate == LinearRate(50, 50)
    assert from_url("http://h", sets=["seed=5"]).profile.seed == 5
    assert from_url("sandbox").profile.target.sandbox


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("h",), "URL: 'h' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"),
        (("http://h", "200"), "--rate: '200' is not a rate: expected a number a second, minute or hour, for example 200/s, 12000/m or 1/h"),
        (("http://h", None, "5"), "--for: '5' is not a duration: expected a number and its unit (ns, us, ms, s, m, h), for example 250ms, 1.5s, 5m or 1m30s"),
        (("http://h", None, None, 0), "--users: 0 is out of range: expected at least 1"),
        (("http://h", "5/s", None, 5), "--rate and --users are two kinds of load. Give one of them"),
    ],
)  # fmt: skip
def test_a_url_with_a_mistake(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        from_url(*arguments)
    assert str(caught.value) == message


def test_a_wheel_has_the_profiles(tmp_path: Path) -> None:
    package = tmp_path / "loadgen"
    package.mkdir()
    source = Path(loadgen.__file__).parent
    for entry in source.iterdir():
        if entry.name not in ("profiles", "__pycache__"):
            (package / entry.name).symlink_to(entry)
    (package / "profiles").symlink_to(next(iter(shipped().values())).parent)
    program = "import sys; sys.path.insert(0, sys.argv[1]); from loadgen.profile.load import load; print(load('burst').source)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == str(package / "profiles" / "burst.yaml")


@pytest.mark.parametrize(("written", "read"), [("1.2", "1.2"), ("'1.3'", "1.3")])
def test_a_tls_version_is_a_number_or_a_text(written: str, read: str) -> None:
    text = f"name: t\ntarget: https://h/\nload: [{{name: a, users: 1, for: 1s}}]\ntls: {{version: {written}}}\n"
    assert load("p.yaml", text=text).profile.tls.version == read
    with pytest.raises(ProfileError, match=r"tls\.version: '?1\.1'? is not a supported version of TLS"):
        load("p.yaml", text=text.replace(written, "1.1"))
