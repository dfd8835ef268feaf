"""What the figures of a run prove, and a reader should know first. Each finding is a pure function of the phases, and
says nothing where the figures do not prove it (tests/simulations/test_findings.py)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadgen.result.latency import Latency
from loadgen.result.node import Node
from loadgen.result.odd import Odd
from loadgen.result.reason import Reason
from loadgen.result.run import Finding, Phase, RunVariant, Step, Stratum

TAIL = "p99"
MADE = 1.5  # times the p99 of the others: from here on a stratum made the tail
CLEAR = 1.2  # times the p99 of the others: beyond it lies the median of a stratum that made the tail
FEWEST = 10  # requests of a stratum
GREATER_PART = 0.25  # of a time: from here on a part of it is a finding
SLOW_TRIP = 2.0  # ms: a round trip that takes longer is not within a data centre
THROTTLED = 0.001  # of the requests

ORDER = (  # of what changes the reading of the figures, the most first
    "phase_grows",
    "target_stalled",
    "timeouts_hide",
    "throttled",
    "cold_wave",
    "stratum_made_tail",
    "two_kinds",
    "queue_for_connections",
    "new_connections",
    "step_behind",
    "machine_differs",
    "key_differs",
    "address_differs",
    "node_differs",
    "worker_differs",
    "far_away",
)

Cases = Sequence[tuple[Phase, Step]]


def findings(variant: RunVariant, nodes: Sequence[Node] = ()) -> tuple[Finding, ...]:
    """All findings of a run, phase by phase, the one that changes the reading of the figures most first. `nodes` are
    those that the load came from."""
    zones = {str(node.node): node.zone for node in nodes}
    found: list[Finding] = []
    before: list[Phase] = []
    for cycles in _by_name(variant.phases):
        cases = [(phase, step) for phase in cycles for step in phase.steps]
        strata = [*_strata(cases, before)]
        found += [*_growing(cycles), *_stalled(cycles), *_hidden(cases), *_throttled(cases), *_waves(cycles)]
        found += strata
        found += [] if strata else _kinds(cases)
        found += [*_parts(cases), *_behind(cases), *_odd(cases, zones), *_network(cases)]
        before = cycles
    return tuple(sorted(found, key=lambda of: ORDER.index(of.observed.code)))


def _by_name(phases: Iterable[Phase]) -> list[list[Phase]]:
    """The measured cycles of each phase together, in the order of the first cycle."""
    together: dict[str, list[Phase]] = {}
    for phase in phases:
        if phase.measured:
            together.setdefault(phase.name, []).append(phase)
    return list(together.values())


@dataclass(frozen=True, slots=True)
class _Range:
    """The smallest and the greatest of some figures, in ms."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> _Range | None:
        known = [value for value in values if value is not None and math.isfinite(value)]
        return cls(min(known), max(known)) if known else None

    def named(self, name: str) -> dict[str, float]:
        return {f"{name}_low_ms": self.low, f"{name}_high_ms": self.high}


def _tail(phase: Phase, step: Step) -> float | None:
    latency = step.latency(phase.headline)
    return latency.quantile(TAIL).value if latency else None


def _where(cases: Cases) -> str:
    """The step, if it is one of several."""
    names = {(step.scenario, step.step) for _, step in cases}
    several = any(len(phase.steps) > 1 for phase, _ in cases)
    return next(iter(names))[1] if len(names) == 1 and several else ""


def _finding(cases: Cases, code: str, **values: float | str | None) -> Finding:
    return Finding(cases[0][0].name, _where(cases), Reason.of(code, **values))


def _by_step(cases: Cases) -> list[list[tuple[Phase, Step]]]:
    steps: dict[tuple[str, str], list[tuple[Phase, Step]]] = {}
    for phase, step in cases:
        steps.setdefault((step.scenario, step.step), []).append((phase, step))
    return list(steps.values())


# how long it ran


def _growing(cycles: Sequence[Phase]) -> Iterator[Finding]:
    """That a phase grew as long as it ran; of several cycles, of the one that grew to the most."""
    grown = [of for phase in cycles if (of := phase.settling) and of.settled == "no" and of.latency]
    if grown:
        most = max(grown, key=lambda of: of.latency.end if of.latency else 0.0)
        assert most.latency
        values = {"begin_ms": most.latency.begin, "end_ms": most.latency.end, "answered": most.answered}
        yield Finding(cycles[0].name, "", Reason.of("phase_grows", **values))


def _stalled(cycles: Sequence[Phase]) -> Iterator[Finding]:
    """That no answer came for a while; of several times, the longest."""
    silences = [silence for phase in cycles for silence in phase.silences]
    if silences:
        longest = max(silences, key=lambda silence: silence.lasted_s)
        values = {"at_s": longest.start_s, "lasted_s": longest.lasted_s, "requests": longest.requests}
        yield Finding(cycles[0].name, "", Reason.of("target_stalled", **values, times=len(silences)))


# failures


def _hidden(cases: Cases) -> Iterator[Finding]:
    """Percentiles that lie among timeouts."""
    for group in _by_step(cases):
        latencies = [latency for phase, step in group if (latency := step.latency(phase.headline))]
        bounds = [bound for latency in latencies if (bound := latency.above.get(TAIL)) is not None]
        if bounds:
            timeouts = sum(latency.timeouts for latency in latencies)
            requests = sum(latency.count for latency in latencies)
            yield _finding(
                group, "timeouts_hide", quantile=TAIL, bound_ms=min(bounds), timeouts=timeouts, requests=requests
            )


def _throttled(cases: Cases) -> Iterator[Finding]:
    sent = sum(step.requests.sent for _, step in cases)
    throttled = sum(step.requests.outcomes.get("throttled", 0) for _, step in cases)
    if not sent or throttled < max(1, THROTTLED * sent):
        return
    reasons: Counter[str] = Counter()
    for _, step in cases:
        for failure in step.failures:
            if failure.outcome == "throttled":
                reasons.update(failure.reasons)
    reason = max(reasons, key=lambda name: reasons[name]) if reasons else None
    yield _finding(cases, "throttled", requests=throttled, sent=sent, reason=reason)


# what made the tail


def _waves(cycles: Sequence[Phase]) -> Iterator[Finding]:
    """Cold starts with which the p99 left its interval in the phase before; of several cycles, of the one in which it
    was beyond it for longest."""
    felt = [
        (wave, of, phase)
        for phase in cycles
        if (wave := phase.cold_wave) and (of := wave.recovery) and wave.cold >= FEWEST and of.beyond_s
    ]
    if felt:
        wave, of, phase = max(felt, key=lambda case: case[1].after_s or math.inf)
        values = {"told": wave.told, "cold": wave.cold, "last_s": wave.last_cold_s, "sent": phase.requests.sent}
        values |= {"throttled": sum(wave.throttled.values()), "beyond_s": of.beyond_s, "after_s": of.after_s}
        span = {"before_low_ms": of.low_ms, "before_high_ms": of.high_ms}
        if met := wave.answered:
            span |= {"environments": met.environments, "new": met.new, "more": int(met.more)}
        yield Finding(phase.name, "", Reason.of("cold_wave", **values, before=of.before, **span))


def _strata(cases: Cases, before: Sequence[Phase]) -> Iterator[Finding]:
    """Strata whose median lies beyond the p99 of all others, and which moved the p99 of all."""
    names = dict.fromkeys(stratum.stratum for _, step in cases for stratum in step.strata)
    for name in names:
        slow = [case for case in cases if _made_tail(*case, name)]
        judged = [case for case in cases if _enough(case[1], name)]
        if not slow or len(slow) < len(judged):
            continue
        steps = {(step.scenario, step.step) for _, step in slow}
        same = [case for case in cases if (case[1].scenario, case[1].step) in steps]
        count = sum(stratum.count for _, step in same for stratum in step.strata if stratum.stratum == name)
        every = sum(stratum.count for _, step in same for stratum in step.strata)
        tail = _Range.of(_tail(*case) for case in slow)
        others = _Range.of(_of_others(*case, name) for case in slow)
        own = _Range.of(_median(phase, _only(step, name)) for phase, step in slow)
        assert tail and others and own
        values = {**tail.named(TAIL), **others.named("others"), **own.named("p50")}
        yield _finding(slow, "stratum_made_tail", stratum=name, share=count / every, **values, **_rise(slow, before))


def _made_tail(phase: Phase, step: Step, name: str) -> bool:
    tail, others, own = _tail(phase, step), _of_others(phase, step, name), _median(phase, _only(step, name))
    if tail is None or others is None or own is None or not _enough(step, name):
        return False
    return own > CLEAR * others and tail > MADE * others


def _enough(step: Step, name: str) -> bool:
    stratum = _only(step, name)
    return stratum is not None and stratum.count >= FEWEST


def _only(step: Step, name: str) -> Stratum | None:
    return next((stratum for stratum in step.strata if stratum.stratum == name), None)


def _of_others(phase: Phase, step: Step, name: str) -> float | None:
    """The p99 of the other stratum, if there is exactly one: those of several do not tell that of all of them."""
    others = [stratum for stratum in step.strata if stratum.stratum != name]
    latency = others[0].latency_ms.get(phase.headline) if len(others) == 1 else None
    return latency.quantile(TAIL).value if latency else None


def _median(phase: Phase, stratum: Stratum | None) -> float | None:
    latency = stratum.latency_ms.get(phase.headline) if stratum else None
    return latency.quantile("p50").value if latency else None


def _rise(slow: Cases, before: Sequence[Phase]) -> dict[str, float | str]:
    """The p99 of the same steps in the phase before, if it was less, and the rates of both."""
    steps = {(step.scenario, step.step) for _, step in slow}
    earlier = [(phase, step) for phase in before for step in phase.steps if (step.scenario, step.step) in steps]
    was, now = _Range.of(_tail(*case) for case in earlier), _Range.of(_tail(*case) for case in slow)
    if not was or not now or was.high * MADE > now.low:
        return {}
    rates = [phase.rate.planned for phase in (earlier[0][0], slow[0][0]) if phase.rate]
    values: dict[str, float | str] = {"before": earlier[0][0].name, **was.named("before")}
    return values | ({"before_per_s": rates[0], "per_s": rates[1]} if len(rates) == 2 else {})


def _kinds(cases: Cases) -> Iterator[Finding]:
    """Two kinds of answers, with hardly any in between."""
    for group in _by_step(cases):
        shaped = [(step.shape, case) for case in group if (step := case[1]).shape and step.shape.kinds]
        if not shaped:
            continue
        shape, case = max(shaped, key=lambda of: of[0].kinds[1].count)
        fast, slow = shape.kinds
        lies = next((name for name in (TAIL, "p95", "p90", "p50") if name in shape.on_step), None)
        ends = shape.on_step.get(lies) if lies else None
        yield _finding(
            [case],
            "two_kinds",
            cycle=case[0].cycle if case[0].cycles > 1 else None,
            fast_share=fast.share,
            fast_high_ms=fast.high,
            slow_share=slow.share,
            slow_share_low=slow.share_low,
            slow_share_high=slow.share_high,
            slow_low_ms=slow.low,
            slow_high_ms=slow.high,
            between=shape.between,
            quantile=lies,
            low_ms=ends.low if ends else None,
            high_ms=ends.high if ends else None,
        )


# whose time it was


def _parts(cases: Cases) -> Iterator[Finding]:
    """Waiting for a connection, and making one, where it is a good part of a figure in every cycle."""
    for group in _by_step(cases):
        for part, code in (("wait", "queue_for_connections"), ("connect", "new_connections")):
            figures = [_greater_part(step, part) for _, step in group]
            known = [figure for figure in figures if figure]
            if known and len(known) == len(figures):
                quantile, value, of_it = max(known, key=lambda figure: figure[2])
                yield _finding(group, code, quantile=quantile, value_ms=value, part_ms=of_it)


def _greater_part(step: Step, part: str) -> tuple[str, float, float] | None:
    """The percentile that has an attribution, its value and the part of it, if that is large."""
    name = next((name for name in step.whose_ms if name.startswith("p")), None)
    if name is None:
        return None
    whose = step.whose_ms[name]
    of_it = float(getattr(whose, part))
    return (name, whose.value, of_it) if of_it >= GREATER_PART * whose.value > 0 else None


def _behind(cases: Cases) -> Iterator[Finding]:
    """A step that is slower than all others, in every cycle."""
    for group in _by_step(cases):
        odd = [of for _, step in group if (of := step.behind)]
        if len(odd) == len(group):
            own, others = _Range.of(of.value for of in odd), _Range.of(_ends(odd))
            assert own and others
            ends = own.named(TAIL) | others.named("others")
            timeouts = sum(of.timeouts for of in odd) or None
            yield _finding(group, "step_behind", quantile=TAIL, **ends, timeouts=timeouts, **_tail_made(group, cases))


def _tail_made(group: Cases, cases: Cases) -> dict[str, float]:
    """The share of the slowest requests that are of this step, and of all requests, if it made most of the tail."""
    tails = [of for _, step in group if (of := step.tail)]
    beyond, every = sum(of.beyond for of in tails), sum(of.of for of in tails)
    if beyond <= every / 2:
        return {}
    own, total = (sum(step.requests.sent for _, step in of) for of in (group, cases))
    return {"tail_share": beyond / every, "share": own / total}


def _odd(cases: Cases, zones: Mapping[str, str]) -> Iterator[Finding]:
    """A node, a worker, an address of the target or a key that differs from all others, the same in every cycle.
    `zones` are those of the nodes."""
    for group in _by_step(cases):
        steps = [step for _, step in group]
        nodes, workers = _same([step.odd_node for step in steps]), _same([step.odd_worker for step in steps])
        addresses, keys = _same([step.odd_address for step in steps]), _same([step.odd_key for step in steps])
        for kind, odd in (("node", nodes), ("worker", workers), ("address", addresses), ("key", keys)):
            if odd:
                own, others = _Range.of(of.value for of in odd), _Range.of(_ends(odd))
                assert own and others
                timeouts = sum(of.timeouts for of in odd) or None
                ends = own.named("value") | others.named("others")
                named = {kind: odd[0].name, "quantile": odd[0].quantile}
                zone = zones.get(odd[0].name) if kind == "node" else None
                yield _finding(group, f"{kind}_differs", **named, **ends, timeouts=timeouts, zone=zone or None)


def _same(cycles: Sequence[Odd | None]) -> list[Odd]:
    """What differs in each cycle, if it is the same by the same percentile."""
    odd = [of for of in cycles if of]
    return odd if len(odd) == len(cycles) and len({(of.name, of.quantile) for of in odd}) == 1 else []


def _ends(odd: Iterable[Odd]) -> Iterator[float]:
    for of in odd:
        yield from (of.others_low, of.others_high)


def _network(cases: Cases) -> Iterator[Finding]:
    """A round trip that is a good part of the median."""
    for group in _by_step(cases):
        medians = [_p50(step.latency(phase.headline)) for phase, step in group]
        trip, median = group[0][0].round_trip_ms, _Range.of(medians)
        if trip and median and trip >= SLOW_TRIP and trip >= GREATER_PART * median.high:
            yield _finding(group, "far_away", quantile="p50", value_ms=median.high, part_ms=trip)


def _p50(latency: Latency | None) -> float | None:
    return latency.quantile("p50").value if latency else None
