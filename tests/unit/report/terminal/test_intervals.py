"""How sure percentiles are, on a terminal: intervals below the figures, and what would give those that are missing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from paths import DATA

from loadgen.report.terminal.run import render
from loadgen.result.codec import from_json
from loadgen.result.run import RunResult

RESULT = json.loads((DATA / "result.json").read_text())
SHORT = {"code": "too_short", "needs": 20, "seconds": 5, "more_s": 15}
AT_ONCE = {"code": "at_once"}


def interval(low: float, high: float | None) -> dict[str, Any]:
    return {"low": low, "high": high}


def events(number: float, more_s: float) -> dict[str, Any]:
    """Why there is no interval, and what would give one."""
    return {"code": "too_few_events", "needs": 5, "events": number, "more_s": more_s}


def with_intervals(*steps: dict[str, Any], cycles: bool = False) -> dict[str, Any]:
    """A result of one phase (or its two cycles), with those intervals of each of its steps."""
    result: dict[str, Any] = copy.deepcopy(RESULT)
    phases = [phase for phase in result["variants"][0]["phases"] if phase["name"] == "steady"]
    if not cycles:
        phases = [phases[0] | {"cycles": 1}]
    result["variants"][0]["phases"] = phases
    for phase in phases:
        for step, found in zip(phase["steps"], steps, strict=False):
            block = step["latency_ms"]["response"]
            block |= dict.fromkeys(found, 5.0)
            block["intervals"] = {name: answer for name, answer in found.items() if "low" in answer}
            block["no_interval"] = {name: answer for name, answer in found.items() if "low" not in answer}
    return result


def lines(result: dict[str, Any], width: int = 92) -> list[str]:
    text = render(from_json(RunResult, result), width=width, color=False)
    assert max(map(len, text.splitlines())) <= width
    return text.splitlines()


def after(found: list[str], beginning: str) -> list[str]:
    """The line that begins so, and those after it."""
    at = next(number for number, line in enumerate(found) if line.strip().startswith(beginning))
    return found[at:]


def test_intervals_stand_below_the_figures_in_the_same_order() -> None:
    put = {"p50": interval(5.81, 6.12), "p99": interval(16.2, 19.9)}
    get = {"p50": interval(2, 3.5), "p99": interval(100, None)}
    head, first, second, *_ = after(lines(with_intervals(put, get)), "95 %, ms")
    assert head.split() == ["95", "%,", "ms", "p50", "p90", "p95", "p99", "p99.9"]
    assert first.split("  ")[1] == "put"
    assert "[5.81, 6.12]" in first and first.index("[16.2, 19.9]") > first.index("[5.81, 6.12]")
    assert second.rstrip().endswith("> 100            -")
    assert "no interval" not in "".join(lines(with_intervals(put, get)))


def test_what_is_missing_is_one_line_with_what_would_give_it() -> None:
    put = {"p50": interval(5, 6), "p99": events(8.1, 120), "p99.9": events(0.8, 540)}
    found = after(lines(with_intervals(put, put)), "no interval")
    text = " ".join(line.strip() for line in found[:2])
    assert text.startswith(
        "no interval: p99: needs about 2 more minutes at this rate; p99.9: needs about 9 more minutes at this rate"
    )


def test_how_long_until_it_is_within_ten_percent_is_said_in_the_same_words() -> None:
    """The figure is 5 ms and the phase takes 10 s: 20 % off takes four times as long, which is 30 s more."""
    put = {"p50": interval(4.9, 5.1), "p99": interval(4.5, 6)}
    result = with_intervals(put, {"p50": interval(5, 5.4), "p99": interval(4, None)})
    phase = result["variants"][0]["phases"][0]
    phase["seconds"] = phase["ran"] = 10.0
    text = " ".join(line.strip() for line in after(lines(result), "within 10 %")[:2])
    assert text.startswith("within 10 %: p99 of put needs about 30 more seconds at this rate")
    assert "read needs" not in text, "one that has no upper end is as far as can be"


def test_steps_of_which_some_have_one_are_named() -> None:
    have, lack = {"p99": interval(5, 6)}, {"p99": AT_ONCE}
    assert after(lines(with_intervals(have, lack)), "no interval")[0].strip() == (
        "no interval: p99 of read: all requests were due at the same instant; an interval takes"
    )


def test_none_at_all_is_no_table() -> None:
    found = lines(with_intervals({"p50": SHORT, "p99": SHORT}, {"p50": SHORT, "p99": SHORT}))
    assert not any("95 %, ms" in line for line in found)
    assert "no interval: p50, p99: needs about 15 more seconds at this rate" in "".join(found)


def test_cycles_that_miss_more_and_less_are_told_together() -> None:
    result = with_intervals({"p50": SHORT, "p99": SHORT}, cycles=True)
    first, second = result["variants"][0]["phases"][:2]
    second["steps"][0]["latency_ms"]["response"]["no_interval"] = {"p50": SHORT}
    assert first["name"] == second["name"]
    said = "".join(lines(result))
    assert "no interval: p50, p99: needs about 15 more seconds at this rate" in said
    assert " and p50" not in said


def test_a_missing_percentile_is_said_once() -> None:
    result = with_intervals({"p99.9": {"code": "too_few", "needs": 1000, "count": 958}})
    result["variants"][0]["phases"][0]["steps"][0]["latency_ms"]["response"]["p99.9"] = None
    assert "no interval" not in "".join(lines(result))


def test_what_an_interval_rests_on_is_a_note() -> None:
    few = {"p99": interval(5, 6) | {"warning": {"code": "few_events", "events": 13}}}
    assert "steady put p99: its interval rests on 13 independent events" in "".join(lines(with_intervals(few)))


def test_a_binomial_one_is_named_and_says_why() -> None:
    few = {"code": "too_few_events", "needs": 7, "events": 30.0, "worth": 4.1, "more_s": 21.4}
    told = "".join(
        lines(with_intervals({"p50": interval(1, 2), "p99": interval(5, 6) | {"kind": "binomial", "warning": few}}))
    )
    assert "[5.00, 6.00]b" in told and "[1.00, 2.00]b" not in told
    assert "binomial: p99: needs about 21 more seconds at this rate" in told
    assert "b: a binomial interval, which is at least this wide, if requests were independent" in told
    assert "what lasts longer than about a twentieth of the phase does not show in them" in told


def test_cycles_are_rows_of_their_own() -> None:
    found = after(lines(with_intervals({"p50": interval(5, 6)}, cycles=True)), "95 %, ms")
    assert [row.split()[:2] for row in found[1:3]] == [["put", "1/2"], ["2/2", "[5.00,"]]


@pytest.mark.parametrize("width", [60, 80, 92, 100])
@pytest.mark.parametrize(("low", "high", "columns"), [(1_234, 2_345, 5), (12_345, 129_999, 3)])
def test_no_number_is_cut_however_wide(width: int, low: float, high: float, columns: int) -> None:
    wide = dict.fromkeys(("p50", "p90", "p95", "p99", "p99.9"), interval(low, high))
    result = with_intervals(wide, wide)
    result["variants"][0]["phases"][0]["steps"][0]["step"] = "x" * 64
    text = "".join(lines(result, width))
    assert text.count(f"[{low:,}, {high:,}]") == 2 * columns


def test_a_result_without_them_is_as_it_was() -> None:
    assert "interval" not in render(from_json(RunResult, RESULT), color=False)
