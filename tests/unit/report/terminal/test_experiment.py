"""The page of an experiment: the verdict in words, what it rests on, and that nothing in a result can break it."""

# ruff: noqa: E501

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from documents import documents
from examples import examples
from hypothesis import given, settings
from rich.cells import cell_len

from loadgen.report.compared import apart
from loadgen.report.terminal.run import render, show
from loadgen.result.codec import from_json, map_text
from loadgen.result.experiment import (
    Check,
    Comparison,
    ComparisonVerdict,
    Curve,
    Design,
    ExperimentResult,
    ExperimentVariant,
    Figure,
    Part,
    PartMedian,
    Round,
    Scaling,
    ScalingPoint,
    Slope,
)
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.run import (
    Connections,
    Iterations,
    Requests,
    Session,
    Status,
    Target,
    Threshold,
    Trust,
    TrustSignal,
    Verdict,
)
from loadgen.trust import host


def figure(verdict: ComparisonVerdict = "slower", **more: Any) -> Figure:
    made = Figure(
        variant="fresh", baseline="shared", phase="steady", step="get", metric="response", quantile="p50", primary=True,
        baseline_ms=9.8, variant_ms=18.8, ratio=1.92, ratio_low=1.88, ratio_high=1.95, difference_ms=8.97,
        difference_low=8.35, difference_high=9.59, verdict=verdict, why=None, more_rounds=None, rounds=((9.8, 18.8),) * 8,
    )  # fmt: skip
    return replace(made, **more)


FEW = figure(
    "none", ratio=2.38, ratio_low=None, ratio_high=None, difference_low=None, difference_high=None,
    why=Reason.of("too_few_rounds", needs=6, rounds=3), rounds=((10.0, 23.1), (10.0, 24.0), (10.0, 24.4)),
)  # fmt: skip


def part(name: str, base: float, other: float, adds: bool = True, **more: Any) -> Part:
    medians = PartMedian(None, None, None)
    return replace(Part("fresh", "shared", "steady", "get", name, adds, base, other, other - base, medians), **more)


def curve(variant: str, *values: float) -> Curve:
    points = tuple((name, ms, ms * 0.9, ms * 1.1) for name, ms in zip(("p50", "p90", "p99"), values, strict=True))
    return Curve(variant, "steady", "get", "response", points)


def variant(name: str, opened: int, rounds: int = 8, trust: Verdict = "VALID") -> ExperimentVariant:
    runs = tuple(
        Round(
            round=number, folder=f"rounds/{number:02d}/{name}", started=f"2026-01-01T00:00:{number:02d}", trust=trust,
            accepted=False, reasons=(), exit_status=0, duration_s=5.0,
            iterations=Iterations(200, 200, 199, 1, 0, 0, {}), requests=Requests(200, 200, {"ok": 199, "timeout": 1}),
            connections=Connections(opened + 4, 0, 0, 4, 0, 6, 0), phases=(),
            session=Session("shared", "connection", None, "once", False), client="wire", target="http://127.0.0.1:1",
        )
        for number in range(1, rounds + 1)
    )  # fmt: skip
    return ExperimentVariant(name, {}, runs)


COMPARISON = Comparison(
    baseline="shared", primary="steady response p50", margin=0.05, confidence=0.95, valid=True, why_not=(),
    checks=(Check("trust", True, (Reason.of("all_valid"),)),),
    figures=(figure(), figure("inconclusive", quantile="p99", primary=False, why=Reason.of("could_be_chance", figures=7))),
    parts=(
        part("response", 10.2, 19.5, False), part("ours", 0.05, 0.05), part("connect", 0.04, 4.0),
        part("service_new", 0.1, 15.4), part("tcp", 0.04, 1.0, False), part("tls", 0, 3.0, False),
    ),
    curves=(curve("shared", 9.8, 14, 20), curve("fresh", 18.8, 26, 34)),
)  # fmt: skip
DESIGN = Design(
    looks=(8,),
    baseline="shared",
    primary="steady response p50",
    margin=0.05,
    duet=False,
    seed=1,
    thresholds={},
    rounds=8,
)
VALID = Trust("VALID", accepted=False, reasons=(), figures=(), signals=())


def result(**more: Any) -> ExperimentResult:
    """Of an experiment in which all went well."""
    made = ExperimentResult(
        name="t", started="2026-01-01T00:00:00+00:00", client="wire", seed=1, host=host.description(), experiment=DESIGN,
        variants=(variant("shared", 0), variant("fresh", 200)), duration_s=40.0, complete=True, interrupted=False,
        target=Target("http://127.0.0.1:1", simulated=False, description=(), addresses=()), run="runs/t", exit_status=0,
        trust=VALID, warnings=(), thresholds=(), comparison=COMPARISON, scaling=(),
    )  # fmt: skip
    return replace(made, **more)


def compared(**more: Any) -> ExperimentResult:
    return result(comparison=replace(COMPARISON, **more))


def page(found: ExperimentResult, width: int = 92) -> str:
    text = render(found, width=width, color=False)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    return text


def flat(found: ExperimentResult) -> str:
    """The page without its line breaks."""
    return " ".join(page(found).split())


def test_the_targets_own_time_stands_below_the_primary_figure() -> None:
    target = replace(figure("faster"), metric="target", primary=False)
    told = flat(compared(figures=(figure(), target)))
    assert "the target's own time: faster; 1.92 times [1.88, 1.95], +8.97 ms [+8.35, +9.59]" in told
    why = Reason.of("off_schedule", requests=30, displaced=20, waited=20, variant="fresh")
    told = flat(compared(figures=(figure(), replace(target, verdict="none", ratio=None, why=why))))
    assert "the target's own time: the target of fresh had another load than planned: of the 30 slowest" in told
    assert "own time" not in flat(compared(figures=(figure(), replace(target, quantile="p99"))))


def block(text: str, title: str) -> list[str]:
    lines = text.split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith(title))
    return lines[start : lines.index("", start)]


# verdicts


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (figure(), "fresh is slower than shared: steady get response p50: 1.92 times [1.88, 1.95], +8.97 ms [+8.35, +9.59]"),
        (
            figure("faster", ratio=0.5, ratio_low=0.4, ratio_high=0.6, difference_ms=-4, difference_low=-5.5, difference_high=-3),
            "fresh is faster than shared: steady get response p50: 0.50 times [0.40, 0.60], -4.00 ms [-5.50, -3.00]",
        ),
        (
            figure("equivalent", ratio=1.01, ratio_low=0.98, ratio_high=1.04),
            "fresh is equivalent to shared: steady get response p50: 1.01 times [0.98, 1.04], +8.97 ms [+8.35, +9.59]; which is within 5%",
        ),
        (
            figure("equivalent", ratio=1.4, ratio_low=1.3, ratio_high=1.5, margin_ms=0.09),
            "1.40 times [1.30, 1.50], +8.97 ms [+8.35, +9.59]; which is within 0.090 ms: this machine cannot tell less",
        ),
        (figure("inconclusive", more_rounds=7), "fresh against shared: inconclusive: steady get response p50: 1.92 times"),
        (figure("inconclusive", more_rounds=7), "; 7 more rounds may tell, if this is the ratio"),
        (figure("inconclusive", more_rounds=1), "; 1 more round may tell, if this is the ratio"),
        (
            FEW,
            "fresh against shared: no verdict: steady get response p50: 2.38 times, +8.97 ms; 3 rounds: no interval, "
            "which takes 6; the rounds' ratios: 2.31 2.40 2.44",
        ),
        (
            figure("none", ratio=None, why=Reason.of("too_few", needs=1000, count=991).of_run("shared", 1)),
            "no verdict: steady get response p50: shared, round 1: needs 1,000 requests, there were 991",
        ),
        (figure("inconclusive", why=Reason.of("could_be_chance", figures=7)), "; with 7 figures compared, this could be chance"),
    ],
)  # fmt: skip
def test_each_verdict_is_a_sentence(found: Figure, words: str) -> None:
    assert words in flat(compared(figures=(found,)))


def test_few_rounds_are_a_cell_of_their_own_values() -> None:
    rows = block(page(compared(figures=(FEW, replace(FEW, quantile="p99", primary=False)))), "fresh against shared  ")
    assert rows[1].split() == ["shared", "fresh", "ratio", "in", "each", "round", "difference"]
    assert rows[2].split() == ["p50", "9.80", "18.8", "2.31", "2.40", "2.44", "+8.97"]
    assert not any("of the time" in row for row in rows), "nothing is said of intervals that there are none of"


def test_what_is_inconclusive_among_many_says_how_many_more_rounds() -> None:
    of_many = figure("inconclusive", quantile="p99", primary=False, more_rounds=9)
    rows = block(page(compared(figures=(figure(), of_many))), "fresh against shared  ")
    assert rows[2].endswith("slower") and rows[3].endswith("inconclusive (+9)")
    assert "(+9): so many more rounds may tell" in flat(compared(figures=(figure(), of_many)))
    assert "(+9)" not in flat(result())


def test_what_is_to_be_known_beside_a_verdict_is_a_line() -> None:
    note = Reason.of("trend", variant="fresh", baseline="shared", chance=0.001)
    assert "note: the ratio of fresh to shared has a trend over the rounds" in flat(compared(notes=(note,)))


def test_the_parts_of_a_difference_have_intervals() -> None:
    whole = part("response", 10.2, 19.5, False, difference_low=9.1, difference_high=9.5)
    told = page(compared(parts=(whole, part("tls", 0, 3.0))))
    assert "+9.30 [+9.10, +9.50]\n" in told and "+3.00\n" in told


def test_what_the_machine_cannot_tell_is_a_line() -> None:
    resolution = Resolution.measured("ticks", {"p50": 0.09, "p99": 0.3})
    said = "this machine: differences under 0.090 ms at p50 and 0.300 ms at p99 are noise here (ticks before the load)"
    assert said in flat(compared(resolution=resolution))
    assert "this machine: " not in flat(result())


def test_an_end_that_is_not_known_is_left_open() -> None:
    found = figure(
        ratio=12.5, ratio_low=9.9, ratio_high=None, difference_ms=None, difference_low=None, difference_high=None
    )
    assert "12.5 times [9.90, …], - ms" in flat(compared(figures=(found,)))


def test_the_verdict_stands_above_all_that_it_rests_on() -> None:
    text = page(result(thresholds=(threshold("passed"),)))
    titles = ["VALID", "8 rounds of shared, fresh, in turns", "fresh is slower", "  looked at", "thresholds"]
    titles += [
        "fresh against shared  steady get response, ms",
        "steady get response  ms",
        "where the difference",
        "runs",
    ]
    places = [text.index(f"\n{title}") for title in titles]
    assert places == sorted(places)


def test_why_there_is_no_verdict_is_said_first() -> None:
    why = tuple(Reason.of("broken_off", variant="fresh", round=number) for number in range(1, 6))
    why += (Reason.of("primary_missing", variant="fresh", baseline="shared"),)
    text = " ".join(page(compared(valid=False, why_not=why, figures=(figure("none"),))).split())
    said = "did not come to their end: fresh, round 1; fresh, round 2; fresh, round 3 (and 2 more like it)"
    assert f"no verdict: {said} no verdict: fresh and shared do not both have the primary figure " in text


def test_no_comparison_at_all_is_said() -> None:
    assert "no verdict: no round is complete" in page(result(comparison=None))


def test_only_what_was_sound_is_listed_as_looked_at() -> None:
    checks = tuple(Check(name, ok, ()) for name, ok in (("trust", True), ("load", False), ("errors", True)))
    assert "looked at and as it must be: trust, errors\n" in page(compared(checks=checks))


def test_rounds_that_were_planned_and_a_duet() -> None:
    duet = replace(DESIGN, rounds=3, looks=(10, 20), duet=True)
    assert "3 rounds of 20 planned of shared, fresh, at the same time\n" in page(result(experiment=duet))
    assert "1 round of shared, fresh, in turns\n" in page(result(experiment=replace(DESIGN, rounds=1, looks=(1,))))


# thresholds


def threshold(status: Status, number: int = 0, **more: Any) -> Threshold:
    passed = 8 if status == "passed" else 7
    made = Threshold(
        "steady", 1, "get", f"response p50 < {number}ms", status, variant="fresh", rounds=8, rounds_passed=passed
    )
    return replace(made, **more)


OF_TWO = threshold(
    "undecided", text="fresh / shared p99 < 3", value_ratio=3.1, ratio_low=2.8, ratio_high=3.4, rounds=None, rounds_passed=None,
    why=Reason.of("limit_inside", limit=3),
)  # fmt: skip


def test_thresholds_that_did_not_pass_come_first() -> None:
    failed = threshold("failed", round=3, value_ms=260.0)
    rows = block(page(result(thresholds=(threshold("passed"), OF_TWO, failed))), "thresholds")
    assert [row.split()[0] for row in rows[1:]] == ["FAILED", "undecided", "passed"]
    assert rows[1].split()[1] == "fresh"
    assert rows[1].endswith("passed in 7 of 8 rounds; round 3: 260 ms")
    assert rows[2].split()[1] == "steady", "its text names its variants"
    assert rows[2].endswith("fresh / shared p99 < 3 get 3.1 [2.8, 3.4]; 3 lies within")
    assert rows[3].endswith("passed in 8 of 8 rounds")


def test_why_a_threshold_is_undecided_is_said() -> None:
    why = Reason.of("too_few", needs=100, count=60)
    of_two = replace(OF_TWO, value_ratio=None, why=why.of_run("shared", 2))
    of_one = threshold("undecided", round=4, why=why, rounds_passed=0)
    text = flat(result(thresholds=(of_two, of_one)))
    assert "shared, round 2: needs 100 requests, there were 60" in text
    assert "passed in 0 of 8 rounds; round 4: needs 100 requests, there were 60" in text


def test_of_many_thresholds_those_that_passed_are_counted() -> None:
    many = (*(threshold("passed", number) for number in range(100)), threshold("failed"))
    rows = block(page(result(thresholds=many)), "thresholds")
    assert len(rows) == 3
    assert rows[2] == "  100 more: see --json"
    assert "thresholds: 1 failed, 100 passed" not in rows


# figures, curves, parts


def test_figures_are_a_table_with_the_primary_one_standing_out() -> None:
    rows = block(page(result()), "fresh against shared")
    assert rows[1].split() == ["shared", "fresh", "ratio", "difference"]
    assert rows[2].split() == ["p50", "9.80", "18.8", "1.92", "[1.88,", "1.95]", "+8.97", "[+8.35,", "+9.59]", "slower"]
    assert rows[3].split()[-1] == "inconclusive"
    assert "\x1b[1mp50" in render(result(), width=92, color=True)


def test_tables_of_the_primary_figure_come_first_and_not_all_are_shown() -> None:
    many = tuple(figure(step=f"step-{number}", primary=number == 30) for number in range(40))
    text = page(compared(figures=many))
    assert text.index("steady step-30 response, ms") < text.index("steady step-0 response, ms")
    assert "32 more tables of figures: see --json" in text


def test_curves_have_a_mark_for_each_variant() -> None:
    rows = block(page(result()), "steady get response  ms, log scale")
    assert rows[1] == "  ● shared   ▲ fresh"
    assert [(row.split()[0], row.count("●"), row.count("▲")) for row in rows[3:]] == [
        ("p50", 1, 1),
        ("p90", 1, 1),
        ("p99", 1, 1),
    ]
    assert rows[3].index("●") < rows[3].index("▲")
    assert rows[3].index("●") < rows[4].index("●") < rows[5].index("●")


def test_marks_at_the_same_place_are_a_star() -> None:
    same = page(compared(curves=(curve("shared", 9, 14, 20), curve("fresh", 9, 14, 30))))
    rows = block(same, "steady get response  ms, log scale")
    assert rows[3].split() == ["p50", "*"]


@pytest.mark.parametrize(
    ("curves", "drawn"),
    [
        ((), False),
        ((curve("a", 1, 1, 1),), True),
        ((curve("a", 0, -1, 2),), False),
        (tuple(curve(f"v{n}", 1, 2, 3) for n in range(9)), False),
    ],
)
def test_curves_that_cannot_be_drawn_are_left_out(curves: tuple[Curve, ...], drawn: bool) -> None:
    assert ("log scale" in page(compared(curves=curves))) is drawn


def test_what_is_within_a_part_stands_below_it() -> None:
    rows = block(page(result()), "where the difference comes from")
    assert rows[0] == "where the difference comes from  steady get, mean ms"
    assert [row[:40].strip() for row in rows[2:]] == [
        "response", "this machine", "connect", "of it tcp", "of it tls", "service on a new connection",
    ]  # fmt: skip
    assert rows[4].split() == ["connect", "0.040", "4.00", "+3.96"]


def test_what_is_beside_the_whole_stands_last() -> None:
    found = (part("service", 10, 20, False), part("wait", 1, 2, False), part("connect", 0, 9), part("tls", 0, 8, False))
    rows = block(page(compared(parts=found)), "where the difference comes from")
    assert [row[:40].strip() for row in rows[2:]] == [
        "service",
        "connect",
        "of it tls",
        "beside it: wait for a connection",
    ]


# under load


def point(at: str, ms: float, **more: float | None) -> ScalingPoint:
    figures = {
        "p50": ms,
        "p50_low": ms * 0.9,
        "p50_high": ms * 1.1,
        "p99": ms * 3,
        "p99_low": ms * 2,
        "p99_high": ms * 4,
    }
    return ScalingPoint(at, f"x rate={at}", 50.0, 49.7, 0.0125, {**figures, **more})


def series(name: str, *points: ScalingPoint) -> Scaling:
    return Scaling(name, "rate", "steady", "get", "response", points)


def test_latency_under_load_is_a_table_and_a_plot_by_quantile() -> None:
    found = result(scaling=(
        series("session=shared", point("50/s", 10), point("200/s", 40)),
        series("session=per-request", point("50/s", 14), point("200/s", 45)),
    ))  # fmt: skip
    text = page(found)
    assert "\nunder load, by rate  steady get response\n  ● session=shared   ▲ session=per-request   ── 95 %" in text
    rows = block(text, "under load, by rate")
    assert [row.split()[:2] for row in rows if row.strip().startswith("50/s")] == [["50/s", "●"]] * 3, (
        "p50, p99, and what came of it"
    )
    assert rows[3].split()[:6] == ["50/s", "●", "49.7/s", "1.2%", "10.0", "[9.00,"]
    assert rows[4].split()[:2] == ["▲", "49.7/s"]
    assert rows[3].rindex("●") < rows[5].rindex("●")
    assert "─●─" in rows[5]
    assert "log scale" not in text.split("under load")[1].split("\n", 2)[2], "no curves beside it"


def slope(quantile: str = "p50", **changes: Any) -> Slope:
    found = Slope("session=shared", quantile, quantile == "p50", 3, 6, 1.123, 1.05, 1.19, 0.95, "rises", None)
    return replace(found, **changes)


def test_what_came_of_each_point_and_what_it_took() -> None:
    more = {"completed": 48.0, "throttled": 0.02, "core": 0.12, "usd": 0.0123}
    rows = block(page(result(scaling=(series("a", replace(point("50/s", 10), **more)),))), "under load, by rate")
    at = next(number for number, row in enumerate(rows) if "completed" in row)
    assert rows[at].split() == ["offered", "completed", "failed", "throttled", "core", "USD", "a", "run"]
    assert rows[at + 1].split() == ["50/s", "●", "50/s", "48/s", "1.2%", "2%", "12%", "0.0123"]


def test_an_axis_that_sets_no_load_is_named_alone() -> None:
    found = result(scaling=(replace(series("a", point("1024", 10)), axis="size", load=False),))
    assert "\nby size  steady get response" in page(found)


def test_a_point_that_has_not_settled_is_marked() -> None:
    grown = replace(point("200/s", 400), unsettled=2)
    rows = block(page(result(scaling=(series("a", point("50/s", 10), grown),))), "under load, by rate")
    assert any(row.split()[4:5] == ["400*"] for row in rows)
    assert any(row.endswith("grew in 2 rounds") for row in rows)
    assert any(row.startswith("  *: it grew as long as it ran") for row in rows)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "the ratio rises, 1.12 [1.05, 1.19] times with each doubling of rate, over 3 values"),
        ({"verdict": "falls"}, "the ratio falls, 1.12 [1.05, 1.19] times with each doubling of rate, over 3 values"),
        ({"verdict": "inconclusive", "low": 0.9},
         "no change of the ratio is shown, 1.12 [0.9, 1.19] times with each doubling of rate, over 3 values"),
        ({"verdict": "none", "low": None, "high": None, "why": Reason.of("too_few_rounds", needs=6, rounds=3)},
         "no verdict; 1.12 times with each doubling of rate; 3 rounds: no interval, which takes 6"),
        ({"verdict": "none", "factor": None, "why": Reason.of("few_points", points=1)},
         "no slope; 1 value at which both have settled and are known, and a slope takes 2"),
    ],
)  # fmt: skip
def test_whether_the_ratio_changes_is_a_sentence(changes: dict[str, Any], said: str) -> None:
    sloped = replace(series("session=per-request", point("50/s", 10)), slopes=(slope(**changes), slope("p99")))
    text = " ".join(page(result(scaling=(series("session=shared", point("50/s", 10)), sloped))).split())
    assert f"session=per-request / session=shared, p50: {said}" in text
    assert text.index("shared, p50: ") < text.index("shared, p99: ")


def test_points_that_know_nothing_are_told_as_such() -> None:
    unknown = ScalingPoint("50/s", "x", None, None, None)
    without = replace(point("80/s", 10, p99=None, p99_low=None, p99_high=None), rate=None)
    found = result(scaling=(series("", unknown, without),))
    rows = block(page(found), "under load, by rate")
    assert rows[1].startswith("  ● all ")
    assert rows[3].split() == ["50/s", "●", "-", "-", "-", "-"]
    assert not any("p99 ms" in row for row in rows), "nobody knows it"


def test_many_points_show_fewer_quantiles_and_many_series_none() -> None:
    long = tuple(series(f"s{n}", *(point(f"{at}/s", at, p90=at) for at in range(1, 10))) for n in range(8))
    assert "p90 ms" not in page(result(scaling=long))
    assert "9 series: see --json" in page(result(scaling=(*long, series("s9", point("1/s", 1)))))


# runs


def test_a_row_for_each_variant_says_what_its_runs_were() -> None:
    found = result(variants=(variant("shared", 0), variant("fresh", 200, trust="DEGRADED")))
    rows = block(page(found), "runs")
    assert rows[1].split() == ["runs", "requests", "failed", "opened/request", "at", "once"]
    assert rows[2].split() == ["shared", "8", "1,600", "8", "0.00", "6", "8", "VALID"]
    assert rows[3].split() == ["fresh", "8", "1,600", "8", "1.00", "6", "8", "DEGRADED"]
    assert rows[4] == "  each run is a run as any other: loadgen report FOLDER/rounds/01/shared"


def test_the_reasons_of_many_runs_are_counted() -> None:
    late = TrustSignal("lag", "INVALID", Reason.of("lag", p99_ms=9.0), "INVALID", noted=False, variant="fresh")
    trust = replace(VALID, verdict="INVALID", reasons=tuple(replace(late, round=n) for n in range(1, 21)))
    text = page(result(trust=trust))
    assert "  - fresh, round 1: lag p99 9.00 ms: requests left later than the schedule says" in text
    assert text.count("lag p99 9.00 ms") == 8
    assert "  and 12 more: see --json\n" in text


# names and strangers


@pytest.mark.parametrize(
    ("variant", "baseline", "told"),
    [
        ("fresh", "shared", ("", "fresh", "shared")),
        ("s=b rate=5/s", "s=a rate=5/s", ("rate=5/s: ", "s=b", "s=a")),
        ("x s=b n=1", "x s=a n=1", ("x n=1: ", "s=b", "s=a")),
        ("a", "a", ("", "a", "a")),
        ("a b", "c", ("", "a b", "c")),
        ("", "", ("", "", "")),
    ],
)
def test_what_tells_variants_apart(variant: str, baseline: str, told: tuple[str, str, str]) -> None:
    assert apart(variant, baseline) == told


@pytest.mark.parametrize("width", [60, 80, 92, 100])
def test_64_variants_with_long_names_fit(width: int) -> None:
    names = [f"session=per-request rate={n}/s payload={'x' * 60}" for n in range(64)]
    comparison = replace(
        COMPARISON,
        figures=tuple(figure(variant=name, baseline=names[0]) for name in names[1:] for _ in range(5)),
        parts=tuple(part("connect", 1, 2, variant=name, baseline=names[0]) for name in names[1:]),
        curves=tuple(curve(name, 1, 2, 3) for name in names),
    )
    text = page(result(variants=tuple(variant(name, 5) for name in names), comparison=comparison), width)
    assert "8 rounds of 64 variants, in turns" in text
    assert "more verdicts: see --json" in text
    assert len(text.splitlines()) < 400


EVIL = "\x1b[2J\x1b]0;x\x07[bold]{}%s\u202e" + "y" * 300


def test_hostile_text_neither_steers_the_terminal_nor_breaks_the_page() -> None:
    why = Reason.of("connections_not_as_said", variant="w", round=1, reuse="w", per_request=1.0)
    found = result(
        thresholds=(threshold("failed"), OF_TWO), scaling=(series("s", point("5/s", 10)),), warnings=(Reason.of("sandbox_silent", error="w"),),
        comparison=replace(COMPARISON, why_not=(why, Reason.of("unreadable", error="w"))),
    )  # fmt: skip
    text = page(map_text(found, lambda text: EVIL))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "[bold]" in text


@settings(max_examples=examples(40))
@given(documents(ExperimentResult))
def test_any_result_can_be_shown(document: dict[str, Any]) -> None:
    text = page(from_json(ExperimentResult, document), 100)
    assert all(character.isprintable() or character == "\n" for character in text)


class Terminal(io.StringIO):
    encoding = "ascii"


def test_an_old_terminal_gets_marks_that_differ() -> None:
    out = Terminal()
    show(result(), out)
    assert "o shared   ^ fresh" in out.getvalue()
    assert out.getvalue().isascii()
