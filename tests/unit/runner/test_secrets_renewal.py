"""A run's secrets are renewed in time, and no renewal holds anything up."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from secret_profiles import profile
from token_server import token

from loadgen.aws.auth import BEARER, Secret, Token
from loadgen.clock import SECOND
from loadgen.errors import LoadgenError, TargetError
from loadgen.redaction import Secrets
from loadgen.result.reason import Reason
from loadgen.runner import secrets
from loadgen.runner.secrets import Keeper


@dataclass
class Script:
    """A source that gives these, one after the other; then there is nothing more to renew."""

    gives: list[Secret | LoadgenError]

    def current(self) -> Secret:
        given = self.gives.pop(0)
        if isinstance(given, LoadgenError):
            raise given
        return given

    def renew_at(self, secret: Secret) -> int | None:
        return secret.expires - 10 * SECOND if self.gives else None

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return (secret.value,) if isinstance(secret, Token) else ()


@dataclass
class Heard:
    renewed: list[tuple[str, Secret]] = field(default_factory=list)
    warnings: list[Reason] = field(default_factory=list)
    lost: list[Reason] = field(default_factory=list)
    slept_until: list[int] = field(default_factory=list)


async def keep(monkeypatch: pytest.MonkeyPatch, *gives: Secret | LoadgenError) -> Heard:
    """What a keeper does with a source that gives these, in a time that passes only while it sleeps; in seconds."""
    heard, time = Heard(), [0]

    async def until(at: int) -> None:
        time[0] = max(time[0], at)
        heard.slept_until.append(time[0] // SECOND)

    found = Keeper(profile(), False, Secrets())
    source = Script(list(gives))
    monkeypatch.setattr(secrets, "_until", until)
    monkeypatch.setattr(secrets, "wall", lambda: time[0])
    monkeypatch.setattr(found, "_sources", {BEARER: source})
    await found.fetch()
    found.renewed, found.lost = lambda *new: heard.renewed.append(new), heard.lost.append
    await found.keep(heard.warnings.append)
    assert set(found.hidden.texts) >= {secret.value for _, secret in heard.renewed if isinstance(secret, Token)}
    return heard


async def test_secrets_are_renewed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, token("a", 100), token("b", 200), token("c", 300))
    assert heard.renewed == [(BEARER, token("b", 200)), (BEARER, token("c", 300))]
    assert heard.slept_until == [90, 190]
    assert not heard.warnings
    assert not heard.lost


async def test_what_was_due_while_nobody_kept_it_is_got_before_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    time = [0]
    found = Keeper(profile(), False, Secrets())
    monkeypatch.setattr(secrets, "wall", lambda: time[0])
    monkeypatch.setattr(found, "_sources", {BEARER: Script([token("a", 100), token("b", 200), token("c", 300)])})
    await found.fetch()
    for at, held in ((0, "a"), (89, "a"), (90, "b"), (189, "b"), (500, "c"), (600, "c")):
        time[0] = at * SECOND
        await found.refresh()
        assert found.access.secrets[BEARER] == token(held, 100 + 100 * "abc".index(held))
    assert found.hidden.texts == ("a", "b", "c")


async def test_a_secret_that_stays_the_same_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, token("a", 5), token("a", 5), token("a", 5))
    assert heard.renewed == []
    assert heard.slept_until == [1, 2]  # a source that asks for haste does not keep the processor busy


async def test_a_renewal_that_fails_is_said_once_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    down = TargetError("auth.bearer: no token")
    heard = await keep(monkeypatch, token("a", 100), down, down, down, token("b", 200))
    assert heard.slept_until == [90, 91, 93, 97]
    assert heard.warnings == [Reason.of("secret_not_renewed", error="auth.bearer: no token")]
    assert heard.renewed == [(BEARER, token("b", 200))]


async def test_a_secret_that_has_ended_and_cannot_be_renewed_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, token("a", 100), *[TargetError("auth.bearer: no token")] * 9)
    assert heard.slept_until == [90, 91, 93, 97, 100]
    assert heard.lost == [Reason.of("secret_expired", error="auth.bearer: no token")]
    assert len(heard.warnings) == 1


async def test_a_file_that_is_gone_for_a_while_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, Token("a"), *[TargetError("gone")] * 6, Token("b"))
    assert heard.slept_until == [1, 2, 4, 8, 16, 32, 62]
    assert heard.renewed == [(BEARER, Token("b"))]
    assert not heard.lost
