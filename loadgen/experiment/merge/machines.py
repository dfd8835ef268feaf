"""What each machine of those that shared a load was: its counts, its times, its clock; and whether one differs
from all others (`stats.odd`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from loadgen.analysis.groups import latency_of, odd_of
from loadgen.analysis.latency import QUANTILES
from loadgen.engine.plan import Plan
from loadgen.experiment.merge.part import Part
from loadgen.experiment.merge.sums import Sums
from loadgen.result.odd import Odd
from loadgen.result.reason import Reason
from loadgen.result.run import Finding, MachineFigure, Machines, OfMachine
from loadgen.trust.figure import step_of

KNOWN_MS = 5.0  # as much as machines may begin apart without a word


def machines_of(parts: Sequence[Part], sums: Sums) -> Machines:
    """What the machines were."""
    share, there, figures = parts[0].share, {part.index for part in parts}, _figures(parts, sums)
    return Machines(
        of=share.of,
        missing=tuple(index for index in range(1, share.of + 1) if index not in there),
        start_at=share.start_at,
        starts_apart_ms=starts_apart(parts),
        machines=tuple(_machine(part, figures[part.index]) for part in parts),
    )


def _machine(part: Part, figures: Sequence[MachineFigure]) -> OfMachine:
    result, share = part.result, part.share
    return OfMachine(
        index=part.index,
        run=part.folder.name,
        workers=result.workers,
        complete=result.complete,
        interrupted=result.interrupted,
        verdict=result.trust.verdict,
        iterations=result.variant.iterations,
        requests=result.variant.requests,
        clock_kept=share.clock_kept,
        clock_error_ms=share.clock_error_ms,
        clock_moved_ms=share.clock_moved_ms,
        host=result.host,
        figures=tuple(figures),
    )


# clocks


def doubt_ms(part: Part) -> float | None:
    """How far off the machine's start may be; None if that is not known."""
    share = part.share
    if not share.clock_kept or share.clock_error_ms is None:
        return None
    return share.clock_error_ms + abs(share.clock_moved_ms or 0.0)


def starts_apart(parts: Sequence[Part]) -> float | None:
    """How far apart two of the machines may have begun at the most, in ms; None if a clock is not known."""
    doubts = [doubt_ms(part) for part in parts]
    known = sorted(doubt for doubt in doubts if doubt is not None)
    return round(sum(known[-2:]), 3) if len(known) == len(doubts) else None


def of_clocks(parts: Sequence[Part]) -> Iterator[Reason]:
    """What is not known of the clocks."""
    if len(parts) == 1:
        return
    unknown = [part.index for part in parts if doubt_ms(part) is None]
    apart = starts_apart(parts)
    if unknown:
        yield Reason.of("clocks_not_known", machines=numbers(unknown))
    elif apart is not None and apart > KNOWN_MS:
        worst = max(parts, key=lambda part: doubt_ms(part) or 0.0)
        yield Reason.of("clocks_apart", apart_ms=apart, worst=worst.index)


def numbers(machines: Iterable[int]) -> str:
    """The numbers of machines as text: 1-3, 7."""
    spans: list[list[int]] = []
    for index in sorted(machines):
        if spans and spans[-1][-1] == index - 1:
            spans[-1][1:] = [index]
        else:
            spans.append([index])
    return ", ".join("-".join(map(str, span)) for span in spans)


# times


def _figures(parts: Sequence[Part], sums: Sums) -> Mapping[int, list[MachineFigure]]:
    """The figures of each machine, by its number."""
    plan, by_slot = parts[0].plan, sums.machines.by_slot()
    found: dict[int, list[MachineFigure]] = {part.index: [] for part in parts}
    for run in plan.runs:
        for number, (scenario, step) in enumerate(plan.steps) if run.measured else ():
            groups = by_slot.get(plan.slot(run.number, number), {})
            odd = odd_of({str(machine): bins for machine, bins in groups.items()}) if len(groups) > 1 else None
            for machine, bins in groups.items():
                differs = odd if odd and odd.name == str(machine) else None
                latency = latency_of(bins, QUANTILES)
                found[machine].append(MachineFigure(run.name, run.cycle or 1, scenario, step, latency, differs))
    return found


def differing(machines: Machines, plan: Plan) -> Iterator[Finding]:
    """A machine that differs from all others in a step, the same one in every cycle of its phase."""
    steps: dict[tuple[str, str, str], list[tuple[int, Odd]]] = {}
    for machine in machines.machines:
        for of in machine.figures:
            if of.odd:
                steps.setdefault((of.phase, of.scenario, of.step), []).append((machine.index, of.odd))
    cycles = Counter(run.name for run in plan.runs)
    for (phase, scenario, step), found in steps.items():
        if len(found) < cycles[phase] or len({(index, odd.quantile) for index, odd in found}) > 1:
            continue
        index, odd = found[0]
        yield Finding(
            phase,
            step_of(scenario, step, len(plan.steps)),
            Reason.of(
                "machine_differs",
                machine=index,
                of=machines.of,
                quantile=odd.quantile,
                value_low_ms=min(each.value for _, each in found),
                value_high_ms=max(each.value for _, each in found),
                others_low_ms=min(each.others_low for _, each in found),
                others_high_ms=max(each.others_high for _, each in found),
                timeouts=sum(each.timeouts for _, each in found) or None,
            ),
        )
