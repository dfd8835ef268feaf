"""The first screen of an experiment: the verdict and what a variant costs, where that comes from, and the figures that
it is decided by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from loadgen.report.compared import VERDICTS, apart, primary_of, times, verdict, word_of
from loadgen.report.reasons import lines, of_figure
from loadgen.report.sentences import notice_text
from loadgen.report.terminal.experiment import STATUSES, costs_table
from loadgen.report.terminal.page import BAD, DIM, STRONG, WARN, Part, add, labelled, line, table
from loadgen.report.terminal.run_summary import SENTENCE, lead
from loadgen.report.terminal.scaling import scaling_summary
from loadgen.report.terminal.thresholds import ORDER, value_text
from loadgen.report.trust import reason
from loadgen.report.unusable import unusable
from loadgen.report.verdict import ended, exit_text, word
from loadgen.report.words import brief, count, ms, several
from loadgen.result.experiment import Comparison, ExperimentResult, ExperimentVariant, Figure, Round
from loadgen.result.run import Threshold

SENTENCES_FOR = 2  # variants, beside the baseline; more of them get a row each
FEW = 3  # variants that are named
NAME = 24  # characters


def experiment_summary(result: ExperimentResult, width: int, room: int) -> Iterator[RenderableType]:
    """The screen, with at most so many rows in its tables."""
    yield from _head(result)
    if result.comparison:
        yield from _verdicts(result.comparison, room)
    yield from _trust(result, room)
    yield from _thresholds(result.thresholds, room)
    if result.comparison:
        yield Text()
        primary = primary_of(result.comparison)
        if result.scaling:
            yield from scaling_summary(result.scaling, result.comparison.primary, room)
        elif primary and len(primary) <= SENTENCES_FOR:
            yield from _figures(primary, result.comparison, room)
    yield from costs_table(result, max(2, room // 2))
    yield Text()
    yield from _end(result)


# the verdict


def _head(result: ExperimentResult) -> Iterator[RenderableType]:
    early = ended(result)
    verdict, style = (early[0], BAD) if early else word_of(result)
    design = result.experiment
    runs = [run for variant in result.variants for run in variant.rounds]
    sent = sum(run.requests.sent for run in runs)
    planned = f" of {count(design.looks[-1])}" if design.looks and design.looks[-1] != design.rounds else ""
    said = [
        f" against {brief(design.baseline, NAME)}" if len(result.variants) != 2 else _two(result),
        f"decided by {brief(design.primary, 50)}",
        f"{f'{count(design.rounds)}{planned} rounds' if planned else several(design.rounds, 'round')}, "
        f"{several(sent, 'request')}",
        *(["the simulated target"] if result.target and result.target.simulated else []),
    ]
    yield labelled((f"{verdict}  ", style), (brief(result.name, 40), STRONG), " · ".join(said))
    if why := unusable(result):
        yield line((brief(why, SENTENCE), BAD))
    if early:
        yield line((early[1], BAD))


def _two(result: ExperimentResult) -> str:
    other = next((of.name for of in result.variants if of.name != result.experiment.baseline), "")
    where, variant, baseline = apart(other, result.experiment.baseline)
    return f"  {where}{variant} against {baseline}"


def _verdicts(comparison: Comparison, room: int) -> Iterator[RenderableType]:
    """A sentence for each of one or two variants; a row for each of more. What is wrong with all of them is said
    once."""
    primary = primary_of(comparison)
    told = {of_figure(figure.why) for figure in primary if figure.why}
    if len(primary) <= SENTENCES_FOR:
        for figure in primary:
            yield line(*verdict(figure, comparison))
        told_above = told
    else:
        yield Text()
        yield from _several(primary, room)
        told_above = set()
    reasons = [*dict.fromkeys((*lines(comparison.why_not), *sorted(told)))]
    others = [why for why in reasons if why not in told_above]
    most = max(1, room // 3)
    for why in others[:most]:
        yield labelled(("no verdict: ", WARN), brief(why, SENTENCE))
    for note in [*lines(comparison.notes)][:most]:
        yield labelled(("note: ", DIM), brief(note, SENTENCE))
    if len(others) > most:
        yield line((f"{several(len(others) - most, 'more reason')} in --full", DIM))


# how sure it is


def _trust(result: ExperimentResult, room: int) -> Iterator[RenderableType]:
    trust, most = result.trust, 1 if room < FEW else 2
    if trust and trust.verdict != "VALID":
        runs = [run for variant in result.variants for run in variant.rounds]
        worse = sum(run.trust != "VALID" for run in runs)
        yield line((f"{trust.verdict}: {count(worse)} of {several(len(runs), 'run')}", word(result)[1]))
        for signal in trust.reasons[:1]:
            yield labelled(("- ", WARN), brief(reason(signal), SENTENCE if room > FEW else SENTENCE // 2), indent=2)
    for warning in result.warnings[:most]:
        yield labelled(("warning: ", WARN), brief(notice_text(warning), SENTENCE))
    if len(result.warnings) > most:
        yield line((f"{several(len(result.warnings) - most, 'more warning')} in --full", DIM), indent=2)


def _thresholds(thresholds: Sequence[Threshold], room: int) -> Iterator[RenderableType]:
    every = sorted(thresholds, key=lambda threshold: ORDER.index(threshold.status))
    missed = [threshold for threshold in every if threshold.status != "passed"]
    most = max(1, room // 2)
    for of in missed[:most]:
        names = [of.variant or "", of.phase, of.step] if of.rounds is not None else [of.phase, of.step]
        where = " ".join(brief(name, NAME) for name in names if name)
        text = f"{where} {brief(of.text, 60)}: {brief(value_text(of), 2 * SENTENCE // 3)}"
        yield labelled((f"{of.status.upper():<10}", STATUSES[of.status]), text)
    if len(missed) > most:
        yield line((f"{several(len(missed) - most, 'more threshold')} that did not pass in --full", DIM))


# the figures


def _figures(primary: Sequence[Figure], comparison: Comparison, room: int) -> Iterator[RenderableType]:
    """The percentiles of what the primary figure is of, a table for each variant."""
    for figure in primary:
        yield from _one(figure, comparison, max(1, room // len(primary)))


def _one(primary: Figure, comparison: Comparison, room: int) -> Iterator[RenderableType]:
    def of(figure: Figure) -> tuple[str, ...]:
        return figure.variant, figure.phase, figure.step, figure.metric

    same = [figure for figure in comparison.figures if of(figure) == of(primary)]
    _, variant, baseline = apart(primary.variant, primary.baseline)
    made = table(
        (f"{primary.metric}, ms", "left", 14),
        (brief(baseline, 14), "right", 8),
        (brief(variant, 14), "right", 8),
        ("times", "right", 17),
        ("verdict", "text", 16),
    )
    for figure in same[:room]:
        name = f"  {figure.quantile}"
        style = STRONG if figure.primary else ""
        add(made, (name, style), ms(figure.baseline_ms), ms(figure.variant_ms), times(figure), _judged(figure))
    yield made


def _judged(figure: Figure) -> Part:
    if figure.verdict == "none":
        return "not judged" if figure.why else "", DIM
    return f"{figure.verdict}{' (primary)' if figure.primary else ''}", VERDICTS[figure.verdict]


def _several(primary: Sequence[Figure], room: int) -> Iterator[RenderableType]:
    """The primary figure of each variant."""
    first = primary[0]
    made = table(
        (f"{first.metric} {first.quantile}, ms", "left", 20),
        ("baseline", "right", 8),
        ("variant", "right", 8),
        ("times", "right", 17),
        ("verdict", "text", 12),
    )
    for figure in primary[: max(2, room)]:
        where, variant, _ = apart(figure.variant, figure.baseline)
        add(made, f"{where}{variant}", ms(figure.baseline_ms), ms(figure.variant_ms), times(figure), _judged(figure))
    yield made
    if len(primary) > max(2, room):
        yield line((f"  {several(len(primary) - max(2, room), 'more verdict')} in --full", DIM))


# the end


def _end(result: ExperimentResult) -> Iterator[RenderableType]:
    if text := _connections(result.variants):
        yield lead("connections", text)
    if result.thresholds:
        passed = sum(threshold.status == "passed" for threshold in result.thresholds)
        yield lead("thresholds", f"{count(passed)} of {count(len(result.thresholds))} passed")
    yield lead("next", f"--full prints everything{_first(result)}")
    status = exit_text(result)
    yield lead("saved", result.run, (f" · {status}" if status else "", BAD))


def _first(result: ExperimentResult) -> str:
    """How to see one of its runs, if its name has room beside the command."""
    folders = [run.folder for variant in result.variants for run in variant.rounds if len(run.folder) <= NAME]
    return f" · loadgen report FOLDER/{folders[0]} one run" if folders else ""


def _connections(variants: Sequence[ExperimentVariant]) -> str:
    """How many connections were opened for a request, by variant, or of many variants by their session."""
    by_name: dict[str, list[Round]] = {}
    for variant in variants:
        for run in variant.rounds:
            name = variant.name if len(variants) <= FEW else run.session.reuse
            by_name.setdefault(brief(name, NAME), []).append(run)
    told = []
    for name, runs in by_name.items():
        sent = sum(run.requests.sent for run in runs)
        opened = sum(run.connections.opened - run.connections.preopened for run in runs)
        told += [f"{name} {opened / sent:.2f}"] if sent else []
    return f"{' · '.join(told)} opened per request" if told else ""
