"""What is compared: loads, the tools that can make them, and the figures that are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.dynamodb import ON_A_TABLE
from bench.measure import TAIL, Run, growth, speed
from bench.servers import Nginx
from bench.tools import Aiohttp, H2load, Hey, Load, Loadgen, Locust, OpensslTime, Tool, Wrk

OF_HTTP: tuple[Tool, ...] = (Loadgen(), Wrk(), H2load(), Hey(), Locust(), Aiohttp(), OpensslTime())
TOOLS: tuple[Tool, ...] = (*OF_HTTP, *ON_A_TABLE)


@dataclass(frozen=True, slots=True)
class Column:
    """A figure's key, its heading and how it is written."""

    key: str
    title: str
    form: str = ",.0f"


REQUESTS = Column("requests_s", "requests/s")
CONNECTIONS = Column("connections_s", "connections/s")
RATIO = Column("ratio", "of wrk's", ".2f")
CPU = Column("cpu_us", "CPU µs each", ".1f")
CPU_USER, CPU_KERNEL = Column("cpu_user_us", "of it user", ".1f"), Column("cpu_kernel_us", "of it kernel", ".1f")
BUSY = (Column("client_busy", "client core", ".0%"), Column("server_busy", "server core", ".0%"))
P50, P99 = Column("p50_ms", "p50 ms", ".3f"), Column("p99_ms", "p99 ms", ".3f")
LAG = Column("lag_p99_ms", "lag p99 ms", ".3f")
MEMORY = (
    Column("kib_1", "KiB after 1 min"),
    Column("kib_5", "after 5 min"),
    Column("kib_min", "KiB/min", "+,.0f"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """`ratio` is the figure that is held against the tool `baseline`; `aim` is what the project wants, and nothing
    asserts it."""

    name: str
    about: str
    columns: tuple[Column, ...]
    ratio: str = ""
    aim: str = ""
    tls: bool = False
    reuse: bool = True
    rate: int | None = None
    observe: Callable[[Run, Load], dict[str, float]] = speed
    tools: tuple[Tool, ...] = OF_HTTP
    baseline: str = "wrk"

    @property
    def grows(self) -> bool:
        """One long run instead of rounds."""
        return self.observe is growth

    def load(self, server: Nginx, seconds: int, minute: int) -> Load:
        """`seconds` of it, or five times `minute` seconds if memory is looked at."""
        url = server.https if self.tls else server.http
        length = 5 * minute + TAIL if self.grows else seconds
        return Load(url, server.ca, length, rate=self.rate, reuse=self.reuse)


def _closed(scheme: str, aim: str) -> Case:
    about = f"As many requests as 64 kept {scheme.upper()} connections allow, on one client core."
    columns = (REQUESTS, RATIO, CPU, *BUSY)
    return Case(f"closed-{scheme}", about, columns, "requests_s", aim, tls=scheme == "https")


def _connections(scheme: str) -> Case:
    about = f"A new {scheme.upper()} connection for each request, 64 at a time, on one client core."
    columns = (CONNECTIONS, RATIO, CPU, *BUSY)
    return Case(f"connections-{scheme}", about, columns, "connections_s", tls=scheme == "https", reuse=False)


CASES = (
    _closed("http", "loadgen reaches 0.9 of wrk's requests/s"),
    _closed("https", "loadgen reaches 0.85 of wrk's requests/s"),
    Case(
        "open-20k",
        "20,000 requests/s, evenly spaced, over 64 connections. p50 and p99 are what each tool reports: loadgen from "
        "when a request was due, hey and Locust from when they sent it.",
        (REQUESTS, P50, P99, LAG, CPU, *BUSY),
        aim="loadgen reports p50 <= 0.15 ms, with a lag p99 < 1 ms",
        rate=20_000,
    ),
    _connections("http"),
    _connections("https"),
    Case(
        "dynamodb",
        "Signed PutItem calls with a new key each, 200 bytes, 64 at a time over HTTP, on one client core. aioboto3 is "
        "a program that calls a shared client in 64 tasks.",
        (REQUESTS, Column("ratio", "of aioboto3's", ".2f"), CPU, *BUSY),
        "requests_s",
        "the wire client reaches 20 times aioboto3's requests/s, and then 40 times",
        tools=ON_A_TABLE,
        baseline="aioboto3",
    ),
    Case(
        "memory",
        "What a worker of loadgen has in memory while it makes 5,000 requests/s.",
        (REQUESTS, *MEMORY),
        aim="flat",
        rate=5_000,
        observe=growth,
        tools=(Loadgen(),),
    ),
)
