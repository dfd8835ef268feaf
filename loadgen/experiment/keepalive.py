"""`loadgen keepalive`: the cost of a new connection for each request, as an experiment that needs no profile."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.errors import ProfileError
from loadgen.profile import units
from loadgen.profile.connection import SANDBOX
from loadgen.profile.curl_options import Asked
from loadgen.profile.document import Way
from loadgen.profile.load import Loaded, from_data, named_after
from loadgen.profile.units import format_duration

FASTEST = 100  # requests per second: more would not be gentle
REQUESTS = 110  # in each run: a p99 takes 100, and a few may fail
PAUSE = "100ms"
VISITS = 5  # by each user, in an idle experiment
VISITORS = 10
SHARED, RESUMED, FRESH = "shared", "resumed", "fresh"
SESSIONS: dict[str, dict[str, object]] = {
    SHARED: {"reuse": "shared"},
    RESUMED: {"reuse": "per-request", "tls_resumption": True},
    FRESH: {"reuse": "per-request", "tls_resumption": False},
}


def sessions(url: str) -> dict[str, dict[str, object]]:
    """The kinds of session to compare. Without TLS there is nothing to resume."""
    return (
        SESSIONS if url.startswith("https:") or url == SANDBOX else {name: SESSIONS[name] for name in (SHARED, FRESH)}
    )


def profile_of(url: str, rate: str, rounds: int, sets: Sequence[str] = (), asked: Asked | None = None) -> Loaded:
    """Shared, resumed and fresh connections in turn, with 110 requests in each of `rounds` rounds. Raises
    ProfileError."""
    if units.rate(rate) > FASTEST:
        raise ProfileError(
            f"{rate} is too fast: at most {FASTEST}/s", file="--rate", remedy="`loadgen run` has no limit"
        )
    variants = {name: {"session": session} for name, session in sessions(url).items()}
    data = {
        "name": f"keepalive-{named_after(url)}",
        "load": [{"name": "steady", "rate": rate, "iterations": REQUESTS}],
        "experiment": {"variants": variants, "rounds": rounds, "primary": "steady response p50", "pause": PAUSE},
    }
    places: dict[Way, str] = {("load", 0, "rate"): "--rate", ("experiment", "rounds"): "--rounds"}
    return from_data(data, url, places, asked=asked, sets=sets)


def idle_profile(url: str, idle: int, sets: Sequence[str] = (), asked: Asked | None = None) -> Loaded:
    """Ten users, each of whom comes back `VISITS` times after a pause of `idle` ns, to see whether the connection is
    still open. Raises ProfileError."""
    pause = format_duration(idle)
    phase = {
        "name": f"idle-{pause}".replace(".", "_"),
        "users": VISITORS,
        "iterations": VISITORS * VISITS,
        "think": pause,
    }
    data = {
        "name": f"idle-{named_after(url)}"[:60],
        "session": {"reuse": "shared", "connections": VISITORS},
        "load": [phase],
    }
    return from_data(data, url, {("load", 0, "think"): "--idle"}, asked=asked, sets=sets)
