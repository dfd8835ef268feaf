"""A page in a real browser: nothing on its console, no wider than the screen, and printed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from capacity_steps import RATES, capacity_result, rising
from experiment_folders import ROUNDS, answering, text, write_experiment
from paths import DATA

from loadgen.experiment.folder import assembled
from loadgen.report.html.text import html_text
from loadgen.result.codec import from_json, map_text
from loadgen.result.experiment import Scaling, ScalingPoint
from loadgen.result.run import RunResult
from loadgen.result.timeline import Moment, Stretch, Timeline

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.real, pytest.mark.skipif(BROWSER is None, reason="there is no chromium")]

HOSTILE = "</style></title><script>console.log('ran')</script><img src=x.png><svg onload=alert(1)>"
MOMENT = Moment(0, 200, 3, 20.3, 289.0, 332.0, ((19.0, 20.7, 190), (276.0, 301.0, 7)), 12)
SCREENS = (390, 1280, 1600)  # pixels
WIDTHS = re.compile(r"<title>([\d ]+)</title>")
COLOR = re.compile(r"<title>rgb\((\d+), (\d+), (\d+)\)</title>")
POINTS = tuple(
    ScalingPoint(
        f"{rate}/s", f"x rate={rate}/s", rate, rate, 0.0, figures={"p50": ms, "p50_low": ms, "p50_high": 2 * ms}
    )
    for rate, ms in ((50.0, 10.0), (100.0, 12.0), (150.0, 30.0))
)
SERIES = Scaling("session=shared", "rate", "steady", "get", "response", POINTS)


def browse(page: Path, *options: str) -> tuple[str, str]:
    """The page as the browser understood it, and what came to the console."""
    assert BROWSER
    fixed = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    profile = f"--user-data-dir={page.parent / 'browser'}"
    command = [BROWSER, *fixed, profile, "--enable-logging=stderr", *options, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def run_page(hostile: str = "") -> str:
    result = from_json(RunResult, json.loads((DATA / "result.json").read_text()))
    line = Timeline(1, (Stretch(0, 0, 2),), (MOMENT, MOMENT))
    return html_text(map_text(result, lambda written: written + hostile), line, f"name: {hostile}")


def experiment_page(folder: Path) -> str:
    write_experiment(folder, text(), answering(connect=8), rounds=ROUNDS)
    moments = (MOMENT, replace(MOMENT, start=1, failed=0, p99=250.0), replace(MOMENT, start=2))
    lines = {name: Timeline(1, (), moments[at:], ROUNDS) for at, name in enumerate(("shared", "fresh"))}
    return html_text(assembled(folder), variants=lines)


def scaling_page(folder: Path) -> str:
    write_experiment(folder, text(), answering(connect=8), rounds=ROUNDS)
    return html_text(replace(assembled(folder), scaling=(SERIES,)))


def capacity_page(hostile: str = "") -> str:
    result = capacity_result(rising(RATES))  # whose empty texts say that there are no variants
    return html_text(map_text(result, lambda written: written and written + hostile), None, f"name: {hostile}")


PAGES: dict[str, Callable[[Path], str]] = {
    "run": lambda folder: run_page(),
    "hostile": lambda folder: run_page(HOSTILE),
    "experiment": lambda folder: experiment_page(folder / "experiment"),
    "scaling": lambda folder: scaling_page(folder / "experiment"),
    "capacity": lambda folder: capacity_page(),
    "hostile capacity": lambda folder: capacity_page(HOSTILE),
}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_comes_to_the_console(tmp_path: Path, name: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGES[name](tmp_path), encoding="utf-8")
    understood, console = browse(page, "--dump-dom")
    assert console == ""
    assert "<figure" in understood and "<script" not in understood and "<img" not in understood


def test_what_the_policy_refuses_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(run_page().replace("</body>", "<script>console.log(1)</script></body>"), encoding="utf-8")
    assert "Content Security Policy" in browse(page, "--dump-dom")[1]


@pytest.mark.parametrize("name", ["run", "experiment", "scaling", "capacity"])
def test_it_is_no_wider_than_the_screen(tmp_path: Path, name: str) -> None:
    (tmp_path / "page.html").write_text(PAGES[name](tmp_path), encoding="utf-8")
    every = "[...document.querySelectorAll('iframe')]"
    look = f"document.title={every}.map(f=>f.contentDocument.documentElement.scrollWidth).join(' ')"
    shown = "".join(f'<iframe src="page.html" width="{width}" height="900"></iframe>' for width in SCREENS)
    frame = tmp_path / "frame.html"
    frame.write_text(f'<body onload="{look}">{shown}</body>')
    understood, _ = browse(frame, "--allow-file-access-from-files", "--window-size=1800,1000", "--dump-dom")
    found = WIDTHS.search(understood)
    assert found and all(int(is_) <= width for is_, width in zip(found[1].split(), SCREENS, strict=True))


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_light_or_dark_as_the_reader_asks_for(tmp_path: Path, dark: bool) -> None:
    (tmp_path / "page.html").write_text(run_page(), encoding="utf-8")
    look = "document.title=f.contentWindow.getComputedStyle(f.contentDocument.body).backgroundColor"
    frame = tmp_path / "frame.html"
    frame.write_text(f'<iframe id="f" src="page.html" onload="{look}"></iframe>')
    asked = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    understood, console = browse(frame, "--allow-file-access-from-files", asked, "--dump-dom")
    found = COLOR.search(understood)
    assert console == "" and found and (max(map(int, found.groups())) < 64) == dark


def test_it_prints(tmp_path: Path) -> None:
    page, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(run_page(), encoding="utf-8")
    assert browse(page, f"--print-to-pdf={printed}")[1] == ""
    assert printed.read_bytes().startswith(b"%PDF")
