"""The profile, read and checked. Its values are frozen; times are in nanoseconds, and rates are per second."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from loadgen.profile import units
from loadgen.profile.auth import Auth
from loadgen.profile.beside import Beside
from loadgen.profile.capacity import Capacity
from loadgen.profile.clients import CLIENTS, DEFAULT, Abilities, ClientName
from loadgen.profile.connection import Session, Target, Tls
from loadgen.profile.dynamodb import DynamoDb, Setup, check_keys
from loadgen.profile.expect import Expect
from loadgen.profile.experiment import Experiment
from loadgen.profile.function import EXAMPLE, INVOKE, MOST_CHANGES, Function
from loadgen.profile.keys import Keys
from loadgen.profile.part import Count, Duration, Flag, FromText, Name, Part, complaint, did_you_mean, unique, whole
from loadgen.profile.phase import Phase
from loadgen.profile.rate import LinearRate, Rate
from loadgen.profile.sandbox import SandboxSettings
from loadgen.profile.scenario import CapturedName, Data, Scenario, Step
from loadgen.profile.units import format_duration, format_rate, quoted
from loadgen.profile.values import SCHEDULED, STAMPED, Selector, StopIf, Think, Threshold

__all__ = [
    "Auth",
    "Beside",
    "Capacity",
    "Data",
    "DynamoDb",
    "Expect",
    "Experiment",
    "Function",
    "Keys",
    "LinearRate",
    "Phase",
    "Profile",
    "Rate",
    "Retries",
    "SandboxSettings",
    "Scenario",
    "Selector",
    "Session",
    "Setup",
    "Step",
    "StopIf",
    "Target",
    "Think",
    "Threshold",
    "Tls",
]

SECOND = units.DURATIONS["s"]
MOST_WORKERS = 256


def _stop_if(value: object) -> StopIf | None:
    if value is None or isinstance(value, StopIf):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a condition to stop: expected 'errors > 50% for 5s' or never")
    return None if value == "never" else StopIf.parse(value)


def dollars_of(text: str) -> float:
    """An amount in US dollars: $1.50. Raises ValueError."""
    if not re.fullmatch(r"\$[0-9]{1,9}(\.[0-9]{1,6})?", text) or not float(text[1:]):
        raise ValueError(f"{quoted(text)} is not an amount: expected US dollars such as $1.50")
    return float(text[1:])


def _max_rate(text: str) -> float:
    value = units.rate(text)
    if not value:
        raise ValueError(f"{quoted(text)} allows nothing: expected more than 0/s")
    return value


def _whole_target(given: dict[str, Any]) -> tuple[Scenario, ...]:
    target: Target = given["target"]
    if target.service:
        return ()
    return (Scenario(name="default", steps=(Step(name="get", method="GET", path=target.rest),)),)


class Retries(Part):
    """How a failed request is sent again, by the rules of the AWS SDKs. The result then has the times of attempts and
    those of whole operations. Short: retries: 3, which are the attempts."""

    mode: Literal["standard", "legacy", "adaptive"] = "standard"
    """The rules: standard; with client: sdk also botocore's legacy and adaptive."""

    attempts: Annotated[int, Field(ge=1, le=100), BeforeValidator(whole)] = 3
    """The greatest number of times that a request is sent, the first time included."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"attempts": value} if isinstance(value, int) else value


def _workers(value: object) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    try:
        number = int(str(whole(value)))
    except ValueError:
        number = 0
    if not 1 <= number <= MOST_WORKERS:
        raise ValueError(f"{quoted(value)}: expected a number from 1 to {MOST_WORKERS}, or auto")
    return number


Workers = Annotated[
    int | Literal["auto"],
    PlainValidator(_workers),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_WORKERS}, {"const": "auto"}]}),
]
Cycles = Annotated[int, Field(ge=1, le=1000), BeforeValidator(whole)]
Seed = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(whole)]
ThresholdText = Annotated[Threshold, FromText(Threshold.parse, r".+(<=?|>=?).+", "response p99 < 250ms")]
KeysText = Annotated[Keys, FromText(Keys.parse, r"[a-z]+\(.+\)", "zipfian(10000, theta=0.99)")]
StopText = Annotated[
    StopIf | None,
    PlainValidator(_stop_if),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(never|errors\s*>=?.+for.+)$", "examples": ["errors > 50% for 5s"]}
    ),
]


class Profile(Part):
    """What loadgen sends, where, when and over which connections, and what must hold."""

    name: Name
    """The profile's name, which the folders of its runs are named after."""

    target: Target
    """The target of the load: sandbox, or a URL."""

    sandbox: SandboxSettings | None = None
    """How the simulated target behaves. Used only if the target is sandbox."""

    auth: Auth | None = None
    """How requests to a URL are authenticated. Calls of a DynamoDB table are signed without it."""

    workers: Workers = 1
    """How many processes send the requests: 1 to 256, or auto, as many as the rate needs."""

    client: ClientName = DEFAULT
    """wire: loadgen's own HTTP/1.1 client, which knows when the kernel had the answer; aiohttp: the library that many
    programs use; sdk: aioboto3, for a DynamoDB table."""

    session: Session = Session()
    """How connections are used: shared, per-iteration, per-request, or a mapping."""

    tls: Tls = Tls()
    """The certificates to trust, and the client's own."""

    load: tuple[Phase, ...] = Field(min_length=1)
    """The phases of the load, which run one after the other."""

    beside: tuple[Beside, ...] = ()
    """Requests that go on beside the phases, such as pings that keep a function warm: [{name: keep-warm, every: 5m,
    at-once: 10, get: /ping}]. Their figures stand apart."""

    cycles: Cycles = 1
    """How many times the measured phases run. Each time is reported by itself."""

    scenarios: tuple[Scenario, ...] = Field(default_factory=_whole_target, min_length=1)
    """What an iteration does. If there are several, each iteration draws one by weight. Default: a GET of the target's
    URL."""

    choices: dict[CapturedName, KeysText] = Field(default={}, validation_alias="keys")
    """Choices of a key, each under a name of your own. The name is then a placeholder in every step of an iteration."""

    setup: Setup | None = None
    """The table that the run creates before the load: {key: {pk: S}, items: 1000, item: {pk: '{{seq}}'}}."""

    teardown: Flag = False
    """Whether loadgen deletes the table after the run, if `setup` created it. loadgen deletes nothing else."""

    retries: Retries | None = None
    """Whether a failed request is sent again. Default: never, so that each failure is seen."""

    max_cost: Annotated[float, FromText(dollars_of, r"\$[0-9.]+", "$1.50")] | None = None
    """How many US dollars the load may cost. loadgen refuses a plan that costs more and stops a run that reaches it."""

    experiment: Experiment | None = None
    """Variants of the profile that are compared: {variants: {shared: {}, fresh: {session: per-request}}}."""

    capacity: Capacity | None = None
    """What `loadgen capacity` measures with this profile: {keep: p99 < 100ms, for: 8m}. A run does not use it."""

    thresholds: dict[str, tuple[ThresholdText, ...]] = Field(default={})
    """Conditions that a measured phase must meet, by the phase's name, or a stream beside the phases, by its name. If
    one fails, the exit status is 4; if one is undecided, 7. In an experiment a condition may also compare two variants:
    fresh / shared p99 < 3."""

    stop_if: StopText = StopIf.parse("errors > 50% for 5s")
    """When to give up: errors > 50% for 5s, or never."""

    in_flight_limit: Count | None = None
    """How many iterations may be open at once. loadgen does not start those that are due beyond it, and counts them as
    unsent. Default: 100000."""

    max_rate: Annotated[float, FromText(_max_rate, units.RATE_PATTERN, "1000/s")] | None = None
    """The highest rate that a phase may have. loadgen refuses a profile with a higher one, which guards against typing
    errors."""

    timeout: Duration = 30 * SECOND
    """How long a step may take, counted from when it is due. A step may have a timeout of its own."""

    seed: Seed = 1
    """The number that the load is drawn from. The same seed gives the same arrivals; payloads also depend on the
    run."""

    @property
    def abilities(self) -> Abilities:
        """What the profile's client can do."""
        return CLIENTS[self.client]

    @property
    def measured(self) -> tuple[Phase, ...]:
        return tuple(phase for phase in self.load if phase.measure)

    @property
    def every_step(self) -> tuple[tuple[Scenario, Step], ...]:
        """Each step and its scenario, in the order of their numbers: those of the phases, then those beside them."""
        scenarios = (*self.scenarios, *(stream.scenario for stream in self.beside))
        return tuple((scenario, step) for scenario in scenarios for step in scenario.steps)

    @property
    def record_names(self) -> tuple[str, ...]:
        """The names of the profile's own metrics, in the order of their numbers."""
        return tuple(dict.fromkeys(name for _, step in self.every_step for name in step.records))

    @model_validator(mode="after")
    def _check(self) -> Self:
        for names, key, what in ((self.load, "load", "phases"), (self.scenarios, "scenarios", "scenarios")):
            unique([item.name for item in names], what, key)
        self._check_beside()
        self._check_target()
        self._check_session()
        if self.target.parts.query and "scenarios" in self.model_fields_set:
            raise complaint("a query in the URL would be lost", "Write it as the query of a step", ("target", "url"))
        if not self.measured:
            raise complaint("no phase is measured", "Leave out measure: false in one of them", ("load",))
        for i, phase in enumerate(self.load):
            if self.max_rate and phase.rate and phase.rate.highest > self.max_rate:
                problem = f"{phase.rate} is more than max_rate allows, {format_rate(self.max_rate)}"
                raise complaint(problem, "Lower the rate, or raise max_rate", ("load", i, "rate"))
        self._check_forced()
        self._check_primary()
        self._check_thresholds()
        return self

    def _check_forced(self) -> None:
        """Check that a load whose cold starts are forced can wait for the changes between."""
        function = self.target.function
        if function is None or function.force_cold is None:
            return
        at = ("target", "lambda", "force_cold")
        if function.qualifier not in (None, "$LATEST"):
            problem = f"a change of the function does not end the environments of {function.qualifier}"
            raise complaint(problem, "Leave the qualifier out", at)
        if self.beside:
            problem = "what goes on beside the phases does not wait while the function is changed"
            raise complaint(problem, "Leave it out", ("beside",))
        for i, phase in enumerate(self.load):
            if phase.users is None or phase.iterations is None:
                problem = f"{phase.name} does not wait while the function is changed"
                raise complaint(problem, "Use users and iterations", ("load", i))
        changes = sum(
            (self.cycles if of.measure else 1) * math.ceil((of.iterations or 0) / (of.users or 1) / function.force_cold)
            for of in self.load
        )
        if changes > MOST_CHANGES:
            problem = f"would change the function {changes:,} times, and {MOST_CHANGES:,} are allowed"
            raise complaint(problem, "Use fewer iterations, or a greater number", at)

    def _check_session(self) -> None:
        session, abilities = self.session, self.abilities
        if session.reuse not in abilities.reuses:
            remedy = f"It can use: {', '.join(abilities.reuses)}"
            raise complaint(f"{self.client} has no {session.reuse} session", remedy, ("session", "reuse"))
        if session.renew not in abilities.renews:
            remedy = f"It can renew: {', '.join(abilities.renews)}"
            raise complaint(f"{self.client} cannot renew the {session.renew}", remedy, ("session", "renew"))
        if (session.reuse, session.renew) not in abilities.sessions:
            problem = f"a {session.reuse} session renews nothing, not the {session.renew}"
            raise complaint(problem, "Use reuse: per-request or per-iteration with it", ("session", "renew"))
        if session.order != "lifo" and session.reuse != "shared":
            problem = f"a {session.reuse} session has no idle connections to choose from"
            raise complaint(problem, "Use it with reuse: shared", ("session", "order"))
        for key in ("order", "bind") if not abilities.sockets else ():
            if getattr(session, key) != Session.model_fields[key].default:
                able = ", ".join(name for name, of in CLIENTS.items() if of.sockets)
                raise complaint(f"{self.client} chooses that itself", f"Use client: {able}", ("session", key))

    def _check_target(self) -> None:
        """Check that the other keys fit the target: a URL, a table or a function."""
        service = self.target.service
        if self.setup and not self.target.dynamodb:
            raise complaint("is for a DynamoDB table", "Leave it out", ("setup",))
        if self.max_cost is not None and not service:
            raise complaint("is for a DynamoDB table or a Lambda function", "Leave it out", ("max_cost",))
        if not service and not self.abilities.http:
            problem = f"{self.client} is a client of AWS's services"
            raise complaint(problem, "Use it with target: {dynamodb: ...} or {lambda: ...}", ("client",))
        if service and not self.scenarios:
            example = "PutItem" if self.target.dynamodb else EXAMPLE
            raise complaint("is missing", f"Add it: what to call, for example {example}", ("scenarios",))
        if service and self.auth:
            raise complaint("is for a URL: calls of AWS's services are signed in any case", "Leave it out", ("auth",))
        if self.teardown and not self.setup:
            raise complaint(
                "deletes the table that setup created, and there is no setup", "Leave it out", ("teardown",)
            )
        if self.retries and self.retries.mode not in self.abilities.retry_rules:
            problem = f"the {self.client} client retries only by the {' and '.join(self.abilities.retry_rules)} rules"
            others = [name for name, client in CLIENTS.items() if self.retries.mode in client.retry_rules]
            remedy = f"Use mode: {' or '.join(self.abilities.retry_rules)}, or client: {' or '.join(others)}"
            raise complaint(problem, remedy, ("retries", "mode"))
        if self.setup:
            check_keys(self.setup.item, self.setup.key, self.choices, ("setup", "item"))
        for i, scenario in enumerate(self.scenarios):
            self._check_scenario(scenario, ("scenarios", i), ("steps",))
        for i, stream in enumerate(self.beside):
            self._check_scenario(stream.scenario, ("beside", i), ())

    def _check_scenario(self, scenario: Scenario, way: tuple[str | int, ...], steps: tuple[str | int, ...]) -> None:
        """Check what a scenario that is written at `way` sends; its steps are a list below it, or it is one itself."""
        for j, step in enumerate(scenario.steps):
            at = (*way, *steps, j) if steps else way
            for name in step.headers:
                if self.auth and name.lower() in self.auth.headers:
                    problem, remedy = "is the header that auth sets", "Leave it out here, or leave out auth"
                    raise complaint(problem, remedy, (*at, "headers", name))
            if self.setup and step.operation:
                check_keys(step.parameters, self.setup.key, self.choices, (*at, step.operation))
            self._check_operation(step, at)
        try:
            scenario.check_references([*self.choices])
        except PydanticCustomError as error:
            context = error.context or {}
            below = context["at"] if steps else context["at"][2:]
            raise complaint(context["problem"], context["remedy"], (*way, *below)) from None

    def _check_beside(self) -> None:
        phases = [phase.name for phase in self.load]
        unique([stream.name for stream in self.beside], "streams", "beside")
        ends = self.cycles * sum(math.inf if of.length is None else of.length for of in self.load)
        for i, stream in enumerate(self.beside):
            if stream.name in phases:
                raise complaint(f"a phase is called {stream.name} too", "Choose another name", ("beside", i, "name"))
            if stream.after >= ends:
                problem = f"nothing is sent: the load ends after {format_duration(int(ends))}"
                raise complaint(problem, "Begin sooner", ("beside", i, "after"))
        if self.beside and self.target.dynamodb:
            raise complaint("is not for a DynamoDB table: its cost would not be told", "Leave it out", ("beside",))

    def _check_operation(self, step: Step, at: tuple[str | int, ...]) -> None:
        """Check that the target takes what the step sends."""
        service = self.target.service
        if step.operation in (service.operations if service else ("",)):
            return
        what = f"calls {step.operation}" if step.operation else "is an HTTP request"
        if service:
            goes = f"Use an operation such as {service.operations[0]}"
        else:
            goes = f"Use target: {{{'lambda' if step.operation == INVOKE else 'dynamodb'}: ...}}"
        raise complaint(f"{what}, which the target does not take", goes, at)

    def _check_primary(self) -> None:
        primary = self.experiment.primary if self.experiment else None
        if not primary:
            return
        phases = {phase.name: phase for phase in self.measured}
        steps = [step.name for scenario in self.scenarios for step in scenario.steps]
        at = ("experiment", "primary")
        if primary.phase not in phases:
            raise complaint(f"no measured phase is called {primary.phase}", did_you_mean(primary.phase, [*phases]), at)
        if primary.step and primary.step not in steps:
            raise complaint(f"no step is called {primary.step}", did_you_mean(primary.step, steps), at)
        if not primary.step and len(steps) > 1 and primary.metric != "iteration":
            problem = f"there are several steps, and {primary.text} names none of them"
            raise complaint(
                problem, f"Name one, as in '{primary.phase} {steps[0]} {primary.metric} {primary.quantile}'", at
            )
        self._check_metric(primary.metric, phases[primary.phase], at)

    def _check_thresholds(self) -> None:
        phases = {phase.name: phase for phase in self.load}
        streams = [stream.name for stream in self.beside]
        for name, thresholds in self.thresholds.items():
            if name in streams:
                self._check_apart(name, thresholds)
                continue
            if name not in phases:
                known = did_you_mean(name, [*phases, *streams])
                raise complaint(f"there is no phase called {name}", known, ("thresholds", name))
            if not phases[name].measure:
                raise complaint(f"{name} is not measured", "Leave out its measure: false", ("thresholds", name))
            for i, threshold in enumerate(thresholds):
                if threshold.kind == "ratio":
                    self._check_variants(threshold, ("thresholds", name, i))
                self._check_metric(threshold.metric, phases[name], ("thresholds", name, i))
                if threshold.kind == "rate" and phases[name].length is None:
                    problem = f"{name} takes as long as its iterations do, and so has no rate"
                    raise complaint(problem, "Use a quantile or errors", ("thresholds", name, i))

    def _check_apart(self, name: str, thresholds: tuple[Threshold, ...]) -> None:
        """Check the thresholds of a stream beside the phases."""
        for i, threshold in enumerate(thresholds):
            if threshold.kind not in ("latency", "errors"):
                problem = f"{name} goes on beside the phases, and is judged by its times and errors alone"
                raise complaint(problem, "Use a quantile or errors", ("thresholds", name, i))

    def _check_metric(self, metric: str, phase: Phase, at: tuple[str | int, ...]) -> None:
        if phase.closed and metric in SCHEDULED:
            raise complaint(f"a closed load has no due time, and so no {metric}", "Use service", at)
        if metric in STAMPED and not self.abilities.stamps:
            problem = f"{metric} is known to the wire client only, and this is client: {self.client}"
            raise complaint(problem, "Use service, or client: wire", at)

    def _check_variants(self, threshold: Threshold, at: tuple[str | int, ...]) -> None:
        if not self.experiment:
            problem = f"{quoted(threshold.text)} compares two variants, and there is no experiment"
            raise complaint(problem, "Add experiment: {variants: ...}, or leave it out", at)
        known = [name for name, _, _ in self.experiment.cells()]
        for name in threshold.variants:
            if name not in known:
                raise complaint(f"there is no variant {name}", did_you_mean(name, known), at)
        if len(set(threshold.variants)) == 1:
            raise complaint(f"{quoted(threshold.text)} compares a variant with itself", "Name two that differ", at)
