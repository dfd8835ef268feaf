"""A third clock: what was on the wire and when, as the kernel stamped it. It shares no process with the generator or
its target."""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest
from paths import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench import capture

ROOM = 500_000  # packets


class Exchanged(NamedTuple):
    """A request and its answer on one connection: the client's port, and ns of CLOCK_REALTIME."""

    port: int
    asked: int
    answered: int


class Capture(capture.Capture):
    """Over `device`, with room for the requests of a test. Skips the test where it is not allowed."""

    def __init__(self, port: int, device: str = "lo") -> None:
        try:
            super().__init__(port, ROOM, device)
        except PermissionError:
            pytest.skip("a packet capture takes CAP_NET_RAW")

    def exchanged(self) -> list[Exchanged]:
        """In the order in which they were asked; those without an answer are left out."""
        assert not self.lost, "the ring had no room for all packets"
        return [Exchanged(*each) for each in zip(*(column.tolist() for column in self.exchanges()), strict=True)]
