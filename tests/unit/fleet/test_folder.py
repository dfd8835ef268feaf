"""`fleet.folder`: several batches at once, and the same as each by itself."""

from __future__ import annotations

import pytest
from backlogs import SERIES, TIMING, Story, plain

from loadgen.fleet import folder as folder_of_fleet
from loadgen.fleet.folder import SIZE, Folder

FOLDED = 64  # rows


def test_several_batches_are_folded_at_once_and_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_of_fleet, "FOLDED", FOLDED)
    story, folder = Story(), Folder()
    folder.origin = story.backlog._here.origin
    for worker, series in SERIES.items():
        for number, key in series.items():
            folder.name(worker, number, key, TIMING)
    rows = 0
    while rows < 2 * FOLDED:
        story.add(0)
        story.add(1)
        for given in story.given[-2:]:
            folder.add(*given)
            rows += len(given[1].rows) // SIZE
            assert bool(folder._recording.pending) == (rows >= FOLDED)
    assert plain(folder.take()) == plain(story.expected)
    assert plain(folder.take()) == ({}, {}, [[], []]), "what was taken is there no more"
