"""Looking at connections: whose figures are counted, once each, and how many are looked at."""

from __future__ import annotations

import struct
from typing import Any, cast

import pytest

from loadgen.clock import MILLISECOND as MS
from loadgen.clock import SECOND
from loadgen.net import tcp_info
from loadgen.net.tcp_info import CLOSED, FINALLY, ONE_IN, SAMPLED, Info, TcpWatch, read


class Sock:
    """A socket whose kernel says what it is told to. The layout is that of the kernel's header, field by field."""

    def __init__(self, retransmits: int = 0, sent: int = 10, rtt: int = 900, least: int = 500, size: int = 256) -> None:
        self.retransmits, self.sent, self.rtt, self.least, self.size = retransmits, sent, rtt, least, size
        self.heard = 4
        self.asked = 0

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        self.asked += 1
        assert (level, option) == (6, 11)
        words = [0] * 24  # from 8 on: tcpi_rto, …; before total_retrans come 23, and then eight of other sizes
        words[6], words[12], words[15], words[23] = 2, self.heard, self.rtt, self.retransmits
        found = bytes(8) + struct.pack("=24I", *words)
        found += struct.pack("=QQQQIIII", 1, 2, 3, 4, self.sent, 7, 8, self.least)
        return found.ljust(256, b"\xff")[: min(size, self.size)]

    def close(self) -> None: ...


def told(watch: TcpWatch, *open_now: Sock, last: bool = False) -> dict[str, Any]:
    found = watch.sample(open_now, last, lambda sock: cast(Any, sock))
    assert found
    return found


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_info, "KNOWN", True)


def test_the_fields_are_where_the_kernel_has_them() -> None:
    assert read(cast(Any, Sock(3, 40, 900, 500))) == Info(900_000, 500_000, 2, 3, 40, 4 * MS)
    assert read(cast(Any, Sock(least=0xFFFFFFFF))) == Info(900_000, None, 2, 0, 10, 4 * MS)


def test_a_kernel_that_says_less_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(cast(Any, Sock(size=104))) is None
    monkeypatch.setattr(tcp_info, "KNOWN", False)
    assert read(cast(Any, Sock())) is None
    assert TcpWatch().sample([], False, lambda sock: sock) is None


def test_what_was_counted_is_not_counted_again() -> None:
    watch, sock = TcpWatch(), Sock(retransmits=2, sent=10)
    assert {k: v for k, v in told(watch, sock).items() if v} == {
        "looked_at": 1, "segments": 10, "retransmits": 2, "lost": 2, "rtt": 900_000, "least_rtt": 500_000,
    }  # fmt: skip
    sock.retransmits, sock.sent = 5, 30
    again = told(watch, sock)
    assert (again["retransmits"], again["segments"]) == (3, 20)
    sock.sent = 31
    watch.closing(cast(Any, sock))
    assert (found := told(watch))["segments"] == 1 and found["retransmits"] == 0


def test_a_first_packet_that_was_sent_again_is_no_retransmit_as_well() -> None:
    watch, late, quick = TcpWatch(), Sock(retransmits=1, sent=2), Sock()
    watch.opened(cast(Any, late), SECOND + MS)
    watch.opened(cast(Any, quick), MS)
    late.sent = 9
    watch.closing(cast(Any, late))
    watch.failed(cast(Any, Sock(retransmits=6)))
    watch.failed(cast(Any, Sock()))
    found = told(watch)
    assert (found["connects"], found["syn_retried"], found["retransmits"], found["segments"]) == (4, 2, 0, 7)


@pytest.mark.parametrize(
    ("sock", "took", "late"),
    [
        (Sock(rtt=900), 5 * MS, 4_100_000),
        (Sock(rtt=900), 900_000, 0),
        (Sock(rtt=900), 899_000, 0),
        (Sock(rtt=0), 5 * MS, -1),
        (Sock(size=104), 5 * MS, -1),
        (Sock(retransmits=1), SECOND + 30 * MS, 4 * MS),
    ],
)
def test_how_late_a_connect_was_seen_is_what_it_took_beyond_the_kernels_round_trip(
    sock: Sock, took: int, late: int
) -> None:
    """Or, where there is none as the first packet was sent again, what has passed since the peer was heard."""
    assert TcpWatch().opened(cast(Any, sock), took) == late


def test_few_are_looked_at_at_a_time_and_more_at_the_end() -> None:
    watch, many = TcpWatch(), [Sock() for _ in range(FINALLY + 10)]
    assert told(watch, *many)["looked_at"] == sum(sock.asked for sock in many) == SAMPLED
    assert told(watch, *many, last=True)["looked_at"] == FINALLY


def test_of_very_many_that_close_one_in_so_many_is_looked_at() -> None:
    watch = TcpWatch()
    closed = [Sock() for _ in range(CLOSED + 10 * ONE_IN)]
    for sock in closed:
        watch.closing(cast(Any, sock))
    assert CLOSED + 9 <= told(watch)["looked_at"] <= CLOSED + 10
    watch.closing(cast(Any, closed[0]))
    assert told(watch)["looked_at"] == 1, "and each again in the next second"


def test_what_is_kept_of_connections_that_went_unsaid_goes() -> None:
    watch = TcpWatch()
    for _ in range(20):
        told(watch, *[Sock() for _ in range(10)])
    assert len(watch._counted) <= 20
    told(watch)
    assert not watch._counted
