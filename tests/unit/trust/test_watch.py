"""What the verdict gets to see: the phase that is worst, and whether everything that finished was timed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from engine_harness import Run, always
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_runs import random_run

from loadgen.analysis.conclusion import tails, untimed
from loadgen.clock import MILLISECOND, SECOND, VirtualClock
from loadgen.record.ledger import ITERATIONS, STARTED, UNSENT_LIMIT, Ledger
from loadgen.record.metrics import Metric
from loadgen.result.reason import Reason
from loadgen.stats import Histogram
from loadgen.trust import host
from loadgen.trust import watch as watching
from loadgen.trust.evidence import Evidence
from loadgen.trust.health import GREATEST, SUMMED, Health
from loadgen.trust.verdict import judge
from loadgen.trust.watch import HostFigures, HostWatch, Tail, evidence_of, worst_of

LONG = 100_000


def values(count: int, each: int, late: int = 0, tail: int = 0) -> Histogram:
    """`count` times of `each` ns, but for `late` of them, which are `tail`."""
    return Histogram.of(np.array([each] * (count - late) + [tail] * late, np.int64))


def evidence(*phases: Tail) -> Evidence:
    return evidence_of(Ledger.in_memory(1, 1), list(phases), Health())


def verdict(signal: str, seen: Evidence) -> str:
    return next(finding.verdict.name for finding in judge(seen) if finding.signal == signal)


QUIET = Tail(values(LONG, 50_000), values(LONG, 20_000), values(LONG, 10 * MILLISECOND))


@pytest.mark.parametrize("count", [100, 999, 1000, 5000])
def test_a_late_phase_is_seen_behind_a_long_one(count: int) -> None:
    late = 60 * MILLISECOND
    short = Tail(values(count, late), values(count, 20_000), values(count, 80 * MILLISECOND))
    seen = evidence(QUIET, short, QUIET)
    assert verdict("lag", seen) == "INVALID"
    assert verdict("client delay", seen) == "VALID"
    assert (seen.lag_p99, seen.response_p999) == (late, 80 * MILLISECOND)
    assert (seen.lag_p999 is None) == (count < 1000)


def test_a_handful_of_requests_makes_no_phase_late() -> None:
    assert verdict("lag", evidence(QUIET, Tail(values(50, 9 * MILLISECOND), Histogram(), values(50, 10**7)))) == "VALID"


def test_what_is_late_in_few_is_seen_in_all_together() -> None:
    phases = [Tail(values(90, MILLISECOND, 2, 70 * MILLISECOND), Histogram(), values(90, 10**7)) for _ in range(20)]
    assert verdict("lag", evidence(*phases)) == "INVALID"


def test_answers_read_late_are_seen_in_a_closed_load() -> None:
    late = values(LONG, 20_000, LONG // 50, 30 * MILLISECOND)
    assert verdict("client delay", evidence(Tail(Histogram(), late, values(LONG, 10**7)))) == "INVALID"


def test_the_busiest_worker_is_named_and_how_often_all_had_to_make_way() -> None:
    health = Health()
    figures = dict.fromkeys((*SUMMED, *GREATEST, "loop_lag_p99"), 0)
    for second, used in enumerate((0.2, 0.9, 0.3)):
        for worker, share in ((0, used / 2), (4, used)):
            health.add({**figures, "elapsed": SECOND, "cpu": round(share * SECOND), "worker": worker, "second": second,
                        "preemptions": 3 * worker})  # fmt: skip
    seen = evidence_of(Ledger.in_memory(1, 1), [], health)
    assert (seen.busiest, seen.core_use, seen.preemptions) == (4, 0.9, 6)
    observed = next(finding.observed for finding in judge(seen) if finding.signal == "core use")
    assert observed == Reason.of("core_use", share=0.9, worker=4)


def test_nothing_measured_is_nothing_late() -> None:
    seen = evidence()
    assert (seen.lag_p99, seen.delay_p99) == (None, None)
    assert seen == evidence(Tail(), Tail())


def test_what_was_not_looked_at_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that died left nothing of the host's; a system without /proc has nothing to tell."""
    died = evidence()
    assert (died.core_use, died.steal, died.throttled, died.ports) == (None, None, None, None)
    monkeypatch.setattr(host, "_read", lambda path: "")
    watch = HostWatch()
    watch.look(Ledger.in_memory(1, 1))
    seen = evidence_of(Ledger.in_memory(1, 1), [], Health(), watch.figures(True))
    assert (seen.steal, seen.throttled, seen.ports) == (None, None, 0)


def test_the_load_of_the_worst_ten_seconds() -> None:
    """Twelve seconds of 20 a second; in one of them half was not started, and so much was missing in ten of them."""
    watch, totals = HostWatch(), Ledger.in_memory(2, 1)
    for second in range(12):
        limited = 10 if second == 1 else 0
        totals.iterations[len(ITERATIONS) + STARTED] += 20 - limited
        totals.iterations[UNSENT_LIMIT] += limited
        watch.look(totals)
        assert watch.figures(True).missing == (0.05 if second >= 9 else 0)


@pytest.mark.parametrize(("moved", "step"), [(400_000, 0), (600_000, 100_000), (-3_000_000, 2_500_000)])
def test_a_clock_that_is_set_is_seen_and_one_that_is_kept_is_not(
    moved: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, offsets = VirtualClock(), [0, moved]
    monkeypatch.setattr(watching, "now", clock.now)
    monkeypatch.setattr(watching, "steady_offset", lambda: offsets.pop(0))
    watch = HostWatch()
    clock.advance(SECOND)
    watch.look(Ledger.in_memory(1, 1))
    assert watch.figures(True).clock_step == step


FILES = {
    "/proc/self/cgroup": "4:memory:/other\n2:cpu,cpuacct:/a/b\n0::/x/y\n",
    "/sys/fs/cgroup/x/y/cpu.stat": "usage_usec 5\nnr_throttled 3\n",
    "/sys/fs/cgroup/x/cpu.stat": "nr_throttled 4\n",
    "/sys/fs/cgroup/cpu/a/cpu.stat": "nr_throttled 10\n",
    "/sys/fs/cgroup/x/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/x/y/cpu.pressure": "some avg10=0.00 total=1234\nfull avg10=0.00 total=9\n",
    "/proc/pressure/cpu": "some avg10=0.00 total=99\n",
}


def test_the_quota_of_each_group_around_the_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_read", lambda path: FILES.get(path, ""))
    assert host.quota() == 1.5
    assert (host.Ticks.read().throttled, host.Ticks.read().pressed) == (17, 1_234_000)
    monkeypatch.setattr(host, "_read", lambda path: FILES[path] if path == "/proc/pressure/cpu" else "")
    assert (host.quota(), host.Ticks.read().throttled, host.Ticks.read().pressed) == (None, 0, 99_000)


def test_tails_are_of_measured_phases_and_what_was_late_is_a_part_of() -> None:
    load = [
        {"name": "warm", "rate": "100/s", "for": "1s", "measure": False},
        {"name": "open", "rate": "100/s", "for": "1s"},
        {"name": "closed", "users": 2, "for": "1s"},
    ]
    run = Run({"load": load}, always(after=9 * MILLISECOND, client_delay=MILLISECOND)).go()
    opened, closed = tails(run.plan, run.recording)
    assert opened.lag.count == opened.delay.count == opened.whole.count == len(run.of(1))
    assert (closed.lag.count, closed.delay.count) == (0, len(run.of(2)))
    assert closed.whole.most == 10 * MILLISECOND
    assert closed.delay.least == opened.delay.most == MILLISECOND
    (of_open,), (of_closed,) = opened.steps.items(), closed.steps.items()
    assert (of_open[0], of_open[1].count) == (("open", 1, ""), len(run.of(1)))
    assert (of_closed[0], of_closed[1].count) == (("closed", 1, ""), len(run.of(2)))


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_finished_was_timed(seed: int) -> None:
    run = random_run(Random(seed))
    assert untimed(run.ledger, run.recording) == 0


def test_what_is_not_timed_is_missed() -> None:
    run = Run({"load": [{"name": "a", "rate": "100/s", "for": "1s"}]}, always()).go()
    lost = [place for place in run.recording.histograms if place[1] == Metric.SIGN]
    gone = sum(run.recording.histograms.pop(place).count for place in lost)
    assert untimed(run.ledger, run.recording) == gone == len(run.exchanges)


def test_of_several_machines_the_worst_of_each_figure_is_told_with_whose_it_is() -> None:
    quiet = HostFigures(steal=0.0, throttled=0, resting_ports=10, ports=1000, pressure=0.1, clock_step=0)
    stolen = replace(quiet, steal=0.2, ports=None)
    full = replace(quiet, throttled=7, resting_ports=900, steal=None)
    worst, of = worst_of({1: quiet, 2: stolen, 3: full})
    assert (worst.steal, worst.throttled, worst.resting_ports, worst.ports) == (0.2, 7, 900, 1000)
    assert (of["steal"], of["quota"], of["ports"], of["CPU pressure"]) == (2, 3, 3, 1)
    assert worst_of({}) == (HostFigures(), {})
