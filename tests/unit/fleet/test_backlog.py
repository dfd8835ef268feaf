"""`fleet.backlog`: whoever folds, whenever the process dies or falls behind, every batch is counted once."""

from __future__ import annotations

import pytest
from backlogs import SERIES, Story, any_story, plain
from examples import examples

from loadgen.fleet.aggregation import HandIn, Named, Recorded
from loadgen.fleet.backlog import BEHIND


@pytest.mark.parametrize("first", range(0, examples(120, 4), 6))
def test_every_batch_is_counted_once_whatever_happens(first: int) -> None:
    for seed in range(first, first + 6):
        story = any_story(seed)
        story.backlog.close()
        assert plain(story.recording) == plain(story.expected), seed


def test_the_process_counts_and_hands_in_each_second() -> None:
    story = Story()
    for second in range(3):
        story.add(0)
        story.add(1)
        story.hand_in()
        assert story.counted == second, "not yet"
        story.work()
        story.hear()
        assert story.counted == second + 1
        assert plain(story.recording) == plain(story.expected)


@pytest.mark.parametrize("handled", range(18))
def test_what_a_process_had_when_it_died_is_counted_here(handled: int) -> None:
    story = Story()
    for _ in range(2):
        story.add(0)
        story.add(1)
        story.hand_in()
    story.add(0)
    story.work(handled)
    story.hear(1)
    story.dies()
    assert story.counted == story.handed_in == 2
    assert plain(story.recording) == plain(story.expected)
    story.add(2)
    story.hand_in()
    assert story.counted == 3
    assert plain(story.recording) == plain(story.expected)


def test_what_a_process_is_behind_with_is_counted_here_and_its_answers_are_thrown_away() -> None:
    story = Story()
    for second in range(BEHIND):
        story.add()
        story.hand_in()
        assert story.counted == 0, second
    story.add()
    story.hand_in()
    assert story.counted == BEHIND + 1
    assert plain(story.recording) == plain(story.expected)
    story.work()
    story.hear(BEHIND)
    story.add()
    story.hand_in()
    assert (story.counted, plain(story.recording)) == (BEHIND + 2, plain(story.expected)), "it is still behind"
    story.add()
    story.hear()  # it has caught up
    assert plain(story.recording) == plain(story.expected)
    story.add()
    story.hand_in()
    assert story.counted == BEHIND + 2, "the process has that one"
    story.work()
    story.hear()
    assert (story.counted, plain(story.recording)) == (BEHIND + 3, plain(story.expected))


def test_a_process_that_is_stopped_is_sent_nothing_more_and_nothing_is_kept_for_it() -> None:
    story = Story()
    for _ in range(100):
        story.add()
        story.hand_in()
    sent = list(story.process.sent)
    assert sum(isinstance(message, HandIn) for message in sent) == BEHIND + 1
    assert sum(isinstance(message, Recorded) for message in sent) == BEHIND + 1
    assert sum(isinstance(message, Named) for message in sent) == sum(map(len, SERIES.values()))
    assert story.counted == 100
    assert plain(story.recording) == plain(story.expected)


def test_at_the_end_the_process_is_killed_and_what_is_left_is_counted_here() -> None:
    story = Story()
    story.add()
    story.hand_in()
    story.work()
    story.add()
    story.backlog.close()
    assert (story.process.killed, story.process.closed) == (True, True)
    assert plain(story.recording) == plain(story.expected)
    assert story.counted == 0, "there are no seconds any more"
    story.backlog.close()
    assert plain(story.recording) == plain(story.expected)


def test_without_a_process_all_is_counted_here() -> None:
    story = Story(started=False)
    story.add()
    story.hand_in()
    assert story.counted == 1
    story.add()
    story.backlog.close()
    assert plain(story.recording) == plain(story.expected)
