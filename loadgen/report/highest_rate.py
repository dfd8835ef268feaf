"""What a measured capacity says: its sentence, what set its limit, its steps. A terminal, a page and Markdown show it,
each in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.capacity_sentences import LIMITS
from loadgen.report.sentences import sentence
from loadgen.report.styles import BAD, DIM, GOOD, STRONG, WARN, Part
from loadgen.report.words import UNKNOWN, brief, ms, rate, seconds, several, share
from loadgen.result.capacity import (
    CapacityPlan,
    CapacityRatio,
    CapacityResult,
    CapacityStep,
    HighestRate,
    StepCondition,
)

NAME = 40  # characters of a variant's
HALF = 4  # the time that halves an interval, as a factor
DISTURBED = "INVALID: this machine disturbed the steps below the capacity, which may be higher"


def found(plan: CapacityPlan, capacity: HighestRate) -> Iterator[Part]:
    """`162/s [154, 171] keeps p99 < 150 ms · safe: 154/s · the target is the limit`."""
    keep = " and ".join(plan.keep)
    if capacity.rate is not None:
        yield three_digits(capacity.rate), STRONG
        yield f" [{bare(capacity.low)}, {bare(capacity.high)}]"
        yield f" keeps {capacity.condition} · safe: "
        yield three_digits(capacity.low), GOOD
        yield f" · {LIMITS.get(capacity.limit.code, capacity.limit.code)}"
    elif capacity.low is not None:
        yield f"{three_digits(capacity.low)} or more", STRONG
        yield f" keeps {keep} · {LIMITS.get(capacity.limit.code, capacity.limit.code)}"
    elif capacity.high is not None:
        yield f"less than {three_digits(capacity.high)}", STRONG
        yield f" keeps {capacity.condition}: even that broke it"
    else:
        yield "No capacity is known: no step was completed", BAD


def compared(result: CapacityResult, of: CapacityRatio) -> Iterator[Part]:
    """`fresh breaks at 0.80 [0.74, 0.87] of the rate of shared`; and of which of them this machine is the limit, so
    that the ratio is not the target's."""
    variant, baseline = brief(of.variant, NAME), brief(of.baseline, NAME)
    if of.ratio is None:
        yield f"{variant} against {baseline}: one of the capacities is not known", WARN
        return
    yield variant, STRONG
    yield " breaks at "
    yield ratio_text(of), STRONG
    yield f" of the rate of {baseline}"
    ours = [
        brief(each.name, NAME) for each in result.each if each.capacity.ours and each.name in (of.variant, of.baseline)
    ]
    if ours:
        yield f" · this machine is the limit of {' and of '.join(ours)}", WARN


def ratio_text(of: CapacityRatio) -> str:
    """`0.80 [0.74, 0.87]`."""
    return "?" if of.ratio is None else f"{of.ratio:.2f} [{_bare_ratio(of.low)}, {_bare_ratio(of.high)}]"


def _bare_ratio(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"


def limited(capacity: HighestRate, steps: Sequence[CapacityStep]) -> str:
    """What shows who set the limit: `Beyond it the queue grew; this machine used 3% of a core; no 429s.`"""
    text = sentence(capacity.limit)
    return f"{text[0].upper()}{text[1:]}{_throttles(capacity, steps)}."


def _throttles(capacity: HighestRate, steps: Sequence[CapacityStep]) -> str:
    """`; no 429s`, where throttles are not what the sentence is about."""
    refused = sum(of for step in steps for name, of in step.failures.items() if name.startswith("throttled"))
    if capacity.limit.code == "limit_throttle":
        return ""
    return f"; {several(refused, 'request')} {'was' if refused == 1 else 'were'} throttled" if refused else "; no 429s"


def effort(result: CapacityResult) -> str:
    """`36 steps of 10 s · 8 min · 55,000 requests · to halve the interval: 32 min`."""
    measured = [step for step in result.steps if step.stage == "measure"]
    said = [f"{several(len(measured), 'step')} of {seconds(result.plan.step_s)}"]
    said += [seconds(result.duration_s), several(result.requests, "request")]
    if result.complete and all(of.capacity.width and of.capacity.how == "fit" for of in result.each):
        said.append(f"to halve the interval: {seconds(round(HALF * result.plan.for_s))}")
    usd = sum(step.usd or 0 for step in result.steps)
    return " · ".join([*said, *([f"${usd:,.2f}"] if usd else [])])


def capacity_text(value: float | None, low: float | None, high: float | None) -> str:
    """`162/s [154, 171]`; or what bounds it: `500/s or more`."""
    if value is not None:
        return f"{three_digits(value)} [{bare(low)}, {bare(high)}]"
    return f"{three_digits(low)} or more" if low is not None else f"less than {three_digits(high)}"


def three_digits(value: float | None) -> str:
    """A rate to three digits: more are not known."""
    return UNKNOWN if value is None else rate(float(f"{value:.3g}"))


def bare(value: float | None) -> str:
    return "?" if value is None else three_digits(value).removesuffix("/s")


# the steps


def latency_of(plan: CapacityPlan) -> str | None:
    """The first condition that is about a latency."""
    return next((text for text in plan.keep if not text.startswith("errors")), None)


def titles(plan: CapacityPlan) -> list[str]:
    """The titles of `cells`."""
    made = ["offered", "completed"]
    if latency := latency_of(plan):
        quantile, _, limit = latency.replace("response ", "").partition(" ")
        made += [f"> {limit.lstrip('<= ')}", f"{quantile} ms"]
    return [*made, "errors"]


def cells(plan: CapacityPlan, step: CapacityStep) -> list[Part]:
    """What a step tells: its rate, how much was completed, how it kept the latency, and its errors."""
    made: list[Part] = [three_digits(step.rate), three_digits(step.completed)]
    if latency := latency_of(plan):
        of = step.condition(latency)
        made += [_beyond(of), ms(of.value_ms)] if of else [UNKNOWN, UNKNOWN]
    return [*made, share(step.failed, step.requests) if step.failed else "0"]


def _beyond(of: StepCondition) -> Part:
    return share(of.beyond, of.requests), "" if of.kept else WARN


def note(step: CapacityStep, every: bool) -> Part:
    """What is to be known of a step besides its figures; of `every` step, whether it is one of the search."""
    if step.trust == "INVALID":
        return "INVALID", BAD
    if step.above and step.above.code == "step_not_settled":
        return "not settled", WARN
    if step.above:
        return sentence(step.above), WARN
    return ("search" if every and step.stage == "search" else ""), DIM


def near(capacity: HighestRate, every: Sequence[CapacityStep], room: int) -> Sequence[CapacityStep]:
    """At most so many steps nearest to the capacity in rank, ascending, some of them below it and some above."""
    steps = sorted(every, key=lambda step: step.rate)
    at = capacity.rate or capacity.low or capacity.high
    if at is None or len(steps) <= room:
        return steps
    wanted = [at * (0.8 + 0.4 * place / (room - 1)) for place in range(room)]
    low, high = capacity.low, capacity.high
    if low and high and (wide := high - low) > 0.2 * at:
        wanted = [low - wide / 2 + 2 * wide * place / (room - 1) for place in range(room)]
    wanted[room // 2] = at
    chosen = [min(steps, key=lambda step: abs(step.rate - of)) for of in wanted]
    return sorted({step.number: step for step in chosen}.values(), key=lambda step: step.rate)


def nearest(capacity: HighestRate, steps: Sequence[CapacityStep]) -> CapacityStep | None:
    """The step at the limit."""
    at = capacity.rate
    return min(steps, key=lambda step: abs(step.rate - at)) if at and steps else None
