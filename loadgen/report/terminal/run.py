"""The summary of one finished run for a terminal: what to believe first, then what was found."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TextIO

from rich.console import RenderableType

from loadgen.report.navigate import Found, Phases, failed, place, repeated
from loadgen.report.terminal.connections import connections
from loadgen.report.terminal.cost import table as table_and_cost
from loadgen.report.terminal.experiment import experiment
from loadgen.report.terminal.failures import failures
from loadgen.report.terminal.glance import glance
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import (
    BAD,
    DIM,
    GOOD,
    STRONG,
    WARN,
    add,
    drawn,
    heading,
    indented,
    labelled,
    line,
    table,
)
from loadgen.report.terminal.parts import LEGEND
from loadgen.report.terminal.phases import phase_blocks
from loadgen.report.terminal.samples import samples
from loadgen.report.terminal.until import until
from loadgen.report.terminal.witness import witness
from loadgen.report.words import brief, clean, count, encodable, listed, reasoned, seconds, share, wants_color
from loadgen.trust.verdict import EFFECT, meaning

WIDEST, NARROWEST = 100, 92
REASONS = 8  # of a verdict that are printed: an experiment has some for each of its runs
VERDICTS = {"VALID": GOOD, "DEGRADED": WARN, "INVALID": BAD}
UNJUDGED = "the run ended before it could be judged"
STATUSES = {"passed": GOOD, "failed": BAD, "undecided": WARN}
EXITS = {  # those that the line does not tell without
    1: "a bug in loadgen",
    3: "the target cannot be used",
    6: "a worker was lost",
    130: "interrupted",
}


def render(result: Found, *, width: int = WIDEST, color: bool | None = None) -> str:
    """The summary of a `loadgen.result/1` as text of at most `width` columns (92 to 100; its tables need as many).

    `color` None: coloured if stdout is a terminal and NO_COLOR is not set.
    """
    width = min(max(width, NARROWEST), WIDEST)
    return drawn(_summary(clean(result), width), width, wants_color(sys.stdout) if color is None else color)


def show(result: Found, file: TextIO) -> None:
    """Write the summary to `file`: coloured if that is a terminal, as wide as that, in characters it can write."""
    file.write(encodable(render(result, width=_columns(file), color=wants_color(file)), file))


def _columns(file: TextIO) -> int:
    try:
        return os.get_terminal_size(file.fileno()).columns
    except (OSError, ValueError):  # no terminal, or not even a descriptor
        return WIDEST


def _summary(result: Found, width: int) -> Iterator[RenderableType]:
    yield from _top(result)
    yield from _trust(result)
    if result.get("kind") == "experiment":
        yield from _target({**(result.get("target") or {}), "sandbox": None})  # which counts each run for itself
        for warning in result.get("warnings") or []:
            yield labelled(("warning: ", WARN), str(warning))
        yield from experiment(result)
        yield from _end(result)
        return
    yield from _target(result.get("target") or {})
    yield from table_and_cost(result)
    for warning in result.get("warnings") or []:
        yield labelled(("warning: ", WARN), str(warning))
    known, variants, notes = Phases(result), result.get("variants") or [], Footnotes()
    yield from _thresholds(result.get("thresholds") or [], known)
    yield from until(result.get("until") or {})
    yield from witness(result.get("witness") or {})
    for variant in variants:
        if len(variants) > 1:
            yield heading(f"variant {variant.get('name') or ''}")
        yield from _variant(variant, notes, width)
    yield from samples(result.get("samples") or {}, known)
    yield heading("notes")
    for note in (LEGEND, *notes.lines()):
        yield line(note, indent=2)
    yield from _end(result)


def _top(result: Found) -> Iterator[RenderableType]:
    if not result.get("complete", True):
        yield labelled(("INCOMPLETE ", BAD), "the run did not come to its end; this is what was saved until then")
    if result.get("interrupted"):
        yield labelled(("INTERRUPTED ", BAD), "the run was stopped; this is what was found until then")
    name = brief(str(result.get("name") or "run"), 60)
    started = str(result.get("started") or "").replace("T", " ").replace("+00:00", " UTC").replace("Z", " UTC")
    yield line((name, STRONG), f"  {brief(started, 40)} · {seconds(result.get('duration_s'))}")
    session, workers, host = result.get("session") or {}, result.get("workers") or 1, result.get("host") or {}
    capped = f", at most {count(session['connections'])} connections" if session.get("connections") else ""
    on = f" on {count(host['cpus'])} CPUs" if host.get("cpus") else ""
    said = [
        f"{result['client']} client" if result.get("client") else "",
        f"session {session['reuse']}{capped}" if session.get("reuse") else "",
        f"{count(workers)} worker{'s' if workers != 1 else ''}{on}",
        f"seed {result['seed']}" if result.get("seed") is not None else "",
        f"Python {host['python']}" if host.get("python") else "",
    ]
    yield line((" · ".join(part for part in said if part), DIM))


def _trust(result: Found) -> Iterator[RenderableType]:
    trust = result.get("trust") or {}
    verdict = str(trust.get("verdict") or "UNKNOWN")
    style, means = VERDICTS.get(verdict, BAD), UNJUDGED
    signals = trust.get("signals") or []
    if verdict in VERDICTS:
        means = meaning(verdict, {str(s.get("signal")) for s in signals if s.get("verdict") == verdict})
        means += ". Do not use these figures" if verdict == "INVALID" else ""
        if result.get("kind") != "experiment" and not _measured(result):
            means = "but nothing was measured: there is no tail"
    yield labelled((f"{brief(verdict, 20)} ", style), means)
    if text := _effect(result):
        yield line(text, indent=2)
    lesser = tuple(f"{s.get('signal')} {s.get('value')}:" for s in signals if s.get("verdict") != verdict)
    reasons = [*map(str, trust.get("reasons") or [])]
    for reason in reasons[:REASONS]:
        less = "DEGRADED: " if reason.startswith(lesser) else ""
        yield labelled(("- ", style), less, reason, indent=2)
    if len(reasons) > REASONS:
        yield line((f"and {count(len(reasons) - REASONS)} more: see --json", DIM), indent=2)
    for note in trust.get("notes") or []:
        yield labelled(("note: ", WARN), str(note), indent=2)
    if trust.get("accepted"):
        yield line(("its figures were accepted all the same (--accept-invalid)", WARN), indent=2)
    said = (EFFECT,) if trust.get("effect") else ()
    sound = [s for s in signals if s.get("verdict", "VALID") == "VALID" and s.get("signal") not in said]
    if sound:
        told = " · ".join(f"{signal.get('signal') or ''} {signal.get('value') or ''}" for signal in sound)
        yield line((told, DIM), indent=2)


def _effect(result: Found) -> str:
    """Of which tail this machine made most, and how much; a result has the worst first."""
    worst: Found = next(iter((result.get("trust") or {}).get("effect") or []), {})
    if worst.get("share") is None:
        return ""
    phase = place(Phases(result).of(worst)) or str(worst.get("phase") or "")
    where = brief(f"{phase} {worst.get('step') or ''}".strip(), 44)
    least = "at least " if worst.get("at_least") else ""
    slowest = brief(str(worst.get("slowest") or "part"), 20)
    return f"of the slowest {slowest} of {where}, {least}{share(worst['share'], 1)} was this machine"


def _measured(result: Found) -> int:
    """How many requests were sent in measured phases."""
    phases = (phase for variant in result.get("variants") or [] for phase in variant.get("phases") or [])
    return sum((phase.get("requests") or {}).get("sent") or 0 for phase in phases if phase.get("measured", True))


def _target(target: Found) -> Iterator[RenderableType]:
    url = str(target.get("url") or "unknown")
    if not target.get("simulated"):
        addresses = [str(address) for address in target.get("addresses") or []]
        shown = ", ".join(addresses[:3]) + (f" and {count(len(addresses) - 3)} more" if len(addresses) > 3 else "")
        yield labelled(("target: ", STRONG), url, (f"  {shown}", DIM))
        return
    described = " · ".join(map(str, target.get("description") or []))
    yield labelled(("simulated target: ", STRONG), described, (f"  {url}", DIM))
    own = target.get("sandbox") or {}
    truth = {name.replace("_", " "): own.get(name) for name in ("requests", "cold_starts", "throttled", "overflowed")}
    if text := listed({name: number for name, number in truth.items() if number}):
        yield line((f"by its own count: {text}", DIM), indent=2)


def _thresholds(thresholds: list[Found], known: Phases) -> Iterator[RenderableType]:
    if not thresholds:
        return
    yield heading("thresholds")
    made = table(("", "left", 9), ("", "left", 11), ("", "left", 22), ("", "left", 8), ("", "left", 20))
    for found in thresholds:
        status, phase = str(found.get("status") or ""), place(known.of(found))
        word = status.upper() if status == "failed" else brief(status, 20)
        value = " ".join(str(found.get(key) or "") for key in ("value", "why")).strip()
        step, text = brief(str(found.get("step") or ""), 24), str(found.get("text") or "")
        add(made, (word, STATUSES.get(status, "")), phase, text, step, value)
    yield indented(made)


def _variant(variant: Found, notes: Footnotes, width: int) -> Iterator[RenderableType]:
    phases = variant.get("phases") or []
    yield from _ledgers(variant)
    yield from glance(phases, width)
    yield from phase_blocks(phases, notes)
    yield from failures(phases, notes)
    yield from connections(variant, notes)


def _ledgers(variant: Found) -> Iterator[RenderableType]:
    iterations, requests = variant.get("iterations") or {}, variant.get("requests") or {}
    parts = {f"unsent{_aside(iterations)}": iterations.get("unsent") or 0, "started": iterations.get("started") or 0}
    yield heading(("iterations ", DIM), (_sum(iterations.get("planned"), "planned", dict(reversed(parts.items()))), ""))
    outcomes = {name: number for name, number in (requests.get("outcomes") or {}).items() if number}
    wire = f"; {count(requests['on_wire'])} of them on the wire" if requests.get("on_wire") is not None else ""
    more = repeated(variant.get("phases") or [])
    again = f"; {count(more)} were repeated attempts" if more else ""
    yield labelled(("requests   ", DIM), f"{_sum(requests.get('sent'), 'sent', outcomes)}{wire}{again}")


def _aside(iterations: Found) -> str:
    return f" ({text.removeprefix(': ')})" if (text := reasoned(iterations.get("unsent_why"))) else ""


def _sum(total: int | None, word: str, parts: dict[str, int]) -> str:
    """`3 sent = 2 ok + 1 timeout`, and without the `=` where it is not so."""
    exact = total == sum(parts.values())
    said = (" + " if exact else ", ").join(f"{count(number)} {name}" for name, number in parts.items())
    return f"{count(total)} {word} {'=' if exact else 'of which known:'} {said or '0'}"


def _end(result: Found) -> Iterator[RenderableType]:
    trust, status = result.get("trust") or {}, result.get("exit_status")
    verdict = str(trust.get("verdict") or "UNKNOWN")
    said = ["simulated target"] if (result.get("target") or {}).get("simulated") else []
    statuses = [str(found.get("status") or "") for found in result.get("thresholds") or []]
    if text := listed({word: statuses.count(word) for word in ("failed", "undecided", "passed")}):
        said.append(f"thresholds: {text}")
    every = [variant.get("requests") or {} for variant in result.get("variants") or []]
    if bad := sum(failed(requests) for requests in every):
        said.append(f"{share(bad, sum(requests.get('sent') or 0 for requests in every))} of requests failed")
    if status:
        said.append(f"exit status {status}{f': {EXITS[status]}' if status in EXITS else ''}")
    yield heading((brief(verdict, 20), VERDICTS.get(verdict, BAD)), ("".join(f" · {part}" for part in said), ""))
    run = result.get("run")
    yield line(f"saved: loadgen report {run} [--json] shows it again" if run else "not saved")
