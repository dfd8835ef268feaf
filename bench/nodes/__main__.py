"""`python -m bench.nodes`: what the counts of 10, 100 and 1,000 nodes cost the machine that adds them up.

No node is there, and nothing is sent: a process writes the messages that real nodes would have sent, and another one
reads and adds them up as a fleet does. Each node tells of 20 series a second, as ten steps on new and on kept
connections have them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench.nodes.load import Size
from bench.nodes.parent import Cost, carry_out, report_of
from bench.nodes.scripted import read, write
from bench.table import lined

COLUMNS = (
    "nodes", "series/s", "requests/s", "kB/s in", "parent, CPU", "aggregator, CPU", "MB after a third", "MB at the end",
    "result, CPU s", "MB at most", "report, CPU s",
)  # fmt: skip
PARENT, NODES = "parent", "nodes"


def main() -> int:
    asked = _arguments()
    sizes = [Size(nodes, rate, asked.seconds) for rate in asked.rate for nodes in asked.nodes]
    if asked.only == NODES:
        write(sizes[0], sys.stdout.buffer)
        return 0
    if asked.only == PARENT:
        _add_up(sizes[0])
        return 0
    print(f"{asked.seconds} s of load each\n\n{lined(COLUMNS, map(_row, sizes))}")
    return 0


def _add_up(size: Size) -> None:
    """Write what it costs to add up what the nodes of another process answer."""
    with (
        tempfile.TemporaryDirectory() as place,
        subprocess.Popen(_command(NODES, size), stdout=subprocess.PIPE) as nodes,
    ):
        assert nodes.stdout
        folder = Path(place) / "run"
        cost = carry_out(size, read(nodes.stdout), folder).cost
        cost.report = report_of(folder)
    print(json.dumps(asdict(cost)))


def _row(size: Size) -> list[str]:
    told = subprocess.run(_command(PARENT, size), stdout=subprocess.PIPE, check=True).stdout
    cost = Cost(**json.loads(told))
    return [
        *(f"{number:,}" for number in (size.nodes, size.series, size.rate, round(cost.kb))),
        *(f"{share:.1%}" for share in (cost.parent, cost.aggregator)),
        *(f"{mb:,.0f}" for mb in (cost.early_mb, cost.late_mb)),
        f"{cost.conclude:.1f}", f"{cost.most_mb:,.0f}", f"{cost.report:.1f}",
    ]  # fmt: skip


def _command(only: str, size: Size) -> list[str]:
    of = {"--nodes": size.nodes, "--rate": size.rate, "--seconds": size.seconds, "--only": only}
    return [sys.executable, "-m", "bench.nodes", *(str(each) for pair in of.items() for each in pair)]


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m bench.nodes")
    asked.add_argument("--nodes", type=int, nargs="+", default=[10, 100, 1000])
    asked.add_argument("--rate", type=int, nargs="+", default=[20_000], help="requests a second of all nodes together")
    asked.add_argument("--seconds", type=int, default=180)
    asked.add_argument("--only", choices=(PARENT, NODES), help="one of the two processes")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
