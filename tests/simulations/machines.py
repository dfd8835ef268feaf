"""Machines that wake up late, and what they make of a target's times. All times are in ms.

The quiet one is as the machine that loadgen was written on: a wake-up is 0.045 ms late at its median and 0.07 for one
in ten, one in 500 is 0.5 to 4 ms late, and both vary from run to run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from streams import Floats

from loadgen.result.resolution import Resolution
from loadgen.trust.idle import KEPT, resolution_of

MILLION = 1_000_000


@dataclass(frozen=True)
class Machine:
    """`stalls` is the share of wake-ups that are `between` so many ms late. Both differ from run to run by `moods`
    (standard deviations of their logarithms): that of the wake-ups, and that of the stalls."""

    name: str
    stalls: float
    between: tuple[float, float] = (0.5, 4.0)
    moods: tuple[float, float] = (0.1, 0.7)


QUIET = Machine("quiet", 0.002)
STEADY = Machine("quiet, without stalls", 0.0)
HOG = Machine("beside a hog", 0.12, (0.5, 5.0), (0.1, 0.3))
CROWDED = Machine("more to do than CPUs", 0.6, (1.0, 8.0), (0.1, 0.1))


@dataclass(frozen=True)
class Mood:
    """A machine as it is during one run, and the ticks before it."""

    machine: Machine
    slow: float
    stalls: float

    @classmethod
    def of(cls, machine: Machine, dice: np.random.Generator) -> Mood:
        slow, often = np.exp(dice.normal(0, machine.moods))
        return cls(machine, float(slow), min(0.9, machine.stalls * float(often)))

    def late(self, dice: np.random.Generator, number: int) -> Floats:
        """How late so many wake-ups are."""
        late = self.slow * (0.03 + dice.gamma(2.0, 0.009, number))
        stalled = dice.random(number) < self.stalls
        late[stalled] += dice.uniform(*self.machine.between, int(stalled.sum()))
        return late

    def resolution(self, dice: np.random.Generator) -> Resolution:
        """By the ticks before the load."""
        return resolution_of([round(late * MILLION) for late in self.late(dice, KEPT)])

    def own(self, dice: np.random.Generator, number: int) -> Floats:
        """What the machine adds to each of so many requests."""
        return self.late(dice, number) + self.late(dice, number)


def target(dice: np.random.Generator, number: int, ms: float) -> Floats:
    """The times of a local server."""
    return ms * np.exp(dice.normal(0, 0.2, number))
