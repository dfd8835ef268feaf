"""A load that several machines share without hearing of each other: what each must know to take its own part of it,
and when it begins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from loadgen import __version__
from loadgen.clock import MILLISECOND, SECOND, wall
from loadgen.engine.plan import Plan
from loadgen.errors import PlanError
from loadgen.files import read_regular
from loadgen.profile.files import BYTES_LIMIT
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile
from loadgen.result.run import SharedLoad
from loadgen.runner.options import Options
from loadgen.trust.host import steady_offset
from loadgen.trust.timekeeping import clock_error

EARLY = 30 * SECOND  # before the start the workers are made: connections that they open do not lie idle for long


def check_shareable(profile: Profile, plan: Plan) -> None:
    """Raises PlanError for a load that machines cannot share if they do not hear of each other."""
    if profile.target.sandbox:
        raise PlanError(
            "--share: the profile's target is a sandbox, and each machine would start its own. Start one with "
            "`loadgen sandbox`, and name it with --target"
        )
    if profile.workers == "auto":
        raise PlanError(
            "--share: `workers: auto` may be another number on each machine, and then the shares do not fit. Give "
            "--workers N"
        )
    for run in plan.runs[:-1]:
        if not run.fixed:
            raise PlanError(
                f"--share: load.{run.name} ends when its last answer is there, which each machine knows of its own "
                "part only, so that the next phase would not begin at once everywhere. Give the phase `for`, or put it "
                "last"
            )


def instant_of(start_at: int) -> int:
    """The instant of the monotonic clock at which the wall clock, as it goes now, will show `start_at`."""
    return start_at - steady_offset()


def check_in_time(start_at: int) -> None:
    """Raises PlanError if the machine was not ready before the start, so that it cannot begin with the others."""
    if (late := wall() - start_at) >= 0:
        raise PlanError(
            f"--start-at: the workers were ready {late / SECOND:.1f} s after {iso(start_at)}, and the other machines "
            "have begun without this share. Give all of them a later instant"
        )


def shared(options: Options, plan: str) -> SharedLoad | None:
    """What a result says of the part of the load; None if this machine carries out all of it. `plan` is `plan_of`."""
    share, start_at = options.share, options.start_at
    if share.of == 1 or start_at is None:
        return None
    kept, error = clock_error()
    return SharedLoad(
        index=share.index,
        of=share.of,
        start_at=iso(start_at),
        start_at_ns=start_at,
        plan=plan,
        clock_kept=kept,
        clock_error_ms=round(error / MILLISECOND, 3) if error is not None else None,
    )


def ended(part: SharedLoad | None, start: int) -> SharedLoad | None:
    """The same at the end of a load that began at the instant `start`."""
    if part is None or not start:
        return part
    return replace(part, clock_moved_ms=round((start + steady_offset() - part.start_at_ns) / MILLISECOND, 3))


def plan_of(loaded: Loaded, plan: Plan) -> str:
    """What machines that share a load must have alike, in hexadecimal digits. The number of workers is not in it, as
    the run tells it, however it came about. Variables are in it by their names, so
    that it tells nothing of a secret."""
    digest = hashlib.sha256()
    for part in _alike(loaded, plan):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _alike(loaded: Loaded, plan: Plan) -> Iterator[bytes]:
    resolved = {key: value for key, value in loaded.resolved.items() if key != "workers"}
    for known in (__version__, resolved, plan.describe()):
        yield json.dumps(known, sort_keys=True, default=str).encode()
    profile = loaded.profile
    for scenario in (*profile.scenarios, *(stream.scenario for stream in profile.beside)):
        if scenario.data:
            yield json.dumps(scenario.data.rows, default=str).encode()
        for step in scenario.steps:
            if step.file:
                yield read_regular(step.file, BYTES_LIMIT)


def iso(at: int) -> str:
    """An instant of the wall clock, in ns, as ISO 8601 in UTC, to the millisecond unless it has less."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S") + (
        f".{at % SECOND // MILLISECOND:03d}Z" if at % SECOND else "Z"
    )
