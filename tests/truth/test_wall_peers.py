"""The same target under programs that nobody here wrote: times from the send agree (24).

Each has a target of its own, which draws the same times in the same order.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from program import FULL, load

from loadgen.clock import MILLISECOND
from truth.wall import Block, quantile, read, target

pytestmark = pytest.mark.real

SECONDS = 30 if FULL else 3
USERS = 10
SERVICE = "lognormal(p50=20ms, p99=60ms)"
MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def wrk(url: str) -> dict[str, float]:
    """Its quantiles, in ms."""
    command = ["wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", "--latency", url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {f"p{p}": float(value) * MS[unit] for p, value, unit in re.findall(r"(\d+)% +([\d.]+)(us|ms|s)\n", out)}


def hey(url: str) -> dict[str, float]:
    """The nearest ranks of its times, which it tells one by one."""
    command = ["hey", "-z", f"{SECONDS}s", "-c", str(USERS), "-o", "csv", url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    times = sorted(1000 * float(row["response-time"]) for row in csv.DictReader(out.splitlines()))
    return {name: quantile(times, p) for name, p in QUANTILES.items()}


def loadgen(folder: Path, url: str) -> Block:
    ran = load(folder, f"name: p\ntarget: {url}\nload: [{{name: a, users: {USERS}, for: {SECONDS}s}}]\n", limit=100)
    (step,) = ran.phases["a"]["steps"]
    service: Block = step["latency_ms"]["service"]
    return service


def answered(log: Path) -> list[float]:
    return sorted((row["sent_ns"] - row["received_ns"]) / MILLISECOND for row in read(log) if row["sent_ns"])


@pytest.mark.parametrize("peer", [wrk, hey])
def test_times_from_the_send_are_those_of_others(tmp_path: Path, peer: Any) -> None:
    if not shutil.which(peer.__name__):
        pytest.skip(f"{peer.__name__} is not installed here")
    with target(tmp_path, service=SERVICE) as (sandbox, log):
        ours = loadgen(tmp_path, sandbox.http)
    truth = answered(log)
    with target(tmp_path, service=SERVICE) as (sandbox, log):
        theirs = peer(sandbox.http)
    theirs_truth = answered(log)
    for name, p in QUANTILES.items() if FULL else [("p50", 0.5)]:  # a busy machine gives each of them a tail of its own
        if ours.get("doubted", {}).get(name) == "INVALID":
            continue  # as loadgen says itself: no other tool knows how much of it is its own
        added, they_added = ours[name] - quantile(truth, p), theirs[name] - quantile(theirs_truth, p)
        told = f"{name}: {ours[name]} of {quantile(truth, p)} here, {theirs[name]} of {quantile(theirs_truth, p)} there"
        assert abs(added - they_added) <= 0.05 * quantile(truth, p) + 1, told
