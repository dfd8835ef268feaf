"""The capacity of a target: one sentence, what set the limit, and the rates around it; or every step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from loadgen.report.capacity_sentences import LIMITS
from loadgen.report.sentences import notice_text, sentence
from loadgen.report.terminal.page import BAD, DIM, GOOD, STRONG, WARN, Part, add, drawn, heading, labelled, line, table
from loadgen.report.trust import reason
from loadgen.report.unusable import unusable
from loadgen.report.verdict import exit_text
from loadgen.report.words import UNKNOWN, brief, ms, rate, seconds, several, share
from loadgen.result.capacity import CapacityPreview, CapacityResult, CapacityStep

SENTENCE = 240  # characters of one
LEAD = 12  # columns of what a line at the end is about
HALF = 4  # the time that halves an interval, as a factor


def capacity_summary(result: CapacityResult, width: int, room: int) -> Iterator[RenderableType]:
    """The screen, with at most so many rows in its table."""
    yield from _head(result)
    if result.steps:
        yield Text()
        yield from _table(result, _near(result, max(3, room)))
    yield Text()
    yield from _end(result)


def every_step(result: CapacityResult, width: int) -> Iterator[RenderableType]:
    """Every step, in the order in which they ran, and what is known."""
    yield from _head(result)
    yield heading("steps, in the order in which they ran")
    yield from _table(result, result.steps, numbered=True)
    yield Text()
    yield from _end(result)


# what was found


def _head(result: CapacityResult) -> Iterator[RenderableType]:
    capacity = result.capacity
    if result.interrupted:
        yield line(("INTERRUPTED  ", BAD), "This is what the steps until then tell; --resume goes on")
    elif not result.complete:
        yield line(("INCOMPLETE  ", BAD), "It did not come to its end; this is what was saved. --resume goes on")
    if why := unusable(result):
        yield line((brief(why, SENTENCE), BAD))
    else:
        yield line(*_found(result))
        text = sentence(capacity.limit)
        if result.steps:
            yield line(f"{text[0].upper()}{text[1:]}{_throttles(result)}.")
    if result.trust and result.trust.verdict == "INVALID":
        problem = "INVALID: this machine disturbed the steps below the capacity, which may be higher"
        yield line((problem, BAD))
        for signal in result.trust.reasons[:1]:
            yield labelled(("- ", WARN), brief(reason(signal), SENTENCE), indent=2)
    for warning in result.warnings[:2]:
        yield labelled(("warning: ", WARN), brief(notice_text(warning), SENTENCE))


def _found(result: CapacityResult) -> Iterator[Part]:
    """`162/s [154, 171] keeps p99 < 150 ms · safe: 154/s · the target is the limit`."""
    capacity, keep = result.capacity, " and ".join(result.plan.keep)
    if capacity.rate is not None:
        yield short_rate(capacity.rate), STRONG
        yield f" [{_bare(capacity.low)}, {_bare(capacity.high)}]"
        yield f" keeps {capacity.condition} · safe: "
        yield short_rate(capacity.low), GOOD
        yield f" · {LIMITS.get(capacity.limit.code, capacity.limit.code)}"
    elif capacity.low is not None:
        yield f"{short_rate(capacity.low)} or more", STRONG
        yield f" keeps {keep} · {LIMITS.get(capacity.limit.code, capacity.limit.code)}"
    elif capacity.high is not None:
        yield f"less than {short_rate(capacity.high)}", STRONG
        yield f" keeps {capacity.condition}: even that broke it"
    else:
        yield "No capacity is known: no step was completed", BAD


def _throttles(result: CapacityResult) -> str:
    """`; no 429s`, where throttles are not what the sentence is about."""
    refused = sum(of for step in result.steps for name, of in step.failures.items() if name.startswith("throttled"))
    if result.capacity.limit.code == "limit_throttle":
        return ""
    return f"; {several(refused, 'request')} {'was' if refused == 1 else 'were'} throttled" if refused else "; no 429s"


def short_rate(value: float | None) -> str:
    """A rate to three digits: more are not known."""
    return UNKNOWN if value is None else rate(float(f"{value:.3g}"))


def _bare(value: float | None) -> str:
    return "?" if value is None else short_rate(value).removesuffix("/s")


# the steps


def _near(result: CapacityResult, room: int) -> Sequence[CapacityStep]:
    """The steps nearest to the capacity in rank, ascending, some of them below it and some above."""
    steps = sorted(result.steps, key=lambda step: step.rate)
    at = result.capacity.rate or result.capacity.low or result.capacity.high
    if at is None or len(steps) <= room:
        return steps
    wanted = [at * (0.8 + 0.4 * place / (room - 1)) for place in range(room)]
    low, high = result.capacity.low, result.capacity.high
    if low and high and (wide := high - low) > 0.2 * at:
        wanted = [low - wide / 2 + 2 * wide * place / (room - 1) for place in range(room)]
    wanted[room // 2] = at
    chosen = [min(steps, key=lambda step: abs(step.rate - of)) for of in wanted]
    return sorted({step.number: step for step in chosen}.values(), key=lambda step: step.rate)


def _table(result: CapacityResult, steps: Sequence[CapacityStep], numbered: bool = False) -> Iterator[RenderableType]:
    latency = next((text for text in result.plan.keep if not text.startswith("errors")), None)
    columns = [("offered", "right", 9), ("completed", "right", 10)]
    if latency:
        quantile, _, limit = latency.replace("response ", "").partition(" ")
        columns += [(f"> {limit.lstrip('<= ')}", "right", 9), (f"{quantile} ms", "right", 8)]
    columns += [("errors", "right", 8), ("", "text", 16)]
    made = table(*([("", "right", 3)] if numbered else []), *columns)
    edge_at = result.capacity.rate
    nearest = min(steps, key=lambda step: abs(step.rate - edge_at)) if edge_at and steps and not numbered else None
    for step in steps:
        cells: list[Part] = [str(step.number)] if numbered else []
        cells += [short_rate(step.rate), short_rate(step.completed)]
        if latency:
            of = step.condition(latency)
            cells += [(share(of.beyond, of.requests), "" if of.kept else WARN) if of else UNKNOWN]
            cells += [ms(of.value_ms) if of else UNKNOWN]
        errors = share(step.failed, step.requests) if step.failed else "0"
        cells += [errors, _note(step, step is nearest, numbered)]
        add(made, *cells)
    yield made


def _note(step: CapacityStep, limit: bool, every: bool) -> Part:
    if limit:
        return "◀ limit", STRONG
    if step.trust == "INVALID":
        return "INVALID", BAD
    if step.above and step.above.code == "step_not_settled":
        return "not settled", WARN
    if step.above:
        return sentence(step.above), WARN
    return ("search" if every and step.stage == "search" else ""), DIM


# the end


def _end(result: CapacityResult) -> Iterator[RenderableType]:
    measured = [step for step in result.steps if step.stage == "measure"]
    said = [f"{several(len(measured), 'step')} of {seconds(result.plan.step_s)}"]
    said += [seconds(result.duration_s), several(result.requests, "request")]
    width = result.capacity.width
    if width and result.capacity.how == "fit" and result.complete:
        said.append(f"to halve the interval: {seconds(round(HALF * result.plan.for_s))}")
    usd = sum(step.usd or 0 for step in result.steps)
    said += [f"${usd:,.2f}"] if usd else []
    yield line(" · ".join(said))
    one = f" · loadgen report FOLDER/{brief(result.steps[-1].folder, 24)} one of them" if result.steps else ""
    yield line((f"{'next':<{LEAD}}", DIM), f"--full prints every step{one}")
    status = exit_text(result.exit_status)
    yield line((f"{'saved':<{LEAD}}", DIM), result.run, (f" · {status}" if status else "", BAD))


def planned(preview: CapacityPreview, width: int) -> str:
    """What a measurement would send."""
    plan = preview.plan
    most = f", at most {rate(plan.max_rate)}" if plan.max_rate else ""
    said = [
        line((preview.name, STRONG), f" on {preview.target}: the rate that keeps {' and '.join(plan.keep)}"),
        line(
            f"The search begins at {rate(plan.first_rate)}{most}, with steps of {seconds(plan.search_s)}. "
            f"{several(plan.steps, 'step')} of {seconds(plan.step_s)} follow. Before each, its load runs for "
            f"{seconds(plan.lead_in_s)} that are not measured."
        ),
        line(
            f"{several(preview.runs, 'run')}, about {seconds(round(preview.seconds))} · about "
            f"{several(round(100 * preview.requests_each), 'request')} for each 100/s of the capacity"
        ),
    ]
    if preview.requests_at_most is not None:
        cost = f", {_usd(preview.usd_at_most)}" if preview.usd_at_most is not None else ""
        said.append(line(f"At most {several(preview.requests_at_most, 'request')}{cost}"))
    return drawn(said, width, False)


def _usd(value: float) -> str:
    return f"${value:,.2f}" if value >= 0.01 else "less than $0.01"
