"""Single exchanges as plain values, for `report.once`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from loadgen.analysis.latency import milliseconds
from loadgen.aws import refusals
from loadgen.aws.attributes import is_typed, plain
from loadgen.aws.auth import Access
from loadgen.exchange import CONNECTION_LABELS, REDACTED
from loadgen.net.names import Origin
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile
from loadgen.runner.advice import remedy
from loadgen.runner.destination import Destination, SandboxAt, StartSandbox, destination
from loadgen.runner.interrupts import interrupts
from loadgen.runner.probe import Seen, each_step
from loadgen.runner.redaction import redacted
from loadgen.runner.secrets import keeper
from loadgen.runner.table.attach import MADE_UP
from loadgen.runner.table.calls import Api
from loadgen.runner.table.lifecycle import Table

ITEMS = 10_000  # of those that `setup` loads, at the most


async def once(
    loaded: Loaded, start_sandbox: StartSandbox, sandbox_at: SandboxAt | None, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """One exchange of each step, without secrets, in the keys that `report.once.render_once` documents. A table that
    the profile's `setup` makes for it is deleted again; `say` hears of it."""
    profile = loaded.profile
    with interrupts():
        secrets = await keeper(profile, sandbox_at)
        if secrets.made_up:
            say(MADE_UP)
        async with destination(profile, start_sandbox, sandbox_at, secrets.account) as to:
            with secrets.unrevealing(loaded.secrets):
                async with _table(profile, to, secrets.access, say):
                    seen = await each_step(profile, to.origin, to.addresses, to.ca, secrets.lent)
            return redacted([_plain(one, to.origin, secrets.lent) for one in seen], loaded.secrets + secrets.known)  # type: ignore[no-any-return]


@asynccontextmanager
async def _table(profile: Profile, to: Destination, access: Access, say: Callable[[str], None]) -> AsyncIterator[None]:
    """The target's table, if it is one, for as long as the block lasts."""
    if not profile.target.dynamodb:
        yield
        return
    table = Table(profile, lambda: Api(profile, to, access), say, say)
    try:
        await table.look()
        await table.make(ITEMS)
        yield
    finally:
        await table.tear_down(keep=False)


def _plain(seen: Seen, origin: Origin, access: Access) -> dict[str, Any]:
    x = seen.exchange
    show = _readable if x.request.operation else bytes
    request = {
        "method": x.request.operation or x.request.method,
        "url": origin.url + x.request.path,
        "headers": [*x.request.headers, *((name, REDACTED) for name in access.names)],
        "body": show(x.request.body),
    }
    answer = {"status": x.status, "headers": x.headers or {}, "body": show(x.body or b"")} if x.status else None
    tally = x.tally if x.tally and x.tally.sampled else None
    return {
        "scenario": seen.scenario,
        "step": seen.step,
        "request": request,
        "answer": answer,
        "outcome": x.outcome.word,
        "reason": x.reason,
        "remedy": remedy(origin.url, x.outcome, x.reason),
        "refused": bool(refusals.remedy(x.reason)),
        "capacity": {"read": tally.read / 1000, "write": tally.written / 1000} if tally else None,
        "times_ms": _times(seen),
        "connection": CONNECTION_LABELS[x.connection] if x.connected else None,
        "peer": seen.peer,
        "captured": seen.captured,
        "not_found": list(seen.not_found),
    }


def _readable(body: bytes) -> bytes:
    """A body of DynamoDB's JSON, its attribute values as plain ones; as it is, if it is something else."""
    try:
        return json.dumps(_plainly(json.loads(body)), indent=1, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body


def _plainly(value: Any) -> Any:
    if is_typed(value):
        with suppress(ValueError):
            return plain(value)
    if isinstance(value, dict):
        return {name: _plainly(member) for name, member in value.items()}
    return [_plainly(member) for member in value] if isinstance(value, list) else value


def _times(seen: Seen) -> dict[str, float | None]:
    x = seen.exchange
    times = {"response": x.done - x.due, "lag": x.released - x.due, "sign": x.signed - x.released}
    if x.started:
        times |= {"wait": x.started - x.signed, "service": x.done - x.started}
    if x.connected > x.started:
        times["connect"] = x.connected - x.started
    parts = {"build": x.build, "dns": x.dns, "tcp": x.tcp, "tls": x.tls, "connect_delay": x.connect_delay}
    times |= {name: value for name, value in parts.items() if value >= 0}
    if x.received:
        times["client_delay"] = x.done - x.received
    return {name: milliseconds(value) for name, value in times.items()}
