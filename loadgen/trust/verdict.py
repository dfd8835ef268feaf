"""VALID, DEGRADED or INVALID: judges a run by what the generator measured of itself. Pure functions of figures.

The effect decides: the share of the tail that this machine made. A signal that changes figures in a way that the share
does not show stands alone. All other signals explain the share, and are never worse than it. If the share is not known,
or only a lower bound, they are judged by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loadgen.result.reason import Reason
from loadgen.trust.effect import Effect, ranked
from loadgen.trust.evidence import Evidence
from loadgen.trust.finding import Finding, Verdict, in_ms
from loadgen.trust.signals import SIGNALS

EFFECT = "share of the tail"
CAUSES = {signal.name for signal in SIGNALS if not (signal.alone or signal.symptom)}


def judge(evidence: Evidence, more: Iterable[Finding] = ()) -> list[Finding]:
    """A finding for the share of the tail, then one for each signal that was looked at, and `more`."""
    effect = next(iter(ranked(evidence.effects)), None)
    in_part = any(each.at_least for each in evidence.effects)
    most = Verdict.INVALID if effect is None or in_part else effect.verdict
    looked = (signal.judge(evidence, most) for signal in SIGNALS)
    signals = [finding for finding in looked if finding]
    return [_effect(effect, signals), *signals, *more]


def disturbed(findings: Iterable[Finding], effects: Sequence[Effect]) -> bool:
    """Whether a run is less than VALID for more than the own work of new connections. A signal that only explains the
    share counts with the share."""
    exact = effects and not any(effect.at_least for effect in effects)
    explain = {signal.name for signal in SIGNALS if not (signal.alone or signal.bounds)} if exact else set()
    others = (finding for finding in findings if finding.signal != EFFECT and finding.signal not in explain)
    return any(effect.disturbed for effect in effects) or any(finding.verdict for finding in others)


def overall(findings: list[Finding]) -> Verdict:
    """The worst of them."""
    return max((finding.verdict for finding in findings), default=Verdict.VALID)


def _effect(effect: Effect | None, signals: list[Finding]) -> Finding:
    if effect is None:
        return Finding(EFFECT, Reason.of("too_few_answered"))
    observed = Reason.of(
        "share_of_tail",
        phase=effect.phase,
        cycle=effect.cycle,
        step=effect.step or None,
        slowest=effect.slowest,
        share=round(effect.share, 6),
        at_least=1 if effect.at_least else None,
        own_ms=in_ms(effect.own),
        quantile=effect.quantile,
        quantile_ms=in_ms(effect.value),
        without_ms=in_ms(effect.without),
        cause=_cause(signals),
        **{f"{name}_ms": in_ms(ns) for name, ns in effect.parts.items() if ns},
    )
    return Finding(EFFECT, observed, effect.verdict, effect.verdict)


def _cause(signals: list[Finding]) -> str | None:
    """The code of the signal that says most about why this machine made so much of the tail; None if none does."""
    causes = [finding for finding in signals if finding.verdict and finding.signal in CAUSES]
    cause = max(causes, key=lambda finding: finding.verdict, default=None)
    return cause.observed.code if cause else None


__all__ = ["EFFECT", "Evidence", "Finding", "Verdict", "disturbed", "judge", "overall"]
