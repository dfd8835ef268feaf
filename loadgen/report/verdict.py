"""The word that a result begins with, and what its exit status says."""

from __future__ import annotations

from loadgen.errors import Exit
from loadgen.report.styles import BAD, GOOD, WARN
from loadgen.result.capacity import CapacityResult
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult, Status
from loadgen.result.tune import TuneResult

Result = RunResult | ExperimentResult | CapacityResult | TuneResult

NOTHING = ("NOTHING MEASURED", BAD)  # in place of a verdict
VERDICTS = {"VALID": GOOD, "DEGRADED": WARN, "INVALID": BAD}
STATUSES: dict[Status, str] = {"failed": BAD, "undecided": WARN, "passed": GOOD}
EXITS = {  # those that the line does not tell without
    1: "a bug in loadgen",
    3: "the target cannot be used",
    5: "this machine disturbed what decides",
    6: "a worker was lost",
    7: "nothing failed, but not all is decided",
    130: "interrupted",
}


def word(result: Result) -> tuple[str, str]:
    """The verdict, or what stands in its place, and the style."""
    if isinstance(result, RunResult):
        if result.unusable:
            return "FAILED", BAD
        if not measured(result):
            return NOTHING
    return (result.trust.verdict, VERDICTS[result.trust.verdict]) if result.trust else NOTHING


def ended(result: Result) -> tuple[str, str] | None:
    """What comes before a verdict, and its sentence, if what was measured did not come to its end."""
    kinds = {RunResult: "run", ExperimentResult: "experiment", CapacityResult: "measurement", TuneResult: "measurement"}
    what = kinds[type(result)]
    again = "; --resume goes on" if isinstance(result, CapacityResult | TuneResult) else ""
    if result.interrupted and (result.complete or again):
        return "INTERRUPTED", f"The {what} was stopped; this is what was found until then{again}"
    if isinstance(result, RunResult) and result.machines and result.machines.missing:
        return "INCOMPLETE", "Some of the machines that shared the load are missing; this is what the others measured"
    if not result.complete:
        return "INCOMPLETE", f"The {what} did not come to its end; this is what was saved until then{again}"
    return None


def measured(result: RunResult) -> bool:
    """Whether there are latencies: of a request in a measured phase, from a worker that was not lost before it told
    them."""
    phases = [phase for phase in result.variant.phases if phase.measured]
    of_steps = [step.latency(phase.headline) for phase in phases for step in phase.steps]
    return any(latency.count for latency in of_steps if latency)


def exit_text(result: Result) -> str:
    """`exit status 6: a worker was lost`; empty for 0."""
    status = result.exit_status
    if not status:
        return ""
    says = EXITS.get(status)
    if status == Exit.WORKER_LOST and isinstance(result, RunResult) and result.machines and result.machines.missing:
        says = "a machine's share is missing"
    return f"exit status {status}{f': {says}' if says else ''}"
