"""The messages between a fleet and an aggregator, as those in `messages`. They are in a file of their own because the
others bring the whole profile along, which takes half a second to import."""

from __future__ import annotations

from dataclasses import dataclass, field

from loadgen.record.recorder import Batch, SeriesKey, Timing
from loadgen.record.recording import Recording

# to an aggregator


@dataclass(frozen=True, slots=True)
class Begin:
    """The load begins at the instant `origin`; on the clocks of workers, at those of `origins`."""

    origin: int
    origins: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """What the series `number` in the worker's batches stands for."""

    worker: int
    number: int
    key: SeriesKey
    timing: Timing


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the worker recorded."""

    worker: int
    batch: Batch


@dataclass(frozen=True, slots=True)
class HandIn:
    """Hand in the counts of what was recorded since the last such message."""


ToAggregator = Begin | Named | Recorded | HandIn


# from an aggregator


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer to `HandIn`."""

    recording: Recording


FromAggregator = Counted
