"""What a run was, and what happened in it, in a line each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loadgen.report.navigate import failures_of, grouped, started
from loadgen.report.styles import BAD, STRONG, WARN, Part
from loadgen.report.words import brief, count, ms, rate, reasoned, seconds, several, share
from loadgen.result.run import Phase, RunResult, Session

PHASES = 4  # that are named
ERRORS = 0.01  # of the requests: from here on, they are red


def what(result: RunResult) -> Iterator[Part]:
    """The load and its target: `GET http://127.0.0.1/orders · 200/s for 30 s · shared session`."""
    target = result.target
    if target.simulated:
        yield brief(result.name, 40), STRONG
        yield " on the simulated target"
    else:
        named = result.name not in _slug(target.url)  # a load on a URL has its host's name
        yield f"{brief(result.name, 40)} on " if named else "", STRONG
        yield brief(target.url, 60), "" if named else STRONG
    yield f" · {_loads(result)}" if grouped(result.variant.phases) else ""
    yield f" · {result.session.reuse} session"
    if result.client != "wire":
        yield f" · {result.client} client"
    if result.nodes:
        yield f" · {several(len(result.nodes), 'node')}", STRONG
    if part := result.share:
        yield f" · share {part.index} of {part.of}", STRONG
    if (of := result.machines) and len(of.machines) == of.of:
        yield f" · {several(of.of, 'machine')}"
    elif of:
        yield f" · {count(len(of.machines))} of {several(of.of, 'machine')}", BAD


def _slug(url: str) -> str:
    return "-".join(filter(None, re.split("[^A-Za-z0-9]+", url)))


def _loads(result: RunResult) -> str:
    groups = grouped(result.variant.phases)
    names = [f"{brief(name, 20)} {load(cycles[0])}" for name, cycles in groups.items()]
    if len(groups) == 1:
        names = [load(cycles[0]) for cycles in groups.values()]
    more = f" and {len(names) - PHASES} more" if len(names) > PHASES else ""
    cycles = max(phase.cycles for phases in groups.values() for phase in phases)
    return f"{', '.join(names[:PHASES])}{more}{f' · {cycles} cycles' if cycles > 1 else ''}"


def load(phase: Phase) -> str:
    """`200/s for 30 s`, `20 users for 10 s`, `50 at once`."""
    over = f" for {seconds(phase.seconds)}" if phase.seconds else ""
    if phase.kind == "closed":
        return f"{several(phase.users, 'user')}{over}"
    if phase.kind == "at-once" or not phase.rate:
        return f"{count(phase.iterations.planned)} at once"
    start, end = phase.rate.planned, phase.rate.planned_end
    return f"{rate(start)}{f' to {rate(end)}' if end != start else ''}{over}"


def how_opened(session: Session) -> str:
    """What follows `shared`: `, at most 8 connections`, `, fifo, from 127.0.0.2 and 3 more addresses`."""
    capped = f", at most {several(session.connections, 'connection')}" if session.connections else ""
    chosen = ", fifo" if session.order == "fifo" else ""
    first, *others = session.bind or ("",)
    more = f" and {len(others)} more address{'es' if len(others) > 1 else ''}" if others else ""
    return f"{capped}{chosen}{f', from {first}{more}' if first else ''}"


def happened(result: RunResult) -> Iterator[Part]:
    """How many requests there were, and whether they were sent as planned."""
    requests, iterations = result.variant.requests, result.variant.iterations
    yield f"{several(requests.sent, 'request')}, "
    if requests.failed:
        style = BAD if requests.failed >= ERRORS * requests.sent else WARN
        yield f"{count(requests.failed)} failed ({share(requests.failed, requests.sent)}): ", style
        yield brief(failures_of(requests), 60), style
    else:
        yield "none failed"
    paces = [pace for phase in result.variant.phases if phase.measured and (pace := started(phase)) is not None]
    at = f"{rate(paces[0])} " if len(paces) == 1 else "all "
    if iterations.planned and iterations.started == iterations.planned:
        yield f" · {at}sent as planned"
    elif iterations.planned:
        yield f" · {share(iterations.started, iterations.planned)} of the plan sent", WARN
        yield reasoned(iterations.unsent_why), WARN
    trip = next((phase.round_trip_ms for phase in result.variant.phases if phase.round_trip_ms is not None), None)
    yield f" · round trip {ms(trip)} ms" if trip is not None else ""
