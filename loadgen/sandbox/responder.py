"""The fastest target in Python, for `loadgen selftest`: the same bytes for every request, on 127.0.0.1.

`python -m loadgen.sandbox.responder --parent PID` uses the protocol of the sandbox's own process. It writes a JSON line
`{"http", "https", "ca", "pid"}` when it serves, and a line of counts for each line `stats`. It ends when stdin closes,
or when the parent ends. It parses no HTTP beyond the end of a request's head, and keeps no log, because it must cost
less than a client does. A path that begins with `/later` is answered after the time of a typical API, log-normal with a
p50 of 10 ms and a p99 of 40 ms; any other path at once.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from heapq import heappop, heappush
from itertools import cycle
from math import exp, log
from random import Random
from statistics import NormalDist

import uvloop

from loadgen.clock import MILLISECOND, Clock, cpu
from loadgen.files import Scratch
from loadgen.net.children import end_with_parent
from loadgen.net.timerfd import LoopClock, lower_timer_slack
from loadgen.sandbox import certificate
from loadgen.sandbox.process import FOLDER
from loadgen.sandbox.tls import server_context

HOST = "127.0.0.1"
P50, P99 = 10 * MILLISECOND, 40 * MILLISECOND
TIMES = 1000  # the number of drawn times, which are used in turn
END = b"\r\n\r\n"
LIMIT = 65536  # the most bytes of a head
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
GONE = (OSError, ssl.SSLError)  # a WantRead is an SSLError too, and is caught before


def times() -> list[int]:
    """The times of answers in ns: evenly spaced quantiles of the log-normal, in the order of a fixed seed. So each
    thousand of them has the same tail."""
    normal = NormalDist()
    spread = log(P99 / P50) / normal.inv_cdf(0.99)
    drawn = [round(P50 * exp(spread * normal.inv_cdf((i + 0.5) / TIMES))) for i in range(TIMES)]
    Random(1).shuffle(drawn)
    return drawn


class Delayed:
    """Answers to send later, each after the next of `times`."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self._waiting: list[tuple[int, int, Peer, int]] = []
        self._times = cycle(times())
        self._alarm = clock.alarm(self._due)
        self._order = 0

    def add(self, peer: Peer, number: int) -> None:
        self._order += 1
        entry = (self._now() + next(self._times), self._order, peer, number)
        heappush(self._waiting, entry)
        if self._waiting[0] is entry:
            self._alarm.set(entry[0])

    def _due(self) -> None:
        waiting, at = self._waiting, self._now()
        while waiting and waiting[0][0] <= at:
            _, _, peer, number = heappop(waiting)
            peer.answer(number)
        if waiting:
            self._alarm.set(waiting[0][0])


class Peer:
    """An accepted socket. Over TLS it is that of the `ssl` module, which reads and writes the descriptor itself."""

    def __init__(self, responder: Responder, sock: socket.socket) -> None:
        self._responder, self._sock, self._fd = responder, sock, sock.fileno()
        self._rest = b""
        responder.loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        try:
            data = self._sock.recv(LIMIT)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except GONE:
            data = b""
        if self._rest:
            data = self._rest + data if data else b""
        number = data.count(END)
        self._rest = b"" if data.endswith(END) else data[data.rfind(END) + len(END) :] if number else data
        if not data or len(self._rest) > LIMIT:
            self.close()
        elif number:
            self._responder.requests += number
            if data.startswith(b"GET /later"):
                self._responder.delayed.add(self, number)
            else:
                self.answer(number)

    def answer(self, number: int) -> None:
        with suppress(ValueError):  # it was closed meanwhile
            try:
                self._sock.send(ANSWER * number)
            except GONE:
                self.close()

    def close(self) -> None:
        if self._fd >= 0:
            self._responder.loop.remove_reader(self._fd)
            self._responder.open.discard(self)
            self._sock.close()
            self._fd = -1


class Responder:
    """Serves from its making until `close`, on `loop`. `http` and `https` are its URLs."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: LoopClock, context: ssl.SSLContext) -> None:
        self.loop, self.delayed, self._context = loop, Delayed(clock), context
        self.requests = 0
        self.open: set[Peer] = set()
        self._listeners: list[socket.socket] = []
        self.http, self.https = self._listen("http", self._plain), self._listen("https", self._encrypted)

    def stats(self) -> dict[str, int]:
        """The requests and the CPU time (ns) since the start."""
        return {"requests": self.requests, "cpu_ns": cpu()}

    def close(self) -> None:
        for listener in self._listeners:
            self.loop.remove_reader(listener.fileno())
            listener.close()
        for peer in list(self.open):
            peer.close()

    def _listen(self, scheme: str, made: Callable[[socket.socket], socket.socket]) -> str:
        listener = socket.create_server((HOST, 0), backlog=4096)
        listener.setblocking(False)
        self._listeners.append(listener)
        self.loop.add_reader(listener.fileno(), self._accept, listener, made)
        return f"{scheme}://{HOST}:{listener.getsockname()[1]}"

    def _accept(self, listener: socket.socket, made: Callable[[socket.socket], socket.socket]) -> None:
        with suppress(OSError):  # no connection is waiting, or no descriptor is left: then it is called again
            while True:
                sock, _ = listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.open.add(Peer(self, made(sock)))

    def _plain(self, sock: socket.socket) -> socket.socket:
        return sock

    def _encrypted(self, sock: socket.socket) -> socket.socket:
        return self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadgen.sandbox.responder")
    parser.add_argument("--parent", type=int, required=True)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    lower_timer_slack()
    loop = uvloop.new_event_loop()
    end_with_parent(loop, parser.parse_args().parent)
    with ExitStack() as stack:
        stack.callback(loop.close)
        ca, chain, key = certificate.make(stack.enter_context(Scratch(FOLDER)).file)
        context = server_context(chain, key)
        with suppress(OSError):  # in memory it stays
            key.unlink()
        clock = LoopClock(loop)
        stack.callback(clock.close)
        responder = Responder(loop, clock, context)
        stack.callback(responder.close)
        _say({"http": responder.http, "https": responder.https, "ca": str(ca), "pid": os.getpid()})
        loop.add_reader(0, _asked, loop, responder)
        gc.collect()
        gc.freeze()
        loop.run_forever()
    return 0


def _asked(loop: asyncio.AbstractEventLoop, responder: Responder) -> None:
    data = os.read(0, 4096)
    if not data:
        loop.remove_reader(0)
        loop.stop()
    for _ in range(data.count(b"stats\n")):
        _say({**responder.stats()})


def _say(value: dict[str, object]) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{json.dumps(value)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
