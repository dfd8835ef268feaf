"""A command, called in this process: its exit status and what it printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Called(NamedTuple):
    status: int
    out: str
    err: str


Loadgen = Callable[..., Called]
