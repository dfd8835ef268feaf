"""What is said of a run besides its figures, all of it known before the load: target, session, seed, host, when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loadgen.clock import SECOND
from loadgen.profile.model import Profile
from loadgen.runner.destination import Destination
from loadgen.runner.table.attach import OnTable
from loadgen.trust import host


def metadata(profile: Profile, to: Destination, table: OnTable | None, began: int, workers: int) -> dict[str, Any]:
    """The keys of a result that say it. `began` is wall-clock time in ns."""
    return {
        "name": profile.name,
        "started": datetime.fromtimestamp(began / SECOND, UTC).isoformat(timespec="seconds"),
        "target": {
            "url": to.origin.url + to.origin.base,
            "simulated": to.simulates is not None,
            "description": to.simulates.split("; ") if to.simulates else [],
            "addresses": [address.host for address in to.addresses],
            **(table.about() if table else {}),
        },
        "client": profile.client,
        "session": profile.session.model_dump(mode="json"),
        "seed": profile.seed,
        "payloads": began,  # with the seed, what the payloads were drawn from
        "workers": workers,
        "host": host.about(),
    }
