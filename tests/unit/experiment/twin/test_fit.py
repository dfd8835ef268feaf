"""Twins of sandboxes with known settings, in virtual time: they are like the original."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from examples import FULL
from twins import run_on_sandbox, twin_of

from loadgen.errors import ProfileError
from loadgen.profile.load import load, shipped
from loadgen.profile.sandbox import SandboxSettings
from loadgen.result.twin import TwinResult

LONG = "load: [{name: a, rate: 200/s, for: 20s}]\n"
LOAD = LONG if FULL else LONG.replace("20s", "6s")
SHORT = "load: [{name: a, rate: 200/s, for: 4s}]\n"  # for times that are always the same
ORDERS = """scenarios:
  - name: s
    steps:
      - {name: put, post: /orders, json: {id: "{{uuid}}"}, capture: {id: body.id}}
      - {name: read, get: "/orders/{{id}}?full=1"}
"""
COLD = "scenarios: [{name: s, steps: [{name: get, get: /, capture: {cold: header.x-cold}}], split_by: [cold]}]\n"


def settings(twin: TwinResult) -> SandboxSettings:
    sandbox = load("t.yaml", text=json.dumps(twin.profile)).profile.sandbox
    assert sandbox
    return sandbox


def codes(twin: TwinResult) -> dict[str, str]:
    return {of.key: of.why.code for of in twin.fitted}


def assert_like(twin: TwinResult) -> None:
    """p50, p90 and p99 within 5 %, the share of cold starts within 10 %."""
    assert twin.agreement and twin.agreement.figures
    for figure in twin.agreement.figures:
        assert abs(figure.ratio - 1) <= 0.05, figure
    for cold in twin.agreement.cold:
        assert abs(cold.twin_share - cold.run_share) <= 0.1 * cold.run_share or cold.run < 10, cold
    assert twin.agreement.apart == 0


@pytest.mark.parametrize("session", ["shared", "per-request"])
def test_a_log_normal_service_behind_a_round_trip(tmp_path: Path, session: str) -> None:
    sandbox = "sandbox: {rtt: 20ms, service: 'lognormal(p50=8ms, p99=40ms)'}\n"
    twin = twin_of(run_on_sandbox(tmp_path / "run", f"session: {session}\n{sandbox}{LOAD}"))
    assert_like(twin)
    assert settings(twin).rtt == 20_000_000
    assert codes(twin)["sandbox.rtt"] == "twin_round_trip_half"
    assert codes(twin)["sandbox.environments"] == "twin_no_flag"
    figure = next(of for of in twin.agreement.figures if of.quantile == "p50") if twin.agreement else None
    assert figure and figure.run_ms == pytest.approx(28 if session == "shared" else 68, rel=0.01)


def test_a_bimodal_service_keeps_its_step(tmp_path: Path) -> None:
    sandbox = "sandbox: {service: 'bimodal(fast=5ms, slow=200ms, share=3%)'}\n"
    twin = twin_of(run_on_sandbox(tmp_path / "run", sandbox + LOAD))
    assert_like(twin)
    points = dict(settings(twin).service[0].time.values)
    assert len(points) <= 4 and points["p0"] == 5_000_000 and points["p100"] == 200_000_000


def test_two_steps_of_different_service_are_told_apart(tmp_path: Path) -> None:
    service = "[{match: 'POST /orders', time: 'lognormal(p50=8ms, p99=40ms)'}, {match: 'GET /orders/*', time: 3ms}]"
    twin = twin_of(run_on_sandbox(tmp_path / "run", f"sandbox: {{rtt: 20ms, service: {service}}}\n{LOAD}{ORDERS}"))
    assert_like(twin)
    assert [of.match for of in settings(twin).service] == ["POST /orders", "GET /orders/*"]
    assert settings(twin).service[1].time["value"] == pytest.approx(3e6, rel=0.01)


@pytest.mark.skipif(not FULL, reason="takes ten seconds; set LOADGEN_FULL_TESTS=1")
def test_cold_starts_as_in_burst(tmp_path: Path) -> None:
    """The whole of a shipped profile, of which no connection is opened under load."""
    twin = twin_of(run_on_sandbox(tmp_path / "run", shipped()["burst"].read_text(), preopen=500))
    assert_like(twin)
    made = settings(twin)
    assert made.environments
    assert made.rtt == pytest.approx(20e6, rel=0.02)
    assert codes(twin)["sandbox.rtt"] == "twin_round_trip_reported"
    assert 290e6 < made.environments.init.values[0][1] < 310e6
    assert codes(twin)["sandbox.environments.max"] == "twin_most_unknown"
    told = next(of.why.values for of in twin.fitted if of.key == "sandbox.environments.idle")
    assert float(told["low_s"]) <= 4 <= float(told["high_s"])


def test_a_pool_that_was_full_has_its_size(tmp_path: Path) -> None:
    pool = "environments: {max: 12, init: 300ms}"
    load = f"load: [{{name: a, rate: 100/s, for: {20 if FULL else 8}s}}]\n"
    made = settings(
        twin_of(run_on_sandbox(tmp_path / "run", f"sandbox: {{service: 50ms, {pool}}}\n{load}{COLD}"), check=False)
    )
    assert made.environments and made.environments.max == pytest.approx(12, abs=1)


def test_a_full_pool_that_refuses_is_no_throttle(tmp_path: Path) -> None:
    pool = "environments: {max: 8, init: 300ms, overflow: 429}"
    phases = f"stop_if: never\nload: [{{name: a, rate: 200/s, for: {15 if FULL else 6}s}}]\n"
    folder = run_on_sandbox(
        tmp_path / "run", f"sandbox: {{service: 'lognormal(p50=40ms, p99=90ms)', {pool}}}\n{phases}{COLD}"
    )
    twin = twin_of(folder)
    made = settings(twin)
    assert made.environments and made.environments.overflow == "429" and made.throttle is None
    assert made.environments.max == pytest.approx(8, abs=1)
    assert codes(twin)["sandbox.environments.overflow"] == "twin_overflow"


def test_cold_starts_are_drawn_as_they_were(tmp_path: Path) -> None:
    pool = "environments: {max: 500, init: 'lognormal(p50=200ms, p99=600ms)', idle: 100ms}"
    sandbox = f"sandbox: {{rtt: 5ms, service: 'lognormal(p50=8ms, p99=20ms)', {pool}}}\n"
    twin = twin_of(run_on_sandbox(tmp_path / "run", sandbox + LOAD + COLD))
    init = dict(settings(twin).environments.init.values)  # type: ignore[union-attr]
    assert init["p0"] < 150e6 and init["p100"] > 400e6


def test_cold_starts_of_a_warm_up_are_learned_too(tmp_path: Path) -> None:
    sandbox = "sandbox: {service: 20ms, environments: {max: 500, init: 250ms}}\n"
    phases = "load: [{name: warm-up, rate: 100/s, for: 2s, measure: false}, {name: a, rate: 20/s, for: 10s}]\n"
    twin = twin_of(run_on_sandbox(tmp_path / "run", sandbox + phases + COLD))
    pool = settings(twin).environments
    assert pool and pool.init.values[0][1] == pytest.approx(250e6, rel=0.01)
    assert_like(twin)


def test_a_throttle_and_faults(tmp_path: Path) -> None:
    sandbox = "sandbox: {service: 5ms, throttle: {rate: 120/s, burst: 300}, faults: {errors: 2%, reset: 1%}}\n"
    twin = twin_of(run_on_sandbox(tmp_path / "run", f"{sandbox}stop_if: never\n{LONG}"))
    made = settings(twin)
    assert made.throttle and made.throttle.rate == pytest.approx(120, rel=0.01)
    assert made.throttle.tokens == pytest.approx(300, rel=0.15)
    assert (made.faults.errors, made.faults.reset) == (pytest.approx(0.02, rel=0.3), pytest.approx(0.01, rel=0.3))
    assert_like(twin)


def test_timeouts_time_out_again(tmp_path: Path) -> None:
    sandbox = "timeout: 500ms\nsandbox: {service: 'bimodal(fast=5ms, slow=2s, share=3%)'}\n"
    twin = twin_of(run_on_sandbox(tmp_path / "run", f"{sandbox}stop_if: never\n{LOAD}"))
    assert "twin_timeouts" in [of.why.code for of in twin.fitted]
    assert settings(twin).service[0].time["p100"] == 1_500_000_000


def test_over_http_the_handshake_is_that_of_tcp(tmp_path: Path) -> None:
    sandbox = "session: per-request\nsandbox: {tls: false, rtt: 20ms, service: 10ms}\n"
    folder = run_on_sandbox(tmp_path / "run", sandbox + SHORT, simulated=False, url="http://a/")
    twin = twin_of(folder)
    assert settings(twin).tls is False
    assert codes(twin)["sandbox.tls"] == "twin_http"
    assert_like(twin)


def test_without_connects_and_reported_times_the_round_trip_stays_in_the_service(tmp_path: Path) -> None:
    twin = twin_of(run_on_sandbox(tmp_path / "run", f"sandbox: {{rtt: 20ms, service: 5ms}}\n{SHORT}", preopen=64))
    assert (settings(twin).rtt, codes(twin)["sandbox.rtt"]) == (0, "twin_no_connects")
    assert settings(twin).service[0].time["value"] == pytest.approx(25e6, rel=0.01)
    assert_like(twin)


def test_what_the_sandbox_does_not_answer_is_changed(tmp_path: Path) -> None:
    text = """sandbox: {service: 5ms}
scenarios:
  - name: s
    steps:
      - name: put
        post: /orders
        expect: {status: 201}
        capture: {id: body.id, cold: header.x-cold}
      - name: read
        get: "/orders/{{id}}"
        expect: {status: 200}
"""
    folder = run_on_sandbox(tmp_path / "run", text + SHORT)
    written = json.loads((folder / "profile.json").read_text())
    put, read = written["scenarios"][0]["steps"]
    put |= {"expect": {"status": 202}, "capture": {"id": "body.order.id", "cold": "body.cold", "zone": "header.x-zone"}}
    put["record"] = {"db": "header.x-db", "fn": "header.server-timing.fn"}
    read["expect"] = {"json": {"state": "new"}}
    written["scenarios"][0]["split_by"] = ["cold", "zone"]
    written["auth"] = {"api_key": "${KEY}"}
    written["session"] = {"reuse": "shared", "bind": ["127.0.0.2"]}
    (folder / "profile.json").write_text(json.dumps(written))
    twin = twin_of(folder, check=False)
    scenario = twin.profile["scenarios"][0]  # type: ignore[index]
    assert scenario["steps"][0]["capture"] == {"id": "body.id", "cold": "header.x-cold"}
    assert scenario["steps"][0]["record"] == {"fn": "header.server-timing.fn"}
    assert scenario["split_by"] == ["cold"]
    assert "expect" not in scenario["steps"][0] and "expect" not in scenario["steps"][1]
    assert "auth" not in twin.profile and twin.profile["session"] == {"reuse": "shared"}
    assert {key: code for key, code in codes(twin).items() if "sandbox" not in key} == {
        "scenarios.s.put.expect": "twin_expects",
        "scenarios.s.put.capture.id": "twin_captures",
        "scenarios.s.put.capture.cold": "twin_captures",
        "scenarios.s.put.capture.zone": "twin_captures",
        "scenarios.s.put.record.db": "twin_records",
        "scenarios.s.read.expect": "twin_expects",
        "auth": "twin_left_out",
        "session.bind": "twin_left_out",
    }


def test_a_run_of_an_experiment_has_the_profile_of_its_variant(tmp_path: Path) -> None:
    folder = run_on_sandbox(tmp_path / "fresh", f"session: per-request\nsandbox: {{rtt: 5ms, service: 5ms}}\n{SHORT}")
    written = json.loads((folder / "profile.json").read_text())
    written["session"] = "shared"
    written["experiment"] = {"variants": {"shared": {}, "fresh": {"session": "per-request"}}, "rounds": 2}
    (folder / "profile.json").write_text(json.dumps(written))
    twin = twin_of(folder)
    assert twin.profile["session"] == "per-request" and "experiment" not in twin.profile
    assert_like(twin)
    with pytest.raises(ProfileError, match="not the name of one of its variants"):
        twin_of(folder.rename(tmp_path / "other"))


def test_a_run_whose_load_was_another_is_not_tried(tmp_path: Path) -> None:
    folder = run_on_sandbox(tmp_path / "run", f"sandbox: {{service: 5ms}}\n{SHORT}")
    (folder / "profile.json").write_text((folder / "profile.json").read_text().replace("200/s", "100/s"))
    twin = twin_of(folder)
    assert twin.agreement is None and twin.unchecked and twin.unchecked.code == "twin_other_load"


def test_a_secret_of_a_path_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "hush-hush-0815")
    steps = "scenarios: [{name: s, steps: [{name: a, get: '/${STAGE}/a/{{uuid}}'}, {name: b, get: /b}]}]\n"
    twin = twin_of(run_on_sandbox(tmp_path / "run", f"sandbox: {{service: 5ms}}\n{SHORT}{steps}"))
    assert [of.match for of in settings(twin).service] == ["GET /b", "GET /**/a/*"]
    assert "hush" not in json.dumps(twin.profile)
    assert_like(twin)


def test_a_table_keeps_its_operations(tmp_path: Path) -> None:
    text = """name: table
target: {dynamodb: {table: orders, region: eu-west-1, endpoint: "http://127.0.0.1:9"}}
sandbox: {service: [{match: PutItem, time: 6ms}, {match: GetItem, time: 2ms}]}
setup: {key: {pk: S}}
load: [{name: a, rate: 100/s, for: 4s}]
scenarios:
  - name: s
    steps:
      - {name: put, PutItem: {Item: {pk: "{{uuid}}"}}}
      - {name: get, GetItem: {Key: {pk: "a"}}}
"""
    twin = twin_of(run_on_sandbox(tmp_path / "run", text, simulated=False))
    target = twin.profile["target"]
    assert isinstance(target, dict) and target["dynamodb"]["endpoint"] == "sandbox"
    assert {of.match: of.time["value"] for of in settings(twin).service} == {
        "PutItem": pytest.approx(6e6, rel=0.01),
        "GetItem": pytest.approx(2e6, rel=0.01),
    }
    assert codes(twin)["sandbox.environments"] == "twin_of_a_table"
    assert_like(twin)


def test_a_function_is_invoked_again(tmp_path: Path) -> None:
    text = """name: known
target: {lambda: {function: orders, qualifier: $LATEST, profile: mine, endpoint: sandbox}}
sandbox:
  service: lognormal(p50=20ms, p99=60ms)
  environments: {max: 50, init: 300ms, idle: 1s}
  lambda: {memory: 512, memory_used: 70, overhead: 4ms}
load: [{name: a, rate: 40/s, for: 15s}]
scenarios: [{name: s, steps: [{name: call, Invoke: {payload: {id: "{{seq}}"}}}]}]
"""
    twin = twin_of(run_on_sandbox(tmp_path / "run", text))
    assert twin.profile["target"] == {"lambda": {"function": "orders", "endpoint": "sandbox"}}
    sandbox = twin.profile["sandbox"]
    assert sandbox["lambda"] == {"memory": 512, "memory_used": 70}
    assert "init" in sandbox["environments"]
    assert codes(twin)["sandbox.lambda"] == "twin_of_a_function"
    assert_like(twin)
