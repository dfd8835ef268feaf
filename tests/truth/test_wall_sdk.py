"""`client: sdk` on a worker that is busy with something else, against the wire (12). The client has no stamps of the
kernel: how long an answer lay there unread is in the service time, and nothing tells how much that was."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from program import FULL, Program, Ran, prepare

from loadgen.aws.credentials import SANDBOX
from truth.busy import busy
from truth.capture import Capture
from truth.wall import DIGITS, QUANTILES, adds_up, quantile, target

pytestmark = pytest.mark.real

FIXED = 25  # ms
NUMBER = 250
KEYS = {"AWS_ACCESS_KEY_ID": SANDBOX.access_key, "AWS_SECRET_ACCESS_KEY": SANDBOX.secret_key}
PROFILE = """
name: t
client: sdk
setup: {key: {pk: S}}
scenarios: [{name: s, steps: [{name: put, PutItem: {Item: {pk: "{{uuid}}"}}}]}]
"""
STALLS = [(busy, every) for busy in (0.1, 1, 5, 10, 20, 50) for every in (0.1, 1)] if FULL else [(10, 0.1), (50, 1)]


def puts(folder: Path, env: dict[str, str]) -> tuple[Ran, list[float]]:
    """A run of calls that take a known time, and how long they were on the wire, in ms, in order of length."""
    with target(folder, service=f"{FIXED}ms") as (sandbox, log):
        text = (
            f"{PROFILE}load: [{{name: a, rate: 100/s, iterations: {NUMBER}}}]\ntarget: {{dynamodb: {{table: orders, "
            f'region: eu-west-1, endpoint: "{sandbox.http}"}}}}\n'
        )
        with (
            Capture(urlsplit(sandbox.http).port or 0) as capture,
            Program(folder, *prepare(folder, text), "--json", env={**env, **KEYS}) as program,
        ):
            ran = program.wait()
            program.leaves_nothing()
    with log.open(newline="") as lines:
        served = [row["operation"] for row in csv.DictReader(lines)]
    assert served.count("PutItem") == NUMBER == ran.requests["outcomes"]["ok"]
    wire = capture.exchanged()[-NUMBER:]  # what made the table came before
    return ran, sorted((exchange.answered - exchange.asked) / 1e6 for exchange in wire)


@pytest.mark.parametrize(("busy_ms", "every_s"), STALLS)
def test_what_a_busy_client_adds_is_no_valid_tail(tmp_path: Path, busy_ms: float, every_s: float) -> None:
    ran, wire = puts(tmp_path, busy(tmp_path, busy_ms, every_s))
    assert wire[0] >= FIXED
    (step,) = ran.phases["a"]["steps"]
    latency: dict[str, Any] = step["latency_ms"]
    adds_up(latency)
    for name, p in QUANTILES:
        assert latency["response"][name] >= latency["service"][name] >= quantile(wire, p) * DIGITS, (
            "faster than the wire"
        )
    assert latency["sign"]["min"] > 0, "what the SDK does before it sends is this machine's"
    assert latency["client_delay"]["count"] == 0, "nobody knows it"
    trust = ran.result["trust"]
    changed = latency["response"]["p99"] / quantile(wire, 0.99) - 1
    assert not (changed > 0.1 and trust["verdict"] == "VALID"), changed
    p99 = next(figure for figure in trust["figures"] if figure["quantile"] == "p99")
    assert p99["at_least"], "what lay unread is not in it"
    assert FIXED * DIGITS <= p99["without_ms"] <= p99["value_ms"]
    assert not {"client_delay", "sign"} & set(p99["parts_ms"]), "nobody knows the one, and the SDK's is what is asked"
    if busy_ms == 50:
        assert latency["response"]["p99"] >= FIXED + 0.7 * busy_ms
        assert (trust["verdict"], ran.status) == ("INVALID", 0)
        assert "loop stalls" in ran.reasons
