"""Where each run of an experiment stands among the others, for the display: what runs beside it, what is next, and what
became of those before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.experiment.order import order
from loadgen.profile.load import Variant
from loadgen.profile.model import Experiment
from loadgen.runner.progress import Position


class Positions:
    """`verdicts` are those of the runs that have ended, by variant and round."""

    def __init__(self, variants: Sequence[Variant], plan: Experiment, seed: int) -> None:
        self._variants, self._plan, self._seed = variants, plan, seed
        self.verdicts: dict[str, dict[int, str]] = {variant.name: {} for variant in variants}

    def groups(self, number: int) -> list[list[Variant]]:
        """The variants of a round in their order, each by itself; in a duet all together."""
        variants = [self._variants[index] for index in order(self._seed, number, len(self._variants))]
        return [variants] if self._plan.duet else [[variant] for variant in variants]

    def of(self, number: int, at: int, variant: Variant) -> Position:
        """That of the run of `variant`, in the group at place `at` of round `number`."""
        rounds, groups = self._plan.rounds[-1], self.groups(number)
        following, next_round = groups[at + 1 : at + 2], number
        if not following and number < rounds:
            following, next_round = self.groups(number + 1)[:1], number + 1
        return Position(
            round=number,
            rounds=rounds,
            variant=variant.name,
            now=tuple(of.name for of in groups[at]),
            next=tuple(of.name for group in following for of in group),
            next_round=next_round if following else None,
            verdicts=tuple(
                (name, tuple(verdicts.get(n, "") for n in range(1, number + 1)))
                for name, verdicts in self.verdicts.items()
            ),
            left_s=self._planned_after(number, at),
        )

    def _planned_after(self, number: int, at: int) -> float | None:
        """How long all runs after those are planned to take, with their pauses, in seconds; None if users decide on
        that."""
        planned = self._planned
        if planned is None:
            return None
        rest = self.groups(number)[at + 1 :]
        all_ = [*rest, *self.groups(number) * (self._plan.rounds[-1] - number)]  # each round has the same ones
        return sum(max(planned[of.name] for of in group) + self._plan.pause for group in all_) / SECOND

    @cached_property
    def _planned(self) -> dict[str, int] | None:
        """How long a run of each variant is planned to take, in ns."""
        found: dict[str, int] = {}
        for variant in self._variants:
            for run in Plan.of(variant.profile).runs:
                if run.duration is None:
                    return None
                found[variant.name] = found.get(variant.name, 0) + run.duration
        return found
