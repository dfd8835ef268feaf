"""One screen of a result: thirty lines on 80 columns, the verdict and what the figures prove first, nothing cut in a
number, and nothing in a result that can break it."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from documents import any_result, documents
from examples import examples
from hypothesis import given, settings
from paths import DATA
from ramp_results import ramp_result
from rich.cells import cell_len

from loadgen.report.terminal import run
from loadgen.report.terminal.screen import LINES, render, show
from loadgen.result.codec import from_json
from loadgen.result.experiment import ExperimentResult
from loadgen.result.latency import Interval
from loadgen.result.reason import Reason
from loadgen.result.run import Finding, RunResult, Step
from loadgen.result.shape import Ends, Kind, Shape

RESULT = json.loads((DATA / "result.json").read_text())
KINDS = Reason.of(
    "two_kinds", fast_share=0.988, fast_high_ms=41.0, slow_share=0.012, slow_share_low=0.009, slow_share_high=0.015,
    slow_low_ms=276.0, slow_high_ms=332.0, between=0, quantile="p99", low_ms=35.0, high_ms=315.0,
)  # fmt: skip
TWO = Shape(
    bins=((10.0, 11.0, 5), (20.0, 21.8, 900), (38.0, 41.4, 30), (276.0, 301.0, 4), (301.0, 332.0, 7)),
    kinds=(Kind(935, 0.988, 0.98, 0.99, 10.0, 41.0), Kind(11, 0.012, 0.009, 0.015, 276.0, 332.0)),
    between=0,
    on_step={"p99": Ends(35.0, 315.0)},
)


@pytest.fixture
def result() -> RunResult:
    return from_json(RunResult, copy.deepcopy(RESULT))


def shown(result: RunResult | ExperimentResult, width: int = 80, full: bool = False) -> list[str]:
    return render(result, width=width, color=False, full=full).splitlines()


def line(lines: list[str], begins: str) -> str:
    return next(text for text in lines if text.lstrip().startswith(begins))


def with_step(result: RunResult, **changes: Any) -> RunResult:
    """The result, of whose measured phases each has one cycle and one step, with these changes."""
    (variant,) = result.variants
    phase = next(phase for phase in variant.phases if phase.measured)
    step = replace(phase.steps[0], **changes)
    alone = replace(phase, cycle=1, cycles=1, steps=(step,), iteration_ms=())
    return replace(result, variants=(replace(variant, phases=(alone,)),))


def only(result: RunResult) -> Step:
    return next(phase for phase in result.variant.phases if phase.measured).steps[0]


def test_the_verdict_and_what_happened_are_first(result: RunResult) -> None:
    lines = shown(result)
    assert lines[0].startswith(f"{result.trust.verdict}  {result.name} on ")
    requests, iterations = result.variant.requests, result.variant.iterations
    happened = next(text for text in lines if text.startswith(f"{requests.sent:,} requests, "))
    assert ("none failed" in happened) == (requests.failed == 0)
    assert ("sent as planned" in " ".join(lines)) == (iterations.started == iterations.planned)
    assert len(lines) <= LINES


def test_full_is_the_whole_report(result: RunResult) -> None:
    assert render(result, width=80, color=False, full=True) == run.render(result, width=80, color=False)
    out = io.StringIO()
    show(result, out, full=True)
    assert out.getvalue() == run.render(result, width=100, color=False)


def test_a_finding_stands_above_the_figures(result: RunResult) -> None:
    found = replace(result, findings=(Finding("burst", "", KINDS),))
    text = " ".join(" ".join(shown(found)).split())
    assert "98.8% took at most 41.0 ms, 1.2% [0.9, 1.5] took 276-332 ms, none in between" in text
    assert text.index("Two kinds of answer") < text.index("response, ms")
    many = replace(result, findings=(Finding("burst", "", KINDS),) * 9)
    assert "more findings in --full" in " ".join(shown(many))
    assert " ".join(shown(many, full=True)).count("Two kinds of answer") == 9


def test_cycles_are_a_range_and_marks_stay(result: RunResult) -> None:
    (variant,) = result.variants
    phase = next(phase for phase in variant.phases if phase.measured)
    step = phase.steps[0]
    metric = phase.headline
    latency = step.latency_ms[metric]
    cycles = [
        replace(
            phase,
            cycle=number,
            cycles=2,
            iteration_ms=(),
            steps=(replace(step, latency_ms={metric: replace(
                latency, quantiles={**latency.quantiles, "p99": p99}, doubted=doubted)}),),
        )
        for number, p99, doubted in ((1, 59.2, {}), (2, 70.4, {"p99": "INVALID"}))
    ]  # fmt: skip
    of = replace(result, variants=(replace(variant, phases=tuple(cycles)),))
    assert "59.2-70.4!" in "\n".join(shown(of))


@pytest.mark.parametrize("full", [False, True])
def test_a_percentile_on_a_step_is_no_number_to_three_digits(result: RunResult, full: bool) -> None:
    latency = only(result).latency_ms["response"]
    known = replace(latency, quantiles={**latency.quantiles, "p99": 289.0}, doubted={"p99": "DEGRADED"})
    of = with_step(result, latency_ms={**only(result).latency_ms, "response": known}, shape=TWO)
    assert "35.0-315~" in "\n".join(shown(of, full=full))


def test_an_open_end_is_told(result: RunResult) -> None:
    step = only(result)
    metric = next(name for name in ("response", "service") if name in step.latency_ms)
    latency = step.latency_ms[metric]
    hidden = replace(latency, quantiles={**latency.quantiles, "p99": None}, above={"p99": 5000.0})
    assert "≥5,000" in "\n".join(shown(with_step(result, latency_ms={**step.latency_ms, metric: hidden})))


def test_intervals_stand_below_a_row_that_ran_once(result: RunResult) -> None:
    step = only(result)
    latency = step.latency_ms["response"]
    figures = {"p50": 20.3, "p90": 26.3, "p95": 28.6, "p99": 289.0, "p99.9": 323.0}
    sure = replace(
        latency,
        quantiles=figures,
        doubted={},
        intervals={
            "p50": Interval(19.9, 20.7),
            "p99": Interval(35.0, 315.0),
            "p95": Interval(28.0, None),
            "p90": Interval(26.0, 26.6, "binomial"),
        },
        no_interval={"p99.9": Reason.of("too_short", needs=20, seconds=9, more_s=21.4)},
    )
    row = line(shown(with_step(result, latency_ms={**step.latency_ms, "response": sure})), "95 %")
    assert row.split() == ["95", "%", "±0.400", "≥±0.300", "≥28.0", "[35.0,315]", "21", "s", "more"]


def test_the_distribution_is_drawn_with_both_kinds(result: RunResult) -> None:
    drawn = line(shown(with_step(result, shape=TWO)), "10.0 ms")
    assert drawn.split()[0:2] == ["10.0", "ms"]
    assert " 41.0   276 " in drawn and drawn.endswith(" 332")


def test_thresholds_that_did_not_pass_stand_above_the_figures(result: RunResult) -> None:
    missed = replace(result.thresholds[0], status="failed")
    lines = shown(replace(result, thresholds=(missed, *result.thresholds[1:])))
    at = next(number for number, text in enumerate(lines) if text.startswith("FAILED "))
    assert at < next(number for number, text in enumerate(lines) if "p50" in text and "max" in text)


def test_a_run_that_did_not_end_says_so_first(result: RunResult) -> None:
    assert shown(replace(result, complete=False))[0].startswith("INCOMPLETE  ")
    assert shown(replace(result, interrupted=True))[0].startswith("INTERRUPTED  ")


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(result: RunResult, width: int) -> None:
    noisy = replace(
        with_step(result, shape=TWO),
        findings=(Finding("a" * 60, "b" * 60, KINDS),) * 5,
        warnings=(Reason.of("stopped_by_errors", condition="c" * 300, share=0.5),) * 5,
    )
    assert max(map(cell_len, shown(noisy, width))) <= width


def test_much_of_everything_still_is_one_screen(result: RunResult) -> None:
    noisy = replace(
        result,
        findings=(Finding("a" * 60, "b" * 60, KINDS),) * 20,
        warnings=(Reason.of("stopped_by_errors", condition="c" * 300, share=0.5),) * 20,
        thresholds=tuple(replace(threshold, status="failed") for threshold in result.thresholds * 20),
    )
    assert len(shown(noisy)) <= LINES


def test_a_ramp_of_a_bad_run_is_one_screen() -> None:
    """Long reasons everywhere: the table of the ramp gives way to a row."""
    ramp = ramp_result(steps=4, cycles=2)
    bad = replace(ramp.trust.signals[0], verdict="INVALID", observed=Reason("long " * 60, {}))
    noisy = replace(
        ramp,
        name="n" * 200,
        trust=replace(ramp.trust, verdict="INVALID", signals=(bad,), reasons=(bad,) * 3),
        warnings=(Reason.of("stopped_by_errors", condition="c" * 300, share=0.5),) * 3,
        findings=(Finding("climb", "get", KINDS),) * 3,
        thresholds=ramp.thresholds * 3,
    )
    lines = shown(noisy)
    assert len(lines) <= LINES
    assert not any(text.startswith("from, 1/s") for text in lines) and lines[-1].startswith("saved")
    assert any("p50" in text and "max" in text for text in lines)


@settings(max_examples=examples(40))
@given(documents(RunResult) | documents(ExperimentResult))
def test_any_result_is_one_screen(document: dict[str, Any]) -> None:
    lines = render(any_result(document), width=80, color=False).splitlines()
    assert 0 < len(lines) <= LINES


def test_of_two_kinds_the_next_step_is_to_split_them(result: RunResult) -> None:
    (variant,) = result.variants
    whole = replace(variant, phases=tuple(
        replace(of, steps=tuple(replace(step, strata=()) for step in of.steps)) for of in variant.phases
    ))  # fmt: skip
    kinds = replace(result, variants=(whole,), findings=(Finding("steady", "", KINDS),))
    assert "--split-by HEADER" in line(shown(kinds), "next")
    assert "--split-by" not in line(shown(replace(kinds, findings=())), "next")
