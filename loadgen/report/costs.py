"""What the variants of an experiment cost, as rows of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loadgen.report.tuned import usd
from loadgen.report.words import UNKNOWN, brief, count, ms, several, share
from loadgen.result.experiment import ExperimentResult, VariantCost

TITLES = ("", "cold", "p99, ms", "a million calls", "an hour besides", "for")
NAME = 24  # characters
ROWS, FEW = 16, 4  # variants
DOORS = {"rest-api": "REST API", "http-api": "HTTP API", "function-url": "function URL", "invoke": "Invoke"}


def rows(result: ExperimentResult) -> Iterator[tuple[str, ...]]:
    """A row for each variant, under `TITLES`."""
    several = len({of.door for of in result.costs}) > 1
    for of in result.costs[:ROWS]:
        cold = UNKNOWN if of.cold is None else share(of.cold, 1)
        hour = "-" if not (of.beside_per_hour or of.provisioned) else usd(of.hour_usd)
        yield brief(of.variant, NAME), cold, ms(_p99(result, of.variant)), usd(of.million_usd), hour, _for(of, several)


def note(costs: Sequence[VariantCost]) -> str:
    """Whose prices they are, and what is not in them."""
    first = costs[0]
    on = f", {brief(first.architecture, NAME)}" if first.architecture else ""
    lacking = dict.fromkeys(brief(of.asked, NAME) for of in costs if of.date and of.asked not in ("", of.region))
    unknown = f": none are known of {' and '.join([*lacking][:FEW])}" if lacking else ""
    listed = f"prices of {brief(first.region, NAME)}{on}, {brief(first.date, NAME)}, the first tier{unknown}"
    said = [listed if first.date else "by the profile's own prices"]
    if untold := _names(of for of in costs if of.duration_usd is None):
        said.append(f"of {untold} no answer told what is billed, so that its duration is not in it")
    if unpriced := _names(of for of in costs if of.provisioned_usd is None and of.memory_mb):
        key = "target.lambda.prices.provisioned_gb_second and provisioned_call_gb_second"
        said.append(f"of {unpriced} no price of provisioned concurrency is known: set {key}")
    if number := sum(of.prepared for of in costs):
        said.append(f"without the duration of {several(number, 'call')} of an environment made beforehand")
    return "; ".join(said)


def _names(costs: Iterable[VariantCost]) -> str:
    """`none, pings and 3 more`; empty for none."""
    names = [brief(of.variant, NAME) for of in costs]
    return ", ".join(names[:FEW]) + (f" and {count(len(names) - FEW)} more" if len(names) > FEW else "")


def _for(of: VariantCost, doors: bool) -> str:
    """What the variant has besides the function: `Invoke, 120,000 calls beside, 5 provisioned`."""
    said = [DOORS.get(of.door, brief(of.door, NAME))] if doors else []
    said += [f"{count(of.beside_per_hour)} calls beside"] if of.beside_per_hour else []
    return ", ".join([*said, *([f"{count(of.provisioned)} provisioned"] if of.provisioned else [])])


def _p99(result: ExperimentResult, variant: str) -> float | None:
    """The p99 of what the primary figure is of, as it is compared."""
    figures = result.comparison.figures if result.comparison else ()
    primary = next((figure for figure in figures if figure.primary), None)
    if primary is None:
        return None
    what = (primary.phase, primary.step, primary.metric, "p99")
    same = [of for of in figures if (of.phase, of.step, of.metric, of.quantile) == what]
    known = {of.variant: of.variant_ms for of in same} | {of.baseline: of.baseline_ms for of in same}
    return known.get(variant)
