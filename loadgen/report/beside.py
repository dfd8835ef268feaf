"""What went on beside the phases, in words."""

from __future__ import annotations

from loadgen.report.navigate import failures_of
from loadgen.report.words import brief, count, ms, seconds, several, share
from loadgen.result.cold import cold_of
from loadgen.result.run import Beside

NAME = 24  # characters


def pattern(at_once: int, every_s: float, after_s: float) -> str:
    """`10 at once every 5 min`, `1 every 30 s from 1 min on`."""
    together = " at once" if at_once > 1 else ""
    return f"{count(at_once)}{together} every {seconds(every_s)}{f' from {seconds(after_s)} on' if after_s else ''}"


def glance(stream: Beside) -> str:
    """`keep-warm, 10 at once every 5 min: 40 requests, none failed, p50 8.2 ms, p99 12.1 ms, 2.5% cold`."""
    phase = stream.phase
    failed = failures_of(phase.requests) or "none"
    timed = [latency for step in phase.steps if (latency := step.latency_ms.get(phase.headline))]
    known = [(name, latency.quantile(name).value) for latency in timed for name in ("p50", "p99")]
    parts = [several(phase.requests.sent, "request"), f"{failed} failed"]
    parts += [f"{name} {ms(value)} ms" for name, value in known if value is not None]
    parts += [f"{share(*cold)} cold"] if (cold := cold_starts(stream)) else []
    return f"{brief(phase.name, NAME)}, {pattern(stream.at_once, stream.every_s, stream.after_s)}: {', '.join(parts)}"


def cold_starts(stream: Beside) -> tuple[int, int] | None:
    """How many of the answers that tell it were cold starts, and how many tell it; None if none does."""
    told = [
        (of.count, cold)
        for step in stream.phase.steps
        for of in step.strata
        if (cold := cold_of(of.stratum)) is not None
    ]
    return (sum(number for number, cold in told if cold), sum(number for number, _ in told)) if told else None
