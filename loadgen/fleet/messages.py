"""What a fleet and its workers say to each other: a frozen dataclass a message, a union for each direction.

Any carrier may take them, `pipe` is the one of this machine. Nothing in them is a process's own, but the paths in
`Assignment`. Instants are ns of the monotonic clock, which all processes of a machine share: a carrier between machines
has to translate them, those in the rows of a `Batch` too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadgen.aws.auth import Access, Secret
from loadgen.engine.engine import Share
from loadgen.errors import LoadgenError
from loadgen.net.names import Address, Origin
from loadgen.profile.model import Profile
from loadgen.record.recorder import Batch, SeriesKey
from loadgen.record.samples import Kept, Kind

# to a worker


@dataclass(frozen=True, slots=True)
class Assignment:
    """The first message: all that a worker needs to know.

    `ledger` is the file that holds its counters, which its parent maps too, so that they outlive it; `ca` is the file
    of a certificate authority. Both are paths of this machine, as are those of files that the profile names.
    """

    profile: Profile
    origin: Origin
    addresses: tuple[Address, ...]
    ca: Path | None
    share: Share
    connections: int
    preopen: int
    ledger: Path
    payloads: tuple[int, ...] = ()  # the numbers of the run, the variant, the round
    access: Access = field(default_factory=Access)  # what requests are authorized with
    first: int = 0  # what {{seq}} begins with


@dataclass(frozen=True, slots=True)
class Go:
    """Begin the load at the instant `start`."""

    start: int


@dataclass(frozen=True, slots=True)
class Renew:
    """Authorize with this secret from now on."""

    kind: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Enter:
    """Begin run `run` of the plan at the instant `at`: every worker has reached it."""

    run: int
    at: int


@dataclass(frozen=True, slots=True)
class Leave:
    """End run `run` at the instant `at`, which is before its time."""

    run: int
    at: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Start nothing more; what is open comes to its end."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Stop, and give up what is open."""


@dataclass(frozen=True, slots=True)
class Bye:
    """The last message: nothing more is wanted."""


ToWorker = Assignment | Go | Renew | Enter | Leave | Stop | Kill | Bye


# from a worker; what it recorded comes as the recorder's own `Batch`, forty times a second at 20,000 requests/s: one
# dataclass more around it would cost 4 us each time


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has its assignment, and can begin."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The worker has come to run `run`, whose start all workers share."""

    run: int


@dataclass(frozen=True, slots=True)
class NewSeries:
    """What the series `number` in this worker's batches is of."""

    number: int
    key: SeriesKey


@dataclass(frozen=True, slots=True)
class Failures:
    """How many more exchanges failed of each kind since the last such message."""

    counts: dict[Kind, int]


@dataclass(frozen=True, slots=True)
class Vitals:
    """The worker's own health over the last second.

    `probe` is what `trust.probe.Probe.sample` gives, `tcp` what `net.tcp_info.TcpWatch.sample` does, None where the
    kernel cannot be asked; `in_flight` counts the iterations that are open now.
    """

    probe: dict[str, Any]
    in_flight: int
    tcp: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The target refuses us for `reason`, and would refuse every further request."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A mistake of ours, or of the profile's, ends the worker."""

    error: LoadgenError


@dataclass(frozen=True, slots=True)
class Finished:
    """The load is over. `options` are those of a client that has some of its own, the SDK's, None of another."""

    kept: Kept
    options: dict[str, Any] | None = None


FromWorker = Ready | Reached | Batch | NewSeries | Failures | Vitals | Refused | Broken | Finished
