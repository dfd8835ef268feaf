"""A result as rows that all have the same columns: for CSV files and for data frames."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.result.capacity import CapacityResult, CapacityStep
from loadgen.result.experiment import ExperimentResult, Scaling, ScalingPoint
from loadgen.result.latency import Latency
from loadgen.result.run import Phase, RunResult, Step
from loadgen.result.tune import TuneResult, TuneSize

Value = str | int | float | None
Row = dict[str, Value]

PERCENTILES = ("p50", "p90", "p95", "p99", "p99.9")
RUN_COLUMNS = (
    "phase", "cycle", "scenario", "step", "stratum", "metric", "requests", "failed", "count", "timeouts",
    "mean_ms", "min_ms",
    *(f"{name}{end}_ms" for name in PERCENTILES for end in ("", "_low", "_high")),
    "max_ms",
    "offered_low_per_s", "offered_high_per_s", "completed_per_s",
)  # fmt: skip
EXPERIMENT_COLUMNS = (
    "variant", "baseline", "phase", "step", "metric", "quantile", "primary", "baseline_ms", "variant_ms", "ratio",
    "ratio_low", "ratio_high", "difference_ms", "difference_low_ms", "difference_high_ms", "verdict",
    "axis", "at", "variant_low_ms", "variant_high_ms", "offered_per_s", "reached_per_s", "completed_per_s", "errors",
    "throttled", "unsettled_rounds", "core", "usd",
)  # fmt: skip
TUNE_COLUMNS = (
    "cell", "memory_mb", "calls", "failed", "cold_share", "metric", "count", "mean_ms",
    *(f"{name}{end}_ms" for name in ("p50", "p95", "p99") for end in ("", "_low", "_high")),
    "billed_ms", "usd_per_million", "usd_per_million_inside", "trimmed_ms", "trimmed_usd", "kept", "chosen",
)  # fmt: skip
CAPACITY_COLUMNS = (
    "variant", "stage", "number", "rate", "rate_low", "rate_high", "ratio", "ratio_low", "ratio_high", "completed",
    "seconds", "requests", "failed", "condition", "step", "judged", "beyond", "allowed", "value_ms", "above", "trust",
)  # fmt: skip

Result = RunResult | ExperimentResult | CapacityResult | TuneResult


def columns(result: Result) -> tuple[str, ...]:
    """The names of the columns of the result's rows."""
    if isinstance(result, CapacityResult):
        return CAPACITY_COLUMNS
    if isinstance(result, TuneResult):
        return TUNE_COLUMNS
    return EXPERIMENT_COLUMNS if isinstance(result, ExperimentResult) else RUN_COLUMNS


def rows(result: Result) -> Iterator[Row]:
    """Of a run, a row for each metric of a step, of its strata and of whole iterations, in each cycle of a measured
    phase, and of what went on beside them; on a ramp also for each band of the offered rate, whose columns the other
    rows have no values in. Of an experiment, a row for each figure that was compared, and for each percentile of a
    point on an axis. Of a capacity, a row for it, or for that of each variant, whose stage is `capacity`, and one for
    each condition of each step. Of a tuned function, a row for the client's time and for the handler's of each memory
    size. A value that is not known is None."""
    if isinstance(result, TuneResult):
        return _of_tune(result)
    if isinstance(result, CapacityResult):
        return _of_capacity(result)
    return _of_experiment(result) if isinstance(result, ExperimentResult) else _of_run(result)


def _of_run(result: RunResult) -> Iterator[Row]:
    measured = (phase for phase in result.variant.phases if phase.measured)
    for phase in (*measured, *(stream.phase for stream in result.variant.beside)):
        for step in phase.steps:
            yield from _of_step(phase, step)
        for whole in phase.iteration_ms:
            yield {**_place(phase, whole.scenario, "", whole.stratum, "iteration"), **_figures(whole.latency)}


def _of_step(phase: Phase, step: Step) -> Iterator[Row]:
    sent = {"requests": step.requests.sent, "failed": step.requests.failed}
    for metric, latency in (*step.latency_ms.items(), *step.recorded_ms.items()):
        yield {**_place(phase, step.scenario, step.step, "", metric), **sent, **_figures(latency)}
    for stratum in step.strata:
        for metric, latency in stratum.latency_ms.items():
            yield {**_place(phase, step.scenario, step.step, stratum.stratum, metric), **_figures(latency)}
    for band in step.bands:
        yield {
            **_place(phase, step.scenario, step.step, "", phase.headline),
            **_figures(band.latency_ms),
            "requests": band.requests,
            "failed": band.failed,
            "offered_low_per_s": band.low_per_s,
            "offered_high_per_s": band.high_per_s,
            "completed_per_s": round(band.completed_per_s, 3),
        }


def _of_tune(result: TuneResult) -> Iterator[Row]:
    for size in result.sizes:
        for metric, latency in ((result.metric, size.warm), ("handler", size.handler)):
            yield {**dict.fromkeys(TUNE_COLUMNS), **_of_size(result, size), "metric": metric, **_tuned(latency)}


def _of_size(result: TuneResult, size: TuneSize) -> Row:
    return {
        "cell": size.cell,
        "memory_mb": size.memory,
        "calls": size.calls,
        "failed": size.failed,
        "cold_share": size.cold_share,
        "billed_ms": size.billed_ms,
        "usd_per_million": size.usd_per_million,
        "usd_per_million_inside": size.usd_per_million_inside,
        "trimmed_ms": size.trimmed_ms,
        "trimmed_usd": size.trimmed_usd,
        "kept": None if size.kept is None or not size.conditions else int(size.kept),
        "chosen": " ".join(of.strategy for of in result.choices if of.key == size.key),
    }


def _tuned(latency: Latency) -> Row:
    return {name: value for name, value in _figures(latency).items() if name in TUNE_COLUMNS}


def _place(phase: Phase, scenario: str, step: str, stratum: str, metric: str) -> Row:
    row: Row = dict.fromkeys(RUN_COLUMNS)
    where = {"scenario": scenario, "step": step, "stratum": stratum, "metric": metric}
    return {**row, "phase": phase.name, "cycle": phase.cycle, **where}


def _figures(latency: Latency) -> Row:
    row: Row = {
        "count": latency.count,
        "timeouts": latency.timeouts,
        "mean_ms": latency.mean,
        "min_ms": latency.min,
        "max_ms": latency.max,
    }
    for name in PERCENTILES:
        interval = latency.intervals.get(name)
        interval = interval if interval and interval.kind == "full" else None
        row[f"{name}_ms"] = latency.quantiles.get(name)
        row[f"{name}_low_ms"] = interval.low if interval else None
        row[f"{name}_high_ms"] = interval.high if interval else None
    return row


def _of_experiment(result: ExperimentResult) -> Iterator[Row]:
    for figure in result.comparison.figures if result.comparison else ():
        yield {
            **dict.fromkeys(EXPERIMENT_COLUMNS),
            "variant": figure.variant,
            "baseline": figure.baseline,
            "phase": figure.phase,
            "step": figure.step,
            "metric": figure.metric,
            "quantile": figure.quantile,
            "primary": int(figure.primary),
            "baseline_ms": figure.baseline_ms,
            "variant_ms": figure.variant_ms,
            "ratio": figure.ratio,
            "ratio_low": figure.ratio_low,
            "ratio_high": figure.ratio_high,
            "difference_ms": figure.difference_ms,
            "difference_low_ms": figure.difference_low,
            "difference_high_ms": figure.difference_high,
            "verdict": figure.verdict,
        }
    for series in result.scaling:
        for point in series.points:
            yield from _of_point(series, point)


def _of_point(series: Scaling, point: ScalingPoint) -> Iterator[Row]:
    for quantile in point.rounds:
        if figure := point.figure(quantile):
            yield {
                **dict.fromkeys(EXPERIMENT_COLUMNS),
                "variant": point.variant,
                "phase": series.phase,
                "step": series.step,
                "metric": series.metric,
                "quantile": quantile,
                "variant_ms": figure.value,
                "axis": series.axis,
                "at": point.at,
                "variant_low_ms": figure.low,
                "variant_high_ms": figure.high,
                "offered_per_s": point.offered,
                "reached_per_s": point.rate,
                "completed_per_s": point.completed,
                "errors": point.errors,
                "throttled": point.throttled,
                "unsettled_rounds": point.unsettled,
                "core": point.core,
                "usd": point.usd,
            }


def _of_capacity(result: CapacityResult) -> Iterator[Row]:
    empty: Row = dict.fromkeys(CAPACITY_COLUMNS)
    ratios = {ratio.variant: ratio for ratio in result.ratios}
    for variant in result.each:
        of, ratio = variant.capacity, ratios.get(variant.name)
        found: Row = {"stage": "capacity", "rate": of.rate, "rate_low": of.low, "rate_high": of.high}
        if ratio:
            found |= {"ratio": ratio.ratio, "ratio_low": ratio.low, "ratio_high": ratio.high}
        verdict = result.trust.verdict if result.trust else None
        yield {**empty, **found, "variant": variant.name, "condition": of.condition, "trust": verdict}
    for step in result.steps:
        for condition in step.conditions:
            judged: Row = {
                "condition": condition.text,
                "step": condition.step,
                "judged": condition.requests,
                "beyond": condition.beyond,
                "allowed": condition.allowed,
                "value_ms": condition.value_ms,
            }
            yield {**empty, **_of_rate(step), **judged}


def _of_rate(step: CapacityStep) -> Row:
    return {
        "variant": step.variant,
        "stage": step.stage,
        "number": step.number,
        "rate": step.rate,
        "completed": step.completed,
        "seconds": step.seconds,
        "requests": step.requests,
        "failed": step.failed,
        "above": step.above.code if step.above else "",
        "trust": step.trust,
    }
