"""What the answers of a Lambda function told of its invocations, in words."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.aws.prices import dollars, exact_dollars
from loadgen.report.tuned import prices_text
from loadgen.report.words import count, ms, several, share
from loadgen.result.check import PlannedFunction
from loadgen.result.run import ForcedCold, FunctionCost, Invocations, Step

PARTS = (("handler", "handler"), ("init", "init"), ("restore", "restore"), ("overhead", "Lambda and network"))
"""The recorded times of an invocation that the client waited for, with their names on a screen."""
STARTS = ("init", "restore")  # which only some invocations have
WHY = "the function's system log level may be WARN, or log_tail is off"


def times(step: Step) -> Iterator[str]:
    """`handler p50 20.7, p99 64.5`, for each part of the time that a client waited for the function."""
    for name, word in PARTS:
        latency = step.recorded_ms.get(name)
        if latency is None or not latency.count:
            continue
        known = [(at, latency.quantile(at).value) for at in ("p50", "p99")]
        told = ", ".join(f"{at} {ms(value)}" for at, value in known if value is not None)
        if told:
            yield f"{several(latency.count, word) if name in STARTS else word} {told}"


def billed(of: Invocations) -> str:
    """What is billed, and the memory: `27.6 ms each, 13.4 GB-s together; 512 MB, 64 MB of it used`."""
    if not of.reports:
        return "not told"
    memory = f"; {count(of.memory_mb)} MB" if of.memory_mb else ""
    used = f", {count(of.memory_used_mb)} MB of it used" if of.memory_mb and of.memory_used_mb else ""
    return f"{ms(of.billed_ms / of.reports)} ms each, {of.billed_gb:,.4g} GB-s together{memory}{used}"


def spent(of: FunctionCost) -> str:
    """What the load cost: `would be $0.0021 on AWS: 1,000 calls, 12.5 GB-s · prices of eu-west-1, x86_64, 2026-11`."""
    usd = dollars(of.usd) if of.billed else f"would be {dollars(of.usd)} on AWS"
    told = "" if of.reported >= of.requests else f", {count(of.requests - of.reported)} of them without a REPORT"
    return f"{usd}: {several(of.requests, 'call')}{told}, {of.gb_seconds:,.4g} GB-s · {prices_text(of.prices)}"


def forced(of: ForcedCold) -> str:
    """How many cold starts were forced: `40 of 40 iterations were to begin with a cold start; 40 answers were cold`."""
    answers = f"{several(of.cold, 'answer')} {'was' if of.cold == 1 else 'were'} cold"
    due = f"{count(of.due)} of {several(of.iterations, 'iteration')} {'was' if of.due == 1 else 'were'} to begin cold"
    left = "" if of.restored else "; the function is not as it was before"
    return f"{answers}; {due}, after {several(of.changes, 'change')} of the function{left}"


def planned(of: PlannedFunction, several_runs: bool = False) -> list[str]:
    """What a load takes, as lines for `loadgen check`; of `several_runs` it is one, of the profile as it is."""
    calls = "its calls" if of.requests is None else several(of.requests, "call")
    calls += " in a run" if several_runs else ""
    alone = "" if of.requests_usd is None else f" {dollars(of.requests_usd)} without their duration, on AWS;"
    lines = [
        f"function: needs {', '.join(of.permissions)}",
        f"  {calls}:{alone} a call before the load tells the duration; {prices_text(of.prices)}",
    ]
    if of.force_cold:
        each = "each iteration" if of.force_cold == 1 else f"each {count(of.force_cold)} iterations of a user"
        lines.append(f"  force_cold: the function's description is changed before {each}, and restored at the end")
    if of.max_cost is not None:
        limit = exact_dollars(of.max_cost)
        lines.append(f"  max_cost: {limit}. That call tells whether the plan is within it; a run that comes to it ends")
    return [*lines, ""]


def source(of: Invocations) -> str:
    """What told of cold starts and of times, and what did not."""
    if of.reports == of.answers:
        return f"told by the REPORT of {'each answer' if of.answers > 1 else 'the answer'}"
    without = of.answers - of.reports
    own = f"; {share(of.told, without)} of them tell cold starts in their JSON" if of.told else ""
    if of.reports:
        return f"{count(without)} of {several(of.answers, 'answer')} have no REPORT: {WHY}{own}"
    return f"no answer has a REPORT: {WHY}{own if own else '; nothing tells of cold starts'}"


def prepared(of: Invocations) -> str:
    """That an Init or a Restore was over before the client came; empty if none was."""
    if not of.prepared:
        return ""
    return (
        f"{several(of.prepared, 'REPORT')} with an Init or a Restore that nobody waited for: the environment was made "
        "beforehand. They are no cold starts"
    )
