"""Where a difference comes from: what was waited behind an exchange that was late is ours, where the wait is in the
whole."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.clock import MILLISECOND as MS
from loadgen.experiment.breakdown import ADDING, _parts
from loadgen.record.metrics import Metric
from loadgen.stats import Histogram


def of(**parts: int) -> dict[tuple[int, bool], Histogram]:
    """Ten requests on connections that were there, each of which took so many ms of each metric."""
    return {(Metric[name.upper()], True): Histogram.of(np.full(10, ms * MS)) for name, ms in parts.items()}


def test_waiting_behind_what_was_late_is_ours() -> None:
    found = _parts([of(response=20, service=6, lag=2, sign=1, wait=11, wait_delay=4, client_delay=1)])
    told = {name: part[0] / MS for name, part in found.items()}
    assert (told["wait"], told["ours"], told["service_reused"]) == pytest.approx((7, 8, 5))
    assert sum(told[name] for name in ADDING) == pytest.approx(told["response"])


def test_in_a_closed_load_the_wait_is_beside_and_whole() -> None:
    found = _parts([of(service=6, sign=1, wait=11, wait_delay=4, client_delay=1)])
    told = {name: part[0] / MS for name, part in found.items()}
    assert (told["wait"], told["ours"]) == pytest.approx((11, 1))
    assert sum(told[name] for name in ADDING if name != "wait") == pytest.approx(told["service"])


def test_our_part_of_a_connect_is_ours_as_everywhere() -> None:
    new = {
        (Metric[name], False): Histogram.of(np.full(10, ms * MS))
        for name, ms in {
            "RESPONSE": 50, "SERVICE": 50, "SIGN": 0, "CONNECT": 40, "TLS": 30, "HANDSHAKE_CPU": 2, "CONNECT_DELAY": 3,
        }.items()
    }  # fmt: skip
    means = {name: part.mean / MS for name, part in _parts([new]).items()}
    assert (means["connect"], means["ours"], means["service_new"]) == pytest.approx((35, 5, 10))
    assert (means["tls"], means["handshake_cpu"], means["connect_delay"]) == pytest.approx((30, 2, 3))
    assert sum(means[name] for name in ADDING) == pytest.approx(means["response"])
