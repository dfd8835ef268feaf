"""A run's values bin by bin."""

from __future__ import annotations

from any_seconds import anything

from loadgen.stats import Histogram


def test_the_sum_of_the_bins_is_what_adding_them_gives() -> None:
    run, _ = anything(7)
    total = Histogram()
    for each in run.values:
        total.add(each)
    plain = [(h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most) for h in (run.measured, total)]
    assert total.count
    assert plain[0] == plain[1]
