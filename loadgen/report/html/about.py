"""What is known of a run or an experiment besides its figures: the load, the target, the machine, the versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.headline import how_opened, load
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.tables import facts, table
from loadgen.report.navigate import place
from loadgen.report.verdict import Result, exit_text
from loadgen.report.words import brief, count, rate, seconds, several
from loadgen.result.run import Host, Phase, RunResult, Session, Target

NAME = 48  # characters
VERSIONS = ("loadgen", "form", "python", "uvloop", "httptools", "aiohttp", "numpy", "openssl", "kernel")


def about(result: RunResult, profile: Sequence[str]) -> Iterator[Content]:
    yield facts([*provenance(result), ("workers", count(result.workers)), *_session(result.session)])
    yield facts([*target(result.target), *_setup(result)])
    yield _plan(result)
    yield machine(result.host)
    yield written(profile)


def provenance(result: Result) -> list[tuple[str, str]]:
    started = result.started.replace("T", " ").replace("+00:00", " UTC").replace("Z", " UTC")
    return [
        ("profile", result.name),
        ("started", started),
        ("took", seconds(result.duration_s)),
        ("seed", str(result.seed)),
        ("client", result.client),
        ("saved in", result.run or ""),
        ("ended with", exit_text(result)),
    ]


def _session(session: Session) -> list[tuple[str, str]]:
    resumed = "TLS sessions are resumed" if session.tls_resumption else "TLS sessions are not resumed"
    return [("session", f"{session.reuse}{how_opened(session)}; {resumed}; names are looked up {session.dns}")]


def target(of: Target) -> list[tuple[str, str]]:
    own = of.sandbox
    counted = (
        f"{count(own.requests)} requests, {count(own.cold_starts)} cold starts, {count(own.throttled)} throttled"
        if own
        else ""
    )
    return [
        ("target", "loadgen's own simulated target" if of.simulated else of.url),
        ("addresses", ", ".join(of.addresses)),
        ("set up as", " · ".join(of.description)),
        ("by its own count", counted),
        ("table", f"{of.table.table} in {of.table.region}, {of.table.billing or ''}" if of.table else ""),
    ]


def _setup(result: RunResult) -> list[tuple[str, str]]:
    setup = result.setup
    if not setup:
        return []
    made = f"made in {seconds(setup.seconds)}, {several(setup.items, 'item')}" if setup.created else "was there already"
    return [("setup", made)]


def _plan(result: RunResult) -> Markup:
    made = [_phase(phase) for phase in result.variant.phases]
    titles = ("phase", "load", "arrivals", "measured", "ran", "planned", "started", "completed", "requests", "failed")
    return table(titles, made, "The load, phase by phase", words=(1, 2, 3))


def _phase(phase: Phase) -> tuple[str, ...]:
    of = phase.iterations
    ran = seconds(phase.ran) if phase.ran is not None else ""
    arrivals = phase.arrivals or ""
    measured = "yes" if phase.measured else "no"
    numbers = (of.planned, of.started, of.completed, phase.requests.sent, phase.requests.failed)
    load_text = load(phase) if phase.rate or phase.users or phase.kind == "at-once" else rate(None)
    return brief(place(phase), NAME), load_text, arrivals, measured, ran, *map(count, numbers)


def written(profile: Sequence[str]) -> Content:
    """The profile as it was kept, line by line."""
    if not profile:
        return None
    lines = [element("span", line) for line in profile]
    code = element("div", lines, class_="code", tabindex=0, role="region", aria_label="The profile")
    return element("details", element("summary", "The profile, with what was left to defaults"), code)


def machine(host: Host) -> Iterator[Content]:
    """The machine, and the versions of its programs."""
    yield element("h3", "Machine and versions")
    known = [(name, str(getattr(host, name))) for name in VERSIONS]
    lacks = "; ".join(host.fallbacks)
    cpus = f"{host.machine}, {several(host.cpus, 'CPU')}, {count(host.descriptors)} file descriptors"
    yield facts([("machine", cpus), *known, ("lacks", lacks)])
