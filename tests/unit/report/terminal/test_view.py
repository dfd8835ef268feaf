"""The whole screen, without one: all is there at each size, and nothing is wider or higher, whatever the facts are."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from going_runs import BURST, CLOSED, EXPERIMENT, POSITION, PREPARING, SIGNALS
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from loadgen.report.terminal.view import Facts, Size, view
from loadgen.report.words import clean
from loadgen.runner.course import Point, Second
from loadgen.runner.progress import PlannedPhase, Progress, Worker

SIZES = [Size(80, 24), Size(100, 30), Size(200, 50)]
WIDE = "長い名前" * 30
HUGE = 9_223_372_036_854_775_807


def shown(*runs: Progress, size: Size = SIZES[0], notices: tuple[str, ...] = (), keys: bool = True) -> list[str]:
    lines = [line.plain for line in view(Facts(runs, notices, keys), size)]
    assert len(lines) == size.lines
    assert max(map(cell_len, lines)) <= size.columns
    return lines


def line(lines: list[str], lead: str) -> str:
    return next(line for line in lines if line.startswith(lead))


@pytest.mark.parametrize("size", SIZES)
def test_all_is_there(size: Size) -> None:
    lines = shown(BURST, size=size, notices=("the table is warm",))
    assert lines[0].startswith("burst  http://127.0.0.1:8080/")
    assert lines[0].endswith("burst 1/2   12 s of 21 s   9 s left")
    assert "6,000 started of 24,916" in lines[1]
    assert line(lines, "completed").split()[1:4] == ["1,100/s", "of", "2,000/s"]
    for lead, said in (
        ("in flight", "57"),
        ("failed", "3/s"),
        ("p50", "28.2 ms"),
        ("p99", "346 ms"),
        ("max", "1,234 ms"),
    ):
        assert line(lines, lead).split("  ")[0] == lead
        assert said in line(lines, lead)
    assert line(lines, "answers") == "answers       5,900 ok   31 throttled (0.52%)   4 timeout (0.07%)"
    assert line(lines, "workers") == "workers       2 processes   ▃▃ of a core: each 34% to 36%"
    assert line(lines, "this machine").startswith("this machine  ●▲■●  INVALID so far: quota, core use")
    assert any(text.strip().startswith("■ quota throttled in 4 periods") for text in lines)
    assert "the table is warm" in lines
    assert lines[-1] == "q or Ctrl-C: stop, wait for what is open, and report"


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_higher_screen_tells_why_and_what_is_fine(size: Size) -> None:
    lines = shown(BURST, size=size)
    assert any("▲ core use 71% (worker 3): a busy gen" in text for text in lines)
    assert any(text.strip() == "fine: lag, clock" for text in lines)


def test_without_keys_there_are_none() -> None:
    assert shown(BURST, keys=False)[-1].startswith("Ctrl-C: ")
    assert shown(replace(BURST, state="stopping"))[-1].startswith("q or Ctrl-C once more: give up")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("p", [PREPARING, CLOSED, replace(CLOSED, state="running", elapsed_s=3.0)])
def test_before_there_is_anything_all_lines_are_there(p: Progress, size: Size) -> None:
    lines = shown(p, size=size)
    assert line(lines, "p99").split("  ")[-1].strip() == "no answers"
    assert "0 ok   0 failed" in line(lines, "answers")
    assert "nothing is known of it yet" in line(lines, "this machine")


def test_only_errors() -> None:
    failing = {
        name: 10**number for number, name in enumerate(("http_5xx", "timeout", "refused", "reset", "dns", "tls"))
    }
    none = replace(
        BURST,
        ok=0,
        failed=failing,
        p50_ms=None,
        p99_ms=None,
        max_ms=None,
        seconds=(Second(2000.0, 2000.0, 0.0, 2000.0),),
    )
    lines = shown(none, size=Size(100, 30))
    text = " ".join(lines)
    assert all(name in text for name in failing)
    assert line(lines, "p50").split() == ["p50", "no", "answers"]


# experiments


@pytest.mark.parametrize("size", SIZES)
def test_an_experiment_shows_where_it_stands(size: Size) -> None:
    lines = shown(EXPERIMENT, size=size, notices=("round 1 was repeated",))
    assert lines[1] == "round 2 of 6   fresh runs   4 min 9 s left of all   then shared (round 3)"
    assert lines[2:5] == [
        "shared   ●●┄┄┄┄   2 VALID",
        "fresh    ▲▸┄┄┄┄   1 DEGRADED",
        "resumed  ■●┄┄┄┄   1 VALID, 1 INVALID",
    ]
    assert "round 1 was repeated" in lines
    assert line(lines, "max")


def test_between_two_runs_it_says_which_is_next() -> None:
    lines = shown(replace(EXPERIMENT, state="pausing"))
    assert "  pausing before the next r…   12 s of 21 s" in lines[0]
    assert lines[1] == "round 2 of 6   next is fresh   4 min 21 s left of all   then shared (round 3)"
    last = replace(EXPERIMENT, position=replace(POSITION, next=(), next_round=None, left_s=None))
    assert shown(last)[1] == "round 2 of 6   fresh runs   the last"


def test_of_many_variants_the_one_that_runs_is_seen() -> None:
    many = tuple((f"v{number}", ("VALID",) * 100) for number in range(20))
    lines = shown(replace(BURST, position=replace(POSITION, rounds=100, now=("v17",), variant="v17", verdicts=many)))
    assert any(text.startswith("v17  ") for text in lines)
    assert "100 VALID" in line(lines, "v17")


def test_a_duet_shows_both() -> None:
    both = ("shared", "fresh")
    a, b = (replace(BURST, position=replace(POSITION, now=both, variant=name, next=())) for name in both)
    lines = shown(a, b)
    assert lines[1].startswith("round 2 of 6   shared, fresh run   ")
    for lead in ("done shared", "failed shared", "p99 shared", "done fresh", "failed fresh", "p99 fresh"):
        assert line(lines, lead)
    assert "4 processes" in line(lines, "workers")


@pytest.mark.parametrize("size", SIZES)
def test_eight_that_run_at_once_fit(size: Size) -> None:
    names = tuple(f"variant-{number}" for number in range(8))
    position = replace(POSITION, now=names, verdicts=tuple((name, ()) for name in names))
    lines = shown(*(replace(BURST, position=replace(position, variant=name)) for name in names), size=size)
    assert lines[-1].startswith("q or")
    assert line(lines, "this machine")


# whatever the facts are

NUMBER = st.none() | st.floats() | st.sampled_from([0.0, 1e308, -1e308, math.nan, math.inf, 1e15])
COUNT = st.sampled_from([0, 1, 999_999, HUGE])
TEXT = st.sampled_from(["", "a", WIDE, "\x1b[2J\r\n\t\u202e", "e\u0301" * 200, "👩‍👩‍👧" * 40])


@st.composite
def any_progress(draw: st.DrawFn) -> Progress:
    name = draw(TEXT)
    rates = draw(st.sampled_from([(), (0.0, 0.0), (1e308, 1e308), (0.001, 5.0, 1e12)]))
    length = draw(st.sampled_from([None, 1e-9, 5.0, 1e12]))
    counts, times = ([draw(NUMBER) for _ in range(number)] for number in (4, 3))
    last = draw(st.sampled_from([1e-9, 5.0, 1e12]))
    position = replace(
        POSITION, variant=name, now=(name,), next=(name,), left_s=1e12, verdicts=((name, ("VALID", "")),) * 9
    )
    total = length if length is None else length * 2
    return replace(
        BURST, name=name, target=draw(TEXT), phase=name, phases=(PlannedPhase(name, length, rates),) * 2,
        phase_number=draw(st.integers(-1, 3)), elapsed_s=draw(st.sampled_from([0.0, 1e-9, 7.3, 1e12])), total_s=total,
        planned=draw(COUNT), started=draw(COUNT), in_flight=draw(COUNT), ok=draw(COUNT),
        failed={draw(TEXT): draw(COUNT), "timeout": draw(COUNT)}, p50_ms=draw(NUMBER), p99_ms=draw(NUMBER),
        max_ms=draw(NUMBER), state=draw(st.sampled_from(["preparing", "running", "draining", "stopping", "pausing"])),
        seconds=(Second(*counts, draw(COUNT), *times),) * 3,
        points=(Point(0.0, 0, 0), Point(last, draw(COUNT), draw(COUNT))),
        by_worker=tuple(Worker(draw(NUMBER), draw(COUNT), True) for _ in range(draw(st.sampled_from([0, 1, 300])))),
        trust=draw(st.sampled_from([None, (), SIGNALS, SIGNALS * 9])),
        position=draw(st.none() | st.just(position)),
    )  # fmt: skip


@given(any_progress(), st.lists(TEXT, max_size=9), st.sampled_from([*SIZES, Size(81, 25), Size(500, 120)]))
@settings(max_examples=25, deadline=None)
def test_nothing_breaks_out(p: Progress, notices: list[str], size: Size) -> None:
    lines = view(Facts((p,), tuple(notices), True), size)
    assert len(lines) == size.lines
    for of in lines:
        assert of.width == cell_len(of.plain) <= size.columns
        assert of.plain == clean(of.plain)
    assert lines[-1].plain.startswith("q or Ctrl-C")


def test_what_is_secret_is_hidden_before_it_is_cut() -> None:
    secret = "s3cr3t" * 30
    position = replace(POSITION, now=(secret,), next=(secret,), variant=secret, verdicts=((secret, ()), ("b", ())))
    p = replace(
        BURST,
        name=secret,
        target=secret,
        phase=secret,
        phases=(PlannedPhase(secret, 21.0, (1.0, 1.0)),),
        phase_number=0,
        position=position,
    )
    for size in SIZES:
        lines = view(Facts((p,), (secret,)), size, lambda text: text.replace(secret, "***"))
        assert not any("s3cr" in of.plain for of in lines)
