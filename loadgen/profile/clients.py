"""What each client can do, as far as profiles depend on it: one line for each client.

The client itself is in the folder of the same name in `loadgen/transport`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

Reuse = Literal["shared", "per-iteration", "per-request"]
Renew = Literal["connection", "client", "session"]
Order = Literal["lifo", "fifo"]

STANDARD = "standard"  # the rules by which loadgen itself retries


@dataclass(frozen=True, slots=True)
class Abilities:
    """`http`: it sends the HTTP requests of steps, not only the calls of AWS's services. `stamps`: it knows when the
    kernel had an answer. `resumes_tls`: a new connection can resume an earlier TLS session. `names_itself`: it sends a
    User-Agent of its own. `sockets`: it makes its sockets itself, so that it can bind them, and choose among idle ones.

    `reuses` and `renews` are the values of `session` that it supports. The making of one of `builds` is timed as
    `build`. If it renews one of `finds_credentials`, it also looks for the credentials again.

    `retries` are the rules by which it retries by itself; it is empty if loadgen retries for it.

    `ours`: what it costs is the generator's doing. Any other client is what the user's own program has, and what it
    costs is asked for.
    """

    http: bool = True
    stamps: bool = False
    resumes_tls: bool = False
    names_itself: bool = False
    sockets: bool = False
    reuses: tuple[Reuse, ...] = ("shared", "per-iteration", "per-request")
    renews: tuple[Renew, ...] = ("connection",)
    builds: tuple[Renew, ...] = ()
    finds_credentials: tuple[Renew, ...] = ()
    retries: tuple[str, ...] = ()
    ours: bool = False

    @property
    def retry_rules(self) -> tuple[str, ...]:
        """The rules by which its requests can be retried, by itself or by loadgen."""
        return self.retries or (STANDARD,)

    @property
    def sessions(self) -> tuple[tuple[Reuse, Renew], ...]:
        """Each session that it accepts, as (reuse, renew). A shared session renews nothing."""
        return tuple(
            (reuse, renew)
            for reuse in self.reuses
            for renew in self.renews
            if reuse != "shared" or renew == "connection"
        )


CLIENTS: dict[str, Abilities] = {
    "wire": Abilities(stamps=True, resumes_tls=True, sockets=True, ours=True),
    "aiohttp": Abilities(renews=("connection", "client")),
    "sdk": Abilities(
        http=False,
        names_itself=True,
        renews=("connection", "client", "session"),
        builds=("client", "session"),
        finds_credentials=("session",),
        retries=("standard", "legacy", "adaptive"),
    ),
}
DEFAULT = "wire"

if TYPE_CHECKING:
    ClientName = str
else:
    ClientName = Literal[tuple(CLIENTS)]
