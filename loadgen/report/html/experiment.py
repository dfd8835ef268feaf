"""The page of an experiment: the verdict, how the variants compare, where a difference comes from, the runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from loadgen.report import costs
from loadgen.report.compared import (
    INNER,
    VERDICTS,
    apart,
    difference,
    joined,
    named,
    ordered,
    part_name,
    primary_of,
    ratios_of_rounds,
    times,
    verdict,
    word_of,
)
from loadgen.report.html import by_round, curve, ratios, scaling
from loadgen.report.html.about import machine, provenance, target, written
from loadgen.report.html.common import MOST, badge, complaints, end, missed, thresholds
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.page import Section, document
from loadgen.report.html.tables import facts, spoken, table
from loadgen.report.html.timelines import chart as timelines_chart
from loadgen.report.reasons import lines, of_figure
from loadgen.report.resolution import machine as noise
from loadgen.report.styles import BAD, DIM, WARN, Part
from loadgen.report.trust import reason
from loadgen.report.unusable import unusable
from loadgen.report.verdict import VERDICTS as GRADES
from loadgen.report.verdict import ended
from loadgen.report.words import brief, count, ms, several
from loadgen.result.experiment import Comparison, Curve, Design, ExperimentResult, Figure
from loadgen.result.experiment import Part as TimePart
from loadgen.result.timeline import Timeline

NAME = 48  # characters
CHARTS = 16
ROWS = 400  # of a table


def experiment_page(result: ExperimentResult, timelines: Mapping[str, Timeline], profile: Sequence[str]) -> str:
    """The page of an experiment; every text of the result is clean. `timelines` are those of its variants, as far as
    they are known; `profile` are the lines of its profile."""
    comparison = result.comparison
    variants = [variant.name for variant in result.variants]
    sections = [
        Section("curves", "Latency by percentile", _curves(comparison) if comparison else None),
        Section("scaling", "Along an axis", scaling.charts(result.scaling)),
        Section("rounds", "Round by round", list(by_round.charts(comparison, variants)) if comparison else None),
        Section("over-time", "Over time", timelines_chart("over-time-chart", timelines) if timelines else None),
        Section("figures", "Figures compared", _figures(comparison) if comparison else None),
        Section("parts", "Where the difference comes from", _parts(comparison) if comparison else None),
        Section("costs", "Cost", _costs(result)),
        Section("thresholds", "Thresholds", thresholds(result.thresholds, result)),
        Section("runs", "Runs", _runs(result)),
        Section("trust", "Trust", _trust(result)),
        Section("about", "About this experiment", _about(result, profile)),
    ]
    return document(f"{brief(result.name, NAME)}: loadgen", _head(result), sections, end(result))


# the verdict


def _head(result: ExperimentResult) -> Iterator[Content]:
    design, comparison, early = result.experiment, result.comparison, ended(result)
    yield badge(early[0], BAD) if early else badge(*word_of(result))
    yield element("h1", brief(result.name, NAME), _two(result))
    if early:
        yield element("p", spoken((early[1], BAD)))
    if why := unusable(result):
        yield element("p", spoken((why, BAD)))
    sent = sum(run.requests.sent for variant in result.variants for run in variant.rounds)
    yield element("p", f"Decided by {design.primary} · {several(design.rounds, 'round')} · {several(sent, 'request')}")
    said = [*_verdicts(comparison), *_why_not(comparison)] if comparison else [element("li", "No round is complete.")]
    yield element("ul", said, complaints(result), missed(result), class_="said")


def _two(result: ExperimentResult) -> str:
    baseline = result.experiment.baseline
    others = [variant.name for variant in result.variants if variant.name != baseline]
    if len(others) != 1:
        return f" · {several(len(result.variants), 'variant')} against {brief(baseline, NAME)}"
    where, variant, of = apart(others[0], baseline)
    return f" · {where}{variant} against {of}"


def _verdicts(comparison: Comparison) -> Iterator[Markup]:
    for figure in primary_of(comparison)[:MOST]:
        yield element("li", spoken(*verdict(figure, comparison)))


def _why_not(comparison: Comparison) -> Iterator[Markup]:
    told = {of_figure(figure.why) for figure in primary_of(comparison) if figure.why}
    for why in [why for why in lines(comparison.why_not) if why not in told][:MOST]:
        yield element("li", spoken(("No verdict: ", WARN), why), class_="iswarn")
    for note in [*lines(comparison.notes)][:MOST]:
        yield element("li", spoken(("Note: ", DIM), note))


def _costs(result: ExperimentResult) -> Content:
    if not result.costs:
        return None
    return table(costs.TITLES, list(costs.rows(result)), costs.note(result.costs).capitalize(), words=(5,))


# the curves


def _curves(comparison: Comparison) -> Iterator[Content]:
    """A chart for each step and metric; that of the primary figure first."""

    def what(of: Curve | Figure) -> tuple[str, str, str]:
        return of.phase, of.step, of.metric

    first = [what(figure) for figure in primary_of(comparison)]
    groups = [(names, list(group)) for names, group in groupby(sorted(comparison.curves, key=what), what)]
    groups.sort(key=lambda group: group[0] not in first)
    variants = list(dict.fromkeys(of.variant for of in comparison.curves))
    for at, (names, group) in enumerate(groups[:CHARTS]):
        title, drawn = joined(*names), [_curve(of, variants.index(of.variant)) for of in group[:MOST]]
        bands = "; bands are 95 % intervals" if any(each.band for each in drawn) else ""
        text = f"Each step to the right is ten times as rare; means over the rounds{bands}."
        yield curve.chart(f"curve-{at}", title, text, drawn, _curve_table(group, title))
    if len(groups) > CHARTS:
        yield element("p", f"{count(len(groups) - CHARTS)} more are in --json", class_="dim")


def _curve(of: Curve, series: int) -> curve.Curve:
    points = [(curve.share_of(name), value) for name, value, _, _ in of.points if _is_percentile(name)]
    band = [(curve.share_of(name), low, high) for name, _, low, high in of.points if _is_percentile(name) and low]
    reads = {name: f"{ms(value)}{_interval(low, high)}" for name, value, low, high in of.points}
    fewest = max((round(10 / (1 - share)) for share, _ in points if share < 1), default=0)
    return curve.Curve(series, brief(of.variant, NAME), curve.rising(points), sorted(band), reads, fewest)


def _is_percentile(name: str) -> bool:
    return name.startswith("p") and name[1:].replace(".", "", 1).isdigit() and 0 <= float(name[1:]) <= 100


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None else f" [{ms(low)}, {'…' if high is None else ms(high)}]"


def _curve_table(group: Sequence[Curve], title: str) -> Markup:
    names = list(dict.fromkeys(name for of in group for name, *_ in of.points))
    rows = []
    for of in group:
        cells = {name: f"{ms(value)}{_interval(low, high)}" for name, value, low, high in of.points}
        rows.append((brief(of.variant, NAME), *(cells.get(name, "") for name in names)))
    return table(("", *names), rows, f"{title}, ms")


# figures and parts


def _figures(comparison: Comparison) -> Iterator[Content]:
    """The ratios of the primary figures drawn, and all figures in a table."""
    primary = [figure for figure in primary_of(comparison) if figure.ratio is not None]
    if primary:
        text = "Right of 1 the variant is slower. Lines are intervals; the band is what counts as equivalent."
        drawn = [ratios.Ratio(_versus(figure), figure) for figure in primary[: 2 * MOST]]
        tabled = table(("", "ratio in each round"), [(_versus(of), ratios_of_rounds(of)) for of in primary], "Rounds")
        yield ratios.chart("ratios", "Times the baseline", text, drawn, comparison.margin, tabled)
    made = [
        (f"{_versus(figure)}: {named(figure)}", ms(figure.baseline_ms), ms(figure.variant_ms), times(figure),
         difference(figure), *_judged(figure))
        for figure in sorted(comparison.figures, key=lambda figure: not figure.primary)[:ROWS]
    ]  # fmt: skip
    titles = ("", "baseline, ms", "variant, ms", "times", "difference, ms", "verdict", "")
    intervals = any(figure.ratio_low is not None for figure in comparison.figures)
    sure = f"; […] holds the true value {100 * comparison.confidence:.4g} % of the time" if intervals else ""
    yield table(titles, made, f"All figures, the primary ones first{sure}", words=(5, 6))
    if len(comparison.figures) > ROWS:
        yield element("p", f"{count(len(comparison.figures) - ROWS)} more are in --json", class_="dim")


def _versus(figure: Figure) -> str:
    where, variant, baseline = apart(figure.variant, figure.baseline)
    return f"{where}{variant} against {baseline}"


def _judged(figure: Figure) -> tuple[Part, str]:
    more = f" (+{count(figure.more_rounds)} rounds may tell)" if figure.more_rounds else ""
    said = "" if figure.verdict == "none" else f"{figure.verdict}{' (primary)' if figure.primary else ''}{more}"
    return (said, VERDICTS[figure.verdict]), of_figure(figure.why) if figure.why else ""


def _parts(comparison: Comparison) -> Iterator[Content]:
    """The mean time of both variants, part by part."""

    def of(part: TimePart) -> tuple[str, str, str]:
        return part.variant, part.phase, part.step

    for _, group in groupby(comparison.parts[:ROWS], of):
        made = list(group)
        where, variant, baseline = apart(made[0].variant, made[0].baseline)
        what = joined(made[0].phase, made[0].step)
        rows = [(_part(part, made[0]), ms(part.baseline_ms), ms(part.variant_ms), difference(part))
                for part in ordered(made)]  # fmt: skip
        titles = ("mean, ms", baseline, variant, "difference")
        yield table(titles, rows, f"{where}{variant} against {baseline}: {what}")


def _part(part: TimePart, whole: TimePart) -> tuple[str, str]:
    inside = not part.adds and part is not whole
    lead = ("of it " if part.part in INNER else "beside it: ") if inside else ""
    return f"{lead}{part_name(part)}", DIM if inside else ""


# the runs and how sure they are


def _runs(result: ExperimentResult) -> Content:
    made = []
    for variant in result.variants:
        for run in variant.rounds:
            opened = run.connections.opened - run.connections.preopened
            per_request = f"{opened / run.requests.sent:.2f}" if run.requests.sent else "-"
            made.append((
                f"{brief(variant.name, NAME)}, round {run.round}", (run.trust, GRADES[run.trust]),
                count(run.requests.sent), count(run.requests.failed), per_request, run.session.reuse, run.client,
                run.folder,
            ))  # fmt: skip
    titles = ("", "verdict", "requests", "failed", "opened per request", "session", "client", "folder")
    return table(titles, made[:ROWS], "Each is a run as any other: loadgen report shows it", words=(1, 5, 6, 7))


def _trust(result: ExperimentResult) -> Iterator[Content]:
    comparison = result.comparison
    if comparison and comparison.resolution:
        yield element("p", f"This machine: {noise(comparison.resolution)}.")
    if comparison and comparison.checks:
        made = [(check.check, ("as it must be", "") if check.ok else ("not so", BAD), "; ".join(lines(check.why)))
                for check in comparison.checks]  # fmt: skip
        yield table(("check", "", "what shows it"), made, "What must hold before a verdict is given", words=(1, 2))
    if result.trust:
        yield element("ul", [element("li", reason(signal)) for signal in result.trust.reasons[: 2 * MOST]])


def _about(result: ExperimentResult, profile: Sequence[str]) -> Iterator[Content]:
    yield facts([*provenance(result), *_design(result.experiment), *(target(result.target) if result.target else ())])
    yield machine(result.host)
    yield written(profile)


def _design(of: Design) -> list[tuple[str, str]]:
    return [
        ("baseline", of.baseline),
        ("primary", of.primary),
        ("equivalent", f"within {100 * of.margin:g} %" if of.margin else "what the machine cannot tell"),
        ("verdicts", f"after {', '.join(map(str, of.looks))} rounds"),
        ("variants run", "at the same time" if of.duet else "in turns"),
    ]
