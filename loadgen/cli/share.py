"""`--share` and `--start-at`: one machine's part of a load that several share without hearing of each other."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from loadgen.clock import SECOND, wall

if TYPE_CHECKING:
    from loadgen.engine.machine import MachineShare
    from loadgen.profile.load import Loaded

MOST_AHEAD = 24 * 3600 * SECOND  # of a start: what lies further ahead is a slip, or in milliseconds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def share_options(command: Any) -> Any:
    """The two options."""
    share = click.option(
        "--share", metavar="I/N", help="Carry out part I of N of the load; other machines carry out the others."
    )
    start_at = click.option(
        "--start-at",
        metavar="TIME",
        help="Begin the load at this instant: 2026-01-31T12:00:00Z, or seconds since 1970.",
    )
    return share(start_at(command))


def shared_load(
    loaded: Loaded, share: str | None, start_at: str | None, others: dict[str, bool]
) -> tuple[MachineShare, int | None]:
    """This machine's part, and the start in ns of the wall clock; None if it begins as soon as it can. `others` are
    options that no share goes with, and whether they were given. Raises UsageError."""
    from loadgen.engine.machine import WHOLE

    part = WHOLE if share is None else parsed_share(share)
    if part.of > 1:
        if start_at is None:
            raise click.UsageError("--share goes with --start-at: give all machines the same instant")
        if option := next((name for name, given in others.items() if given), None):
            raise click.UsageError(
                f"{option} goes with no --share: machines that do not hear of each other cannot agree"
            )
    if (part.of > 1 or start_at is not None) and loaded.profile.experiment:
        raise click.UsageError("--share and --start-at are for a run by itself. Leave out the profile's experiment")
    return part, None if start_at is None else parsed_start(start_at, wall())


def parsed_share(text: str) -> MachineShare:
    """The value of `--share`. Raises UsageError."""
    from loadgen.engine.machine import MOST, MachineShare

    match = re.fullmatch("([0-9]{1,6})/([0-9]{1,6})", text)
    if match and 1 <= int(match[1]) <= int(match[2]) <= MOST:
        return MachineShare(int(match[1]), int(match[2]))
    raise click.UsageError(
        f"--share: {_shown(text)} is no share. Write I/N, as in 2/8: the second of 8 machines, counted from 1"
    )


def parsed_start(text: str, at: int) -> int:
    """The value of `--start-at` in ns of the wall clock, which shows `at`. Raises UsageError."""
    start = _instant(text)
    if start <= at:
        passed = f"{(at - start) / SECOND:,.1f} s ago"
        raise click.UsageError(f"--start-at: {text} has passed, {passed}. Give all machines the same later instant")
    if start - at > MOST_AHEAD:
        raise click.UsageError(f"--start-at: {text} lies more than a day ahead. Give seconds, not milliseconds")
    return start


def _instant(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        return int(Decimal(text) * SECOND)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"--start-at: {_shown(text)} is no instant. Write 2026-01-31T12:00:00Z, or seconds since 1970"
        ) from None
    if at.tzinfo is None:
        raise click.UsageError(f"--start-at: {text} has no zone. Write {text}Z for UTC, or {text}+01:00")
    return (at - EPOCH) // timedelta(microseconds=1) * 1000


def _shown(text: str) -> str:
    from loadgen.profile.units import quoted

    return quoted(text)
