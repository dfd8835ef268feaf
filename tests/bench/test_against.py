"""bench --against: two trees that are installed, whatever lies in the current directory; ratios round by round."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from paths import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench.against import FIGURES, Installed, Tree, as_json, cases, heading, ratios, report
from bench.comparison import Comparison, Rounds, Row, Spread
from bench.measure import Sample, between
from bench.processes import Cpu, running
from bench.tools import Load

LOAD = Load("http://127.0.0.1:1/", Path("ca.pem"), 4)
NEW = Rounds([{"cpu_us": 11.0, "p99_ms": 2.0}, {"cpu_us": 9.0}, {}, {"cpu_us": 30.0}])
OLD = Rounds([{"cpu_us": 10.0, "p99_ms": 0.0}, {"cpu_us": 10.0}, {"cpu_us": 10.0}, {"cpu_us": 20.0}])


def test_ratios_are_of_one_round_and_a_round_that_failed_has_none() -> None:
    assert ratios(NEW, OLD, "cpu_us") == Spread(1.1, 0.9, 1.5)


def test_a_figure_that_one_of_them_lacks_or_that_is_nought_has_no_ratio() -> None:
    assert ratios(NEW, OLD, "lag_p99_ms") is None
    assert ratios(NEW, OLD, "p99_ms") is None


def test_the_report_has_a_row_for_each_figure_that_there_is() -> None:
    result = Comparison(cases()[0], {"": LOAD}, {Row("", "new"): NEW, Row("", "old"): OLD})
    text = report(result)
    assert "4 rounds in turns" in text
    assert "|  | old | new | new / old |" in text
    assert "| CPU µs each | 10.0 (10.0 to 20.0) | 11.0 (9.0 to 30.0) | 1.100 (0.900 to 1.500) |" in text
    assert "| p99 ms | 0.000 | 2.000 | - |" in text
    assert "lag" not in text
    assert as_json(result)["ratios"] == {"cpu_us": {"median": 1.1, "low": 0.9, "high": 1.5}}


def test_the_loads_are_a_closed_one_and_an_open_one() -> None:
    closed, opened = cases()
    assert (closed.name, closed.rate, opened.name, opened.rate) == ("closed-http", None, "open-20k", 20_000)
    assert closed.columns == opened.columns == FIGURES
    assert {"cpu_user_us", "cpu_kernel_us", "requests_s", "p50_ms", "p99_ms", "lag_p99_ms"} <= {
        column.key for column in FIGURES
    }


def test_one_tree_is_not_compared_with_itself() -> None:
    here = Installed("0.1.0", "/here/loadgen/__init__.py")
    assert "old: 0.2.0, /there" in heading(here, Installed("0.2.0", "/there"))
    with pytest.raises(RuntimeError, match="both are the loadgen of /here"):
        heading(here, here)


def test_cpu_time_of_a_request_is_told_apart() -> None:
    a = Sample(0, 100, 64, Cpu(1_000_000, 500_000), Cpu(0, 0), Cpu(0, 0), 100_000)
    b = Sample(2_000_000, 300, 64, Cpu(3_000_000, 1_500_000), Cpu(500_000, 500_000), Cpu(1_000_000, 0), 2_600_000)
    told = between(a, b)
    assert (told["cpu_us"], told["cpu_user_us"], told["cpu_kernel_us"]) == (15.0, 10.0, 5.0)
    assert told["server_waited"] == 0.25
    c = replace(b, client_cpu=Cpu(3_100_000, 1_600_000))  # what adds up ran for 0.2 ms longer beside it
    assert between(a, c)["server_waited"] == pytest.approx(0.15)
    assert (told["client_busy"], told["server_busy"], told["requests_s"]) == (0.5, 0.5, 100_000)


# what lies in the current directory


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    """A folder whose `loadgen` leaves a word when it is imported."""
    (tmp_path / "loadgen").mkdir()
    (tmp_path / "loadgen" / "__init__.py").write_text("print('decoy')\nraise SystemExit(3)\n")
    return tmp_path


def test_the_decoy_is_one(decoy: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "loadgen"], cwd=decoy, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "decoy\n")


def test_a_tool_imports_what_is_installed(decoy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `python -m`, which is also how loadgen starts its workers; and whatever PYTHONPATH says."""
    monkeypatch.setenv("PYTHONPATH", str(decoy))
    with running([sys.executable, "-m", "loadgen", "--version"], os.sched_getaffinity(0), decoy) as process:
        assert process.wait(60) == 0
    assert (decoy / "out").read_text().startswith("loadgen, version ")


@pytest.mark.real
@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel's scheduler has no groups")
@pytest.mark.skipif(os.geteuid() != 0, reason="all who are not root may set it ten times a second together")
def test_what_is_started_is_as_nice_as_we_are_beside_other_sessions(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from bench.processes import running\n"
        "with running(['sleep', '60'], os.sched_getaffinity(0), Path(sys.argv[1])) as process:\n"
        "    print(Path(f'/proc/{process.pid}/autogroup').read_text())"
    )
    command = ["nice", "-n", "5", sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().endswith("nice 5"), done.stderr


def test_a_tree_is_the_one_that_is_installed(decoy: Path) -> None:
    installed = Tree("new", Path(sys.executable)).installed(decoy)
    assert installed.version
    assert not installed.file.startswith(str(decoy))


def test_a_venv_without_loadgen_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho no module >&2\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(RuntimeError, match="has no loadgen: no module"):
        Tree("old", tmp_path / "python").installed(tmp_path)


def test_bench_itself_imports_what_is_installed(decoy: Path) -> None:
    (decoy / "bench").symlink_to(ROOT / "bench")
    command = [sys.executable, "-m", "bench", "--against", str(decoy)]
    done = subprocess.run(command, cwd=decoy, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{decoy} is no venv: it has no bin/python" in done.stderr
