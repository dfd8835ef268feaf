"""What is known of a run before its load: target, session, seed, host, time."""

from __future__ import annotations

from datetime import UTC, datetime

from loadgen.clock import SECOND
from loadgen.profile.model import Profile
from loadgen.result.codec import from_json
from loadgen.result.run import Metadata, Session, SharedLoad, Target
from loadgen.runner.destination import Destination
from loadgen.runner.function.cost import door_of
from loadgen.runner.table.attach import OnTable
from loadgen.trust import host


def metadata(
    profile: Profile,
    to: Destination,
    table: OnTable | None,
    began: int,
    workers: int,
    part: SharedLoad | None = None,
) -> Metadata:
    """The run's metadata. `began` is wall-clock time in ns; payloads are drawn from it and the seed."""
    return Metadata(
        name=profile.name,
        started=datetime.fromtimestamp(began / SECOND, UTC).isoformat(timespec="seconds"),
        target=Target(
            url=to.origin.url + to.origin.base,
            simulated=to.simulates is not None,
            description=tuple(to.simulates.split("; ")) if to.simulates else (),
            addresses=tuple(dict.fromkeys(address.host for address in to.addresses)),
            table=table.describe() if table else None,
            door=door_of(profile),
            provisioned_concurrency=profile.target.function.provisioned if profile.target.function else None,
        ),
        client=profile.client,
        session=from_json(Session, profile.session.model_dump(mode="json")),
        seed=profile.seed,
        payloads=began,
        workers=workers,
        share=part,
        host=host.description(),
    )
