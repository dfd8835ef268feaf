"""`bench.nodes` in its small form: what a parent makes of fifty nodes' messages is the sum of what each has sent, bit
for bit, and takes no more memory for a longer load."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.nodes.load import Size, keys, profile
from bench.nodes.parent import carry_out
from bench.nodes.scripted import AHEAD, START, answers, read, write
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.fleet.backlog import Backlog
from loadgen.fleet.folder import Folder
from loadgen.fleet.node import unpacked
from loadgen.fleet.orders import Counts, Said
from loadgen.record.groups import MOST_OF_MANY
from loadgen.record.ledger import Ledger
from loadgen.record.metrics import WIDTH, Instants, Metric
from loadgen.record.recorder import Batch, Timing, fold
from loadgen.record.recording import Recording

SIZE = Size(50, 1000, 10)
PLAN = Plan.of(profile(SIZE).profile)
KEYS = dict(enumerate(keys(PLAN)))
TIMINGS = [PLAN.timing(key.slot, 0) for key in KEYS.values()]


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has started no aggregator folds by itself."""
    monkeypatch.setattr(Backlog, "start", lambda self, loop: None)


def told() -> Iterator[tuple[int, Any]]:
    for part in answers(SIZE):
        for node, answer in part:
            for news in unpacked(answer):
                yield node, news


def plain(recording: Recording) -> Any:
    histograms = {
        place: (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
        for place, h in recording.histograms.items()
    }
    shares = {key: (s.index.tolist(), s.sums.tolist()) for key, s in recording.shares.items()}
    groups = [
        {
            place: {at: (h.index.tolist(), h.counts.tolist(), h.total, h.least, h.most) for at, h in bins.items()}
            for place, bins in of.values.items()
        }
        for of in (recording.workers, recording.addresses, recording.keys)
    ]
    return histograms, shares, groups, [np.trim_zeros(counts, "b").tolist() for counts in recording.traffic.counts]


def test_the_counts_of_all_nodes_are_the_sum_of_each_ones_bit_for_bit(tmp_path: Path) -> None:
    batches, ledgers = dict[int, list[Batch]](), dict[int, bytes]()
    for node, news in told():
        match news:
            case Said(_, Batch() as batch):
                batches.setdefault(node, []).append(batch)
            case Counts():
                ledgers[node] = news.block()
    sums = Recording()
    for node, own in batches.items():  # each by itself, and by its own clock
        whole = Batch(b"".join(batch.rows for batch in own), tuple(one for batch in own for one in batch.singles))
        sums.take(fold(whole, START + AHEAD * node, TIMINGS, node), KEYS)
    sums.flush()
    group = carry_out(SIZE, answers(SIZE), tmp_path / "run").group
    assert plain(group.recording) == plain(sums)
    total = Ledger.in_memory(len(PLAN.all_runs), PLAN.slots)
    for block in ledgers.values():
        total.add(Ledger.from_bytes(block, len(PLAN.all_runs), PLAN.slots))
    assert group.totals().block() == total.block()
    requests = SIZE.rate * SIZE.seconds
    assert sum(total.sent) == sum(s.count for s in group.recording.shares.values()) == requests
    assert (tmp_path / "run" / "result.json").is_file()


def test_what_nodes_answer_is_read_as_it_was_written() -> None:
    size, file = Size(3, 30, 2), BytesIO()
    write(size, file)
    file.seek(0)
    assert [list(part) for part in read(file)] == [list(part) for part in answers(size)]


def test_a_longer_load_takes_no_more_memory() -> None:
    """Where no value is new: the same second again and again."""
    second = next(batches for batches in _seconds() if batches)
    folder, recording = Folder(), Recording()
    folder.origin = START
    for node in range(SIZE.nodes):
        for number, key in KEYS.items():
            folder.name(node, number, key, Timing(lasts=600 * SECOND))
    weights = []
    for number in range(80):
        for node, batch in second:
            folder.add(node, _later(batch, number))
        recording.merge(folder.take())
        assert len(recording.flush()) <= len(Metric) * len(KEYS), "of the second alone"
        if number in (19, 79):
            groups = [*recording.workers.values.values(), *recording.addresses.values.values()]
            assert max(len(bins) for bins in groups) <= 64
            histograms = [*recording.histograms.values(), *recording.shares.values()]
            weights.append(sum(len(of.index) for of in histograms))
    assert weights[0] == weights[1]


def test_of_very_many_nodes_there_are_fewer_bins(tmp_path: Path) -> None:
    size = Size(120, 2400, 3)
    workers = carry_out(size, answers(size), tmp_path / "run").group.recording.workers.values
    assert len(workers) == 1200  # of each node and step
    assert max(max(bins) for bins in workers.values()) < MOST_OF_MANY


def _seconds() -> Iterator[list[tuple[int, Batch]]]:
    """What the nodes recorded in each second, by the parent's clock."""
    for part in answers(SIZE):
        said = [(node, news) for node, answer in part for news in unpacked(answer)]
        yield [(node, _later(news.message, -7 * node)) for node, news in said if _is_batch(news)]


def _is_batch(news: object) -> bool:
    return isinstance(news, Said) and isinstance(news.message, Batch)


def _later(batch: Batch, seconds: int) -> Batch:
    rows = np.frombuffer(batch.rows, np.int64).reshape(-1, WIDTH).copy()
    instants = slice(Instants._fields.index("due"), Instants._fields.index("done") + 1)
    rows[:, instants] += np.where(rows[:, instants] > 0, seconds * SECOND, 0)
    singles = tuple((at + max(0, seconds) * SECOND, *rest) for at, *rest in batch.singles)
    return Batch(rows.tobytes(), singles)
