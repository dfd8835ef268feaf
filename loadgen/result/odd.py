"""The requests of a step by group, for example by worker, and the one group that differs from all others."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.result.codec import item
from loadgen.result.latency import Latency


@dataclass(frozen=True, slots=True)
class OfWorker:
    """The requests of a step that one worker sent."""

    worker: int = item("the worker's number, from 0")
    latency: Latency = item("the times of these requests: the response, or in a closed load the service")


@dataclass(frozen=True, slots=True)
class OfAddress:
    """The requests of a step that went to one address of the target."""

    address: str = item("the address")
    latency: Latency = item("the times of these requests: the response, or in a closed load the service")


@dataclass(frozen=True, slots=True)
class Tail:
    """The part of a step in the slowest hundredth of its phase. A timeout counts as long as it was waited for."""

    limit: float = item("the p99 of all steps of the phase together", "ms")
    beyond: int = item("the number of the step's requests that are slower than that")
    of: int = item("the number of requests of all steps that are")


@dataclass(frozen=True, slots=True)
class Odd:
    """One group of requests that differs from all others."""

    name: str = item(
        "the group's name: of a worker its number, of an address itself, of a key and of a step its number, from 0"
    )
    quantile: str = item("the percentile by which it differs")
    value: float = item("this percentile of the group; a timeout counts as long as it was waited for", "ms")
    others_low: float = item("the smallest such percentile of the other groups", "ms")
    others_high: float = item("the greatest such percentile of the other groups", "ms")
    timeouts: int = item("the timeouts that this percentile lies among, so that it is greater; 0 if it does not")
