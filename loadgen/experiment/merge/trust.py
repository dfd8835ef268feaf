"""The trust of a load that machines shared: that of the worst of them, which is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from loadgen.analysis.standing import Standing
from loadgen.clock import SECOND
from loadgen.experiment.merge.part import Part
from loadgen.record.ledger import Ledger
from loadgen.result.reason import Reason
from loadgen.result.resolution import ASSUMED, Resolution
from loadgen.result.run import JudgedFigure, TrustSignal
from loadgen.trust.finding import Finding, Verdict
from loadgen.trust.verdict import RATE

LEDGERS, LAG = "ledgers", "lag"
PER_SECOND = SECOND / 1_000_000  # ms


def standing_of(parts: Sequence[Part], total: Ledger, accepted: bool) -> Standing:
    """The standing of all machines together. `total` is the sum of their ledgers."""
    findings = [*_of_machines(parts), *_of_sums(total)]
    return Standing(tuple(_figures(parts)), tuple(findings), all(map(_held, parts)), accepted)


def resolution_of(parts: Sequence[Part]) -> Resolution:
    """The resolution of the machine that can tell least."""
    known = [part.result.resolution or ASSUMED for part in parts]
    return max(known, key=lambda of: of.part("p99"))


def _of_machines(parts: Sequence[Part]) -> Iterable[Finding]:
    """Of each signal what counts against a machine; if nothing does, what is worth reading of one, or what the first
    says."""
    by_name: dict[str, list[Finding]] = {}
    for part in parts:
        for signal in part.result.trust.signals:
            by_name.setdefault(signal.signal, []).append(_finding(part, signal))
    for found in by_name.values():
        against = [finding for finding in found if finding.verdict]
        yield from against or [next((finding for finding in found if finding.noted), found[0])]


def _finding(part: Part, of: TrustSignal) -> Finding:
    verdicts = Verdict[of.verdict], Verdict[of.limits]
    return Finding(of.signal, of.observed, *verdicts, of.noted, part.index)


def _of_sums(total: Ledger) -> Iterable[Finding]:
    if mismatches := total.mismatches():
        observed = Reason.of("ledgers", differences="; ".join(mismatches[:3]))
        yield Finding(LEDGERS, observed, Verdict.INVALID, Verdict.INVALID)


def _figures(parts: Sequence[Part]) -> list[JudgedFigure]:
    """Each figure of the machine that made most of its own, the worst first."""
    worst: dict[tuple[str, int, str, str], JudgedFigure] = {}
    for part in parts:
        for figure in part.result.trust.figures:
            place = figure.phase, figure.cycle, figure.step, figure.quantile
            if place not in worst or _badness(figure) > _badness(worst[place]):
                worst[place] = replace(figure, machine=part.index)
    return sorted(worst.values(), key=_badness, reverse=True)


def _badness(of: JudgedFigure) -> tuple[int, bool, float]:
    return Verdict[of.verdict], of.decides, of.share


def _held(part: Part) -> bool:
    """As `trust.verdict.held`, by what the run's signals say."""
    signals = {signal.signal: signal for signal in part.result.trust.signals}
    lag, rate = signals.get(LAG), signals.get(RATE)
    late = lag.observed.values.get("p999_ms", lag.observed.values.get("p99_ms")) if lag else None
    return isinstance(late, float | int) and late < PER_SECOND and not (rate and rate.verdict != "VALID")
