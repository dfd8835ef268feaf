"""Runs that go on, as a display is told of them."""

from __future__ import annotations

from dataclasses import replace

from loadgen.result.reason import Reason
from loadgen.result.run import TrustSignal
from loadgen.runner.course import Point, Second
from loadgen.runner.progress import PlannedPhase, Position, Progress, Worker

PHASES = (
    PlannedPhase("warm-up", 5.0, (200.0, 200.0)),
    PlannedPhase("steady", 5.0, (200.0, 200.0)),
    PlannedPhase("burst", 3.0, (2000.0, 2000.0)),
    PlannedPhase("steady", 5.0, (200.0, 500.0)),
    PlannedPhase("burst", 3.0, (2000.0, 2000.0)),
)
SIGNALS = (
    TrustSignal("lag", "VALID", Reason.of("lag", p99_ms=0.05, p999_ms=0.2), "VALID", False),
    TrustSignal("core use", "DEGRADED", Reason.of("core_use", share=0.71, worker=3), "DEGRADED", False),
    TrustSignal("quota", "INVALID", Reason.of("quota", periods=4), "INVALID", False),
    TrustSignal("clock", "VALID", Reason.of("clock", step_ms=0.0), "VALID", False),
)
BURST = Progress(
    phase="burst",
    cycle=1,
    cycles=2,
    phases=PHASES,
    phase_number=2,
    elapsed_s=12.0,
    total_s=21.0,
    planned=24_916,
    started=6_000,
    sent=6_000,
    in_flight=57,
    ok=5_900,
    failed={"timeout": 4, "throttled": 31},
    rate_planned=2000.0,
    rate_now=1998.2,
    p50_ms=28.2,
    p99_ms=346.0,
    workers=2,
    state="running",
    max_ms=1234.0,
    name="burst",
    target="http://127.0.0.1:8080/",
    seconds=tuple(
        Second(200.0 if second < 10 else 2000.0, 200.0, 100.0 * second, 3.0 * (second > 10), second, 28.0, 60.0, 346.0)
        for second in range(12)
    ),
    points=(Point(0.0, 0, 0), *(Point(float(at), 200 * at, 200 * at) for at in range(1, 11)), Point(12.0, 6000, 6000)),
    by_worker=(Worker(0.34, 30), Worker(0.36, 27)),
    trust=SIGNALS,
)
POSITION = Position(
    round=2,
    rounds=6,
    variant="fresh",
    now=("fresh",),
    next=("shared",),
    next_round=3,
    verdicts=(("shared", ("VALID", "VALID")), ("fresh", ("DEGRADED", "")), ("resumed", ("INVALID", "VALID"))),
    left_s=240.0,
)
EXPERIMENT = replace(BURST, position=POSITION)
PREPARING = replace(
    BURST, phase="warm-up", phase_number=0, elapsed_s=0.0, started=0, sent=0, in_flight=0, ok=0, failed={},
    rate_planned=None, rate_now=None, p50_ms=None, p99_ms=None, max_ms=None, state="preparing", seconds=(), points=(),
    by_worker=(), trust=None,
)  # fmt: skip
CLOSED = replace(PREPARING, phases=(PlannedPhase("users", None),), phase="users", total_s=None, planned=None)
