"""Reads a run from its folder: the result that the run wrote; or, if it died before that, what it had counted, as
INCOMPLETE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from loadgen.analysis.build import Measured
from loadgen.analysis.conclusion import COUNTED, Ending, conclude, tails, untimed
from loadgen.analysis.documents import decoded, document, foreign
from loadgen.analysis.standing import standing_of
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.errors import ProfileError
from loadgen.experiment.capacity import folder as capacity
from loadgen.experiment.folder import KIND, assembled
from loadgen.experiment.tune import folder as tune
from loadgen.files import read_regular, why
from loadgen.record.ledger import Ledger
from loadgen.record.seconds import Recalled, replay
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import from_json
from loadgen.result.experiment import ExperimentResult
from loadgen.result.join import JoinResult
from loadgen.result.reason import Reason
from loadgen.result.run import Metadata, RunResult, Until
from loadgen.result.tune import TuneResult
from loadgen.runner.function.journal import read_journal
from loadgen.runner.join import FILE as JOINED
from loadgen.runner.witness.load import witness_plan
from loadgen.store import latest, newest_first
from loadgen.trust.health import Health
from loadgen.trust.verdict import judge
from loadgen.trust.watch import Session, evidence_of

RUNS = Path("runs")


def find(run: Path | None) -> Path:
    """The folder of a run: the given one, here or below `runs/`; or the newest. Raises ProfileError if there is
    none."""
    if run is None:
        run = latest(RUNS)
        if run is None:
            raise ProfileError("there is no run to report", file=str(RUNS), remedy="`loadgen run burst` makes one")
    if run.name == "result.json":
        run = run.parent
    if not (run / "run.json").is_file() and (RUNS / run / "run.json").is_file():
        run = RUNS / run
    if not (run / "run.json").is_file():
        what = "its run.json is no regular file" if os.path.lexists(run / "run.json") else "it has no run.json"
        raise ProfileError(f"is not a run's folder: {what}", file=str(run))
    return run


AnyResult = RunResult | ExperimentResult | CapacityResult | TuneResult


def read(run: Path) -> AnyResult:
    """The result of the run, the experiment, the capacity or the tuned function in that folder. Raises ProfileError if
    loadgen did not write the folder, or if another version did."""
    path = run / "result.json"
    if not os.path.lexists(path):
        return _incomplete(run)
    content = document(path)
    if content.get("kind") == KIND:
        return decoded(ExperimentResult, content, path)
    if content.get("kind") == capacity.KIND:
        return decoded(CapacityResult, content, path)
    if content.get("kind") == tune.KIND:
        return decoded(TuneResult, content, path)
    return _joined(decoded(RunResult, content, path), run)


def _joined(result: RunResult, run: Path) -> RunResult:
    """With what `loadgen join` found of it, if it did."""
    path = run / JOINED
    return replace(result, join=decoded(JoinResult, document(path), path)) if os.path.lexists(path) else result


def _incomplete(run: Path) -> AnyResult:
    about = document(run / "run.json")
    if about.get("kind") == KIND:
        return replace(assembled(run, warnings=[Reason.of("experiment_died")]), complete=False, exit_status=None)
    if about.get("kind") == capacity.KIND:
        return replace(capacity.assembled(run, [Reason.of("capacity_died")]), complete=False, exit_status=None)
    if about.get("kind") == tune.KIND:
        return replace(tune.assembled(run, [tune.died(run)]), complete=False, exit_status=None)
    return _incomplete_run(run, about)


def _incomplete_run(run: Path, about: dict[str, Any]) -> RunResult:
    metadata = decoded(Metadata, about, run / "run.json")
    try:
        plan = Plan.from_description(about.pop("plan"))
        if about.pop("thinned", False):  # the folder of a witness; the load of its workers is in the document
            plan = witness_plan(plan, metadata.seed)
        ledger, lost = _ledgers(run, plan)
        health = Health()
        counts = Recalled(run, COUNTED)
        recording = replay(run, health.add, counts)
        seconds = max((sample["second"] for sample in health.take()), default=0)
        session = Session(metadata.session.reuse == "shared", metadata.session.connections)
        evidence = evidence_of(ledger, tails(plan, recording), health, session=session)
        warnings = [Reason.of("run_died")]
        if (changes := read_journal(run).entries[1:]) and changes[-1].kind != "restored":
            warnings.append(Reason.of("force_cold_not_restored", error="the run died", folder=str(run)))
        if lost:
            warnings.append(Reason.of("open_when_it_died", exchanges=lost))
        if (missing := untimed(ledger, recording)) > 0:
            warnings.append(Reason.of("died_without_latencies", exchanges=missing))
        nodes = of if isinstance(of := about.get("from_nodes"), int) else 0
        if nodes > 0:
            warnings.append(Reason.of("nodes_unread", nodes=nodes))
        until = from_json(Until, about["until"]) if "until" in about else None
        ending = Ending(seconds * SECOND, str(run), counts, complete=False, warnings=warnings, until=until)
        facts: dict[str, Any] = {"stopped": seconds * SECOND, "environments": health.environments, "unread": nodes > 0}
        measured = Measured(plan, ledger, recording, network=health.network, **facts)
        concluded = conclude(metadata, measured, standing_of(evidence, judge(evidence)), ending, {})
        return replace(concluded, exit_status=None)  # it ended with no exit status of loadgen's
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=str(error.filename or run)) from None
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise ProfileError(foreign(error), file=str(run)) from None


def _ledgers(run: Path, plan: Plan) -> tuple[Ledger, int]:
    total = Ledger.in_memory(len(plan.all_runs), plan.slots)
    lost = 0
    for _, block, open_then in ledgers(run, plan):
        lost += open_then
        total.add(block)
    return total, lost


def ledgers(run: Path, plan: Plan) -> Iterator[tuple[int, Ledger, int]]:
    """The number of each worker of a run's folder, a copy of its ledger, and how many requests were open when it ended,
    which count as lost. Raises ValueError for what loadgen did not write."""
    for path in sorted(run.glob("worker-*.counters")):
        number = path.name.removeprefix("worker-").removesuffix(".counters")
        if not re.fullmatch("[0-9]{1,6}", number):
            raise ValueError(f"{path.name}: no worker's number")
        block = _ledger(path, len(plan.all_runs), plan.slots)
        lost = block.settle()
        yield int(number), block, lost


def _ledger(path: Path, runs: int, slots: int) -> Ledger:
    """A copy of a worker's figures. Raises ValueError if the file holds anything else."""
    size = Ledger.size(runs, slots)
    try:
        return Ledger.from_bytes(read_regular(path, size), runs, slots)
    except OSError as error:
        raise ValueError(f"{path.name}: {why(error)}") from None
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def saved(folder: Path, most: int | None) -> tuple[list[tuple[str, AnyResult | str]], int]:
    """The runs in a folder, the newest first: their names and their results, or why one cannot be read; at most so
    many, and how many more there are. Raises ProfileError for what is no folder."""
    if folder == RUNS and not folder.is_dir():
        return [], 0  # nothing has been run yet
    try:
        paths = newest_first(folder)
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=str(folder)) from None
    shown = paths[:most]
    return [(path.name, _result_or_why(path)) for path in shown], len(paths) - len(shown)


def _result_or_why(path: Path) -> AnyResult | str:
    try:
        return read(path)
    except ProfileError as error:
        return error.problem
