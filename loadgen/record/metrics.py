"""What is measured of an exchange, and how each figure follows from its instants.

response = lag + sign + wait + service         exactly, in integer nanoseconds
operation = its attempts' responses + backoff  likewise; in a load without a schedule from the first one's release
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from loadgen.clock import MILLISECOND
from loadgen.stats import Integers


class Metric(IntEnum):
    """By number, which stays: saved runs hold it. Those of the profile's own (`record:`) are in between."""

    RESPONSE = 0
    SERVICE = 1
    CONNECT = 2
    LAG = 3
    SIGN = 4
    WAIT = 5
    CLIENT_DELAY = 6
    DNS = 7
    TCP = 8
    TLS = 9
    HANDSHAKE_CPU = 10
    ITERATION = 11
    WAIT_DELAY = 251
    CONNECT_DELAY = 252
    OPERATION = 253
    BACKOFF = 254
    BUILD = 255

    @property
    def word(self) -> str:
        return self.name.lower()


BITS = 8  # of a metric's number
WAITED = MILLISECOND  # a wait below is none: it takes a moment to hand a connection over
RECORDED = 12  # the first number of the profile's own metrics
MOST_RECORDED = Metric.WAIT_DELAY - RECORDED

# a row: the series and the instants of one exchange
ROW = ("series", "due", "released", "signed", "started", "connected", "sent", "received", "done")
PARTS = ("dns", "tcp", "tls", "handshake_cpu", "wait_delay", "connect_delay", "build")
WIDTH = len(ROW) + len(PARTS)

# the metrics that come from a row, in the order of `measure`'s columns
OF_EXCHANGE = (
    *(metric for metric in Metric if metric < Metric.ITERATION), Metric.WAIT_DELAY, Metric.CONNECT_DELAY, Metric.BUILD,
)  # fmt: skip


def measure(rows: Integers) -> Integers:
    """The metrics of each row, shape (rows, len(OF_EXCHANGE)), in ns; -1 where one does not apply or cannot be known.

    `due` is 0 for a load without a schedule, `connected` is 0 on a connection that was there already.
    """
    due, released, signed, started, connected, _, received, done = rows.T[1:9]
    out = np.full((len(rows), len(OF_EXCHANGE)), -1, np.int64)
    scheduled, begun = due > 0, started > 0
    out[:, Metric.RESPONSE] = np.where(scheduled, done - due, -1)
    out[:, Metric.SERVICE] = np.where(begun, done - started, -1)
    out[:, Metric.CONNECT] = np.where(connected > 0, connected - started, -1)
    out[:, Metric.LAG] = np.where(scheduled, released - due, -1)
    out[:, Metric.SIGN] = signed - released
    out[:, Metric.WAIT] = np.where(begun, started, done) - signed
    out[:, Metric.CLIENT_DELAY] = np.where(received > 0, done - received, -1)
    out[:, Metric.DNS :] = rows[:, len(ROW) :]
    return out
