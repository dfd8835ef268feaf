"""What a tuned function's figures say: its sentences, and a row for each memory size. A terminal, a page and Markdown
show it, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from loadgen.aws.lambda_prices import MILLION, S_PER_HOUR
from loadgen.aws.prices import dollars
from loadgen.report.sentences import sentence
from loadgen.report.styles import BAD, DIM, STRONG, WARN, Part
from loadgen.report.words import UNKNOWN, count, ms, rate, seconds, several, share
from loadgen.result.latency import Latency
from loadgen.result.run import LambdaPrices
from loadgen.result.tune import TuneChoice, TuneResult, TuneSize

BY = "by Power Tuning's trimmed mean, of cold starts too"
SAID = {"cost": "the cheapest", "speed": "the fastest", "balanced": "balanced between both"}


def advice(result: TuneResult) -> Iterator[list[Part]]:
    """The sentence that recommends a size, with its figures."""
    of = {choice.strategy: choice for choice in result.choices}
    if keep := of.get("keep"):
        yield [*_keeping(result, keep)]
        return
    cost, speed, balanced = (result.size(of[name].key) if name in of else None for name in SAID)
    if cost is None or speed is None or balanced is None:
        yield [("No size is recommended: no visit tells what a call takes and costs", BAD)]
        return
    yield [
        (cost.label, STRONG), f" is the cheapest {_noun(result)} {BY}: ", _trimmed(cost),
        *_before(result, cost, _trimmed_usd),
    ]  # fmt: skip
    if speed is not cost:
        faster = f", {_times(cost.trimmed_ms, speed.trimmed_ms)} as fast for {_more(cost, speed)}"
        yield [(speed.label, STRONG), " is the fastest by it: ", _trimmed(speed), faster, *_alike(result)]
    if balanced is not cost and balanced is not speed:
        yield [(balanced.label, STRONG), " is balanced between both by it: ", _trimmed(balanced)]


def _trimmed(size: TuneSize) -> str:
    """The figures by which `cost`, `speed` and `balanced` choose."""
    return f"{ms(size.trimmed_ms)} ms, {usd(_trimmed_usd(size))} for a million calls without the requests"


def _trimmed_usd(size: TuneSize) -> float | None:
    """US dollars for a million calls as Power Tuning has them: without the requests."""
    return None if size.trimmed_usd is None else MILLION * size.trimmed_usd


def _warm_usd(size: TuneSize) -> float | None:
    return size.usd_per_million


def provisioned(result: TuneResult) -> Iterator[str]:
    """What the hour of provisioned environments costs, of each cell that has some, and at which rate a million calls
    share it; or that no price is known."""
    for size in result.sizes:
        if size.provisioned_usd_per_hour is not None and size.rate:
            shared = MILLION / size.rate / S_PER_HOUR * size.provisioned_usd_per_hour
            yield (
                f"{size.label}: {usd(size.provisioned_usd_per_hour)} an hour for its environments, "
                f"{usd(shared)} of a million calls at {rate(size.rate)}"
            )
        elif size.cell and "provisioned=" in size.cell and size.billed_ms is not None:
            yield f"{size.label}: no price is known; set target.lambda.prices.provisioned_gb_second and its call's"


def prepared(result: TuneResult) -> Iterator[str]:
    """How many calls are not in what is billed, as their environments were made before they came."""
    known = [(size.label, size.prepared) for size in result.sizes if size.prepared]
    if known:
        yield (
            "billed and $/M leave out calls whose REPORT has an Init or a Restore that nobody waited for, as it is "
            f"billed once for an environment: {', '.join(f'{count(number)} of {label}' for label, number in known)}"
        )


def _noun(result: TuneResult) -> str:
    return "cell" if result.plan.cells else "size"


def chosen_sizes(result: TuneResult) -> list[str]:
    """`keep 512 MB`, for each strategy that chose a size."""
    known = ((of.strategy, result.size(of.key)) for of in result.choices)
    return [f"{strategy} {size.label}" for strategy, size in known if size]


def _keeping(result: TuneResult, keep: TuneChoice) -> Iterator[Part]:
    conditions = " and ".join(result.plan.keep)
    size = result.size(keep.key)
    if size is None:
        unknown = [of for of in result.sizes if of.kept is None]
        why = f": for {several(len(unknown), _noun(result))} that is not known; more calls tell" if unknown else ""
        yield f"No {_noun(result)} is known to keep {conditions}{why}", BAD if not unknown else WARN
        return
    yield size.label, STRONG
    yield f" is the cheapest {_noun(result)} that keeps {conditions}: "
    yield from _figures(result, size)
    yield from _before(result, size, _warm_usd)
    without = [of.text.split()[0] for of in size.conditions if of.value_ms is not None and of.upper_ms is None]
    if without:
        yield f" · {', '.join(without)} has no interval, so that chance may decide: --calls gives more", WARN


def _figures(result: TuneResult, size: TuneSize) -> Iterator[Part]:
    """`p50 31.2 ms, p99 142 ms [120, 171], $2.41 for a million calls`."""
    asked = [of.text.split()[0] for of in size.conditions if of.value_ms is not None]
    for name in dict.fromkeys(("p50", *(asked or ("p99",)))):
        yield f"{name} {_quantile(size.warm, name)}, "
    yield f"{usd(size.usd_per_million)} for a million calls"
    if size.usd_per_million_inside is not None:
        yield f", {usd(size.usd_per_million_inside)} for a million inside the limit"


def _quantile(latency: Latency, name: str) -> str:
    of = latency.quantile(name)
    if of.value is None:
        return "not known" if of.bound is None else f"> {ms(of.bound)} ms"
    high = of.interval.high if of.interval else None
    ends = f" [{ms(of.interval.low)}, {ms(high)}]" if of.interval else ""
    return f"{ms(of.value)} ms{ends}"


def _before(result: TuneResult, size: TuneSize, price: Callable[[TuneSize], float | None]) -> Iterator[Part]:
    """How its price compares with that of the memory that the function had."""
    old = result.now
    was, is_now = (price(old) if old else None), price(size)
    if old is None or old is size or not was or is_now is None:
        yield " · it has this memory now" if old is size else ""
        return
    less = 1 - is_now / was
    what = "less" if less >= 0 else "more"
    yield f" · {share(abs(less), 1)} {what} than with the {result.original} MB that it has"


def _alike(result: TuneResult) -> Iterator[Part]:
    """The sizes that chance alone may make slower than the fastest, as far as the intervals of p50 tell."""
    fastest = result.size(next(of.key for of in result.choices if of.strategy == "speed"))
    within = fastest.warm.intervals.get("p50") if fastest else None
    if fastest is None or within is None or within.high is None:
        yield " · its p50 has no interval, so that chance may decide: --calls gives more", WARN
        return
    others = [(size, size.warm.intervals.get("p50")) for size in result.sizes if size is not fastest]
    alike = [size.cell or str(size.memory) for size, of in others if of and of.low <= within.high]
    if alike:
        unit = "" if result.plan.cells else " MB"
        yield f" · {' and '.join(alike)}{unit} may be as fast: the intervals of p50 overlap", WARN


def _times(slow: float | None, fast: float | None) -> str:
    return f"{slow / fast:.2g} times" if slow and fast else UNKNOWN


def _more(cheap: TuneSize, dear: TuneSize) -> str:
    low, high = _trimmed_usd(cheap), _trimmed_usd(dear)
    return f"{high / low:.2g} times the price" if low and high else "another price"


def usd(value: float | None) -> str:
    """`$2.41`, `$0.213`."""
    if value is None:
        return UNKNOWN
    if value >= 1 or not value:
        return f"${value:,.2f}"
    return f"${value:.3f}" if value >= 0.1 else dollars(value)


# the sizes


def title_of(result: TuneResult) -> str:
    """The title of a size, or of a cell that is more than that."""
    return "cell" if result.plan.cells else "MB"


def titles_of(result: TuneResult) -> list[str]:
    """The titles of `row_of`. Times are ms, of warm calls where nothing else is said."""
    inside = ["$/M inside"] if _limited(result) else []
    return [
        title_of(result),
        "p50",
        "p95",
        "p99",
        "handler p50",
        "billed",
        "$/M",
        *inside,
        "cold",
        "cold p50",
        "",
    ]


def row_of(result: TuneResult, size: TuneSize) -> list[Part]:
    """What a size tells, and what is to be known of it."""
    quantiles: list[Part] = [_short(size.warm, name) for name in ("p50", "p95", "p99")]
    inside: list[Part] = [usd(size.usd_per_million_inside)] if _limited(result) else []
    return [
        size.key,
        *quantiles,
        _short(size.handler, "p50"),
        ms(size.billed_ms),
        usd(size.usd_per_million),
        *inside,
        UNKNOWN if size.cold_share is None else share(size.cold_share, 1),
        ms(size.cold.quantiles.get("p50")),
        _note(result, size),
    ]


def _limited(result: TuneResult) -> bool:
    return any(not text.startswith("errors") for text in result.plan.keep)


def _short(latency: Latency, name: str) -> str:
    of = latency.quantile(name)
    return f">{ms(of.bound)}" if of.value is None and of.bound is not None else ms(of.value)


def _note(result: TuneResult, size: TuneSize) -> Part:
    chosen = [choice.strategy for choice in result.choices if choice.key == size.key]
    said = [*chosen, *(["now"] if size is result.now else [])]
    if size.failed:
        return ", ".join([*said, f"{count(size.failed)} failed"]), BAD
    if result.plan.keep and size.kept is not True:
        return ", ".join([*said, "breaks" if size.kept is False else "not known"]), WARN
    return ", ".join(said), STRONG if chosen else DIM


def trimmed_titles(result: TuneResult) -> list[str]:
    return [title_of(result), "trimmed ms", "$ a call", "handler p99", "cold billed", "calls"]


def trimmed_row(size: TuneSize) -> list[Part]:
    """What Power Tuning would say of a size, and the rest of its figures."""
    price = UNKNOWN if size.trimmed_usd is None else f"{size.trimmed_usd:.4g}"
    return [
        size.key, ms(size.trimmed_ms), price, _short(size.handler, "p99"), ms(size.cold_billed_ms),
        count(size.calls),
    ]  # fmt: skip


# of what


def effort_of(result: TuneResult) -> str:
    """`24 visits in 4 rounds · 2 min 3 s · 600 calls one after the other`."""
    plan = result.plan
    how = f"due at {rate(plan.rate)}" if plan.rate else "one after the other"
    visits = f"{several(len(result.visits), 'visit')} in {several(plan.rounds, 'round')}"
    return " · ".join([visits, seconds(result.duration_s), f"{several(result.requests, 'call')}, {how}"])


def cost_of(result: TuneResult) -> str:
    """`$0.0021 · prices of us-east-1, x86_64, 2026-11`."""
    simulated = result.target is not None and result.target.simulated
    free = "; a simulated function costs nothing" if simulated else ""
    spent = [f"{usd(result.usd)} for these calls{free}"] if result.usd is not None else []
    return " · ".join([*spent, prices_text(result.prices)])


def prices_text(of: LambdaPrices) -> str:
    """Whose prices they are; where none are known of the region, the key for your own."""
    if not of.date:
        return f"prices by {of.source}"
    known = "" if of.region == of.asked else f": none are known of {of.asked}, set target.lambda.prices"
    return f"prices of {of.region}, {of.architecture}, {of.date}{known}"


def picture(result: TuneResult) -> str:
    """The address of Power Tuning's picture, if it is that: a saved result may have been changed."""
    link = result.power_tuning.stateMachine.visualization if result.power_tuning else ""
    return link if link.startswith("https://lambda-power-tuning.show/#") and len(link) < 4000 else ""


def why_unknown(sizes: Sequence[TuneSize]) -> str:
    """Why a p99 is not known, of the first size that lacks it."""
    return next((sentence(why) for size in sizes if (why := size.warm.why.get("p99"))), "")
