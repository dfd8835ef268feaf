"""The table of metrics of an exchange, from which the recorder, the result and the docs are made.

    response = lag + sign + wait + service         exactly, in integer nanoseconds
    operation = its attempts' responses + backoff  likewise; without a schedule from the first attempt's release

To add one, add a row to `Metric`, with a number of its own from 250 down. docs/measuring.md and docs/results.md have
lines of this table; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

import numpy as np

from loadgen.clock import MILLISECOND
from loadgen.exchange import NOT_YET, REUSED, Exchange
from loadgen.stats import Integers


class Instants(NamedTuple):
    """The series, the instants and the durations of exchanges, in the recorder's rows; in ns, shape (rows,).

    `due` is 0 for a load without a schedule, `connected` is 0 on a connection that was open already. An instant that
    did not happen or is not known is 0, a duration -1. `first` and `received` may be `NOT_YET`. `address` is the number
    of the target's address, from 1, and `key` that of the request's key; 0 if it is not counted.
    """

    series: Integers
    due: Integers
    released: Integers
    signed: Integers
    started: Integers
    connected: Integers
    sent: Integers
    first: Integers
    received: Integers
    done: Integers
    dns: Integers
    tcp: Integers
    tls: Integers
    handshake_cpu: Integers
    wait_delay: Integers
    connect_delay: Integers
    build: Integers
    address: Integers
    key: Integers


WIDTH = len(Instants._fields)


class Shown(Enum):
    """Where a step's result has a metric."""

    ALWAYS = "in latency_ms"
    WHERE_ANY = "in latency_ms, of steps that have it"
    BY_SCENARIO = "in iteration_ms, which is no step's"


@dataclass(frozen=True, slots=True)
class Spec:
    """A row of the table. `what` and `whose` are for docs/measuring.md. A metric with an empty `what` has no row there;
    another row explains it. `formula` gives the figure of each exchange in ns, -1 if it does not apply or is not known;
    None for a metric that does not belong to one exchange."""

    what: str
    whose: str
    formula: Callable[[Instants], Integers] | None = None
    shown: Shown = Shown.ALWAYS
    censored: bool = False  # timeouts are among its figures, as longer than they were waited for
    scheduled: bool = False  # a load without a schedule has none
    every: bool = False  # without the target: of all exchanges, whatever became of them, and not of the ok ones alone
    stamped: bool = (
        False  # known by the kernel's stamps alone: a figure stands only where hardly any exchange lacks one
    )


def _target(of: Instants) -> Integers:
    """Of a timeout as long as the target has had, of which the figure is known to be longer."""
    known = (of.received != 0) & (of.started > 0) & ((of.connected == 0) | (of.connect_delay >= 0))
    own = np.maximum(of.handshake_cpu, 0) + np.maximum(of.connect_delay, 0)
    until = np.where(of.received == NOT_YET, of.done, of.received)
    return np.where(known, np.maximum(until - of.started - own, 0), -1)


def _ttfb(of: Instants) -> Integers:
    until = np.where(of.first == NOT_YET, of.done, of.first)
    return np.where((of.first != 0) & (of.sent > 0), until - of.sent, -1)


class Metric(IntEnum):
    """By number, which stays: saved runs hold it. Those of the profile's own (`record:`) are in between."""

    spec: Spec

    def __new__(cls, number: int, spec: Spec | None = None) -> Metric:
        metric = int.__new__(cls, number)
        metric._value_ = number
        assert spec
        metric.spec = spec
        return metric

    # fmt: off
    RESPONSE = 0, Spec(
        "done - due: what a user would have waited. The headline",
        "everybody's",
        lambda of: np.where(of.due > 0, of.done - of.due, -1),
        censored=True,
        scheduled=True,
    )
    LAG = 3, Spec(
        "released - due",
        "ours",
        lambda of: np.where(of.due > 0, of.released - of.due, -1),
        scheduled=True,
        every=True,
    )
    SIGN = 4, Spec("signed - released", "ours", lambda of: of.signed - of.released, every=True)
    WAIT = 5, Spec(
        "for a free connection below `session.connections`",
        "the profile's",
        lambda of: np.where(of.started > 0, of.started, of.done) - of.signed,
    )
    WAIT_DELAY = 251, Spec(
        "what of it this machine made: it was waited for an exchange that was late; inside wait",
        "ours",
        lambda of: of.wait_delay,
    )
    SERVICE = 1, Spec(
        "done - started",
        "the target's, but for what follows",
        lambda of: np.where(of.started > 0, of.done - of.started, -1),
        censored=True,
    )
    CONNECT = 2, Spec(
        "connected - started, of new connections; inside service. `dns`, `tcp` and `tls` are its parts",
        "the target's",
        lambda of: np.where(of.connected > 0, of.connected - of.started, -1),
    )
    DNS = 7, Spec("", "the target's", lambda of: of.dns)
    TCP = 8, Spec("", "the target's", lambda of: of.tcp)
    TLS = 9, Spec("", "the target's", lambda of: of.tls)
    HANDSHAKE_CPU = 10, Spec(
        "the CPU time that our side of the TLS handshake took; inside connect",
        "ours",
        lambda of: of.handshake_cpu,
    )
    CONNECT_DELAY = 252, Spec(
        "what a connect waited for this machine besides: what the kernel had lay there, or what was to be sent was "
        "not yet; inside connect. Not known is shown as not known",
        "ours",
        lambda of: of.connect_delay,
    )
    BUILD = 255, Spec(
        "making the SDK's client or session, where one is made for the request; inside sign",
        "ours",
        lambda of: of.build,
        Shown.WHERE_ANY,
        every=True,
    )
    CLIENT_DELAY = 6, Spec(
        "done - received; inside service. Not known is shown as not known, never as 0",
        "ours",
        lambda of: np.where(of.received > 0, of.done - of.received, -1),
    )
    TARGET = 250, Spec(
        "received - started, without `handshake_cpu` and `connect_delay`: what the target and its network took, with "
        "the load as it was sent; inside service. Only the wire client knows it",
        "the target's",
        _target,
        censored=True,
        stamped=True,
    )
    TTFB = 249, Spec(
        "first - sent: until the first byte of the answer, without connecting; inside target",
        "the target's",
        _ttfb,
        censored=True,
        stamped=True,
    )
    OPERATION = 253, Spec(
        "from the first attempt's due to the last one's done ([below](#attempts-and-operations))",
        "everybody's",
        shown=Shown.WHERE_ANY,
        censored=True,
    )
    BACKOFF = 254, Spec(
        "all that was waited between the attempts of an operation",
        "the profile's",
        shown=Shown.WHERE_ANY,
        every=True,
    )
    ITERATION = 11, Spec(
        "from due to the last step's done, of iterations whose steps were all ok",
        "everybody's",
        shown=Shown.BY_SCENARIO,
        censored=True,
    )
    # fmt: on

    @property
    def word(self) -> str:
        return self.name.lower()


BITS = 8  # of a metric's number
RECORDED = 12  # the first number of the profile's own metrics
MOST_RECORDED = min(metric for metric in Metric if metric > RECORDED) - RECORDED
WAITED = MILLISECOND  # a wait below is none: it takes a moment to hand a connection over

HEADLINES = (Metric.RESPONSE, Metric.SERVICE)  # by which a step is judged: the first, where it has one
CENSORED = frozenset(metric for metric in Metric if metric.spec.censored)
EVERY = frozenset(metric for metric in Metric if metric.spec.every)
STAMPED = frozenset(metric for metric in Metric if metric.spec.stamped)

# the metrics that come from a row of instants, in the order of `measure`'s columns
OF_EXCHANGE = tuple(sorted(metric for metric in Metric if metric.spec.formula))


def measure(rows: Integers) -> Integers:
    """The metrics of each row, shape (rows, len(OF_EXCHANGE)), in ns; -1 where one does not apply or cannot be known.
    `rows` have the columns of `Instants`."""
    of = Instants(*np.ascontiguousarray(rows.T))
    columns = np.empty((len(OF_EXCHANGE), len(rows)), np.int64)  # each in one piece, for whoever goes through one
    for column, metric in zip(columns, OF_EXCHANGE, strict=True):
        assert metric.spec.formula
        column[:] = metric.spec.formula(of)
    return columns.T


def times_of(x: Exchange, due: int) -> dict[str, int]:
    """The metrics of one exchange that apply to it, by word, in ns. `due` is 0 if the load has no schedule."""
    row = (
        0, due, x.released, x.signed, x.started, connected(x), x.sent, x.first, x.received, x.done,
        x.dns, x.tcp, x.tls, x.handshake_cpu, x.wait_delay, x.connect_delay, x.build, x.address,
        x.request.key,
    )  # fmt: skip
    figures = measure(np.array([row], np.int64))[0].tolist()
    return {metric.word: figure for metric, figure in zip(OF_EXCHANGE, figures, strict=True) if figure != -1}


def connected(x: Exchange) -> int:
    """When the connection that was opened for the exchange was ready; 0 if none was."""
    return 0 if x.connection == REUSED else x.connected


def table() -> list[str]:
    """The lines of the table, as docs/measuring.md has it."""
    rows = [
        f"| `{m.word}` | {m.spec.what} | {m.spec.whose} |".replace(" - ", " \N{MINUS SIGN} ")
        for m in Metric
        if m.spec.what
    ]
    return ["| metric | is | whose |", "|---|---|---|", *rows]


def numbers() -> str:
    """What each number is, as docs/results.md has it."""
    return ", ".join(f"{metric.value} {metric.word}" for metric in sorted(Metric))


def shown() -> str:
    """The keys of `latency_ms`, as docs/results.md has them."""
    words = {shown: [f"`{metric.word}`" for metric in Metric if metric.spec.shown is shown] for shown in Shown}
    *rare, last = words[Shown.WHERE_ANY]
    without = " and no ".join(metric.word for metric in Metric if metric.spec.scheduled)
    always = ", ".join(words[Shown.ALWAYS])
    return f"{always}; a closed phase has no {without}; {', '.join(rare)} and {last} only where there are any"
