"""The page of a run, section by section: first what it proves, then the figures, then how sure they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report import machines, nodes
from loadgen.report.beside import glance, pattern
from loadgen.report.finding_sentences import where
from loadgen.report.headline import happened, what
from loadgen.report.html import bands, cold_wave, curve, over_time, shares, spans
from loadgen.report.html.about import about
from loadgen.report.html.common import MOST, complaints, cost, end, missed, thresholds, trust, verdict
from loadgen.report.html.exchanges import failing, slowest
from loadgen.report.html.hops import hops
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.page import Section, document
from loadgen.report.html.reported import TITLE, reported
from loadgen.report.html.tables import facts, spoken, table
from loadgen.report.html.until import until
from loadgen.report.navigate import cycle, every_step, grouped, phases_and_beside, place
from loadgen.report.senders import senders
from loadgen.report.sentences import sentence
from loadgen.report.styles import BAD, STRONG
from loadgen.report.terminal.figures import Row, range_of, rows
from loadgen.report.terminal.groups import GROUPINGS, rows_by
from loadgen.report.terminal.intervals import QUANTILES
from loadgen.report.terminal.intervals import range_of as interval_text
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.parts import ATTRIBUTED, COLUMNS
from loadgen.report.trust import doubts
from loadgen.report.unusable import unusable
from loadgen.report.verdict import ended, measured
from loadgen.report.words import brief, count, listed, ms, reasoned, several, share
from loadgen.result.cold import cold_of
from loadgen.result.node import Node
from loadgen.result.run import Machines, Network, Phase, RunResult, Step, Stratum
from loadgen.result.timeline import Timeline

TOGETHER = 8  # curves in a chart
CHARTS = 12
GROUPS = 32  # rows of a table by worker, by address
NAME = 48  # characters
PARTS = (*COLUMNS, "dns", "tcp", "tls", "backoff")
KINDS = {"new": "a new connection", "reused": "a connection that was open", "resumed": "a resumed TLS session"}


def run_page(result: RunResult, timeline: Timeline | None, profile: Sequence[str]) -> str:
    """The page of a run; every text of the result is clean. `profile` are the lines of its profile."""
    by = senders(result)
    notes = Footnotes(by)
    every = rows(result) if measured(result) else []
    sections = [
        Section("figures", "Figures", [_figures(every, result), _curves(every)]),
        Section("bands", "By offered rate", list(bands.charts(result.variant.phases))),
        Section("over-time", "Over time", _over_time(result, timeline)),
        Section("time", "Where the time went", [_whose(every, by.all), _parts(result, notes)]),
        Section("hops", "Hops", list(hops(result.join))),
        Section("strata", _strata_title(result), _strata(result)),
        Section("beside", "Beside the phases", _beside(result, notes)),
        Section("reported", TITLE, list(reported(result))),
        Section("connections", "Connections", _connections(result, notes)),
        Section("groups", "By worker and address", list(_groups(result, notes))),
        Section("nodes", "Nodes", _nodes(result.nodes)),
        Section("machines", "By machine", _machines(result.machines, notes)),
        Section("failures", "Failures", [_failures(result, notes), failing(result)]),
        Section("thresholds", "Thresholds", thresholds(result.thresholds, result)),
        Section("until", "Until", list(until(result.until))),
        Section("cost", "Cost", cost(result)),
        Section("slowest", "Slowest exchanges", slowest(result)),
        Section("trust", "Trust", trust(result)),
        Section("about", "About this run", about(result, profile)),
    ]
    title = f"{brief(result.name, NAME)}: loadgen"
    return document(title, _head(result), sections, _foot(result, notes))


# what happened and what it proves


def _head(result: RunResult) -> Iterator[Content]:
    yield verdict(result)
    yield element("h1", spoken(*what(result)))
    if early := ended(result):
        yield element("p", spoken((early[1], BAD)))
    if why := unusable(result):
        yield element("p", spoken((why, BAD)))
    yield element("p", spoken(*happened(result)))
    for stream in result.variant.beside:
        yield element("p", f"Beside the phases: {glance(stream)}")
    said = [*complaints(result), *_proved(result), *missed(result)]
    if said:
        yield element("ul", said, class_="said")


def _proved(result: RunResult) -> Iterator[Markup]:
    several_phases = len(grouped(result.variant.phases)) > 1
    for finding in result.findings[:MOST]:
        yield element("li", spoken((where(finding, several_phases), STRONG), sentence(finding.observed)))


def _foot(result: RunResult, notes: Footnotes) -> Iterator[Content]:
    lines = notes.lines()
    if lines:
        yield element("ul", [element("li", text) for text in lines])
    yield end(result)


# figures


def _figures(every: Sequence[Row], result: RunResult) -> Content:
    if not every:
        return None
    closed = all(phase.headline == "service" for row in every for phase, _, _ in row.cycles)
    metric = "Service times (users start requests themselves)" if closed else "Response times"
    cycles = ", over the cycles" if any(len(row.cycles) > 1 for row in every) else ""
    made = [(brief(row.label, NAME), *(_cell(row, name) for name in PERCENTILES)) for row in every]
    sure = any(len(row.cycles) == 1 and row.cycles[0][1].intervals for row in every)
    legend = f"{metric} in ms{cycles}{'; below them 95 % intervals' if sure else ''}"
    return [table(("", *PERCENTILES), made, legend), _marks(result)]


def _cell(row: Row, name: str) -> Content:
    text = range_of(row, name)
    if len(row.cycles) > 1:
        return text
    interval = row.cycles[0][1].intervals.get(name)
    return [text, element("small", interval_text(interval)) if interval else None]


def _marks(result: RunResult) -> Content:
    if not any(figure.verdict != "VALID" for figure in result.trust.figures):
        return None
    return element("p", doubts(senders(result)), class_="dim")


def _curves(every: Sequence[Row]) -> Iterator[Content]:
    """One chart of all rows if they are few; else one for each phase."""
    number = sum(len(row.cycles) for row in every)
    phases = list(dict.fromkeys(row.phase for row in every))
    groups = [list(every)] if number <= TOGETHER else [[row for row in every if row.phase == name] for name in phases]
    for at, group in enumerate(groups[:CHARTS]):
        if group:
            title = (
                "Latency by percentile" if len(groups) == 1 else f"Latency by percentile: {brief(group[0].phase, NAME)}"
            )
            yield _curve(f"curve-{at}", title, group)


def _curve(key: str, title: str, group: Sequence[Row]) -> Markup:
    curves = [each for at, row in enumerate(group[:TOGETHER]) for each in _curves_of(at, row)]
    exact = "Each step to the right is ten times as rare, and each curve goes through exact counts"
    exact += "; a line for each cycle" if any(len(row.cycles) > 1 for row in group) else ""
    bands = "; bands are 95 % intervals" if any(each.band for each in curves) else ""
    more = f"; {len(group) - TOGETHER} more are in the table" if len(group) > TOGETHER else ""
    tabled: list[Content] = [_percentiles(group, title), *map(_bins, group)]
    return curve.chart(key, title, f"{exact}{bands}{more}.", curves, tabled)


def _curves_of(series: int, row: Row) -> Iterator[curve.Curve]:
    for phase, latency, step in row.cycles:
        shape = step.shape if step else None
        reads = {name: _read(row, name) for name in PERCENTILES}
        alone = len(row.cycles) == 1
        yield curve.Curve(
            series,
            brief(row.label, NAME),
            curve.exact(latency, shape),
            curve.banded(latency) if alone else (),
            {name: text for name, text in reads.items() if text != "-"} if phase.cycle <= 1 else {},
            latency.count,
            latency.timeouts,
        )


def _read(row: Row, name: str) -> str:
    interval = row.cycles[0][1].intervals.get(name) if len(row.cycles) == 1 else None
    return f"{range_of(row, name)}{f' {interval_text(interval)}' if interval else ''}"


def _percentiles(group: Sequence[Row], title: str) -> Markup:
    notes = Footnotes()
    made = [
        (brief(f"{row.label} {cycle(phase)}".strip(), NAME), count(latency.count),
         *(notes.cell(latency, name, step.ends(name) if step else None) for name in PERCENTILES),
         *(interval_text(latency.intervals.get(name)) for name in QUANTILES))
        for row in group for phase, latency, step in row.cycles
    ]  # fmt: skip
    titles = ("", "requests", *PERCENTILES, *(f"{name} 95 %" for name in QUANTILES))
    return table(titles, made, f"{title}, ms")


def _bins(row: Row) -> Iterator[Markup]:
    for phase, latency, step in row.cycles:
        if step and step.shape:
            name = f"{row.label} {cycle(phase)}".strip()
            yield curve.bins_table(brief(name, NAME), latency, step.shape)


# over time and where the time went


def _over_time(result: RunResult, timeline: Timeline | None) -> Content:
    waves = [(phase, phase.cold_wave) for phase in result.variant.phases if phase.cold_wave]
    return [
        over_time.chart("timeline", timeline, result.variant.phases) if timeline else None,
        *(cold_wave.chart(f"wave{n}", phase, wave) for n, (phase, wave) in enumerate(waves[:CHARTS]) if wave.seconds),
    ]


def _whose(every: Sequence[Row], by: str) -> Content:
    tails, means = [], []
    for row in every:
        for phase, _, step in row.cycles:
            name = next((name for name in ATTRIBUTED if step and name in step.whose_ms), None)
            label = brief(f"{row.label} {cycle(phase)}".strip(), NAME)
            if step and name:
                tails.append(shares.Bar(label, name, step.whose_ms[name]))
            if step and "mean" in step.whose_ms:
                means.append(shares.Bar(label, "mean", step.whose_ms["mean"]))
    if not tails + means:
        return None
    shown = (tails or means)[: 2 * MOST]
    text = "The exchanges around the percentile, in ms, divided up by whose time it was. The table has the mean too."
    return shares.chart("whose", "Whose time it was", text, shown, tails + means, by)


def _parts(result: RunResult, notes: Footnotes) -> Content:
    """p50 and p99 of each part by itself: sums add up, percentiles do not."""
    every = list(every_step(result.variant.phases))
    there = [part for part in PARTS if any((of := step.latency(part)) and of.count for _, _, step in every)]
    if not there:
        return None
    made = [
        (brief(f"{place(phase)} {label}", NAME), *(_pair(step, part, notes) for part in there))
        for phase, label, step in every
    ]
    titles = ("", *(part.replace("_", " ") for part in there))
    return table(titles, made, "Each part of a request by itself: p50 / p99 in ms")


def _pair(step: Step, part: str, notes: Footnotes) -> str:
    latency = step.latency(part)
    return f"{notes.cell(latency, 'p50')} / {notes.cell(latency, 'p99')}" if latency and latency.count else "-"


# strata


def _cases(result: RunResult) -> Iterator[tuple[Phase, str, Step, Stratum]]:
    for phase, label, step in every_step(result.variant.phases):
        for stratum in step.strata:
            yield phase, label, step, stratum


def _strata_title(result: RunResult) -> str:
    names = {stratum.stratum for *_, stratum in _cases(result)}
    return "Cold and warm" if names and all(cold_of(name) is not None for name in names) else "By captured value"


def _strata(result: RunResult) -> Content:
    cases = list(_cases(result))
    if not cases:
        return None
    names = list(dict.fromkeys(stratum.stratum for *_, stratum in cases))
    notes, made = Footnotes(), []
    drawn: list[spans.Span] = []
    for phase, label, step, stratum in cases:
        latency = stratum.latency_ms.get(phase.headline)
        name = brief(f"{place(phase)} {label} {stratum.stratum}", NAME)
        of_all = share(stratum.count, step.requests.sent)
        made.append((name, count(stratum.count), of_all, *(notes.cell(latency, each) for each in PERCENTILES)))
        if latency and len(drawn) < 2 * MOST:
            drawn.append(spans.Span(f"{name} · {of_all}", latency, names.index(stratum.stratum)))
    tabled = table(("", "requests", "of all", *PERCENTILES), made, "The strata, ms")
    text = "For each a dot at p50, a line to p99, and a thin one to the longest; ms, on a logarithmic axis."
    return spans.chart("strata-chart", _strata_title(result), text, drawn, tabled)


# connections and failures


def _connections(result: RunResult, notes: Footnotes) -> Iterator[Content]:
    seen, network = result.variant.connections, result.variant.network
    yield facts(
        [
            ("opened", f"{count(seen.opened)}, {count(seen.preopened)} of them before the load"),
            ("requests", f"{count(seen.reused)} of {count(result.variant.requests.sent)} on one that was open"),
            ("most at once", count(seen.peak)),
            ("TLS resumed", count(seen.resumed)),
            ("closed by the target", f"{count(seen.closed_idle)} while idle"),
            ("failed", f"{count(seen.failed)} could not be opened"),
            *(_network(network) if network else ()),
        ]
    )
    made = [
        (brief(f"{place(phase)} {label}", NAME), KINDS.get(kind, kind), count(of.count),
         *(notes.cell(of.service, name) for name in PERCENTILES))
        for phase, label, step in every_step(result.variant.phases) for kind, of in step.by_connection.items()
    ]  # fmt: skip
    if made:
        titles = ("", "on", "requests", *PERCENTILES)
        yield table(titles, made, "Service time by kind of connection, ms", words=(1,))


def _groups(result: RunResult, notes: Footnotes) -> Iterator[Content]:
    """The requests by node, by worker, and by address of the target."""
    for by in GROUPINGS:
        every = rows_by(result.variant, by)
        made = [
            (brief(label, NAME), name, count(latency.count), *(notes.cell(latency, each) for each in PERCENTILES))
            for label, name, latency in every[:GROUPS]
        ]
        if made:
            titles = ("", by.name, "requests", *PERCENTILES)
            yield table(titles, made, f"The requests of each step by the {by.which}, ms", words=(1,))
        if len(every) > GROUPS:
            yield element("p", f"{count(len(every) - GROUPS)} more: see --json")


def _machines(of: Machines | None, notes: Footnotes) -> Content:
    if not of:
        return None
    made, listed = [], list(machines.rows(of))
    for row in listed[:GROUPS]:
        *told, differs = machines.named(row)
        cells = [notes.cell(row[1].latency, name) if row[1] else "-" for name in PERCENTILES]
        made.append((*told, *cells, differs))
    more = element("p", f"{count(len(listed) - GROUPS)} more: see --json") if len(listed) > GROUPS else None
    titles = ("", "machine", "verdict", "requests", *PERCENTILES, "")
    return [table(titles, made, f"{machines.title(of)}; ms", words=(2, len(titles) - 1)), more]


def _nodes(of: Sequence[Node]) -> Content:
    if not of:
        return None
    more = element("p", f"{count(len(of) - GROUPS)} more: see --json") if len(of) > GROUPS else None
    return [table(nodes.TITLES, nodes.rows(of[:GROUPS]), "The nodes that the load came from", words=(1, 2)), more]


def _network(of: Network) -> list[tuple[str, str]]:
    return [
        ("round trip", f"{ms(of.round_trip_ms)} ms in the median"),
        ("sent again", f"{count(of.retransmits)} of {several(of.segments, 'segment')} that were looked at"),
        ("connects", f"{count(of.syn_retried)} of {count(of.connects)} sent their first packet again"),
    ]


def _beside(result: RunResult, notes: Footnotes) -> Iterator[Content]:
    """A row for each stream, and for each of its strata."""
    made: list[tuple[str, ...]] = []
    for stream, step in ((of, step) for of in result.variant.beside for step in of.phase.steps):
        phase = stream.phase
        when, sent = pattern(stream.at_once, stream.every_s, stream.after_s), phase.requests
        cells = (notes.cell(step.latency(phase.headline), name) for name in PERCENTILES)
        made.append((brief(phase.name, NAME), when, count(sent.sent), count(sent.failed), *cells))
        for of in step.strata[:MOST]:
            cells = (notes.cell(of.latency_ms.get(phase.headline), name) for name in PERCENTILES)
            made.append((brief(f"{phase.name} {of.stratum}", NAME), "", count(of.count), "", *cells))
    if made:
        titles = ("", "due", "requests", "failed", *PERCENTILES)
        yield table(titles, made, "Response times in ms; no other figure has them", words=(1,))


def _failures(result: RunResult, notes: Footnotes) -> Iterator[Content]:
    made = [
        (brief(f"{place(phase)} {label}", NAME), failure.outcome, count(failure.count),
         share(failure.count, step.requests.sent),
         *(notes.cell(failure.latency_ms.get(phase.headline), name) for name in ("p50", "max")),
         reasoned(failure.reasons).removeprefix(": "))
        for phase, label, step in every_step(phases_and_beside(result.variant)) for failure in step.failures
    ]  # fmt: skip
    if not made:
        return
    titles = ("", "class", "requests", "of all", "p50, ms", "max, ms", "why")
    yield table(titles, made, "By themselves: of these, only timeouts count in the percentiles", words=(1, 6))
    if unsent := listed(result.variant.iterations.unsent_why):
        yield element("p", f"Iterations that were not sent: {unsent}")
