"""The functions that are there: their versions, aliases, and the changes that are under way.

A change takes `lambda.updating`. Until then calls run on the configuration before it, and a new version is Pending:
https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
The RevisionId changes as the update begins, and again as it ends: https://github.com/aws/aws-sdk/issues/377 (2022-10).
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.deployment import Deployment
from loadgen.sandbox.invocation import slowdown
from loadgen.sandbox.lambda_api.configuration import Configuration
from loadgen.sandbox.lambda_api.names import LATEST, Named
from loadgen.sandbox.lambda_api.refusals import not_found, wrong
from loadgen.sandbox.simulation import Simulation

UNNAMED = "sandbox"
"""The function behind the front, if nothing names one."""
LIMIT = 100
"""Of functions; of the versions, and of the aliases, of each."""


@dataclass(slots=True)
class Version:
    """A version of a function, or $LATEST. `modified` is wall ns; `ready` is the instant from which it is there."""

    number: str
    configuration: Configuration
    deployment: Deployment
    revision: str
    modified: int
    ready: int = 0


@dataclass(slots=True)
class Alias:
    name: str
    version: str
    description: str
    revision: str


@dataclass(slots=True)
class Change:
    """A configuration of $LATEST that holds from the instant `ready` on."""

    configuration: Configuration
    ready: int


@dataclass(slots=True)
class Provisioned:
    """So many provisioned environments, from the instant `ready` on. `modified` is wall ns."""

    number: int
    ready: int
    modified: int
    there: bool = False


@dataclass(slots=True)
class Function:
    """`provisioned` is by the version, or the alias, that it was asked for."""

    name: str
    latest: Version
    versions: dict[str, Version] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    provisioned: dict[str, Provisioned] = field(default_factory=dict)
    change: Change | None = None
    published: int = 0


class Functions:
    """The functions by name. Each is there as soon as somebody names it, unless the settings name those that are.

    The first one is also the one behind the front: the first one in the settings, or in a call. `restores`: the
    settings say how long a snapshot takes to restore. `free`: they name no function.
    """

    def __init__(self, simulation: Simulation, settings: SandboxSettings, wall: Callable[[], int]) -> None:
        self._simulation, self._settings, self._wall = simulation, settings.function, wall
        self._functions: dict[str, Function] = {}
        self._ids = random.Random(f"revisions {settings.seed}")
        self._named = {of.name: of for of in self._settings.functions}
        self.restores, self.free = bool(self._settings.snap_start), not self._named

    @property
    def front(self) -> str:
        """The name of the function behind the front."""
        first = self._settings.first
        return first.name if first else next(iter(self._functions), UNNAMED)

    def get(self, named: Named, region: str, now: int) -> Function:
        """The function, as it is at `now`. Raises Refused."""
        function = self._functions.get(named.name)
        if function is None:
            if not self.free and named.name not in self._named:
                raise not_found(named.arn(region))
            function = self._functions[named.name] = self._make(named.name)
        self._settle(function, now)
        return function

    def revision(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def change(self, function: Function, configuration: Configuration, now: int) -> None:
        """Configure $LATEST so; it holds after a while."""
        function.change = Change(configuration, now + self._settings.updating)
        function.latest.revision, function.latest.modified = self.revision(), self._wall()

    def publish(self, function: Function, description: str, now: int) -> Version:
        """A version with the configuration that $LATEST has. Raises Refused."""
        if len(function.versions) >= LIMIT:
            raise wrong(f"The sandbox has at most {LIMIT} versions of a function")
        function.published += 1
        number = str(function.published)
        configuration = function.latest.configuration.with_description(description)
        own = self._named.get(function.name)
        deployment = self._simulation.deploy(f"{function.name}:{number}", own, provisioned=0)
        self._fit(deployment, configuration)
        ready = now + self._settings.updating
        version = Version(number, configuration, deployment, self.revision(), self._wall(), ready)
        function.versions[number] = version
        return version

    def remove(self, function: Function, version: Version) -> None:
        del function.versions[version.number]
        function.provisioned.pop(version.number, None)
        self._simulation.remove(version.deployment)

    def provision(self, function: Function, qualifier: str, number: int, now: int) -> Provisioned:
        """Have so many environments for what `qualifier` means; none for 0."""
        asked = Provisioned(number, now + self._settings.updating, self._wall())
        if number:
            function.provisioned[qualifier] = asked
        else:
            del function.provisioned[qualifier]
            version_of(function, qualifier).deployment.provision(0)
        return asked

    def _make(self, name: str) -> Function:
        if len(self._functions) >= LIMIT:
            raise wrong(f"The sandbox has at most {LIMIT} functions")
        own, first = self._named.get(name), self._settings.first
        behind_front = own is first if first else not self._functions
        deployment = self._simulation.front if behind_front else self._simulation.deploy(name, own)
        configuration = Configuration.of(self._settings, own)
        return Function(name, Version(LATEST, configuration, deployment, self.revision(), self._wall()))

    def _settle(self, function: Function, now: int) -> None:
        """Let the changes be done that are by now."""
        latest, change = function.latest, function.change
        if change and now >= change.ready:
            function.change = None
            if change.configuration != latest.configuration:
                latest.configuration = change.configuration
                latest.deployment.renew()
                self._fit(latest.deployment, change.configuration)
            latest.revision = self.revision()
        for qualifier, asked in function.provisioned.items():
            if not asked.there and now >= asked.ready:
                asked.there = True
                version_of(function, qualifier).deployment.provision(asked.number)

    def _fit(self, deployment: Deployment, configuration: Configuration) -> None:
        of = self._settings
        deployment.slowdown = slowdown(configuration.memory, of.cpu_bound, of.threads)
        deployment.restores = configuration.snap_start


def version_of(function: Function, qualifier: str) -> Version:
    """The version that a qualifier means. Raises KeyError."""
    if qualifier == LATEST:
        return function.latest
    alias = function.aliases.get(qualifier)
    number = alias.version if alias else qualifier
    return function.latest if number == LATEST else function.versions[number]


def found(function: Function, named: Named, region: str, free: bool = False) -> Version:
    """The version that a request means; `free`: as long as there is no version and no alias, every alias means
    $LATEST. Raises Refused."""
    try:
        return version_of(function, named.qualifier)
    except KeyError:
        if free and not (function.published or function.aliases or named.qualifier.isdecimal()):
            return function.latest
        raise not_found(named.arn(region)) from None
