"""`loadgen fit` on real runs: of a sandbox over HTTPS and over HTTP, and a run on the twin that comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from program import VALID, prepare, run

from loadgen.profile.load import load
from loadgen.profile.units import duration

pytestmark = pytest.mark.real

PROFILE = """
name: known
target: sandbox
sandbox:
  rtt: 20ms
  service: [{match: POST /orders, time: 30ms}, {match: GET /orders/*, time: 5ms}]
  environments: {max: 50, init: 100ms, idle: 10m}
session: SESSION
load: [{name: a, rate: 40/s, for: 4s}]
scenarios:
  - name: order
    steps:
      - name: put
        post: /orders
        json: {id: "{{uuid}}"}
        capture: {id: body.id, cold: header.x-cold}
        record: {fn: header.server-timing.fn}
      - {name: read, get: "/orders/{{id}}", capture: {cold: header.x-cold}}
    split_by: [cold]
"""


@pytest.mark.parametrize("session", ["shared", "per-request"])
def test_a_twin_of_a_sandbox_has_its_settings_and_runs(tmp_path: Path, session: str) -> None:
    ran = run(tmp_path, *prepare(tmp_path, PROFILE.replace("SESSION", session)), "--out", "learned")
    assert ran.status in VALID, ran.err
    fitted = run(tmp_path, "fit", "learned", "-o", "twin.yaml", "--accept-invalid", "--json")
    assert (fitted.status, fitted.err) == (0, "")
    twin = json.loads(fitted.out)
    sandbox: dict[str, Any] = twin["profile"]["sandbox"]
    # a time cannot be shorter than the sandbox was told; how much longer a busy machine makes it, nobody knows
    assert duration(sandbox["rtt"]) >= 19_500_000
    quick = {of["match"]: least(of["time"]) for of in sandbox["service"]}
    assert quick["POST /orders"] > quick["GET /orders/*"]
    assert twin["agreement"]["figures"] and sandbox["environments"]
    assert load(tmp_path / "twin.yaml").profile.sandbox
    again = run(tmp_path, "run", "twin.yaml", "--quiet", "--json", "--set", "load.a.for=1s")
    assert again.status in VALID, again.err
    steps = json.loads(again.out)["variants"][0]["phases"][0]["steps"]
    assert all(step["requests"]["outcomes"].keys() == {"ok"} for step in steps)


def test_over_http_the_twin_is_reached_over_http(tmp_path: Path) -> None:
    text = PROFILE.replace("SESSION", "per-request").replace("rtt: 20ms", "rtt: 20ms\n  tls: false")
    ran = run(tmp_path, *prepare(tmp_path, text), "--out", "learned", "--json")
    assert json.loads(ran.out)["target"]["url"].startswith("http://127.0.0.1")
    fitted = run(tmp_path, "fit", "learned", "--no-check", "--accept-invalid")
    assert fitted.status == 0
    sandbox = load("twin.yaml", text=fitted.out).profile.sandbox
    assert sandbox and sandbox.tls is False


def least(time: str) -> int:
    return duration(time.partition("p0=")[2].partition(",")[0] if "p0=" in time else time)
