"""What is concluded of a run in virtual time, and what is known of it before its load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine_harness import Run

from loadgen.analysis.build import Measured, quantiles_of
from loadgen.analysis.conclusion import Ending, conclude, tails
from loadgen.analysis.standing import asked_of, standing_of
from loadgen.fleet.group import merge
from loadgen.profile.model import Profile
from loadgen.result.codec import from_json
from loadgen.result.run import Metadata, RunResult, Session, Target
from loadgen.trust import host
from loadgen.trust.health import Health
from loadgen.trust.verdict import judge
from loadgen.trust.watch import evidence_of


def metadata(profile: Profile, started: str = "2026-01-01T00:00:00+00:00", **other: Any) -> Metadata:
    known: dict[str, Any] = {
        "name": profile.name,
        "started": started,
        "target": Target(url=profile.target.url or "http://127.0.0.1", simulated=False, description=(), addresses=()),
        "client": profile.client,
        "session": from_json(Session, profile.session.model_dump(mode="json")),
        "seed": profile.seed,
        "payloads": 0,
        "workers": 1,
        "host": host.description(),
    }
    return Metadata(**known | other)


def measured(run: Run, hosts: Mapping[str, int] = MappingProxyType({})) -> Measured:
    """What was planned, counted and recorded, with why requests failed. `hosts` are the target's, by number."""
    kept = merge((member.samples.kept() for member in run.members), 5)
    known = (quantiles_of(run.profile), kept.reasons)
    return Measured(run.plan, run.ledger, run.recording, *known, environments=run.environments, hosts=hosts)


def concluded(
    run: Run,
    folder: Path | None = None,
    accepted: bool = False,
    hosts: Mapping[str, int] = MappingProxyType({}),
    **ending: Any,
) -> RunResult:
    """All that is said of a run, by a machine of which nothing is known. `folder` is where its seconds are."""
    asked, quantiles = asked_of(run.profile), quantiles_of(run.profile)
    evidence = evidence_of(run.ledger, tails(run.plan, run.recording), Health(), quantiles=quantiles, asked=asked)
    standing = standing_of(evidence, judge(evidence), accepted=accepted)
    kept = merge((member.samples.kept() for member in run.members), 5)
    ended = Ending(run.finished_at, str(folder) if folder else None, kept=kept, **ending)
    about = metadata(run.profile)
    return conclude(about, measured(run, hosts), standing, ended, run.profile.thresholds)
