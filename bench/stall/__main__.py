"""`python -m bench.stall`: Markdown tables on stdout, progress on stderr, everything in a JSON file if one is named."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.processes import running
from bench.servers import files_in
from bench.stall.report import Row, agreement, stalled
from bench.stall.tools import ENTRIES, Entry
from bench.stall.truth import Log
from bench.tools import Load, Reported
from loadgen.clock import MILLISECOND, SECOND, now, wall
from loadgen.sandbox import certificate

SERVICE = 5 * MILLISECOND
STALL_AT, STALL_FOR = 9 * SECOND, 2 * SECOND
RATE, LENGTH = 200, 20  # of the stall: requests a second, seconds
STEADY_RATE, STEADY_LENGTH, STEADY_ROUNDS = 500, 5, 3  # the same without one; tools take turns
PATIENCE = 60.0  # seconds that a tool may take beyond its load
START_LIMIT = 10 * SECOND
SERVER = Path(__file__).parent / "server.py"


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    entries = [entry for entry in ENTRIES if not asked.tool or entry.name in asked.tool]
    there = [entry for entry in entries if entry.tool.program]
    absent = sorted({entry.name for entry in entries} - {entry.name for entry in there})
    print(_heading(there, absent), flush=True)
    try:
        rows = [carried_out(entry, RATE, LENGTH, STALL_FOR) for entry in there]
        print(stalled(rows, RATE, LENGTH), flush=True)
        steady = [[carried_out(entry, STEADY_RATE, STEADY_LENGTH, 0) for entry in there] for _ in range(STEADY_ROUNDS)]
        print(agreement(steady, STEADY_RATE), flush=True)
    except KeyboardInterrupt:
        return 130
    if asked.json:
        later = [[row.as_json() for row in each] for each in steady]
        tables = {"stall": [row.as_json() for row in rows], "steady": later}
        asked.json.write_text(json.dumps({"at": wall() // SECOND, **tables}, indent=1) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    about = "One server that stalls for two seconds, many tools, and what happened."
    parser = argparse.ArgumentParser(prog="python -m bench.stall", description=about)
    names = list(dict.fromkeys(entry.name for entry in ENTRIES))
    parser.add_argument("--tool", action="append", choices=names, help="only this one; may be given again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    return parser.parse_args()


def carried_out(entry: Entry, rate: int, seconds: int, stall: int) -> Row:
    """One tool against a server of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ca, _, _ = certificate.make(files_in(folder))
        connections = entry.connections or max(1, round(rate * SERVICE / SECOND))
        told, why = Reported({}), ""
        where = os.sched_getaffinity(0)
        (folder / "server").mkdir()
        command = [sys.executable, str(SERVER), str(folder), *map(str, (SERVICE, STALL_AT, stall))]
        with running(command, where, folder / "server"):
            load = Load(f"http://127.0.0.1:{_port(folder)}/", ca, seconds, connections, rate)
            try:
                with running(entry.tool.command(load, folder), where, folder) as process:
                    process.wait(seconds + PATIENCE)
                    told = entry.tool.read((folder / "out").read_text(errors="replace"))
            except (subprocess.TimeoutExpired, LookupError, TypeError, ValueError) as error:
                why = f"failed: {error!r}. {(folder / 'err').read_text(errors='replace').strip()[-300:]}"
        row = Row(entry, connections, told, Log.read(folder / "log.json"), why)
    print(f"{rate}/s {entry.name}, {entry.asked}: {row.summary()}", file=sys.stderr, flush=True)
    return row


def _port(folder: Path) -> int:
    limit = now() + START_LIMIT
    while not (folder / "port").exists():
        if now() > limit:
            raise RuntimeError("the server does not start: " + (folder / "server" / "err").read_text()[-1000:])
        time.sleep(0.01)
    return int((folder / "port").read_text())


def _heading(there: list[Entry], absent: list[str]) -> str:
    versions = {entry.name: entry.tool.version() for entry in there}
    told = ", ".join(f"{name} {version}".strip() for name, version in versions.items())
    missing = f" Not installed: {', '.join(absent)}." if absent else ""
    cores, busy = os.cpu_count(), os.getloadavg()[0]
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}"
    return f"{told}.{missing}\n\n{machine}, {cores} cores, load average before {busy:.1f}.\n"


if __name__ == "__main__":
    sys.exit(main())
