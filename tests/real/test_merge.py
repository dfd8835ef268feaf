"""Two processes that share a load, and do not hear of each other: by the target's own log each arrival was sent exactly
once, and merged they are one run."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from program import COMMAND, VALID

from loadgen.clock import SECOND, wall
from loadgen.record.seconds import replay
from loadgen.stats import Histogram

pytestmark = pytest.mark.real

PATIENCE = 120
STARTS = 12  # so many times as long as `loadgen check` takes, two loads of two workers each are given to be ready
LOAD = """name: shared
target: {url}
load:
  - {{name: warm, rate: 20/s, for: 1s, measure: false}}
  - {{name: main, rate: 90/s, for: 3s}}
  - {{name: last, at-once: 11}}
scenarios:
  - {{name: default, steps: [{{name: s, get: "/{{{{seq}}}}"}}]}}
workers: 2
seed: 7
"""


def start(folder: Path) -> float:
    """An instant, in s since 1970, by which two loads that start now are ready, however busy this machine is."""
    began = wall()
    subprocess.run([*COMMAND, "check", "p.yaml"], cwd=folder, capture_output=True, check=True, timeout=PATIENCE)
    return (wall() + STARTS * (wall() - began)) / SECOND + 3


@contextmanager
def sandbox(log: Path) -> Iterator[str]:
    """The URL of a sandbox while the block lasts; then its truth log is whole."""
    with subprocess.Popen([*COMMAND, "sandbox", "--log", str(log)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield next(word for line in process.stdout for word in line.split() if word.startswith("http://"))
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()


def begin(folder: Path, share: str, start_at: float) -> subprocess.Popen[str]:
    command = [*COMMAND, "run", "p.yaml", "--share", share, "--start-at", f"{start_at:.3f}", "--quiet", "--json"]
    command += ["--out", f"part-{share[0]}"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def merged(folder: Path, *parts: str, out: str = "whole") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "merge", *parts, "--out", out, "--json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)


def arrivals(log: Path) -> Counter[str]:
    with log.open(newline="") as lines:
        return Counter(row["path"] for row in csv.DictReader(lines))


def counts(of: dict[str, Any]) -> list[tuple[Any, ...]]:
    """By phase: what was planned, started and sent."""
    return [
        (phase["name"], phase["iterations"]["planned"], phase["iterations"]["started"], phase["requests"]["sent"])
        for phase in of["variants"][0]["phases"]
        if phase["name"] != "drain"
    ]


def response(folder: Path, slot: int) -> Histogram:
    found = replay(folder).histograms.items()
    return Histogram.together(of for (key, metric), of in found if metric == 0 and key.slot == slot)


def test_two_that_share_a_load_send_each_arrival_once(tmp_path: Path) -> None:
    with sandbox(tmp_path / "truth.csv") as url:
        (tmp_path / "p.yaml").write_text(LOAD.format(url=url))
        start_at = start(tmp_path)
        machines = [begin(tmp_path, share, start_at) for share in ("1/2", "2/2")]
        ended = [machine.communicate(timeout=PATIENCE) for machine in machines]
        assert all(machine.returncode in VALID for machine in machines), ended
    done = merged(tmp_path, "part-2", "part-1")
    assert done.returncode in VALID, done.stderr
    result, parts = json.loads(done.stdout), [json.loads(out) for out, _ in ended]
    sent = arrivals(tmp_path / "truth.csv")
    assert set(sent.values()) == {1}, "none twice"
    counted = [of["variants"][0]["requests"]["sent"] for of in (result, *parts)]
    assert len(sent) == counted[0] == sum(counted[1:])
    _check_sums(tmp_path)
    with sandbox(tmp_path / "single.csv") as url:
        (tmp_path / "p.yaml").write_text(LOAD.format(url=url))
        command = [*COMMAND, "run", "p.yaml", "--quiet", "--json", "--out", "single"]
        single = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert single.returncode in VALID, single.stderr
    assert counts(json.loads(single.stdout)) == counts(result)
    assert arrivals(tmp_path / "single.csv") == sent, "each number was sent by the one machine, too"
    again = merged(tmp_path, "part-1", "part-1", out="twice")
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (2, "", 1)
    assert "is share 1/2, as part-1 is" in again.stderr


def _check_sums(folder: Path) -> None:
    """The merged histograms are the sums of the parts', bit for bit."""
    for slot in (0, 1, 2):
        own, total = (
            response(folder / "whole", slot),
            Histogram.together(response(folder / f"part-{n}", slot) for n in (1, 2)),
        )
        assert own.count
        assert (own.index.tolist(), own.counts.tolist()) == (total.index.tolist(), total.counts.tolist())
        assert (own.total, own.least, own.most) == (total.total, total.least, total.most)


def test_one_that_is_killed_is_merged_as_far_as_it_came(tmp_path: Path) -> None:
    with sandbox(tmp_path / "truth.csv") as url:
        (tmp_path / "p.yaml").write_text(LOAD.format(url=url).replace("for: 3s", "for: 8s"))
        start_at = start(tmp_path)
        machines = [begin(tmp_path, share, start_at) for share in ("1/2", "2/2")]
        time.sleep(start_at + 4 - wall() / SECOND)
        machines[1].kill()
        out, _ = machines[0].communicate(timeout=PATIENCE)
        machines[1].communicate(timeout=PATIENCE)
    done = merged(tmp_path, "part-1", "part-2")
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert (done.returncode, result["complete"]) == (6, False)
    codes = {of["code"]: of for of in result["warnings"]}
    assert codes["machines_cut_short"]["machines"] == "2"
    assert codes["run_died"]["machine"] == 2
    requests = result["variants"][0]["requests"]
    assert requests["sent"] == sum(requests["outcomes"].values())
    assert requests["sent"] > json.loads(out)["variants"][0]["requests"]["sent"]
    logged = arrivals(tmp_path / "truth.csv")
    assert set(logged.values()) == {1}
    assert 0 <= requests["on_wire"] - len(logged) <= requests["outcomes"].get("lost", 0), "what it sent is counted"


def test_a_machine_that_is_late_sends_nothing(tmp_path: Path) -> None:
    with sandbox(tmp_path / "truth.csv") as url:
        (tmp_path / "p.yaml").write_text(LOAD.format(url=url))
        late = begin(tmp_path, "1/2", wall() / SECOND + 0.8)
        _, said = late.communicate(timeout=PATIENCE)
    assert late.returncode == 2
    assert "--start-at" in said
    assert not arrivals(tmp_path / "truth.csv")
