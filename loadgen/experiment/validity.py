"""Whether a verdict may be given. Two variants must differ as they should and in nothing else, and nothing may have
disturbed either of them.

This machine's part in the runs is judged figure by figure (`standing`), so that an INVALID p99 takes no median down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import Exit
from loadgen.experiment.pairing import Pair
from loadgen.experiment.variants import Key, Run, Variant, steps_of
from loadgen.record.metrics import WAITED
from loadgen.result.experiment import Check
from loadgen.result.reason import Reason
from loadgen.result.run import Session
from loadgen.stats import fraction

ABOUT = 0.1  # how far the connections for each request may be from what the session says, as a share
HELD = 0.99  # the share of the planned iterations that must have been started
SLACK = 0.01  # seconds that a run may seem shorter than its plan, because both are rounded
ENDED = (Exit.PASSED, Exit.THRESHOLD, Exit.INVALID, Exit.UNDECIDED)


def checks(pair: Pair) -> list[Check]:
    """The checks, in the order in which they matter."""
    return [look(pair) for look in (_rounds, _settings, _connections, _load, _errors)]


def _check(name: str, wrong: Sequence[Reason], *evidence: Reason) -> Check:
    """A check, which holds unless something is wrong. `evidence` shows that it holds."""
    return Check(name, not wrong, tuple(wrong) or evidence)


def _of_run(code: str, variant: Variant, run: Run, **values: float | str | None) -> Reason:
    return Reason.of(code, variant=variant.name, round=run.round, **values)


# the rounds, and what the runs were


def _rounds(pair: Pair) -> Check:
    """A verdict is given only at planned looks. Who stops as soon as a result looks good has looked more often than
    planned."""
    done, wrong = len(pair.rounds), []
    if done not in pair.looks:
        wrong.append(Reason.of("unplanned_look", rounds=done, planned=" or ".join(map(str, pair.looks))))
    wrong += [_of_run("broken_off", variant, run) for variant, run in pair.runs() if _broken_off(run)]
    return _check("complete rounds", wrong, Reason.of("rounds_complete", rounds=done, planned=pair.looks[-1]))


def _broken_off(run: Run) -> bool:
    """Whether the run was stopped, or lost a worker. The drain may be cut short, because it is not measured."""
    phases = [phase.iterations for phase in run.phases]
    stopped = any(iterations.cut_short or iterations.unsent_why.get("stopped") for iterations in phases)
    planned = sum(planned.duration or 0 for planned in run.plan.runs) / SECOND
    return stopped or run.result.duration_s < planned - SLACK or run.result.exit_status not in ENDED


def _settings(pair: Pair) -> Check:
    """The settings of a variant are the same in every round, and so is the target."""
    wrong, evidence = [], []
    for variant in pair.both:
        first = _setting(variant.runs[pair.rounds[0]])
        for number in pair.rounds:
            run = variant.runs[number]
            changed = (name for name, value in _setting(run).items() if value != first[name])
            wrong += [_of_run("setting_changed", variant, run, setting=name) for name in changed]
        result = variant.runs[pair.rounds[0]].result
        values = {"client": result.client, "reuse": result.session.reuse, "target": result.target.url}
        evidence.append(Reason.of("same_settings", variant=variant.name, **values))
    return _check("settings", wrong, *evidence)


def _setting(run: Run) -> dict[str, str | Session]:
    return {"client": run.result.client, "session": run.result.session, "target": run.result.target.url}


# its connections


@dataclass(frozen=True, slots=True)
class _Opened:
    """The number of new connections, and of iterations, for each request."""

    connections: float
    iterations: float


def _connections(pair: Pair) -> Check:
    """The number of new connections for each request: about 0 in a shared session; 1 if each request has its own;
    1/steps if each iteration has its own."""
    wrong, seen = [], dict[str, list[float]]()
    for variant, run in pair.runs():
        for opened in (_in_measured(run), _in_all(run)):
            if opened is None:
                wrong.append(_of_run("no_connections", variant, run))
                break
            seen.setdefault(variant.name, []).append(opened.connections)
            if problem := _not_as_said(variant, run, opened):
                wrong.append(problem)
                break
    means = {name: sum(shares) / len(shares) for name, shares in seen.items()}
    as_said = (Reason.of("connections_as_said", variant=name, per_request=mean) for name, mean in means.items())
    return _check("connections as said", wrong, *as_said)


def _in_measured(run: Run) -> _Opened | None:
    """The connections in the measured phases, as the exchanges report them."""
    labels = [phase.connections for phase in run.phases]
    new = sum(label.new + label.resumed for label in labels)
    requests = new + sum(label.reused for label in labels)
    started = sum(phase.iterations.started for phase in run.phases)
    return _Opened(new / requests, started / requests) if requests else None


def _in_all(run: Run) -> _Opened | None:
    """The connections of the whole run, as the client counted them."""
    whole = run.result.variant
    opened, requests = whole.connections.opened - whole.connections.preopened, whole.requests.sent
    return _Opened(opened / requests, whole.iterations.started / requests) if requests else None


def _not_as_said(variant: Variant, run: Run, opened: _Opened) -> Reason | None:
    reuse, expected = run.result.session.reuse, None
    if reuse == "shared":
        # if an iteration has many requests, a connection for each iteration is rare, but it is still not a shared one
        as_said = opened.connections <= min(ABOUT, opened.iterations / 2)
    else:
        expected = opened.iterations if reuse == "per-iteration" else 1.0
        as_said = abs(opened.connections - expected) <= ABOUT * expected
    if as_said:
        return None
    idle = run.result.variant.connections.closed_idle or None
    values = {"per_request": opened.connections, "expected": expected, "closed_idle": idle}
    return _of_run("connections_not_as_said", variant, run, reuse=reuse, **values)


def notes(pair: Pair) -> Iterator[Reason]:
    """What is to be known of the two, and speaks against no verdict."""
    yield from _caps(pair)
    even = (run.phase for run in pair.baseline.runs[pair.rounds[0]].plan.runs if run.measured and run.phase.rate)
    if pair.duet and any(phase.arrivals == "constant" for phase in even):
        yield Reason.of("in_step", variant=pair.variant.name, baseline=pair.baseline.name)


def _caps(pair: Pair) -> Iterator[Reason]:
    """That the caps on connections differ, or that requests waited for them. That wait is one of the parts of the
    difference."""
    baseline_cap, cap = (variant.runs[pair.rounds[0]].result.session.connections for variant in pair.both)
    waited = [sum(_binds(variant.runs[number]) for number in pair.rounds) for variant in pair.both]
    if baseline_cap != cap or any(waited):
        yield Reason.of(
            "connection_caps",
            runs=len(pair.rounds),
            baseline=pair.baseline.name,
            baseline_cap=baseline_cap,
            baseline_runs=waited[0],
            variant=pair.variant.name,
            variant_cap=cap,
            variant_runs=waited[1],
        )


def _binds(run: Run) -> bool:
    cap = run.result.session.connections
    if cap is None or run.result.variant.connections.peak < cap:
        return False
    waits = (step.latency("wait") for phase in run.phases for step in phase.steps)
    p99s = ((wait.quantile("p99").value, wait.max) for wait in waits if wait)
    longest = (greatest if p99 is None else p99 for p99, greatest in p99s)
    return any(ms is not None and ms > WAITED / MILLISECOND for ms in longest)


# the load, and what failed


def _load(pair: Pair) -> Check:
    """Both had the same load, at the same instants unless they ran at the same time, and started as much of it as
    planned."""
    wrong, least, same = [], 1.0, True
    for number in pair.rounds:
        base, other = pair.baseline.runs[number], pair.variant.runs[number]
        same_instants = base.plan.seed == other.plan.seed
        same &= same_instants
        if base.offered != other.offered or not (same_instants or pair.duet):
            wrong.append(_of_run("other_load", pair.variant, other, baseline=pair.baseline.name))
    for variant, run in pair.runs():
        for phase in run.phases:
            planned, started = phase.iterations.planned, phase.iterations.started
            share = started / planned if planned else 1.0
            least = min(least, share)
            if share < HELD:
                wrong.append(_of_run("load_not_started", variant, run, phase=phase.name, share=share))
    return _check("load", wrong, Reason.of("same_load" if same else "same_rate", share=least))


def _errors(pair: Pair) -> Check:
    """The failures in the primary figure's phase, over all of its steps."""
    failures = _Failures.of(pair, Key(pair.phase, "", "iteration"), pair.quantile)
    return Check("errors", not failures.hide, (failures.reason,))


def uneven(pair: Pair, key: Key, quantile: str) -> Reason | None:
    """The reason why the figure cannot be used for the sake of what failed, if there is one."""
    failures = _Failures.of(pair, key, quantile)
    return failures.reason if failures.hide else None


@dataclass(frozen=True, slots=True)
class _Failures:
    """The shares of failed requests, among the requests that a figure is of.

    A figure does not include failed requests. If only one variant has them, its figure looks better than it is. So the
    shares may differ by a tenth of the tail at most. Timeouts are not among the failures: figures include them, as
    longer than any other.
    """

    pair: Pair
    quantile: str
    baseline: float
    variant: float

    @classmethod
    def of(cls, pair: Pair, key: Key, quantile: str) -> _Failures:
        baseline, variant = (_failed(variant, pair.rounds, key) for variant in pair.both)
        return cls(pair, quantile, baseline, variant)

    @property
    def allowed(self) -> float:
        return 0.01 if self.quantile == "mean" else float(1 - fraction(self.quantile)) / 10

    @property
    def hide(self) -> bool:
        """Whether the failures are too many to trust the figure."""
        return abs(self.baseline - self.variant) > self.allowed

    @property
    def reason(self) -> Reason:
        return Reason.of(
            "failures_uneven" if self.hide else "failures_even",
            variant=self.pair.variant.name,
            variant_share=self.variant,
            baseline=self.pair.baseline.name,
            baseline_share=self.baseline,
            quantile=self.quantile if self.hide else None,
            allowed=self.allowed if self.hide else None,
        )


def _failed(variant: Variant, rounds: Sequence[int], key: Key) -> float:
    counts: Counter[str] = Counter()
    for number in rounds:
        for step in steps_of(variant.runs[number], key):
            counts.update(step.requests.outcomes)
    failed = counts.total() - counts["ok"] - counts["timeout"]
    return failed / counts.total() if counts else 0.0
