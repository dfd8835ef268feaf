"""Single exchanges: the first failing ones of each kind, and the slowest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Phases
from loadgen.report.terminal.page import BAD, DIM, Part, heading, labelled
from loadgen.report.terminal.parts import share_bar
from loadgen.report.words import brief, count, ms
from loadgen.result.run import Sample, Samples
from loadgen.runner.advice import redirected

FEW = 5
ALIKE = 2  # of the slowest, of the same step and cycle
PATH, WHY, HEADER, MESSAGE = 60, 160, 60, 200  # characters
BAR = 12
INDENT = 12
# headers by which an exchange is found again in the target's own logs, or that say why it failed
LOOKUP = ("requestid", "request-id", "trace-id", "apigw-id", "cf-id", "errortype", "retry-after", "x-cold")


def samples(kept: Samples, phases: Phases) -> Iterator[RenderableType]:
    """A few of each."""
    kinds: dict[tuple[str, ...], Sample] = {}
    for sample in kept.failed:
        kinds.setdefault((sample.scenario, sample.step, sample.outcome, sample.reason), sample)
    for title, chosen in (("first failing", list(kinds.values())), ("slowest", _slowest(kept.slowest))):
        if chosen:
            yield heading(title)
        for sample in chosen[:FEW]:
            yield from _sample(sample, phases)


def _slowest(kept: Iterable[Sample]) -> list[Sample]:
    """The slowest first, but not all from the same moment."""
    taken: Counter[tuple[object, ...]] = Counter()
    chosen = []
    for sample in sorted(kept, key=_lasted, reverse=True):
        kind = (sample.phase, sample.cycle, sample.scenario, sample.step)
        taken[kind] += 1
        if taken[kind] <= ALIKE:
            chosen.append(sample)
    return chosen


def _lasted(sample: Sample) -> float:
    return sample.whose_ms.value


def _sample(sample: Sample, phases: Phases) -> Iterator[RenderableType]:
    why = brief(": ".join(part for part in (sample.outcome, sample.reason) if part), WHY)
    outcome: Part = (why, "" if sample.outcome == "ok" else BAD)
    where = f"{phases.place(sample.phase, sample.cycle)} {sample.step}"
    what = "  ".join(part for part in (where, _request(sample)) if part)
    yield labelled(f"{f'at {sample.second:.2f} s':>{INDENT - 2}}  ", f"{what}  ", outcome)
    headline = phases.headline(sample.phase, sample.cycle)
    if sample.message:
        yield labelled(" " * INDENT, ("the answer: ", DIM), brief(sample.message, MESSAGE))
    elif sample.wordless and not sample.location:
        shown = "" if sample.wordless == "empty" else ", not shown"
        yield labelled(" " * INDENT, ("the answer: ", DIM), f"{sample.wordless}{shown}")
    if sample.location:
        yield labelled(" " * INDENT, redirected(sample.status, brief(sample.location, WHY)))
    yield labelled(" " * INDENT, *_times(sample, headline), (_rest(sample), DIM))


def _request(sample: Sample) -> str:
    status = f" → {sample.status}" if sample.status else ""
    return f"{sample.method} {brief(sample.path, PATH)}{status}".strip()


def _times(sample: Sample, headline: str) -> Iterator[Part]:
    undue = ("response", "lag") if headline == "service" else ()
    times = {name: value for name, value in sample.times_ms.items() if name not in undue}
    shown = {name.replace("_", " "): ms(value) for name, value in times.items()}
    if headline in shown:
        yield f"{headline} {shown.pop(headline)} ms "
    yield f"{share_bar(sample.whose_ms, BAR)} "
    if shown:
        yield ", ".join(f"{name} {value}" for name, value in shown.items()) + " ms; ", DIM


def _rest(sample: Sample) -> str:
    lookup = [
        (name, value)
        for name, value in sample.headers.items()
        if name.lower().endswith(LOOKUP) and value != sample.request_id
    ]
    connection = sample.connection.replace("none", "no")
    said = [
        f"{connection} connection" if connection else "",
        f"attempt {count(sample.attempt)}" if sample.attempt > 1 else "",
        f"request id {brief(sample.request_id, HEADER)}" if sample.request_id else "",
        *(f"{name}: {brief(value, HEADER)}" for name, value in lookup),
    ]
    return "; ".join(part for part in said if part)
