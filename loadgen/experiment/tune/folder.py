"""The folder of a tuned function, and its result, which is made from what its visits wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

from loadgen.analysis.documents import decoded, document
from loadgen.aws.lambda_prices import LambdaPrice
from loadgen.clock import SECOND
from loadgen.errors import Exit, LoadgenError, ProfileError, worst
from loadgen.experiment.capacity.folder import GRADES, usable
from loadgen.experiment.tune.figures import VisitRun, size_of
from loadgen.experiment.tune.plan import Visit, visits_of
from loadgen.experiment.tune.power import power_tuning
from loadgen.experiment.tune.strategies import choices
from loadgen.experiment.variants import result_of
from loadgen.profile.load import Loaded
from loadgen.result.reason import Reason
from loadgen.result.run import LambdaPrices, RunResult, Trust
from loadgen.result.tune import TuneCell, TuneMetadata, TunePlan, TuneResult, TuneVisit
from loadgen.runner.function.calls import Configuration
from loadgen.runner.function.cost import price_for, prices_of, provisioned_usd
from loadgen.runner.function.versions import read_log
from loadgen.trust import host

KIND = "tune"


def metadata(loaded: Loaded, plan: TunePlan, found: Configuration, began: int) -> TuneMetadata:
    """What is known before the first visit. `began` is wall-clock time in ns."""
    function = loaded.profile.target.function
    assert function
    others = dict.fromkeys(
        cell.architecture for cell in plan.cells if cell.architecture not in ("", found.architecture)
    )
    return TuneMetadata(
        name=loaded.profile.name,
        started=datetime.fromtimestamp(began / SECOND, UTC).isoformat(timespec="seconds"),
        client=loaded.profile.client,
        seed=plan.seed,
        host=host.description(),
        plan=plan,
        prices=prices_of(function, price_for(function, found.architecture)),
        original=found.memory,
        more_prices=tuple(prices_of(function, price_for(function, architecture)) for architecture in others),
    )


def read_metadata(folder: Path) -> TuneMetadata:
    """Raises ProfileError for what is no folder of a tuned function."""
    path = folder / "run.json"
    content = document(path)
    if content.get("kind") != KIND:
        raise ProfileError("is not the folder of `loadgen tune`", file=str(folder))
    return decoded(TuneMetadata, content, path)


def visit_of(visit: Visit, result: RunResult) -> TuneVisit:
    """What the run of a visit tells."""
    told = [step.invocations for phase in result.variant.phases for step in phase.steps if step.invocations]
    return TuneVisit(
        number=visit.number,
        round=visit.round,
        memory=visit.memory,
        requests=result.variant.requests.sent,
        failed=result.variant.requests.failed,
        billed_ms=sum(of.billed_ms for of in told),
        reports=sum(of.reports for of in told),
        trust=result.trust.verdict,
        folder=visit.folder,
        cell=visit.cell.name,
        seconds=result.duration_s if visit.cell.provisioned else 0.0,
        prepared=sum(of.prepared for of in told),
    )


def visits_in(folder: Path, plan: TunePlan) -> Iterator[tuple[TuneVisit, RunResult]]:
    """The complete visits of a folder, in their order."""
    for visit in visits_of(plan):
        run = folder / visit.folder
        if (run / "result.json").is_file() and usable(result := result_of(run)):
            yield visit_of(visit, result), result


def assembled(
    folder: Path,
    warnings: Sequence[Reason] = (),
    *,
    interrupted: bool = False,
    failed: LoadgenError | None = None,
) -> TuneResult:
    """The result of the folder, from what its visits wrote. `failed` is the error that ended it early, or that what
    was there could not be restored. Raises ProfileError if it is no such folder."""
    about = read_metadata(folder)
    plan = about.plan
    made = list(visits_in(folder, plan))
    visits, results = tuple(visit for visit, _ in made), [result for _, result in made]
    runs = [VisitRun.read(visit, folder / visit.folder) for visit in visits]
    known = [(cell, [run for run in runs if run.visit.key == cell.key]) for cell in plan.every_cell]
    sizes = tuple(size_of(plan, price_of(about.prices_for(cell.architecture)), cell, own) for cell, own in known if own)
    chosen = tuple(choices(sizes, bool(plan.keep)))
    usd = spent(about, visits)
    result = TuneResult(
        **{field.name: getattr(about, field.name) for field in fields(TuneMetadata)},
        target=results[0].target if results else None,
        session=results[0].session if results else None,
        duration_s=round(sum(of.duration_s for of in results), 3),
        complete=len(visits) == len(visits_of(plan)) and not interrupted,
        interrupted=interrupted,
        run=str(folder),
        exit_status=0,
        unusable=results[0].unusable if results else None,
        trust=_trust(results),
        warnings=tuple(warnings),
        thresholds=(),
        metric="service" if plan.rate is None else "response",
        usd=round(usd, 9) if visits else None,
        sizes=sizes,
        choices=chosen,
        power_tuning=None if plan.cells else power_tuning(sizes, chosen[0].memory, usd),
        visits=visits,
    )
    return replace(result, exit_status=int(_status(result, failed)))


def died(folder: Path) -> Reason:
    """That the measurement in the folder died, with what it may have left on the functions. Raises ProfileError."""
    log = read_log(folder)
    functions = dict.fromkeys(line.function for line in log.lines)
    left = [
        f"{function} {name}: {number}" for function in functions for name, number in log.provisioned(function).items()
    ]
    values = {"versions": "published"} if any(log.published(function) for function in functions) else {}
    values |= {"provisioned": ", ".join(left)} if left else {}
    return Reason.of("tune_died", folder=str(folder), **values)


def spent(about: TuneMetadata, visits: Sequence[TuneVisit]) -> float:
    """US dollars for these visits, about: calls whose answers had no REPORT count as requests alone, and provisioned
    environments for the time of the load, as AWS rounds it up."""
    cells = {cell.key: cell for cell in about.plan.every_cell}
    return sum(_spent(about, cells[visit.key], visit) for visit in visits if visit.key in cells)


def _spent(about: TuneMetadata, cell: TuneCell, visit: TuneVisit) -> float:
    price = price_of(about.prices_for(cell.architecture))
    called = price.on_provisioned() if cell.provisioned and price.provisioned_call is not None else price
    calls = called.calls(visit.memory, visit.billed_ms, visit.requests)
    return calls + (provisioned_usd(price, cell, visit.seconds) or 0.0)


def price_of(of: LambdaPrices) -> LambdaPrice:
    provisioned = of.provisioned_usd, of.provisioned_call_usd
    return LambdaPrice(of.region, of.architecture, of.gb_second_usd, of.million_usd, of.date, *provisioned)


def _trust(results: Sequence[RunResult]) -> Trust | None:
    """The worst verdict of the visits; if no more than half of them are INVALID, DEGRADED."""
    if not results:
        return None
    verdict = max((of.trust.verdict for of in results), key=GRADES.index)
    share = sum(of.trust.verdict == verdict for of in results) / len(results)
    reasons = [of.trust.reasons[0] for of in results if of.trust.reasons and of.trust.verdict == verdict != "VALID"]
    if verdict == "INVALID" and share <= 0.5:
        verdict = "DEGRADED"
    return Trust(verdict=verdict, accepted=False, reasons=tuple(reasons[:1]), figures=(), signals=())


def _status(result: TuneResult, failed: LoadgenError | None) -> Exit:
    statuses = {failed.status} if failed else set[Exit]()
    if result.unusable:
        statuses.add(Exit.UNUSABLE)
    if result.interrupted:
        statuses.add(Exit.INTERRUPTED)
    keeping = [of.memory for of in result.choices if of.strategy == "keep"]
    if keeping == [None]:
        broken = result.complete and all(size.kept is False for size in result.sizes)
        statuses.add(Exit.THRESHOLD if broken else Exit.UNDECIDED)
    if not result.sizes:
        statuses.add(Exit.UNDECIDED)
    if result.trust and result.trust.verdict == "INVALID":
        statuses.add(Exit.INVALID)
    status = worst(statuses)
    return failed.status if failed and status == Exit.PASSED else status
