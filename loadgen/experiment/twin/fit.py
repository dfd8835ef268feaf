"""From a saved run to a profile with a sandbox that behaves like the run's target."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from loadgen.engine.plan import Plan
from loadgen.errors import ProfileError
from loadgen.experiment.folder import slug
from loadgen.experiment.twin.adapted import adapted, paths_of
from loadgen.experiment.twin.agreement import agreement
from loadgen.experiment.twin.environments import MakeServe
from loadgen.experiment.twin.fitted import fitted
from loadgen.experiment.twin.observed import Counts, Observed
from loadgen.experiment.twin.virtual import MakeTarget, carried_out
from loadgen.profile.document import Document
from loadgen.profile.load import Loaded, load
from loadgen.profile.model import Profile
from loadgen.profile.sandbox import SandboxSettings
from loadgen.profile.variants import EXPERIMENT, cell
from loadgen.record.recording import Recording
from loadgen.result.reason import Reason
from loadgen.result.twin import Agreement, TwinResult

ENOUGH = 60_000  # requests of the twin's loads together
MOST_LOADS = 5
MOST = 500_000  # requests of one load: virtual time takes a minute for so many


@dataclass(frozen=True, slots=True)
class Sandboxes:
    """The sandbox in virtual time, which only the command line may import."""

    target: MakeTarget
    serve: MakeServe


def fit(
    seen: Observed, sandboxes: Sandboxes, check: bool, say: Callable[[str], None] = lambda text: None
) -> TwinResult:
    """The twin of a run's target, and how well it agrees with the run. Raises ProfileError if its profile cannot be
    read again, for example because a variable is not set."""
    data, changed = adapted(_of_variant(seen))
    data["sandbox"] = {}
    loaded = _loaded(data)
    say("looking for the sandbox that answers like the run's target")
    secure = seen.result.target.url.startswith("https")
    if Plan.of(loaded.profile).steps != seen.counts.plan.steps:
        raise ProfileError("its profile has other steps than its counts", file=str(seen.folder))
    made = fitted(seen, loaded.profile, paths_of(data, loaded.profile), secure, sandboxes.serve)
    data["sandbox"] = made.sandbox
    twin = TwinResult(
        run=str(seen.folder),
        started=seen.result.started,
        target=seen.result.target.url,
        profile=data,
        fitted=(*made.reasons, *changed),
        agreement=None,
    )
    if not check:
        return twin
    if why := _unchecked(seen, loaded.profile):
        return replace(twin, unchecked=why)
    say("carrying the load out on it, in virtual time")
    return replace(twin, agreement=_tried(seen, _loaded(data).profile, sandboxes.target))


def _of_variant(seen: Observed) -> dict[str, Any]:
    """The profile of the run. A run of an experiment keeps that of the whole experiment, and its folder has the name of
    its variant."""
    if EXPERIMENT not in seen.written:
        return seen.written
    experiment = _loaded(seen.written).profile.experiment
    for name, override, values in experiment.cells() if experiment else ():
        if slug(name) == seen.folder.resolve().name:
            return dict(cell(Document([copy.deepcopy(seen.written)]), override, values).data)
    problem = "is a run of an experiment, and its folder has not the name of one of its variants"
    raise ProfileError(problem, file=str(seen.folder), remedy="Give the folder its name back, as in rounds/01/NAME")


def _loaded(data: dict[str, Any]) -> Loaded:
    return load("twin.yaml", text=json.dumps(data))


def _unchecked(seen: Observed, profile: Profile) -> Reason | None:
    """Why the load cannot be carried out as it was."""
    requests = sum(seen.counts.outcomes().values())
    if requests > MOST:
        return Reason.of("twin_too_long", requests=requests, most=MOST)
    plan = Plan.of(profile)
    if plan.describe()["load"] != seen.counts.plan.describe()["load"] or plan.cycles != seen.counts.plan.cycles:
        return Reason.of("twin_other_load")
    short = any(phase.seconds and phase.ran is not None and phase.ran < phase.seconds for phase in _phases(seen))
    return Reason.of("twin_cut_short") if short or seen.result.interrupted else None


def _phases(seen: Observed) -> list[Any]:
    return [phase for phase in seen.result.variant.phases if phase.measured]


def _tried(seen: Observed, profile: Profile, make: MakeTarget) -> Agreement:
    settings = profile.sandbox or SandboxSettings()
    requests = max(1, sum(seen.counts.outcomes().values()))
    loads = max(1, min(MOST_LOADS, ENOUGH // requests))
    recording = Recording()
    for seed in range(loads):
        drawn = settings.model_copy(update={"seed": settings.seed + seed})
        more = carried_out(profile, drawn, make, seen.result.variant.connections.preopened)
        for place, histogram in more.histograms.items():
            recording.add(0, *place, histogram)
    recording.flush()
    return agreement(seen.counts, Counts(Plan.of(profile), recording), loads)
