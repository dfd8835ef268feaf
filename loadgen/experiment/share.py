"""What one run of an experiment carries out: a variant, or in a duet its share of the load."""

from __future__ import annotations

from fractions import Fraction

from loadgen.errors import PlanError
from loadgen.fleet.nodes import Nodes
from loadgen.profile.experiment import Experiment
from loadgen.profile.model import Phase, Profile
from loadgen.runner.limits import Limits
from loadgen.runner.nodes import limits_for


def parts(experiment: Experiment) -> int:
    """Into how many parts the load of a round is divided."""
    return len(experiment.cells()) if experiment.duet else 1


def part_of(profile: Profile, parts: int) -> Profile:
    """One of `parts` equal parts of the profile's load. Raises PlanError if nothing would be left."""
    if parts == 1:
        return profile
    return profile.model_copy(update={"load": tuple(_part(phase, parts) for phase in profile.load)})


def limits_of(
    name: str, profile: Profile, parts: int, addresses: int, loopback: bool, nodes: Nodes | None = None
) -> Limits:
    """The limits of the variant's runs, from the nodes if there are any. Raises PlanError, which names the variant, if
    they would be refused."""
    try:
        return limits_for(part_of(profile, parts), addresses, loopback, nodes)
    except PlanError as error:
        raise PlanError(f"variant {name}: {error}") from None


def _part(phase: Phase, parts: int) -> Phase:
    rate = phase.rate and phase.rate.scaled(Fraction(1, parts))
    counts = {name: getattr(phase, name) for name in ("users", "at_once", "iterations")}
    if small := [name for name, value in counts.items() if value is not None and value < parts]:
        key = f"load.{phase.name}.{small[0].replace('_', '-')}"
        raise PlanError(f"{key}: a duet runs {parts} variants at once, and each needs at least 1 of it")
    cut = {name: value // parts for name, value in counts.items() if value is not None}
    return phase.model_copy(update={"rate": rate, **cut})
