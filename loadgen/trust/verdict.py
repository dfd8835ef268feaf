"""VALID, DEGRADED or INVALID: judges a run by what the generator measured of itself. Pure functions of figures.

This machine's share of the figures decides: of those that a threshold or the primary figure is about, or else of p50
and p99 of each step. A signal that changes figures in a way that the share does not show stands alone. All other
signals explain the share, and are never worse than it. If the share is not known, or only a lower bound, they are
judged by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from loadgen.clock import SECOND
from loadgen.result.reason import Reason
from loadgen.result.run import JudgedFigure
from loadgen.trust.evidence import Evidence
from loadgen.trust.figure import WITHIN, Figure, graded, ranked
from loadgen.trust.finding import Finding, Verdict, in_ms
from loadgen.trust.signals import SIGNALS

SHARE = "share of a figure"
RATE = "rate held"
BY_NAME = {signal.name: signal for signal in SIGNALS}
CAUSES = {signal.name for signal in SIGNALS if not (signal.alone or signal.symptom)}


def judge(evidence: Evidence, more: Iterable[Finding] = ()) -> list[Finding]:
    """A finding for this machine's share of a figure, then one for each signal that was looked at, and `more`."""
    deciding = [figure for figure in ranked(evidence.figures) if figure.decides]
    known = evidence.figures and not any(figure.at_least for figure in evidence.figures)
    worst = max((figure.verdict for figure in deciding), default=Verdict.VALID)
    looked = (signal.judge(evidence, worst if known else Verdict.INVALID) for signal in SIGNALS)
    signals = [finding for finding in looked if finding]
    return [_share(next(iter(deciding), None), signals), *signals, *more]


def overall(findings: Iterable[Finding]) -> Verdict:
    """The worst of them."""
    return max((finding.verdict for finding in findings), default=Verdict.VALID)


def held(evidence: Evidence) -> bool:
    """Whether what was planned was sent, and in the second in which it was due: then this machine's part only makes
    times longer, and who keeps an upper limit with it would keep it without."""
    late = evidence.lag_p99 if evidence.lag_p999 is None else evidence.lag_p999
    rate = BY_NAME[RATE].judge(evidence, Verdict.INVALID)
    return late is not None and late < SECOND and not (rate and rate.verdict)


def spoiling(invalid: Iterable[str], *, counts: bool = False, longer: bool = False) -> str | None:
    """Of the signals that are INVALID the one for whose sake no latency can be used, whatever this machine's share of
    it; with `counts` no count either. With `longer` those that only make times longer are left out."""
    known = (BY_NAME[name] for name in invalid if name in BY_NAME)
    alone = (of for of in known if of.alone and (of.counts or not counts) and not (longer and of.longer))
    return next((of.name for of in alone), None)


def on_metric(figure: JudgedFigure, metric: str, value_ms: float | None) -> Verdict:
    """The verdict on a metric of the exchanges that `figure` is of. A metric that is a part of the response, and was
    `value_ms`, contains some of this machine's parts or none."""
    share, part = share_of(figure, metric, value_ms)
    return graded(share, part, figure.resolution_ms)


def share_of(figure: JudgedFigure, metric: str, value_ms: float | None) -> tuple[float, float]:
    """This machine's share of such a metric, from 0 on, and its part of it in ms."""
    within = WITHIN.get(metric, frozenset[str]())
    part = sum(ms for name, ms in figure.parts_ms.items() if name in within)
    if len(within) == len(WITHIN["response"]) or not value_ms:
        value_ms = figure.value_ms
    return part / value_ms if value_ms else 0.0, part


def _share(figure: Figure | None, signals: list[Finding]) -> Finding:
    if figure is None:
        return Finding(SHARE, Reason.of("too_few_answered"))
    observed = Reason.of(
        "share_of_figure",
        phase=figure.phase,
        cycle=figure.cycle,
        step=figure.step or None,
        quantile=figure.quantile,
        share=round(figure.share, 6),
        at_least=1 if figure.at_least else None,
        value_ms=in_ms(figure.value),
        own_ms=in_ms(figure.part),
        resolution_ms=in_ms(figure.resolution),
        cause=_cause(signals),
        **{f"{name}_ms": in_ms(ns) for name, ns in figure.parts.items()},
    )
    return Finding(SHARE, observed, figure.verdict, figure.verdict)


def _cause(signals: list[Finding]) -> str | None:
    """The code of the signal that says most about why this machine made so much of it; None if none does."""
    causes = [finding for finding in signals if finding.verdict and finding.signal in CAUSES]
    cause = max(causes, key=lambda finding: finding.verdict, default=None)
    return cause.observed.code if cause else None
