"""What decided a threshold, or did not, as a sentence."""

from __future__ import annotations

from loadgen.report.sentences import more_time
from loadgen.report.words import rate, seconds, several, share
from loadgen.result.run import Beyond, Threshold


def counts_text(threshold: Threshold) -> str:
    """`0.8% [0.3%, 1.9%] beyond it, against 1%: about 3 more minutes at this rate would decide`. Of errors the share is
    the value itself. Empty if no counts decided it, or if no request was beyond a limit of errors."""
    counts = threshold.counts
    if counts is None or (threshold.value_share is not None and not counts.beyond):
        return ""
    interval = f"[{share(counts.low, 1)}, {share(counts.high, 1)}]"
    if threshold.value_share is None:
        interval = f"{share(counts.share, 1)} {interval} beyond it, against {share(counts.limit, 1)}"
    if threshold.status != "undecided" or threshold.held:
        return interval
    return f"{interval}: {_more(counts)}"


def held_text(threshold: Threshold) -> str:
    """`held until 312/s, 14.2 s`; empty if it was not broken for good."""
    of = threshold.held
    if of is None:
        return ""
    if not of.until_s:
        return "broken from the beginning on"
    return f"held until {rate(round(of.until_per_s, 1))}, {seconds(of.until_s)}"


def _more(counts: Beyond) -> str:
    if counts.more_rounds is not None:
        return f"about {several(counts.more_rounds, 'more round')} would decide"
    if counts.more_s is not None:
        return f"{more_time(counts.more_s)} would decide"
    return "too close to decide"
