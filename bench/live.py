"""`python -m bench.live`: does the full-screen view disturb what is measured?

The same load on nginx, in turns with the view on a terminal of 200x50 that is read all the time, and with `--quiet`:
how late the requests were sent (lag), and the response. Medians of all rounds, and their ratio. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from bench.servers import Absent, nginx
from bench.table import lined

SIZE = (50, 200)  # lines, columns
FIGURES = (("lag", "p50"), ("lag", "p99"), ("response", "p50"), ("response", "p99"))
WAYS = ("full screen", "quiet")


def main() -> int:
    asked = _arguments()
    times: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    try:
        with tempfile.TemporaryDirectory() as folder, nginx(Path(folder), max(os.sched_getaffinity(0))) as server:
            for number in range(asked.rounds):
                for way in WAYS if number % 2 else WAYS[::-1]:
                    place = Path(folder) / f"{number}-{way.replace(' ', '-')}"
                    times[way].append(_measured(server.http, asked.rate, asked.seconds, place, way == WAYS[0]))
                    print(f"round {number + 1} of {asked.rounds}: {way}", file=sys.stderr)
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 2
    medians = {way: [median(each) for each in zip(*times[way], strict=True)] for way in WAYS}
    rows = [[way, *(f"{value:.3f}" for value in medians[way])] for way in WAYS]
    rows.append(["ratio", *(f"{a / b:.2f}" if b else "-" for a, b in zip(*medians.values(), strict=True))])
    print(f"{asked.rate}/s for {asked.seconds} s, {asked.rounds} rounds; ms, medians\n")
    print(lined(("", *(f"{metric} {name}" for metric, name in FIGURES)), rows))
    return 0


def _measured(url: str, rate: int, seconds: int, out: Path, shown: bool) -> list[float]:
    """The figures of one run."""
    load = ["run", url, "--rate", f"{rate}/s", "--for", f"{seconds}s", "--out", str(out), "--json", "--no-preflight"]
    command = [sys.executable, "-P", "-m", "loadgen", *load, *([] if shown else ["--quiet"])]
    with _terminal() as terminal:
        ran = subprocess.run(command, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, check=False)
    result: dict[str, Any] = json.loads(ran.stdout)
    [step] = result["variants"][0]["phases"][0]["steps"]
    return [step["latency_ms"][metric][name] for metric, name in FIGURES]


@contextmanager
def _terminal() -> Iterator[int]:
    """A terminal that somebody reads."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))

    def read() -> None:
        with suppress(OSError):
            while os.read(ours, 65536):
                pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield theirs
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=(__doc__ or "").partition("\n")[2])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=6)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
