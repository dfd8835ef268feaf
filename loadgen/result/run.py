"""The result of one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from loadgen.form import Form
from loadgen.result import SCHEMA
from loadgen.result.band import Band, Held
from loadgen.result.codec import item
from loadgen.result.cold_wave import ColdWave
from loadgen.result.join import JoinResult
from loadgen.result.latency import Latency
from loadgen.result.node import Node, OfNode
from loadgen.result.odd import Odd, OfAddress, OfWorker, Tail
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.settling import Settling
from loadgen.result.shape import Ends, Shape

Verdict = Literal["VALID", "DEGRADED", "INVALID"]
Status = Literal["passed", "failed", "undecided"]


# what was counted


@dataclass(frozen=True, slots=True)
class Iterations:
    """The ledger of iterations: planned = started + unsent, and started = completed + failed + cut_short."""

    planned: int = item("the iterations that the schedule has")
    started: int = item("the iterations that were started")
    completed: int = item("the started iterations whose every step was ok")
    failed: int = item("the started iterations that ended with a step that was not ok")
    cut_short: int = item("the started iterations that the end of the run cut short")
    unsent: int = item("the planned iterations that were never started")
    unsent_why: dict[str, int] = item("the number of iterations that were never started, by reason")


@dataclass(frozen=True, slots=True)
class Requests:
    """The ledger of requests: sent is the sum of the outcomes."""

    sent: int = item("the requests that were handed to the client")
    on_wire: int = item("the requests of which at least the first byte was sent")
    outcomes: dict[str, int] = item("the number of requests by outcome class")

    @property
    def failed(self) -> int:
        """The number of requests that were not ok."""
        return sum(count for outcome, count in self.outcomes.items() if outcome != "ok")


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of a whole run, as the client counted them."""

    opened: int = item("the connections that were opened, before the load and during it")
    resumed: int = item("the opened connections that resumed a TLS session")
    closed_idle: int = item("the connections that the target closed while they were idle")
    preopened: int = item("the connections that were opened before the load")
    failed: int = item("the connections that could not be opened")
    peak: int = item("the greatest number of connections that were open at once")
    reused: int = item("the requests that were sent on a connection that was already open")


@dataclass(frozen=True, slots=True)
class OnConnections:
    """The number of requests on each kind of connection."""

    new: int = item("the requests on a connection that was opened for them")
    reused: int = item("the requests on a connection that was already open")
    resumed: int = item("the requests on a connection that was opened for them and resumed a TLS session")


@dataclass(frozen=True, slots=True)
class Network:
    """What the kernel reported about the network."""

    connects: int = item("the connects that the client reported")
    syn_retried: int = item("the connects whose first packet (SYN) was sent again")
    looked_at: int = item("the number of times that the kernel was asked about a connection")
    segments: int = item("the segments that had been sent on these connections")
    retransmits: int = item("the segments that were sent again")
    lost: int = item("the segments that the kernel believed lost when it was asked")
    round_trip_ms: float | None = item("the median round trip; null if it is not known", "ms")


@dataclass(frozen=True, slots=True)
class Skipped:
    """Requests that were not made."""

    failed_step: int = item("the requests that were not made because an earlier step of their iteration failed")
    stopped: int = item("the requests that were not made because the run was stopped")


@dataclass(frozen=True, slots=True)
class Attempts:
    """Operations, each of which may take several requests."""

    operations: int = item("the number of operations")
    attempts: int = item("the number of requests that the operations took")
    per_operation: float | None = item(
        "the mean number of requests for an operation; null if there was no operation", "requests"
    )
    outcomes: dict[str, int] = item("the number of operations by outcome class")

    @property
    def failed(self) -> int:
        """The number of operations whose end was not ok."""
        return sum(count for outcome, count in self.outcomes.items() if outcome != "ok")


@dataclass(frozen=True, slots=True)
class Items:
    """The items of calls that write or read several items, over all attempts."""

    sent: int = item("the items that were sent")
    unprocessed: int = item("the sent items that came back unprocessed")


@dataclass(frozen=True, slots=True)
class ConsumedCapacity:
    """The capacity that calls consumed, as far as their answers report it."""

    sampled_calls: int = item("the number of calls whose answer reports the capacity that they consumed")
    read_units: float = item("the read capacity that these calls consumed", "read units")
    write_units: float = item("the write capacity that these calls consumed", "write units")


# a phase and its steps


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose time it was. `target`, `connect`, `wait`, `build`, `held`, `own` and `handshake` add up to `value`."""

    value: float = item("the time that is divided up: of a percentile, of the mean, or of one request", "ms")
    target: float = item("the time that the target and the network to it took", "ms")
    connect: float = item("the time to make a connection, without this machine's part of it", "ms")
    wait: float = item("the time that the request waited for a connection below the cap", "ms")
    build: float = item(
        "the time that another client than loadgen's own took for what the profile asks for: making it, and building "
        "and signing the request",
        "ms",
    )
    held: float = item("the time that adaptive retries held the request back", "ms")
    own: float = item(
        "the time that counts against this machine: of a percentile by how much it lifted it, as in trust.figures", "ms"
    )
    own_at_least: bool = item(
        "whether this machine may have taken more, because the client has no stamps of the kernel"
    )
    requests: int = item("the number of requests from which the parts were computed")
    handshake: float = item(
        "the CPU time that this machine takes to make a connection, and up to 1 ms of its delay",
        "ms",
        omit=True,
        default=0.0,
    )


@dataclass(frozen=True, slots=True)
class OffSchedule:
    """How much of a tail did not leave as planned: it waited for a connection, or left more than the mean gap between
    arrivals late, or was not sent because too much was in flight. The target then had another load than the plan's."""

    requests: int = item("the number of requests at and beyond the percentile")
    displaced: int = item("of these, the number that did not leave as planned")
    waited: int = item("of the displaced, the number that waited for a connection")

    @property
    def share(self) -> float:
        return self.displaced / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Stratum:
    """The requests of a step that have the same value of what `split_by` names."""

    stratum: str = item("the stratum's name, for example cold=true")
    count: int = item("the number of requests, with the timeouts that are known to be of this stratum")
    latency_ms: dict[str, Latency] = item("the stratum's figures, by metric: response or service")
    unassigned_timeouts: int = item(
        "the timeouts of the step that belong to no stratum, because no answer gave a value"
    )


@dataclass(frozen=True, slots=True)
class ByConnection:
    """The requests of a step on one kind of connection."""

    count: int = item("the number of requests")
    service: Latency = item("the service time of these requests")


@dataclass(frozen=True, slots=True)
class Failure:
    """The requests of a step that failed in one way."""

    outcome: str = item("the outcome class")
    count: int = item("the number of requests")
    reasons: dict[str, int] = item("the number of requests by reason")
    latency_ms: dict[str, Latency] = item(
        "the time until the answer, or until it was certain that the request had failed, by metric"
    )


@dataclass(frozen=True, slots=True)
class Invocations:
    """What the answers of a Lambda function told of its invocations."""

    answers: int = item("the answers to calls that waited for the function")
    reports: int = item("those with a REPORT line, which tells of cold starts, the handler's time and what is billed")
    told: int = item("those without one whose JSON tells whether they were cold starts")
    prepared: int = item("those with an Init or a Restore that they did not wait for, as it was over before")
    billed_ms: int = item("the time that is billed for all of them together; that of Init and Restore is in it", "ms")
    billed_gb: float = item("the same in seconds, times the memory of the function", "GB-s")
    memory_mb: int | None = item("the memory of the function, of several the largest; null if not told", "MB")
    memory_used_mb: int | None = item("the most that an environment used; null if not told", "MB")


@dataclass(frozen=True, slots=True)
class Step:
    """One step in one run of a phase."""

    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    requests: Requests = item("the step's ledger of requests")
    skipped: Skipped = item("the step's requests that were not made")
    latency_ms: dict[str, Latency] = item("the step's figures, by metric")
    whose_ms: dict[str, Attribution] = item(
        "whose time the mean and one percentile is: of response, or in a closed load of service; the mean is of the "
        "ok requests only"
    )
    strata: tuple[Stratum, ...] = item("the step's strata")
    by_connection: dict[str, ByConnection] = item("the step's requests by kind of connection: new, reused, resumed")
    failures: tuple[Failure, ...] = item("the step's failed requests, by outcome class")
    recorded_ms: dict[str, Latency] = item(
        "the times that answers reported, by the name that `record` in the profile gives them"
    )
    off_schedule: dict[str, OffSchedule] = item(
        "of an open load, how much of the tail from each percentile on did not leave as planned; of all, for mean",
        omit=True,
        default_factory=dict,
    )
    shape: Shape | None = item(
        "how the step's times are spread: of response, or in a closed load of service", omit=True
    )
    bands: tuple[Band, ...] = item(
        "of a measured phase whose rate changes: the step's requests in ten bands of the rate that was offered, in the "
        "order of time",
        omit=True,
        default=(),
    )
    by_worker: tuple[OfWorker, ...] = item(
        "of a run with several workers, the step's requests by worker", omit=True, default=()
    )
    by_node: tuple[OfNode, ...] = item(
        "of a load from several nodes, the step's requests by node", omit=True, default=()
    )
    odd_node: Odd | None = item("the node whose times differ from those of all others, as `odd_worker`", omit=True)
    by_address: tuple[OfAddress, ...] = item(
        "of a target with several addresses, the step's requests by the address that they went to",
        omit=True,
        default=(),
    )
    odd_address: Odd | None = item(
        "the address whose times differ from those of all others, in a measured phase", omit=True
    )
    odd_key: Odd | None = item(
        "the key of a table that is slower than all others, in a measured phase: of those that the profile chooses",
        omit=True,
    )
    tail: Tail | None = item(
        "of a measured phase with several steps, the step's part in its slowest hundredth", omit=True
    )
    behind: Odd | None = item("how the step differs from all others of its phase, if it is slower than each", omit=True)
    odd_worker: Odd | None = item(
        "the worker whose times differ from those of all others, in a measured phase", omit=True
    )
    attempts: Attempts | None = item("the step's operations, where a request may be sent again", omit=True)
    items: Items | None = item("the step's items, where its calls are about several items", omit=True)
    capacity: ConsumedCapacity | None = item(
        "the capacity that the step's calls consumed, where answers report it", omit=True
    )
    invocations: Invocations | None = item("of a Lambda function, what its answers told", omit=True)

    def latency(self, metric: str) -> Latency | None:
        """The figures of a metric; None if the step has none of it."""
        return self.latency_ms.get(metric)

    def attribution(self, quantile: str) -> Attribution | None:
        """Whose time a quantile or the mean is; None if that is not known."""
        return self.whose_ms.get(quantile)

    def ends(self, quantile: str) -> Ends | None:
        """Between which values a percentile of the headline metric lies, where it is on the step between two kinds of
        answers; None where it is not."""
        return self.shape.on_step.get(quantile) if self.shape else None


@dataclass(frozen=True, slots=True)
class WholeIteration:
    """Iterations of a scenario as a whole."""

    scenario: str = item("the scenario's name")
    stratum: str = item("the stratum's name; empty for all iterations of the scenario")
    latency: Latency = item("the time that a whole iteration took")


@dataclass(frozen=True, slots=True)
class PlannedRate:
    """The rate of an open phase."""

    planned: float = item("the planned rate at the beginning of the phase", "1/s")
    planned_end: float = item("the planned rate at the end of the phase", "1/s")


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which no answer came, while requests went out as before."""

    start_s: float = item("when it began, from the start of the load", "s")
    lasted_s: float = item("how long it lasted, at least", "s")
    requests: int = item("the requests that went out, or were to, in it", "1")


@dataclass(frozen=True, slots=True)
class Phase:
    """One run of a phase. Each cycle of a phase is a run of its own."""

    name: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle, from 1")
    cycles: int = item("the number of cycles that the phase has")
    kind: Literal["open", "closed", "at-once"] = item("the kind of load")
    measured: bool = item("whether the phase's figures count; those of a warm-up do not")
    seconds: float | None = item("the planned duration; null if only the run shows it", "s")
    ran: float | None = item(
        "the actual duration, which is shorter if the run was stopped; null if it is not known", "s"
    )
    rate: PlannedRate | None = item("the rate of an open load; null for another load")
    arrivals: str | None = item("the spacing of an open load's arrivals: poisson or constant; null for another load")
    users: int | None = item("the number of users of a closed load; null for another load")
    iterations: Iterations = item("the phase's ledger of iterations")
    requests: Requests = item("the phase's ledger of requests")
    connections: OnConnections = item("the phase's requests by kind of connection")
    round_trip_ms: float | None = item(
        "the median round trip of the whole run, as the kernel reports it; null if it is not known", "ms"
    )
    iteration_ms: tuple[WholeIteration, ...] = item("the durations of whole iterations")
    steps: tuple[Step, ...] = item("the phase's steps")
    settling: Settling | None = item("whether a measured phase of a steady rate has settled", omit=True)
    silences: tuple[Silence, ...] = item(
        "the longest times in which a load with a schedule got no answer at all", omit=True, default=()
    )
    cold_wave: ColdWave | None = item(
        "the cold starts of a measured phase, where `split_by` splits its answers by what they tell of them", omit=True
    )

    @property
    def headline(self) -> str:
        """The metric that the phase is judged by. A closed load has no due times, and so no response."""
        return "service" if self.kind == "closed" else "response"


@dataclass(frozen=True, slots=True)
class Beside:
    """A stream of requests that went on beside the phases."""

    every_s: float = item("the time from one group of requests to the next", "s")
    at_once: int = item("how many requests were due at the same instant")
    after_s: float = item("when the first group was due, from the start of the load", "s")
    phase: Phase = item("the stream's figures, as those of a phase of one step; both have the stream's name")


@dataclass(frozen=True, slots=True)
class RunVariant:
    """All that a run counted and timed."""

    name: str = item("always `run`")
    iterations: Iterations = item("the ledger of iterations of the whole run")
    requests: Requests = item("the ledger of requests of the whole run")
    connections: Connections = item("the connections of the whole run")
    network: Network | None = item("what the kernel reported about the network; null if it reported nothing")
    phases: tuple[Phase, ...] = item("the phases in the order in which they ran, each cycle by itself, `drain` last")
    beside: tuple[Beside, ...] = item(
        "what went on beside the phases; of the other figures only the connections of the whole run and the network "
        "have it in them",
        omit=True,
        default=(),
    )

    @property
    def counted(self) -> tuple[Phase, ...]:
        """All that was counted: the phases, and what went on beside them."""
        return *self.phases, *(stream.phase for stream in self.beside)


# judgements


@dataclass(frozen=True, slots=True)
class Beyond:
    """How many requests were beyond a threshold's limit, and what follows for the share of all requests that are.
    Requests come together, so that they count for fewer independent ones. Of errors: how many failed."""

    requests: int = item("the number of requests, those without an answer included")
    beyond: int = item("the number of requests that were beyond the limit, or without an answer")
    share: float = item("the share of requests beyond the limit", "1")
    low: float = item("the lower end of the interval that the true share lies in", "1")
    high: float = item("the upper end of that interval", "1")
    limit: float = item("the share that the threshold allows, or takes: 0.01 of a p99", "1")
    overdispersion: float = item("the number of requests that count for one independent request", "1")
    events: float = item("the number of independent requests that would be beyond the limit, at the share allowed", "1")
    confidence: float = item("the confidence of the interval, of which cycles and looks have a share each", "1")
    more_s: float | None = item(
        "if it is undecided: about how much longer the phase would have to be; null if it is not known, or if not even "
        "a thousand times as long would do",
        "s",
        omit=True,
    )
    more_rounds: int | None = item("the same over the rounds of an experiment: how many more of them", omit=True)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit that the profile sets for a figure, and whether the figure kept it. The key of the value has its unit."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    step: str = item("the step's name; empty for a whole phase, or if there is only one step")
    text: str = item("the threshold as the profile has it")
    status: Status = item("whether the figure kept the limit")
    value_ms: float | None = item("the measured latency", "ms", omit=True)
    value_share: float | None = item("the measured share of errors, or of cold starts", "1", omit=True)
    value_per_s: float | None = item("the measured rate", "1/s", omit=True)
    per_s_low: float | None = item("the lower end of a capacity's interval", "1/s", omit=True)
    per_s_high: float | None = item("the upper end of a capacity's interval", "1/s", omit=True)
    value_s: float | None = item("the measured recovery", "s", omit=True)
    value_ratio: float | None = item("the measured ratio of two variants", "1", omit=True)
    ratio_low: float | None = item("the lower end of the ratio's interval", "1", omit=True)
    ratio_high: float | None = item("the upper end of the ratio's interval", "1", omit=True)
    why: Reason | None = item(
        "why the threshold is undecided, or why only a bound of the figure decided it", default=None
    )
    accepted: bool = item("whether the run is INVALID and its user accepts its figures nevertheless", default=False)
    counts: Beyond | None = item("the counts that decided a percentile or the errors, or did not", omit=True)
    held: Held | None = item(
        "of a phase whose rate changes: from when on the limit was broken for good; none if it was not, or if the "
        "counts do not show it",
        omit=True,
    )
    variant: str | None = item("in an experiment: the variant's name", omit=True)
    rounds: int | None = item("in an experiment: the number of rounds in which the threshold was checked", omit=True)
    rounds_passed: int | None = item("in an experiment: the number of rounds in which it passed", omit=True)
    round: int | None = item("in an experiment: the first round in which it did not pass", omit=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the figures prove, and a reader should know first."""

    phase: str = item("the phase's name; its cycles are taken together")
    step: str = item("the step's name; empty if it is about all steps, or if there is only one")
    observed: Reason = item("what was found")


@dataclass(frozen=True, slots=True)
class JudgedFigure:
    """A figure of a step in one run of a phase, and this machine's share of it. The figure is of the response, or of
    the service of a closed load."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    step: str = item("the step's name; empty if there is only one step")
    quantile: str = item("the percentile; or mean, min or max, if a threshold names it")
    value_ms: float = item(
        "the figure as it was measured, in which a timeout counts as long as it was waited for", "ms"
    )
    without_ms: float = item("the figure of the same requests without this machine's part of each", "ms")
    share: float = item(
        "the share of the figure that this machine made, from the requests around it: it varies less than the "
        "difference of the two",
        "1",
    )
    at_least: bool = item("whether this machine may have made more, because the client has no stamps of the kernel")
    parts_ms: dict[str, float] = item("the part of the figure that this machine made, by what it is made of", "ms")
    requests: int = item("the number of requests that the figure is of")
    resolution_ms: float = item("a part below this is not judged: twice the resolution, or the most that counts", "ms")
    verdict: Verdict = item("the verdict on the figure")
    decides: bool = item(
        "whether the verdict on the run depends on the figure: if a threshold or the primary figure is about it; or, "
        "if there is neither, if it is p50 or p99"
    )
    machine: int | None = item(
        "of a load that machines shared: the number of the machine that made most of its own figure", omit=True
    )

    @property
    def own_ms(self) -> float:
        """The part of the figure that this machine made, in ms."""
        return self.share * self.value_ms


@dataclass(frozen=True, slots=True)
class TrustSignal:
    """A signal: something that loadgen watches on this machine while a run goes on."""

    signal: str = item("its name in the table of docs/signals.md")
    verdict: Verdict = item("what it makes of the run")
    observed: Reason = item("what was observed")
    limits: Verdict = item(
        "what its limits alone say; a signal that only explains the figures has a better verdict where hardly any of "
        "them is its doing"
    )
    noted: bool = item("whether it is worth reading although it does not count against the run")
    variant: str | None = item("in an experiment: the variant of the run", omit=True)
    round: int | None = item("in an experiment: the round of the run", omit=True)
    machine: int | None = item("of a load that machines shared: the number of the machine", omit=True)
    node: int | None = item("of a load from several nodes: the number of the node", omit=True)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the figures are the target's, or this machine's."""

    verdict: Verdict = item(
        "the worst verdict on a figure that decides, or of a signal that stands alone: VALID; DEGRADED: to be used "
        "with care; INVALID: not to be used"
    )
    accepted: bool = item("whether the user takes the figures of an INVALID run all the same")
    reasons: tuple[TrustSignal, ...] = item("the signals that are not VALID, the worst first")
    figures: tuple[JudgedFigure, ...] = item(
        "this machine's share of each figure, the worst first; an experiment has those of no run"
    )
    signals: tuple[TrustSignal, ...] = item("every signal that was watched; an experiment has those of no run")


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of a time, in nanoseconds."""

    p50: int | None = item("the median; null if there are no values", "ns")
    p99: int | None = item("the 99th percentile; null if there are no values", "ns")
    max: int | None = item("the greatest value; null if there are no values", "ns")


@dataclass(frozen=True, slots=True)
class SandboxConnections:
    """The connections that the sandbox accepted."""

    http: int = item("the connections on HTTP")
    https: int = item("the connections on HTTPS")
    open: int = item("the connections that were open at the end")
    closed_idle: int = item("the connections that the sandbox closed while they were idle")


@dataclass(frozen=True, slots=True)
class Handshakes:
    """TLS handshakes of the sandbox."""

    handshakes: int = item("the number of handshakes")
    resumed: int = item("the handshakes that resumed a session")
    failed: int = item("the handshakes that failed")


@dataclass(frozen=True, slots=True)
class Downstream:
    """The calls of the service behind the sandbox's function."""

    calls: int = item("the number of calls")
    opened: int = item("the connections that were opened for the calls")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What the sandbox counted itself during the load."""

    requests: int = item("the requests that the sandbox answered")
    cold_starts: int = item("the environments that the sandbox started for these requests")
    throttled: int = item("the requests that the sandbox throttled")
    queue_peak: int = item("the greatest number of requests that waited for an environment at once")
    overflowed: int = item("the requests that the simulated function refused")
    downstream: Downstream | None = item(
        "the calls of the service behind the sandbox's function; null if there is no such service"
    )
    cpu: float | None = item("the share of a core that the sandbox used; null if it is not known", "1")
    lag_ns: Spread | None = item("how late the sandbox sent its answers; null if it is not known")
    connections: SandboxConnections = item("the connections that the sandbox accepted")
    tls: Handshakes = item("the TLS handshakes of these connections")
    refused: dict[str, int] = item(
        "the requests that the simulated function refused, by Lambda's reason", omit=True, default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Provisioned capacity of a table."""

    read: int = item("the provisioned read units", "1/s")
    write: int = item("the provisioned write units", "1/s")


@dataclass(frozen=True, slots=True)
class Table:
    """The table that the load went to."""

    table: str = item("the table's name")
    region: str = item("the table's region")
    account_id_endpoint: bool = item("whether the host name contains the account's number")
    tls: str | None = item("the version of TLS; null without TLS")
    billing: str | None = item("the billing mode: on-demand or provisioned; null if it is not known")
    provisioned: Provisioned | None = item(
        "the table's provisioned capacity; null if it has none, or if that is not known"
    )
    items: int | None = item(
        "the number of the table's items, as DynamoDB counts them every six hours; null if it is not known"
    )
    credentials: str | None = item(
        "`made up` if there were no credentials and the target is on this machine; null otherwise"
    )


@dataclass(frozen=True, slots=True)
class Door:
    """What stands before a Lambda function, and what a request costs there."""

    kind: str = item("rest-api, http-api or function-url")
    million_usd: float = item("the price of a million requests at the door, besides Lambda", "USD")
    requests_usd: float = item("the price of a million of Lambda's requests, without their duration", "USD")
    region: str = item("the region whose prices these are")
    date: str = item("when the prices were read")
    source: str = item("where the door's price was read")
    asked: str = item("the region of the door", omit=True, default="")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load went."""

    url: str = item("the target's URL")
    simulated: bool = item("whether the target is loadgen's own sandbox")
    description: tuple[str, ...] = item("how the sandbox was set up, in lines of text; empty for another target")
    addresses: tuple[str, ...] = item("the target's addresses")
    sandbox: Sandbox | None = item("what the sandbox counted; null for another target", default=None)
    table: Table | None = item("the table, if the target is one", inline=True, default=None)
    door: Door | None = item("what stands before the function at the URL, as the profile says", omit=True, default=None)
    provisioned_concurrency: int | None = item(
        "how many provisioned environments the function has, as the profile says", omit=True, default=None
    )

    def counted(self, sandbox: Sandbox | None) -> Target:
        """The same target, with what the sandbox counted."""
        return replace(self, sandbox=sandbox)


@dataclass(frozen=True, slots=True)
class Session:
    """How the profile wants connections to be used."""

    reuse: str = item("which requests share a connection: shared, per-iteration, per-request")
    renew: str = item("what is made anew: connection, client, session")
    connections: int | None = item("the greatest number of connections that may be open at once; null without a cap")
    dns: str = item("when host names are looked up: once, per-connection")
    tls_resumption: bool = item("whether a new connection resumes a TLS session")
    order: str = item(
        "which idle connection of a shared session a request takes: lifo, fifo; lifo if not there",
        omit=True,
        default="lifo",
    )
    bind: tuple[str, ...] = item("this machine's addresses that connections are opened from", omit=True, default=())


@dataclass(frozen=True, slots=True)
class Host:
    """The machine and the programs that made a result."""

    loadgen: str = item("loadgen's version")
    python: str = item("Python's version")
    uvloop: str = item("uvloop's version")
    httptools: str = item("httptools' version")
    aiohttp: str = item("aiohttp's version")
    numpy: str = item("numpy's version")
    openssl: str = item("OpenSSL's version")
    kernel: str = item("the kernel and its version")
    machine: str = item("the kind of processor")
    cpus: int = item("the number of CPUs that loadgen may use")
    descriptors: int = item("the number of file descriptors that a process may have")
    fallbacks: tuple[str, ...] = item("the features that this system lacks, and what follows from that")
    form: Form = item("whether the modules of a request's way were compiled or pure Python", default="pure")


@dataclass(frozen=True, slots=True)
class Setup:
    """What was done to the table before and after the load."""

    created: bool = item("whether the table was created")
    items: int = item("the number of items that were written")
    seconds: float = item("the time that the setup took", "s")
    write_units: float = item("the write capacity that the setup consumed", "write units")
    deleted: bool = item("whether the table was deleted afterwards")


@dataclass(frozen=True, slots=True)
class SampledUnits:
    """The capacity that answers report."""

    calls: int = item("the number of calls whose answer reports the capacity that they consumed")
    read: float = item("the read capacity that these calls consumed", "read units")
    write: float = item("the write capacity that these calls consumed", "write units")


@dataclass(frozen=True, slots=True)
class ComputedUnits:
    """The capacity that follows from the sizes of items."""

    read: float = item("the read capacity by the sizes of items", "read units")
    write: float = item("the write capacity by the sizes of items", "write units")


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million capacity units cost on demand, by the price list."""

    region: str = item("the region of the prices; another one where those of the table's region are not known")
    read_usd: float = item("a million read units", "USD")
    write_usd: float = item("a million write units", "USD")
    source: str = item("the price list")
    date: str = item("the day on which the list had these prices")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of the load on DynamoDB, by the price list."""

    read_units: float = item("all read capacity that was consumed", "read units")
    write_units: float = item("all write capacity that was consumed, that of the setup included", "write units")
    usd: float | None = item("the cost of this capacity; null if the table is not billed by request", "USD")
    billed: bool = item("whether the host is AWS's, so that somebody pays")
    billing: str = item("the billing mode: on-demand or provisioned")
    region: str = item("the region whose prices these are")
    prices: Prices | None = item("the prices; null if the table is not billed by request")
    setup_write_units: float = item("the write capacity that the setup consumed", "write units")
    sampled: SampledUnits = item("the capacity that answers report")
    computed: ComputedUnits = item("the capacity that was computed from sizes, where answers report none")
    assumed: tuple[Reason, ...] = item("the assumptions of the computed units")
    max_cost: float | None = item("the profile's limit for the cost; null without one", "USD")


@dataclass(frozen=True, slots=True)
class LambdaPrices:
    """What calls of a Lambda function cost."""

    region: str = item("the region whose price it is")
    asked: str = item("the function's region")
    architecture: str = item("the function's architecture: x86_64 or arm64")
    gb_second_usd: float = item("the price of a GB-s", "USD")
    million_usd: float = item("the price of a million requests, besides", "USD")
    date: str = item("when the price was read")
    source: str = item("where it was read")
    provisioned_usd: float | None = item(
        "the price of a GB-s of provisioned concurrency, as long as it is there; null if not known",
        "USD",
        default=None,
    )
    provisioned_call_usd: float | None = item(
        "the price of a GB-s of calls that provisioned environments answer; null if not known", "USD", default=None
    )


@dataclass(frozen=True, slots=True)
class EstimatedCall:
    """What one call before the load told, by which the cost of the load was estimated."""

    memory_mb: int = item("the function's memory", "MB")
    handler_ms: float = item("the handler's time, of all steps of an iteration on average", "ms")
    usd: float | None = item("the cost of the planned load by that; null if only the run shows how many calls", "USD")


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """The cost of the load on a Lambda function, by the price list."""

    usd: float = item("the cost of the calls", "USD")
    billed: bool = item("whether the host is AWS's, so that somebody pays")
    requests: int = item("the calls that were sent, without those that were throttled")
    reported: int = item("the answers whose REPORT told what is billed")
    gb_seconds: float = item("what is billed; of calls without a REPORT as much as of the others on average", "GB-s")
    estimated: EstimatedCall | None = item("the estimate before the load; null without one")
    prices: LambdaPrices = item("the prices")
    max_cost: float | None = item("the profile's limit for the cost; null without one", "USD")


@dataclass(frozen=True, slots=True)
class ForcedCold:
    """Cold starts that changes of a Lambda function forced."""

    every: int = item("each so many-th iteration of a user was to begin with a cold start")
    changes: int = item("how often the function was changed for that")
    iterations: int = item("the iterations that were started, of all phases")
    due: int = item("the iterations of these that were to begin with a cold start")
    cold: int = item("the answers that were cold starts, or restored snapshots")
    restored: bool = item("whether the function is as it was before")


@dataclass(frozen=True, slots=True)
class UntilFigure:
    """The figure of a step when it was checked during the run."""

    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    ms: float | None = item("the figure; null if it is not known", "ms", default=None)
    low: float | None = item("the lower end of the figure's interval; null without an interval", "ms", default=None)
    high: float | None = item("the upper end of the figure's interval; null without an interval", "ms", default=None)
    off: float | None = item(
        "how far off the figure may be, as a share of it; null without an interval", "1", default=None
    )
    why: Reason | None = item("why there is no interval", default=None)


@dataclass(frozen=True, slots=True)
class Look:
    """One look: a check during the run whether the figures are known well enough."""

    after_s: int = item("the time of the look, from the beginning of the phase", "s")
    confidence: float = item("the confidence of the intervals", "1")
    figures: tuple[UntilFigure, ...] = item("the figure of each step; none where thresholds were looked at")
    phase: str | None = item("of a look at thresholds: the phase", omit=True)
    undecided: tuple[str, ...] = item("of a look at thresholds: those that it left undecided", default=(), omit=True)


@dataclass(frozen=True, slots=True)
class Until:
    """The goal of a run that goes on until a figure is known well enough."""

    text: str = item("the goal as the user wrote it")
    reached: bool = item("whether the last look reached the goal")
    stopped_by_until: bool = item("whether the goal ended the phase before its time limit")
    within: float | None = item(
        "how far off the figure may be, as a share of it; null if thresholds are to be decided", "1"
    )
    limit_s: float = item("the longest time that the phase may take", "s")
    planned_s: tuple[int, ...] = item("the planned times of the looks, from the beginning of the phase", "s")
    looks: tuple[Look, ...] = item("the looks that were made")


@dataclass(frozen=True, slots=True)
class WitnessFigure:
    """A figure of the workers beside the same figure of the witness."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    metric: str = item("the metric")
    connection: str = item("the kind of connection")
    workers: int = item("the number of exchanges behind the workers' figure")
    exchanges: int = item("the number of exchanges behind the witness's figure")
    left_out: int = item("the witness's exchanges on other kinds of connection, which are left out")
    quantile: str = item("the percentile")
    workers_ms: float | None = item("the workers' figure; null if it is not known", "ms")
    witness_ms: float | None = item("the witness's figure; null if it is not known", "ms")
    low: float | None = item("the lower end of the interval in which the workers' figure should lie", "ms")
    high: float | None = item("the upper end of that interval; null if nothing bounds it", "ms")
    says: str = item("where the workers' figure lies: inside, near, above, below; empty if that is not known")
    judged: bool = item("whether the figure counts for the verdict")
    why: Reason | None = item("why there is no interval")


@dataclass(frozen=True, slots=True)
class Witness:
    """A second, thin load that a quiet process sends beside the workers."""

    run: str | None = item("the folder of the witness's run; null if it could not be written")
    each: int = item("the thinning of the witness's load: it sends 1 in so many of the load's iterations")
    cpu: int | None = item("the number of the CPU that the witness had to itself; null if it had none")
    lost: bool = item("whether the witness died")
    late_ms: float | None = item(
        "the p99 of the witness's own lag or client delay, whichever is greater; null if it is not known", "ms"
    )
    confidence: float = item("the confidence of the intervals", "1")
    iterations: Iterations = item("the witness's ledger of iterations")
    requests: Requests = item("the witness's ledger of requests")
    connections: Connections = item("the witness's connections")
    figures: tuple[WitnessFigure, ...] = item("the workers' figures beside the witness's")


@dataclass(frozen=True, slots=True)
class MachineFigure:
    """The times of a step on one of the machines that shared a load: of response, or in a closed load of service."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    latency: Latency = item("the figures, without intervals")
    odd: Odd | None = item("if it differs from all other machines: how", omit=True)


@dataclass(frozen=True, slots=True)
class OfMachine:
    """One of the machines that shared a load."""

    index: int = item("its number, from 1")
    run: str = item("the folder of its run")
    workers: int = item("the number of its worker processes")
    complete: bool = item("whether its run reached its end with all of its workers")
    interrupted: bool = item("whether a signal interrupted its run")
    verdict: Verdict = item("the verdict on its run")
    iterations: Iterations = item("its ledger of iterations")
    requests: Requests = item("its ledger of requests")
    clock_kept: bool | None = item("whether something keeps its clock; null if its system does not say")
    clock_error_ms: float | None = item("how far off its clock may be; null if nothing keeps it", "ms")
    clock_moved_ms: float | None = item("how far its clock moved during the load; null if it did not end", "ms")
    host: Host = item("the machine and the versions of its programs")
    figures: tuple[MachineFigure, ...] = item("the times of each step in each measured phase")


@dataclass(frozen=True, slots=True)
class Machines:
    """The machines that shared a load without hearing of each other."""

    of: int = item("the number of machines that were to share the load")
    missing: tuple[int, ...] = item("the numbers of those whose runs are not in this result")
    start_at: str = item("the instant at which all of them were to begin, by their own clocks, in UTC, ISO 8601")
    starts_apart_ms: float | None = item(
        "how far apart they may have begun at the most, by what is known of their clocks; null if a clock is not "
        "known. What is told second by second, in flight, or as an interval depends on it; counts, and percentiles, do "
        "not",
        "ms",
    )
    machines: tuple[OfMachine, ...] = item("the machines, by their numbers")


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange that was kept whole."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    outcome: str = item("the exchange's outcome class")
    reason: str = item("why the exchange failed; empty if it did not")
    method: str = item("the request's method")
    path: str = item("the request's path, without the query")
    status: int = item("the status of the answer; 0 without an answer")
    second: float = item("the time when the exchange was due, from the start of the run", "s")
    attempt: int = item("the number of the attempt, from 1")
    connection: str = item("the kind of connection: new, reused, resumed, none")
    request_id: str = item("the id that DynamoDB or API Gateway gave to the request; empty without one")
    headers: dict[str, str] = item("the answer's headers, without those that may hold a secret")
    message: str = item("of a failing answer: how its body begins, or the error or title that it has")
    times_ms: dict[str, float] = item("the exchange's times, by metric", "ms")
    whose_ms: Attribution = item("whose time the exchange's response is, or in a closed load its service")
    location: str = item("where a redirect leads, without its query", default="", omit=True)
    wordless: Literal["compressed", "binary", "empty"] | None = item(
        "of a failing answer without a message: what its body is", omit=True
    )


@dataclass(frozen=True, slots=True)
class Samples:
    """Exchanges that were kept whole."""

    failed: tuple[Sample, ...] = item("the first three exchanges of each kind of failure")
    slowest: tuple[Sample, ...] = item("the five slowest exchanges of each step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from; the same for a run and for an experiment."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    name: str = item("the profile's name")
    started: str = item("the time when it began, in UTC, ISO 8601")
    client: str = item("the client that sends the load: wire, aiohttp, sdk")
    seed: int = item("the number from which arrivals and payloads are drawn")
    host: Host = item("the machine and the versions of its programs")


@dataclass(frozen=True, slots=True)
class SharedLoad:
    """The part of a load that this machine carried out. The machines do not hear of each other: all begin when their
    own clocks show the same instant."""

    index: int = item("the machine's number, from 1")
    of: int = item("the number of machines that share the load")
    start_at: str = item("the instant at which all of them were to begin, in UTC, ISO 8601")
    start_at_ns: int = item("the same instant, since 1970", "ns")
    plan: str = item(
        "SHA-256 of what has to be alike on all machines: the profile without its `workers`, the files that it names, "
        "the plan and loadgen's version"
    )
    clock_kept: bool | None = item(
        "whether something keeps this machine's clock, as the kernel says; null if it does not say"
    )
    clock_error_ms: float | None = item(
        "how far off this machine's clock may be, as whoever keeps it told the kernel; null if nothing keeps it", "ms"
    )
    clock_moved_ms: float | None = item(
        "how far this machine's clock moved during the load, against one that is never set; null before its end",
        "ms",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata(Provenance):
    """What is known of a run before its load begins."""

    target: Target = item("the target of the load")
    session: Session = item("how the profile wants connections to be used")
    payloads: int = item("the number from which, with the seed, the payloads of this run are drawn")
    workers: int = item("the number of worker processes that make the load")
    share: SharedLoad | None = item("this machine's part of the load, with `--share`", omit=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult(Metadata):
    """The result of one run."""

    kind: Literal["run"] = item("the kind of this document", default="run")
    duration_s: float = item("the time that the run took", "s")
    complete: bool = item("whether the run reached its end with all of its workers")
    interrupted: bool = item("whether a signal interrupted the run")
    exit_status: int | None = item("the exit status of loadgen; null if it died")
    run: str | None = item("the run's folder; null if it could not be written")
    unusable: Reason | None = item("why it says nothing of its target: all failed, or the sandbox ended", omit=True)
    resolution: Resolution | None = item("the differences that this machine cannot tell", omit=True)
    trust: Trust = item("whether the figures are the target's")
    warnings: tuple[Reason, ...] = item("what the user should know")
    thresholds: tuple[Threshold, ...] = item("the limits that the profile sets for figures")
    findings: tuple[Finding, ...] = item("what the figures prove, the most important first", default=())
    variants: tuple[RunVariant] = item("one entry, which holds all of the figures")
    samples: Samples = item("exchanges that were kept whole")
    nodes: tuple[Node, ...] = item("the machines that the load came from, with `--on`", omit=True, default=())
    until: Until | None = item("the goal of a run with `--until`", omit=True)
    witness: Witness | None = item("the witness of a run with `--witness`", omit=True)
    setup: Setup | None = item(
        "what was done to the table before and after the load, if the profile has a setup", omit=True
    )
    cost: Cost | None = item("the cost of the load, if the target is a table", omit=True)
    function_cost: FunctionCost | None = item("the cost of the load, if the target is a Lambda function", omit=True)
    forced_cold: ForcedCold | None = item("the cold starts that were forced, with `force_cold`", omit=True)
    sdk: dict[str, object] | None = item("the options of the SDK, with `client: sdk`", omit=True)
    join: JoinResult | None = item("what `loadgen join` found of its requests in the target's own logs", omit=True)
    machines: Machines | None = item("the machines that shared the load, as `loadgen merge` found them", omit=True)

    @property
    def usd(self) -> float | None:
        """What the load cost, in US dollars; None if it is not billed by request."""
        of = self.cost or self.function_cost
        return of.usd if of else None

    @property
    def variant(self) -> RunVariant:
        """All that the run counted and timed."""
        return self.variants[0]
