"""From instants to metrics: the identity is exact for each exchange."""

from __future__ import annotations

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import Sink, exchange, gaps

from loadgen.exchange import NEW, NOT_YET, RESUMED, REUSED, Outcome
from loadgen.record.metrics import OF_EXCHANGE, WIDTH, Metric, measure, times_of
from loadgen.stats import index_of

PARTS = (Metric.LAG, Metric.SIGN, Metric.WAIT, Metric.SERVICE)


thorough = settings(max_examples=examples(240), deadline=None, derandomize=True, database=None)


@given(gaps, st.sampled_from([NEW, REUSED, RESUMED]), st.sampled_from(list(Outcome)))
@thorough
def test_response_is_lag_sign_wait_and_service_to_the_nanosecond(
    seven: tuple[int, ...], label: int, of: Outcome
) -> None:
    sink = Sink()
    x = exchange(*seven, connection=label, outcome=of)
    sink.recorder.exchange(x, x.due)
    sink.recorder.flush()
    figures = {metric: h.total for (_, _, metric), h in sink.recording.pending.items()}
    lag, sign, wait, connect, send, receive, late = seven
    assert sum(figures[metric] for metric in PARTS) == figures[Metric.RESPONSE] == x.done - x.due
    assert [figures[metric] for metric in PARTS] == [lag, sign, wait, connect + send + receive + late]
    assert figures[Metric.CLIENT_DELAY] == late
    assert figures.get(Metric.CONNECT) == (None if label == REUSED else connect)


@given(gaps)
@thorough
def test_an_exchange_that_never_began_has_waited_and_nothing_else(seven: tuple[int, ...]) -> None:
    sink = Sink()
    x = exchange(*seven, outcome=Outcome.TIMEOUT)
    x.started = x.connected = x.sent = x.received = 0
    sink.recorder.exchange(x, x.due)
    sink.recorder.flush()
    figures = {metric: h.total for (_, _, metric), h in sink.recording.pending.items()}
    assert set(figures) == {Metric.RESPONSE, Metric.LAG, Metric.SIGN, Metric.WAIT}
    assert figures[Metric.LAG] + figures[Metric.SIGN] + figures[Metric.WAIT] == figures[Metric.RESPONSE]


def test_what_is_not_known_is_never_nought() -> None:
    x = exchange(1, 2, 3, 4, 5, 6, 7)
    rows = {"whole": x}
    for name, attributes in {
        "no stamp": {"received": 0}, "no schedule": {}, "reused": {"connection": REUSED}, "not begun": {"started": 0},
    }.items():  # fmt: skip
        rows[name] = exchange(1, 2, 3, 4, 5, 6, 7)
        for attribute, value in attributes.items():
            setattr(rows[name], attribute, value)
    found = {}
    for name, row in rows.items():
        sink = Sink()
        sink.recorder.exchange(row, 0 if name == "no schedule" else row.due)
        sink.recorder.flush()
        found[name] = {Metric(metric).word for _, _, metric in sink.recording.pending}
    whole = {"response", "service", "connect", "lag", "sign", "wait", "client_delay"}
    assert found["whole"] == whole
    assert found["no stamp"] == whole - {"client_delay"}
    assert found["no schedule"] == whole - {"response", "lag"}
    assert found["reused"] == whole - {"connect"} | {"target"}
    assert "service" not in found["not begun"]


def test_a_timeout_is_longer_than_the_target_has_had() -> None:
    """In its answer's place, from when it was sent; and its first byte is no figure if it came."""
    x = exchange(1, 2, 3, 4, 5, 0, 6, outcome=Outcome.TIMEOUT)
    x.handshake_cpu, x.connect_delay = 1, 2
    x.first = x.received = NOT_YET
    assert (times_of(x, x.due)["target"], times_of(x, x.due)["ttfb"]) == (4 + 5 + 6 - 3, 6)
    x.first = 0
    assert "ttfb" not in times_of(x, x.due)
    x.started = x.connected = x.sent = 0
    assert "target" not in times_of(x, x.due), "it waited in vain"


def test_what_a_new_connection_waited_for_this_machine_is_not_the_targets() -> None:
    x = exchange(1, 2, 3, 400, 5, 60, 7)
    assert "target" not in times_of(x, x.due), "how long it waited is not known"
    x.handshake_cpu, x.connect_delay = 10, 90
    assert times_of(x, x.due)["target"] == 400 - 90 - 10 + 5 + 60


def test_nought_is_a_figure_like_any_other() -> None:
    sink = Sink()
    x = exchange(0, 0, 0, 0, 0, 0, 0)
    x.dns = x.tls = 0
    sink.recorder.exchange(x, x.due)
    sink.recorder.flush()
    assert {metric: h.most for (_, _, metric), h in sink.recording.pending.items()} == dict.fromkeys(
        [*range(Metric.DNS), Metric.DNS, Metric.TLS], 0
    )


def test_parts_of_the_connect_are_those_that_the_client_measured() -> None:
    sink = Sink()
    x = exchange(1, 2, 3, 400, 5, 6, 7, connection=RESUMED)
    x.tcp, x.tls, x.handshake_cpu = 100, 290, 10
    sink.recorder.exchange(x, x.due)
    sink.recorder.flush()
    figures = {Metric(metric).word: h.total for (_, _, metric), h in sink.recording.pending.items()}
    assert (figures["tcp"], figures["tls"], figures["handshake_cpu"], figures["connect"]) == (100, 290, 10, 400)
    assert "dns" not in figures


@pytest.mark.parametrize(("build", "figure"), [(-1, None), (0, 0), (12, 12)])
def test_a_client_that_was_made_for_an_exchange_is_timed(build: int, figure: int | None) -> None:
    sink = Sink()
    x = exchange(1, 2, 3, 4, 5, 6, 7)
    x.build = build
    sink.recorder.exchange(x, x.due)
    sink.recorder.flush()
    figures = {metric: h.total for (_, _, metric), h in sink.recording.pending.items()}
    assert figures.get(Metric.BUILD) == figure


def test_measure_gives_a_column_to_every_metric() -> None:
    rows = np.zeros((3, WIDTH), np.int64)
    assert measure(rows).shape == (3, len(OF_EXCHANGE))
    assert set(Metric) - set(OF_EXCHANGE) == {Metric.ITERATION, Metric.OPERATION, Metric.BACKOFF}
    assert index_of(np.array([0]))[0] == 0
