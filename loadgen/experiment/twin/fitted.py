"""The settings of a sandbox that behaves like the target of a run, and why each is as it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from loadgen.clock import MILLISECOND
from loadgen.exchange import Outcome
from loadgen.experiment.twin.environments import MOST, MakeServe, pooled
from loadgen.experiment.twin.observed import Entry, Observed, is_new, is_ok
from loadgen.experiment.twin.table import Floats, Times, distribution
from loadgen.profile.model import Profile, Step
from loadgen.profile.sandbox import SandboxSettings
from loadgen.profile.units import format_duration, format_rate
from loadgen.record.metrics import RECORDED, Metric
from loadgen.result.reason import Reason
from loadgen.result.twin import FittedKey
from loadgen.stats import Histogram

HANDSHAKE = 2  # round trips of TCP and TLS 1.3
QUICK = 0.05  # the level of the answers that waited for nothing
FEWEST_THROTTLED = 3  # seconds with a 429 that prove a rate
CONCURRENCY = "ConcurrentInvocationLimitExceeded"  # in Lambda's reasons, also of a reserved concurrency
STEADY = 0.1  # of the rate that a throttle lets in: so much may its seconds differ
FAILED = (Outcome.HTTP_5XX, Outcome.RESET)  # that the sandbox can make


@dataclass
class Fitted:
    """The `sandbox:` of a profile as plain data, and the reasons of its values."""

    sandbox: dict[str, Any] = field(default_factory=dict)
    reasons: list[FittedKey] = field(default_factory=list)

    def told(self, key: str, code: str, **values: float | str | None) -> None:
        self.reasons.append(FittedKey(f"sandbox.{key}", Reason.of(code, **values)))


def fitted(seen: Observed, profile: Profile, paths: Sequence[str], secure: bool, make: MakeServe) -> Fitted:
    """The sandbox whose answers are like those of the run. `profile` has the sandbox as its target, `paths` are those
    of its steps as they are written."""
    made = Fitted()
    if not secure:
        made.sandbox["tls"] = False
        made.told("tls", "twin_http")
    rtt = _round_trip(seen, profile, made, secure)
    warm = _Steps(seen, rtt, secure)
    names = [match_of(step, path) for step, path in zip(_steps_of(profile), paths, strict=True)]
    _service(seen, profile, names, warm, made)
    if profile.target.dynamodb:
        made.told("environments", "twin_of_a_table")
    else:
        _environments(seen, profile, names, warm, made, make)
        _throttle(seen, made)
    if profile.target.function:
        _function(seen, made)
    _faults(seen, made)
    return made


def _function(seen: Observed, made: Fitted) -> None:
    """What the REPORTs tell of the function. The handler's time and Lambda's own are one in `service`."""
    told = [of for phase in seen.result.variant.phases for step in phase.steps if (of := step.invocations)]
    memory, used = (max((getattr(of, name) or 0 for of in told), default=0) for name in ("memory_mb", "memory_used_mb"))
    if memory:
        made.sandbox["lambda"] = {"memory": memory, **({"memory_used": used} if 0 < used <= memory else {})}
    made.told("lambda", "twin_of_a_function", memory_mb=memory or None)


# the network


def _round_trip(seen: Observed, profile: Profile, made: Fitted, secure: bool) -> int:
    """The round trip in ns: half of a connect where a sandbox was the target, as it can only delay the whole of it;
    else what the TCP handshake took. At most what the fastest answer took."""
    counts = seen.counts
    half = seen.result.target.simulated and secure
    connects = counts.together(Metric.CONNECT if half else Metric.TCP, lambda of: True)
    if not connects.count:
        return _without_connects(seen, profile, made)
    middle = Times.of([(connects, 0)]).quantile(0.5)
    if half:
        for own in (Metric.CONNECT_DELAY, Metric.HANDSHAKE_CPU):
            part = counts.together(own, lambda of: True)
            middle -= Times.of([(part, 0)]).quantile(0.5) if part.count else 0
        middle /= HANDSHAKE
    kept = counts.together(counts.metric, lambda of: is_ok(of) and not is_new(of))
    most = kept.least if kept.count else middle
    rtt = _rounded(min(max(middle, 0.0), most))
    code = "twin_round_trip_at_most" if most < middle else "twin_round_trip_half" if half else "twin_round_trip"
    made.sandbox["rtt"] = format_duration(rtt)
    made.told("rtt", code, connects=connects.count, ms=middle / MILLISECOND)
    return rtt


def _without_connects(seen: Observed, profile: Profile, made: Fitted) -> int:
    """What the kernel measured on connections that were open already, which is nothing to a sandbox on this machine;
    else what is left of the answers without the time that they report themselves."""
    network = seen.result.variant.network
    kernel = network.round_trip_ms if network and not seen.result.target.simulated else None
    known, name = (kernel, "") if kernel is not None else _unreported(seen, profile)
    if known is None:
        made.told("rtt", "twin_no_connects")
        return 0
    rtt = _rounded(known * MILLISECOND)
    made.sandbox["rtt"] = format_duration(rtt)
    made.told("rtt", "twin_round_trip_reported" if name else "twin_round_trip_kernel", ms=known, name=name or None)
    return rtt


def _unreported(seen: Observed, profile: Profile) -> tuple[float | None, str]:
    """What quick warm answers of a step take longer, in ms, than the time that they report in `server-timing`; and the
    name of that time. Of several it is the one that explains most. Slow answers may have waited for anything."""
    counts = seen.counts
    found: list[tuple[float, str]] = []
    for number, step in enumerate(_steps_of(profile)):

        def quick(metric: int, number: int = number) -> Histogram:
            return counts.together(metric, lambda of: _is_warm(of) and of.step == number)

        whole = quick(counts.metric)
        for name, selector in step.record.items():
            times = quick(RECORDED + counts.plan.metrics.index(name))
            if whole.count and times.count and selector.kind == "header" and selector.name == "server-timing":
                left = Times.of([(whole, 0)]).quantile(QUICK) - Times.of([(times, 0)]).quantile(QUICK)
                found.append((max(0.0, min(left, whole.least)) / MILLISECOND, name))
    return min(found) if found else (None, "")


def _is_warm(of: Entry) -> bool:
    return is_ok(of) and not of.cold and not is_new(of) and of.run.measured


def _rounded(ns: float) -> int:
    return round(ns / 1000) * 1000


# the service


@dataclass(frozen=True)
class _Steps:
    """What the target took for the answers of a step, less the round trips."""

    seen: Observed
    rtt: int
    secure: bool

    def times(self, step: int, cold: bool) -> Times:
        """Of the successful answers that were cold, or that were not, so far as answers tell. Cold ones are those of a
        warm-up too, where most of them are."""
        counts = self.seen.counts

        def mine(of: Entry) -> bool:
            return (cold or of.run.measured) and of.step == step and bool(of.cold) is cold

        def answers(new: bool) -> Histogram:
            return counts.together(counts.metric, lambda of: mine(of) and is_ok(of) and is_new(of) is new)

        late = counts.together(
            Metric.SERVICE, lambda of: not cold and mine(of) and of.outcome == Outcome.TIMEOUT and of.cold is None
        )
        first = self.rtt * (1 + (HANDSHAKE if self.secure else 1))
        return Times.of([(answers(new=False), self.rtt), (answers(new=True), first)], late.count, late.most)


def _service(seen: Observed, profile: Profile, matches: Sequence[str], warm: _Steps, made: Fitted) -> None:
    """The service time of each kind of request."""
    if seen.counts.metric is Metric.SERVICE:
        made.told("service", "twin_client_inside", client=seen.result.client)
    steps = _steps_of(profile)
    kinds: dict[str, list[int]] = defaultdict(list)
    for number, match in enumerate(matches):
        kinds[match if len(steps) > 1 else "*"].append(number)
    written: list[dict[str, str]] = []
    for match, numbers in sorted(kinds.items(), key=lambda kind: (kind[0].count("*"), -len(kind[0]))):
        times = together([warm.times(number, cold=False) for number in numbers])
        names = ", ".join(dict.fromkeys(steps[number].name for number in numbers))
        if not times.count:
            made.told("service", "twin_no_answers", step=names, match=match)
            continue
        written.append({"match": match, "time": distribution(times, warm.rtt)})
        made.told("service", "twin_service", step=names, match=match, requests=times.count)
        if times.late:
            made.told("service", "twin_timeouts", step=names, timeouts=times.late)
    made.sandbox["service"] = written[0]["time"] if [*kinds] == ["*"] else written


def together(many: list[Times]) -> Times:
    values = np.concatenate([times.values for times in many])
    counts = np.concatenate([times.counts for times in many])
    order = np.argsort(values, kind="stable")
    late = max(many, key=lambda times: times.bound)
    return Times(values[order], counts[order], sum(times.late for times in many), late.bound)


def match_of(step: Step, path: str) -> str:
    """The requests of a step, as the sandbox's `service` tells them apart. `path` is as it is written: what a variable
    stands for may be a secret."""
    if step.operation:
        return step.operation
    template = re.sub(r"\{\{.*?\}\}", "*", re.sub(r"\$\{.*?\}", "**", path)).partition("?")[0]
    return f"{step.method} {re.sub('[*]{3,}', '**', template) or '/'}"


def _steps_of(profile: Profile) -> list[Step]:
    return [step for scenario in profile.scenarios for step in scenario.steps]


# the environments


def _environments(
    seen: Observed, profile: Profile, names: Sequence[str], warm: _Steps, made: Fitted, make: MakeServe
) -> None:
    """The pool and its cold starts, if the answers tell them."""
    answers = seen.counts.together(Metric.SERVICE, is_ok).count
    told = seen.counts.together(Metric.SERVICE, lambda of: is_ok(of) and of.cold is not None).count
    steps = range(len(seen.counts.plan.steps))
    colds = {number: warm.times(number, cold=True) for number in steps}
    count = sum(times.count for times in colds.values())
    if not told:
        made.told("environments", "twin_no_flag")
        return
    if not count:
        made.told("environments", "twin_never_cold", answers=told)
        return
    if told < answers:
        made.told("environments", "twin_flag_of_some", answers=answers, told=told)
    init = _init({number: (colds[number], warm.times(number, cold=False)) for number in steps if colds[number].count})
    made.sandbox["environments"] = {"max": MOST, "init": distribution(init)}
    made.told("environments.init", "twin_init", cold=count, ms=init.mean / MILLISECOND)
    if refused := _refused_for_concurrency(seen):
        made.sandbox["environments"]["overflow"] = "429"
        made.told("environments.overflow", "twin_overflow", refused=refused)
    _pool(seen, profile, names, made, make)


def _init(steps: Mapping[int, tuple[Times, Times]]) -> Times:
    """What cold starts took longer. A cold answer is the sum of an init and of a service that has nothing to do with
    it: means and variances are differences, and the shape is that of the cold answers."""
    apart: list[tuple[Floats, Floats]] = []
    variance = 0.0
    for cold, served in steps.values():
        usual = served if served.count else Times(np.zeros(1), np.ones(1))
        apart.append((cold.values - usual.mean, cold.counts))
        variance += usual.variance * cold.count
    values, counts = (np.concatenate(column) for column in zip(*apart, strict=True))
    order = np.argsort(values, kind="stable")
    mixed = Times(values[order], counts[order])
    rest = max(0.0, 1 - variance / mixed.count / mixed.variance) if mixed.variance else 0.0
    return Times(np.maximum(mixed.mean + (mixed.values - mixed.mean) * rest**0.5, 0), mixed.counts)


def _pool(seen: Observed, profile: Profile, names: Sequence[str], made: Fitted, make: MakeServe) -> None:
    settings = SandboxSettings.model_validate(made.sandbox)
    plan = seen.counts.plan
    drain = plan.drain.number
    colds: dict[int, int] = defaultdict(int)
    for of in seen.counts.entries:
        if of.metric == Metric.SERVICE and of.cold and is_ok(of) and of.run.number != drain:
            colds[of.run.number] += of.values.count
    found = pooled(profile, plan, settings, colds, make, [name.encode() for name in names])
    pool = made.sandbox["environments"]
    pool["max"] = found.environments.max
    made.told("environments.max", "twin_most" if found.told_max else "twin_most_unknown", most=found.environments.max)
    if found.idle_low is not None and found.idle_high is not None:
        pool["idle"] = format_duration(found.environments.idle)
        low, high = found.idle_low / 1e9, found.idle_high / 1e9
        made.told("environments.idle", "twin_idle", low_s=low, high_s=high)
    else:
        made.told("environments.idle", "twin_idle_unknown")


# what is refused, and what fails


def _refused_for_concurrency(seen: Observed) -> int:
    """How many requests were refused because all environments were busy, as Lambda's reasons tell."""
    failures = [failure for phase in seen.result.variant.phases for step in phase.steps for failure in step.failures]
    return sum(
        count
        for failure in failures
        for reason, count in failure.reasons.items()
        if failure.outcome == Outcome.THROTTLED.word and CONCURRENCY in reason
    )


def _throttle(seen: Observed, made: Fitted) -> None:
    """The rate that a throttle lets in, if it is the same in several seconds that have a 429. Those of a function whose
    environments are all busy are not a throttle's."""
    throttled_requests = seen.counts.outcomes()[Outcome.THROTTLED]
    if not throttled_requests or 2 * _refused_for_concurrency(seen) > throttled_requests:
        return
    throttled = seen.by_second(lambda outcome: outcome == Outcome.THROTTLED)
    let_in = seen.by_second(lambda outcome: outcome != Outcome.THROTTLED)
    full = [second for second in throttled if throttled[second - 1] and throttled[second + 1]]
    rates = np.array([let_in[second] for second in full], np.float64)
    if len(rates) < FEWEST_THROTTLED or rates.mean() <= 0 or rates.std() > STEADY * rates.mean():
        made.told("throttle", "twin_throttle_unknown", throttled=throttled.total())
        return
    rate = float(rates.mean())
    burst = max(_excess([let_in[second] for second in range(max(let_in) + 1)], rate))
    made.sandbox["throttle"] = {"rate": format_rate(round(rate, 1)), "burst": max(1, round(burst))}
    made.told("throttle", "twin_throttle", rate=rate, seconds=len(rates), burst=round(burst))


def _excess(let_in: list[int], rate: float) -> Iterator[float]:
    """What more than the rate was let in, up to each second: what the bucket had saved up."""
    saved = 0.0
    yield saved
    for number in let_in:
        saved = max(0.0, saved + number - rate)
        yield saved


def _faults(seen: Observed, made: Fitted) -> None:
    counts = seen.counts.outcomes()
    asked = counts.total() - counts[Outcome.THROTTLED]
    faults = {}
    for outcome, name in zip(FAILED, ("errors", "reset"), strict=True):
        if counts[outcome]:
            faults[name] = f"{100 * counts[outcome] / asked:.4f}".rstrip("0").rstrip(".") + "%"
            made.told("faults", "twin_fault", outcome=outcome.word, requests=counts[outcome], of=asked)
    if faults:
        made.sandbox["faults"] = faults
    done = (Outcome.OK, Outcome.THROTTLED, Outcome.TIMEOUT, Outcome.CONDITION_FAILED, *FAILED)
    for outcome in counts:
        if outcome not in done:
            made.told("faults", "twin_not_simulated", outcome=outcome.word, requests=counts[outcome])
