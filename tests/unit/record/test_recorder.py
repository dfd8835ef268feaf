"""From instants to sparse counts: the identity exact for each exchange, the same whatever the batches, memory flat."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.clock import SECOND
from loadgen.exchange import NEW, RESUMED, REUSED, Exchange, Outcome, Request
from loadgen.record.metrics import MOST_RECORDED, OF_EXCHANGE, RECORDED, WIDTH, Metric, measure
from loadgen.record.recorder import OTHERS, ROWS, Batch, Recorder, SeriesKey, fold
from loadgen.record.recording import Recording
from loadgen.record.samples import FIRST, KINDS, OTHER, SLOWEST, Samples
from loadgen.stats import HIGHEST, Histogram, index_of

ORIGIN = 5000 * SECOND
PARTS = (Metric.LAG, Metric.SIGN, Metric.WAIT, Metric.SERVICE)
thorough = settings(max_examples=120, deadline=None, derandomize=True, database=None)


def exchange(
    *gaps: int, slot: int = 0, connection: int = NEW, outcome: int = Outcome.OK, due: int = ORIGIN
) -> Exchange:
    """Instants at those distances from each other: released, signed, started, connected, sent, received, done."""
    x = Exchange(Request("GET", "/path?secret=1"), slot, None, due, due, due + SECOND, 0)
    instants = np.cumsum([due, *gaps]).tolist()[1:]
    x.released, x.signed, x.started, x.connected, x.sent, x.received, x.done = instants
    x.connection, x.outcome, x.status = connection, Outcome(outcome), 200
    return x


class Sink:
    """Takes a recorder's batches into a recording, as the fleet does."""

    def __init__(self, origin: int = ORIGIN) -> None:
        self.origin, self.recording, self.series = origin, Recording(), dict[int, SeriesKey]()
        self.batches: list[Batch] = []
        self.recorder = Recorder(origin, self.emit, self.series.__setitem__)

    def emit(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.recording.take(fold(batch, self.origin), self.series)

    def places(self) -> dict[Any, tuple[Any, ...]]:
        """All that was recorded, as plain values."""
        self.recorder.flush()
        return {
            place: (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
            for place, h in self.recording.pending.items()
        }


gaps = st.tuples(*[st.one_of(st.integers(0, 10), st.integers(0, 10**7), st.integers(0, 10**11))] * 7)


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
    assert found["reused"] == whole - {"connect"}
    assert "service" not in found["not begun"]


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


def crowd(number: int, seed: int = 1) -> list[tuple[Exchange, str]]:
    dice = Random(seed)
    found = []
    for _ in range(number):
        x = exchange(*[dice.randrange(10 ** dice.randrange(1, 11)) for _ in range(7)], slot=dice.randrange(4))
        x.due = ORIGIN + dice.randrange(7 * SECOND)
        x.released, x.connection = max(x.released, x.due), dice.randrange(3)
        x.signed, x.started, x.done = x.released + 1, x.released + 5, x.released + dice.randrange(10, 10**9)
        x.outcome = dice.choice([Outcome.OK, Outcome.OK, Outcome.TIMEOUT, Outcome.HTTP_5XX])
        found.append((x, dice.choice(["", "", "cold=true"])))
    return found


@pytest.mark.parametrize("every", [1, 7, 100, ROWS, 10**9])
def test_batches_of_any_size_come_to_the_same(every: int) -> None:
    whole, sink = Sink(), Sink()
    for n, (x, stratum) in enumerate(crowd(700), 1):
        for each in (whole, sink):
            each.recorder.exchange(x, x.due, stratum)
            each.recorder.value(each.recorder.series(x.slot, x.outcome, x.connection, stratum), RECORDED, x.due, n)
        if n % every == 0:
            sink.recorder.flush()
    assert sink.places() == whole.places()


def test_a_recording_is_the_plain_count_of_everything() -> None:
    """Against the long way: each figure of each exchange put where it belongs, one after the other."""
    sink, plain = Sink(), dict[Any, list[int]]()
    for x, stratum in crowd(1500, 2):
        sink.recorder.exchange(x, x.due, stratum)
        key = SeriesKey(x.slot, x.outcome, x.connection, stratum)
        figures = {
            Metric.RESPONSE: x.done - x.due, Metric.SERVICE: x.done - x.started, Metric.LAG: x.released - x.due,
            Metric.SIGN: x.signed - x.released, Metric.WAIT: x.started - x.signed,
        }  # fmt: skip
        if x.connection != REUSED and x.connected >= x.started:
            figures[Metric.CONNECT] = x.connected - x.started
        if x.done >= x.received:
            figures[Metric.CLIENT_DELAY] = x.done - x.received
        for metric, value in figures.items():
            plain.setdefault(((x.due - ORIGIN) // SECOND, key, metric), []).append(value)
    expected = {}
    for place, numbers in plain.items():
        h = Histogram.of(np.array(numbers))
        expected[place] = (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
    assert sink.places() == expected


def test_seconds_are_those_of_due_and_of_release_without_a_schedule() -> None:
    sink = Sink()
    for n, offset in enumerate([0, SECOND - 1, SECOND, 59 * SECOND + 5, 3_000_000 * SECOND]):
        x = exchange(20 * SECOND, 1, 1, 1, 1, 1, 1, slot=n, due=ORIGIN + offset)
        sink.recorder.exchange(x, x.due)
        sink.recorder.exchange(x, 0)
        sink.recorder.flush()
    seconds = {(key.slot, metric): second for second, key, metric in sink.recording.pending if metric == Metric.LAG}
    assert list(seconds.values()) == [0, 0, 1, 59, 3_000_000]
    services = [second for second, key, metric in sink.recording.pending if metric == Metric.SERVICE]
    assert sorted(services) == sorted([0, 0, 1, 59, 3_000_000, 20, 20, 21, 79, 3_000_020])


def test_what_was_due_before_the_start_belongs_to_the_first_second() -> None:
    sink = Sink()
    x = exchange(1, 1, 1, 1, 1, 1, 1, due=ORIGIN - 3)
    sink.recorder.exchange(x, x.due)
    sink.recorder.value(0, RECORDED, ORIGIN - 3, 5)
    assert {second for second, _, _ in sink.places()} == {0}


def test_places_at_their_limits_do_not_run_into_each_other() -> None:
    sink = Sink()
    for slot in range(600):
        x = exchange(1, 1, 1, 1, 1, 1, 2 * HIGHEST, slot=slot)
        sink.recorder.exchange(x, x.due)
    last = RECORDED + MOST_RECORDED - 1
    sink.recorder.value(599, last, ORIGIN, 7)
    found = sink.places()
    assert {key.slot for _, key, _ in found} == set(range(600))
    assert {second for second, _, _ in found} == {0}
    assert found[0, SeriesKey(599, 0, 0, ""), last][2:] == (1, 7, 7, 7)
    longest = 2 * HIGHEST + 6
    assert found[0, SeriesKey(5, 0, 0, ""), Metric.RESPONSE][2:] == (1, longest, longest, longest)


def test_a_series_is_named_once_and_before_its_first_figure() -> None:
    named: list[tuple[int, SeriesKey]] = []
    events: list[str] = []

    def name(number: int, key: SeriesKey) -> None:
        named.append((number, key))
        events.append("series")

    recorder = Recorder(ORIGIN, lambda batch: events.append("batch"), name)
    for x, stratum in crowd(2 * ROWS):
        recorder.exchange(x, x.due, stratum)
    assert [number for number, _ in named] == list(range(len(named)))
    assert len({key for _, key in named}) == len(named) > 40
    assert events[0] == "series"
    assert events.count("batch") == 2


def test_a_worker_holds_no_more_than_one_buffer() -> None:
    sink = Sink()
    x = exchange(1, 1, 1, 1, 1, 1, 1)
    for n in range(10 * ROWS):
        sink.recorder.exchange(x, x.due)
        sink.recorder.value(0, RECORDED, ORIGIN, n)
    handed_in = [(len(batch.rows) // (8 * WIDTH), len(batch.singles)) for batch in sink.batches]
    assert all(rows <= ROWS and singles <= ROWS for rows, singles in handed_in)
    assert 10 * ROWS - sum(rows for rows, _ in handed_in) <= ROWS
    assert 10 * ROWS - sum(singles for _, singles in handed_in) <= ROWS
    sink.recorder.flush()
    count = len(sink.batches)
    sink.recorder.flush()
    assert len(sink.batches) == count, "nothing is handed in twice, and no empty batch"


def test_a_batch_handed_in_is_not_written_to_any_more() -> None:
    sink = Sink()
    sink.recorder.exchange(exchange(1, 1, 1, 1, 1, 1, 1), ORIGIN)
    sink.recorder.flush()
    before = bytes(sink.batches[0].rows)
    sink.recorder.exchange(exchange(9, 9, 9, 9, 9, 9, 9), ORIGIN)
    sink.recorder.flush()
    assert sink.batches[0].rows == before


def test_a_recording_does_not_grow_with_time() -> None:
    sink = Sink()
    for second in range(1000):
        x = exchange(1, 1, 1, 1, 1, 1, 1 + second % 5, due=ORIGIN + second * SECOND)
        sink.recorder.exchange(x, x.due)
        sink.recorder.flush()
        taken = sink.recording.flush()
        assert {place[0] for place in taken} == {second}
        assert not sink.recording.pending
    assert len(sink.recording.histograms) == 7
    assert all(h.count == 1000 and len(h.index) <= 5 for h in sink.recording.histograms.values())


def crowded() -> Sink:
    """What has recorded the crowd."""
    sink = Sink()
    for x, stratum in crowd(2000):
        sink.recorder.exchange(x, x.due, stratum)
    sink.recorder.flush()
    sink.recording.flush()
    return sink


def test_what_comes_once_keeps_nothing_else_of_its_batch() -> None:
    sink = crowded()
    for h in sink.recording.histograms.values():
        held = h.index if h.index.base is None else h.index.base
        assert held.nbytes <= h.index.nbytes + h.counts.nbytes


def strata(*names: str) -> list[SeriesKey]:
    return [SeriesKey(slot, 0, 1, name) for slot in (0, 1) for name in ("", *names)]


@pytest.mark.parametrize(
    ("workers", "told"),
    [
        ([("a", "b", "c")], "abc"),
        ([("a", "b"), ("b", "c")], "abc"),  # all had room
        ([("a", "b", OTHERS), ("b", "c", OTHERS)], "b"),
        ([("a", "b", OTHERS), ("b", "c")], "ab"),  # the second one has had no a
        ([("a", OTHERS), ("b", OTHERS)], ""),
    ],
)
def test_a_stratum_that_a_worker_had_no_room_for_is_among_the_others(workers: list[tuple[str, ...]], told: str) -> None:
    recording, one = Recording(), Histogram.of(np.array([5]))
    for names in workers:
        for key in strata(*names):
            recording.add(0, key, Metric.SIGN, one)
    recording.flush()
    recording.fold_strata([strata(*names) for names in workers])
    for slot in (0, 1):
        found = {key.stratum: h.count for (key, _), h in recording.histograms.items() if key.slot == slot}
        assert set(found) - {OTHERS} == {"", *told}
        assert sum(found.values()) == len(workers) + sum(map(len, workers))


def test_totals_select_by_what_a_series_is_of() -> None:
    sink = crowded()
    counted = Counter((x.slot, x.outcome, x.connection, stratum) for x, stratum in crowd(2000))
    for (slot, outcome, connection, stratum), count in counted.items():
        found = sink.recording.total(Metric.LAG, slot=slot, outcome=outcome, connection=connection, stratum=stratum)
        assert found.count == count
    assert sink.recording.total(Metric.LAG).count == 2000
    assert sink.recording.total(Metric.LAG, slot=99).count == 0


def test_measure_gives_a_column_to_every_metric() -> None:
    rows = np.zeros((3, WIDTH), np.int64)
    assert measure(rows).shape == (3, len(OF_EXCHANGE))
    assert set(Metric) - set(OF_EXCHANGE) == {Metric.ITERATION, Metric.OPERATION, Metric.BACKOFF}
    assert index_of(np.array([0]))[0] == 0


# what is kept of single exchanges


def failing(reason: str = "x", slot: int = 0, outcome: Outcome = Outcome.HTTP_5XX, **answer: Any) -> Exchange:
    x = exchange(1, 2, 3, 4, 5, 6, 7, slot=slot, outcome=outcome)
    x.reason, x.status = reason, 500
    for name, value in answer.items():
        setattr(x, name, value)
    return x


def test_the_first_of_each_kind_of_failure_are_kept_and_all_are_counted() -> None:
    samples = Samples(ORIGIN, 2)
    for slot in (0, 1, 0):
        for n in range(50):
            samples.failed(failing("ab"[n % 2], slot))
    kept = samples.kept()
    assert Counter((sample.slot, sample.reason) for sample in kept.failed) == dict.fromkeys(
        [(0, "a"), (0, "b"), (1, "a"), (1, "b")], FIRST
    )
    assert kept.reasons == {(0, 4, "a"): 50, (0, 4, "b"): 50, (1, 4, "a"): 25, (1, 4, "b"): 25}


def test_reasons_without_end_are_counted_together() -> None:
    samples = Samples(ORIGIN, 1)
    for n in range(10_000):
        samples.failed(failing(f"reason {n}"))
    kept = samples.kept()
    assert sum(kept.reasons.values()) == 10_000
    assert len(kept.reasons) == KINDS + 1
    assert kept.reasons[0, Outcome.HTTP_5XX, OTHER] == 10_000 - KINDS
    assert len(kept.failed) <= KINDS + FIRST


def test_each_kind_of_failure_is_told_once() -> None:
    told: list[tuple[int, int, str]] = []
    samples = Samples(ORIGIN, 2, lambda *kind: told.append(kind))
    for slot in (0, 1, 0):
        for n in range(50):
            samples.failed(failing("ab"[n % 2], slot))
    assert told == [(0, 4, "a"), (0, 4, "b"), (1, 4, "a"), (1, 4, "b")]
    for n in range(1000):
        samples.failed(failing(f"reason {n}"))
    assert len(told) == KINDS + 1
    assert told[-1] == (0, 4, OTHER)


def test_what_failed_is_told_as_it_comes() -> None:
    samples, total = Samples(ORIGIN, 1), Counter[tuple[int, int, str]]()
    assert samples.more() == {}
    for reasons in ("a", "aab", "", "cb", "c" * 40):
        for reason in reasons:
            samples.failed(failing(reason))
        more = samples.more()
        assert more == Counter((0, Outcome.HTTP_5XX, reason) for reason in reasons)
        total.update(more)
    assert total == samples.kept().reasons


@pytest.mark.parametrize("name", ["x-amzn-requestid", "apigw-requestid", "x-amz-apigw-id"])
def test_a_sample_has_the_id_that_the_service_knows_it_by(name: str) -> None:
    samples = Samples(ORIGIN, 1)
    samples.failed(failing(excerpt=f"HTTP/1.1 429 Slow Down\r\n{name.title()}: id-1\r\n\r\n".encode()))
    slow = exchange(0, 0, 0, 0, 0, 0, 9)
    slow.headers = {name: "id-2", "date": "now"}
    samples.slow(slow, 9)
    samples.failed(failing("none", headers={"x-request-id": "another's"}))
    kept = samples.kept()
    assert [sample.request_id for sample in (*kept.failed, *kept.slowest)] == ["id-1", "", "id-2"]


def test_of_several_ids_the_one_of_the_service_is_taken() -> None:
    samples = Samples(ORIGIN, 1)
    samples.failed(failing(headers={"x-amz-apigw-id": "gateway", "x-amzn-requestid": "service\x1b[2J"}))
    assert samples.kept().failed[0].request_id == "service?[2J"


def test_a_sample_says_which_attempt_it_was() -> None:
    samples = Samples(ORIGIN, 1)
    samples.failed(failing("first"))
    samples.failed(failing("third", attempt=3, backoff=70, build=5))
    first, third = samples.kept().failed
    assert (first.attempt, third.attempt) == (1, 3)
    assert {"backoff": 70, "build": 5}.items() <= third.times.items()
    assert not {"backoff", "build"} & set(first.times)


def test_the_slowest_of_each_slot_are_kept_the_slowest_first() -> None:
    samples, dice = Samples(ORIGIN, 2), Random(3)
    lasted = [dice.randrange(10**9) for _ in range(500)]
    for n, ns in enumerate(lasted):
        x = exchange(0, 0, 0, 0, 0, 0, ns, slot=n % 2)
        if ns > samples.slow_from[x.slot]:
            samples.slow(x, ns)
    for slot in (0, 1):
        found = [sample.times["response"] for sample in samples.kept().slowest if sample.slot == slot]
        assert found == sorted(lasted[slot::2], reverse=True)[:SLOWEST]


def test_a_sample_says_nothing_that_could_be_a_secret() -> None:
    secret = "canary"
    head = f"HTTP/1.1 500 E\r\nSet-Cookie: {secret}\r\nX-Amzn-RequestId: id-1\r\nX-Key: {secret}\r\n\r\n".encode()
    body = json.dumps({"message": "Internal server error", "token": secret}).encode()
    samples = Samples(ORIGIN, 1)
    x = failing(excerpt=head + body)
    x.request = Request("GET", f"/orders?token={secret}", (("Authorization", secret),), secret.encode())
    samples.failed(x)
    (sample,) = samples.kept().failed
    assert secret not in repr(sample)
    assert sample.path == "/orders"
    assert sample.headers == {"x-amzn-requestid": "id-1"}
    assert sample.message == "Internal server error"


STRANGE = (b"", b"no json", b"[1]", b'{"message": 5}', b'{"message": {"a": 1}}', b"\xff\xfe", b"[" * 10_000)


@pytest.mark.parametrize("body", STRANGE)
def test_a_sample_of_any_body_is_made(body: bytes) -> None:
    samples = Samples(ORIGIN, 1)
    samples.failed(failing(body=body, excerpt=b"HTTP/1.1 500"))
    assert samples.kept().failed[0].message == ""


def test_a_sample_cannot_write_on_the_terminal_and_is_bounded() -> None:
    samples = Samples(ORIGIN, 1)
    evil = "\x1b]0;owned\x07\r\n" + "a" * 10_000
    x = failing(evil, headers={"server": evil}, body=json.dumps({"message": evil}).encode())
    x.request = Request("GET", "/" + evil)
    samples.failed(x)
    (sample,) = samples.kept().failed
    for text in (sample.path, sample.message, sample.reason, sample.headers["server"]):
        assert len(text) <= 200
        assert text.isprintable()


def test_the_times_of_a_sample_are_those_that_are_known() -> None:
    samples = Samples(ORIGIN, 1)
    kinds: list[dict[str, Any]] = [
        {}, {"received": 0}, {"connection": REUSED}, {"started": 0, "connected": 0, "received": 0},
    ]  # fmt: skip
    for attributes in kinds:
        samples.failed(failing(str(attributes), **attributes))
    times = [sample.times for sample in samples.kept().failed]
    assert times[0] == {
        "response": 28, "lag": 1, "sign": 2, "wait": 3, "service": 22, "connect": 4, "client_delay": 7,
    }  # fmt: skip
    assert times[0]["response"] == sum(times[0][part] for part in ("lag", "sign", "wait", "service"))
    assert set(times[1]) == set(times[0]) - {"client_delay"}
    assert set(times[2]) == set(times[0]) - {"connect"}
    assert set(times[3]) == {"response", "lag", "sign"}
    assert samples.kept().failed[0].second == 0.0
