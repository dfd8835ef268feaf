"""Decides the profile's thresholds in each measured run of a phase, for each step if it is about a latency. Those of
an experiment are in `analysis.rounds`, and those of two variants in `experiment.ratios`.

A percentile and the errors are decided by counts: `p99 < 250ms` by how many requests took 250 ms or more, against 1 %
(`stats.shares`). Everything else is compared as it was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from loadgen.analysis.bands import Ramp
from loadgen.analysis.beyond import OPERATORS, UPPER, decided, limit_share, longer
from loadgen.analysis.counted import Counted, Limits
from loadgen.analysis.off_schedule import off_schedule
from loadgen.analysis.per_second import Figure, Tails
from loadgen.analysis.standing import NOTHING_KNOWN, Standing
from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.model import Threshold as Asked
from loadgen.profile.values import STAMPED
from loadgen.record.metrics import Metric
from loadgen.result.band import Held
from loadgen.result.latency import Latency, Quantile
from loadgen.result.reason import Reason
from loadgen.result.run import Phase, Status, Threshold
from loadgen.stats import highest_of, index_of, lowest_of
from loadgen.stats.breaking import broken_from
from loadgen.stats.looks import ALPHA
from loadgen.stats.shares import Share, overdispersion, share_of
from loadgen.trust.figure import step_of

Reader = Callable[[Limits, set[int]], Counted]  # of the limits of figures, and the runs of phases whose errors count
Levels = Mapping[str, float]  # by phase, the error probability that its thresholds have; ALPHA where it is not told


class _Figures(NamedTuple):
    """The figures of a metric, and the step, or for whole iterations the scenario, that they are of. `place` is where
    their counts are; `steps` are the steps in them, as trust names them. `other_load`: why the target's own time
    decides nothing here."""

    step: str
    place: Figure
    figures: Latency | None
    steps: list[str]
    other_load: Reason | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    """A threshold in one run of a phase, and the figures that it is about, if it is about a latency. `absent`: why not
    all of the phase's load is there."""

    asked: Asked
    phase: Phase
    run: int
    of: _Figures | None = None
    absent: Reason | None = None

    @property
    def entry(self) -> Threshold:
        step = self.of.step if self.of else ""
        return Threshold(self.phase.name, self.phase.cycle, step, self.asked.text, "undecided")

    @property
    def figure(self) -> Quantile:
        if self.of and self.of.figures:
            return self.of.figures.quantile(self.asked.quantile)
        return Quantile(self.asked.quantile, None, why=Reason.of("no_figure"))

    @property
    def counted(self) -> bool:
        """Whether counts decide it. What is due all at once is a single event, which is as it is."""
        of_requests = self.asked.kind == "errors" or self.asked.fraction is not None
        return of_requests and self.phase.kind != "at-once"

    @property
    def limits(self) -> list[int]:
        """The value (ns) beyond which requests are counted; and the percentile itself, if it is known."""
        value = self.figure.value
        own = None if value is None else round(value * MILLISECOND)
        return [_edge(self.asked, own), *([] if own is None else [own])]


def check(
    thresholds: Mapping[str, tuple[Asked, ...]],
    phases: Sequence[Phase],
    read: Reader,
    standing: Standing = NOTHING_KNOWN,
    levels: Levels | None = None,
    ramps: Mapping[int, Ramp] | None = None,
    beside: Sequence[Phase] = (),
    absent: Mapping[int, Reason] | None = None,
) -> list[Threshold]:
    """An entry of a result's `thresholds` for each threshold of a single variant. `phases` are all that the plan has,
    in its order; `ramps` those whose rate changes, by number; `beside` what went on beside the phases; `absent`, by
    number, why not all of a phase's load is there."""
    questions = list(_questions(thresholds, phases, beside, absent or {}))
    limits: dict[Figure, list[int]] = {}
    errors = set[int]()
    for question in questions:
        if question.counted and question.of and question.of.figures:
            limits.setdefault(question.of.place, []).extend(question.limits)
        elif question.counted and _failed(question.phase):
            errors.add(question.run)
    counted = read(limits, errors)
    judged = [
        _judged(question, counted, limits, standing, _confidence(question.phase, levels or {}))
        for question in questions
    ]
    return [
        replace(entry, held=_held(question, counted, limits, (ramps or {}).get(question.run)))
        if entry.counts and (entry.status != "undecided" or (entry.why and entry.why.code == "not_decided"))
        else entry
        for question, entry in zip(questions, judged, strict=True)
    ]


def of_part(thresholds: Mapping[str, tuple[Asked, ...]], machines: int) -> Mapping[str, tuple[Asked, ...]]:
    """The thresholds for one of so many machines that share a load: of a rate, its part."""
    if machines == 1:
        return thresholds
    return {
        phase: tuple(replace(of, value=of.value / machines) if of.kind == "rate" else of for of in asked)
        for phase, asked in thresholds.items()
    }


def told_of_part(threshold: Threshold, machines: int) -> Threshold:
    """A threshold on a rate says that it was a part that was compared."""
    if machines == 1 or threshold.value_per_s is None or threshold.why:
        return threshold
    return replace(threshold, why=Reason.of("part_of_rate", of=machines))


def undecided_if_unread(threshold: Threshold, unread: bool) -> Threshold:
    """What is judged by counts alone is undecided where some counts of nodes could not be read."""
    if not unread or (threshold.value_per_s is None and threshold.value_share is None):
        return threshold
    return replace(threshold, status="undecided", why=Reason.of("counts_unread"))


def _questions(
    thresholds: Mapping[str, tuple[Asked, ...]],
    phases: Sequence[Phase],
    beside: Sequence[Phase],
    absent: Mapping[int, Reason],
) -> Iterator[_Question]:
    measured = [(run, phase) for run, phase in enumerate(phases) if phase.measured]
    for run, phase in (*measured, *enumerate(beside, len(phases) + 1)):  # what is due at once needs no counts of a run
        for asked in thresholds.get(phase.name, ()):
            if asked.kind == "latency":
                yield from (_Question(asked, phase, run, of) for of in _figures(asked, phase, run))
            elif asked.kind in _OF_PHASE:
                yield _Question(asked, phase, run, absent=absent.get(run))


def _confidence(phase: Phase, levels: Levels) -> float:
    """All cycles of a phase together are wrong as seldom as one would be."""
    return 1 - levels.get(phase.name, ALPHA) / phase.cycles


def _judged(question: _Question, counted: Counted, limits: Limits, standing: Standing, confidence: float) -> Threshold:
    """The entry of a threshold, undecided if there is a reason to doubt its value."""
    if question.of is None:
        entry = _OF_PHASE[question.asked.kind](question, counted, confidence)
        return entry if _unknown(entry) else _doubted(entry, standing.of_counts(), standing)
    entry = _of_latency(question, question.of, counted, limits, confidence)
    if _unknown(entry):
        return entry
    kept = entry.status == "passed" or (entry.status == "undecided" and _keeps(question.asked, entry))
    why, usable = standing.of_latency(question.asked, question.phase, question.of.steps, entry.value_ms, kept)
    return replace(entry, why=entry.why or why) if usable else _doubted(entry, why, standing)


def _keeps(asked: Asked, entry: Threshold) -> bool:
    """Whether the figure is within an upper limit, though too few requests prove it: not for this machine's part."""
    return entry.value_ms is not None and _compared(asked, round(entry.value_ms * MILLISECOND)) == "passed"


def _unknown(entry: Threshold) -> bool:
    """Whether there is nothing to be judged."""
    return entry.status == "undecided" and entry.counts is None


def _doubted(entry: Threshold, why: Reason | None, standing: Standing) -> Threshold:
    """The entry, undecided if there is a reason to doubt its value, unless the user accepts that."""
    if why is None:
        return entry
    return replace(entry, accepted=True) if standing.accepted else replace(entry, status="undecided", why=why)


def _figures(asked: Asked, phase: Phase, run: int) -> Iterator[_Figures]:
    metric, several = asked.metric, len({step.scenario for step in phase.steps}) > 1
    whole = {entry.scenario: entry.latency for entry in phase.iteration_ms if not entry.stratum}
    names = [step.scenario for step in phase.steps]
    for number, step in enumerate(phase.steps):
        only = [step_of(step.scenario, step.step, len(phase.steps))]
        if metric == "iteration":
            if names.index(step.scenario) == number:
                mine = [other for other in phase.steps if other.scenario == step.scenario]
                steps = [step_of(other.scenario, other.step, len(phase.steps)) for other in mine]
                of = Metric.ITERATION if len(mine) > 1 else _metric("operation", step.latency_ms)
                yield _Figures(step.scenario, Figure(run, number, of), whole.get(step.scenario), steps)
            continue
        of = _metric(metric, step.latency_ms)
        name = f"{step.scenario}/{step.step}" if several else step.step
        other_load = off_schedule([step], asked.quantile) if metric in STAMPED else None
        yield _Figures(name, Figure(run, number, of), step.latency_ms.get(of.word), only, other_load)


def _metric(word: str, figures: Mapping[str, Latency]) -> Metric:
    """The metric of that name. An operation that can only be one attempt is that one's response."""
    return Metric.RESPONSE if word == "operation" and word not in figures else Metric[word.upper()]


# a rate that changes


def _held(question: _Question, counted: Counted, limits: Limits, ramp: Ramp | None) -> Held | None:
    """From when on an upper limit was broken for good."""
    asked = question.asked
    tails = counted.errors.get(question.run) if question.of is None else counted.latencies.get(question.of.place)
    if ramp is None or tails is None or asked.op not in UPPER:
        return None
    row = 0 if question.of is None else limits[question.of.place].index(question.limits[0])
    broken = broken_from(tails.count, tails.beyond[row], limit_share(asked))
    if broken is None:
        return None
    time = (tails.begin + broken * tails.width) * SECOND if broken else ramp.starts
    return Held(round((time - ramp.starts) / SECOND, 3), round(ramp.at(time), 3))


# latencies


def _of_latency(question: _Question, of: _Figures, counted: Counted, limits: Limits, confidence: float) -> Threshold:
    asked, figure = question.asked, question.figure
    entry = replace(question.entry, value_ms=figure.value)
    if of.other_load:
        return replace(entry, value_ms=None, why=of.other_load)
    if of.figures is None or (figure.value is None and figure.why and figure.why.code == "unstamped"):
        return replace(entry, why=figure.why)
    if not question.counted:
        return _plain(entry, asked, figure)
    tails = counted.latencies.get(of.place)
    if tails is None or int(tails.count.sum()) < of.figures.count:
        return replace(entry, why=Reason.of("not_in_folder") if of.figures.count else figure.why)
    share = _share(tails, limits[of.place], question.limits, confidence)
    return _by_counts(entry, question, share, confidence, figure)


def _share(tails: Tails, limits: Sequence[int], mine: Sequence[int], confidence: float) -> Share:
    """The share of requests beyond the first of `mine`. How those beyond the second one come together is known, where
    there is one."""
    beyond = [tails.beyond[limits.index(limit)] for limit in mine]
    return share_of(tails.count, beyond[0], confidence, *(overdispersion(tails.count, own) for own in beyond[1:]))


def _by_counts(
    entry: Threshold, question: _Question, share: Share, confidence: float, figure: Quantile | None = None
) -> Threshold:
    asked, phase = question.asked, question.phase
    status, counts = decided(asked, share, confidence)
    if figure and _may_be_within(asked, figure) and (status == "passed") == (asked.op not in UPPER):
        return replace(entry, counts=counts, why=figure.why)
    if status == "undecided":
        ramp = phase.rate is not None and phase.rate.planned != phase.rate.planned_end
        # a ramp that takes longer is another ramp
        lasts = None if ramp else phase.ran if phase.ran is not None else phase.seconds
        return replace(entry, counts=longer(asked, share, counts, lasts), why=Reason.of("not_decided"))
    bound = figure.why if figure and figure.bound is not None else None
    return replace(entry, status=status, counts=counts, why=bound)


def _may_be_within(asked: Asked, figure: Quantile) -> bool:
    """Whether the percentile is a timeout that loadgen did not wait for as long as the limit: it is counted as beyond
    it, and may not have been."""
    return figure.value is None and figure.bound is not None and round(figure.bound * MILLISECOND) < asked.value


def _edge(asked: Asked, own: int | None) -> int:
    """The value beyond which requests count as beyond the limit. All requests in the limit's own counter, which is a
    thousandth wide, count as the percentile itself if that is among them, otherwise as within."""
    limit = round(asked.value)
    index = int(index_of(np.array([limit]))[0])
    if own is None or int(index_of(np.array([own]))[0]) != index:
        return highest_of(index)
    met = OPERATORS[asked.op](own, asked.value)
    return highest_of(index) if met == (asked.op in UPPER) else lowest_of(index) - 1


def _plain(entry: Threshold, asked: Asked, figure: Quantile) -> Threshold:
    if figure.value is not None:
        return replace(entry, status=_compared(asked, round(figure.value * MILLISECOND)))
    if figure.bound is not None and round(figure.bound * MILLISECOND) >= asked.value:
        # it is not known, and still known to be greater than the limit
        return replace(entry, status="failed" if asked.op in UPPER else "passed", why=figure.why)
    return replace(entry, why=figure.why)


# counts of requests and iterations


def _failed(phase: Phase) -> int:
    return phase.requests.sent - phase.requests.outcomes.get("ok", 0)


def _of_errors(question: _Question, counted: Counted, confidence: float) -> Threshold:
    sent, failed = question.phase.requests.sent, _failed(question.phase)
    if not sent:
        return replace(question.entry, why=Reason.of("nothing_sent"))
    entry = replace(question.entry, value_share=failed / sent)
    if not question.counted:
        return replace(entry, status=_compared(question.asked, failed / sent))
    seconds = counted.errors.get(question.run)
    # those that are in no second failed without any time: with a lost worker
    together = share_of(seconds.count, seconds.beyond[0], confidence).overdispersion if seconds else float(failed or 1)
    return _by_counts(entry, question, Share(sent, failed, together), confidence)


def _of_rate(question: _Question, counted: Counted, confidence: float) -> Threshold:
    entry, phase, seconds = question.entry, question.phase, question.phase.seconds
    if not seconds or phase.ran != seconds:
        return replace(entry, why=_stopped(phase.ran))
    if question.absent:  # what was sent says nothing of what would have been
        return replace(entry, why=question.absent)
    rate = phase.iterations.started / seconds
    return replace(entry, status=_compared(question.asked, rate), value_per_s=rate)


def _of_cold(question: _Question, counted: Counted, confidence: float) -> Threshold:
    wave = question.phase.cold_wave
    if wave is None or not wave.told:
        return replace(question.entry, why=Reason.of("cold_not_told"))
    return replace(question.entry, status=_compared(question.asked, wave.share), value_share=wave.share)


def _of_recovery(question: _Question, counted: Counted, confidence: float) -> Threshold:
    """A p99 that was not back when the phase ended took longer than the phase."""
    entry, phase = question.entry, question.phase
    if phase.cold_wave is None:
        return replace(entry, why=Reason.of("cold_not_told"))
    recovery = phase.cold_wave.recovery
    if recovery is None:
        return replace(entry, why=Reason.of("nothing_before"))
    if recovery.after_s is not None:
        return replace(entry, status=_compared(question.asked, recovery.after_s * SECOND), value_s=recovery.after_s)
    lasted = phase.ran or 0.0
    beyond = lasted * SECOND >= question.asked.value
    failed: Status = "failed" if question.asked.op in UPPER else "passed"
    return replace(entry, status=failed if beyond else "undecided", why=Reason.of("not_recovered", ran_s=lasted))


_OF_PHASE: dict[str, Callable[[_Question, Counted, float], Threshold]] = {
    "errors": _of_errors,
    "rate": _of_rate,
    "cold": _of_cold,
    "recovery": _of_recovery,
}


def _stopped(ran: float | None) -> Reason:
    if ran is None:
        return Reason.of("stopped")
    return Reason.of("stopped_after", ran_s=ran) if ran else Reason.of("stopped_before")


def _compared(asked: Asked, value: float) -> Status:
    return "passed" if OPERATORS[asked.op](value, asked.value) else "failed"
