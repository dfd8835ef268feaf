"""What the visits of a memory size tell together. Pure, but for what it reads of their folders.

A visit begins cold, because a changed configuration ends the environments. How many calls are cold starts follows from
the plan, and not from the function. So percentiles and prices are those of warm calls, and cold starts stand beside
them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from loadgen.analysis.confidence import in_ms
from loadgen.analysis.documents import document
from loadgen.analysis.latency import latency
from loadgen.analysis.per_second import Beyond, Figure, Tails, gather
from loadgen.aws.lambda_prices import MILLION, S_PER_HOUR, LambdaPrice
from loadgen.clock import MILLISECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.experiment.tune.plan import conditions_of
from loadgen.profile.function import START
from loadgen.profile.model import Threshold
from loadgen.record.metrics import RECORDED, Metric
from loadgen.record.recording import Recording
from loadgen.record.seconds import read_counts, replay
from loadgen.result.latency import Interval, Latency, Quantile
from loadgen.result.reason import Reason
from loadgen.result.tune import SizeCondition, TuneCell, TunePlan, TuneSize, TuneVisit
from loadgen.stats import Histogram, Integers, fraction
from loadgen.stats.histogram import bounds_of
from loadgen.stats.intervals import interval, limit

PROVISIONED = f"{START}=provisioned"
WARM, COLD = (f"{START}=warm", PROVISIONED), (f"{START}=cold", f"{START}=restored")
QUANTILES = ("p50", "p95", "p99")
TRIMMED = 0.2  # Power Tuning's discardTopBottom


@dataclass(frozen=True, slots=True)
class VisitRun:
    """A visit and what its run recorded."""

    visit: TuneVisit
    folder: Path
    plan: Plan
    recording: Recording

    @classmethod
    def read(cls, visit: TuneVisit, folder: Path) -> VisitRun:
        """Raises ProfileError, OSError, ValueError and what `as_written` knows for what others wrote."""
        return cls(visit, folder, Plan.from_description(document(folder / "run.json")["plan"]), replay(folder))

    def total(self, metric: int, strata: Sequence[str]) -> Histogram:
        """The values of ok calls in these strata."""
        return self._together(metric, lambda outcome, stratum: outcome == Outcome.OK and stratum in strata)

    def late(self, metric: int) -> Histogram:
        """Those of calls that timed out. Nobody knows their stratum."""
        return self._together(metric, lambda outcome, stratum: outcome == Outcome.TIMEOUT)

    def recorded(self, name: str, strata: Sequence[str]) -> Histogram:
        """The values of a time that answers told."""
        names = self.plan.metrics
        return self.total(RECORDED + names.index(name), strata) if name in names else Histogram()

    def _together(self, metric: int, wanted: object) -> Histogram:
        assert callable(wanted)
        return Histogram.together(
            histogram
            for (key, of), histogram in self.recording.histograms.items()
            if of == metric and key.slot < len(self.plan.steps) and wanted(key.outcome, key.stratum)
        )


@dataclass(slots=True)
class Pool:
    """The visits of a size, added up."""

    runs: Sequence[VisitRun]
    metric: int
    late: Histogram = field(init=False)

    def __post_init__(self) -> None:
        self.late = Histogram.together(run.late(self.metric) for run in self.runs)

    def total(self, strata: Sequence[str]) -> Histogram:
        return Histogram.together(run.total(self.metric, strata) for run in self.runs)

    def recorded(self, name: str, strata: Sequence[str]) -> Histogram:
        return Histogram.together(run.recorded(name, strata) for run in self.runs)

    def warm(self, quantiles: tuple[str, ...]) -> Latency:
        """The client's time of warm calls. Calls that timed out are among them, as times that are known only to be
        longer."""
        values = self.total(WARM)
        timed = latency(values, self.late, quantiles)
        answers = {name: self._interval(name, values) for name in quantiles if timed.quantiles[name] is not None}
        return replace(
            timed,
            intervals={name: of for name, of in answers.items() if isinstance(of, Interval)},
            no_interval={name: of for name, of in answers.items() if isinstance(of, Reason)},
        )

    def _interval(self, name: str, values: Histogram) -> Interval | Reason:
        if self.late.count:  # which bins of which stratum they belong to is not known
            return Reason.of("beside_timeouts", timeouts=self.late.count)
        beyond = limit(fraction(name), values)
        tails = [tail for run in self.runs for tail in _tails(run, self.metric, beyond)]
        if not tails or sum(int(of.count.sum()) for of in tails) != values.count:
            return Reason.of("not_in_folder")
        width = max(of.width for of in tails)
        counts = np.concatenate([_wider(of.count, of.width, width) for of in tails])
        late = np.concatenate([_wider(of.beyond[0], of.width, width) for of in tails])
        return in_ms(interval(fraction(name), values, self.late, counts, late, width=width))


def _tails(run: VisitRun, metric: int, beyond: int) -> Iterator[Tails]:
    """The bins of a visit's warm calls, of all steps together."""
    figures = {Figure(0, step, metric, stratum): [beyond] for step in range(len(run.plan.steps)) for stratum in WARM}
    table = Beyond(run.plan, figures)
    gather(read_counts(run.folder), table)
    found = [*table.tails().values()]
    if found:  # the bins of a run are the same for all of its figures
        count, late = sum(of.count for of in found), sum(of.beyond for of in found)
        yield replace(found[0], count=np.asarray(count), beyond=np.asarray(late))


def _wider(counts: Integers, width: float, wanted: float) -> Integers:
    """The counts in bins that are wider by a power of two; what is left over belongs to the last one."""
    times = round(wanted / width)
    if times == 1:
        return counts
    whole = max(1, len(counts) // times)
    parts = np.add.reduceat(counts, np.arange(whole) * times)
    return np.asarray(parts, np.int64)


def size_of(plan: TunePlan, price: LambdaPrice, cell: TuneCell, runs: Sequence[VisitRun]) -> TuneSize:
    """A cell, from its visits."""
    keep = conditions_of(plan.keep)
    quantiles = tuple(dict.fromkeys((*QUANTILES, *(of.quantile for of in keep if of.kind == "latency"))))
    pool = Pool(runs, Metric.SERVICE if plan.rate is None else Metric.RESPONSE)
    warm, cold = pool.warm(quantiles), pool.total(COLD)
    calls, failed = sum(run.visit.requests for run in runs), sum(run.visit.failed for run in runs)
    billed, of_cold = pool.recorded("billed", WARM), pool.recorded("billed", COLD)
    prices = _Prices.of(price, cell, plan.rate or _rate(runs), _provisioned_share(pool))
    usd = None if billed.mean is None else prices.million(billed.mean / MILLISECOND)
    inside = _inside(pool.total(WARM), keep, max(0, calls - cold.count))
    answered = warm.count - warm.timeouts + cold.count
    trimmed, trimmed_billed = _trimmed_ms(pool), _trimmed_billed_ms(pool)
    return TuneSize(
        memory=cell.memory,
        calls=calls,
        failed=failed,
        warm=warm,
        handler=latency(pool.recorded("handler", WARM), quantiles=quantiles),
        cold=latency(cold, quantiles=("p50",)),
        cold_share=round(cold.count / answered, 6) if answered else None,
        billed_ms=_ms(billed.mean),
        cold_billed_ms=_ms(of_cold.mean),
        usd_per_million=_rounded(usd),
        usd_per_million_inside=_rounded(usd / inside) if usd is not None and inside else None,
        trimmed_ms=_ms(trimmed),
        trimmed_usd=None if trimmed_billed is None else prices.call(trimmed_billed),
        conditions=tuple(_condition(of, warm, failed, calls, inside) for of in keep),
        cell=cell.name,
        provisioned_usd_per_hour=_rounded(prices.hour) if cell.provisioned else None,
        rate=round(prices.rate, 3) if cell.provisioned and prices.rate else None,
        prepared=sum(run.visit.prepared for run in runs),
    )


def _provisioned_share(pool: Pool) -> float:
    """The share of what is billed for warm calls that ran in provisioned environments: all of it, if the function does
    not tell which calls did."""
    on, off = (pool.recorded("billed", (stratum,)).total for stratum in (PROVISIONED, WARM[0]))
    return on / (on + off) if on else 1.0


def _rate(runs: Sequence[VisitRun]) -> float | None:
    """The calls a second that the visits had together, as far as their time is known."""
    seconds = sum(run.visit.seconds for run in runs)
    return sum(run.visit.requests for run in runs) / seconds if seconds else None


@dataclass(frozen=True, slots=True)
class _Prices:
    """What a cell's calls cost, with their part of the hour that its provisioned environments are there, at so many
    calls a second. `hour` is None if that is not known."""

    price: LambdaPrice
    memory: int
    hour: float | None = None
    rate: float | None = None
    known: bool = True

    @classmethod
    def of(cls, price: LambdaPrice, cell: TuneCell, rate: float | None, share: float) -> _Prices:
        """`share` of what is billed ran in provisioned environments."""
        if not cell.provisioned:
            return cls(price, cell.memory)
        if price.provisioned is None or price.provisioned_call is None or not rate:
            return cls(price, cell.memory, None, rate, known=False)
        called = share * price.provisioned_call + (1 - share) * price.gb_second
        hour = price.hour(cell.memory, cell.provisioned)
        return cls(price._replace(gb_second=called), cell.memory, hour, rate)

    def call(self, billed_ms: float) -> float | None:
        """US dollars for a call, without the request."""
        if not self.known:
            return None
        part = self.hour / S_PER_HOUR / self.rate if self.hour and self.rate else 0.0
        return self.price.duration(self.memory, billed_ms) + part

    def million(self, billed_ms: float) -> float | None:
        """US dollars for a million calls."""
        each = self.call(billed_ms)
        return None if each is None else MILLION * each + self.price.million_requests


def _inside(values: Histogram, keep: Sequence[Threshold], calls: int) -> float | None:
    """The share of calls, without the cold starts, that were ok and inside the first limit on a latency. A call of the
    counter in which the limit lies counts as beyond it."""
    limits = [of.value for of in keep if of.kind == "latency"]
    if not limits or not calls:
        return None
    _, highest = bounds_of(values.index)
    return int(values.counts[highest <= limits[0]].sum()) / calls


def _condition(of: Threshold, warm: Latency, failed: int, calls: int, inside: float | None) -> SizeCondition:
    if of.kind == "errors":
        return SizeCondition(of.text, None, None, None, _met(of, failed / calls) if calls else None)
    figure = warm.quantile(of.quantile)
    upper = figure.interval.high if figure.interval else None
    share = None if inside is None else round(inside, 6)
    return SizeCondition(of.text, figure.value, upper, share, _kept(of, figure))


def _kept(of: Threshold, figure: Quantile) -> bool | None:
    """Whether a percentile kept its limit: yes if the whole interval is inside, no if it is outside, not known if the
    limit is in it. Where the interval has no upper end, or there is none, the figure itself decides."""
    if figure.value is None:
        beyond = figure.bound is not None and not _met(of, figure.bound * MILLISECOND)
        return False if beyond else None
    within = figure.interval
    if within is None or within.high is None:
        return _met(of, figure.value * MILLISECOND)
    if _met(of, within.high * MILLISECOND):
        return True
    return None if _met(of, within.low * MILLISECOND) else False


def _met(of: Threshold, value: float) -> bool:
    return value <= of.value if of.op == "<=" else value < of.value


# as Power Tuning has it


def _trimmed_ms(pool: Pool) -> float | None:
    """Its time of a call is handler, Init and Restore. Of cold starts the mean of these two is added to each handler:
    which belongs to which is not kept, and the fifth at the end takes such calls away."""
    warm, cold = _spread(pool.recorded("handler", WARM)), _spread(pool.recorded("handler", COLD))
    begun = sum(pool.recorded(name, COLD).total for name in ("init", "restore"))
    number = int(cold[1].sum())
    values = np.concatenate((warm[0], cold[0] + (begun / number if number else 0.0)))
    return trimmed_mean(values, np.concatenate((warm[1], cold[1])))


def _trimmed_billed_ms(pool: Pool) -> float | None:
    """In whole ms, to which Power Tuning rounds it up. So is each Billed Duration, which its counter tells within
    0.1 %."""
    values, counts = _spread(pool.recorded("billed", (*WARM, *COLD)))
    mean = trimmed_mean(np.round(values / MILLISECOND), counts)
    return None if mean is None else math.ceil(mean)


def _spread(histogram: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Values (ns), which are the middles of their counters, and how often each is there."""
    low, high = bounds_of(histogram.index)
    return np.clip((low + high) / 2, histogram.least, histogram.most), histogram.counts


def trimmed_mean(values: np.ndarray, counts: np.ndarray) -> float | None:
    """The mean without a fifth of the values at either end, as computeAverageDuration of Power Tuning's utils.js has
    it; None without values."""
    order = np.argsort(values)
    every = np.repeat(values[order], counts[order])
    if not len(every):
        return None
    off = int(len(every) * TRIMMED)
    return float(every[off : len(every) - off].mean())


def _ms(ns: float | None) -> float | None:
    return None if ns is None else round(ns / MILLISECOND, 6)


def _rounded(usd: float | None) -> float | None:
    return None if usd is None else round(usd, 6)
