"""The files that a result is written to: refused before a load if they cannot be, several at once, `-` for stdout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from experiment_folders import answering, text, write_experiment
from finished_runs import experiment, finished_run

from loadgen.cli.exports import Exports
from loadgen.errors import ProfileError
from loadgen.experiment.folder import assembled
from loadgen.experiment.saved import read
from loadgen.result.experiment import ExperimentResult


def exports(**files: str) -> Exports:
    return Exports(files, "error")


def test_a_new_file_an_old_one_and_stdout_are_fine(tmp_path: Path) -> None:
    old = tmp_path / "old.xml"
    old.write_text("x")
    exports(csv=str(tmp_path / "new.csv"), junit=str(old), markdown="-").check()
    assert not (tmp_path / "new.csv").exists(), "to look makes nothing"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"csv": ""}, "--csv: the name is empty"),
        ({"junit": "."}, "--junit: . is a folder"),
        ({"markdown": "nowhere/page.md"}, "--markdown: there is no folder nowhere"),
        ({"csv": "-", "junit": "-"}, "only one format can go to stdout"),
        ({"csv": "a.csv", "junit": "a.csv"}, "only one format can go to a.csv"),
    ],
)
def test_what_cannot_be_written_is_said_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError, match=says):
        exports(**files).check()


def test_a_file_that_may_not_be_written_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ProfileError, match="cannot be written"):
        exports(csv=str(tmp_path / "new.csv")).check()


def test_a_page_lacks_what_a_folder_does_not_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = finished_run(tmp_path / "run")
    page = tmp_path / "page.html"
    exports(html=str(page)).write(result, tmp_path / "run")
    assert "Second by second" in page.read_text()
    assert capsys.readouterr().err == ""
    (tmp_path / "run" / "seconds.bin").write_text("{}\n")
    exports(html=str(page)).write(result, tmp_path / "run")
    assert "Second by second" not in page.read_text()
    assert "nothing second by second" in capsys.readouterr().err


def test_a_page_of_an_experiment_has_the_seconds_of_its_variants(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_experiment(tmp_path / "experiment", text(), answering(), rounds=2)
    result, page = assembled(folder), tmp_path / "page.html"
    exports(html=str(page)).write(result, folder)
    assert "over-time-chart" in page.read_text() and capsys.readouterr().err == ""
    of = result.variants[0]
    (folder / of.rounds[0].folder / "seconds.bin").write_text("{}\n")
    exports(html=str(page)).write(result, folder)
    assert "over-time-chart" in page.read_text()
    assert f"--html: nothing second by second of {of.name}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "begins"), [("hlog", "#[Histogram log format version 1.2]\n"), ("csv-by-second", "second,phase,cycle,")]
)
def test_a_log_is_written_from_the_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, begins: str
) -> None:
    result, log = finished_run(tmp_path / "run"), tmp_path / "log"
    exports(**{name: str(log)}).write(result, tmp_path / "run")
    assert log.read_text().startswith(begins)
    log.unlink()
    (tmp_path / "run" / "seconds.bin").unlink()
    for folder in (tmp_path / "run", None):
        exports(**{name: str(log)}).write(result, folder)
        assert f"--{name}: nothing is written: " in capsys.readouterr().err
        assert not log.exists()


def test_only_stdout_takes_the_place_of_the_screen() -> None:
    assert exports(csv="-").to_stdout
    assert not exports(csv="a.csv").to_stdout


def test_a_picture_goes_to_its_file_and_to_stdout(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    result = finished_run(tmp_path / "run")
    exports(png=str(tmp_path / "run.png")).write(result, tmp_path / "run")
    exports(png="-").write(result, tmp_path / "run")
    written = (tmp_path / "run.png").read_bytes()
    assert written.startswith(b"\x89PNG") and capfdbinary.readouterr().out == written


def test_a_picture_that_cannot_be_drawn_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.report.formats.png.find_spec", lambda name: None)
    with pytest.raises(ProfileError, match="pip install"):
        exports(png="run.png").check()


def test_a_picture_is_of_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished_run(tmp_path / "run")
    folder = experiment(tmp_path / "experiment", {(1, "shared"): run, (1, "per_request"): run})
    result = read(folder)
    assert isinstance(result, ExperimentResult)
    exports(png=str(tmp_path / "x.png")).write(result, folder)
    assert not (tmp_path / "x.png").exists()
    assert capsys.readouterr().err.startswith("loadgen: --png: nothing is written: it draws one run")
