"""What went on beside the phases, in words."""

from __future__ import annotations

from loadgen.clock import SECOND
from loadgen.profile.units import format_duration
from loadgen.report.navigate import failures_of
from loadgen.report.words import UNKNOWN, brief, count, ms, several, share
from loadgen.result.cold import cold_of
from loadgen.result.run import Beside

NAME = 24  # characters
MOST = 1e9  # seconds that are told


def pattern(at_once: int, every_s: float, after_s: float) -> str:
    """`10 at once every 5m`, `1 every 30s from 1m on`: as a profile has it."""
    together = " at once" if at_once > 1 else ""
    return f"{count(at_once)}{together} every {_time(every_s)}{f' from {_time(after_s)} on' if after_s else ''}"


def _time(seconds: float) -> str:
    """As a profile has it; a result may say anything."""
    return format_duration(round(min(seconds, MOST) * SECOND)) if seconds >= 0 else UNKNOWN


def glance(stream: Beside) -> str:
    """`keep-warm, 10 at once every 5m: 40 requests, none failed, p50 8.2 ms, p99 12.1 ms, 2.5% cold`."""
    phase = stream.phase
    failed = failures_of(phase.requests) or "none"
    times = [latency for step in phase.steps if (latency := step.latency(phase.headline))]
    known = [(name, of.quantile(name).value) for of in times[:1] for name in ("p50", "p99")]
    parts = [several(phase.requests.sent, "request"), f"{failed} failed"]
    parts += [f"{name} {ms(value)} ms" for name, value in known if value is not None]
    parts += [f"{share(*cold)} cold"] if (cold := cold_starts(stream)) else []
    return f"{brief(phase.name, NAME)}, {pattern(stream.at_once, stream.every_s, stream.after_s)}: {', '.join(parts)}"


def cold_starts(stream: Beside) -> tuple[int, int] | None:
    """How many of the answers that tell it were cold starts, and how many tell it; None if none does."""
    strata = [of for step in stream.phase.steps for of in step.strata]
    told = [(of.count, cold) for of in strata if (cold := cold_of(of.stratum)) is not None]
    return (sum(number for number, cold in told if cold), sum(number for number, _ in told)) if told else None
