"""Before a run: how it compares with this machine's last self-test, and what that says of the machine."""

from __future__ import annotations

from datetime import UTC, datetime

from loadgen.clock import SECOND, wall
from loadgen.profile.load import Loaded
from loadgen.result.check import Standing, TrustedRate
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.runner.limits import workers_for
from loadgen.selftest import machine
from loadgen.selftest.state import last_selftest
from loadgen.selftest.trusted import scheme_of


def known_resolution() -> Resolution | None:
    """This machine's resolution by its last self-test; None if there is none, or if it no longer holds."""
    trusted, _ = last_selftest()
    return trusted.resolution(machine.boot(), datetime.fromtimestamp(wall() / SECOND, UTC)) if trusted else None


def standing(loaded: Loaded) -> Standing:
    """Where the run, with each of its variants, stands against the last self-test."""
    trusted, problem = last_selftest()
    if trusted is None:
        return Standing(None, problem, ())
    scheme = scheme_of(loaded.profile)
    ceiling = trusted.rates.get(scheme)
    rate = TrustedRate(trusted.day, scheme, ceiling.rate if ceiling else None, bool(ceiling and ceiling.at_least))
    profiles = [variant.profile for variant in loaded.variants]
    warnings: list[Reason] = []
    for profile in profiles:
        given = trusted.warnings(profile, workers_for(profile))
        warnings += [warning for warning in given if warning not in warnings]
    return Standing(rate, problem, tuple(warnings))
