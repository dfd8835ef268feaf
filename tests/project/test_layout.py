"""Where tests stand: each file below `tests/unit` is named after what it tests, and only `tests/support` is shared."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath

import pytest
from paths import ROOT

PACKAGE, TESTS = ROOT / "loadgen", ROOT / "tests"
UNIT = TESTS / "unit"
HELPERS = {"__init__.py", "conftest.py"}  # of pytest and Python


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def subject(path: PurePosixPath) -> str:
    """The module or package of loadgen that a test file stands for, by its `path` below tests/unit; empty if there is
    none. Of `test_engine_stop.py` in `engine/` it is engine/engine_stop.py, or else engine/engine.py."""
    if not path.name.startswith("test_"):
        return ""
    words = path.stem.removeprefix("test_").split("_")
    for count in range(len(words), 0, -1):
        name = path.parent / "_".join(words[:count])
        if (PACKAGE / f"{name}.py").is_file():
            return f"{name}.py"
        if (PACKAGE / name / "__init__.py").is_file():
            return f"{name}/"
    return ""


@pytest.mark.parametrize("path", [str(path.relative_to(UNIT)) for path in sources(UNIT) if path.name not in HELPERS])
def test_a_file_is_named_after_what_it_tests(path: str) -> None:
    assert subject(PurePosixPath(path)), f"tests/unit/{path} is named after no module or package of loadgen"


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("engine/test_engine.py", "engine/engine.py"),
        ("engine/test_engine_stop.py", "engine/engine.py"),
        ("stats/test_intervals.py", "stats/intervals.py"),
        ("sandbox/test_dynamodb_hostile.py", "sandbox/dynamodb/"),
        ("test_pacing.py", "pacing.py"),
        ("engine/test_stop_engine.py", ""),
        ("test_engine_stop.py", "engine/"),
        ("engine/test_enginestop.py", ""),
        ("nowhere/test_engine.py", ""),
        ("engine/engine_test.py", ""),
        ("engine/harness.py", ""),
    ],
)
def test_a_wrong_name_is_found(path: str, module: str) -> None:
    assert subject(PurePosixPath(path)) == module


def test_support_has_no_tests() -> None:
    assert [path.name for path in sources(TESTS / "support") if is_test(path.name, path.read_text())] == []


def is_test(name: str, source: str) -> bool:
    defined = (node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return name.startswith("test_") or any(word.startswith(("test_", "Test")) for word in defined)


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("helper.py", "def go() -> None: ...", False),
        ("test_helper.py", "def go() -> None: ...", True),
        ("helper.py", "def test_go() -> None: ...", True),
        ("helper.py", "class TestGo: ...", True),
    ],
)
def test_a_test_in_support_is_found(name: str, source: str, found: bool) -> None:
    assert is_test(name, source) == found


SOURCES = sources(TESTS)
TEST_MODULES = {path.stem for path in SOURCES if path.name.startswith("test_")}


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(TESTS)) for path in SOURCES])
def test_nothing_is_imported_from_a_test_file(path: Path) -> None:
    assert borrowed(path.read_text()) == []


def borrowed(source: str) -> list[str]:
    """The test modules from which `source` imports."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return [name for name in names if name.rpartition(".")[2] in TEST_MODULES]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from test_pacing import go", ["test_pacing"]),
        ("import test_pacing", ["test_pacing"]),
        ("from tests.truth.test_stamps import go", ["tests.truth.test_stamps"]),
        ("from tests.truth import test_stamps", ["test_stamps"]),
        ("from . import test_stamps", ["test_stamps"]),
        ("from engine_harness import test_profile", []),
        ("import engine_harness", []),
    ],
)
def test_an_import_from_a_test_file_is_found(source: str, found: list[str]) -> None:
    assert borrowed(source) == found
