"""bench.capture: packets are paired to exchanges, and what is said of them is right."""

from __future__ import annotations

import socket
import sys

import numpy as np
import pytest
from paths import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench.capture import Capture, Exchanges, allowed, figures, paired
from loadgen.clock import MILLISECOND, SECOND, wall

LEAVES, COMES = True, False


def of(*packets: tuple[int, int, bool]) -> list[tuple[int, int, int]]:
    port, stamp, leaves = (np.array(column) for column in zip(*packets, strict=True))
    found = paired(port.astype(np.int64), stamp.astype(np.int64), leaves.astype(np.bool_))
    return list(zip(*(column.tolist() for column in found), strict=True))


def test_connections_are_told_apart() -> None:
    packets = [(1, 10, LEAVES), (2, 11, LEAVES), (2, 12, COMES), (1, 15, COMES), (1, 20, LEAVES), (1, 21, COMES)]
    assert of(*packets) == [(1, 10, 15), (2, 11, 12), (1, 20, 21)]


def test_what_has_no_answer_and_what_nobody_asked_for_are_left_out() -> None:
    assert of((1, 10, LEAVES), (2, 11, COMES), (3, 12, LEAVES), (3, 14, COMES), (1, 15, COMES), (4, 16, LEAVES)) == [
        (1, 10, 15),
        (3, 12, 14),
    ]


def test_segments_count_from_the_last_of_a_request_to_the_first_of_its_answer() -> None:
    assert of((1, 10, LEAVES), (1, 11, LEAVES), (1, 15, COMES), (1, 16, COMES)) == [(1, 11, 15)]


def test_the_figures_of_an_even_load() -> None:
    """1,000 requests a second, 2 ms each; one before the load, and a stall: 20 are sent when it ends."""
    asked = np.arange(1000, dtype=np.int64) * MILLISECOND + 5 * SECOND
    asked[500:520] = asked[520]
    asked = np.insert(asked, 0, 0)
    exchanges = Exchanges(np.zeros_like(asked), asked, asked + 2 * MILLISECOND)
    told = figures(exchanges, 1000)
    assert (told["wire_p50_ms"], told["wire_p99_ms"]) == (2.0, 2.0)
    assert told["late_p99_ms"] == 13.0  # of 751 the eighth from above: 20, 19, 18 ...
    even = Exchanges(asked[1:] * 0, np.arange(1000) * MILLISECOND, np.arange(1000) * MILLISECOND)
    assert figures(even, 1000)["late_p99_ms"] == 0
    assert figures(Exchanges(*(column[:0] for column in even)), 1000) == {}


@pytest.mark.real
def test_the_kernel_stamps_each_exchange() -> None:
    if not allowed():
        pytest.skip("a packet capture takes CAP_NET_RAW")
    with socket.create_server(("127.0.0.1", 0)) as server, Capture(server.getsockname()[1], 1000) as capture:
        began = wall()
        with socket.create_connection(server.getsockname()) as client, server.accept()[0] as there:
            port = client.getsockname()[1]
            for _ in range(3):
                client.sendall(b"ask")
                assert there.recv(10) == b"ask"
                there.sendall(b"answer")
                assert client.recv(10) == b"answer"
        ended = wall()
    exchanges = capture.exchanges()
    assert capture.lost == 0
    assert exchanges.port.tolist() == [port] * 3
    stamps = [at for each in zip(exchanges.asked, exchanges.answered, strict=True) for at in each]
    assert stamps == sorted(stamps)
    assert began <= stamps[0] and stamps[-1] <= ended


@pytest.mark.real
def test_what_finds_no_room_is_counted() -> None:
    if not allowed():
        pytest.skip("a packet capture takes CAP_NET_RAW")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Capture(server.getsockname()[1], 1) as capture,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as there,
    ):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(1000):  # a block of the ring takes 512 packets
            client.sendall(b"ask")
            there.recv(10)
    assert len(capture.exchanges().port) == 0
    assert capture.lost > 0
