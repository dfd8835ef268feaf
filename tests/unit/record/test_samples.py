"""What is kept of single exchanges: the first failures of each kind, the slowest, and no secret."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from recorded import ORIGIN, exchange

from loadgen.exchange import REUSED, Exchange, Outcome, Request
from loadgen.record.samples import FIRST, KINDS, OTHER, SLOWEST, Samples


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
    samples.slow(slow, 9, 1)
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
            samples.slow(x, ns, n // 2 + 1)
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


@pytest.mark.parametrize(
    ("header", "location"),
    [
        (b"Location: https://u:canary@a.test/x?token=canary#canary", "https://a.test/x"),
        (b"location: /other", "/other"),
        (b"Location: http://[bad/canary", ""),
        (b"Server: x", ""),
    ],
)
def test_a_redirect_says_where_it_leads_without_what_could_be_a_secret(header: bytes, location: str) -> None:
    samples = Samples(ORIGIN, 1)
    samples.failed(failing(status=302, excerpt=b"HTTP/1.1 302 Found\r\n" + header + b"\r\n\r\n"))
    (sample,) = samples.kept().failed
    assert sample.location == location
    assert "canary" not in repr(sample)


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
    assert set(times[2]) == set(times[0]) - {"connect"} | {"target"}
    assert set(times[3]) == {"response", "lag", "sign", "wait"}, "it waited in vain"
    assert samples.kept().failed[0].second == 0.0
