"""The bins of a phase, from the folder: nothing is lost, nothing is counted twice, none is shorter than the others."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from engine_harness import START, Run, go, profile
from run_folders import write_seconds

from loadgen.analysis.per_second import Beyond, Failures, Figure, Tails, gather, whole_bins
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Exchange, Outcome
from loadgen.record.metrics import CENSORED, Metric
from loadgen.record.packed import pack, unpack
from loadgen.record.recorder import Place, SeriesKey
from loadgen.record.seconds import FILE, MAGIC, read_counts
from loadgen.stats import Histogram, index_of
from loadgen.stats.ticks import TICK, TICKS
from loadgen.store import RunFolder
from loadgen.transport.scripted import NEVER, Reply

SHOP = """
load:
  - {name: warm, rate: 50/s, for: 300ms, measure: false}
  - {name: steady, rate: 100/s, for: 3400ms}
  - {name: people, users: 3, for: 2s}
  - {name: crowd, at-once: 20}
  - {name: after, rate: 50/s, for: 3s}
cycles: 2
timeout: 500ms
scenarios:
  - name: order
    steps: [{name: put, post: /}, {name: read, get: /}]
"""


def shop(x: Exchange) -> Reply:
    number = x.due // 1000 % 100
    return Reply(after=NEVER if number < 3 else number * MILLISECOND, status=500 if number == 50 else 200)


@pytest.fixture(scope="module")
def run() -> Run:
    return go(SHOP, shop)


@pytest.fixture(scope="module")
def path(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seconds") / "run"
    write_seconds(folder, run).close()
    return folder


def headlines(plan: Plan) -> list[Figure]:
    runs = (run.number for run in plan.runs if run.measured)
    return [Figure(run, step, metric) for run in runs for step in range(len(plan.steps)) for metric in CENSORED]


def tails(
    folder: Path, plan: Plan, limits: Mapping[Figure, Sequence[int]], unanswered: Collection[Outcome] = ()
) -> dict[Figure, Tails]:
    table = Beyond(plan, limits, unanswered)
    gather(read_counts(folder), table)
    return table.tails()


def read(path: Path, run: Run, *above: int) -> dict[Figure, Tails]:
    return tails(path, run.plan, dict.fromkeys(headlines(run.plan), above))


def test_every_value_is_in_exactly_one_bin(path: Path, run: Run) -> None:
    limit = 40 * MILLISECOND
    found = read(path, run, limit)
    assert {figure.run for figure in found} == {r.number for r in run.plan.runs if r.measured}
    for figure, of in found.items():
        slot = run.plan.slot(figure.run, figure.step)
        ok = run.recording.total(figure.metric, slot=slot, outcome=Outcome.OK)
        late = run.recording.total(figure.metric, slot=slot, outcome=Outcome.TIMEOUT)
        assert of.count.sum() == ok.count + late.count > 0
        beyond = int(ok.counts[ok.index > index_of(np.array([limit]))[0]].sum()) + late.count
        assert of.beyond.sum() == beyond
        assert (of.beyond <= of.count).all()


def test_what_is_beyond_a_limit_is_counted_by_the_value(path: Path, run: Run) -> None:
    limits = (0, 20 * MILLISECOND, 40 * MILLISECOND, 500 * MILLISECOND)
    found = read(path, run, *limits)
    steady = next(r for r in run.plan.runs if r.name == "steady")
    for step in (0, 1):
        of = found[Figure(steady.number, step, Metric.RESPONSE)]
        values = [x.done - x.due for x in run.of(steady.number, step) if x.outcome == Outcome.OK]
        late = sum(x.outcome == Outcome.TIMEOUT for x in run.of(steady.number, step))
        # the scripted values are whole milliseconds, and none is within 0.1 % of a limit but on it
        assert [int(row.sum()) for row in of.beyond] == [sum(v > limit for v in values) + late for limit in limits]


def test_incomplete_bins_go_with_their_neighbours(path: Path, run: Run) -> None:
    """steady lasts from 0.3 s to 3.7 s: of its sixteenths of a second 5 to 58 are whole."""
    steady = next(r for r in run.plan.runs if r.name == "steady")
    of = read(path, run, 0)[Figure(steady.number, 0, Metric.RESPONSE)]
    kept = [x for x in run.of(steady.number) if x.outcome in (Outcome.OK, Outcome.TIMEOUT)]
    assert len(kept) < len(run.of(steady.number)), "failures are not in the figures"
    bins = Counter(min(max((x.due - START) // TICK, 5), 58) for x in kept)
    assert of.width == 1 / 16
    assert of.count.tolist() == [bins[number] for number in range(5, 59)]


def test_counts_by_second_have_no_shorter_bins(tmp_path: Path, run: Run) -> None:
    steady = next(r for r in run.plan.runs if r.name == "steady")
    whole: dict[Place, Histogram] = {}
    for (tick, key, metric), histogram in run.by_second.items():
        whole.setdefault((tick // TICKS * TICKS, key, metric), Histogram()).add(histogram)
    kept = RunFolder(tmp_path / "run", print)
    kept.begin({}, {})
    kept.second(pack(whole), [])
    kept.close()
    of = read(tmp_path / "run", run, 0)[Figure(steady.number, 0, Metric.RESPONSE)]
    seconds = [(x.due - START) // SECOND for x in run.of(steady.number) if x.outcome in (Outcome.OK, Outcome.TIMEOUT)]
    assert set(seconds) == {0, 1, 2, 3}
    assert of.width == 1
    assert of.count.tolist() == [sum(s <= 1 for s in seconds), sum(s >= 2 for s in seconds)]


def test_a_stratum_has_the_bins_of_its_phase(tmp_path: Path) -> None:
    """Also where it came in a part of them alone."""
    run = go(
        "load: [{name: a, rate: 100/s, for: 4s}]\nscenarios:\n  - name: s\n    split_by: [cold]\n    steps: "
        "[{name: get, get: /, capture: {cold: header.x-cold}}]",
        lambda x: Reply(after=MILLISECOND, headers={"x-cold": f"{x.due - START < SECOND}".lower()}),
    )
    write_seconds(tmp_path / "run", run).close()
    every, cold, warm = (Figure(0, 0, Metric.RESPONSE, stratum) for stratum in ("", "cold=true", "cold=false"))
    found = tails(tmp_path / "run", run.plan, {key: [0] for key in (every, cold, warm)})
    assert [len(found[figure].count) for figure in (every, cold, warm)] == [64, 64, 64]
    assert (found[cold].count + found[warm].count).tolist() == found[every].count.tolist()
    assert found[cold].count[16:].sum() == found[warm].count[:16].sum() == 0


def plan(*load: dict[str, object]) -> Plan:
    return Plan.of(profile({"load": list(load)}))


OPEN = {"name": "a", "rate": "10/s", "for": "1500ms"}


@pytest.mark.parametrize(
    ("load", "number", "seen", "whole"),
    [
        ((OPEN,), 0, (0, 1), (0, 1)),
        (({**OPEN, "for": "5s"},), 0, (0, 4), (0, 5)),
        (({**OPEN, "for": "5s"},), 0, (0, 7), (0, 5)),
        (({**OPEN, "for": "5s"},), 0, (0, 2), (0, 2)),
        ((OPEN, {**OPEN, "name": "b", "for": "4s"}), 1, (1, 5), (2, 5)),
        (({"name": "c", "at-once": 5}, {**OPEN, "for": "4s"}), 1, (3, 7), (4, 7)),
        (({"name": "c", "users": 5, "iterations": 100},), 0, (0, 9), (0, 9)),
    ],
    ids=["ends-within", "all", "later-steps", "stopped", "begins-within", "begin-unknown", "end-unknown"],
)
def test_which_bins_are_whole(
    load: tuple[dict[str, object], ...], number: int, seen: tuple[int, int], whole: tuple[int, int]
) -> None:
    made = plan(*load)
    assert whole_bins(made.runs[number], made, *seen) == range(*whole)


def test_a_phase_shorter_than_a_second_has_bins(tmp_path: Path) -> None:
    run = go("load: [{name: a, rate: 1000/s, for: 300ms}]")
    write_seconds(tmp_path / "run", run).close()
    of = read(tmp_path / "run", run, 0)[Figure(0, 0, Metric.RESPONSE)]
    assert len(of.count) == 4
    assert of.count.sum() == len(run.exchanges)


def test_what_is_no_file_of_seconds_is_said(tmp_path: Path) -> None:
    made = plan(OPEN)
    with pytest.raises(OSError, match="No such file"):
        tails(tmp_path / "none", made, {Figure(0, 0, 0): [1]})
    (tmp_path / FILE).write_bytes(MAGIC + b"\1\0\0\0\0\0\0\0x")
    with pytest.raises(ValueError, match="record 1: not as loadgen writes it"):
        tails(tmp_path, made, {Figure(0, 0, 0): [1]})


def test_what_is_not_ok_is_counted_in_its_second(path: Path, run: Run) -> None:
    runs = [of.number for of in run.plan.runs if of.measured]
    table = Failures(run.plan, runs)
    gather(read_counts(path), table)
    found = table.tails()
    assert sorted(found) == runs
    for number, of in found.items():
        slots = [run.plan.slot(number, step) for step in range(len(run.plan.steps))]
        sent, ok = (
            sum(counts) for counts in zip(*((run.ledger.sent[s], run.ledger.outcome(s)[0]) for s in slots), strict=True)
        )
        assert (int(of.count.sum()), int(of.beyond.sum())) == (sent, sent - ok)


def test_what_is_not_answered_may_count_as_beyond(path: Path, run: Run) -> None:
    """Here failures of the target do, which are answers."""
    figures = dict.fromkeys([Figure(1, 0, Metric.RESPONSE), Figure(1, 0, Metric.LAG)], (20 * MILLISECOND,))
    alone, more = (tails(path, run.plan, figures, late) for late in ((), (Outcome.HTTP_5XX,)))
    failed = int(run.ledger.outcome(run.plan.slot(1, 0))[Outcome.HTTP_5XX])
    response, lag = figures
    assert failed > 0
    for counts in ("count", "beyond"):
        assert getattr(more[response], counts).sum() - getattr(alone[response], counts).sum() == failed
    assert more[lag].count.sum() == alone[lag].count.sum() == run.ledger.sent[run.plan.slot(1, 0)], "of all exchanges"
    assert more[lag].beyond.sum() == 0


@pytest.mark.parametrize("counters", [3, 3000])
def test_a_second_costs_few_calls_however_many_requests_it_had(run: Run, counters: int) -> None:
    """An hour at 20,000 requests a second is read in a few seconds: numpy goes through all counters of a second."""
    steady = next(r for r in run.plan.runs if r.name == "steady")
    values = np.arange(1, counters + 1) * 50_000
    key = SeriesKey(run.plan.slot(steady.number, 0), Outcome.OK, 1, "")
    (piece,) = pack({(0, key, metric): Histogram.of(values) for metric in CENSORED})
    table, calls = Beyond(run.plan, dict.fromkeys(headlines(run.plan), (10**6, 10**7, 10**8))), 0

    def count(frame: object, event: str, of: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        table.take(unpack(piece))
    finally:
        sys.setprofile(before)
    assert 0 < calls < 600
    assert table.tails()[Figure(steady.number, 0, Metric.RESPONSE)].count.sum() == counters
