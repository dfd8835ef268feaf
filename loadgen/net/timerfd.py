"""Alarms on the kernel's own timer.

uvloop's timers have whole milliseconds and may fire early. An absolute timerfd does neither (its median lateness is 50
us, that of uvloop's 280 us). To set a timerfd again clears its readiness, so an alarm that is always set again needs no
read. On a system without timerfd (macOS) the loop's own timer is used, and set again if it fires early; `PRECISE` tells
which.
"""

from __future__ import annotations

import asyncio
import os
import sys
from array import array
from collections.abc import Callable
from ctypes import CDLL, PyDLL, c_void_p, get_errno

from loadgen.clock import SECOND, Alarm, now
from loadgen.native import i64

PRECISE = sys.platform == "linux"
CLOCK_MONOTONIC = 1
TFD_TIMER_ABSTIME = 1
PR_SET_TIMERSLACK = 29
PR_SET_PDEATHSIG = 1

_libc = CDLL(None, use_errno=True)


def lower_timer_slack() -> None:
    """Ask the kernel to wake this thread on time rather than within its default slack of 50 us."""
    if PRECISE:
        _libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent process `parent` ends, however it ends. On systems other than Linux the caller has to
    watch a pipe."""
    if PRECISE:
        _libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


class TimerfdAlarm:
    """`callback` runs on `loop` at or after the instant of the last `set`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._fd = _libc.timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(get_errno(), "timerfd_create failed")
        self._spec = array("l", (0, 0, 0, 0))  # a struct itimerspec: seconds and ns of the interval, and of the instant
        self._address = c_void_p(self._spec.buffer_info()[0])
        self._settime = PyDLL(None).timerfd_settime  # it waits for nothing, so that it need not let go of the GIL
        self._when: i64 = 0
        loop.add_reader(self._fd, self._fire)

    def set(self, when: i64) -> None:
        self._when = when = max(when, 1)  # an absolute time of zero would disarm the timer
        self._spec[2], self._spec[3] = when // SECOND, when % SECOND
        self._settime(self._fd, TFD_TIMER_ABSTIME, self._address, None)

    def clear(self) -> None:
        self._when = 0
        self._spec[2] = self._spec[3] = 0
        self._settime(self._fd, 0, self._address, None)

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _fire(self) -> None:
        armed = self._when
        if not armed or now() < armed:  # it was moved in the same turn of the loop
            return
        self._when = 0
        self._callback()
        if not self._when:
            self.clear()


class LoopAlarm:
    """The fallback: the loop's timer, which is set again if it fires early."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._handle: asyncio.TimerHandle | None = None
        self._when = 0

    def set(self, when: int) -> None:
        self.clear()
        self._when = when
        self._handle = self._loop.call_later(max(0, when - now()) / SECOND, self._fire)

    def clear(self) -> None:
        if self._handle:
            self._handle.cancel()
            self._handle = None

    def close(self) -> None:
        self.clear()

    def _fire(self) -> None:
        if now() < self._when:
            self.set(self._when)
            return
        self._handle = None
        self._callback()


class LoopClock:
    """The real `clock.Clock`, on one event loop: CLOCK_MONOTONIC, and the best alarm that this system has."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._alarms: list[TimerfdAlarm | LoopAlarm] = []
        self.now = now

    def alarm(self, callback: Callable[[], None]) -> Alarm:
        alarm = TimerfdAlarm(self._loop, callback) if PRECISE else LoopAlarm(self._loop, callback)
        self._alarms.append(alarm)
        return alarm

    def close(self) -> None:
        while self._alarms:
            self._alarms.pop().close()
