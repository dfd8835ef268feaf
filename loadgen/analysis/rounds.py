"""The thresholds of a variant over the rounds of an experiment. Counts of all rounds are taken together, with the
spread between rounds; what is not counted has to pass in each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from loadgen.analysis.beyond import decided, more_rounds
from loadgen.analysis.standing import DOUBTS
from loadgen.errors import ProfileError
from loadgen.profile.model import Threshold as Asked
from loadgen.result.reason import Reason
from loadgen.result.run import Threshold
from loadgen.stats.looks import ALPHA
from loadgen.stats.shares import Share, together

MANY = 0.25  # of the rounds, or fewer, may have the figure INVALID, and are left out

Cycles = Sequence[Threshold]


def over_rounds(variant: str, rounds: Mapping[int, Iterable[Threshold]], level: float = ALPHA) -> list[Threshold]:
    """The thresholds of a variant's runs, by round, as one entry each. `level` is the error probability that they may
    have, a look of several has less. Raises ProfileError for a threshold that cannot be read."""
    by_threshold: dict[tuple[str, str, str], dict[int, list[Threshold]]] = {}
    for number, thresholds in rounds.items():
        for entry in thresholds:
            by_round = by_threshold.setdefault((entry.phase, entry.text, entry.step), {})
            by_round.setdefault(number, []).append(entry)
    return [_over_rounds(variant, by_round, level) for by_round in by_threshold.values()]


def _over_rounds(variant: str, by_round: Mapping[int, Cycles], level: float) -> Threshold:
    passed = sum(all(entry.status == "passed" for entry in cycles) for cycles in by_round.values())
    entry, number = _together(by_round, level)
    return replace(entry, cycle=1, variant=variant, rounds=len(by_round), rounds_passed=passed, round=number)


def _together(by_round: Mapping[int, Cycles], level: float) -> tuple[Threshold, int | None]:
    """The entry of all rounds, or of the first that did not pass, and that one's number."""
    usable = {number: cycles for number, cycles in by_round.items() if not any(map(_doubted, cycles))}
    counted = all(entry.counts for cycles in usable.values() for entry in cycles)
    if usable and counted and len(usable) >= (1 - MANY) * len(by_round):
        return _by_counts([*usable.values()], level), None
    entries = [(number, entry) for number, cycles in by_round.items() for entry in cycles]
    missed = [(number, entry) for number, entry in entries if entry.status != "passed"]
    first = next((pair for pair in missed if pair[1].status == "failed"), missed[0] if missed else None)
    return (first[1], first[0]) if first else (_without_value(entries[0][1]), None)


def _doubted(entry: Threshold) -> bool:
    """Whether this machine took the figure down, and the user does not accept that."""
    return entry.why is not None and entry.why.code in DOUBTS


def _by_counts(rounds: Sequence[Cycles], level: float) -> Threshold:
    first = rounds[0][0]
    try:
        asked = Asked.parse(first.text)
    except ValueError as error:
        raise ProfileError(f"the threshold {first.text!r} cannot be read: {error}") from None
    share = together([_of_round(cycles) for cycles in rounds], 1 - level)
    status, counts = decided(asked, share, 1 - level)
    entry = Threshold(
        first.phase,
        1,
        first.step,
        first.text,
        status,
        accepted=any(entry.accepted for cycles in rounds for entry in cycles),
        value_share=share.value if asked.kind == "errors" else None,
    )
    if status != "undecided":
        return replace(entry, counts=counts)
    return replace(entry, counts=more_rounds(asked, share, counts, len(rounds)), why=Reason.of("not_decided"))


def _of_round(cycles: Cycles) -> Share:
    """All cycles of a round are one piece of evidence."""
    counts = [entry.counts for entry in cycles if entry.counts]
    requests, beyond = sum(of.requests for of in counts), sum(of.beyond for of in counts)
    return Share(requests, beyond, sum(of.requests * of.overdispersion for of in counts) / requests)


def _without_value(threshold: Threshold) -> Threshold:
    """A threshold that passed in every round has no value of its own."""
    return Threshold(threshold.phase, threshold.cycle, threshold.step, threshold.text, threshold.status)
