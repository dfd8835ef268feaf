"""What the target's own logs told of a run's requests, in words."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.report.words import count, ms, several, share
from loadgen.result.join import Hop, Hops, JoinGroup, JoinResult, JoinSource, JoinStep

TOLD = 0.01  # of the whole: a smaller part is left out of a sentence, unless it is ours
NAMES: dict[Hop, str] = {
    "network": "network", "gateway": "API Gateway", "lambda": "Lambda", "init": "init", "restore": "restore",
    "handler": "handler",
}  # fmt: skip
PARTS = (
    ("machine_ms", "this machine"), ("held_ms", "held by the profile"), ("connect_ms", "connection"),
    ("gateway_ms", "API Gateway"), ("lambda_ms", "Lambda"), ("integration_ms", "Lambda and handler"),
    ("init_ms", "init"), ("restore_ms", "restore"), ("handler_ms", "handler"),
)  # fmt: skip
LATE = "Their lines may not be there yet: join again in a minute"
TITLES = {"p99": "around the p99", "slowest": "slowest 1%", "drawn": "drawn"}


def found(of: JoinResult) -> str:
    """`196 of 198 requests were found`."""
    said = [f"{count(of.found)} of {several(of.looked_for, 'request')} found in its logs", *_left_out(of)]
    if not of.found and not (of.impossible or of.contradicted):
        late = any(source.kind == "log group" for source in of.sources)
        said.append(LATE if late else "These files have no line of them")
    said += [] if of.complete else ["There was more than was read"]
    return ". ".join(said)


def _left_out(of: JoinResult) -> Iterator[str]:
    """Which lines were not believed."""
    if of.impossible:
        were = "was" if of.impossible == 1 else "were"
        yield f"{several(of.impossible, 'line')} told impossible times and {were} left out"
    if of.contradicted:
        yield f"Lines of {several(of.contradicted, 'id')} contradict each other and were left out"


def kept(of: JoinResult) -> str:
    """Where the result is from now on."""
    if of.earlier:
        return f"not saved: {of.run} keeps the join before, which found {several(of.earlier, 'request')}"
    return f"saved: loadgen report {of.run} shows it from now on"


def source(of: JoinSource) -> str:
    told = [several(of.reports, "REPORT")] if of.reports else []
    told += [f"{several(of.accesses, 'line')} of an access log"] if of.accesses else []
    return f"{of.kind} {of.name}: {' and '.join(told) or 'none of these requests'}"


def rest(of: Hops) -> str:
    """The name of the remainder: `network and Lambda`."""
    *others, last = [NAMES[hop] for hop in of.rest_of] or ["other"]
    return f"{', '.join(others)} and {last}" if others else last


def parts(of: Hops) -> list[tuple[str, float]]:
    """Every known hop by name, in ms, and the remainder."""
    known = [(name, getattr(of, field)) for field, name in PARTS if getattr(of, field) is not None]
    return [*known[:3], (rest(of), of.rest_ms), *known[3:]]


def of_p99(step: JoinStep) -> str:
    """`of the p99 of 412 ms: this machine 0.3, network 14 (the remainder), API Gateway 6, ...`; empty if it is not
    known."""
    group = next((group for group in step.groups if group.name == "p99" and group.hops), None)
    if not group or not group.hops or step.p99_ms is None:
        return ""
    return f"of the p99 of {ms(step.p99_ms)} ms: {divided(group.hops)}"


def divided(of: Hops) -> str:
    every = parts(of)
    told = [
        f"{name} {ms(value)}{' (the remainder)' if name == rest(of) else ''}"
        for name, value in every
        if name == every[0][0] or abs(value) >= TOLD * of.whole_ms
    ]
    return f"{', '.join(told)} (means of {several(of.requests, 'request')})"


def title(group: JoinGroup) -> str:
    return f"{TITLES[group.name]} ({count(group.hops.requests if group.hops else 0)})"


def rows(step: JoinStep) -> Iterator[tuple[str, ...]]:
    """A row for each hop: its name, and its time in ms in each group that is divided."""
    hops = [group.hops for group in step.groups if group.hops]
    names = dict.fromkeys(name for of in hops for name, _ in parts(of))
    figures = [dict(parts(of)) for of in hops]
    remainders = {rest(of) for of in hops}
    yield "whole", *(ms(of.whole_ms) for of in hops)
    for name in names:
        if any(of.get(name) for of in figures):
            shown = f"{name}, the remainder" if name in remainders else name
            yield shown, *(ms(of[name]) if name in of else "" for of in figures)


def starts(step: JoinStep) -> Iterator[str]:
    """How the requests of each group started: `drawn: 2.0% cold (0.2% to 7.0%), ...`. Only a draw stands for all."""
    for group in step.groups:
        if group.name == "p99" or not group.starts:
            continue
        told = []
        for of in group.starts:
            within = f" ({share(of.share_low, 1)} to {share(of.share_high, 1)})" if group.name == "drawn" else ""
            told.append(f"{share(of.share, 1)} {of.start}{within}")
        total = sum(of.requests for of in group.starts)
        what = "a sample of all" if group.name == "drawn" else "of these alone"
        yield f"{TITLES[group.name]}: {', '.join(told)}: REPORTs of {several(total, 'request')}, {what}"


def missing(step: JoinStep) -> str:
    """Why there is nothing of the p99, or too little of all; empty if there is all."""
    if any(group.name == "p99" and group.hops for group in step.groups):
        return ""
    if not any(group.hops for group in step.groups):
        return "too few of its requests were found to divide their time"
    if step.p99_ms is None:
        return f"there is no p99 of {several(step.requests, 'request')}"
    if any(group.name == "p99" for group in step.groups):
        return "too few of the requests around the p99 were found"
    return "the requests around the p99 were not kept"
