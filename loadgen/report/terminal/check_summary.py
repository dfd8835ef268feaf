"""The first screen of `loadgen check`: what would be sent when, which percentiles that gives, what it takes, and what
stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from loadgen.aws.prices import dollars, exact_dollars
from loadgen.report.sentences import sentence
from loadgen.report.terminal.capacity import steps_in_short
from loadgen.report.terminal.check import (
    JOINABLE,
    POLICY,
    VARIANT,
    beside_text,
    finds,
    load_text,
    nodes_text,
    selftest_lines,
    time_text,
)
from loadgen.report.terminal.page import BAD, DIM, STRONG, WARN, Part, add, fitted, labelled, line, table
from loadgen.report.terminal.run_summary import ENOUGH, SENTENCE, lead
from loadgen.report.terminal.screen import one_screen
from loadgen.report.words import brief, clean, count, seconds, several
from loadgen.result.check import CheckResult, PlannedCost, PlannedExperiment, PlannedFunction, PlannedPhase
from loadgen.result.codec import map_text

NAME = 20  # characters
JOINABLE_IN_SHORT = "loadgen join needs $context.integration.requestId in the API's access log"
STEPS = 4  # whose requests are named


def check_screen(plan: CheckResult, width: int, color: bool = False) -> str:
    """A plan as text of at most `width` columns, and of at most 30 lines on 80 columns."""
    cleaned = map_text(plan, clean)
    return one_screen(lambda room: _summary(cleaned, room), fitted(width), color)


def _summary(plan: CheckResult, room: int) -> Iterator[RenderableType]:
    """The screen, with at most so many rows in its table."""
    yield from _head(plan)
    yield from _against(plan, room)
    yield Text()
    yield from _phases(plan.phases, room)
    yield Text()
    yield from _longer(plan.phases)
    yield from _comparison(plan.experiment)
    yield from _takes(plan, room)
    yield lead("next", "loadgen once sends one request of each step · --full prints everything")


# what it would do


def _head(plan: CheckResult) -> Iterator[RenderableType]:
    target = plan.target
    of = f"table {target.table} " if target.table else f"function {target.function} " if target.function else ""
    where = "the simulated target" if target.simulated else target.url.rstrip("/")
    at = f" on {of}{'at ' if of else ''}{brief(where, 60)}"
    client = "" if plan.client == "wire" else f" · {plan.client} client"
    most = max(map(len, _by_name(plan.phases).values()), default=1)
    cycles = f" · {count(most)} cycles" if most > 1 else ""
    named = brief(plan.name, 40), STRONG
    yield labelled(("PLAN  ", STRONG), named, f"{at}{cycles} · {plan.session} session{client}")
    lasts = f" in {seconds(plan.seconds)}" if plan.seconds else ""
    yield line(f"{_sent(plan)}{lasts}, by {several(plan.workers, 'worker')} · nothing was sent")


def _sent(plan: CheckResult) -> str:
    """How much would be sent in a run."""
    every = [phase.iterations for phase in plan.phases]
    known = sum(number for number in every if number is not None)
    if None in every:
        return f"{count(known)} iterations and those of its users" if known else "As many iterations as its users make"
    return several(known, "iteration")


# what stands against it


def _against(plan: CheckResult, room: int) -> Iterator[RenderableType]:
    every = [*_refused(plan), *_doubts(plan)]
    for said, style in every[:room]:
        yield labelled(("! ", style), brief(said, SENTENCE))
    if len(every) > room:
        yield line((f"{count(len(every) - room)} more in --full", DIM))
    if plan.on_aws:
        yield line((f"Before a large load there, read AWS's testing policy: {POLICY}", DIM))
    if plan.behind_api:
        yield line((JOINABLE if room >= ENOUGH else JOINABLE_IN_SHORT, DIM))


def _refused(plan: CheckResult) -> Iterator[tuple[str, str]]:
    """Why a run would be refused."""
    if plan.unusable:
        yield plan.unusable, BAD
    if plan.cost and plan.cost.refused:
        yield f"it would cost more than max_cost, {exact_dollars(plan.cost.max_cost or 0.0)}", BAD
    if plan.experiment and not plan.experiment.ports.enough:
        opened, free = plan.experiment.ports.opened_in_a_minute, plan.experiment.ports.free
        few = f"{count(opened)} new connections in a minute are more than the {count(free)} ports that are free"
        yield f"{few}. Make experiment.pause longer", BAD


def _doubts(plan: CheckResult) -> Iterator[tuple[str, str]]:
    """What a run would not tell."""
    if plan.experiment and plan.experiment.too_few:
        yield f"the primary figure, {plan.experiment.primary}: {finds(plan.experiment)}", WARN
    for phase in _first_of_each(plan.phases):
        if phase.measured and phase.iterations is not None and not phase.quantiles:
            yield f"{brief(phase.name, NAME)} has too few iterations for any percentile", WARN
    if plan.selftest:
        for notice in plan.selftest.notices:
            yield sentence(notice), WARN
    for warning in plan.witness.warnings if plan.witness else ():
        yield sentence(warning), WARN


# the phases


def _by_name(phases: Sequence[PlannedPhase]) -> dict[str, list[PlannedPhase]]:
    """The cycles of each phase."""
    groups: dict[str, list[PlannedPhase]] = {}
    for phase in phases:
        groups.setdefault(phase.name, []).append(phase)
    return groups


def _first_of_each(phases: Sequence[PlannedPhase]) -> list[PlannedPhase]:
    """The first cycle of each phase."""
    return [cycles[0] for cycles in _by_name(phases).values()]


def _phases(phases: Sequence[PlannedPhase], room: int) -> Iterator[RenderableType]:
    """A row for each phase, its cycles as a range."""
    made = table(
        ("phase", "left", 12), ("load", "left", 20), ("time", "right", 7), ("iterations", "right", 10),
        ("percentiles it can show", "text", 0),
    )  # fmt: skip
    groups = _by_name(phases)
    for name, cycles in [*groups.items()][:room]:
        first = cycles[0]
        time = seconds(first.seconds) if first.seconds else "-"
        add(made, brief(name, NAME), load_text(first), time, _iterations(cycles), _shown(cycles))
    yield made
    if len(groups) > room:
        yield line((f"  {several(len(groups) - room, 'more phase')} in --full", DIM))


def _iterations(cycles: Sequence[PlannedPhase]) -> str:
    known = [phase.iterations for phase in cycles if phase.iterations is not None]
    if not known:
        return "unknown"
    low, high = count(min(known)), count(max(known))
    return low if low == high else f"{low}-{high}"


def _shown(cycles: Sequence[PlannedPhase]) -> Part:
    """Those that every cycle can show."""
    first = cycles[0]
    if not first.measured:
        return "not measured", DIM
    if first.iterations is None:
        return "depends on the answers"
    every = [name for name in first.quantiles if all(name in phase.quantiles for phase in cycles)]
    return " ".join(every) or ("none: too few iterations", WARN)


def _longer(phases: Sequence[PlannedPhase]) -> Iterator[RenderableType]:
    """How long a phase would have to be for an interval of its first percentile that would have none."""
    short: dict[str, list[str]] = {}
    for phase in _first_of_each(phases):
        lasts, sharp = phase.seconds or 0.0, phase.sharp if phase.measured and phase.rate else ()
        if of := next((of for of in sharp if of.interval_s is not None and lasts < of.interval_s), None):
            short.setdefault(of.quantile, []).append(f"{brief(phase.name, NAME)} {time_text(of.interval_s or 0.0)}")
    rarest = next((phase.rarest for phase in phases if phase.rarest), None)
    of_it = f" of {brief(rarest, NAME)}, the rarest scenario," if rarest else ""
    told = [f"{quantile}{of_it} has one if it runs longer: {_some(names)}" for quantile, names in short.items()]
    if told:
        yield lead("intervals", "; ".join(told))


def _some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {count(len(names) - STEPS)} more" if len(names) > STEPS else ""
    return f"{', '.join(names[:STEPS])}{more}"


# what it takes


def _comparison(of: PlannedExperiment | None) -> Iterator[RenderableType]:
    if not of:
        return
    rounds, runs = (" or ".join(map(count, numbers)) for numbers in (of.rounds, of.runs))
    times = [seconds(time) for time in of.seconds if time is not None]
    lasts = f", {' or '.join(times)} with the pauses" if times else ""
    usd = f", about {dollars(of.usd)} on AWS" if of.usd is not None else ""
    turns = "at the same time" if of.duet else "in turns"
    names = _some([brief(name, VARIANT) for name in of.variants])
    yield lead("variants", f"{names}, {turns}, against {brief(of.baseline, VARIANT)}")
    yield lead("rounds", f"{rounds}: {runs} runs{lasts}{usd}")
    by = " (as none is named)" if of.proposed else ""
    yield lead("primary", f"{of.primary}{by}")
    if not of.too_few:
        yield lead("finds", finds(of).replace("found (4 times of 5):", "in 4 experiments of 5:", 1))


def _takes(plan: CheckResult, room: int) -> Iterator[RenderableType]:
    if plan.capacity:
        yield lead("capacity", steps_in_short(plan.capacity))
    yield lead("sends", _requests(plan))
    for stream in plan.beside[: 1 if room < ENOUGH else 2]:
        yield lead("beside", beside_text(stream))
    if plan.setup:
        yield lead("table", "made if there is none" + ("; deleted afterwards" if plan.setup.teardown else ""))
    if plan.cost:
        yield lead("cost", _cost(plan.cost))
    if told := _function(plan.function, plan.experiment):
        yield lead("function", told)
    if plan.witness:
        enough = [all(step.enough.values()) for step in plan.witness.steps if step.judged]
        yield lead("witness", f"has enough to judge {count(sum(enough))} of {several(len(enough), 'step')}")
    if plan.nodes:
        yield lead("nodes", nodes_text(plan.nodes))
    connections = plan.connections
    opened = connections.opened_in_the_busiest_minute
    new = f", {count(opened)} new ones in the busiest minute" if opened else ""
    yield lead(
        "connections", f"at most {count(connections.most)}, {count(connections.before_the_load)} before the load{new}"
    )
    if plan.thresholds:
        every = [f"{brief(phase, NAME)} {', '.join(texts)}" for phase, texts in plan.thresholds.items()]
        yield lead("thresholds", brief(" · ".join(every), SENTENCE // 2 if room < ENOUGH else SENTENCE))
    if plan.selftest and not plan.selftest.notices:
        yield lead(
            "self-test", *(text.removeprefix("self-test").lstrip(": ") for text in selftest_lines(plan.selftest))
        )


def _requests(plan: CheckResult) -> str:
    return _some([request.operation or f"{request.method} {brief(request.path, 40)}" for request in plan.requests])


def _cost(of: PlannedCost) -> str:
    units = f"{count(of.total.read_units)} read and {count(of.total.write_units)} write units"
    part = "" if of.complete else "as far as it is known before, "
    if of.total.usd is None:
        return f"{part}{units}; provisioned: not billed by request"
    usd = dollars(of.total.usd) if of.billed else f"would be {dollars(of.total.usd)} on AWS"
    limit = f", of at most {exact_dollars(of.max_cost)} (max_cost)" if of.max_cost is not None else ""
    return f"{part}{usd}: {units}{limit}"


def _function(of: PlannedFunction | None, experiment: PlannedExperiment | None) -> str:
    """What a run needs of its function, or all runs of an experiment of theirs; empty if no function is called."""
    if experiment:
        calls, usd = experiment.function_calls, experiment.function_calls_usd
        cost = "" if usd is None else f": {dollars(usd)} without their duration, on AWS"
        needs = f"needs {', '.join(experiment.function_permissions)}" if experiment.function_permissions else ""
        return " · ".join(filter(None, (needs, f"{several(calls, 'call')} in all runs{cost}" if calls else "")))
    if of is None:
        return ""
    alone = (
        "" if of.requests_usd is None else f" · {dollars(of.requests_usd)} without the duration of its calls, on AWS"
    )
    cold = " · force_cold changes the function's description, and restores it" if of.force_cold else ""
    return f"needs {', '.join(of.permissions)}{alone}{cold}"
