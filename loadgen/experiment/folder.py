"""The runs of an experiment, put together from their folders: the result of the whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadgen.analysis import thresholds
from loadgen.analysis.build import SCHEMA
from loadgen.analysis.conclusion import Finished
from loadgen.analysis.documents import document
from loadgen.clock import SECOND
from loadgen.errors import Exit, LoadgenError, ProfileError, worst
from loadgen.experiment import comparison, ratios
from loadgen.experiment.judgement import judgement
from loadgen.experiment.primary import primary_of
from loadgen.profile.load import Loaded
from loadgen.trust import host

ROUNDS = "rounds"
KIND = "experiment"
GRADES = ("VALID", "DEGRADED", "INVALID")


def slug(name: str) -> str:
    """A variant's name as a folder is called. Different names that look alike are kept apart by their order."""
    return re.sub(r"[^A-Za-z0-9_.=-]+", "-", name).strip("-.") or "variant"


def run_folder(folder: Path, number: int, name: str) -> Path:
    """Where the run of a variant in round `number` (from 1) is kept."""
    return folder / ROUNDS / f"{number:02d}" / slug(name)


def about(loaded: Loaded, began: int) -> dict[str, Any]:
    """What is known of an experiment before its runs, as plain data."""
    profile, experiment = loaded.profile, loaded.profile.experiment
    assert experiment
    names = [variant.name for variant in loaded.variants]
    if len({slug(name) for name in names}) < len(names):
        raise ProfileError("two variants have names that no folders can tell apart", key="experiment.variants")
    return {
        "kind": KIND,
        "name": profile.name,
        "started": datetime.fromtimestamp(began / SECOND, UTC).isoformat(timespec="seconds"),
        "client": profile.client,
        "seed": profile.seed,
        "host": host.about(),
        "experiment": {
            "looks": list(experiment.rounds),
            "baseline": experiment.baseline or names[0],
            "primary": primary_of([variant.profile for variant in loaded.variants]).text,
            "margin": experiment.margin,
            "duet": experiment.duet,
            "seed": profile.seed,
            "thresholds": ratios.texts(profile.thresholds),
        },
        "variants": [{"name": variant.name, "values": variant.values} for variant in loaded.variants],
    }


def finished(
    folder: Path,
    warnings: list[str],
    done: int,
    *,
    interrupted: bool = False,
    failed: LoadgenError | None = None,
) -> Finished:
    """The whole, of which `done` rounds are complete. `failed` is what broke it off."""
    if failed:
        warnings = [*warnings, f"the experiment was broken off: {failed}"]
    result = assembled(folder, done, warnings)
    runs = [run for variant in result["variants"] for run in variant["rounds"]]
    statuses = {Exit(run["exit_status"]) for run in runs if run["exit_status"]}
    if any(threshold["status"] != "passed" for threshold in result["thresholds"]):
        statuses.add(Exit.THRESHOLD)
    if interrupted:
        statuses.add(Exit.INTERRUPTED)
    if failed:
        statuses.add(failed.status)
    status = worst(statuses) if statuses else Exit.PASSED
    if failed and status == Exit.PASSED:
        status = failed.status
    result |= {"interrupted": interrupted, "complete": not (interrupted or failed), "exit_status": int(status)}
    return Finished(result, status)


def assembled(folder: Path, done: int | None = None, warnings: list[str] | None = None) -> dict[str, Any]:
    """The result of the experiment in `folder`, from what its runs have written. `done`: how many rounds are complete,
    by default those in which every variant has a result. Raises ProfileError if it is no experiment's folder."""
    known = document(folder / "run.json")
    if known.get("kind") != KIND:
        raise ProfileError("is not an experiment's folder", file=str(folder))
    variants = [_variant(folder, variant) for variant in known["variants"]]
    complete = min((len(variant["rounds"]) for variant in variants), default=0) if done is None else done
    runs = [(v["name"], run) for v in variants for run in v["rounds"]]
    first = next((document(folder / run["folder"] / "result.json") for _, run in runs), {})
    whole = {
        "schema": SCHEMA,
        **known,
        "target": first.get("target", {}),
        "duration_s": round(sum(run["duration_s"] for _, run in runs), 3),
        "complete": True,
        "interrupted": False,
        "run": str(folder),
        "exit_status": 0,
        "trust": _trust(runs),
        "warnings": [*(warnings or []), *_warnings(folder, runs)],
        "thresholds": _thresholds(folder, variants),
        "experiment": {**known["experiment"], "rounds": complete, "order": _order(variants)},
        "variants": variants,
    }
    return whole | judgement(folder, whole)


def decided(folder: Path, done: int) -> bool:
    """Whether a planned look after `done` rounds says all that the experiment is to say."""
    whole = assembled(folder, done)
    of_two = {text for texts in whole["experiment"]["thresholds"].values() for text in texts}
    if any(one["status"] == "undecided" and one["text"] in of_two for one in whole["thresholds"]):
        return False
    return whole["comparison"] is not None and comparison.decided(whole["comparison"])


def _variant(folder: Path, variant: dict[str, Any]) -> dict[str, Any]:
    rounds = []
    for number in range(1, 1001):
        run = run_folder(folder, number, variant["name"])
        if not run.parent.is_dir():
            break
        if (run / "result.json").is_file():
            rounds.append(_run(folder, run, number))
    return {**variant, "rounds": rounds}


def _run(folder: Path, run: Path, number: int) -> dict[str, Any]:
    result = document(run / "result.json")
    try:
        (only,) = result["variants"]
        return {
            "round": number,
            "folder": str(run.relative_to(folder)),
            "started": result["started"],
            "trust": result["trust"]["verdict"],
            "accepted": result["trust"].get("accepted", False),
            "disturbed": result["trust"].get("disturbed", True),
            "reasons": result["trust"]["reasons"],
            "exit_status": result["exit_status"],
            "duration_s": result["duration_s"],
            "iterations": only["iterations"],
            "requests": only["requests"],
            "connections": only["connections"],
            "phases": [_phase(phase) for phase in only.get("phases", ())],
            "session": result["session"],
            "client": result["client"],
            "target": result["target"]["url"],
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"is not a run's result: {type(error).__name__}: {error}", file=str(run)) from None


def _phase(phase: dict[str, Any]) -> dict[str, Any]:
    """Its ledgers, and those of its steps: rounds are never pooled. The latencies are in the run's own result."""
    about = {key: phase[key] for key in ("name", "cycle", "measured", "iterations", "requests")}
    steps = [{key: step[key] for key in ("scenario", "step", "requests", "skipped")} for step in phase["steps"]]
    return {**about, "steps": steps}


def _thresholds(folder: Path, variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that each run was held to, by variant over the rounds."""
    found = []
    for variant in variants:
        results = {run["round"]: document(folder / run["folder"] / "result.json") for run in variant["rounds"]}
        checked = {number: result.get("thresholds", []) for number, result in results.items()}
        try:
            found += thresholds.over_rounds(variant["name"], checked)
        except (KeyError, TypeError) as error:
            problem = f"the thresholds of {variant['name']} cannot be read: {type(error).__name__}: {error}"
            raise ProfileError(problem, file=str(folder)) from None
    return found


def _trust(runs: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The worst of the runs' verdicts, and whose it was."""
    worst_of = max((run["trust"] for _, run in runs), key=GRADES.index, default="VALID")
    reasons = [
        f"{name}, round {run['round']}: {reason}"
        for name, run in runs
        if run["trust"] == worst_of != "VALID"
        for reason in run["reasons"][:1]
    ]
    accepted = any(run["accepted"] for _, run in runs)
    return {"verdict": worst_of, "accepted": accepted, "reasons": reasons, "notes": [], "effect": [], "signals": []}


def _warnings(folder: Path, runs: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """What the runs warned of, each once, and of how many."""
    told: dict[str, int] = {}
    for _, run in runs:
        for text in document(folder / run["folder"] / "result.json").get("warnings", []):
            told[text] = told.get(text, 0) + 1
    return [text if count == len(runs) else f"{text} ({count} of {len(runs)} runs)" for text, count in told.items()]


def _order(variants: list[dict[str, Any]]) -> list[list[str]]:
    """The variants of each round, in the order in which they ran."""
    numbers = sorted({run["round"] for variant in variants for run in variant["rounds"]})
    return [
        [
            name
            for _, name in sorted(
                (run["started"], variant["name"])
                for variant in variants
                for run in variant["rounds"]
                if run["round"] == number
            )
        ]
        for number in numbers
    ]
