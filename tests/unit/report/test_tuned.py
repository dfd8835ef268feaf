"""A tuned function on each of its outputs: the screen fits, the sentence has the figures, and a hostile result does no
harm."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from lambda_calls import ORDERS
from tunings import Function, tuned

from loadgen.experiment.tune.plan import Matrix, starts_of
from loadgen.report.formats import json_text
from loadgen.report.formats.csv import csv_text
from loadgen.report.formats.junit import junit_text
from loadgen.report.formats.markdown import markdown_text
from loadgen.report.html.text import html_text
from loadgen.report.sharing import shared
from loadgen.report.styles import text_of
from loadgen.report.terminal.runs import runs
from loadgen.report.terminal.screen import render
from loadgen.report.tuned import advice, picture, provisioned
from loadgen.report.words import ms
from loadgen.result.codec import from_json
from loadgen.result.tune import TuneResult

SIZES = (128, 256, 512, 1024, 1769, 3008)


@cache
def result(keep: str = "") -> TuneResult:
    import tempfile

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        function = Function({"service": "lognormal(p50=20ms, p99=40ms)"}, {"cpu_bound": "50%"})
        keeps = (keep,) if keep else ()
        made = tuned(Path(folder) / "run", patch, function, SIZES, 1, calls=60, rounds=2, keep=keeps)
    return replace(made, run="runs/tune-orders")


def said(of: TuneResult) -> str:
    return " ".join(text_of(parts) for parts in advice(of))


@pytest.mark.parametrize("keep", ["", "p50 < 100ms"])
@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_the_screen_fits(keep: str, width: int) -> None:
    lines = render(result(keep), width=width, color=False).splitlines()
    assert max(map(len, lines)) <= width
    assert width < 80 or len(lines) <= 30
    assert width < 80 or all(any(line.split()[:1] == [str(size)] for line in lines) for size in SIZES)


def test_without_a_condition_the_strategies_are_told() -> None:
    text = said(result())
    assert text.startswith("128 MB is the cheapest size by Power Tuning's trimmed mean, of cold starts too: 1")
    assert "for a million calls" in text and "% less than with the 512 MB that it has" in text
    assert "3008 MB is the fastest" in text or "1769 MB is the fastest" in text
    assert "is balanced between both" in text


def test_a_strategy_tells_the_figures_by_which_it_chose() -> None:
    """Those of warm calls, which the table has, may say otherwise."""
    of = result()
    cheapest, *others = of.sizes
    known = replace(cheapest, usd_per_million=0.9, trimmed_ms=50.0, trimmed_usd=2e-7)
    fast = replace(others[-1], usd_per_million=0.3, trimmed_ms=25.0, trimmed_usd=5e-7)
    of = replace(
        of, sizes=(known, *others[:-1], fast),
        choices=tuple(replace(choice, memory=128 if choice.strategy == "cost" else 3008) for choice in of.choices),
    )  # fmt: skip
    text = said(of)
    assert "128 MB is the cheapest size by Power Tuning's trimmed mean, of cold starts too: 50.0 ms, $0.200 for" in text
    assert "3008 MB is the fastest by it: 25.0 ms, $0.500 for a million calls without the requests, 2 times as" in text
    assert "as fast for 2.5 times the price" in text
    assert "$0.90" not in text and "$0.30" not in text and "p50 1" not in text


def test_what_may_be_as_fast_as_the_fastest_is_told() -> None:
    """Above 1769 MB there is no more CPU: chance decides between two sizes, and no other."""
    text = said(result())
    assert "1769 MB may be as fast: the intervals of p50 overlap" in text.replace("3008 MB may", "1769 MB may")
    sizes = tuple(replace(of, warm=replace(of.warm, intervals={})) for of in result().sizes)
    assert "its p50 has no interval, so that chance may decide" in said(replace(result(), sizes=sizes))


def test_with_a_condition_the_cheapest_that_keeps_it_is_told() -> None:
    text = said(result("p50 < 100ms"))
    assert text.startswith("256 MB is the cheapest size that keeps p50 < 100ms and errors < 1%: p50 8")
    assert "inside the limit" in text and "less than with the 512 MB that it has" in text


def test_no_size_keeps_what_none_can() -> None:
    none = result("p50 < 1ms")
    assert said(none) == "No size is known to keep p50 < 1ms and errors < 1%"
    assert none.exit_status == 4 and none.choices[-1].memory is None


def test_a_percentile_without_an_interval_is_said_to_have_none() -> None:
    assert "p95 has no interval, so that chance may decide: --calls gives more" in said(
        result("p80 < 200ms, p95 < 1s")
    ) or ("has no interval" in said(result("p95 < 1s")))


def test_everything_is_printed_with_full() -> None:
    text = render(result(), width=80, color=False, full=True)
    assert picture(result()) in text.splitlines()
    assert sum("VALID" in line for line in text.splitlines()) == 12
    assert "trimmed ms" in text


def test_the_intervals_of_warm_calls_are_printed_and_on_the_page() -> None:
    of = result()
    (first, *_) = of.sizes
    low, high = first.warm.intervals["p50"].low, first.warm.intervals["p50"].high
    for text in (render(of, width=100, color=False, full=True), html_text(of, [])):
        assert f"[{ms(low)}, {ms(high)}]" in text
        assert "95 %" in text


def test_json_is_read_again_and_has_power_tunings_form() -> None:
    document = json.loads(json_text(result()))
    assert from_json(TuneResult, document) == result()
    power = document["power_tuning"]
    assert {"power", "cost", "duration", "stateMachine", "stats"} == {*power}
    assert {"value", "averagePrice", "averageDuration"} == {*power["stats"][0]}
    assert {"executionCost", "lambdaCost", "visualization"} == {*power["stateMachine"]}
    assert (power["power"], [of["value"] for of in power["stats"]]) == (128, [*SIZES])


def test_the_rows_of_a_csv() -> None:
    rows = [*csv.DictReader(io.StringIO(csv_text(result("p50 < 100ms"))))]
    assert [(row["memory_mb"], row["metric"]) for row in rows[:2]] == [("128", "service"), ("128", "handler")]
    assert len(rows) == 2 * len(SIZES)
    assert [row["kept"] for row in rows[::2]] == ["0", "1", "1", "1", "1", "1"]
    assert "keep" in rows[2]["chosen"]


def test_the_other_outputs() -> None:
    page = markdown_text(result())
    assert "is the cheapest size" in page and "lambda-power-tuning.show/#" in page
    assert "is the cheapest size" in html_text(result(), None, "name: orders")
    assert "the run has a result" in junit_text(result(), "error")
    assert "cost 128 MB" in " ".join(runs([("tune-orders", result())], 0, 100, False).split())


def test_a_hostile_result_does_no_harm() -> None:
    of = result()
    assert of.power_tuning
    machine = replace(of.power_tuning.stateMachine, visualization="javascript:alert(1)")
    hostile = replace(of, name="a\x1b[2J<script>", power_tuning=replace(of.power_tuning, stateMachine=machine))
    assert picture(hostile) == ""
    for text in (render(hostile, width=80, color=False), html_text(hostile), markdown_text(hostile)):
        assert "\x1b" not in text and "javascript" not in text and "<script>" not in text


def test_names_of_accounts_are_left_out_when_it_is_shared() -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
    of = result()
    assert "123456789012" not in json_text(shared(replace(of, plan=replace(of.plan, function=arn))))


def test_without_a_visit_nothing_is_recommended() -> None:
    of = replace(result(), sizes=(), choices=(), visits=(), trust=None, power_tuning=None)
    assert "No size is recommended" in render(of, width=80, color=False)


# cells that are more than memory sizes


@cache
def cells() -> TuneResult:
    import tempfile

    matrix = Matrix(starts_of("on-demand,snapstart,provisioned=2"))
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        function = Function(
            {"service": "lognormal(p50=20ms, p99=40ms)"}, {"cpu_bound": "50%", "snap_start": {"restore": "12ms"}}
        )
        made = tuned(
            Path(folder) / "run", patch, function, (512, 1024), 1, calls=300, rounds=2, rate=20, matrix=matrix,
            keep=("p50 < 100ms",),
        )  # fmt: skip
        assert (function.memory, len(function.ask("GET", f"{ORDERS}/versions")["Versions"])) == (512, 1)
    return replace(made, run="runs/tune-orders")


NAMES = [f"{memory} MB{start}" for memory in (512, 1024) for start in ("", " snapstart", " provisioned=2")]


def test_each_cell_has_its_price_and_its_cold_starts() -> None:
    """https://aws.amazon.com/lambda/pricing/: two environments of 512 MB are 1 GB-s a second, and 20 calls share it."""
    of = {size.cell: size for size in cells().sizes}
    assert [*of] == NAMES and all(size.calls == 300 for size in of.values())
    plain, provisioned, snapstart = (of[f"512 MB{start}"] for start in ("", " provisioned=2", " snapstart"))
    assert plain.billed_ms and provisioned.billed_ms and provisioned.usd_per_million and plain.usd_per_million
    assert plain.usd_per_million == pytest.approx(plain.billed_ms / 2 * 16.66667 / 1000 * 1000 / 1000 + 0.2, rel=1e-4)
    assert (provisioned.rate, provisioned.provisioned_usd_per_hour) == (
        20,
        pytest.approx(3600 * 0.0000041667, abs=1e-6),
    )
    low, high = (provisioned.billed_ms / 2000 * price + 2e-7 for price in (0.0000097222, 0.0000166667))
    own = provisioned.usd_per_million / 1e6 - 0.0000041667 / 20
    assert low < own < low + 0.3 * (high - low), "a few calls beyond the two are billed on demand"
    assert plain.cold.count and plain.rate is None and plain.provisioned_usd_per_hour is None
    assert snapstart.cold.mean and plain.cold.mean and snapstart.cold.mean < plain.cold.mean
    assert cells().power_tuning is None, "it has memory sizes alone"


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_the_screen_of_cells_fits(width: int) -> None:
    lines = render(cells(), width=width, color=False).splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "is the cheapest cell that keeps p50 < 100ms" in text
    assert "512 MB provisioned=2: $0.015 an hour for its environments, $0.208 of a million calls at 20/s" in text


def test_cells_are_on_every_output() -> None:
    every = [markdown_text(cells()), html_text(cells(), ()), csv_text(cells()), json_text(cells())]
    for text in every:
        assert all(name in text for name in NAMES)
    assert from_json(TuneResult, json.loads(json_text(cells()))) == cells()
    full = render(cells(), width=100, color=False, full=True).splitlines()
    assert sum(line.split()[:1] == ["cell"] for line in full) == 3, "of sizes, of intervals, of Power Tuning's figures"
    assert sum("a binomial interval" in line for line in full) == 1


def test_a_price_that_is_not_known_is_said_with_the_key_for_it() -> None:
    """As that of provisioned concurrency on arm64 is, but in us-east-1."""
    unknown = replace(cells().prices, provisioned_usd=None, provisioned_call_usd=None)
    sizes = tuple(replace(of, provisioned_usd_per_hour=None, usd_per_million=None) for of in cells().sizes)
    told = [*provisioned(replace(cells(), prices=unknown, sizes=sizes))]
    assert told == [
        f"{name}: no price is known; set target.lambda.prices.provisioned_gb_second and its call's"
        for name in NAMES
        if "provisioned" in name
    ]
