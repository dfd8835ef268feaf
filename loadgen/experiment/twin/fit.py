"""From a saved run to a profile with a sandbox that behaves like the run's target."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from loadgen.engine.plan import Plan
from loadgen.experiment.twin.adapted import adapted, paths_of
from loadgen.experiment.twin.agreement import agreement
from loadgen.experiment.twin.environments import MakeServe
from loadgen.experiment.twin.fitted import fitted
from loadgen.experiment.twin.observed import Counts, Observed
from loadgen.experiment.twin.virtual import MakeTarget, carried_out
from loadgen.profile.load import Loaded, load
from loadgen.profile.model import Profile
from loadgen.profile.sandbox import SandboxSettings
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
    data, changed = adapted(seen.written)
    data["sandbox"] = {}
    loaded = _loaded(data)
    say("looking for the sandbox that answers like the run's target")
    secure = seen.result.target.url.startswith("https")
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
    if why := _unchecked(seen):
        return replace(twin, unchecked=why)
    say("carrying the load out on it, in virtual time")
    return replace(twin, agreement=_tried(seen, _loaded(data).profile, sandboxes.target))


def _loaded(data: dict[str, Any]) -> Loaded:
    return load("twin.yaml", text=json.dumps(data))


def _unchecked(seen: Observed) -> Reason | None:
    """Why the load cannot be carried out as it was."""
    requests = sum(seen.counts.outcomes().values())
    if requests > MOST:
        return Reason.of("twin_too_long", requests=requests, most=MOST)
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
