"""What `--until` came to, as a page."""

from __future__ import annotations

from dataclasses import replace

from engine_harness import always, go
from html_pages import check, table
from run_results import concluded

from loadgen.report.formats.markdown import markdown_text
from loadgen.report.html.text import html_text
from loadgen.report.terminal.run import render
from loadgen.result.reason import Reason
from loadgen.result.run import Look, Until, UntilFigure

PUT = UntilFigure("s", "put", 8.25, 8.0, 8.5, 0.031)
REACHED = Until(
    text="steady response p50 within 10%", reached=True, stopped_by_until=True, within=0.1, limit_s=180.0,
    planned_s=(20, 40, 80, 160, 180), looks=(Look(20, 0.9875, (PUT,)),),
)  # fmt: skip


def page(goal: Until) -> str:
    run = concluded(go("load: [{name: a, rate: 10/s, iterations: 2}]", always(after=1)))
    text = render(replace(run, until=goal), width=92, color=False)
    assert max(map(len, text.splitlines())) <= 92
    return text


def with_figure(figure: UntilFigure, after: int = 21) -> Until:
    return replace(REACHED, reached=False, stopped_by_until=False, looks=(Look(after, 0.95, (figure,)),))


def test_the_report_says_what_was_reached_and_when() -> None:
    text = page(REACHED)
    assert "until  steady response p50 within 10%: reached after 20 s\n" in text
    assert "  put  8.25 ms [8.00, 8.50], within 3.1%" in text
    assert "looks were planned after 20, 40, 80, 160, 180 s" in text


def test_the_report_says_what_was_not_reached() -> None:
    few = Reason.of("too_few_events", needs=5, events=2.0, more_s=200.0)
    text = page(with_figure(UntilFigure("s", "put", 8.25, why=few)))
    assert "until  steady response p50 within 10%: not reached after 21 s\n" in text
    assert "  put  8.25 ms, no interval: needs 5 independent events beyond it" in text
    assert "about 3 more minutes at this rate" in " ".join(text.split())
    assert "not reached, and not looked at" in page(replace(REACHED, reached=False, looks=()))


def test_a_figure_without_an_upper_end_has_no_interval() -> None:
    text = page(with_figure(UntilFigure("s", "put", 8.25, 8.0, None, None, Reason.of("no_upper_bound"))))
    assert "  put  8.25 ms, no interval: its interval has no upper end" in text
    among = Reason.of("among_timeouts", bound_ms=2000.0, timeouts=30)
    text = page(with_figure(UntilFigure("s", "put", why=among)))
    assert "  put  no interval: > 2000 ms: it falls among the 30 timeouts" in text


def test_a_hostile_result_is_still_a_page() -> None:
    figure = UntilFigure("s", "x" * 500 + "\x1b[2J", why=Reason("\x07" * 3))
    text = page(replace(REACHED, text="y" * 500, looks=(Look(1, 0.5, (figure,) * 99),)))
    assert "\x1b" not in text and "\x07" not in text and "87 more: see --json" in text


def test_a_page_and_a_summary_say_it_too() -> None:
    run = replace(concluded(go("load: [{name: a, rate: 10/s, iterations: 2}]", always(after=1))), until=REACHED)
    rows = table(check(html_text(run)), "Each look at the goal")
    assert rows[1] == ["after 20 s", "put", "8.25 ms [8.00, 8.50], within 3.1%"]
    assert "Until steady response p50 within 10%: reached after 20 s" in markdown_text(run)
    looks = (Look(8, 0.95, (), "steady", ("p99 < 9ms",)), Look(16, 0.95, (), "steady"))
    goal = replace(REACHED, text="decided", within=None, looks=looks)
    rows = table(check(html_text(replace(run, until=goal))), "Each look at the goal")
    assert [row[2] for row in rows[1:]] == ["undecided: p99 < 9ms", "all decided"]
    assert "Until decided: reached\n" in markdown_text(replace(run, until=goal))
