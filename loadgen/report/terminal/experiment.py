"""The summary of an experiment for a terminal: the verdict first, then its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report import costs
from loadgen.report.compared import SENTENCES, VERDICTS, apart, difference, is_of_few, named, ratio, ratios_of_rounds
from loadgen.report.reasons import lines, of_figure
from loadgen.report.resolution import machine
from loadgen.report.terminal.comparison import curves, figures, parts
from loadgen.report.terminal.page import BAD, DIM, GOOD, WARN, Part, add, heading, indented, labelled, line, table
from loadgen.report.terminal.scaling import scaling
from loadgen.report.terminal.thresholds import ORDER, rows, value_text
from loadgen.report.words import UNKNOWN, brief, count, listed, ms, several
from loadgen.result.experiment import Comparison, Design, ExperimentResult, ExperimentVariant, Figure
from loadgen.result.run import Status, Threshold

LABEL, NAMES = 34, 6  # characters of a variant's name, and how many are listed
MANY = 24  # rows, of thresholds and of runs
STATUSES: dict[Status, str] = {"failed": BAD, "undecided": WARN, "passed": GOOD}


def experiment(result: ExperimentResult, width: int) -> Iterator[RenderableType]:
    """The summary of all runs together."""
    comparison = result.comparison
    yield from _head(result.experiment, [variant.name for variant in result.variants])
    if comparison:
        yield from _verdicts(comparison)
        yield from _checks(comparison)
    else:
        yield line(("no verdict: ", WARN), "no round is complete")
    yield from _thresholds(result.thresholds, width)
    if comparison:
        yield from figures(comparison)
        yield from scaling(result.scaling) if result.scaling else curves(comparison, width)
        yield from parts(comparison)
    yield from costs_table(result)
    yield from _runs(result.variants)


def _head(design: Design, names: list[str]) -> Iterator[RenderableType]:
    rounds, last = design.rounds, design.looks[-1] if design.looks else 0
    planned = f" of {count(last)} planned" if last != rounds else ""
    who = ", ".join(brief(name, LABEL) for name in names) if len(names) <= NAMES else f"{count(len(names))} variants"
    at_once = "at the same time" if design.duet else "in turns"
    yield heading(several(rounds, "round"), (f"{planned} of {who}, {at_once}", ""))


def _verdicts(comparison: Comparison) -> Iterator[RenderableType]:
    """A sentence for the primary figure of each variant."""
    primary = [figure for figure in comparison.figures if figure.primary]
    for figure in primary[:MANY]:
        where, variant, baseline = apart(figure.variant, figure.baseline)
        sentence = SENTENCES[figure.verdict]
        against = sentence.format(baseline) if "{}" in sentence else f"{sentence} {baseline}"
        lead: Part = (f"{where}{variant} {against}: ", VERDICTS[figure.verdict])
        yield line(lead, _evidence(figure, comparison.margin))
        for target in comparison.figures:
            if _is_beside(target, figure):
                yield line(("the target's own time: ", VERDICTS[target.verdict]), _of_target(target), indent=2)
    if len(primary) > MANY:
        yield line((f"{count(len(primary) - MANY)} more verdicts: see --json", DIM), indent=2)


def _is_beside(target: Figure, figure: Figure) -> bool:
    """Whether it is the target's own time of what a figure is of."""
    same = (target.variant, target.baseline, target.phase, target.step, target.quantile)
    of_figure = (figure.variant, figure.baseline, figure.phase, figure.step, figure.quantile)
    return target.metric == "target" and figure.metric != "target" and same == of_figure


def _of_target(target: Figure) -> str:
    said: list[str] = [] if target.verdict == "none" else [target.verdict]
    if target.ratio is not None:
        said.append(f"{ratio(target, ' times')}, {difference(target, ' ms')}")
    if target.why:
        said.append(of_figure(target.why))
    return "; ".join(said)


def _evidence(figure: Figure, margin: float) -> str:
    """How much evidence there is, and how to get more."""
    said = [named(figure)]
    if figure.ratio is not None:
        said.append(f"{ratio(figure, ' times')}, {difference(figure, ' ms')}")
    if figure.verdict == "equivalent" and figure.margin_ms is not None:
        said.append(f"which is within {ms(figure.margin_ms)} ms: this machine cannot tell less")
    elif figure.verdict == "equivalent" and margin:
        said.append(f"which is within {100 * margin:g}%")
    if figure.why:
        said.append(of_figure(figure.why))
    if is_of_few(figure):
        said.append(f"the rounds' ratios: {ratios_of_rounds(figure)}")
    if figure.verdict == "inconclusive" and figure.more_rounds:
        more = figure.more_rounds
        said.append(f"{several(more, 'more round')} may tell, if this is the ratio")
    return ": ".join(said[:2]) + "".join(f"; {text}" for text in said[2:])


def _checks(comparison: Comparison) -> Iterator[RenderableType]:
    """Why there is no verdict; what is to be known beside them; what this machine cannot tell; and in one line which
    checks passed."""
    for why in lines(comparison.why_not):
        yield labelled(("no verdict: ", WARN), why)
    for note in lines(comparison.notes):
        yield labelled(("note: ", WARN), note)
    if comparison.resolution:
        yield line((f"this machine: {machine(comparison.resolution)}", DIM), indent=2)
    sound = [check.check for check in comparison.checks if check.ok]
    if sound:
        yield line((f"looked at and as it must be: {', '.join(sound)}", DIM), indent=2)


def _thresholds(thresholds: Sequence[Threshold], width: int) -> Iterator[RenderableType]:
    """Thresholds that did not pass first. If there are many, those that passed are only counted."""
    if not thresholds:
        return
    every = sorted(thresholds, key=lambda threshold: ORDER.index(threshold.status))
    missed = [threshold for threshold in every if threshold.status != "passed"]
    shown = every if len(every) <= MANY else missed[:MANY]
    yield heading("thresholds")
    told = []
    for threshold in shown:
        word = threshold.status.upper() if threshold.status == "failed" else threshold.status
        of_two = threshold.rounds is None  # its text names its variants itself
        whose = "" if of_two else threshold.variant or ""
        names = [brief(text, LABEL) for text in (whose, threshold.phase, threshold.step)]
        cells = (*names[:2], brief(threshold.text, 80), names[2], value_text(threshold))
        told.append(((word, STATUSES[threshold.status]), cells))
    yield from rows(told, ("left", "left", "fixed", "left", "text"), width)
    if rest := len(every) - len(shown):
        yield line((f"{count(rest)} more: see --json", DIM), indent=2)


def costs_table(result: ExperimentResult, most: int = MANY) -> Iterator[RenderableType]:
    """What the variants cost, at most so many of them."""
    if not result.costs:
        return
    widths = (("left", 16), ("right", 7), ("right", 7), ("right", 15), ("right", 15), ("text", 12))
    made = table(*((title, *width) for title, width in zip(costs.TITLES, widths, strict=True)))
    for row in [*costs.rows(result)][:most]:
        add(made, *row)
    yield heading("cost", (f"  {costs.note(result.costs)}", DIM))
    yield indented(made)


def _runs(variants: Sequence[ExperimentVariant]) -> Iterator[RenderableType]:
    """A row for each variant; `opened` are connections for each request, `at once` the most that were open."""
    yield heading("runs")
    titles = (("runs", 4), ("requests", 9), ("failed", 7), ("opened/request", 14), ("at once", 7))
    made = table(("", "left", 12), *((title, "right", width) for title, width in titles), ("", "text", 9))
    for variant in variants:
        runs = variant.rounds
        sent, failed = sum(run.requests.sent for run in runs), sum(run.requests.failed for run in runs)
        opened = sum(run.connections.opened - run.connections.preopened for run in runs)
        peak = max((run.connections.peak for run in runs), default=0)
        per_request = f"{opened / sent:.2f}" if sent else UNKNOWN
        grades = listed(Counter(run.trust for run in runs))
        name = brief(variant.name, LABEL)
        add(made, name, count(len(runs)), count(sent), count(failed), per_request, count(peak), grades)
    yield indented(made)
    folders = [run.folder for variant in variants for run in variant.rounds]
    if folders:
        yield line((f"each run is a run as any other: loadgen report FOLDER/{folders[0]}", DIM), indent=2)
