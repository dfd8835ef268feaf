"""The page of a run, section by section: first what it proves, then the figures, then how sure they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report import machines
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
from loadgen.report.sentences import sentence
from loadgen.report.styles import BAD, STRONG
from loadgen.report.terminal.figures import Row, range_of, rows
from loadgen.report.terminal.groups import by_address, by_node, by_worker
from loadgen.report.terminal.intervals import QUANTILES
from loadgen.report.terminal.intervals import range_of as interval_text
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.parts import ATTRIBUTED, COLUMNS
from loadgen.report.unusable import unusable
from loadgen.report.verdict import ended, measured
from loadgen.report.words import brief, count, listed, ms, reasoned, several, share
from loadgen.result.cold import cold_of
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
    notes = Footnotes()
    every = rows(result) if measured(result) else []
    sections = [
        Section("figures", "Figures", [_figures(every, result), _curves(every)]),
        Section("bands", "By offered rate", list(bands.charts(result.variant.phases))),
        Section("over-time", "Over time", _over_time(result, timeline)),
        Section("time", "Where the time went", [_whose(every), _parts(result, notes)]),
        Section("hops", "Hops", list(hops(result.join))),
        Section("strata", _strata_title(result), _strata(result)),
        Section("beside", "Beside the phases", _beside(result, notes)),
        Section("reported", TITLE, list(reported(result))),
        Section("connections", "Connections", _connections(result, notes)),
        Section("groups", "By worker and address", list(_groups(result, notes))),
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
    for stream, step in ((stream, step) for stream in result.variant.beside for step in stream.phase.steps):
        phase = stream.phase
        when, sent = pattern(stream.at_once, stream.every_s, stream.after_s), phase.requests
        cells = (notes.cell(step.latency(phase.headline), name) for name in PERCENTILES)
        made.append((brief(phase.name, NAME), when, count(sent.sent), count(sent.failed), *cells))
        for of in step.strata[:MOST]:
            cells = (notes.cell(of.latency_ms.get(phase.headline), name) for name in PERCENTILES)
            made.append((brief(f"{phase.name} {of.stratum}", NAME), "", count(of.count), "", *cells))
    if made:
        titles = ("", "on", "requests", *PERCENTILES)
        yield table(titles, made, "Service time by kind of connection, ms", words=(1,))


def _groups(result: RunResult, notes: Footnotes) -> Iterator[Content]:
    """The requests by node, by worker, and by address of the target."""
    for kind, every, of in (("node", by_node(result.variant), "node that sent them"),
                            ("worker", by_worker(result.variant), "worker that sent them"),
                            ("address", by_address(result.variant), "address that they went to")):  # fmt: skip
        made = [
            (brief(where, NAME), name, count(latency.count), *(notes.cell(latency, each) for each in PERCENTILES))
            for where, name, latency in every[:GROUPS]
        ]
        if made:
            titles = ("", kind, "requests", *PERCENTILES)
            yield table(titles, made, f"The requests of each step by the {of}, ms", words=(1,))
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


def _network(of: Network) -> list[tuple[str, str]]:
    return [
        ("round trip", f"{ms(of.round_trip_ms)} ms in the median"),
        ("sent again", f"{count(of.retransmits)} of {several(of.segments, 'segment')} that were looked at"),
        ("connects", f"{count(of.syn_retried)} of {count(of.connects)} sent their first packet again"),
    ]


def _beside(result: RunResult, notes: Footnotes) -> Iterator[Content]:
    """A row for each stream, and for each of its strata."""
    made: list[tuple[str, ...]] = []
    for stream in result.variant.beside:
        phase, (step,) = stream.phase, stream.phase.steps
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
