"""`python -m bench.hour`: how long the result of an hour at 20,000 requests a second takes, and how much memory.

Nothing is sent. The counts of a few drawn seconds are written again and again, as those of an hour, into a run's
folder. A process each then concludes the run, reports it as a page, and reports what is left of it if it had died: CPU
seconds and MB at the most. `--seconds` and `--rate` make it shorter; with `--out` the folder stays.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.fold import instants
from bench.table import lined
from loadgen.analysis import build
from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.standing import NOTHING_KNOWN
from loadgen.cli import report
from loadgen.clock import SECOND, cpu
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.profile.load import Loaded, load
from loadgen.record.ledger import COMPLETED, PLANNED, STARTED, Ledger
from loadgen.record.metrics import Instants
from loadgen.record.recorder import Batch, SeriesKey, Timing, fold
from loadgen.record.recording import Recording, parts
from loadgen.record.seconds import replay
from loadgen.result.codec import from_json, to_json
from loadgen.result.run import Metadata, Session, Target
from loadgen.stats import Histogram
from loadgen.stats.ticks import TICKS
from loadgen.store import RunFolder
from loadgen.trust.host import description

DRAWN = 20  # seconds that differ
KINDS = {"concluded": "conclude", "a page": "page", "of a run that died": "died"}


def main() -> int:
    asked = _arguments()
    if asked.only:
        _carry_out(asked.only, asked.out, asked.rate, asked.seconds)
        return 0
    with tempfile.TemporaryDirectory() as place:
        folder = asked.out or Path(place) / "hour"
        write(folder, asked.rate, asked.seconds)
        sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
        print(f"{asked.seconds} s at {asked.rate}/s, kB:", {name: size // 1000 for name, size in sizes.items()})
        of = ["--rate", str(asked.rate), "--seconds", str(asked.seconds), "--out", str(folder)]
        rows = [[name, *_measured(kind, of)] for name, kind in KINDS.items()]
    print(lined(("report", "CPU s", "s", "MB"), rows))
    return 0


def write(folder: Path, rate: int, seconds: int) -> None:
    """The folder of such a run, as if it had died at its end."""
    loaded = _profile(rate, seconds)
    plan = Plan.of(loaded.profile)
    kept = RunFolder(folder, print)
    kept.begin({}, {**to_json(metadata(loaded)), "plan": json.loads(json.dumps(plan.describe()))})
    key, timing = SeriesKey(0, Outcome.OK, 1, ""), Timing(SECOND // rate, 0, seconds * SECOND)
    drawn = list(_drawn(rate, timing))
    for second in range(seconds):
        recording = Recording()
        for metric, histogram in drawn[second % DRAWN]:
            recording.add(second * TICKS, key, metric, histogram)
        kept.second(recording.packed(), [_health(second)])
    kept.close()
    ledger = Ledger.in_file(folder / "worker-0.counters", len(plan.all_runs), plan.slots)
    for place in (PLANNED, STARTED, COMPLETED):
        ledger.iterations[place] = rate * seconds
    ledger.sent[0] = ledger.wired[0] = ledger.outcomes[Outcome.OK] = rate * seconds


def _profile(rate: int, seconds: int) -> Loaded:
    load_ = [{"name": "steady", "rate": f"{rate}/s", "for": f"{seconds}s"}]
    limits = {"steady": ["response p99 < 250ms", "response p99.9 < 1s", "errors < 0.1%"]}
    step = {"name": "get", "get": "/"}
    content = {
        "name": "hour", "target": "http://127.0.0.1:1", "load": load_, "thresholds": limits,
        "scenarios": [{"name": "read", "steps": [step]}],
    }  # fmt: skip
    return load("profile", text=json.dumps(content))


def _drawn(rate: int, timing: Timing) -> Iterator[list[tuple[int, Histogram]]]:
    random = np.random.default_rng(1)
    for _ in range(DRAWN):
        rows = instants(random, 100, 1, 0.0, rate)
        received = rows[:, Instants._fields.index("received")]
        rows[:, Instants._fields.index("first")] = received
        delta = fold(Batch(rows.tobytes(), ()), 0, [timing])
        yield [(metric, histogram) for _, _, metric, histogram in parts(delta.groups, delta.bins)]


def _health(second: int) -> dict[str, Any]:
    random = np.random.default_rng(second)
    numbers = iter(random.integers(10**3, 10**5, 11).tolist())
    names = ("cpu", "run_queue_wait", "preemptions", "loop_lag_p99", "loop_lag_max", "gc_pauses", "gc_total", "gc_max")
    return {
        "elapsed": SECOND, **{name: next(numbers) for name in names}, "rss": 80_000, "in_flight": 100, "tcp": None,
        "second": second, "worker": 0,
    }  # fmt: skip


def metadata(loaded: Loaded) -> Metadata:
    profile = loaded.profile
    return Metadata(
        name=profile.name,
        started="2026-01-01T00:00:00+00:00",
        target=Target("http://127.0.0.1:1", simulated=False, description=(), addresses=()),
        client=profile.client,
        session=from_json(Session, profile.session.model_dump(mode="json")),
        seed=profile.seed,
        payloads=0,
        workers=1,
        host=description(),
    )


def _carry_out(kind: str, folder: Path, rate: int, seconds: int) -> None:
    """One of `KINDS`, in this process."""
    result = folder / "result.json"
    if kind == "conclude":
        loaded = _profile(rate, seconds)
        plan, recording = Plan.of(loaded.profile), replay(folder)
        ledger = Ledger.in_file(folder / "worker-0.counters", len(plan.all_runs), plan.slots)
        measured = build.Measured(plan, ledger, recording, build.quantiles_of(loaded.profile))
        began = cpu()
        concluded = conclude(
            metadata(loaded), measured, NOTHING_KNOWN, Ending(SECOND, str(folder)), loaded.profile.thresholds
        )
        print(f"conclude alone: {(cpu() - began) / SECOND:.1f} CPU s", flush=True)
        result.write_text(json.dumps(to_json(concluded)))
        return
    if kind == "died":
        result.unlink()
    page = [] if kind == "died" else ["--html", str(folder / "page.html")]
    report.command.main([str(folder), *page], standalone_mode=False)


def _measured(kind: str, of: list[str]) -> list[str]:
    """CPU seconds, seconds and MB at the most of a process of its own."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "bench.hour", "--only", kind, *of], stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    if process.returncode:
        raise RuntimeError(f"{kind}: exit status {process.returncode}")
    return [f"{usage.ru_utime + usage.ru_stime:.1f}", f"{took:.1f}", f"{usage.ru_maxrss / 1024:.0f}"]


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m bench.hour")
    asked.add_argument("--rate", type=int, default=20_000)
    asked.add_argument("--seconds", type=int, default=3600)
    asked.add_argument("--out", type=Path)
    asked.add_argument("--only", choices=KINDS.values(), help="of a folder that is there: --out")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
