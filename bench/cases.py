"""What is compared: loads, the tools that can make them, and the figures that are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.dynamodb import ON_A_TABLE
from bench.measure import TAIL, Run, growth, speed
from bench.servers import BODIES, Nginx
from bench.tools import K6, Aiohttp, Bombardier, H2load, Hey, Load, Loadgen, Locust, Oha, OpensslTime, Tool, Vegeta, Wrk

LOADGEN, WRK, OHA = Loadgen(), Wrk(), Oha()
OF_HTTP: tuple[Tool, ...] = (
    LOADGEN,
    WRK,
    Bombardier(),
    OHA,
    Vegeta(),
    Hey(),
    K6(),
    H2load(),
    Locust(),
    Aiohttp(),
    OpensslTime(),
)
TOOLS: tuple[Tool, ...] = (*OF_HTTP, *ON_A_TABLE)
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """A figure's key, its heading and how it is written; `ranged`: with its lowest and highest beside the median."""

    key: str
    title: str
    form: str = ",.0f"
    ranged: bool = True


REQUESTS = Column("requests_s", "requests/s")
CONNECTIONS = Column("connections_s", "connections/s")
RATIO = Column("ratio", "of wrk's", ".2f")
CPU = Column("cpu_us", "CPU µs each", ".1f")
CPU_USER, CPU_KERNEL = (
    Column("cpu_user_us", "of it user", ".1f", ranged=False),
    Column("cpu_kernel_us", "of it kernel", ".1f", ranged=False),
)
SPENT = (CPU, CPU_USER, CPU_KERNEL)
BUSY = (
    Column("client_busy", "client core", ".0%", ranged=False),
    Column("server_busy", "server core", ".0%", ranged=False),
)
P50, P99 = Column("p50_ms", "p50 ms", ".3f"), Column("p99_ms", "p99 ms", ".3f")
LAG = Column("lag_p99_ms", "lag p99 ms", ".3f")
WIRE = (
    Column("wire_p50_ms", "wire p50 ms", ".3f"),
    Column("wire_p99_ms", "wire p99 ms", ".3f"),
    Column("late_p99_ms", "sent late p99 ms", ".3f"),
)
KIB = Column("kib", "KiB", ranged=False)
MEMORY = (
    Column("kib_1", "KiB after 1 min"),
    Column("kib_5", "after 5 min"),
    Column("kib_min", "KiB/min", "+,.0f"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of what a case varies: its name in the table, what it changes in the load, and what is asked for."""

    name: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """`ratio` is the figure that is held against the tool `baseline`; `aim` is what the project wants, and nothing
    asserts it. A case that varies something names it (`varies`), and has a row for each tool at each of its `points`.
    `captured`: a packet capture looks on where that is allowed."""

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
    rounds: int = ROUNDS
    captured: bool = False
    varies: str = ""
    points: tuple[Point, ...] = (Point(),)

    @property
    def grows(self) -> bool:
        """One long run instead of rounds."""
        return self.observe is growth

    def load(self, point: Point, server: Nginx, seconds: int, minute: int) -> Load:
        """`seconds` of it, or five times `minute` seconds if memory is looked at."""
        url = (server.https if self.tls else server.http) + point.path
        length = 5 * minute + TAIL if self.grows else seconds
        return replace(Load(url, server.ca, length, rate=self.rate, reuse=self.reuse), **point.changes)


def _closed(scheme: str, aim: str) -> Case:
    about = f"As many requests as 64 kept {scheme.upper()} connections allow, on one client core."
    columns = (REQUESTS, RATIO, *SPENT, *BUSY)
    return Case(f"closed-{scheme}", about, columns, "requests_s", aim, tls=scheme == "https")


def _connections(scheme: str) -> Case:
    about = f"A new {scheme.upper()} connection for each request, 64 at a time, on one client core."
    columns = (CONNECTIONS, RATIO, *SPENT, *BUSY)
    return Case(f"connections-{scheme}", about, columns, "connections_s", tls=scheme == "https", reuse=False)


def _open(rate: int, aim: str) -> Case:
    about = (
        f"{rate:,} requests/s over 64 connections. p50 and p99 are what each tool reports: loadgen and oha from when a "
        "request was due, the others from when they sent it. `wire` is a packet capture's, of the same requests."
    )
    columns = (REQUESTS, P50, P99, LAG, *WIRE, *SPENT, *BUSY)
    return Case(f"open-{rate // 1000}k", about, columns, aim=aim, rate=rate, captured=True)


def _kept(scheme: str) -> Case:
    about = f"2,000 requests/s over more and more {scheme.upper()} connections, all of which are used in turn."
    points = (Point(f"{count:,}", {"connections": count, "in_turn": True}) for count in (64, 1_024, 10_000))
    return Case(
        f"kept-{scheme}",
        about,
        (REQUESTS, P50, P99, LAG, *SPENT, KIB),
        aim="a request over 10,000 costs at most 1.3 of one over 64",
        tools=(LOADGEN,),
        rate=2_000,
        tls=scheme == "https",
        varies="connections",
        points=tuple(points),
    )


CASES = (
    _closed("http", "loadgen reaches 0.65 of wrk's requests/s"),
    _closed("https", "loadgen reaches 0.60 of wrk's requests/s"),
    _open(2_000, "loadgen takes less than 5 % of a core"),
    _open(20_000, "loadgen reports p50 <= 0.12 ms, p99 at most the wire's + 0.1 ms and below oha's, lag p99 <= 0.1 ms"),
    _open(50_000, "loadgen holds the rate"),
    _kept("http"),
    _kept("https"),
    _connections("http"),
    _connections("https"),
    Case(
        "dynamodb",
        "Signed PutItem calls with a new key each, 200 bytes, 64 at a time over HTTP, on one client core. aioboto3 is "
        "a program that calls a shared client in 64 tasks.",
        (REQUESTS, Column("ratio", "of aioboto3's", ".2f"), *SPENT, *BUSY),
        "requests_s",
        "the wire client reaches 20 times aioboto3's requests/s, and then 40 times",
        tools=ON_A_TABLE,
        baseline="aioboto3",
    ),
    Case(
        "curve-rate",
        "Evenly spaced requests over 64 connections, at more and more a second.",
        (REQUESTS, P50, P99, LAG, *WIRE, *SPENT),
        tools=(LOADGEN, OHA),
        rounds=3,
        captured=True,
        varies="requests/s asked for",
        points=tuple(Point(f"{rate:,}", {"rate": rate}) for rate in (500, 2_000, 5_000, 10_000, 20_000, 50_000)),
    ),
    Case(
        "curve-connections",
        "As many requests as more and more kept HTTP connections allow.",
        (REQUESTS, RATIO, *SPENT, P99, KIB),
        "requests_s",
        tools=(LOADGEN, WRK, OHA),
        rounds=3,
        varies="connections",
        points=(
            *(Point(f"{count:,}", {"connections": count}) for count in (64, 256, 1_024, 4_096)),
            Point("10,000", {"connections": 10_000, "seconds": 8}),  # it takes a second to open them
        ),
    ),
    Case(
        "curve-workers",
        "20,000 requests/s, evenly spaced, over 64 connections, by more and more of loadgen's processes. They share "
        "what cores there are beside the server's.",
        (REQUESTS, P50, P99, LAG, *SPENT, KIB),
        tools=(LOADGEN,),
        rate=20_000,
        varies="workers",
        points=tuple(Point(f"{count}", {"workers": count}) for count in (1, 2, 4)),
    ),
    Case(
        "curve-body",
        "As many requests as 64 kept HTTP connections allow, of answers that are longer and longer.",
        (REQUESTS, RATIO, *SPENT, *BUSY),
        "requests_s",
        tools=(LOADGEN, WRK, OHA),
        rounds=3,
        varies="bytes",
        points=tuple(Point(f"{size:,}", path=f"body/{size}") for size in BODIES),
    ),
    Case(
        "curve-length",
        "20,000 requests/s, evenly spaced, over 64 connections, for longer and longer.",
        (REQUESTS, P50, P99, LAG, *SPENT, KIB),
        tools=(LOADGEN,),
        rate=20_000,
        rounds=2,
        varies="seconds",
        points=tuple(Point(f"{seconds}", {"seconds": seconds}) for seconds in (2, 4, 8, 16, 32)),
    ),
    Case(
        "memory",
        "What a worker of loadgen has in memory while it makes 5,000 requests/s.",
        (REQUESTS, *MEMORY),
        aim="flat",
        rate=5_000,
        observe=growth,
        tools=(LOADGEN,),
        rounds=1,
    ),
)
