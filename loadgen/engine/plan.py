"""What is to be run, in numbers: the phases in the order in which they run, and the ledger's rows.

A phase runs once, a measured one once a cycle. A slot is a row of the ledger: one step within one run of a phase.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from loadgen.aws.retries import LONGEST
from loadgen.clock import SECOND
from loadgen.errors import PlanError
from loadgen.pacing import Groups, Schedule, share
from loadgen.profile.beside import DRAIN
from loadgen.profile.model import LinearRate, Phase, Profile, Rate, Step
from loadgen.record.ledger import Ledger
from loadgen.record.metrics import MOST_RECORDED, WAITED
from loadgen.record.recorder import Timing
from loadgen.workload.retrying import LONGEST_PAUSE, MOST_RESENT

MOST_SLOTS = 100_000  # of which each has a row in the ledger, 216 bytes
_ARRIVALS = 0  # the purpose that the entropy of a schedule's stream begins with


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """One run of a phase. `cycle` counts from 1, and is 0 for what runs once. `position` is the phase's in the profile,
    and for the drain one beyond the last. `groups` are when the requests of a stream beside the phases are due; such a
    stream stands here as a phase that is not measured.
    """

    number: int
    phase: Phase
    cycle: int
    position: int
    seed: int
    name: str
    measured: bool
    groups: Groups | None = None

    @property
    def duration(self) -> int | None:
        """How long it runs, in ns, if that is known before."""
        return self.phase.length

    @property
    def fixed(self) -> bool:
        """Whether its end is known before it starts."""
        return self.duration is not None

    @property
    def rates(self) -> tuple[float, float] | None:
        """The rates a second that it begins and ends with, if it has any. That of the drain is steady."""
        rate, lasts = self.phase.rate, self.duration or 1
        return (rate.at(0.0, lasts), rate.at(float(lasts), lasts)) if rate else None

    @property
    def mean_rate(self) -> float | None:
        """Iterations a second on average, if it has a rate."""
        return self.phase.rate.mean(self.duration) if self.phase.rate and self.duration else None

    def schedule(self) -> Schedule:
        """The arrivals of an open phase."""
        rate, duration = self.phase.rate, self.duration
        assert rate and duration
        seed = (self.seed, _ARRIVALS, self.position, self.cycle)
        return Schedule(rate, duration, self.phase.arrivals == "poisson", seed, self.phase.iterations)

    def total(self) -> int | None:
        """How many iterations arrive, in all workers; None where it is users who start them."""
        return self.schedule().planned() if self.phase.kind == "open" else self.phase.at_once

    def planned(self, index: int, workers: int) -> int | None:
        """How many iterations worker `index` is to start; None where only the run itself will tell."""
        total = self.total()
        if total is not None:
            return share(total, index, workers)
        return self.budget(index, workers) if self.phase.duration is None else None

    def budget(self, index: int, workers: int) -> int | None:
        """How many iterations the users in worker `index` may start, if that is limited. Where there are fewer users
        than workers, some workers have none."""
        users, total = self.phase.users, self.phase.iterations
        if users is None or total is None:
            return None
        return share(total, index, min(workers, users)) if index < users else 0


class Plan:
    """The runs of a load's phases, and after them the drain: what arrives while the measured part is waited for. Then
    come the streams beside the phases, by name: a stream has one step, which is called as it is.

    `steps` are (scenario, step) names; `longest` is how long an iteration can take at the most, in ns; `metrics` names
    the profile's own (`record:`). Of the runs in `open_ended` nobody knows beforehand when they end, but for the latest
    end, which is their duration.
    """

    def __init__(
        self,
        load: tuple[Phase, ...],
        cycles: int,
        seed: int,
        steps: tuple[tuple[str, str], ...],
        longest: int,
        metrics: tuple[str, ...] = (),
        beside: Mapping[str, Groups] | None = None,
        open_ended: Collection[int] = (),
    ) -> None:
        if cycles * len(load) * len(steps) > MOST_SLOTS:
            each = f"{cycles:,} cycles of {len(load):,} phases with {len(steps):,} steps"
            raise PlanError(f"{each} are more than the {MOST_SLOTS:,} that can be told apart. Use fewer of them")
        self.load, self.cycles, self.seed, self.steps, self.longest = load, cycles, seed, steps, longest
        self.metrics, self.open_ended = metrics, frozenset(open_ended)
        order = [(position, cycle, load[position]) for position, cycle in _order(load, cycles)]
        self.runs = tuple(
            PhaseRun(number, phase, cycle, position, seed, phase.name, phase.measure)
            for number, (position, cycle, phase) in enumerate(order)
        )
        self.drain = PhaseRun(len(order), _drain(self.runs[-1]), 0, len(load), seed, DRAIN, False)
        self.beside = tuple(
            PhaseRun(len(order) + number, _standing_for(name, groups), 0, len(load) + number, seed, name, False, groups)
            for number, (name, groups) in enumerate((beside or {}).items(), 1)
        )
        self.drain_limit = longest + SECOND

    @classmethod
    def of(cls, profile: Profile) -> Plan:
        """Raises PlanError if the profile has more metrics of its own, or more to be counted apart, than can be."""
        scenarios = (*profile.scenarios, *(stream.scenario for stream in profile.beside))
        longest = max(sum(_longest(step, profile) for step in scenario.steps) for scenario in scenarios)
        metrics = profile.record_names
        if len(metrics) > MOST_RECORDED:
            raise PlanError(f"record: {len(metrics)} names are more than the {MOST_RECORDED} that can be told apart")
        names = tuple((scenario.name, step.name) for scenario in profile.scenarios for step in scenario.steps)
        beside = {stream.name: Groups(stream.every, stream.at_once, stream.after) for stream in profile.beside}
        return cls(profile.load, profile.cycles, profile.seed, names, longest, metrics, beside)

    def ending(self, number: int, duration: int) -> Plan:
        """The same plan in which run `number`, whose phase runs once, lasts `duration` ns."""
        position = self.runs[number].position
        load = list(self.load)
        load[position] = load[position].model_copy(update={"duration": duration})
        return self._again(tuple(load), self.open_ended - {number})

    def opened(self, numbers: Collection[int]) -> Plan:
        """The same plan, in which these runs are open-ended."""
        return self._again(self.load, numbers)

    def _again(self, load: tuple[Phase, ...], open_ended: Collection[int]) -> Plan:
        beside = {run.name: run.groups for run in self.beside if run.groups}
        return Plan(load, self.cycles, self.seed, self.steps, self.longest, self.metrics, beside, open_ended)

    def timing(self, slot: int, began: int) -> Timing:
        """What is known of a slot's phase, for a series that began so many ns after the load. The gap is that between
        arrivals over all workers; `WAITED` if they are due at once, or if users start them."""
        run = self.all_runs[slot // len(self.steps)]
        gap = round(SECOND / run.mean_rate) if run.mean_rate else WAITED
        return Timing(gap, began, 0 if run.number in self.open_ended else run.duration or 0)

    def describe(self) -> dict[str, Any]:
        """The plan as plain data, from which `from_description` makes it again: kept with a run, so that one that
        died can be reported."""
        load = [
            {
                "name": phase.name,
                "rate": phase.rate.describe() if phase.rate else None,
                "users": phase.users,
                "at-once": phase.at_once,
                "for": phase.duration,
                "iterations": phase.iterations,
                "arrivals": phase.arrivals if phase.rate else None,
                "measure": phase.measure,
            }
            for phase in self.load
        ]
        beside = {run.name: asdict(run.groups) for run in self.beside if run.groups}
        return {"load": load, "cycles": self.cycles, "seed": self.seed, "steps": self.steps, "longest": self.longest,
                "metrics": self.metrics, **({"beside": beside} if beside else {})}  # fmt: skip

    @classmethod
    def from_description(cls, plan: dict[str, Any]) -> Plan:
        """Raises ValueError, TypeError or KeyError for what `describe` did not write."""
        load = []
        for phase in plan["load"]:
            given = {key: value for key, value in phase.items() if value is not None}
            if "rate" in given:
                given["rate"] = Rate.from_description(given["rate"])
            name = str(given.pop("name"))  # `${NAME}` where a variable gave it
            load.append(Phase.model_validate({**given, "name": "phase"}).model_copy(update={"name": name}))
        if type(plan["cycles"]) is not int or plan["cycles"] < 1:
            raise ValueError("cycles are no number from 1 on")
        steps = tuple((scenario, step) for scenario, step in plan["steps"])
        beside = {str(name): Groups.checked(**groups) for name, groups in plan.get("beside", {}).items()}
        return cls(tuple(load), plan["cycles"], plan["seed"], steps, plan["longest"], tuple(plan["metrics"]), beside)

    @property
    def all_runs(self) -> tuple[PhaseRun, ...]:
        return (*self.runs, self.drain, *self.beside)

    @property
    def length(self) -> int | None:
        """How long the phases take, in ns; None if only the run shows it."""
        lengths = [run.duration for run in self.runs]
        known = [length for length in lengths if length is not None]
        return sum(known) if len(known) == len(lengths) else None

    @property
    def slots(self) -> int:
        return len(self.all_runs) * len(self.steps)

    def slot(self, run: int, step: int) -> int:
        return run * len(self.steps) + step

    def of_slot(self, slot: int) -> tuple[PhaseRun, tuple[str, str]]:
        """The run, and the (scenario, step), of a slot."""
        number, step = divmod(slot, len(self.steps))
        run = self.all_runs[number]
        return run, ((run.name, run.name) if run.groups else self.steps[step])

    def slots_of(self, run: PhaseRun) -> range:
        """The slots that are in use for a run."""
        first = self.slot(run.number, 0)
        return range(first, first + (1 if run.groups else len(self.steps)))

    def slots_by_step(self) -> dict[tuple[str, str], list[int]]:
        """The slots of each (scenario, step), of the phases and beside them."""
        slots: dict[tuple[str, str], list[int]] = {}
        for run in self.all_runs:
            for slot in self.slots_of(run):
                slots.setdefault(self.of_slot(slot)[1], []).append(slot)
        return slots

    @property
    def streams(self) -> dict[tuple[str, str], Groups]:
        """What goes on beside the phases, by its (scenario, step)."""
        return {(run.name, run.name): run.groups for run in self.beside if run.groups}

    def of_phases(self, totals: Ledger) -> Ledger:
        """What a ledger has of the phases and the drain, without what goes on beside them."""
        runs = self.drain.number + 1
        return totals.beginning(runs, runs * len(self.steps)) if self.beside else totals

    @property
    def keeps_firing(self) -> bool:
        """Whether arrivals go on while the measured part drains: after an open phase that is not of an exact count."""
        rate = self.drain.phase.rate
        return rate is not None and rate.highest > 0 and not self.runs[-1].phase.iterations

    def drain_schedule(self) -> Schedule:
        """The arrivals during the drain, at the rate that the last phase ended with."""
        phase = self.drain.phase
        assert phase.rate
        seed = (self.drain.seed, _ARRIVALS, self.drain.position, 0)
        return Schedule(phase.rate, self.drain_limit, phase.arrivals == "poisson", seed)


def _longest(step: Step, profile: Profile) -> int:
    """How long a step can take at the most, its think time, attempts and back-offs included, in ns."""
    attempts = profile.retries.attempts if profile.retries else 1
    backoff = sum(min(1 << retry, LONGEST) for retry in range(attempts - 1)) * SECOND
    call = attempts * (step.timeout or profile.timeout) + backoff
    if step.unprocessed == "resend":
        call += MOST_RESENT * (LONGEST_PAUSE + call)
    return call + (step.think.high if step.think else 0)


def _drain(last: PhaseRun) -> Phase:
    """The phase in which the load goes on as it was at the end of the last run, for as long as it takes."""
    rate = LinearRate(last.rates[1], last.rates[1]) if last.rates else None
    return last.phase.model_copy(update={"name": DRAIN, "rate": rate, "duration": None, "iterations": None})


def _standing_for(name: str, groups: Groups) -> Phase:
    """The phase that stands for a stream: its requests are due by a schedule, whatever the target does."""
    fields = {"name": "phase", "at-once": groups.at_once, "measure": False}
    return Phase.model_validate(fields).model_copy(update={"name": name})  # `${NAME}` where a variable gave it


def _order(load: tuple[Phase, ...], cycles: int) -> list[tuple[int, int]]:
    """(position, cycle) of each run: what lies between the first and the last measured phase is gone through `cycles`
    times; what comes before and after runs once."""
    measured = [position for position, phase in enumerate(load) if phase.measure]
    first, last = measured[0], measured[-1] + 1
    before = [(position, 0) for position in range(first)]
    after = [(position, 0) for position in range(last, len(load))]
    if cycles == 1:
        return [*before, *((position, 0) for position in range(first, last)), *after]
    repeated = [(position, cycle) for cycle in range(1, cycles + 1) for position in range(first, last)]
    return [*before, *repeated, *after]
