"""What set the limit of a capacity, and what shows that a step is above it, as sentences. `sentences` combines them."""

from __future__ import annotations

from loadgen.report.values import Sentence, Values, number
from loadgen.report.words import rate, share


def _core(values: Values) -> str:
    return f"; this machine used {share(number(values, 'core'), 1)} of a core" if "core" in values else ""


def _target(values: Values) -> str:
    grew, steps = number(values, "grew"), number(values, "steps")
    queue = "beyond it the queue grew" if 2 * grew >= steps else "beyond it the requests took longer"
    own = f", {share(number(values, 'share'), 1)} of the slow requests' time is its own" if "share" in values else ""
    return f"the target is the limit: {queue}{own}{_core(values)}"


def _machine(values: Values) -> str:
    own = f": {share(number(values, 'share'), 1)} of the slow requests' time is its own" if "share" in values else ""
    return f"this machine is the limit, and not the target{own}{_core(values)}"


def _not_reached(values: Values) -> str:
    tried = f" up to {rate(number(values, 'rate'))}" if "rate" in values else ""
    return f"no limit was reached: all rates{tried} kept all conditions"


def _step(values: Values) -> str:
    text = f"step {values['step']} at {rate(number(values, 'rate'))}: "
    if "beyond" in values:
        text += f"{share(number(values, 'beyond'), 1)} beyond {values['text']}, "
    text += f"{share(number(values, 'failed'), 1)} failed: " if values.get("failed") else ""
    return text.rstrip(", :") + (" · kept" if values.get("kept") else " · broken")


CAPACITY_SENTENCES: dict[str, Sentence] = {
    "step_not_settled": "not settled: it grew as long as the step ran",
    "step_not_reached": lambda values: f"{share(number(values, 'share'), 1)} was completed in time",
    "step_not_offered": lambda values: f"{share(number(values, 'share'), 1)} was started",
    "limit_target": _target,
    "limit_machine": _machine,
    "limit_connections": lambda values: (
        f"the cap on connections is the limit: {share(number(values, 'share'), 1)} of the slow requests' time is the "
        "wait for one"
    ),
    "limit_ports": "the local ports are the limit: {failed:,} requests failed, {share:.0%} of them by {reason}",
    "limit_resources": "this machine's descriptors or memory are the limit: {failed:,} requests failed, {share:.0%} of "
    "them by {reason}",
    "limit_throttle": "a throttle is the limit: {share:.0%} of the {failed:,} failures above it are {reason}",
    "limit_errors": "errors are the limit: {share:.0%} of the {failed:,} failures above it are {outcome} ({reason})",
    "limit_max_rate": lambda values: (
        f"--max-rate is the limit: {rate(number(values, 'rate'))} kept all conditions, and nothing above it was tried"
    ),
    "limit_not_reached": _not_reached,
    "limit_not_known": "no step above it shows what set the limit",
    "capacity_broken_off": "the measurement was broken off: {error}",
    "capacity_died": "the measurement died before its end; this is what its steps had written",
    "capacity_stopped_by_cost": "the measurement was stopped early by max_cost: its steps have come to ${usd:,.2f}",
    "capacity_step": _step,
    "capacity_so_far": lambda values: (
        f"so far: {rate(number(values, 'rate'))} [{rate(number(values, 'low'))}, {rate(number(values, 'high'))}]"
    ),
}
