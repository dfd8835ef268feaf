"""The picture of a run."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from finished_runs import finished_run

from loadgen.analysis.timeline import timeline
from loadgen.errors import ProfileError
from loadgen.report.formats import png
from loadgen.report.formats.png import png_bytes
from loadgen.result.codec import map_text
from loadgen.result.run import RunResult

HOSTILE = ("$\\frac{", "_hidden", "\x1b[31m", "\u8a9e\u202e", "a\nb")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, Path]:
    folder = tmp_path_factory.mktemp("png") / "run"
    return finished_run(folder), folder


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and picture.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_a_picture_has_the_percentiles_and_what_happened_over_time(run: tuple[RunResult, Path]) -> None:
    result, folder = run
    whole, curves = size(png_bytes(result, timeline(folder))), size(png_bytes(result, None))
    assert whole == (1210, 1265) and curves == (1210, 632)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_of_others_is_drawn_as_it_is(run: tuple[RunResult, Path], text: str) -> None:
    result, folder = run
    hostile = map_text(result, lambda word: text if word in ("a", "b", "get", "default", "t") else word)
    assert size(png_bytes(hostile, timeline(folder)))[0] == 1210


def test_a_run_without_figures_has_a_picture(run: tuple[RunResult, Path]) -> None:
    result, _ = run
    nothing = replace(result, variants=(replace(result.variant, phases=()),))
    assert size(png_bytes(nothing, None))


def test_without_matplotlib_it_says_what_to_install(
    run: tuple[RunResult, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png, "find_spec", lambda name: None)
    with pytest.raises(ProfileError, match=r"needs matplotlib, which is not installed. pip install 'loadgen\[png\]'"):
        png_bytes(run[0], None)
