"""What shows who set the limit of a capacity, and that a step is above it, as sentences; and the words of the limits.
`sentences` combines them."""

from __future__ import annotations

from loadgen.aws.prices import exact_dollars
from loadgen.report.values import Sentence, Values, number
from loadgen.report.words import count, rate, several, share


def _core(values: Values) -> str:
    return f"; this machine used {share(number(values, 'core'), 1)} of a core" if "core" in values else ""


def _target(values: Values) -> str:
    grew, steps = number(values, "grew"), number(values, "steps")
    queue = "beyond it the queue grew" if 2 * grew >= steps else "beyond it the requests took longer"
    own = f", and {share(number(values, 'share'), 1)} of their time is the target's" if "share" in values else ""
    return f"{queue}{own}{_core(values)}"


def _machine(values: Values) -> str:
    invalid, steps = number(values, "invalid"), number(values, "steps")
    if 2 * invalid > steps:
        of = f"{count(invalid)} of the {several(steps, 'step')} above it are INVALID"
        return f"{of}{_core(values)}; the target may do more"
    own = share(number(values, "share"), 1)
    return f"{own} of the slow requests' time is its own{_core(values)}; the target may do more"


def _connections(values: Values) -> str:
    waited = share(number(values, "share"), 1)
    return f"{waited} of the slow requests' time is the wait for a connection; the target may do more"


def _failures(values: Values) -> str:
    failed = number(values, "failed")
    part = share(number(values, "share"), 1)
    text = f"of the {several(failed, 'failure')} above it {part} {'is' if failed == 1 else 'are'} {values['reason']}"
    if "lets" not in values:
        return text
    lets, burst = rate(round(number(values, "lets"))), count(number(values, "burst"))
    return f"{text}; it lets {lets} through, and about {burst} at once"


def _not_reached(values: Values) -> str:
    tried = f" up to {rate(number(values, 'rate'))}" if "rate" in values else ""
    return f"all rates{tried} kept all conditions"


def _step(values: Values) -> str:
    variant = f", {values['variant']}," if "variant" in values else ""
    text = f"step {values['step']}{variant} at {rate(number(values, 'rate'))}: "
    if "beyond" in values:
        text += f"{share(number(values, 'beyond'), 1)} beyond {values['text']}, "
    text += f"{share(number(values, 'failed'), 1)} failed: " if values.get("failed") else ""
    return text.rstrip(", :") + (" · kept" if values.get("kept") else " · broken")


def _so_far(values: Values) -> str:
    low, high = (rate(number(values, name)).removesuffix("/s") for name in ("low", "high"))
    variant = f" of {values['variant']}" if "variant" in values else ""
    return f"so far{variant}: {rate(number(values, 'rate'))} [{low}, {high}]"


LIMITS = {
    "limit_target": "the target is the limit",
    "limit_machine": "this machine is the limit",
    "limit_connections": "the cap on connections is the limit",
    "limit_ports": "this machine's ports are the limit",
    "limit_resources": "this machine's descriptors or memory are the limit",
    "limit_throttle": "a throttle is the limit",
    "limit_errors": "errors are the limit",
    "limit_max_rate": "--max-rate is the limit",
    "limit_not_reached": "no limit was reached",
    "limit_not_known": "what set the limit is not known",
}

CAPACITY_SENTENCES: dict[str, Sentence] = {
    "step_not_settled": "not settled: it grew as long as the step ran",
    "step_not_reached": lambda values: f"{share(number(values, 'share'), 1)} was completed in time",
    "step_not_offered": lambda values: f"{share(number(values, 'share'), 1)} was started",
    "limit_target": _target,
    "limit_machine": _machine,
    "limit_connections": _connections,
    "limit_ports": _failures,
    "limit_resources": _failures,
    "limit_throttle": _failures,
    "limit_errors": _failures,
    "limit_max_rate": lambda values: (
        f"{rate(number(values, 'rate'))} kept all conditions, and nothing above it was tried"
    ),
    "limit_not_reached": _not_reached,
    "limit_not_known": "no step above it shows what set the limit",
    "capacity_not_complete": "the measurement did not come to its end",
    "capacity_not_known": "no step tells anything of the capacity",
    "capacity_not_decided": "its interval holds that rate; more time (--for) makes it narrower",
    "capacity_only_bounded": "no higher rate was tried; raise --max-rate",
    "capacity_limited_here": "this machine set the limit, and the target may do more",
    "capacity_step_again": "step {step} lost a worker, and was carried out once more",
    "capacity_broken_off": "the measurement was broken off: {error}",
    "capacity_died": "the measurement died before its end; this is what its steps had written",
    "capacity_stopped_by_cost": lambda values: (
        f"the measurement was stopped early by max_cost: its steps have come to {exact_dollars(number(values, 'usd'))}"
    ),
    "capacity_step": _step,
    "capacity_so_far": _so_far,
}
