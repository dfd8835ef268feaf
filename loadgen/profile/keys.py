"""How an iteration chooses one of N keys: `zipfian(10000, theta=0.99)`. Its name is a placeholder in every step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

from loadgen.profile.units import quoted, share

Kind = Literal["uniform", "sequential", "zipfian", "hotset", "hotspot", "latest"]

EXAMPLES: dict[Kind, str] = {
    "uniform": "uniform(10000)",
    "sequential": "sequential(10000)",
    "zipfian": "zipfian(10000, theta=0.99)",
    "hotset": "hotset(10000, keys=1%, traffic=90%)",
    "hotspot": "hotspot(10000, keys=1%, traffic=90%, every=5000)",
    "latest": "latest(10000, theta=0.99)",
}
EXPECTED = ", ".join(EXAMPLES.values())
MOST = 4_000_000  # keys: memory holds the cumulated probabilities of a zipfian choice, 8 bytes for each

_CALL = re.compile(r"\s*([a-z]+)\s*\(\s*([0-9]{1,9})\s*(?:,(.*))?\)\s*")
_NAMES: dict[Kind, tuple[str, ...]] = {
    "uniform": (),
    "sequential": (),
    "zipfian": ("theta",),
    "hotset": ("keys", "traffic"),
    "hotspot": ("keys", "traffic", "every"),
    "latest": ("theta",),
}
_DEFAULTS = {"theta": 0.99}


@dataclass(frozen=True, slots=True)
class Keys:
    """A choice among the numbers from 0 to `count` - 1, a new one for each iteration.

    uniform: all are equally likely. sequential: one after the other, over and over. zipfian: the probability of number
    k is proportional to 1 / (k + 1)^theta. hotset: the share `keys` of the numbers gets the share `traffic` of the
    choices. hotspot: the same, but after every `every` iterations the next numbers are the hot ones. latest: zipfian,
    counted back from the iteration's own number, for items that are named by {{seq}}.
    """

    kind: Kind
    count: int
    theta: float = 0.0
    keys: float = 0.0
    traffic: float = 0.0
    every: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """One of `EXAMPLES`. Raises ValueError."""
        match = _CALL.fullmatch(text)
        kind = next((kind for kind in EXAMPLES if match and kind == match[1]), None)
        if not match or kind is None:
            raise ValueError(f"{quoted(text)} is not a choice of keys: expected one of {EXPECTED}")
        count = int(match[2])
        if not 1 <= count <= MOST:
            raise ValueError(f"{quoted(text)}: expected from 1 to {MOST:,} keys")
        given = {name: value for name, value in _DEFAULTS.items() if name in _NAMES[kind]}
        for item in filter(None, (part.strip() for part in (match[3] or "").split(","))):
            name, _, value = (part.strip() for part in item.partition("="))
            if name not in _NAMES[kind]:
                raise ValueError(f"{quoted(item)} is not an argument of {kind}: expected {EXAMPLES[kind]}")
            given[name] = _value(name, value, text)
        if missing := [name for name in _NAMES[kind] if name not in given]:
            raise ValueError(f"{quoted(text)} has no {missing[0]}: expected {EXAMPLES[kind]}")
        return cls(kind, count, **given)  # type: ignore[arg-type]

    @property
    def hot(self) -> int:
        """The number of hot keys."""
        return max(1, round(self.count * self.keys))


def _value(name: str, value: str, text: str) -> float:
    if name in ("keys", "traffic"):
        return share(value)
    try:
        number = int(value) if name == "every" else float(value)
    except ValueError:
        raise ValueError(f"{quoted(text)}: {name} must be a number") from None
    if not 0 < number < (10**9 if name == "every" else 10):
        raise ValueError(f"{quoted(text)}: {name} is out of range")
    return number
