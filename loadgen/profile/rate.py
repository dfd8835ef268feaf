"""The shapes of an open load: how the rate of iterations changes over the time of a phase.

All of a shape is in this module: how it is written, its arithmetic, its words. To add one, derive from `Rate` and put
it into `SHAPES`. The code that paces, plans, checks and reports a load asks the shape.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import astuple, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from loadgen.clock import SECOND
from loadgen.profile.units import RATE_PATTERN, format_rate, quoted, rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Times = TypeVar("Times", float, "Floats")


class Rate(ABC):
    """A frozen dataclass of rates per second and times in ns. A time is counted from the beginning of a phase that
    takes `lasts` ns; it may be an array of times."""

    name: ClassVar[str] = ""
    """The word before the bracket in its text: `name(...)`. Empty for the one shape that has no such word."""
    pattern: ClassVar[str]
    """The pattern of its text, as a regular expression of JSON Schema."""
    words: ClassVar[str]
    """How it is written, for the description of the key."""

    @classmethod
    @abstractmethod
    def read(cls, text: str) -> Self:
        """The rate that `text` is. Raises ValueError."""

    @abstractmethod
    def __str__(self) -> str:
        """As it is written; `read` reads it back."""

    @property
    @abstractmethod
    def steady(self) -> bool:
        """Whether it never changes, so that a number of iterations can end the phase."""

    @property
    @abstractmethod
    def highest(self) -> float: ...

    @abstractmethod
    def at(self, time: Times, lasts: int) -> Times:
        """The rate at `time`."""

    @abstractmethod
    def count(self, time: Times, lasts: int) -> Times:
        """The expected number of arrivals by `time`: the area under the rate."""

    @abstractmethod
    def reached(self, count: Floats, lasts: int) -> Floats:
        """When `count` arrivals are reached, in ns: the inverse of `count`, in closed form."""

    @abstractmethod
    def scaled(self, factor: Fraction) -> Self:
        """The same shape, with every rate multiplied by `factor`."""

    def mean(self, lasts: int) -> float:
        """The mean rate per second."""
        return self.count(float(lasts), lasts) * SECOND / lasts

    @staticmethod
    def parse(text: str) -> Rate:
        """`200/s`, `200/s..2000/s`, or the text of another shape. Raises ValueError, also where nothing would ever
        start."""
        value = SHAPES.get(text.partition("(")[0].strip(), LinearRate).read(text)
        if not value.highest:
            raise ValueError(f"{quoted(text)} starts nothing: expected more than 0/s, at one end of a ramp at least")
        return value

    def describe(self) -> list[Any]:
        """As plain data, from which `from_description` makes it again, to the last digit."""
        return [*filter(None, (self.name,)), *astuple(self)]  # type: ignore[call-overload]

    @staticmethod
    def from_description(values: list[Any]) -> Rate:
        """Raises ValueError or TypeError for what `describe` did not write."""
        match values:
            case [str(name), *fields] if name in SHAPES:
                return SHAPES[name](*fields)
        return LinearRate(*values)


@dataclass(frozen=True, slots=True)
class LinearRate(Rate):
    """A rate that changes evenly from `start` to `end`. Both are equal unless it is a ramp."""

    pattern: ClassVar[str] = rf"{RATE_PATTERN}(?:\.\.{RATE_PATTERN})?"
    words: ClassVar[str] = "200/s, or a ramp 200/s..2000/s"

    start: float
    end: float

    @classmethod
    def read(cls, text: str) -> Self:
        start, _, end = text.partition("..")
        return cls(rate(start), rate(end or start))

    def __str__(self) -> str:
        return format_rate(self.start) if self.steady else f"{format_rate(self.start)}..{format_rate(self.end)}"

    @property
    def steady(self) -> bool:
        return self.start == self.end

    @property
    def highest(self) -> float:
        return max(self.start, self.end)

    def at(self, time: Times, lasts: int) -> Times:
        passed = time / lasts
        return self.start * (1 - passed) + self.end * passed  # exact at both ends

    def count(self, time: Times, lasts: int) -> Times:
        return (self.start + self.at(time, lasts)) / 2 * time / SECOND

    def mean(self, lasts: int) -> float:
        return (self.start + self.end) / 2

    def reached(self, count: Floats, lasts: int) -> Floats:
        import numpy as np  # takes longer than to read a profile, which is all that some commands do

        if self.steady:
            return count * SECOND / self.start
        # the root of C(t) = u in the form that loses no digits when the slope is small or r0 is 0
        slope = (self.end - self.start) / (lasts / SECOND)
        root = np.sqrt(np.maximum(self.start**2 + 2 * slope * count, 0.0))
        with np.errstate(invalid="ignore"):
            seconds = np.where(count > 0, 2 * count / (self.start + root), 0.0)
        return seconds * SECOND

    def scaled(self, factor: Fraction) -> Self:
        """Exact: a rate divided by 3, not a rate multiplied by a rounded third."""
        start, end = (value * factor.numerator / factor.denominator for value in (self.start, self.end))
        return type(self)(start, end)


SHAPES: dict[str, type[Rate]] = {shape.name: shape for shape in (LinearRate,)}
