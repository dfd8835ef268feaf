"""Decides the profile's thresholds: in each measured run of a phase, for each step if it is about a latency; and over
the rounds of an experiment (`over_rounds`). Thresholds of two variants are in `experiment.ratios`."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from loadgen.analysis.off_schedule import off_schedule
from loadgen.analysis.standing import NOTHING_KNOWN, Standing
from loadgen.clock import MILLISECOND
from loadgen.profile.model import Threshold as Asked
from loadgen.profile.values import STAMPED
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.run import Phase, Status, Threshold
from loadgen.trust.figure import step_of

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class _Figures(NamedTuple):
    """The figures of a metric, and the step, or for whole iterations the scenario, that they are of. `steps` are the
    steps in it, as trust names them. `other_load`: why the target's own time decides nothing here."""

    step: str
    figures: Latency | None
    steps: list[str]
    other_load: Reason | None = None


def check(
    thresholds: Mapping[str, tuple[Asked, ...]], phases: Iterable[Phase], standing: Standing = NOTHING_KNOWN
) -> list[Threshold]:
    """An entry of a result's `thresholds` for each threshold of a single variant."""
    checked = []
    for phase in phases:
        for asked in thresholds.get(phase.name, ()) if phase.measured else ():
            if asked.kind == "latency":
                for of in _figures(asked, phase):
                    entry = _of_latency(asked, phase, of)
                    checked.append(_latency_standing(entry, asked, phase, of, standing))
            elif asked.kind == "errors":
                checked.append(_count_standing(_of_errors(asked, phase), standing))
            elif asked.kind == "rate":
                checked.append(_count_standing(_of_rate(asked, phase), standing))
    return checked


def _latency_standing(entry: Threshold, asked: Asked, phase: Phase, of: _Figures, standing: Standing) -> Threshold:
    if entry.status == "undecided":
        return entry
    why, usable = standing.of_latency(asked, phase, of.steps, entry.value_ms, entry.status == "passed")
    return replace(entry, why=entry.why or why) if usable else _doubted(entry, why, standing)


def _count_standing(entry: Threshold, standing: Standing) -> Threshold:
    return entry if entry.status == "undecided" else _doubted(entry, standing.of_counts(), standing)


def _doubted(entry: Threshold, why: Reason | None, standing: Standing) -> Threshold:
    """The entry, undecided if there is a reason to doubt its value, unless the user accepts that."""
    if why is None:
        return entry
    return replace(entry, accepted=True) if standing.accepted else replace(entry, status="undecided", why=why)


def _figures(asked: Asked, phase: Phase) -> list[_Figures]:
    metric = asked.metric
    scenarios = dict.fromkeys(step.scenario for step in phase.steps)
    if metric == "iteration":
        whole = {entry.scenario: entry.latency for entry in phase.iteration_ms if not entry.stratum}
        return [
            _Figures(
                name,
                whole.get(name),
                [step_of(name, step.step, len(phase.steps)) for step in phase.steps if step.scenario == name],
            )
            for name in scenarios
        ]
    several = len(scenarios) > 1
    return [
        _Figures(
            f"{step.scenario}/{step.step}" if several else step.step,
            _of_step(metric, step.latency_ms),
            [step_of(step.scenario, step.step, len(phase.steps))],
            off_schedule([step], asked.quantile) if metric in STAMPED else None,
        )
        for step in phase.steps
    ]


def _of_step(metric: str, figures: Mapping[str, Latency]) -> Latency | None:
    """The figures of a metric of a step. An operation that can only be one attempt is that one's response."""
    return figures.get(metric) or (figures.get("response") if metric == "operation" else None)


def _of_latency(asked: Asked, phase: Phase, of: _Figures) -> Threshold:
    entry, figures = _entry(asked, phase, of.step), of.figures
    if of.other_load:
        return replace(entry, why=of.other_load)
    if figures is None:
        return replace(entry, why=Reason.of("no_figure"))
    figure = figures.quantile(asked.quantile)
    if figure.value is not None:
        status = _decided(asked, round(figure.value * MILLISECOND))
        return replace(entry, status=status, value_ms=figure.value)
    if figure.bound is not None and round(figure.bound * MILLISECOND) >= asked.value:
        # it is not known, and still known to be greater than the limit
        return replace(entry, status="failed" if asked.op in ("<", "<=") else "passed", why=figure.why)
    return replace(entry, why=figure.why)


def _of_errors(asked: Asked, phase: Phase) -> Threshold:
    entry, sent = _entry(asked, phase), phase.requests.sent
    if not sent:
        return replace(entry, why=Reason.of("nothing_sent"))
    share = (sent - phase.requests.outcomes.get("ok", 0)) / sent
    return replace(entry, status=_decided(asked, share), value_share=share)


def _of_rate(asked: Asked, phase: Phase) -> Threshold:
    entry, seconds = _entry(asked, phase), phase.seconds
    if not seconds or phase.ran != seconds:
        return replace(entry, why=_stopped(phase.ran))
    rate = phase.iterations.started / seconds
    return replace(entry, status=_decided(asked, rate), value_per_s=rate)


def _stopped(ran: float | None) -> Reason:
    if ran is None:
        return Reason.of("stopped")
    return Reason.of("stopped_after", ran_s=ran) if ran else Reason.of("stopped_before")


def _decided(asked: Asked, value: float) -> Status:
    return "passed" if OPERATORS[asked.op](value, asked.value) else "failed"


def _entry(asked: Asked, phase: Phase, step: str = "") -> Threshold:
    return Threshold(phase.name, phase.cycle, step, asked.text, "undecided")


def over_rounds(variant: str, rounds: Mapping[int, Iterable[Threshold]]) -> list[Threshold]:
    """The thresholds of a variant's runs, by round, as one entry each: passed if it passed in every round and every
    cycle. Otherwise the figures are those of the first round in which it did not pass."""
    by_threshold: dict[tuple[str, str, str], dict[int, list[Threshold]]] = {}
    for number, thresholds in rounds.items():
        for entry in thresholds:
            by_round = by_threshold.setdefault((entry.phase, entry.text, entry.step), {})
            by_round.setdefault(number, []).append(entry)
    return [_over_rounds(variant, by_round) for by_round in by_threshold.values()]


def _over_rounds(variant: str, by_round: Mapping[int, list[Threshold]]) -> Threshold:
    entries = [(number, entry) for number, cycles in by_round.items() for entry in cycles]
    missed = [(number, entry) for number, entry in entries if entry.status != "passed"]
    passed = len(by_round) - len({number for number, _ in missed})
    first = next((pair for pair in missed if pair[1].status == "failed"), missed[0] if missed else None)
    number, entry = first or (None, _without_value(entries[0][1]))
    return replace(entry, cycle=1, variant=variant, rounds=len(by_round), rounds_passed=passed, round=number)


def _without_value(threshold: Threshold) -> Threshold:
    """A threshold that passed in every round has no value of its own."""
    return Threshold(threshold.phase, threshold.cycle, threshold.step, threshold.text, threshold.status)
