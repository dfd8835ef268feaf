"""Which machine this is, and whether its wall clock was set."""

from __future__ import annotations

import json
from dataclasses import astuple

import pytest

from loadgen.clock import MILLISECOND, SECOND
from loadgen.result.codec import from_json, to_json
from loadgen.result.selftest import MachineLimits
from loadgen.selftest import machine


def test_a_step_of_the_wall_clock_is_seen_and_slewing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    at, offset = [0], [0]

    def now() -> int:
        at[0] += 25
        return at[0]

    monkeypatch.setattr(machine, "now", now)
    monkeypatch.setattr(machine.host, "steady_offset", lambda: offset[0])
    clocks = machine.Clocks()
    for moved in (2 * MILLISECOND, 0, -50 * MILLISECOND):
        at[0] += 5 * SECOND
        offset[0] += moved
        clocks.look()
    clock = clocks.check()
    assert (clock.steps, round(clock.largest_step_ms)) == (1, 50)
    assert round(clock.drift_ms) == 2
    assert clock.resolution_ns == 25


def test_a_machine_is_told_apart_by_what_its_speed_depends_on() -> None:
    own = machine.fingerprint()
    assert own == machine.fingerprint()
    assert all(astuple(own))
    limits = machine.limits()
    assert from_json(MachineLimits, json.loads(json.dumps(to_json(limits)))) == limits
