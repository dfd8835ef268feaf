"""The first screen of a result as Markdown, for a comment or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from loadgen.report import costs
from loadgen.report.axis import decisive, grew, share_text, slope_text, slopes_of, usd_text, value_of
from loadgen.report.beside import glance
from loadgen.report.compared import difference, times
from loadgen.report.finding_sentences import where
from loadgen.report.highest_rate import cells, compared, effort, found, limited, near, nearest, note, titles
from loadgen.report.navigate import every_step, failures_of, grouped, place
from loadgen.report.reasons import lines, of_figure
from loadgen.report.senders import senders
from loadgen.report.sentences import sentence
from loadgen.report.styles import text_of
from loadgen.report.terminal.bands import offered
from loadgen.report.terminal.figures import chosen, range_of, rows
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.thresholds import ORDER, value_text
from loadgen.report.terminal.until import reached
from loadgen.report.trust import doubts, reason
from loadgen.report.tuned import advice, cost_of, effort_of, picture, row_of, titles_of
from loadgen.report.unusable import unusable
from loadgen.report.verdict import Result, ended, exit_text, measured, word
from loadgen.report.words import brief, clean, count, ms, rate, several, share
from loadgen.result.capacity import CapacityResult, CapacityVariant
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult, Threshold
from loadgen.result.tune import TuneResult

ROWS, FINDINGS, REASONS, RAMPS, POINTS = 12, 5, 3, 3, 24
NAME = 60  # characters
# what Markdown, GitHub's form of it, or the HTML in it would take for more than text inside a line
_MARKS = re.compile(r"([\\`*_\[\]<>|&~$@#]|:(?=/)|(?<=www)\.)", re.IGNORECASE)


def markdown_text(result: Result) -> str:
    """A heading with the verdict, what the figures prove, the thresholds and the figures that matter most."""
    cleaned = map_text(result, clean)
    parts = [*_head(cleaned), *_thresholds(cleaned)]
    if isinstance(cleaned, CapacityResult):
        parts += _capacity(cleaned)
    elif isinstance(cleaned, TuneResult):
        parts += _tune(cleaned)
    else:
        parts += _experiment(cleaned) if isinstance(cleaned, ExperimentResult) else _run(cleaned)
    return "\n".join(parts) + "\n"


def plain(text: str) -> str:
    """A text in which nothing is markup, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _head(result: Result) -> Iterator[str]:
    early, (verdict, _) = ended(result), word(result)
    yield f"### {early[0] if early else verdict}: {plain(brief(result.name, NAME))}"
    yield ""
    if why := unusable(result):
        yield f"{plain(why)}\n"
    if early:
        yield f"{plain(early[1])}\n"
    if isinstance(result, RunResult):
        requests = result.variant.requests
        bad = f"{count(requests.failed)} failed ({share(requests.failed, requests.sent)}): {failures_of(requests)}"
        said = [several(requests.sent, "request"), bad if requests.failed else "none failed"]
        said += ["simulated target"] if result.target.simulated else [result.target.url]
        yield f"{plain(' · '.join(said))}\n"
    for signal in result.trust.reasons[:REASONS] if result.trust else ():
        yield f"- {plain(reason(signal))}"
    if text := exit_text(result):
        yield f"\n{plain(text)}\n"


def _thresholds(result: Result) -> Iterator[str]:
    every = sorted(result.thresholds, key=lambda threshold: ORDER.index(threshold.status))
    if not every:
        return
    yield from _table(
        ("threshold", "of", "", "measured"),
        [
            (
                threshold.text,
                _of(threshold),
                threshold.status if threshold.status == "passed" else threshold.status.upper(),
                value_text(threshold),
            )
            for threshold in every
        ],
    )


def _of(threshold: Threshold) -> str:
    cycle = f"cycle {threshold.cycle}" if threshold.cycle > 1 else ""
    return " ".join(filter(None, (threshold.variant or "", threshold.phase, cycle, threshold.step)))


def _run(result: RunResult) -> Iterator[str]:
    phases = grouped(result.variant.phases)
    for finding in result.findings[:FINDINGS]:
        yield f"{plain(where(finding, len(phases) > 1) + sentence(finding.observed))}\n"
    if result.until:
        yield f"{plain(f'Until {brief(result.until.text, NAME)}: {reached(result.until)}')}\n"
    if not measured(result):
        return
    shown = chosen(rows(result), result, ROWS)
    table = [(row.label, *(range_of(row, name) for name in PERCENTILES)) for row in shown]
    yield from _table(("response, ms", *PERCENTILES), table)
    if any(any(mark in cell for mark in "!~") for row in table for cell in row[1:]):
        yield plain(doubts(senders(result)))
    yield from _bands(result)
    for stream in result.variant.beside:
        yield f"{plain(f'Beside the phases: {glance(stream)}')}\n"


def _bands(result: RunResult) -> Iterator[str]:
    """Of each step in a phase whose rate changes, by the rate that was offered."""
    banded = [case for case in every_step(result.variant.phases) if case[2].bands]
    for phase, label, step in banded[:RAMPS]:
        notes = Footnotes()
        yield from _table(
            (f"{place(phase)} {label}, offered", "requests", "failed", "completed", *PERCENTILES),
            [
                (
                    offered(band),
                    count(band.requests),
                    share(band.failed, band.requests),
                    rate(round(band.completed_per_s, 1)),
                    *(notes.cell(band.latency_ms, name) for name in PERCENTILES),
                )
                for band in step.bands
            ],
        )


def _experiment(result: ExperimentResult) -> Iterator[str]:
    comparison = result.comparison
    if comparison is None:
        return
    primary = [figure for figure in comparison.figures if figure.primary]
    yield from _table(
        ("variant", "figure", "baseline, ms", "variant, ms", "times", "difference, ms", "verdict"),
        [
            (
                f"{figure.variant} against {figure.baseline}",
                f"{figure.phase} {figure.step} {figure.metric} {figure.quantile}",
                ms(figure.baseline_ms),
                ms(figure.variant_ms),
                times(figure),
                difference(figure),
                f"{figure.verdict}{f': {of_figure(figure.why)}' if figure.why else ''}",
            )
            for figure in primary
        ],
    )
    for why in lines(comparison.why_not):
        yield f"- {plain(f'no verdict: {why}')}"
    yield from _axis(result)
    if result.costs:
        yield from _table(costs.TITLES, [*costs.rows(result)])
        yield plain(costs.note(result.costs))


def _axis(result: ExperimentResult) -> Iterator[str]:
    """The points of what the primary figure is of, and whether the ratio changes."""
    group = decisive(result.scaling, result.experiment.primary)
    points = [(series, point) for series in group for point in series.points][:POINTS]
    titles = ("offered", "reached", "completed", "failed", "throttled", "core", "USD a run", "p50, ms", "p99, ms", "")
    yield from _table(
        (f"by {group[0].axis}" if group else "", *titles),
        [
            (
                f"{series.series} {point.at}".strip(),
                rate(point.offered),
                rate(point.rate),
                rate(point.completed),
                share_text(point.errors),
                share_text(point.throttled),
                share_text(point.core),
                usd_text(point.usd),
                *(value_of(point, name) for name in ("p50", "p99")),
                grew(point),
            )
            for series, point in points
        ],
    )
    for series, slope in [pair for pair in slopes_of(group) if pair[1].primary]:
        said = slope_text(slope, series.axis)
        yield f"{plain(f'{series.series} / {slope.baseline}, {slope.quantile}: {said}')}\n"


def _capacity(result: CapacityResult) -> Iterator[str]:
    if not result.unusable:
        for ratio in result.ratios:
            yield f"\n**{plain(text_of(compared(result, ratio)))}**\n"
        for of in result.each:
            yield from _of_variant(result, of)
    if result.steps:
        yield plain(effort(result))


def _tune(result: TuneResult) -> Iterator[str]:
    for said in advice(result):
        yield f"\n**{plain(text_of(said))}**\n"
    rows = [[text_of([part]) for part in row_of(result, size)] for size in result.sizes]
    yield from _table(titles_of(result), rows)
    if link := picture(result):
        yield f"[The picture of these figures]({link}), as AWS Lambda Power Tuning draws it\n"
    if result.visits:
        yield plain(f"{effort_of(result)} · {cost_of(result)}")


def _of_variant(result: CapacityResult, of: CapacityVariant) -> Iterator[str]:
    said = text_of(found(result.plan, of.capacity))
    yield f"\n{plain(of.name)}: {plain(said)}\n" if of.name else f"\n**{plain(said)}**\n"
    steps = result.steps_of(of.name)
    if not steps:
        return
    yield f"{plain(limited(of.capacity, steps))}\n"
    shown = near(of.capacity, steps, ROWS)
    limit = nearest(of.capacity, shown)
    rows = [
        [text_of([part]) for part in (*cells(result.plan, step), "limit" if step is limit else note(step, False))]
        for step in shown
    ]
    yield from _table((*titles(result.plan), ""), rows)


def _table(names: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"| {' | '.join(map(plain, names))} |"
    yield f"|{'---|' * len(names)}"
    for row in lines:
        yield f"| {' | '.join(map(plain, row))} |"
    yield ""
