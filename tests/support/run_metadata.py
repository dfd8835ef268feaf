"""What is known of a run before its load, for runs in virtual time."""

from __future__ import annotations

from typing import Any

from loadgen.profile.model import Profile
from loadgen.result.codec import from_json
from loadgen.result.run import Metadata, Session, Target
from loadgen.trust import host


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
