"""What the slow exchanges were made of, jointly: sums by counter, against the exchanges themselves one by one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from loadgen.record.metrics import OF_EXCHANGE, WIDTH, Instants, Metric, measure
from loadgen.record.share import PENDING, Part, Shares, by_series, divide
from loadgen.stats import Integers, index_of

START = 1_000_000_000_000
BUILD = OF_EXCHANGE.index(Metric.BUILD)


def exchanges(count: int, seed: int = 1, scheduled: bool = True, stamped: bool = True) -> Integers:
    """Rows as a recorder packs them: series 0 and 7, half of them on new connections."""
    random = np.random.default_rng(seed)
    lag, sign, wait, connect, target, delay = random.integers(0, 50_000_000, (6, count))
    new = random.integers(0, 2, count)
    rows = np.full((count, WIDTH), -1, np.int64)
    released = START + lag
    started = released + sign + wait
    done = started + new * connect + target + delay
    received = done - delay if stamped else np.zeros(count, np.int64)
    due = np.full(count, START if scheduled else 0)
    columns = [np.where(new, 7, 0), due, released, released + sign, started, new * (started + connect)]
    rows[:, :10] = np.stack([*columns, started + new * connect, received, received, done], axis=1)
    rows[:, _column("handshake_cpu")] = np.where(new, connect // 3, -1)
    rows[:, _column("wait_delay")] = wait // 5
    rows[:, _column("connect_delay")] = np.where(new, connect // 4, -1)
    rows[:, _column("build")] = np.where(new, -1, sign // 2)
    return rows


def _column(name: str) -> int:
    return Instants._fields.index(name)


def divided(rows: Integers) -> Shares:
    return Shares.together(shares for _, shares in by_series(divide(rows[:, 0], measure(rows))))


@pytest.mark.parametrize("share", [Fraction(1, 100), Fraction(1, 1000), Fraction(1)])
def test_the_slowest_are_taken_apart_as_one_by_one(share: Fraction) -> None:
    rows = exchanges(5000)
    figures = np.maximum(measure(rows), 0)
    slowest = figures[np.argsort(figures[:, Metric.RESPONSE])[-round(5000 * share) :]]
    found = divided(rows).slowest(share)

    assert found[Part.COUNT] == pytest.approx(len(slowest))
    # at the edge a counter may be taken in part: of two neighbours 0.1 % apart, the parts of the one for the other's
    most = float(slowest.max()) if share < 1 else 1e-3
    assert found[Part.WHOLE] == pytest.approx(slowest[:, Metric.RESPONSE].sum(), abs=most)
    for part, metric in ((Part.LAG, Metric.LAG), (Part.WAIT, Metric.WAIT), (Part.CLIENT_DELAY, Metric.CLIENT_DELAY)):
        assert found[part] == pytest.approx(slowest[:, metric].sum(), abs=most)
    assert found[Part.BUILD] == pytest.approx(slowest[:, BUILD].sum(), abs=most)


def test_all_that_was_seen_is_in_the_sums_exactly() -> None:
    rows = exchanges(3000)
    figures, shares = np.maximum(measure(rows), 0), divided(rows)

    assert shares.count == 3000
    assert shares.index.tolist() == np.unique(index_of(figures[:, Metric.RESPONSE])).tolist()
    for part in Part:
        if Part.WHOLE < part < Part.STAMPED:
            metric = OF_EXCHANGE.index(Metric[part.name])
            assert shares.sums[:, part].sum() == figures[:, metric].sum()
    assert shares.sums[:, Part.WHOLE].sum() == figures[:, Metric.RESPONSE].sum()
    assert shares.sums[:, Part.STAMPED].sum() == 3000


def test_series_are_kept_apart() -> None:
    rows = exchanges(1000)
    found = dict(by_series(divide(rows[:, 0], measure(rows))))

    assert {number: shares.count for number, shares in found.items()} == {
        number: int((rows[:, 0] == number).sum()) for number in (0, 7)
    }
    assert found[0].sums[:, Part.CONNECT].sum() == 0 < found[7].sums[:, Part.CONNECT].sum()


def test_a_load_without_a_schedule_has_its_service_taken_apart() -> None:
    rows = exchanges(500, scheduled=False, stamped=False)
    figures, shares = measure(rows), divided(rows)

    assert shares.sums[:, Part.WHOLE].sum() == figures[:, Metric.SERVICE].sum()
    beside = (Part.LAG, Part.SIGN, Part.BUILD, Part.WAIT, Part.WAIT_DELAY, Part.CLIENT_DELAY, Part.STAMPED)
    assert shares.sums[:, beside].sum() == 0
    assert shares.sums[:, Part.HANDSHAKE_CPU].sum() > 0


def test_what_never_came_to_start_without_a_schedule_has_no_whole() -> None:
    rows = exchanges(10, scheduled=False)
    rows[:, _column("started")] = 0
    assert divided(rows).count == 0
    assert divided(rows[:0]).slowest(Fraction(1, 100))[Part.WHOLE] == 0


def test_the_order_in_which_it_comes_does_not_matter() -> None:
    rows = exchanges(24 * PENDING)
    whole, pieces = divided(rows), Shares()
    for piece in reversed(np.array_split(rows, 97)):
        pieces.add(divided(piece))
    assert pieces.index.tolist() == whole.index.tolist()
    assert pieces.sums.tolist() == whole.sums.tolist()
    assert pieces.between(1, pieces.count) == whole.between(1, whole.count)


def test_memory_is_that_of_the_sums_however_long_a_run() -> None:
    """A rare series keeps nothing of the batches that it came in, and no more rows than it has sums."""
    rows, total = exchanges(2000), Shares()
    (_, rare), _ = by_series(divide(rows[:, 0], measure(rows)))
    assert rare.sums.base is None and rare.index.base is None
    for _ in range(200):
        total.add(rare)
    kept = sum(len(shares.index) for shares in total._pending)
    assert kept <= max(PENDING, len(total._index)) < 200 * len(rare.index)
    assert total.count == 200 * rare.count
