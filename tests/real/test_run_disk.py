"""Runs where nothing can be written: every place is read-only, or full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mounts
import pytest
from program import VALID, Program, Ran

pytestmark = pytest.mark.real

PROFILE = """
name: disk
target: sandbox
sandbox: {service: 5ms}
load: [{name: steady, rate: 100/s, iterations: 100}]
"""
EXPERIMENT = PROFILE + "experiment: {variants: {one: {}, two: {session: per-request}}, rounds: 2}\n"
PLACES = (mounts.read_only, mounts.full)

Place = Callable[[], None]


@pytest.fixture(autouse=True)
def namespaces() -> None:
    mounts.skip_without()


def loadgen(folder: Path, place: Place, *arguments: str) -> Ran:
    with Program(folder, *arguments, preexec_fn=place) as program:
        ran = program.wait()
        program.leaves_nothing()
        return ran


def profile(folder: Path, text: str = PROFILE) -> str:
    (folder / "profile.yaml").write_text(text)
    return "profile.yaml"


@pytest.mark.parametrize("place", PLACES)
def test_a_run_goes_on_and_reports(tmp_path: Path, place: Place) -> None:
    ran = loadgen(tmp_path, place, "run", profile(tmp_path), "--workers", "2", "--witness", "--json")
    assert ran.status in VALID, ran.err
    assert ran.result["run"] is None
    assert ran.requests["sent"] == ran.requests["outcomes"]["ok"] == 100
    (told,) = [line for line in ran.err.splitlines() if "the run goes on" in line]
    assert told.endswith("the run goes on, and the result is printed only")
    assert [text for text in ran.warnings if "the run goes on" in text] == [told]


@pytest.mark.parametrize("place", PLACES)
def test_a_folder_that_was_named_is_refused_before_the_load(tmp_path: Path, place: Place) -> None:
    ran = loadgen(tmp_path, place, "run", profile(tmp_path), "--out", "kept")
    assert (ran.status, ran.out) == (2, "")
    why = "Read-only file system" if place is mounts.read_only else "No space left on device"
    assert ran.err.splitlines()[-1].startswith("loadgen: kept: ")
    assert why in ran.err and "in flight" not in ran.err


@pytest.mark.parametrize("place", PLACES)
def test_an_experiment_which_is_put_together_from_its_folders_is_refused(tmp_path: Path, place: Place) -> None:
    ran = loadgen(tmp_path, place, "run", profile(tmp_path, EXPERIMENT))
    assert (ran.status, ran.out) == (2, "")
    assert "in flight" not in ran.err


@pytest.mark.parametrize("place", PLACES)
def test_the_other_commands(tmp_path: Path, place: Place) -> None:
    for arguments, status in (
        (("once", profile(tmp_path)), 0),
        (("report",), 2),
        (("new", "http://127.0.0.1:1/", "--out", "mine.yaml"), 2),
        (("selftest", "--quick", "--quiet"), 2),
    ):
        ran = loadgen(tmp_path, place, *arguments)
        assert ran.status == status, (arguments, ran)
        assert len(ran.err.splitlines()) == (status == 2), (arguments, ran.err)
