"""Whose time a percentile is, as a table of a page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine_harness import go

from loadgen.analysis.build import Measured, variant
from loadgen.clock import MILLISECOND as MS
from loadgen.report.terminal.page import drawn
from loadgen.report.terminal.parts import attribution, own_times
from loadgen.result.run import Attribution, Phase
from loadgen.transport.scripted import Reply

OF_P50 = Attribution(20.0, 20.0, 0.0, 0.0, 0.0, 0.0, 0.0, False, 21)
OF_P99 = Attribution(41.0, 39.1, 1.0, 0.6, 0.0, 0.0, 0.3, False, 21)


def phase(trip: float | None = None, steps: int = 1, whose: dict[str, Attribution] | None = None) -> Phase:
    """So many steps whose time is all the same."""
    run = go("load: [{name: steady, rate: 10/s, iterations: 2, arrivals: constant}]", lambda x: Reply(after=MS))
    (made,) = variant(Measured(run.plan, run.ledger, run.recording)).phases
    every = {"p50": OF_P50, "p99": OF_P99} if whose is None else whose
    numbered = (replace(made.steps[0], step=f"step-{number}", whose_ms=every) for number in range(steps))
    return replace(made, steps=tuple(numbered), round_trip_ms=trip)


def text(*cycles: Phase) -> str:
    return " ".join(drawn(attribution(list(cycles), "this machine"), 200, False).split())


def of_p99(**more: Any) -> str:
    return text(phase(whose={"p50": OF_P50, "p99": replace(OF_P99, **more)}))


def test_the_table() -> None:
    assert "of the p99, ms in all target, network connect wait this machine" in text(phase())
    assert "step-0 41.0 39.1 1.00 0.600 0.300" in text(phase())
    assert "kernel" not in text(phase())
    assert text(phase(20.1)).endswith("a round trip of the network, by the kernel's count: 20.1 ms")
    assert "≥ 0.300" in of_p99(own_at_least=True)
    assert "SDK client this machine step-0 41.0 39.1 1.00 0.600 7.00 0.300" in of_p99(build=7.0)
    assert "held back this machine step-0 41.0 39.1 1.00 0.600 9.00 0.300" in of_p99(held=9.0)


def test_where_no_step_has_a_p99_it_is_the_p50() -> None:
    shown = text(phase(whose={"p50": OF_P50}))
    assert shown == "of the p50, ms in all target, network this machine step-0 20.0 20.0 0"


def test_of_very_many_steps_not_each_is_told() -> None:
    assert text(phase(steps=12)).count("41.0") == 12
    assert "more" not in text(phase(steps=12))
    assert text(phase(steps=40)).count("41.0") == 12
    assert text(phase(steps=40)).endswith("28 more: see --json")
    assert text(phase(whose={})) == ""


def own(whose: Attribution, *, steps: int = 1, target: float | None = 1.0) -> str:
    made = phase(steps=steps, whose={"p50": whose})
    latency = {"target": replace(made.steps[0].latency_ms["target"], quantiles={"p50": target})}
    told = tuple(replace(step, latency_ms={**step.latency_ms, **latency}) for step in made.steps)
    return " ".join(drawn(own_times([replace(made, steps=told)], "this machine"), 200, False).split())


def test_where_much_is_this_machines_the_targets_own_time_stands_beside_it() -> None:
    slow = replace(OF_P50, value=1.9, target=0.4, own=1.5)
    assert own(slow, target=0.38) == "step-0: p50 1.90 ms, 1.50 of it this machine, target 0.380"
    assert "≥ 1.50 of it" in own(replace(slow, own_at_least=True))
    assert own(replace(slow, own=0.19)) == "", "a tenth is not much"
    assert own(slow, target=None) == "", "a client without stamps does not know it"
    assert own(slow, steps=20).endswith("8 more: see --json")
