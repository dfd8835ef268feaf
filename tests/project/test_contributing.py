"""CONTRIBUTING.md: one page, whose paths exist, which has every room, and which names the commands that CI runs."""

from __future__ import annotations

import re

import pytest
from paths import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
LONGEST = 120  # lines of one page


def named(text: str) -> set[str]:
    """The paths that stand in `text` as code, from the repository's root or from loadgen/. A word in capitals stands
    for any."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    words = {word for code in re.findall(r"`([^`]+)`", prose) for word in code.split() if "/" in word}
    words |= {word for code in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for word in code.split() if top(word)}
    return {word for word in words if not re.search(r"[A-Z]{3,}", word.replace("README", ""))}


def top(word: str) -> bool:
    return "/" in word and (ROOT / word.split("/")[0]).exists()


def missing(text: str) -> set[str]:
    below = (ROOT, ROOT / "loadgen")
    return {path.removeprefix("loadgen/") for path in named(text) if not any((root / path).exists() for root in below)}


def test_its_paths_exist() -> None:
    assert len(named(PAGE)) > 30
    assert missing(PAGE) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see `loadgen/engine/engine.py` and `pytest tests/unit/test_pacing.py`", set()),
        ("see `engine/engine.py`", set()),
        ("see `engine/motor.py`", {"engine/motor.py"}),
        ("see `loadgen/engine/motor.py`", {"engine/motor.py"}),
        ("see `python -m x tests/nowhere.py`", {"tests/nowhere.py"}),
        ("```sh\npytest tests/nowhere.py\n```\n", {"tests/nowhere.py"}),
        ("see `loadgen/cli/NAME.py`, `README.md`, `split_by` and loadgen/plain.py", set()),
    ],
)
def test_a_path_that_does_not_exist_is_found(text: str, found: set[str]) -> None:
    assert missing(text) == found


def test_the_map_has_every_room() -> None:
    rooms = {path.name for path in (ROOT / "loadgen").iterdir() if (path / "__init__.py").exists()}
    modules = {path.name for path in (ROOT / "loadgen").glob("*.py") if not path.name.startswith("__")}
    table = PAGE.partition("| room in `loadgen/` | does |")[2].partition("\n\n")[0]
    assert rooms | modules <= {name.removesuffix("/") for name in re.findall(r"`([^`]+)`", table)}


def test_it_is_one_page_and_the_readme_leads_to_it() -> None:
    assert len(PAGE.splitlines()) <= LONGEST
    assert "](CONTRIBUTING.md)" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", ["pip install --quiet -e '.[test,dev]'", ".ci/check", "pytest", "pytest -m real"])
def test_its_commands_are_those_of_ci(command: str) -> None:
    assert command in (ROOT / ".ci" / "run").read_text()
    assert command.replace(" --quiet", "") in PAGE.partition("```sh")[2].partition("```")[0]
