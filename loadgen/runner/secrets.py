"""The secrets of a run. The parent keeps them: it gets them before the load and renews them during it, outside the
event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from loadgen.aws.auth import API_KEY, BEARER, SIGV4, Access, Scope, Secret, named_by
from loadgen.aws.credentials import SANDBOX, Credentials, NoneFound
from loadgen.aws.oauth import TokenUrl
from loadgen.aws.secrets import File, Fixed, Keys, Source, Variable
from loadgen.clock import SECOND, wall
from loadgen.errors import LoadgenError, ProfileError
from loadgen.net.thread import in_thread
from loadgen.profile import auth as written
from loadgen.profile.model import Profile
from loadgen.redaction import Secrets
from loadgen.result.reason import Reason
from loadgen.runner.destination import SandboxAt

LOCAL = Credentials("local", "local")  # for a DynamoDB on this machine, which accepts any keys, if there are none
DEFAULT = Scope("execute-api", "us-east-1")  # the service if the host has a name of its own; the region of the sandbox
LEAST = SECOND  # between two requests for a secret
NAP = 30 * SECOND  # the longest sleep: the wall clock may be set meanwhile, or the machine may sleep
FIRST_PAUSE, LONGEST_PAUSE = SECOND, 30 * SECOND  # after a renewal that failed


class Keeper:
    """What a profile's requests are authorized with. `simulated`: they go to the sandbox, which takes keys of its own.

    `fetch` comes first; then `access` is what the parent uses, and `lent` what clients of the load get. What nobody may
    see of it is added to `hidden`. `renewed` hears of a new secret that is lent, and its kind; `lost` why there is none
    any more.
    """

    def __init__(self, profile: Profile, simulated: bool, hidden: Secrets) -> None:
        self._profile, self._simulated, self.hidden = profile, simulated, hidden
        self.access = Access()
        self._sources = _sources(profile, simulated)
        self._account = ""
        self._due: dict[str, int | None] = {}  # the wall-clock time in ns when the next secret of a kind must be got
        self.renewed: Callable[[str, Secret], None] = lambda kind, secret: None
        self.lost: Callable[[Reason], None] = lambda why: None

    async def fetch(self) -> None:
        """Get every secret. Raises TargetError for a secret that cannot be got, and ProfileError if no region is
        given."""
        if SIGV4 in self._sources:
            self.access.scope = await in_thread(self._scope)
        for kind, source in self._sources.items():
            self._take(kind, source, await in_thread(source.current))

    async def refresh(self) -> None:
        """Get the secrets that are due, if nobody did so meanwhile. Raises TargetError for one that cannot be got."""
        for kind, source in self._sources.items():
            due = self._due[kind]
            if due is not None and due <= wall():
                self._take(kind, source, await in_thread(source.current))

    @property
    def lent(self) -> Access:
        """What is lent to clients. Where the client finds credentials anew for each request, that is a part of what
        it costs: then nothing is, but for the sandbox's and made-up keys."""
        finds_own = self._profile.session.renew in self._profile.abilities.finds_credentials
        return Access() if finds_own and not self._simulated and not self.made_up else self.access

    @property
    def made_up(self) -> bool:
        """Whether there are no credentials, so that requests are signed with keys that give no access."""
        return self.access.credentials is LOCAL

    @property
    def account(self) -> str:
        """The AWS account of the credentials; empty if they do not name it."""
        return self._account

    async def keep(self, warn: Callable[[Reason], None]) -> None:
        """Renew what ends, until cancelled. `warn` hears that something could not be got, and is asked for again."""
        await asyncio.gather(*(self._keep(kind, source, warn) for kind, source in self._sources.items()))

    async def _keep(self, kind: str, source: Source, warn: Callable[[Reason], None]) -> None:
        secret = self.access.secrets[kind]
        at, failures = self._due[kind], 0
        while at is not None:
            await _until(max(at, wall() + LEAST))
            try:
                new = await in_thread(source.current)
            except LoadgenError as error:
                if 0 < secret.expires <= wall():
                    self.lost(Reason.of("secret_expired", error=str(error)))
                    return
                if not failures:
                    warn(Reason.of("secret_not_renewed", error=str(error)))
                at = wall() + min(FIRST_PAUSE << min(failures, 8), LONGEST_PAUSE)
                if secret.expires:
                    at = min(at, secret.expires)
                failures += 1
                continue
            failures = 0
            self._take(kind, source, new)
            at = self._due[kind]
            if new != secret:
                secret = new
                if self.lent is self.access:
                    self.renewed(kind, new)

    def _take(self, kind: str, source: Source, secret: Secret) -> None:
        self.hidden.add(*source.hidden(secret))
        self.access.renew(kind, secret)
        self._due[kind] = source.renew_at(secret)
        if kind == SIGV4 and self.access.credentials:
            self._account = self.access.credentials.account_id

    def _scope(self) -> Scope:
        """The scope of signatures. Blocks."""
        target, auth = self._profile.target, self._profile.auth
        if target.service:
            return Scope(target.service.signs_as, target.service.signing_region)
        assert auth
        assert auth.sigv4
        service, region = named_by(target.host)
        service, region = auth.sigv4.service or service or DEFAULT.service, auth.sigv4.region or region
        if not region and self._simulated:
            region = DEFAULT.region
        source = self._sources[SIGV4]
        if not region and isinstance(source, Keys):
            region = source.region or ""
        if not region:
            remedy = "Add it, for example eu-west-1: neither the URL nor the AWS configuration says it"
            raise ProfileError("is missing", key="auth.sigv4.region", remedy=remedy)
        return Scope(service, region)


class _AnyKeys(Keys):
    """Keys for a local stand-in of AWS: it wants a signature, and cannot tell whose it is. Half a pair of keys, or
    the name of a profile that is not there, is a mistake there too."""

    def current(self) -> Credentials:
        try:
            return super().current()
        except NoneFound:
            return LOCAL

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return () if secret is LOCAL else super().hidden(secret)


def _sources(profile: Profile, simulated: bool) -> dict[str, Source]:
    """The sources of a profile's secrets, by kind."""
    sources: dict[str, Source] = {}
    auth, service = profile.auth, profile.target.service
    if signed := service or (auth and auth.sigv4):
        local = service is not None and profile.target.loopback and not service.profile
        sources[SIGV4] = Fixed(SANDBOX) if simulated else _AnyKeys(None) if local else Keys(signed.profile)
    if auth and auth.api_key:
        sources[API_KEY] = _place(auth.api_key, "auth.api_key")
    if auth and (bearer := auth.bearer):
        if bearer.token_url and bearer.client_id and bearer.client_secret:
            sources[BEARER] = TokenUrl(
                "auth.bearer",
                bearer.token_url,
                _place(bearer.client_id, "auth.bearer.client_id"),
                _place(bearer.client_secret, "auth.bearer.client_secret"),
                bearer.scope,
                profile.tls.ca,
            )
        else:
            sources[BEARER] = _place(bearer, "auth.bearer")
    return sources


def _place(secret: written.Secret, key: str) -> Variable | File:
    if secret.env is not None:
        return Variable(key, secret.env)
    assert secret.file
    return File(key, secret.file)


async def _until(at: int) -> None:
    while (left := at - wall()) > 0:
        await asyncio.sleep(min(left, NAP) / SECOND)


async def keeper(profile: Profile, sandbox_at: SandboxAt | None, hidden: Secrets) -> Keeper:
    """The keeper of a profile's secrets, which has got them. Raises what `Keeper.fetch` does."""
    target = profile.target
    kept_running = bool(sandbox_at and target.loopback and sandbox_at(target.port))
    keeper = Keeper(profile, target.sandbox or kept_running, hidden)
    await keeper.fetch()
    return keeper
