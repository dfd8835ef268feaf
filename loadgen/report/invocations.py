"""What the answers of a Lambda function told of its invocations, in words."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.report.words import count, ms, several, share
from loadgen.result.run import Invocations, Step

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
