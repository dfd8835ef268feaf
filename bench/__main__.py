"""`python -m bench [CASE …]`: tables on stdout, progress on stderr, everything in a JSON file if one is named."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import against, on_ray
from bench.cases import CASES, LOADGEN, ROUNDS, TOOLS, Case
from bench.comparison import Comparison, Place, compare
from bench.processes import Cores
from bench.servers import Absent, nginx, version
from bench.table import markdown
from bench.tools import Tool
from loadgen.clock import SECOND, wall

SCHEMA = "loadgen.bench/2"


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave no temporary folder behind
    allowed = os.sched_getaffinity(0)
    cores = Cores.of(allowed)
    os.sched_setaffinity(0, cores.rest)
    try:
        about = _about(cores, len(allowed), _told(asked))
        print(_heading(about), flush=True)
        if asked.against:
            print(against.heading(*(tree.installed(Path("/")) for tree in asked.two)), flush=True)
        results = []
        for case in asked.cases:
            result = _carried_out(case, asked, cores)
            print(against.report(result) if asked.two else markdown(result), flush=True)
            results.append(against.as_json(result) if asked.two else result.as_json())
            if asked.json:
                asked.json.write_text(json.dumps({"schema": SCHEMA, **about, "cases": results}, indent=1) + "\n")
    except (Absent, RuntimeError) as error:
        _say(f"bench: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _carried_out(case: Case, asked: argparse.Namespace, cores: Cores) -> Comparison:
    tools = asked.two or [tool for tool in case.tools if tool in _tools(asked)]
    rounds = 1 if case.grows else asked.rounds or (against.ROUNDS if asked.two else case.rounds)
    # a server for each case, none of which finds another's leavings
    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder), cores.server) as server:
        loads = {point.name: case.load(point, server, asked.seconds, asked.minute) for point in case.points}
        place = Place(server, cores, _say, asked.capture and not asked.two)
        return compare(case, tools, place, loads, rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="loadgen's speed, as ratios to its peers'.")
    known = ", ".join(case.name for case in CASES)
    parser.add_argument(
        "cases", nargs="*", metavar="CASE", help=f"{known}; `closed` is both of its kind (default: all)"
    )
    names = [tool.name for tool in TOOLS]
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--tool", action="append", choices=names, help="only this one; may be given again")
    which.add_argument(
        "--against", type=_venv, metavar="VENV", help="instead of peers: the loadgen that is installed in this venv"
    )
    which.add_argument(
        "--on-ray", action="store_true", help="instead of peers: loadgen on a node of Ray, beside loadgen without"
    )
    rounds = f"of every tool in turn (default: {ROUNDS}, fewer for a curve; {against.ROUNDS} of two loadgens)"
    parser.add_argument("--rounds", type=positive, help=rounds)
    parser.add_argument("--seconds", type=positive, default=4, help="that each load lasts (default: 4)")
    parser.add_argument("--minute", type=positive, default=60, help="seconds in a minute of `memory` (default: 60)")
    captured = "do without the packet capture that looks on at the open loads"
    parser.add_argument("--no-capture", dest="capture", action="store_false", help=captured)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    asked = parser.parse_args()
    if sys.platform != "linux" or not shutil.which("taskset"):
        parser.error("needs Linux, with taskset from util-linux")
    asked.two, cases = [], list(CASES)
    if asked.against:
        asked.two, cases = against.trees(Path(sys.executable), asked.against), against.cases()
    if asked.on_ray:
        asked.two, cases = on_ray.tools(), on_ray.cases()
    asked.cases = _chosen(asked.cases, cases, parser)
    return asked


def _venv(text: str) -> Path:
    """Its interpreter."""
    python = Path(text).absolute() / "bin" / "python"
    if not python.exists():
        raise argparse.ArgumentTypeError(f"{text} is no venv: it has no bin/python")
    return python


def _chosen(words: list[str], cases: list[Case], parser: argparse.ArgumentParser) -> list[Case]:
    chosen: list[Case] = []
    for word in words:
        found = [case for case in cases if case.name == word or case.name.startswith(f"{word}-")]
        if not found:
            parser.error(f"there is no case {word!r}; there are {', '.join(case.name for case in cases)}")
        chosen += found
    return [case for case in cases if case in chosen or not words]


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _tools(asked: argparse.Namespace) -> list[Tool]:
    """Those that are asked for, of the cases that are."""
    of_cases = {tool.name for case in asked.cases for tool in case.tools}
    return [tool for tool in TOOLS if tool.name in (asked.tool or of_cases) and tool.name in of_cases]


def _told(asked: argparse.Namespace) -> list[Tool]:
    """Whose versions are told: two trees tell theirs by themselves."""
    return [] if asked.against else [LOADGEN] if asked.on_ray else _tools(asked)


def _about(cores: Cores, count: int, tools: list[Tool]) -> dict[str, Any]:
    # one line for loadgen, whose clients and sessions are tools of their own
    versions = {tool.name.partition(" ")[0]: tool.version() for tool in tools if tool.program}
    return {
        "at": wall() // SECOND,
        "python": platform.python_version(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": {"count": count, "server": cores.server, "client": cores.client},
        "load_before": os.getloadavg()[0],
        "versions": {"nginx": version(), **versions},
    }


def _heading(about: dict[str, Any]) -> str:
    cores, versions = about["cores"], ", ".join(f"{name} {v}".strip() for name, v in about["versions"].items())
    shared = "" if cores["server"] != cores["client"] else " **One core for both: these figures mean little.**"
    busy = about["load_before"]
    noisy = " **Other work was going on: these figures mean little.**" if busy > 0.3 * cores["count"] else ""
    return (
        f"# loadgen's speed\n\n"
        f"Medians (lowest to highest) of runs that took turns; nginx on core {cores['server']}, each tool on core "
        f"{cores['client']}, of {cores['count']}; load average before {busy:.1f}. "
        f"Only ratios mean anything on another machine.{shared}{noisy}\n\n"
        f"{versions}; Python {about['python']}, {about['kernel']}, {about['machine']}.\n"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
