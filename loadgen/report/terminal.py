"""The summary of one finished run for a terminal: what to believe first, then what was found."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from rich.console import RenderableType

from loadgen.report.exchanges import connections, failures, samples
from loadgen.report.glance import glance
from loadgen.report.latency import Footnotes
from loadgen.report.page import BAD, DIM, GOOD, STRONG, WARN, add, drawn, heading, indented, line, table
from loadgen.report.parts import LEGEND
from loadgen.report.phases import phase_blocks
from loadgen.report.words import clean, count, encodable, listed, seconds, wants_color

WIDEST, NARROWEST = 100, 80
VERDICTS = {"VALID": GOOD, "DEGRADED": WARN, "INVALID": BAD}
STATUSES = {"passed": GOOD, "failed": BAD, "undecided": WARN}
MEANING = {
    "VALID": "this machine did not make the tail",
    "DEGRADED": "this machine may have had a part in the tail",
    "INVALID": "this machine, not the target, made the tail: do not use these figures",
}
EXITS = {
    0: "passed",
    1: "a bug in loadgen",
    3: "the target cannot be used",
    4: "a threshold failed or could not be decided",
    5: "INVALID",
    6: "a worker was lost",
    130: "interrupted",
}

Result = Mapping[str, Any]


def render(result: Result, *, width: int = WIDEST, color: bool | None = None) -> str:
    """The summary of a `loadgen.result/1` as text of at most `width` columns (80 to 100).

    `color` None: coloured if stdout is a terminal and NO_COLOR is not set.
    """
    width = min(max(width, NARROWEST), WIDEST)
    return drawn(_summary(clean(result), width), width, wants_color(sys.stdout) if color is None else color)


def show(result: Result, file: TextIO, *, width: int = WIDEST) -> None:
    """Write the summary to `file`, coloured if that is a terminal, in characters that it can write."""
    file.write(encodable(render(result, width=width, color=wants_color(file)), file))


def _summary(result: Result, width: int) -> Iterator[RenderableType]:
    yield from _top(result)
    yield from _trust(result.get("trust") or {})
    yield from _target(result.get("target") or {})
    for warning in result.get("warnings") or []:
        yield line(("warning: ", WARN), str(warning), hang=9)
    yield from _thresholds(result.get("thresholds") or [])
    variants = result.get("variants") or []
    notes = Footnotes()
    for variant in variants:
        if len(variants) > 1:
            yield heading(f"variant {variant.get('name', '')}")
        yield from _variant(variant, notes, width)
    yield from samples(result.get("samples") or {})
    if found := notes.lines():
        yield heading("notes")
        for note in found:
            yield line(note, indent=2, hang=4)
    yield from _end(result)


def _top(result: Result) -> Iterator[RenderableType]:
    if not result.get("complete", True):
        yield line(("INCOMPLETE", BAD), ": the run did not come to its end; this is what was saved until then", hang=12)
    if result.get("interrupted"):
        yield line(("INTERRUPTED", BAD), ": the run was stopped; this is what was found until then", hang=13)
    session = result.get("session") or {}
    capped = f", at most {count(session['connections'])} connections" if session.get("connections") else ""
    workers = result.get("workers") or 1
    host = result.get("host") or {}
    said = [
        str(result.get("started", "")).replace("T", " ").replace("Z", " UTC"),
        f"{seconds(result.get('duration_s'))}",
        f"client {result.get('client', '')}",
        f"session {session.get('reuse', '')}{capped}",
        f"{count(workers)} worker{'s' if workers != 1 else ''}",
        f"{count(host['cpus'])} CPUs" if host.get("cpus") else "",
        f"seed {result['seed']}" if result.get("seed") is not None else "",
    ]
    yield line((str(result.get("name", "")), STRONG), f"  {' · '.join(part for part in said if part.strip())}", hang=2)


def _trust(trust: Result) -> Iterator[RenderableType]:
    verdict = str(trust.get("verdict") or "UNKNOWN")
    signals = trust.get("signals") or []
    yield line((verdict, VERDICTS.get(verdict, BAD)), f": {MEANING.get(verdict, 'nobody judged this run')}", hang=2)
    for reason in trust.get("reasons") or []:
        yield line("- ", str(reason), indent=2, hang=2)
    told = " · ".join(f"{signal.get('signal', '')} {signal.get('value', '')}" for signal in signals)
    if told:
        yield line((told, DIM), indent=2)


def _target(target: Result) -> Iterator[RenderableType]:
    if target.get("simulated"):
        sandbox = target.get("sandbox") or {}
        load = (
            [f"itself at {100 * sandbox['cpu_share']:.0f}% of a core"] if sandbox.get("cpu_share") is not None else []
        )
        described = " · ".join([*map(str, target.get("description") or []), *load])
        yield line(("simulated target", STRONG), f": {described or target.get('url', '')}", hang=2)
    yield line(("target  ", DIM), str(target.get("url", "")), hang=8)


def _variant(variant: Result, notes: Footnotes, width: int) -> Iterator[RenderableType]:
    phases = variant.get("phases") or []
    yield from _ledgers(variant)
    yield from glance(phases, width)
    yield line((f"where the time went: {LEGEND}", DIM))
    yield from phase_blocks(phases, notes)
    yield from failures(phases, notes)
    yield from connections(variant, notes)


def _ledgers(variant: Result) -> Iterator[RenderableType]:
    iterations, requests = variant.get("iterations") or {}, variant.get("requests") or {}
    unsent = listed(iterations.get("unsent_why"))
    yield line(
        ("iterations  ", DIM),
        f"{count(iterations.get('planned'))} planned = {count(iterations.get('started'))} started"
        f" + {count(iterations.get('unsent'))} unsent{f' ({unsent})' if unsent else ''}",
        hang=12,
    )
    outcomes = requests.get("outcomes") or {}
    summed = " + ".join(f"{count(number)} {name}" for name, number in outcomes.items() if number) or "0"
    yield line(
        ("requests    ", DIM),
        f"{count(requests.get('sent'))} sent = {summed}; {count(requests.get('on_wire'))} reached the wire",
        hang=12,
    )


def _thresholds(thresholds: list[Result]) -> Iterator[RenderableType]:
    if not thresholds:
        return
    yield heading("thresholds")
    made = table(("", "left", 9), ("", "left", 12), ("", "left", 24), ("", "left", 12), ("", "left", 20))
    made.show_header = False
    for found in thresholds:
        status = str(found.get("status", ""))
        phase = f"{found.get('phase') or 'all'} {found.get('cycle') or ''}".strip()
        where = f"{found['step']} " if found.get("step") else ""
        word = status.upper() if status == "failed" else status
        add(
            made,
            (word, STATUSES.get(status, "")),
            phase,
            str(found.get("text", "")),
            f"{where}{found.get('value', '')}",
            str(found.get("why") or ""),
        )
    yield indented(made)


def _end(result: Result) -> Iterator[RenderableType]:
    trust, status = result.get("trust") or {}, result.get("exit_status")
    verdict = str(trust.get("verdict") or "UNKNOWN")
    simulated = ", simulated target" if (result.get("target") or {}).get("simulated") else ""
    meaning = f", exit status {status}: {EXITS.get(status, '')}" if status else ""
    yield heading((verdict, VERDICTS.get(verdict, BAD)), (f"{simulated}{meaning}", ""))
    if run := result.get("run"):
        yield line(f"saved in {run}; again: loadgen report {run} (--json for every figure)")
    else:
        yield line("not saved")
