"""A profile's scenarios, compiled: what an iteration sends, step by step, and what it reads from each answer."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from loadgen import __version__
from loadgen.aws.auth import named_by
from loadgen.exchange import HEADERS, NOTHING, Exchange, Request
from loadgen.files import read_regular
from loadgen.profile.files import BYTES_LIMIT
from loadgen.profile.model import Profile, Scenario, Selector, Step, Think
from loadgen.profile.placeholders import parse
from loadgen.workload import dynamodb, function
from loadgen.workload.answers import MISSING, Answer, judge, milliseconds, wants
from loadgen.workload.draws import Unknown, Unsendable, Values, drawn, row_picker
from loadgen.workload.keys import choice
from loadgen.workload.render import Bytes, Renderer, Seeds, encoded, in_header, in_url, joined, json_pieces, text
from loadgen.workload.requests import Render, rendering
from loadgen.workload.retrying import Again, again, retrying

USER_AGENT = f"loadgen/{__version__}"
STRATUM_LIMIT = 32  # distinct strata that a run may have; the rest are counted as "other"
_CHOICE, _PICK, _ROWS, _THINK, _KEYS, _SIZES = 1, 2, 3, 4, 7, 10

Pause = Callable[[int], int]


@dataclass(slots=True)
class StepWork:
    """One compiled step. `constant` is its request if that never changes; else `render` makes it."""

    name: str
    number: int  # among all steps of the profile
    timeout: int
    wants: int
    think: Pause | None
    constant: Request | None
    render: Callable[[Values, int], Request] | None
    assess: Callable[[Exchange], None]  # sets the outcome of an answered exchange
    capture: tuple[tuple[str, Selector], ...]
    record: tuple[tuple[int, Selector], ...]  # by number among the profile's own metrics
    # asked after each attempt, with its number: (back-off in ns, request or None for the same), None: the step is over
    again: Again | None = None
    repeats: bool = False  # whether an operation may take several attempts, by `again` or by the client itself

    def read(self, x: Exchange, values: Values) -> list[tuple[int, int]]:
        """Put the captured values into `values`; return the times that the server reported, as (metric number, ns)."""
        answer = Answer(x)
        for name, selector in self.capture:
            value = answer.get(selector)
            if value is MISSING:
                values.pop(name, None)
            else:
                values[name] = value
        times: list[tuple[int, int]] = []
        for number, selector in self.record:
            time = milliseconds(answer.get(selector))
            if time is not None:
                times.append((number, time))
        return times


@dataclass(slots=True)
class ScenarioWork:
    """One compiled scenario. `plain`: it has one step and captures nothing, so an iteration holds no values."""

    name: str
    steps: tuple[StepWork, ...]
    split_by: tuple[str, ...]
    row: Callable[[int], dict[str, Any]] | None
    plain: bool
    environment: str = ""  # the captured value that tells it

    def values(self, index: int) -> Values:
        """The values that iteration `index` begins with: its row of the data."""
        return dict(self.row(index)) if self.row else {}


class Workload:
    """All scenarios of a profile, and in `beside` those of the streams beside the phases. `metrics` are the names of
    the profile's own metrics (`record:`), in the order of their numbers.

    Scenarios, think times, keys and sizes, which are all part of the load, follow from the seed alone. The rest of what
    is sent follows from the seed and from `payloads`: the numbers of the run, the variant and the round. So a second
    run writes new items. {{seq}} begins with `first`.
    """

    def __init__(self, profile: Profile, base: str = "", payloads: tuple[int, ...] = (), first: int = 0) -> None:
        self.metrics = profile.record_names
        self._base = base
        self._seed, self._payloads = (profile.seed,), (profile.seed, *payloads)
        self._to, self._retry = profile.target, retrying(profile)
        # the answer's headers hold the id that an AWS service gives to the request
        self._wants = HEADERS if profile.auth or named_by(profile.target.host)[0] else NOTHING
        abilities, retries = profile.abilities, profile.retries
        self._own = () if abilities.names_itself else (("User-Agent", USER_AGENT),)
        self._client_retries = bool(abilities.retries) and retries is not None and retries.attempts > 1
        keys = {
            name: choice(keys, (*self._seed, _KEYS, place))
            for place, (name, keys) in enumerate(profile.choices.items())
        }
        seeds = Seeds(*self._payloads, _CHOICE, named=keys, sizes=(*self._seed, _SIZES), first=first)
        numbers = iter(range(sum(len(scenario.steps) for scenario in profile.scenarios)))
        self.scenarios = tuple(
            self._scenario(scenario, place, numbers, seeds, profile.timeout)
            for place, scenario in enumerate(profile.scenarios)
        )
        self.beside = tuple(
            self._scenario(stream.scenario, place, iter((0,)), seeds, profile.timeout)
            for place, stream in enumerate(profile.beside, len(profile.scenarios))
        )
        self._cumulative = list(accumulate(float(scenario.weight) for scenario in profile.scenarios))
        self._pick = drawn((*self._seed, _PICK), lambda stream: stream.random(256).tolist())

    def scenario(self, index: int) -> ScenarioWork:
        """The scenario of iteration `index`, drawn by weight."""
        if len(self.scenarios) == 1:
            return self.scenarios[0]
        point = float(self._pick({}, index)) * self._cumulative[-1]
        return self.scenarios[min(bisect(self._cumulative, point), len(self.scenarios) - 1)]

    def prime(self, index: int) -> None:
        """Draw the first block of every placeholder now, because the very first draw takes ten milliseconds."""
        self.scenario(index)
        for scenario in (*self.scenarios, *self.beside):
            for step in scenario.steps:
                if step.render:
                    with suppress(Unsendable):
                        step.render(Unknown(scenario.values(index)), index)

    def _scenario(self, scenario: Scenario, place: int, numbers: Any, seeds: Seeds, timeout: int) -> ScenarioWork:
        steps = tuple(self._step(step, next(numbers), seeds, timeout) for step in scenario.steps)
        row = None
        if data := scenario.data:
            pick = row_picker(data.order, len(data.rows), (*self._payloads, _ROWS, place))
            row = lambda index: data.rows[pick(index)]  # noqa: E731
        only = steps[0]
        more = row or only.capture or only.record or only.think or only.repeats
        plain = len(steps) == 1 and not more
        return ScenarioWork(scenario.name, steps, scenario.strata, row, plain, scenario.environment or "")

    def _step(self, step: Step, number: int, seeds: Seeds, timeout: int) -> StepWork:
        constant, render = self._call(step, seeds) if step.operation else self._request(step, seeds)
        further = again(step, self._retry)
        return StepWork(
            step.name,
            number,
            step.timeout or timeout,
            max(wants(step), self._wants),
            pause(step.think, (*self._seed, _THINK, number)),
            constant,
            render,
            self._judge(step),
            tuple(step.captures.items()),
            tuple((self.metrics.index(name), selector) for name, selector in step.records.items()),
            further,
            further is not None or self._client_retries,
        )

    def _request(self, step: Step, seeds: Seeds) -> tuple[Request | None, Render | None]:
        """The step's HTTP request if it never changes, else the function that makes it."""
        target, headers, body = self._target(step, seeds), self._headers(step, seeds), _body(step, seeds)
        if isinstance(target, str) and isinstance(headers, tuple) and isinstance(body, bytes):
            return Request(step.method, target, headers, body), None
        return None, rendering(step.method, target, headers, body)

    def _call(self, step: Step, seeds: Seeds) -> tuple[Request | None, Render | None]:
        table, called = self._to.dynamodb, self._to.function
        if called:
            return function.call(step, called, self._own, seeds)
        assert table
        return None, dynamodb.call(step, table.table, table.consumed_capacity, self._own, seeds)

    def _judge(self, step: Step) -> Callable[[Exchange], None]:
        if not step.operation:
            return judge(step.expect)
        return function.judge(step) if self._to.function else dynamodb.judge(step)

    def _target(self, step: Step, seeds: Seeds) -> str | Renderer:
        pieces = [self._base, text(parse(step.path), seeds, in_url)]
        for place, (name, value) in enumerate(step.query.items()):
            first = place == 0 and "?" not in step.path
            pieces += ["?" if first else "&", in_url(name), "=", text(_encoded(str(value)), seeds, in_url)]
        return joined(pieces)

    def _headers(self, step: Step, seeds: Seeds) -> tuple[tuple[str, str], ...] | Callable[[Values, int], Any]:
        given = {name.lower() for name in step.headers}
        own = [("User-Agent", USER_AGENT), ("Accept", "*/*"), *_content_type(step)]
        constant = [(name, value) for name, value in own if name.lower() not in given]
        written = [(name, text(parse(value), seeds, in_header)) for name, value in step.headers.items()]
        if all(isinstance(value, str) for _, value in written):
            return (*constant, *((name, str(value)) for name, value in written))

        def render(values: Values, index: int) -> tuple[tuple[str, str], ...]:
            filled = ((name, v if isinstance(v, str) else v(values, index)) for name, v in written)
            return (*constant, *filled)

        return render


def pause(think: Think | None, seed: tuple[int, ...]) -> Pause | None:
    """The function iteration index -> think time in ns."""
    if think is None:
        return None
    low, high = think.low, think.high
    if low == high:
        return lambda index: low
    column = drawn(seed, lambda stream: stream.integers(low, high, 256, endpoint=True).tolist())
    return lambda index: int(column({}, index))


def _encoded(value: str) -> Any:
    """The template of a query value, with its constant parts percent-encoded."""
    template = parse(value)
    return type(template)(tuple(in_url(part) if isinstance(part, str) else part for part in template.parts))


def _content_type(step: Step) -> list[tuple[str, str]]:
    if "json_body" in step.model_fields_set:
        return [("Content-Type", "application/json")]
    if step.text is not None:
        return [("Content-Type", "text/plain; charset=utf-8")]
    return [("Content-Type", "application/octet-stream")] if step.file else []


def _body(step: Step, seeds: Seeds) -> bytes | Bytes:
    if "json_body" in step.model_fields_set:
        return encoded(joined(json_pieces(step.json_body, seeds)))
    if step.text is not None:
        return encoded(text(parse(step.text), seeds))
    return read_regular(step.file, BYTES_LIMIT) if step.file else b""


__all__ = ["STRATUM_LIMIT", "ScenarioWork", "StepWork", "Workload", "pause"]
