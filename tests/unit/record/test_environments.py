"""Which environments answered, counted by workers and put together by their parent."""

from __future__ import annotations

import json

import pytest

from loadgen.clock import SECOND
from loadgen.record import environments
from loadgen.record.environments import Environments, Met

ORIGIN = 5 * SECOND


def together(*workers: Met) -> Environments:
    """What the parent knows, by way of JSON as in a file."""
    found = Environments()
    for worker in workers:
        if news := worker.news():
            found.add(json.loads(json.dumps(news)))
    return found


def test_an_environment_that_two_workers_met_is_one() -> None:
    one, other = Met(ORIGIN), Met(ORIGIN)
    one.saw(0, ORIGIN + 3 * SECOND, "a")
    other.saw(0, ORIGIN + 2 * SECOND, "a")
    other.saw(0, ORIGIN + 2 * SECOND, "b")
    found = together(one, other)
    assert sorted(found.of(0).values()) == [2, 2]
    assert not found.more


def test_the_first_second_counts_in_whatever_order_answers_come() -> None:
    met = Met(ORIGIN)
    found = Environments()
    for second in (4, 2, 3):
        met.saw(1, ORIGIN + second * SECOND, "a")
        if news := met.news():
            found.add(news)
    assert list(found.of(1).values()) == [2]
    assert met.news() is None, "nothing is told twice"


def test_new_are_those_that_no_earlier_run_met() -> None:
    met = Met(ORIGIN)
    for run, names in enumerate(("ab", "bc", "a")):
        for name in names:
            met.saw(run, ORIGIN, name)
    found = together(met)
    assert [len([*found.new(run)]) for run in range(4)] == [2, 1, 0, 0]
    assert set(found.new(1)) < set(found.of(1))


def test_no_more_are_told_apart_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "MOST", 3)
    monkeypatch.setattr(environments, "MOST_OF_ALL", 4)
    one = Met(ORIGIN)
    for name in "abcd":
        one.saw(0, ORIGIN, name)
    full = together(one)
    assert (len(full.of(0)), full.more) == (3, True)
    both = Environments()
    for worker in ("abc", "xyz"):
        met = Met(ORIGIN)
        for name in worker:
            met.saw(0, ORIGIN, name)
        both.add(met.news() or {})
    assert (len(both.of(0)), both.more) == (4, True)


def test_a_name_may_be_any_text_and_is_not_stored() -> None:
    met = Met(ORIGIN)
    met.saw(0, ORIGIN, "secret \ud800\x00" * 9)
    news = met.news()
    assert news and "secret" not in json.dumps(news)


@pytest.mark.parametrize("news", [{"first": [["0", 1, 2]], "more": False}, {"first": [[0, 1]], "more": False}])
def test_what_no_worker_wrote_is_refused(news: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Environments().add(news)
