"""bench --on-ray: the same load, with and without Ray."""

from __future__ import annotations

import sys
from pathlib import Path

from paths import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench import against, on_ray
from bench.comparison import Comparison, Rounds, Row
from bench.tools import Load

LOAD = Load("http://127.0.0.1:1/", Path("ca.pem"), 4)


def test_the_two_differ_in_where_they_send_from_alone(tmp_path: Path) -> None:
    carried, alone = (tool.command(LOAD, tmp_path) for tool in on_ray.tools())
    assert carried == [*alone, "--on", "ray"]


def test_lag_and_cpu_are_compared() -> None:
    figures = {"lag_p99_ms": 0.1, "cpu_us": 50.0, "worker_us": 40.0}
    rows = {Row("", tool.name): Rounds([figures]) for tool in on_ray.tools()}
    text = against.report(Comparison(on_ray.cases()[0], {"": LOAD}, rows))
    assert "|  | alone | on Ray | on Ray / alone |" in text
    assert [line.split("|")[1].strip() for line in text.splitlines() if "1.000" in line] == [
        "lag p99 ms", "CPU µs each", "of it the worker",
    ]  # fmt: skip
