"""Whether a machine can carry the plan out. It is checked before the run, so that ports and file descriptors do not
run out during it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.errors import PlanError
from loadgen.profile.model import Profile
from loadgen.trust.host import RESERVE, TIME_WAIT_SECONDS, Ports, Room, cpus

IN_FLIGHT = 100_000  # iterations open at once, unless the profile says; about 1 kB each
PREOPEN = 64  # connections a shared session starts with at the most, unless the profile caps it
RATE_PER_WORKER = 15_000  # what one worker is asked for by `workers: auto`
GRID = 1_000_000  # pieces at the most that a plan's time is cut into


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers to run with, over all workers; of several machines, over those of all. `workers` are this machine's
    own."""

    workers: int
    connections: int
    preopen: int
    in_flight: int


def workers_for(profile: Profile, machines: int = 1, cores: int | None = None) -> int:
    """As many as the profile says, on each of the machines. `auto`: as many as the rate needs, a core left to the
    sandbox, no more than the CPU quota. `cores` are those of each machine; None: this one's."""
    if profile.workers != "auto":
        return profile.workers
    highest = max((phase.rate.highest for phase in profile.load if phase.rate), default=0.0)
    wanted = max(1, -(-int(highest) // (RATE_PER_WORKER * machines)))
    cores = cores or cpus()
    if any(phase.closed for phase in profile.load):
        wanted = cores
    available = cores - (1 if profile.target.sandbox else 0)
    return max(1, min(wanted, available, (profile.session.connections or available * machines) // machines))


def limits(
    profile: Profile, workers: int, addresses: int, loopback: bool, machines: int = 1, room: Room | None = None
) -> Limits:
    """The limits to run with on one of so many machines alike, which has that room (None: this one has). Raises
    PlanError if its part of the plan would exhaust its ports or descriptors."""
    room = room or Room.here()
    each, every = room.descriptors - RESERVE, workers * machines
    cap = profile.session.connections
    if each < 1 or (cap and -(-cap // every) > each):
        raise PlanError(
            f"session.connections: {cap or 1:,} connections need more descriptors than the {room.descriptors:,} a "
            f"process may have. Raise ulimit -n, or lower session.connections"
        )
    check_cap(profile, every)
    _check_ports(profile, cap and -(-cap // machines), addresses, loopback, machines, room.ports)
    # with more than half of the ports in use, the kernel takes long to find a free one: 1 ms for a connect instead of
    # 40 us
    connections = cap or machines * min(each * workers, room.ports.count * addresses // 2)
    return Limits(workers, connections, _preopen(profile, connections), profile.in_flight_limit or machines * IN_FLIGHT)


def check_cap(profile: Profile, workers: int) -> None:
    """Raises PlanError if the profile allows fewer connections than there are workers, on all machines."""
    cap = profile.session.connections
    if cap and cap < workers:
        raise PlanError(
            f"session.connections: {cap} cannot be shared by {workers} workers. Set workers to at most {cap}"
        )


def _preopen(profile: Profile, connections: int) -> int:
    """How many connections a shared session opens before the load: all of them if the profile gives their number, else
    as many as `PREOPEN`."""
    if profile.session.reuse != "shared":
        return 0
    if profile.session.connections:
        return connections
    users = max((phase.users or 0 for phase in profile.load), default=0)
    others = 0 if all(phase.closed for phase in profile.load) else PREOPEN
    return min(connections, max(users, others))


def _check_ports(
    profile: Profile, cap: int | None, addresses: int, loopback: bool, machines: int, ports: Ports
) -> None:
    """`cap` is one machine's part, and `ports` are its own."""
    reused = loopback and ports.reused_on_loopback
    free = max(0, ports.count - (0 if reused else ports.time_wait)) * addresses
    if cap and cap > free:
        raise PlanError(f"session.connections: {cap:,} connections need more ports than the {free:,} that are free")
    if profile.session.reuse == "shared" or reused:
        return
    opened = -(-new_connections(profile) // machines)
    if opened > free:
        raise PlanError(
            f"session.reuse: {profile.session.reuse} would open {opened:,} connections within {TIME_WAIT_SECONDS} s, "
            f"and only {free:,} ports are free (a closed one rests for {TIME_WAIT_SECONDS} s): "
            f"about {free / TIME_WAIT_SECONDS:,.0f}/s can be held. Lower the rate, shorten the phases, give "
            "session.bind more addresses, or widen net.ipv4.ip_local_port_range"
        )


def new_connections(profile: Profile) -> int:
    """How many connections are opened in the busiest minute, over all phases, as far as the rates tell."""
    runs = Plan.of(profile).runs
    total = sum(run.duration or 0 for run in runs) / SECOND
    step = max(1.0, total / GRID)  # seconds
    started = np.zeros(int(total / step) + 2)
    at = 0.0
    for run in runs:
        duration = run.duration or 0  # a phase without a planned end may end at once
        lasts = duration / SECOND
        if run.phase.at_once:
            started[int(at / step)] += run.phase.at_once
        elif rate := run.phase.rate:
            first, last = int(at / step), int((at + lasts) / step) + 1
            within = np.clip(np.arange(first, last + 1) * step - at, 0, lasts) * SECOND
            started[first:last] += np.diff(rate.count(within, duration))
        at += lasts
    minute = math.ceil(TIME_WAIT_SECONDS / step)
    reached = np.concatenate((np.zeros(1), np.cumsum(started), np.full(minute, started.sum())))
    return round(float((reached[minute:] - reached[:-minute]).max()) * _connections_each(profile))


def _connections_each(profile: Profile) -> float:
    """The mean number of connections that an iteration opens."""
    if profile.session.reuse == "per-iteration":
        return 1
    weights = sum(scenario.weight for scenario in profile.scenarios)
    return sum(scenario.weight * len(scenario.steps) for scenario in profile.scenarios) / weights
