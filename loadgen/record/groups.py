"""Response times by who is responsible for them: by worker. Their sum is what the recording has of all of them
together. So one sees whether one differs from the others. No folder keeps these counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from loadgen.exchange import Outcome
from loadgen.stats import Histogram

MOST = 64  # bins of time in a run, over four seconds of ticks; those of a longer one are wider
KEPT = (Outcome.OK, Outcome.TIMEOUT)  # what counts in a percentile


Bins = Mapping[int, tuple[Histogram, Histogram]]  # of each bin with values: what was ok, and what timed out


class Group(NamedTuple):
    """Which exchanges: whose, of which row of the ledger, and whether they were ok or timeouts."""

    number: int
    slot: int
    outcome: int


class Groups:
    """Histograms by group and bin of time; a bin is `width` ticks. `add` and `merge` are exact, commutative and
    associative."""

    def __init__(self) -> None:
        self.width = 1
        self.values: dict[Group, dict[int, Histogram]] = {}

    def add(self, group: Group, tick: int, values: Histogram) -> None:
        """Add values that were due in a tick."""
        while tick // self.width >= MOST:
            self._widen()
        self.values.setdefault(group, {}).setdefault(tick // self.width, Histogram()).add(values)

    def merge(self, other: Groups) -> None:
        """Add what another one has counted. The other one is of no use then."""
        while self.width < other.width:
            self._widen()
        for group, bins in other.values.items():
            for number, values in bins.items():
                self.add(group, number * other.width, values)

    def _widen(self) -> None:
        self.width *= 2
        for group, bins in self.values.items():
            wide: dict[int, Histogram] = {}
            for number, values in bins.items():
                wide.setdefault(number // 2, Histogram()).add(values)
            self.values[group] = wide

    def of_owners(self, owners: Mapping[int, int]) -> Groups:
        """The same by owner, where each number has one; of a number without an owner nothing is left."""
        every = Groups()
        for group, bins in self.values.items():
            if group.number in owners:
                for number, values in bins.items():
                    every.add(group._replace(number=owners[group.number]), number * self.width, values)
        return every

    def by_slot(self) -> dict[int, dict[int, Bins]]:
        """For each slot, for each of its groups by number, its bins."""
        found: dict[int, dict[int, Bins]] = {}
        for number, slot in sorted({(group.number, group.slot) for group in self.values}):
            ok, late = (self.values.get(Group(number, slot, outcome), {}) for outcome in KEPT)
            bins = {at: (ok.get(at, Histogram()), late.get(at, Histogram())) for at in ok | late}
            found.setdefault(slot, {})[number] = bins
        return found
