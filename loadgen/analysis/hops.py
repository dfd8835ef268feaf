"""Joins the exemplars of a run with what the target's own logs tell of them, and divides their time into hops. Pure.

Client: whole = this machine + held + connect + target. API: target = network + responseLatency, and responseLatency =
gateway + integrationLatency. Lambda: integrationLatency = its own time + init or restore + handler. Each hop is what
one place measured, or the difference of what two measured, one within the other. What no figure tells apart stays
together, as the remainder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from loadgen.aws.invocation import ROUNDED, Report, start_of
from loadgen.aws.logs import Access
from loadgen.clock import MILLISECOND
from loadgen.record.attribution import ALIKE, LEAST, WITHIN
from loadgen.record.exemplars import ECHOED, EXTENDED_ID, GATEWAY_ID, SERVICE_ID
from loadgen.result.exemplars import Exemplar, Exemplars, StepExemplars
from loadgen.result.join import GroupName, Hop, Hops, JoinGroup, JoinResult, JoinSource, JoinStep, StartShare
from loadgen.result.run import RunResult
from loadgen.stats.shares import Share

FEWEST = 2  # requests of which a mean is told
TAIL = 100  # the slowest one in so many


@dataclass(slots=True)
class Logs:
    """What was read: REPORTs by Lambda's request id, and the lines of an access log by each id of the gateway's."""

    reports: dict[str, Report] = field(default_factory=dict)
    accesses: dict[str, Access] = field(default_factory=dict)
    contradicted: set[str] = field(default_factory=set)  # ids of which lines differ: a handler can print such lines too

    def add_report(self, identity: str, report: Report) -> None:
        if self.reports.setdefault(identity, report) != report:
            self.contradicted.add(identity)

    def add(self, access: Access) -> None:
        """Lines of one request may tell different things of it, but not different values."""
        ids = access.ids
        for known in [self.accesses[identity] for identity in ids if identity in self.accesses]:
            merged = known.merged(access)
            if merged is None:
                self.contradicted.add(known.ids[0])
                return
            access = merged
        self.accesses.update(dict.fromkeys((*ids, *access.ids), access))

    def believed(self, every: Iterable[Exemplar]) -> tuple[Logs, int]:
        """Those without the lines that contradict each other, and without the lines of these requests that tell
        impossible times; and how many lines tell these."""
        reports = {of: report for of, report in self.reports.items() if of not in self.contradicted}
        accesses = {of: access for of, access in self.accesses.items() if self.contradicted.isdisjoint(access.ids)}
        left = Logs(reports, accesses)
        return left, sum(left._without_impossible(one) for one in every)

    def _without_impossible(self, one: Exemplar) -> int:
        before = len(self.reports)
        access = self.access(one)
        impossible = access is not None and not _possible(access, one)
        if access and impossible:
            for identity in access.ids:
                self.accesses.pop(identity, None)
        found = Found(one, self.access(one), self.report(one))
        if found.report and found.report.handler > found.waited + ROUNDED:
            self.reports = {of: report for of, report in self.reports.items() if report is not found.report}
        return impossible + before - len(self.reports)

    def access(self, one: Exemplar) -> Access | None:
        return next((self.accesses[of] for of in one.ids.values() if of in self.accesses), None)

    def report(self, one: Exemplar) -> Report | None:
        """By the id that the function told, that of the access log, or that of the answer, which is Lambda's own where
        no gateway was before it."""
        access = self.access(one)
        ids = (one.ids.get(ECHOED), access.integration_id if access else None, *one.ids.values())
        return next((self.reports[of] for of in ids if of in self.reports), None)


@dataclass(frozen=True, slots=True)
class Found:
    """An exemplar, and what the logs tell of it. `own`: its REPORT has the id of the answer itself."""

    one: Exemplar
    access: Access | None
    report: Report | None
    own: bool = False

    @property
    def gateway(self) -> bool:
        """Whether a gateway may have been before the function: the answer's own id is not Lambda's."""
        return self.access is not None or any(of in self.one.ids for of in (GATEWAY_ID, EXTENDED_ID)) or not self.own

    @property
    def start(self) -> str:
        """How its environment came to it; empty if nothing tells."""
        return start_of(self.report, self.waited, "") if self.report else ""

    @property
    def waited(self) -> int:
        """What whoever called Lambda waited for it, in ns."""
        access = self.access
        told = access.integration_ms if access else -1.0
        return round((told if told >= 0 else self.one.whose_ms.target) * MILLISECOND)

    @property
    def known(self) -> tuple[bool, bool]:
        """Whether the access log tells its times, and whether there is a REPORT."""
        access = self.access
        return bool(access and min(access.response_ms, access.integration_ms) >= 0), self.report is not None


def ids(kept: Exemplars) -> Iterator[Exemplar]:
    """Every exemplar once that has an id."""
    seen = set[tuple[str, ...]]()
    for step in kept.steps:
        for one in (*step.slowest, *step.drawn):
            key = tuple(one.ids.values())
            if key and key not in seen:
                seen.add(key)
                yield one


def join(
    kept: Exemplars, logs: Logs, result: RunResult, run: str, sources: Sequence[JoinSource], complete: bool
) -> JoinResult:
    """What the logs tell of a run's exemplars."""
    every = list(ids(kept))
    contradicted = len(logs.contradicted)
    logs, impossible = logs.believed(every)
    found = sum(bool(logs.access(one) or logs.report(one)) for one in every)
    return JoinResult(
        run=run,
        looked_for=len(every),
        found=found,
        complete=complete,
        impossible=impossible,
        contradicted=contradicted,
        sources=tuple(sources),
        steps=tuple(_step(step, logs, _p99(result, step)) for step in kept.steps),
    )


def _possible(access: Access, one: Exemplar) -> bool:
    """Whether Lambda's part is within the whole, and that within what the client waited, but for what is rounded."""
    rounded = ROUNDED / MILLISECOND
    whole = access.response_ms if access.response_ms >= 0 else one.whose_ms.target
    return access.integration_ms <= whole + rounded and access.response_ms <= one.whose_ms.target + rounded


def _p99(result: RunResult, of: StepExemplars) -> float | None:
    for phase in result.variant.phases:
        if (phase.name, phase.cycle) == (of.phase, of.cycle):
            for step in phase.steps:
                if (step.scenario, step.step) == (of.scenario, of.step):
                    whose = step.whose_ms.get("p99")
                    return whose.value if whose else None
    return None


def _step(of: StepExemplars, logs: Logs, p99: float | None) -> JoinStep:
    tail = -(-of.requests // (TAIL * of.one_in))
    named: list[tuple[GroupName, Sequence[Exemplar]]] = [
        ("p99", _around(of.slowest, tail, p99)),
        ("slowest", of.slowest[:tail]),
        ("drawn", of.drawn),
    ]
    groups = tuple(_group(name, some, logs) for name, some in named if some)
    return JoinStep(of.phase, of.cycle, of.scenario, of.step, of.requests, p99, of.from_ms, groups)


def _around(slowest: Sequence[Exemplar], rank: int, p99: float | None) -> Sequence[Exemplar]:
    """Those around the p99, which has that rank from the slowest on, as `attribution` takes them; none if they are not
    all there, or differ from it by too much."""
    reach = max(LEAST, round(rank / WITHIN))
    low, high = max(0, rank - 1 - reach), rank + reach
    some = slowest[low:high]
    if p99 is None or len(slowest) < high:
        return ()
    return some if abs(fmean(one.whose_ms.value for one in some) - p99) <= ALIKE * p99 else ()


def _group(name: GroupName, some: Sequence[Exemplar], logs: Logs) -> JoinGroup:
    own = [one.ids.get(SERVICE_ID) in logs.reports for one in some]
    found = [Found(one, logs.access(one), logs.report(one), mine) for one, mine in zip(some, own, strict=True)]
    reports, accesses = sum(of.report is not None for of in found), sum(of.access is not None for of in found)
    return JoinGroup(name, len(some), reports, accesses, _hops(found), tuple(_starts(found)))


def _starts(found: Iterable[Found]) -> Iterator[StartShare]:
    starts = Counter(of.start for of in found if of.start)
    total = starts.total()
    for start, number in sorted(starts.items()):
        low, high = Share(total, number).interval()
        yield StartShare(start, number, number / total, low, high)


def _hops(found: Sequence[Found]) -> Hops | None:
    """Of the requests of which as much is known as of most."""
    depths = Counter(of.known for of in found if any(of.known))
    if not depths or max(depths.values()) < FEWEST:
        return None
    depth = max(depths, key=lambda known: (depths[known], sum(known)))
    some = [of for of in found if of.known == depth]
    return _mean([_divided(of) for of in some], _undivided(depth, any(of.gateway for of in some)))


def _undivided(depth: tuple[bool, bool], gateway: bool) -> tuple[Hop, ...]:
    """What the remainder holds."""
    timed, reported = depth
    if timed:
        return ("network",)
    assert reported  # or nothing would be known
    return ("network", "gateway", "lambda") if gateway else ("network", "lambda")


def _divided(of: Found) -> dict[str, float]:
    """The hops of one request in ms; of those that are not known, nothing."""
    whose, access, report = of.one.whose_ms, of.access, of.report
    parts = {
        "whole": whose.value, "machine": whose.own + whose.handshake, "held": whose.wait + whose.held + whose.build,
        "connect": whose.connect,
    }  # fmt: skip
    timed, reported = of.known
    if reported and report:
        start = of.start
        parts["init"] = max(0, report.init) / MILLISECOND if start == "cold" else 0.0
        parts["restore"] = max(0, report.restore) / MILLISECOND if start == "restored" else 0.0
        parts["handler"] = report.handler / MILLISECOND
    if timed and access:
        parts["gateway"] = access.response_ms - access.integration_ms
        inner = sum(parts.get(name, 0.0) for name in ("init", "restore", "handler"))
        parts["lambda" if reported else "integration"] = access.integration_ms - inner
    return parts


def _mean(every: Sequence[Mapping[str, float]], rest_of: tuple[Hop, ...]) -> Hops:
    mean = {name: fmean(parts[name] for parts in every) for name in every[0]}
    rest = mean["whole"] - sum(value for name, value in mean.items() if name != "whole")
    ms = {name: round(value, 6) for name, value in mean.items()}
    return Hops(
        requests=len(every),
        whole_ms=ms["whole"],
        machine_ms=ms["machine"],
        held_ms=ms["held"],
        connect_ms=ms["connect"],
        gateway_ms=ms.get("gateway"),
        lambda_ms=ms.get("lambda"),
        integration_ms=ms.get("integration"),
        init_ms=ms.get("init"),
        restore_ms=ms.get("restore"),
        handler_ms=ms.get("handler"),
        rest_ms=round(rest, 6),
        rest_of=rest_of,
    )
