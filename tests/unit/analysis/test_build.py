"""A result: the shapes that others rely on, sums that are the ledger's, cycles beside each other and never together."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from engine_harness import Run, always, go
from examples import examples
from random_runs import random_run
from run_results import concluded, measured, metadata

from loadgen.analysis.build import sample, variant
from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.latency import QUANTILES
from loadgen.analysis.standing import NOTHING_KNOWN
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange, Outcome, Tally
from loadgen.fleet.group import merge
from loadgen.net.counters import CONNECTION_COUNTERS
from loadgen.record.ledger import ITERATIONS, UNSENT_STOPPED
from loadgen.result.codec import from_json, map_text, to_json
from loadgen.result.reason import CODES, Reason
from loadgen.result.run import Attempts, ConsumedCapacity, Items, PlannedRate, RunResult, RunVariant, Trust
from loadgen.transport.scripted import NEVER, Reply

LATENCY = {"count", "mean", "min", *QUANTILES, "max", "spent", "above", "why", "timeouts"}
OPEN_METRICS = {
    "response", "service", "connect", "lag", "wait", "client_delay", "sign", "dns", "tcp", "tls", "handshake_cpu",
    "wait_delay", "connect_delay", "target", "ttfb",
}  # fmt: skip
COUNTED = ("planned", "started", "completed", "failed", "cut_short", "unsent")


def of(written: str, script: Any = None, **options: Any) -> RunVariant:
    return variant(measured(go(written, script, **options)))


def blocks(value: Any) -> list[dict[str, Any]]:
    """Every block of latency figures in the JSON of a result."""
    if isinstance(value, dict):
        if "p50" in value and "spent" in value:
            return [value]
        return [block for item in value.values() for block in blocks(item)]
    return [block for item in value for block in blocks(item)] if isinstance(value, list) else []


def test_where_counts_of_nodes_are_missing_nothing_is_said_to_be_unsent() -> None:
    of_run = measured(go("load: [{name: a, rate: 10/s, for: 1s}]"))
    of_run.ledger.iterations[of_run.plan.runs[0].number * len(ITERATIONS) + UNSENT_STOPPED] = 7
    told = [variant(replace(of_run, unread=unread)).iterations.unsent_why for unread in (False, True)]
    assert told == [{"stopped": 7}, {"stopped or not known": 7}]


SHOP = """
load:
  - {name: warm, rate: 50/s, for: 1s, measure: false}
  - {name: steady, rate: 100/s, for: 2s}
  - {name: people, users: 3, for: 1s}
  - {name: crowd, at-once: 20}
  - {name: down, rate: 100/s..90/s, for: 1s}
cycles: 2
timeout: 700ms
session: {connections: 30}
scenarios:
  - name: order
    steps:
      - {name: put, post: /orders, capture: {cold: header.x-cold}, record: {fn: header.server-timing.fn}}
      - {name: read, get: /orders}
    split_by: [cold]
  - {name: browse, weight: 0.5, steps: [{name: list, get: /items}]}
thresholds: {steady: [response p99.95 < 1s, service p12.5 < 1s, errors < 5%]}
"""


def shop(x: Exchange) -> Reply:
    number = x.due // 1000 % 100
    if number < 3:
        return Reply(after=NEVER, connect=2 * MILLISECOND)
    if number < 6:
        return Reply(after=5 * MILLISECOND, status=503)
    if number < 8:
        return Reply(after=MILLISECOND, outcome=Outcome.RESET, reason="closed by the target")
    headers = {"x-cold": str(number < 20).lower(), "server-timing": "fn;dur=7.5"}
    return Reply(after=number * MILLISECOND, connect=2 * MILLISECOND, client_delay=1000, headers=headers)


@pytest.fixture(scope="module")
def shopped() -> Run:
    return go(SHOP, shop, workers=2)


def test_the_keys_are_those_that_were_promised(shopped: Run) -> None:
    found = to_json(variant(measured(shopped)))
    assert set(found) == {"name", "iterations", "requests", "connections", "network", "phases"}
    assert set(found["requests"]) == {"sent", "on_wire", "outcomes"}
    assert set(found["connections"]) == {*CONNECTION_COUNTERS, "reused"}
    assert {"opened", "reused", "closed_idle"} <= set(found["connections"])
    for phase in found["phases"]:
        assert {*COUNTED, "unsent_why"} == set(phase["iterations"])
        assert set(phase["requests"]) == {"sent", "on_wire", "outcomes"}
        for step in phase["steps"]:
            assert set(step["requests"]) == {"sent", "on_wire", "outcomes"}
            assert set(step["skipped"]) == {"failed_step", "stopped"}
            closed = {"response", "lag"} if phase["kind"] == "closed" else set()
            assert set(step["latency_ms"]) == OPEN_METRICS - closed
            assert not {"attempts", "items", "capacity"} & set(step), "there are none, and so no key"
    for block in blocks(found):
        assert set(block) == LATENCY | {"p99.95", "p12.5"}


def test_a_result_is_plain_json_without_infinities(shopped: Run) -> None:
    found = to_json(variant(measured(shopped)))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_figure_is_a_number_or_null_with_its_reason(shopped: Run) -> None:
    found = blocks(to_json(variant(measured(shopped))))
    assert len(found) > 300
    for block in found:
        for name in (*QUANTILES, "p99.95"):
            assert (name in block["why"]) == (block[name] is None)
            assert block[name] is None or type(block[name]) is float
        assert all(why["code"] in CODES for why in block["why"].values())
        if block["count"]:
            assert (block["mean"] is None) == (block["max"] is None) == ("mean" in block["above"])


def test_phases_are_in_the_order_in_which_they_ran_each_cycle_for_itself(shopped: Run) -> None:
    found = variant(measured(shopped)).phases
    assert [(phase.name, phase.cycle, phase.cycles, phase.measured) for phase in found] == [
        ("warm", 1, 1, False),
        *((name, cycle, 2, True) for cycle in (1, 2) for name in ("steady", "people", "crowd", "down")),
        ("drain", 1, 1, False),
    ]
    assert [phase.kind for phase in found[1:5]] == ["open", "closed", "at-once", "open"]
    assert [phase.headline for phase in found[1:5]] == ["response", "service", "response", "response"]
    assert [phase.seconds for phase in found] == [1.0, 2.0, 1.0, None, 1.0, 2.0, 1.0, None, 1.0, None]
    assert found[4].rate == PlannedRate(100.0, 90.0)
    assert found[-1].rate == PlannedRate(90.0, 90.0), "the drain goes on at the last rate"
    assert (found[2].users, found[2].rate, found[2].arrivals) == (3, None, None)
    assert found[1].arrivals == "poisson"


def check_sums(run: Run) -> None:
    """Totals are the sums of the phases, those the sums of the steps, and those the cells of the ledger."""
    found, ledger = variant(measured(run)), run.ledger
    for name in COUNTED:
        parts = [getattr(phase.iterations, name) for phase in found.phases]
        assert getattr(found.iterations, name) == sum(parts)
    assert found.iterations.planned == found.iterations.started + found.iterations.unsent
    assert found.iterations.planned == sum(ledger.iterations[:: len(ITERATIONS)].tolist())
    for place, phase in enumerate(found.phases):
        plain = ledger.iteration(place)
        ended = plain["completed"] + plain["failed"] + plain["cut_short"]
        assert phase.iterations.started == plain["started"] == ended
        assert sum(phase.iterations.unsent_why.values()) == phase.iterations.unsent
        assert phase.requests.sent == sum(step.requests.sent for step in phase.steps)
        assert phase.requests.on_wire == sum(step.requests.on_wire for step in phase.steps)
        for step in phase.steps:
            requests = step.requests
            assert requests.sent == sum(requests.outcomes.values()) >= requests.on_wire
            attempts = step.attempts or Attempts(operations=0, attempts=requests.sent, per_operation=None, outcomes={})
            assert attempts.attempts == requests.sent
            assert sum(attempts.outcomes.values()) <= attempts.operations <= requests.sent
            failures = {entry.outcome: entry.count for entry in step.failures}
            assert failures == {word: n for word, n in requests.outcomes.items() if word != "ok"}
            assert sum(failures.values()) == requests.failed
            for entry in step.failures:
                assert sum(entry.reasons.values()) <= entry.count
    assert found.requests.sent == sum(phase.requests.sent for phase in found.phases)
    assert found.requests.on_wire == sum(phase.requests.on_wire for phase in found.phases)
    assert found.requests.sent == sum(ledger.sent.tolist()) == sum(found.requests.outcomes.values())
    assert found.requests.on_wire == sum(ledger.wired.tolist())
    kinds = [phase.connections for phase in found.phases]
    assert sum(kind.new + kind.reused + kind.resumed for kind in kinds) == sum(x.started > 0 for x in run.exchanges)
    assert found.connections.reused == sum(kind.reused for kind in kinds)


def test_sums_are_the_ledgers(shopped: Run) -> None:
    check_sums(shopped)


def thrice(x: Exchange, attempt: int) -> tuple[int, None] | None:
    return (50 * MILLISECOND, None) if x.outcome and attempt < 3 else None


@pytest.mark.parametrize("again", [None, thrice])
@pytest.mark.parametrize("first", [5000, 5030])
def test_sums_are_the_ledgers_in_any_run(first: int, again: Any) -> None:
    for seed in range(first, first + examples(30)):
        run = random_run(Random(seed), again=again)
        check_sums(run)
        check_json(run)


def check_json(run: Run) -> None:
    """What is concluded survives being written and read, and no text of it is lost."""
    result = concluded(run, warnings=[Reason.of("tls_not_verified")])
    assert from_json(RunResult, json.loads(json.dumps(to_json(result), allow_nan=False))) == result
    assert map_text(result, lambda text: text) == result


def test_a_result_survives_being_written_and_read(shopped: Run) -> None:
    check_json(shopped)
    check_json(Run("load: [{name: a, rate: 100/s, for: 1s}]", always(after=NEVER)).go())


def test_cycles_are_never_pooled() -> None:
    written = "load: [{name: a, rate: 100/s, for: 1s, arrivals: constant}]\ncycles: 2"
    first, second = of(written, lambda x: Reply(after=(1 + 9 * (x.due >= 1001 * SECOND)) * MILLISECOND)).phases[:2]
    assert first.steps[0].latency_ms["response"].max == 1.0
    assert second.steps[0].latency_ms["response"].min == 10.0
    assert first.steps[0].latency_ms["response"].count == 100


def test_ok_is_shown_with_timeouts_censored_and_failures_apart() -> None:
    written = "load: [{name: a, rate: 100/s, iterations: 1000, arrivals: constant}]\ntimeout: 2s"

    def script(x: Exchange) -> Reply:
        number = x.due // (10 * MILLISECOND) % 100
        status = 503 if number < 10 else 200
        return Reply(after=NEVER if number >= 98 else (1 if status == 503 else 20) * MILLISECOND, status=status)

    (step,) = of(written, script).phases[0].steps
    response = step.latency_ms["response"]
    assert (response.count, response.timeouts) == (900, 20)
    assert (response.min, response.quantiles["p95"], response.quantiles["p99"]) == (20.0, 20.0, None)
    assert response.why["p99"] == Reason.of("among_timeouts", bound_ms=2000.0, timeouts=20)
    assert step.latency_ms["lag"].count == 1000, "of all: what is ours does not depend on the answer"
    assert step.latency_ms["wait"].count == 880
    failures = {entry.outcome: entry for entry in step.failures}
    assert {word: entry.count for word, entry in failures.items()} == {"http_5xx": 100, "timeout": 20}
    assert failures["http_5xx"].reasons == {"status 503": 100}
    assert failures["http_5xx"].latency_ms["response"].max == 1.0


def test_failures_of_a_closed_load_are_timed_by_their_service() -> None:
    found = of("load: [{name: a, users: 1, for: 1s}]", always(after=10 * MILLISECOND, status=500))
    (step,) = found.phases[0].steps
    assert step.failures[0].latency_ms["service"].count == 100


def test_strata_stand_beside_each_other(shopped: Run) -> None:
    put = variant(measured(shopped)).phases[1].steps[0]
    assert [stratum.stratum for stratum in put.strata] == ["cold=false", "cold=true"]
    assert sum(stratum.count for stratum in put.strata) == put.requests.outcomes["ok"]
    for stratum in put.strata:
        assert stratum.unassigned_timeouts == put.requests.outcomes["timeout"] > 0, "no answer could tell"
    slow = [stratum.latency_ms["response"].max or 0.0 for stratum in put.strata]
    assert slow[0] > 90 > 30 > slow[1]


def test_a_stratum_of_which_none_came_to_a_connection_is_shown() -> None:
    """All of its second steps time out while they wait: there is a response, and no service."""
    written = """
load: [{name: a, rate: 100/s, iterations: 100, arrivals: constant}]
session: {connections: 1}
timeout: 1s
scenarios:
  - name: s
    steps: [{name: one, get: /, capture: {cold: header.x-cold}}, {name: two, get: /, timeout: 1ms}]
    split_by: [cold]
"""
    found = of(written, always(after=5 * MILLISECOND, headers={"x-cold": "yes"}))
    step = found.phases[0].steps[1]
    assert [stratum.stratum for stratum in step.strata] == ["cold=yes"]
    assert step.strata[0].count == sum(step.requests.outcomes.values())
    assert step.strata[0].latency_ms["response"].timeouts == step.strata[0].latency_ms["response"].count
    assert step.strata[0].unassigned_timeouts == 0, "the first step's answer told"


def test_connections_are_told_apart() -> None:
    written = "load: [{name: a, rate: 100/s, iterations: 200, arrivals: constant}]\nsession: {connections: 5}"
    found = of(written, always(after=20 * MILLISECOND, connect=3 * MILLISECOND))
    (step,) = found.phases[0].steps
    assert found.connections.opened == found.connections.peak == step.by_connection["new"].count
    assert step.by_connection["new"].service.min == 23.0
    assert step.by_connection["reused"].service.max == 20.0
    assert found.connections.reused == 200 - found.connections.opened
    assert step.latency_ms["connect"].count == found.connections.opened
    assert step.latency_ms["tcp"].max == 3.0


def test_iterations_are_timed_as_a_whole_over_all_strata_and_in_each(shopped: Run) -> None:
    steady = variant(measured(shopped)).phases[1]
    entries = {(entry.scenario, entry.stratum): entry.latency for entry in steady.iteration_ms}
    assert set(entries) >= {("order", ""), ("order", "cold=true"), ("order", "cold=false"), ("browse", "")}
    assert entries["order", ""].count > entries["order", "cold=true"].count + 1
    timed_out = sum(step.requests.outcomes.get("timeout", 0) for step in steady.steps[:2])
    assert entries["order", ""].timeouts == timed_out > 0
    assert entries["order", ""].why["max"].values["timeouts"] == timed_out
    assert entries["browse", ""] == steady.steps[2].latency_ms["response"], "one step is the whole of it"


def test_times_that_the_target_reports_have_figures_of_their_own(shopped: Run) -> None:
    put, read = variant(measured(shopped)).phases[1].steps[:2]
    assert put.recorded_ms["fn"].max == 7.5
    assert put.recorded_ms["fn"].count == put.requests.outcomes["ok"]
    assert read.recorded_ms == {}


def test_what_does_not_apply_has_no_count() -> None:
    (step,) = of("load: [{name: a, rate: 100/s, iterations: 10}]").phases[0].steps
    assert step.latency_ms["tls"].count == 0
    assert step.latency_ms["client_delay"].count == 10


ONE = "load: [{name: a, rate: 100/s, iterations: 100, arrivals: constant}]\n"


def test_attempts_and_operations_are_counted_and_timed() -> None:
    """Every second operation is throttled once, every tenth is throttled three times and gives up."""

    def again(x: Exchange, attempt: int) -> tuple[int, None] | None:
        return (100 * MILLISECOND, None) if x.outcome and attempt < 3 else None

    def script(x: Exchange) -> Reply:
        number = (x.first_due - 1000 * SECOND) // (10 * MILLISECOND)
        busy = 3 if number % 10 == 0 else number % 2
        return Reply(after=5 * MILLISECOND, status=429 if x.attempt <= busy else 200)

    (step,) = of(ONE, script, again=again).phases[0].steps
    assert step.requests.sent == 40 + 50 * 2 + 10 * 3
    assert step.requests.outcomes == {"ok": 90, "throttled": 80}
    assert step.attempts == Attempts(
        operations=100, attempts=170, per_operation=1.7, outcomes={"ok": 90, "throttled": 10}
    )
    operation, backoff = step.latency_ms["operation"], step.latency_ms["backoff"]
    assert (operation.count, operation.min, operation.quantiles["p50"], operation.max) == (90, 5.0, 110.0, 110.0)
    assert (backoff.count, backoff.min, backoff.max) == (60, 100.0, 200.0)
    assert step.latency_ms["response"].max == 5.0
    assert "build" not in step.latency_ms


def test_operations_that_time_out_in_the_end_are_known_to_have_lasted_longer() -> None:
    def again(x: Exchange, attempt: int) -> tuple[int, None] | None:
        return (0, None) if x.outcome and attempt < 2 else None

    never = lambda x: Reply(after=NEVER if x.first_due % SECOND < 30 * MILLISECOND else 5 * MILLISECOND)  # noqa: E731
    (step,) = of(ONE + "timeout: 1s", never, again=again).phases[0].steps
    operation = step.latency_ms["operation"]
    assert (operation.count, operation.quantiles["p95"], operation.quantiles["p99"]) == (100, 5.0, None)
    assert operation.above["p99"] == 2000.0
    assert step.attempts and step.attempts.outcomes == {"ok": 97, "timeout": 3}


def test_the_iterations_of_one_step_are_its_operations() -> None:
    def again(x: Exchange, attempt: int) -> tuple[int, None] | None:
        return (100 * MILLISECOND, None) if attempt < 2 else None

    for load in (ONE, "load: [{name: a, users: 2, iterations: 100}]"):
        phase = of(load, always(after=5 * MILLISECOND), again=again).phases[0]
        (entry,) = phase.iteration_ms
        assert entry.latency == phase.steps[0].latency_ms["operation"]
        assert entry.latency.min == 110.0


def test_items_and_capacity_are_told_where_there_are_any() -> None:
    run = Run(ONE, always(after=MILLISECOND))
    (work,) = run.members[0].engine._workload.scenarios[0].steps

    def tally(x: Exchange) -> None:
        x.tally = Tally(25, 2, 1, 500, 12_500) if x.due % SECOND == 0 else Tally(25, 0)

    work.assess = tally
    (step,) = variant(measured(run.go())).phases[0].steps
    assert step.items == Items(sent=2500, unprocessed=2)
    assert step.capacity == ConsumedCapacity(sampled_calls=1, read_units=0.5, write_units=12.5)
    (without,) = of(ONE).phases[0].steps
    assert (without.items, without.capacity, without.attempts) == (None, None, None)


def test_unsent_iterations_say_why() -> None:
    written = "load: [{name: a, rate: 100/s, for: 4s, arrivals: constant}]\nin_flight_limit: 50"
    run = Run(written, always(after=SECOND - 1)).stop(2 * SECOND - 1).go()
    iterations = variant(measured(run)).iterations
    assert iterations.unsent_why == {"in-flight limit": 100, "stopped": 200}
    assert iterations.unsent == 300


def test_the_drain_is_shown_only_if_there_was_one() -> None:
    written = "load: [{name: a, rate: 100/s, for: 1s, arrivals: constant}]"
    assert [phase.name for phase in of(written, always(after=1)).phases] == ["a"]
    assert [phase.name for phase in of(written, always(after=SECOND)).phases] == ["a", "drain"]


def test_a_sample_says_where_it_belongs(shopped: Run) -> None:
    kept = merge((member.samples.kept() for member in shopped.members), 5)
    of = measured(shopped)
    found = [sample(of, each) for each in (*kept.failed, *kept.slowest)]
    assert {entry.phase for entry in found} >= {"steady", "people", "crowd", "down"}
    assert all(entry.outcome == "ok" for entry in found[len(kept.failed) :])
    for entry in found:
        assert entry.step in ("put", "read", "list")
        assert entry.cycle in (1, 2)
        assert entry.whose_ms.value == (entry.times_ms.get("response") or entry.times_ms["service"])
        assert "slot" not in to_json(entry)


def test_the_whole_is_a_result_of_version_2(shopped: Run) -> None:
    ending = Ending(10 * SECOND, None, kept=merge((member.samples.kept() for member in shopped.members), 5))
    result = conclude(metadata(shopped.profile), measured(shopped), NOTHING_KNOWN, ending, shopped.profile.thresholds)
    assert (result.schema, result.kind) == ("loadgen.result/4", "run")
    assert result.trust == Trust("VALID", False, (), (), ())
    assert (result.duration_s, result.complete, result.interrupted, result.run) == (10.0, True, False, None)
    assert {entry.status for entry in result.thresholds} <= {"passed", "failed", "undecided"}
    assert len(result.thresholds) == 2 * (3 + 3 + 1)
    document = to_json(result)
    assert (document["schema"], document["kind"], len(document["variants"])) == ("loadgen.result/4", "run", 1)
    assert not {"until", "witness", "setup", "cost", "sdk"} & set(document), "there are none, and so no key"
