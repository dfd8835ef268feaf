"""`fleet.folder`: several batches at once, and the same as each by itself."""

from __future__ import annotations

from backlogs import SERIES, TIMING, Story, plain

from loadgen.fleet.folder import FOLDED, Folder


def test_several_batches_are_folded_at_once_and_come_to_the_same() -> None:
    story, folder = Story(), Folder()
    folder.origin = story.backlog._here.origin
    for worker, series in SERIES.items():
        for number, key in series.items():
            folder.name(worker, number, key, TIMING)
    for number in range(2 * FOLDED + 1):
        story.add(0)
        story.add(1)
        for given in story.given[-2:]:
            folder.add(*given)
        assert bool(folder._recording.pending) == (number + 1 >= FOLDED)
    assert plain(folder.take()) == plain(story.expected)
    assert plain(folder.take()) == ({}, {}, [[], []]), "what was taken is there no more"
