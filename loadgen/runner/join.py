"""`loadgen join`: finds single requests of a run again in the target's own logs, in CloudWatch or in files."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, cast

from loadgen.analysis import exemplars, hops
from loadgen.analysis.documents import decoded, document
from loadgen.aws.auth import SIGV4, Access, Scope, named_by
from loadgen.aws.credentials import SANDBOX
from loadgen.aws.logs import LINE, LONGEST, Read, accesses, is_json, reports
from loadgen.errors import LoadgenError, ProfileError
from loadgen.files import open_regular, why
from loadgen.profile.dynamodb import dns_suffix
from loadgen.profile.load import Loaded, from_data
from loadgen.result.codec import map_text, to_json
from loadgen.result.exemplars import Exemplars
from loadgen.result.join import JoinResult, JoinSource
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult
from loadgen.runner.destination import Destination, SandboxAt, destination
from loadgen.runner.function.cloudwatch import SIGNS_AS, CloudWatch, portions
from loadgen.runner.secrets import keeper
from loadgen.store import write_whole

FILE = "join.json"
BEFORE, AFTER = 5_000, 60_000  # ms around the requests in which their lines are looked for
MOST_BYTES = 1 << 30  # of a file, unpacked
LOOKS = (5, 15, 40)  # s until the next look, where lines are missing
GZIP = b"\x1f\x8b"
GROUP = "/aws/lambda/"  # and a function's name: where its log is unless it is configured otherwise
LOCAL = "us-east-1"  # where stand-ins are, unless they say
SANDBOX_TARGET = "sandbox"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to look: in log groups, in a region and at an endpoint if the run does not tell them, and in files. `read`
    reads the lines of an API's access log."""

    groups: tuple[str, ...]
    files: tuple[Path, ...]
    read: Read
    region: str | None = None
    endpoint: str | None = None


class Source(Protocol):
    """A log. `cut` says that there was more than was read."""

    kind: Literal["log group", "file"]
    cut: bool

    @property
    def name(self) -> str: ...

    def lines(self, when: Mapping[str, int]) -> AsyncIterator[str]:
        """At least its lines with these ids, by the time in ms since 1970 when their requests were due."""
        ...


@dataclass(slots=True)
class LogFile:
    """A file of lines, perhaps packed by gzip."""

    path: Path
    cut: bool = False
    kind: Literal["log group", "file"] = "file"

    @property
    def name(self) -> str:
        return str(self.path)

    async def lines(self, when: Mapping[str, int]) -> AsyncIterator[str]:
        """All lines. Raises ProfileError if it cannot be read."""
        try:
            with open_regular(self.path) as raw:
                packed = raw.read(2) == GZIP
                raw.seek(0)
                for line in self._bounded(cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw):
                    yield line
        except OSError as error:
            problem = "is not packed as gzip packs" if isinstance(error, gzip.BadGzipFile) else why(error)
            raise ProfileError(f"cannot be read: {problem}", file=self.name) from None
        except (EOFError, zlib.error):
            raise ProfileError("cannot be read: it is broken, or ends too early", file=self.name) from None

    def _bounded(self, file: BinaryIO) -> Iterator[str]:
        left = MOST_BYTES
        while left > 0 and (line := file.readline(min(left, LONGEST))):
            left -= len(line)
            text = line.decode(errors="replace")
            self.cut |= len(line) == LONGEST or (len(text) > LINE and not is_json(text))
            yield text
        self.cut |= left <= 0


@dataclass(slots=True)
class LogGroup:
    """A log group of CloudWatch. Not `filtered`, all its lines of the time are read, not those with the ids alone."""

    name: str
    calls: CloudWatch
    filtered: bool = True
    cut: bool = False
    kind: Literal["log group", "file"] = "log group"

    async def lines(self, when: Mapping[str, int]) -> AsyncIterator[str]:
        """Raises CallFailed."""
        every = sorted(when, key=lambda identity: when[identity])
        for ids in portions(every) if self.filtered else [every]:
            times = [when[identity] for identity in ids]
            asked = ids if self.filtered else ()
            async for line in self.calls.lines(self.name, asked, min(times) - BEFORE, max(times) + AFTER):
                yield line
        self.cut = self.cut or self.calls.cut


@dataclass(slots=True)
class Joining:
    """What was found of the exemplars so far, and where: the numbers of REPORTs and of an API's lines by source."""

    kept: Exemplars
    read: Read
    logs: hops.Logs = field(default_factory=hops.Logs)
    counts: dict[str, list[int]] = field(default_factory=dict)

    async def look(self, sources: list[Source]) -> None:
        """Look for them; if a log group has none of their ids, read all of its lines: not every service that speaks as
        CloudWatch does knows its filters."""
        await self._look_for_both(sources)
        groups = [source for source in sources if isinstance(source, LogGroup)]
        if groups and not (self.logs.reports or self.logs.accesses):
            for group in groups:
                group.filtered = False
            await self._look_for_both([*groups])

    async def _look_for_both(self, sources: list[Source]) -> None:
        """Look for the ids of the answers, and then for those by which Lambda knows the same requests."""
        every = list(hops.ids(self.kept))
        await self._look(sources, {identity: one.at_ms for one in every for identity in one.ids.values()})
        behind = {access.integration_id: one.at_ms for one in every if (access := self.logs.access(one))}
        await self._look(sources, {of: at for of, at in behind.items() if of and of not in self.logs.reports})

    async def _look(self, sources: list[Source], when: Mapping[str, int]) -> None:
        for source in sources if when else ():
            counts = self.counts.setdefault(source.name, [0, 0])
            async for line in source.lines(when):
                self._take(line, when, counts)

    def _take(self, line: str, when: Mapping[str, int], counts: list[int]) -> None:
        for identity, report in reports(line):
            if identity in when:
                counts[0] += identity not in self.logs.reports
                self.logs.add_report(identity, report)
        for access in accesses(line, self.read):
            if access.request_id in when or access.extended_id in when:
                counts[1] += not set(access.ids) & self.logs.accesses.keys()
                self.logs.add(access)


def exemplars_in(run: Path) -> Exemplars:
    """The exemplars in a run's folder. Raises ProfileError."""
    path = run / exemplars.FILE
    if not path.exists():
        if document(run / "run.json").get("kind"):
            if (run / "profile.json").exists() and _on_sandbox(document(run / "profile.json")):
                raise _ended(run)
            raise ProfileError("is of several runs", file=str(run), remedy="Join one of the runs in it")
        remedy = (
            "loadgen keeps ids from the headers of answers: of AWS hosts, of requests with `auth`, and of steps that "
            "capture a header. For an API with a name of its own, add capture: {id: header.apigw-requestid} to the step"
        )
        raise ProfileError("has no ids of requests to look for", file=str(run), remedy=remedy)
    return decoded(Exemplars, document(path), path)


async def join(run: Path, wanted: Wanted, sandbox_at: SandboxAt | None) -> JoinResult:
    """Join the run in a folder with its target's logs, and keep what was found in it. Raises ProfileError for a folder
    or a file that cannot be read, TargetError for logs that cannot be."""
    kept, profile = exemplars_in(run), document(run / "profile.json")
    groups = wanted.groups or (() if wanted.files else _groups(profile))
    if not (wanted.files or wanted.endpoint) and _on_sandbox(profile):
        raise _ended(run)
    if not groups and not wanted.files:
        remedy = "Name its log group with --log-group, or exported lines with --logs"
        raise ProfileError("does not tell the log of its target", file=str(run), remedy=remedy)
    async with AsyncExitStack() as stack:
        sources: list[Source] = [LogFile(path) for path in wanted.files]
        if groups:
            calls = await stack.enter_async_context(await _reached(profile, wanted, sandbox_at, stack))
            sources += [LogGroup(name, calls) for name in groups]
        return await _joined(run, kept, wanted.read, sources)


async def join_at(run: Path, loaded: Loaded, wanted: Wanted, to: Destination) -> JoinResult:
    """The same with the logs of a sandbox that is still there. Without groups, those of its function and its API."""
    settings = loaded.profile.sandbox
    first = settings.function.first if settings else None
    name = first.name if first else "sandbox"
    function = loaded.profile.target.function
    own = (GROUP + (function.name if function else name), *(("/aws/apigateway/" + name,) if not function else ()))
    access = Access(Scope(SIGNS_AS, "us-east-1"), {SIGV4: SANDBOX})
    async with CloudWatch(loaded.profile, to, access, "us-east-1") as calls:
        sources: list[Source] = [LogFile(path) for path in wanted.files]
        sources += [LogGroup(name, calls) for name in wanted.groups or own]
        return await _joined(run, exemplars_in(run), wanted.read, sources)


async def join_after(
    result: RunResult,
    loaded: Loaded,
    wanted: Wanted,
    to: Destination,
    sandbox_at: SandboxAt | None,
    say: Callable[[Reason], None],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> RunResult:
    """The result of a run that has just ended, joined; if that cannot be, with the warning of why as its first. Lines
    of logs come late: as long as some are missing, it looks again."""
    assert result.run
    run, pauses = Path(result.run), iter(LOOKS)
    try:
        while True:
            joined = await (join_at(run, loaded, wanted, to) if to.sandbox else join(run, wanted, sandbox_at))
            pause = None if joined.found == joined.looked_for else next(pauses, None)
            if pause is None:
                return replace(result, join=joined)
            say(Reason.of("join_waits", found=joined.found, count=joined.looked_for, seconds=pause))
            await sleep(pause)
    except LoadgenError as error:
        warning = map_text(Reason.of("not_joined", error=str(error)), loaded.secrets.hide)
        say(warning)
        return replace(result, warnings=(warning, *result.warnings))


async def _joined(run: Path, kept: Exemplars, read: Read, sources: list[Source]) -> JoinResult:
    joining = Joining(kept, read)
    await joining.look(sources)
    result = decoded(RunResult, document(run / "result.json"), run / "result.json")
    told = [JoinSource(of.kind, of.name, *joining.counts.get(of.name, (0, 0))) for of in sources]
    joined = hops.join(kept, joining.logs, result, str(run), told, not any(of.cut for of in sources))
    if not joined.found and (earlier := _found_before(run)):
        return replace(joined, earlier=earlier)
    try:
        write_whole(run / FILE, to_json(joined))
    except OSError as error:
        raise ProfileError(f"cannot be written: {error.strerror}", file=str(run / FILE)) from None
    return joined


def _found_before(run: Path) -> int:
    """The requests that the run's last join found."""
    path = run / FILE
    try:
        return decoded(JoinResult, document(path), path).found if path.exists() else 0
    except LoadgenError:
        return 0  # it is no join


def _ended(run: Path) -> ProfileError:
    remedy = "loadgen run --join joins a run by itself, no experiment, while its sandbox is there"
    return ProfileError("ran on a sandbox, which has ended, and its logs with it", file=str(run), remedy=remedy)


def _function(profile: dict[str, Any]) -> dict[str, Any]:
    """The Lambda function that a profile's plain data has as its target; empty if there is none."""
    target = profile.get("target")
    of = target.get("lambda") if isinstance(target, dict) else None
    return of if isinstance(of, dict) else {}


def _on_sandbox(profile: dict[str, Any]) -> bool:
    """Whether the run started a sandbox for itself."""
    target = profile.get("target")
    url = target.get("url") if isinstance(target, dict) else target
    return SANDBOX_TARGET in (url, _function(profile).get("endpoint"))


def _groups(profile: dict[str, Any]) -> tuple[str, ...]:
    name = _function(profile).get("function")
    return (GROUP + name.rpartition(":")[2],) if isinstance(name, str) else ()


async def _reached(
    profile: dict[str, Any], wanted: Wanted, sandbox_at: SandboxAt | None, stack: AsyncExitStack
) -> CloudWatch:
    """The calls of the run's CloudWatch Logs, with the credentials of the run. Raises TargetError, ProfileError."""
    endpoint = wanted.endpoint or (_function(profile).get("endpoint") if not wanted.region else None)
    region = wanted.region or _region(profile) or (LOCAL if endpoint else "")
    if not region:
        raise ProfileError("is missing", key="--region", remedy="The run does not tell the region of its target's logs")
    url = endpoint if isinstance(endpoint, str) else logs_url(region)
    auth: dict[str, Any] = {"service": SIGNS_AS, "region": region}
    if isinstance(named := _credentials(profile), str):
        auth["profile"] = named
    data = {
        "name": "join",
        "auth": {"sigv4": auth},
        "load": [{"name": "join", "users": 1, "iterations": 1}],
        "scenarios": [{"name": "join", "steps": [{"name": "join", "post": "/"}]}],
    }
    of = from_data(data, url, {("target", "url"): "--endpoint", ("auth", "sigv4", "region"): "--region"})
    secrets = await keeper(of.profile, sandbox_at, of.secrets)
    to = await stack.enter_async_context(destination(of.profile, None, sandbox_at))
    return CloudWatch(of.profile, to, secrets.access, region)


def logs_url(region: str) -> str:
    """Where CloudWatch Logs are in a region."""
    return f"https://logs.{region}.{dns_suffix(region)}"


def _region(profile: dict[str, Any]) -> str:
    """The region of a profile's target; empty if it is not known."""
    target, auth = profile.get("target"), profile.get("auth")
    url = target.get("url") if isinstance(target, dict) else target
    of, sigv4 = _function(profile), auth.get("sigv4") if isinstance(auth, dict) else None
    arn = str(of.get("function", "")).split(":")
    host = str(url).partition("://")[2].partition("/")[0].partition(":")[0]
    known = (
        of.get("region"), arn[3] if len(arn) > 3 else None, sigv4.get("region") if isinstance(sigv4, dict) else None,
        named_by(host)[1],
    )  # fmt: skip
    return next((region for region in known if isinstance(region, str) and region), "")


def _credentials(profile: dict[str, Any]) -> object:
    """The AWS profile that the run's credentials were from."""
    auth = profile.get("auth")
    sigv4 = auth.get("sigv4") if isinstance(auth, dict) else None
    return _function(profile).get("profile") or (sigv4.get("profile") if isinstance(sigv4, dict) else None)
