"""A run of the real program against the sandbox, beside what the sandbox's truth log and a packet capture saw of it."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from program import Ran, load

from loadgen.clock import MILLISECOND
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import SandboxProcess, start
from truth.capture import Capture, Exchanged

DIGITS = 0.999  # three of them
QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
CLOSE = 0.2  # ms
RARE = 0.001  # the share of requests that a p99.9 leaves out

Block = dict[str, Any]  # the figures of one latency in a result
Rows = list[dict[str, int]]  # of the truth log, by what came first


@dataclass(frozen=True, slots=True)
class Seen:
    """A run, and what really happened. `wire` is what was captured."""

    ran: Ran
    rows: Rows
    wire: list[Exchanged]

    def latency(self, phase: str = "a") -> dict[str, Block]:
        (step,) = self.ran.phases[phase]["steps"]
        return dict(step["latency_ms"])

    def answered(self) -> list[float]:
        """How long the target took by its own log, in ms, in order of length."""
        return sorted((row["sent_ns"] - row["received_ns"]) / MILLISECOND for row in self.rows)

    def on_wire(self) -> list[float]:
        """How long it took from packet to packet, in ms, in order of length."""
        return sorted((exchange.answered - exchange.asked) / MILLISECOND for exchange in self.wire)

    def late(self) -> list[float]:
        """How much later than it meant to the target answered, in ms, in order of length."""
        return sorted((row["sent_ns"] - row["intended_ns"]) / MILLISECOND for row in self.rows)


@contextmanager
def target(folder: Path, **settings: Any) -> Iterator[tuple[SandboxProcess, Path]]:
    """A sandbox over plain HTTP, so that a request is a packet each way; and its truth log, whole afterwards. It comes
    before all others, if that is allowed: what else the machine does would make a target late that is not."""
    log = folder / "truth.csv"
    with start(SandboxSettings.model_validate(settings), log=log) as sandbox:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, sandbox.pid, -20)
        yield sandbox, log


def watch(
    folder: Path, settings: dict[str, Any], phases: str, more: str = "", *arguments: str, limit: float = 60
) -> Seen:
    """Run the load against a sandbox of those settings, on one worker unless the arguments say otherwise."""
    with target(folder, **settings) as (sandbox, log):
        port = urlsplit(sandbox.http).port
        assert port
        with Capture(port) as capture:
            ran = load(folder, f"name: t\ntarget: {sandbox.http}\nload: [{phases}]\n{more}", *arguments, limit=limit)
    assert "variants" in ran.result, ran.err
    return Seen(ran, read(log), capture.exchanged())


def read(log: Path) -> Rows:
    """A truth log's numbers. Those of an invocation are empty in the lines of other requests."""
    text = ("method", "path", "fault", "operation", "reason", "request_id", "version", "initialization")
    with log.open(newline="") as lines:
        rows = [{k: int(v) for k, v in row.items() if v and k not in text} for row in csv.DictReader(lines)]
    return sorted(rows, key=lambda row: row["received_ns"])


def quantile(values: Sequence[float], p: float) -> float:
    """The nearest rank's, of values in order."""
    return values[min(len(values), math.ceil(p * len(values))) - 1]


def least_error(told: Block, truth: Sequence[float], admitted: float = 0.0) -> None:
    """The promise: p50, p90 and p99 within 0.2 ms + 1 % of the truth, and never below it.

    `admitted`, in ms, is what is known to have been added to all requests but one in a thousand. Where A <= B + C for
    each request and C is above c for a share r of them, then the p-quantile of A is at most the (p + r)-quantile of
    B, and c. On a quiet machine c is next to nothing; on a busy one this still holds, and nothing less does.
    """
    for name, p in QUANTILES:
        assert told[name] >= quantile(truth, p) * DIGITS, f"{name}: faster than it can have been"
        most = quantile(truth, p + RARE) * 1.01 + 0.2 + admitted
        assert told[name] <= most, f"{name} {told[name]}: {quantile(truth, p)} in truth, at most {most}"


def target_is_the_wires(seen: Seen) -> None:
    """The target's own p50 and p99 are those of the capture, within 0.2 ms, and never below. One in a thousand may have
    to wait for a CPU between the reading of the clock and the kernel."""
    told, wire = seen.latency()["target"], seen.on_wire()
    assert told["count"] == len(wire)
    for name, p in (("p50", 0.5), ("p99", 0.99)):
        most = quantile(wire, p + RARE) / DIGITS + CLOSE
        assert quantile(wire, p) * DIGITS <= told[name] <= most, f"{name} {told[name]}: at most {most}"


def admitted(latency: dict[str, Block], *metrics: str) -> float:
    """What the run itself says that those parts had, in ms: of each what one in a thousand exceeds."""
    return float(sum(latency[metric]["p99.9"] for metric in metrics))


def adds_up(latency: dict[str, Block]) -> None:
    """response = lag + sign + wait + service, to the nanosecond, for all of them together."""
    parts = sum(round(latency[name]["spent"] * 1e6) for name in ("lag", "sign", "wait", "service"))
    assert parts == round(latency["response"]["spent"] * 1e6)
