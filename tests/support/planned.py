"""What `loadgen check` has of a plan."""

from __future__ import annotations

from loadgen.result.check import CheckResult, PlannedConnections, PlannedPhase, PlannedTarget, TailTime
from loadgen.result.run import PlannedRate
from loadgen.result.selftest import Ports

PHASE = PlannedPhase(
    name="steady",
    cycle=0,
    kind="open",
    measured=True,
    rate=PlannedRate(200, 200),
    arrivals="poisson",
    users=None,
    seconds=5.0,
    iterations=958,
    rarest=None,
    quantiles=("p50", "p99"),
    sharp=(
        TailTime("p99", 38032, 190.16, False, 8.0),
        TailTime("p99.9", 383776, 3840000.0, False, 5.0),
        TailTime("p99.99", 3841216, 1.0, True),
    ),
    requests=958,
)


def plan(*phases: PlannedPhase) -> CheckResult:
    return CheckResult(
        name="p",
        target=PlannedTarget("http://127.0.0.1:9", False, None),
        addresses=("127.0.0.1",),
        unusable=None,
        on_aws=False,
        client="wire",
        session="shared",
        workers=1,
        seconds=5.0,
        phases=phases,
        requests=(),
        connections=PlannedConnections(19936, 64, 0),
        in_flight_limit=100_000,
        descriptors=20_000,
        ports=Ports(28232, 14263, True),
        setup=None,
        cost=None,
        thresholds={},
        witness=None,
        experiment=None,
    )
