"""The messages between a fleet and its workers: a frozen dataclass for each, and a union for each direction.

Any carrier may send them; `pipe` is the one on this machine. They contain nothing that belongs to one process, except
the paths in `Assignment`. Instants are ns of the monotonic clock, which all processes of a machine share. A carrier
between machines has to translate them, including those in the rows of a `Batch`.
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
    """The first message: everything that a worker needs.

    `ledger` is the file with the worker's counters. Its parent maps it too, so that they outlive the worker. `ca` is
    the file of a certificate authority. Both are paths on this machine, as are the files that the profile names.
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
    environment: dict[str, str] = field(default_factory=dict, repr=False)  # for a client that finds credentials itself


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
class Resume:
    """Let the users who wait for the next lap go on at the instant `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class Leave:
    """End run `run` early, at the instant `at`."""

    run: int
    at: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Start nothing more, and let open exchanges end."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Stop, and give up open exchanges."""


@dataclass(frozen=True, slots=True)
class Beat:
    """The worker's node lives, and says so a few times a second from now on."""


@dataclass(frozen=True, slots=True)
class Bye:
    """The last message: the worker may end."""


ToWorker = Assignment | Go | Renew | Enter | Resume | Leave | Stop | Kill | Beat | Bye


# from a worker; what it recorded comes as the recorder's own `Batch`, forty times a second at 20,000 requests/s: one
# dataclass more around it would cost 4 us each time


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has its assignment, and can begin."""


@dataclass(frozen=True, slots=True)
class Idled:
    """How late the worker came to its latest ticks before the load, in ns."""

    late: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """The worker has reached run `run`, which all workers start together."""

    run: int


@dataclass(frozen=True, slots=True)
class Halted:
    """All users of the worker wait for the next lap, and nothing of it is open."""


@dataclass(frozen=True, slots=True)
class NewSeries:
    """What the series `number` in this worker's batches stands for."""

    number: int
    key: SeriesKey


@dataclass(frozen=True, slots=True)
class Failures:
    """How many more exchanges failed of each kind since the last such message."""

    counts: dict[Kind, int]


@dataclass(frozen=True, slots=True)
class Vitals:
    """The worker's own health over the last second.

    `probe` is what `trust.probe.Probe.sample` returns, `tcp` what `net.tcp_info.TcpWatch.sample` returns, None if the
    kernel gives no figures; `in_flight` counts the iterations that are open now, `completed` the requests that were
    ok since the last such message. `met` is what `record.environments.Met.news` returns.
    """

    probe: dict[str, Any]
    in_flight: int
    completed: int
    tcp: dict[str, Any] | None
    met: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The target refuses our requests for `reason`, and would refuse every further one."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A mistake in loadgen or in the profile ends the worker."""

    error: LoadgenError


@dataclass(frozen=True, slots=True)
class Finished:
    """The load is over. `options` are those of the SDK's client, None with another client."""

    kept: Kept
    options: dict[str, Any] | None = None


FromWorker = Ready | Idled | Reached | Halted | Batch | NewSeries | Failures | Vitals | Refused | Broken | Finished
