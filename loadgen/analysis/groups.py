"""Groups of a phase's requests beside each other: the nodes and workers of a step, the addresses that it went to, and
the steps of a phase. From a recording's groups follow the figures of each, and which one differs from all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from loadgen.analysis.latency import latency, milliseconds
from loadgen.exchange import MOST_KEYS
from loadgen.record.groups import Bins
from loadgen.record.recording import Recording
from loadgen.result.latency import Latency
from loadgen.result.node import OfNode
from loadgen.result.odd import Odd, OfAddress, OfWorker, Tail
from loadgen.result.run import Step
from loadgen.stats import Histogram, fraction
from loadgen.stats.odd import FACTORS, odd_one

BEHIND = {"p99": 2.0}  # times the p99 of every other step
Workers = Mapping[int, Bins]
NOTHING = (Histogram(), Histogram())


@dataclass(frozen=True, slots=True)
class Grouped:
    """The groups of a run, by slot: its workers, its nodes, the addresses of the target, whose numbers `hosts` has, and
    keys."""

    workers: Mapping[int, Workers]
    nodes: Mapping[int, Workers]
    addresses: Mapping[int, Workers]
    keys: Mapping[int, Workers]
    hosts: Mapping[int, str]

    @classmethod
    def of(cls, recording: Recording, hosts: Mapping[str, int], nodes: Mapping[int, int]) -> Grouped:
        """`nodes` has the node of each worker, if the load came from nodes."""
        named = {number: host for host, number in hosts.items()}
        by_node = recording.workers.of_owners(nodes).by_slot()
        addresses, keys = recording.addresses.by_slot(), recording.keys.by_slot()
        return cls(recording.workers.by_slot(), by_node, addresses, keys, named)

    def beside_each_other(
        self, steps: Sequence[Step], slots: Sequence[int], measured: bool, quantiles: tuple[str, ...]
    ) -> tuple[Step, ...]:
        """The steps of a phase, each with its workers and its addresses beside each other, and itself beside the other
        steps."""
        made = [self._grouped(step, slot, measured, quantiles) for step, slot in zip(steps, slots, strict=True)]
        every = [_together(self.workers.get(slot, {}).values()) for slot in slots]
        if not measured or sum(map(bool, every)) < 2:
            return tuple(made)
        made = [replace(step, tail=tail) for step, tail in zip(made, _tails(every), strict=True)]
        if slowest := _behind(every):
            place, difference = slowest
            made[place] = replace(made[place], behind=difference)
        return tuple(made)

    def _grouped(self, step: Step, slot: int, measured: bool, quantiles: tuple[str, ...]) -> Step:
        workers = self.workers.get(slot, {})
        addresses = {self.hosts[number]: bins for number, bins in self.addresses.get(slot, {}).items()}
        nodes = self.nodes.get(slot, {})
        made = replace(
            step,
            by_node=_of_nodes(nodes, quantiles),
            by_worker=_of_workers(workers, quantiles),
            by_address=_of_addresses(addresses, quantiles),
        )
        if not measured:
            return made
        # of a worker it is told only if no node differs
        node, worker = (odd_of({str(number): bins for number, bins in of.items()}) for of in (nodes, workers))
        odd_worker, odd_key = None if node else worker, _hot(self.keys.get(slot, {}))
        return replace(made, odd_node=node, odd_worker=odd_worker, odd_address=odd_of(addresses), odd_key=odd_key)


def _of_workers(workers: Workers, quantiles: tuple[str, ...]) -> tuple[OfWorker, ...]:
    """The figures of each worker; none if there is only one."""
    if len(workers) < 2:
        return ()
    return tuple(OfWorker(number, latency_of(bins, quantiles)) for number, bins in workers.items())


def _of_nodes(nodes: Workers, quantiles: tuple[str, ...]) -> tuple[OfNode, ...]:
    if len(nodes) < 2:
        return ()
    return tuple(OfNode(number, latency_of(bins, quantiles)) for number, bins in nodes.items())


def _hot(keys: Mapping[int, Bins]) -> Odd | None:
    """The key that is slower than each other one, and than all that are not told apart."""
    odd = odd_of({str(number - 1): bins for number, bins in keys.items()})
    return odd if odd and odd.value > odd.others_high and int(odd.name) < MOST_KEYS else None


def _of_addresses(addresses: Mapping[str, Bins], quantiles: tuple[str, ...]) -> tuple[OfAddress, ...]:
    if len(addresses) < 2:
        return ()
    return tuple(OfAddress(host, latency_of(bins, quantiles)) for host, bins in addresses.items())


def odd_of(groups: Mapping[str, Bins], factors: dict[str, float] = FACTORS) -> Odd | None:
    """The group that differs from all others, by name; None if the counts do not prove that there is one."""
    if len(groups) < 2:
        return None
    names, times = list(groups), sorted({at for bins in groups.values() for at in bins})
    found = odd_one([[Histogram.together(groups[name].get(at, NOTHING)) for at in times] for name in names], factors)
    if found is None:
        return None
    name = names[found.group]
    own = latency_of(groups[name], (found.quantile,))
    timeouts = own.timeouts if own.quantile(found.quantile).value is None else 0
    return Odd(name, found.quantile, _ms(found.value), _ms(found.others_low), _ms(found.others_high), timeouts)


def _together(workers: Iterable[Bins]) -> Bins:
    """The bins of all workers of a slot as one."""
    every = list(workers)
    times = {at for bins in every for at in bins}
    return {at: _both([bins.get(at, NOTHING) for bins in every]) for at in times}


def _behind(steps: Sequence[Bins]) -> tuple[int, Odd] | None:
    """The step, by its place, that is slower than all others of its phase, and how it differs."""
    odd = odd_of({str(place): bins for place, bins in enumerate(steps)}, BEHIND)
    return (int(odd.name), odd) if odd and odd.value > odd.others_high else None


def _tails(steps: Sequence[Bins]) -> list[Tail]:
    """The part of each step in what is slower than the p99 of all of them."""
    whole = [Histogram.together(of for pair in bins.values() for of in pair) for bins in steps]
    limit = Histogram.together(whole).quantile(fraction("p99")) or 0
    beyond = [of.beyond(limit) for of in whole]
    return [Tail(_ms(limit), own, sum(beyond)) for own in beyond]


def _both(pairs: Sequence[tuple[Histogram, Histogram]]) -> tuple[Histogram, Histogram]:
    return Histogram.together(ok for ok, _ in pairs), Histogram.together(late for _, late in pairs)


def latency_of(bins: Bins, quantiles: tuple[str, ...]) -> Latency:
    """The figures of a group."""
    ok, late = _both(list(bins.values()))
    return latency(ok, late, quantiles)


def _ms(ns: int) -> float:
    return milliseconds(ns) or 0.0
