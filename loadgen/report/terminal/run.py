"""The summary of one finished run for a terminal: the verdict first, then the figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TextIO

from rich.console import RenderableType

from loadgen.report import invocations
from loadgen.report.headline import how_opened
from loadgen.report.joined import found
from loadgen.report.navigate import Phases, phases_and_beside, repeated
from loadgen.report.senders import senders
from loadgen.report.sentences import notice_text
from loadgen.report.terminal.connections import connections
from loadgen.report.terminal.cost import table as table_and_cost
from loadgen.report.terminal.experiment import experiment
from loadgen.report.terminal.failures import failures
from loadgen.report.terminal.findings import findings
from loadgen.report.terminal.glance import glance
from loadgen.report.terminal.groups import groups
from loadgen.report.terminal.join import hops
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.machines import machines
from loadgen.report.terminal.nodes import nodes
from loadgen.report.terminal.page import (
    BAD,
    DIM,
    STRONG,
    WARN,
    WIDEST,
    drawn,
    fitted,
    fitting,
    heading,
    labelled,
    line,
)
from loadgen.report.terminal.parts import legend
from loadgen.report.terminal.phases import beside_blocks, phase_blocks
from loadgen.report.terminal.resolution import resolution
from loadgen.report.terminal.samples import samples
from loadgen.report.terminal.thresholds import rows, value_text
from loadgen.report.terminal.until import until
from loadgen.report.terminal.witness import witness
from loadgen.report.trust import meaning, note, reason
from loadgen.report.unusable import unusable
from loadgen.report.verdict import NOTHING, STATUSES, VERDICTS, Result, exit_text, measured, word
from loadgen.report.words import brief, clean, count, encodable, listed, reasoned, seconds, several, share, wants_color
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult, RunVariant, Target, Trust

REASONS = 8  # of a verdict that are printed: an experiment has some for each of its runs


def render(result: RunResult | ExperimentResult, *, width: int = WIDEST, color: bool | None = None) -> str:
    """The summary of a result as text of at most `width` columns, 40 to 100.

    `color` None: coloured if stdout is a terminal and NO_COLOR is not set.
    """
    width = fitted(width)
    colored = wants_color(sys.stdout) if color is None else color
    cleaned = map_text(result, clean)
    summary = _of_experiment(cleaned, width) if isinstance(cleaned, ExperimentResult) else _of_run(cleaned, width)
    return drawn(summary, width, colored)


def show(result: RunResult | ExperimentResult, file: TextIO) -> None:
    """Write the summary to `file`: in characters that it can write, and if it is a terminal, coloured and as wide as
    it."""
    file.write(encodable(render(result, width=fitting(file), color=wants_color(file)), file))


def _of_experiment(result: ExperimentResult, width: int) -> Iterator[RenderableType]:
    yield from _top(result)
    yield from _trust(result)
    if result.target:
        yield from _target(result.target.counted(None))  # the sandbox counts each run for itself
    yield from _warnings(result.warnings)
    yield from experiment(result, width)
    yield from _end(result)


def _of_run(result: RunResult, width: int) -> Iterator[RenderableType]:
    yield from _top(result)
    if not result.unusable:
        yield from _trust(result) if measured(result) else [line(NOTHING, " there is no tail to judge")]
    yield from _target(result.target)
    yield from findings(result, len(result.findings))
    yield from table_and_cost(result)
    if result.forced_cold:
        yield labelled(("forced cold starts: ", STRONG), invocations.forced(result.forced_cold))
    if result.function_cost:
        yield labelled(("cost: ", STRONG), invocations.spent(result.function_cost))
    yield from _warnings(result.warnings)
    by = senders(result)
    phases, notes = Phases(result), Footnotes(by)
    yield from _thresholds(result, phases, width)
    yield from until(result.until)
    yield from witness(result.witness)
    yield from nodes(result.nodes)
    yield from machines(result.machines, notes)
    for variant in result.variants:
        yield from _variant(variant, notes, width)
    yield from samples(result.samples, phases)
    if result.join:
        yield heading(("hops  ", DIM), (found(result.join), ""))
        yield from hops(result.join)
    yield heading("notes")
    for text in (legend(by.all), *notes.lines()):
        yield line(text, indent=2)
    yield from _end(result)


def _top(result: Result) -> Iterator[RenderableType]:
    if not result.complete:
        yield labelled(("INCOMPLETE ", BAD), _incomplete(result))
    if result.interrupted:
        yield labelled(("INTERRUPTED ", BAD), "the run was stopped; this is what was found until then")
    if why := unusable(result):
        yield labelled(("FAILED ", BAD), why)
    started = result.started.replace("T", " ").replace("+00:00", " UTC").replace("Z", " UTC")
    yield line((brief(result.name, 60), STRONG), f"  {brief(started, 40)} · {seconds(result.duration_s)}")
    said = [
        f"{result.client} client",
        *(_session(result) if isinstance(result, RunResult) else [f"on {several(result.host.cpus, 'CPU')}"]),
        f"seed {result.seed}",
        f"Python {result.host.python}",
        result.host.form,
    ]
    yield line((" · ".join(said), DIM))


def _incomplete(result: Result) -> str:
    if isinstance(result, RunResult) and result.machines and result.machines.missing:
        return "some of the machines that shared the load are missing; this is what the others measured"
    return "the run did not come to its end; this is what was saved until then"


def _session(result: RunResult) -> list[str]:
    session, workers, of = result.session, result.workers, result.machines
    on = several(len(of.machines), "machine") if of else several(result.host.cpus, "CPU")
    on = several(len(result.nodes), "node") if result.nodes else on
    return [
        f"session {session.reuse}{how_opened(session)}",
        f"{several(workers, 'worker')} on {on}",
        *([f"share {result.share.index} of {result.share.of}"] if result.share else []),
    ]


def _warnings(warnings: tuple[Reason, ...]) -> Iterator[RenderableType]:
    for warning in warnings:
        yield labelled(("warning: ", WARN), notice_text(warning))


def _trust(result: Result) -> Iterator[RenderableType]:
    trust = result.trust
    if trust is None:
        yield line(NOTHING, ": no run of the experiment has a result")
        return
    style = VERDICTS[trust.verdict]
    yield labelled((f"{trust.verdict} ", style), _meaning(result, trust))
    if isinstance(result, RunResult) and (text := _decided(result)):
        yield line(text, indent=2)
    for signal in trust.reasons[:REASONS]:
        less = f"{signal.verdict}: " if signal.verdict != trust.verdict else ""
        yield labelled(("- ", style), less, reason(signal), indent=2)
    if len(trust.reasons) > REASONS:
        yield line((f"and {count(len(trust.reasons) - REASONS)} more: see --json", DIM), indent=2)
    for text in filter(None, map(note, trust.signals)):
        yield labelled(("note: ", WARN), text, indent=2)
    if trust.accepted:
        yield line(("its figures were accepted all the same (--accept-invalid)", WARN), indent=2)
    fine = [signal for signal in trust.signals if signal.verdict == "VALID" and not signal.noted]
    if fine:
        yield line((f"{several(len(fine), 'signal')} fine: see --json", DIM), indent=2)
    if isinstance(result, RunResult):
        yield from resolution(result)


def _meaning(result: Result, trust: Trust) -> str:
    verdict = trust.verdict
    worst = {signal.observed.code for signal in trust.signals if signal.verdict == verdict}
    return meaning(verdict, worst, senders(result)) + (". Do not use these figures" if verdict == "INVALID" else "")


def _decided(result: RunResult) -> str:
    """The figure that the verdict comes from, and how much of it was not the target's; a result has the worst first."""
    worst = next((figure for figure in result.trust.figures if figure.decides), None)
    if worst is None or worst.verdict != result.trust.verdict:  # a signal decided, which is among the reasons
        return ""
    where = brief(f"{Phases(result).place(worst.phase, worst.cycle)} {worst.step}".strip(), 44)
    least = "at least " if worst.at_least else ""
    whose = senders(result).all if worst.machine is None else f"machine {worst.machine}"
    return f"decided by {worst.quantile} of {where}: {least}{share(worst.share, 1)} of it was {whose}"


def _target(target: Target) -> Iterator[RenderableType]:
    if not target.simulated:
        more = f" and {count(len(target.addresses) - 3)} more" if len(target.addresses) > 3 else ""
        yield labelled(("target: ", STRONG), target.url, (f"  {', '.join(target.addresses[:3])}{more}", DIM))
        return
    yield labelled(("simulated target: ", STRONG), " · ".join(target.description), (f"  {target.url}", DIM))
    if own := target.sandbox:
        counts = {
            "requests": own.requests,
            "cold starts": own.cold_starts,
            "throttled": own.throttled,
            "overflowed": own.overflowed,
        }
        if text := listed(counts):
            yield line((f"by its own count: {text}", DIM), indent=2)


def _thresholds(result: RunResult, phases: Phases, width: int) -> Iterator[RenderableType]:
    if not result.thresholds:
        return
    yield heading("thresholds")
    shown = []
    for threshold in result.thresholds:
        status, phase = threshold.status, phases.place(threshold.phase, threshold.cycle)
        word = status.upper() if status == "failed" else status
        step, value = brief(threshold.step, 24), value_text(threshold)
        shown.append(((word, STATUSES[status]), (phase, threshold.text, step, value)))
    yield from rows(shown, ("left", "fixed", "left", "text"), width)


def _variant(variant: RunVariant, notes: Footnotes, width: int) -> Iterator[RenderableType]:
    yield from _ledgers(variant)
    yield from glance(variant.phases, width)
    yield from phase_blocks(variant.phases, notes)
    yield from beside_blocks(variant.beside, notes)
    yield from failures(phases_and_beside(variant), notes)
    yield from connections(variant, notes)
    yield from groups(variant, notes)


def _ledgers(variant: RunVariant) -> Iterator[RenderableType]:
    iterations, requests = variant.iterations, variant.requests
    why = reasoned(iterations.unsent_why).removeprefix(": ")
    parts = {"started": iterations.started, f"unsent{f' ({why})' if why else ''}": iterations.unsent}
    yield heading(("iterations ", DIM), (_sum(iterations.planned, "planned", parts), ""))
    outcomes = {name: number for name, number in requests.outcomes.items() if number}
    more = repeated(variant.phases)
    again = f"; repeated attempts: {count(more)}" if more else ""
    wire = f"; {count(requests.on_wire)} of them on the wire"
    yield labelled(("requests   ", DIM), f"{_sum(requests.sent, 'sent', outcomes)}{wire}{again}")


def _sum(total: int, word: str, parts: dict[str, int]) -> str:
    """`3 sent = 2 ok + 1 timeout`, without the `=` if it does not hold."""
    exact = total == sum(parts.values())
    said = (" + " if exact else ", ").join(f"{count(number)} {name}" for name, number in parts.items())
    return f"{count(total)} {word} {'=' if exact else 'of which known:'} {said or '0'}"


def _end(result: Result) -> Iterator[RenderableType]:
    said = ["simulated target"] if result.target and result.target.simulated else []
    statuses = [threshold.status for threshold in result.thresholds]
    if text := listed({word: statuses.count(word) for word in STATUSES}):
        said.append(f"thresholds: {text}")
    if isinstance(result, RunResult) and (requests := result.variant.requests).failed:
        said.append(f"{share(requests.failed, requests.sent)} of requests failed")
    if text := exit_text(result):
        said.append(text)
    yield heading(word(result), ("".join(f" · {part}" for part in said), ""))
    run = result.run
    yield line(f"saved: loadgen report {run} [--json] shows it again" if run else "not saved")
