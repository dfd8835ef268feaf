"""The sandbox's special paths: each answer, its instants and its ending, in virtual time."""

from __future__ import annotations

import json

import pytest
from sandbox_link import START, Check, ListLink, Target, answers, ends, feed, goes_on, replies_once, request

from loadgen.clock import MILLISECOND
from loadgen.sandbox.paths import REPLIES


@pytest.fixture
def target() -> Target:
    return Target()


def _chunked(link: ListLink) -> None:
    head, _, body = link.data.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"8\r\nchunk 0\n\r\n8\r\nchunk 1\n\r\n0\r\n\r\n"
    assert link.ending is None


def _until_close(link: ListLink) -> None:
    head, _, body = link.data.partition(b"\r\n\r\n")
    assert b"Content-Length" not in head and b"chunked" not in head
    assert json.loads(body) == {"message": "simulated"}
    assert link.ending == ("close", START + 2 * MILLISECOND)


def _truncate(link: ListLink) -> None:
    head, _, body = link.data.partition(b"\r\n\r\n")
    assert f"Content-Length: {2 * len(body)}" in head.decode()
    assert link.ending == ("cut", START)


def _hints(link: ListLink) -> None:
    assert link.data.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n")
    replies_once(200)(part(link, link.data.split(b"\r\n\r\n", 2)[2]))


def _idle_close(link: ListLink) -> None:
    [(status, headers, _)] = answers(link.data)
    assert (status, headers["connection"]) == (200, "keep-alive")
    assert link.ending == ("close", START + 10 * MILLISECOND)


def _nothing(link: ListLink) -> None:
    assert not link.data
    assert link.ending is None


def part(link: ListLink, data: bytes) -> ListLink:
    link.sent = [(START, data)]
    return link


@pytest.mark.parametrize(
    ("path", "check"),
    [
        ("/status/418", replies_once(418)),
        ("/status/99", replies_once(400)),
        ("/status/x", replies_once(400)),
        ("/delay/soon", replies_once(400)),
        ("/bytes/10", replies_once(200, b"x" * 10)),
        ("/bytes/200000", replies_once(200, b"x" * 200_000)),
        ("/bytes/-1", replies_once(400)),
        ("/chunked/2", _chunked),
        ("/chunked/many", replies_once(400)),
        ("/echo", replies_once(200, b"")),
        ("/until-close", _until_close),
        ("/drip/20", replies_once(200, b"x" * 20)),
        ("/drip/x", replies_once(400)),
        ("/truncate", _truncate),
        ("/reset", ends("reset")),
        ("/endless", goes_on(b"10000\r\nxxx")),
        ("/endless-headers", goes_on(b"x-filler: xxx")),
        ("/garbage", ends("close")),
        ("/slow-headers", replies_once(200)),
        ("/early-close", ends("close")),
        ("/never", _nothing),
        ("/100-continue", _hints),
        ("/idle-close", _idle_close),
    ],
)
def test_special_paths(target: Target, path: str, check: Check) -> None:
    link = target.connect()
    feed(link, request(path))
    target.run()
    check(link)


@pytest.mark.parametrize("path", sorted(REPLIES))
def test_special_paths_take_their_round_trip(path: bytes) -> None:
    target = Target(rtt=20)
    link = target.connect()
    feed(link, request(f"/{path.decode()}"))
    target.run(19)
    assert not link.sent and not link.ending
    target.run(1)
    assert link.sent or link.ending or path == b"never"


def test_drips_and_slow_heads_are_slow(target: Target) -> None:
    drip, head = target.connect(), target.connect()
    feed(drip, request("/drip/3"))
    feed(head, request("/slow-headers"))
    target.run()
    assert [when - START for when, _ in drip.sent] == [0, *(20 * MILLISECOND * i for i in (1, 2, 3))]
    assert head.sent[1][0] - START == 5 * MILLISECOND
    assert all(len(data) == 1 for _, data in head.sent)


def test_streams_wait_for_a_client_that_does_not_read(target: Target) -> None:
    link = target.connect()
    link.stuck = True
    feed(link, request("/endless"))
    target.run()
    assert len(link.sent) == 1
    link.unstick()
    target.run(25 * MILLISECOND)
    assert len(link.sent) == 3


@pytest.mark.parametrize("rtt", [0, 20])
def test_never_ends_when_the_client_does(rtt: int) -> None:
    target = Target(rtt=rtt)
    link = target.connect()
    feed(link, request("/never"))
    link.connection.ended()
    target.run()
    assert link.ending == ("close", START + rtt)
    assert target.counters.unanswered == 1
