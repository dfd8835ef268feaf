"""`trust.timekeeping`: what the kernel says of this machine's clock."""

from __future__ import annotations

import struct

import pytest

from loadgen.trust import timekeeping
from loadgen.trust.timekeeping import clock_error, told


def timex(most: int, status: int) -> bytes:
    return struct.pack("@Iqqqqi", 0, 0, 0, most, 0, status).ljust(256, b"\0")


def test_a_clock_that_is_kept_is_off_by_at_most_what_the_keeper_says() -> None:
    assert told(timex(1500, 0x2001)) == (True, 1_500_000)


def test_of_one_that_nobody_keeps_nothing_is_known() -> None:
    assert told(timex(16_000_000, 0x40)) == (False, None)


def test_another_system_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping.sys, "platform", "darwin")
    assert clock_error() == (None, None)


def test_this_system_says_something_or_nothing() -> None:
    kept, error = clock_error()
    assert error is None or (kept and error >= 0)
