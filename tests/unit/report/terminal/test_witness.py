"""What a witness saw, as a page."""

from __future__ import annotations

from dataclasses import replace

from loadgen.report.terminal.page import drawn
from loadgen.report.terminal.witness import witness
from loadgen.result.reason import Reason
from loadgen.result.run import Connections, Iterations, Requests, Witness, WitnessFigure

P50 = WitnessFigure(
    phase="steady", cycle=1, scenario="default", step="get", metric="response", connection="reused", workers=4400,
    exchanges=900, left_out=0, quantile="p50", workers_ms=5.01, witness_ms=5.02, low=4.9, high=5.2, says="inside",
    judged=True, why=None,
)  # fmt: skip
P99 = replace(P50, quantile="p99", workers_ms=38.4, witness_ms=14.1, low=12.0, high=19.0, says="above")
NEEDED = Reason.of("too_few_of_witness", count=150, needs=637)
FEW = replace(P99, phase="short", witness_ms=None, low=None, high=None, says="", judged=False, why=NEEDED)
SEEN = Witness(
    run="runs/x/witness", each=53, cpu=None, lost=False, late_ms=0.1, confidence=0.995,
    iterations=Iterations(1132, 1132, 1132, 0, 0, 0, {}), requests=Requests(1132, 1132, {"ok": 1132}),
    connections=Connections(9, 0, 0, 0, 0, 9, 1123), figures=(P50, P99, FEW),
)  # fmt: skip


def test_it_is_reported_beside_the_workers() -> None:
    text = drawn(witness(SEEN), 100, False)
    assert "witness  1 in 53 of the load, at random, beside the workers: 1,132 requests, in no other figure" in text
    median, tail = (line for line in text.splitlines() if "response p" in line)
    assert "p50" in median and "agrees" in median
    assert "p99" in tail and "ABOVE it" in tail and "38.4" in tail and "14.1" in tail
    assert "short get: no p99: the witness had 150 exchanges, 637 are needed" in text


def test_what_is_not_judged_says_so() -> None:
    text = drawn(witness(replace(SEEN, figures=(replace(P50, judged=False),))), 100, False)
    assert "not judged" in text and "agrees" not in text


def test_a_run_without_one_says_nothing_of_it() -> None:
    assert list(witness(None)) == []
