"""`python -m bench.verdicts`: what loadgen says of itself on this machine, again and again.

Each row is a load, or an experiment, that a quiet machine can measure. It is run so many times, and the table counts
the verdicts. A verdict that cries wolf shows here as DEGRADED or INVALID where nothing disturbed the run, and one that
is silent as an experiment without a verdict. Leave the machine alone meanwhile. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.servers import Absent, Nginx, nginx
from bench.table import lined

KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}  # a local table asks for no others

GET = """
name: get
target: TARGET
SERVER
load: [{name: steady, rate: RATE/s, for: 5s}]
thresholds: {steady: [errors < 1%]}
"""
TWO = """
name: two
target: TARGET
SERVER
load: [{name: steady, rate: RATE/s, for: 3s}]
experiment: {variants: VARIANTS, rounds: 6, pause: 100ms, primary: steady STEP response p50}
"""
PUT = "scenarios: [{name: put, steps: [{name: put, PutItem: {Item: {pk: '{{uuid}}', v: '{{bytes 100}}'}}}]}]\n"
TABLE = "{dynamodb: {table: verdicts, region: eu-west-1, endpoint: 'ENDPOINT'}}"
SIMULATED = "sandbox: {service: 'lognormal(p50=20ms, p99=60ms)'}"
SAME, CLIENTS = "{one: {}, other: {}}", "{wire: {}, sdk: {client: sdk}}"
SESSIONS = "{shared: {}, fresh: {session: {reuse: per-request}}}"


@dataclass(frozen=True, slots=True)
class Row:
    """A profile that is run `times` times, and what its outcome is called."""

    about: str
    profile: str
    times: int
    outcome: Callable[[Mapping[str, Any]], tuple[str, str]]  # what is counted, and what is only told


def main() -> int:
    asked = _arguments()
    lines = []
    try:
        with tempfile.TemporaryDirectory() as folder, nginx(Path(folder), max(os.sched_getaffinity(0))) as server:
            rows = _rows(server, asked.dynamodb)
            for name in asked.rows or rows:
                row = rows[name]
                found = [_ran(row, Path(folder), f"{name} {number + 1}") for number in range(asked.times or row.times)]
                lines.append([row.about, str(len(found)), _counted(found)])
                print(lined(("", "times", "what came of it"), lines[-1:]), file=sys.stderr)
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 2
    print(lined(("", "times", "what came of it"), lines))
    return 0


def _rows(server: Nginx, endpoint: str | None) -> dict[str, Row]:
    to_nginx = {"TARGET": server.http, "SERVER": "", "STEP": "get"}
    https = to_nginx | {"TARGET": server.https, "SERVER": f"tls: {{ca: {server.ca}}}"}
    sandbox = {"TARGET": "sandbox", "SERVER": SIMULATED}
    table = {"TARGET": TABLE.replace("ENDPOINT", "sandbox"), "SERVER": "setup: {key: {pk: S}}\nteardown: true"}
    rows = {
        "get-200": Row("200/s of a simulated 20 ms", _text(GET, sandbox, RATE="200"), 20, _of_run),
        "get-800": Row("800/s of a simulated 20 ms", _text(GET, sandbox, RATE="800"), 20, _of_run),
        "nginx": Row("1,000/s of nginx", _text(GET, to_nginx, RATE="1000"), 20, _of_run),
        "burst": Row("profiles/burst.yaml", "burst", 10, _of_run),
        "same": Row("two variants that are the same, nginx, 1,000/s", _text(TWO, to_nginx, RATE="1000", VARIANTS=SAME),
                    20, _of_experiment),
        "tls": Row("a new TLS connection a request against kept ones, nginx, 100/s",
                   _text(TWO, https, RATE="100", VARIANTS=SESSIONS), 20, _of_experiment),
        "sdk": Row("the SDK against the wire client, simulated table, 100/s",
                   _text(TWO + PUT, table, RATE="100", VARIANTS=CLIENTS, STEP="put"), 20, _of_experiment),
    }  # fmt: skip
    if endpoint:
        there = table | {"TARGET": TABLE.replace("ENDPOINT", endpoint)}
        profile = _text(TWO + PUT, there, RATE="100", VARIANTS=CLIENTS, STEP="put")
        rows["sdk-dynamodb"] = Row("the SDK against the wire client, another DynamoDB", profile, 20, _of_experiment)
    return rows


def _text(template: str, *words: Mapping[str, str], **more: str) -> str:
    for group in (*words, more):
        for word, value in group.items():
            template = template.replace(word, value)
    return template


def _ran(row: Row, folder: Path, called: str) -> str:
    """What came of one run, told on stderr as well."""
    profile: str | Path = row.profile
    if "\n" in row.profile:
        profile = folder / "profile.yaml"
        profile.write_text(row.profile)
    place = Path(tempfile.mkdtemp(dir=folder)) / "run"
    command = [sys.executable, "-P", "-m", "loadgen", "run", str(profile), "--out", str(place), "--json", "--quiet"]
    ran = subprocess.run(
        command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **KEYS},
        check=False,
    )
    try:
        outcome, detail = row.outcome(json.loads(ran.stdout))
    except ValueError:
        outcome, detail = "no result", ran.stderr.decode(errors="replace").strip()
    outcome += f", exit {ran.returncode}"
    print(f"{called}: {outcome}{detail and f' ({detail})'}", file=sys.stderr, flush=True)
    return outcome


def _of_run(result: Mapping[str, Any]) -> tuple[str, str]:
    trust = result["trust"]
    accused = sorted({figure["quantile"] for figure in trust["figures"] if figure["verdict"] == "INVALID"})
    failed = sorted({entry["status"] for entry in result["thresholds"]} - {"passed"})
    detail = "" if trust["verdict"] == "VALID" else json.dumps([reason["observed"] for reason in trust["reasons"]][:1])
    return ", ".join([trust["verdict"], *(f"INVALID {quantile}" for quantile in accused), *failed]), detail


def _of_experiment(result: Mapping[str, Any]) -> tuple[str, str]:
    [primary] = [figure for figure in result["comparison"]["figures"] if figure["primary"]]
    ratio, low, high = (primary[name] for name in ("ratio", "ratio_low", "ratio_high"))
    detail = f"{ratio:.2f}" if low is None else f"{ratio:.2f} [{low:.2f}, {high:.2f}]"
    return "no verdict" if primary["verdict"] == "none" else primary["verdict"], detail


def _counted(found: list[str]) -> str:
    """Outcomes with how often each came, the most frequent first."""
    return "; ".join(f"{count} {outcome}" for outcome, count in Counter(found).most_common())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.verdicts", description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="one of the rows; all if none is named")
    parser.add_argument("--times", type=int, help="instead of 10 or 20 each")
    parser.add_argument("--dynamodb", metavar="URL", help="a local DynamoDB, for the row sdk-dynamodb")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
