"""May a verdict be given? What must hold before two variants are held against each other: that they differed as they
said and in nothing else, and that neither of them was disturbed.

DEGRADED runs are allowed, as long as they are not one variant's alone: this machine then had its part in both, which
makes a difference harder to find and not easier; and where it is only the work of making connections, which is one
variant's by what it is, that counts for nothing. An INVALID run never is, unless the user said to accept it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import Exit
from loadgen.experiment.variants import Arm, Key, Run, label
from loadgen.record.metrics import WAITED
from loadgen.stats import fraction

ABOUT = 0.1  # how far the connections of a request may be from what a session says, as a share
HELD = 0.99  # of the planned iterations must have been started
UNEVEN = 0.5  # of the rounds: so many more runs of one variant may be DEGRADED than of the other
TOLD = 3  # of a kind that are named
SLACK = 0.01  # s that a run may seem shorter than its plan, as both are rounded
ENDED = (Exit.PASSED, Exit.THRESHOLD, Exit.INVALID)


class Check(NamedTuple):
    """One thing that was looked at, whether it is as it must be, and in either case what was seen."""

    check: str
    ok: bool
    why: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A variant that is held against a baseline, over rounds that both have, and the primary figure's phase and
    quantile. `looks` are the numbers of rounds after which a verdict was planned."""

    base: Arm
    other: Arm
    rounds: Sequence[int]
    looks: Sequence[int]
    phase: str
    quantile: str

    @property
    def arms(self) -> tuple[Arm, Arm]:
        return self.base, self.other

    def runs(self) -> Iterator[tuple[Arm, Run]]:
        for number in self.rounds:
            for arm in self.arms:
                yield arm, arm.runs[number]


def checks(pair: Pair) -> list[Check]:
    """What was looked at, in the order in which it matters."""
    looked = (_rounds, _trust, _settings, _connections, _cap, _load, _errors)
    return [look(pair) for look in looked]


def _named(arm: Arm, run: Run) -> str:
    return f"{arm.name}, round {run.round}"


def _listed(found: list[str]) -> str:
    more = f" (and {len(found) - TOLD} more like it)" if len(found) > TOLD else ""
    return "; ".join(found[:TOLD]) + more


def _rounds(pair: Pair) -> Check:
    """A verdict is given at planned looks alone: a person who stops when it looks well has looked more often."""
    done, last = len(pair.rounds), pair.looks[-1]
    wrong = []
    if done not in pair.looks:
        planned = " or ".join(map(str, pair.looks))
        wrong.append(f"{done} rounds are complete, and a verdict was planned after {planned}")
    for arm, run in pair.runs():
        if _broken_off(run):
            wrong.append(f"{_named(arm, run)} did not come to its end")
    return Check("complete rounds", not wrong, _listed(wrong) or f"{done} of {last} rounds")


def _broken_off(run: Run) -> bool:
    """Whether it was stopped, or lost a worker. What is cut short during the drain is none of the measured phases'."""
    phases = [phase["iterations"] for phase in run.phases]
    stopped = any(each["cut_short"] or each["unsent_why"].get("stopped") for each in phases)
    planned = sum(one.duration or 0 for one in run.plan.runs) / SECOND
    return stopped or run.told["duration_s"] < planned - SLACK or run.told["exit_status"] not in ENDED


def _trust(pair: Pair) -> Check:
    graded = [(arm, run, run.told["trust"]) for arm, run in pair.runs()]
    told = {grade: [_named(arm, run) for arm, run, of in graded if of == grade] for grade in ("DEGRADED", "INVALID")}
    if told["INVALID"]:
        accepted = all(run.told.get("accepted") for _, run, of in graded if of == "INVALID")
        word = "INVALID, which was accepted" if accepted else "INVALID"
        return Check("trust", accepted, f"{word}: {_listed(told['INVALID'])}")
    if not told["DEGRADED"]:
        return Check("trust", True, "every run was VALID")
    counts = [
        sum(of is arm and grade == "DEGRADED" and run.told.get("disturbed", True) for of, run, grade in graded)
        for arm in pair.arms
    ]
    less = " by more than making connections takes" if sum(counts) < len(told["DEGRADED"]) else ""
    even = abs(counts[0] - counts[1]) <= UNEVEN * len(pair.rounds)
    seen = " and ".join(f"{count} of {arm.name}" for count, arm in zip(counts, pair.arms, strict=True))
    return Check("trust", even, f"of {len(pair.rounds)} runs each, {seen} were DEGRADED{less}")


def _settings(pair: Pair) -> Check:
    """A variant is the same in every round; so is what its figures are of."""
    wrong = []
    for arm in pair.arms:
        first = _setting(arm.runs[pair.rounds[0]])
        for number in pair.rounds:
            for what, value in _setting(arm.runs[number]).items():
                if value != first[what]:
                    wrong.append(f"{arm.name}: another {what} in round {number}")
    said = [
        f"{arm.name}: {run.told['client']}, {run.told['session']['reuse']}, {run.told['target']}"
        for arm, run in ((arm, arm.runs[pair.rounds[0]]) for arm in pair.arms)
    ]
    return Check("settings", not wrong, _listed(wrong) or "; ".join(said))


def _setting(run: Run) -> dict[str, Any]:
    return {"client": run.told["client"], "session": run.told["session"], "target": run.told["target"]}


def _connections(pair: Pair) -> Check:
    """New connections for each request: about 0 in a shared session, 1 where each has its own, 1/steps where each
    iteration has."""
    wrong, seen = [], dict[str, list[float]]()
    for arm, run in pair.runs():
        for share, iterations in (_in_measured(run), _in_all(run)):
            if share is None:
                wrong.append(f"{_named(arm, run)}: no request had a connection")
                break
            seen.setdefault(arm.name, []).append(share)
            if problem := _not_as_said(run.told["session"]["reuse"], share, iterations):
                idle = run.told["connections"].get("closed_idle", 0)
                closed = f" ({idle:,} were closed by the target while idle)" if idle else ""
                wrong.append(f"{_named(arm, run)}: {problem}{closed}")
                break
    opened = ", ".join(f"{name} {sum(shares) / len(shares):.2f}" for name, shares in seen.items())
    return Check("connections as said", not wrong, _listed(wrong) or f"opened for each request: {opened}")


def _in_measured(run: Run) -> tuple[float | None, float]:
    """New connections, and iterations, for each request of the measured phases, by how the exchanges say it was."""
    labels = [phase["connections"] for phase in run.phases]
    requests = sum(sum(each.values()) for each in labels)
    if not requests:
        return None, 0.0
    new = sum(each["new"] + each["resumed"] for each in labels)
    return new / requests, sum(phase["iterations"]["started"] for phase in run.phases) / requests


def _in_all(run: Run) -> tuple[float | None, float]:
    """The same of the whole run, as the client counted what it opened."""
    connections, requests = run.told["connections"], run.told["requests"]["sent"]
    if not requests:
        return None, 0.0
    opened = connections["opened"] - connections["preopened"]
    return opened / requests, run.told["iterations"]["started"] / requests


def _not_as_said(reuse: str, share: float, iterations: float) -> str:
    if reuse == "shared":
        # where an iteration has many requests, one connection for each iteration is few, and still not shared
        limit = min(ABOUT, iterations / 2)
        return f"shared, and yet {share:.2f} connections were opened for each request" if share > limit else ""
    expected = iterations if reuse == "per-iteration" else 1.0
    if abs(share - expected) <= ABOUT * expected:
        return ""
    return f"{reuse}, and yet {share:.2f} connections were opened for each request, not {expected:.2f}"


def _cap(pair: Pair) -> Check:
    """The same cap for all, in the way of all or of none."""
    caps = {arm.name: arm.runs[pair.rounds[0]].told["session"]["connections"] for arm in pair.arms}
    words = {name: "no cap" if cap is None else f"at most {cap:,}" for name, cap in caps.items()}
    if len(set(caps.values())) > 1:
        return Check("connection cap", False, "; ".join(f"{name}: {text}" for name, text in words.items()))
    bound = [_named(arm, run) for arm, run in pair.runs() if _binds(run)]
    peaks = ", ".join(f"{arm.name} {max(arm.runs[n].told['connections']['peak'] for n in pair.rounds):,}"
                      for arm in pair.arms)  # fmt: skip
    seen = f"{next(iter(words.values()))}; open at once: {peaks}"
    if bound and len(bound) < len(pair.arms) * len(pair.rounds):
        return Check("connection cap", False, f"requests waited for a connection in {_listed(bound)} alone; {seen}")
    return Check("connection cap", True, f"{seen}{'; it was in the way of all alike' if bound else ''}")


def _binds(run: Run) -> bool:
    cap = run.told["session"]["connections"]
    if cap is None or run.told["connections"]["peak"] < cap:
        return False
    waits = (step["latency_ms"]["wait"] for phase in run.phases for step in phase["steps"])
    longest = (block["max"] if block["p99"] is None else block["p99"] for block in waits)
    return any(ms is not None and ms > WAITED / MILLISECOND for ms in longest)


def _load(pair: Pair) -> Check:
    """The same load offered to both, and started as planned."""
    wrong, least = [], 1.0
    for number in pair.rounds:
        base, other = pair.base.runs[number], pair.other.runs[number]
        if (base.offered, base.plan.seed) != (other.offered, other.plan.seed):
            wrong.append(f"{pair.other.name} had another load than {pair.base.name} in round {number}")
    for arm, run in pair.runs():
        for phase in run.phases:
            planned, started = phase["iterations"]["planned"], phase["iterations"]["started"]
            share = started / planned if planned else 1.0
            least = min(least, share)
            if share < HELD:
                wrong.append(f"{_named(arm, run)}: {share:.1%} of what {phase['name']} planned was started")
    return Check("load", not wrong, _listed(wrong) or f"the same for both, and {least:.1%} of it started at the least")


def _errors(pair: Pair) -> Check:
    """Those of the primary figure's phase, of all its steps."""
    shares = _failing(pair, Key(pair.phase, "", "iteration"))
    return Check("errors", not _hides(shares, pair.quantile), _told(pair, shares, pair.quantile))


def hidden(pair: Pair, key: Key, quantile: str) -> str:
    """Why one cannot go by the figure, or nothing."""
    shares = _failing(pair, key)
    return _told(pair, shares, quantile) if _hides(shares, quantile) else ""


def _hides(shares: tuple[float, float], quantile: str) -> bool:
    """Failures are not in the figures, so that those of one variant alone make it look better: they may be a tenth of
    the tail at the most. Timeouts are in the figures, as longer than any."""
    return abs(shares[0] - shares[1]) > _allowed(quantile)


def _allowed(quantile: str) -> float:
    return 0.01 if quantile == "mean" else float(1 - fraction(quantile)) / 10


def _told(pair: Pair, shares: tuple[float, float], quantile: str) -> str:
    seen = f"{shares[1]:.2%} of {pair.other.name} failed, and {shares[0]:.2%} of {pair.base.name}"
    limit = f": {quantile} allows a difference of {_allowed(quantile):.2%}"
    return seen + (limit if _hides(shares, quantile) else "")


def _failing(pair: Pair, key: Key) -> tuple[float, float]:
    """The shares of the requests that failed, of those that the figure is of."""
    base, other = (_failed(arm, pair.rounds, key) for arm in pair.arms)
    return base, other


def _failed(arm: Arm, rounds: Sequence[int], key: Key) -> float:
    counts: Counter[str] = Counter()
    for number in rounds:
        for phase in arm.runs[number].phases:
            if phase["name"] == key.phase:
                for step in phase["steps"]:
                    whole = key.metric == "iteration" and key.step in ("", step["scenario"])
                    if whole or label(step, phase["steps"]) == key.step:
                        counts.update(step["requests"]["outcomes"])
    failed = counts.total() - counts["ok"] - counts["timeout"]
    return failed / counts.total() if counts else 0.0
