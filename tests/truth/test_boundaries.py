"""What belongs where (19): to the phase in which it was due, whenever it ends; and the load does not fall before the
last measured answer is in. Phases, cycles, steps and strata are never pooled."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from engine_harness import START

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.transport.scripted import Reply
from truth.pipeline import assert_tells, ns, tell

WARM = """
load:
  - {name: warm, rate: 100/s, for: 3s, measure: false}
  - {name: steady, rate: 200/s, for: 5s, arrivals: ARRIVALS}
  - {name: after, rate: 50/s, for: 2s, measure: false}
timeout: 20s
"""


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_exchange_counts_where_it_was_due(workers: int, arrivals: str, tmp_path: Path) -> None:
    """Those of the warm-up end in the measured phase, those of the measured one after it: by 4 s each, a latency that
    tells whose they are."""
    ends = {"warm": 3 * SECOND, "steady": 8 * SECOND, "after": 10 * SECOND}
    takes = {"warm": 4100, "steady": 4200, "after": 4300, "drain": 4400}
    log: Counter[str] = Counter()

    def script(x: Exchange) -> Reply:
        name = next((name for name, end in ends.items() if x.due - START < end), "drain")
        log[name] += 1
        return Reply(after=takes[name] * MILLISECOND)

    found = tell(WARM.replace("ARRIVALS", arrivals), script, tmp_path / "run", workers=workers)
    assert [phase["name"] for phase in found.phases] == list(takes)
    for name, took in takes.items():
        block, phase = found.block(name), found.phase(name)
        assert block["min"] == block["max"] == took, name
        assert block["count"] == phase["iterations"]["planned"] == phase["requests"]["sent"] == log[name]
        assert phase["measured"] == (name == "steady")
    if arrivals == "constant":
        assert log == Counter(warm=log["warm"], steady=1000, after=log["after"], drain=log["drain"])


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_the_load_goes_on_at_the_same_rate_until_the_last_measured_answer(arrivals: str, tmp_path: Path) -> None:
    """The target serves slower the fewer are open: a drain without arrivals would show. The last of them take 6 s."""
    arrived: list[int] = []

    def script(x: Exchange) -> Reply:
        arrived.append(x.started - START)
        return Reply(after=6 * SECOND if x.due - START > 9 * SECOND else 10 * MILLISECOND)

    text = f"load: [{{name: steady, rate: 300/s, for: 10s, arrivals: {arrivals}}}]"
    found = tell(text, script, tmp_path / "run")
    last = max(x.done for x in found.run.of(0)) - START
    assert 15.9 * SECOND < last <= 16 * SECOND
    seconds = Counter(at // SECOND for at in arrived)
    if arrivals == "constant":
        assert [seconds[second] for second in range(15)] == [300] * 15
    else:
        assert all(abs(seconds[second] - 300) < 5 * 300**0.5 for second in range(15))
    assert max(arrived) <= last < max(arrived) + SECOND // 20, "and no longer"
    steady, drain = found.phases
    assert (drain["name"], drain["measured"]) == ("drain", False)
    assert steady["requests"]["sent"] == sum(at < 10 * SECOND for at in arrived)
    assert drain["requests"]["sent"] == sum(at >= 10 * SECOND for at in arrived)
    assert found.block("steady")["count"] == steady["requests"]["sent"]


APART = """
load:
  - {name: low, rate: 100/s, for: 2s}
  - {name: high, rate: 200/s, for: 2s}
cycles: 2
scenarios:
  - name: order
    steps:
      - {name: put, post: /, capture: {cold: header.x-cold}}
      - {name: read, get: /}
    split_by: [cold]
"""


def test_phases_cycles_steps_and_strata_are_each_by_themselves(tmp_path: Path) -> None:
    """Sixteen latencies, one for each of them, and none in between anywhere."""
    log: dict[tuple[int, int, bool], int] = {}

    def script(x: Exchange) -> Reply:
        run, step = divmod(x.slot, 2)
        cold = x.owner.index % 3 == 0  # type: ignore[attr-defined]
        log[run, step, cold] = took = (100 + 40 * run + 20 * step + 10 * cold) * MILLISECOND
        return Reply(after=took, headers={"x-cold": "yes" if cold else "no"})

    found = tell(APART, script, tmp_path / "run")
    measured = [phase for phase in found.phases if phase["measured"]]
    assert [(phase["name"], phase["cycle"]) for phase in measured] == [("low", 1), ("high", 1), ("low", 2), ("high", 2)]
    for number, phase in enumerate(measured):
        for place, step in enumerate(phase["steps"]):
            of = {cold: log[number, place, cold] for cold in (True, False)}
            block = step["latency_ms"]["response"]
            assert (ns(block["min"]), ns(block["max"])) == (of[False], of[True])
            strata = {each["stratum"]: each["latency_ms"]["response"] for each in step["strata"]}
            assert set(strata) == {"cold=yes", "cold=no"}
            for word, cold in (("yes", True), ("no", False)):
                one = strata[f"cold={word}"]
                assert_tells(one, [of[cold]] * one["count"])
            assert sum(one["count"] for one in strata.values()) == block["count"]
        whole = {each["stratum"]: each["latency"] for each in phase["iteration_ms"]}
        assert ns(whole["cold=yes"]["max"]) == log[number, 0, True] + log[number, 1, True]
        assert ns(whole["cold=no"]["max"]) == log[number, 0, False] + log[number, 1, False]
