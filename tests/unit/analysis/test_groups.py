"""The figures of each worker of a run, and the worker that differs, from the counts of runs in virtual time."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from random import Random

import pytest
from engine_harness import Run
from run_results import concluded, measured, metadata

from loadgen.analysis.conclusion import Ending, conclude, tails
from loadgen.analysis.standing import standing_of
from loadgen.clock import MILLISECOND
from loadgen.exchange import MOST_KEYS, Exchange
from loadgen.report.html.run import run_page
from loadgen.report.sentences import sentence
from loadgen.report.sharing import shared
from loadgen.report.terminal.run import render
from loadgen.result.node import Node
from loadgen.result.run import RunResult
from loadgen.transport.scripted import NEVER, Reply
from loadgen.trust.health import Health
from loadgen.trust.watch import evidence_of

PROFILE = """
target: {url: "http://127.0.0.1"}
load: [{name: warm-up, rate: 300/s, for: 500ms, measure: false}, {name: a, rate: 300/s, for: 4s}]
scenarios: [{name: s, steps: [{name: one, get: /}]}]
timeout: 500ms
"""


def result(workers: int, slower: int = 1, never: bool = False) -> RunResult:
    """Of a run whose last worker takes so many times as long, or often gets no answer."""
    dice = Random(16)

    def after() -> int:
        return round(20 * MILLISECOND * dice.lognormvariate(0, 0.3))

    run = Run(PROFILE, lambda x: Reply(after()), workers=workers)
    slow = Reply(NEVER) if never else None
    run.members[-1].transport._script = lambda x: slow if slow and dice.random() < 0.2 else Reply(slower * after())
    return concluded(run.go())


def test_each_worker_has_its_figures() -> None:
    (phase,) = (of for of in result(3).variant.phases if of.name == "a")
    (step,) = phase.steps
    assert [of.worker for of in step.by_worker] == [0, 1, 2]
    assert sum(of.latency.count for of in step.by_worker) == step.latency_ms["response"].count
    assert step.odd_worker is None


def test_a_run_with_one_worker_has_none() -> None:
    of = result(1, slower=3)
    assert not any(step.by_worker or step.odd_worker for phase in of.variant.phases for step in phase.steps)
    assert "by worker" not in render(of)


def test_a_worker_that_is_slower_is_found_and_shown() -> None:
    of = result(3, slower=3)
    (found,) = (each for each in of.findings if each.observed.code == "worker_differs")
    assert (found.phase, found.observed.values["worker"]) == ("a", "2")
    text = sentence(found.observed)
    assert text.startswith("One worker differs: the p99 of worker 2 is 1") and text in render(of).replace("\n", " ")
    assert "by worker" in render(of)
    assert "The requests of each step by the worker that sent them" in run_page(of, None, ())


def test_a_worker_without_answers_is_told_with_its_timeouts() -> None:
    (found,) = (each for each in result(3, never=True).findings if each.observed.code == "worker_differs")
    assert found.observed.values["timeouts"] > 50  # type: ignore[operator]
    assert "is more than 500 ms" in sentence(found.observed)


def on_nodes(workers: int, nodes: int, slower: int = 1) -> RunResult:
    """The same run, whose workers are on so many nodes; all of the last node take so many times as long."""
    dice = Random(18)

    def reply(factor: int) -> Reply:
        return Reply(round(factor * 20 * MILLISECOND * dice.lognormvariate(0, 0.3)))

    run = Run(PROFILE, lambda x: reply(1), workers=workers)
    for member in run.members[workers - workers // nodes :]:
        member.transport._script = lambda x: reply(slower)
    run.go()
    of = {number: number * nodes // workers for number in range(workers)}
    return conclude(
        metadata(run.profile),
        replace(measured(run), nodes=of),
        standing_of(evidence_of(run.ledger, tails(run.plan, run.recording), Health()), []),
        Ending(run.finished_at, None, nodes=tuple(node(number) for number in range(nodes))),
        {},
    )


def node(number: int) -> Node:
    made = Node(number, f"host-{number}", f"10.0.0.{number}", 2, 2, 600, 1.5, 0.25, 0.01, 0.5, None)
    return replace(made, zone=f"eu-west-1{'abc'[number]}")


def test_each_node_has_the_figures_of_its_workers() -> None:
    of = on_nodes(4, 2)
    (step,) = of.variant.phases[1].steps
    assert [each.node for each in step.by_node] == [0, 1]
    sums = [sum(each.latency.count for each in step.by_worker[at : at + 2]) for at in (0, 2)]
    assert [each.latency.count for each in step.by_node] == sums
    assert (step.odd_node, step.odd_worker) == (None, None)
    text = render(of)
    assert "by node" in text and "10.0.0.1" in text and "1.500 ± 0.250" in text
    assert "The requests of each step by the node that sent them" in run_page(of, None, ())
    assert "The nodes that the load came from" in run_page(of, None, ())
    assert all(name not in render(shared(of)) for name in ("host-0", "10.0.0.1"))


def test_a_node_that_is_slower_is_found_and_its_workers_are_not_told_as_well() -> None:
    of = on_nodes(6, 3, slower=3)
    (found,) = (each for each in of.findings if each.observed.code.endswith("_differs"))
    assert (found.observed.code, found.observed.values["node"]) == ("node_differs", "2")
    assert sentence(found.observed).startswith("One node differs: the p99 of node 2 in eu-west-1c is")
    assert found.observed.values["zone"] == "eu-west-1c"


STEPS = """
target: {url: "http://127.0.0.1"}
load: [{name: a, rate: 300/s, for: 4s}]
scenarios:
  - {name: s, weight: 4, steps: [{name: one, get: /1}]}
  - {name: t, weight: 1, steps: [{name: two, get: /2}]}
"""


def of_steps(slower: int) -> RunResult:
    """Of a run with two workers, the second step of which takes so many times as long."""
    dice = Random(17)

    def reply(x: Exchange) -> Reply:
        return Reply(round((slower if x.request.path == "/2" else 1) * 20 * MILLISECOND * dice.lognormvariate(0, 0.3)))

    return concluded(Run(STEPS, reply, workers=2).go())


def test_a_step_that_is_slower_is_found_with_its_part_in_the_tail() -> None:
    of = of_steps(4)
    found = next(each for each in of.findings if each.observed.code == "step_behind")
    assert found.step == "two" and 0.15 < found.observed.values["share"] < 0.25  # type: ignore[operator]
    assert found.observed.values["tail_share"] == 1
    one, two = of.variant.phases[0].steps
    assert one.tail and two.tail and (one.tail.beyond, two.tail.beyond) == (0, two.tail.of)
    assert 5 <= two.tail.of <= 13, "a hundredth"


def test_steps_that_are_alike_share_the_tail() -> None:
    of = of_steps(1)
    one, two = of.variant.phases[0].steps
    assert one.tail and two.tail and one.tail.beyond + two.tail.beyond == one.tail.of
    assert not one.behind and not two.behind


def test_an_address_that_is_slower_is_found_and_shown() -> None:
    """Of three, one of which takes three times as long; requests go to them in turns."""
    dice, turns = Random(18), count()

    def reply(x: Exchange) -> Reply:
        x.address = 1 + next(turns) % 3
        return Reply(round((3 if x.address == 2 else 1) * 20 * MILLISECOND * dice.lognormvariate(0, 0.3)))

    hosts = {"10.0.0.1": 1, "10.0.0.7": 2, "10.0.0.9": 3}
    of = concluded(Run(PROFILE, reply, workers=2).go(), hosts=hosts)
    (step,) = next(phase for phase in of.variant.phases if phase.name == "a").steps
    assert [each.address for each in step.by_address] == list(hosts)
    assert sum(each.latency.count for each in step.by_address) == step.latency_ms["response"].count
    (found,) = (each for each in of.findings if each.observed.code == "address_differs")
    assert found.observed.values["address"] == "10.0.0.7"
    assert "by address" in render(of) and "by the address that they went to" in run_page(of, None, ())
    assert "10.0.0.7" not in render(shared(of))


TABLE = """
target: {dynamodb: {table: orders, endpoint: sandbox}}
load: [{name: a, rate: 300/s, for: 4s}]
keys: {id: "hotset(1000, keys=0.1%, traffic=40%)"}
scenarios: [{name: s, steps: [{name: get, GetItem: {Key: {pk: "{{id}}"}}}]}]
"""


def of_keys(slow: int) -> RunResult:
    """Of a table one of whose keys takes three times as long; the first is the hot one."""
    dice = Random(19)

    def reply(x: Exchange) -> Reply:
        return Reply(round((3 if x.request.key == slow else 1) * 20 * MILLISECOND * dice.lognormvariate(0, 0.3)))

    return concluded(Run(TABLE, reply).go())


def test_a_hot_key_that_is_slower_is_found() -> None:
    (found,) = (each for each in of_keys(1).findings if each.observed.code == "key_differs")
    assert found.observed.values["key"] == "0"
    assert sentence(found.observed).startswith(
        "One partition key is behind: the p99 of key 0 of the profile's choice is "
    )


@pytest.mark.parametrize("slow", [0, MOST_KEYS + 1], ids=["none", "all others"])
def test_no_key_is_found_that_is_no_slower(slow: int) -> None:
    of = of_keys(slow)
    assert not [each for each in of.findings if each.observed.code == "key_differs"]
