"""What `loadgen check` prints: the plan of a run, before it is one."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from loadgen.aws.prices import dollars
from loadgen.report.terminal.cost import planned
from loadgen.report.terminal.witness import witnessed
from loadgen.report.words import brief, clean, seconds

WIDTH = 100
POLICY = "https://aws.amazon.com/ec2/testing/"
VARIANTS = 16  # that are listed


def render_check(plan: dict[str, Any]) -> str:
    """The value of `experiment.check.check` as text of at most 100 columns."""
    time = f"{plan['seconds']:g} s" if plan["seconds"] else "until its iterations are done"
    where = f" ({', '.join(plan['addresses'])})" if plan["addresses"] else ""
    lines = [
        *wrap(
            f"{plan['name']}: would send to {plan['target']}{where}; nothing was sent", WIDTH, subsequent_indent="  "
        ),
        *([f"  before a large load there, read AWS's testing policy: {POLICY}"] if plan.get("on_aws") else []),
        f"{plan['client']} client, {plan['session']} session, {_several(plan['workers'], 'worker')}, {time}",
        "",
        f"  {'phase':<20} {'load':<27} {'time':>8} {'iterations':>11}  percentiles it can show",
    ]
    lines += [_phase(phase) for phase in plan["phases"]]
    lines += ["", *_sharpness(plan["phases"]), "", *_connections(plan), *_selftest(plan.get("selftest")), ""]
    lines += _table(plan["setup"]) if plan.get("setup") else []
    lines += planned(plan["cost"]) if plan.get("cost") else []
    lines += [part for text in witnessed(plan) for part in wrap(text, WIDTH, subsequent_indent="    ") or [""]]
    lines += _experiment(plan["experiment"]) if plan.get("experiment") else []
    for request in plan["requests"]:
        lines += _request(request)
    if plan["thresholds"]:
        lines += ["thresholds"]
        lines += [f"  {phase}: {', '.join(texts)}" for phase, texts in plan["thresholds"].items()]
    return "\n".join(clean(line)[:WIDTH].rstrip() for line in lines) + "\n"


def _table(setup: dict[str, Any]) -> list[str]:
    units = setup["provisioned"]
    capacity = f"provisioned, {units['read']} read and {units['write']} write units a second" if units else "on demand"
    key = ", ".join(f"{name} ({kind})" for name, kind in setup["key"].items())
    items = f", {_several(setup['items'], 'item')}" if setup["items"] else ""
    after = "; deleted afterwards" if setup["teardown"] else ""
    return [f"table: made if there is none: key {key}, {capacity}{items}{after}", ""]


def _experiment(experiment: dict[str, Any]) -> list[str]:
    """What is compared, by which figure, how long that takes, and what so many rounds can find."""
    names, looks, many = experiment["variants"], experiment["rounds"], experiment["runs"]
    turns = "at the same time" if experiment["duet"] else "in turns"
    time = " or ".join(seconds(found) for found in experiment["seconds"] if found is not None) or "as long as they take"
    rounds, runs = (" or ".join(f"{number:,}" for number in numbers) for numbers in (looks, many))
    by = "as none is named" if experiment["proposed"] else "as the profile says"
    said = [
        f"experiment: {rounds} rounds x {len(names)} variants = {runs} runs, {turns}, against "
        f"{brief(experiment['baseline'], 60)}; in all {time}, with pauses of {seconds(experiment['pause_s'])}",
        *([f"  in all runs: about {dollars(experiment['usd'])} on AWS"] if experiment["usd"] is not None else []),
        f"  primary figure: {experiment['primary']}, {by}",
        f"  {_finds(experiment)}",
        *_ports(experiment["ports"]),
    ]
    lines = [part for text in said for part in wrap(text, WIDTH, subsequent_indent="    ")]
    lines += [f"    {'variant':<40} {'client':<8} {'session':<14} {'a run':>10} {'iterations':>11}  opens"]
    for variant in experiment["each"][:VARIANTS]:
        time = seconds(variant["seconds"]) if variant["seconds"] else "-"
        count = "unknown" if variant["iterations"] is None else f"{variant['iterations']:,}"
        opens = f"{variant['opened']:,}" if variant["opened"] else "-"
        lines += [f"    {brief(variant['name'], 40):<40} {variant['client']:<8} {variant['session']:<14} {time:>10} "
                  f"{count:>11}  {opens}"]  # fmt: skip
    if len(names) > VARIANTS:
        lines += [f"    {len(names) - VARIANTS} more: see --json"]
    return [*lines, ""]


def _finds(experiment: dict[str, Any]) -> str:
    if few := experiment.get("too_few"):
        return (f"which no run would know: it takes {few['needs']:,} requests, and one has about "
                f"{few['requests']:,}. Name a lower quantile, or make the phase longer")  # fmt: skip
    if experiment["finds"] is None:
        return "a verdict takes at least 6 rounds"
    return (f"found (4 times of 5): a difference that is beyond {experiment['margin']:.0%} by "
            f"{experiment['finds']:.2g} times the standard deviation of what the rounds differ by")  # fmt: skip


def _ports(ports: dict[str, Any]) -> list[str]:
    if not ports["opened_in_a_minute"]:
        return []
    told = (
        f"  {ports['opened_in_a_minute']:,} new connections in a minute of all runs, {ports['free']:,} ports are free"
    )
    return [told if ports["enough"] else f"{told}: too few, and a run would be refused. Make experiment.pause longer"]


def _phase(phase: dict[str, Any]) -> str:
    name = f"{phase['name']} {phase['cycle']}" if phase["cycle"] else phase["name"]
    load = f"{phase['rate']} {phase['arrivals']}" if phase["rate"] else f"{phase['users'] or 'all'} users"
    load = "all at once" if phase["kind"] == "at-once" else load
    time = f"{phase['seconds']:g} s" if phase["seconds"] else "-"
    count, known = "unknown", "depends on the answers"
    if phase["iterations"] is not None:
        count, known = f"{phase['iterations']:,}", "none: too few iterations"
    shown = "not measured" if not phase["measured"] else " ".join(phase["quantiles"]) or known
    return f"  {brief(name, 20):<20} {brief(load, 27):<27} {time:>8} {count:>11}  {shown}"


def _sharpness(phases: list[dict[str, Any]]) -> list[str]:
    rarest = next((brief(phase["rarest"], 20) for phase in phases if phase.get("rarest")), "")
    what = f"one of {rarest}, the rarest scenario," if rarest else "a percentile"
    lines = [f"To know {what} well (requests beyond it within 10 %), a phase has to run for:"]
    seen = set()
    for phase in phases:
        if not phase["measured"] or not phase["rate"] or phase["name"] in seen:
            continue
        seen.add(phase["name"])
        parts = [
            f"{item['quantile']} {'long enough' if item['enough'] else _time(item['seconds'])}"
            for item in phase["sharp"]
        ]
        lines.append(f"  {brief(phase['name'], 20):<20} {', '.join(parts)}")
    return lines if seen else []


def _several(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def _time(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds)} s"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _connections(plan: dict[str, Any]) -> list[str]:
    connections, ports = plan["connections"], plan["ports"]
    opened = connections["opened_in_the_busiest_minute"]
    new = f", {opened:,} new ones in the busiest minute" if opened else ""
    return [
        f"connections: at most {connections['most']:,}, {connections['before_the_load']:,} opened before the load{new}",
        f"in flight: at most {_several(plan['in_flight_limit'], 'iteration')}",
        f"this machine: {plan['descriptors']:,} descriptors a process, {ports['count']:,} ports, "
        f"{ports['resting']:,} of them in TIME_WAIT",
    ]


def _selftest(told: dict[str, Any] | None) -> list[str]:
    """What the last self-test of this machine says of the plan."""
    if not told:
        return []
    found = told["found"]
    lines = [told["problem"]] if told["problem"] else []
    if found and not told["warnings"] and found["rate"]:
        most = f"{found['rate']:,.0f}/s{' or more' if found['at_least'] else ''}"
        lines = [f"self-test of {found['day']}: {found['scheme']} stays VALID up to {most} on one worker"]
    lines += [f"beyond the self-test: {text}" for text in told["warnings"]]
    if not found and not lines:
        lines = ["self-test: none of this machine; `loadgen selftest` finds what rates it can be trusted with"]
    wrapped = (wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for text in lines)
    return [line for part in wrapped for line in part]


def _request(request: dict[str, Any]) -> list[str]:
    lines = [f"{request['scenario']} / {request['step']}   (timeout {request['timeout_s']:g} s)"]
    lines += [f"  {request['line']}"]
    lines += [f"  {name}: {value}" for name, value in request["headers"].items()]
    if request["body_bytes"]:
        lines += [f"  ({request['body_bytes']:,} bytes) {request['body']}"]
    return [*lines, ""]
