"""The first screen of a run: the verdict and what happened, what the figures prove, the figures that matter most, and
where the rest is."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from loadgen.report import invocations, joined
from loadgen.report.beside import glance
from loadgen.report.headline import happened, what
from loadgen.report.resolution import noise_here
from loadgen.report.senders import senders
from loadgen.report.sentences import notice_text
from loadgen.report.terminal.cost import spent
from loadgen.report.terminal.failures import answers
from loadgen.report.terminal.figures import chosen, figures, rows
from loadgen.report.terminal.findings import findings
from loadgen.report.terminal.page import BAD, DIM, GOOD, WARN, Part, labelled, line
from loadgen.report.terminal.parts import ALWAYS, ATTRIBUTED, OWNERS
from loadgen.report.terminal.thresholds import ORDER, value_text
from loadgen.report.terminal.witness import agreement
from loadgen.report.trust import meaning, reason
from loadgen.report.unusable import unusable
from loadgen.report.verdict import STATUSES, ended, exit_text, measured, word
from loadgen.report.words import brief, count, ms, several
from loadgen.result.join import JoinResult
from loadgen.result.run import Attribution, Invocations, RunResult, Sample, Step, Threshold

LEAD = 12  # columns of what a line at the end is about
SENTENCE = 240  # characters of one
WELL = 0.01  # of a time: from here on a part of it is told
ENOUGH = 4  # rows: with fewer there is room for one sentence of a kind only
SLOWEST = STREAMS = 2
JOINED = 2  # steps whose hops are told


def run_summary(result: RunResult, width: int, room: int) -> Iterator[RenderableType]:
    """The screen, with at most so many rows of figures; with none there is one row, and less of all else."""
    few = 1 if room < ENOUGH else 3
    longest = SENTENCE if room else SENTENCE // 2
    yield from _head(result)
    yield from _trust(result, few, longest)
    yield from _warnings(result, few, longest)
    yield from findings(result, few)
    yield from _thresholds(result, room)
    if measured(result):
        yield Text()
        yield from figures(result, max(1, room), width, whole=room > 0)
    yield Text()
    yield from _end(result, whole=room > 0)


def lead(name: str, *parts: Part) -> RenderableType:
    """A line of the end, beside the name of what it is about."""
    return labelled((name.ljust(LEAD), DIM), *parts)


# what happened


def _head(result: RunResult) -> Iterator[RenderableType]:
    early = ended(result)
    verdict, style = (early[0], BAD) if early else word(result)
    yield labelled((f"{verdict}  ", style), *what(result))
    if early:
        yield line((early[1], BAD))
    if why := unusable(result):
        yield line((brief(why, SENTENCE), BAD))
    yield line(*happened(result))


# how sure it is


def _trust(result: RunResult, few: int, longest: int) -> Iterator[RenderableType]:
    """Why the verdict is not VALID. The figures that it is about are marked in the table."""
    trust = result.trust
    if result.unusable or not measured(result) or trust.verdict == "VALID":
        return
    worst = {signal.observed.code for signal in trust.signals if signal.verdict == trust.verdict}
    style = word(result)[1]
    unfit = ". Do not use these figures" if trust.verdict == "INVALID" else ""
    accepted = ". They were accepted all the same" if trust.accepted else ""
    said = meaning(trust.verdict, worst, senders(result))
    yield line((f"{said[0].upper()}{said[1:]}{unfit}{accepted}", style))
    for signal in trust.reasons[: min(few, 2)]:
        yield labelled(("- ", style), brief(reason(signal), longest), indent=2)


def _warnings(result: RunResult, few: int, longest: int) -> Iterator[RenderableType]:
    for warning in result.warnings[: min(few, 2)]:
        yield labelled(("warning: ", WARN), brief(notice_text(warning), longest))
    if len(result.warnings) > min(few, 2):
        yield line((f"{several(len(result.warnings) - min(few, 2), 'more warning')} in --full", DIM), indent=2)


# what it was to keep


def _thresholds(result: RunResult, room: int) -> Iterator[RenderableType]:
    """Those that did not pass, each with its value."""
    every = sorted(result.thresholds, key=lambda threshold: ORDER.index(threshold.status))
    missed = [threshold for threshold in every if threshold.status != "passed"]
    if missed:
        yield Text()
    most = max(1, room // 2)
    for threshold in missed[:most]:
        yield labelled((f"{threshold.status.upper():<{LEAD - 2}}", STATUSES[threshold.status]), _threshold(threshold))
    if len(missed) > most:
        yield line((f"{several(len(missed) - most, 'more threshold')} that did not pass in --full", DIM))


def _threshold(of: Threshold) -> str:
    cycle = f" cycle {of.cycle}" if of.cycle > 1 else ""
    where = " ".join(filter(None, (brief(of.phase, 24) + cycle, brief(of.step, 24))))
    return f"{where} {brief(of.text, 60)}: {brief(value_text(of), 2 * SENTENCE // 3)}"


# the end


def _end(result: RunResult, whole: bool) -> Iterator[RenderableType]:
    if measured(result):
        yield from _whose(result)
        yield from _slowest(result) if whole else ()
    passed = sum(threshold.status == "passed" for threshold in result.thresholds)
    if result.thresholds:
        yield lead("thresholds", f"{count(passed)} of {count(len(result.thresholds))} passed")
    yield from answers(result.samples.failed)
    if result.until:
        reached = ("reached", GOOD) if result.until.reached else ("not reached", WARN)
        yield lead("until", f"{brief(result.until.text, 60)}: ", reached)
    for stream in result.variant.beside[:STREAMS]:
        yield lead("beside", glance(stream))
    if result.witness:
        yield lead("witness", *agreement(result.witness))
    if result.cost:
        yield lead("cost", spent(result.cost))
    if result.forced_cold:
        yield lead("forced", invocations.forced(result.forced_cold))
    if result.function_cost:
        yield lead("cost", invocations.spent(result.function_cost))
    if not result.unusable and measured(result):
        yield lead("machine", *_machine(result))
    yield lead("next", _next(result))
    run, status = result.run, exit_text(result)
    yield lead("saved" if run else "not saved", run or "", (f"{' · ' if run and status else ''}{status}", BAD))


def _next(result: RunResult) -> str:
    """What tells more."""
    split = any(step.strata for phase in result.variant.phases for step in phase.steps)
    if not split and any(finding.observed.code == "two_kinds" for finding in result.findings):
        return "--split-by HEADER (split_by in a profile) tells which requests are slow · --full, --json"
    return "--full prints everything, --json all facts"


def _whose(result: RunResult) -> Iterator[RenderableType]:
    """Whose time the longest tail is; of a Lambda function, what its answers told of that."""
    every = rows(result)
    of_steps = [row for row in chosen(every, result, len(every)) if row.step]
    if not of_steps:
        return
    row = max(of_steps, key=lambda of: of.tail)
    step = row.worst[2]
    if step and step.invocations:
        yield from _function(step, step.invocations)
    name = next((name for name in ATTRIBUTED if step and name in step.whose_ms), None)
    if step and name:
        label = f"{brief(row.label, 40)}: " if len(of_steps) > 1 else ""
        yield lead(f"of the {name}", label, _parts(step.whose_ms[name]))
    if result.join:
        yield from _joined(result.join)


def _joined(of: JoinResult) -> Iterator[RenderableType]:
    told = [(step, said) for step in of.steps if (said := joined.of_p99(step))]
    for step, said in told[:JOINED]:
        yield lead("joined", f"{brief(step.step, 24)}: " if len(told) > 1 else "", said)
    if not told:
        yield lead("joined", joined.found(of))


def _function(step: Step, of: Invocations) -> Iterator[RenderableType]:
    told = " · ".join(invocations.times(step))
    yield lead("function", f"{told} ms" if told else invocations.source(of))
    if told and of.reports < of.answers:
        yield lead("", (invocations.source(of), WARN))
    if of.reports:
        yield lead("billed", invocations.billed(of))


def _parts(whose: Attribution) -> str:
    parts = {part: float(getattr(whose, part)) for part in OWNERS if part != "value"}
    told = [part for part in parts if part in ALWAYS or parts[part] >= WELL * whose.value]
    at_least = {"own": "≥"} if whose.own_at_least else {}
    return " · ".join(f"{OWNERS[part]} {at_least.get(part, '')}{ms(parts[part])} ms" for part in told)


def _slowest(result: RunResult) -> Iterator[RenderableType]:
    kept = [sample for sample in result.samples.slowest if _is_measured(result, sample)]
    if not kept:
        return
    kept.sort(key=lambda sample: -sample.whose_ms.value)
    several_steps = len({(sample.scenario, sample.step) for sample in kept}) > 1
    told = []
    for sample in kept[:SLOWEST]:
        name = f"{brief(sample.step, 20)} " if several_steps else ""
        told.append(f"{name}{ms(sample.whose_ms.value)} ms at {sample.second:.1f} s")
    yield lead("slowest", " · ".join(told))


def _is_measured(result: RunResult, sample: Sample) -> bool:
    return any(
        phase.measured and (phase.name, phase.cycle) == (sample.phase, sample.cycle) for phase in result.variant.phases
    )


def _machine(result: RunResult) -> Iterator[Part]:
    trust = result.trust
    fine = sum(signal.verdict == "VALID" and not signal.noted for signal in trust.signals)
    noted = sum(signal.noted for signal in trust.signals)
    yield f"{several(fine, 'signal')} fine"
    if noted:
        yield f" · {several(noted, 'note')} in --full"
    if result.resolution and result.resolution.source != "assumed":
        yield f" · {noise_here(result.resolution)}"
