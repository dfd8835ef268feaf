"""How far the figures of a run can be used: what this machine's share of them, and the signals that stand alone, take
down with them, and what they leave standing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from loadgen.profile.clients import CLIENTS
from loadgen.profile.model import Profile
from loadgen.profile.model import Threshold as Limit
from loadgen.record import attribution
from loadgen.record.share import Part
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.run import JudgedFigure, Phase
from loadgen.trust.evidence import Evidence
from loadgen.trust.figure import Asked, Place, ranked
from loadgen.trust.finding import Finding, Verdict
from loadgen.trust.verdict import held, on_metric, spoiling

WORDS: dict[Verdict, Literal["DEGRADED", "INVALID"]] = {Verdict.DEGRADED: "DEGRADED", Verdict.INVALID: "INVALID"}
DOUBTS = ("run_invalid", "figure_invalid")  # the codes of why a threshold cannot be decided on this machine


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a run's trust. `held`: all of the load was sent in the second in which it was due; `accepted`:
    the user takes the figures even where they are INVALID; `primary`: the run is one of an experiment."""

    figures: tuple[JudgedFigure, ...] = ()
    findings: tuple[Finding, ...] = ()
    held: bool = False
    accepted: bool = False
    primary: bool = False

    def of_counts(self) -> Reason | None:
        """Why the counts of requests cannot be used; None if they can."""
        signal = spoiling(self._invalid, counts=True)
        return Reason.of("run_invalid", signal=signal) if signal else None

    def of_latency(
        self, limit: Limit, phase: Phase, steps: Collection[str], value_ms: float | None, passed: bool
    ) -> tuple[Reason | None, bool]:
        """Why that value of the limit's metric in these steps cannot be used, or, with True, why it can be used all the
        same: it keeps an upper limit even with this machine's part inside."""
        met = passed and self.held and limit.op in ("<", "<=")
        if signal := spoiling(self._invalid, longer=met):
            return Reason.of("run_invalid", signal=signal), False
        worst = self._worst(limit, phase, steps, value_ms)
        if worst is None:
            return None, False
        share = round(worst.share, 6)
        if met:
            return Reason.of("met_with_own", share=share), True
        return Reason.of("figure_invalid", quantile=worst.quantile, share=share, own_ms=round(worst.own_ms, 6)), False

    def marked(self, place: Place, metric: str, timed: Latency) -> Latency:
        """The figures of a metric of a step, with the verdict on those of which this machine made too much."""
        verdicts = {
            figure.quantile: on_metric(figure, metric, timed.quantile(figure.quantile).value)
            for figure in self.figures
            if (figure.phase, figure.cycle, figure.step) == place and metric != "iteration"
        }
        doubted = {name: WORDS[verdict] for name, verdict in verdicts.items() if verdict}
        return replace(timed, doubted=doubted) if doubted else timed

    @property
    def _invalid(self) -> list[str]:
        return [finding.signal for finding in self.findings if finding.verdict is Verdict.INVALID]

    def _worst(self, limit: Limit, phase: Phase, steps: Collection[str], value_ms: float | None) -> JudgedFigure | None:
        """The INVALID one among the figures that the limit is about, of which this machine made most."""
        invalid = (
            figure
            for figure in self.figures
            if (figure.phase, figure.cycle, figure.quantile) == (phase.name, phase.cycle, limit.quantile)
            and figure.step in steps
            and on_metric(figure, limit.metric, value_ms) is Verdict.INVALID
        )
        return max(invalid, key=lambda figure: figure.share, default=None)


NOTHING_KNOWN = Standing()


def standing_of(
    evidence: Evidence, findings: Sequence[Finding], *, accepted: bool = False, primary: bool = False
) -> Standing:
    """The standing of a run on which there are these findings."""
    figures = tuple(figure.to_result() for figure in ranked(evidence.figures))
    return Standing(figures, tuple(findings), held(evidence), accepted, primary)


def asked_parts(profile: Profile) -> Mapping[Part, str]:
    """The parts of a time that this profile asks for, and the field that counts each."""
    adaptive = profile.retries is not None and profile.retries.mode == "adaptive"
    of_client = attribution.NONE if CLIENTS[profile.client].ours else attribution.OF_CLIENT
    return {**of_client, **(attribution.HELD_BACK if adaptive else {})}


def asked_of(profile: Profile) -> Sequence[Asked]:
    """The figures that a profile's thresholds and its primary figure are about."""
    asked = [
        Asked(phase, "", of.metric or "response", of.quantile)
        for phase, limits in profile.thresholds.items()
        for of in limits
        if of.kind in ("latency", "ratio")
    ]
    if profile.experiment and (primary := profile.experiment.primary):
        asked.append(Asked(primary.phase, primary.step, primary.metric, primary.quantile))
    return asked
