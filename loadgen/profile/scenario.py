"""What an iteration does: scenarios, their steps, and the data that they take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, SkipValidation, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from loadgen.profile import dynamodb, files, function
from loadgen.profile.dynamodb import BATCHES, OPERATIONS, RESENDABLE, Place
from loadgen.profile.expect import Expect, HeaderName
from loadgen.profile.function import INVOKE, Invoke
from loadgen.profile.part import (
    Count,
    Duration,
    FromText,
    Name,
    Number,
    Part,
    Text,
    complaint,
    did_you_mean,
    located,
    unique,
)
from loadgen.profile.placeholders import NAME, RESERVED, Template, parse
from loadgen.profile.units import DURATION_PATTERN, quoted
from loadgen.profile.values import LATENCIES, Selector, Think

CALLS = (*OPERATIONS, INVOKE)  # the operations that a step may call
VERBS = ("get", "post", "put", "delete", "patch", "head", "options")
BODIES = ("json", "text", "file")
OF_HTTP = ("headers", "query", *BODIES)
OWN_HEADERS = ("content-length", "transfer-encoding", "connection")
THINK_PATTERN = rf"{DURATION_PATTERN}(?:\.\.{DURATION_PATTERN})?"
SELECTOR_PATTERN = r"(?:status|body(?:\..+)?|header\..+|items?(?:\..+)?|report\..+)"


def _captured_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{quoted(name)} is not a name: expected letters, digits, '-' and '_', not a digit first")
    if name in RESERVED or name in LATENCIES:
        raise ValueError(f"{quoted(name)} already has another meaning: choose another name")
    return name


def _own_header(name: str) -> str:
    if name.lower() in OWN_HEADERS:
        raise ValueError(f"loadgen sets {name} from the body and the session: leave it out")
    return name


def _printable(text: str, where: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError(f"{quoted(text)} holds a line break or a character beyond ASCII, which {where} must not hold")
    return text


def _template(text: str) -> str:
    parse(text)
    return text


def _query_value(value: object) -> str | int | float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{quoted(value)} is neither text nor a number: put it in quotes")
    return _template(value) if isinstance(value, str) else value


def _path(text: object) -> str:
    if not isinstance(text, str) or not text.startswith("/"):
        raise ValueError(f"{quoted(text)} is not a path: expected one that begins with / and is added to the target's")
    for part in parse(text).parts:
        if isinstance(part, str) and (" " in _printable(part, "a path") or "#" in part):
            raise ValueError(f"{quoted(text)} holds a space or '#': write %20 or %23")
    return text


ThinkTime = Annotated[Think, FromText(Think.parse, THINK_PATTERN, "1s..3s")]
PartOfAnswer = Annotated[Selector, FromText(Selector.parse, SELECTOR_PATTERN, "body.id")]
CapturedName = Annotated[str, AfterValidator(_captured_name)]
HeaderText = Annotated[Text, AfterValidator(lambda text: _template(_printable(text, "a header")))]
QueryValue = Annotated[str | int | float, PlainValidator(_query_value), WithJsonSchema({"type": ["string", "number"]})]


class Step(Part):
    """One request. Besides its name a step has one of get, post, put, delete, patch, head and options with a path; on a
    DynamoDB table it has an operation by the API's own name, such as PutItem, with its parameters; on a Lambda function
    it has Invoke."""

    nullable: ClassVar[frozenset[str]] = frozenset({"json", "Scan", "ListTables", "DescribeTable", INVOKE})

    name: Name
    """The step's name in results."""

    method: str = Field(exclude=True)
    path: str = Field(exclude=True)
    operation: str = Field(default="", exclude=True)
    parameters: dict[str, Any] = Field(default={}, exclude=True)

    invoke: Invoke | None = Field(default=None, validation_alias=INVOKE)
    """Instead, on a Lambda function: what to call it with."""

    batch: Count | None = None
    """How many entries a batch or transaction has. The step writes one; each repetition draws its own values."""

    unprocessed: Literal["count", "resend"] = "count"
    """What to do with the items that a batch leaves unprocessed: count: count them; resend: send them again until none
    is left."""

    headers: dict[Annotated[HeaderName, AfterValidator(_own_header)], HeaderText] = Field(default={})
    """Headers to send. Their values may hold placeholders."""

    query: dict[str, QueryValue] = Field(default={})
    """Query parameters, which follow those in the path. Their values may hold placeholders."""

    json_body: Any = Field(default=None, validation_alias="json")
    """A JSON body. Texts in it may hold placeholders. A text that is exactly one placeholder becomes its value, with
    its type."""

    text: Annotated[Text, AfterValidator(_template)] | None = None
    """A text body, which may hold placeholders."""

    file: Path | None = None
    """A file below the profile's folder, at most 64 MiB, that is sent as it is."""

    expect: Expect | None = None
    """What the answer must be to count as ok. Unless said: a status of 2xx."""

    capture: dict[CapturedName, PartOfAnswer] = Field(default={})
    """Parts of the answer, each under a name of your own, for later steps and split_by: status, header.NAME, body,
    body.KEY; of an Invoke also report.memory, report.memory_used and report.status."""

    record: dict[CapturedName, PartOfAnswer] = Field(default={})
    """Times in milliseconds that the target reports, each under a name of your own. Results have the percentiles of
    each."""

    timeout: Duration | None = None
    """How long the step may take, counted from when it is due. Default: the profile's timeout."""

    think: ThinkTime | None = None
    """A pause between the step before and this one: 1s, or 1s..3s for a random one in this range."""

    @property
    def has_json(self) -> bool:
        """Whether there is a JSON body. null is one."""
        return "json_body" in self.model_fields_set

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        name, *others = super().keys()
        return (name, *VERBS, *OPERATIONS, *others)

    @classmethod
    def read(cls, value: dict[str, Any], folder: Path) -> dict[str, Any]:
        if "method" in value:
            return value
        verbs = [key for key in value if key in VERBS or key in CALLS]
        if len(verbs) != 1:
            problem = f"has both {verbs[0]} and {verbs[1]}" if verbs else "has no request"
            raise complaint(problem, f"Give it exactly one of {', '.join(VERBS)}, for example get: /orders")
        if verbs[0] in CALLS:
            return cls._call(verbs[0], value)
        for key in ("batch", "unprocessed"):
            if key in value:
                raise complaint("is only for DynamoDB's operations", "Leave it out", (key,))
        bodies = [key for key in value if key in BODIES]
        if len(bodies) > 1:
            raise complaint(f"has both {bodies[0]} and {bodies[1]}", "A request has one body", (bodies[1],))
        fields = {key: item for key, item in value.items() if key != verbs[0]}
        with located(verbs[0]):
            fields |= {"method": verbs[0].upper(), "path": _path(value[verbs[0]])}
        if "file" in value:
            with located("file"):
                fields["file"] = files.confined(value["file"], folder)
        return fields

    @classmethod
    def _call(cls, operation: str, value: dict[str, Any]) -> dict[str, Any]:
        """The fields of a step that calls an AWS service. Every operation is a POST."""
        for key in OF_HTTP:
            if key in value:
                raise complaint(
                    f"a call of {operation} has no {key} of its own", "Leave it out: the API sets it", (key,)
                )
        for key, known in (("batch", BATCHES), ("unprocessed", RESENDABLE)):
            if key in value and operation not in known:
                raise complaint(f"does not go with {operation}", f"It is only for {', '.join(known)}", (key,))
        if operation == INVOKE:
            return {**value, INVOKE: value[INVOKE] or {}, "method": "POST", "path": "/", "operation": operation}
        try:
            parameters = dynamodb.parameters(operation, value[operation], value.get("batch"))
        except PydanticCustomError as error:
            context = error.context or {}
            raise complaint(context["problem"], context["remedy"], (operation, *context["at"])) from None
        rest = {key: item for key, item in value.items() if key != operation}
        return {**rest, "method": "POST", "path": "/", "operation": operation, "parameters": parameters}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.batch and self.batch > (most := BATCHES[self.operation][1]):
            raise complaint(f"{self.batch} is more than the {most} that DynamoDB takes at once", "", ("batch",))
        cases = Counter(map(str.lower, self.headers))
        for name in self.headers:
            if cases[name.lower()] > 1:
                raise complaint("is given twice, in different case", at=("headers", name))
        for name, part in self.record.items():
            if part.kind == "status" or part == Selector("body"):
                raise complaint(f"{part} is not a time", "Record for example header.server-timing.db", ("record", name))
        self._check_reports()
        for _ in self.templates():
            pass
        return self

    @property
    def reports(self) -> bool:
        """Whether its answers tell of the invocation by themselves: only those that wait for the function do."""
        return self.invoke is not None and self.invoke.type == "request"

    @property
    def captures(self) -> dict[str, Selector]:
        """All that it captures: what its answers tell by themselves, and what `capture` names."""
        return {**(function.CAPTURED if self.reports else {}), **self.capture}

    @property
    def records(self) -> dict[str, Selector]:
        """All times that it records: those of an invocation, and those that `record` names."""
        return {**(function.RECORDED if self.reports else {}), **self.record}

    def _check_reports(self) -> None:
        """Check the names that an invocation has by itself."""
        for key, named in (("capture", self.capture), ("record", self.record)):
            for name, part in named.items():
                if part.kind == "report" and not self.reports:
                    raise complaint(f"{part} is told only by an Invoke of type request", "Leave it out", (key, name))
                if part.kind == "report" and part.path[0] not in function.REPORTED:
                    known = did_you_mean(str(part.path[0]), function.REPORTED)
                    raise complaint(f"an invocation tells no {part.path[0]}", known, (key, name))
                if self.reports and name in function.GIVEN:
                    raise complaint("is a name that Invoke itself gives", "Choose another name", (key, name))

    def templates(self) -> Iterator[tuple[Place, Template]]:
        """Each text that may hold placeholders, and its key. Raises a complaint for a wrong one."""
        if self.invoke:
            yield from dynamodb.templates(self.invoke.payload, (INVOKE, "payload"))
        if self.operation:
            yield from dynamodb.templates(self.parameters, (self.operation,))
            return
        yield (self.method.lower(),), parse(self.path)
        for name, value in self.headers.items():
            yield ("headers", name), parse(value)
        for name, item in self.query.items():
            yield ("query", name), parse(str(item))
        if self.text is not None:
            yield ("text",), parse(self.text)
        yield from dynamodb.templates(self.json_body, ("json",))


class Data(Part):
    """Rows from a file. Each iteration takes one row, and the names of the columns are placeholders."""

    file: Path
    """A .csv file with a header line, or a .jsonl file with an object on each line, below the profile's folder and of
    at most 64 MiB."""

    order: Literal["sequential", "random", "shuffle"] = "sequential"
    """sequential: from the first row to the last, over and over; shuffle: the same, in a random order that is drawn
    once; random: a random row each time."""

    rows: SkipValidation[files.Rows] = Field(exclude=True)
    fields: tuple[str, ...] = Field(exclude=True)

    @classmethod
    def short(cls, value: object) -> object:
        return {"file": value} if isinstance(value, str) else value

    @classmethod
    def read(cls, value: dict[str, Any], folder: Path) -> dict[str, Any]:
        if "rows" in value or "file" not in value:
            return value
        with located("file"):
            path = files.confined(value["file"], folder)
            fields, rows = files.rows(path)
        return {**value, "file": path, "fields": fields, "rows": rows}


class Scenario(Part):
    """Steps that an iteration does in order. Results have the times of each step and of whole iterations."""

    name: Name
    """The scenario's name in results."""

    weight: Number = 1
    """How often the scenario is drawn, relative to the weights of the others."""

    steps: tuple[Step, ...] = Field(min_length=1)
    """The steps, in order."""

    split_by: tuple[Text, ...] = ()
    """The captured values that split results into strata, for example a header that says cold or warm."""

    environment: Text | None = None
    """The captured value that tells which environment answered: an id that each has for as long as it lives, such as
    the name of its log stream."""

    data: Data | None = None
    """A file of rows. Each iteration takes one: {file: users.csv, order: sequential | random | shuffle}."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        unique([step.name for step in self.steps], "steps", "steps")
        captured = self._captured()
        for i, name in enumerate(self.split_by):
            if name not in captured:
                raise complaint(f"no step captures {name}", did_you_mean(name, [*captured]), ("split_by", i))
        if self.environment is not None and self.environment not in captured:
            problem = f"no step captures {self.environment}"
            raise complaint(problem, did_you_mean(self.environment, [*captured]), ("environment",))
        columns = set(self.data.fields if self.data else ())
        for name in captured:
            if name in columns:
                at = ("steps", captured[name], "capture", name)
                raise complaint(f"{name} is already a column of the data", "Choose another name", at)
        return self

    def check_references(self, keys: Sequence[str]) -> None:
        """Raise a complaint for a placeholder with an unknown name. `keys` are the names of the profile's `keys`."""
        captured = self._captured()
        columns = self.data.fields if self.data else ()
        known = dict.fromkeys(keys)
        for name in (*columns, *captured):
            if name in known:
                raise complaint(f"{name} is already one of the profile's keys", "Choose another name")
        known = dict.fromkeys((*columns, *keys))
        for i, step in enumerate(self.steps):
            for at, template in step.templates():
                for name in template.names():
                    if name in known:
                        continue
                    problem = f"{{{{{name}}}}} is neither a value that an earlier step captures nor a column of data"
                    if name in captured:
                        problem = f"{{{{{name}}}}} is captured by {self.steps[captured[name]].name}, which comes later"
                    raise complaint(problem, did_you_mean(name, [*RESERVED, *known]), ("steps", i, *at))
            known |= dict.fromkeys(step.captures)

    def _captured(self) -> dict[str, int]:
        """What the steps capture, and the first that does."""
        return {name: i for i, step in reversed([*enumerate(self.steps)]) for name in step.captures}

    @property
    def strata(self) -> tuple[str, ...]:
        """The captured values that split results: those of `split_by`, after the one that invocations tell."""
        own = (function.START,) if any(step.reports for step in self.steps) else ()
        return tuple(dict.fromkeys((*own, *self.split_by)))
