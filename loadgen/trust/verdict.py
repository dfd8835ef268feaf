"""VALID, DEGRADED or INVALID: judges a run by what the generator measured of itself. Pure functions of figures.

The effect decides: the share of the tail that this machine made. A signal that changes figures in a way that the share
does not show stands alone. All other signals explain the share, and are never worse than it. If the share is not known,
or only a lower bound, they are judged by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from loadgen.trust.effect import Effect, ranked
from loadgen.trust.evidence import Evidence
from loadgen.trust.finding import NOT_SEEN, Finding, Verdict, ms
from loadgen.trust.signals import QUIETER, SIGNALS

EFFECT = "share of the tail"
WORDS = {
    "lag": "lag", "sign": "building and signing", "wait_delay": "waiting behind what was late",
    "connect_delay": "connect delay", "client_delay": "client delay", "handshake_cpu": "handshakes",
}  # fmt: skip
NOT_THIS_MACHINE = {"rate held", "retransmits", "SYN retries", "ledgers", "pool", "reconnects"}
CAUSES = [signal.name for signal in SIGNALS if not signal.alone]


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


def meaning(verdict: str, worst: Collection[str]) -> str:
    """What it says of a run's figures, where the signals `worst` have that verdict: not each of them accuses this
    machine."""
    if verdict == Verdict.VALID.name:
        return "this machine did not make the tail"
    invalid = verdict == Verdict.INVALID.name
    if {*worst} == {"rate held"}:
        return f"the load was not {'' if invalid else 'quite '}the one planned"
    if worst and {*worst} <= NOT_THIS_MACHINE:
        return "the figures are not the target's alone"
    made = "this machine, not the target, made the tail"
    return made if invalid else "this machine may have had a part in the tail"


def overall(findings: list[Finding]) -> Verdict:
    """The worst of them."""
    return max((finding.verdict for finding in findings), default=Verdict.VALID)


def sentence(effect: Effect) -> str:
    """Such as `0.8% of the slowest 1% of burst`."""
    where = " ".join(filter(None, (effect.phase, f"cycle {effect.cycle}" if effect.cycle > 1 else "", effect.step)))
    least, slowest = "at least " if effect.at_least else "", f"{100 * effect.slowest:.3g}%"
    return f"{least}{effect.share:.1%} of the slowest {slowest} of {where}"


def _effect(effect: Effect | None, signals: list[Finding]) -> Finding:
    if effect is None:
        return Finding(EFFECT, f"{NOT_SEEN}: too few requests were answered", Verdict.VALID)
    parts = sorted(effect.parts.items(), key=lambda part: -part[1])
    causes = ", ".join(f"{WORDS[name]} {ms(ns)}" for name, ns in parts if ns >= effect.own / 10)
    why = (
        f"this machine took {ms(effect.own)} of each ({causes}); {effect.quantile} was {ms(effect.value)}, and "
        f"{ms(effect.without)} without it"
    )
    return Finding(EFFECT, sentence(effect), effect.verdict, why, _remedy(signals))


def _remedy(signals: list[Finding]) -> str:
    """That of what says most about why it is so; how late things were does not."""
    causes = [
        finding for finding in signals if finding.verdict and finding.signal in CAUSES and finding.remedy != QUIETER
    ]
    cause = max(causes, key=lambda finding: finding.verdict, default=None)
    return cause.remedy if cause else QUIETER


__all__ = ["EFFECT", "Evidence", "Finding", "Verdict", "disturbed", "judge", "meaning", "overall", "sentence"]
