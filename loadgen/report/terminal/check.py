"""All that `loadgen check` knows of a plan, for `--full`."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.aws.prices import dollars
from loadgen.profile.units import format_rate
from loadgen.report import invocations
from loadgen.report.beside import pattern
from loadgen.report.sentences import sentence
from loadgen.report.terminal.capacity import steps_of
from loadgen.report.terminal.cost import planned
from loadgen.report.terminal.page import WIDEST, add, drawn, indented, table
from loadgen.report.terminal.table import Table
from loadgen.report.terminal.witness import forecast
from loadgen.report.words import brief, clean, seconds, several, wrapped
from loadgen.result.capacity import CapacityPreview
from loadgen.result.check import (
    CheckResult,
    PlannedBeside,
    PlannedExperiment,
    PlannedNode,
    PlannedPhase,
    PlannedRequest,
    PlannedTable,
    PlannedTarget,
    PortsNeeded,
    Standing,
    TailTime,
)
from loadgen.result.codec import map_text
from loadgen.result.run import PlannedRate

POLICY = "https://aws.amazon.com/ec2/testing/"
JOINABLE = (
    "For loadgen join, the API's access log must have $context.requestId and $context.integration.requestId, or the "
    "function return its own id: the id of an answer is the gateway's"
)
VARIANTS = NODES = 16  # that are listed
FEW = 4  # nodes whose addresses stand in a line
SHARP_TAIL = "tail within 10 %"  # the number of requests beyond it
ROUNDS_DIFFER = (0.02, 0.05)  # a quiet target, and one that drifts: by how much rounds may differ
NAME, VARIANT = 20, 32  # characters of a phase's name and of a variant's


Lines = list[str | Table]


def render_check(plan: CheckResult, width: int = WIDEST) -> str:
    """A plan as text of at most `width` columns."""
    parts = (part for of in _page(map_text(plan, clean), width) for part in _fitted(of, width))
    return "".join(f"{part.rstrip()}\n" for part in parts)


def _fitted(part: str | Table, width: int) -> list[str]:
    """The part as lines: a table fits by itself, a sentence is wrapped below its beginning."""
    if isinstance(part, Table):
        return drawn([indented(part)], width, False).splitlines()
    below = " " * (len(part) - len(part.lstrip()) + 2)
    return wrapped(part, width, below)


def _page(plan: CheckResult, width: int) -> Lines:
    time = f"{plan.seconds:g} s" if plan.seconds else "until its iterations are done"
    where = f" ({', '.join(plan.addresses)})" if plan.addresses else ""
    target = f"{plan.name}: would send to {_target(plan.target)}{where}; nothing was sent"
    lines: Lines = [
        target,
        *([f"  before a large load there, read AWS's testing policy: {POLICY}"] if plan.on_aws else []),
        *([f"  {JOINABLE}"] if plan.behind_api else []),
        f"{plan.client} client, {plan.session} session, {several(plan.workers, 'worker')}{_on(plan)}, {time}",
        "",
        _phases(plan.phases),
        *(f"beside the phases: {line}" for line in map(beside_text, plan.beside)),
    ]
    lines += ["", *_tail_times(plan.phases), "", *_connections(plan), *selftest_lines(plan.selftest), ""]
    lines += _table(plan.setup) if plan.setup else []
    lines += planned(plan.cost) if plan.cost else []
    lines += invocations.planned(plan.function, bool(plan.experiment)) if plan.function else []
    lines += forecast(plan.witness) if plan.witness else []
    lines += _experiment(plan.experiment) if plan.experiment else []
    lines += _capacity(plan.capacity) if plan.capacity else []
    for request in plan.requests:
        lines += _request(request, width)
    if plan.thresholds:
        lines += ["thresholds"]
        lines += [f"  {phase}: {', '.join(texts)}" for phase, texts in plan.thresholds.items()]
    return lines


def _on(plan: CheckResult) -> str:
    return f" on {several(len(plan.nodes), 'node')}" if plan.nodes else ""


def _capacity(of: CapacityPreview) -> list[str]:
    """What `loadgen capacity` would do with this profile, which a run does not."""
    return [f"loadgen capacity would look for the rate that keeps {' and '.join(of.plan.keep)}:",
            *(f"  {text}" for text in steps_of(of)), ""]  # fmt: skip


def _target(target: PlannedTarget) -> str:
    where = "the sandbox (simulated)" if target.simulated else target.url
    named = f"table {target.table}" if target.table else f"function {target.function}" if target.function else ""
    return f"{named} at {where.rstrip('/')}" if named else where


def _table(setup: PlannedTable) -> list[str]:
    units = setup.provisioned
    capacity = f"provisioned, {units.read} read and {units.write} write units a second" if units else "on demand"
    key = ", ".join(f"{name} ({kind})" for name, kind in setup.key.items())
    items = f", {several(setup.items, 'item')}" if setup.items else ""
    after = "; deleted afterwards" if setup.teardown else ""
    return [f"table: made if there is none: key {key}, {capacity}{items}{after}", ""]


def _experiment(experiment: PlannedExperiment) -> Lines:
    """The variants, the primary figure, how long the experiment takes, and which difference its rounds can find."""
    names, looks, many = experiment.variants, experiment.rounds, experiment.runs
    turns = "at the same time" if experiment.duet else "in turns"
    times = [seconds(time) for time in experiment.seconds if time is not None]
    rounds, runs = (" or ".join(f"{number:,}" for number in numbers) for numbers in (looks, many))
    by = "as none is named" if experiment.proposed else "as the profile says"
    return [
        f"experiment: {rounds} rounds x {len(names)} variants = {runs} runs, {turns}, against "
        f"{brief(experiment.baseline, 60)}; in all {' or '.join(times) or 'as long as they take'}, with pauses of "
        f"{seconds(experiment.pause_s)}",
        *([f"  in all runs: about {dollars(experiment.usd)} on AWS"] if experiment.usd is not None else []),
        *([f"  in all runs: {_calls(experiment)}"] if experiment.function_calls is not None else []),
        *([f"  needs {', '.join(needs)}"] if (needs := experiment.function_permissions) else []),
        f"  primary figure: {experiment.primary}, {by}",
        f"  {finds(experiment)}",
        *_ports(experiment.ports),
        *_variants(experiment),
        *(
            f"  {brief(of.name, VARIANT)}: beside the phases: {beside_text(stream)}"
            for of in experiment.each
            for stream in of.beside
        ),
        "",
    ]


def _calls(experiment: PlannedExperiment) -> str:
    usd = experiment.function_calls_usd
    cost = "" if usd is None else f": {dollars(usd)} without their duration, on AWS"
    return f"{several(experiment.function_calls or 0, 'call')} of a Lambda function{cost}"


def _variants(experiment: PlannedExperiment) -> Lines:
    made = table(
        ("variant", "left", VARIANT), ("client", "left", 8), ("session", "left", 14), ("workers", "right", 7),
        ("a run", "right", 10), ("iterations", "right", 11), ("opens", "right", 9),
    )  # fmt: skip
    for variant in experiment.each[:VARIANTS]:
        time = seconds(variant.seconds) if variant.seconds else "-"
        count = "unknown" if variant.iterations is None else f"{variant.iterations:,}"
        opens = f"{variant.opened:,}" if variant.opened else "-"
        add(
            made,
            brief(variant.name, VARIANT),
            variant.client,
            variant.session,
            f"{variant.workers}",
            time,
            count,
            opens,
        )
    more = len(experiment.each) - VARIANTS
    return [made, *([f"  {more} more: see --json"] if more > 0 else [])]


def finds(experiment: PlannedExperiment) -> str:
    if few := experiment.too_few:
        return (f"which no run would know: it takes {few.needs:,} requests, and one has about "
                f"{few.requests:,}. Name a lower quantile, or make the phase longer")  # fmt: skip
    if experiment.finds is None:
        return "a verdict takes at least 6 rounds"
    least = ", or what this machine cannot tell," if experiment.by_resolution else ""
    found = (round(100 * (experiment.margin + experiment.finds * sd)) for sd in ROUNDS_DIFFER)
    examples = " or ".join(f"{percent} % more ({percent} of 100 ms)" for percent in found)
    differ = " or ".join(f"{sd:.0%}" for sd in ROUNDS_DIFFER)
    return (
        f"found (4 times of 5): {examples}, if rounds differ by {differ}: the margin of {experiment.margin:.0%}{least} "
        f"and {experiment.finds:.2g} times that standard deviation"
    )


def _ports(ports: PortsNeeded) -> list[str]:
    if not ports.opened_in_a_minute:
        return []
    text = f"  {ports.opened_in_a_minute:,} new connections in a minute of all runs, {ports.free:,} ports are free"
    return [text if ports.enough else f"{text}: too few, and a run would be refused. Make experiment.pause longer"]


def _phases(phases: Sequence[PlannedPhase]) -> Table:
    made = table(
        ("phase", "left", NAME), ("load", "text", 27), ("time", "right", 8), ("iterations", "right", 11),
        ("percentiles it can show", "text", 0),
    )  # fmt: skip
    for phase in phases:
        name = f"{phase.name} {phase.cycle}" if phase.cycle else phase.name
        time = f"{phase.seconds:g} s" if phase.seconds else "-"
        count, unknown = "unknown", "depends on the answers"
        if phase.iterations is not None:
            count, unknown = f"{phase.iterations:,}", "none: too few iterations"
        shown = "not measured" if not phase.measured else " ".join(phase.quantiles) or unknown
        add(made, brief(name, NAME), load_text(phase), time, count, shown)
    return made


def beside_text(stream: PlannedBeside) -> str:
    """`keep-warm, 10 at once every 5m: 40 requests, whose figures stand apart`."""
    many = "until the load is over" if stream.requests is None else several(stream.requests, "request")
    when = pattern(stream.at_once, stream.every_s, stream.after_s)
    return f"{brief(stream.name, NAME)}, {when}: {many}; its figures stand apart"


def load_text(phase: PlannedPhase) -> str:
    if phase.rate:
        return f"{_rate(phase.rate)} {phase.arrivals}"
    return "all at once" if phase.kind == "at-once" else several(phase.users, "user")


def _rate(rate: PlannedRate) -> str:
    """As a profile has it."""
    start, end = format_rate(rate.planned), format_rate(rate.planned_end)
    return start if start == end else f"{start}..{end}"


def _tail_times(phases: Sequence[PlannedPhase]) -> list[str]:
    rarest = next((brief(phase.rarest, 20) for phase in phases if phase.rarest), "")
    what = f"one of {rarest}, the rarest scenario" if rarest else "a percentile"
    lines = [f"How long a phase has to run for {what} (longer if slow requests come together):"]
    rated = {phase.name: phase for phase in reversed(phases) if phase.measured and phase.rate}  # a cycle of each
    for name in dict.fromkeys(phase.name for phase in phases if phase.name in rated):
        phase = rated[name]
        for number, what in enumerate(("interval", SHARP_TAIL)):
            shown = brief(name, 20) if not number else ""
            parts = [f"{tail.quantile} {_needs(tail, phase, what)}" for tail in phase.sharp]
            lines.append(f"  {shown:<20} {what}: {', '.join(parts)}")
    return lines if rated else []


def _needs(tail: TailTime, phase: PlannedPhase, what: str) -> str:
    """As the report says of the time that is missing."""
    seconds = tail.seconds if what == SHARP_TAIL else tail.interval_s
    enough = tail.enough if what == SHARP_TAIL else seconds is not None and (phase.seconds or 0) >= seconds
    return "long enough" if enough or seconds is None else f"needs {time_text(seconds)}"


def time_text(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds)} s"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _connections(plan: CheckResult) -> Lines:
    connections, ports = plan.connections, plan.ports
    opened = connections.opened_in_the_busiest_minute
    new = f", {opened:,} new ones in the busiest minute" if opened else ""
    lines: Lines = [
        f"connections: at most {connections.most:,}, {connections.before_the_load:,} opened before the load{new}",
        f"in flight: at most {several(plan.in_flight_limit, 'iteration')}",
    ]
    if plan.nodes:
        return [*lines, *_nodes(plan.nodes)]
    return [
        *lines,
        f"this machine: {plan.descriptors:,} descriptors a process, {ports.count:,} ports, "
        f"{ports.resting:,} of them in TIME_WAIT",
    ]


def _nodes(nodes: Sequence[PlannedNode]) -> Lines:
    """What each machine would get, and what it has."""
    made = table(
        ("node", "right", 4), ("address", "left", 16), ("workers", "right", 7), ("at most", "right", 9),
        ("CPUs", "right", 4), ("descriptors", "right", 11), ("ports", "right", 7), ("TIME_WAIT", "right", 9),
        ("clock ahead, ms", "right", 20),
    )  # fmt: skip
    for of in nodes[:NODES]:
        rate = "-" if of.rate is None else format_rate(of.rate)
        ahead = f"{of.clock_ahead_ms:.3f} ± {of.clock_error_ms:.3f}"
        has = f"{of.cpus}", f"{of.descriptors:,}", f"{of.ports.count:,}", f"{of.ports.resting:,}"
        add(made, f"{of.node}", of.address, f"{of.workers}", rate, *has, ahead)
    return [made, *([f"  {len(nodes) - NODES:,} more: see --json"] if len(nodes) > NODES else [])]


def nodes_text(nodes: Sequence[PlannedNode]) -> str:
    """`each of 2 nodes gets 1 worker and 50/s at most: 10.0.0.7, 10.0.0.8`."""
    first = nodes[0]
    rate = "" if first.rate is None else f" and {format_rate(first.rate)} at most"
    more = f" and {len(nodes) - FEW:,} more" if len(nodes) > FEW else ""
    where = ", ".join(of.address for of in nodes[:FEW])
    who = f"each of {several(len(nodes), 'node')}" if len(nodes) > 1 else "1 node"
    return f"{who} gets {several(first.workers, 'worker')}{rate}: {where}{more}"


def selftest_lines(standing: Standing | None) -> list[str]:
    """What the last self-test of this machine says of the plan."""
    if not standing:
        return []
    trusted = standing.found
    lines = [sentence(standing.problem)] if standing.problem else []
    if trusted and not standing.warnings and trusted.rate:
        most = f"{trusted.rate:,.0f}/s{' or more' if trusted.at_least else ''}"
        lines = [f"self-test of {trusted.day}: {trusted.scheme} stays VALID up to {most} on one worker"]
    lines += [f"beyond the self-test: {sentence(warning)}" for warning in standing.warnings]
    if not trusted and not lines:
        lines = ["self-test: none of this machine; `loadgen selftest` finds what rates it can be trusted with"]
    return lines


def _request(request: PlannedRequest, width: int) -> list[str]:
    """A name that has no room gives way to its timeout."""
    timeout = f" (timeout {request.timeout_s:g} s)"
    lines = [f"{brief(f'{request.scenario} / {request.step}', width - len(timeout))}{timeout}"]
    lines += [f"  {request.operation or f'{request.method} {request.path}'}"]
    lines += [f"  {name}: {value}" for name, value in request.headers.items()]
    if request.body_bytes:
        lines += [f"  ({request.body_bytes:,} bytes) {request.body}"]
    return [*(brief(text, width) for text in lines), ""]
