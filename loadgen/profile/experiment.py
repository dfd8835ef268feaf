"""An experiment: ways to run the same profile, and how they are compared."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from loadgen.profile import steps, units
from loadgen.profile.part import Duration, Flag, FromText, Name, Part, complaint, did_you_mean, whole
from loadgen.profile.placeholders import NAME
from loadgen.profile.units import quoted
from loadgen.profile.values import LATENCIES

MOST_VARIANTS = 64
MARGIN = 0.05
SECOND = units.DURATIONS["s"]
_PRIMARY = re.compile(r"(\S+)(?: (\S+))? ([a-z_]+) (p[0-9]{1,2}(?:\.[0-9]{1,6})?|mean)")


@dataclass(frozen=True, slots=True)
class Primary:
    """The one figure that the verdict is about: a phase, a step if there are several, a latency and a quantile."""

    phase: str
    step: str
    metric: str
    quantile: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`burst response p99`, `burst put response p99`. Raises ValueError."""
        match = _PRIMARY.fullmatch(text.strip())
        if not match or match[3] not in LATENCIES:
            raise ValueError(
                f"{quoted(text)} is not a figure: expected PHASE [STEP] LATENCY QUANTILE, for example 'burst response "
                f"p99'; latencies are {', '.join(LATENCIES)}"
            )
        phase, step, metric, quantile = match.groups()
        return cls(phase, step or "", metric, quantile, text.strip())


def _rounds(value: object) -> tuple[int, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    looks = tuple(int(str(whole(item))) for item in listed)
    if not looks or any(not 1 <= look <= 1000 for look in looks) or list(looks) != sorted(set(looks)):
        raise ValueError(
            f"{quoted(value)} is not a number of rounds: expected from 1 to 1000, or planned looks such as [10, 20]"
        )
    return looks


def _axis(value: object) -> object:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{quoted(value)} is not an axis: expected a list of values, or for example {steps.EXAMPLE}")
    return value


def _axis_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{quoted(name)} is not a name: expected letters, digits, '-' and '_', not a digit first")
    return name


Rounds = Annotated[
    tuple[int, ...],
    PlainValidator(_rounds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 1000},
                {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 1000}, "minItems": 1},
            ]
        }
    ),
]
PRIMARY_PATTERN = r"\S+( \S+)? [a-z_]+ (p[0-9.]+|mean)"
PrimaryText = Annotated[Primary, FromText(Primary.parse, PRIMARY_PATTERN, "burst response p99")]
Axis = Annotated[
    list[Any],
    BeforeValidator(_axis),
    WithJsonSchema(
        {"anyOf": [{"type": "array", "items": {}, "minItems": 1}, {"type": "string", "pattern": f"^{steps.PATTERN}$"}]}
    ),
]


class Experiment(Part):
    """Variants of the profile, and how they are compared. In each round every variant runs once, with the same
    arrivals. The order is drawn from the seed, in blocks in which each variant has each place once."""

    variants: dict[Name, dict[str, Any]] = Field(default={})
    """The variants by name, each with the keys of the profile that it changes; list items go by their name. {} is the
    profile as it is."""

    matrix: dict[Annotated[str, AfterValidator(_axis_name)], Axis] = Field(default={})
    """Axes of values. Every combination of their values is a variant; ${matrix.NAME} in the profile is the value. An
    axis is a list, or a text such as '50/s to 800/s in 5 log steps'; without log, values are at equal distances."""

    rounds: Rounds = (10,)
    """How many rounds. A list such as [10, 20] plans looks: the experiment ends after 10 rounds if they decide it, and
    otherwise after 20."""

    baseline: str | None = None
    """The variant that the others are compared with. Default: the first."""

    primary: (
        Annotated[Primary, FromText(Primary.parse, r"\S+( \S+)? [a-z_]+ (p[0-9.]+|mean)", "burst response p99")] | None
    ) = None
    """The one figure that the verdict is about. Default: the highest quantile that the plan has enough requests for."""

    margin: Annotated[float, FromText(units.share, units.SHARE_PATTERN, "5%")] | None = None
    """A smaller difference than this does not matter. Default: 5%, or what this machine cannot tell, if that is
    more."""

    duet: Flag = False
    """Whether the variants of a round run at the same time, each with its share of the rate and with arrivals of its
    own, instead of in turn."""

    pause: Duration = SECOND
    """The pause between two runs."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        count = max(1, len(self.variants)) * math.prod(len(values) for values in self.matrix.values())
        if count < 2:
            raise complaint("has fewer than two variants", "Give variants: {a: {}, b: {...}}, or a matrix")
        if count > MOST_VARIANTS:
            raise complaint(f"has {count} variants, more than {MOST_VARIANTS}", "Use fewer, or shorter axes")
        names = [name for name, _, _ in self.cells()]
        if self.baseline is not None and self.baseline not in names:
            raise complaint(f"there is no variant {self.baseline}", did_you_mean(self.baseline, names), ("baseline",))
        if self.margin is not None and not 0 < self.margin < 1:
            raise complaint(f"{self.margin:.0%} is not a margin: expected for example 5%", "", ("margin",))
        return self

    @property
    def share(self) -> float:
        """The margin, as a share of the baseline's figure."""
        return MARGIN if self.margin is None else self.margin

    def cells(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Each variant that is run: its name, its key in `variants`, and its values of the axes."""
        return self._cells

    @cached_property
    def _cells(self) -> list[tuple[str, str, dict[str, Any]]]:
        cells = []
        for key in self.variants or ("",):
            for values in product(*self.matrix.values()):
                axes = dict(zip(self.matrix, values, strict=True))
                words = [key] * bool(key) + [f"{name}={_word(value)}" for name, value in axes.items()]
                cells.append((" ".join(words), key, axes))
        return cells


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return "+".join(f"{name}:{_word(item)}" for name, item in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
