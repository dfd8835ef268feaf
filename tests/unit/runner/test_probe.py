"""Single exchanges: what they are measured from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loadgen.aws.auth import Access
from loadgen.clock import Clock
from loadgen.exchange import Exchange
from loadgen.net.names import Origin
from loadgen.profile.load import load
from loadgen.runner import probe as single
from loadgen.transport import Done


class Client:
    """Answers at once, and knows when it was ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, done: Done) -> None:
        self._loop, self._clock, self._done = loop, clock, done
        self.ready = 0

    async def prepare(self) -> None:
        self.ready = self._clock.now()

    def send(self, x: Exchange) -> None:
        x.signed = x.started = x.connected = x.sent = x.done = self._clock.now()
        x.status = 200
        self._loop.call_soon(self._done, x)

    def peer(self, x: Exchange) -> dict[str, object]:
        return {}

    def end_iteration(self, owner: object) -> None: ...

    def cancel(self) -> None: ...

    async def close(self) -> None: ...


async def test_what_was_not_found_is_not_said_to_be_null(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answering(Client):
        def send(self, x: Exchange) -> None:
            x.body = b'{"empty": null, "id": [1, "a"]}'
            super().send(x)

    monkeypatch.setattr(single, "make_client", lambda loop, clock, *given: Answering(loop, clock, given[-3]))
    captured = "{id: body.id, empty: body.empty, gone: body.gone.at.all}"
    text = (
        "name: t\ntarget: http://127.0.0.1:9\nload: [{name: a, users: 1, for: 1s}]\n"
        f"scenarios: [{{name: s, steps: [{{name: x, get: /, capture: {captured}}}]}}]"
    )
    profile = load("p.yaml", text=text).profile
    (probed,) = await single.probe(profile, Origin.of(profile.target.url), (), None, Access())
    assert probed.captured == {"id": [1, "a"], "empty": None}
    assert probed.not_found == ("gone",)


async def test_an_exchange_is_due_when_its_client_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """What making an SDK's client takes before is no delay of the exchange."""
    clients: list[Client] = []

    def make(loop: asyncio.AbstractEventLoop, clock: Clock, *given: Any) -> Client:
        clients.append(Client(loop, clock, given[-3]))
        return clients[-1]

    monkeypatch.setattr(single, "make_client", make)
    profile = load("p.yaml", text="name: t\ntarget: http://127.0.0.1:9\nload: [{name: a, users: 1, for: 1s}]").profile
    (probed,) = await single.probe(profile, Origin.of(profile.target.url), (), None, Access())
    assert clients[0].ready <= probed.exchange.due <= probed.exchange.released


async def test_one_that_is_given_up_is_over_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client may tell, as it is closed, what became of the exchange that nobody waits for any more."""

    class Hanging(Client):
        def send(self, x: Exchange) -> None:
            self.sent = x
            probing.cancel()

        async def close(self) -> None:
            self.sent.done = self._clock.now()
            self._done(self.sent)

    monkeypatch.setattr(single, "make_client", lambda loop, clock, *given: Hanging(loop, clock, given[-3]))
    profile = load("p.yaml", text="name: t\ntarget: http://127.0.0.1:9\nload: [{name: a, users: 1, for: 1s}]").profile
    probing = asyncio.create_task(single.probe(profile, Origin.of(profile.target.url), (), None, Access()))
    with pytest.raises(asyncio.CancelledError):
        await probing
