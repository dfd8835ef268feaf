"""Single exchanges as plain values, for `report.once`."""

from __future__ import annotations

from typing import Any

from loadgen.exchange import CONNECTION_LABELS
from loadgen.experiment.conclusion import redacted
from loadgen.experiment.destination import SandboxAt, StartSandbox, destination
from loadgen.experiment.interrupts import interrupts
from loadgen.experiment.latency import milliseconds
from loadgen.experiment.remedies import remedy
from loadgen.experiment.secrets import keeper
from loadgen.experiment.single import Seen, each_step
from loadgen.net.names import Origin
from loadgen.profile.load import Loaded


async def once(
    loaded: Loaded, start_sandbox: StartSandbox, sandbox_at: SandboxAt | None = None
) -> list[dict[str, Any]]:
    """One exchange of each step, without secrets, in the keys that `report.once.render_once` documents."""
    profile = loaded.profile
    with interrupts():
        secrets = await keeper(profile, sandbox_at)
        async with destination(profile, start_sandbox) as to:
            seen = await each_step(profile, to.origin, to.addresses, to.ca, secrets.lent)
            return redacted([_plain(one, to.origin) for one in seen], loaded.secrets + secrets.known)  # type: ignore[no-any-return]


def _plain(seen: Seen, origin: Origin) -> dict[str, Any]:
    x = seen.exchange
    request = {
        "method": x.request.method,
        "url": origin.url + x.request.path,
        "headers": list(x.request.headers),
        "body": x.request.body,
    }
    answer = {"status": x.status, "headers": x.headers or {}, "body": x.body or b""} if x.status else None
    return {
        "scenario": seen.scenario,
        "step": seen.step,
        "request": request,
        "answer": answer,
        "outcome": x.outcome.word,
        "reason": x.reason,
        "remedy": remedy(origin.url, x.outcome, x.reason),
        "times_ms": _times(seen),
        "connection": CONNECTION_LABELS[x.connection] if x.connected else None,
        "peer": seen.peer,
        "captured": seen.captured,
    }


def _times(seen: Seen) -> dict[str, float | None]:
    x = seen.exchange
    times = {"response": x.done - x.due, "lag": x.released - x.due, "sign": x.signed - x.released}
    if x.started:
        times |= {"wait": x.started - x.signed, "service": x.done - x.started}
    if x.connected > x.started:
        times["connect"] = x.connected - x.started
    times |= {name: value for name, value in (("dns", x.dns), ("tcp", x.tcp), ("tls", x.tls)) if value >= 0}
    if x.received:
        times["client_delay"] = x.done - x.received
    return {name: milliseconds(value) for name, value in times.items()}
