"""A wave of cold starts: what the answers of a phase tell of it, second by second, and how long it was felt."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.result.codec import item


@dataclass(frozen=True, slots=True)
class WaveSecond:
    """What was due in one second of a phase."""

    at_s: int = item("the second, from the start of the load", "s")
    sent: int = item("the requests that were due in it")
    told: int = item("the ok answers to them that tell whether they were cold starts")
    cold: int = item("those of them that were")
    environments: int = item("the cold starts of the phase until the end of the second")
    throttled: dict[str, int] = item("the requests that were throttled, by reason")
    beyond: int | None = item(
        "the answers and timeouts beyond the interval of the phase before; null if there is no such interval"
    )
    answered: int | None = item(
        "the environments that had answered in the phase, to requests that were due until the end of the second; null "
        "if answers do not tell which environment they are of",
        omit=True,
        default=None,
    )


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long the p99 was beyond its interval in the phase before. A second is beyond it if more of its requests are
    beyond the upper end than chance allows where 1 % are expected: in one of a hundred seconds."""

    before: str = item("the name of the phase before")
    low_ms: float = item("the lower end of the interval of its p99; of several steps, of the first", "ms")
    high_ms: float = item("the upper end", "ms")
    beyond_s: int = item("the number of seconds that were beyond it", "s")
    after_s: float | None = item(
        "the time from the beginning of the phase until the last such second was over; null if the phase ended "
        "with one",
        "s",
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """The environments of a phase, as its ok answers tell them."""

    environments: int = item("the environments that answered")
    new: int = item("those of them that had answered in no earlier phase, in no warm-up either")
    more: bool = item("whether there were more than loadgen tells apart, so that both numbers are too small")


@dataclass(frozen=True, slots=True)
class ColdWave:
    """The cold starts of a phase, as its answers tell them."""

    told: int = item("the ok answers that tell whether they were cold starts")
    cold: int = item("those that were: each is the first of an environment")
    last_cold_s: float | None = item(
        "the time from the beginning of the phase until the second of the last cold start was over; null if none was",
        "s",
    )
    throttled: dict[str, int] = item("the requests of the phase that were throttled, by reason")
    recovery: Recovery | None = item(
        "how long the p99 was beyond its interval in the phase before; null if that has none, or if either has no rate"
    )
    seconds: tuple[WaveSecond, ...] = item(
        "the seconds of the phase until cold starts, throttles and a p99 beyond the interval were over, and as many "
        "again, two at least; 180 at most"
    )
    answered: Answered | None = item(
        "the environments that answered; null if answers do not tell which environment they are of",
        omit=True,
        default=None,
    )

    @property
    def share(self) -> float:
        """The share of the answers that were cold starts."""
        return self.cold / self.told if self.told else 0.0
