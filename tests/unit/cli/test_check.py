"""`loadgen check`."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from called import Loadgen

from loadgen.profile.load import shipped


def test_a_plan_is_that_of_the_rarest_scenario(loadgen: Loadgen, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "name: p\ntarget: http://127.0.0.1:9\nload: [{name: a, rate: 100/s, for: 20s, arrivals: constant}]\n"
        "scenarios:\n  - {name: common, weight: 9, steps: [{name: one, get: /}]}\n"
        "  - {name: rare, weight: 1, steps: [{name: two, get: /}]}\n"
    )
    (phase,) = json.loads(loadgen("check", "p.yaml", "--json").out)["phases"]
    assert (phase["iterations"], phase["rarest"], phase["quantiles"]) == (2000, "rare", ["p50", "p90", "p95", "p99"])
    (tmp_path / "all.yaml").write_text((tmp_path / "p.yaml").read_text().replace("9, steps", "1, steps"))
    (half,) = json.loads(loadgen("check", "all.yaml", "--json").out)["phases"]
    assert phase["sharp"][0]["seconds"] == pytest.approx(5 * half["sharp"][0]["seconds"])
    assert "to run for one of rare, the rarest scenario (longer" in loadgen("check", "p.yaml", "--full").out


def test_a_plan_is_told_where_the_name_does_not_resolve(loadgen: Loadgen, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("loadgen.net.names.socket.getaddrinfo", getaddrinfo)
    called = loadgen("check", "https://api.invalid/", "--json")
    assert called.status == 3
    assert "api.invalid does not resolve" in called.err
    plan = json.loads(called.out)
    assert plan["addresses"] == []
    assert plan["phases"][0]["quantiles"]
    assert plan["unusable"] in called.err


def test_check_says_what_would_be_sent(loadgen: Loadgen, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "name: p\ntarget: http://127.0.0.1:9/base\nsession: per-request\n"
        "load: [{name: a, rate: 100/s, for: 20s, arrivals: constant}, {name: b, users: 3, for: 5s}]\ncycles: 2\n"
        "scenarios: [{name: s, steps: [{name: one, post: /x, json: {n: 1}, timeout: 3s}]}]\n"
        "thresholds: {a: [response p99 < 50ms]}\n"
    )
    called = loadgen("check", "p.yaml", "--full", "--set", "load.a.rate=50/s")
    assert (called.status, called.err) == (0, "")
    for part in ("127.0.0.1:9/base", "nothing was sent", "50/s constant", "1,000", "POST /base/x", '{"n":1}', "3 s"):
        assert part in called.out, part
    assert max(map(len, called.out.splitlines())) <= 100
    called = loadgen("check", "p.yaml", "--json", "--workers", "2")
    plan = json.loads(called.out)
    assert [(phase["name"], phase["cycle"], phase["iterations"]) for phase in plan["phases"]] == [
        ("a", 1, 2000),
        ("b", 1, None),
        ("a", 2, 2000),
        ("b", 2, None),
    ]
    assert plan["workers"] == 2
    assert plan["connections"]["before_the_load"] == 0
    assert plan["connections"]["opened_in_the_busiest_minute"] >= 2000
    assert not (tmp_path / "runs").exists()


def test_the_load_on_a_url_is_that_of_the_options(loadgen: Loadgen) -> None:
    called = loadgen("check", "http://127.0.0.1:9/", "--rate", "200/s", "--for", "30s", "--json")
    (phase,) = json.loads(called.out)["phases"]
    assert (phase["rate"]["planned"], phase["seconds"]) == (200, 30)
    (phase,) = json.loads(loadgen("check", "http://127.0.0.1:9/", "--users", "7", "--json").out)["phases"]
    assert (phase["users"], phase["seconds"]) == (7, 10)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_check_of_the_shipped_profiles(loadgen: Loadgen, name: str) -> None:
    called = loadgen("check", name)
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith("PLAN  ") and "the simulated target" in called.out
    assert len(called.out.splitlines()) <= 30
    assert "the sandbox (simulated)" in loadgen("check", name, "--full").out


def test_check_keeps_secrets(loadgen: Loadgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2-hunter2")
    (tmp_path / "p.yaml").write_text(
        "name: p\ntarget: http://127.0.0.1:9/\nload: [{name: a, rate: 1/s, for: 1s}]\n"
        'scenarios: [{name: s, steps: [{name: one, get: /, headers: {authorization: "Bearer ${TOKEN}"}}]}]\n'
    )
    for more in ([], ["--full"], ["--json"]):
        called = loadgen("check", "p.yaml", *more)
        assert called.status == 0
        assert "hunter2" not in called.out
        assert ("authorization" in called.out.lower()) == bool(more)
