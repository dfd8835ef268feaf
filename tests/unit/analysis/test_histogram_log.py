"""The log for HdrHistogram tools, from a run's folder: it holds what went well, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_harness import Run, go
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from run_folders import write_seconds

from loadgen.analysis.histogram_log import histogram_log
from loadgen.clock import MILLISECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.record.metrics import HEADLINES, Metric
from loadgen.stats import HIGHEST
from loadgen.stats.ticks import TICKS
from loadgen.transport.scripted import NEVER, Reply

SHOP = """
load: [{name: a, rate: 50/s, for: 2s, measure: false}, {name: b, users: 2, for: 1s}]
cycles: 2
timeout: 500ms
scenarios:
  - name: order
    steps:
      - {name: put, post: /, capture: {cold: header.x-cold}}
      - {name: read, get: /}
    split_by: [cold]
"""


def shop(x: Exchange) -> Reply:
    number = x.released // 1000 % 10
    headers = {"x-cold": f"{number < 5}, maybe\n"}
    return Reply(after=NEVER if number == 9 else (1 + number) * MILLISECOND, headers=headers, connect=number)


@pytest.fixture(scope="module")
def shopped() -> Run:
    return go(SHOP, shop)


def test_the_log_holds_what_went_well(tmp_path: Path, shopped: Run) -> None:
    write_seconds(tmp_path / "x", shopped).close()
    log = tmp_path / "x.hlog"
    log.write_text(histogram_log(tmp_path / "x"))
    reader = HistogramLogReader(str(log), HdrHistogram(1, HIGHEST, 3))
    count = 0
    try:
        while (interval := reader.get_next_interval_histogram()) is not None:
            count += interval.get_total_count()
    finally:
        reader.close()
    ok = [shopped.recording.total(metric, outcome=Outcome.OK).count for metric in HEADLINES]
    assert count == sum(ok) > 0
    head, lines = log.read_text().splitlines()[:3], log.read_text().splitlines()[3:]
    assert "StartTime: 1767225600.000 " in head[1]
    wanted = [(tick, metric) for tick, key, metric in shopped.by_second if key.outcome == Outcome.OK]
    expected = {(f"{tick // TICKS:.3f}", metric) for tick, metric in wanted if metric in HEADLINES}
    assert {(start, Metric[tag.rpartition(".")[2].upper()]) for tag, start, *_ in (at.split(",") for at in lines)} == (
        expected
    )
    tags = {line.partition(",")[0] for line in lines}
    assert "Tag=a.order.put.cold=True_maybe?.response" in tags
    assert any(tag.startswith("Tag=b-2.order.read.") and tag.endswith(".service") for tag in tags)
    assert not any(" " in tag for tag in tags)
